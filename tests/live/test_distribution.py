"""Where data land on a real Rucio: in the planned shares, always apart, also when areas join."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import exp
from pathlib import Path

import pytest
from policy_cases import Area, Case, kinds
from rucio_daemons import Daemons

from srcnet_compiler.demo.rucio_server import RucioServer

pytestmark = pytest.mark.live("rucio")

NUMBERED = [f"observation-{number:03d}" for number in range(300)]
# Europe 3300 TB, Asia-Pacific 1020, Africa 900, Americas 500: one of the two copies is always in
# Europe, which has more than all others; these share the other copy by what they hold.
WORLD = (
    Area("CH", "1600 TB"),
    Area("GB", "1200 TB"),
    Area("SE", "500 TB"),
    Area("JP", "1020 TB"),
    Area("ZA", "900 TB"),
    Area("CA", "500 TB"),
)
SHARES = {
    "europe": Fraction(1),
    "asia-pacific": Fraction(1020, 2420),
    "africa": Fraction(900, 2420),
    "americas": Fraction(500, 2420),
}


@pytest.fixture(scope="module")
def world(
    rucio_postgresql: RucioServer,
    daemons_of: Callable[[RucioServer], Daemons],
    tmp_path_factory: pytest.TempPathFactory,
) -> Case:
    """A federation that is as its specs say, with data that came in."""
    case = Case(rucio_postgresql, daemons_of(rucio_postgresql), tmp_path_factory.mktemp("world"))
    case.describe(*WORLD, Area("AU", use="TEST"))  # where data lie that decide nothing
    case.bootstrap()
    case.converge()
    case.arrive(case.rse("AU", "TEST"), case.scope, NUMBERED)
    case.daemons.run("transmogrifier")
    return case


def test_300_datasets_land_in_distinct_regions_in_the_planned_shares(world: Case):
    case = world
    landed = where_locked(case)
    assert sorted(landed) == NUMBERED
    in_region: Counter[str] = Counter()
    in_area: Counter[str] = Counter()
    for places in landed.values():
        assert len(places) == len({region for region, _ in places}) == 2
        in_region.update(region.removeprefix(f"{case.tag}-") for region, _ in places)
        in_area.update(rse for _, rse in places)
    for region, share in SHARES.items():
        assert abs(in_region[region] - share * 300) <= 3, in_region
    weights = {case.rse("CH"): 1600, case.rse("GB"): 1200, case.rse("SE"): 500}
    assert chance_of(in_area, weights) > 1e-6, in_area


def where_locked(case: Case) -> dict[str, list[tuple[str, str]]]:
    """By dataset, the region and RSE of each of the owner's locks on areas that count."""
    rows = case.daemons.sql(
        "SELECT l.name, a.value region, s.rse FROM dataset_locks l JOIN rses s ON s.id = l.rse_id"
        " JOIN rse_attr_map a ON a.rse_id = s.id AND a.key = 'srcnet_region'"
        " JOIN rse_attr_map t ON t.rse_id = s.id AND t.key = 'srcnet_tier'"
        " WHERE l.scope = :scope AND l.account = :owner",
        scope=case.scope,
        owner=case.owner,
    )
    landed: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        landed.setdefault(row["name"], []).append((row["region"], row["rse"]))
    return landed


def chance_of(found: Mapping[str, int], weights: Mapping[str, int]) -> float:
    """How likely the counts of three areas are as far from their weights as `found`, or further:
    chi squared with two degrees of freedom, whose tail is exp(-x/2)."""
    assert len(weights) == 3
    total, all_weights = sum(found[name] for name in weights), sum(weights.values())
    expected = {name: total * weight / all_weights for name, weight in weights.items()}
    return exp(-sum((found[n] - e) ** 2 / e for n, e in expected.items()) / 2)


def test_the_server_understands_every_emitted_expression_as_we_do(world: Case):
    assert world.assert_expressions_agree() == len(SHARES)


def test_an_area_that_joins_changes_subscriptions_and_leaves_data_alone(
    rucio_sqlite: RucioServer, daemons_of: Callable[[RucioServer], Daemons], tmp_path: Path
):
    case = Case(rucio_sqlite, daemons_of(rucio_sqlite), tmp_path)
    case.describe(Area("CH", "30 TB"), Area("JP", "10 TB"))
    case.bootstrap()
    case.converge()
    before = set(active(case))
    names = ["old-03", "old-97", "old"]
    case.arrive(case.rse("CH"), case.scope, names)
    case.daemons.run("transmogrifier")
    rules = {name: case.rules(case.scope, name) for name in names}

    case.add(Area("ZA", "30 TB"))
    plan = case.plan()
    made = {"create rse", "create account-limit", "create distance", "create subscription"}
    assert made <= set(kinds(plan)) <= {*made, "update subscription", "retire subscription"}
    case.converge()

    assert case.plan().changes == ()
    for name in names:
        assert case.rules(case.scope, name) == rules[name]
    assert active(case).keys() - before
    assert_new_data_get_two_copies(case, "joined")

    case.site("ZA")["storage"][0]["capacity"] = "400 TB"  # more than all others together
    case.converge()
    assert set(kinds(case.plan())) == set()
    gone = f"{case.tag}-products.arrive.{case.region('asia-pacific')}+{case.region('europe')}"
    assert gone in before
    assert gone not in active(case)
    assert_new_data_get_two_copies(case, "grown")

    case.site("ZA")["storage"][0]["capacity"] = "30 TB"
    case.converge()
    assert gone in active(case)
    assert_new_data_get_two_copies(case, "back")


def active(case: Case) -> dict[str, object]:
    """The owner's subscriptions that are active, with their filters."""
    found = case.client.list_subscriptions(account=case.owner)
    return {s["name"]: s["filter"] for s in found if s["state"] != "INACTIVE"}


def assert_new_data_get_two_copies(case: Case, prefix: str) -> None:
    names = [f"{prefix}-{number:02d}" for number in range(0, 100, 9)] + [prefix]
    case.arrive(case.rse("CH"), case.scope, names)
    case.daemons.run("transmogrifier")
    for name in names:
        comments = [rule["comments"] for rule in case.rules(case.scope, name)]
        assert comments == [case.tagged("fresh/0"), case.tagged("fresh/1")], name
