"""What people run that names a queue or a priority: it would stop, or never begin, without."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from srcnet_compiler.targets.kubernetes.live.client import Answer, Client
from srcnet_compiler.targets.kubernetes.model.words import QUEUE, QUEUE_PRIORITY

_PODS, _JOBS = ("Pod", "/api/v1", "pods"), ("Job", "/apis/batch/v1", "jobs")
_TEMPLATES = (
    ("CronJob", "/apis/batch/v1", "cronjobs"),
    ("PodTemplate", "/api/v1", "podtemplates"),
)
_LABELS: Mapping[str, str] = {"LocalQueue": QUEUE, "WorkloadPriorityClass": QUEUE_PRIORITY}


def users(
    client: Client, kind: str, name: str, namespaces: Iterable[str], *, templates: bool = False
) -> tuple[str, ...]:
    """Pods and jobs that have not ended and name it; with `templates` also what they are made from.

    Raises UnreachableError, RefusedError, ApiError where we may not look.
    """
    space, _, bare = name.rpartition("/")
    listings = (_PODS, _JOBS, *(_TEMPLATES if templates else ()))
    return tuple(
        f"{what} {inside}/{each['metadata']['name']}"
        for inside in ([space] if space else sorted(namespaces))
        for what, root, plural in listings
        for each in client.list(f"{root}/namespaces/{inside}/{plural}")
        if not _has_ended(each) and bare in _named(kind, each)
    )


def _has_ended(live: Answer) -> bool:
    status = live.get("status") or {}
    conditions = status.get("conditions") or ()
    over = (
        c.get("type") in ("Complete", "Failed") and c.get("status") == "True" for c in conditions
    )
    return status.get("phase") in ("Succeeded", "Failed") or any(over)


def _named(kind: str, live: Answer) -> Iterator[str]:
    """The names of this kind that an object says, itself or of what it makes."""
    label = _LABELS.get(kind)
    spec = live.get("spec") or {}
    job = spec.get("jobTemplate") or {}
    for each in (live, spec, job, live.get("template") or {}, spec.get("template") or {},
                 (job.get("spec") or {}).get("template") or {}):  # fmt: skip
        if label is not None:
            yield str(((each.get("metadata") or {}).get("labels") or {}).get(label, ""))
        else:
            inner = each.get("spec") or {}
            yield str(each.get("priorityClassName") or inner.get("priorityClassName") or "")
