"""What Slurm itself objects to in a candidate configuration."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Objection:
    """`line` is the line of the fragment it is about, from 1; None: of no one line.

    `level` is 1 for the parser, 2 for the daemon. `fatal`: slurmctld would not go on.
    """

    level: int
    text: str
    line: int | None = None
    fatal: bool = False
