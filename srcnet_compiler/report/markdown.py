"""Findings as Markdown for a comment on a pull request: a table, and the details folded away."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.model import Report, writable
from srcnet_compiler.report.text import excerpt

LIMIT = 60_000
"""Characters; GitHub refuses a comment above 65 536."""


def render(report: Report, *, limit: int = LIMIT) -> str:
    """The verdict, a row for each finding, a fold for each file.

    Where that is longer than `limit`, whole rows and folds are left out, and it says how many.
    """
    facts = ", ".join(f"{value} {name}" for name, value in report.facts)
    head = f"### {prose(report.title)}: {report.verdict}" + (f" ({prose(facts)})" if facts else "")
    parts = [head, *_table(report, limit // 2)]
    room = limit - sum(len(part) + 2 for part in parts) - 100
    folds, left_out = fitting(_folds(report), room)
    parts += folds
    if left_out:
        parts.append(f"The details of {left_out} files are left out: they are too long.")
    return writable("\n\n".join(parts) + "\n")


def _table(report: Report, room: int) -> Iterator[str]:
    rows, left_out = fitting(map(_row, report.diagnostics), room)
    if rows:
        yield "\n".join(["| | where | finding |", "|---|---|---|", *rows])
    if left_out:
        yield f"{left_out} more findings are not in this table."


def fitting(parts: Iterable[str], room: int) -> tuple[list[str], int]:
    """The first parts that fit into `room` characters, and how many do not."""
    taken: list[str] = []
    left_out = 0
    for part in parts:
        room -= len(part) + 2
        if room >= 0:
            taken.append(part)
        else:
            left_out += 1
    return taken, left_out


def _row(found: Diagnostic) -> str:
    where = _code(str(found.labels[0].span)) if found.labels else ""
    return f"| {found.severity.value} | {where} | {prose(found.message)} ({found.code.value}) |"


def _folds(report: Report) -> Iterator[str]:
    """No line of an excerpt begins with a backtick, so nothing in it can end the fence."""
    for file, group in groupby(report.diagnostics, key=_file):
        found = list(group)
        blocks = "\n\n".join(excerpt(one, report) for one in found)
        name = escape(visible(file or report.title))
        yield (
            f"<details><summary>{name}: {len(found)}</summary>\n\n"
            f"```text\n{blocks}\n```\n\n</details>"
        )


def _file(found: Diagnostic) -> str:
    return found.labels[0].span.file if found.labels else ""


def prose(text: str) -> str:
    """`text` on one line, in which nothing but pairs of backticks has a meaning."""
    parts = visible(text).split("`")
    if len(parts) % 2 == 0 or not all(part.strip() for part in parts[1::2]):
        return escape("`".join(parts))
    parts[::2] = map(escape, parts[::2])
    parts[1::2] = map(_code, parts[1::2])
    return "".join(parts)


def escape(text: str) -> str:
    """Entities: they disarm mentions, issue numbers and emoji too, which a backslash does not."""
    return re.sub(r"[\\`*_\[\]{}<>&@#|~!$^+]|:(?=\w)", lambda m: f"&#{ord(m[0])};", text)


def _code(text: str) -> str:
    """`text` as code inside a table, where a bar must be escaped even so."""
    runs = re.findall("`+", text)
    fence = "`" * (max(map(len, runs), default=0) + 1)
    pad = " " if runs else ""
    return fence + pad + visible(text).replace("|", "\\|") + pad + fence
