"""How surely everything that we start ends when we end.

The kernel gives the signal when the *thread* that started the process ends: keep it alive.
"""

import subprocess
from enum import Enum
from functools import cache
from pathlib import Path

WRAPPER = Path(__file__).parent / "bin" / "ansible-playbook"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Fence(Enum):
    """NAMESPACE: with us dies all that Ansible has started. LEASH: Ansible dies, its module may
    finish the one change that it has begun. NONE: both may, and the gate lets no other begin."""

    NAMESPACE = "namespace"
    USER_NAMESPACE = "user-namespace"
    LEASH = "leash"
    NONE = "none"


@cache
def best_fence() -> Fence:
    """The strongest fence that this machine allows, found by trying."""
    order = (Fence.NAMESPACE, Fence.USER_NAMESPACE, Fence.LEASH)
    return next((fence for fence in order if _works(fence)), Fence.NONE)


def fenced(fence: Fence, command: list[str]) -> list[str]:
    """The command line that runs `command` behind the fence."""
    return ["/bin/sh", str(WRAPPER), fence.value, "--", *command]


def remark(fence: Fence) -> str | None:
    """What to tell the user; None when there is nothing to say."""
    if fence in (Fence.NAMESPACE, Fence.USER_NAMESPACE):
        return None
    return (
        "this machine allows no process namespace: if srcnet is killed, the change in flight may "
        "still be finished by what it started; none after it begins"
    )


def _works(fence: Fence) -> bool:
    try:
        tried = subprocess.run(
            fenced(fence, ["true"]),
            env={"PATH": SYSTEM_PATH},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0
