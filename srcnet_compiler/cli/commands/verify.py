"""`srcnet verify`: drift, on what is ours."""

import json
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
    system_option,
    today_option,
)
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import (
    compiled,
    is_coloured,
    reading,
    show,
    stop_on_errors,
    system_trouble,
    the_day,
)
from srcnet_compiler.cli.systems import asked_for


@click.command("verify")
@format_option("text", "json")
@full_option
@site_option
@system_option
@members_option
@today_option
@click.pass_obj
def command(
    settings: Settings,
    form: str,
    full: bool,
    sites: tuple[str, ...],
    systems: tuple[str, ...],
    members: tuple[Path, ...],
    today: datetime | None,
) -> int:
    """Look for drift: read the systems and compare.

    Ends with 0 where nothing differs, 4 where something does or could not be read, 6 where
    something only waits for a fact. What is not ours is not looked at.

    \b
    Examples:
      srcnet verify
      srcnet verify --format json
      srcnet verify --site CHSRC-CSCS
    """
    result = compiled(settings, the_day(today), members)
    stop_on_errors(result)
    wanted = asked_for(result, sites, systems)
    from srcnet_compiler.converge import reach, verify
    from srcnet_compiler.plan.file import change_data, finding_data
    from srcnet_compiler.report.receipt import render_verdicts

    with system_trouble(), reading(wanted), reach(result, os.environ, wanted) as reached:
        verdicts = verify(reached)
    if form == "json":
        documents = [
            {
                "system": str(verdict.system),
                "objects": verdict.objects,
                "converged": verdict.is_converged,
                "differences": [change_data(change) for change in verdict.differences],
                "waiting": [change_data(change) for change in verdict.waiting],
                "postponed": [f"{held.what} {held.reason}" for held in verdict.postponed],
                "unseen": [{"under": str(u.under), "reason": u.reason} for u in verdict.unseen],
                "findings": [finding_data(found) for found in verdict.findings],
            }
            for verdict in verdicts
        ]
        click.echo(json.dumps({"formatVersion": 2, "systems": documents}, indent=2, sort_keys=True))
    else:
        show(render_verdicts(verdicts, waiting=True, full=full, colour=is_coloured()))
    if not all(verdict.is_converged for verdict in verdicts):
        return Exit.NOT_CONVERGED
    return Exit.WAITING if any(verdict.waits for verdict in verdicts) else Exit.FINE
