"""The shape of a site's Slurm cluster, and of how far the site lets the federation in."""

from typing import Annotated, Literal

from pydantic import Field

from srcnet_compiler.schema.common import (
    AbsolutePath,
    AccountName,
    Agreed,
    BytesText,
    Count,
    Credentials,
    ExactlyOne,
    Host,
    LowerName,
    Name,
    Port,
    Spec,
    such_as,
    text,
)
from srcnet_compiler.schema.resources import ClusterShare

HoursOfDay = Annotated[
    str,
    text(
        r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$",
        "two times of a day of 24 hours with `-` between them",
        "09:00-18:00",
    ),
]
NodePath = Annotated[
    str,
    text(
        r"^(/[A-Za-z0-9_][A-Za-z0-9._+@=-]*)+$",
        "a path that begins with `/`, with no space and no `.` before a name, and not `/` itself",
        "/scratch/srcnet",
    ),
]
SystemUser = Annotated[AccountName, such_as("srcnet")]


class SlurmReading(Spec):
    """A further login, for reading alone."""

    user: SystemUser | None = None
    """The user to log in as; the one that changes where this is left out."""
    credentials: Credentials
    """How to prove that we are this user."""


class SlurmController(Spec):
    """The machine on which the cluster is managed, reached over ssh."""

    host: Annotated[Host, such_as("slurmctl.example.org")]
    """The host alone."""
    port: Annotated[Port, such_as(22)] = 22
    """The port of its ssh server."""
    hostKey: (
        Annotated[
            str,
            text(
                r"^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+=*$",
                "a public key of an ssh server, its kind first",
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7lPyNsJHCT0UYOFwvjc1BPmXrlRqHhgcvHdnPwJoE+",
            ),
        ]
        | None
    ) = None
    """The key of its ssh server, as `ssh-keyscan` shows it; what ssh knows where left out."""
    configuration: Annotated[AbsolutePath, such_as("/etc/slurm/slurm.conf")] | None = None
    """The configuration of the cluster; what Slurm's commands take where this is left out."""
    commands: Annotated[AbsolutePath, such_as("/opt/slurm/bin")] | None = None
    """The folder of Slurm's commands; where every shell finds them where this is left out."""
    user: SystemUser | None = None
    """The user to log in as; the one that ssh takes by itself where this is left out."""
    credentials: Credentials
    """How to prove that we are this user."""
    reading: SlurmReading | None = None
    """Another login for reading; the same where this is left out."""


class SlurmDatabase(Spec):
    """The accounting database. Qualities of service are shared by all clusters on one."""

    name: Annotated[Name, such_as("slurm_acct_db")]
    """Its name."""
    host: Annotated[Host, such_as("slurmdbd.example.org")] | None = None
    """The host of its daemon, where several sites share it; else it is the site's own."""


class NodeGroup(Spec):
    """Nodes that are alike."""

    names: Annotated[
        str, text(r"^[!-~]+$", "names of nodes, with ranges in brackets", "nid[001-020]")
    ]
    """The names that Slurm has for them."""
    cores: Annotated[Count, such_as(128)]
    """Cores of each, as Slurm counts them."""
    memory: Annotated[BytesText, such_as("512 GiB")] | None = None
    """Memory of each that jobs may have."""
    gpus: Annotated[dict[Annotated[Name, such_as("a100")], Count], Field(default_factory=dict)]
    """GPUs of each, by type."""
    scratch: Annotated[BytesText, such_as("3 TB")] | None = None
    """Scratch of each that jobs may have."""


class WeeklyHours(Spec):
    """The same hours on some days of each week."""

    days: Annotated[
        list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]], Field(min_length=1)
    ]
    """The days on which they begin."""
    hours: HoursOfDay
    """From when to when; an end that is not later is on the next day."""


class Window(ExactlyOne, Agreed):
    """A time at which nodes are kept for one queue, in the time zone of the site."""

    one_of = ("daily", "weekly")

    name: Annotated[LowerName, such_as("visualisation")]
    """Unique within the cluster."""
    daily: HoursOfDay | None = None
    """From when to when on every day; an end that is not later is on the next day."""
    weekly: WeeklyHours | None = None
    """From when to when on some days of each week."""
    nodes: Annotated[Count, such_as(2)]
    """How many nodes are kept."""
    queue: Annotated[LowerName, such_as("visualisation")]
    """The queue whose jobs they are kept for."""


class Slurm(Spec):
    """A Slurm cluster, and how far the site lets the federation in."""

    cluster: Annotated[LowerName, such_as("alps")]
    """The name that the cluster has in its accounting database."""
    version: Annotated[
        str,
        text(
            r"^2[0-9]\.(02|05|08|11)(\.[0-9]{1,2})?$",
            "a version of Slurm in quotes",
            "24.11",
        ),
    ]
    """The version that runs."""
    database: SlurmDatabase | None = None
    """The accounting database; the cluster's own where this is left out."""
    controller: SlurmController
    """Where the cluster is managed."""
    shared: bool = True
    """Whether others use it too; then nothing is touched that is not the federation's."""
    allows: Annotated[
        list[Literal["accounting", "reservations", "partitions"]], Field(default_factory=list)
    ]
    """What the federation may manage; the site's administrator does the rest."""
    fragment: Annotated[AbsolutePath, such_as("/etc/slurm/federation.d/srcnet.conf")] | None = None
    """The file with the federation's partitions, which the cluster's configuration includes."""
    preemption: bool = False
    """Whether the cluster stops jobs for others by their quality of service."""
    scratchResource: Annotated[Name, such_as("scratch")] | None = None
    """The resource by which Slurm counts local scratch in GB; not counted where left out."""
    scratchPath: NodePath | None = None
    """The directory of local scratch, on each node, in which jobs get directories of their own."""
    nodes: Annotated[list[NodeGroup], Field(min_length=1)]
    """The nodes that jobs of the federation may run on."""
    share: ClusterShare | None = None
    """What the federation may have at a time; all of the nodes where this is left out."""
    queues: Annotated[list[LowerName], Field(min_length=1)] | None = None
    """The queue classes that may run here; all where this is left out."""
    windows: Annotated[list[Window], Field(default_factory=list)]
    """Times at which nodes are kept for a queue."""
