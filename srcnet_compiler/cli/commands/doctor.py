"""`srcnet doctor`: whether everything can be reached, and what we may do there."""

import os
import shutil

import click

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.settings import Settings, now
from srcnet_compiler.cli.shared import compiled, stop_on_errors, system_trouble

_SIGNS = {True: "yes", False: "NO", None: "?"}


@click.command("doctor")
@click.pass_obj
def command(settings: Settings) -> int:
    """Say what is reachable, and with which rights.

    Changes nothing. Ends with 69 where a system cannot be reached, 77 where it does not let us in
    or does not give a right that is needed.

    \b
    Examples:
      srcnet doctor
    """
    result = compiled(settings, now().date())
    stop_on_errors(result)
    from srcnet_compiler.apply.fence import best_fence, remark
    from srcnet_compiler.targets.rucio.live import connect, rights

    assert result.federation is not None
    data = result.federation.data
    runner = shutil.which("ansible-playbook")
    click.echo(f"{_SIGNS[True]:>4}  specs: {len(result.federation.sites)} sites, no errors")
    weak = remark(best_fence())
    click.echo(f"{_SIGNS[weak is None]:>4}  a kill of srcnet ends all that it started")
    if weak is not None:
        click.echo(f"      {weak}")
    click.echo(f"      ansible-playbook: {runner or 'the one beside srcnet'}")
    with system_trouble(), connect(data, os.environ) as client:
        found = rights(client, data)
    click.echo(f"{_SIGNS[True]:>4}  {data.server} lets us in as {data.acts_as}")
    for right in found:
        why = f": {right.why}" if right.why else ""
        sign = "-" if right.may is False and not right.needed else _SIGNS[right.may]
        click.echo(f"{sign:>4}  {right.what}{why}")
    answers = {right.may for right in found if right.needed}
    if None in answers:
        raise StopError(Exit.UNREACHABLE, f"{data.server} does not say all that it should")
    return Exit.CREDENTIALS if False in answers else Exit.FINE
