"""Names of many nodes as one text, as Slurm writes them: ``nid[001-020],gpu[1,3]``, and back."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import product

MOST = 65_536
"""Of nodes in one text; more is a slip of the finger (Slurm's own limit is as high)."""

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


def compress(hosts: Iterable[str]) -> str:
    """The shortest sorted expression of these hosts, each once: what Slurm shows.

    Only the last number of a name becomes a range. Leading zeros stay.
    """
    parts = {_parts(host) for host in hosts}
    padded = {(stem, len(digits)) for stem, digits in parts if len(digits) > 1 and digits[0] == "0"}
    groups: dict[tuple[str, int], set[int]] = defaultdict(set)
    for stem, digits in parts:
        if digits:
            # the width counts only where some number of that width begins with a zero
            width = len(digits) if (stem, len(digits)) in padded else 0
            groups[stem, width].add(int(digits))
    plain = [(stem, 0, stem) for stem, digits in parts if not digits]
    ranged = [
        (stem, width, _ranged(stem, width, sorted(found)))
        for (stem, width), found in groups.items()
    ]
    return ",".join(text for _, _, text in sorted([*plain, *ranged]))


def canonical(text: str) -> str:
    """The same hosts, as `compress` writes them. Raises ValueError as `expand` does."""
    return compress(expand(text))


def _parts(host: str) -> tuple[str, str]:
    stem = host.rstrip("0123456789")
    return stem, host[len(stem) :]


def _ranged(stem: str, width: int, numbers: list[int]) -> str:
    texts = [
        f"{first:0{width}}" if first == last else f"{first:0{width}}-{last:0{width}}"
        for first, last in _runs(numbers)
    ]
    alone = len(texts) == 1 and "-" not in texts[0]
    return f"{stem}{texts[0]}" if alone else f"{stem}[{','.join(texts)}]"


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    start = previous = numbers[0]
    for number in numbers[1:]:
        if number != previous + 1:
            yield start, previous
            start = number
        previous = number
    yield start, previous


def _broken(text: str) -> str:
    if text.count("[") != text.count("]"):
        return "has a bracket without its other half"
    if any(not part for part in text.split(",")) or text == "":
        return "has a comma with nothing before or after it"
    return "has brackets that do not fit together"


def _expand(part: str, room: int) -> list[str]:
    pieces = re.split(r"\[([^\[\]]*)\]", part)
    if len(pieces) > 1 and pieces[-1]:
        raise ValueError(f"`{part}` has something behind its bracket, which Slurm does not read")
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
