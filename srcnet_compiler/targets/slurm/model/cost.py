"""What a kind of change costs a running cluster, by Slurm's version: measured, not thought.

The trials are in `measured`, which an experiment has made (`experiments/slurm_cost`). A kind costs
what the worst of its trials cost. Where a trial was not made at a version, the worse of what its
neighbours say holds, of the versions at which it was.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from srcnet_compiler.change import Impact
from srcnet_compiler.targets.slurm.model.measured import TRIALS
from srcnet_compiler.targets.slurm.model.trial import Outcome, Trial

Version: TypeAlias = tuple[int, int]
"""Year and month, as Slurm counts: ``(22, 5)``."""

JSON_SINCE: Version = (23, 11)
"""From here on sacctmgr and scontrol answer in JSON."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What happens to the daemon, in words, and where that is known from."""

    impact: Impact
    daemon: str
    evidence: str


KINDS = tuple(dict.fromkeys(trial.kind for trial in TRIALS if trial.kind))

_IMPACT = {
    Outcome.NOTHING: Impact.ADDITIVE,
    Outcome.RECONFIGURE: Impact.RECONFIGURE,
    Outcome.RESTART: Impact.RESTART,
    Outcome.DRAIN: Impact.DRAINS_JOBS,
}
_FOR_PEOPLE = "accounting-text"
_DELAYS = "reservation-delays"
_FAILED, _NO_QOS = "NODE_FAIL", "InvalidQOS"


@cache
def cost(kind: str, version: Version) -> Cost:
    """The cost of a kind of change at this version of Slurm."""
    trials = trials_for(kind, version)
    outcome = _worst(trials)
    harmless = kind == _FOR_PEOPLE and outcome is Outcome.NOTHING
    return Cost(
        Impact.COSMETIC if harmless else _IMPACT[outcome],
        "; ".join(_words(kind, outcome, trials)),
        "; ".join(_evidence(trials)),
    )


def trials_for(kind: str, version: Version) -> tuple[Trial, ...]:
    """Of each case of the kind the trial that counts at this version."""
    cases = dict.fromkeys(trial.case for trial in TRIALS if trial.kind == kind)
    return tuple(_nearest(case, version) for case in cases)


def _nearest(case: str, version: Version) -> Trial:
    trials = sorted((each for each in TRIALS if each.case == case), key=_version)
    older = [each for each in trials if _version(each) <= version][-1:]
    if older and _version(older[0]) == version:
        return older[0]
    newer = [each for each in trials if _version(each) > version][:1]
    return max((*older, *newer), key=lambda each: _rank(each.outcome))


def _version(trial: Trial) -> Version:
    year, month, *_ = trial.version.split(".")
    return int(year), int(month)


def _worst(trials: Iterable[Trial]) -> Outcome:
    return max((trial.outcome for trial in trials), key=_rank)


def _rank(outcome: Outcome) -> int:
    return list(Outcome).index(outcome)


# ── in words ──────────────────────────────────────────────────────────────────────────────────


def _words(kind: str, outcome: Outcome, trials: tuple[Trial, ...]) -> Iterator[str]:
    """No sentence that the trials do not carry."""
    if outcome is Outcome.DRAIN:
        spared = _worst(trial for trial in trials if trial.outcome is not Outcome.DRAIN)
        yield from _drained(_step(kind, spared, trials), trials)
        return
    yield _step(kind, outcome, trials)
    if outcome is not Outcome.NOTHING and all(trial.others_go_on for trial in trials):
        yield "running jobs go on"
    if any(trial.case == _DELAYS for trial in trials):
        yield "long jobs of others may start later on its nodes"


def _step(kind: str, outcome: Outcome, trials: Iterable[Trial]) -> str:
    if outcome is Outcome.RECONFIGURE:
        return "`scontrol reconfigure`"
    if outcome is Outcome.RESTART:
        exits = any(trial.exits for trial in trials)
        return "slurmctld must be restarted" + (": at a reconfigure it would exit" if exits else "")
    if kind.startswith("accounting"):
        return "no daemon is touched: slurmctld hears of it from the database"
    return "no daemon is restarted"


def _drained(step: str, trials: tuple[Trial, ...]) -> Iterator[str]:
    """Where it is refused while jobs use it, and where it is not, and they are lost."""
    drained = [trial for trial in trials if trial.outcome is Outcome.DRAIN]
    lost = [job for trial in drained if not trial.refused for job in trial.ours]
    failed = [label for label, state in lost if state.startswith(_FAILED)]
    if failed:
        pending = ", even a pending one," if any("pending" in label for label in failed) else ""
        yield f"drain, wait for its last job, then {step}"
        yield f"a job left in it{pending} would end as {_FAILED}"
    else:
        yield step
    if any(trial.refused for trial in drained):
        yield "refused while a job uses it"
    if any(state.endswith(_NO_QOS) for _, state in lost):
        yield f"but a QOS is not, and its pending jobs would stay as {_NO_QOS}"


def _evidence(trials: Iterable[Trial]) -> Iterator[str]:
    """The trials that are meant, by version."""
    cases: dict[str, list[str]] = {}
    for trial in trials:
        cases.setdefault(trial.version, []).append(trial.case)
    yield from (f"{version}: {', '.join(names)}" for version, names in sorted(cases.items()))
