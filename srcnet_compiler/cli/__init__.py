"""The command line: the only place, with `live`, `apply` and `demo`, that meets the world."""

import sys


def main() -> None:
    """Run `srcnet` and end the process with the exit code that DESIGN and `--help` promise."""
    try:
        from srcnet_compiler.cli.group import run
        from srcnet_compiler.cli.streams import outlive_readers

        outlive_readers()
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130  # while it was still being loaded
    sys.exit(code)
