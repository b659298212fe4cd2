"""The shape of what forges run when specs change: who must agree, what is applied and built."""

from typing import Annotated, Literal

from pydantic import Field

from srcnet_compiler.schema.common import Count, Name, Spec, Url, such_as, text

Forge = Literal["github", "gitlab"]
ImpactWord = Literal[
    "cosmetic",
    "additive",
    "reconfigure",
    "restart",
    "drains-jobs",
    "moves-data",
    "deletes-data",
    "lowers-copies",
]
Handle = Annotated[
    str,
    text(
        r"^@[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*$",
        "a person or a team of the forge, with `@` before it",
        "@srcnet/architecture-group",
    ),
]
Branch = Annotated[
    str,
    text(r"^[A-Za-z0-9][A-Za-z0-9_/-]*$", "a branch of letters, digits, `-`, `_` and `/`", "main"),
]
CronText = Annotated[
    str,
    text(
        r"^[0-9*,/-]+( [0-9A-Za-z*,/-]+){4}$",
        "five fields of a cron line, in UTC",
        "0 3 * * *",
    ),
]
Command = Annotated[
    str, text(r"^[ -~]{1,200}$", "one line of a shell, of plain characters", "make test")
]
Label = Annotated[
    str,
    text(
        r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        "a label of letters, digits, `-`, `_` and `.`",
        "self-hosted",
    ),
]
VersionText = Annotated[
    str,
    text(r"^[0-9]+(\.[0-9]+){0,2}$", "a version of one to three numbers", "3.11"),
]
Folder = Annotated[
    str,
    text(
        r"^(\.|[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*)$",
        "a folder below the repository's top",
        "images/soda",
    ),
]
Environment = Annotated[
    str,
    text(
        r"^[a-z0-9][a-z0-9-]{0,62}$",
        "a name of lower-case letters, digits and `-`",
        "srcnet-federation",
    ),
]
VariableOfForge = Annotated[
    str,
    text(
        r"^[A-Z][A-Z0-9_]{0,99}$",
        "the name of a secret of capital letters, digits and `_`",
        "SRCNET_SIGNING_KEY",
    ),
]


class Approval(Spec):
    """A group that must agree to what does this much, or worse."""

    from_: Annotated[ImpactWord, Field(alias="from", examples=["moves-data"])]
    """The mildest impact that it must agree to."""
    reviewers: Annotated[list[Handle], Field(min_length=1)]
    """Who speaks for it on the forge."""
    count: Annotated[Count, such_as(1)] = 1
    """How many of them must agree."""


class Check(Spec):
    """Something of the repository's own that every change must pass."""

    run: Annotated[Command, such_as("make check")]
    """The line that is run."""
    minutes: Annotated[Count, such_as(30)] = 30
    """How long it may take."""
    go: Annotated[VersionText, such_as("1.26")] | None = None
    """The Go that it needs; none where this is left out."""


class Drift(Spec):
    """When somebody looks whether the systems are still as they should be."""

    schedule: Annotated[CronText, such_as("17 4 * * *")]
    """When, in UTC."""
    then: Literal["report", "heal"] = "report"
    """What is done about it. What needs an approval is never healed, only reported."""


class Pin(Spec):
    """An action or an image that a pipeline uses, as it was read."""

    version: Annotated[str, text(r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", "a version", "v4.2.2")]
    """The version that people know it by."""
    digest: (
        Annotated[
            str,
            text(
                r"^(sha256:[0-9a-f]{64}|[0-9a-f]{40})$",
                "a commit of 40 hexadecimal digits, or `sha256:` and 64 of them",
                "11bd71901bbe5b1630ceea73d27597364c9af683",
            ),
        ]
        | None
    ) = None
    """What it holds: the commit of an action, the digest of an image. Nobody has read it where this
    is left out, and the pipeline says so."""


class Pipelines(Spec):
    """What forges run when specs change."""

    forges: Annotated[list[Forge], Field(min_length=1)]
    """The forges of the spec repository. The first applies; the others only look at proposals."""
    applies: bool = True
    """Whether what is merged is applied. Without it, proposals are checked and nothing else."""
    branch: Branch = "main"
    """The branch whose specs are in force."""
    compiler: Annotated[
        str,
        text(
            r"^(\.|srcnet-compiler==[0-9]+(\.[0-9]+)*([a-z]+[0-9]+)?)$",
            "`.` where the compiler stands beside the specs, or its exact version",
            "srcnet-compiler==0.1.0",
        ),
    ]
    """What is installed to compile."""
    python: VersionText = "3.11"
    """The Python that it runs on."""
    runner: Annotated[Label, such_as("ubuntu-24.04")] = "ubuntu-24.04"
    """Where GitHub runs jobs of the federation."""
    environment: Environment = "srcnet-federation"
    """The environment of the forge that holds the credentials of the federation's own systems."""
    signingKey: VariableOfForge | None = None
    """The secret of that environment, and of each site's, with which plans are signed; unsigned
    where this is left out."""
    state: (
        Annotated[
            str,
            text(
                r"^(git:[A-Za-z0-9_.-]+#refs)?/[A-Za-z0-9/._-]+$",
                "`git:`, a remote, `#` and a ref, or a path that begins with `/`",
                "git:origin#refs/srcnet/state",
            ),
        ]
        | None
    ) = None
    """Where runners that come and go keep lock, ledger and open steps, apart for each site, whose
    name is added; as srcnet.toml says where this is left out."""
    approvals: Annotated[
        dict[Annotated[Name, such_as("architecture-group")], Approval], Field(default_factory=dict)
    ]
    """Who must agree, by the impact of a change."""
    drift: Drift | None = None
    """When drift is looked for; never where this is left out."""
    checks: Annotated[dict[Annotated[Name, such_as("tests")], Check], Field(default_factory=dict)]
    """What else every change must pass."""
    pins: Annotated[
        dict[
            Annotated[
                str,
                text(
                    r"^[a-z0-9][a-z0-9._-]*(/[a-z0-9._-]+)*$",
                    "an action or an image, without its version",
                    "actions/checkout",
                ),
            ],
            Pin,
        ],
        Field(default_factory=dict),
    ]
    """Actions and images, as they were read."""


class SitePipelines(Spec):
    """What the forge must know of a site to apply its part."""

    reviewers: Annotated[
        list[Annotated[Handle, such_as("@srcnet/chsrc")]], Field(default_factory=list)
    ]
    """Who must agree to what changes at the site."""
    environment: Annotated[Environment, such_as("srcnet-chsrc-cscs")] | None = None
    """The environment of the forge that holds the site's credentials; `srcnet-` and the site's name
    where this is left out."""
    runner: Annotated[list[Annotated[Label, such_as("self-hosted")]], Field(default_factory=list)]
    """The labels of the site's own runner; a runner of the federation where there are none."""


class Build(Spec):
    """Where an image comes from, and how it is tested before it is published."""

    repository: Annotated[Url, such_as("https://gitlab.com/ska-telescope/src/soda.git")] | None = (
        None
    )
    """The repository of its source; that of the specs where this is left out."""
    folder: Folder = "."
    """Where its Dockerfile stands."""
    branch: Branch = "main"
    """What is built."""
    test: Annotated[list[Command], Field(default_factory=list)]
    """What must pass before it is published."""
    schedule: CronText | None = None
    """When it is looked for something new, in UTC; only by hand where this is left out."""
