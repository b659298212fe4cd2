"""An area ends, or is to count elsewhere: its copies are moved, by one rule for another."""

from __future__ import annotations

from dataclasses import replace

from test_rucio_lifecycle import MODEL, ON, YOUNG, dataset, rse, rule, short

from srcnet_compiler.change import Action, Change
from srcnet_compiler.quantity import Bytes
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.rucio.check import prove
from srcnet_compiler.targets.rucio.diff import diff
from srcnet_compiler.targets.rucio.model import Dataset, Rse, RucioModel
from srcnet_compiler.targets.rucio.model.expression import RseFacts
from srcnet_compiler.targets.rucio.model.lifecycle import Pace
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.requirement import candidates_of

EU = "(srcnet_region=eu&srcnet_tier=online)"
REST = f"({EU}\\srcnet_site=S1)"


def at(site: str, **more: str) -> Rse:
    plain = rse(f"eu-disk-{site}", "eu", "online")
    return replace(plain, attributes={**plain.attributes, "srcnet_site": site, **more})


def ended(area: Rse) -> Rse:
    kept = {k: v for k, v in area.attributes.items() if k != "srcnet_tier"}
    return replace(area, attributes=kept)


ONE, TWO = at("S1"), at("S2")
OTHERS = {name: area for name, area in MODEL.rses.items() if name != RseName("eu-disk")}
THERE = {**OTHERS, ONE.name: ONE, TWO.name: TWO}


ENDED = ended(ONE)


def world(*holding: str, after: Rse = ENDED) -> tuple[RucioModel, RucioModel]:
    """The specs, by which the area ends, and the server, where these rules have data on it."""
    wanted = replace(MODEL, rses={**THERE, ONE.name: after})
    seen = replace(MODEL, rses={**THERE, ONE.name: replace(ONE, holds=frozenset(holding))})
    return wanted, seen


def changes(wanted: RucioModel, seen: RucioModel, *there: Dataset) -> list[Change]:
    reading = Reading(replace(seen, datasets={each.did: each for each in there}), day=ON)
    found = diff(wanted, reading)
    assert prove(wanted, reading, found).objections == ()
    return [change for change in found if change.address.kind == "rule"]


FRESH = dataset(rule("fresh/0", "as"), rule("fresh/1", "eu"), created=YOUNG)


def test_another_copy_is_added_beside_the_area_and_the_one_on_it_goes_when_all_are_there():
    wanted, seen = world("fresh/1")
    found = changes(wanted, seen, FRESH)
    assert short(found) == [
        "create s:d-00 srcnet:p/fresh/2",
        "update s:d-00 srcnet:p/leaving/fresh-1",
        "retire s:d-00 srcnet:p/leaving/fresh-1 waits",
    ]
    added = found[0].fields[0].after
    assert added["rse_expression"] == REST
    assert found[0].moves == 100
    now = {name: RseFacts(attributes=area.attributes) for name, area in seen.rses.items()}
    assert candidates_of(REST, now) == {TWO.name}


def test_what_holds_nothing_there_is_left_alone():
    assert changes(*world("of another"), FRESH) == []
    assert changes(*world(), FRESH) == []


def test_whatever_part_is_done_the_next_run_does_the_rest_and_then_nothing():
    wanted, seen = world("fresh/1")
    added, renamed, retired = changes(wanted, seen, FRESH)
    kept, old = FRESH.rules
    new = replace(rule("fresh/2", "eu"), rse_expression=REST, locks_ok=0)
    gone = replace(old, comments="srcnet:p/leaving/fresh-1")
    for rules, rest in (
        ((kept, old, new), [renamed.id, retired.id]),
        ((kept, gone), [added.id, retired.id]),
        ((kept, gone, new), [retired.id]),
        ((kept, replace(gone, released=True), new), []),
    ):
        found = changes(wanted, seen, replace(FRESH, rules=rules))
        names = [c.id if c.action is not Action.CREATE else added.id for c in found]
        assert names == rest
    empty = world()  # the released rule has gone
    assert changes(*empty, replace(FRESH, rules=(kept, replace(new, locks_ok=1)))) == []


def test_where_no_other_area_of_the_region_is_left_another_region_takes_its_part():
    wanted, seen = world("fresh/1")
    alone = {name: area for name, area in wanted.rses.items() if name != TWO.name}
    there = {name: area for name, area in seen.rses.items() if name != TWO.name}
    found = changes(replace(wanted, rses=alone), replace(seen, rses=there), FRESH)
    assert [c.action.value for c in found] == ["create", "update", "retire"]
    assert found[0].fields[0].after["rse_expression"] in {
        f"(srcnet_region={region}&srcnet_tier=online)" for region in ("af", "am")
    }


def test_an_area_that_comes_to_another_region_gives_back_what_it_holds():
    moved = at("S1", srcnet_region="am")
    wanted, seen = world("fresh/1", after=moved)
    added, *_ = changes(wanted, seen, FRESH)
    assert added.fields[0].after["rse_expression"] == REST


def test_it_goes_in_bounded_parts():
    many = [
        replace(FRESH, name=f"d-0{n}", rules=(rule("fresh/0", "as"), rule(f"fresh/{n + 1}", "eu")))
        for n in range(5)
    ]
    wanted, seen = world(*(f"fresh/{n + 1}" for n in range(5)))
    found = changes(replace(wanted, pace=Pace(Bytes(200))), seen, *many)
    assert sum(change.moves for change in found) == 200


def test_an_area_that_is_set_aside_keeps_what_it_holds():
    """A flag is no acknowledged end."""
    wanted, seen = world("fresh/1")
    rses = {name: area for name, area in wanted.rses.items() if name != ONE.name}
    assert changes(replace(wanted, rses=rses, set_aside={ONE.name: ()}), seen, FRESH) == []
