"""The page: nothing on it is invented, everything has a source, and no text of a spec acts."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import Counter
from fractions import Fraction
from hashlib import sha256
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from cli_runner import edit, golden_specs, srcnet
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import Read, changed, committed, read, rendered, subject, subject_of_texts
from random_specs import Built, federations
from specs import GOLDEN, REAL, TODAY, texts

from srcnet_compiler.analysis.capacity import is_draft
from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.report.page import bars, build, flows, html, network
from srcnet_compiler.report.page.labels import Box, Point, place, text_width
from srcnet_compiler.report.page.model import Page

CSCS = "site-specs/chsrc-cscs.yaml"
ROOTS = pytest.mark.parametrize("root", [REAL, GOLDEN], ids=["real", "golden"])


@pytest.fixture(scope="module", params=[REAL, GOLDEN], ids=["real", "golden"])
def page(request: pytest.FixtureRequest) -> Page:
    return build.page(subject(request.param))


@pytest.fixture(scope="module", params=[REAL, GOLDEN], ids=["real", "golden"])
def seen(request: pytest.FixtureRequest) -> Read:
    return read(rendered(request.param))


# ── what it says ──────────────────────────────────────────────────────────────────────────────


def test_every_site_area_policy_and_finding_is_on_it(page: Page):
    made = subject(REAL if page.title == "srcnet" else GOLDEN)
    assert [site.name for site in page.sites] == list(made.federation.sites)
    assert {area.name.text for area in page.areas} == set(made.federation.areas)
    assert [policy.name for policy in page.policies] == list(made.federation.policies)
    assert Counter(found.message for found in page.findings) == Counter(
        found.message for found in made.diagnostics
    )


def test_what_tiers_hold_and_are_asked_is_what_the_analysis_says(page: Page):
    made = subject(REAL if page.title == "srcnet" else GOLDEN)
    asked = {
        (tier.name, put.policy, put.year): (put.amount.value, put.draft)
        for tier in page.tiers
        for put in tier.asked
    }
    assert asked == {
        (found.tier, found.policy, found.year): (
            found.amount,
            is_draft(made.federation, found.policy, found.year),
        )
        for found in made.analysis.demands
        if found.amount
    }
    assert asked


def test_what_policies_put_on_areas_is_what_the_analysis_says(page: Page):
    made = subject(REAL if page.title == "srcnet" else GOLDEN)
    puts = {
        (area.name.text, put.policy, put.year): put.amount.value
        for area in page.areas
        for put in area.puts
    }
    assert puts == {
        (load.area, load.policy, load.year): load.expected for load in made.analysis.loads
    }


def test_the_shares_of_a_phase_add_up_to_its_copies(page: Page):
    placed = [phase for phase in page.phases if phase.shares]
    assert placed
    for phase in placed:
        assert sum(share.copies.value for share in phase.shares) == phase.copies.value


def test_what_a_spec_does_not_say_is_said_to_be_absent():
    page = build.page(subject(REAL))
    absent = {each.what: each.of for each in page.absent}
    nowhere = {site.name for site in page.sites if site.where is None}
    assert set(absent["where it is"]) == nowhere != set()
    assert "visibilities" in absent["how much data arrives"]
    assert absent["any area on a tier"] == ("nearline",)
    assert len(absent["whom to ask"]) == len(page.sites)


def test_what_is_agreed_beside_data_is_on_it_in_words(page: Page):
    made = subject(REAL if page.title == "srcnet" else GOLDEN).federation
    policy = made.compute.policy
    assert sorted((rule.kind, rule.name) for rule in page.others) == sorted(
        [
            *(("queue class", name) for name in (policy.queues if policy else ())),
            *(("allocation", each.name) for each in made.compute.allocations),
            *(("service", name) for name in made.services),
            *(("template", name) for name in made.templates),
            *([("security", made.security.name)] if made.security else []),
        ]
    )


def test_what_nothing_says_beside_data_is_said_to_be_absent():
    absent = [
        e.text for e in read(rendered(REAL)).all("p") if e.attributes.get("class") == "absent"
    ]
    assert "Nothing says how jobs of the federation run." in absent
    assert "Nothing says which services sites must run." not in absent


def test_a_contact_is_shown_as_the_spec_gives_it_and_no_other():
    with_one = [site for site in build.page(subject(GOLDEN)).sites if site.contacts]
    assert [
        (site.name, role, contact.text) for site in with_one for role, contact in site.contacts
    ] == [("CHSRC-CSCS", "operations", "operations@example.org")]


def test_a_written_amount_is_shown_as_it_is_written():
    area = next(a for a in build.page(subject(GOLDEN)).areas if a.name.text == "CHSRC-CSCS-T0")
    assert area.capacity is not None
    assert area.pledged is not None
    assert (area.capacity.text, area.pledged.text) == ("390.5 TB", "300 TB")
    assert [place.line for place in area.capacity.note.places] == [26]


def test_a_larger_pledge_is_seen_in_every_number_that_follows_from_it():
    before = build.page(subject(GOLDEN))
    after = build.page(changed(GOLDEN, [(CSCS, "pledged: 300 TB", "pledged: 350 TB")]))
    more = Fraction(50 * 10**12)

    def online(page: Page) -> Fraction:
        return next(tier.pledged.value for tier in page.tiers if tier.name == "online")

    def cscs(page: Page) -> Fraction:
        site = next(site for site in page.sites if site.name == "CHSRC-CSCS")
        assert site.pledged is not None
        return site.pledged.value

    assert online(after) - online(before) == more
    assert cscs(after) - cscs(before) == more


def test_why_an_area_holds_no_copies_agrees_with_the_analysis(page: Page):
    made = subject(REAL if page.title == "srcnet" else GOLDEN)
    from srcnet_compiler.analysis.placement import eligible

    may = {area.name for area in eligible(made.federation)}
    assert {area.name.text for area in page.areas if not area.idle} == may


@settings(max_examples=15)
@given(federations())
def test_any_federation_has_a_page(built: Built):
    made = subject_of_texts(built.files)
    page = build.page(made)
    read(html.render(page, made.lines))
    for width in (html.NARROW, html.WORLD):
        for panel in network.panels(page, html.WIDE, width, html.INSET):
            assert_apart([label.box for label in panel.labels])


# ── its source ────────────────────────────────────────────────────────────────────────────────


def test_every_fact_leads_to_a_note_that_names_a_place(seen: Read):
    notes = {e.attributes["id"]: e for e in seen.all("li") if "value" in e.attributes}
    facts = [e for e in seen.all("a") if e.attributes.get("class") == "fact"]
    assert len(facts) > 100
    for fact in facts:
        note = notes[str(fact.attributes["href"])[1:]]
        assert re.search(r"(site-specs|policies)/\S+\.yaml:[0-9]+", note.text)


def test_a_note_shows_the_line_that_it_names():
    note = next(
        e
        for e in read(rendered(GOLDEN)).all("li")
        if f"{CSCS}:26" in e.text and "value" in e.attributes
    )
    assert "capacity: 390.5 TB" in note.text


def test_every_link_stays_on_the_page_and_leads_somewhere(seen: Read):
    ids = [e.attributes["id"] for e in seen.elements if "id" in e.attributes]
    assert Counter(ids).most_common(1)[0][1] == 1
    for element in seen.all("a"):
        href = str(element.attributes["href"])
        assert href.startswith("#")
        assert href[1:] in ids, href


def test_figures_have_no_number_that_is_not_a_fact(seen: Read):
    """Each bar, disc and share leads to its source."""
    for element in seen.elements:
        shape = str(element.attributes.get("class", ""))
        if shape.startswith(("bar ", "site ")) and element.inside[-1] != "svg":
            assert element.inside[-1] == "a", element


# ── its bytes ─────────────────────────────────────────────────────────────────────────────────


@ROOTS
def test_the_same_specs_give_the_same_bytes(root: Path):
    assert rendered(root) == rendered(root)


def test_only_our_own_style_and_script_are_let_in(seen: Read):
    policy = next(
        str(e.attributes["content"]) for e in seen.all("meta") if "http-equiv" in e.attributes
    )
    (style,), (script,) = seen.all("style"), seen.all("script")
    for element, name in ((style, "style-src"), (script, "script-src")):
        digest = b64encode(sha256(element.text.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_nothing_is_asked_of_anybody(seen: Read):
    for element in seen.elements:
        assert not element.attributes.keys() & {"src", "srcset", "style", "data", "action"}
        assert not any(name.startswith("on") for name in element.attributes)
    assert not {e.tag for e in seen.elements} & {"img", "iframe", "link", "object", "form", "base"}
    style = seen.all("style")[0].text
    assert "@import" not in style
    assert "http" not in style
    assert not re.search(r"url\((?!#)", style)


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>&amp;\"'`{{ 7*7 }}{% raw %}"


def test_no_text_of_a_spec_acts():
    made = changed(
        GOLDEN,
        [
            (CSCS, "description: every key is written here", f"description: {json.dumps(HOSTILE)}"),
            (CSCS, "city: Lugano", f"city: {json.dumps(HOSTILE)}"),
            (CSCS, "name: our soda", f"name: {json.dumps(HOSTILE)}"),
            (
                "policies/data/observatory.yaml",
                "description: two regions at arrival",
                f"description: {json.dumps(HOSTILE)}",
            ),
        ],
    )
    text = html.render(build.page(made), made.lines)
    seen = read(text)
    assert len(seen.all("script")) == 1
    assert not seen.all("img")
    assert sum(e.text == HOSTILE for e in seen.all("a")) == 2
    assert "49" not in {e.text for e in seen.all("a")}


def test_what_cannot_be_seen_is_shown():
    made = changed(GOLDEN, [(CSCS, "city: Lugano", 'city: "Lu\\u202egano\\u0007"')])
    text = html.render(build.page(made), made.lines)
    assert "\u202e" not in text
    assert "Lu&lt;U+202E&gt;gano␇" in text


def test_a_secret_that_somebody_wrote_is_not_carried_further():
    secret = "Tr0ub4dor-and-3"
    made = changed(
        GOLDEN, [(CSCS, "    - name: own ", f"    # password: {secret}\n    - name: own ")]
    )
    line = next(i for i, text in enumerate(made.lines[CSCS], 1) if secret in text)
    from srcnet_compiler.diagnostic import Code, Label, warning
    from srcnet_compiler.span import Span

    found = warning(Code.DOWNTIME, "here", Label(Span(CSCS, line, 5, line, 20)))
    from dataclasses import replace

    made = replace(made, diagnostics=(found,))
    assert secret not in html.render(build.page(made), made.lines)


# ── its figures ───────────────────────────────────────────────────────────────────────────────


def assert_apart(boxes: list[Box]) -> None:
    for one, other in combinations(boxes, 2):
        assert not one.meets(other), (one, other)


@pytest.mark.parametrize("width", [html.WORLD, html.NARROW])
def test_labels_of_a_map_do_not_overlap_and_none_is_missing(page: Page, width: float):
    inset = min(width, html.INSET)
    panels = network.panels(page, width, width, inset)
    named = {label.text for panel in panels for label in panel.labels}
    assert {site.name for site in page.sites if site.where} <= named
    for panel in panels:
        assert_apart([label.box for label in panel.labels])
        for label in panel.labels:
            assert Box(0, 0, panel.width, panel.height).holds(label.box)


@given(
    st.lists(st.tuples(st.integers(20, 380), st.integers(20, 280)), min_size=1, max_size=25),
    st.integers(3, 16),
)
def test_labels_of_any_points_are_apart_from_each_other_and_from_the_points(
    points: list[tuple[int, int]], letters: int
):
    wanted = [("N" * letters, Point(x, y, 5)) for x, y in points]
    room = Box(0, 0, 400, 300)
    labels = place(wanted, room)
    assert labels
    assert_apart([label.box for label in labels])
    for label in labels:
        assert room.holds(label.box)
        assert not any(label.box.meets(point.box) for _, point in wanted)


def test_a_wide_letter_is_counted_as_wide():
    assert text_width("日本") > text_width("ab") > text_width("il")


def test_a_thicker_line_is_a_faster_connection():
    faster = [(CSCS, "srcnet: 40 Gbit/s", "srcnet: 100 Gbit/s")]

    def thick(page: Page) -> float:
        (panel, *_) = network.panels(page, 1000, 600, 300)
        return next(link.thick for link in panel.uplinks if link.site.name == "CHSRC-CSCS")

    assert thick(build.page(changed(GOLDEN, faster))) > thick(build.page(subject(GOLDEN))) > 0


def test_a_connection_that_nobody_gives_has_no_thickness():
    for panel in network.panels(build.page(subject(REAL)), 1000, 600, 300):
        assert {link.thick for link in panel.uplinks} <= {0.0}


def test_bars_are_as_tall_as_what_they_stand_for(page: Page):
    numbers = {policy.name: number for number, policy in enumerate(page.policies)}
    for tier in page.tiers:
        for plot in bars.plots(tier, page.years, numbers):
            tallest = max((b for b in plot.bars), key=lambda b: b.put.amount.value, default=None)
            for bar in plot.bars:
                assert tallest is not None
                part = float(bar.put.amount.value / tallest.put.amount.value)
                assert bar.height == pytest.approx(tallest.height * part)
                assert plot.left <= bar.x
                assert bar.x + bar.width <= plot.right


def test_drafts_are_drawn_apart_from_what_is_agreed():
    page = build.page(subject(REAL))
    numbers = {policy.name: number for number, policy in enumerate(page.policies)}
    online = next(tier for tier in page.tiers if tier.name == "online")
    agreed, drafted = bars.plots(online, page.years, numbers)
    assert not any(bar.put.draft for bar in agreed.bars)
    assert any(bar.put.draft for bar in drafted.bars)


def test_bands_to_areas_carry_all_copies_and_nodes_do_not_overlap(page: Page):
    drawn = flows.flows(page, html.WIDE, narrow=False)
    assert drawn is not None
    for kind in ("phase", "region", "area"):
        nodes = [node for node in drawn.nodes if node.kind == kind]
        for one, other in pairwise(nodes):
            assert one.y + one.height <= other.y + 0.01
    copies = {
        kind: sum(node.copies for node in drawn.nodes if node.kind == kind)
        for kind in ("phase", "region", "area")
    }
    assert copies["phase"] == copies["region"] == copies["area"]


# ── the command ───────────────────────────────────────────────────────────────────────────────


def test_docs_writes_the_page_and_says_what_is_on_it(tmp_path: Path):
    folder = golden_specs(tmp_path / "specs")
    ran = srcnet("docs", "--out", "public/index.html", "--today", TODAY, cwd=folder)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "public/index.html: 7 sites, 18 storage areas, 7 data policies, 0 findings\n"
    page = (folder / "public/index.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert srcnet("docs", "--out", "-", "--today", TODAY, cwd=folder).out == page


def test_docs_writes_to_where_one_is_as_diff_does(tmp_path: Path):
    folder = committed(golden_specs(tmp_path / "specs"))
    here = folder / "notes"
    here.mkdir()
    for words in (("docs",), ("diff", "HEAD", "--format", "html")):
        out = f"{words[0]}.html"
        ran = srcnet(*words, "--out", out, "--today", TODAY, cwd=here)
        assert (ran.code, ran.err) == (0, "")
        assert (here / out).is_file()
        assert not (folder / out).exists()


def test_docs_spares_a_file_that_is_not_its_own(tmp_path: Path):
    folder = golden_specs(tmp_path / "specs")
    (folder / "index.html").write_text("<p>mine</p>")
    ran = srcnet("docs", "--out", "index.html", "--today", TODAY, cwd=folder)
    assert ran.code == 74
    assert "not a page of srcnet" in ran.err
    assert (folder / "index.html").read_text() == "<p>mine</p>"


def test_docs_shows_errors_of_the_analysis_and_ends_with_1(tmp_path: Path):
    folder = golden_specs(tmp_path / "specs")
    edit(folder / "policies/data/observatory.yaml", "amount: 100 TB", "amount: 100 PB")
    ran = srcnet("docs", "--today", TODAY, cwd=folder)
    assert ran.code == 1
    page = read((folder / "srcnet.html").read_text("utf-8"))
    assert any(
        "more than it has" in e.text for e in page.all("details") if "error" in str(e.attributes)
    )


def test_docs_writes_nothing_where_specs_cannot_be_linked(tmp_path: Path):
    folder = golden_specs(tmp_path / "specs")
    edit(folder / CSCS, "capacity: 390.5 TB", "capacity: 390.5")
    ran = srcnet("docs", "--today", TODAY, cwd=folder)
    assert ran.code == 1
    assert f"{CSCS}:26" in ran.err
    assert not (folder / "srcnet.html").exists()


# ── a change ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The golden federation under git."""
    return committed(golden_specs(tmp_path / "specs"))


