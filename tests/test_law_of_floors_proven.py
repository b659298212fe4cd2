"""Law 4 on small worlds: the proof and a slow oracle agree, and no guard can be left out."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from floors_oracle import can_lose
from hypothesis import given, settings
from hypothesis import strategies as st
from test_floors import DID, create, expression, held, moved, release, rename, rse, rucio

from srcnet_compiler.change import Action, Change, Wait
from srcnet_compiler.targets.rucio.check.floors import prove_floors
from srcnet_compiler.targets.rucio.model import RucioModel, Rule

REGIONS = ["one", "two", "three"]
TIERS = ["online", "nearline"]
APART = ["srcnet_region", "srcnet_site", None]
TAGS = ["srcnet:p/fresh/", "srcnet:p/archive/", "srcnet:p/", "srcnet:p/"]

tiers = st.sampled_from(TIERS)
regions = st.sampled_from(REGIONS)
wishes = st.sampled_from(
    [{"online": 1}, {"online": 2}, {"nearline": 1}, {"online": 1, "nearline": 1}]
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[RucioModel, RucioModel]:
    """What is wanted, and what is there: a few areas, and one dataset under a few rules."""
    areas = [
        rse(name, draw(regions), draw(st.sampled_from([*TIERS, "online", None])), srcnet_site=name)
        for name in ("A", "B", "C")[: draw(st.integers(2, 3))]
    ]
    wanted = rucio(*areas, floor=draw(st.integers(1, 2)), apart=draw(st.sampled_from(APART)))
    demands = draw(st.lists(demanded(), min_size=1, max_size=3, unique=True))
    rules = tuple(
        Rule(f"id{n}", copies, text, f"srcnet:p/fresh/{n}", "OK", released=draw(rarely))
        for n, (copies, text) in enumerate(demands)
    )
    return wanted, held(wanted, *rules)


rarely = st.sampled_from([False] * 5 + [True])


@st.composite
def demanded(draw: st.DrawFn) -> tuple[int, str]:
    text = draw(
        st.sampled_from(
            [
                *(expression(region, tier) for region in REGIONS for tier in TIERS),
                *(f"srcnet_tier={tier}" for tier in TIERS),
                *(f"srcnet_site={site}" for site in "AB"),
            ]
        )
    )
    return draw(st.sampled_from([1, 1, 1, 2])), text


@st.composite
def plans(draw: st.DrawFn) -> tuple[RucioModel, RucioModel, tuple[Change, ...]]:
    """Any changes at all, with guards or without, each perhaps after others."""
    wanted, seen = draw(worlds())
    (dataset,) = seen.datasets.values()
    found: list[Change] = []
    for number, rule in enumerate(dataset.rules):
        if draw(st.booleans()):
            found.append(rename(rule, f"srcnet:p/archive/{number}"))
        if draw(st.booleans()):
            change = release(
                rule, draw(wishes), draw(st.sampled_from(TAGS)), draw(st.sampled_from(APART))
            )
            found.append(change if draw(st.integers(0, 3)) else replace(change, waits=()))
    if draw(st.booleans()):
        found.append(create(draw(regions), draw(tiers), "srcnet:p/archive/9"))
    for area in seen.rses.values():
        then = draw(st.sampled_from([r for r in REGIONS if r != area.attributes["srcnet_region"]]))
        if area.attributes.get("srcnet_tier") == "online" and draw(st.integers(0, 3)) == 0:
            now = str(area.attributes["srcnet_region"])
            change = moved(area.name, now, then, guarded=draw(st.booleans()))
            gone = draw(st.lists(st.sampled_from([r.rse_expression for r in dataset.rules])))
            waits = tuple(with_site(wait, area.name, gone) for wait in change.waits)
            found.append(replace(change, waits=waits))
    chosen = draw(st.permutations(found))[:4]
    return (
        wanted,
        seen,
        tuple(
            replace(change, needs=(chosen[draw(st.integers(0, at - 1))].address,))
            if at and draw(st.integers(0, 2)) == 0
            else change
            for at, change in enumerate(chosen)
        ),
    )


def with_site(wait: Wait, name: str, gone: Sequence[str]) -> Wait:
    """The guard says all attributes of ours that the area will have, and which rules must hold
    nothing there."""
    fact = {**json.loads(wait.subject), "without": gone}
    fact["attributes"]["srcnet_site"] = name
    return replace(wait, subject=json.dumps(fact))


@settings(max_examples=300)
@given(case=plans())
def test_the_proof_and_the_oracle_agree(case):
    wanted, seen, plan = case
    found = prove_floors(wanted, seen, plan)
    assert bool(found.objections) == can_lose(
        wanted.requirements["p"], seen, seen.datasets[DID], plan
    )


# ── from a plan with all its guards, each is left out ─────────────────────────────────────────


@st.composite
def archivings(
    draw: st.DrawFn, *, elsewhere: bool = False
) -> tuple[RucioModel, RucioModel, tuple[Change, ...]]:
    """Copies in two or three regions become one of these and one on tape in another region; with
    `elsewhere` in none that had any."""
    names = draw(st.permutations(["one", "two", "three", "four"]))[: draw(st.integers(2, 3))]
    tape = "five" if elsewhere else draw(st.sampled_from([*names[1:], "five"]))
    areas = [
        rse(f"{region}-{number}".upper(), region, tier)
        for region in {*names, tape}
        for tier in TIERS
        for number in range(draw(st.integers(1, 2)))
    ]
    areas = [replace(area, name=f"{area.name}-{area.attributes['srcnet_tier']}") for area in areas]
    wanted = rucio(*areas)
    rules = tuple(
        Rule(f"id{n}", 1, expression(region), f"srcnet:p/fresh/{n}", "OK")
        for n, region in enumerate(names)
    )
    plan = (
        rename(rules[0], "srcnet:p/archive/0"),
        create(tape, "nearline", "srcnet:p/archive/1"),
        *(release(rule, {"online": 1, "nearline": 1}) for rule in rules[1:]),
    )
    return wanted, held(wanted, *rules), plan


Mutation = Callable[[Change], Change]


def without_the_wait(change: Change) -> Change:
    return replace(change, waits=())


def with_fact(change: Change, **values: object) -> Change:
    (wait,) = change.waits
    fact = json.dumps({**json.loads(wait.subject), **values})
    return replace(change, waits=(replace(wait, subject=fact),))


def without_the_tape(change: Change) -> Change:
    return with_fact(change, copies={"online": 1})


def before_the_new_name(change: Change) -> Change:
    """It waits for the policy's rules of any phase, so for itself as well."""
    return with_fact(change, tag="srcnet:p/")


