"""`srcnet history`: the ledger asked; no system is."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.options import day_option, format_option, full_option, state_option
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import is_coloured, no_specs, show, state_store
from srcnet_compiler.near import did_you_mean

if TYPE_CHECKING:
    from srcnet_compiler.apply.ledger import Line


@click.command("history")
@click.option("--site", metavar="SITE", help="Only what a spec of this site says, or is there.")
@click.option("--object", "part", metavar="PART", help="Only objects with this in their address.")
@day_option("--since", "Only from this day on, UTC.")
@day_option("--as-of", "Show instead which objects stood with which values at the end of this day.")
@format_option("text", "json")
@full_option
@state_option
@click.pass_obj
def command(
    settings: Settings,
    site: str | None,
    part: str | None,
    since: datetime | None,
    as_of: datetime | None,
    form: str,
    full: bool,
    state: Path | str,
) -> int:
    """Show who changed what when, and which spec said so.

    Each run with its plan, the commit of the specs and who signed it; each change with its values
    and the line of the specs that asked for them, as it stood at that commit.

    \b
    Examples:
      srcnet history --since 2026-11-01
      srcnet history --object CHSRC_XRD_PROD
      srcnet history --site CHSRC-CSCS --as-of 2026-12-31
    """
    from srcnet_compiler.apply.history import concerns, events, standing
    from srcnet_compiler.report import history

    lines = _lines(settings, state)
    names: tuple[str, ...] = ()
    if site is not None:
        from srcnet_compiler.cli.completing import known_as

        names = (site, *(old for new, old in known_as(settings.root) if _same(new, site)))
        _insist_on_site(settings, site, lines)
    wanted = (part or "").casefold()
    if as_of is not None:
        end = _day(as_of + timedelta(days=1))
        there = [
            each
            for each in standing(line for line in lines if line.at < end)
            if wanted in str(each.address).casefold()
            and (not names or concerns(names, each.address, (p for _, p in each.fields.values())))
        ]
        if form == "json":
            click.echo(json.dumps(history.standing_data(there), indent=2))
        else:
            show(history.render_standing(there) or "nothing of ours stood then\n")
        return Exit.FINE
    first = "" if since is None else _day(since)
    found = [
        event
        for event in events(lines)
        if event.at >= first
        and wanted in str(event.change.address).casefold()
        and (
            not names
            or concerns(names, event.change.address, (f.origin for f in event.change.fields))
        )
    ]
    if form == "json":
        click.echo(json.dumps(history.events_data(found), indent=2))
    else:
        text = history.render_events(found, colour=is_coloured(), full=full)
        show(text or "nothing of that was changed from here\n")
    return Exit.FINE


def _lines(settings: Settings, state: Path | str) -> "tuple[Line, ...]":
    from srcnet_compiler.apply.ledger import Ledger

    path = state_store(settings, state).find_ledger()
    if path is None:
        if not (settings.root / "site-specs").is_dir():
            raise no_specs(settings)
        return ()
    with Ledger(path) as ledger:
        return ledger.lines()


def _insist_on_site(settings: Settings, site: str, lines: "tuple[Line, ...]") -> None:
    """End the command for a site that neither the specs know nor the ledger does: one that has left
    still has its history."""
    from srcnet_compiler.apply.history import change_of, concerns
    from srcnet_compiler.cli.completing import names_of_sites

    known = names_of_sites(settings.root)
    if site.casefold() in map(str.casefold, known):
        return
    for line in lines:
        if line.address:
            change = change_of(line)
            if concerns([site], change.address, (f.origin for f in change.fields)):
                return
    there = f"there are {', '.join(known)}" if known else "the specs have no site"
    remedy = did_you_mean(site.upper(), known, there)
    raise StopError(Exit.USAGE, f"there is no site `{site}`", remedy)


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _day(day: datetime) -> str:
    """As the ledger's times compare with it: all of them are ISO 8601 in UTC."""
    return f"{day:%Y-%m-%d}"
