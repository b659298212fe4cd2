#!/usr/bin/python
"""Carries out a list of changes on one Rucio, each with the gate's consent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.srcnet_module import serve
from ansible.module_utils.srcnet_rucio_target import Rucio, as_failure


@contextmanager
def opening(connection: Mapping[str, Any]) -> Iterator[Rucio]:
    from srcnet_compiler.targets.rucio.live import open_connection

    with open_connection(connection) as client:
        yield Rucio(client, connection)


if __name__ == "__main__":
    serve(opening, as_failure)
