"""What containers ask for and may have at most, and how a share is divided between namespaces.

Every container of ours says both, so that what a namespace needs is a sum and no guess. One whose
spec says nothing gets little.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from srcnet_compiler.federation.compute import Share
from srcnet_compiler.federation.kubernetes import Deployed
from srcnet_compiler.federation.services import Amounts, Container, Mount, Service

LITTLE_CORES = 100
"""In thousandths."""
LITTLE_MEMORY = 256 * 2**20
LITTLE_SCRATCH = 2**30
"""For logs, and what a container writes where it stands."""
LARGE_SCRATCH = 100 * 10**9
"""More than this is no space of a node's own, where the site has a storage class."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of each resource how much; cores in thousandths. None: no limit."""

    cores: int | None
    memory: int | None
    scratch: int | None
    gpus: int | None

    def __add__(self, other: "Sizes") -> "Sizes":
        return Sizes(*(_both(a, b, lambda x, y: x + y) for a, b in self._pairs(other)))

    def times(self, count: int) -> "Sizes":
        """For so many replicas."""
        return Sizes(*(None if value is None else value * count for value in self._values()))

    def at_most(self, other: "Sizes") -> "Sizes":
        """The smaller of each; None is larger than all."""
        return Sizes(*(_least(a, b) for a, b in self._pairs(other)))

    def without(self, other: "Sizes") -> "Sizes":
        """What is left of each, not less than nothing."""
        return Sizes(*(_both(a, b, lambda x, y: max(x - y, 0)) for a, b in self._pairs(other)))

    def part(self, index: int, count: int) -> "Sizes":
        """One of `count` parts that are as alike as whole numbers can be."""
        return Sizes(
            *(None if v is None else v // count + (index < v % count) for v in self._values())
        )

    def of(self, key: str) -> int | None:
        """The cores, memory, scratch or gpus."""
        value: int | None = getattr(self, key)
        return value

    def _values(self) -> tuple[int | None, ...]:
        return (self.cores, self.memory, self.scratch, self.gpus)

    def _pairs(self, other: "Sizes") -> Iterable[tuple[int | None, int | None]]:
        return zip(self._values(), other._values(), strict=True)


def _both(a: int | None, b: int | None, of: Callable[[int, int], int]) -> int | None:
    return None if a is None or b is None else of(a, b)


def _least(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else min(a, b)


NOTHING = Sizes(0, 0, 0, 0)
LITTLE = Sizes(LITTLE_CORES, LITTLE_MEMORY, LITTLE_SCRATCH, 0)
"""What a container gets of which nobody says what it needs."""


# ── a container ───────────────────────────────────────────────────────────────────────────────


def requests_of(container: Container, over: Amounts | None, kept: bool) -> Sizes:
    """What a container asks for; `over` is what its site sets otherwise. `kept`: large scratch is
    no space of its node. What is said of scratch is for all of it together."""
    own, scratch = container.amounts, 0
    said = _first("scratch", over, own)
    for mount in container.mounts:
        if mount.what == "scratch" and not (kept and is_large(mount)):
            scratch += mount.amount or LITTLE_SCRATCH
    return Sizes(
        _first("millicores", over, own) or LITTLE_CORES,
        _first("memory", over, own) or LITTLE_MEMORY,
        max(scratch + LITTLE_SCRATCH if said is None else said, scratch),
        _first("gpus", over, own) or 0,
    )


def limits_of(container: Container, over: Amounts | None, kept: bool) -> Sizes:
    """What it may have at most, never less than what it asks for; of GPUs just that."""
    asked, most = requests_of(container, over, kept), container.limits
    more = Sizes(
        _first("millicores", most) or 0,
        _first("memory", most) or 0,
        _first("scratch", most) or 0,
        0,
    )
    larger = (max(a or 0, b or 0) for a, b in asked._pairs(more))
    return Sizes(*larger)


def is_large(mount: Mount) -> bool:
    """Whether scratch is more than a node should give of its own."""
    return mount.amount is not None and mount.amount > LARGE_SCRATCH


def _first(name: str, *amounts: Amounts | None) -> int | None:
    """The first of these that says how much."""
    for each in amounts:
        value: int | None = getattr(each, name) if each is not None else None
        if value is not None:
            return value
    return None


# ── a cluster ─────────────────────────────────────────────────────────────────────────────────


def least_replicas(service: Service, deployed: Deployed) -> int:
    """How many of a service there are at least on a cluster."""
    if service.scaling is not None:
        return service.scaling.least
    return service.replicas if deployed.replicas is None else deployed.replicas


def most_replicas(service: Service, deployed: Deployed) -> int:
    """How many of a service there are at most on a cluster."""
    if service.scaling is not None:
        return service.scaling.most
    return least_replicas(service, deployed)


def asking(service: Service, deployed: Deployed) -> int:
    """How many pods of a service there are at most while none is started anew; a schedule waits
    until its last pod has ended."""
    return 1 if service.workload == "scheduled" else most_replicas(service, deployed)


def pods_of(service: Service, deployed: Deployed) -> int:
    """How many there are at a time: a deployment has one more while it starts anew."""
    return asking(service, deployed) + (service.workload == "deployment")


def ceiling_of(share: Share | None) -> Sizes:
    """What the federation may have of a cluster. Of GPUs none where a ceiling names none, so that
    nobody counts on what was never given; nobody says how much of the nodes' own space."""
    if share is None or share.ceiling is None:
        return Sizes(None, None, None, None)
    most = share.ceiling
    return Sizes(_thousandths(most.cores), most.memory, None, most.gpus or 0)


def guarantee_of(share: Share | None) -> Sizes:
    """What it has whenever it wants; what is not said is not guaranteed."""
    if share is None or share.guaranteed is None:
        return NOTHING
    own = share.guaranteed
    return Sizes(_thousandths(own.cores) or 0, own.memory or 0, 0, own.gpus or 0)


def _thousandths(cores: int | None) -> int | None:
    return None if cores is None else cores * 1000
