#!/usr/bin/python
"""Carries out a list of changes on a site catalogue, each with the gate's consent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from ansible.module_utils.srcnet_module import serve
from ansible.module_utils.srcnet_scapi_target import Scapi, as_failure

DOCUMENTATION = r"""
module: srcnet_scapi
short_description: Brings entries of a site catalogue to what a plan of srcnet says
description:
  - Reads each node again, asks the gate, acts, reads again and tells the gate.
  - In check mode it reads and decides, and acts on nothing.
options:
  changes: {type: path, required: true, description: A file with the list of changes as JSON.}
  gate: {type: path, required: true, description: The unix socket of the run.}
  lock: {type: path, required: true, description: The file to hold locked while acting.}
  package: {type: path, required: true, description: The folder that holds srcnet_compiler.}
"""
RETURN = r"""
results: {type: dict, returned: always, description: What became of each change, by its id.}
"""


@contextmanager
def opening(connection: Mapping[str, Any]) -> Iterator[Scapi]:
    from srcnet_compiler.targets.scapi.live import open_connection

    with closing(open_connection(connection)) as client:
        yield Scapi(client)


if __name__ == "__main__":
    serve(opening, as_failure)
