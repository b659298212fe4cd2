"""A node's document: finding an entry in it, reading its fields, setting them, adding another."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, TypeAlias

from srcnet_compiler.change import Json
from srcnet_compiler.scapi_nodes import STAMPS, TIER_BY_DEFAULT
from srcnet_compiler.targets.scapi.model import ID, LISTS, NAME, Fields

Document: TypeAlias = dict[str, Any]
"""A node, or an object in it, as the catalogue gives it."""

_BY_DEFAULT: Mapping[str, Json] = {"relative_path": "/", "tier": TIER_BY_DEFAULT}
"""What it means that a field is not there, or is empty."""
_ONE_LEVEL = "."
_SORTED = {"supported_protocols", "hardware_capabilities"}
"""Lists whose order means nothing."""


def fields_of(said: Mapping[str, Any], wanted: Sequence[str]) -> Fields:
    """Those of the wanted fields that an object has, in the form in which they are compared."""
    found: dict[str, Json] = {}
    for name in wanted:
        key, _, inner = name.partition(_ONE_LEVEL)
        value = said.get(key)
        if inner:
            value = value.get(inner) if isinstance(value, Mapping) else None
        value = _BY_DEFAULT.get(name) if value in (None, "") else value
        if value is not None:
            found[name] = in_order(key, value)
    return found


def flat(key: str, value: Json) -> Iterator[tuple[str, Json]]:
    """A value of the catalogue as fields: of a mapping each value by itself."""
    if isinstance(value, Mapping) and value:
        yield from ((f"{key}{_ONE_LEVEL}{inner}", item) for inner, item in value.items())
    else:
        yield key, in_order(key, value)


def in_order(key: str, value: Json) -> Json:
    """A list whose order means nothing, in the one that we compare it in; a time as we write it."""
    if key == "date_range" and isinstance(value, str):
        return _range(value)
    if key in _SORTED and isinstance(value, Sequence) and not isinstance(value, str):
        return sorted(value, key=repr)
    return value


def _range(text: str) -> str:
    start, _, end = text.partition(" to ")
    try:
        return " to ".join(moment_text(datetime.fromisoformat(each)) for each in (start, end))
    except (ValueError, TypeError):
        return text


def moment_text(moment: datetime) -> str:
    """A moment as the catalogue writes it; without a zone it is one in UTC."""
    there = moment.astimezone(UTC) if moment.tzinfo is not None else moment
    return there.strftime("%Y-%m-%dT%H:%M:%S.") + f"{there.microsecond // 1000:03}Z"


def with_fields(said: Document, fields: Mapping[str, Json]) -> None:
    """Set these fields of an object, and no other."""
    for name, value in fields.items():
        key, _, inner = name.partition(_ONE_LEVEL)
        if not inner:
            said[key] = value
        elif isinstance(said.get(key), dict):
            said[key][inner] = value
        else:
            said[key] = {inner: value}


def listed(said: Mapping[str, Any], kind: str) -> list[Document]:
    """The objects of a kind that lie in this one; what is no object is passed over."""
    values = said.get(LISTS[kind])
    return [each for each in values if isinstance(each, dict)] if isinstance(values, list) else []


def reach(node: Document, within: Sequence[str]) -> Document | None:
    """What lies behind these identities, from the node on; where one has none, its name."""
    here: Document | None = node
    for step in within:
        here = _step(here, step) if here is not None else None
    return here


def _step(here: Document, step: str) -> Document | None:
    inner = [each for kind in ("site", "storage", "compute", "area") for each in listed(here, kind)]
    inner += [each for kind in ("local-service", "global-service") for each in listed(here, kind)]
    by_id = [each for each in inner if each.get(ID) == step]
    by_name = [each for each in inner if not each.get(ID) and each.get(NAME) == step]
    return next(iter(by_id or (by_name if len(by_name) == 1 else ())), None)


def add(around: Document, kind: str, said: Document) -> None:
    """Put an object behind the others of its kind."""
    around[LISTS[kind]] = [*(around.get(LISTS[kind]) or ()), said]


def copied(node: Mapping[str, Any]) -> Document:
    """Another one with the same content."""
    found: Document = deepcopy(dict(node))
    return found


def without_stamps(node: Mapping[str, Any]) -> Document:
    """What a node says, without what the server writes at each change."""
    return {key: value for key, value in node.items() if key not in STAMPS}
