"""Slurm's way to write many hosts in few characters: ``a[1-3,7],login``."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

MOST = 65_536
"""Hosts of one expression; more is a slip of the finger (Slurm's own limit is as high)."""

_BRACKET = re.compile(r"\[([^\[\]]*)\]")
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def expand(text: str) -> tuple[str, ...]:
    """The hosts of an expression, in its order.

    Raises ValueError for what is no such expression, and for more than `MOST` hosts.
    """
    hosts: list[str] = []
    for part in _split(text):
        for host in _expand(part):
            if not _HOST.fullmatch(host):
                raise ValueError(f"`{host}` in `{text}` is no name of a host")
            hosts.append(host)
            if len(hosts) > MOST:
                raise ValueError(f"`{text}` means more than {MOST} hosts")
    return tuple(hosts)


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


def _split(text: str) -> Iterator[str]:
    """The parts between commas that stand in no bracket."""
    start = depth = 0
    for index, character in enumerate(text):
        depth += (character == "[") - (character == "]")
        if depth not in (0, 1):
            raise ValueError(f"brackets in `{text}` do not match")
        if character == "," and not depth:
            yield text[start:index]
            start = index + 1
    if depth:
        raise ValueError(f"brackets in `{text}` do not match")
    yield text[start:]


def _expand(part: str) -> Iterator[str]:
    match = _BRACKET.search(part)
    if match is None:
        yield part
        return
    before, after = part[: match.start()], part[match.end() :]
    if after and "[" not in after:
        raise ValueError(f"`{part}` has something behind its bracket, which Slurm does not read")
    for number in _numbers(match[1]):
        for rest in _expand(after):
            yield f"{before}{number}{rest}"


def _numbers(text: str) -> Iterator[str]:
    for piece in text.split(","):
        match = _RANGE.fullmatch(piece)
        if match is None:
            raise ValueError(f"`[{text}]` is no list of numbers")
        first, last = match[1], match[2] or match[1]
        if int(last) < int(first) or int(last) - int(first) > MOST:
            raise ValueError(f"`[{text}]` is no range of numbers, or too long a one")
        yield from (f"{number:0{len(first)}}" for number in range(int(first), int(last) + 1))


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
