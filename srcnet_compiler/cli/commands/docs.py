"""`srcnet docs`: the federation as its specs say it, as one page to look at."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.options import today_option
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import exit_of, no_specs, the_day

if TYPE_CHECKING:
    from datetime import date


@click.command("docs")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default=Path("srcnet.html"),
    show_default=True,
    metavar="FILE",
    help="Where the page goes. `-` is stdout.",
)
@today_option
@click.pass_obj
def command(settings: Settings, out: Path, today: datetime | None) -> int:
    """Write one page that shows the federation as its specs say it.

    Findings, the network on a map, what each tier has and what policies ask of it year by year,
    where copies are expected, every policy in words, every site, and where each number comes from.
    The page is one file: it needs no server and asks nobody for anything. It is written while
    policies and capacity have errors too, and shows them.

    \b
    Examples:
      srcnet docs
      srcnet docs --out public/index.html
    """
    from srcnet_compiler.source import no_collection

    with no_collection():
        return _write(settings, out, the_day(today))


def _write(settings: Settings, out: Path, today: "date") -> int:
    from srcnet_compiler.cli.pages import page_of
    from srcnet_compiler.pipeline import load, spec_files
    from srcnet_compiler.report.page.build import counts

    files = spec_files(settings.root)
    if not files:
        raise no_specs(settings)
    made = page_of(*load(settings.root, files), today)
    if str(out) == "-":
        click.echo(made.text, nl=False)
    elif made.page is not None:
        _save(settings, out, made.text)
        click.echo(f"{out}: {counts(made.page)}")
    return exit_of(made.compiled.diagnostics)


def _save(settings: Settings, out: Path, text: str) -> None:
    from srcnet_compiler.cli.files import spare_others, write_file
    from srcnet_compiler.cli.pages import GENERATOR

    spare_others(out, settings.root, "a page of srcnet", lambda head: GENERATOR in head)
    write_file(out, text)
