"""What only a site's administrators know: which part of their cluster is the federation's."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from srcnet_compiler.targets.kubernetes.model import Key


@dataclass(frozen=True, slots=True)
class Login:
    """How the cluster is reached, as its spec will say it; `token` is where the token is kept, and
    `certificate` the PEM of who signs for the server, None: whom everybody trusts."""

    server: str
    token: tuple[str, str]
    certificate: str | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """`namespaces` are the federation's, with all their quotas; `cluster_queues` those of Kueue
    that it has. `queues` are LocalQueues, by name, with the class of jobs that waits in each, and
    `services` the workloads with the service that each is."""

    name: str
    namespaces: tuple[str, ...]
    cluster_queues: tuple[str, ...] = ()
    queues: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[Key, str] = field(default_factory=dict)
