"""`srcnet explain`: what a finding means, where an emitted line comes from, what a line reaches."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.settings import Settings

if TYPE_CHECKING:
    from srcnet_compiler.cli.names import Described
    from srcnet_compiler.span import Span

SourceMap = Mapping[str, "list[tuple[Span, ...]]"]
"""For each emitted file, the spec places of each of its lines."""

_SHOWN = 8
"""Places of one line that are listed; a line about all areas has hundreds."""
_PLACE = re.compile(r"(?P<file>.+?):(?P<line>[0-9]+)(?::(?P<column>[0-9]+))?:?")
_OF_A_DAY = re.compile(r"\.(?:mon|tue|wed|thu|fri|sat|sun)$")
"""How the name of a window ends on a cluster where each of its days has a reservation."""
_DIGITS = 9
"""No file has more lines than can be counted with these."""


def _complete(ctx: click.Context, param: click.Parameter, typed: str) -> list[CompletionItem]:
    from srcnet_compiler.report.explain import codes

    known = [CompletionItem(code) for code in codes() if typed and code.startswith(typed)]
    return known or [CompletionItem(typed, type="file")]


@click.command("explain")
@click.argument("what", shell_complete=_complete)
@click.option(
    "--build",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build"),
    show_default=True,
    help="Where `srcnet compile` wrote its files.",
)
@click.pass_obj
def command(settings: Settings, what: str, build: Path) -> int:
    """Explain a finding's code, a name, or where an emitted line comes from.

    WHAT is the code in square brackets of a finding, a line of an emitted file, a line of a spec,
    or the name of something that the specs describe.

    \b
    Examples:
      srcnet explain area-over-capacity
      srcnet explain build/rucio/srcnet/sites/CHSRC-CSCS.yaml:12
      srcnet explain site-specs/chsrc-cscs.yaml:18
      srcnet explain CHSRC_XRD_PROD
      srcnet explain ska-batch
    """
    place = _PLACE.fullmatch(what)
    if place is not None:
        return _line(settings, build, place)
    from srcnet_compiler.report.explain import explain

    page = explain(_as_code(what))
    if page is not None:
        click.echo(page, nl=False)
        return Exit.FINE
    return _name(settings, build, what)


def _as_code(what: str) -> str:
    """The code in what people copy from a finding: `error[wrong-shape]:`."""
    bare = what.strip().strip("`").lower()
    match = re.fullmatch(r"(?:[a-z]+)?\[([a-z0-9-]+)\]:?", bare)
    return match[1] if match else bare


# ── a name ────────────────────────────────────────────────────────────────────────────────────


def _name(settings: Settings, build: Path, what: str) -> int:
    from srcnet_compiler.cli.names import all_names

    known = list(all_names(settings.root))
    found: list[Described] = []
    for meant in _readings(what.strip().strip("`").lower()):
        found = found or [each for each in known if each.name.lower() == meant]
    if not found:
        raise _unknown(what, [each.name for each in known])
    built = _source_map(settings.root / build)
    for each in found:
        click.echo(f"{each.name}: {each.what}")
        click.echo("described at")
        _show(settings.root, each.place)
        if built is not None and not _reached(
            settings.root / build, each.name, built, _lines_of(each)
        ):
            click.echo("no emitted line comes from it")
    if built is None:
        click.echo("run `srcnet compile` to see which emitted lines come from it", err=True)
    return Exit.FINE


def _readings(text: str) -> Iterator[str]:
    """The names that a text may mean, the most precise first."""
    yield text
    member = re.fullmatch(r"(?:.*/)?association/([^/]+)/.+", text)
    last = member[1] if member else text.rpartition("/")[2]
    yield last
    yield _OF_A_DAY.sub("", last)


def _lines_of(each: "Described") -> Callable[["Span"], bool]:
    whole = each.whole
    return lambda span: (
        span.file == whole.file
        and whole.line <= span.line < whole.end_line + (whole.end_column > 1)
    )


def _unknown(what: str, names: Sequence[str]) -> StopError:
    from srcnet_compiler.report.explain import alike

    if what and Path(what).exists():
        return StopError(Exit.USAGE, f"`{what}` is a file", f"name a line of it: `{what}:LINE`")
    if re.search(r"[/.]", what):
        return StopError(Exit.FILES, f"there is no file `{what}`", "a line of one is FILE:LINE")
    near = " or ".join(f"`{name}`" for name in alike(_as_code(what), names))
    return StopError(
        Exit.USAGE,
        f"there is no finding and no name `{what}`",
        f"did you mean {near}?" if near else "a finding's code stands in its square brackets",
    )


# ── a line ────────────────────────────────────────────────────────────────────────────────────


def _line(settings: Settings, build: Path, place: re.Match[str]) -> int:
    folder, line = settings.root / build, int(place["line"][:_DIGITS])
    path = _found(settings.root, place["file"])
    known = _source_map(folder)
    emitted = _below(folder, path)
    if known is not None and emitted is not None and emitted in known:
        return _from(settings, path, known[emitted], line)
    spec = _below(settings.root, path)
    if spec is None or path not in _specs(settings.root):
        raise StopError(
            Exit.USAGE,
            f"`{place['file']}` is neither a spec nor a file that `srcnet compile` wrote",
            "name a line in site-specs/, policies/ or build/",
        )
    _insist_on_line(path, place["file"], line)
    if known is None:
        raise StopError(Exit.FILES, f"nothing was compiled into `{folder}`", "run `srcnet compile`")
    at = f"{place['file']}:{line}"
    on_line = _on_line(spec, line)
    if place["column"] is not None:
        column = int(place["column"][:_DIGITS])
        exact = _at_column(spec, line, column)
        if any(exact(span) for lines in known.values() for spans in lines for span in spans):
            at, on_line = f"{at}:{column}", exact
    if not _reached(folder, at, known, on_line):
        raise StopError(
            Exit.FINDINGS,
            f"no emitted line comes from {at}",
            "`srcnet compile` brings `build/` up to date",
        )
    return Exit.FINE


def _on_line(file: str, line: int) -> Callable[["Span"], bool]:
    return lambda span: span.file == file and span.line <= line <= span.end_line


def _at_column(file: str, line: int, column: int) -> Callable[["Span"], bool]:
    """Spans that hold this character."""
    return lambda span: (
        span.file == file
        and (span.line, span.column) <= (line, column) < (span.end_line, span.end_column)
    )


def _found(root: Path, file: str) -> Path:
    """The file, seen from here or from the specs' folder."""
    for path in (Path(file), root / file):
        if path.is_file():
            return path.resolve()
    raise StopError(Exit.FILES, f"there is no file `{file}`", "name it as the finding does")


