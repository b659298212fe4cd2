"""Where a collection is and will be: in words and as data."""

import json
from collections.abc import Iterator
from typing import Any

from srcnet_compiler.analysis.identifiers import Identified
from srcnet_compiler.analysis.placement import inclusion
from srcnet_compiler.catalogue.identity import digest_of
from srcnet_compiler.catalogue.model import Snapshot, Source
from srcnet_compiler.federation.data_policy import Phase
from srcnet_compiler.federation.model import StorageArea
from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.embargo import embargo_data, embargo_lines
from srcnet_compiler.report.paint import Paint, painter
from srcnet_compiler.review.embargo import embargo_of
from srcnet_compiler.review.movement.where import Copy, Rule, Step, Whereabouts

FORMAT_VERSION = 1
_FEW = 4
"""Areas of a domain that are named; the others are counted."""


def render_where(
    found: Whereabouts, snapshot: Snapshot, said: Identified | None, *, colour: bool
) -> str:
    """What it is, where it is, under which rules, and what will happen."""
    return "".join(f"{line}\n" for line in _lines(found, snapshot, said, painter(colour)))


def _lines(
    found: Whereabouts, snapshot: Snapshot, said: Identified | None, paint: Paint
) -> Iterator[str]:
    uncounted = found.files is None or snapshot.source is Source.FORECAST
    counted = "" if uncounted else f"{_many(found.files or 0, 'file')}, "
    state = "closed" if found.closed else "open: files may still be added"
    size = f"{counted}{round_bytes(found.bytes)}, made {found.created:%Y-%m-%d}, {state}"
    yield paint(f"{visible(found.name)}: {size}", "bold")
    if said is not None:
        draft = " (a draft)" if said.drafts else ""
        yield f"  {visible(said.text)}{draft}   {paint(str(said.place), 'place')}"
    yield from _policy(found, paint)
    yield ""
    yield paint(f"Where it is, as of {snapshot.taken:%Y-%m-%d %H:%M} UTC", "bold")
    yield from (f"  {_copy(copy, snapshot)}{_described(copy, paint)}" for copy in found.copies)
    if not found.copies:
        yield "  nowhere"
    taken = f"{snapshot.taken:%Y-%m-%d %H:%M} UTC"
    source = f"{snapshot.source.value} of {snapshot.instance} at {taken}"
    yield f"  snapshot: {source}, {digest_of(snapshot)}"
    if found.rules:
        yield ""
        yield paint("Under which rules", "bold")
        yield from (f"  {_rule(rule)}" for rule in found.rules)
    embargo = embargo_of(found.policy, found.name, found.created)
    if lines := list(embargo_lines(embargo, found.at.date(), paint)):
        yield ""
        yield paint("Who may read it", "bold")
        yield from (f"  {line}" for line in lines)
    if found.steps:
        yield ""
        yield paint("What is to happen", "bold")
        for step in found.steps:
            yield from _step(step, paint)
        if found.waits:
            yield "  nothing of it is done while the policy is a draft"


def _policy(found: Whereabouts, paint: Paint) -> Iterator[str]:
    if found.policy is None:
        yield "  no policy is about it: nothing is done for it, and nothing to it"
        return
    policy = found.policy
    draft = " (a draft)" if policy.drafts else ""
    place = paint(str(policy.origin.at("selects")), "place")
    yield f"  policy `{policy.name}`{draft}   {place}"
    step = found.steps[0]
    if step.settled.ended:
        yield f"  it has ended: no copy is kept   {_end(step, paint)}"
        return
    place = paint(str(step.phase.origin.at()), "place")
    yield f"  phase `{step.phase.name}`: {_wanted(step.phase)}   {place}"


def _end(step: Step, paint: Paint) -> str:
    return paint(str(step.phase.origin.at("then")), "place")


def _wanted(phase: Phase) -> str:
    copies = ", ".join(f"{copies.count} on {copies.tier}" for copies in phase.copies)
    return f"{copies}, apart by {phase.apart}" if phase.count > 1 else copies


def _copy(copy: Copy, snapshot: Snapshot) -> str:
    if copy.area is None:
        name, where = visible(copy.rse), "in no spec"
    else:
        renamed = f" ({visible(copy.rse)})" if copy.rse != copy.area.name else ""
        name, where = f"{copy.area.name}{renamed}", copy.area.tier
    whole = "whole" if copy.whole else f"{round_bytes(copy.bytes)} of it"
    kept = "" if snapshot.source is not Source.READING else ", kept" if copy.kept else ", not kept"
    if copy.recalled:
        return f"{name}, {where}: {whole}, recalled"
    use = "of use" if copy.useful else "the phase has no use for it"
    return f"{name}, {where}: {whole}{kept}; {use}"


