"""`srcnet recall`: archived data made accessible for a while, as their policy says."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli import completing
from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.options import format_option, state_option, today_option, yes_option
from srcnet_compiler.cli.plan_files import spare_for_plan, tell_where, write_plan
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import (
    ask,
    compiled,
    is_coloured,
    plan_as,
    reading,
    show,
    show_refusals,
    state_store,
    stop_on_errors,
    system_trouble,
    the_day,
)

if TYPE_CHECKING:
    from srcnet_compiler.catalogue.engine import DuckDb
    from srcnet_compiler.converge import System
    from srcnet_compiler.pipeline import Compiled
    from srcnet_compiler.plan.model import Plan
    from srcnet_compiler.review.recall.model import Asked


@click.command("recall")
@click.argument("collections", metavar="SCOPE:NAME...", nargs=-1, required=True)
@click.option(
    "--near",
    metavar="SITE|COUNTRY",
    shell_complete=completing.sites,
    help="Where you are: a site, or a country by its two letters.",
)
@click.option(
    "--for-group", metavar="GROUP", help="Who is to have it; noted in the plan and the journal."
)
@click.option("--reason", metavar="TEXT", help="What it is for; noted in the same way.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Save the plan, and do no more."
)
@click.option("--plan-only", is_flag=True, help="Show what would be done, and do no more.")
@yes_option
@format_option("text", "json")
@state_option
@today_option
@click.pass_obj
def command(
    settings: Settings,
    collections: tuple[str, ...],
    near: str | None,
    for_group: str | None,
    reason: str | None,
    out: Path | None,
    plan_only: bool,
    yes: bool,
    form: str,
    state: Path | str,
    today: datetime | None,
) -> int:
    """Make archived data accessible for a while, as their policy says.

    A rule that ends by itself brings a copy onto the tier that the policy names, at the nearest
    site that can take it. Data that are accessible already are left alone, and what was recalled
    before stays longer instead. More than the policy lets be recalled unasked is refused: save the
    plan, and have it signed, or have a waiver approved.

    \b
    Examples:
      srcnet recall observatory:sb-1234.01 --near CHSRC-CSCS
      srcnet recall observatory:sb-1234.01 --near CH --reason "cubes for the workshop" --yes
      srcnet recall observatory:sb-1234.01 observatory:sb-1234.02 --near CH --out recall.json
    """
    names = list(dict.fromkeys(_name(each) for each in collections))
    if today is not None and out is not None:
        raise StopError(
            Exit.USAGE, "a plan as of another day is not to be saved", "leave out `--today`"
        )
    if out is not None:
        spare_for_plan(out, settings)
    day = the_day(today)
    result = compiled(settings, day)
    stop_on_errors(result)
    asked = _asked(result, near, for_group, reason)
    from srcnet_compiler.converge import objections, reach, systems_of
    from srcnet_compiler.recalling import plan_recalls, recall_system
    from srcnet_compiler.report.recall import recalls_data, render_recalls

    wanted = [lowered for lowered in systems_of(result) if lowered.target.name == "rucio"]
    with ExitStack() as stack:
        engine = stack.enter_context(_engine(settings, result, names))
        stack.enter_context(system_trouble())
        with reading(wanted):
            reached = stack.enter_context(reach(result, os.environ, wanted))
            system = recall_system(reached)
            found = plan_recalls(result, system, engine, names, asked, day)
        if form == "json":
            show(recalls_data(found.decided, found.plan))
        else:
            show(render_recalls(found.decided, day, colour=is_coloured()))
        if found.plan is None:
            return Exit.FINDINGS
        if found.plan.changes and form == "text":
            show("\n" + plan_as(found.plan, "text", False))
        if out is not None:
            write_plan(found.plan, out)
            tell_where(out, settings)
        if refusals := objections(found.plan, result, day):
            show_refusals(refusals, result)
            return Exit.REFUSED
        if out is not None or plan_only or today is not None or not found.plan.changes:
            return Exit.FINE
        return _do(settings, found.plan, reached, state, yes, form)


def _name(text: str) -> tuple[str, str]:
    scope, colon, name = text.partition(":")
    if not (scope and colon and name):
        raise StopError(Exit.USAGE, f"`{text}` is no collection", "write it as `SCOPE:NAME`")
    return scope, name


def _asked(found: "Compiled", near: str | None, group: str | None, reason: str | None) -> "Asked":
    from srcnet_compiler.near import did_you_mean
    from srcnet_compiler.review.recall.model import Asked
    from srcnet_compiler.review.recall.near import place_named

    assert found.federation is not None
    words = () if near is None else (near, near.upper())
    place = next(filter(None, (place_named(found.federation, each) for each in words)), None)
    if near is not None and place is None:
        sites = list(found.federation.sites)
        remedy = did_you_mean(near.upper(), sites, f"there are {', '.join(sites)}")
        raise StopError(Exit.USAGE, f"there is no site or country `{near}`", remedy)
    return Asked(place, group, reason)


@contextmanager
def _engine(
    settings: Settings, found: "Compiled", names: list[tuple[str, str]]
) -> "Iterator[DuckDb]":
    """Tables of these collections alone; ends the command where one is not in the catalogue."""
    from tempfile import TemporaryDirectory

    from srcnet_compiler.catalogue.engine import DuckDb
    from srcnet_compiler.cli.catalogue import engine_for, read_some

    with TemporaryDirectory(prefix="srcnet-recall-") as folder:
        snapshot = read_some(found, Path(folder) / "some", names)
        with engine_for(snapshot) as engine:
            assert isinstance(engine, DuckDb)
            there = {
                (row["scope"], row["name"])
                for row in engine.ask("SELECT scope, name FROM collections")
            }
            for scope, name in names:
                if (scope, name) not in there:
                    raise StopError(
                        Exit.FINDINGS, f"there is no collection `{scope}:{name}` in the catalogue"
                    )
            yield engine


def _do(
    settings: Settings,
    plan: "Plan",
    reached: "Sequence[System]",
    state: Path | str,
    yes: bool,
    form: str,
) -> int:
    """As `srcnet apply` does a plan that it has made itself."""
    from srcnet_compiler.cli.commands.apply import carry_out_plan, insist_on_leave

    store = state_store(settings, state)
    commit = insist_on_leave(settings, store)
    ask("Do this?", yes)
    return carry_out_plan(plan, reached, store, form, False, commit, ())
