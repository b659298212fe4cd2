"""`srcnet compile`: artifacts into a folder, all or nothing."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import (
    FORMATS,
    compiled,
    exit_of,
    format_option,
    members_option,
    not_checked,
    show_findings,
    the_day,
    today_option,
)

if TYPE_CHECKING:
    from srcnet_compiler.pipeline import Compiled


@click.command("compile")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("build"),
    show_default=True,
    help="Where the files go; below the specs' folder.",
)
@members_option
@format_option(*FORMATS)
@today_option
@click.pass_obj
def command(
    settings: Settings,
    out: Path,
    members: tuple[Path, ...],
    form: str,
    today: datetime | None,
) -> int:
    """Write the configuration of every system into build/.

    The same specs give the same bytes everywhere. Nothing is written where a spec has an error.
    `srcnet explain build/FILE:LINE` says where a line comes from, build/provenance.json from which
    specs, at which commit, and by which version all of it was made.

    \b
    Examples:
      srcnet compile
      srcnet compile --out /tmp/build --format json
    """
    from srcnet_compiler.source import no_collection

    with no_collection():
        return _compile(settings, out, members, form, the_day(today))


def _compile(
    settings: Settings, out: Path, members: tuple[Path, ...], form: str, today: date
) -> int:
    """All that is held while it is compiled and written is let go when this returns."""
    result = compiled(settings, today, members)
    facts: tuple[tuple[str, int], ...] = ()
    if not result.failed and result.federation is not None:
        from srcnet_compiler.cli.build_folder import PROVENANCE, write_build
        from srcnet_compiler.cli.files import spare_specs

        folder = settings.root / out
        spare_specs(folder, settings.root)
        beside = {PROVENANCE: _provenance(settings, result)}
        written = write_build(folder, result.artifacts, beside)
        facts = (
            ("sites", len(result.federation.sites)),
            ("storage areas", len(result.federation.areas)),
            ("files", len(result.artifacts) + 2),  # with the source map and the provenance
            ("files changed", written),
        )
    show_findings(result.diagnostics, result.sources.lines, form, facts, note=not_checked(result))
    return exit_of(result.diagnostics)


def _provenance(settings: Settings, result: "Compiled") -> str:
    from srcnet_compiler import __version__
    from srcnet_compiler.pipeline import FOLDERS
    from srcnet_compiler.trust.commit import commit_of
    from srcnet_compiler.trust.statement import Inputs, provenance

    commit = commit_of(settings.root, FOLDERS)
    inputs = Inputs(result.sources.digest, commit, result.members, __version__)
    return provenance(result.artifacts, inputs)
