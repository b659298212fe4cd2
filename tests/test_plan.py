"""Plans: the order of changes, the file they are kept in, and what refuses them."""

import json
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_specs import Built, federations
from specs import TODAY

from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, SystemName, Wait
from srcnet_compiler.diagnostic import Code
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.federation.notices import Retired, Waiver
from srcnet_compiler.plan.build import build_plan, waves
from srcnet_compiler.plan.file import PlanFileError, digest, from_json, to_json
from srcnet_compiler.plan.guard import guard, held_back
from srcnet_compiler.plan.model import Binding, Held, Plan, Unseen
from srcnet_compiler.span import Span
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.rucio import diff, lower
from srcnet_compiler.targets.rucio.model import RucioModel
from srcnet_compiler.targets.scapi import TARGET as scapi  # noqa: N811
from srcnet_compiler.targets.scapi.model import ScapiModel
from srcnet_compiler.targets.slurm import TARGET as slurm  # noqa: N811
from srcnet_compiler.targets.slurm.diff import references
from srcnet_compiler.targets.slurm.model import SlurmModel
from srcnet_compiler.task import Task

BINDING = Binding("specs", "artifacts", "0.1.0")
SOMEWHERE = Span("site-specs/a.yaml", 3, 5, 3, 9)


def address(name: str, kind: str = "rse") -> Address:
    return Address("rucio", "srcnet", kind, name)


def change(name: str, action: Action = Action.CREATE, needs: str = "", **more) -> Change:
    return Change(
        address(name),
        action,
        more.pop("fields", (FieldChange("a", None, 1),)),
        more.pop("impact", Impact.ADDITIVE),
        needs=tuple(address(other) for other in needs.split()),
        **more,
    )


def plan_of(*changes: Change) -> Plan:
    return build_plan([SystemName("rucio", "srcnet")], changes, (), frozenset(), BINDING)


def names(found: tuple[tuple[Change, ...], ...]) -> list[list[str]]:
    return [[f"{c.action.value} {c.address.name}" for c in wave] for wave in found]


# ── the order ─────────────────────────────────────────────────────────────────────────────────


def test_what_is_needed_comes_first():
    found = waves([change("c", needs="a b"), change("b", needs="a"), change("a"), change("d")])
    assert names(found) == [["create a", "create d"], ["create b"], ["create c"]]


def test_what_needs_something_that_does_not_change_need_not_wait():
    assert names(waves([change("c", needs="there-already")])) == [["create c"]]


@pytest.mark.parametrize("first", [Action.ADOPT, Action.RENAME])
def test_an_object_is_taken_over_before_it_is_changed(first):
    found = waves([change("a", Action.UPDATE), change("a", first)])
    assert names(found) == [[f"{first.value} a"], ["update a"]]


def test_changes_that_need_each_other_are_a_fault():
    with pytest.raises(ValueError, match="needs itself"):
        waves([change("a", needs="b"), change("b", needs="a")])


def test_only_what_is_not_known_is_adopted():
    adoptions = [change("a", Action.ADOPT), change("b", Action.ADOPT)]
    plan = build_plan(
        [SystemName("rucio", "srcnet")], [], adoptions, frozenset([address("a")]), BINDING
    )
    assert names(plan.waves) == [["adopt b"]]


@st.composite
def acyclic(draw: st.DrawFn) -> list[Change]:
    """Changes that need others of a lower number, in any order, with adoptions among them."""
    count = draw(st.integers(0, 10))
    found = []
    for number in range(count):
        below = st.integers(0, max(number - 1, 0))
        needs = draw(st.lists(below, unique=True, max_size=3)) if number else []
        found.append(change(f"n{number}", needs=" ".join(f"n{n}" for n in needs)))
        if draw(st.booleans()):
            found.append(change(f"n{number}", draw(st.sampled_from([Action.ADOPT, Action.RENAME]))))
    return draw(st.permutations(found))


