"""Source lines as they may be shown: what may be a secret is dotted out, column for column.

A secret never belongs in a spec. Where somebody wrote one all the same, a report must not carry it
further.
"""

import re
from collections.abc import Iterator, Sequence

_KEY = (
    r"[\"']?(?:[A-Za-z_-]*(?:passw(?:or)?d|passphrase|passwort|pwd|secret|token|bearer"
    r"|(?:private|api|access|secret)[_-]?key)(?:[_-]?(?:id|key|value))?|pass)[\"']?"
)
_NAMED = re.compile(rf"(?<![A-Za-z0-9_]){_KEY}\s*:\s*(?P<value>[^\s{{\[,}}][^,}}]*)", re.IGNORECASE)
_HOLDER = re.compile(r"(?<![A-Za-z])(credentials|secrets|secretRef)[\"']?\s*:")
_REFERENCE = re.compile(r"(env\s*:\s*[A-Z][A-Z0-9_]*|(file|vault)\s*:\s*/\S*?)\s*(?=[,}]|$)")
_VALUE = re.compile(r":\s+(?P<value>[^\s{\[,}][^,}]*)")
_IN_ADDRESS = re.compile(r"//[^/\s:@]*:(?P<value>[^/\s@]+)@")
_DOT = "•"


def concealed(lines: Sequence[str], index: int) -> str:
    """Line `index`, from 0, of the same length, without what may be a secret."""
    line = lines[index]
    for start, end in (*_by_name(line), *_by_place(lines, index)):
        line = line[:start] + _DOT * (end - start) + line[end:]
    return line


def _by_name(line: str) -> Iterator[tuple[int, int]]:
    found = (*_NAMED.finditer(line), *_IN_ADDRESS.finditer(line))
    return (match.span("value") for match in found)


def _by_place(lines: Sequence[str], index: int) -> Iterator[tuple[int, int]]:
    """Values of `credentials` that are no references, on its own line or below it."""
    line = lines[index]
    holder = _HOLDER.search(line)
    if holder is None and not _is_below_holder(lines, index):
        return
    begin = holder.start() if holder is not None else 0
    values = list(_VALUE.finditer(line, begin))
    for match in values:
        written = line[: match.end("value")].rpartition("{")[2].rpartition(",")[2].strip()
        if not _REFERENCE.fullmatch(written.lstrip("- ")):
            yield match.span("value")
    if holder is None and not values and not line.rstrip().endswith(":"):
        text = line.strip()
        start = line.find(text)
        yield start, start + len(text)


def _is_below_holder(lines: Sequence[str], index: int) -> bool:
    indent = _indent(lines[index])
    for above in range(index - 1, -1, -1):
        line = lines[above]
        if line.strip() and _indent(line) < indent:
            if _HOLDER.search(line) or _NAMED_BLOCK.search(line):
                return True
            indent = _indent(line)
            if indent == 0:
                return False
    return False


_NAMED_BLOCK = re.compile(rf"(?<![A-Za-z0-9_]){_KEY}\s*:\s*[|>]?[-+0-9]*\s*$", re.IGNORECASE)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