def of_another_dataset(change: Change) -> Change:
    return with_fact(change, name="another")


@given(case=archivings())
def test_a_plan_with_all_its_guards_is_proven(case):
    wanted, seen, plan = case
    assert prove_floors(wanted, seen, plan).objections == ()


@pytest.mark.parametrize(
    "mutation",
    [
        without_the_wait,
        without_the_tape,
        before_the_new_name,
        of_another_dataset,
    ],
    ids=lambda mutation: mutation.__name__,
)
@given(case=archivings(elsewhere=True), data=st.data())
def test_a_plan_in_which_one_guard_is_left_out_is_refused(mutation: Mutation, case, data):
    wanted, seen, plan = case
    at = data.draw(st.sampled_from(guarded(plan)))
    broken = (*plan[:at], mutation(plan[at]), *plan[at + 1 :])
    assert prove_floors(wanted, seen, broken).objections


def guarded(plan: Sequence[Change]) -> list[int]:
    return [n for n, change in enumerate(plan) if change.action is Action.RETIRE]


@given(case=archivings())
def test_places_that_are_not_told_apart_as_the_policy_asks_are_refused(case):
    """The copy on tape is made where the kept one is, and the fact counts RSEs."""
    wanted, seen, plan = case
    kept = seen.datasets[DID].rules[0].rse_expression
    together = create(kept.partition("=")[2].partition("&")[0], "nearline", "srcnet:p/archive/1")
    apart = (plan[0], together, *plan[2:])
    assert prove_floors(wanted, seen, apart).objections == ()  # it waits for ever
    counted = (*apart[:2], *(with_fact(change, apart=None) for change in apart[2:]))
    assert prove_floors(wanted, seen, counted).objections


@given(shift=st.integers(2, 3), first=st.sampled_from(REGIONS))
def test_areas_that_move_on_one_after_the_other_need_each_other(shift, first):
    """Each goes where the next one was: in any other order two of them meet."""
    names = [first, *(f"next-{number}" for number in range(shift))]
    areas = [rse(f"S{n}", region, site=f"S{n}") for n, region in enumerate(names[:-1])]
    wanted = rucio(*areas, floor=len(areas))
    rules = [Rule(f"{n}", 1, f"site=S{n}", f"srcnet:p/fresh/{n}", "OK") for n in range(len(areas))]
    seen = held(wanted, *rules)
    steps = [moved(area.name, names[n], names[n + 1]) for n, area in enumerate(areas)]
    ordered = [replace(a, needs=(b.address,)) for a, b in pairwise(steps)]
    assert prove_floors(wanted, seen, (*ordered, steps[-1])).objections == ()
    for at in range(len(ordered)):
        free = [replace(c, needs=()) if n == at else c for n, c in enumerate(ordered)]
        assert prove_floors(wanted, seen, (*free, steps[-1])).objections