@given(changes=acyclic())
def test_waves_honour_every_need_and_lose_nothing(changes):
    found = waves(changes)
    assert all(found)
    assert sorted(map(str, (c for wave in found for c in wave))) == sorted(map(str, changes))
    wave_of = {id(c): number for number, wave in enumerate(found) for c in wave}
    for one in changes:
        for other in changes:
            prior = other.action in (Action.ADOPT, Action.RENAME)
            own = prior and other.address == one.address and one.action is Action.CREATE
            if other is not one and (own or other.address in one.needs):
                assert wave_of[id(other)] < wave_of[id(one)]


@given(changes=acyclic())
def test_a_wave_waits_for_nothing_that_it_need_not_wait_for(changes):
    """Each change of a later wave needs something of the wave before it."""
    found = waves(changes)
    for before, wave in pairwise(found):
        there = {c.address for c in before}
        assert all(there & {*c.needs, c.address} for c in wave)


@given(built=federations())
def test_a_plan_for_an_empty_system_makes_things_before_they_are_named(built):
    (model,) = lower.lower(built.federation, built.analysis)
    changes = diff.diff(model, Reading(RucioModel(model.instance, model.owner)))
    made: set[Address] = set()
    for wave in plan_of(*changes).waves:
        for step in wave:
            assert set(step.needs) <= made
        made |= {step.address for step in wave}
    for limit in model.account_limits.values():
        assert address_in(model, "rse", limit.rse) in made
    assert len(made) == len(list(model.things()))


@given(built=federations())
def test_a_plan_for_a_cluster_without_ours_makes_things_before_they_are_named(built):
    for model in slurm.lower(built.federation, built.analysis):
        made: set[Address] = set()
        for wave in plan_of(*slurm.diff(model, Reading(without_ours(model)))).waves:
            for step in wave:
                assert set(step.needs) <= made
            made |= {step.address for step in wave}
        named = {
            Address("slurm", model.instance, *key)
            for thing in model.things()
            for key in references(thing)
            if model.find(*key) is not None
        }
        assert named <= made
        assert len(made) == len(list(model.things()))


def without_ours(model: SlurmModel) -> SlurmModel:
    """The same cluster before anything of ours is on it."""
    return replace(
        model, accounts={}, associations={}, qos={}, partitions={}, reservations={}, written=""
    )


def address_in(model: RucioModel, kind: str, name: str) -> Address:
    return Address("rucio", model.instance, kind, name)


def test_the_impact_of_a_plan_is_that_of_its_gravest_change():
    assert plan_of().impact is Impact.COSMETIC
    grave = change("b", impact=Impact.MOVES_DATA)
    assert plan_of(change("a"), grave, change("c")).impact is Impact.MOVES_DATA


def test_a_step_has_the_same_id_in_every_plan_and_no_other_has_it():
    same = change("a", reason="said otherwise", moves=5, impact=Impact.RESTART)
    assert same.id == change("a").id
    others = [
        change("b"),
        change("a", Action.UPDATE),
        change("a", fields=(FieldChange("a", None, 2),)),
        change("a", fields=(FieldChange("a", 0, 1),)),
        change("a", fields=(FieldChange("b", None, 1),)),
        change("a", fields=(FieldChange("a", None, "1"),)),
        change("a", fields=(FieldChange("a", None, True),)),
    ]
    assert len({other.id for other in [*others, same]}) == len(others) + 1


# ── the file ──────────────────────────────────────────────────────────────────────────────────

words = st.text(max_size=8)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
spans = st.builds(Span, words, *[st.integers(1, 10**6)] * 4)
addresses = st.builds(Address, words, words, words, words)
changes = st.builds(
    Change,
    address=addresses,
    action=st.sampled_from(Action),
    fields=st.lists(
        st.builds(FieldChange, words, values, values, st.none() | spans), max_size=3
    ).map(tuple),
    impact=st.sampled_from(Impact),
    reason=words,
    needs=st.lists(addresses, max_size=2).map(tuple),
    waits=st.lists(st.builds(Wait, words, words, words), max_size=2).map(tuple),
    drafts=st.lists(spans, max_size=2).map(tuple),
    moves=st.integers(0, 10**20),
    drains=st.integers(0, 10**4),
    until=st.none() | words,
)
plans = st.builds(
    Plan,
    systems=st.lists(st.builds(SystemName, words, words), max_size=2).map(tuple),
    binding=st.builds(Binding, words, words, words, st.none() | words),
    waves=st.lists(st.lists(changes, min_size=1, max_size=2).map(tuple), max_size=2).map(tuple),
    unseen=st.lists(st.builds(Unseen, addresses, words), max_size=2).map(tuple),
    held=st.lists(st.builds(Held, words, words), max_size=2).map(tuple),
    tasks=st.dictionaries(
        st.builds(SystemName, words, words),
        st.lists(
            st.builds(Task, words, words, words, st.lists(words, max_size=2).map(tuple)),
            max_size=2,
        ).map(tuple),
        max_size=2,
    ),
    supersedes=st.none() | words,
)


