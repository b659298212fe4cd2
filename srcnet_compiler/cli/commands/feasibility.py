"""`srcnet feasibility`: is what the policies ask for possible, over the years?"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.options import format_option, today_option
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import checked, is_coloured, show, stop_on_errors, the_day

if TYPE_CHECKING:
    from srcnet_compiler.feasibility.model import Move
    from srcnet_compiler.federation.model import Federation


@click.command("feasibility")
@click.option(
    "--moves",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Planned moves, as JSON: a list of name, from, to (sites), bytes, earliest, latest.",
)
@format_option("text", "json", "html")
@today_option
@click.pass_obj
def command(settings: Settings, moves: Path | None, form: str, today: datetime | None) -> int:
    """Say whether what the policies ask for is possible, year by year.

    Do copies fit what is pledged; do arrival, replication, recall and planned moves fit uplinks,
    links and drives, downtimes included; how much more could arrive, and what it would end at. What
    is not possible is proven: by conditions that are added up in exact numbers, told with the lines
    of the specs that they come from. What is agreed is judged alone first, then with all drafts.
    Ends with 1 where what is agreed is not possible.

    \b
    Examples:
      srcnet feasibility
      srcnet feasibility --moves moves.json
      srcnet feasibility --format html > feasibility.html
    """
    from srcnet_compiler import __version__
    from srcnet_compiler.feasibility import fill
    from srcnet_compiler.feasibility.answer import feasibility
    from srcnet_compiler.report import feasibility as report

    found = checked(settings, the_day(today))
    if found.federation is None or found.analysis is None:
        stop_on_errors(found)
        return Exit.FINDINGS
    federation, analysis = found.federation, found.analysis
    planned = _moves(moves, federation) if moves is not None else ()
    told = report.Told(
        feasibility(federation, analysis, planned),
        fill.areas(federation, analysis),
        fill.tiers(federation, analysis),
        fill.uplinks(federation, analysis),
        tuple(fill.unknowns(federation, analysis)),
        __version__,
    )
    if form == "json":
        click.echo(report.render_json(told))
    elif form == "html":
        from srcnet_compiler.report.page.feasibility import render_html

        click.echo(render_html(told), nl=False)
    else:
        show(report.render_text(told, colour=is_coloured()))
    return Exit.FINE if told.found.is_agreed_possible else Exit.FINDINGS


def _moves(path: Path, federation: "Federation") -> "tuple[Move, ...]":
    try:
        written = json.loads(path.read_text("utf-8"))
        if not isinstance(written, list):
            raise ValueError("it is no list")
        return tuple(_move(each, federation) for each in written)
    except OSError as trouble:
        raise StopError(
            Exit.FILES,
            f"cannot read moves `{path}`: {trouble.strerror}",
            "name a file that is there",
        ) from None
    except KeyError as trouble:
        why = f"a move has no `{trouble.args[0]}`"
    except (ValueError, TypeError, RecursionError) as trouble:
        why = str(trouble)
    raise StopError(
        Exit.USAGE,
        f"`{path}`: {why}",
        'write moves as [{"name": "M1", "from": "AUSSRC-PERTH", "to": "ESPSRC-IAA", '
        '"bytes": 1000, "earliest": "2027-01-01T00:00Z", "latest": "2027-07-01T00:00Z"}]',
    )


def _move(written: object, federation: "Federation") -> "Move":
    from srcnet_compiler.feasibility.model import Move
    from srcnet_compiler.names import SiteName
    from srcnet_compiler.quantity import Bytes

    if not isinstance(written, dict):
        raise ValueError("a move is no object")
    for end in ("from", "to"):
        if written[end] not in federation.sites:
            raise ValueError(f"there is no site `{written[end]}`")
    amount = written["bytes"]
    if not isinstance(amount, int) or isinstance(amount, bool) or amount < 0:
        raise ValueError("`bytes` is a whole number")
    move = Move(
        str(written["name"]),
        SiteName(written["from"]),
        SiteName(written["to"]),
        Bytes(amount),
        _moment(written, "earliest"),
        _moment(written, "latest"),
    )
    if move.earliest >= move.latest:
        raise ValueError(f"move `{move.name}` ends before it begins")
    return move


def _moment(written: Mapping[str, object], key: str) -> datetime:
    text = written[key]
    try:
        moment = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        raise ValueError(f"`{key}` is a moment such as 2027-03-01T08:00Z") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
