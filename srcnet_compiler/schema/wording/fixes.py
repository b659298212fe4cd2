"""What to write instead, where that is certain: a program may do it without asking anybody."""

import re
from collections.abc import Callable, Mapping

from srcnet_compiler.diagnostic import Fix
from srcnet_compiler.near import certainly_meant
from srcnet_compiler.schema.wording.amounts import spellings
from srcnet_compiler.schema.wording.lookup import scalar
from srcnet_compiler.schema.wording.mending import COUNTRIES
from srcnet_compiler.schema.wording.spot import Spot
from srcnet_compiler.source.trouble import quoted

TRUTH = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_COUNTRY = r"^[A-Z]{2}$"
_AMOUNT = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[A-Za-z]+(?:/[A-Za-z]+)?)")


def fix_of(error_type: str, spot: Spot) -> Fix | None:
    """The fix of a value with an error of pydantic; None where a person must decide."""
    make = _MAKE.get(error_type)
    span = spot.source_map.span(spot.path)
    if make is None or spot.secretive or span.line != span.end_line or not spot.typed:
        return None
    text = make(spot)
    return None if text is None else Fix(span, text)


def _form(spot: Spot) -> str | None:
    text, pattern = str(spot.value), spot.place.node.get("pattern", "")
    for meant in (text.strip(), _amount(text.strip(), pattern), COUNTRIES.get(text.lower())):
        if meant is not None and spot.place.accepts_text(meant):
            return scalar(meant)
    return (
        scalar(text.upper()) if pattern == _COUNTRY and re.fullmatch("[A-Za-z]{2}", text) else None
    )


def _amount(text: str, pattern: str) -> str | None:
    """The same amount with its unit as it is spelt here. `Tb` might be bits, and is left alone."""
    match = _AMOUNT.fullmatch(text)
    unit = spellings(pattern).get(match["unit"].lower()) if match else None
    if match is None or unit is None:
        return None
    might_be_bits = match["unit"].endswith("b") and match["unit"] != match["unit"].lower()
    return None if might_be_bits else f"{match['number']} {unit}"


def _text(spot: Spot) -> str | None:
    """A number that is meant as a text, as it is typed; a text that stands alone in brackets."""
    match spot.value:
        case [str(alone)] if spot.place.accepts_text(alone):
            return scalar(alone)
        case int() | float() if spot.place.accepts_text(spot.typed):
            return quoted(spot.typed)
    return None


def _word(spot: Spot) -> str | None:
    words = [word for word in spot.place.allowed if isinstance(word, str)]
    meant = certainly_meant(spot.value, words) if isinstance(spot.value, str) else None
    return None if meant is None else scalar(meant)


def _truth(spot: Spot) -> str | None:
    return TRUTH.get(str(spot.value).lower()) if isinstance(spot.value, str) else None


def _number(spot: Spot) -> str | None:
    digits = r"-?[0-9]+" if spot.place.node["type"] == "integer" else r"-?[0-9]+(\.[0-9]+)?"
    text = spot.value.strip() if isinstance(spot.value, str) else ""
    return text if re.fullmatch(digits, text) else None


def _list(spot: Spot) -> str | None:
    items = spot.place.below(0)
    fits = isinstance(spot.value, str) and items is not None and items.accepts_text(spot.value)
    return f"[{scalar(spot.value)}]" if fits else None


_MAKE: Mapping[str, Callable[[Spot], str | None]] = {
    "string_pattern_mismatch": _form,
    "string_type": _text,
    "literal_error": _word,
    "bool_type": _truth,
    "int_type": _number,
    "float_type": _number,
    "list_type": _list,
}
