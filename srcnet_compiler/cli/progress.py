"""Progress of long work on stderr: a line that rewrites itself, or nothing off a terminal."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from srcnet_compiler.apply.gate import Step

_PATIENCE = 1.0
"""Seconds in which nobody wonders yet."""
_WIPE = "\r\033[K"


@contextmanager
def showing(total: int) -> "Iterator[Callable[[Step], None]]":
    """A function to be told each step, from any thread; the line is wiped at the end."""
    if not sys.stderr.isatty() or total == 0:
        yield lambda step: None
        return
    done: set[str] = set()
    lock = threading.Lock()

    def tell(step: "Step") -> None:
        with lock:
            if step.status is not None:
                done.add(step.change.id)
            bar = "█" * (24 * len(done) // total)
            _write(f"{bar:<24} {len(done)}/{total} {step.change.address}")

    try:
        yield tell
    finally:
        _wipe()


@contextmanager
def counting() -> Iterator[Callable[[str], None]]:
    """A function to be told how far work has come; the line is wiped at the end."""
    if not sys.stderr.isatty():
        yield lambda text: None
        return
    try:
        yield _write
    finally:
        _wipe()


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say what is waited for, and for how long, where it takes long enough that people wonder."""
    if not sys.stderr.isatty():
        yield
        return
    over = threading.Event()
    begun = time.monotonic()

    def tell() -> None:
        while not over.wait(_PATIENCE):
            _write(f"{what} ({time.monotonic() - begun:.0f} s)")

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()
        _wipe()


def _write(text: str) -> None:
    print(f"{_WIPE}{text[:99]}", end="", file=sys.stderr, flush=True)


def _wipe() -> None:
    print(_WIPE, end="", file=sys.stderr, flush=True)
