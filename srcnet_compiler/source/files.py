"""The file system's part of loading: whatever stands at a path becomes bytes or a finding."""

import os
import stat
from pathlib import Path

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Outcome, error
from srcnet_compiler.source.compose import Document
from srcnet_compiler.source.load import parse
from srcnet_compiler.source.text import MAX_BYTES, too_large
from srcnet_compiler.span import Span

_CHUNK = 1 << 16
"""Bytes to ask for at once: what is asked for is allocated, however small the file is."""

_REASONS: dict[type[OSError], tuple[str, str]] = {
    FileNotFoundError: ("there is no such file", "check the path; it may just have been removed"),
    NotADirectoryError: ("a part of this path is no directory", "check the path"),
    PermissionError: ("the file may not be read", "ask its owner, or run `chmod u+r` on it"),
}


def read(path: Path, name: str) -> Outcome[tuple[Document, ...]]:
    """The documents of the file at `path`; `name` is what findings call it."""
    content = read_bytes(path, name)
    if content.value is None:
        return Outcome(None, content.diagnostics)
    return parse(name, content.value)


def read_bytes(path: Path, name: str) -> Outcome[bytes]:
    """The content of a regular file, of at most `MAX_BYTES`; never waits on a pipe or a device."""
    try:
        before = path.stat()
        if not stat.S_ISREG(before.st_mode):  # before opening: opening a device may have effects
            return Outcome(None, (_not_a_file(name, before.st_mode),))
        if before.st_size > MAX_BYTES:
            return Outcome(None, (too_large(name),))
        content = _read(path)
    except OSError as trouble:
        return Outcome(None, (_unreadable(name, trouble),))
    except ValueError:  # a NUL in the path
        return Outcome(None, (_finding(name, "there can be no such path", "check the path"),))
    if content is None:
        return Outcome(None, (_finding(name, "the file changed into something else", "try again"),))
    if len(content) > MAX_BYTES:
        return Outcome(None, (too_large(name),))
    return Outcome(content)


def _read(path: Path) -> bytes | None:
    """The content, or None where no regular file stands any more; one byte more than allowed."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        chunks, left = [], MAX_BYTES + 1
        while left > 0 and (chunk := file.read(min(left, _CHUNK))):
            chunks.append(chunk)
            left -= len(chunk)
        return b"".join(chunks)


def _not_a_file(name: str, mode: int) -> Diagnostic:
    if stat.S_ISDIR(mode):
        return _finding(name, "this is a directory, not a file", "name the files in it")
    kinds = ((stat.S_ISFIFO, "pipe"), (stat.S_ISSOCK, "socket"))
    what = next((word for is_kind, word in kinds if is_kind(mode)), "device")
    return _finding(name, f"this is a {what}, not a file", "save its content to a file")


def _unreadable(name: str, trouble: OSError) -> Diagnostic:
    reason = (trouble.strerror or str(trouble)).lower()
    message, remedy = _REASONS.get(
        type(trouble), (f"the file cannot be read: {reason}", "check the path and the disk")
    )
    return _finding(name, message, remedy)


def _finding(name: str, message: str, remedy: str) -> Diagnostic:
    return error(Code.UNREADABLE, message, Label(Span(name, 1, 1, 1, 1)), help=remedy)
