"""`srcnet what-if`: the loss of sites, before it happens."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli import completing
from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.options import (
    catalogue_option,
    format_option,
    full_option,
    today_option,
)
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import checked, is_coloured, show, stop_on_errors, the_day
from srcnet_compiler.near import did_you_mean

if TYPE_CHECKING:
    from srcnet_compiler.federation.model import Federation
    from srcnet_compiler.names import SiteName


@click.command("what-if")
@click.option(
    "--lose",
    "lost",
    metavar="SITE",
    required=True,
    multiple=True,
    shell_complete=completing.sites,
    help="A site whose storage is gone, with all that is on it; may be given again.",
)
@catalogue_option
@format_option("text", "json")
@full_option
@today_option
@click.pass_obj
def command(
    settings: Settings,
    lost: tuple[str, ...],
    catalogue: Path,
    form: str,
    full: bool,
    today: datetime | None,
) -> int:
    """Say what the loss of sites would break, and what it takes to mend that.

    Which collections fall below the floor of their policy, which are lost for good, what has to be
    copied from where to where so that all have their copies again, and how long that takes at least
    by the uplinks. It looks at a snapshot; nothing is changed.

    \b
    Examples:
      srcnet what-if --lose CHSRC-CSCS
      srcnet what-if --lose UKSRC-RAL --catalogue forecast --format json
      srcnet what-if --lose CHSRC-CSCS --lose ESPSRC-IAA
    """
    found = checked(settings, the_day(today))
    stop_on_errors(found)
    assert found.federation is not None
    assert found.analysis is not None
    from srcnet_compiler.cli.catalogue import engine_for, opened
    from srcnet_compiler.cli.progress import waiting
    from srcnet_compiler.report.loss import loss_data, render_loss
    from srcnet_compiler.review.movement.count import movement
    from srcnet_compiler.review.movement.days import schedules
    from srcnet_compiler.review.movement.loss import without

    sites = _known(lost, found.federation)
    snapshot = opened(settings, catalogue)
    base = (found.federation, found.analysis)
    lesser = without(*base, sites)
    with waiting("asking the snapshot"), engine_for(snapshot) as engine:
        moved = movement(engine, snapshot, base, lesser, snapshot.taken)
    moved = replace(moved, schedules=schedules(lesser, base[0], moved))
    if form == "json":
        show(loss_data(sites, moved))
    else:
        show(render_loss(sites, moved, found.federation, full=full, colour=is_coloured()))
    return Exit.FINE


def _known(lost: tuple[str, ...], federation: "Federation") -> "tuple[SiteName, ...]":
    """The sites by these names, in their order, each once."""
    there = {str(name): name for name in federation.sites}
    for name in lost:
        if name not in there:
            remedy = did_you_mean(name.upper(), there, f"one of {', '.join(there)}")
            raise StopError(Exit.USAGE, f"there is no site `{name}`", remedy)
    return tuple(dict.fromkeys(there[name] for name in lost))
