"""What a change of policies moves of what is there: nothing twice, nothing that suffices."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cli_runner import srcnet
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from specs import REAL, TODAY, compile_texts, repository, texts
from test_catalogue import AT, collection, written

from srcnet_compiler.analysis.placement import PhasePlacement, place
from srcnet_compiler.catalogue.engine import DuckDb, open_tables
from srcnet_compiler.catalogue.model import Row
from srcnet_compiler.catalogue.questions import Amount
from srcnet_compiler.catalogue.satisfying import kept, missing
from srcnet_compiler.cli.completing import names_of_sites
from srcnet_compiler.federation.model import StorageArea
from srcnet_compiler.pipeline import Compiled
from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.review.movement.count import movement
from srcnet_compiler.review.movement.loss import without
from srcnet_compiler.review.movement.model import Movement
from srcnet_compiler.review.movement.settle import settle, sources, split

SCHEMA = json.loads((REAL / "schemas/review.schema.json").read_text("utf-8"))
POLICY = "policies/data/v01-campaign.yaml"


def placements(real: Compiled) -> list[PhasePlacement]:
    assert real.federation is not None
    return [each for each in place(real.federation) if each.draws]


# ── one class ─────────────────────────────────────────────────────────────────────────────────


@given(st.data())
def test_what_is_made_of_any_copies_keeps_the_phase_wherever_rucio_puts_them(
    real: Compiled, data: st.DataObject
):
    assert real.federation is not None
    placement = data.draw(st.sampled_from(placements(real)))
    areas = sorted(real.federation.areas.values(), key=lambda area: area.name)
    there = data.draw(st.lists(st.sampled_from(areas), max_size=4, unique_by=lambda a: a.name))
    draw = data.draw(st.none() | st.integers(0, len(placement.draws) - 1))
    found = settle(placement.phase, placement, draw, there)
    assert len(found.useful) == len(kept(placement.phase, there))
    assert len(found.useful) + len(found.new) + found.unplaced == placement.phase.count
    chosen = [data.draw(st.sampled_from(list(free))) for free in found.new]
    if placement.phase.apart != "area" or len({area.name for area in chosen}) == len(chosen):
        after = [*found.useful, *chosen]
        assert len(missing(placement.phase, kept(placement.phase, after))) == found.unplaced
    useful = {area.name for area in found.useful}
    assert not useful & {area.name for area in (*found.released, *chosen)}
    beside = {area.name for area in there if area.counts} - useful
    assert {area.name for area in found.released} == (set() if found.unplaced else beside)


@given(st.data(), st.integers(0, 10**18), st.none() | st.integers(0, 10**6))
def test_the_parts_of_a_domain_add_up_to_the_byte(
    real: Compiled, data: st.DataObject, size: int, files: int | None
):
    placement = data.draw(st.sampled_from(placements(real)))
    areas = data.draw(st.sampled_from([*placement.domains.values()]))
    parts = [part for _, part in split(Amount(7, files, size), areas)]
    assert sum(parts, Amount()) == Amount(7, files, size)
    assert all(part.bytes >= 0 for part in parts)


def test_what_is_near_is_copied_from_and_tape_last(real: Compiled):
    assert real.federation is not None
    tiers = real.federation.tiers
    archive = next(name for name, tier in tiers.items() if tier.archive)
    european = {a.site: a for a in real.federation.areas.values() if a.region == "europe"}
    one, same, far, *_ = (a for _, a in sorted(european.items()) if a.tier == "online")
    tape = replace(same, tier=archive)
    away = replace(far, region=None)
    assert sources(real.federation, [tape, away], one) == (away,)
    assert sources(real.federation, [tape], one) == (tape,)
    assert sources(real.federation, [away, far], one) == (far,)
    other = replace(far, site=one.site, site_known_as=one.site_known_as)
    assert sources(real.federation, [far, other, away], one) == (other,)


# ── a snapshot ────────────────────────────────────────────────────────────────────────────────


def changed(old: str, new: str) -> Compiled:
    """The specs with one thing in the campaign's policy said otherwise."""
    files = texts(REAL)
    assert old in files[POLICY]
    found = compile_texts({**files, POLICY: files[POLICY].replace(old, new)})
    assert not found.failed
    return found


