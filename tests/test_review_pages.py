"""The page of a site and that of the architecture group: the same content, whoever reads it."""

import json
import re
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from html import unescape
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cli_runner import edit, golden_specs, srcnet
from golden_scalars import FILES
from pages import Read, committed, read, subject_of_texts
from specs import TODAY
from test_review import POLICIES, SCHEMA, SITE, changed, review

from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, SystemName
from srcnet_compiler.names import SiteName
from srcnet_compiler.quantity import BitsPerSecond, round_bytes
from srcnet_compiler.report.page import build
from srcnet_compiler.report.page import html as html_page
from srcnet_compiler.report.page.comparison import comparison
from srcnet_compiler.report.page.readers import site_change
from srcnet_compiler.report.review.json import (
    render_json,
    render_policy_json,
    render_site_json,
)
from srcnet_compiler.report.review.markdown import (
    render_markdown,
    render_policy_markdown,
    render_site_markdown,
)
from srcnet_compiler.report.review.text import render_policy, render_review, render_site
from srcnet_compiler.review.model import Amounts, AreaYear, Drift, Flow, Review
from srcnet_compiler.review.pages import policy_page, site_page

CSCS = SiteName("CHSRC-CSCS")
MORE_ROOM = changed(SITE, "pledged: 300 TB", "pledged: 350 TB")
MORE_COPIES = changed(POLICIES, "{count: 2, tier: online}", "{count: 3, tier: online}")
HARDLY = changed(POLICIES, "amount: 100 TB", "amount: 100.5 TB")
CHANGES = {
    "room": MORE_ROOM,
    "copies": MORE_COPIES,
    "hardly": HARDLY,
    "nothing": FILES,
    "policy gone": {name: text for name, text in FILES.items() if name != POLICIES},
    "nodes": changed(SITE, "shared: true", "shared: false"),
}


def html(found: Review, site: SiteName) -> Read:
    return read(html_page.render_change(site_change(found, site), found.head_lines))


def words(text: str) -> str:
    return re.sub(r"\s+", " ", text)


# ── the same content ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", CHANGES)
def test_json_is_what_the_schema_says(name: str):
    found = review(CHANGES[name])
    documents = [render_json(found), render_policy_json(found)]
    documents += [render_site_json(found, reach.site) for reach in found.reaches]
    for document in documents:
        jsonschema.validate(json.loads(document), SCHEMA)
    kinds = {json.loads(document)["page"] for document in documents}
    assert kinds == {"all", "policy", "site"}


def test_a_page_that_is_none_of_the_three_is_refused():
    document = json.loads(render_site_json(review(MORE_ROOM), CSCS))
    del document["years"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


@pytest.mark.parametrize("name", ["room", "copies", "policy gone", "nodes"])
def test_every_reader_of_a_site_is_told_the_same(name: str):
    found = review(CHANGES[name])
    for reach in found.touched:
        page = site_page(found, reach.site)
        data = json.loads(render_site_json(found, reach.site))
        texts = {
            "text": render_site(found, reach.site, full=True),
            "markdown": render_site_markdown(found, reach.site),
            "html": html(found, reach.site).all("body")[0].text,
        }
        for form, text in texts.items():
            for year in page.years:
                for side in (year.before, year.after):
                    for amount in (side.expected, side.pledged, side.headroom):
                        assert amount is None or round_bytes(abs(amount)) in text, form
            for effect in reach.effects:
                assert effect.change.address.name in text, form
            for duty in page.duties:
                assert words(duty.task.title) in words(text), form
            for asked in page.asked:
                assert asked.name in text, form
        assert [year["year"] for year in data["years"]] == [year.year for year in page.years]
        assert len(data["tasks"]) == len(page.duties)
        for effect, shown in zip(reach.effects, data["effects"], strict=True):
            causes = [found.edits[number] for number in effect.causes]
            assert [page.asked[number] for number in shown["causes"]] == causes


def test_the_figures_of_a_site_are_sums_over_its_areas():
    found = review(MORE_COPIES)
    for reach in found.touched:
        for year in site_page(found, reach.site).years:
            held = [each for each in reach.years if each.year == year.year]
            assert year.after.expected == sum(each.after.expected for each in held)
            assert year.before.agreed == sum(each.before.agreed for each in held)
            if year.after.pledged is not None:
                assert year.after.headroom == year.after.pledged - year.after.expected


def test_a_site_that_is_not_reached_is_told_so_by_every_reader():
    found = review(MORE_ROOM)
    site = found.untouched[0]
    for text in (
        render_site(found, site),
        render_site_markdown(found, site),
        html(found, site).all("body")[0].text,
    ):
        assert f"nothing of {site} changes" in text
        assert "the same to the byte" in text
    data = json.loads(render_site_json(found, site))
    assert (data["touched"], data["effects"], data["years"]) == (False, [], [])


def test_the_shares_of_a_tier_add_up():
    found = review(MORE_COPIES)
    page = policy_page(found)
    totals: dict[tuple[str, int], Fraction] = defaultdict(Fraction)
    for each in page.areas + page.slight:
        totals[each.held.tier, each.held.year] += each.share[1]
    assert totals
    for key, total in totals.items():
        others = [y for y in found.years if (y.tier, y.year) == key]
        unchanged = sum(y.after.expected for y in others if not y.differs)
        whole = sum(y.after.expected for y in others)
        assert total == 1 - Fraction(unchanged) / whole


def test_the_group_is_told_the_same_by_every_reader():
    found = review(MORE_COPIES)
    data = json.loads(render_policy_json(found))
    texts = (render_policy(found, full=True), render_policy_markdown(found))
    for text in texts:
        for each in found.requirements:
            assert each.policy in text
            assert each.before in text
        for area in data["areas"]:
            assert area["area"] in text
        for site in data["sites"]:
            assert site["site"] in text
    assert data["movement"] is None
    assert [each["proven"] for each in data["proofs"]] == [True]


def test_what_arrives_is_held_against_the_uplink():
    flow = Flow(2026, (Fraction(108 * 10**11), Fraction(216 * 10**11)), (Fraction(0), Fraction(0)))
    assert flow.part_of(BitsPerSecond(10**9)) == (1, 2)
    assert flow.part_of(None) is None


# ── what hardly shifts ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("before", "after", "pledged", "slight"),
    [
        (1000, 1009, 5, True),
        (1000, 991, 5, True),
        (1000, 1010, 5, False),
        (0, 1, 5, False),
        (1000, 1001, 6, False),
    ],
)
def test_less_than_a_hundredth_is_slight(before: int, after: int, pledged: int, slight: bool):
    old = Amounts(Fraction(before), Fraction(0), 5)
    new = Amounts(Fraction(after), Fraction(0), pledged)
    year: Any = AreaYear
    assert year("A", "S", "online", 2026, old, new).is_slight is slight


