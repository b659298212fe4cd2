"""Plans that are kept in files: never over what somebody else has written."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.files import spare_others, write_file
from srcnet_compiler.cli.settings import Settings

if TYPE_CHECKING:
    from srcnet_compiler.plan.model import Plan


def spare_for_plan(out: Path, settings: Settings) -> None:
    """End the command where a plan may not be written there."""
    spare_others(out, settings.root, "a plan of srcnet", _is_plan)


def write_plan(plan: "Plan", out: Path) -> None:
    """The whole plan, as `srcnet apply` and `srcnet show` read it."""
    from srcnet_compiler.plan.file import to_json

    write_file(out, to_json(plan))


def tell_where(out: Path, settings: Settings, *options: str) -> None:
    """Where a plan is and how it is applied, with the options that it takes again; on stderr."""
    place = Path(settings.named or "") / out
    typed = settings.to_type(" ".join((f"apply {out}", *options)))
    click.echo(f"saved in {place}; `{typed}` does it", err=True)


def _is_plan(head: str) -> bool:
    return head.startswith("{") and '"binding":{"artifacts":' in head
