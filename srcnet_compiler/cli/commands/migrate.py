"""`srcnet migrate`: specs of the version before, in the words of this one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.exits import Exit
from srcnet_compiler.cli.files import write_files
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import exit_of, named_specs, show, show_trouble

if TYPE_CHECKING:
    from srcnet_compiler.diagnostic import Diagnostic
    from srcnet_compiler.source.edits import Mended


@click.command("migrate")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; end with 1 where a file is older.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would be rewritten.")
@click.pass_obj
def command(settings: Settings, files: tuple[Path, ...], check: bool, diff: bool) -> int:
    """Rewrite specs of the version before in the version of this srcnet.

    The version before is read as well, with the warning `older-version`; what specs mean stays the
    same. Comments, quotes, order and layout stay the author's. Without FILES all specs are looked
    at. Where a document of another version has errors nothing is written at all.

    \b
    Examples:
      srcnet migrate
      srcnet migrate --check
      srcnet migrate --diff policies/data/visibilities.yaml
    """
    from srcnet_compiler.cli.difference import difference
    from srcnet_compiler.cli.mending import say_mended
    from srcnet_compiler.source.edits import marked, plain_text

    wanted = named_specs(settings, files, "migrate")
    found, lines, older = _migrated(wanted)
    if found:
        show_trouble(found, lines)
        stopped = len({label.span.file for each in found for label in each.labels[:1]})
        click.echo(
            f"nothing was written: {_files(stopped)} cannot be migrated; mend what is wrong first",
            err=True,
        )
        return exit_of(found)
    only_shown = check or diff
    for path, (before, mended) in older.items():
        if diff:
            show(difference(str(path), plain_text(before) or "", mended.text))
        else:
            say_mended(str(path), mended, "would rewrite" if only_shown else "rewrote", err=False)
    if not only_shown:
        write_files({path: marked(after.text, before) for path, (before, after) in older.items()})
        _say_of_schemas(settings.root)
    click.echo(_said(len(wanted), len(older), only_shown), err=True)
    return Exit.FINDINGS if check and older else Exit.FINE


def _migrated(
    files: Sequence[Path],
) -> "tuple[list[Diagnostic], Mapping[str, Sequence[str]], Mapping[Path, tuple[bytes, Mended]]]":
    """Findings, the lines they stand in, and each file that is older: its content, and the text
    that it has in this version."""
    from srcnet_compiler.schema.migrating import migrated
    from srcnet_compiler.source import read_bytes, text_lines

    found: list[Diagnostic] = []
    lines: dict[str, Sequence[str]] = {}
    older: dict[Path, tuple[bytes, Mended]] = {}
    for path in files:
        name = str(path)
        content = read_bytes(path, name)
        found += content.diagnostics
        if content.value is None:
            continue
        result = migrated(name, content.value)
        if result.diagnostics:
            found += result.diagnostics
            lines[name] = text_lines(content.value)
        if result.value is not None and result.value.done:
            older[path] = content.value, result.value
    return found, lines, older


def _say_of_schemas(root: Path) -> None:
    """Schemas that stand beside the specs and are still those of the version before."""
    from srcnet_compiler.schema import kinds, versions

    path = root / "schemas" / kinds.schema_file("Site")
    if path.is_file() and versions.published(versions.BEFORE).encode() in path.read_bytes():
        click.echo(
            "editors read `schemas/`: `srcnet schema --write` brings it up to date", err=True
        )


def _said(files: int, older: int, only_shown: bool) -> str:
    from srcnet_compiler.schema.versions import API_VERSION

    if not older:
        return f"{_files(files)}, nothing to rewrite: all of it is `{API_VERSION}`"
    return f"{_files(files)}, {older} {'would be rewritten' if only_shown else 'rewritten'}"


def _files(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"