def _specs(root: Path) -> set[Path]:
    from srcnet_compiler.pipeline import spec_files

    return {path.resolve() for path in spec_files(root)}


def _insist_on_line(path: Path, name: str, line: int) -> Sequence[str]:
    content = path.read_text("utf-8", errors="replace").splitlines()
    if not 1 <= line <= len(content):
        noun = "line" if len(content) == 1 else "lines"
        raise StopError(
            Exit.USAGE, f"there is no line {line}: `{name}` has {len(content)} {noun}", None
        )
    return content


def _source_map(folder: Path) -> SourceMap | None:
    from srcnet_compiler.cli.source_map import read_source_map

    return read_source_map(folder)


def _reached(folder: Path, what: str, known: SourceMap, concerns: Callable[["Span"], bool]) -> int:
    """Show which emitted lines come from spans of which this is so; how many there are."""
    reached = {
        emitted: [n for n, spans in enumerate(lines, start=1) if any(map(concerns, spans))]
        for emitted, lines in sorted(known.items())
    }
    total = sum(map(len, reached.values()))
    if total:
        click.echo(f"{what} reaches {total} emitted {'line' if total == 1 else 'lines'}")
    for emitted, numbers in reached.items():
        if numbers:
            click.echo(f"  {folder / emitted}: {', '.join(_runs(numbers))}")
    return total


def _runs(numbers: Sequence[int]) -> Iterator[str]:
    """Numbers in order, those in a row together: 3, 7-9."""
    start = previous = numbers[0]
    for number in (*numbers[1:], None):
        if number != previous + 1:
            yield str(start) if start == previous else f"{start}-{previous}"
            start = number if number is not None else 0
        previous = number if number is not None else 0


def _below(folder: Path, path: Path) -> str | None:
    top = folder.resolve()
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else None


def _from(settings: Settings, path: Path, lines: "list[tuple[Span, ...]]", line: int) -> int:
    name = _short(path)
    content = _insist_on_line(path, name, line)
    click.echo(f"{name}:{line}")
    click.echo(f"  | {content[line - 1]}")
    click.echo("comes from")
    spans = lines[line - 1] if line <= len(lines) else []
    for span in spans[:_SHOWN]:
        _show(settings.root, span)
    if len(spans) > _SHOWN:
        files = len({span.file for span in spans[_SHOWN:]})
        click.echo(f"  and {len(spans) - _SHOWN} more places in {files} files")
    return Exit.FINE


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _show(root: Path, span: "Span") -> None:
    click.echo(f"  {span}")
    click.echo(f"  | {_text(root, span)}")


def _text(root: Path, span: "Span") -> str:
    """The line as a finding shows it: what may be a secret is not repeated."""
    from srcnet_compiler.report.cells import visible
    from srcnet_compiler.report.conceal import concealed

    try:
        lines = (root / span.file).read_text("utf-8").splitlines()
        return visible(concealed(lines, span.line - 1).strip())
    except (OSError, IndexError, ValueError):
        return "(the file has changed)"
