"""A plan in words, for a terminal and for a pull request."""

from collections import Counter
from collections.abc import Iterator, Sequence

from srcnet_compiler.change import Action, Address, Change, SystemName, ended_data
from srcnet_compiler.plan.model import Held, Plan
from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.changes import change_lines, plural
from srcnet_compiler.report.paint import Paint, painter
from srcnet_compiler.report.receipt import noticed_lines, unseen_lines
from srcnet_compiler.task import SHELL, Task

_FEW = 3
"""More that is left out than this is counted."""


def render_plan(plan: Plan, *, full: bool = False, colour: bool = False) -> str:
    """The plan as text: what happens to which object, why, and what is left out.

    What is many of one kind is folded into one line unless it is asked for in full; no value is
    ever cut.
    """
    return "\n".join(_plan(plan, full, painter(colour))) + "\n"


def _plan(plan: Plan, full: bool, paint: Paint) -> Iterator[str]:
    if len(plan.systems) > 1:
        yield paint(f"{plan.title}: {_verdict(plan.changes)}", "bold")
        yield ""
    for number, system in enumerate(plan.systems):
        if number:
            yield ""
        yield from _system(plan, system, full, paint)
    if plan.proven:
        yield ""
        yield from (f"proved: {visible(claim)}" for claim in plan.proven)
    if plan.notes:
        yield ""
        yield from (visible(note) for note in plan.notes)
    if plan.unseen:
        yield ""
        yield "Could not be read, so nothing there is changed:"
        yield from unseen_lines(plan.unseen)
    if plan.findings:
        yield ""
        yield from noticed_lines(plan.findings, paint)
    if plan.held:
        yield ""
        yield from left_out_lines(plan.held, full)


def _system(plan: Plan, system: SystemName, full: bool, paint: Paint) -> Iterator[str]:
    changes, tasks = plan.of(system), plan.tasks.get(system, ())
    blind = "could not be read" if _is_blind(plan, system) else ""
    yield paint(f"{system.instance}: {blind or _verdict(changes)}", "bold")
    if changes:
        yield ""
        yield from change_lines(changes, paint, full=full)
    if tasks:
        yield ""
        yield f"Only the administrators of {system.instance} can do this, where it is not done yet:"
        for task in tasks:
            yield from task_lines(task, full)


def _is_blind(plan: Plan, system: SystemName) -> bool:
    return Address(*system, "", "") in {each.under for each in plan.unseen}


def task_lines(task: Task, full: bool) -> Iterator[str]:
    """What only people can do, and, in full, why and how."""
    yield f"  * {visible(task.title)}"
    if full:
        yield f"      {visible(task.why)}"
        yield f"      {'type' if task.where == SHELL else f'in {visible(task.where)}'}:"
        yield from (f"        {visible(line)}" for line in task.lines)


def _verdict(changes: Sequence[Change]) -> str:
    return summary(changes) if changes else "nothing to do"


def left_out_lines(held: Sequence[Held], full: bool) -> Iterator[str]:
    """What specs describe and no plan does: each, or counted by its kind."""
    if full or len(held) <= _FEW:
        yield "Described and left out:"
        yield from (f"  . {visible(each.what)} {visible(each.reason)}" for each in held)
        return
    counts = Counter(each.what.partition(" `")[0] for each in held)
    words = [f"{n} {kind if n == 1 else plural(kind)}" for kind, n in counts.items()]
    yield f"Described and left out: {', '.join(words)}   (all with --full)"


def summary(changes: Sequence[Change]) -> str:
    """How many of what, the gravest impact, and how much data moves."""
    counts = Counter(change.action for change in changes)
    words = [f"{counts[action]} to {action.value}" for action in Action if counts[action]]
    gravest = max((change.impact for change in changes), key=lambda i: i.rank)
    moved = sum(change.moves for change in changes)
    data = f", {round_bytes(moved)} to transfer" if moved else ""
    ended = len(ended_data(changes))
    last = f", {ended} data set{'' if ended == 1 else 's'} without a copy" if ended else ""
    noun = "change" if len(changes) == 1 else "changes"
    return f"{len(changes)} {noun} ({', '.join(words)}); impact: {gravest.value}{data}{last}"


def markdown_plan(plan: Plan) -> str:
    """The plan for a pull request: the verdict first, the rest folded."""
    head = _verdict(plan.changes)
    body = render_plan(plan, full=True)
    return (
        f"### {plan.title}: {head}\n\n<details><summary>All changes</summary>\n\n"
        f"```text\n{body}```\n\n</details>\n"
    )
