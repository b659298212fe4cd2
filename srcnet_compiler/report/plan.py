"""A plan, a receipt and drift in words, for a terminal and for a pull request."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from srcnet_compiler.apply.receipt import Receipt, Status
from srcnet_compiler.change import Action, Change, FieldChange, Impact, Json
from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.plan.model import Plan
from srcnet_compiler.quantity import Bytes, format_bytes, round_bytes

_SIGNS = {
    Action.ADOPT: "=",
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.RENAME: ">",
    Action.RETIRE: "-",
}
_ONE_BY_ONE = 12
"""More creations or adoptions of one kind than this are counted, unless all are asked for."""
_WIDEST = 68


def render_plan(plan: Plan, *, full: bool = False) -> str:
    """The plan as text: what happens to which object, why, and what is left out.

    Many creations of one kind are folded into one line unless it is asked for in full.
    """
    return "\n".join(_plan(plan, full)) + "\n"


def _plan(plan: Plan, full: bool) -> Iterator[str]:
    changes = plan.changes
    if not changes:
        yield f"{plan.instance}: nothing to do"
    else:
        yield f"{plan.instance}: {summary(changes)}"
        yield ""
        yield from _changes(changes, full)
    if plan.unseen:
        yield ""
        yield "Could not be read, so nothing there is changed:"
        yield from (f"  ? {unseen.under}: {unseen.reason}" for unseen in plan.unseen)
    if plan.findings:
        yield ""
        yield from noticed(plan.findings)
    if plan.held:
        yield ""
        yield "Described and left out:"
        yield from (f"  . {held.what} {held.reason}" for held in plan.held)


def noticed(findings: Iterable[Diagnostic]) -> Iterator[str]:
    """What was found on the system besides the changes."""
    yield "Noticed on the system:"
    for found in findings:
        yield f"  ! {found.severity.value}[{found.code.value}]: {found.message}"
        yield f"      {found.labels[0].span}"
        if found.help:
            yield f"      help: {found.help}"


def summary(changes: Sequence[Change]) -> str:
    """How many of what, the gravest impact, and how much data moves."""
    counts = Counter(change.action for change in changes)
    words = [f"{counts[action]} to {action.value}" for action in Action if counts[action]]
    gravest = max((change.impact for change in changes), key=lambda i: i.rank)
    moved = sum(change.moves for change in changes)
    data = f", {round_bytes(moved)} to transfer" if moved else ""
    noun = "change" if len(changes) == 1 else "changes"
    return f"{len(changes)} {noun} ({', '.join(words)}); impact: {gravest.value}{data}"


def _changes(changes: Sequence[Change], full: bool = False) -> Iterator[str]:
    groups: dict[tuple[Action, str], list[Change]] = defaultdict(list)
    for change in changes:
        groups[change.action, change.address.kind].append(change)
    for (action, kind), group in groups.items():
        if not full and action in (Action.CREATE, Action.ADOPT) and len(group) > _ONE_BY_ONE:
            names = ", ".join(change.address.name for change in group[:3])
            yield (
                f"  {_SIGNS[action]} {action.value} {len(group)} of {kind}: {names}, …"
                "   (all with --full)"
            )
        else:
            for change in group:
                yield from _change(change)


def _change(change: Change) -> Iterator[str]:
    impact = "" if change.impact is Impact.COSMETIC else f"  [{change.impact.value}]"
    yield (
        f"  {_SIGNS[change.action]} {change.action.value} {change.address.kind} "
        f"{change.address.name}{impact}"
    )
    if change.reason:
        yield f"      because {change.reason}"
    if change.action is not Action.ADOPT:
        for field in change.fields:
            yield from _field(field, change.action)
    for wait in change.waits:
        yield f"      waits until {wait.text}"


def _field(field: FieldChange, action: Action) -> Iterator[str]:
    if field.before == field.after:
        return
    after = _shown(field.name, field.after)
    if action is Action.CREATE:
        text = f"{field.name}: {after}"
    else:
        text = f"{field.name}: {_shown(field.name, field.before)} → {after}"
    place = f"   {field.origin}" if field.origin is not None else ""
    yield f"      {text}{place}"


def _shown(name: str, value: Json) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, int) and not isinstance(value, bool):
        sized = name == "bytes" or name.startswith("limit.")
        return format_bytes(Bytes(value)) if sized else str(value)
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def render_receipt(receipt: Receipt) -> str:
    """What became of every change: counted where it went well, in full where it did not."""
    return "\n".join(_receipt(receipt)) + "\n"


def _receipt(receipt: Receipt) -> Iterator[str]:
    counts = Counter(result.status for result in receipt.results)
    counts[Status.DONE] += len(receipt.earlier)
    words = [f"{counts[status]} {status.value}" for status in Status if counts[status]]
    yield f"{receipt.instance}: {', '.join(words) or 'nothing was to be done'}"
    for status in (Status.FAILED, Status.CONFLICT, Status.WAITING, Status.LEFT):
        for result in receipt.of(status):
            since = f" (since {result.since})" if result.since else ""
            text = f": {result.text}" if result.text else ""
            yield f"  {status.value} {result.change.address}{text}{since}"
    yield from (f"  trouble: {text}" for text in receipt.trouble)


def render_drift(instance: str, changes: Iterable[Change], objects: int) -> str:
    """What differs from the specs, or that nothing does."""
    found = list(changes)
    if not found:
        return f"{instance}: {objects} objects, 0 differences\n"
    noun = "difference" if len(found) == 1 else "differences"
    lines = [f"{instance}: {objects} objects, {len(found)} {noun}", *_changes(found)]
    return "\n".join(lines) + "\n"


def markdown_plan(plan: Plan) -> str:
    """The plan for a pull request: the verdict first, the rest folded."""
    changes = plan.changes
    head = summary(changes) if changes else "nothing to do"
    body = render_plan(plan, full=True)
    return (
        f"### {plan.instance}: {head}\n\n<details><summary>All changes</summary>\n\n"
        f"```text\n{body}```\n\n</details>\n"
    )
