"""What the server knows of an RSE, and which of it an equality in an expression reaches.

The server looks a key up on its Python class of RSEs first. Whatever that class has under this
name, be it a column or a method, hides an attribute of the same name.
Source: rucio/core/rse.py (list_rses), rucio/db/sqla/models.py (RSE, RSE.from_str).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from srcnet_compiler.targets.rucio.model.expression.refusal import Refusal
from srcnet_compiler.targets.rucio.model.names import RseName

ColumnValue = str | bool | int | float | None
AttributeValue = str | bool | None


@dataclass(frozen=True, slots=True)
class RseFacts:
    """The columns and attributes of one RSE that is not deleted.

    Columns must come from `list_rses`, whose rows are the columns that expressions compare.
    `get_rse` shows the *attributes* `city`, `country_name`, `continent`, `region_code`,
    `time_zone`, `ISP` and `ASN` under the names of the columns. An attribute's value is None when
    somebody has set it to null. A new RSE carries its own name as an attribute that is true.
    """

    columns: Mapping[str, ColumnValue] = field(default_factory=dict)
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


Inventory = Mapping[RseName, RseFacts]


class Shadow(Enum):
    """What a key means in an equality when it is not an attribute."""

    TEXT = auto()
    BOOLEAN = auto()
    TYPE = auto()
    IDENTIFIER = auto()
    """The server's key of the RSE, 32 hexadecimal digits."""
    AVAILABILITY = auto()
    """The sum 4 read + 2 write + 1 delete; comparing it fails, the bare word compares with 1."""
    INERT = auto()
    """Python furniture of the server's class: equal to nothing that a text can say."""
    RELATION = auto()
    UNDEFINED = auto()
    """PostgreSQL refuses to compare it with a text; or it is of Python, not of Rucio."""


def _words(shadow: Shadow, words: str) -> dict[str, Shadow]:
    return dict.fromkeys(words.split(), shadow)


_SHADOWS: Mapping[str, Shadow] = {
    **_words(Shadow.TEXT, "rse vo city region_code country_name continent time_zone"),
    **_words(Shadow.TEXT, "ISP ASN qos_class"),
    **_words(Shadow.BOOLEAN, "deterministic volatile staging_area"),
    **_words(Shadow.BOOLEAN, "availability_read availability_write availability_delete"),
    **_words(Shadow.TYPE, "rse_type"),
    **_words(Shadow.AVAILABILITY, "availability"),
    **_words(Shadow.IDENTIFIER, "id"),
    **_words(Shadow.RELATION, "usage"),
    **_words(Shadow.UNDEFINED, "longitude latitude deleted deleted_at created_at updated_at"),
    **_words(Shadow.INERT, "save delete update keys values items next to_dict from_str"),
    **_words(Shadow.INERT, "metadata registry mro _is_protocol _sa_class_manager"),
    **_words(Shadow.INERT, "_sa_registry _table_args"),
}


def shadow_of(key: str) -> Shadow | None:
    """What hides an attribute `key` from equalities; None when nothing does.

    `<` and `>` look at attributes only and are never shadowed.
    """
    if key.startswith("__") and key.endswith("__") and len(key) > 4:
        return Shadow.UNDEFINED
    return _SHADOWS.get(key)


def objection(key: str, value: str | bool) -> tuple[Refusal, str] | None:
    """Why the server cannot compare `key` with `value`, whatever RSEs there are.

    A `value` of True stands for a bare word, which the server compares with Python's True.
    """
    match shadow_of(key):
        case Shadow.RELATION:
            return Refusal.SERVER_ERROR, f"`{key}` makes the server fail (HTTP 500)"
        case Shadow.UNDEFINED:
            return Refusal.UNDEFINED, f"`{key}` is a field of the server that it cannot compare"
        case Shadow.TEXT | Shadow.TYPE if not isinstance(value, str):
            return Refusal.UNDEFINED, f"`{key}` is a column: write `{key}=` and a value"
        case Shadow.IDENTIFIER:
            return _identifier_objection(value)
        case Shadow.AVAILABILITY if isinstance(value, str):
            return Refusal.SERVER_ERROR, f"`{key}={value}` makes the server fail (HTTP 500)"
        case Shadow.BOOLEAN if isinstance(value, str) and read_boolean(value) is None:
            return Refusal.COLUMN_VALUE, f"`{key}` is true or false, not `{value}`"
        case Shadow.TYPE if value not in ("DISK", "TAPE"):
            return Refusal.COLUMN_VALUE, f"`{key}` is DISK or TAPE, not `{value}`"
    return None


_PLAIN_IDENTIFIER = re.compile(
    r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE
)


def _identifier_objection(value: str | bool) -> tuple[Refusal, str] | None:
    if not isinstance(value, str) or len(value.replace("-", "")) != 32:
        return Refusal.SERVER_ERROR, "`id` with anything but an identifier makes the server fail"
    if not _PLAIN_IDENTIFIER.fullmatch(value):
        return Refusal.UNDEFINED, "databases differ on this way of writing an identifier"
    return None


def read_boolean(text: str) -> bool | None:
    """A boolean column's value as the server reads it: 1, 0, true, false in any case."""
    return {"1": True, "true": True, "0": False, "false": False}.get(text.casefold())


def stored(value: AttributeValue) -> str | None:
    """An attribute's value as the database holds it, where `true` and `false` have one case."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is not None and value.lower() in ("true", "false"):
        return value.lower()
    return value


def as_created(
    name: RseName,
    columns: Mapping[str, ColumnValue] | None = None,
    attributes: Mapping[str, AttributeValue] | None = None,
) -> RseFacts:
    """The facts of an RSE just created with these columns and attributes, and defaults else.

    Source: rucio/core/rse.py (add_rse).
    """
    given = columns or {}
    mirrored = {key: _read_back(given[key]) for key in _MIRRORED if given.get(key)}
    return RseFacts(
        columns={**_DEFAULTS, "rse": name, **given},
        attributes={name: True, **mirrored, **(attributes or {})},
    )


_DEFAULTS: Mapping[str, ColumnValue] = {
    "vo": "def",
    "rse_type": "DISK",
    "deterministic": True,
    "volatile": False,
    "staging_area": False,
    "availability_read": True,
    "availability_write": True,
    "availability_delete": True,
    **dict.fromkeys(("city", "region_code", "country_name", "continent", "time_zone")),
    **dict.fromkeys(("ISP", "ASN", "qos_class")),
}
_MIRRORED = ("continent", "city", "region_code", "country_name", "time_zone", "ISP", "ASN")


def _read_back(value: ColumnValue) -> AttributeValue:
    text = stored(str(value))
    return {"true": True, "false": False}.get(text or "", text)
