"""The shape of a DataPolicy: which data products, how much, how many copies where, for how long."""

from typing import Annotated, Literal

from pydantic import Field

from srcnet_compiler.schema.common import (
    Agreed,
    BytesText,
    Count,
    Country,
    DataRateText,
    Document,
    DurationText,
    ExactlyOne,
    Name,
    Namespace,
    PeriodText,
    Spec,
    TierName,
    Whole,
    Year,
    such_as,
)


class Selects(Spec):
    """Which data the policy is about. Everything that is given must hold."""

    namespaces: Annotated[list[Namespace], Field(min_length=1)]
    """The namespaces in which the data products are named."""
    product: Literal["observatory", "project", "advanced", "visibilities"] | None = None
    """The class of data product."""
    telescope: Annotated[list[Literal["LOW", "MID"]], Field(min_length=1)] | None = None
    """The telescopes that the data come from."""
    campaign: Name | None = None
    """The campaign that the data belong to."""


class Volume(ExactlyOne, Agreed):
    """How much arrives from a year on, until the next entry: a rate, or one amount in that year."""

    one_of = ("rate", "amount")

    from_: Annotated[Year, Field(alias="from")]
    """The first calendar year that it holds for."""
    rate: DataRateText | None = None
    """What arrives each year, one copy."""
    amount: BytesText | None = None
    """What arrives once, one copy."""


class ArrivalPlace(Spec):
    """Where data come in."""

    role: Literal["ingest"] = "ingest"
    """The role of the areas."""
    countries: Annotated[list[Country], Field(min_length=1)]
    """The countries that they stand in."""


class Arrival(Spec):
    """How data come in."""

    at: ArrivalPlace | None = None
    """The areas; the replica there is kept until the first phase is complete."""
    deadline: DurationText
    """How long until the first phase must be complete."""


class Copies(Spec):
    """Copies that a phase asks for."""

    count: Count
    """How many."""
    tier: TierName
    """On which tier of the federation."""


class Phase(Spec):
    """A part of the life of the data."""

    name: Annotated[Name, such_as("fresh")]
    """What it is called."""
    until: PeriodText | None = None
    """The age at which the next phase begins; without it the phase lasts. Of the last phase, the
    age at which data end; it must then say so in `then`."""
    then: Literal["no copy is kept"] | None = None
    """What comes after the last phase, in these words: from the age `until` on the network lets go
    of every copy, the last one too, and the floor holds no longer."""
    apart: Literal["region", "site", "area"]
    """How far apart the copies must be: all in different regions, sites, or merely areas."""
    copies: Annotated[list[Copies], Field(min_length=1)]
    """What the phase asks for; all of these together, all apart."""


class Extra(Spec):
    """Copies for some time beside those that a policy counts: near to people at sites that have no
    archive, or little room."""

    at: Annotated[list[Name], Field(min_length=1)]
    """The sites. On an area of role `cache` of each there is one copy."""
    for_: Annotated[DurationText, Field(alias="for")]
    """For how long from arrival on. Then it goes, and nobody is asked."""


class RecallTarget(Spec):
    """Where recalled data go."""

    tier: TierName
    """The tier."""
    near: Literal["requester", "compute", "anywhere"] = "anywhere"
    """Whom they should be near to."""


class Recall(Agreed):
    """How archived data become accessible again."""

    to: RecallTarget
    """Where they go."""
    keep: DurationText
    """How long they stay there."""
    expected: DataRateText | None = None
    """How much is recalled. Unknown where it is left out, and then held against nothing."""
    approvalAbove: Annotated[BytesText, such_as("10 TB")] | None = None
    """Above which amount somebody must agree."""


class Readers(Spec):
    """Who may read."""

    group: Annotated[str, such_as("data/namespaces/{namespace}/owner")]
    """A group of the identity provider; `{namespace}` stands for the data's namespace."""


class Embargo(Agreed):
    """For how long only some may read."""

    for_: Annotated[PeriodText, Field(alias="for")]
    """From arrival on."""
    readers: Readers
    """Who may read meanwhile."""


class DataPolicySpec(Agreed):
    """What happens to a class of data."""

    selects: Selects
    """Which data it is about."""
    volume: Annotated[list[Volume], Field(default_factory=list)]
    """How much arrives over the years. Unknown where it is left out."""
    arrives: Arrival
    """How data come in."""
    floor: Annotated[Whole, such_as(2)]
    """Once reached, never fewer valid copies of any file, at no moment of any change."""
    phases: Annotated[list[Phase], Field(min_length=1)]
    """The life of the data, in order."""
    also: Annotated[list[Extra], Field(default_factory=list)]
    """Copies for some time, which count for nothing."""
    recall: Recall | None = None
    """How archived data become accessible again."""
    embargo: Embargo | None = None
    """For how long only some may read."""
    activity: Annotated[str, such_as("User Subscriptions")]
    """The share of the transfer service that the transfers belong to."""


class DataPolicy(Document):
    """Which data products, how much, how many copies on which tier and how far apart."""

    kind: Literal["DataPolicy"]
    """`DataPolicy`."""
    spec: DataPolicySpec
    """What happens to the data."""
