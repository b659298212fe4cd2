"""One change that was tried on a real Slurm, and what came of it."""

from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """What a change needs until it acts, mildest first."""

    NOTHING = "nothing"
    RECONFIGURE = "reconfigure"
    RESTART = "restart"
    DRAIN = "drain"
    """It is refused while jobs use what it changes, or takes them along: they go first."""
    NEVER = "never"
    """It never acted, whatever was done."""


class Source(Enum):
    """Where it is known from."""

    EXPERIMENT = "experiment"
    TRANSCRIPT = "transcript"
    """Of an earlier session, kept as it was."""
    RECORDING = "recording"
    """Of a cluster's answers, after the change was made."""
    NOTES = "notes"
    """Seen earlier; of what was typed and answered nothing was kept."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What was seen of one change, from the change itself through a reconfigure and a restart.

    None says that nobody looked.
    """

    case: str  # its name in the recording
    version: str
    change: str
    kind: str  # of change, as plans have them; empty: plans have no such change
    outcome: Outcome
    source: Source
    lasts: bool | None = None  # it still acts after what came next
    refused: str = ""  # what the command that should have made it said instead
    exits: bool = False  # slurmctld ended at the reconfigure
    told: str = ""  # what it said then
    starts: bool | None = None  # slurmctld starts with it
    locks_out: bool = False  # commands of all users fail while it is there
    others_go_on: bool | None = None  # jobs that have nothing to do with it
    ours: tuple[tuple[str, str], ...] = ()  # jobs that use what is changed: how they are in the end
    milliseconds: int | None = None  # of the step after which it acted
