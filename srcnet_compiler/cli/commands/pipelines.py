"""`srcnet pipelines`: what the forge runs, as files of the repository of the specs."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.options import today_option
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import compiled, stop_on_errors, the_day

if TYPE_CHECKING:
    from srcnet_compiler.change import Change
    from srcnet_compiler.pipeline import Compiled, Pipelined


@click.command("pipelines")
@click.option("--check", "checking", is_flag=True, help="Write nothing; end with 4 where it would.")
@today_option
@click.pass_obj
def command(settings: Settings, checking: bool, today: datetime | None) -> int:
    """Write the pipelines of the forge into the repository.

    They follow from the specs, and take effect by being merged. Only files whose first line says
    that they are ours are ever written or removed.

    \b
    Examples:
      srcnet pipelines
      srcnet pipelines --check
    """
    result = compiled(settings, the_day(today))
    stop_on_errors(result)
    if not result.pipelines:
        click.echo("the specs ask for no pipelines: the Federation has no `pipelines`")
        return Exit.FINE
    changes = [
        change for each in result.pipelines for change in _changes(settings.root, each, result)
    ]
    for change in changes:
        click.echo(f"{_VERBS[change.action.value]} {change.address.name}")
    if not changes:
        click.echo("all pipelines are as the specs say")
    elif checking:
        raise StopError(
            Exit.NOT_CONVERGED,
            "the pipelines are not as the specs say",
            f"`{settings.to_type('pipelines')}` writes them; commit them with the specs",
        )
    if not checking:
        _write(settings.root, result, changes)
    return Exit.FINE


_VERBS = {"create": "new:     ", "update": "changed: ", "retire": "removed: "}


def _changes(root: Path, pipelined: "Pipelined", found: "Compiled") -> "tuple[Change, ...]":
    """What differs from the checked-out tree. Ends the command where files of others stand there,
    or some cannot be read."""
    target, model = pipelined.target, pipelined.model
    reading = target.read(root, model)
    if reading.gaps:
        gap = reading.gaps[0]
        raise StopError(
            Exit.FILES, f"`{gap.under.name}`: {gap.reason}", "mend it by hand, or remove it"
        )
    for objection in target.check_seen(model, reading.model):
        raise StopError(Exit.FILES, objection.message, objection.help)
    return target.diff(model, reading)


def _write(root: Path, found: "Compiled", changes: "list[Change]") -> None:
    """Files whose bytes differ, also where they mean the same; and away with what has ended."""
    from srcnet_compiler.change import Action
    from srcnet_compiler.cli.files import write_files

    wanted = {
        root / Path(*artifact.path.parts[2:]): artifact.content
        for each in found.pipelines
        for artifact in each.target.emit(each.model)
    }
    write_files({path: text for path, text in wanted.items() if not _says(path, text)})
    for change in changes:
        if change.action is Action.RETIRE:
            (root / change.address.name).unlink(missing_ok=True)


def _says(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()
