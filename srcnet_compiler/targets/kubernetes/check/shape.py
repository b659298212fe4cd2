"""Whether a document has the shape that a schema of the API says, strictly: no unknown field."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from srcnet_compiler.targets.kubernetes.check.schemas import Schema, is_amount, resolved
from srcnet_compiler.targets.kubernetes.model.amounts import parse_amount
from srcnet_compiler.targets.kubernetes.model.paths import join, keyed


class Misfit(NamedTuple):
    """A place in a document, and what is wrong there; `help` None: it says so itself. `lacks`: only
    something is missing, which one who changes a part need not say."""

    path: str
    text: str
    help: str | None = None
    lacks: bool = False


Types: TypeAlias = Mapping[str, Schema]


@dataclass(frozen=True, eq=False)
class Rule:
    """What a schema asks of a value, with what follows from it found once: a large federation asks
    the same schemas a million times. `types` are those that references mean. Rules are equal that
    were read from the very same schema, whatever referred to it."""

    said: Schema
    types: Types

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Rule)
            and self.schema is other.schema
            and self.types is other.types
            and self.is_amount == other.is_amount
        )

    def __hash__(self) -> int:
        return id(self.schema)

    @cached_property
    def is_amount(self) -> bool:
        return is_amount(self.said)

    @cached_property
    def schema(self) -> Schema:
        return resolved(self.said, self.types)

    @cached_property
    def fitting(self) -> frozenset[type]:
        """The types of which every value has the type that is asked for."""
        samples: tuple[object, ...] = ({}, [], (), "", 0, 0.5, True)
        return frozenset(type(each) for each in samples if _has_type(each, self.schema))

    @cached_property
    def free(self) -> frozenset[type]:
        """The types of scalars of which every value fits."""
        if self.is_amount or self.is_bounded:
            return frozenset()
        return self.fitting & {str, int, float, bool}

    @cached_property
    def fields(self) -> Mapping[str, "Rule"]:
        """Those that a mapping may have, by key."""
        known = self.schema.get("properties", {})
        return {key: Rule(schema, self.types) for key, schema in known.items()}

    @cached_property
    def required(self) -> Sequence[str]:
        needed: Sequence[str] = self.schema.get("required", ())
        return needed

    @cached_property
    def others(self) -> "Rule | None":
        """What is asked of every further field of a mapping."""
        more = self.schema.get("additionalProperties")
        return Rule(more, self.types) if isinstance(more, Mapping) else None

    @cached_property
    def is_open(self) -> bool:
        """Whether a mapping may have any further field."""
        more = self.schema.get("additionalProperties")
        free = not self.fields and more is None
        marks = ("x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource")
        return free or more is True or any(self.schema.get(mark) for mark in marks)

    @cached_property
    def items(self) -> "Rule":
        """What is asked of each item of a list."""
        return Rule(self.schema.get("items", {}), self.types)

    @cached_property
    def is_bounded(self) -> bool:
        """Whether it asks anything of the value of a scalar."""
        return not self.schema.keys().isdisjoint(("enum", "pattern", *_LENGTHS, *_BOUNDS))


def misfits(value: Any, rule: Rule, key: str = "") -> Sequence[Misfit]:  # noqa: ANN401
    """Everything that does not fit, with paths from the value on; `key` leads to it."""
    if rule.is_amount:
        return tuple(_amount(value))
    if type(value) not in rule.fitting and not _has_type(value, rule.schema):
        return (Misfit("", f"is {_shown(value)}, and must be {_wanted(rule.schema)}"),)
    if isinstance(value, dict):
        return _of_mapping(value, rule)
    if isinstance(value, list | tuple):
        return _of_list(value, rule, key)
    return tuple(_of_scalar(value, rule.schema)) if rule.is_bounded else ()


def _of_mapping(value: Mapping[str, Any], rule: Rule) -> list[Misfit]:
    found = [Misfit("", f"lacks `{key}`", lacks=True) for key in rule.required if key not in value]
    fields, others = rule.fields, rule.others
    for key, inner in value.items():
        asked = fields.get(key, others)
        if asked is not None:
            if type(inner) not in asked.free and (wrong := misfits(inner, asked, key)):
                found += _below(join("", key), wrong)
        elif not rule.is_open:
            near = get_close_matches(key, rule.fields, 1)
            remedy = f"did you mean `{near[0]}`?" if near else None
            found.append(Misfit(join("", key), f"`{key}` is no field of it", remedy))
    return found


def _of_list(value: Sequence[Any], rule: Rule, key: str) -> list[Misfit]:
    found: list[Misfit] = []
    items = keyed(key, value)
    for step, item in items if items is not None else (("", each) for each in value):
        if wrong := misfits(item, rule.items):
            found += _below(f"[{step}]" if step else "", wrong)
    for word, is_wrong in _SIZES.items():
        if word in rule.schema and is_wrong(len(value), rule.schema[word]):
            found.append(Misfit("", f"has {len(value)} items: `{word}` is {rule.schema[word]}"))
    return found


def _below(step: str, found: Iterable[Misfit]) -> Iterator[Misfit]:
    """The same, seen from what the value lies in."""
    for each in found:
        dot = "." if step and each.path and not each.path.startswith("[") else ""
        yield each._replace(path=f"{step}{dot}{each.path}")


def _of_scalar(value: Any, schema: Schema) -> Iterator[Misfit]:  # noqa: ANN401
    if "enum" in schema and value not in schema["enum"]:
        allowed = ", ".join(f"`{each}`" for each in schema["enum"][:12])
        yield Misfit("", f"is {_shown(value)}, and must be one of {allowed}")
    if isinstance(value, str):
        if "pattern" in schema and not _matches(schema["pattern"], value):
            yield Misfit("", f"is {_shown(value)}, which is not of the form {schema['pattern']}")
        for key, wrong in _LENGTHS.items():
            if key in schema and wrong(len(value), schema[key]):
                yield Misfit("", f"is {len(value)} characters long: `{key}` is {schema[key]}")
    else:
        for key, wrong in _BOUNDS.items():
            if key in schema and wrong(value, schema[key]):
                yield Misfit("", f"is {value}: `{key}` is {schema[key]}")


def _amount(value: Any) -> Iterator[Misfit]:  # noqa: ANN401
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError
        parse_amount(value)
    except ValueError:
        yield Misfit("", f"is {_shown(value)}, which is no amount", "such as `500m` or `16Gi`")


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
