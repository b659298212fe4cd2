"""Another name for a site: what systems know it by stays as it is, and nothing moves."""

from dataclasses import replace

import pytest
from golden_scalars import scalars
from moved_specs import MOVED, said, site_renamed, with_areas_called, with_edits
from specs import GOLDEN, TODAY, compile_texts, compiled
from test_law_of_places import gone_and_come, unexplained

from srcnet_compiler.change import Action, Address, SystemName
from srcnet_compiler.diagnostic import Code
from srcnet_compiler.plan.likely import likely_moves
from srcnet_compiler.targets import scapi
from srcnet_compiler.targets.protocol import Reading

SITES = sorted(compiled(GOLDEN).federation.sites)
CSCS, NEW = "CHSRC-CSCS", "CHSRC-LUGANO"


def models_of(result):
    """By target and instance."""
    return {(each.target.name, each.model.instance): each for each in result.models}


def lines_of(artifact):
    """Without comments: they say which places of the specs a file is from."""
    return [line for line in artifact.content.split("\n") if not line.lstrip().startswith("#")]


@pytest.mark.parametrize("new", ["AA-FIRST", "ZZ-LAST"])
@pytest.mark.parametrize("old", SITES)
def test_a_site_with_another_name_is_the_same_to_all_systems(old, new):
    before, after = compiled(GOLDEN), compile_texts(site_renamed(old, new))
    assert not after.failed, [found.message for found in after.diagnostics]
    was, now = models_of(before), models_of(after)
    assert was.keys() == now.keys()
    for key, lowered in now.items():
        target, seen = lowered.target, was[key].model
        changes = target.diff(lowered.model, Reading(seen, day=TODAY))
        if target is scapi.TARGET:
            named = {
                (c.action, c.address.kind, c.address.name, f.name, f.after)
                for c in changes
                for f in c.fields
                if f.before != f.after
            }
            entry = seen.entries.get(("site", old))
            # what has an identity of others is called as they call it
            says = entry is not None and "name" not in entry.at_first
            assert named == ({(Action.UPDATE, "site", old, "name", new)} if says else set())
        else:
            assert changes == ()
            assert target.adoptions(lowered.model, Reading(seen)) == target.adoptions(
                was[key].model, Reading(seen)
            )
        assert not [d for d in target.check_seen(lowered.model, seen) if d.code is Code.LIKELY_MOVE]


@pytest.mark.parametrize("target", ["rucio", "slurm", "kubernetes"])
@pytest.mark.parametrize("old", SITES)
def test_the_files_of_systems_stay_as_they_are(old, target):
    """Only Rucio's files for people, one for each site, have another name."""
    before, after = compiled(GOLDEN), compile_texts(site_renamed(old, "AA-FIRST"))
    was = [a for a in before.artifacts if a.path.parts[0] == target]
    now = [a for a in after.artifacts if a.path.parts[0] == target]
    if target != "rucio":
        assert [(a.path, a.content) for a in now] == [(a.path, a.content) for a in was]
    there = {str(each.path): each for each in now}
    assert len(there) == len(was) > 0
    for each in was:
        assert lines_of(there[str(each.path).replace(f"{old}.yaml", "AA-FIRST.yaml")]) == lines_of(
            each
        )


@pytest.mark.parametrize("site", ["CHSRC-CSCS", "UKSRC-JBO"])
def test_the_former_name_stands_in_every_line_that_it_changes(site):
    """Law of places, for a value that only the document has."""
    spec = f"{{site: {site}, from: FORMER, to: {site}}}"
    one, two = (with_edits(said(spec.replace("FORMER", name))) for name in ("FORMER", "EARLIER"))
    (scalar,) = (each for each in scalars(one) if each.value == "FORMER")
    old, new = compile_texts(one), compile_texts(two)
    assert not old.failed
    assert not new.failed
    gone, come = gone_and_come(old, new)
    assert [line for line in gone if "FORMER" in line.text]
    assert [line for line in come if "EARLIER" in line.text]
    assert unexplained(scalar, "EARLIER", new, old) == []


