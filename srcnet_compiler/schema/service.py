"""The shape of a Service: a long-running service, the same wherever it runs."""

from typing import Annotated, Literal

from pydantic import Field

from srcnet_compiler.schema.common import (
    AbsolutePath,
    Count,
    Document,
    ExactlyOne,
    Name,
    PercentText,
    Spec,
    such_as,
    text,
)
from srcnet_compiler.schema.containers import Container, PortName, PortNumber


class WhereItRuns(Spec):
    """Which sites run it. All that are not named may."""

    everySite: bool = False
    """Whether every site has to."""
    must: Annotated[list[Annotated[Name, such_as("CHSRC-CSCS")]], Field(default_factory=list)]
    """The sites that have to."""
    mayNot: Annotated[list[Annotated[Name, such_as("SKAO-STFC")]], Field(default_factory=list)]
    """The sites that are not to."""


class Scaling(Spec):
    """Between how many replicas, by the work that there is."""

    from_: Annotated[Count, Field(alias="from", examples=[2])]
    """At least so many."""
    to: Annotated[Count, such_as(6)]
    """At most so many."""
    load: Annotated[PercentText, such_as("70 %")] = "70 %"
    """The part of its cores at which one more is started."""


class Flow(ExactlyOne):
    """A connection that it makes. What is not declared is refused."""

    one_of = ("service", "hosts")

    service: Annotated[Name, such_as("prepare_data")] | None = None
    """A service of the same cluster."""
    hosts: (
        list[
            Annotated[
                str,
                text(
                    r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$",
                    "addresses of a network with their length",
                    "192.0.2.0/24",
                ),
            ]
        ]
        | None
    ) = None
    """Networks outside of the cluster; an empty list is all of them."""
    port: PortNumber | None = None
    """The port; any where this is left out."""


class Metrics(Spec):
    """Where it says how it is doing."""

    port: PortName
    """The port, by its name."""
    path: Annotated[AbsolutePath, such_as("/metrics")] = "/metrics"
    """What is asked for."""


class ServiceSpec(Container):
    """What runs, where, and what it needs."""

    sites: Annotated[WhereItRuns, Field(default_factory=WhereItRuns)]
    """Which sites run it."""
    runs: Literal["deployment", "stateful", "scheduled"] = "deployment"
    """Whether its replicas are alike, have names and order, or it runs by the clock."""
    schedule: (
        Annotated[
            str,
            text(
                r"^[0-9*,/-]+( [0-9A-Za-z*,/-]+){4}$",
                "five fields of a cron line, in UTC",
                "0 3 * * *",
            ),
        ]
        | None
    ) = None
    """When it runs, where it is `scheduled`."""
    replicas: Annotated[Count, such_as(2)] = 1
    """How many run, where nothing else says so."""
    scaling: Scaling | None = None
    """How many run, by the work that there is."""
    path: AbsolutePath | None = None
    """Where it begins on the host, at every site."""
    needs: Annotated[list[Annotated[Name, such_as("gatekeeper")]], Field(default_factory=list)]
    """Services that it cannot be without on the same cluster."""
    talksTo: Annotated[list[Flow], Field(default_factory=list)]
    """The connections that it makes, beyond what it needs."""
    metrics: Metrics | None = None
    """Where it says how it is doing."""
    sitesMaySet: Annotated[
        list[Literal["replicas", "resources", "env"]], Field(default_factory=list)
    ]
    """What a site may say otherwise for itself."""


class Service(Document):
    """A long-running service of the federation: what runs, at which sites, what it needs."""

    kind: Literal["Service"]
    """`Service`."""
    spec: ServiceSpec
    """What runs, where, and what it needs."""
