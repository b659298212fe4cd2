"""Law 4 of what is really planned: from any policy to any other, and no guard is for show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from random_specs import COUNTRIES, Files, build, policies, spec_files
from specs import TODAY

from srcnet_compiler.change import Action, Change
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.rucio import TARGET
from srcnet_compiler.targets.rucio.model import Dataset, RucioModel, Rule
from srcnet_compiler.targets.rucio.model.lifecycle import Lifecycle, LifePhase

NAMES = ["a-03", "a-47", "a-88", "a"]
CREATED = [date(2020, 1, 1), TODAY]


@st.composite
def evolutions(draw: st.DrawFn, *, regions: bool = False) -> tuple[RucioModel, Reading[RucioModel]]:
    """A federation before and after its policies were changed (and with `regions` the countries in
    its regions), with data under the rules of some phase of before."""
    before: Files = {name: strictly(text) for name, text in draw(spec_files()).items()}
    after = dict(before)
    for name in before:
        if name.startswith("policies/data/") and draw(st.booleans()):
            spec = json.loads(before[name])
            number = int(name.removesuffix(".yaml").rpartition("-")[2])
            spec["spec"] = {**draw(policies(number)), "status": spec["spec"]["status"]}
            after[name] = strictly(json.dumps(spec))
    if regions:
        spec = json.loads(before["policies/federation.yaml"])
        found: dict[str, list[str]] = {}
        for country in COUNTRIES:
            found.setdefault(f"region-{draw(st.sampled_from('abcd'))}", []).append(country)
        spec["spec"]["regions"] = found
        after["policies/federation.yaml"] = json.dumps(spec)
    base, head = model(before), model(after)
    held = {d.did: d for d in draw(datasets(base))}
    return head, Reading(replace(base, datasets=held), day=TODAY)


def strictly(text: str) -> str:
    """The floor of a policy is as high as it can be."""
    spec = json.loads(text) if text.lstrip().startswith("{") and "---" not in text else {}
    if spec.get("kind") != "DataPolicy":
        return text
    counts = [sum(c["count"] for c in phase["copies"]) for phase in spec["spec"]["phases"]]
    spec["spec"]["floor"] = min(counts)
    return json.dumps(spec, indent=1)


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


def planned(case: tuple[RucioModel, Reading[RucioModel]]) -> tuple[Change, ...]:
    head, seen = case
    return TARGET.diff(head, seen)


def refused(case: tuple[RucioModel, Reading[RucioModel]], changes: tuple[Change, ...]) -> list[str]:
    head, seen = case
    return [found.message for found in TARGET.prove(head, seen, changes).objections]


few = settings(max_examples=40)


@few
@given(case=evolutions())
def test_what_is_planned_for_any_change_of_policies_is_proven(case):
    assert refused(case, planned(case)) == []


@few
@given(case=evolutions(regions=True))
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
