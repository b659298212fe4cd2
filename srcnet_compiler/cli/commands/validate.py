"""`srcnet validate`: findings about specs, at once and all of them."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.exits import Exit
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import (
    FORMATS,
    compiled,
    format_option,
    show_findings,
    the_day,
    today_option,
)

if TYPE_CHECKING:
    from srcnet_compiler.diagnostic import Diagnostic


@click.command("validate")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@format_option(*FORMATS)
@today_option
@click.pass_obj
def command(settings: Settings, files: tuple[Path, ...], form: str, today: datetime | None) -> int:
    """Check specs: every finding, at its line and column.

    Without FILES everything is checked: reading, shapes, names across files, policies against
    capacity. With FILES only these are read and their shapes checked, which is quick.

    \b
    Examples:
      srcnet validate
      srcnet validate site-specs/chsrc-cscs.yaml
      srcnet validate --format sarif > findings.sarif
    """
    if files:
        found, lines = _shapes(files)
        show_findings(found, lines, form)
        failed = any(finding.severity.value == "error" for finding in found)
    else:
        result = compiled(settings, the_day(today))
        show_findings(result.diagnostics, result.sources.lines, form)
        failed = result.failed
    return Exit.FINDINGS if failed else Exit.FINE


def _shapes(files: tuple[Path, ...]) -> tuple[list["Diagnostic"], dict[str, Sequence[str]]]:
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
