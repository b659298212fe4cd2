"""A review as one comment on a pull request, which is found again by its marker.

Verdict, impact, numbers, a fold for each site, how to see it for oneself. What does not fit is left
out as whole sections, and it says which.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from srcnet_compiler.change import Impact
from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.changes import change_lines
from srcnet_compiler.report.markdown import LIMIT, escape, fitting, prose
from srcnet_compiler.report.model import writable
from srcnet_compiler.report.paint import plain
from srcnet_compiler.report.review.movement import movement_lines
from srcnet_compiler.report.review.text import render_site
from srcnet_compiler.report.review.words import (
    STAYS,
    both,
    by_year,
    counted,
    in_ranges,
    verdict,
    way,
)
from srcnet_compiler.review.model import Requirement, Review

MARKER = "<!-- srcnet:diff -->"
"""By this a later run finds the comment that it writes anew."""
_ROWS = 40
"""More rows of one table than this are counted."""
_SIGNS = {Impact.COSMETIC: "⚪", Impact.ADDITIVE: "🟢", Impact.RECONFIGURE: "🟡"}
_GRAVE = "🔴"


@dataclass(frozen=True, slots=True)
class _Section:
    """A part that is shown as a whole or not at all; `name` is what is said where it is not."""

    name: str
    text: str


def render_markdown(review: Review, *, limit: int = LIMIT) -> str:
    """The comment, never longer than `limit` characters."""
    head = [MARKER, f"### {_sign(review)} {prose(verdict(review))}", _compared(review)]
    foot = _foot(review)
    room = limit - sum(len(part) + 2 for part in (*head, foot)) - 200
    sections = [*_sections(review)]
    shown, left_out = fitting([section.text for section in sections], room)
    if left_out:
        names = [section.name for section in sections if section.text not in shown]
        few = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        noun = "section is" if left_out == 1 else "sections are"
        shown.append(f"_{left_out} {noun} left out, too long for a comment: {escape(few)}._")
    return writable("\n\n".join([*head, *shown, foot]) + "\n")


def _sign(review: Review) -> str:
    return _SIGNS.get(review.impact, _GRAVE)


def _compared(review: Review) -> str:
    return f"{prose(f'`{review.base}` → `{review.head}`')}"


def _foot(review: Review) -> str:
    asked = f"{review.base.commit or review.base.name} {review.head.commit or ''}".strip()
    return f"<sub>To see it for yourself: <code>srcnet diff {escape(asked)} --full</code></sub>"


def _sections(review: Review) -> Iterator[_Section]:
    """The most needed first: that is what stays where room is short."""
    if review.refusals:
        rows = [f"- ⛔ {prose(each.message)} ({each.code.value})" for each in review.refusals]
        yield _Section("refusals", "\n".join(["**A plan of this would be refused**", "", *rows]))
    if review.requirements:
        yield _Section("requirements", _requirements(review))
    if review.movement is not None:
        _, title, *moved = movement_lines(review.movement, True, plain)
        yield _Section("what is moved", _fold(prose(title), _fenced("\n".join(moved) + "\n")))
    if review.edits:
        yield _Section("edits", _edits(review))
    if review.touched:
        yield _Section("sites", _sites(review))
    if review.untouched and not review.is_nothing:
        yield _Section("untouched sites", _untouched(review))
    if review.new or review.gone:
        yield _Section("findings", _findings(review))
    for why, title in STAYS.items():
        rows = [f"- {prose(f'`{each.address}`')}" for each in review.left if each.why is why]
        if rows:
            yield _Section(f"what is {why.value}", _fold(prose(title), "\n".join(rows)))
    for reach in review.touched:
        text = render_site(review, reach.site, full=True)
        title = f"{escape(reach.site)}: {escape(counted(reach))}"
        yield _Section(reach.site, _fold(title, _fenced(text)))
    for system, group in groupby(review.effects, key=lambda each: each.change.address.system):
        effects = [effect for effect in group if not effect.sites]
        if effects:
            lines = change_lines([effect.change for effect in effects], plain, full=True)
            title = f"{escape(str(system))}: {len(effects)} changes of the federation"
            yield _Section(str(system), _fold(title, _fenced("\n".join(lines) + "\n")))
    if review.moved:
        rows = [
            f"- {prose(f'`{way(edit)}`')}: {_cell(both(edit, review))}" for edit in review.moved
        ]
        title = "What the main line says otherwise since then; it is not this change's"
        yield _Section("the main line", _fold(prose(title), "\n".join(rows)))
    if review.drift and any(each.changes for each in review.drift):
        texts = (
            "\n".join([f"{each.system}:", *change_lines(each.changes, plain, full=True)])
            for each in review.drift
            if each.changes
        )
        title = "Drift that was there before; it is not this change's"
        yield _Section("drift", _fold(prose(title), _fenced("\n".join(texts) + "\n")))


def _requirements(review: Review) -> str:
    head = ["| | policy | requirement | before | after | impact |", "|---|---|---|---|---|---|"]
    rows = [_requirement(each) for each in review.requirements]
    return "\n".join([*head, *_some(rows)])


def _requirement(each: Requirement) -> str:
    draft = " (draft)" if each.draft else ""
    cells = (
        each.turn.value,
        prose(f"`{each.policy}`{draft}"),
        prose(each.what),
        _cell(each.before),
        _cell(each.after),
        each.impact.value,
    )
    return f"| {' | '.join(cells)} |"


def _edits(review: Review) -> str:
    head = ["| what the specs say otherwise | | where |", "|---|---|---|"]
    rows = [
        f"| {_cell(way(edit))} | {_cell(both(edit, review))} | {prose(f'`{edit.place}`')} |"
        for edit in review.edits
    ]
    return "\n".join([*head, *_some(rows)])


def _sites(review: Review) -> str:
    head = ["| site | systems | impact | expected at its areas |", "|---|---|---|---|"]
    rows = []
    for reach in review.touched:
        first = next((f"{years}: {text}" for years, text in in_ranges(by_year(reach))), "the same")
        cells = (_cell(reach.site), _cell(counted(reach)), reach.impact.value, first)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join([*head, *_some(rows)])


def _untouched(review: Review) -> str:
    number = len(review.untouched)
    title = (
        f"{number} site{'' if number == 1 else 's'} untouched: the same artifacts, byte for byte"
    )
    return _fold(title, escape(", ".join(review.untouched)))


def _findings(review: Review) -> str:
    rows = [
        *(f"- new {each.severity.value}: {prose(each.message)}" for each in review.new),
        *(f"- gone: {prose(each.message)}" for each in review.gone),
    ]
    return _fold(f"Findings: {len(review.new)} new, {len(review.gone)} gone", "\n".join(rows))


def _some(rows: list[str]) -> list[str]:
    """The first rows, and how many more there are."""
    if len(rows) <= _ROWS:
        return rows
    return [*rows[:_ROWS], f"\n{len(rows) - _ROWS} more are not in this table."]


def _cell(text: str) -> str:
    return escape(visible(text))


def _fold(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _fenced(text: str) -> str:
    """No line of ours begins with a backtick, so nothing in it can end the fence."""
    lines = (f" {line}" if line.startswith("`") else line for line in text.splitlines())
    return "```text\n" + "\n".join(lines) + "\n```"
