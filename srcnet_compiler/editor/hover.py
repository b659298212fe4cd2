"""What a key or a value means, as a page of Markdown."""

from collections.abc import Iterator, Mapping
from typing import Any

from srcnet_compiler import quantity
from srcnet_compiler.editor.mentions import Mention
from srcnet_compiler.editor.position import Here, here, mention_at, root_place, same
from srcnet_compiler.editor.workspace import Snapshot
from srcnet_compiler.schema.wording.lookup import Place
from srcnet_compiler.span import Span

_MOST_PLACES = 5


def hover(snapshot: Snapshot, file: str, line: int, column: int) -> tuple[str, Span] | None:
    """The page for a place, and the span that it is about."""
    read = snapshot.files.get(file)
    found = here(read.documents, line, column) if read and read.is_whole else None
    root = root_place(found.kind) if found else None
    if read is None or found is None or root is None:
        return None
    mention = mention_at(read, line, column)
    parts = [*_place(found, root)]
    if mention is not None:
        parts.append(_origin(mention, same(mention, snapshot.mentions)))
    return ("\n\n".join(parts), found.span) if parts else None


def _place(found: Here, root: Place) -> Iterator[str]:
    place = root.at(found.path)
    if place is None:
        return
    last = next((step for step in reversed(found.path) if isinstance(step, str)), found.kind)
    node = place.node
    text = node.get("description")
    yield f"**`{last}`**" + (f": {text}" if text else "")
    value = _value(found)
    if not found.is_key:
        meaning = exact(str(value), node.get("pattern", "")) if isinstance(value, str) else None
        if meaning:
            yield f"`{value}` is {meaning}"
    yield from _rules(node, place)


def _rules(node: Mapping[str, Any], place: Place) -> Iterator[str]:
    if len(place.allowed) > 1:
        yield "One of " + ", ".join(f"`{word}`" for word in place.allowed)
    default = node.get("default")
    if isinstance(default, str | int | bool):
        shown = str(default).lower() if isinstance(default, bool) else default
        yield f"`{shown}` where it is left out"


def _value(found: Here) -> object:
    value: Any = found.document.data
    for step in found.path:
        value = value[step]
    return value


def exact(text: str, pattern: str) -> str | None:
    """An amount as the exact number that it is; None for what is no amount."""
    try:
        match pattern:
            case quantity.BYTES_PATTERN:
                return f"{_grouped(quantity.parse_bytes(text))} bytes"
            case quantity.BIT_RATE_PATTERN:
                return f"{_grouped(quantity.parse_bit_rate(text))} bit/s"
            case quantity.DURATION_PATTERN:
                return f"{_grouped(quantity.parse_duration(text))} seconds"
            case quantity.DATA_RATE_PATTERN:
                rate = quantity.parse_data_rate(text)
                return f"{_grouped(round(rate.bytes_per_year))} bytes in a year of 365.25 days"
    except ValueError:
        return None
    return None


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")


def _origin(mention: Mention, places: list[Mention]) -> str:
    """Where a name comes from, and where else it is meant."""
    given = [each for each in places if each.gives]
    meant = [each for each in places if not each.gives]
    what = given[0].what[0] if given else mention.what[0]
    where = ", ".join(_at(each.span) for each in given[:_MOST_PLACES])
    said = f"The {what} `{mention.name}`" + (f", from {where}" if given else " is not described")
    times = f"{len(meant)} place{'' if len(meant) == 1 else 's'}"
    return f"{said}; meant in {times}" if meant else said


def _at(span: Span) -> str:
    return f"{span.file}:{span.line}"
