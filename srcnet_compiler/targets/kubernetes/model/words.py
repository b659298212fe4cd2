"""Names and values as a cluster writes them: what is ours is called, and how amounts are written.

Amounts are written as the API server writes them back, so that what is wanted equals what is seen.
"""

import re
from functools import lru_cache
from hashlib import sha256
from uuid import NAMESPACE_URL, UUID, uuid5

SERVICES = "services"
"""The namespace of what runs for long, behind the prefix."""
SESSIONS = "sessions"
"""The namespace of what people talk to."""
JOBS = "jobs"
"""The namespace of batch jobs."""
USES = (SERVICES, SESSIONS, JOBS)

APP = "app.kubernetes.io/name"
"""The label that selectors select by."""
IDENTIFIER = "srcnet.skao.int/identifier"
"""The annotation with the identity of a service at a site."""
QUEUE = "kueue.x-k8s.io/queue-name"
"""The label by which a workload says in which queue it waits."""
QUEUE_PRIORITY = "kueue.x-k8s.io/priority-class"
"""The label by which a workload says with which priority it waits."""
NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""The label with which every server names every namespace."""
MAIN = "main"
"""The container of every pod of ours."""
MONITORING = "monitoring"
"""The namespace that measures: what Prometheus' operator calls it by itself."""
READ_ONLY = "-read"
"""What the claims end with that nobody may write by."""

_NAME = 63
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = ("", "k", "M", "G", "T", "P", "E")


def namespace_of(prefix: str, use: str) -> str:
    """What the namespace for a use is called."""
    return f"{prefix}-{use}"


@lru_cache(maxsize=10_000)
def object_name(name: str, longest: int = _NAME) -> str:
    """A name as a cluster lets objects be called: `soda_sync` is `soda-sync`.

    One that is too long is cut, and ends with a digest of the whole so that it stays its own.
    """
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if len(plain) <= longest:
        return plain
    return f"{plain[: longest - 9].rstrip('-')}-{sha256(name.encode()).hexdigest()[:8]}"


def content_name(name: str, content: str) -> str:
    """A name that is another when what it names is: pods that use it start anew then."""
    return f"{object_name(name, _NAME - 9)}-{sha256(content.encode()).hexdigest()[:8]}"


def identifier(federation: str, site: str, cluster: str, service: str) -> UUID:
    """The identity of a service at a site, the same for ever and everywhere (UUIDv5).

    In the namespace of the federation: the UUIDv5 of the URL `srcnet:<federation>`.
    """
    return uuid5(uuid5(NAMESPACE_URL, f"srcnet:{federation}"), f"{site}/{cluster}/{service}")


# ── amounts ───────────────────────────────────────────────────────────────────────────────────


def format_millicores(amount: int) -> str:
    """Cores: `500m`, `2`, and `1k` for a thousand, since the server shortens zeros."""
    return f"{amount}m" if amount % 1000 else format_count(amount // 1000)


def format_count(amount: int) -> str:
    """A number without unit: `16`, `2k`."""
    return _scaled(amount, 1000, _DECIMAL)


def format_amount(amount: int) -> str:
    """Bytes: `1Gi`, `4500T`; of the two ways that a server keeps, the shorter."""
    binary, decimal = _scaled(amount, 1024, _BINARY), _scaled(amount, 1000, _DECIMAL)
    return decimal if len(decimal) < len(binary) else binary


@lru_cache(maxsize=1000)
def _scaled(amount: int, step: int, units: tuple[str, ...]) -> str:
    power = 0
    while amount and amount % step == 0 and power + 1 < len(units):
        amount, power = amount // step, power + 1
    return f"{amount}{units[power]}"
