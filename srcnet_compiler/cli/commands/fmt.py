"""`srcnet fmt`: spec files in their canonical layout."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.difference import difference
from srcnet_compiler.cli.exits import Exit
from srcnet_compiler.cli.files import write_files
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import exit_of, named_specs, show, show_trouble

if TYPE_CHECKING:
    from srcnet_compiler.diagnostic import Diagnostic


@click.command("fmt")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; end with 1 where a file would change.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
@click.pass_obj
def command(settings: Settings, files: tuple[Path, ...], check: bool, diff: bool) -> int:
    """Lay spec files out in the canonical way: indentation, blanks, blank lines.

    Values, comments, quotes, order and line breaks stay the author's. Without FILES all specs are
    laid out. A file that is no YAML is left alone, and its findings are shown.

    \b
    Examples:
      srcnet fmt
      srcnet fmt --check
      srcnet fmt --diff site-specs/chsrc-cscs.yaml
    """
    wanted = named_specs(settings, files, "fmt")
    found, lines, changed = _laid_out(wanted)
    for path, (before, after) in changed.items():
        if diff:
            show(difference(str(path), before, after))
        else:
            click.echo(f"would change {path}" if check else str(path))
    if not check and not diff:
        write_files({path: after for path, (_, after) in changed.items()})
    show_trouble(found, lines)
    click.echo(_said(len(wanted), len(changed), check or diff), err=True)
    return exit_of(found) or (Exit.FINDINGS if check and changed else Exit.FINE)


def _laid_out(
    files: Sequence[Path],
) -> "tuple[list[Diagnostic], Mapping[str, Sequence[str]], Mapping[Path, tuple[str, str]]]":
    """Findings, the lines they stand in, and each file that changes: before and after."""
    from srcnet_compiler.source import read_bytes, text_lines
    from srcnet_compiler.source.layout import laid_out

    found: list[Diagnostic] = []
    lines: dict[str, Sequence[str]] = {}
    changed: dict[Path, tuple[str, str]] = {}
    for path in dict.fromkeys(files):
        name = str(path)
        content = read_bytes(path, name)
        found += content.diagnostics
        if content.value is None:
            continue
        lines[name] = text_lines(content.value)
        result = laid_out(name, content.value)
        found += result.diagnostics
        if result.value is not None and result.value.encode() != content.value:
            changed[path] = content.value.decode("utf-8-sig"), result.value
    return found, lines, changed


def _said(files: int, changed: int, only_shown: bool) -> str:
    what = "file" if files == 1 else "files"
    if not changed:
        return f"{files} {what}, nothing to change"
    return f"{files} {what}, {changed} {'would change' if only_shown else 'changed'}"
