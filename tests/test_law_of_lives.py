"""Law 3 of later phases: whatever Rucio chooses, in each phase and from one to the next."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import combinations, product
from typing import Any, NamedTuple

import rucio_mutations as wrong
from hypothesis import Phase as Stage
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lives_oracle import Asking, attributes_of, by_name, candidates, flat, is_kept, outcomes
from random_specs import Built, build, document
from specs import TODAY
from test_law_of_floors_planned import NAMES, path, with_floor, worlds
from test_laws import rucio_of

from srcnet_compiler.change import Action, Change
from srcnet_compiler.federation.data_policy import Phase
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import PolicyName
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.rucio import TARGET, check
from srcnet_compiler.targets.rucio.model import Dataset, RucioModel, Rule, RuleTemplate
from srcnet_compiler.targets.rucio.model.expression import RseFacts
from srcnet_compiler.targets.rucio.model.lifecycle import Lifecycle, LifePhase
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.requirement import Choice, Requirement, objections

ALL_NAMES = [f"set-{number:02d}" for number in range(100)]
few = settings(max_examples=40, deadline=None, phases=[Stage.explicit, Stage.reuse, Stage.generate])
"""Making a federation smaller takes longer than reading it."""


TIERS = [["online"], ["nearline"], ["online", "nearline"]]


@st.composite
def lives(draw: st.DrawFn) -> Built:
    """Federations whose policies have two or three phases."""
    files = dict(draw(worlds()))
    for number in range(sum(name.startswith("policies/data/") for name in files)):
        spec = json.loads(files[path(number)])["spec"]
        spec["phases"] = [
            {
                "name": f"phase-{n}",
                **({"until": f"{n + 1} months"} if n < last else {}),
                "apart": draw(st.sampled_from(["region", "site", "area"])),
                "copies": [
                    {"count": draw(st.sampled_from([1, 1, 2])), "tier": tier}
                    for tier in draw(st.sampled_from(TIERS))
                ],
            }
            for last in [draw(st.integers(1, 2))]
            for n in range(last + 1)
        ]
        files[path(number)] = document("DataPolicy", f"policy-{number}", with_floor(spec))
    return build(files)


def asked(rule: RuleTemplate) -> Asking:
    return Asking(rule.copies, rule.rse_expression, rule.comments, rule.weight)


def against(built: Built, model: RucioModel) -> Iterator[tuple[str, str]]:
    """The phases that some choice breaks, or that leave some names without rules."""
    rses, areas = attributes_of(model), by_name(built.federation)
    for life in model.lifecycles.values():
        phases = built.federation.policies[life.policy].phases
        for phase, dealt in zip(phases, life.phases, strict=False):
            buckets = sorted(bucket for deal in dealt.deals for bucket in deal.buckets)
            ways = [list(outcomes([*map(asked, deal.rules)], rses)) for deal in dealt.deals]
            if buckets != list(range(100)) or not all(
                way and all(is_kept(phase, flat(placed), areas) for placed in way) for way in ways
            ):
                yield life.policy, phase.name


# ── in each phase: when the rules come, when files are attached, when copies are repaired ─────


@few
@given(built=lives())
def test_every_choice_in_every_phase_satisfies_the_policy(built):
    model = rucio_of(built)
    assert list(against(built, model)) == []
    for life in model.lifecycles.values():
        for phase, name in product(life.phases, ALL_NAMES):
            assert phase.deal_of(name).rules


DEALT_WRONGLY = (wrong.deal_a_rule_less, wrong.deal_one_place_twice, wrong.deal_some_names_nothing)


@few
@given(built=lives(), mutate=st.sampled_from(DEALT_WRONGLY), data=st.data())
def test_what_the_oracle_finds_wrong_the_checker_finds_too(built, mutate, data):
    mutated = list(mutate(rucio_of(built)))
    assume(mutated)
    model = data.draw(st.sampled_from(mutated))
    found = set(against(built, model))
    assert found
    subjects = {finding.subject for finding in check.check(model, built.federation)}
    assert {policy for policy, _ in found} <= subjects


@st.composite
def rules(draw: st.DrawFn) -> list[Asking]:
    """Of one tier each, in one region or site, or anywhere."""
    where = st.sampled_from(["", "srcnet_region=a&", "srcnet_region=b&", "srcnet_site=s&"])
    tier = st.sampled_from(["online", "nearline"])
    return [
        Asking(draw(st.sampled_from([1, 1, 2])), f"({draw(where)}srcnet_tier={draw(tier)})")
        for _ in range(draw(st.integers(0, 3)))
    ]


RSES = {
    f"{region}-{site}-{tier}": {"srcnet_region": region, "srcnet_site": site, "srcnet_tier": tier}
    for region, site in (("a", "s"), ("a", "t"), ("b", "u"))
    for tier in ("online", "nearline")
}


@given(given=rules(), apart=st.sampled_from(["srcnet_region", "srcnet_site", None]), data=st.data())
@settings(max_examples=300)
def test_the_checker_objects_exactly_where_some_choice_breaks_what_is_wanted(given, apart, data):
    """For as many copies on each tier as are wanted; a rule for several copies is never trusted to
    keep them apart."""
    tiers = [rule.expression.rpartition("=")[2].strip(")") for rule in given]
    wanted = {
        tier: sum(rule.copies for rule, of in zip(given, tiers, strict=True) if of == tier)
        for tier in dict.fromkeys(tiers)
    }
    short = data.draw(st.sampled_from(["", *wanted]))
    if short:
        wanted[short] += 1
    requirement = Requirement("policy", "phase", apart, wanted)
    found = objections(
        requirement,
        [Choice(r.copies, frozenset(map(RseName, candidates(r, RSES)))) for r in given],
        {RseName(name): RseFacts(attributes=held) for name, held in RSES.items()},
    )
    ways = list(outcomes(given, RSES))
    broken = not ways or any(not holds(wanted, apart, flat(placed)) for placed in ways)
    if broken:
        assert found
    elif found:
        assert apart is not None
        assert any(rule.copies > 1 for rule in given)


def holds(wanted: Mapping[str, int], apart: str | None, placed: Sequence[str]) -> bool:
    """Every copy on an RSE of its own, all apart, so many on each tier."""
    places = [name if apart is None else RSES[name][apart] for name in placed]
    tiers = [RSES[name]["srcnet_tier"] for name in placed]
    return len(set(places)) == len(places) and all(
        tiers.count(tier) >= count for tier, count in wanted.items()
    )


# ── from phase to phase ───────────────────────────────────────────────────────────────────────


def there(life: Lifecycle, phase: LifePhase, name: str, age: timedelta, tag: str) -> Dataset:
    """A data set of that age under the rules of a phase, all files there. With a `tag` they have
    the names of another phase, as where a policy was changed."""
    held = tuple(
        Rule(
            f"id{n}",
            rule.copies,
            rule.rse_expression,
            f"{tag}{n}" if tag else rule.comments,
            "OK",
            1,
            rule.copies,
        )
        for n, rule in enumerate(phase.deal_of(name).rules)
    )
    columns = {
        key: str(values[0]).strip("^$")
        for key, values in life.filter.items()
        if key not in ("scope", "did_type")
    }
    scope = str(life.filter["scope"][0]).strip("^$")
    return Dataset(scope, name, columns, True, held, bytes=100, created=TODAY - age)


def after(dataset: Dataset, changes: Sequence[Change]) -> list[Asking]:
    """The rules when all is done."""
    left = {r.id: Asking(r.copies, r.rse_expression, r.comments) for r in dataset.rules}
    made = []
    for change in changes:
        fields = {field.name: field.after for field in change.fields}
        if change.action is Action.CREATE:
            rule: Any = fields["rule"]
            made.append(
                Asking(rule["copies"], rule["rse_expression"], rule["comments"], rule.get("weight"))
            )
        elif change.action is Action.RETIRE:
            del left[str(fields["id"])]
        elif "comments" in fields:
            known = left[str(fields["id"])]
            left[str(fields["id"])] = known._replace(comment=str(fields["comments"]))
    return [*left.values(), *made]


def of(changes: Sequence[Change], dataset: Dataset) -> list[Change]:
    prefix = f"{dataset.did} "
    return [c for c in changes if c.address.kind == "rule" and c.address.name.startswith(prefix)]


def at_release(dataset: Dataset, changes: Sequence[Change], ending: Change) -> list[Asking]:
    """What is there when one rule is let go, that rule last: all that goes later, as it is called
    before, and what stays or comes; of what goes itself only what must have been done before."""
    before = [c for c in changes if c.action is not Action.RETIRE or c.address == ending.address]
    done = [c for c in before if c.address in ending.needs or not is_leaving(c)]
    goes = value(ending, "id")
    rules = after(dataset, [c for c in done if c is not ending])
    ids = [rule.id for rule in dataset.rules]
    last = rules.pop(ids.index(str(goes)))
    return [*rules, last]


def is_leaving(change: Change) -> bool:
    return "/leaving/" in str(value(change, "comments"))


def value(change: Change, name: str) -> object:
    return next((field.after for field in change.fields if field.name == name), None)


AGES = [timedelta(0), timedelta(days=45), timedelta(days=400)]


@few
@given(built=lives(), name=st.sampled_from(NAMES))
def test_every_choice_on_the_way_to_another_phase_satisfies_the_policy(built, name):
    """When all is done, the phase is kept; and a rule is let go only when what is left keeps it,
    whatever has arrived where."""
    model = rucio_of(built)
    several = [life for life in model.lifecycles.values() if len(life.phases) > 1]
    assume(several)
    for life, age in product(several, AGES):
        phase = life.phase_on(TODAY, TODAY - age)
        assert phase is not None
        for held, tag in product(life.phases, ["", phase.requirement.tag]):
            dataset = there(life, held, name, age, tag)
            seen = replace(model, datasets={dataset.did: dataset})
            changes = of(TARGET.diff(model, Reading(seen, day=TODAY)), dataset)
            wanted = built.federation.policies[PolicyName(life.policy)].phases[
                life.phases.index(phase)
            ]
            assert_safe(Passage(dataset, changes, wanted), model, built.federation)
            if phase is held:
                assert all(change.action is Action.UPDATE for change in changes)


class Passage(NamedTuple):
    """A data set, what is planned for it, and the phase to which that leads."""

    dataset: Dataset
    changes: Sequence[Change]
    wanted: Phase


def assert_safe(passage: Passage, model: RucioModel, federation: Federation) -> None:
    dataset, changes, wanted = passage
    rses, areas = attributes_of(model), by_name(federation)
    ways = list(outcomes(after(dataset, changes), rses))
    assert ways
    for placed in ways:
        assert is_kept(wanted, flat(placed), areas)
    for change in changes:
        if change.action is Action.RETIRE:
            (wait,) = change.waits
            rules = at_release(dataset, changes, change)
            for *others, last in arrived(rules, rses):
                if allows(json.loads(wait.subject), rules, (*others, last), rses):
                    assert is_kept(wanted, flat(tuple(others)), areas)


def arrived(
    rules: Sequence[Asking], rses: Mapping[str, Mapping[str, object]]
) -> Iterator[tuple[tuple[str, ...], ...]]:
    """Of some ways in which copies may stand all that may have arrived of each."""
    for placed in list(outcomes(rules, rses))[::11]:
        each = [[some for n in range(len(p) + 1) for some in combinations(p, n)] for p in placed]
        yield from product(*each)


def allows(
    fact: Mapping[str, Any],
    final: Sequence[Asking],
    valid: Sequence[tuple[str, ...]],
    rses: Mapping[str, Mapping[str, object]],
) -> bool:
    """Whether a wait is over with these copies: so many on each tier, all apart, under its name."""
    held = {
        (name if not fact["apart"] else rses[name].get(fact["apart"]), rses[name]["srcnet_tier"])
        for rule, names in zip(final, valid, strict=True)
        if rule.comment.startswith(fact["tag"])
        for name in names
    }
    tiers = [tier for tier, count in fact["copies"].items() for _ in range(count)]
    return any(
        sorted(tier for _, tier in some) == sorted(tiers)
        and len({where for where, _ in some}) == len(some)
        for some in combinations(sorted(held, key=str), len(tiers))
    )


def test_the_oracle_is_not_content_with_everything(golden):
    """Two copies on one area, or on two areas of one region, are not two copies apart."""
    phase = golden.federation.policies[PolicyName("observatory-products")].phases[0]
    areas = by_name(golden.federation)
    name = {area.name: today for today, area in areas.items()}
    perth, japan, canada = name["AUSSRC-PERTH-T1"], name["JPSRC-NAOJ-T1"], name["CANSRC-UVIC-T1"]
    assert is_kept(phase, [perth, canada], areas)
    assert not is_kept(phase, [perth, japan], areas)
    assert not is_kept(phase, [perth, perth], areas)
    assert not is_kept(phase, [perth], areas)
