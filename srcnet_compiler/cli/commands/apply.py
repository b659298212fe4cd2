"""`srcnet apply`: a plan carried out, and the proof."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.options import (
    format_option,
    members_option,
    site_option,
    state_option,
    system_option,
    today_option,
    yes_option,
)
from srcnet_compiler.cli.settings import Settings, now
from srcnet_compiler.cli.shared import (
    ask,
    compiled,
    is_coloured,
    read_plan,
    reading,
    show,
    show_refusals,
    state_store,
    stop_on_errors,
    system_trouble,
    the_day,
)
from srcnet_compiler.cli.systems import asked_for

if TYPE_CHECKING:
    from srcnet_compiler.apply.receipt import Signer
    from srcnet_compiler.apply.store import Store
    from srcnet_compiler.cli.signatures import Trust
    from srcnet_compiler.converge import System
    from srcnet_compiler.pipeline import Compiled, Lowered
    from srcnet_compiler.plan.model import Plan


@click.command("apply")
@click.argument("plan_file", metavar="[PLAN]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--signature",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The plan's signature.  [default: beside the plan, ending in .dsse or .sigstore.json]",
)
@click.option("--rehearse", is_flag=True, help="Go through everything and change nothing.")
@yes_option
@site_option
@system_option
@members_option
@format_option("text", "json")
@state_option
@today_option
@click.pass_obj
def command(
    settings: Settings,
    plan_file: Path | None,
    signature: Path | None,
    rehearse: bool,
    yes: bool,
    sites: tuple[str, ...],
    systems: tuple[str, ...],
    members: tuple[Path, ...],
    form: str,
    state: Path | str,
    today: datetime | None,
) -> int:
    """Carry out a plan, and prove that all is as it should be.

    Does what is ready; what must wait for a fact is done by a later run. Killed at any moment and
    run again, it ends in the same state. Afterwards the systems are read again: no difference is
    the proof. Without PLAN one is made, shown, and asked about. Where `[signatures]` in srcnet.toml
    names keys, the plan's signature must be of one of them.

    \b
    Examples:
      srcnet apply plan.json
      srcnet apply --yes
      srcnet apply --site CHSRC-CSCS
    """
    if plan_file is not None and (sites or systems):
        raise StopError(
            Exit.USAGE, "a plan says which systems it is for", "leave `--site` and `--system` out"
        )
    from srcnet_compiler.cli.rules import judge_of, trust_by

    store = state_store(settings, state)
    commit = _commit(settings)
    _insist_on_newest(settings, store, commit)
    with system_trouble():
        judge = judge_of(settings, store)
        trust = trust_by(settings, judge)
    if judge.commit is None and (trust.keys or trust.required):
        click.echo(str(judge), err=True)
    reviewed, signers = _reviewed(settings, trust, plan_file, signature, rehearse)
    result = compiled(settings, the_day(today), members)
    stop_on_errors(result)
    from srcnet_compiler.converge import known_objects, make_plan, objections, reach

    if reviewed is not None:
        _insist_on_same_specs(reviewed, result)
    _insist_on_free(store)
    with system_trouble(), ExitStack() as stack:
        wanted = (
            asked_for(result, sites, systems) if reviewed is None else _planned(reviewed, result)
        )
        with reading(wanted):
            reached = stack.enter_context(reach(result, os.environ, wanted))
            plan = reviewed or make_plan(result, reached, known_objects(store))
        refusals = objections(plan, result, the_day(today), signed=bool(signers))
        if refusals:
            show_refusals(refusals, result)
            return Exit.REFUSED
        if reviewed is None and plan.changes:
            from srcnet_compiler.report.plan import render_plan

            show(render_plan(plan, colour=is_coloured(err=True)), err=True)
            ask("Do this?", yes or rehearse)
        return carry_out_plan(plan, reached, store, form, rehearse, commit, signers)


def insist_on_leave(settings: Settings, store: "Store") -> str | None:
    """What is held against a plan that was made just now and that nobody has signed: ends the
    command where only signed ones may be applied, where these specs are old, or where somebody
    else is applying. Gives where the specs stand in their history."""
    from srcnet_compiler.cli.rules import judge_of, trust_by
    from srcnet_compiler.cli.signatures import insist_on_plan

    commit = _commit(settings)
    _insist_on_newest(settings, store, commit)
    with system_trouble():
        trust = trust_by(settings, judge_of(settings, store))
    insist_on_plan(trust)
    _insist_on_free(store)
    return commit


def _reviewed(
    settings: Settings,
    trust: "Trust",
    plan_file: Path | None,
    signature: Path | None,
    rehearse: bool,
) -> "tuple[Plan | None, tuple[Signer, ...]]":
    """The plan that was made before, and who has signed it."""
    from srcnet_compiler.cli.signatures import insist_on_plan, signers_of

    if plan_file is not None:
        plan = read_plan(plan_file)
        return plan, signers_of(plan, plan_file, signature, trust, settings)
    if signature is not None:
        raise StopError(Exit.USAGE, "a signature is of a plan", "`srcnet apply PLAN`")
    if not rehearse:
        insist_on_plan(trust)
    return None, ()


def _commit(settings: Settings) -> str | None:
    from srcnet_compiler.names import SPEC_FOLDERS
    from srcnet_compiler.trust.commit import commit_of

    return commit_of(settings.root, SPEC_FOLDERS)


def _insist_on_newest(settings: Settings, store: "Store", commit: str | None) -> None:
    """Where runners share the state: an old run that somebody starts again takes nothing back."""
    from srcnet_compiler.apply.ledger import Ledger
    from srcnet_compiler.trust.commit import comes_before
    from srcnet_compiler.trust.rules import commits_of

    if commit is None or not store.announces:
        return
    with system_trouble():
        path = store.find_ledger()
        if path is None:
            return
        with Ledger(path) as ledger:
            applied = commits_of(ledger.lines())
    if applied and comes_before(settings.root, commit, applied[0]):
        raise StopError(
            Exit.STALE,
            f"later specs were applied already: those of {applied[0][:12]}, and here are those of"
            f" {commit[:12]}",
            "check out the newest; to go back, merge a change that says so",
        )


def _insist_on_free(store: "Store") -> None:
    """Say that somebody else is applying before anything is read, shown or asked."""
    with system_trouble(), store.lock("srcnet apply", now(), store.lock_for):
        return


def _planned(plan: "Plan", found: "Compiled") -> "tuple[Lowered, ...]":
    """The systems that a plan is for."""
    from srcnet_compiler.converge import name_of, systems_of

    return tuple(lowered for lowered in systems_of(found) if name_of(lowered) in plan.systems)


def _insist_on_same_specs(plan: "Plan", found: "Compiled") -> None:
    from srcnet_compiler.converge import binding

    if plan.binding.members != binding(found).members:
        asked = "none is given now" if found.members is None else "another one is given now"
        raise StopError(
            Exit.STALE,
            "the plan was made with an export of the identity provider, and " + asked
            if plan.binding.members is not None
            else "the plan was made without an export of the identity provider",
            "give the same `--members`, or make and review a new plan",
        )
    if plan.binding != binding(found):
        what = (
            "another version of srcnet"
            if plan.binding.tool != binding(found).tool
            else "other specs than those in this folder"
        )
        raise StopError(
            Exit.STALE, f"the plan was made from {what}", "make and review a new one: `srcnet plan`"
        )


def carry_out_plan(
    plan: "Plan",
    systems: "Sequence[System]",
    store: "Store",
    form: str,
    rehearse: bool,
    commit: str | None,
    signers: "tuple[Signer, ...]",
) -> int:
    """Do all of it that is ready, say what became of it, and prove it. Of a recall every change was
    read back already, and the specs are no truer than before."""
    from srcnet_compiler.apply.receipt import as_json, exit_code
    from srcnet_compiler.cli.progress import showing
    from srcnet_compiler.converge import carry_out
    from srcnet_compiler.report.receipt import render_receipt

    with showing(len(plan.changes)) as progress:
        receipt = carry_out(
            plan,
            systems,
            store,
            now,
            progress=progress,
            say=lambda line: click.echo(line, err=True),
            rehearsal=rehearse,
            commit=commit,
            signers=signers,
        )
    click.echo(as_json(receipt) if form == "json" else render_receipt(receipt), nl=False)
    code = exit_code(receipt)
    if rehearse or plan.only_recalls or code not in (Exit.FINE, Exit.WAITING):
        return code
    return code if _is_proven(systems, form) else Exit.NOT_CONVERGED


def _is_proven(systems: "Sequence[System]", form: str) -> bool:
    """Read the systems again, and say what still differs."""
    from srcnet_compiler.converge import verify
    from srcnet_compiler.report.receipt import render_verdicts

    try:
        with system_trouble(), reading([system.lowered for system in systems]):
            verdicts = verify(systems)
    except StopError as stop:
        raise StopError(
            stop.code,
            f"all of the plan was done, but it is not proven: {stop.message}",
            "run `srcnet verify` when the server is back",
        ) from None
    if form == "text":
        show(render_verdicts(verdicts, colour=is_coloured()))
    return all(verdict.is_converged for verdict in verdicts)
