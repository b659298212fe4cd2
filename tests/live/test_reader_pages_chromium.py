"""The pages of a site and of the architecture group in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import Browser, browser
from cli_runner import edit, golden_specs, srcnet
from pages import committed
from specs import TODAY
from test_page_chromium import CONTRAST, OPEN_ALL, VISIBLE, WIDTHS

pytestmark = pytest.mark.live("chromium")

PAGES = {"site": ("--site", "CHSRC-CSCS"), "policy": ("--policy",)}


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium") / "profile") as started:
        yield started


@pytest.fixture(scope="module", params=PAGES)
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "change.html"
    folder = committed(golden_specs(path.parent / "specs"))
    edit(folder / "policies/data/others.yaml", "floor: 2", "floor: 1")
    edit(folder / "policies/data/observatory.yaml", "amount: 100 TB", "amount: 100.5 TB")
    edit(folder / "site-specs/chsrc-cscs.yaml", "pledged: 300 TB", "pledged: 350 TB")
    options = ("--format", "html", "--out", path, "--today", TODAY)
    assert srcnet("diff", "HEAD", *PAGES[request.param], *options, cwd=folder).code == 0
    return path


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
    assert [url for url in chromium.requests() if not url.startswith("about:")] == [page.as_uri()]
    assert chromium.messages() == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window(chromium: Browser, page: Path, width: int):
    chromium.size(width)
    chromium.open(page)
    chromium.run(OPEN_ALL)
    assert chromium.run("return document.documentElement.scrollWidth") <= width


def test_on_a_phone_a_row_is_a_card_that_names_its_cells(chromium: Browser, page: Path):
    chromium.size(320)
    chromium.open(page)
    chromium.run(OPEN_ALL)
    cut = chromium.run(
        VISIBLE
        + """
        const cells = [...document.querySelectorAll('.texts td')].filter(visible);
        const names = cells.map((c) => getComputedStyle(c, '::before').content.slice(1, -1));
        const wide = cells.filter((c) => c.getBoundingClientRect().right > innerWidth);
        return [cells.length, names.filter((name) => !name).length, wide.length];
        """
    )
    assert cut[0] > 0
    assert cut[1:] == [0, 0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(chromium: Browser, page: Path, scheme: str):
    chromium.scheme(scheme)
    chromium.open(page)
    chromium.run(OPEN_ALL)
    seen, low = chromium.run(CONTRAST)
    assert seen > 20
    assert low == []


def test_everything_is_reached_by_tab(chromium: Browser, page: Path):
    chromium.open(page)
    wanted = chromium.run(
        VISIBLE
        + """
        window.wanted = [...document.querySelectorAll('a[href], button, summary, [tabindex="0"]')]
            .filter(visible);
        return window.wanted.length;
        """
    )
    reached = set()
    for _ in range(wanted + 2):
        chromium.tab()
        reached.add(chromium.run("return window.wanted.indexOf(document.activeElement)"))
    assert reached >= set(range(wanted))


def test_without_script_all_is_there(chromium: Browser, page: Path):
    chromium.open(page)
    chromium.run(OPEN_ALL)
    whole = chromium.run("return document.querySelector('main').innerText")
    chromium.scripts(False)
    chromium.open(page)
    chromium.run(OPEN_ALL)
    bare = chromium.run("return document.querySelector('main').innerText")
    assert set(bare.split()) >= set(whole.split()) - {"Open", "Close", "all"}
