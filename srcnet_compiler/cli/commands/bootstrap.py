"""`srcnet bootstrap`: the accounts that everything else needs, made once by the server's root."""

import os
from pathlib import Path

import click

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.options import yes_option
from srcnet_compiler.cli.settings import Settings, now
from srcnet_compiler.cli.shared import ask, compiled, stop_on_errors, system_trouble


@click.command("bootstrap")
@click.option(
    "--root-credentials",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    metavar="FILE",
    help='A file with a token of account root, or {"username": …, "password": …}.',
)
@click.option(
    "--oidc-subject",
    metavar="SUBJECT",
    help="Let this subject of the identity provider in as the compiler's account.",
)
@yes_option
@click.pass_obj
def command(settings: Settings, root_credentials: Path, oidc_subject: str | None, yes: bool) -> int:
    """Make the compiler's own accounts, once.

    Only Rucio's root may make accounts. Makes the owner of rules and subscriptions, the account
    that the compiler acts as, and those of the federation's services. What exists is taken as it
    is; run again, nothing happens.

    \b
    Examples:
      srcnet bootstrap --root-credentials root.json
      srcnet bootstrap --root-credentials root.json --oidc-subject "SUB=…, ISS=…"
    """
    result = compiled(settings, now().date())
    stop_on_errors(result)
    from srcnet_compiler.cli.checkup import readable_by_others
    from srcnet_compiler.federation.model import Secret
    from srcnet_compiler.targets.rucio.live import Identity, bootstrap, connect

    assert result.federation is not None
    data = result.federation.data
    root = Secret("file", str(root_credentials))
    if not root_credentials.is_file():
        raise StopError(Exit.FILES, f"there is no file `{root_credentials}`")
    if readable_by_others(root):
        click.echo(
            f"warning: others can read {root_credentials}: chmod 600 {root_credentials}", err=True
        )
    names = [data.owner, data.acts_as, *(account.name for account in data.accounts)]
    click.echo(f"accounts on {data.server}: {', '.join(names)}", err=True)
    ask("Make those that are missing?", yes)
    identities = [Identity("OIDC", oidc_subject)] if oidc_subject else []
    with system_trouble(), connect(data, os.environ, account="root", secret=root) as client:
        steps = bootstrap(client, data, identities)
    for step in steps:
        click.echo(f"{step.state:>8}  {step.what}")
    return Exit.FINDINGS if any(step.state == "wrong" for step in steps) else Exit.FINE
