"""`srcnet schema`: the JSON Schemas of the spec language."""

from pathlib import Path

import click
from click.core import ParameterSource

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.files import spare_others, write_files
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.near import did_you_mean


def _complete(ctx: click.Context, param: click.Parameter, typed: str) -> list[str]:
    from srcnet_compiler.schema import kinds

    return [kind for kind in kinds.KINDS if kind.lower().startswith(typed.lower())]


@click.command("schema")
@click.argument("kind", required=False, shell_complete=_complete)
@click.option("--write", is_flag=True, help="Write all schemas into a folder instead.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("schemas"),
    show_default=True,
    help="The folder for --write.",
)
@click.pass_obj
def command(settings: Settings, kind: str | None, write: bool, out: Path) -> int:
    """Print or write the JSON Schemas of the spec language.

    Editors that read `# yaml-language-server: $schema=…` complete and check specs with them.

    \b
    Examples:
      srcnet schema Site
      srcnet schema --write
    """
    from srcnet_compiler.schema import export, kinds

    if write and kind is not None:
        raise StopError(
            Exit.USAGE,
            "`--write` writes the schemas of all kinds",
            f"leave out `{kind}`, or print it alone: `srcnet schema {kind}`",
        )
    if not write and _is_typed("out"):
        raise StopError(
            Exit.USAGE, "`--out` is the folder for `--write`", "give `--write` too, or leave it out"
        )
    if write:
        files = {out / name: text for name, text in export.files().items()}
        for path in files:
            spare_others(path, settings.root, "a schema of srcnet", _is_schema)
        write_files(files)
        click.echo(f"{len(files)} files in {out}")
        return Exit.FINE
    if kind is not None and kind not in kinds.KINDS:
        raise StopError(
            Exit.USAGE,
            f"there is no kind `{kind}`",
            did_you_mean(kind.capitalize(), kinds.KINDS, f"one of {', '.join(kinds.KINDS)}"),
        )
    import json

    if kind is None:
        click.echo(export.files()["srcnet.schema.json"], nl=False)
    else:
        click.echo(json.dumps(export.schema_of(kind), indent=2))
    return Exit.FINE


def _is_typed(option: str) -> bool:
    source = click.get_current_context().get_parameter_source(option)
    return source is ParameterSource.COMMANDLINE


def _is_schema(head: str) -> bool:
    return ".schema.json" in head