def test_sites_that_hardly_shift_are_counted_and_stay_in_json():
    found = review(HARDLY)
    assert found.slight
    assert not found.reached
    number = len(found.slight)
    said = f"{number} sites shift by less than 1 %"
    assert said in render_review(found)
    comment = render_markdown(found)
    fold = comment[comment.index(said) :].split("</details>")[0]
    assert said in render_policy_markdown(found)
    for reach in found.slight:
        assert f"  {reach.site}" not in render_review(found)
        assert reach.site in render_review(found, full=True)
        assert reach.site in fold.replace("&#45;", "-")
    data = json.loads(render_json(found))
    assert {site["site"] for site in data["sites"] if site["slight"]} == {
        reach.site for reach in found.slight
    }


def test_one_change_of_the_federation_is_not_told_as_several():
    found = review(MORE_COPIES)
    (one, *more) = [effect for effect in found.effects if not effect.sites]
    several = f"{1 + len(more)} changes of the federation"
    assert more
    assert several in render_markdown(found)
    alone = replace(found, effects=(one,))
    assert "1 change of the federation" in render_markdown(alone)


def test_who_changes_something_is_never_folded():
    found = review(changed(SITE, "pledged: 300 TB", "pledged: 301 TB"))
    assert CSCS in {reach.site for reach in found.reached}


def test_what_is_agreed_stands_beside_what_rests_on_drafts():
    draft = changed(POLICIES, "status: agreed", "status: draft\n  source: a trial")
    more = changed(POLICIES, "amount: 100 TB", "amount: 200 TB", draft)
    found = review(more, base=draft)
    year = next(each for each in found.years if each.differs)
    assert year.after.agreed < year.after.expected
    line = f"({round_bytes(year.after.agreed) if year.after.agreed else 'none'} agreed)"
    assert line in render_site(found, year.site)


# ── what others did ───────────────────────────────────────────────────────────────────────────


def change(name: str) -> Change:
    fields = (FieldChange("attribute.tier", "online", "nearline"),)
    return Change(Address("rucio", "srcnet", "rse", name), Action.UPDATE, fields, Impact.MOVES_DATA)


def three_ways() -> Review:
    """A change, what the main line says since then, and what somebody did to a server."""
    found = review(MORE_ROOM)
    drift = Drift(SystemName("rucio", "srcnet"), (change("SOMEBODYS_RSE"),))
    blind = Drift(SystemName("slurm", "CHSRC-CSCS.alps"), (), ("nobody answers",), CSCS)
    return replace(found, moved=review(MORE_COPIES).edits, drift=(drift, blind))


def whole_page(found: Review) -> str:
    page = build.page(subject_of_texts(FILES))
    return html_page.render(page, found.head_lines, comparison(found, page, page))


