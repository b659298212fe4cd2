"""What an import of a Rucio found, writes and proves: in words and as data."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from srcnet_compiler.change import Action, Change
from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.importing.rucio.patterns import Unsaid
from srcnet_compiler.importing.rucio.sketch import Sketch
from srcnet_compiler.plan.model import Plan
from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.changes import change_lines
from srcnet_compiler.report.paint import Paint, painter
from srcnet_compiler.targets.rucio.model.inventory import Inventory

FORMAT_VERSION = 1
_FEW = 12
"""Lines of one list that are shown, unless all are asked for."""


@dataclass(frozen=True, slots=True)
class Imported:
    """One import: `files` are the names of what changes or is new, `written` whether they are."""

    system: str
    inventory: Inventory
    sketch: Sketch
    files: Sequence[str]
    findings: Sequence[Diagnostic]
    plan: Plan
    accepted: bool
    written: bool

    @property
    def changes(self) -> tuple[Change, ...]:
        """What the specs would do besides taking over."""
        return tuple(c for c in self.plan.changes if c.action is not Action.ADOPT)

    @property
    def adoptions(self) -> int:
        """How many objects would be taken over as they are."""
        return len(self.plan.changes) - len(self.changes)


def render_imported(found: Imported, *, full: bool, colour: bool) -> str:
    """What was found, what is left out and what to type, and the proof."""
    return "".join(f"{line}\n" for line in _lines(found, full, painter(colour)))


def _lines(found: Imported, full: bool, paint: Paint) -> Iterator[str]:
    yield from _seen(found, paint)
    yield from _drafted(found, paint)
    yield from _open(found, full, paint)
    yield from _notes(found, full, paint)
    yield from _unsaid(found.sketch.unsaid, full, paint)
    yield from _contradictions(found, full, paint)
    yield from _proof(found, full, paint)


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
    yield from _shortened(lines, 2 * _FEW, full)
    if sketch.left:
        yield ""
        yield paint("Left out, and no flag helps:", "bold")
    yield from _shortened(
        [f"  {visible(each.rse)}: {visible(each.why)}" for each in sketch.left], _FEW, full
    )


def _notes(found: Imported, full: bool, paint: Paint) -> Iterator[str]:
    notes = found.sketch.notes
    if notes:
        yield ""
        yield paint("Not said by the specs:", "bold")
    yield from _shortened(
        [f"  {visible(each.rse)}: {visible(each.text)}" for each in notes], _FEW, full
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
    yield from _shortened(lines, _FEW, full)


def _contradictions(found: Imported, full: bool, paint: Paint) -> Iterator[str]:
    if found.findings:
        yield ""
        yield paint("Where the specs and what is there differ; both stay as they are:", "bold")
    yield from _shortened(
        [f"  {each.labels[0].span}: {visible(each.message)}" for each in found.findings], _FEW, full
    )


def _shortened(lines: Sequence[str], few: int, full: bool) -> Iterator[str]:
    if full or len(lines) <= few:
        yield from lines
        return
    yield from lines[:few]
    yield f"  … {len(lines) - few} more lines (all with --full)"


def _proof(found: Imported, full: bool, paint: Paint) -> Iterator[str]:
    yield ""
    changes, adoptions = found.changes, many(found.adoptions, "adoption")
    if found.accepted and not changes:
        yield paint(f"Proof: the plan of these specs is 0 changes, {adoptions}.", "bold")
    else:
        yield paint(f"The plan of these specs is {many(len(changes), 'change')}:", "bold")
        yield from change_lines(changes, paint, full=full)
        yield f"  and {adoptions}"
    for unseen in found.plan.unseen:
        yield f"  not seen: {unseen.under}: {visible(unseen.reason)}"
    for held in found.plan.held:
        yield f"  held back: {visible(held.what)} {visible(held.reason)}"
    yield ""
    if not found.files:
        yield "Nothing is to be written: the specs say all of it."
        return
    yield "Written:" if found.written else "Not written:"
    yield from (f"  {name}" for name in found.files)


def imported_to_json(found: Imported) -> str:
    """The same as data."""
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
        "findings": [
            {
                "code": each.code.value,
                "message": each.message,
                "place": str(each.labels[0].span),
                "help": each.help,
            }
            for each in found.findings
        ],
        "plan": {
            "adoptions": found.adoptions,
            "changes": [
                {
                    "action": change.action.value,
                    "kind": change.address.kind,
                    "name": change.address.name,
                    "fields": [field.name for field in change.fields],
                    "places": [str(f.origin) for f in change.fields if f.origin is not None],
                }
                for change in found.changes
            ],
        },
        "files": [*found.files],
        "accepted": found.accepted,
        "written": found.written,
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def many(count: int, noun: str) -> str:
    """A count with its noun."""
    several = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{count} {noun if count == 1 else several}"
