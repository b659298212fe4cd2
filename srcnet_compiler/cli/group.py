"""The root command: commands are imported when they are called, trouble becomes an exit code."""

import os
import sys
from importlib import import_module
from typing import Any

import click

from srcnet_compiler import __version__
from srcnet_compiler.cli.exits import MEANINGS, Exit, StopError
from srcnet_compiler.cli.settings import (
    defaults_of,
    option_name,
    options,
    read_settings,
    with_variables,
)

COMMANDS = {
    "init": "Begin a repository of specs.",
    "new": "Write a draft of a site, a policy or a service.",
    "import": "Make specs of what exists elsewhere, or add to those that are there.",
    "validate": "Check specs: every finding, at its line and column.",
    "fmt": "Lay spec files out in the canonical way.",
    "migrate": "Rewrite specs of the version before in this one.",
    "lsp": "Speak with an editor: the language server.",
    "compile": "Write the configuration of every system into build/.",
    "diff": "Show what a change of the specs would do, by meaning.",
    "feasibility": "Say whether what policies ask for is possible, with proof where not.",
    "plan": "Show what would change on the real systems.",
    "show": "Show a saved plan.",
    "sign": "Sign a plan that was reviewed.",
    "apply": "Carry out a plan, and prove that all is as it should be.",
    "verify": "Look for drift: read the systems and compare.",
    "approvals": "Say who must agree to a plan, and whether they have.",
    "catalogue": "Take a snapshot of what data there is, and ask what is in it.",
    "recall": "Make archived data accessible for a while, as their policy says.",
    "where": "Say where a collection is, where it should be, and what will happen to it.",
    "what-if": "Say what the loss of a site would break, and what it takes to mend that.",
    "docs": "Write one page that shows the federation as its specs say it.",
    "status": "Show what is open: waits, the last run, who is applying.",
    "history": "Show who changed what when, and which spec said so.",
    "explain": "Explain a finding's code, or where an emitted line comes from.",
    "schema": "Print or write the JSON Schemas of the spec language.",
    "pipelines": "Write what the forge runs, from the specs.",
    "forge": "Tell people on the forge, from inside its pipelines.",
    "bootstrap": "Make the compiler's own accounts, once.",
    "doctor": "Say what is reachable, and with which rights.",
    "demo": "Run everything on a real Rucio server on this machine.",
    "completion": "Print the completion script of a shell.",
}

ONLY_TYPED = frozenset({("approvals", name) for name in ("drift", "waiting", "approved-by")})
"""Options that no srcnet.toml may give: it comes with what they judge."""

EPILOG = "\b\nExit codes:\n" + "\n".join(f"  {code:>3}  {text}" for code, text in MEANINGS.items())

EXAMPLES = """\b
Examples:
  srcnet validate                      check the specs in this folder
  srcnet validate site-specs/my.yaml   check one file, quickly
  srcnet plan --out plan.json          show what would change, and save it
  srcnet apply plan.json               do exactly that, and prove it
"""


class _Commands(click.Group):
    """Knows the commands by name; their modules are loaded when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"srcnet_compiler.cli.commands.{cmd_name.replace('-', '_')}")
        return with_variables(module.command, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            raise click.UsageError(f"There is no command `{args[0]}`.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Without loading a single command."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(
    cls=_Commands,
    epilog=EPILOG,
    help="The architecture of the SKA Regional Centre Network, compiled and applied.\n\n"
    + EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "SRCNET"},
)
@click.version_option(__version__, "-V", "--version", prog_name="srcnet")
@click.option(
    "-C",
    "--directory",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Work in DIR, as after `cd DIR`.  [default: here; specs are also found above it]",
)
@click.option("--debug", is_flag=True, help="Show where in the code trouble came from.")
@click.pass_context
def root(ctx: click.Context, directory: str | None, debug: bool) -> None:
    settings = ctx.obj = read_settings(directory, COMMANDS, _options_of)
    name = ctx.invoked_subcommand
    command = root.get_command(ctx, name) if name is not None else None
    if name is not None and command is not None:
        ctx.default_map = {name: defaults_of(settings, name, command)}


def _options_of(name: str) -> list[str]:
    """The options of a command, as srcnet.toml may name them."""
    command = root.get_command(click.Context(root), name)
    there = [] if command is None else [option_name(option) for option in options(command)]
    return [option for option in there if (name, option) not in ONLY_TYPED]


def run(args: list[str]) -> int:
    """The exit code of one command line; whatever happens, the user reads a sentence."""
    debug = "--debug" in args or os.environ.get("SRCNET_DEBUG", "0") not in ("", "0")
    try:
        return _run(_as_options(args))
    except KeyboardInterrupt:
        _say("interrupted")
        return Exit.INTERRUPTED
    except OSError as trouble:
        _trace(debug)
        from srcnet_compiler.apply.chain import RewrittenError

        if isinstance(trouble, RewrittenError):
            remedy = (
                "find out who pushed there, and put it back; where you have begun it anew, remove"
            )
            _say(str(trouble), f"{remedy} `.srcnet/shared`")
            return Exit.REFUSED
        where = f" `{trouble.filename}`" if trouble.filename else ""
        _say(f"files cannot be read or written{where}: {trouble.strerror or trouble}")
        return Exit.FILES
    except RecursionError:
        _say("the specs are nested more deeply than any federation needs")
        return Exit.FINDINGS
    except MemoryError:
        _say("there is not enough memory")
        return Exit.INTERNAL
    except Exception as trouble:
        _trace(debug)
        _say(
            f"this is a fault of srcnet itself: {type(trouble).__name__}: {trouble}",
            "please report it, with what `srcnet --debug …` prints",
        )
        return Exit.INTERNAL


def _as_options(args: list[str]) -> list[str]:
    """What people try first, as what it is here: `srcnet help plan` is `srcnet plan --help`."""
    if args[:1] == ["version"]:
        return ["--version"]
    return [*args[1:], "--help"] if args[:1] in ([], ["help"]) else args


def _run(args: list[str]) -> int:
    try:
        result: Any = root.main(args, prog_name="srcnet", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as trouble:
        from srcnet_compiler.cli.usage import words

        _say(*words(trouble))
        return Exit.USAGE
    except click.Abort as end:
        if isinstance(end.__cause__, EOFError):
            raise end.__cause__ from None  # nobody was asked: half a file of Python's, perhaps
        _say("interrupted")
        return Exit.INTERRUPTED
    except click.FileError as trouble:
        _say(trouble.format_message())
        return Exit.FILES
    except StopError as stop:
        _say(stop.message, stop.remedy)
        return stop.code
    return int(result) if isinstance(result, int) else Exit.FINE


def _say(message: str, remedy: str | None = None) -> None:
    print(f"error: {message}", file=sys.stderr)
    if remedy:
        print(f"  help: {remedy}", file=sys.stderr)


def _trace(debug: bool) -> None:
    if debug:
        import traceback

        traceback.print_exc()
