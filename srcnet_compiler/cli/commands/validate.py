"""`srcnet validate`: findings about specs, at once and all of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.exits import Exit
from srcnet_compiler.cli.options import FORMATS, format_option, today_option
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import (
    compiled,
    errors_alone,
    exit_of,
    not_checked,
    show_findings,
    the_day,
)

if TYPE_CHECKING:
    from srcnet_compiler.diagnostic import Diagnostic


@click.command("validate")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("-q", "--quiet", is_flag=True, help="Show errors only, and count the rest.")
@click.option("--fix", is_flag=True, help="Mend in the files what is certain, and check again.")
@click.option("--check", is_flag=True, help="With --fix: write nothing; 1 where it would mend.")
@click.option("--diff", is_flag=True, help="With --fix: write nothing, show the difference.")
@format_option(*FORMATS)
@today_option
@click.pass_obj
def command(
    settings: Settings,
    files: tuple[Path, ...],
    quiet: bool,
    fix: bool,
    check: bool,
    diff: bool,
    form: str,
    today: datetime | None,
) -> int:
    """Check specs: every finding, at its line and column.

    Without FILES everything is checked: reading, shapes, names across files, policies against
    capacity. With FILES only these are read and their shapes checked, which is quick. Errors come
    last in text, next to the verdict.

    With --fix a word, name or key that can only be misspelt, an amount whose unit can only be one,
    and the like are mended in the files; comments stay. What two people might read in two ways is
    left to a person.

    \b
    Examples:
      srcnet validate
      srcnet validate --quiet
      srcnet validate site-specs/chsrc-cscs.yaml
      srcnet validate --fix
      srcnet validate --format sarif > findings.sarif
    """
    if (check or diff) and not fix:
        raise click.UsageError("`--check` and `--diff` say how to `--fix`: give it too.")
    found, lines, note = _findings(settings, files, today)
    if fix:
        from srcnet_compiler.cli.mending import mend_files

        only_show, root = check or diff, Path() if files else settings.root
        mended = mend_files(root, found, only_show=only_show, diff=diff, err=form != "text")
        if only_show:
            click.echo(f"{mended} to be mended", err=True)
            return Exit.FINDINGS if check and mended else Exit.FINE
        if mended:
            found, lines, note = _findings(settings, files, today)
            again = sum(each.fix is not None for each in found)
            more = f"; {again} more can be: run it again" if again else ""
            click.echo(f"{mended} mended{more}", err=True)
    if files and not found and form == "text":
        what = str(files[0]) if len(files) == 1 else f"{len(files)} files"
        whole = settings.to_type("validate")
        click.echo(f"no findings in the shape of {what}; `{whole}` checks names and capacity too")
    elif quiet:
        errors, hidden = errors_alone(found)
        facts = (("warnings not shown", hidden),) if hidden else ()
        show_findings(errors, lines, form, facts, note)
    else:
        show_findings(found, lines, form, note=note)
    return exit_of(found)


def _findings(
    settings: Settings, files: tuple[Path, ...], today: datetime | None
) -> tuple[Sequence["Diagnostic"], Mapping[str, Sequence[str]], str]:
    """The findings, the lines they stand in, and what was not looked at."""
    if files:
        return *_shapes(files), ""
    result = compiled(settings, the_day(today))
    return result.diagnostics, result.sources.lines, not_checked(result)


def _shapes(
    files: tuple[Path, ...],
) -> tuple[Sequence["Diagnostic"], Mapping[str, Sequence[str]]]:
    from srcnet_compiler.schema.validate import check
    from srcnet_compiler.source import parse, read_bytes, text_lines

    found: list[Diagnostic] = []
    lines: dict[str, Sequence[str]] = {}
    for path in files:
        name = str(path)
        content = read_bytes(path, name)
        found += content.diagnostics
        if content.value is not None:
            lines[name] = text_lines(content.value)
            parsed = parse(name, content.value)
            found += parsed.diagnostics
            for document in parsed.value or ():
                found += check(document)
    return found, lines
