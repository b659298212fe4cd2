"""`srcnet status`: what is open, from the state store alone; no system is asked."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from srcnet_compiler.cli.exits import Exit
from srcnet_compiler.cli.options import format_option, state_option
from srcnet_compiler.cli.settings import Settings, now
from srcnet_compiler.cli.shared import no_specs, state_store

if TYPE_CHECKING:
    from srcnet_compiler.apply.ledger import Line

_STEPS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


@click.command("status")
@format_option("text", "json")
@state_option
@click.pass_obj
def command(settings: Settings, form: str, state: Path | str) -> int:
    """Show what is open: waits, the last run, who is applying.

    Ends with 6 where something waits for a fact.

    \b
    Examples:
      srcnet status
      srcnet status --format json
    """
    from srcnet_compiler.apply.ledger import Ledger
    from srcnet_compiler.converge import open_waits

    store = state_store(settings, state)
    if (path := store.find_ledger()) is None:
        if not (settings.root / "site-specs").is_dir():
            raise no_specs(settings)
        empty = json.dumps(_document(0, None, None, (), ()), indent=2)
        click.echo(empty if form == "json" else "nothing was applied from here yet")
        return Exit.FINE
    with Ledger(path) as ledger:
        last, doubtful, ours = last_run(ledger.lines()), ledger.in_doubt(), len(ledger.ours())
    holder, waits = store.holder(now()), open_waits(store)
    if form == "json":
        applying = None if holder is None else asdict(holder)
        click.echo(json.dumps(_document(ours, applying, last, doubtful, waits), indent=2))
    else:
        click.echo(f"{ours} objects are known as ours")
        if holder is not None:
            since = when(holder.since, now())
            click.echo(f"{holder.owner} runs since {since}, process {holder.pid} on {holder.host}")
        for line in _open(last, doubtful, waits):
            click.echo(line)
    return Exit.WAITING if waits else Exit.FINE


def last_run(lines: "Sequence[Line]") -> dict[str, Any] | None:
    """When the last run wrote for the last time, its plan, and what became of its changes."""
    if not lines:
        return None
    last = lines[-1]
    latest = {line.change: line.status for line in lines if line.run == last.run and line.change}
    counts = Counter("in doubt" if status == "intent" else status for status in latest.values())
    return {"at": last.at, "plan": last.plan, "counts": dict(sorted(counts.items()))}


def when(moment: str, today: datetime) -> str:
    """A time as people say it: `2026-11-25 19:40 UTC, 3 minutes ago`."""
    then = datetime.fromisoformat(moment)
    passed = int((today - then).total_seconds())
    count, unit = next(((passed // s, unit) for s, unit in _STEPS if passed >= s), (0, ""))
    ago = f"{count} {unit}{'' if count == 1 else 's'} ago" if count else "just now"
    return f"{then:%Y-%m-%d %H:%M} UTC, {ago}"


def _open(
    last: Mapping[str, Any] | None,
    doubtful: "Sequence[Line]",
    waits: Sequence[Mapping[str, str]],
) -> Iterator[str]:
    if last is not None:
        words = ", ".join(f"{count} {status}" for status, count in last["counts"].items())
        told = words or "nothing was to be done"
        yield f"last run {when(last['at'], now())}, plan {last['plan'][:12]}: {told}"
    for line in doubtful:
        begun = when(line.at, now())
        yield f"  in doubt: {line.address} (begun {begun}); the next apply looks again"
    for wait in waits:
        yield f"  waiting since {when(wait['since'], now())}: {wait['address']}: {wait['text']}"


def _document(
    ours: int,
    applying: Mapping[str, object] | None,
    last: Mapping[str, Any] | None,
    doubtful: "Sequence[Line]",
    waits: Sequence[Mapping[str, str]],
) -> dict[str, object]:
    return {
        "formatVersion": 1,
        "ours": ours,
        "applying": applying,
        "lastRun": last,
        "inDoubt": [{"address": line.address, "begun": line.at} for line in doubtful],
        "waiting": [
            {"address": w["address"], "since": w["since"], "text": w["text"]} for w in waits
        ],
    }