def change_page(folder: Path) -> Read:
    ran = srcnet("diff", "HEAD", "--format", "html", "--today", TODAY, cwd=folder)
    assert (ran.code, ran.err) == (0, "")
    return read(ran.out)


def test_a_change_is_shown_before_and_after_with_its_places_on_both_sides(repository: Path):
    edit(repository / CSCS, "pledged: 300 TB", "pledged: 350 TB")
    seen = change_page(repository)
    (link,) = {e.attributes["href"] for e in seen.all("a") if e.text == "300 TB → 350 TB"}
    note = next(e for e in seen.all("li") if f"#{e.attributes.get('id')}" == link)
    assert f"{CSCS}:27 pledged: 350 TB" in note.text
    assert f"before: {CSCS}:27 pledged: 300 TB" in note.text


def test_bars_of_a_change_are_what_the_two_pages_say(repository: Path):
    data = "policies/data/observatory.yaml"
    before = build.page(subject(GOLDEN))
    after = build.page(changed(GOLDEN, [(data, "amount: 100 TB", "amount: 200 TB")]))
    edit(repository / data, "amount: 100 TB", "amount: 200 TB")
    labels = [str(e.attributes.get("aria-label")) for e in change_page(repository).all("a")]
    for page, side in ((before, "before"), (after, "after")):
        for tier in page.tiers:
            for year in page.years:
                if amount := bars.total(tier.of(drafts=False), year):
                    assert f"{year}, {side}: {round_bytes(amount)}" in labels


