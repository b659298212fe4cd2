"""What documents end: it is wanted no more, and is to be switched off where it is."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from srcnet_compiler.federation.model import Federation
from srcnet_compiler.federation.notices import Retired
from srcnet_compiler.span import written
from srcnet_compiler.targets.scapi.model import Ended, Entry, Key


def without_ended(
    federation: Federation, entries: Sequence[Entry]
) -> tuple[tuple[Entry, ...], tuple[Ended, ...]]:
    """The entries that stay, and those that end; what lies in one that ends is left as it
    is, and a storage ends with the last of its areas."""
    ended: dict[Key, Ended] = {}
    stay: list[Entry] = []
    gone: set[Key | None] = set()
    for entry in entries:
        end = _end(federation, entry)
        if entry.inside in gone:
            gone.add(entry.key)
        elif end is not None:
            gone.add(entry.key)
            places = written(end.origin, *_KEYS)
            ended[entry.key] = Ended(entry, end.reason, end.until.isoformat(), places)
        else:
            stay.append(entry)
    full = {entry.inside for entry in stay if entry.kind == "area"}
    for each in [e for e in ended.values() if e.entry.kind == "area"]:
        key = each.entry.inside
        if key is not None and key not in full:
            ended[key] = replace(each, entry=next(e for e in entries if e.key == key))
    kept = (entry for entry in stay if entry.key not in ended)
    outer_first = sorted(ended.values(), key=lambda each: each.entry.kind != "storage")
    return tuple(kept), tuple(outer_first)


_KEYS = ("area", "cluster", "queue", "service")


def _end(federation: Federation, entry: Entry) -> Retired | None:
    return next(
        (end for end in federation.retired if entry.name in _names(federation, end, entry)), None
    )


def _names(federation: Federation, end: Retired, entry: Entry) -> Iterator[str]:
    """What an end calls an entry, if it is of its kind."""
    if entry.kind == "area" and end.area is not None and end.area in (entry.name, *entry.known_as):
        yield entry.name
    if entry.kind == "compute" and end.cluster is not None:
        yield federation.as_known(end.cluster)
    if entry.kind == "queue" and end.queue == entry.fields()["name"]:
        yield entry.name
    if entry.kind.endswith("-service") and end.service is not None:
        site = entry.name.partition("/")[0]
        type_ = entry.fields()["type"]
        if federation.as_known(end.service) in (type_, f"{site}/{type_}"):
            yield entry.name
