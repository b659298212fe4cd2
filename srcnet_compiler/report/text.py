"""Findings for a terminal: what is wrong, where, why, and what to type."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from srcnet_compiler.diagnostic import Diagnostic, Label, Severity
from srcnet_compiler.report.cells import Line, lay_out, visible
from srcnet_compiler.report.conceal import concealed
from srcnet_compiler.report.model import Report, writable
from srcnet_compiler.report.paint import Paint, painter, plain
from srcnet_compiler.span import Span

_WIDTH = 160
"""Where nobody says how wide the reader's page is. A line is cut there, a message never."""


def render(report: Report, *, colour: bool = False, width: int | None = None) -> str:
    """All findings with their source lines, errors last, and the verdict as the last line. What is
    said of several places in the same words is one finding with all of them.

    `width` is the terminal's, in columns; source lines are cut to it around what is marked.
    """
    paint, report = painter(colour), replace(report, diagnostics=_together(report.diagnostics))
    nearest_last = sorted(report.diagnostics, key=lambda found: found.severity is Severity.ERROR)
    blocks = ["\n".join(_finding(f, report, paint, width)) for f in nearest_last]
    notes = [visible(report.note)] if report.note else []
    return writable("\n\n".join([*blocks, *notes, _verdict(report)]) + "\n")


def excerpt(found: Diagnostic, report: Report) -> str:
    """One finding without colours, as `render` shows it."""
    return writable("\n".join(_finding(found, report, plain, None)))


def _together(found: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Each where it stands first; one of more places than one has them for a reason of its own."""
    places: dict[tuple[object, ...], list[Label]] = {}
    first: dict[tuple[object, ...], Diagnostic] = {}
    for number, each in enumerate(found):
        words = (each.code, each.severity, each.message, each.help)
        key = words if len(each.labels) == 1 else (number,)
        first.setdefault(key, each)
        places.setdefault(key, []).extend(each.labels)
    return tuple(replace(each, labels=tuple(places[key])) for key, each in first.items())


def _verdict(report: Report) -> str:
    facts = ", ".join(f"{value} {_of(value, name)}" for name, value in report.facts)
    return visible(f"{report.verdict} ({facts})" if facts else report.verdict)


def _of(number: int, things: str) -> str:
    """`1 storage area`, `2 storage areas`, `1 file changed`, `1 warning not shown`."""
    return re.sub(r"s( changed| not shown)?$", r"\1", things) if number == 1 else things


def _finding(found: Diagnostic, report: Report, paint: Paint, width: int | None) -> Iterator[str]:
    weight = found.severity.value
    head = paint(f"{weight}[{found.code.value}]", weight)
    yield f"{head}: {paint(visible(found.message), 'bold')}"
    gutter = max([5, *(len(str(label.span.end_line)) for label in found.labels)])
    room = max((width or _WIDTH) - gutter - 3, 20)
    page = _Page(report.sources, gutter, room, paint)
    marked = [(label, "-", "frame") for label in found.labels]
    marked[:1] = [(label, "^", weight) for label in found.labels[:1]]
    for group in _groups(marked):
        yield from page.show(group)
    if found.help:
        yield f"  {paint('help', 'help')}: {visible(found.help)}"


Marked = tuple[Label, str, str]
"""A label, the character that underlines it, the style of both."""


def _groups(marked: Sequence[Marked]) -> Iterator[list[Marked]]:
    """Labels of one line together, in the order of the first of each."""
    groups: dict[tuple[str, int, int], list[Marked]] = {}
    for item in marked:
        span = item[0].span
        groups.setdefault((span.file, span.line, span.end_line), []).append(item)
    yield from groups.values()


@dataclass(frozen=True, slots=True)
class _Page:
    """Source lines in a frame: `gutter` columns for the number, `room` for the text."""

    sources: Mapping[str, Sequence[str]]
    gutter: int
    room: int
    paint: Paint

    def show(self, group: list[Marked]) -> Iterator[str]:
        span = group[0][0].span
        place = f"  {self.paint('-->', 'frame')} {visible(str(span))}"
        lines = self.sources.get(span.file, ())
        if not 0 < span.line <= len(lines):
            notes = [visible(label.text) for label, _, _ in group if label.text]
            yield ": ".join([place, *notes])
            return
        yield place
        if trimmed(span, lines).end_line > span.line:
            for item in group:
                yield from self._block(item, lines)
        else:
            yield from self._line(lay_out(concealed(lines, span.line - 1)), group)

    def _line(self, line: Line, group: list[Marked]) -> Iterator[str]:
        starts = [line.at(label.span.column) for label, _, _ in group]
        ends = [_end(line, label.span) for label, _, _ in group]
        number = group[0][0].span.line
        if len(group) > 1 and max(ends) - min(starts) > self.room - 2:
            for item in group:
                yield from self._line(line, [item])
            return
        window = line.window(min(starts), max(ends), self.room)
        yield self._row(str(number), window.text)
        for (label, mark, style), start, end in zip(group, starts, ends, strict=True):
            yield self._marks(window.underline(start, end, mark), label.text, style)

    def _block(self, item: Marked, lines: Sequence[str]) -> Iterator[str]:
        label, mark, style = item
        span = trimmed(label.span, lines)
        first, last = (
            lay_out(concealed(lines, span.line - 1)),
            lay_out(concealed(lines, span.end_line - 1)),
        )
        start, end = first.at(span.column), first.starts[-1]
        window = first.window(start, end, self.room)
        yield self._row(str(span.line), window.text)
        yield self._marks(window.underline(start, end, mark), "", style)
        if span.end_line > span.line + 1:
            yield self.paint("...".rjust(self.gutter) + " |", "frame")
        text = lines[span.end_line - 1]
        start = last.at(len(text) - len(text.lstrip()) + 1)
        end = last.at(span.end_column)
        window = last.window(start, end, self.room)
        yield self._row(str(span.end_line), window.text)
        yield self._marks(window.underline(start, end, mark), label.text, style)

    def _row(self, number: str, text: str) -> str:
        return f"{self.paint(number.rjust(self.gutter) + ' |', 'frame')} {text}".rstrip()

    def _marks(self, underline: str, text: str, style: str) -> str:
        blank = underline[: len(underline) - len(underline.lstrip())]
        note = f"{underline.lstrip()} {visible(text)}".rstrip()
        return f"{self._row('', '')} {blank}{self.paint(note, style)}"


def _end(line: Line, span: Span) -> int:
    """Where the mark ends on its line; a span that goes on below is marked to the line's end."""
    return line.at(span.end_column) if span.end_line == span.line else line.starts[-1]


def trimmed(span: Span, lines: Sequence[str]) -> Span:
    """`span` without the blank end that a parser adds: a block ends where its last text does."""
    last, column = min(span.end_line, len(lines)), span.end_column
    if last < span.end_line:
        column = len(lines[last - 1]) + 1
    while last > span.line and not lines[last - 1][: column - 1].strip():
        last -= 1
        column = len(lines[last - 1]) + 1
    return Span(span.file, span.line, span.column, last, column)
