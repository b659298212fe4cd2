"""`srcnet explain`: what a finding means, where an emitted line comes from, what a line reaches."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from srcnet_compiler.span import Span

_SHOWN = 8
"""Places of one line that are listed; a line about all areas has hundreds."""
_PLACE = re.compile(r"(?P<file>.+):(?P<line>[0-9]{1,9})")


@click.command("explain")
@click.argument("what")
@click.option(
    "--build",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build"),
    show_default=True,
    help="Where `srcnet compile` wrote its files.",
)
@click.pass_obj
def command(settings: Settings, what: str, build: Path) -> int:
    """Explain a finding's code, or where an emitted line comes from.

    WHAT is the code in square brackets of a finding, a line of an emitted file, or a line of a
    spec.

    \b
    Examples:
      srcnet explain area-over-capacity
      srcnet explain build/rucio/srcnet/sites/CHSRC-CSCS.yaml:12
      srcnet explain site-specs/chsrc-cscs.yaml:17
    """
    place = _PLACE.fullmatch(what)
    if place is not None:
        return _line(settings, build, place["file"], int(place["line"]))
    from srcnet_compiler.report.explain import did_you_mean, explain

    page = explain(what)
    if page is None:
        near = did_you_mean(what)
        raise StopError(
            Exit.USAGE,
            f"there is no finding `{what}`",
            f"did you mean `{near}`?" if near else "the code stands in square brackets",
        )
    click.echo(page, nl=False)
    return Exit.FINE


def _line(settings: Settings, build: Path, file: str, line: int) -> int:
    from srcnet_compiler.cli.build_folder import read_source_map

    folder = settings.root / build
    known = read_source_map(folder)
    if known is None:
        raise StopError(Exit.FILES, f"nothing was compiled into `{folder}`", "run `srcnet compile`")
    name = _below(folder, settings.root, file)
    if name in known:
        return _from(settings, folder / name, known[name], line)
    spec = _below(settings.root, settings.root, file)
    reached = {
        emitted: [
            number
            for number, spans in enumerate(lines, start=1)
            if any(s.file == spec and s.line <= line <= s.end_line for s in spans)
        ]
        for emitted, lines in sorted(known.items())
    }
    total = sum(len(numbers) for numbers in reached.values())
    if not total:
        raise StopError(
            Exit.FINDINGS, f"no emitted line comes from {file}:{line}", "is `build/` up to date?"
        )
    click.echo(f"{file}:{line} reaches {total} emitted {'line' if total == 1 else 'lines'}")
    for emitted, numbers in reached.items():
        if numbers:
            click.echo(f"  {folder / emitted}: {', '.join(_runs(numbers))}")
    return Exit.FINE


def _runs(numbers: "Sequence[int]") -> "Iterator[str]":
    """Numbers in order, those in a row together: 3, 7-9."""
    start = previous = numbers[0]
    for number in (*numbers[1:], None):
        if number != previous + 1:
            yield str(start) if start == previous else f"{start}-{previous}"
            start = number if number is not None else 0
        previous = number if number is not None else 0


def _below(folder: Path, root: Path, file: str) -> str:
    """The file's path from `folder`; it may be given from here or from the specs' folder."""
    top = folder.resolve()
    found = (Path(file).resolve(), (root / file).resolve())
    return next((p.relative_to(top).as_posix() for p in found if p.is_relative_to(top)), file)


def _from(settings: Settings, path: Path, lines: "list[list[Span]]", line: int) -> int:
    content = path.read_text("utf-8").splitlines()
    if not 1 <= line <= min(len(content), len(lines)):
        raise StopError(Exit.USAGE, f"`{path}` has {len(content)} lines")
    click.echo(f"{path}:{line}")
    click.echo(f"  | {content[line - 1]}")
    click.echo("comes from")
    spans = lines[line - 1]
    for span in spans[:_SHOWN]:
        click.echo(f"  {span}")
        click.echo(f"  | {_text(settings.root, span)}")
    if len(spans) > _SHOWN:
        files = len({span.file for span in spans[_SHOWN:]})
        click.echo(f"  and {len(spans) - _SHOWN} more places in {files} files")
    return Exit.FINE


def _text(root: Path, span: "Span") -> str:
    try:
        return (root / span.file).read_text("utf-8").splitlines()[span.line - 1].strip()
    except (OSError, IndexError):
        return "(the file has changed)"
