"""`srcnet lsp`: the language server, for editors."""

import click

from srcnet_compiler.cli.exits import Exit
from srcnet_compiler.cli.settings import now


@click.command("lsp")
@click.option("--stdio", is_flag=True, help="Speak over stdin and stdout, as it does anyway.")
def command(stdio: bool) -> int:
    """Speak the language server protocol over stdin and stdout.

    Editors start it by themselves: findings as one types, what a key or a value means, where a
    name comes from, completion, renaming, fixes and layout.

    \b
    Examples:
      srcnet lsp
    """
    import logging

    from srcnet_compiler.editor.server import server

    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    server(lambda: now().date()).start_io()
    return Exit.FINE
