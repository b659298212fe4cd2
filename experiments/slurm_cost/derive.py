"""From what was seen to what a change costs; nothing here knows which change it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import shorten
from typing import Any

from srcnet_compiler.targets.slurm.model.trial import Outcome, Source, Trial

Raw = dict[str, Any]
MENDED = "mended"
OURS, OTHERS = "ours", "of others"
LOST = re.compile(r"^PENDING (Invalid|JobHeld|Reservation)")
"""A job that stays in the queue and will not run, for what it asks is not there any more."""
ORDINARY = {"", "None", "Resources", "Priority", "ReqNodeNotAvail", "Reservation"}
"""Reasons of jobs for which nothing is wrong."""

_COST = {
    "change": Outcome.NOTHING,
    "reconfigure": Outcome.RECONFIGURE,
    "restart": Outcome.RESTART,
}


def trial(raw: Raw, version: str) -> Trial:
    """What one recorded change was found to cost."""
    at = next((step for step in _steps(raw) if _has_acted(raw, step)), None)
    return Trial(
        case=raw["case"],
        version=version,
        change=raw["change"],
        kind=raw["kind"],
        outcome=_outcome(raw, at),
        source=Source(raw.get("source", Source.EXPERIMENT.value)),
        lasts=_lasts(raw, at),
        refused=_refused(raw),
        exits=any(_ended(step) for step in _named(raw, "reconfigure")),
        starts=_starts(raw),
        locks_out=any(_locks_out(step) for step in _steps(raw)),
        others_go_on=_others_go_on(raw),
        ours=tuple(_ours(raw)),
        told=_told(raw),
        milliseconds=_milliseconds(at),
    )


def acts(raw: Raw, seen: Raw) -> bool:
    """Whether the change acts, by the answer of its probe."""
    answer = seen["probe"]
    shown = any(re.search(raw["shows"], line) for line in answer["said"])
    return not shown and answer["exit"] == 0 if raw["gone"] else shown


def is_harmed(before: str, after: str) -> bool:
    """Whether a job is worse off: states and reasons, such as `PENDING Resources`."""
    was, now = before.split()[0], after.split()[0]
    if was == "PENDING":
        lost = after != before and LOST.match(after) is not None
        return lost or now not in ("PENDING", "RUNNING")
    return now != was


def _outcome(raw: Raw, at: Raw | None) -> Outcome:
    used = any(label.startswith(OURS) for label in raw["before"]["jobs"])
    if at is None:
        return Outcome.DRAIN if used and _refused(raw) else Outcome.NEVER
    return Outcome.DRAIN if any(_harmed(raw, at, "")) else _COST[at["step"]]


def _lasts(raw: Raw, at: Raw | None) -> bool | None:
    """Of one that is refused or never acts nobody can say."""
    later = raw["steps"][raw["steps"].index(at) + 1 :] if at is not None else []
    return all(_has_acted(raw, step) for step in later if not _ended(step)) if later else None


def _refused(raw: Raw) -> str:
    """What a command that failed called an error, where the change is made by a command."""
    for step in _named(raw, "change"):
        for done in step["did"]:
            if done.get("exit"):
                errors = [line for line in done["said"] if line.strip().startswith("Error")]
                return str((errors or done["said"])[0]).strip()
    return ""


def _told(raw: Raw) -> str:
    """The last word of a slurmctld that ended at the reconfigure."""
    for step in _named(raw, "reconfigure"):
        for line in step["then"]["log"]:
            if _ended(step) and "fatal: " in line:
                return shorten(str(line).rpartition("fatal: ")[2], 80, placeholder=" …")
    return ""


def _starts(raw: Raw) -> bool | None:
    starts = [
        bool(done["starts"])
        for step in _named(raw, "restart")
        for done in step["did"]
        if "starts" in done
    ]
    return all(starts) if starts else None


def _locks_out(step: Raw) -> bool:
    """A user's command fails by its configuration: slurmctld is there, and it is not asked."""
    return not _ended(step) and bool(step["then"]["a user's squeue"]["exit"])


def _others_go_on(raw: Raw) -> bool | None:
    if not any(label.startswith(OTHERS) for label in raw["before"]["jobs"]):
        return None
    return not any(harmed for step in raw["steps"] for harmed in _harmed(raw, step, OTHERS))


def _harmed(raw: Raw, step: Raw, whose: str) -> Iterator[str]:
    """The jobs that are worse off than before, of those for whom slurmctld answered."""
    before = raw["before"]["jobs"]
    for label, state in step["then"]["jobs"].items():
        known = label in before and state != "not answered"
        if label.startswith(whose) and known and is_harmed(before[label], state):
            yield label


def _ours(raw: Raw) -> Iterator[tuple[str, str]]:
    """How our jobs are when all is over; why they wait only where that is not just their turn."""
    for label, state in raw["steps"][-1]["then"]["jobs"].items():
        if label.startswith(OURS):
            word, _, reason = state.partition(",")[0].strip().partition(" ")
            yield label, word if reason in ORDINARY else f"{word} {reason}"


def _milliseconds(at: Raw | None) -> int | None:
    took = [done["milliseconds"] for done in at["did"] if "milliseconds" in done] if at else []
    return sum(took) if took else None


def _steps(raw: Raw) -> list[Raw]:
    """Those with the change in place."""
    return [step for step in raw["steps"] if step["step"] != MENDED]


def _named(raw: Raw, name: str) -> list[Raw]:
    return [step for step in raw["steps"] if step["step"] == name]


def _has_acted(raw: Raw, step: Raw) -> bool:
    return not _ended(step) and acts(raw, step["then"])


def _ended(step: Raw) -> bool:
    return bool(step["then"]["slurmctld"] == "ended")
