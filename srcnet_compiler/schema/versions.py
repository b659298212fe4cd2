"""The version of the spec language, and the one before it, which is still read.

A document of the version before is upgraded before anything else looks at it. Its values keep their
places: what has another name now is found under that name, where it stands in the file.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, TypeAlias

from srcnet_compiler.diagnostic import Code, Diagnostic, Fix, Label, Outcome, error, warning
from srcnet_compiler.schema import kinds
from srcnet_compiler.source import Document, YamlValue
from srcnet_compiler.source.trouble import shown
from srcnet_compiler.span import Path, SourceMap, Span

API_VERSION = "srcnet.skao.int/v1alpha2"
BEFORE = "srcnet.skao.int/v1alpha1"
BY_HAND = "write it by hand: what changes here is a value of something else too, or goes over lines"


@dataclass(frozen=True, slots=True)
class Renamed:
    """A key of the version before that is called `to` now. Its text followed `pattern`, whose one
    group is what is written now; `words` and `example` say what it was."""

    kind: str
    path: Path
    to: str
    pattern: str
    words: str
    example: str

    @property
    def new_path(self) -> Path:
        """Where it is found now."""
        return (*self.path[:-1], self.to)

    def now(self, value: object) -> str | None:
        """How a value of the version before is written now; None for what was none."""
        match = re.fullmatch(self.pattern, value) if isinstance(value, str) else None
        return match[1] if match else None


CHANGES = (
    Renamed(
        "DataPolicy",
        ("spec", "recall", "approval"),
        "approvalAbove",
        r"above ([0-9]+(?:\.[0-9]+)? ?(?:GB|TB|PB))",
        "`above` and an amount in GB, TB or PB",
        "above 10 TB",
    ),
)
"""All that differs between the two versions, beside their names."""


def upgraded(document: Document) -> Outcome[Document]:
    """The document as it is said in this version, with what there is to say of its own.

    No document where its version is one that nobody here can read.
    """
    data = document.data
    version = data.get("apiVersion") if isinstance(data, dict) else None
    if version == API_VERSION or not isinstance(data, dict) or not isinstance(version, str):
        return Outcome(document)
    if version == BEFORE:
        kind = data.get("kind")
        return _from_before(document) if kind in kinds.KINDS else Outcome(document)
    age = _age(version)
    if age is None:
        return Outcome(document)
    return Outcome(None, (_unknown(version, age, document.source_map.span(("apiVersion",))),))


def in_this_version(documents: Iterable[Document]) -> tuple[Document, ...]:
    """The documents as they are said in this version; one that cannot be read stays as it is."""
    return tuple(upgraded(document).value or document for document in documents)


def published(version: str) -> str:
    """Where the schemas of a version are."""
    name, _, number = version.partition("/")
    return f"https://{name}/schemas/{number}/"


def renamed(kind: object, path: Path) -> Renamed | None:
    """What has become of a key of the version before."""
    return next((each for each in CHANGES if (each.kind, each.path) == (kind, path)), None)


def rewritten(change: Renamed, value: object, places: SourceMap) -> Fix | None:
    """The key and the value of the version before, as they are written now; None where that is not
    certain."""
    text = change.now(value)
    if text is None:
        return None
    return _fix(places, [(places.keys, change.path, change.to), (places.values, change.path, text)])


def _from_before(document: Document) -> Outcome[Document]:
    data, places = document.data, document.source_map
    found: list[Diagnostic] = []
    done: list[Renamed] = []
    assert isinstance(data, dict)
    for change in CHANGES:
        around = _at(data, change.path[:-1])
        if change.kind != data["kind"] or not isinstance(around, dict):
            continue
        key = str(change.path[-1])
        if change.to in around:
            found.append(_too_early(change, places))
            data = _with(data, change.path[:-1], _without(around, key))
        elif key in around:
            text = change.now(around[key])
            if text is None:
                found.append(_wrong(change, around[key], places))
                data = _with(data, change.path[:-1], _without(around, key))
                continue
            done.append(change)
            now = {change.to if each == key else each: item for each, item in around.items()}
            data = _with(data, change.path[:-1], {**now, change.to: text})
    data = {**data, "apiVersion": API_VERSION}
    older = _older(done, document, data)
    if found:
        older = replace(older, fix=None)
    return Outcome(Document(data, _moved(places, done)), (older, *found))


def _older(done: list[Renamed], document: Document, now: Mapping[str, Any]) -> Diagnostic:
    places = document.source_map
    edits: list[_Written] = [(places.values, ("apiVersion",), API_VERSION)]
    for change in done:
        edits.append((places.keys, change.path, change.to))
        edits.append((places.values, change.path, str(_at(now, change.new_path))))
    fix = _fix(places, edits)
    if fix is not None:
        fix = replace(fix, also=(*fix.also, *_schema_lines(places)))
    return warning(
        Code.OLDER_VERSION,
        f"the document is written in `{BEFORE}`, the version before `{API_VERSION}`",
        Label(places.span(("apiVersion",))),
        *(
            Label(places.key_span(change.path), f"now `{change.to}: {_at(now, change.new_path)}`")
            for change in done
        ),
        help="`srcnet migrate` rewrites it, and keeps all the rest" if fix else BY_HAND,
        fix=fix,
    )


def _wrong(change: Renamed, value: object, places: SourceMap) -> Diagnostic:
    """A value that was none in the version before either."""
    key, span = change.path[-1], places.span(change.path)
    typed = "" if value is None else _typed(places, span)
    what = f"is {shown(typed)}, which is not" if typed else "is not"
    return error(
        Code.SHAPE,
        f"`{key}` has no value" if value is None else f"`{key}` {what} {change.words}",
        Label(span if typed else places.key_span(change.path)),
        help=f"write `{key}: {change.example}`, or in `{API_VERSION}` "
        f"`{change.to}: {change.now(change.example)}`",
    )


def _too_early(change: Renamed, places: SourceMap) -> Diagnostic:
    """A key of this version in a document of the one before."""
    key, around = change.path[-1], change.path[-2]
    return error(
        Code.UNKNOWN_KEY,
        f"`{change.to}` is not a key of `{around}` in `{BEFORE}`",
        Label(places.key_span(change.new_path)),
        help=f"write `{key}: {change.example}`, or `apiVersion: {API_VERSION}` above",
    )


# ── versions that are not read ────────────────────────────────────────────────────────────────

_STAGES = ("alpha", "beta", "")
_VERSION = re.compile(r"srcnet\.skao\.int/v(?P<major>[0-9]{1,4})(?:(alpha|beta)([0-9]{1,4}))?")


def _age(version: str) -> tuple[int, int, int] | None:
    """By which versions are ordered; None for what is no version of the spec language."""
    match = _VERSION.fullmatch(version)
    if match is None:
        return None
    return int(match["major"]), _STAGES.index(match[2] or ""), int(match[3] or 0)


def _unknown(version: str, age: tuple[int, int, int], span: Span) -> Diagnostic:
    read = f"this `srcnet` reads `{API_VERSION}` and `{BEFORE}`"
    is_later = age > (_age(API_VERSION) or age)
    return error(
        Code.UNKNOWN_VERSION,
        f"the document is written in `{version}`, which this `srcnet` cannot read",
        Label(span),
        help=f"{read}; a newer one is needed" if is_later else f"{read}; write it anew in one",
    )


# ── how it is written now ─────────────────────────────────────────────────────────────────────


_Written: TypeAlias = tuple[Mapping[Path, int], Path, str]
"""Places of values or of keys, a path among them, and what is written there now."""


def _fix(places: SourceMap, edits: list[_Written]) -> Fix | None:
    """All of it written anew; None where a place says something elsewhere too, as an anchor does,
    or goes over several lines, in which there may be comments."""
    everywhere = [*chain(places.values.values(), places.keys.values())]
    parts = []
    for where, path, text in edits:
        if path not in where or everywhere.count(where[path]) != 1:
            return None
        span = places.span(path) if where is places.values else places.key_span(path)
        typed = _typed(places, span)
        if not typed:
            return None
        quote = typed[0] if typed[0] in ("'", '"') else ""
        parts.append(Fix(span, f"{quote}{text}{quote}"))
    first, *more = parts
    return replace(first, also=tuple(more))


def _typed(places: SourceMap, span: Span) -> str:
    """What stands there in the file; empty beyond one line."""
    if span.line != span.end_line:
        return ""
    return places.lines[span.line - 1][span.column - 1 : span.end_column - 1]


_COMMENT = re.compile(r"\s*(#|$)")
_HEAD = re.compile(r"\s*(#|$|%|---(\s|$))")


def _schema_lines(places: SourceMap) -> Iterator[Fix]:
    """The comments above a document that tell an editor where the schema of its version is."""
    before, now = published(BEFORE), published(API_VERSION)
    head = places.lines[: places.span(()).line - 1]
    form = _HEAD if all(map(_HEAD.match, head)) else _COMMENT
    for index in reversed(range(len(head))):
        line = head[index]
        if not form.match(line):
            return
        column = line.find(before)
        if line.lstrip().startswith("#") and "$schema=" in line and column >= 0:
            span = Span(places.file, index + 1, column + 1, index + 1, column + len(before) + 1)
            yield Fix(span, now)


# ── where it is found now ─────────────────────────────────────────────────────────────────────


def _moved(places: SourceMap, done: list[Renamed]) -> SourceMap:
    """The places by the paths of this version."""
    if not done:
        return places
    paths = {change.path: change.new_path for change in done}
    return replace(
        places,
        values={paths.get(path, path): span for path, span in places.values.items()},
        keys={paths.get(path, path): span for path, span in places.keys.items()},
    )


def _at(data: "YamlValue | Mapping[str, Any]", path: Path) -> Any:  # noqa: ANN401  any YAML
    """What stands at a path of keys; None where nothing does."""
    value: Any = data
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _with(data: dict[str, Any], path: Path, value: object) -> dict[str, Any]:
    """The same data with another value at a path of keys."""
    if not path:
        return value  # type: ignore[return-value]  # only mappings are replaced
    key = str(path[0])
    return {**data, key: _with(data[key], path[1:], value)}


def _without(mapping: dict[str, Any], key: str) -> dict[str, Any]:
    return {each: item for each, item in mapping.items() if each != key}
