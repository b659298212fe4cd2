"""`srcnet compile`: artifacts into a folder, all or nothing."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler import __version__
from srcnet_compiler.cli.options import FORMATS, format_option, members_option, today_option
from srcnet_compiler.cli.settings import Settings, now
from srcnet_compiler.cli.shared import checked, exit_of, not_checked, show_findings, the_day
from srcnet_compiler.names import SPEC_FOLDERS

if TYPE_CHECKING:
    from srcnet_compiler.cli.build_folder import Build
    from srcnet_compiler.cli.unchanged import Compilation
    from srcnet_compiler.diagnostic import Diagnostic
    from srcnet_compiler.pipeline import Compiled


@click.command("compile")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("build"),
    show_default=True,
    help="Where the files go, seen from the specs' folder.",
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
    `srcnet explain build/FILE:LINE` says where a line comes from.

    \b
    Examples:
      srcnet compile
      srcnet compile --out /tmp/build --format json
    """
    from srcnet_compiler.cli.cache import Cache
    from srcnet_compiler.cli.unchanged import Compilation
    from srcnet_compiler.trust.commit import commit_of

    root, day, began = settings.root, the_day(today), int(now().timestamp() * 1e9)
    commit = commit_of(root, SPEC_FOLDERS)
    compilation = Compilation(Cache(root), root, root / out, day, members, commit, began)
    told = compilation.told()
    if told is not None:
        show_findings(told.diagnostics, told.lines, form, told.facts, note=told.note)
        return exit_of(told.diagnostics)

    from srcnet_compiler.source import no_collection

    with no_collection():
        return _compile(settings, out, members, form, day, commit, compilation)


def _compile(
    settings: Settings,
    out: Path,
    members: tuple[Path, ...],
    form: str,
    today: date,
    commit: str | None,
    compilation: "Compilation",
) -> int:
    """All that is held while it is compiled and written is let go when this returns."""
    from srcnet_compiler.cli.unchanged import Told
    from srcnet_compiler.diagnostic import has_errors

    result = checked(settings, today, members)
    diagnostics, note = result.diagnostics, not_checked(result)
    facts: tuple[tuple[str, int], ...] = ()
    if not result.failed and result.federation is not None:
        objections, build, changed = _build(settings, out, result, commit)
        diagnostics = (*diagnostics, *objections)
        if not has_errors(objections):
            facts = (
                ("sites", len(result.federation.sites)),
                ("storage areas", len(result.federation.areas)),
                ("files", len(build.names)),
            )
            told = Told(diagnostics, result.sources.lines, (*facts, ("files changed", 0)), note)
            compilation.keep(told, result.sources.digest, build.digest, build.names)
            facts = (*facts, ("files changed", changed))
    show_findings(diagnostics, result.sources.lines, form, facts, note=note)
    return exit_of(diagnostics)


def _build(
    settings: Settings, out: Path, result: "Compiled", commit: str | None
) -> tuple[list["Diagnostic"], "Build", int]:
    """Write the files of one instance after another, so that no more than one is held; what was
    objected to, the build, how many of its files changed."""
    from srcnet_compiler.cli.build_folder import Build
    from srcnet_compiler.cli.files import spare_specs
    from srcnet_compiler.diagnostic import has_errors
    from srcnet_compiler.pipeline import made
    from srcnet_compiler.trust.statement import Inputs, provenance

    objections: list[Diagnostic] = []
    folder = settings.root / out
    spare_specs(folder, settings.root)
    with Build(folder) as build:
        for each in made(result):
            objections += each.objections
            for artifact in each.artifacts if not has_errors(objections) else ():
                build.add(artifact)
        inputs = Inputs(result.sources.digest, commit, result.members, __version__)
        refused = has_errors(objections)
        changed = 0 if refused else build.commit(provenance(build.digests, inputs))
    return objections, build, changed
