"""Law 4 of what is really planned: from any policy to any other, and no guard is for show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from random_specs import (
    COUNTRIES,
    Files,
    build,
    document,
    federation_spec,
    policies,
    sites,
)
from specs import TODAY

from srcnet_compiler.change import Action, Change
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
    hasty = replace(changes[at], waits=())
    assert refused(case, (*changes[:at], hasty, *changes[at + 1 :]))


def lets_go(change: Change) -> bool:
    """It ends a rule that holds copies that count; a pin holds none."""
    ends = change.address.kind == "rule" and change.action is Action.RETIRE
    return ends and not change.address.name.endswith("/pin")