def test_a_looser_policy_is_said_to_be_looser_and_names_the_sites_it_reaches(repository: Path):
    edit(repository / "policies/data/others.yaml", "floor: 2", "floor: 1")
    edit(repository / "policies/data/observatory.yaml", "amount: 100 TB", "amount: 90 TB")
    seen = change_page(repository)
    assert any(e.text == "looser" for e in seen.all("td"))
    headings = [e.text for e in seen.all("h3")]
    assert "Sites that it reaches" in headings
    assert "What policies ask for otherwise" in headings


def test_nothing_that_changes_is_said_to_be_nothing(repository: Path):
    seen = change_page(repository)
    assert "nothing changes" in seen.all("title")[0].text
    assert "Sites that it reaches" not in [e.text for e in seen.all("h3")]


def test_texts_of_a_change_do_not_act(repository: Path):
    edit(repository / CSCS, "city: Lugano", f"city: {json.dumps(HOSTILE)}")
    seen = change_page(repository)
    assert len(seen.all("script")) == 1
    assert not seen.all("img")


def test_long_names_are_cut_and_stay_inside_of_figures():
    made = subject_of_texts(
        {
            name: text.replace("CHSRC-CSCS", "CHSRC-" + "CENTRO-SVIZZERO" * 4)
            for name, text in texts(GOLDEN).items()
        }
    )
    page = build.page(made)
    drawn = flows.flows(page, html.NARROW, narrow=True)
    assert drawn is not None
    for node in drawn.nodes:
        assert 0 <= node.x < html.NARROW
        if node.kind == "area":
            assert node.label[0] + text_width(node.text) <= html.NARROW
    (panel, *_) = network.panels(page, html.NARROW, html.NARROW, html.NARROW)
    cut = [label for label in panel.labels if label.text.endswith("…")]
    assert [site.name for site in map(panel.site_of, cut) if site] == [
        "CHSRC-" + "CENTRO-SVIZZERO" * 4
    ]


