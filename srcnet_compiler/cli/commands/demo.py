"""`srcnet demo`: the main job on a real Rucio server, on this machine."""

from pathlib import Path

import click

from srcnet_compiler.cli.settings import now


@click.command("demo")
@click.option(
    "--software",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".srcnet/rucio-server"),
    show_default=True,
    help="Where the server's software is, or is installed to.",
)
def command(software: Path) -> int:
    """Run everything on a real Rucio server on this machine.

    SRCNet's own specs are validated, compiled, planned, applied and verified; then a spec changes,
    then the server behind our back. Everything that is started is ended again.

    \b
    Examples:
      srcnet demo
    """
    from srcnet_compiler.cli.progress import showing
    from srcnet_compiler.cli.shared import is_coloured
    from srcnet_compiler.demo import tour

    def title(text: str) -> None:
        click.echo()
        click.secho(f"── {text} ", bold=is_coloured())

    show = tour.Show(
        title=title,
        text=lambda text: click.echo(text, nl=False),
        note=lambda text: click.echo(f"  {text}", err=True),
        progress=showing,
    )
    return tour.run(software.absolute(), now().date(), now, show)
