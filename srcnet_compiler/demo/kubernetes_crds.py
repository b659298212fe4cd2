"""The CRDs of what runs beside us on a cluster: put into an API server, until it serves them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from srcnet_compiler.demo.kubernetes_api import ApiServer, Object, RefusedError
from srcnet_compiler.demo.processes import ServerError

CRDS = ("kueue", "gateway-api", "argocd", "flux")
PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
AT_ONCE = 4
SECONDS = 60


def install_crds(server: ApiServer, *names: str) -> tuple[str, ...]:
    """Add the CRDs of these projects (`CRDS`), wait until they are served; their own names.

    Those that are there are left as they are.
    """
    import yaml

    def add(file: Path) -> Object:
        document = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        try:
            return server.ask("POST", PATH, document)
        except RefusedError as refusal:
            if refusal.reason != "AlreadyExists":
                raise
            return server.ask("GET", f"{PATH}/{document['metadata']['name']}")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        definitions = list(pool.map(add, _files(server.crds, names)))
    for definition in definitions:
        _wait_until_served(server, definition)
    return tuple(definition["metadata"]["name"] for definition in definitions)


def _files(folder: Path, names: tuple[str, ...]) -> Iterator[Path]:
    for name in names:
        files = sorted((folder / name).glob("*.yaml"))
        if not files:
            raise ServerError(f"there are no CRDs of {name} in {folder}")
        yield from files


def _wait_until_served(server: ApiServer, definition: Object) -> None:
    name, deadline = definition["metadata"]["name"], time.monotonic() + SECONDS
    while not (_is_established(server, name) and _is_served(server, definition)):
        if time.monotonic() > deadline:
            raise ServerError(f"the CRD {name} was not served after {SECONDS} s")
        time.sleep(0.05)


def _is_established(server: ApiServer, name: str) -> bool:
    conditions = server.ask("GET", f"{PATH}/{name}")["status"].get("conditions") or []
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


def _is_served(server: ApiServer, definition: Object) -> bool:
    """Whether discovery lists it, in every version that it is to be served in."""
    spec = definition["spec"]
    plural = spec["names"]["plural"]
    for version in spec["versions"]:
        answer = server.raw("GET", f"/apis/{spec['group']}/{version['name']}")
        if version["served"] and not (
            answer.ok and any(each["name"] == plural for each in answer.json()["resources"])
        ):
            return False
    return True
