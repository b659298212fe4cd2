"""Whether a document has the shape that a schema of the API says, strictly: no unknown field."""

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple, TypeAlias

from srcnet_compiler.targets.kubernetes.check.schemas import Schema, is_amount, resolved
from srcnet_compiler.targets.kubernetes.model.amounts import parse_amount
from srcnet_compiler.targets.kubernetes.model.paths import item_steps, join


class Misfit(NamedTuple):
    """A place in a document, and what is wrong there; `help` None: it says so itself."""

    path: str
    text: str
    help: str | None = None


Types: TypeAlias = Mapping[str, Schema]


def misfits(value: Any, schema: Schema, types: Types, path: str = "") -> Iterator[Misfit]:  # noqa: ANN401
    """Everything that does not fit; `types` are those that references mean."""
    if is_amount(schema):
        yield from _amount(value, path)
        return
    schema = resolved(schema, types)
    if not _has_type(value, schema):
        yield Misfit(path, f"is {_shown(value)}, and must be {_wanted(schema)}")
        return
    if isinstance(value, dict):
        yield from _of_mapping(value, schema, types, path)
    elif isinstance(value, list | tuple):
        yield from _of_list(value, schema, types, path)
    else:
        yield from _of_scalar(value, schema, path)


def _of_mapping(
    value: Mapping[str, Any], schema: Schema, types: Types, path: str
) -> Iterator[Misfit]:
    known = schema.get("properties", {})
    more = schema.get("additionalProperties", None)
    free = not known and more is None
    open_ = schema.get("x-kubernetes-preserve-unknown-fields") or schema.get(
        "x-kubernetes-embedded-resource"
    )
    for key in schema.get("required", ()):
        if key not in value:
            yield Misfit(path, f"lacks `{key}`")
    for key, inner in value.items():
        here = join(path, key)
        if key in known:
            yield from misfits(inner, known[key], types, here)
        elif isinstance(more, Mapping):
            yield from misfits(inner, more, types, here)
        elif not (free or open_ or more is True):
            near = get_close_matches(key, known, 1)
            remedy = f"did you mean `{near[0]}`?" if near else None
            yield Misfit(here, f"`{key}` is no field of it", remedy)


def _of_list(value: Any, schema: Schema, types: Types, path: str) -> Iterator[Misfit]:  # noqa: ANN401
    inner = schema.get("items", {})
    for step, item in item_steps(path, value):
        yield from misfits(item, inner, types, step)
    for key, wrong in _SIZES.items():
        if key in schema and wrong(len(value), schema[key]):
            yield Misfit(path, f"has {len(value)} items: `{key}` is {schema[key]}")


def _of_scalar(value: Any, schema: Schema, path: str) -> Iterator[Misfit]:  # noqa: ANN401
    if "enum" in schema and value not in schema["enum"]:
        allowed = ", ".join(f"`{each}`" for each in schema["enum"][:12])
        yield Misfit(path, f"is {_shown(value)}, and must be one of {allowed}")
    if isinstance(value, str):
        if "pattern" in schema and not _matches(schema["pattern"], value):
            yield Misfit(path, f"is {_shown(value)}, which is not of the form {schema['pattern']}")
        for key, wrong in _LENGTHS.items():
            if key in schema and wrong(len(value), schema[key]):
                yield Misfit(path, f"is {len(value)} characters long: `{key}` is {schema[key]}")
    else:
        for key, wrong in _BOUNDS.items():
            if key in schema and wrong(value, schema[key]):
                yield Misfit(path, f"is {value}: `{key}` is {schema[key]}")


def _amount(value: Any, path: str) -> Iterator[Misfit]:  # noqa: ANN401
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError
        parse_amount(value)
    except ValueError:
        yield Misfit(path, f"is {_shown(value)}, which is no amount", "such as `500m` or `16Gi`")


def _has_type(value: Any, schema: Schema) -> bool:  # noqa: ANN401
    if value is None:
        return False  # the server takes it for nothing, and so it should not be there
    if schema.get("x-kubernetes-int-or-string"):
        return isinstance(value, str | int) and not isinstance(value, bool)
    if "oneOf" in schema and "type" not in schema:
        return any(_has_type(value, choice) for choice in schema["oneOf"])
    kinds = schema.get("type")
    if kinds is None:
        return True
    return any(_IS[kind](value) for kind in ([kinds] if isinstance(kinds, str) else kinds))


_IS: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list | tuple),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "null": lambda value: False,
}
_SIZES: Mapping[str, Callable[[int, int], bool]] = {
    "minItems": int.__lt__,
    "maxItems": int.__gt__,
}
_LENGTHS: Mapping[str, Callable[[int, int], bool]] = {
    "minLength": int.__lt__,
    "maxLength": int.__gt__,
}
_BOUNDS: Mapping[str, Callable[[float, float], bool]] = {
    "minimum": lambda value, bound: value < bound,
    "maximum": lambda value, bound: value > bound,
}


def _matches(pattern: str, value: str) -> bool:
    """In doubt yes: the patterns are Go's, which has forms that Python lacks."""
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return True


def _wanted(schema: Schema) -> str:
    kinds = schema.get("type")
    if schema.get("x-kubernetes-int-or-string") or "oneOf" in schema:
        return "a number or text"
    words = [kinds] if isinstance(kinds, str) else list(kinds or ())
    return " or ".join(_WORDS.get(word, word) for word in words if word != "null")


_WORDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
}


def _shown(value: Any) -> str:  # noqa: ANN401
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return f"`{str(value)[:60]}`"