def moved(folder: Path, base: Compiled, head: Compiled, **tables: list[Row]) -> Movement:
    snapshot = written(folder, **tables)
    sides = [(side.federation, side.analysis) for side in (base, head)]
    with DuckDb() as engine:
        open_tables(engine, snapshot)
        return movement(engine, snapshot, sides[0], sides[1], AT)  # type: ignore[arg-type]


def in_region(real: Compiled, region: str) -> StorageArea:
    (placement,) = (each for each in placements(real) if each.policy == "v01-campaign")
    return next(a for areas in placement.domains.values() for a in areas if a.region == region)


def held(name: str, *areas: StorageArea) -> list[Row]:
    return [("testing", name, area.name_today, 10, 1000) for area in areas]


def test_one_more_copy_goes_where_none_is_yet_and_what_suffices_stays(
    real: Compiled, tmp_path: Path
):
    europe, asia = in_region(real, "europe"), in_region(real, "asia-pacific")
    america = in_region(real, "americas")
    head = changed("count: 2, tier: online", "count: 3, tier: online")
    found = moved(
        tmp_path / "there",
        real,
        head,
        collections=[collection(name) for name in ("two-01", "three-02", "none-03", "one-04")],
        held=[
            *held("two-01", europe, asia),
            *held("three-02", europe, asia, america),
            *held("one-04", europe),
        ],
    )
    assert found.changed == Amount(4, 40, 4000)
    assert found.before.nowhere == found.after.nowhere == Amount(1, 10, 1000)
    assert found.before.total == Amount(1, 10, 1000)  # of one-04
    assert found.after.total == Amount(3, 30, 3000)
    came = {to for _, to in found.after.copied}
    assert europe.name not in came
    assert all(sum(each.bytes for each in (s.comes, s.goes)) > 0 for s in found.sites)
    comes = sum((each.comes for each in found.sites), Amount())
    goes = sum((each.goes for each in found.sites), Amount())
    assert comes == goes == found.after.total
    # one of the three copies of three-02 need not stay by the base; all must by the head
    assert sum((a.bytes for a in found.before.released.values()), 0) == 1000
    assert found.after.released == {}


def test_what_no_policy_is_about_any_more_stays_and_is_said(real: Compiled, tmp_path: Path):
    europe, asia = in_region(real, "europe"), in_region(real, "asia-pacific")
    found = moved(
        tmp_path / "there",
        real,
        changed("namespaces: [testing]", "namespaces: [testing], campaign: two"),
        collections=[collection("d-01")],
        held=held("d-01", europe, asia),
    )
    assert (found.left, found.changed) == (Amount(1, 10, 1000), Amount(1, 10, 1000))
    assert found.after.copied == found.after.released == {}


def test_the_same_specs_move_what_they_move_anyway(real: Compiled, tmp_path: Path):
    europe = in_region(real, "europe")
    found = moved(
        tmp_path / "there",
        real,
        real,
        collections=[collection("d-01"), collection("odd name")],
        held=[*held("d-01", europe), *held("odd name", europe)],
    )
    assert found.changed == Amount()
    assert found.before == found.after
    assert found.after.total == Amount(2, 20, 2000)


def test_the_loss_of_a_site_breaks_what_had_no_more_than_its_floor(real: Compiled, tmp_path: Path):
    europe, asia = in_region(real, "europe"), in_region(real, "asia-pacific")
    america = in_region(real, "americas")
    assert real.federation is not None
    assert real.analysis is not None
    base = (real.federation, real.analysis)
    snapshot = written(
        tmp_path / "there",
        collections=[collection(name) for name in ("two-01", "one-02", "three-03", "far-04")],
        held=[
            *held("two-01", europe, asia),
            *held("one-02", asia),
            *held("three-03", europe, asia, america),
            *held("far-04", europe, america),
        ],
    )
    with DuckDb() as engine:
        open_tables(engine, snapshot)
        lesser = without(*base, asia.site)
        found = movement(engine, snapshot, base, lesser, AT)
    assert asia.name not in {to for _, to in found.after.copied}
    assert asia.site not in {each.site for each in found.sites}
    one = Amount(1, 10, 1000)
    assert found.before.short == {"v01-campaign": one}  # of one-02
    assert found.after.short == {"v01-campaign": Amount(2, 20, 2000)}
    assert (found.before.nowhere, found.after.nowhere) == (Amount(), one)
    assert found.after.total == one  # of two-01: of one-02 there is nothing to copy
    assert {source for source, _ in found.after.copied} == {europe.name}


