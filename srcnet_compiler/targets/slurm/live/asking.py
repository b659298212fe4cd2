"""Asking a cluster: its answer, or why there is none."""

import re
from collections.abc import Sequence

from srcnet_compiler.targets.protocol import RefusedError, UnreachableError
from srcnet_compiler.targets.slurm.live.runner import Ran, Runner
from srcnet_compiler.targets.slurm.model import SlurmModel

_DOWN = re.compile(
    r"unable to contact|connection refused|failed to open persistent|problem talking to the"
    r"|unable to process configuration|could not establish|no answer in|connection timed out"
    r"|no route to host|communication connection failure",
    re.IGNORECASE,
)
_REFUSES = re.compile(
    r"access/permission denied|permission denied|invalid user|privileges", re.IGNORECASE
)


def must(runner: Runner, desired: SlurmModel, argv: Sequence[str]) -> Ran:
    """The answer of a command that only asks. Raises UnreachableError, RefusedError."""
    ran = runner.run(argv)
    if ran.code == 0 and not (_DOWN.search(ran.err) and not ran.out.strip()):
        return ran
    raise _obstacle(desired, argv, ran) or UnreachableError(_no_answer(desired, argv, ran))


def attempt(runner: Runner, desired: SlurmModel, argv: Sequence[str]) -> str:
    """Have a command change something; gives what it complains of, which proves nothing: what is
    there afterwards does. Raises UnreachableError, RefusedError."""
    ran = runner.run(argv)
    obstacle = _obstacle(desired, argv, ran)
    if obstacle is not None and (ran.code or isinstance(obstacle, UnreachableError)):
        raise obstacle
    lines = [line.strip() for line in f"{ran.err}\n{ran.out}".splitlines() if line.strip()]
    errors = lines if ran.code else [line for line in lines if "error:" in line]
    return " ".join(errors)[:500]


def _obstacle(
    desired: SlurmModel, argv: Sequence[str], ran: Ran
) -> UnreachableError | RefusedError | None:
    said = f"{ran.err}\n{ran.out if ran.code else ''}"
    if _DOWN.search(said):
        return UnreachableError(_no_answer(desired, argv, ran))
    if _REFUSES.search(said):
        return RefusedError(
            f"cluster `{desired.cluster}` refuses `{_command(argv)}`: {telling_line(ran)}"
        )
    return None


def _no_answer(desired: SlurmModel, argv: Sequence[str], ran: Ran) -> str:
    return f"cluster `{desired.cluster}` does not answer `{_command(argv)}`: {telling_line(ran)}"


def _command(argv: Sequence[str]) -> str:
    words = [word for word in argv if "=" not in word and not word.startswith("-")]
    return " ".join(words[words[0] == "env" :][:3])


def telling_line(ran: Ran) -> str:
    """The line of an answer that says most: the last of the errors, as the others lead to it."""
    lines = [line.strip() for line in (ran.err or ran.out).splitlines() if line.strip()]
    return (lines[-1] if lines else f"it ends with {ran.code} and says nothing")[:300]
