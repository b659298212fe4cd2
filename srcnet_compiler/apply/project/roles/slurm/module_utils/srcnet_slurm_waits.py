"""Whether the facts hold that a change waits for. Each answer says in words why not yet."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from ansible.module_utils.srcnet_gate import Wire

if TYPE_CHECKING:
    from srcnet_compiler.targets.protocol import Reading
    from srcnet_compiler.targets.slurm.live import Controller
    from srcnet_compiler.targets.slurm.model import SlurmModel

KINDS = ("account", "association", "qos", "reservation", "partition")
IDLE = "-idle"

Look = Callable[..., "Reading[SlurmModel]"]
"""Reads the kinds that it is given."""


def unmet(look: Look, wait: Wire) -> str | None:
    """Why the wait goes on; None when its fact holds. What cannot be checked does not hold."""
    kind = wait["kind"].removesuffix(IDLE)
    if kind == wait["kind"] or kind not in KINDS:
        return f"{wait['text']} (`{wait['kind']}` cannot be checked)"
    try:
        subject = json.loads(wait["subject"])
        parts = ("account", "user", "partition") if kind == "association" else (kind,)
        if not subject.keys() <= {*parts} or not subject[parts[0]]:
            raise KeyError(parts[0])
        name = "/".join(subject[part] for part in parts if part in subject)
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{wait['text']} (it does not say what to check)"
    return used(look, kind, name)


def in_use(controller: Controller, kind: str, name: str) -> str | None:
    """Which jobs use an object now."""
    from srcnet_compiler.targets.slurm.live import look

    bounds, version = controller.bounds, controller.version
    return used(lambda *kinds: look(controller.runner, bounds, version, *kinds), kind, name)


def used(look: Look, kind: str, name: str) -> str | None:
    """Which jobs use an object; None when none does. A pending one counts: it would be lost."""
    from srcnet_compiler.targets.slurm.diff import touched

    kinds = ("job", "account") if kind in ("account", "association") else ("job",)
    reading = look(*kinds)
    if reading.gaps:
        return f"the jobs of {kind} {name} cannot be counted: {reading.gaps[0].reason}"
    jobs = touched(reading.model, kind, name)
    if not jobs:
        return None
    running = sum(job.running for job in jobs)
    return f"{kind} {name} has {running} running and {len(jobs) - running} pending jobs"
