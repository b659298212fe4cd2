"""Kubernetes clusters as the rest of the compiler sees them: linked, immutable."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from srcnet_compiler.federation.adopted import Adopted
from srcnet_compiler.federation.compute import Share
from srcnet_compiler.federation.secret import Secret
from srcnet_compiler.federation.services import Amounts
from srcnet_compiler.names import AreaName, QueueName, SiteName
from srcnet_compiler.span import Origin, Span

OPERATORS = (
    "external-secrets",
    "gateway-api",
    "ingress",
    "kueue",
    "policy-controller",
    "prometheus",
)
"""What a site can have installed, whose objects are written only where it has."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How objects come to a cluster: pushed, or pulled by Flux or Argo CD from a git repository.

    `how` is push, flux or argocd; the rest is empty for push. `folder` is the place in the
    repository below which the emitted files stand, `namespace` where the operator looks for its
    own objects.
    """

    how: str
    repository: str
    branch: str
    folder: str
    namespace: str
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Borrowing:
    """The site's Kueue: the cohort that queues lend to each other in, and what stands in for its
    machines. `lends`: whether others may use what the federation leaves idle."""

    cohort: str
    flavor: str
    lends: bool
    origin: Origin = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class KubernetesCluster:
    """A Kubernetes cluster, and how far its site lets the federation in.

    `name` is that of the compute in the spec. `version` is such as (1, 36). `certificate` is the
    PEM of who signs for its server, None: whom everybody trusts. `operators`: of OPERATORS.
    `gateway` is the namespace and name of the Gateway that routes hang on; `ingress_class` where
    there is none. `secret_store` is the ClusterSecretStore that external secrets come from,
    `storage_class` what claims that are not of an area ask for. `share` None: the federation may
    have all that it can get. `queues`: classes whose sessions and jobs may run here, and `readable`
    the site's areas whose files those may read. `adopted` is what stands there by hand: as long as
    it is said, nothing but that is wanted. `site_known_as` is the name by which systems know the
    site.
    """

    site: SiteName
    site_known_as: str
    name: str
    environment: str
    enabled: bool
    version: tuple[int, int]
    server: str
    certificate: str | None
    secret: Secret
    read_secret: Secret
    delivery: Delivery
    shared: bool
    operators: tuple[str, ...]
    gateway: tuple[str, str] | None
    ingress_class: str | None
    secret_store: str | None
    storage_class: str | None
    share: Share | None
    borrowing: Borrowing | None
    queues: tuple[QueueName, ...]
    retired: bool
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)
    readable: tuple[AreaName, ...] = ()
    adopted: Adopted | None = None

    @property
    def label(self) -> str:
        """What it is called in findings and waivers."""
        return f"{self.site}/{self.name}"

    @property
    def in_use(self) -> bool:
        """Whether anything of the federation is to run here."""
        return self.enabled and not self.retired

    def has(self, operator: str) -> bool:
        """Whether the site has this operator installed."""
        return operator in self.operators


@dataclass(frozen=True, slots=True)
class Deployed:
    """A service of the federation on one cluster, as its site wants it there.

    `host` None: not reached from outside. `path` is where it begins on the host, as the site says
    it where the service does not. `area` is the one whose files it sees. What a site may
    not, or does not, set otherwise is None or empty. `site_known_as` as of the cluster.
    """

    service: str
    label: str
    site: SiteName
    site_known_as: str
    cluster: str
    environment: str
    host: str | None
    area: AreaName | None
    replicas: int | None
    amounts: Amounts | None
    variables: Mapping[str, str]
    retired: bool
    drafts: tuple[Span, ...]
    origin: Origin = field(compare=False, repr=False)
    path: str | None = None
