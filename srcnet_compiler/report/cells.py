"""How wide characters are on a terminal, and how to show those that cannot be seen."""

import unicodedata
from dataclasses import dataclass

_TAB = 4
_CUT = "…"
# What cannot be seen, or moves what can: U+202E turns text round, U+2028 ends a line, U+00A0 is
# no space for YAML.
_HIDDEN = ("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp", "Zs")
_SPACES = (" ", "\u3000")


def visible(text: str) -> str:
    r"""`text` in which every control or invisible character can be seen: newline is `␊`.

    >>> visible("a\x1b[31m\u202eb")
    'a␛[31m<U+202E>b'
    """
    return text if text.isascii() and text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if unicodedata.category(character) in _HIDDEN and character not in _SPACES:
        return f"<U+{code:04X}>"
    return character


def width(text: str) -> int:
    """The columns that `text` takes on a terminal, where every character of it is visible."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me") or "\u1160" <= character <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of a line: its text and the terminal columns, from 0, that it covers."""

    text: str
    left: int
    right: int

    def underline(self, start: int, end: int, mark: str) -> str:
        """Marks below the terminal columns from `start` to before `end`, at least one."""
        begin = min(max(start, self.left), self.right)
        count = max(min(end, self.right) - begin, 1)
        return " " * (begin - self.left) + mark * count


@dataclass(frozen=True, slots=True)
class Line:
    """A source line as a terminal shows it; `starts[n]` is where the n-th character begins."""

    cells: tuple[str, ...]
    starts: tuple[int, ...]

    def at(self, column: int) -> int:
        """The terminal column, from 0, at which the source's `column`, from 1, begins."""
        return self.starts[min(max(column - 1, 0), len(self.cells))]

    def window(self, start: int, end: int, room: int) -> Window:
        """What fits into `room` columns, with `start` to `end` in it as far as that goes."""
        total = self.starts[-1]
        if total <= room:
            return Window("".join(self.cells).rstrip(), 0, total)
        spare = max(room - (end - start), 0)
        left = min(max(start - spare // 2, 0), total - room)
        return self._cut(left, left + room)

    def _cut(self, left: int, right: int) -> Window:
        before = _CUT if left > 0 else ""
        after = _CUT if right < self.starts[-1] else ""
        inside = [
            n
            for n, start in enumerate(self.starts[:-1])
            if start >= left + len(before) and self.starts[n + 1] <= right - len(after)
        ]
        body = "".join(self.cells[n] for n in inside)
        begin = self.starts[inside[0]] if inside else left + len(before)
        return Window(before + body + after, begin - len(before), begin + width(body))


def lay_out(text: str) -> Line:
    """`text` in cells: tabs expanded, control characters visible."""
    starts = [0]
    cells = []
    for character in text:
        tab = " " * (_TAB - starts[-1] % _TAB)
        cells.append(tab if character == "\t" else visible(character))
        starts.append(starts[-1] + width(cells[-1]))
    return Line(tuple(cells), tuple(starts))
