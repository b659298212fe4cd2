#!/usr/bin/python
"""Carries out a list of changes on one Kubernetes cluster, each with the gate's consent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from ansible.module_utils.srcnet_kubernetes_target import Kubernetes, as_failure
from ansible.module_utils.srcnet_module import serve


@contextmanager
def opening(connection: Mapping[str, Any]) -> Iterator[Kubernetes]:
    from srcnet_compiler.targets.kubernetes.live import open_connection

    with closing(open_connection(connection)) as api:
        yield Kubernetes(api)


if __name__ == "__main__":
    serve(opening, as_failure)