@given(plan=plans)
def test_a_plan_survives_writing_and_reading(plan):
    text = to_json(plan)
    read = from_json(text)
    assert read == plan
    assert to_json(read) == text
    assert digest(read) == digest(plan)
    # places are no part of what a change is, and yet are kept
    assert [f.origin for c in read.changes for f in c.fields] == [
        f.origin for c in plan.changes for f in c.fields
    ]


@given(one=plans, other=plans)
def test_two_plans_have_one_digest_only_if_they_are_one(one, other):
    assert (digest(one) == digest(other)) == (to_json(one) == to_json(other))


def spots(value, path=()):
    """Every place in plain data."""
    yield path
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    for key in keys:
        yield from spots(value[key], (*path, key))


def put(value, path, new):
    """The same data with something else in one place."""
    if not path:
        return new
    key, *rest = path
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[key] = put(value[key], rest, new)
    return changed


@given(plan=plans, new=values, data=st.data())
def test_a_plan_that_was_changed_anywhere_is_refused(plan, new, data):
    content = json.loads(to_json(plan))
    path = data.draw(st.sampled_from(list(spots(content))))
    changed = put(content, path, new)
    if json.dumps(changed, sort_keys=True) != json.dumps(content, sort_keys=True):
        with pytest.raises(PlanFileError):
            from_json(json.dumps(changed))


def test_a_plan_whose_systems_have_no_names_any_more_is_refused():
    tasks = {SystemName("slurm", name): () for name in "ab"}
    content = json.loads(to_json(replace(plan_of(), tasks=tasks)))
    with pytest.raises(PlanFileError):
        from_json(json.dumps(put(content, ("tasks", 1, "system", "instance"), None)))


@given(plan=plans, key=words, data=st.data())
def test_a_plan_to_which_something_was_added_is_refused(plan, key, data):
    content = json.loads(to_json(plan))
    paths = [path for path in spots(content) if isinstance(at(content, path), dict)]
    path = data.draw(st.sampled_from(paths))
    if key not in at(content, path):
        with pytest.raises(PlanFileError):
            from_json(json.dumps(put(content, path, {**at(content, path), key: 1})))


def at(value, path):
    for key in path:
        value = value[key]
    return value


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", "5", '"plan"', "not json", "{", '{"digest": 1}', "[" * 100_000,
     '{"digest": "", "formatVersion": 1}'],
)  # fmt: skip
def test_what_is_no_plan_is_refused(text):
    with pytest.raises(PlanFileError):
        from_json(text)


def test_half_a_plan_is_refused():
    text = to_json(plan_of(change("a"), change("b", needs="a")))
    for end in range(len(text) - 2):
        with pytest.raises(PlanFileError):
            from_json(text[:end])


def test_a_plan_of_another_format_says_so():
    content = json.loads(to_json(plan_of()))
    with pytest.raises(PlanFileError, match="format 4, and this version reads 3"):
        from_json(json.dumps({**content, "formatVersion": 4}))


def test_a_plan_that_was_only_laid_out_anew_is_the_same():
    plan = plan_of(change("a"), change("b", needs="a"))
    assert from_json(json.dumps(json.loads(to_json(plan)), indent=4)) == plan


def test_each_change_stands_on_a_line_of_its_own():
    text = to_json(plan_of(change("a"), change("b", needs="a")))
    lines = [line for line in text.splitlines() if '"action"' in line]
    assert [json.loads(line)["address"]["name"] for line in lines] == ["a", "b"]


# ── the guard ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def federation(golden) -> Federation:
    """The golden one, without the waivers and retirements that it has."""
    assert golden.federation is not None
    return replace(golden.federation, waivers=(), retired=())


def waiver(federation: Federation, kind: str, what: str = "", of: str = "x", **more) -> Waiver:
    day = more.pop("until", TODAY)
    up_to = more.pop("up_to", None)
    return Waiver(f"w-{of}", kind, what, up_to, of, "reason", day, federation.origin)


def codes(plan: Plan, federation: Federation, today: date = TODAY) -> list[Code]:
    return [finding.code for finding in guard(plan, federation, today)]


def test_a_harmless_plan_is_let_through(federation):
    assert codes(plan_of(change("a"), change("b", Action.UPDATE)), federation) == []


PB = 10**15
LIMIT = 10 * PB
"""What the golden federation lets one plan move."""


def moving(*amounts: int) -> Plan:
    return plan_of(*(change(f"d{n}", moves=amount) for n, amount in enumerate(amounts)))


@pytest.mark.parametrize(
    ("amounts", "refused"),
    [((LIMIT,), False), ((LIMIT + 1,), True), ((LIMIT - 1, 1), False), ((LIMIT, 1), True)],
)
def test_all_data_that_a_plan_moves_are_counted_to_the_last_byte(federation, amounts, refused):
    assert codes(moving(*amounts), federation) == [Code.OVER_LIMIT] * refused


@pytest.mark.parametrize(
    ("up_to", "until", "what", "refused"),
    [
        (LIMIT + 5, TODAY, "movedData", False),
        (LIMIT + 5, date(2026, 11, 21), "movedData", True),
        (LIMIT + 4, TODAY, "movedData", True),
        (None, TODAY, "movedData", True),
        (LIMIT + 5, TODAY, "retiredAreas", True),
        (1, TODAY, "movedData", True),
    ],
)
def test_a_waiver_lifts_its_own_limit_as_far_and_as_long_as_it_says(
    federation, up_to, until, what, refused
):
    lifted = waiver(federation, "limit", what, of=federation.name, up_to=up_to, until=until)
    waived = replace(federation, waivers=(lifted,))
    assert codes(moving(LIMIT + 5), waived) == [Code.OVER_LIMIT] * refused


@pytest.mark.parametrize(
    ("of", "refused"),
    [("golden", False), ("srcnet", False), ("rucio-of-others", True), ("CHSRC-CSCS-T0", True)],
)
def test_a_waiver_lifts_the_limit_of_the_federation_or_of_one_system(federation, of, refused):
    lifted = waiver(federation, "limit", "movedData", of=of, up_to=LIMIT + 5)
    waived = replace(federation, waivers=(lifted,))
    assert codes(moving(LIMIT + 5), waived) == [Code.OVER_LIMIT] * refused


def test_a_waiver_does_not_lower_a_limit(federation):
    low = waiver(federation, "limit", "movedData", of=federation.name, up_to=1)
    assert codes(moving(LIMIT), replace(federation, waivers=(low,))) == []


def closing(*names: str) -> Plan:
    field = FieldChange("setting.availability_write", None, False, SOMEWHERE)
    return plan_of(*(change(name, Action.RETIRE, fields=(field,)) for name in names))


def ended(federation: Federation, area: str, until: date = TODAY) -> Retired:
    return Retired(area, None, "reason", until, federation.origin)


@pytest.mark.parametrize(
    ("named", "until", "expected"),
    [
        ("UKSRC-JBO-T1", TODAY, []),
        ("JBO_XRD", TODAY, []),
        ("UKSRC-JBO-T1", date(2026, 11, 21), [Code.NOT_OURS]),
        ("UKSRC-JBO-T1-NEW", TODAY, [Code.NOT_OURS]),
        (None, TODAY, [Code.NOT_OURS]),
    ],
)
def test_an_area_is_closed_only_by_a_document_in_force(federation, named, until, expected):
    ends = () if named is None else (ended(federation, named, until),)
    assert codes(closing("JBO_XRD"), replace(federation, retired=ends)) == expected


