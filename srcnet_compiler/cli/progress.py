"""Progress of long work on stderr: a line that rewrites itself, or nothing off a terminal."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from srcnet_compiler.apply.gate import Step


@contextmanager
def showing(total: int) -> Iterator[Callable[[Step], None]]:
    """A function to be told each step, from any thread; the line is wiped at the end."""
    if not sys.stderr.isatty() or total == 0:
        yield lambda step: None
        return
    done: set[str] = set()
    lock = threading.Lock()

    def tell(step: Step) -> None:
        with lock:
            if step.status is not None:
                done.add(step.change.id)
            bar = "█" * (24 * len(done) // total)
            text = f"{bar:<24} {len(done)}/{total} {step.change.address}"[:99]
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
