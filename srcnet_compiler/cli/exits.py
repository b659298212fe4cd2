"""Exit codes, and trouble that ends a command with one of them."""

from enum import IntEnum


class Exit(IntEnum):
    """Every number that `srcnet` ends with."""

    FINE = 0
    FINDINGS = 1
    CHANGES = 2
    REFUSED = 3
    NOT_CONVERGED = 4
    STALE = 5
    WAITING = 6
    USAGE = 64
    UNREACHABLE = 69
    INTERNAL = 70
    FILES = 74
    CREDENTIALS = 77
    INTERRUPTED = 130


MEANINGS = {
    Exit.FINE: "fine",
    Exit.FINDINGS: "findings, or something failed",
    Exit.CHANGES: "there are changes; only with --detailed-exitcode",
    Exit.REFUSED: "refused by a guard, for want of a signature, or by the person who was asked",
    Exit.NOT_CONVERGED: "not converged, or drift",
    Exit.STALE: "stale plan, or somebody else is applying",
    Exit.WAITING: "waiting for facts; run again later",
    Exit.USAGE: "the command was not understood",
    Exit.UNREACHABLE: "a system is unreachable or answers nonsense",
    Exit.INTERNAL: "a fault of srcnet itself",
    Exit.FILES: "files cannot be read or written",
    Exit.CREDENTIALS: "credentials or rights were refused",
    Exit.INTERRUPTED: "interrupted",
}


class StopError(Exception):
    """A command ends here: what to say, what to type, and the exit code."""

    def __init__(self, code: Exit, message: str, remedy: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy
