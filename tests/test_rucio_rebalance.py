"""Shares by pledge are restored when somebody asks for it: what moves, how much, and no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from test_rucio_lifecycle import EVERY, FRESH, LIFE, MODEL, ON, REGIONS, YOUNG, expression, rule
from test_rucio_lifecycle import template as dealt

from srcnet_compiler.change import Action, Change
from srcnet_compiler.quantity import Bytes
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.rucio.check import prove
from srcnet_compiler.targets.rucio.diff import diff, notes, postponed, rebalancing
from srcnet_compiler.targets.rucio.model import Dataset, RucioModel
from srcnet_compiler.targets.rucio.model.lifecycle import Deal, LifePhase, Pace, Place


def phase(**shares: int) -> LifePhase:
    """Copies in `as` and in these regions, each in so many of a hundred data sets."""
    ends = [*EVERY]
    deals = [
        Deal((dealt(FRESH, 0, "as"), dealt(FRESH, 1, region)), tuple(ends.pop() for _ in range(n)))
        for region, n in shares.items()
    ]
    places = tuple(Place(dealt(FRESH, 0, region), 1) for region in REGIONS)
    return LifePhase(replace(FRESH, floor=2), None, tuple(deals), places)


def model(wanted: LifePhase) -> RucioModel:
    return replace(MODEL, lifecycles={"p": replace(LIFE, phases=(wanted,))})


GROWN = model(phase(eu=50, am=50))
"""Until now all data had their second copy in `eu`."""


def data(sizes: Sequence[int], *regions: str) -> list[Dataset]:
    return [
        Dataset(
            "s",
            f"d-{number:03d}",
            {},
            True,
            tuple(rule(f"fresh/{n}", region) for n, region in enumerate(regions)),
            bytes=size,
            created=YOUNG,
        )
        for number, size in enumerate(sizes)
    ]


def seen(there: Sequence[Dataset]) -> Reading[RucioModel]:
    datasets = {each.did: each for each in there}
    return Reading(replace(MODEL, lifecycles={}, datasets=datasets), day=ON)


def planned(wanted: RucioModel, there: Sequence[Dataset]) -> list[Change]:
    found = diff(rebalancing(wanted), seen(there))
    assert prove(wanted, seen(there), found).objections == ()
    return [change for change in found if change.address.kind == "rule"]


def done(there: Sequence[Dataset], found: Sequence[Change]) -> list[Dataset]:
    """The data sets when all changes are carried out and what was released has gone."""
    after = []
    for each in there:
        own = [c for c in found if c.address.name.startswith(f"{each.did} ")]
        values = [{field.name: field.after for field in change.fields} for change in own]
        gone = {v["id"] for v in values if "released" in v}
        made = [
            replace(
                rule("x", "eu"),
                id=f"{each.name} {v['rule']['comments']}",
                comments=v["rule"]["comments"],
                rse_expression=v["rule"]["rse_expression"],
            )
            for v in values
            if "rule" in v
        ]
        kept = tuple(r for r in each.rules if r.id not in gone)
        after.append(replace(each, rules=(*kept, *made)))
    return after


def held(there: Sequence[Dataset]) -> Counter[str]:
    found: Counter[str] = Counter()
    for each in there:
        for one in each.rules:
            found[one.rse_expression] += each.bytes
    return found


def test_growth_moves_nothing_until_somebody_asks_for_balance():
    there = data([10] * 20, "as", "eu")
    assert diff(GROWN, seen(there)) == ()
    assert notes(GROWN, seen(there)) == ()
    found = planned(GROWN, there)
    assert Counter(change.action for change in found) == {
        **{Action.CREATE: 10, Action.UPDATE: 10, Action.RETIRE: 10}
    }
    assert sum(change.moves for change in found) == 100
    assert held(done(there, found)) == {
        **{expression("as"): 200, expression("eu"): 100, expression("am"): 100}
    }
    assert [line for line in notes(rebalancing(GROWN), seen(there)) if "holds" in line] == [
        "shares of p/fresh: af online holds 0.0 %, then 0.0 %; its share is 0.0 %",
        "shares of p/fresh: am online holds 0.0 %, then 25.0 %; its share is 25.0 %",
        "shares of p/fresh: as online holds 50.0 %, then 50.0 %; its share is 50.0 %",
        "shares of p/fresh: eu online holds 50.0 %, then 25.0 %; its share is 25.0 %",
    ]


def test_once_it_is_balanced_there_is_nothing_to_move():
    there = data([10] * 20, "as", "eu")
    after = done(there, planned(GROWN, there))
    assert planned(GROWN, after) == []
    assert notes(rebalancing(GROWN), seen(after)) == ("shares of p/fresh: nothing to move",)
    near = data([1] * 100, "as", "am")[:50] + data([1] * 100, "as", "eu")[50:]
    assert planned(model(phase(eu=51, am=49)), near) == []


def test_an_ordinary_run_goes_on_with_what_is_half_way_and_undoes_nothing():
    there = data([10] * 20, "as", "eu")
    found = planned(GROWN, there)
    one = there[0]
    renamed, added, retired = [c for c in found if c.address.name.startswith(f"{one.did} ")]
    kept, old = one.rules
    made = added.fields[0].after
    new = replace(rule("fresh/2", "am", locks_ok=0), rse_expression=made["rse_expression"])
    gone = replace(old, comments=renamed.fields[1].after)
    assert (added.needs, retired.needs) == ((), (renamed.address,))
    (back,) = diff(GROWN, seen([replace(one, rules=(kept, old, new)), *there[1:]]))[1:]
    assert back.fields[0].after == new.id  # no copy less, where it did not give up its name
    for rules, rest in (
        ((kept, gone, new), [retired.id]),
        ((kept, replace(gone, released=True), new), []),
    ):
        half = [replace(one, rules=rules), *there[1:]]
        assert [c.id for c in diff(GROWN, seen(half))] == rest
        again = planned(GROWN, half)  # what is under way counts where it will be
        assert sum(c.action is Action.CREATE for c in again) == 9
    (back,) = diff(GROWN, seen([replace(one, rules=(kept, gone)), *there[1:]]))
    assert back.fields[1].after == old.comments


def test_it_goes_in_bounded_parts_after_what_is_due_and_says_how_much_is_left():
    bare = Dataset("s", "z-00", {}, True, (), 10, YOUNG)
    there = [*data([10] * 20, "as", "eu"), bare]
    paced = replace(GROWN, pace=Pace(Bytes(50)))
    found = planned(paced, there)
    created = [c.address.name.split(" ")[0] for c in found if c.action is Action.CREATE]
    assert Counter(created)["s:z-00"] == 2
    assert sum(change.moves for change in found) == 50
    last = notes(rebalancing(paced), seen(there))[-1]
    assert last.startswith("shares of p: 6 more data sets have to move for that")
    assert postponed(rebalancing(paced), seen(there)) == ()


def test_open_data_and_those_that_are_under_way_stay():
    opened = [replace(each, closed=False) for each in data([10] * 20, "as", "eu")]
    assert planned(GROWN, opened) == []
    assert notes(rebalancing(GROWN), seen(opened)) == (
        "shares of p/fresh: nothing to move, though not all is as pledged: no data set of a fitting"
        " size may move",
    )


@given(
    sizes=st.lists(st.integers(1, 50), min_size=1, max_size=30),
    eu=st.integers(0, 100),
    pairs=st.lists(
        st.sampled_from([("as", "eu"), ("as", "am"), ("af", "eu"), ("am", "eu")]), min_size=1
    ),
)
def test_no_place_gets_more_than_its_share_and_none_gives_away_more_than_it_has_too_much(
    sizes, eu, pairs
):
    wanted = model(phase(eu=eu, am=100 - eu))
    there = [data(sizes, *pairs[number % len(pairs)])[number] for number in range(len(sizes))]
    found = planned(wanted, there)
    after = done(there, found)
    whole = sum(sizes)
    shares = {"as": whole, "eu": whole * eu / 100, "am": whole * (100 - eu) / 100, "af": 0}
    before, now = held(there), held(after)
    for region, share in shares.items():
        had, has = before[expression(region)], now[expression(region)]
        if has > had:
            assert has <= share
        if has < had:
            assert had > share + whole / 100
            assert has >= share
    assert diff(wanted, seen(after)) == ()
    assert len({change.address.name.split(" ")[0] for change in found}) <= len(sizes)
