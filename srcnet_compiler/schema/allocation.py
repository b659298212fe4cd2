"""The shape of an Allocation: which projects may use how much compute, where and when."""

from typing import Annotated, Literal

from pydantic import Field

from srcnet_compiler.schema.common import (
    Agreed,
    Date,
    Document,
    DurationText,
    GroupPath,
    LowerName,
    Name,
    PercentText,
    Spec,
    such_as,
)
from srcnet_compiler.schema.resources import Resources


class AllocationPeriod(Spec):
    """The days for which an allocation is given."""

    from_: Annotated[Date, Field(alias="from")]
    """The first day."""
    until: Date
    """The last day."""


class Hours(Spec):
    """Use that adds up over a period. What is left out is not limited."""

    cores: Annotated[DurationText, such_as("500000 h")] | None = None
    """Time of one core."""
    gpus: Annotated[DurationText, such_as("20000 h")] | None = None
    """Time of one GPU."""


class Project(Agreed):
    """A project and what it may use on each cluster of the allocation's sites."""

    name: Annotated[LowerName, such_as("hi-survey")]
    """Its name, which is that of its account behind the federation's prefix."""
    description: str | None = None
    """One sentence for people."""
    groups: Annotated[list[GroupPath], Field(min_length=1)]
    """The groups of the identity provider whose members work for it; people never stand here."""
    share: PercentText | None = None
    """Its part of what the federation has on a cluster, for who comes first when it is full."""
    hours: Hours | None = None
    """How much it may use in the whole period."""
    limits: Resources | None = None
    """How much it may have at a time."""
    queues: Annotated[list[LowerName], Field(min_length=1)] | None = None
    """The queue classes that it may use; all where this is left out."""


class AllocationSpec(Agreed):
    """What is given to whom, for a time."""

    period: AllocationPeriod
    """For how long."""
    sites: Annotated[list[Annotated[Name, such_as("CHSRC-CSCS")]], Field(min_length=1)] | None = (
        None
    )
    """The sites that it holds at; all that have a cluster where this is left out."""
    clusters: Annotated[list[Annotated[Name, such_as("alps")]], Field(min_length=1)] | None = None
    """Which of the clusters of these sites, by their names in the sites' `compute`; else all."""
    projects: Annotated[list[Project], Field(min_length=1)]
    """Who gets something."""


class Allocation(Document):
    """Projects, their groups, and their shares, hours and limits for a period."""

    kind: Literal["Allocation"]
    """`Allocation`."""
    spec: AllocationSpec
    """What is given to whom, for a time."""
