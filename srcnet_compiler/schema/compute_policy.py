"""The shape of a ComputePolicy: queue classes, scratch, and what every job must say of itself."""

from typing import Annotated, Literal

from pydantic import Field

from srcnet_compiler.schema.common import (
    Agreed,
    BytesText,
    Count,
    Document,
    DurationText,
    LowerName,
    Spec,
    such_as,
    text,
)
from srcnet_compiler.schema.resources import Resources

StartText = Annotated[
    str,
    text(
        r"^within [0-9]+ ?(s|min|h|d)$",
        "`within` and a length of time in s, min, h or d",
        "within 5 min",
    ),
]
CleanupText = Annotated[
    str,
    text(
        r"^(at job end|after [0-9]+ ?(h|d))$",
        "`at job end`, or `after` and a length of time in h or d",
        "at job end",
    ),
]


class PerUser(Resources):
    """What one user may have at a time, over all jobs. What is left out is not limited."""

    jobs: Annotated[Count, such_as(10)] | None = None
    """Jobs that run."""


class Queue(Agreed):
    """A class of jobs that are treated alike wherever they run."""

    description: str | None = None
    """One sentence for people."""
    walltime: Annotated[DurationText, such_as("48 h")]
    """How long a job may run at most."""
    priority: Literal["low", "normal", "high"] = "normal"
    """Which of the federation's jobs come first."""
    perUser: PerUser | None = None
    """What one user may have at a time; nothing is limited where this is left out."""
    preemptible: bool = False
    """Whether a job may be stopped and queued again for one that comes before it."""
    start: StartText | None = None
    """How soon a job should begin. Without it a job waits for its turn."""
    during: Literal["always", "windows"] = "always"
    """When jobs may run: at any time, or in the windows that sites give to this queue."""
    sharing: Literal["shared", "exclusive"] = "shared"
    """Whether a job shares its nodes with others, or has them alone."""


class JobScratch(Spec):
    """The space local to its node that a job gets for the time it runs."""

    perJob: Literal["required", "optional", "none"]
    """Whether jobs get scratch: always, when they ask for it, or never."""
    amount: Annotated[BytesText, such_as("100 GB")] | None = None
    """How much a job gets that does not ask for an amount."""
    cleanup: CleanupText = "at job end"
    """When it is emptied."""


class JobIdentity(Spec):
    """What ties a job to a person, a purpose and a binary."""

    everyJobCarries: Annotated[
        list[Literal["federated identity", "project", "image digest"]], Field(min_length=1)
    ]
    """What a job must say of itself; one that does not is refused when it is submitted."""


class ComputePolicySpec(Agreed):
    """How jobs of the federation run. What a site gives them, it says itself."""

    prefix: Annotated[
        str,
        text(
            r"^[a-z][a-z0-9]{1,9}$",
            "a prefix of 2 to 10 lower-case letters and digits, a letter first",
            "ska",
        ),
    ]
    """What the names of all that belongs to the federation begin with on shared systems."""
    queues: dict[LowerName, Queue]
    """The queue classes."""
    scratch: JobScratch | None = None
    """The space that a job gets on its node."""
    identity: JobIdentity | None = None
    """What every job must say of itself."""


class ComputePolicy(Document):
    """Queue classes and their limits, scratch, and the identity that every job must carry."""

    kind: Literal["ComputePolicy"]
    """`ComputePolicy`."""
    spec: ComputePolicySpec
    """How jobs of the federation run."""
