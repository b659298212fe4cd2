"""Labels that do not overlap: how wide a text is, and where there is room for it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import cos, hypot, pi, sin

from srcnet_compiler.report.cells import width

SIZE = 12
"""Of the letters of every figure, in units of its drawing."""
HEIGHT = SIZE * 1.3
_PADDING = 2.0
_LONGEST = 0.6
"""Of the room's width: what is longer is cut."""
_STEPS = (0.0, 8.0, 16.0, 26.0, 38.0, 52.0, 70.0, 90.0, 115.0, 145.0, 180.0, 220.0, 270.0)
_DIRECTIONS = 16
_SQUARE = 40


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its left upper corner."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: "Box") -> bool:
        """Whether the two have a point in common that is on no edge."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )

    def holds(self, other: "Box") -> bool:
        """Whether the other lies in it."""
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.x + other.width <= self.x + self.width
            and other.y + other.height <= self.y + self.height
        )


@dataclass(frozen=True, slots=True)
class Point:
    """What a label belongs to: a disc."""

    x: float
    y: float
    radius: float

    @property
    def box(self) -> Box:
        """What it covers."""
        return Box(self.x - self.radius, self.y - self.radius, 2 * self.radius, 2 * self.radius)


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a place: `x` is its `anchor` (start, middle or end), `y` its base line. `line`:
    from its point to it, where it stands too far away to be understood without. `name` is the
    whole of what `text` is cut from."""

    name: str
    text: str
    x: float
    y: float
    anchor: str
    box: Box
    line: tuple[float, float, float, float] | None


def text_width(text: str, size: float = SIZE) -> float:
    """At most so wide is a text in letters of any face without serifs; exact for none."""
    return sum(_letter(letter) for letter in text) * size


def _letter(letter: str) -> float:
    if width(letter) == 2:
        return 1.1
    if letter.isupper() or letter in "mwMW@%…":
        return 0.8
    return 0.42 if letter in "iljtf.,:;'|!()[]-· " else 0.66


def shortened(text: str, room: float) -> str:
    """The text, or as much of it as there is room for, and `…`."""
    if text_width(text) <= room:
        return text
    while text and text_width(text + "…") > room:
        text = text[:-1]
    return text + "…"


def place(
    wanted: Sequence[tuple[str, Point]], room: Box, taken: Iterable[Box] = ()
) -> tuple[Label, ...]:
    """A label for each point, in the order given, so that none covers another label or point.

    Each goes as near to its point as there is room. One for which there is none, is left out.
    """
    full = _Full([*taken, *(point.box for _, point in wanted)])
    labels = []
    for name, point in wanted:
        for label in _candidates(name, shortened(name, room.width * _LONGEST), point):
            if room.holds(label.box) and not full.meets(label.box):
                full.add(label.box)
                labels.append(label)
                break
    return tuple(labels)


class _Full:
    """What is taken, by the squares of a grid, so that only neighbours are asked."""

    def __init__(self, boxes: Iterable[Box]) -> None:
        self.squares: dict[tuple[int, int], list[Box]] = defaultdict(list)
        for box in boxes:
            self.add(box)

    def add(self, box: Box) -> None:
        for square in _squares(box):
            self.squares[square].append(box)

    def meets(self, box: Box) -> bool:
        return any(
            box.meets(other)
            for square in _squares(box)
            if square in self.squares
            for other in self.squares[square]
        )


def _squares(box: Box) -> Iterator[tuple[int, int]]:
    left, right = int(box.x // _SQUARE), int((box.x + box.width) // _SQUARE)
    top, bottom = int(box.y // _SQUARE), int((box.y + box.height) // _SQUARE)
    return product(range(left, right + 1), range(top, bottom + 1))


def _candidates(name: str, text: str, point: Point) -> Iterator[Label]:
    """From the best on: to the right, to the left, above, below; then further away."""
    wide, high = text_width(text) + 2 * _PADDING, HEIGHT
    order = sorted(range(_DIRECTIONS), key=lambda d: (d % 4 != 0, d % 8 != 0, d))
    for step in _STEPS:
        for direction in order:
            angle = 2 * pi * direction / _DIRECTIONS
            right, down = cos(angle), sin(angle)
            reach = point.radius + 3 + step
            x = point.x + right * (reach + wide / 2)
            y = point.y + down * (reach + high / 2)
            box = Box(x - wide / 2, y - high / 2, wide, high)
            anchor = "start" if right > 0.3 else "end" if right < -0.3 else "middle"
            edge = {"start": box.x + _PADDING, "end": box.x + wide - _PADDING, "middle": x}[anchor]
            line = _leader(point, box) if step else None
            yield Label(name, text, edge, y + SIZE * 0.36, anchor, box, line)


def _leader(point: Point, box: Box) -> tuple[float, float, float, float] | None:
    """The shortest line from the edge of a point to a box."""
    x = min(max(point.x, box.x + _PADDING), box.x + box.width - _PADDING)
    y = min(max(point.y, box.y + _PADDING), box.y + box.height - _PADDING)
    far = hypot(x - point.x, y - point.y)
    if far <= point.radius + 1:
        return None
    part = point.radius / far
    return (point.x + (x - point.x) * part, point.y + (y - point.y) * part, x, y)
