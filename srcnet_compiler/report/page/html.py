"""The page as one HTML file that asks nobody for anything.

Its own style and script are let in by their digests, and nothing else is. The same page gives the
same bytes.
"""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from srcnet_compiler import __version__
from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.conceal import concealed
from srcnet_compiler.report.model import TOOL, writable
from srcnet_compiler.report.page import bars, flows, network
from srcnet_compiler.report.page.build import counts
from srcnet_compiler.report.page.comparison import Comparison
from srcnet_compiler.report.page.facts import anchor, counted, listed
from srcnet_compiler.report.page.model import Fact, Note, Page
from srcnet_compiler.report.page.readers import PolicyChange, SiteChange
from srcnet_compiler.resources import folder
from srcnet_compiler.review.model import Lines
from srcnet_compiler.span import Span

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

WIDE, WORLD, INSET, NARROW = 1040.0, 640.0, 376.0, 330.0
"""How wide figures are drawn: across the page, the map of the world, a region, on a phone."""
_LONGEST = 160
"""Characters of a source line that a note shows."""


@dataclass(slots=True)
class Notes:
    """The notes of a page, numbered in the order in which they are first needed."""

    lines: Lines
    before: Lines = field(default_factory=dict)
    numbers: dict[Note, int] = field(default_factory=dict)

    def number(self, fact: Fact) -> int:
        """The number of a fact's note, from 1."""
        return self.numbers.setdefault(fact.note, len(self.numbers) + 1)

    def all(self) -> Iterator[tuple[int, Note]]:
        """Every note that was needed, with its number."""
        return ((number, note) for note, number in self.numbers.items())

    def line(self, place: Span, *, before: bool = False) -> str:
        """What stands in the line of a place, now or `before`, without what may be a secret."""
        lines = (self.before if before else self.lines).get(place.file, ())
        if not 0 < place.line <= len(lines):
            return ""
        text = visible(concealed(lines, place.line - 1).strip())
        return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def render(page: Page, lines: Lines, comparison: Comparison | None = None) -> str:
    """The whole file; `lines` are those of the specs, to show where a number comes from. With a
    comparison it begins with what a change would do that leads to what the page shows."""
    policies = [policy.name for policy in page.policies]
    numbers = {name: number for number, name in enumerate(policies)}
    return _rendered(
        "page.html.j2",
        page.version,
        Notes(lines, comparison.lines if comparison is not None else {}),
        page=page,
        comparison=comparison,
        maps=(
            network.panels(page, WIDE, WORLD, INSET),
            network.panels(page, NARROW, NARROW, NARROW),
        ),
        flows=(flows.flows(page, WIDE, narrow=False), flows.flows(page, NARROW, narrow=True)),
        plots=[p for tier in page.tiers for p in bars.plots(tier, page.years, numbers)],
        numbers=numbers,
        contents=counts(page),
    )


def render_change(change: SiteChange | PolicyChange, lines: Lines) -> str:
    """The file of one reader of a change; `lines` are those of the specs that it leads to."""
    name = "site_change" if isinstance(change, SiteChange) else "policy_change"
    return _rendered(f"{name}.html.j2", __version__, Notes(lines, change.lines), change=change)


def _rendered(template: str, version: str, notes: Notes, **more: object) -> str:
    style, script = _text("page.css"), _text("page.js")
    text = (
        environment()
        .get_template(template)
        .render(
            style=style,
            script=script,
            style_digest=_digest(style),
            script_digest=_digest(script),
            generator=f"{TOOL} {version}",
            notes=notes,
            plot_size=(bars.WIDTH, bars.HEIGHT),
            **more,
        )
    )
    return writable(text)


def _text(name: str) -> "Markup":
    """A file of ours, which goes into the page as it stands."""
    from markupsafe import Markup

    return Markup((folder("templates") / "report" / name).read_text("utf-8"))


def style_of() -> "tuple[Markup, str]":
    """The style of our pages, and what lets it in."""
    style = _text("page.css")
    return style, _digest(style)


def _digest(text: str) -> str:
    """How a policy of a page names what it lets in."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


@cache
def environment() -> "Environment":
    """How templates of pages are filled in."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(folder("templates") / "report"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_seen,
    )
    environment.filters["px"] = lambda value: f"{value:.1f}".removesuffix(".0")
    environment.filters["code"] = _code
    environment.filters["block"] = _block
    environment.filters["listed"] = listed
    environment.globals["anchor"] = anchor
    environment.globals["counted"] = counted
    return environment


def _seen(value: object) -> object:
    """Texts of specs, in which whatever cannot be seen is shown; what is HTML already stays."""
    return visible(value) if type(value) is str else value


def _block(text: str) -> "Markup":
    """A text whose ends of lines are meant."""
    from markupsafe import escape

    return escape(text)


def _code(message: str) -> "Markup":
    """A message in which what stands in backticks is code."""
    from markupsafe import Markup, escape

    parts = visible(message).split("`")
    if len(parts) % 2 == 0:
        return escape(visible(message))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(parts)
    )
