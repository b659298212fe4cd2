"""Where each line of a build comes from, as one file beside it."""

import json
from collections import defaultdict
from itertools import count, repeat
from pathlib import Path

from srcnet_compiler.artifact import Artifact, Spans
from srcnet_compiler.span import Span

SOURCE_MAP = "source-map.json"
_LONG = 8
"""So many places are worth to be remembered as those that may stand behind others."""
_MOST_LINES = 100_000_000
"""More lines than any build has: who names more wants our memory."""


class SourceMapText:
    """The text of a source map, in parts as artifacts come.

    Places and sets of places are numbered and written once. Of a file it says `[set, lines, set,
    lines…]`, of a set its places; `-N` stands for all places of the set N - 1, since what decides
    that an object is there stands behind the places of each of its fields.
    """

    def __init__(self) -> None:
        self._places: defaultdict[Span, str] = defaultdict(map(str, count()).__next__)
        self._sets: defaultdict[str, int] = defaultdict(count().__next__)
        self._long: dict[Span, tuple[Spans, int]] = {}
        self._before = '{"files":{'

    def of(self, artifact: Artifact) -> str:
        """The part that an artifact adds. Thousands of its lines share one set of hundreds of
        places, which is looked at once."""
        met: dict[int, int] = {}
        numbers: list[int] = []
        for spans, lines in artifact.runs():
            number = met.get(id(spans))
            if number is None:
                number = met[id(spans)] = self._number(spans)
            numbers += (number, lines)
        before, self._before = self._before, ","
        return f"{before}\n{_json(str(artifact.path))}:{_json(numbers)}"

    def _number(self, spans: Spans) -> int:
        own, behind = spans, ""
        while own and own[-1] in self._long:
            known, number = self._long[own[-1]]
            if own[-len(known) :] != known:
                break
            own, behind = own[: -len(known)], f",-{number + 1}{behind}"
        row = ",".join(map(self._places.__getitem__, own))
        if len(own) >= _LONG:
            self._long[own[-1]] = own, self._sets[row]
            row = f"-{self._sets[row] + 1}" if behind else row
        return self._sets[f"{row}{behind}".lstrip(",")]

    def end(self) -> str:
        """What follows the last of them."""
        before = "" if self._before == "," else self._before
        sets = ",".join(f"[{row}]" for row in self._sets)
        return f'{before}}},\n"sets":[{sets}],\n"places":{_json(list(self._places))}}}\n'


def read_source_map(folder: Path) -> dict[str, list[Spans]] | None:
    """For each file, the spec places of each of its lines; None where there is no build."""
    try:
        data = json.loads((folder / SOURCE_MAP).read_text("utf-8"))
        places = [Span(*item) for item in data["places"]]
        sets: list[Spans] = []
        for row in data["sets"]:
            found: list[Span] = []
            for number in row:
                found += sets[-number - 1] if number < 0 else (places[number],)
            sets.append(tuple(found))
        files = {
            name: [*zip(runs[::2], runs[1::2], strict=False)]
            for name, runs in data["files"].items()
        }
        if sum(lines for runs in files.values() for _, lines in runs) > _MOST_LINES:
            return None
        return {
            name: [spans for number, lines in runs for spans in repeat(sets[number], lines)]
            for name, runs in files.items()
        }
    except (FileNotFoundError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None


def names_in(folder: Path) -> list[str] | None:
    """The files of the build; None where there is none."""
    try:
        data = json.loads((folder / SOURCE_MAP).read_text("utf-8"))
        return [*data["files"].keys()]
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
