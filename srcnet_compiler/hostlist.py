"""Names of many nodes as one text, such as ``nid[001-020],gpu[1,3]``, and back."""

import re
from collections.abc import Iterable, Iterator
from itertools import product

MOST = 100_000
"""Of nodes in one text: more is a slip of the finger, and would fill the memory."""

_PARTS = re.compile(r"(?:[^,\[\]]|\[[^\[\]]*\])+")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_RANGE = re.compile(r"([0-9]+)(?:-([0-9]+))?")


def expand(text: str) -> tuple[str, ...]:
    """The names that a text stands for, as they are written.

    A number keeps the width of the first one of its range: ``n[08-10]`` is n08, n09 and n10.
    Raises ValueError with what is wrong, in words for the one who wrote it.
    """
    parts = _PARTS.findall(text)
    if not text or ",".join(parts) != text:
        raise ValueError(f"`{text}` {_broken(text)}")
    names: list[str] = []
    for part in parts:
        names += _expand(part, MOST - len(names))
    return tuple(names)


def compress(names: Iterable[str]) -> str:
    """One short text for these names, in order, each once; `expand` gives them back."""
    groups: dict[tuple[str, int], list[int]] = {}
    plain = []
    for name in sorted(set(names)):
        match = re.fullmatch(r"(.*[^0-9])([0-9]{1,18})", name)
        if match is None:
            plain.append(name)
        else:
            groups.setdefault((match[1], len(match[2])), []).append(int(match[2]))
    ranges = (_written(prefix, width, found) for (prefix, width), found in groups.items())
    return ",".join(sorted((*plain, *ranges)))


def _written(prefix: str, width: int, numbers: list[int]) -> str:
    if len(numbers) == 1:
        return f"{prefix}{numbers[0]:0{width}}"
    spans = (
        f"{first:0{width}}" if first == last else f"{first:0{width}}-{last:0{width}}"
        for first, last in _runs(numbers)
    )
    return f"{prefix}[{','.join(spans)}]"


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """Runs of numbers that follow each other, of numbers in order."""
    first = last = numbers[0]
    for number in numbers[1:]:
        if number != last + 1:
            yield first, last
            first = number
        last = number
    yield first, last


def _broken(text: str) -> str:
    if text.count("[") != text.count("]"):
        return "has a bracket without its other half"
    if any(not part for part in text.split(",")) or text == "":
        return "has a comma with nothing before or after it"
    return "has brackets that do not fit together"


def _expand(part: str, room: int) -> list[str]:
    pieces = re.split(r"\[([^\[\]]*)\]", part)
    choices: list[list[str]] = []
    count = 1
    for index, piece in enumerate(pieces):
        choices.append(_numbers(piece, part, room) if index % 2 else [piece])
        count *= len(choices[-1])
        if count > room:
            raise ValueError(f"`{part}` would be more than {MOST} nodes")
    names = ["".join(chosen) for chosen in product(*choices)]
    for name in names[:1]:
        if not _NAME.fullmatch(name):
            raise ValueError(f"`{name}` is not the name of a node: letters, digits, `-`, `_`, `.`")
    return names


def _numbers(inside: str, part: str, room: int) -> list[str]:
    found: list[str] = []
    for span in inside.split(","):
        match = _RANGE.fullmatch(span)
        if match is None:
            raise ValueError(f"`{span}` in `{part}` is not a number, or two of them with `-`")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise ValueError(f"`{span}` in `{part}` ends before it begins")
        if last - first >= room:
            raise ValueError(f"`{part}` would be more than {MOST} nodes")
        found += [f"{number:0{len(match[1])}}" for number in range(first, last + 1)]
    return found
