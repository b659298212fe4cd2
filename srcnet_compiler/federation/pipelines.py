"""What forges run when specs change, as the rest of the compiler sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from srcnet_compiler.change import Impact
from srcnet_compiler.names import SiteName
from srcnet_compiler.span import Origin


@dataclass(frozen=True, slots=True)
class Approval:
    """`count` of the `reviewers` must agree to what has an impact of `least` or worse."""

    group: str
    least: Impact
    reviewers: tuple[str, ...]
    count: int
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Check:
    """A line of the repository's own that must pass, in at most `minutes`, perhaps with a Go."""

    name: str
    run: str
    minutes: int
    go: str | None
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Drift:
    """When drift is looked for, as a cron line in UTC, and whether it is healed."""

    schedule: str
    heals: bool
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Pin:
    """An action or an image as it was read; `digest` None: nobody has read what it holds."""

    version: str
    digest: str | None
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SitePipelines:
    """Where a site's part is applied, and who must agree; `runner` empty: the federation's."""

    site: SiteName
    environment: str
    reviewers: tuple[str, ...]
    runner: tuple[str, ...]
    files: tuple[str, ...]
    """The spec files that are the site's own."""
    origin: Origin = field(compare=False, repr=False)
    """Of the key `pipelines`, whether it is written or not."""


@dataclass(frozen=True, slots=True)
class Build:
    """How the image of a service or template is made; `repository` None: from that of the specs.

    `kind` is Service or WorkflowTemplate; `image` the repository that it is published to, `file`
    the spec file whose digest moves.
    """

    kind: str
    name: str
    image: str
    file: str
    repository: str | None
    folder: str
    branch: str
    test: tuple[str, ...]
    schedule: str | None
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Pipelines:
    """What forges run. The first of `forges` applies what is merged, where `applies`.

    `sites` are all, in order of name. None as `state`: as the settings say; as `signing_key`:
    plans are not signed.
    """

    forges: tuple[str, ...]
    applies: bool
    branch: str
    compiler: str
    python: str
    runner: str
    environment: str
    signing_key: str | None
    state: str | None
    approvals: tuple[Approval, ...]
    drift: Drift | None
    checks: tuple[Check, ...]
    pins: Mapping[str, Pin]
    sites: Mapping[SiteName, SitePipelines]
    builds: tuple[Build, ...]
    origin: Origin = field(compare=False, repr=False)
