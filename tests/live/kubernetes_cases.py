"""Plans to be carried out on a real API server: what is wanted, what is there, who else is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from apply_process import now
from kubernetes_objects import INSTANCE, OWNER_NAME, deployment

from srcnet_compiler.apply.receipt import Receipt, Status
from srcnet_compiler.apply.run import apply_plan
from srcnet_compiler.apply.state import StateStore
from srcnet_compiler.change import Change, Json, SystemName
from srcnet_compiler.demo.kubernetes_server import ApiServer
from srcnet_compiler.plan.build import waves
from srcnet_compiler.plan.file import digest
from srcnet_compiler.plan.model import Binding, Plan
from srcnet_compiler.targets.kubernetes import diff
from srcnet_compiler.targets.kubernetes.live import open_connection, read
from srcnet_compiler.targets.kubernetes.model import KubernetesModel
from srcnet_compiler.targets.kubernetes.model.kinds import KINDS
from srcnet_compiler.targets.protocol import Reading

# ── how it is carried out ─────────────────────────────────────────────────────────────────────


def reached(server: ApiServer, token: str | None = None) -> dict[str, Json]:
    """How the server is reached, as the target says it."""
    return {
        "server": server.url,
        "certificate": server.certificate,
        "token": token or server.token,
        "instance": INSTANCE,
        "prefix": OWNER_NAME,
    }


def seen(server: ApiServer, desired: KubernetesModel, token: str | None = None) -> Reading[Any]:
    with closing(open_connection(reached(server, token))) as api:
        return read(api, desired)


def plan_of(changes: Iterable[Change]) -> Plan:
    system = SystemName("kubernetes", INSTANCE)
    return Plan((system,), Binding("", "", ""), waves(tuple(changes)))


def to_reach(server: ApiServer, desired: KubernetesModel) -> Plan:
    """All that is to be done, adoptions first."""
    reading = seen(server, desired)
    return plan_of([*diff.adoptions(desired, reading), *diff.diff(desired, reading)])


def left(server: ApiServer, desired: KubernetesModel) -> list[str]:
    """What a plan would still have to do."""
    return [
        f"{change.action.value} {change.address.kind} {change.address.name}: "
        + ", ".join(
            f"{f.name} {f.before!r} → {f.after!r}" for f in change.fields if f.before != f.after
        )
        for change in to_reach(server, desired).changes
    ]


def connections(
    server: ApiServer, url: str | None = None, token: str | None = None
) -> dict[str, dict[str, Json]]:
    """By system, how it is reached; `url` of what stands before the server."""
    through = {} if url is None else {"server": url}
    return {f"kubernetes/{INSTANCE}": {**reached(server, token), **through}}


def carry_out(
    server: ApiServer,
    plan: Plan,
    state: Path,
    *,
    token: str | None = None,
    url: str | None = None,
    rehearsal: bool = False,
) -> Receipt:
    return apply_plan(
        plan,
        digest=digest(plan),
        store=StateStore(state),
        connections=connections(server, url, token),
        clock=now,
        rehearsal=rehearsal,
    )


def bad(receipt: Receipt) -> list[str]:
    """What was not done, in words."""
    return [
        f"{result.change.address.kind} {result.change.address.name}: {result.status.value}:"
        f" {result.text}"
        for result in receipt.results
        if result.status not in (Status.DONE, Status.ALREADY)
    ] + list(receipt.trouble)


def converge(server: ApiServer, desired: KubernetesModel, state: Path) -> Receipt:
    """Apply all that is to be done; all of it works."""
    receipt = carry_out(server, to_reach(server, desired), state)
    assert bad(receipt) == [], bad(receipt)
    return receipt


# ── who else is there ─────────────────────────────────────────────────────────────────────────


def live(server: ApiServer, kind: str, name: str) -> dict[str, Any]:
    """An object as the administrator sees it."""
    space, _, bare = name.rpartition("/")
    return server.ask("GET", KINDS[kind].path(space, bare))


def settle_tenant(server: ApiServer, space: str) -> None:
    """Another science on the cluster, with names like ours, made by other hands."""
    server.ask("POST", "/api/v1/namespaces", {"metadata": {"name": space}})
    for kind, document in (
        ("ConfigMap", {"data": {"theirs": "yes"}}),
        ("Service", {"spec": {"selector": {"app": "soda"}, "ports": [{"port": 80}]}}),
        ("Deployment", dict(deployment(f"{space}/soda").document)),
        ("NetworkPolicy", {"spec": {"podSelector": {}}}),
    ):
        body = {**document, "metadata": {"name": "soda"}}
        server.ask("POST", KINDS[kind].path(space), body)


def fingerprint(server: ApiServer, *spaces: str) -> str:
    """Every byte of what is in these namespaces, of every kind that we write."""
    found = [live(server, "Namespace", space) for space in spaces]
    for space in spaces:
        for kind in KINDS.values():
            if kind.namespaced and kind.operator is None:
                found += server.ask("GET", kind.path(space))["items"]
    return json.dumps(found, sort_keys=True)
