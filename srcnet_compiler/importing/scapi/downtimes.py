"""Downtimes of the catalogue that are not over, as documents of their own beside their site."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from srcnet_compiler.importing.downtimes import Register
from srcnet_compiler.importing.scapi.fields import period_of
from srcnet_compiler.importing.scapi.sites import Draft
from srcnet_compiler.importing.writing import Existing, Wanted
from srcnet_compiler.scapi_nodes import Entry, path_text


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
    register = Register(there)
    wanted: list[Wanted] = []
    over, unnamed = 0, []
    for draft in made:
        site = names[path_text(draft.entries[0].path)]
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
                planned = downtime.text("type") != "Unplanned"
                reason = downtime.text("reason") or "the site catalogue does not say"
                for name in called:
                    wanted += register.add(name, site, period, planned, reason)
    return Downtimes(tuple(wanted), over, tuple(unnamed))


def _names(names: Mapping[str, str], entry: Entry) -> Iterator[str]:
    """What is not available, by its name here: a storage by its areas."""
    for each in entry.each("areas") if entry.kind == "storage" else (entry,):
        if (name := names.get(path_text(each.path))) is not None:
            yield name
