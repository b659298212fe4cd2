#!/usr/bin/python
"""Carries out a list of changes on a site catalogue, each with the gate's consent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from ansible.module_utils.srcnet_module import serve
from ansible.module_utils.srcnet_scapi_target import Scapi, as_failure


@contextmanager
def opening(connection: Mapping[str, Any]) -> Iterator[Scapi]:
    from srcnet_compiler.targets.scapi.live import open_connection

    with closing(open_connection(connection)) as client:
        yield Scapi(client)


if __name__ == "__main__":
    serve(opening, as_failure)
