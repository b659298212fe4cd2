"""What was wrong with a command line, in words: where a value came from, and what to type."""

import os
from pathlib import Path

import click
from click.core import ParameterSource

from srcnet_compiler.cli.settings import Settings, line_of, option_name

_OF_ROOT = ("-C", "--directory", "--debug", "-V", "--version")


def words(trouble: click.UsageError) -> tuple[str, str]:
    """The message and its help."""
    where = trouble.ctx.command_path if trouble.ctx else "srcnet"
    remedy = f"`{where} --help` shows what it takes"
    if isinstance(trouble, click.NoSuchOption) and trouble.option_name in _OF_ROOT:
        name = trouble.option_name
        value = " DIR" if name in ("-C", "--directory") else ""
        command = where.removeprefix("srcnet").strip()
        return (
            f"`{name}` is not an option of `{where}`",
            f"put it before the command: `srcnet {name}{value} {command}`",
        )
    if isinstance(trouble, click.BadParameter) and isinstance(trouble.param, click.Option):
        place = _place(trouble.param, trouble.ctx)
        if place is not None:
            return f"{place}: {trouble.message}", remedy
    if isinstance(trouble, click.MissingParameter) and trouble.param is not None:
        example = _example(trouble.ctx)
        said = f"`{where}` needs {_called(trouble.param)}"
        return said, f"such as `{example}`; {remedy}" if example else remedy
    return trouble.format_message(), remedy


def _called(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Option):
        return f"`--{option_name(parameter)}`"
    return parameter.human_readable_name


def _example(ctx: click.Context | None) -> str | None:
    """The first of the examples in the help of the command."""
    _, _, examples = ((ctx.command.help if ctx else None) or "").partition("Examples:\n")
    return examples.strip().partition("\n")[0] or None


def _place(option: click.Option, ctx: click.Context | None) -> str | None:
    """Where the value of an option was found; None where it was typed."""
    if ctx is None or option.name is None:
        return None
    source = ctx.get_parameter_source(option.name)
    if source is ParameterSource.ENVIRONMENT:
        names = [option.envvar] if isinstance(option.envvar, str) else option.envvar or ()
        return next((f"`{name}`" for name in names if os.environ.get(name)), None)
    if source is ParameterSource.DEFAULT_MAP and isinstance(ctx.obj, Settings):
        return _in_file(ctx.obj, str(ctx.info_name), option_name(option))
    return None


def _in_file(settings: Settings, command: str, key: str) -> str:
    table: object = settings.said.get(command, {})
    inside = command if isinstance(table, dict) and key in table else ""
    path = f"{inside}.{key}".lstrip(".")
    return f"`{line_of(Path(settings.file), inside, key)}`: `{path}`"
