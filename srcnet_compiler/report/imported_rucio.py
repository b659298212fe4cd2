"""What an import of a Rucio found, writes and proves: in words and as data."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.importing.rucio.patterns import Unsaid
from srcnet_compiler.importing.rucio.sketch import Sketch
from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.paint import Paint, painter
from srcnet_compiler.report.proof import (
    FEW,
    Proof,
    differing_data,
    differing_lines,
    many,
    proof_data,
    proof_lines,
    shortened,
)
from srcnet_compiler.targets.rucio.model.inventory import Inventory

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Imported:
    """One import; `findings` are what specs and server say otherwise."""

    system: str
    inventory: Inventory
    sketch: Sketch
    findings: Sequence[Diagnostic]
    proof: Proof


def render_imported(found: Imported, *, full: bool, colour: bool) -> str:
    """What was found, what is left out and what to type, and the proof."""
    return "".join(f"{line}\n" for line in _lines(found, full, painter(colour)))


def _lines(found: Imported, full: bool, paint: Paint) -> Iterator[str]:
    yield from _seen(found, paint)
    yield from _drafted(found, paint)
    yield from _open(found, full, paint)
    yield from _joining(found, full, paint)
    yield from _notes(found, full, paint)
    yield from _unsaid(found.sketch.unsaid, full, paint)
    yield from differing_lines(found.findings, paint, full=full)
    yield ""
    yield from proof_lines(found.proof, paint, full=full)


def _seen(found: Imported, paint: Paint) -> Iterator[str]:
    there = found.inventory
    rules = sum(there.rules.values())
    seen = (
        many(len(there.rses) + len(there.unread), "RSE"),
        many(len(there.accounts), "account"),
        many(len(there.scopes), "scope"),
        f"{many(rules, 'rule')} of {many(len(there.rules), 'pattern')}",
        many(len(there.subscriptions), "active subscription"),
    )
    yield paint(f"{found.system}: {', '.join(seen)}", "bold")
    if not there.exported:
        yield "  read RSE by RSE: this account may not export"


def _drafted(found: Imported, paint: Paint) -> Iterator[str]:
    sketch = found.sketch
    if sketch.described:
        yield f"  {many(sketch.described, 'RSE')} described already"
    if sketch.skipped:
        yield f"  {many(sketch.skipped, 'RSE')} skipped, as asked"
    for site in sketch.sites:
        if site.new:
            new = ", a new site" if site.is_new else ""
            yield f"  {paint('+', 'create')} {site.name}{new}: {many(site.new, 'new area')}"
    for policy in sketch.policies:
        asks = f"{many(policy.copies, 'copy')} on `{policy.tier}`"
        yield (
            f"  {paint('+', 'create')} draft policy {policy.name}: {asks},"
            f" as {_evidence(policy.rules, policy.subscriptions)} of scope"
            f" `{visible(policy.namespace)}` ask"
        )


def _evidence(rules: int, subscriptions: int) -> str:
    found = [many(rules, "rule")] if rules else []
    return " and ".join([*found, many(subscriptions, "subscription")] if subscriptions else found)


def _open(found: Imported, full: bool, paint: Paint) -> Iterator[str]:
    sketch = found.sketch
    if sketch.questions:
        yield ""
        yield paint("Left out, since nothing tells; type what is right, or `--skip RSE`:", "bold")
    lines = [
        line
        for each in sketch.questions
        for line in (f"  {visible(each.rse)}: {visible(each.why)}", f"      {each.to_type}")
    ]
    yield from shortened(lines, 2 * FEW, full)
    if sketch.left:
        yield ""
        yield paint("Left out, and no flag helps:", "bold")
    yield from shortened(
        [f"  {visible(each.rse)}: {visible(each.why)}" for each in sketch.left], FEW, full
    )


def _joining(found: Imported, full: bool, paint: Paint) -> Iterator[str]:
    joining = found.sketch.joining
    if joining:
        yield ""
        yield paint("Described, and not taken over yet; to keep it as it stands, type:", "bold")
    yield from shortened([f"  --adopt {visible(rse)}" for rse in joining], FEW, full)


def _notes(found: Imported, full: bool, paint: Paint) -> Iterator[str]:
    notes = found.sketch.notes
    if notes:
        yield ""
        yield paint("Not said by the specs:", "bold")
    yield from shortened(
        [f"  {visible(each.rse)}: {visible(each.text)}" for each in notes], FEW, full
    )


def _unsaid(unsaid: Sequence[Unsaid], full: bool, paint: Paint) -> Iterator[str]:
    if unsaid:
        yield ""
        yield paint("Rules of others that no draft says; nobody's rules are taken over:", "bold")
    lines = [
        f"  {each.account}  {visible(each.scope)}  {visible(each.expression)}  "
        f"{many(each.copies, 'copy')}, {_evidence(each.rules, each.subscriptions)}:"
        f" {visible(each.why)}"
        for each in unsaid
    ]
    yield from shortened(lines, FEW, full)


def imported_to_json(found: Imported) -> str:
    """The same as data, of `schemas/import.schema.json`."""
    sketch, there = found.sketch, found.inventory
    data = {
        "version": FORMAT_VERSION,
        "system": found.system,
        "seen": {
            "rses": len(there.rses) + len(there.unread),
            "accounts": len(there.accounts),
            "scopes": len(there.scopes),
            "rules": sum(there.rules.values()),
            "subscriptions": len(there.subscriptions),
            "exported": there.exported,
        },
        "described": sketch.described,
        "skipped": sketch.skipped,
        "joining": [{"rse": rse, "type": f"--adopt {rse}"} for rse in sketch.joining],
        "sites": [
            {
                "name": site.name,
                "isNew": site.is_new,
                "newAreas": site.new,
                "areas": [dict(area) for area in site.areas],
            }
            for site in sketch.sites
        ],
        "policies": [
            {
                "name": policy.name,
                "namespace": policy.namespace,
                "copies": policy.copies,
                "tier": policy.tier,
                "rules": policy.rules,
                "subscriptions": policy.subscriptions,
            }
            for policy in sketch.policies
        ],
        "questions": [
            {"rse": each.rse, "why": each.why, "type": each.to_type, "choices": [*each.choices]}
            for each in sketch.questions
        ],
        "left": [{"rse": each.rse, "why": each.why} for each in sketch.left],
        "notes": [{"rse": each.rse, "text": each.text} for each in sketch.notes],
        "rules": [
            {
                "account": each.account,
                "scope": each.scope,
                "expression": each.expression,
                "copies": each.copies,
                "rules": each.rules,
                "subscriptions": each.subscriptions,
                "why": each.why,
            }
            for each in sketch.unsaid
        ],
        "findings": differing_data(found.findings),
        **proof_data(found.proof),
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
