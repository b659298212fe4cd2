"""`srcnet demo`: the main job on a real Rucio server, on this machine."""

from contextlib import suppress
from pathlib import Path
from threading import Event

import click

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.settings import now


@click.command("demo")
@click.option(
    "--software",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".srcnet/rucio-server"),
    show_default=True,
    help="Where the server's software is, or is installed to.",
)
@click.option("--keep", is_flag=True, help="Make all as the specs say, and keep the server.")
@click.option("--empty", is_flag=True, help="With --keep: with nothing in it but its root.")
def command(software: Path, keep: bool, empty: bool) -> int:
    """Run everything on a real Rucio server on this machine.

    SRCNet's own specs are validated, compiled, planned, applied and verified; then a spec changes,
    then the server behind our back. Everything that is started is ended again. With --keep the
    server runs until Ctrl-C, and it is said what to type to try the commands on it.

    \b
    Examples:
      srcnet demo
      srcnet demo --keep
    """
    if empty and not keep:
        raise click.UsageError("`--empty` is for `--keep`")
    from srcnet_compiler.cli.progress import showing
    from srcnet_compiler.cli.shared import is_coloured
    from srcnet_compiler.demo import tour
    from srcnet_compiler.demo.processes import ServerError
    from srcnet_compiler.demo.show import Show

    def title(text: str) -> None:
        click.echo()
        click.secho(f"── {text} ", bold=is_coloured())

    show = Show(
        title=title,
        text=lambda text: click.echo(text, nl=False),
        note=lambda text: click.echo(f"  {text}", err=True),
        progress=showing,
    )
    place, today = software.absolute(), now().date()
    try:
        if keep:
            return tour.keep(place, today, now, show, empty=empty, until=_until_interrupted)
        return tour.run(place, today, now, show)
    except ServerError as trouble:
        raise StopError(Exit.UNREACHABLE, str(trouble)) from None


def _until_interrupted() -> None:
    with suppress(KeyboardInterrupt):
        Event().wait()
