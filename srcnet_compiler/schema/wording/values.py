"""What is wrong with a value, in words, by pydantic's type of error."""

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from srcnet_compiler.schema.common import FORMS, Form
from srcnet_compiler.schema.wording.fixes import TRUTH
from srcnet_compiler.schema.wording.keys import closest, listed, one_of
from srcnet_compiler.schema.wording.lookup import example, scalar
from srcnet_compiler.schema.wording.mending import address_parts, mended, mended_number, units
from srcnet_compiler.schema.wording.spot import Spot
from srcnet_compiler.source.trouble import quoted, shown

Words: TypeAlias = tuple[str, str | None]
"""A message and its help."""

_SHORT = 60


def words(error_type: str, spot: Spot) -> Words:
    """Message and help for an error of pydantic at a value."""
    return _WORDS.get(error_type, _other)(spot)


def _form(spot: Spot) -> Words:
    """A text that does not follow its pattern."""
    form, text = FORMS[spot.place.node["pattern"]], str(spot.value)
    if spot.secretive:
        return f"{spot.key} is not {form.words}", f"write {_such_as(form)}"
    parts = _parts(text, spot)
    if parts:
        typed = ", ".join(f"`{key}: {part}`" for key, part in parts.items())
        return f"{spot.key} is a whole address, not {form.words}", f"write {typed}"
    meant = mended(text, spot.place)
    return _trouble(spot.key, text, form), (
        f"write {spot.line(scalar(meant))}"
        if meant
        else f"write {_such_as(form)}{_units_known(text, spot, form)}"
    )


def _trouble(key: str, text: str, form: Form) -> str:
    if text != text.strip():
        where = "begins" if text != text.lstrip() else "ends"
        return f"{key} {where} with a space"
    if re.fullmatch(r"-[0-9.]+ ?\S*", text) and _is_amount(form):
        return f"{key} is {shown(text)}, and cannot be negative"
    if re.fullmatch(r"[0-9.]+", text) and _is_amount(form):
        return f"{key} is {shown(text)}, without a unit"
    return f"{key} is {shown(text)}, which is not {form.words}"


def _is_amount(form: Form) -> bool:
    return re.match(r"[0-9]+ [A-Za-z%]", form.example) is not None


def _units_known(text: str, spot: Spot, form: Form) -> str:
    known = units(spot.place.node["pattern"])
    unknown = _is_amount(form) and re.fullmatch(r"[0-9.]+ ?[A-Za-z]\S*", text)
    return f"; units are {listed(known)}" if unknown and known else ""


def _parts(text: str, spot: Spot) -> Mapping[str, str]:
    """The parts of an address that was written where one of them belongs, and are not written."""
    key = spot.path[-1] if spot.path else ""
    if key not in ("host", "path") or spot.parent is None:
        return {}
    free = {
        name: place
        for name, place in spot.parent.keys.items()
        if name == key or not spot.has_sibling(name)
    }
    return address_parts(text, free)


def _text(spot: Spot) -> Words:
    """Something else where a text is expected."""
    form = FORMS.get(spot.place.node.get("pattern", ""))
    expected = form.words if form else "a text"
    alone = _only_item(spot)
    if alone is not None:
        remedy = f"write {spot.line(scalar(alone))}"
        return f"{spot.key} is a list, but must be {expected}", remedy
    if isinstance(spot.value, Mapping | list) or spot.secretive:
        remedy = f"write {spot.line(example(spot.place))}"
        return f"{spot.key} is {kind_of(spot.value)}, but must be {expected}", remedy
    typed = spot.typed or scalar(spot.value)
    meant = typed if spot.place.accepts_text(typed) else None
    if form and _is_amount(form) and not isinstance(spot.value, bool) and not meant:
        return _trouble(spot.key, typed, form), f"write {_such_as(form)}"
    remedy = f"quote it: {spot.line(quoted(meant))}" if meant else f"write {_such_as(form)}"
    return f"{spot.key} is the {_read_as(spot.value)} `{typed}`, but must be {expected}", remedy


def _only_item(spot: Spot) -> str | None:
    """What could stand here by itself, and was put in brackets."""
    if spot.secretive or not isinstance(spot.value, list) or len(spot.value) != 1:
        return None
    (item,) = spot.value
    return mended(item, spot.place) if isinstance(item, str) else None


def _such_as(form: Form | None) -> str:
    return f"{form.words}, such as `{form.example}`" if form else "a text in quotes"


