"""`srcnet verify`: drift, on what is ours."""

import json
import os
from datetime import datetime

import click

from srcnet_compiler.cli.exits import Exit
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import (
    compiled,
    format_option,
    full_option,
    is_coloured,
    reading,
    show,
    stop_on_errors,
    system_trouble,
    the_day,
    today_option,
)


@click.command("verify")
@format_option("text", "json")
@full_option
@today_option
@click.pass_obj
def command(settings: Settings, form: str, full: bool, today: datetime | None) -> int:
    """Look for drift: read the systems and compare.

    Ends with 0 where nothing differs, 4 where something does or could not be read, 6 where
    something only waits for a fact. What is not ours is not looked at.

    \b
    Examples:
      srcnet verify
      srcnet verify --format json
    """
    result = compiled(settings, the_day(today))
    stop_on_errors(result)
    from srcnet_compiler.converge import reach, verify
    from srcnet_compiler.plan.file import change_data, finding_data
    from srcnet_compiler.report.receipt import render_drift

    with system_trouble(), reading(result), reach(result, os.environ) as systems:
        (system,) = systems
        verdict = verify(system)
    if form == "json":
        data = {
            "formatVersion": 1,
            "instance": verdict.instance,
            "objects": verdict.objects,
            "differences": [change_data(change) for change in verdict.differences],
            "waiting": [change_data(change) for change in verdict.waiting],
            "unseen": [{"under": str(u.under), "reason": u.reason} for u in verdict.unseen],
            "findings": [finding_data(found) for found in verdict.findings],
        }
        click.echo(json.dumps(data, indent=2, sort_keys=True))
    else:
        changes = (*verdict.differences, *verdict.waiting)
        show(
            render_drift(
                verdict.instance,
                changes,
                verdict.objects,
                verdict.unseen,
                verdict.findings,
                full=full,
                colour=is_coloured(),
            )
        )
    if not verdict.is_converged:
        return Exit.NOT_CONVERGED
    return Exit.WAITING if verdict.waiting else Exit.FINE
