"""`srcnet where`: one collection, where it is, and what its policy has in mind for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.options import catalogue_option, format_option, today_option
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import checked, is_coloured, show, stop_on_errors, the_day

if TYPE_CHECKING:
    from srcnet_compiler.catalogue.model import Snapshot
    from srcnet_compiler.federation.model import Federation
    from srcnet_compiler.pipeline import Compiled


@click.command("where")
@click.argument("collection", metavar="SCOPE:NAME|ivo://…")
@catalogue_option
@click.option("--live", is_flag=True, help="Ask the catalogue itself, and no snapshot.")
@format_option("text", "json")
@today_option
@click.pass_obj
def command(
    settings: Settings,
    collection: str,
    catalogue: Path,
    live: bool,
    form: str,
    today: datetime | None,
) -> int:
    """Say where a collection is, where it should be, and what will happen to it.

    Which policy is about it and which phase it is in, with the lines of the specs that say so; each
    copy, and whether the phase has a use for it; the rules on it; what is still to be added or may
    go, and what the phases to come will make of it. An `ivo://` identifier is led back to the name
    that it stands for.

    \b
    Examples:
      srcnet where testing:run-000000001
      srcnet where testing:run-000000001 --live
      srcnet where 'ivo://example.org/~?testing:run-000000001'
      srcnet where observatory:sb-1234.01 --catalogue forecast --format json
    """
    is_identifier = collection.lower().startswith("ivo:")
    scope, colon, name = collection.partition(":")
    if not (scope and colon and name):
        raise StopError(Exit.USAGE, f"`{collection}` is no collection", "write it as `SCOPE:NAME`")
    found = checked(settings, the_day(today))
    stop_on_errors(found)
    from srcnet_compiler.analysis.identifiers import identified
    from srcnet_compiler.catalogue.engine import DuckDb
    from srcnet_compiler.cli.catalogue import engine_for
    from srcnet_compiler.report.where import render_where, where_data
    from srcnet_compiler.review.movement.where import whereabouts

    assert found.federation is not None
    assert found.analysis is not None
    if is_identifier:
        scope, name = _named(found.federation, collection)
    said = identified(found.federation, scope, name)
    with _snapshot(settings, found, catalogue, scope, name, live) as snapshot:
        with engine_for(snapshot) as engine:
            assert isinstance(engine, DuckDb)
            there = whereabouts(
                engine, found.federation, found.analysis, scope, name, snapshot.taken
            )
        if there is None:
            where = "in the catalogue" if live else f"in the snapshot of {snapshot.taken:%Y-%m-%d}"
            remedy = None if live else "`--live` asks the catalogue itself"
            known = f"`{scope}:{name}`{f' ({collection})' if is_identifier else ''}"
            raise StopError(Exit.FINDINGS, f"there is no collection {known} {where}", remedy)
        if form == "json":
            show(where_data(there, snapshot, said))
        else:
            show(render_where(there, snapshot, said, colour=is_coloured()))
    return Exit.FINE


def _named(federation: "Federation", identifier: str) -> tuple[str, str]:
    """The name in the catalogue that a global identifier stands for."""
    from srcnet_compiler.analysis.identifiers import named_by

    named = named_by(federation, identifier)
    if named is not None:
        return named
    rules = (space.identifier for space in federation.data.namespaces)
    templates = dict.fromkeys(rule.template for rule in rules if rule is not None)
    raise StopError(
        Exit.FINDINGS,
        f"`{identifier}` is no identifier of this federation",
        f"its identifiers are {', '.join(f'`{each}`' for each in templates)}"
        if templates
        else "say how products are identified: `rucio.identifier` of the federation",
    )


@contextmanager
def _snapshot(
    settings: Settings, found: "Compiled", catalogue: Path, scope: str, name: str, live: bool
) -> "Iterator[Snapshot]":
    """The snapshot that was taken, or one of this collection alone."""
    from tempfile import TemporaryDirectory

    from srcnet_compiler.cli.catalogue import opened, read_one

    if not live:
        yield opened(settings, catalogue)
        return
    with TemporaryDirectory(prefix="srcnet-where-") as folder:
        yield read_one(found, Path(folder) / "one", scope, name)
