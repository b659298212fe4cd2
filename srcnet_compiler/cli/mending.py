"""`srcnet validate --fix`: what is certain is mended in the files, and shown."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.files import write_files
from srcnet_compiler.cli.shared import show

if TYPE_CHECKING:
    from srcnet_compiler.diagnostic import Diagnostic, Fix
    from srcnet_compiler.source.edits import Mended


def mend_files(
    root: Path, found: "Iterable[Diagnostic]", *, only_show: bool, diff: bool, err: bool
) -> int:
    """Mend the files that findings name, relative to `root`; how many places were mended."""
    from srcnet_compiler.cli.difference import difference
    from srcnet_compiler.source.edits import marked, mend, plain_text

    texts: dict[Path, str] = {}
    count = 0
    for name, fixes in _by_file(found).items():
        path = root / name
        content = path.read_bytes()
        before = plain_text(content)
        if before is None:
            continue
        mended = mend(before, fixes)
        count += len(mended.done)
        if not mended.done:
            continue
        texts[path] = marked(mended.text, content)
        if diff:
            show(difference(name, before, mended.text), err=err)
        else:
            say_mended(name, mended, "would mend" if only_show else "mended", err=err)
    if not only_show:
        write_files(texts)
    return count


def _by_file(found: "Iterable[Diagnostic]") -> "Mapping[str, list[Fix]]":
    by_file: dict[str, list[Fix]] = {}
    for each in found:
        if each.fix is not None:
            by_file.setdefault(each.fix.span.file, []).append(each.fix)
    return by_file


def say_mended(name: str, mended: "Mended", what: str, *, err: bool) -> None:
    """Each place of a file that was written anew: before and after."""
    for fix, before in mended.done:
        new = fix.text.strip()
        change = f"{before} → {new}" if before else f"add {new}"
        click.echo(f"{what} {name}:{fix.span.line}: {change}", err=err)