def _read_as(value: object) -> str:
    return "truth value" if isinstance(value, bool) else "number"


def _allowed(spot: Spot) -> Words:
    """None of the values that may stand here."""
    allowed = [option for option in spot.place.allowed if isinstance(option, str)]
    similar = closest(spot.value, allowed) if isinstance(spot.value, str) else None
    if len(allowed) == 1:
        remedy = f"write {spot.line(allowed[0])}"
    else:
        remedy = f"did you mean `{similar}`? " if similar else ""
        remedy += f"it may be {one_of(allowed)}"
    found = shown(spot.value) if isinstance(spot.value, str) else kind_of(spot.value)
    return f"{spot.key} is {found}, which is not known here", remedy


def _truth(spot: Spot) -> Words:
    meant = TRUTH.get(str(spot.value).lower())
    remedy = f"write {spot.line(meant)}" if meant else "write `true` or `false`"
    return f"{spot.key} is {kind_of(spot.value)}, but must be `true` or `false`", remedy


def _only_true(spot: Spot) -> Words:
    return f"{spot.key} can only be `true`", "write `true`, or remove the key"


def _number(spot: Spot) -> Words:
    whole = spot.place.node["type"] == "integer"
    expected = "a whole number" if whole else "a number"
    pattern = r"[0-9]+" if whole else r"[0-9]+(\.[0-9]+)?"
    if isinstance(spot.value, str) and re.fullmatch(rf"-?{pattern}", spot.value.strip()):
        remedy = f"write it without quotes: {spot.line(spot.value.strip())}"
    elif meant := mended_number(spot.value, spot.place):
        remedy = f"write {spot.line(meant)}"
    else:
        remedy = f"write {expected}, such as {spot.line(example(spot.place))}"
    return f"{spot.key} is {kind_of(spot.value)}, but must be {expected}", remedy


def _range(spot: Spot) -> Words:
    least, most = (spot.place.node.get(name) for name in ("minimum", "maximum"))
    span = f"from {least} to {most}" if most is not None else f"at least {least}"
    return f"{spot.key} is `{spot.typed or spot.value}`, but must be {span}", None


def _list(spot: Spot) -> Words:
    message = f"{spot.key} is {kind_of(spot.value)}, but must be a list"
    items = spot.place.below(0)
    if isinstance(spot.value, str) and items is not None and items.accepts_text(spot.value):
        return message, f"write {spot.line(f'[{scalar(spot.value)}]')}"
    return message, "a list is expected here: each item begins with `- `"


def _mapping(spot: Spot) -> Words:
    typed = example(spot.place)
    remedy = f"write {spot.line(typed)}" if len(typed) < _SHORT else None
    keys = spot.place.node.get("required", ())
    found = "a value" if spot.secretive else kind_of(spot.value)
    return f"{spot.key} is {found}, but must be a mapping", remedy or (
        f"write its keys below it, each with its value: {', '.join(f'`{key}`' for key in keys)}"
    )


def _empty(spot: Spot) -> Words:
    items = spot.place.below(0)
    typed = example(items) if items else ""
    message = f"{spot.key} is an empty list, but needs at least one item"
    if len(typed) < _SHORT:
        return message, f"write {spot.line(f'[{typed}]')}"
    return message, "write at least one item"


def _encoding(spot: Spot) -> Words:
    return f"{spot.key} holds half a character", "write it without `\\u` escapes"


def _other(spot: Spot) -> Words:
    """For errors that no shape can give today: still a place, and what belongs there."""
    what = spot.place.description
    remedy = f"write {spot.line(example(spot.place))}" + (f": {what}" if what else "")
    return f"{spot.key} does not have the shape that is expected here", remedy


def kind_of(value: object) -> str:
    """What a value is, with its article."""
    match value:
        case Mapping():
            return "a mapping"
        case list():
            return "a list"
        case bool():
            return f"`{scalar(value)}`"
        case str():
            return f"the text {shown(value)}"
    return f"the number `{value}`"


_WORDS: Mapping[str, Callable[[Spot], Words]] = {
    "string_pattern_mismatch": _form,
    "string_type": _text,
    "string_unicode": _encoding,
    "literal_error": _allowed,
    "bool_type": _truth,
    "only_true": _only_true,
    "int_type": _number,
    "int_from_float": _number,
    "float_type": _number,
    "finite_number": _number,
    "greater_than_equal": _range,
    "less_than_equal": _range,
    "list_type": _list,
    "model_type": _mapping,
    "dict_type": _mapping,
    "too_short": _empty,
}