def test_a_name_without_room_on_a_map_is_said_beside_it():
    made = subject_of_texts(texts(GOLDEN) | crowd(60))
    page = build.page(made)
    for panel in network.panels(page, html.NARROW, html.NARROW, html.NARROW):
        drawn = {label.name for label in panel.labels} | {site.name for site in panel.unnamed}
        if not panel.elsewhere:
            assert {marker.site.name for marker in panel.markers} <= drawn
    assert any(
        panel.unnamed for panel in network.panels(page, html.NARROW, html.NARROW, html.NARROW)
    )


def crowd(number: int) -> dict[str, str]:
    """Sites that stand side by side."""
    return {
        f"site-specs/crowd-{n}.yaml": (
            "apiVersion: srcnet.skao.int/v1alpha2\nkind: Site\n"
            f"metadata: {{name: UKSRC-{n:03}}}\n"
            "spec: {src: UKSRC, country: GB, "
            f"location: {{latitude: {51 + n % 8 / 100}, longitude: {n / 1000}}}}}\n"
        )
        for n in range(number)
    }


def test_what_was_before_has_its_places_in_the_base(repository: Path):
    data = repository / "policies/data/observatory.yaml"
    data.write_text("# one line more\n" + data.read_text("utf-8"), "utf-8")
    edit(data, "amount: 100 TB", "amount: 200 TB")
    seen = change_page(repository)
    notes = {f"#{e.attributes.get('id')}": e.text for e in seen.all("li")}
    said = {
        side: {
            notes[str(e.attributes["href"])]
            for e in seen.all("a")
            if f", {side}: " in str(e.attributes.get("aria-label"))
        }
        for side in ("before", "after")
    }
    assert any(
        "before: policies/data/observatory.yaml:8 - {from: 2026, amount: 100 TB}" in text
        for text in said["before"]
    )
    assert any(
        "policies/data/observatory.yaml:9 - {from: 2026, amount: 200 TB}" in text
        for text in said["after"]
    )
    assert not any("before:" in text for text in said["after"])