def test_drift_and_what_the_main_line_says_are_kept_apart_from_the_change():
    found = three_ways()
    page = read(whole_page(found))
    titles = [each.text for each in page.all("h3")]
    assert "Drift that was there before" in titles
    assert "What the main line says otherwise since then" in titles
    for text in (
        page.all("body")[0].text,
        html_text(render_markdown(found)),
        render_review(found, full=True),
    ):
        assert "SOMEBODYS_RSE" in text
        assert "nobody answers" in text
        assert "spec.phases[fresh].copies[online].count" in text
    data = json.loads(render_json(found))
    jsonschema.validate(data, SCHEMA)
    assert [each["system"] for each in data["drift"]] == ["rucio/srcnet", "slurm/CHSRC-CSCS.alps"]


def test_a_site_is_told_what_others_did_to_what_is_its_own():
    found = replace(three_ways(), moved=review(changed(SITE, "city: Lugano", "city: Bern")).edits)
    for site, is_its_own in ((CSCS, True), (found.untouched[0], False)):
        for text in (
            html(found, site).all("body")[0].text,
            html_text(render_site_markdown(found, site)),
            render_site(found, site, full=True),
        ):
            assert ("nobody answers" in text) is is_its_own
            assert ("Lugano → Bern" in text) is is_its_own
            assert "SOMEBODYS_RSE" not in text
        data = json.loads(render_site_json(found, site))
        jsonschema.validate(data, SCHEMA)
        assert (len(data["movedMeanwhile"]), len(data["drift"])) == (is_its_own, is_its_own)


def test_that_there_is_no_drift_is_said_where_it_was_looked_for():
    found = replace(review(MORE_ROOM), drift=())
    said = "The systems are as the base says: there is no drift."
    for text in (whole_page(found), render_markdown(found), render_review(found)):
        assert said in text
    for text in (whole_page(review(MORE_ROOM)), render_markdown(review(MORE_ROOM))):
        assert said not in text


def html_text(markdown: str) -> str:
    """What a forge shows of the entities in a comment."""
    return unescape(markdown)


def test_pipelines_that_change_are_named(tmp_path: Path):
    folder = committed(golden_specs(tmp_path / "specs"))
    edit(folder / "policies/federation.yaml", 'schedule: "17 4 * * *"', 'schedule: "18 4 * * *"')

    def diff(*words: str) -> str:
        ran = srcnet("diff", "HEAD", "--today", TODAY, *words, cwd=folder)
        assert (ran.code, ran.err) == (0, "")
        return ran.out

    name = ".github/workflows/srcnet-drift.yml"
    out = diff()
    assert f"{name} says otherwise in 1 place" in out
    assert "srcnet-merge.yml" not in out
    assert "on.schedule[0].cron: 17 4 * * * → 18 4 * * *" in diff("--full")
    data = json.loads(diff("--format", "json"))
    jsonschema.validate(data, SCHEMA)
    (effect, *_) = (e for e in data["pipelines"] if e["address"]["name"] == name)
    assert [data["edits"][cause]["path"] for cause in effect["causes"]] == [
        "spec.pipelines.drift.schedule"
    ]
    assert name in html_text(diff("--format", "markdown"))
    assert any(name in each.text for each in read(diff("--format", "html")).all("summary"))
    assert not data["effects"]


# ── the command ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("page", [("--site", "CHSRC-CSCS"), ("--policy",)])
def test_pages_as_people_ask_for_them(tmp_path: Path, page: tuple[str, ...]):
    folder = committed(golden_specs(tmp_path / "specs"))
    edit(folder / SITE, "pledged: 300 TB", "pledged: 350 TB")
    edit(folder / "policies/data/others.yaml", "floor: 2", "floor: 1")

    def diff(form: str) -> str:
        ran = srcnet("diff", "HEAD", *page, "--format", form, "--today", TODAY, cwd=folder)
        assert (ran.code, ran.err) == (0, "")
        return ran.out

    kind = page[0].removeprefix("--")
    data = json.loads(diff("json"))
    jsonschema.validate(data, SCHEMA)
    assert data["page"] == kind
    assert diff("markdown").startswith(f"<!-- srcnet:diff:{':'.join((kind, *page[1:]))} -->")
    seen = read(diff("html"))
    assert data["verdict"] in seen.all("title")[0].text
    assert any(" ".join(page) in each.text for each in seen.all("code"))
    for link in seen.all("a"):
        target = str(link.attributes["href"]).removeprefix("#")
        assert any(e.attributes.get("id") == target for e in seen.elements), target


def test_no_text_of_a_spec_acts_on_a_page(tmp_path: Path):
    folder = committed(golden_specs(tmp_path / "specs"))
    edit(folder / SITE, "city: Lugano", "city: '<script>alert(1)</script><img src=x>'")
    options = ("--site", "CHSRC-CSCS", "--format", "html", "--today", TODAY)
    seen = read(srcnet("diff", "HEAD", *options, cwd=folder).out)
    assert len(seen.all("script")) == 1
    assert not seen.all("img")
