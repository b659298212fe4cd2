"""Every scalar of the golden federation, and what else could stand in its place."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from specs import GOLDEN, texts

from srcnet_compiler.source import parse
from srcnet_compiler.span import Span

FILES = texts(GOLDEN)


@dataclass(frozen=True)
class Scalar:
    """One scalar of the golden federation; `key` is the last key above it."""

    path: tuple[str | int, ...]
    key: str
    span: Span
    value: str | int | float | bool

    @property
    def label(self) -> str:
        return f"{self.span.file}:{self.span.line}:{self.span.column} {self.key} {self.value}"


def walk(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from walk(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from walk(item, (*path, index))
    else:
        yield path, value


def scalars(files: Mapping[str, str]) -> Iterator[Scalar]:
    for file, text in files.items():
        for document in parse(file, text.encode()).value or ():
            for path, value in walk(document.data, ()):
                if path[0] in ("apiVersion", "kind"):
                    continue
                key = next(part for part in reversed(path) if isinstance(part, str))
                yield Scalar(path, key, document.source_map.span(path), value)


SCALARS = list(scalars(FILES))
VALUES: dict[str, list[str]] = defaultdict(list)
"""What is written anywhere under a key: good values for another place with this key."""
for scalar in SCALARS:
    if isinstance(scalar.value, str) and scalar.value not in VALUES[scalar.key]:
        VALUES[scalar.key].append(scalar.value)
MORE = {
    "apart": ["region", "site", "area"],
    "environment": ["staging", "production"],
    "status": ["draft", "agreed"],
    "layout": ["recorded", "deterministic"],
    "protocol": ["https", "root"],
    "product": ["project"],
    "telescope": ["campaign", "provenance", "MID"],
    "media": ["tape", "ssd"],
    "countries": ["GB", "ZA"],
    "europe": ["PT"],
    "finding": ["wrong-shape"],
    "until": ["2028-01-01", "18 months"],
    "tier": ["cache", "nearline", "online"],
    "of": ["UKSRC-JBO-T1-OFF", "later-products", "later", "ZASRC-CPT"],
    "area": ["SWESRC-OSO-T1", "CANSRC-UVIC-T1"],
    "policy": ["library", "trial-products"],
    "country": ["GB", "CA"],
}
TAKES_AWAY = {"area", "policy"}
PROSE = {"description", "reason", "source", "group", "email", "alsoKnownAs", "upTo"}
_QUANTITY = re.compile(r"([0-9]+)(\.[0-9]+)?( [A-Za-z/]+)")


def others(scalar: Scalar) -> Iterator[str]:
    """Other values, as YAML, of which some may not compile."""
    value = scalar.value
    if isinstance(value, bool):
        yield json.dumps(not value)
    elif isinstance(value, (int, float)):
        yield str(value + 1)
    elif match := _QUANTITY.fullmatch(value):
        yield f"{int(match[1]) * 9}{match[3]}"
    else:
        pool = MORE.get(scalar.key, VALUES[scalar.key][:1])
        found = [other for other in dict.fromkeys(pool) if other != value]
        if "new_rule" in scalar.key:
            found = ["False"]
        elif value.isdigit():
            found = [f"{value}0"]
        elif scalar.key in PROSE:
            found = []
        longer = f"{value}X" if value.isupper() else f"{value}x"
        yield from (json.dumps(other) for other in (*found, longer))


def changed_files(scalar: Scalar, other: str, files: Mapping[str, str] = FILES) -> dict[str, str]:
    lines = files[scalar.span.file].split("\n")
    line = lines[scalar.span.line - 1]
    start, end = scalar.span.column - 1, scalar.span.end_column - 1
    lines[scalar.span.line - 1] = f"{line[:start]}{other}{line[end:]}"
    return {**files, scalar.span.file: "\n".join(lines)}
