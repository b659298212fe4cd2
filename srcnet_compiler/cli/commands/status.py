"""`srcnet status`: what is open, from the state store alone; no system is asked."""

from pathlib import Path

import click

from srcnet_compiler.cli.exits import Exit
from srcnet_compiler.cli.settings import Settings, now
from srcnet_compiler.cli.shared import no_specs, state_option, state_store


@click.command("status")
@state_option
@click.pass_obj
def command(settings: Settings, state: Path) -> int:
    """Show what is open: waits, the last run, who is applying.

    \b
    Examples:
      srcnet status
    """
    from srcnet_compiler.apply.ledger import Ledger
    from srcnet_compiler.converge import open_waits

    store = state_store(settings, state)
    if not store.ledger_path.exists():
        if not (settings.root / "site-specs").is_dir():
            raise no_specs(settings)
        click.echo("nothing was applied from here yet")
        return Exit.FINE
    with Ledger(store.ledger_path) as ledger:
        lines, doubtful, ours = ledger.lines(), ledger.in_doubt(), ledger.ours()
    click.echo(f"{len(ours)} objects are known as ours")
    holder = store.holder(now())
    if holder is not None:
        click.echo(
            f"{holder.owner} runs since {holder.since}, process {holder.pid} on {holder.host}"
        )
    if lines:
        click.echo(f"last entry {lines[-1].at}, plan {lines[-1].plan[:12]}")
    for line in doubtful:
        click.echo(f"  in doubt: {line.address} (begun {line.at}); the next apply looks again")
    waits = open_waits(store)
    for wait in waits:
        click.echo(f"  waiting since {wait['since']}: {wait['address']}: {wait['text']}")
    return Exit.WAITING if waits else Exit.FINE
