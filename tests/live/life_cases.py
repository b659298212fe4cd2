"""Federations with an archive: two regions' tape beside the disks, and data that grow old."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from policy_cases import MOVE, Case, file_area, now

from srcnet_compiler.apply.receipt import Receipt

TAPE = "TAPE"
"""The storage class of the archive's areas."""
NEAR = "NEAR"
"""The storage class of caches."""


def with_archive(case: Case, *countries: str, until: str = "12 months") -> None:
    """What `Case.describe` made, and tape at the sites of these countries: from the age `until` on,
    one copy of two is on tape."""
    spec = case.documents["policies/federation.yaml"]["spec"]
    spec["tiers"]["nearline"] = {"media": ["tape"], "reachable": "after recall"}
    spec["storageClasses"][TAPE] = {"tier": "nearline"}
    for country in countries:
        name = case.rse(country, TAPE)
        area = file_area(name, case.folder / "storage", "10 TB")
        case.site(country)["storage"].append({**area, "tier": "nearline"})
    policy(case)["phases"] = [
        {**phase("fresh", online=2), "until": until},
        phase("archive", online=1, nearline=1),
    ]


def phase(name: str, apart: str = "region", **copies: int) -> dict[str, Any]:
    """A phase of a policy, of so many copies on each tier."""
    asked = [{"count": count, "tier": tier} for tier, count in copies.items()]
    return {"name": name, "apart": apart, "copies": asked}


def policy(case: Case) -> dict[str, Any]:
    """The spec of the case's policy."""
    spec: dict[str, Any] = case.documents["policies/data/products.yaml"]["spec"]
    return spec


def limits(case: Case) -> dict[str, Any]:
    """The limits of the federation."""
    found: dict[str, Any] = case.documents["policies/federation.yaml"]["spec"]["limits"]
    return found


def grow_old(case: Case, days: int) -> None:
    """From now on the case is judged by a day that is so many days ahead."""
    case.day = now().date() + timedelta(days=days)


def registered(case: Case, days: int) -> None:
    """The server has known all data sets of the case for so many days."""
    case.daemons.registered(case.scope, now() - timedelta(days=days))


def whole(case: Case) -> tuple[int, int]:
    """The fewest valid copies of any file of any dataset, and the fewest regions."""
    held = case.held(case.scope).values()
    return min(copies for copies, _ in held), min(regions for _, regions in held)


def turns(case: Case, at_most: int = 12) -> Iterator[Receipt]:
    """Plan, apply, a turn of the daemons, the released rules' hour over, until nothing is left to
    do; the receipt after each plan and after each turn. No file ever has less than two copies."""
    for _ in range(at_most):
        plan = case.plan()
        if not plan.changes:
            return
        receipt = case.apply(plan)
        assert whole(case) >= (2, 2)
        yield receipt
        case.daemons.run(*MOVE)
        assert whole(case) >= (2, 2)
        end_released(case)
        assert whole(case) >= (2, 2)
    raise AssertionError("it does not come to an end")


def end_released(case: Case) -> None:
    """An hour passes: rules that were given an end are gone, and what nobody holds is deleted."""
    query = "SELECT name FROM dids WHERE scope = :scope AND did_type = 'D'"
    for row in case.daemons.sql(query, scope=case.scope):
        for rule in case.rules(case.scope, row["name"]):
            if rule["expires_at"] is not None:
                case.client.update_replication_rule(rule["id"], {"lifetime": -1})
    case.daemons.run("cleaner", "abacus-rse", "greedy-reaper")


@contextmanager
def out_of_order(case: Case, rse: str) -> Iterator[None]:
    """Nothing can be written to the area: a file stands where its folder should be."""
    folder: Path = case.folder / "storage" / rse
    aside = folder.with_name(f"{rse}.aside")
    if folder.exists():
        folder.rename(aside)
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("out of order")
    yield
    folder.unlink()
    if aside.exists():
        aside.rename(folder)
