"""`srcnet plan`: what would change on the real systems, and whether it may."""

import os
from datetime import datetime
from pathlib import Path

import click

from srcnet_compiler.cli.exits import Exit
from srcnet_compiler.cli.options import (
    format_option,
    full_option,
    members_option,
    site_option,
    state_option,
    system_option,
    today_option,
)
from srcnet_compiler.cli.plan_files import spare_for_plan, tell_where, write_plan
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import (
    compiled,
    plan_as,
    reading,
    show,
    show_refusals,
    state_store,
    stop_on_errors,
    system_trouble,
    the_day,
)
from srcnet_compiler.cli.systems import asked_for


@click.command("plan")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Save the plan here.")
@click.option("--detailed-exitcode", is_flag=True, help="End with 2 where there are changes.")
@click.option(
    "--rebalance", is_flag=True, help="Move data that are there, so that shares are as pledged."
)
@format_option("text", "json", "markdown")
@full_option
@site_option
@system_option
@members_option
@state_option
@today_option
@click.pass_obj
def command(
    settings: Settings,
    out: Path | None,
    detailed_exitcode: bool,
    rebalance: bool,
    form: str,
    full: bool,
    sites: tuple[str, ...],
    systems: tuple[str, ...],
    members: tuple[Path, ...],
    state: Path | str,
    today: datetime | None,
) -> int:
    """Show what would change on the real systems.

    Reads each system, compares only what is ours, and orders what must be done. A saved plan is
    bound to the specs it was made from: `srcnet apply` does exactly that plan, or nothing. A system
    that cannot be read is left alone, and the others are planned. A new area gets its part of new
    data alone; with `--rebalance` it gets its part of those that are there, too.

    \b
    Examples:
      srcnet plan
      srcnet plan --out plan.json --detailed-exitcode
      srcnet plan --site CHSRC-CSCS
      srcnet plan --rebalance --out rebalance.json
      srcnet plan --members users.json --members groups.json
    """
    if out is not None:
        spare_for_plan(out, settings)
    result = compiled(settings, the_day(today), members)
    stop_on_errors(result)
    wanted = asked_for(result, sites, systems)
    from srcnet_compiler.converge import known_objects, make_plan, objections, reach, rebalancing

    known = known_objects(state_store(settings, state))
    with system_trouble(), reading(wanted), reach(result, os.environ, wanted) as reached:
        asked = tuple(map(rebalancing, reached)) if rebalance else reached
        plan = make_plan(result, asked, known)
    if out is not None:
        write_plan(plan, out)
    show(plan_as(plan, form, full))
    if out is not None:
        tell_where(out, settings, *(f"--members {path}" for path in members))
    refusals = objections(plan, result, the_day(today))
    if refusals:
        show_refusals(refusals, result)
        return Exit.REFUSED
    return Exit.CHANGES if detailed_exitcode and plan.changes else Exit.FINE
