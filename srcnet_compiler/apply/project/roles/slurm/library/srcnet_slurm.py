#!/usr/bin/python
"""Carries out a list of changes on one Slurm cluster, each with the gate's consent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from ansible.module_utils.srcnet_module import serve
from ansible.module_utils.srcnet_slurm_target import Slurm, as_failure


@contextmanager
def opening(connection: Mapping[str, Any]) -> Iterator[Slurm]:
    from srcnet_compiler.targets.slurm.live import open_connection

    with closing(open_connection(connection)) as controller:
        yield Slurm(controller)


if __name__ == "__main__":
    serve(opening, as_failure)
