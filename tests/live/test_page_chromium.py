"""The page in a real browser: its layout, by keyboard, in the dark, on paper, without script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import Browser, browser
from cli_runner import edit, golden_specs, srcnet
from pages import committed, rendered
from specs import GOLDEN, REAL, TODAY

pytestmark = pytest.mark.live("chromium")

WIDTHS = (320, 768, 1400)
OPEN_ALL = "document.querySelectorAll('details').forEach((fold) => { fold.open = true; })"
VISIBLE = "const visible = (element) => element.checkVisibility({ visibilityProperty: true });"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium") / "profile") as started:
        yield started


@pytest.fixture(scope="module", params=["real", "golden", "change"])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "srcnet.html"
    if request.param == "change":
        write_change(path)
    else:
        path.write_text(rendered({"real": REAL, "golden": GOLDEN}[request.param]), "utf-8")
    return path


def write_change(path: Path) -> None:
    """The page of a change of policies and sites of the golden federation, with what it moves."""
    folder = committed(golden_specs(path.parent / "specs"))
    taken = srcnet("catalogue", "snapshot", "--forecast", "2028", "--today", TODAY, cwd=folder)
    assert taken.code == 0, taken
    policy = "copies: [{count: 2, tier: online}]}]\n  activity: User Subscriptions\n---"
    edit(folder / "policies/data/others.yaml", policy, policy.replace("2", "3"))
    edit(folder / "site-specs/chsrc-cscs.yaml", "srcnet: 40 Gbit/s", "srcnet: 400 Mbit/s")
    edit(folder / "policies/data/others.yaml", "floor: 2", "floor: 1")
    edit(folder / "policies/data/observatory.yaml", "amount: 100 TB", "amount: 90 TB")
    edit(folder / "site-specs/chsrc-cscs.yaml", "pledged: 300 TB", "pledged: 350 TB")
    edit(folder / "site-specs/chsrc-cscs.yaml", "capacity: 2 PB", "capacity: 1 PB")
    data = ("--catalogue", ".srcnet/catalogue")
    options = (*data, "--format", "html", "--out", path, "--today", TODAY)
    assert srcnet("diff", "HEAD", *options, cwd=folder).code == 0


@pytest.fixture(autouse=True)
def as_it_was(chromium: Browser) -> None:
    chromium.size(1280)
    chromium.scheme("light")
    chromium.scripts(True)


def test_nothing_is_asked_for_and_the_console_stays_empty(chromium: Browser, page: Path):
    chromium.command("Network.enable")
    chromium.requests()
    chromium.open(page)
    chromium.run(OPEN_ALL)
    for button in chromium.run("return [...document.querySelectorAll('button')]")[:20]:
        chromium.run("arguments[0].click()", button)
    assert [url for url in chromium.requests() if not url.startswith("about:")] == [page.as_uri()]
    assert chromium.messages() == []


def test_a_foreign_script_would_not_run(chromium: Browser, page: Path, tmp_path: Path):
    """The policy of the page holds: what is not ours is neither run nor fetched."""
    text = page.read_text("utf-8")
    worse = tmp_path / "worse.html"
    foreign = "<script>document.title = 'foreign'</script><img src='http://127.0.0.1:9/x'>"
    worse.write_text(text.replace("<main", foreign + "<main"), "utf-8")
    chromium.open(worse)
    assert chromium.run("return document.title") != "foreign"
    assert sum("Content Security Policy" in message for message in chromium.messages()) == 2


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("opened", [False, True], ids=["closed", "open"])
def test_nothing_is_wider_than_the_window(chromium: Browser, page: Path, width: int, opened: bool):
    chromium.size(width)
    chromium.open(page)
    if opened:
        chromium.run(OPEN_ALL)
    wide, room = chromium.run(
        "const page = document.documentElement; return [page.scrollWidth, page.clientWidth]"
    )
    assert wide <= room


@pytest.mark.parametrize("width", WIDTHS)
def test_no_two_texts_of_a_map_overlap(chromium: Browser, page: Path, width: int):
    chromium.size(width)
    chromium.open(page)
    maps = chromium.run(
        VISIBLE
        + """
        return [...document.querySelectorAll('svg.map')].filter(visible).map((map) =>
            [...map.querySelectorAll('text')].map((text) => {
                const box = text.getBoundingClientRect();
                return [text.textContent, box.left, box.top, box.right, box.bottom];
            }));
        """
    )
    assert maps
    for texts in maps:
        for number, (name, left, top, right, bottom) in enumerate(texts):
            for other, its_left, its_top, its_right, its_bottom in texts[number + 1 :]:
                apart = (
                    right <= its_left or its_right <= left or bottom <= its_top or its_bottom <= top
                )
                assert apart, (name, other)


@pytest.mark.parametrize("width", WIDTHS)
def test_texts_of_figures_stay_inside_of_them(chromium: Browser, page: Path, width: int):
    chromium.size(width)
    chromium.open(page)
    outside = chromium.run(
        VISIBLE
        + """
        return [...document.querySelectorAll('svg text')].filter(visible).filter((text) => {
            const own = text.getBoundingClientRect();
            const room = text.closest('svg').getBoundingClientRect();
            return own.left < room.left - 1 || own.right > room.right + 1
                || own.top < room.top - 1 || own.bottom > room.bottom + 1;
        }).map((text) => text.textContent);
        """
    )
    assert outside == []


CONTRAST = (
    VISIBLE
    + """
    const channel = (value) => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const parts = (colour) => {
        paint.clearRect(0, 0, 1, 1);
        paint.fillStyle = colour;
        paint.fillRect(0, 0, 1, 1);
        return [...paint.getImageData(0, 0, 1, 1).data];
    };
    const light = ([red, green, blue]) =>
        0.2126 * channel(red / 255) + 0.7152 * channel(green / 255) + 0.0722 * channel(blue / 255);
    const ground = (element) => {
        for (let at = element; at; at = at.parentElement) {
            if (at.matches('svg.map'))
                return parts(getComputedStyle(at.querySelector('.sea')).fill);
            const found = parts(getComputedStyle(at).backgroundColor);
            if (found[3] === 255) return found;
        }
        return [255, 255, 255, 255];
    };
    const low = [];
    let seen = 0;
    for (const element of document.querySelectorAll('body *')) {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!own || !visible(element) || element.matches('script')) continue;
        const style = getComputedStyle(element);
        const front = light(parts(element.matches('svg *') ? style.fill : style.color));
        const back = light(ground(element));
        const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
        seen += 1;
        if (ratio < 4.5) low.push([element.textContent.trim().slice(0, 60), ratio]);
    }
    return [seen, low];
    """
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(chromium: Browser, page: Path, scheme: str):
    chromium.scheme(scheme)
    chromium.open(page)
    chromium.run(OPEN_ALL)
    seen, low = chromium.run(CONTRAST)
    assert seen > 300
    assert low == []
    ground = chromium.run("return getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 29)"}[scheme]


def test_everything_is_reached_by_tab_and_a_number_tells_its_source(chromium: Browser, page: Path):
    chromium.open(page)
    wanted = chromium.run(
        VISIBLE
        + """
        window.wanted = [...document.querySelectorAll('a[href], button, summary, [tabindex="0"]')]
            .filter(visible);
        return window.wanted.length;
        """
    )
    reached, untold = set(), []
    for _ in range(wanted + 5):
        chromium.tab()
        number, said, told = chromium.run(
            """
            const at = document.activeElement, why = document.getElementById('why');
            const told = why.hidden ? '' : why.textContent;
            const said = at.getAttribute('aria-label') || at.textContent;
            return [window.wanted.indexOf(at), at.matches('a.fact') && said, told];
            """
        )
        if number in reached:
            break
        reached.add(number)
        if said and not (".yaml:" in told and said in told):
            untold.append(number)
    assert reached - {-1} == set(range(wanted))
    assert untold == []


def test_escape_takes_a_source_away(chromium: Browser, page: Path):
    chromium.open(page)
    chromium.run("document.querySelector('.figures a.fact').focus()")
    assert chromium.run("return document.getElementById('why').hidden") is False
    box = chromium.run("return document.getElementById('why').getBoundingClientRect().toJSON()")
    assert box["left"] >= 0
    assert box["right"] <= 1280
    chromium.press("\ue00c")
    assert chromium.run("return document.getElementById('why').hidden") is True


def test_every_fold_is_opened_by_enter(chromium: Browser, page: Path):
    chromium.open(page)
    folds = chromium.run("return [...document.querySelectorAll('details')]")
    assert len(folds) > 10
    for fold in folds:
        chromium.run("arguments[0].querySelector('summary').focus()", fold)
        before = chromium.run("return arguments[0].open", fold)
        chromium.enter()
        assert chromium.run("return arguments[0].open", fold) is not before
        chromium.run("arguments[0].open = true", fold)


def test_enter_on_a_number_goes_to_its_source(chromium: Browser, page: Path):
    chromium.open(page)
    chromium.run("document.querySelector('.figures a.fact').focus()")
    chromium.enter()
    shown = chromium.run(
        VISIBLE + "const note = document.querySelector(location.hash);"
        "const box = note.getBoundingClientRect();"
        "return visible(note) && box.top >= 0 && box.top < innerHeight"
    )
    assert shown


def test_a_tap_tells_a_source_and_does_not_leave(chromium: Browser, page: Path):
    chromium.size(320)
    chromium.open(page)
    chromium.run("document.querySelector('.figures a.fact').scrollIntoView({block: 'center'})")
    box = chromium.run(
        "return document.querySelector('.figures a.fact').getBoundingClientRect().toJSON()"
    )
    point = {"x": box["left"] + 5, "y": box["top"] + 5}
    chromium.command("Input.dispatchTouchEvent", type="touchStart", touchPoints=[point])
    chromium.command("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    told, fragment, right = chromium.run(
        "const why = document.getElementById('why');"
        "return [why.hidden ? '' : why.textContent, location.hash,"
        " why.getBoundingClientRect().right]"
    )
    assert ".yaml:" in told
    assert fragment == ""
    assert right <= 320


def test_a_table_sorts_by_its_numbers_both_ways(chromium: Browser, page: Path):
    chromium.open(page)
    column = """
        const rows = [...document.querySelectorAll('#areas tbody tr')];
        return rows.map((row) => Number(row.cells[4].dataset.sort));
    """
    before = chromium.run(column)
    chromium.run("document.querySelectorAll('#areas thead button')[4].focus()")
    chromium.enter()
    assert chromium.run(column) == sorted(before) != before
    chromium.enter()
    assert chromium.run(column) == sorted(before, reverse=True)
    state = "return document.querySelectorAll('#areas thead th')[4].getAttribute('aria-sort')"
    assert chromium.run(state) == "descending"


def test_without_script_all_is_there(chromium: Browser, page: Path):
    chromium.open(page)
    chromium.run(OPEN_ALL)
    whole = chromium.run("return document.querySelector('main').innerText")
    chromium.scripts(False)
    chromium.open(page)
    assert chromium.run("return document.querySelectorAll('button').length") == 0
    assert chromium.run("return [...document.querySelectorAll('details')].every((f) => !f.open)")
    for summary in chromium.run("return [...document.querySelectorAll('summary')]"):
        chromium.run("arguments[0].click()", summary)
    bare = chromium.run("return document.querySelector('main').innerText")
    assert set(bare.split()) >= set(whole.split()) - {"Open", "Close", "all"}


def test_without_script_a_number_leads_to_its_source(chromium: Browser, page: Path):
    chromium.scripts(False)
    chromium.open(page, "#n3")
    assert chromium.run(VISIBLE + "return visible(document.querySelector('#n3'))")


def test_it_prints_with_everything_open_and_sources_as_notes(chromium: Browser, page: Path):
    chromium.scripts(False)
    chromium.open(page)
    chromium.scheme("dark", media="print")
    hidden = chromium.run(
        VISIBLE
        + """
        return [...document.querySelectorAll('details li, details p, details td')]
            .filter((each) => !visible(each)).length;
        """
    )
    assert hidden == 0
    mark = chromium.run(
        "return getComputedStyle(document.querySelector('.figures a.fact'), '::after').content"
    )
    assert "[" in mark
    assert chromium.run("return getComputedStyle(document.body).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    assert chromium.run("return getComputedStyle(document.querySelector('nav')).display") == "none"
    chromium.scheme("light")
    paper = chromium.printed()
    assert paper.startswith(b"%PDF-")
    assert paper.count(b"/Type /Page\n") + paper.count(b"/Type /Page ") > 3