# ── at the keyboard ───────────────────────────────────────────────────────────────────────────


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in texts(REAL).items():
        path = tmp_path / "specs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return repository(tmp_path / "specs")


def test_a_change_shows_what_it_moves_to_every_reader(folder: Path):
    today = {f"SRCNET_{name}_TODAY": str(TODAY) for name in ("CATALOGUE", "DIFF")}
    taken = srcnet("catalogue", "snapshot", "--forecast", "2026", cwd=folder, env=today)
    assert taken.code == 0, taken
    policy = folder / POLICY
    policy.write_text(policy.read_text().replace("count: 2", "count: 3"))
    args = ["diff", "main", "--catalogue", ".srcnet/catalogue"]
    text = srcnet(*args, "--policy", cwd=folder, env=today)
    assert text.code == 0, text
    assert "What it moves of what is there, by the forecast of 2027-01-01" in text.out
    assert "150 TB are copied; without the change nothing is copied" in text.out
    said = srcnet(*args, "--format", "json", cwd=folder, env=today)
    data = json.loads(said.out)
    Draft202012Validator(SCHEMA).validate(data)
    work = data["movement"]["after"]
    assert sum(each["bytes"] for each in work["copied"]) == 150 * 10**12
    comment = srcnet(*args, "--format", "markdown", cwd=folder, env=today)
    assert "From where to where" in comment.out
    for page in ((), ("--policy",)):
        html = srcnet(*args, *page, "--format", "html", cwd=folder, env=today).out
        assert "What it moves of what is there, by the forecast of 2027-01-01" in html
        assert "From where to where" in html
    missing_one = srcnet("diff", "main", "--catalogue", "nowhere", cwd=folder, env=today)
    assert missing_one.code == 74
    assert "`srcnet catalogue snapshot` takes one" in missing_one.err


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_a_site_is_shown_what_comes_to_it_and_goes_from_it(folder: Path, form: str):
    today = {f"SRCNET_{name}_TODAY": str(TODAY) for name in ("CATALOGUE", "DIFF")}
    taken = srcnet("catalogue", "snapshot", "--forecast", "2026", cwd=folder, env=today)
    assert taken.code == 0, taken
    policy = folder / POLICY
    policy.write_text(policy.read_text().replace("count: 2", "count: 3"))
    args = ["diff", "main", "--catalogue", ".srcnet/catalogue", "--site"]
    whole = json.loads(srcnet(*args[:-1], "--format", "json", cwd=folder, env=today).out)
    takes = [each for each in whole["movement"]["sites"] if each["comes"]["bytes"]]
    others = {each["site"] for each in whole["movement"]["sites"]}
    still = next(name for name in names_of_sites(folder) if name not in others)
    page = srcnet(*args, takes[0]["site"], "--format", form, cwd=folder, env=today)
    assert page.code == 0, page
    assert "What it moves of what is there, by the forecast of 2027-01-01" in page.out
    assert f"{round_bytes(takes[0]['comes']['bytes'])} in" in page.out
    assert all(f"  {name}: " not in page.out for name in others - {takes[0]["site"]})
    without_any = srcnet(*args, still, "--format", form, cwd=folder, env=today)
    assert f"{still}: nothing comes or goes" in without_any.out


