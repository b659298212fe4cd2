"""`srcnet show`: a saved plan, in words."""

from pathlib import Path

import click

from srcnet_compiler.cli.exits import Exit
from srcnet_compiler.cli.options import format_option, full_option
from srcnet_compiler.cli.shared import plan_as, read_plan, show


@click.command("show")
@click.argument("plan_file", metavar="PLAN", type=click.Path(path_type=Path))
@format_option("text", "json", "markdown")
@full_option
def command(plan_file: Path, form: str, full: bool) -> int:
    """Show a saved plan.

    \b
    Examples:
      srcnet show plan.json
      srcnet show plan.json --full
      srcnet show plan.json --format markdown
    """
    from srcnet_compiler.plan.file import digest

    plan = read_plan(plan_file)
    show(plan_as(plan, form, full))
    if form == "text":
        click.echo(f"\nplan {digest(plan)[:12]}, made by srcnet {plan.binding.tool}")
    return Exit.FINE