@pytest.mark.parametrize(
    ("closed", "expected"),
    [("CHSRC-CSCS-T0", []), ("CHSRC_XRD_PROD", [Code.NOT_OURS]), ("CHSRC_TAPE", [Code.NOT_OURS])],
)
def test_an_area_that_is_renamed_is_closed_by_its_new_name(federation, closed, expected):
    assert federation.moved["CHSRC-CSCS-T0"].after == "CHSRC-CSCS-T0"
    ends = (ended(federation, "CHSRC_XRD_PROD"),)
    assert codes(closing(closed), replace(federation, retired=ends)) == expected


def test_no_more_areas_are_closed_at_once_than_the_federation_allows(federation):
    ends = tuple(ended(federation, name) for name in ("UKSRC-JBO-T1", "UKSRC-JBO-T1-NEW"))
    both = replace(federation, retired=ends)
    plan = closing("JBO_XRD", "UKSRC-JBO-T1-NEW")
    assert codes(plan, both) == [Code.OVER_LIMIT]
    lifted = waiver(federation, "limit", "retiredAreas", of=federation.name, up_to=2)
    assert codes(plan, replace(both, waivers=(lifted,))) == []


def test_switching_a_subscription_off_closes_no_area(federation):
    field = FieldChange("active", True, False)
    off = Change(address("old", "subscription"), Action.RETIRE, (field,), Impact.RECONFIGURE)
    assert codes(plan_of(off, replace(off, address=address("b", "subscription"))), federation) == []


@pytest.mark.parametrize(
    ("until", "expected"), [(TODAY, []), (date(2026, 11, 21), [Code.NOT_OURS])]
)
def test_a_policy_ends_only_by_a_document_in_force(golden, until, expected):
    (end,) = [end for end in golden.federation.retired if end.policy == "old-campaign"]
    federation = replace(golden.federation, retired=(replace(end, until=until),))
    field = FieldChange("active", True, False)
    name = address("old-campaign.arrive.europe", "subscription")
    off = Change(name, Action.RETIRE, (field,), Impact.RECONFIGURE)
    found = guard(plan_of(off), federation, TODAY)
    assert [finding.code for finding in found] == expected
    assert all(finding.labels[0].span == end.origin.at("until") for finding in found)


def test_a_subscription_that_others_replace_needs_no_document(golden):
    name = address("library.arrive.europe", "subscription")
    off = Change(name, Action.RETIRE, (FieldChange("active", True, False),), Impact.RECONFIGURE)
    assert codes(plan_of(off), replace(golden.federation, retired=())) == []


def on_draft(federation: Federation) -> Plan:
    return plan_of(change("OSO", drafts=federation.areas["SWESRC-OSO-T1"].drafts))


@pytest.mark.parametrize(
    ("of", "until", "expected"),
    [
        ("SWESRC-OSO-T1", TODAY, []),
        ("SWESRC-OSO", TODAY, []),
        ("SWESRC-OSO-T1", date(2026, 11, 21), [Code.RESTS_ON_DRAFT]),
        ("CHSRC-CSCS-T0", TODAY, [Code.RESTS_ON_DRAFT]),
    ],
)
def test_a_draft_is_refused_unless_a_waiver_in_force_accepts_it(federation, of, until, expected):
    waived = replace(federation, waivers=(waiver(federation, "draft", of=of, until=until),))
    assert codes(on_draft(federation), waived) == expected


def test_every_draft_of_a_change_must_be_accepted(federation):
    area, policy = federation.areas["SWESRC-OSO-T1"], federation.policies["later-products"]
    plan = plan_of(change("a", drafts=(*area.drafts, *policy.drafts)))
    first = waiver(federation, "draft", of="SWESRC-OSO-T1")
    second = waiver(federation, "draft", of="later-products")
    assert codes(plan, replace(federation, waivers=(first,))) == [Code.RESTS_ON_DRAFT]
    assert codes(plan, replace(federation, waivers=(first, second))) == []


