"""Downtimes of others as documents beside their sites: what is there already is known again."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from srcnet_compiler.importing.naming import free_name
from srcnet_compiler.importing.writing import Existing, SpecPlace, Wanted
from srcnet_compiler.schema.common import API_VERSION

_HEAD = ("yaml-language-server: $schema=../../schemas/downtime.schema.json",)


class Register:
    """The downtimes that specs state, and those that are added: of what, from when, until when."""

    def __init__(self, there: Existing) -> None:
        self._places: dict[tuple[str, str], SpecPlace | None] = {}
        self._ends: dict[tuple[str, str], set[str]] = {}
        self._names: set[str] = set()
        for place, document in there.of_kind("Downtime"):
            data: Any = document.data
            spec = data.get("spec")
            said = spec if isinstance(spec, dict) else {}
            key = str(said.get("of")), _plain(str(said.get("from")))
            self._places.setdefault(key, place)
            self._ends.setdefault(key, set()).add(_plain(str(said.get("to"))))
            named = data.get("metadata")
            self._names.add(str(named.get("name") if isinstance(named, dict) else None))

    def add(
        self, of: str, site: str, period: tuple[datetime, datetime], planned: bool, reason: str
    ) -> tuple[Wanted, ...]:
        """What is to be written; nothing where it is said. One that ends at another time here than
        there is told as a difference."""
        begin, end = (_instant(each) for each in period)
        key = of, begin
        if end in self._ends.get(key, ()):
            return ()
        place = self._places.setdefault(key, None)
        self._ends.setdefault(key, set()).add(end)
        if place is not None:
            return (Wanted(place.file, {"spec": {"to": end}}, into=place),)
        wanted = f"{of.lower().replace('/', '-')}-{period[0]:%Y-%m-%d-%H%M}"
        name = free_name(wanted, self._names)
        self._names.add(name)
        file = f"site-specs/{site.lower()}/downtimes.yaml"
        return (Wanted(file, _tree(name, of, begin, end, planned, reason), _HEAD),)


def _tree(
    name: str, of: str, begin: str, end: str, planned: bool, reason: str
) -> Mapping[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": "Downtime",
        "metadata": {"name": name},
        "spec": {
            "of": of,
            "from": begin,
            "to": end,
            "planned": planned,
            "reason": " ".join(reason.split()),
        },
    }


def _instant(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}" if time.second else f"{time:%Y-%m-%dT%H:%MZ}"


def _plain(text: str) -> str:
    """A time as it is written here, where its seconds are none."""
    return re.sub(r"T(\d\d:\d\d):00Z$", r"T\1Z", text)
