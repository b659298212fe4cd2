"""The ledger asked: what was done when, why and by whom, and what stood at a moment."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from srcnet_compiler.apply.ledger import ANNOUNCED, BEGIN, FINAL, INTENT, RUN, Line
from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, Json
from srcnet_compiler.span import Span


@dataclass(frozen=True, slots=True)
class Origin:
    """A run: who applied which plan, made from which commit, signed by whom."""

    run: str
    plan: str
    by: str | None
    commit: str | None
    signers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One change that was done at a moment (ISO 8601), or that failed: then `text` says why."""

    at: str
    change: Change
    status: str
    text: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Standing:
    """An object of ours, and what we have made of its fields, each with its place in the specs."""

    address: Address
    since: str
    fields: Mapping[str, tuple[Json, Span | None]]


def events(lines: Iterable[Line]) -> Iterator[Event]:
    """What was done or failed, oldest first.

    What a later run found done already counts where an earlier one had begun it and was not heard
    of again: nobody else has done it.
    """
    origins: dict[str, Origin] = {}
    doubtful: set[tuple[str, str]] = set()
    for line in lines:
        step = (line.plan, line.change)
        if line.status in (BEGIN, RUN):
            origins[line.run] = _origin(line)
        elif line.status in (INTENT, ANNOUNCED):
            doubtful.add(step)
        elif line.status in ("done", "failed") or (line.status in FINAL and step in doubtful):
            origin = origins.get(line.run) or Origin(line.run, line.plan, None, None, ())
            yield Event(line.at, change_of(line), line.status, line.text, origin)
            doubtful.discard(step)
        else:
            doubtful.discard(step)


def standing(lines: Iterable[Line]) -> tuple[Standing, ...]:
    """Our objects after these lines, in order of address."""
    there: dict[Address, Standing] = {}
    for line in lines:
        if line.status not in FINAL:
            continue
        change = change_of(line)
        if change.action is Action.RETIRE:
            there.pop(change.address, None)
            continue
        before = _before(there, change, line.status)
        fields = {} if before is None else dict(before.fields)
        if change.action is not Action.RENAME:
            fields |= {f.name: (f.after, f.origin) for f in change.fields}
        kept = {name: said for name, said in fields.items() if said[0] is not None}
        since = line.at if before is None else before.since
        there[change.address] = Standing(change.address, since, kept)
    return tuple(there[address] for address in sorted(there))


def _before(there: dict[Address, Standing], change: Change, status: str) -> Standing | None:
    """What the change started from, which stands no longer as it did."""
    found_so = there.pop(change.address, None) if status != "done" else None
    if found_so is not None:  # and what has the earlier name now is another
        return found_so
    before = there.pop(_earlier(change), None)
    # what is made was not there: somebody else has removed what we knew
    return None if change.action is Action.CREATE and status == "done" else before


def concerns(site: Collection[str], address: Address, places: Iterable[Span | None]) -> bool:
    """Whether an object is of a cluster of the site, or a spec of the site says something of it;
    by any of the names that the site has or had."""
    names = {name.casefold() for name in site}
    instance = address.instance.casefold()
    if not names.isdisjoint((instance, instance.partition(".")[0])):
        return True
    files = (PurePosixPath(place.file) for place in places if place is not None)
    return any(
        file.parts[0] == "site-specs"
        and not names.isdisjoint((file.stem.casefold(), *map(str.casefold, file.parts[1:-1])))
        for file in files
    )


def change_of(line: Line) -> Change:
    """The change that a line is about, as far as the line tells."""
    facts: Any = line.facts or {}
    fields = tuple(
        FieldChange(name, before, after, None if place is None else Span(*place))
        for name, before, after, place in facts.get("fields", ())
    )
    return Change(
        Address(*line.address.split("/", 3)),
        Action(line.action),
        fields,
        Impact(facts.get("impact", Impact.COSMETIC.value)),
        facts.get("reason", ""),
    )


def _earlier(change: Change) -> Address:
    """Where the object stood before this change."""
    if change.action is not Action.RENAME:
        return change.address
    names = [f.before for f in change.fields if f.name == "name"]
    address = change.address
    old = str(names[0]) if names else address.name
    return Address(address.target, address.instance, address.kind, old)


def _origin(line: Line) -> Origin:
    facts: Any = line.facts or {}
    signers = tuple(str(each["name"]) for each in facts.get("signers", ()))
    return Origin(line.run, line.plan, facts.get("by"), facts.get("commit"), signers)