def test_a_waiver_for_a_finding_accepts_no_draft(federation):
    aside = waiver(federation, "finding", "wrong-shape", of="SWESRC-OSO-T1")
    plan = on_draft(federation)
    assert codes(plan, replace(federation, waivers=(aside,))) == [Code.RESTS_ON_DRAFT]


def test_the_day_after_a_waiver_ends_its_plan_is_refused(golden):
    """Artifacts do not depend on the day, so the plan still holds what the guard then refuses."""
    model = golden.models[0].model
    changes = diff.diff(model, Reading(RucioModel(model.instance, model.owner)))
    plan = build_plan([SystemName("rucio", model.instance)], changes, (), frozenset(), BINDING)
    assert codes(plan, golden.federation, date(2027, 6, 30)) == []
    late = codes(plan, golden.federation, date(2027, 7, 1))
    assert set(late) == {Code.RESTS_ON_DRAFT}


def test_what_is_held_back_is_said(golden):
    held = {item.what for item in held_back(golden.federation)}
    assert held == {
        "data policy `later-products`",
        "namespace `later`",
        "project `transients`",
        "queue `trials`",
        "service `perfsonar`",
        "site `ZASRC-CPT`",
        "storage area `SWESRC-OSO-NAT`",
        "storage area `ZASRC-CPT-T1`",
    }


@given(built=federations())
def test_no_change_rests_on_a_draft_that_nobody_accepted(built: Built):
    (model,) = lower.lower(built.federation, built.analysis)
    changes = diff.diff(model, Reading(RucioModel(model.instance, model.owner)))
    plan = build_plan([SystemName("rucio", model.instance)], changes, (), frozenset(), BINDING)
    assert Code.RESTS_ON_DRAFT not in codes(plan, built.federation)


def test_what_a_waiver_lets_onto_a_cluster_is_refused_the_day_after_it_ends(golden):
    """Of the golden federation a project and a queue: they and nothing else."""
    names = ("transients", "trials")
    waivers = tuple(waiver(golden.federation, "draft", of=name) for name in names)
    waived = replace(golden.federation, waivers=waivers)
    models = slurm.lower(waived, golden.analysis)
    changes = [c for m in models for c in slurm.diff(m, Reading(without_ours(m)))]
    made = {change.address.name for change in changes}
    assert {f"ska-{name}" for name in names} <= made
    assert codes(plan_of(*changes), waived) == []
    late = guard(plan_of(*changes), waived, TODAY + timedelta(days=1))
    assert {finding.code for finding in late} == {Code.RESTS_ON_DRAFT}
    refused = {finding.subject for finding in late}
    # every project is let into a queue that is not agreed, but for the one that names its queues
    assert refused == {"ska-transients", "ska-trials", "ska-eor"}


@given(built=federations())
def test_no_change_of_a_cluster_rests_on_a_draft_that_nobody_accepted(built: Built):
    """The day after the waivers end, whatever would not be there without them is refused."""
    nobody_waives = replace(built.federation, waivers=())
    agreed = {model.instance: model for model in slurm.lower(nobody_waives, built.analysis)}
    for model in slurm.lower(built.federation, built.analysis):
        plan = plan_of(*slurm.diff(model, Reading(without_ours(model))))
        assert Code.RESTS_ON_DRAFT not in codes(plan, built.federation)
        late = {finding.message for finding in guard(plan, built.federation, date(2027, 7, 1))}
        for made in plan.changes:
            there = agreed.get(model.instance)
            if there is None or there.find(made.address.kind, made.address.name) is None:
                assert f"{made.address} rests on a draft" in late


def end_of(kind: str, **more) -> Change:
    """Something on a cluster, or of the site catalogue, that goes."""
    gone = change("x", Action.RETIRE, **more)
    target = "kubernetes" if kind[0].isupper() else "slurm"
    target = "scapi" if kind in ("area", "compute", "local-service") else target
    return replace(gone, address=Address(target, "x", kind, "ska-old"))


