"""The page for people, docs/reference/slurm-changes.md: what was seen, and what plans say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from srcnet_compiler.targets.slurm.model.cost import KINDS, cost
from srcnet_compiler.targets.slurm.model.measured import TRIALS
from srcnet_compiler.targets.slurm.model.trial import Outcome, Source, Trial

Table: TypeAlias = Callable[[tuple[str, ...], Iterable[tuple[str, ...]]], Iterator[str]]

BEFORE_CHANGES = """\
# What a change of a Slurm cluster costs

For whoever changes a cluster that others use too: whether slurmctld must be told, or restarted,
and how jobs are afterwards. Every line is from a real cluster, with a running and a waiting job of
somebody else. The change was made, then a reconfigure, then a restart of slurmctld; what it needs
is the first of these after which it was seen to act.

22.05.8 is tried by an experiment that is kept. `make slurm-cost` (as root, on Debian 12 with its
Slurm) makes it again, writes
[its recording](../../tests/recordings/slurm/22.05/cost.json), and from it the table that plans and
this page use. 24.11.5 is not tried again: its lines are from what
[earlier sessions](../../tests/recordings/slurm/README.md) on Debian 13 left behind."""

BEFORE_KINDS_OF_CHANGE = """\
## What plans say

A kind of change costs what the worst of its cases costs. A case that was not tried at 24.11.5
counts as at 22.05.8; a version between the two has the worse of both."""

BEFORE_CASES = """\
## What was seen

*drain* says that jobs that use it must go first: the command is refused while they are there, or
they are lost. Jobs of others *go on* when the running one ran throughout, and the waiting one
waits, or runs. The milliseconds are those of one step on one machine that had little to do; of a
restart, until all nodes had answered."""

NEEDS = {
    Outcome.NOTHING: "nothing",
    Outcome.RECONFIGURE: "reconfigure",
    Outcome.RESTART: "restart",
    Outcome.DRAIN: "drain",
    Outcome.NEVER: "not seen to act",
}
KNOWN_FROM = {
    Source.EXPERIMENT: "the experiment",
    Source.TRANSCRIPT: "a transcript",
    Source.RECORDING: "recorded answers",
    Source.NOTES: "notes alone",
}
OTHERS = {True: "go on", False: "**harmed**", None: "not looked at"}
VERSIONS = tuple(sorted({trial.version for trial in TRIALS}))


def lines(table: Table) -> Iterator[str]:
    """The page; `table` makes one of a head and rows."""
    yield from (BEFORE_CHANGES, "", BEFORE_KINDS_OF_CHANGE, "")
    yield from table(("kind", *VERSIONS), map(_kind_of_change, KINDS))
    yield from ("", BEFORE_CASES, "")
    cases = dict.fromkeys(trial.case for trial in TRIALS)
    head = ("change", *VERSIONS, "jobs that use it", "jobs of others", "known from")
    yield from table(head, map(_case, cases))


def _kind_of_change(kind: str) -> tuple[str, ...]:
    found = (cost(kind, _year_and_month(version)) for version in VERSIONS)
    return f"`{kind}`", *(f"**{each.impact.value}**: {each.daemon}" for each in found)


def _year_and_month(version: str) -> tuple[int, int]:
    year, month, *_ = version.split(".")
    return int(year), int(month)


def _case(case: str) -> tuple[str, ...]:
    trials = {trial.version: trial for trial in TRIALS if trial.case == case}
    found = [trials.get(version) for version in VERSIONS]
    known = [each for each in found if each is not None]
    return (
        f"{known[0].change} (`{case}`)",
        *("not tried" if each is None else _needs(each) for each in found),
        _by_version(known, _jobs_inside),
        _by_version(known, lambda each: OTHERS[each.others_go_on]),
        _by_version(known, lambda each: KNOWN_FROM[each.source]),
    )


def _needs(trial: Trial) -> str:
    took = f", {trial.milliseconds} ms" if trial.milliseconds is not None else ""
    told = f": `{trial.told}`" if trial.told else ""
    facts = (
        (trial.refused, f"refused: `{trial.refused}`"),
        (trial.locks_out, "every user's commands fail"),
        (trial.exits, f"slurmctld **exits** at a reconfigure{told}"),
        (trial.starts is False, "slurmctld does not start with it"),
        (trial.lasts is False, "**lost** at the next reconfigure"),
    )
    said = "".join(f"; {words}" for holds, words in facts if holds)
    return f"{NEEDS[trial.outcome]}{took}{said}"


def _jobs_inside(trial: Trial) -> str:
    return ", ".join(f"{label.partition(', ')[2]}: {state}" for label, state in trial.ours)


def _by_version(trials: list[Trial], words: Callable[[Trial], str]) -> str:
    """Once where all versions say the same; else each with its version."""
    said = {trial.version: words(trial) for trial in trials}
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return "; ".join(f"{version}: {text}" for version, text in said.items() if text)
