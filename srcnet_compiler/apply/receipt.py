"""What an apply did, change by change, and what that means for whoever called."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from srcnet_compiler.change import Change, Json, SystemName

FORMAT_VERSION = 2
"""Rises when a reader of the former version would misunderstand; new keys may come without."""


class Status(Enum):
    """DONE acted, ALREADY found nothing to do. All others touched nothing, except that FAILED may
    have: reading again decides. In a rehearsal DONE means that it would act."""

    DONE = "done"
    ALREADY = "already"
    FAILED = "failed"
    CONFLICT = "conflict"
    WAITING = "waiting"
    LEFT = "left"


class Cause(Enum):
    """Why a change failed: the system is not reached, it refuses our rights, or anything else."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one change. `seconds` is the time from intent to result; `since` the moment
    when a waiting change was first found waiting (ISO 8601, UTC)."""

    change: Change
    status: Status
    text: str = ""
    cause: Cause | None = None
    seconds: float = 0.0
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose signature a plan has: the name by which its key is trusted, and the key's id."""

    name: str
    key_id: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """One run over one plan; `results` has every change of the plan, in the plan's order.

    `trouble` is what went wrong outside single changes. `earlier` are changes that an earlier run
    of the same plan had finished.
    """

    plan: str
    run: str
    systems: tuple[SystemName, ...]
    started: str
    ended: str
    results: tuple[Result, ...]
    earlier: tuple[Change, ...] = ()
    trouble: tuple[str, ...] = ()
    interrupted: bool = False
    rehearsal: bool = False
    signers: tuple[Signer, ...] = ()

    def of(self, status: Status) -> tuple[Result, ...]:
        """The results with this status, in the plan's order."""
        return tuple(result for result in self.results if result.status is status)


def exit_code(receipt: Receipt) -> int:
    """The number with which the command ends; the gravest reason wins."""
    causes = {result.cause for result in receipt.of(Status.FAILED)}
    statuses = {result.status for result in receipt.results}
    reasons = (
        (130, receipt.interrupted),
        (77, Cause.REFUSED in causes),
        (69, Cause.UNREACHABLE in causes),
        (1, Status.FAILED in statuses or bool(receipt.trouble)),
        (5, Status.CONFLICT in statuses),
        (6, Status.WAITING in statuses),
        (1, Status.LEFT in statuses),
    )
    return next((code for code, holds in reasons if holds), 0)


def as_json(receipt: Receipt) -> str:
    """The receipt as a document that machines read; times in ISO 8601, durations in seconds."""
    counts = Counter(result.status for result in receipt.results)
    document: dict[str, Json] = {
        "formatVersion": FORMAT_VERSION,
        "plan": receipt.plan,
        "run": receipt.run,
        "systems": [str(system) for system in receipt.systems],
        "started": receipt.started,
        "ended": receipt.ended,
        "rehearsal": receipt.rehearsal,
        "interrupted": receipt.interrupted,
        "exitCode": exit_code(receipt),
        "counts": {status.value: counts[status] for status in Status},
        "trouble": list(receipt.trouble),
        "signers": [{"name": each.name, "keyId": each.key_id} for each in receipt.signers],
        "earlier": [change.id for change in receipt.earlier],
        "results": list(_results(receipt.results)),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _results(results: Iterable[Result]) -> Iterable[Json]:
    for result in results:
        change = result.change
        yield {
            "id": change.id,
            "address": str(change.address),
            "action": change.action.value,
            "status": result.status.value,
            **({} if not result.text else {"text": result.text}),
            **({} if result.cause is None else {"cause": result.cause.value}),
            **({} if result.since is None else {"since": result.since}),
            "seconds": round(result.seconds, 3),
        }
