"""Downtimes of the catalogue that are not over, as documents of their own beside their site."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from srcnet_compiler.importing.scapi.fields import period_of
from srcnet_compiler.importing.scapi.sites import Draft
from srcnet_compiler.importing.writing import Existing, Wanted
from srcnet_compiler.scapi_nodes import Entry, path_text
from srcnet_compiler.schema.versions import API_VERSION


@dataclass(frozen=True, slots=True)
class Downtimes:
    """What is to be written, and what is left out."""

    wanted: tuple[Wanted, ...]
    over: int
    """So many were over."""
    unnamed: tuple[Entry, ...]
    """Those of what no document can name: a service, for which there is no name of its own."""


def downtimes(
    made: Iterable[Draft], names: Mapping[str, str], there: Existing, today: date
) -> Downtimes:
    """All downtimes that are not over before `today` and not there yet, by the names of things
    here, which are by the paths of entries."""
    known = {_said(document.data) for _, document in there.of_kind("Downtime")}
    wanted: list[Wanted] = []
    over, unnamed = 0, []
    for draft in made:
        for entry in (each for site in draft.entries for each in site.walk()):
            for downtime in entry.each("downtime"):
                period = period_of(downtime)
                if period is None or period[1] <= period[0]:
                    continue
                if period[1].date() < today:
                    over += 1
                    continue
                called = list(_names(names, entry))
                if not called:
                    unnamed.append(downtime)
                for name in called:
                    tree = _tree(name, downtime, *period)
                    if _said(tree) not in known:
                        known.add(_said(tree))
                        site = names[path_text(draft.entries[0].path)].lower()
                        file = f"site-specs/{site}/downtimes.yaml"
                        wanted.append(Wanted(file, tree, _HEAD))
    return Downtimes(tuple(wanted), over, tuple(unnamed))


_HEAD = ("yaml-language-server: $schema=../../schemas/downtime.schema.json",)


def _names(names: Mapping[str, str], entry: Entry) -> Iterator[str]:
    """What is not available, by its name here: a storage by its areas."""
    for each in entry.each("areas") if entry.kind == "storage" else (entry,):
        if (name := names.get(path_text(each.path))) is not None:
            yield name


def _tree(name: str, entry: Entry, begin: datetime, end: datetime) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": "Downtime",
        "metadata": {"name": f"{name.lower()}-{begin:%Y-%m-%d-%H%M}"},
        "spec": {
            "of": name,
            "from": _instant(begin),
            "to": _instant(end),
            "planned": entry.text("type") != "Unplanned",
            "reason": " ".join(entry.text("reason").split()) or "the site catalogue does not say",
        },
    }


def _instant(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}" if time.second else f"{time:%Y-%m-%dT%H:%MZ}"


def _said(data: Any) -> tuple[str, ...]:  # noqa: ANN401  YAML
    """By this a downtime is known again: of what, from when, until when."""
    spec = data.get("spec") if isinstance(data, dict) else None
    said = spec if isinstance(spec, dict) else {}
    times = (re.sub(r"T(\d\d:\d\d):00Z$", r"T\1Z", str(said.get(key))) for key in ("from", "to"))
    return (str(said.get("of")), *times)
