"""A snapshot of a catalogue and what is in it: in words and as data."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from srcnet_compiler.catalogue.model import Snapshot, Source
from srcnet_compiler.catalogue.questions import Amount, Holdings, Lack
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import PolicyName
from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.report.cells import visible, width
from srcnet_compiler.report.paint import Paint, painter

FORMAT_VERSION = 1
_SOURCES = {
    Source.READING: "read from {}",
    Source.DUMP: "from dumps of {}: rules are not known, what is there counts as kept",
    Source.FORECAST: "a forecast for {}: what the policies expect, each row all of a month",
}


def about(snapshot: Snapshot) -> str:
    """One line on a snapshot."""
    counts = snapshot.counts
    what = ", ".join(
        f"{counts[table]} {table if counts[table] != 1 else _one(table)}" for table in counts
    )
    return f"{what}; {_SOURCES[snapshot.source].format(visible(snapshot.instance))}"


def _one(table: str) -> str:
    return {"collections": "collection", "rules": "rule", "copies": "copy"}[table]


def render_holdings(
    snapshot: Snapshot, held: Holdings, federation: Federation, *, colour: bool
) -> str:
    """By policy and phase, by year, by area, and what does not have its copies."""
    return "".join(f"{line}\n" for line in _lines(snapshot, held, federation, painter(colour)))


def _lines(
    snapshot: Snapshot, held: Holdings, federation: Federation, paint: Paint
) -> Iterator[str]:
    yield f"{about(snapshot)}; taken {snapshot.taken:%Y-%m-%d %H:%M} UTC"
    yield f"phases as of {held.at:%Y-%m-%d}"
    yield ""
    head = ("collections", "files", "bytes")
    yield from _table(
        (paint("policy", "bold"), "phase", *head),
        [
            (_policy(federation, policy), phase or _no_phase(policy), *_figures(snapshot, amount))
            for (policy, phase), amount in held.phases.items()
        ],
    )
    yield ""
    yield from _table(
        (paint("made in", "bold"), "policy", *head),
        [
            (str(year or "?"), policy or "none", *_figures(snapshot, amount))
            for (policy, year), amount in held.years.items()
        ],
    )
    yield ""
    yield from _table(
        (paint("area", "bold"), "tier", *head, "kept"),
        [
            (
                on.area or f"{visible(on.rse)} (in no spec)",
                on.tier or "",
                *_figures(snapshot, on.amount),
                str(on.locked) if snapshot.source is Source.READING else "",
            )
            for on in held.areas
        ],
    )
    yield ""
    yield from _lacking(snapshot, held.lacks, federation, paint)


def _lacking(
    snapshot: Snapshot, lacks: Sequence[Lack], federation: Federation, paint: Paint
) -> Iterator[str]:
    if not lacks:
        yield "every collection that a policy is about has the copies that its phase asks for"
        return
    yield paint("collections without all the copies that their phase asks for", "bold")
    for lack in lacks:
        policy = federation.policies[PolicyName(lack.policy)]
        phase = next(each for each in policy.phases if each.name == lack.phase)
        tiers = ", ".join(f"{lack.tiers.count(t)} on {t}" for t in sorted(set(lack.tiers)))
        what = f"{_policy(federation, lack.policy)}, {lack.phase}: {_said(snapshot, lack.amount)}"
        yield f"  {what}; missing {tiers}"
        yield paint(
            f"    such as {visible(lack.example)}; asked for at {phase.origin.at()}", "place"
        )


def _said(snapshot: Snapshot, amount: Amount) -> str:
    collections, _, size = _figures(snapshot, amount)
    return size if not collections else f"{collections} with {size}"


def _no_phase(policy: str | None) -> str:
    """What is said of collections in no phase: they have ended, or no policy is about them."""
    return "" if policy is None else "(ended)"


def _policy(federation: Federation, name: str | None) -> str:
    """A policy's name, and whether it is a draft."""
    if name is None:
        return "none"
    return f"{name} (draft)" if federation.policies[PolicyName(name)].drafts else name


def _figures(snapshot: Snapshot, amount: Amount) -> tuple[str, str, str]:
    """A forecast knows no collections and no files."""
    if snapshot.source is Source.FORECAST:
        return "", "", round_bytes(amount.bytes)
    files = "?" if amount.files is None else f"{amount.files}"
    return str(amount.collections), files, round_bytes(amount.bytes)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Columns of the widths they need; numbers, from the third on, to the right."""
    every = [tuple(map(str, row)) for row in (head, *rows)]
    bare = [tuple(_bare(cell) for cell in row) for row in every]
    widths = [max(width(row[n]) for row in bare) for n in range(len(head))]
    for row, plain in zip(every, bare, strict=True):
        cells = []
        for n, cell in enumerate(row):
            space = " " * (widths[n] - width(plain[n]))
            cells.append(f"{cell}{space}" if n < 2 else f"{space}{cell}")
        yield "  ".join(cells).rstrip()


def _bare(cell: str) -> str:
    return cell.removeprefix("\x1b[1m").removesuffix("\x1b[0m")


# ── for machines ──────────────────────────────────────────────────────────────────────────────


def holdings_data(snapshot: Snapshot, held: Holdings) -> str:
    """All of it as JSON."""
    data = {
        "formatVersion": FORMAT_VERSION,
        "snapshot": {
            "instance": snapshot.instance,
            "source": snapshot.source.value,
            "taken": snapshot.taken.isoformat(),
            "counts": dict(snapshot.counts),
        },
        "phasesAsOf": held.at.isoformat(),
        "phases": [
            {"policy": policy, "phase": phase, **amount_data(amount)}
            for (policy, phase), amount in held.phases.items()
        ],
        "years": [
            {"policy": policy, "year": year, **amount_data(amount)}
            for (policy, year), amount in held.years.items()
        ],
        "areas": [
            {
                "rse": on.rse,
                "area": on.area,
                "site": on.site,
                "tier": on.tier,
                "kept": on.locked,
                **amount_data(on.amount),
            }
            for on in held.areas
        ],
        "lacking": [
            {
                "policy": lack.policy,
                "phase": lack.phase,
                "missing": list(lack.tiers),
                "example": lack.example,
                **amount_data(lack.amount),
            }
            for lack in held.lacks
        ],
    }
    return json.dumps(data, indent=2) + "\n"


def amount_data(amount: Amount) -> dict[str, Any]:
    """An amount as plain data."""
    return {"collections": amount.collections, "files": amount.files, "bytes": amount.bytes}
