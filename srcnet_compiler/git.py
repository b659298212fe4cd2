"""The git program: nothing around us leads it to another repository, and it never asks."""

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

PATIENCE_SECONDS = 120.0
"""How long it may take, a remote's answer included."""
_MISLEADING = frozenset(
    {
        *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_NAMESPACE"),
        *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_SHALLOW_FILE"),
        *("GIT_PREFIX", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_QUARANTINE_PATH"),
        *("GIT_TRACE", "GIT_TRACE_CURL", "GIT_CURL_VERBOSE", "SSH_ASKPASS"),
    }
)
"""What a hook or a session of the user has in its environment and we must not follow."""

Done: TypeAlias = "subprocess.CompletedProcess[bytes]"


class GitError(Exception):
    """It is not there, or does not end. The text is for the user."""


def run(
    words: Sequence[str],
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdin: bytes = b"",
) -> Done:
    """What git answers, in a folder, in a session of its own: it finds no terminal to ask on, and
    an interrupt is ours to hear, not its. Raises GitError."""
    try:
        process = subprocess.Popen(
            ["git", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=clean() if environment is None else environment,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise GitError("there is no `git` on this machine") from None
    try:
        out, err = process.communicate(stdin, PATIENCE_SECONDS)
    except BaseException as trouble:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(trouble, subprocess.TimeoutExpired):
            raise GitError(f"git has not ended in {PATIENCE_SECONDS:.0f} s") from None
        raise
    return subprocess.CompletedProcess(["git"], process.returncode, out, err)


def clean() -> dict[str, str]:
    """The environment without what would lead git to another repository, or is ours alone."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _MISLEADING and not name.startswith("SRCNET_")
    }
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def reason(done: Done) -> str:
    """What git, or the other end, gave as the reason."""
    said = (done.stdout + b"\n" + done.stderr).decode("utf-8", "replace").splitlines()
    lines = [without_secrets(line.strip()) for line in said if line.strip()]
    told = [line for line in lines if re.search(r"fatal:|error:|rejected|remote:", line)] or lines
    words = [re.sub(r"^(fatal|error|remote): *|^!\t\S+\t", "", line) for line in told]
    return "; ".join(dict.fromkeys(word for word in words if word)) or "git gives no reason"


def without_secrets(text: str) -> str:
    """A text in which addresses carry neither user nor password."""
    return re.sub(r"://[^/\s]+@", "://", text)
