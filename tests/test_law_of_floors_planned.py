"""Law 4 of what is really planned: from any policy to any other, and no guard is for show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from random_specs import (
    CLASSES,
    COUNTRIES,
    Files,
    build,
    document,
    federation_spec,
    policies,
    sites,
)
from specs import TODAY

from srcnet_compiler.change import Action, Change, Wait
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.rucio import TARGET
from srcnet_compiler.targets.rucio.model import Dataset, RucioModel, Rule
from srcnet_compiler.targets.rucio.model.lifecycle import Lifecycle, LifePhase


class Evolution(NamedTuple):
    """What is wanted, and what there is."""

    head: RucioModel
    seen: Reading[RucioModel]

    def __repr__(self) -> str:
        """What a failing test shows."""
        return f"{self.head.lifecycles}\n{self.seen.model.datasets}"


NAMES = ["a-03", "a-47", "a-88", "a"]
CREATED = [date(2020, 1, 1), TODAY]


@st.composite
def worlds(draw: st.DrawFn) -> Files:
    """Sites with storage alone, all of it agreed, and policies for what is stored."""
    count = draw(st.integers(1, 2))
    files = {"policies/federation.yaml": federation(draw(regions()), count)}
    for number in range(draw(st.integers(3, 5))):
        site = draw(sites(number))
        name = site.pop("name")
        site["status"] = "agreed"
        for area in site["storage"]:
            area |= {"status": "agreed", "enabled": True, "environment": "production"}
        files[f"site-specs/{name.lower()}.yaml"] = document("Site", name, site)
    for number in range(count):
        files[path(number)] = draw(promised(number))
    return files


def path(number: int) -> str:
    return f"policies/data/policy-{number}.yaml"


def federation(regions: dict[str, list[str]], count: int) -> str:
    spaces = [{"name": f"space-{number}"} for number in range(count)]
    return document("Federation", "random", federation_spec(regions, spaces))


@st.composite
def regions(draw: st.DrawFn) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for country in COUNTRIES:
        found.setdefault(f"region-{draw(st.sampled_from('abcd'))}", []).append(country)
    return found


@st.composite
def promised(draw: st.DrawFn, number: int) -> str:
    spec = {**draw(policies(number)), "status": "agreed"}
    return document("DataPolicy", f"policy-{number}", with_floor(spec))


def fewer(text: str) -> str:
    """The same policy with a copy less on every tier that has more than one."""
    spec = json.loads(text)["spec"]
    for phase in spec["phases"]:
        for each in phase["copies"]:
            each["count"] = max(1, each["count"] - 1)
    return document("DataPolicy", json.loads(text)["metadata"]["name"], with_floor(spec))


def with_floor(spec: dict[str, Any]) -> dict[str, Any]:
    """The policy with a floor that is as high as it can be."""
    counts = [sum(each["count"] for each in phase["copies"]) for phase in spec["phases"]]
    return {**spec, "floor": min(counts)}


@st.composite
def evolutions(draw: st.DrawFn, *, moving: bool = False) -> Evolution:
    """A federation before and after its policies were changed (and with `moving` the countries in
    its regions), with data under the rules of some phase of before."""
    before = draw(worlds())
    after = dict(before)
    count = sum(name.startswith("policies/data/") for name in before)
    for number in range(count):
        change = draw(st.sampled_from(["none", "fewer", "fewer", "other"]))
        if change == "other":
            after[path(number)] = draw(promised(number))
        elif change == "fewer":
            after[path(number)] = fewer(before[path(number)])
    if moving:
        after["policies/federation.yaml"] = federation(draw(regions()), count)
    base, head = model(before), model(after)
    held = {dataset.did: dataset for dataset in draw(datasets(base))}
    return Evolution(head, Reading(replace(base, datasets=held), day=TODAY))


def model(files: Files) -> RucioModel:
    built = build(files)
    (found,) = TARGET.lower(built.federation, built.analysis, None)
    return found


@st.composite
def datasets(draw: st.DrawFn, base: RucioModel) -> list[Dataset]:
    found = []
    for life in base.lifecycles.values():
        for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)):
            phase = draw(st.sampled_from(life.phases))
            created, closed = draw(st.sampled_from(CREATED)), draw(st.integers(0, 5)) > 0
            rules = tuple(rules_of(life, phase, name, pinned=draw(st.booleans())))
            scope = str(life.filter["scope"][0]).strip("^$")
            found.append(
                Dataset(scope, name, columns(life), closed, rules, bytes=100, created=created)
            )
    return found


def columns(life: Lifecycle) -> dict[str, str | None]:
    return {
        key: str(values[0]).strip("^$")
        for key, values in life.filter.items()
        if key not in ("scope", "did_type")
    }


def rules_of(life: Lifecycle, phase: LifePhase, name: str, *, pinned: bool) -> Iterator[Rule]:
    for number, rule in enumerate(phase.deal_of(name).rules):
        yield Rule(
            f"id{number}", rule.copies, rule.rse_expression, rule.comments, "OK", 1, rule.copies
        )
    if pinned:
        yield Rule("pin", 1, "srcnet_role=ingest", f"srcnet:{life.policy}/arrival/pin", "OK", 1, 1)


def planned(case: Evolution) -> tuple[Change, ...]:
    head, seen = case
    return TARGET.diff(head, seen)


def refused(case: Evolution, changes: tuple[Change, ...]) -> list[str]:
    head, seen = case
    return [found.message for found in TARGET.prove(head, seen, changes).objections]


def area(site: str, country: str, kind: str = "T0") -> tuple[str, str]:
    """A site with one area, all of it agreed."""
    spec = {
        "src": site.partition("-")[0],
        "country": country,
        "status": "agreed",
        "storage": [
            {
                "name": f"{site}-{kind}",
                "environment": "production",
                "enabled": True,
                "status": "agreed",
                "tier": CLASSES[kind],
                "role": "data",
                "system": "xrootd",
                "capacity": "500 TB",
                "endpoints": [
                    {"protocol": "davs", "host": "n.example.org", "port": 1094, "path": "/data"}
                ],
            }
        ],
    }
    return f"site-specs/{site.lower()}.yaml", document("Site", site, spec)


def phase(name: str, apart: str, until: str | None = None) -> dict[str, Any]:
    wanted = {"name": name, "apart": apart, "copies": [{"count": 2, "tier": "online"}]}
    return {**wanted, "until": until} if until else wanted


def policy_of(*phases: dict[str, Any]) -> str:
    spec = {
        "status": "agreed",
        "selects": {"namespaces": ["space-0"]},
        "volume": [{"from": 2026, "amount": "10 TB"}],
        "arrives": {"deadline": "7 d"},
        "floor": 2,
        "phases": list(phases),
        "activity": "User Subscriptions",
    }
    return document("DataPolicy", "policy-0", spec)


REGIONS = {"region-a": ["AU"], "region-b": ["CH"], "region-c": ["ZA"], "region-d": ["CA"]}
JOINED = {"region-a": ["AU", "CH"], "region-c": ["ZA"], "region-d": ["CA"]}
CHAIN = {"region-b": ["AU"], "region-e": ["CH"], "region-c": ["ZA"], "region-d": ["CA"]}
EXCHANGED = {"region-b": ["AU"], "region-a": ["CH"], "region-c": ["ZA"], "region-d": ["CA"]}
BOTH_ELSEWHERE = {"region-c": ["AU", "CH", "ZA"], "region-d": ["CA"]}
GROWS_APART = policy_of(phase("fresh", "site", "12 months"), phase("old", "region"))
BY_SITE, BY_REGION = policy_of(phase("fresh", "site")), policy_of(phase("fresh", "region"))
BY_AREA = policy_of(phase("fresh", "area"))


def joined(before: str, after: str, regions: dict[str, list[str]]) -> Evolution:
    """Copies that are in different regions by luck, in a plan that moves their areas together while
    their policy begins to ask for different regions."""
    sites = dict(area(f"{src}-S{n}", country) for n, (src, country) in enumerate(SITES))
    files = {"policies/federation.yaml": federation(REGIONS, 1), path(0): before, **sites}
    base = model(files)
    head = model({**files, "policies/federation.yaml": federation(regions, 1), path(0): after})
    (life,) = base.lifecycles.values()
    found = [
        Dataset(
            "space-0",
            f"a-{bucket:02}",
            columns(life),
            bucket % 2 == 0,
            tuple(rules_of(life, life.phases[0], f"a-{bucket:02}", pinned=False)),
            bytes=100,
            created=date(2020, 1, 1),
        )
        for bucket in range(0, 100, 7)
    ]
    held = {dataset.did: dataset for dataset in found}
    return Evolution(head, Reading(replace(base, datasets=held), day=TODAY))


SITES = [("AUSSRC", "AU"), ("CHSRC", "CH"), ("ZASRC", "ZA"), ("CANSRC", "CA")]
TOGETHER = {
    "a phase, into one": (GROWS_APART, GROWS_APART, JOINED),
    "a phase, into another": (GROWS_APART, GROWS_APART, BOTH_ELSEWHERE),
    "by site, into one": (BY_SITE, BY_REGION, JOINED),
    "by site, into another": (BY_SITE, BY_REGION, BOTH_ELSEWHERE),
    "by site, exchanged": (BY_SITE, BY_REGION, EXCHANGED),
    "by area, into one": (BY_AREA, BY_REGION, JOINED),
    "by area, into another": (BY_AREA, BY_REGION, BOTH_ELSEWHERE),
}
"""Policies before and after, and regions after."""


@pytest.mark.parametrize(("before", "after", "regions"), TOGETHER.values(), ids=TOGETHER)
def test_areas_whose_copies_would_come_together_wait_for_the_rules_that_put_them_there(
    before: str, after: str, regions: dict[str, list[str]]
):
    case = joined(before, after, regions)
    changes = planned(case)
    assert refused(case, changes) == []
    assert {change.address.kind for change in changes if hasty(change) != change} == {"rse"}
    assert refused(case, tuple(map(hasty, changes)))


def hasty(change: Change) -> Change:
    """As it would be if every rule might hold data there that still means the area afterwards."""

    def without(wait: Wait) -> Wait:
        fact = json.loads(wait.subject)
        kept = {key: value for key, value in fact.items() if key != "without"}
        return wait if kept == fact else replace(wait, subject=json.dumps(kept))

    return replace(change, waits=tuple(map(without, change.waits)))


@pytest.mark.parametrize("regions", [JOINED, BOTH_ELSEWHERE, CHAIN, EXCHANGED], ids=str)
@pytest.mark.parametrize("policy", [BY_SITE, BY_REGION], ids=["by site", "by region"])
def test_areas_whose_rules_do_not_leave_it_to_luck_wait_for_nothing_more(
    policy: str, regions: dict[str, list[str]]
):
    """Rules by site need no different regions, and rules by region have to make way as they are."""
    case = joined(policy, policy, regions)
    changes = planned(case)
    assert refused(case, changes) == []
    assert tuple(map(hasty, changes)) == changes


few = settings(max_examples=60, phases=[Phase.explicit, Phase.reuse, Phase.generate])
"""Making a federation smaller takes longer than reading it."""


@few
@given(case=evolutions())
def test_what_is_planned_for_any_change_of_policies_is_proven(case):
    assert refused(case, planned(case)) == []


@few
@given(case=evolutions(moving=True))
def test_what_is_planned_where_regions_change_as_well_is_proven(case):
    assert refused(case, planned(case)) == []


@few
@given(case=evolutions(), data=st.data())
def test_no_release_that_is_planned_can_do_without_its_wait(case, data):
    changes = planned(case)
    ends = [n for n, change in enumerate(changes) if lets_go(change)]
    assume(ends)
    at = data.draw(st.sampled_from(ends))
    at_once = replace(changes[at], waits=())
    assert refused(case, (*changes[:at], at_once, *changes[at + 1 :]))


def lets_go(change: Change) -> bool:
    """It ends a rule that holds copies that count; a pin holds none."""
    ends = change.address.kind == "rule" and change.action is Action.RETIRE
    return ends and not change.address.name.endswith("/pin")
