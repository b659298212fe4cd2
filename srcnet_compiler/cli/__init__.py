"""The command line: the only place, with `live`, `apply` and `demo`, that meets the world."""

import sys


def main() -> None:
    """Run `srcnet` and end the process with the exit code that DESIGN and `--help` promise."""
    from srcnet_compiler.cli.group import run

    sys.exit(run(sys.argv[1:]))