ON_CLUSTERS = [
    *("account", "qos", "partition", "reservation", "Deployment", "Namespace"),
    *("area", "compute", "local-service"),
]


@pytest.mark.parametrize("kind", ON_CLUSTERS)
def test_what_a_document_ends_ends_only_while_it_holds(golden, kind):
    plan = plan_of(end_of(kind, until=TODAY.isoformat()))
    assert guard(plan, golden.federation, TODAY) == ()
    (found,) = guard(plan, golden.federation, TODAY + timedelta(days=1))
    assert found.code is Code.NOT_OURS
    assert "no `Retired` document in force" in found.message


@pytest.mark.parametrize(
    ("kind", "expected"),
    [*((kind, [Code.NOT_OURS]) for kind in ON_CLUSTERS), ("association", [])],
)
def test_nothing_on_a_cluster_ends_without_a_document_but_a_membership(golden, kind, expected):
    assert codes(plan_of(end_of(kind)), golden.federation) == expected


def test_more_nodes_than_one_plan_may_empty_are_refused(golden):
    allowed = golden.federation.limits.drained_nodes
    fine, more = (
        plan_of(end_of("partition", until=TODAY.isoformat(), drains=count))
        for count in (allowed, allowed + 1)
    )
    assert guard(fine, golden.federation, TODAY) == ()
    (found,) = guard(more, golden.federation, TODAY)
    assert found.code is Code.OVER_LIMIT
    assert "`drainedNodes`" in found.message


# ── drafts in the site catalogue ──────────────────────────────────────────────────────────────


def test_what_the_site_catalogue_would_say_of_drafts_is_held_back_and_named(golden):
    held = {item.what for item in held_back(golden.federation, ("scapi",))}
    assert held == {
        "site `ZASRC-CPT`",
        "storage area `ZASRC-CPT-T1`",
        "storage area `SWESRC-OSO-NAT`",
    }


def test_no_change_of_the_site_catalogue_rests_on_a_draft_that_nobody_accepted(golden):
    (model,) = [each.model for each in golden.models if each.target.name == "scapi"]
    changes = scapi.diff(model, Reading(ScapiModel(model.instance)))
    plan = plan_of(*changes)
    assert Code.RESTS_ON_DRAFT not in codes(plan, golden.federation)
    late = {found.subject for found in guard(plan, golden.federation, date(2027, 7, 1))}
    assert "SWESRC-OSO-T1" in late  # what waives it has ended


# ── drafts of compute ─────────────────────────────────────────────────────────────────────────

DRAFT = Span("policies/draft.yaml", 1, 1, 1, 6)
COMMON = "CHSRC-CSCS/common"
OF_COMPUTE = [
    ("compute policy `queues`", {"queues"}),
    ("queue `batch`", {"batch", "queues"}),
    (f"cluster `{COMMON}`", {COMMON, "CHSRC-CSCS"}),
    ("share", {COMMON, "CHSRC-CSCS"}),
    (f"window `{COMMON}/nights`", {"nights", COMMON, "CHSRC-CSCS"}),
    ("project `eor`", {"eor", "cycle-0"}),
]
"""What may be a draft, and the names by which a waiver may accept it."""


def drafted(federation: Federation, what: str) -> Federation:
    """The federation in which this alone is a draft."""
    compute = federation.compute
    assert compute.policy is not None
    (allocation,) = compute.allocations
    policy, clusters, projects = compute.policy, compute.clusters, allocation.projects

    def draft(thing, name):
        return replace(thing, drafts=(DRAFT,) if name == what else ())

    def drawn(cluster):
        here = cluster.label == COMMON
        share = cluster.share and draft(cluster.share, "share" if here else "")
        windows = tuple(draft(w, f"window `{cluster.label}/{w.name}`") for w in cluster.windows)
        return replace(draft(cluster, f"cluster `{cluster.label}`"), share=share, windows=windows)

    queues = {name: draft(queue, f"queue `{name}`") for name, queue in policy.queues.items()}
    return replace(
        federation,
        compute=replace(
            compute,
            policy=replace(draft(policy, f"compute policy `{policy.name}`"), queues=queues),
            clusters=tuple(map(drawn, clusters)),
            allocations=(
                replace(
                    allocation, projects=tuple(draft(p, f"project `{p.name}`") for p in projects)
                ),
            ),
        ),
    )


