"""Standard output and error that fit every reader: one that has left, one that reads only ASCII.

What a command does and how it ends does not depend on who reads along: `srcnet apply | head -1`
carries out everything, and its exit code is the truth.
"""

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from typing_extensions import Buffer


def outlive_readers() -> None:
    """Put such streams in the place of Python's own. None where the process was given none."""
    sys.stdout = _outliving(sys.stdout, is_result=True)
    sys.stderr = _outliving(sys.stderr, is_result=False)


def _outliving(stream: TextIO | None, *, is_result: bool) -> TextIO:
    if stream is None:
        return io.StringIO()
    raw = _Outliving(stream.fileno(), "w", closefd=False)
    raw.is_result = is_result
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=True,
    )


class _Outliving(io.FileIO):
    """A file that leads to nowhere once nobody reads it, or it takes no more.

    That a result does not fit is raised, once; where nothing can be said, nothing is.
    """

    is_result = True

    def write(self, data: "Buffer", /) -> int:
        try:
            return super().write(data)
        except OSError as trouble:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            if self.is_result and not isinstance(trouble, BrokenPipeError):
                raise
            return memoryview(data).nbytes
