"""A comment on a pull request: found again by its marker, and never longer than a forge takes.

What does not fit is left out as whole sections, and it says which.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from srcnet_compiler.change import Impact
from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.markdown import escape, fitting, prose
from srcnet_compiler.report.model import writable
from srcnet_compiler.report.review.words import command
from srcnet_compiler.review.model import Review

_ROWS = 40
"""More rows of one table than this are counted."""
_SIGNS = {Impact.COSMETIC: "⚪", Impact.ADDITIVE: "🟢", Impact.RECONFIGURE: "🟡"}
_GRAVE = "🔴"


@dataclass(frozen=True, slots=True)
class Section:
    """A part that is shown as a whole or not at all; `name` is what is said where it is not."""

    name: str
    text: str


def comment(
    marker: str, verdict: str, review: Review, impact: Impact, page: str,
    sections: Sequence[Section], limit: int,
) -> str:  # fmt: skip
    """The whole, the most needed section first; `page` is the option that asks for the same."""
    sign = _SIGNS.get(impact, _GRAVE)
    head = [marker, f"### {sign} {prose(verdict)}", prose(f"`{review.base}` → `{review.head}`")]
    foot = _foot(review, page)
    room = limit - sum(len(part) + 2 for part in (*head, foot)) - 200
    shown, left_out = fitting([section.text for section in sections], room)
    if left_out:
        names = [section.name for section in sections if section.text not in shown]
        few = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        noun = "section is" if left_out == 1 else "sections are"
        shown.append(f"_{left_out} {noun} left out, too long for a comment: {escape(few)}._")
    return writable("\n\n".join([*head, *shown, foot]) + "\n")


def _foot(review: Review, page: str) -> str:
    said = escape(command(review, page))
    return f"<sub>To see it for yourself: <code>{said}</code></sub>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, whole: bool = False) -> str:
    """Rows of cells that are Markdown already; the first ones where they are many."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    shown = lines if whole or len(lines) <= _ROWS else lines[:_ROWS]
    more = [f"\n{len(lines) - len(shown)} more are not in this table."] if shown != lines else []
    return "\n".join([f"| {' | '.join(head)} |", "|---" * len(head) + "|", *shown, *more])


def cell(text: str) -> str:
    """A text in which nothing has a meaning."""
    return escape(visible(text))


def fold(title: str, body: str) -> str:
    """A part that is shut at first; both are Markdown."""
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def fenced(text: str) -> str:
    """No line of ours begins with a backtick, so nothing in it can end the fence."""
    lines = (f" {line}" if line.startswith("`") else line for line in text.splitlines())
    return "```text\n" + "\n".join(lines) + "\n```"
