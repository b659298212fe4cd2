"""`srcnet completion`: the script that makes a shell complete commands and options."""

import click

from srcnet_compiler.cli.exits import Exit


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print the completion script of a shell.

    \b
    Examples:
      srcnet completion bash > ~/.local/share/bash-completion/completions/srcnet
      srcnet completion zsh > ~/.zfunc/_srcnet
    """
    from click.shell_completion import get_completion_class

    from srcnet_compiler.cli.group import root

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(root, {}, "srcnet", "_SRCNET_COMPLETE").source())
    return Exit.FINE
