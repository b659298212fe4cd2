"""The command line: the only place, with `live`, `apply` and `demo`, that meets the world."""

import os
import sys

INTERRUPTED = 130


def main() -> None:
    """Run `srcnet` and end the process with the exit code that DESIGN and `--help` promise."""
    # what else is installed must not change what specs mean, and to look for it takes long
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        from srcnet_compiler.cli.group import run
        from srcnet_compiler.cli.streams import outlive_readers

        outlive_readers()
        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        code = INTERRUPTED  # while it was still being loaded
    if code == INTERRUPTED:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # questions to a server that says nothing are still open in threads
    sys.exit(code)
