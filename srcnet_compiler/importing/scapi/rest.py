"""What the catalogue says and our language does not: kept as it is, without what says nothing."""

from typing import Any

from srcnet_compiler.importing.json_text import plain
from srcnet_compiler.scapi_nodes import STAMPS, TIER_BY_DEFAULT, Entry

_SAID = {
    "node": {"name", "description", "sites"},
    "site": {
        *("id", "name", "description", "country", "latitude", "longitude", "storages", "compute"),
        *("primary_contact_email", "secondary_contact_email", "downtime", "is_force_disabled"),
    },
    "storage": {
        *("host", "srm", "size_in_terabytes", "supported_protocols", "areas", "downtime"),
        "is_force_disabled",
    },
    "area": {"id", "type", "relative_path", "name", "downtime", "is_force_disabled"},
    "compute": {
        *("id", "description", "hardware_type", "hardware_capabilities", "downtime"),
        *("associated_local_services", "is_force_disabled"),
    },
    "local service": {
        *("id", "type", "version", "prefix", "host", "port", "path", "name", "is_mandatory"),
        *("associated_storage_area_id", "downtime", "is_force_disabled"),
    },
}
"""What specs say in words of their own."""


def rest_of(entry: Entry) -> dict[str, Any]:
    """What is left of an entry, in the catalogue's words."""
    gone = _SAID[entry.kind] | STAMPS - {"version"}
    gone |= {"version"} if entry.kind == "node" else set()
    kept = {
        key: plain(value)
        for key, value in entry.said.items()
        if key not in gone and not _is_nothing(value)
    }
    if kept.get("tier") == TIER_BY_DEFAULT:
        del kept["tier"]
    return {key: value for key, value in kept.items() if not _is_nothing(value)}


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)


def one_sentence(text: str) -> str:
    """A description on one line, without the full stop behind it."""
    return " ".join(text.split()).removesuffix(".")
