"""The shapes of Downtime, Moved, Retired and Waiver: what happens to things that exist."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from srcnet_compiler import quantity
from srcnet_compiler.schema.common import (
    Date,
    Document,
    ExactlyOne,
    GroupPath,
    Instant,
    LegacyName,
    LowerName,
    Name,
    Reason,
    Spec,
    such_as,
    text,
)


def _only_true(value: bool) -> bool:
    if not value:
        raise PydanticCustomError("only_true", "only true")
    return value


OnlyTrue = Annotated[
    bool, AfterValidator(_only_true), WithJsonSchema({"type": "boolean", "const": True})
]


class Group(Spec):
    """A group of the identity provider that decided."""

    group: GroupPath
    """Its path."""


class DowntimeSpec(Spec):
    """A time in which something is not available."""

    of: Annotated[
        str,
        text(
            r"^([A-Za-z0-9]+([_-][A-Za-z0-9]+)*/)?[A-Za-z0-9]+([_-][A-Za-z0-9]+)*$",
            "a name, or a site and one of its services with `/` between them",
            "CHSRC-CSCS",
        ),
    ]
    """A site, or one of its storage areas, compute or services; a service of one site alone is
    `SITE/SERVICE`, by what it is or what the site calls it."""
    from_: Annotated[Instant, Field(alias="from")]
    """The first moment, in UTC."""
    to: Instant
    """The first moment after it, in UTC."""
    planned: bool = True
    """Whether it was announced."""
    reason: Reason
    """Why, for the people who wait."""


class Downtime(Document):
    """Planned unavailability of something that belongs to a site; emits nothing."""

    kind: Literal["Downtime"]
    """`Downtime`."""
    spec: DowntimeSpec
    """When, what, why."""


class MovedSpec(ExactlyOne):
    """A rename."""

    one_of = ("area", "queue", "project", "site")

    area: Name | None = None
    """The storage area, by its name in the site's file."""
    queue: Annotated[LowerName, such_as("interactive")] | None = None
    """The queue class, by its name in the compute policy; the old one ends after its last job."""
    project: Annotated[LowerName, such_as("hi-survey")] | None = None
    """The project, by its name in its allocation; its old account ends after its last job."""
    site: Name | None = None
    """The site, by its name in its own file; systems go on knowing it by the old one."""
    from_: Annotated[LegacyName, Field(alias="from")]
    """Its name until now: of an area in the data management system, of a site the one that systems
    know, else in the specs."""
    to: LegacyName
    """Its name from now on; of all but an area the one that it has in the specs."""


class Moved(Document):
    """A rename of something that a system knows by another name."""

    kind: Literal["Moved"]
    """`Moved`."""
    spec: MovedSpec
    """From which name to which."""


class RetiredSpec(ExactlyOne):
    """An acknowledged end."""

    one_of = (
        *("area", "policy", "queue", "project", "window", "cluster"),
        *("service", "template"),
    )

    area: Name | None = None
    """The storage area that ends, by its name or the name it has in the system."""
    policy: Name | None = None
    """The data policy that ends: its subscriptions are switched off, its rules stay."""
    queue: Annotated[LowerName, such_as("development")] | None = None
    """The queue class that ends: its jobs are waited for, then clusters have it no more."""
    project: Annotated[LowerName, such_as("hi-survey")] | None = None
    """The project that ends: its jobs are waited for, then nobody can use its account."""
    window: (
        Annotated[
            str,
            text(
                r"^[A-Za-z0-9_-]+/[A-Za-z0-9_-]+/[a-z0-9_-]+$",
                "a site, its compute and the window, with `/` between them",
                "CHSRC-CSCS/alps/visualisation",
            ),
        ]
        | None
    ) = None
    """The window that ends: its nodes are kept no more."""
    cluster: (
        Annotated[
            str,
            text(
                r"^[A-Za-z0-9_-]+/[A-Za-z0-9_-]+$",
                "a site and its compute, with `/` between them",
                "CHSRC-CSCS/alps",
            ),
        ]
        | None
    ) = None
    """The cluster that the federation leaves: its jobs are waited for, then nothing of it stays."""
    service: (
        Annotated[
            str,
            text(
                r"^([A-Za-z0-9_-]+/)?[A-Za-z0-9_-]+$",
                "a service, at one site with `/` between them, or everywhere",
                "CHSRC-CSCS/soda_sync",
            ),
        ]
        | None
    ) = None
    """The service that ends, everywhere or at one site: it is stopped, its storage stays."""
    template: Annotated[Name, such_as("notebook")] | None = None
    """The template that ends: nobody can start it any more."""
    reason: Reason
    """Why."""
    approvedBy: Group
    """Who decided."""
    until: Date
    """The day after which this document must be renewed or removed."""


class Retired(Document):
    """An acknowledged end of something. Nothing ever ends because it is absent."""

    kind: Literal["Retired"]
    """`Retired`."""
    spec: RetiredSpec
    """What ends and why."""


class SetsAside(ExactlyOne):
    """What a waiver sets aside."""

    one_of = ("finding", "draft", "limit")

    finding: (
        Annotated[
            str,
            text(r"^[a-z0-9]+(-[a-z0-9]+)*$", "the code of a finding", "plain-http-under-tokens"),
        ]
        | None
    ) = None
    """A finding, by its code."""
    draft: OnlyTrue | None = None
    """That a value is only a draft."""
    limit: (
        Literal["deletedCollections", "movedData", "drainedNodes", "retiredAreas", "recalledData"]
        | None
    ) = None
    """A limit of the federation; `recalledData`: what a data policy lets be recalled unasked."""
    upTo: (
        Annotated[
            str,
            text(
                f"^([0-9]+|{quantity.BYTES_PATTERN[1:-1]})$",
                "an amount with its unit, or a number in quotes",
                "100 TB",
            ),
        ]
        | None
    ) = None
    """How far the limit is lifted."""


class WaiverSpec(Spec):
    """Something set aside for one object, for a time."""

    setsAside: SetsAside
    """What is set aside."""
    of: Annotated[str, such_as("CHSRC-CSCS-T0")]
    """The object, by its name; for a limit the federation, the system whose plan it is, or, for
    `recalledData`, the data policy."""
    reason: Reason
    """Why."""
    approvedBy: Group
    """Who decided."""
    until: Date
    """The last day on which it holds."""


class Waiver(Document):
    """A finding, a draft value or a limit set aside for one object, with reason and end."""

    kind: Literal["Waiver"]
    """`Waiver`."""
    spec: WaiverSpec
    """What is set aside, for what, why and until when."""
