"""`srcnet doctor`: whether everything can be reached, and what we may do there."""

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.exits import Exit
from srcnet_compiler.cli.options import format_option
from srcnet_compiler.cli.settings import Settings, now
from srcnet_compiler.cli.shared import compiled, reading

if TYPE_CHECKING:
    from srcnet_compiler.cli.checkup import Row

_GRAVEST = (Exit.FINDINGS, Exit.CREDENTIALS, Exit.UNREACHABLE, Exit.FINE)


@click.command("doctor")
@format_option("text", "json")
@click.pass_obj
def command(settings: Settings, form: str) -> int:
    """Say what is reachable, and with which rights.

    Looks at everything and changes nothing. Ends with 1 where the specs have errors, 77 where a
    system does not let us in or does not give a right that is needed, 69 where it cannot be reached
    or does not say all that it should.

    \b
    Examples:
      srcnet doctor
      srcnet doctor --format json
    """
    from srcnet_compiler.cli.checkup import look

    result = compiled(settings, now().date())
    with reading(result.models):
        rows = list(look(result))
    code = next(code for code in _GRAVEST if code in {Exit.FINE, *(row.code for row in rows)})
    if form == "json":
        click.echo(json.dumps(_document(rows, code), indent=2, ensure_ascii=False))
    else:
        for line in _lines(rows):
            click.echo(line)
    return code


def _lines(rows: "Iterable[Row]") -> Iterator[str]:
    for row in rows:
        why = f": {row.why}" if row.why else ""
        yield f"{row.answer.value:>4}  {row.what}{why}"
        place = f" ({row.place})" if row.place is not None else ""
        if row.remedy is not None:
            yield f"      {row.remedy}{place}"
        elif place:
            yield f"      see {row.place}"


def _document(rows: "Iterable[Row]", code: Exit) -> dict[str, object]:
    return {
        "formatVersion": 1,
        "exitCode": int(code),
        "rows": [
            {
                "answer": row.answer.name.lower(),
                "what": row.what,
                "why": row.why or None,
                "remedy": row.remedy,
                "place": None if row.place is None else str(row.place),
            }
            for row in rows
        ],
    }