def test_one_collection_is_followed_through_its_phases(folder: Path):
    today = {f"SRCNET_{name}_TODAY": str(TODAY) for name in ("CATALOGUE", "WHERE")}
    assert srcnet("catalogue", "snapshot", "--forecast", "2030", cwd=folder, env=today).code == 0
    name = "observatory:observatory-data-products.LOW.2030-03.07"
    said = srcnet("where", name, cwd=folder, env=today)
    assert said.code == 0, said
    for words in (
        "policy `observatory-data-products` (a draft)",
        "policies/data/observatory-data-products.yaml:20:7",
        "now: nothing: it has the copies that its phase asks for",
        "from 2031-03-15 on, phase `archive`: 1 on online, 1 on nearline, apart by region",
        "1 copy can be put nowhere: no area is left",
        "nothing of it is done while the policy is a draft",
    ):
        assert words in said.out
    assert "may let its copy go" not in said.out
    identifier = f"ivo://test.skao/~?{name}"
    assert f"  {identifier} (a draft)   policies/federation.yaml:69:17\n" in said.out
    other_case = identifier.replace("test.skao", "TEST.SKAO")
    assert srcnet("where", other_case, cwd=folder, env=today).out == said.out
    data = json.loads(srcnet("where", name, "--format", "json", cwd=folder, env=today).out)
    assert (data["policy"], data["draft"]) == ("observatory-data-products", True)
    assert (data["identifier"], data["identifierDraft"]) == (identifier, True)
    assert [(each["phase"], each["unplaced"]) for each in data["phases"]] == [
        ("fresh", 0),
        ("archive", 1),
    ]
    assert sorted(data["phases"][0]["useful"]) == sorted(c["area"] for c in data["copies"])


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("nothing", 64, "write it as `SCOPE:NAME`"),
        (
            "ivo://test.skao/~?testing:a",
            1,
            "collection `testing:a` (ivo://test.skao/~?testing:a) in",
        ),
        ("ivo://test.skao/~?nowhere:a", 1, "is no identifier of this federation"),
        ("ivo://test.skao/~?nowhere:a", 1, "are `ivo://test.skao/~?{namespace}:{name}`"),
        (
            "testing:it's not there",
            1,
            "there is no collection `testing:it's not there` in the snap",
        ),
    ],
)
def test_a_collection_that_is_not_there_is_said_so(folder: Path, name: str, code: int, words: str):
    today = {f"SRCNET_{name}_TODAY": str(TODAY) for name in ("CATALOGUE", "WHERE")}
    assert srcnet("catalogue", "snapshot", "--forecast", "2026", cwd=folder, env=today).code == 0
    done = srcnet("where", name, cwd=folder, env=today)
    assert done.code == code, done
    assert words in done.err


def test_the_loss_of_a_site_is_told_with_what_it_breaks(folder: Path):
    today = {f"SRCNET_{name}_TODAY": str(TODAY) for name in ("CATALOGUE", "WHAT_IF")}
    assert srcnet("catalogue", "snapshot", "--forecast", "2026", cwd=folder, env=today).code == 0
    done = srcnet("what-if", "--lose", "CANSRC-UVIC", cwd=folder, env=today)
    assert done.code == 0, done
    for words in (
        "nothing is lost for good",
        "collections with 49.5 TB of `v01-campaign` fall below its floor of 2",
        "policies/data/v01-campaign.yaml:13:10",
        "49.5 TB more are copied to mend it",
    ):
        assert words in done.out
    data = json.loads(
        srcnet("what-if", "--lose", "CANSRC-UVIC", "--format", "json", cwd=folder, env=today).out
    )
    assert data["lost"] == ["CANSRC-UVIC"]
    assert sum(each["bytes"] for each in data["after"]["copied"]) == 49_500 * 10**9
    both = ("what-if", "--lose", "UKSRC-RAL", "--lose", "CANSRC-UVIC", "--lose", "UKSRC-RAL")
    lost = srcnet(*both, cwd=folder, env=today)
    assert lost.out.startswith("Without UKSRC-RAL and CANSRC-UVIC, by the forecast"), lost
    assert "collections with 43.4 TB are lost for good: no other whole copy is known" in lost.out
    two = json.loads(srcnet(*both, "--format", "json", cwd=folder, env=today).out)
    assert two["lost"] == ["UKSRC-RAL", "CANSRC-UVIC"]
    wrong = srcnet("what-if", "--lose", "cansrc-uvi", cwd=folder, env=today)
    assert wrong.code == 64
    assert "did you mean `CANSRC-UVIC`?" in wrong.err