@pytest.mark.parametrize(("what", "names"), OF_COMPUTE, ids=[what for what, _ in OF_COMPUTE])
def test_a_draft_of_compute_is_held_back_and_refused_unless_it_is_waived(federation, what, names):
    """By its own name, and by that of what it stands in; by no other."""
    plan, open_ = plan_of(change("x", drafts=(DRAFT,))), drafted(federation, what)
    said = f"cluster `{COMMON}`" if what == "share" else what
    for name in ("", "development", "CHSRC-CSCS/own", "hi-survey", "visualisation", *names):
        waived = replace(open_, waivers=(waiver(open_, "draft", of=name),))
        accepted = name in names
        assert codes(plan, waived) == ([] if accepted else [Code.RESTS_ON_DRAFT])
        held = {item.what for item in held_back(waived, ("slurm",))}
        assert held == (set() if accepted else {said})


# ── drafts of what runs on Kubernetes ─────────────────────────────────────────────────────────

SERVICES = "CHSRC-CSCS/services"
ON_KUBERNETES = [
    (f"cluster `{SERVICES}`", {SERVICES, "CHSRC-CSCS"}),
    ("service `soda_sync`", {"soda_sync"}),
    ("template `notebook`", {"notebook"}),
    ("security policy `security`", {"security"}),
    (f"service `gatekeeper` on `{SERVICES}`",
     {"gatekeeper", "gatekeeper at gatekeeper.example.ch", "CHSRC-CSCS"}),
    ("queue `batch`", {"batch", "queues"}),
]  # fmt: skip


def drafted_on_kubernetes(federation: Federation, what: str) -> Federation:
    """The federation in which this alone is a draft, and all digests are read."""

    def draft(thing, name):
        return replace(thing, drafts=(DRAFT,) if name == what else ())

    def read(thing, kind):
        image = replace(thing.container.image, drafts=(), digest=f"sha256:{'a' * 64}")
        running = replace(thing, container=replace(thing.container, image=image))
        return draft(running, f"{kind} `{thing.name}`")

    services, templates = federation.services, federation.templates
    return replace(
        drafted(federation, what),
        kubernetes=tuple(draft(c, f"cluster `{c.label}`") for c in federation.kubernetes),
        services={name: read(each, "service") for name, each in services.items()},
        templates={name: read(each, "template") for name, each in templates.items()},
        security=draft(federation.security, "security policy `security`"),
        deployed=tuple(
            draft(d, f"service `{d.service}` on `{d.site}/{d.cluster}`")
            for d in federation.deployed
        ),
    )


@pytest.mark.parametrize(("what", "names"), ON_KUBERNETES, ids=[what for what, _ in ON_KUBERNETES])
def test_a_draft_on_kubernetes_is_held_back_and_refused_unless_it_is_waived(
    federation, what, names
):
    plan = plan_of(change("x", drafts=(DRAFT,)))
    open_ = drafted_on_kubernetes(federation, what)
    for name in ("", "development", "CHSRC-CSCS/edge", "hi-survey", "imaging", *names):
        waived = replace(open_, waivers=(waiver(open_, "draft", of=name),))
        accepted = name in names
        assert codes(plan, waived) == ([] if accepted else [Code.RESTS_ON_DRAFT])
        held = {item.what for item in held_back(waived, ("kubernetes",))}
        assert held == (set() if accepted else {what})


def test_an_image_that_nobody_has_read_is_held_back_even_where_its_draft_is_waived(federation):
    waived = replace(federation, waivers=(waiver(federation, "draft", of="perfsonar"),))
    drafts = {item.what: item.reason for item in held_back(federation, ("kubernetes",))}
    unread = {item.what: item.reason for item in held_back(waived, ("kubernetes",))}
    assert drafts["service `perfsonar`"].startswith("rests on a draft at policies/services/")
    assert unread["service `perfsonar`"].startswith("nobody has read the digest of its image at")