def _described(copy: Copy, paint: Paint) -> str:
    return "" if copy.area is None else f"   {paint(str(copy.area.origin.at('name')), 'place')}"


def _rule(rule: Rule) -> str:
    whose = visible(rule.comment or "") if rule.ours else f"of {visible(rule.account)}"
    ends = "recalled until" if rule.is_recall else "ends"
    end = f", {ends} {rule.expires:%Y-%m-%d %H:%M}" if rule.expires is not None else ""
    asked = f"{_many(rule.copies, 'copy', 'copies')} on {visible(rule.expression)}"
    return f"{whose}: {asked}; {rule.state}, {rule.locks_ok} of {rule.locks} locks{end}"


def _step(step: Step, paint: Paint) -> Iterator[str]:
    settled = step.settled
    when = "now" if step.since is None else f"from {step.since:%Y-%m-%d} on"
    if settled.ended:
        yield f"  {when}, no copy is kept   {_end(step, paint)}"
        for area in settled.released:
            yield f"    {area.name} lets its copy go"
        return
    if step.since is not None:
        place = paint(str(step.phase.origin.at()), "place")
        yield f"  {when}, phase `{step.phase.name}`: {_wanted(step.phase)}   {place}"
    before = "    " if step.since is not None else f"  {when}: "
    for areas in settled.new:
        yield f"{before}a copy on {areas[0].tier} is added: {_areas(areas)}"
    if settled.unplaced:
        copies = _many(settled.unplaced, "copy", "copies")
        yield f"{before}{copies} can be put nowhere: no area is left"
    for area in settled.released:
        yield f"{before}{area.name} may let its copy go, once the others are in place"
    if not (settled.new or settled.unplaced or settled.released):
        yield f"{before}nothing: it has the copies that its phase asks for"


def _areas(areas: tuple[StorageArea, ...]) -> str:
    shares = inclusion({area.name: area.pledged or 0 for area in areas}, 1)
    found = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    if len(found) == 1:
        return found[0][0]
    more = f" or {len(found) - _FEW} more" if len(found) > _FEW else ""
    named = ", ".join(f"{name} ({float(share) * 100:.2g} %)" for name, share in found[:_FEW])
    return f"{named}{more}"


def _many(number: int, noun: str, nouns: str = "") -> str:
    return f"{number} {noun if number == 1 else nouns or f'{noun}s'}"


# ── for machines ──────────────────────────────────────────────────────────────────────────────


def where_data(found: Whereabouts, snapshot: Snapshot, said: Identified | None) -> str:
    """All of it as JSON."""
    policy = found.policy
    data: dict[str, Any] = {
        "formatVersion": FORMAT_VERSION,
        "collection": found.name,
        "identifier": None if said is None else said.text,
        "identifierDraft": said is not None and bool(said.drafts),
        "asOf": snapshot.taken.isoformat(),
        "source": snapshot.source.value,
        "instance": snapshot.instance,
        "digest": digest_of(snapshot),
        "created": found.created.isoformat(),
        "closed": found.closed,
        "files": found.files,
        "bytes": found.bytes,
        "policy": None if policy is None else policy.name,
        "draft": policy is not None and bool(policy.drafts),
        "place": None if policy is None else str(policy.origin.at("selects")),
        "embargo": embargo_data(embargo_of(policy, found.name, found.created)),
        "copies": [
            {
                "rse": copy.rse,
                "area": None if copy.area is None else copy.area.name,
                "files": copy.files,
                "bytes": copy.bytes,
                "whole": copy.whole,
                "kept": copy.kept,
                "useful": copy.useful,
                "recalled": copy.recalled,
                "place": None if copy.area is None else str(copy.area.origin.at("name")),
            }
            for copy in found.copies
        ],
        "rules": [
            {
                "account": rule.account,
                "ours": rule.ours,
                "copies": rule.copies,
                "expression": rule.expression,
                "comment": rule.comment,
                "state": rule.state,
                "expires": None if rule.expires is None else rule.expires.isoformat(),
                "recall": rule.is_recall,
                "locksOk": rule.locks_ok,
                "locks": rule.locks,
            }
            for rule in found.rules
        ],
        "phases": [
            {
                "phase": step.phase.name,
                "since": None if step.since is None else step.since.isoformat(),
                "place": str(step.phase.origin.at()),
                "useful": [area.name for area in step.settled.useful],
                "added": [[area.name for area in areas] for areas in step.settled.new],
                "released": [area.name for area in step.settled.released],
                "unplaced": step.settled.unplaced,
                "ended": step.settled.ended,
                "copiesPlace": str(step.phase.origin.at("copies")),
            }
            for step in found.steps
        ],
    }
    return json.dumps(data, indent=2) + "\n"