def test_a_label_of_the_site_has_the_document_as_its_first_place():
    after = compile_texts(site_renamed(CSCS, NEW))
    rucio = next(each.model for each in after.models if each.target.name == "rucio")
    places = rucio.rses["CHSRC-CSCS-T0"].origins["attribute.srcnet_site"]
    assert places[0].file == MOVED
    line = after.sources.lines[places[0].file][places[0].line - 1]
    assert line[places[0].column - 1 : places[0].end_column - 1] == CSCS


def test_the_names_of_areas_may_begin_with_either_name_while_the_document_is_there():
    files = site_renamed(CSCS, NEW)
    name = "CHSRC-CSCS-T0"
    files = {file: text.replace(name, "CHSRC-LUGANO-T0") for file, text in files.items()}
    assert not [d for d in compile_texts(files).diagnostics if d.code is Code.NAME_RULE]
    gone = compile_texts(site_renamed(CSCS, NEW, document=False))
    assert [d for d in gone.diagnostics if d.code is Code.NAME_RULE]


def test_without_the_document_somebody_is_told_what_to_type():
    before = compiled(GOLDEN)
    after = compile_texts(with_areas_called(site_renamed(CSCS, NEW, document=False), CSCS, NEW))
    assert not after.failed, [found.message for found in after.diagnostics]
    was = models_of(before)
    typed = f"`site: {NEW}, from: {CSCS}, to: {NEW}`"

    known = [
        Address(target, instance, "any", "thing")
        for target, instance in was
        if target in ("slurm", "kubernetes")
    ]
    systems = [
        (SystemName(each.target.name, each.model.instance), each.target.site(each.model))
        for each in after.models
    ]
    described = [system for system, _ in systems]
    found = list(likely_moves(after.federation, systems, described, known))
    assert {each.subject for each in found} == {
        *("slurm/CHSRC-LUGANO.common", "slurm/CHSRC-LUGANO.own"),
        *("kubernetes/CHSRC-LUGANO.edge", "kubernetes/CHSRC-LUGANO.services"),
    }
    for each in found:
        assert each.code is Code.LIKELY_MOVE
        assert typed in each.help
        assert each.labels[0].span.file == "site-specs/chsrc-cscs.yaml"
    # what the ledger knows by its new name does not begin from nothing
    new = [*known, *(Address(*system, "any", "thing") for system, _ in systems)]
    assert not list(likely_moves(after.federation, systems, described, new))
    # nor is a system that is described the former one of another
    both = [*described, *(SystemName(*key) for key in was)]
    assert not list(likely_moves(after.federation, systems, both, known))


def test_rucio_tells_of_a_site_that_it_knows_by_another_name():
    after = compile_texts(site_renamed(CSCS, NEW))
    rucio = next(each for each in after.models if each.target.name == "rucio")
    attributes = {"srcnet_site": "CHSRC-FORMER"}
    seen = replace(
        rucio.model,
        rses={
            name: replace(rse, attributes={**rse.attributes, **attributes})
            if rse.site == NEW
            else rse
            for name, rse in rucio.model.rses.items()
        },
    )
    found = [d for d in rucio.target.check_seen(rucio.model, seen) if d.code is Code.LIKELY_MOVE]
    assert [each.subject for each in found] == [NEW]
    assert "`CHSRC-FORMER` on the server" in found[0].message
    assert f"`site: {NEW}, from: CHSRC-FORMER, to: {NEW}`" in found[0].help


def test_a_place_that_has_the_former_name_still_is_mended():
    files = site_renamed(CSCS, NEW)
    cycle = "policies/allocation/cycle-0.yaml"
    files[cycle] = files[cycle].replace(f"sites: [{NEW}]", f"sites: [{CSCS}]")
    found = next(
        d for d in compile_texts(files).diagnostics if d.message == f"`{CSCS}` is not a site"
    )
    assert found.help == f"a `Moved` document says that it is called `{NEW}`: write that"
    assert found.fix is not None
    assert (found.fix.span.file, found.fix.text) == (cycle, NEW)
