"""What a kind of change costs a running cluster, by Slurm's version: measured, not thought.

The rows are from real daemons, 22.05.8 and 24.11.5. Where a version was not tried, the worse of its
neighbours holds.
"""

from dataclasses import dataclass
from typing import TypeAlias

from srcnet_compiler.change import Impact

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


_DATABASE = "no daemon is touched: slurmctld hears of it from the database"
_BOTH = "22.05.8 and 24.11.5"

_TABLE: dict[str, tuple[tuple[Version, Cost], ...]] = {
    "accounting": (((0, 0), Cost(Impact.ADDITIVE, _DATABASE, _BOTH)),),
    "accounting-text": (((0, 0), Cost(Impact.COSMETIC, _DATABASE, _BOTH)),),
    "accounting-removal": (
        ((0, 0), Cost(Impact.DRAINS_JOBS, f"{_DATABASE}; refused while a job uses it", "22.05.8")),
    ),
    "reservation": (
        (
            (0, 0),
            Cost(
                Impact.ADDITIVE,
                "no daemon is restarted; long jobs of others may start later on its nodes",
                "22.05.8",
            ),
        ),
    ),
    "reservation-removal": (((0, 0), Cost(Impact.ADDITIVE, "no daemon is restarted", "22.05.8")),),
    "partition": (
        (
            (0, 0),
            Cost(
                Impact.RECONFIGURE,
                "`scontrol reconfigure`, some 12 ms; running jobs go on",
                _BOTH,
            ),
        ),
    ),
    "partition-removal": (
        (
            (0, 0),
            Cost(
                Impact.DRAINS_JOBS,
                "drain, wait for its last job, then `scontrol reconfigure`; a job left in it, even"
                " a pending one, would end as NODE_FAIL",
                _BOTH,
            ),
        ),
    ),
    "node": (
        (
            (0, 0),
            Cost(
                Impact.RESTART,
                "slurmctld must be restarted: at a reconfigure it would exit; jobs go on",
                "22.05.8",
            ),
        ),
        ((24, 11), Cost(Impact.RECONFIGURE, "`scontrol reconfigure`", "24.11.5")),
    ),
    "select-type": (
        ((0, 0), Cost(Impact.RESTART, "slurmctld must be restarted; jobs go on", "22.05.8")),
        ((24, 11), Cost(Impact.RECONFIGURE, "`scontrol reconfigure`", "24.11.5")),
    ),
    "job-submit-plugin": (
        ((0, 0), Cost(Impact.RECONFIGURE, "`scontrol reconfigure`", "22.05.8; 24.11 not tried")),
    ),
    "preempt-type": (
        ((0, 0), Cost(Impact.RECONFIGURE, "`scontrol reconfigure`", "22.05.8; 24.11 not tried")),
    ),
}

KINDS = tuple(_TABLE)


def cost(kind: str, version: Version) -> Cost:
    """The cost of a kind of change at this version of Slurm."""
    return [found for since, found in _TABLE[kind] if since <= version][-1]
