"""What every part of a demo does: plan, show it, carry it out, prove it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from srcnet_compiler.apply.gate import Step
from srcnet_compiler.apply.receipt import exit_code
from srcnet_compiler.apply.state import StateStore
from srcnet_compiler.converge import (
    System,
    carry_out,
    known_objects,
    make_plan,
    objections,
    reach,
    verify,
)
from srcnet_compiler.demo.show import Show
from srcnet_compiler.pipeline import Compiled, Lowered
from srcnet_compiler.plan.model import Plan, Verdict
from srcnet_compiler.report.plan import render_plan, summary
from srcnet_compiler.report.receipt import render_receipt, render_verdicts

STATE = ".srcnet/state"
GOOD = (0, 6)
"""All is done, or only waits for a fact."""


@dataclass(frozen=True, slots=True)
class Run:
    """Specs that are made true, when, and who is told."""

    specs: Path
    today: date
    clock: Callable[[], datetime]
    show: Show

    @property
    def store(self) -> StateStore:
        """Where this demo's lock, ledger and open steps live."""
        return StateStore(self.specs / STATE)


def converge(
    run: Run,
    compiled: Compiled,
    environment: Mapping[str, str],
    wanted: Sequence[Lowered] | None = None,
    *,
    brief: bool = False,
) -> tuple[Verdict, ...]:
    """Make the systems of the specs, or those that are `wanted`, as they say; raises RuntimeError
    where that is refused or does not work."""
    with reach(compiled, environment, wanted) as systems:
        plan = make_plan(compiled, systems, known_objects(run.store))
        line = f"{plan.title}: {summary(plan.changes)}\n"
        run.show.text(line if brief else render_plan(plan))
        refused = objections(plan, compiled, run.today)
        if refused:
            raise RuntimeError(f"the plan is refused: {refused[0].message}")
        _carry_out(plan, systems, run)
        verdicts = verify(systems)
        run.show.text(render_verdicts(verdicts))
        return verdicts


def _carry_out(plan: Plan, systems: Sequence[System], run: Run) -> None:
    show = run.show
    with show.progress(len(plan.changes)) as progress:
        step: Callable[[Step], None] = progress
        receipt = carry_out(plan, systems, run.store, run.clock, progress=step, say=show.note)
    if receipt.interrupted:
        raise KeyboardInterrupt  # which the apply has taken for itself
    show.text(render_receipt(receipt))
    if exit_code(receipt) not in GOOD:
        raise RuntimeError("the plan could not be carried out")
