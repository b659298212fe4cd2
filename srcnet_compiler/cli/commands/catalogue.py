"""`srcnet catalogue`: what data there is, taken down once and asked as often as one likes."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.options import (
    catalogue_option,
    day_option,
    format_option,
    today_option,
)
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import checked, is_coloured, show, stop_on_errors, the_day

if TYPE_CHECKING:
    from srcnet_compiler.catalogue.model import Snapshot
    from srcnet_compiler.pipeline import Compiled


@click.command("catalogue")
@click.argument("action", type=click.Choice(["snapshot", "show"]))
@catalogue_option
@click.option(
    "--dump",
    "dumps",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Take it from a dump of data sets by RSE instead, packed or not; may be given again.",
)
@click.option(
    "--forecast",
    "year",
    type=int,
    metavar="YEAR",
    help="Take instead what the policies' volumes come to at the end of this year.",
)
@click.option(
    "--spark",
    metavar="MASTER",
    help="Ask Spark, such as `local[2]`, where the snapshot outgrows this machine.",
)
@day_option("--at", "Tell phases apart as of this day, UTC, instead of that of the snapshot.")
@format_option("text", "json")
@today_option
@click.pass_obj
def command(
    settings: Settings,
    action: str,
    catalogue: Path,
    dumps: tuple[Path, ...],
    year: int | None,
    spark: str | None,
    at: datetime | None,
    form: str,
    today: datetime | None,
) -> int:
    """Take a snapshot of what data there is, and ask what is in it.

    `snapshot` reads the whole catalogue in bulk: collections, rules, and what is where. It is
    Parquet in a folder, there as a whole or not at all. `show` adds up by policy, phase, year and
    area, and names what does not have its copies.

    \b
    Examples:
      srcnet catalogue snapshot
      srcnet catalogue show
      srcnet catalogue show --at 2027-06-01 --format json
      srcnet catalogue snapshot --forecast 2030 --catalogue forecast-2030
      srcnet catalogue snapshot --dump CHSRC_XRD_PROD.bz2 --dump JPSRC_STORM.bz2
    """
    if action == "show":
        return _show(settings, catalogue, spark, at, form, today)
    if dumps and year is not None:
        raise StopError(
            Exit.USAGE, "`--dump` and `--forecast` are two sources", "choose one of them"
        )
    found = checked(settings, the_day(today))
    stop_on_errors(found)
    snapshot = _taken(settings, found, catalogue, dumps, year)
    from srcnet_compiler.report.catalogue import about

    click.echo(f"{catalogue}: {about(snapshot)}")
    return Exit.FINE


def _taken(
    settings: Settings,
    found: "Compiled",
    catalogue: Path,
    dumps: tuple[Path, ...],
    year: int | None,
) -> "Snapshot":
    from srcnet_compiler.cli.catalogue import foresee, read_dumps, read_live
    from srcnet_compiler.cli.files import spare_specs

    place = settings.root / catalogue
    spare_specs(place, settings.root)
    if dumps:
        return read_dumps(found, place, dumps)
    return read_live(found, place) if year is None else foresee(found, place, year)


def _show(
    settings: Settings,
    catalogue: Path,
    spark: str | None,
    at: datetime | None,
    form: str,
    today: datetime | None,
) -> int:
    from srcnet_compiler.catalogue.questions import holdings
    from srcnet_compiler.cli.catalogue import engine_for, opened
    from srcnet_compiler.cli.progress import waiting
    from srcnet_compiler.report.catalogue import holdings_data, render_holdings

    found = checked(settings, the_day(today))
    stop_on_errors(found)
    assert found.federation is not None
    snapshot = opened(settings, catalogue)
    with waiting("asking the snapshot"), engine_for(snapshot, spark) as engine:
        held = holdings(engine, snapshot, found.federation, at or snapshot.taken)
    if form == "json":
        show(holdings_data(snapshot, held))
    else:
        show(render_holdings(snapshot, held, found.federation, colour=is_coloured()))
    return Exit.FINE
