"""The page that tells the stories: what it shows is what was printed when they happened.

A block below `<!-- printed: NAME -->` is compared with what a story prints under that name, as the
pages that are typed are. `SRCNET_UPDATE_GOLDEN=1 pytest tests/live/forge` writes the blocks that do
not agree; what is different on each day and machine then stands as `…`. Read the difference.
"""

from __future__ import annotations

import os
import re
from difflib import unified_diff

from console import PROJECT, agrees

PAGE = PROJECT / "docs/explanation/forge-stories.md"
_BLOCK = re.compile(
    r"(?P<head>^<!-- printed: (?P<name>[^\n]+) -->\n\n~~~[a-z]+\n)(?P<text>.*?)(?P<end>^~~~$)",
    re.MULTILINE | re.DOTALL,
)
_MOVES = re.compile(
    r"\b(?=\d*[a-f])[0-9a-f]{10,64}\b|\b[0-9a-f]{7,12}(?= Anna: )"
    r"|127\.0\.0\.1:\d+|ssh-[a-z0-9-]+ [A-Za-z0-9+/=]+"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:\+00:00)?"
    r"|/[\w./-]*/pytest-[\w./-]+|(?<=process )\d+ on [\w.-]+"
)
"""Commits, digests and keys, ports, times, folders, machines."""
_seen: set[str] = set()


def shows(name: str, printed: str) -> None:
    """The page shows this under that name; where it is to be written anew, it is."""
    page = PAGE.read_text("utf-8")
    found = {match["name"]: match for match in _BLOCK.finditer(page)}
    assert name in found, f"{PAGE.name} has no block `{name}`"
    _seen.add(name)
    block = found[name]
    if agrees(block["text"], printed):
        return
    if os.environ.get("SRCNET_UPDATE_GOLDEN"):
        lines = (line.rstrip() for line in _MOVES.sub("…", printed).strip("\n").splitlines())
        text = "".join(f"{line}\n" for line in lines)
        new = page[: block.start("text")] + text + page[block.end("text") :]
        PAGE.write_text(new, "utf-8")
        return
    told = unified_diff(
        block["text"].splitlines(), printed.splitlines(), "shown", "printed", lineterm="", n=99
    )
    raise AssertionError("\n".join((f"{PAGE.name}: {name}", *told)))


def never_happened(chapter: str) -> set[str]:
    """What the page shows of a chapter and no story has printed."""
    page = PAGE.read_text("utf-8")
    names = {match["name"] for match in _BLOCK.finditer(page)}
    return {name for name in names if name.startswith(f"{chapter}: ")} - _seen
