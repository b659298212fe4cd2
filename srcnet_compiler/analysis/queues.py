"""Can the queue classes be used: by some project, on some cluster, at some time?"""

from collections.abc import Iterator

from srcnet_compiler.analysis.severity import report
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error, warning
from srcnet_compiler.federation.compute import ComputePolicy, Queue
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.span import Span

_RESERVED = {
    "root": "this is the account that all others stand below",
    "default": "systems take this for what others are not called",
    "normal": "this is the quality of service that every job has",
    "all": "systems take this for everything",
    "none": "systems take this for nothing",
    "any": "systems take this for everything",
}
"""What the prefix cannot be, and why."""


def check_queues(federation: Federation) -> Iterator[Diagnostic]:
    """The prefix, then each queue class for itself."""
    policy = federation.compute.policy
    if policy is None:
        return
    if policy.prefix in _RESERVED:
        yield error(
            Code.RESERVED_NAME,
            f"a prefix cannot be called `{policy.prefix}`: {_RESERVED[policy.prefix]}",
            Label(policy.origin.at("prefix")),
            help="write one that nobody else uses, such as `ska`",
            subject=policy.name,
        )
    for queue in policy.queues.values():
        if queue.retired:
            continue
        yield from _nobody(federation, policy, queue)
        yield from _windows(federation, policy, queue)
    yield from _on_drafts(federation, policy)


def _nobody(federation: Federation, policy: ComputePolicy, queue: Queue) -> Iterator[Diagnostic]:
    clusters = [cluster for cluster in federation.compute.clusters if cluster.in_use]
    allocations = federation.compute.allocations
    place = Label(policy.origin.key("queues", queue.name))
    if clusters and not any(queue.name in cluster.queues for cluster in clusters):
        yield warning(
            Code.QUEUE_FOR_NOBODY,
            f"no cluster lets `{queue.name}` run",
            place,
            *(Label(cluster.origin.at("queues"), "what may run here") for cluster in clusters[:2]),
            help=f"add `{queue.name}` to the `queues` of a cluster, or remove it",
            subject=queue.name,
        )
    projects = [project for allocation in allocations for project in allocation.projects]
    if projects and not any(queue.name in project.queues for project in projects):
        yield warning(
            Code.QUEUE_FOR_NOBODY,
            f"no project may use `{queue.name}`",
            place,
            *(Label(project.origin.at("queues"), "what it may use") for project in projects[:2]),
            help=f"add `{queue.name}` to the `queues` of a project, or remove it",
            subject=queue.name,
        )


def _windows(federation: Federation, policy: ComputePolicy, queue: Queue) -> Iterator[Diagnostic]:
    """Queues that run in windows only, where there is none for them."""
    if not queue.windows:
        return
    offering = [c for c in federation.compute.clusters if c.in_use and queue.name in c.queues]
    without = [c for c in offering if not any(w.queue == queue.name for w in c.windows)]
    say = report(federation, queue.drafts, queue.name, policy.name)
    if offering and len(without) == len(offering):
        yield say(
            Code.QUEUE_WITHOUT_WINDOW,
            f"`{queue.name}` runs in windows only, but no cluster has a window for it",
            Label(queue.origin.at("during")),
            help="add a window for it to a cluster, or write `during: always`",
            subject=queue.name,
        )
        return
    for cluster in without:
        if cluster.origin.has("queues"):
            yield say(
                Code.QUEUE_WITHOUT_WINDOW,
                f"`{queue.name}` runs in windows only, but `{cluster.label}` has none for it",
                Label(cluster.origin.at("queues", cluster.queues.index(queue.name))),
                Label(queue.origin.at("during"), "in windows only"),
                help="add a window for it, or leave it out of `queues`",
                subject=queue.name,
            )


def _on_drafts(federation: Federation, policy: ComputePolicy) -> Iterator[Diagnostic]:
    """What is to be carried out for queues that are only drafts, and so are never made."""
    held = {
        name: queue
        for name, queue in policy.queues.items()
        if federation.holds_back(queue.drafts, name, policy.name)
    }
    for cluster in federation.compute.clusters:
        for window in cluster.windows:
            drafts = federation.holds_back(window.drafts, window.name, cluster.label, cluster.site)
            if window.queue in held and not drafts and not window.retired:
                yield _on_draft(window.name, held[window.queue], window.origin.at("queue"))
    for allocation in federation.compute.allocations:
        for project in allocation.projects:
            if federation.holds_back(project.drafts, project.name, allocation.name):
                continue
            for index, name in enumerate(project.queues):
                if name in held and project.origin.has("queues"):
                    place = project.origin.at("queues", index)
                    yield _on_draft(project.name, held[name], place)


def _on_draft(name: str, queue: Queue, place: Span) -> Diagnostic:
    return error(
        Code.RESTS_ON_DRAFT,
        f"`{name}` is to be carried out, but its queue `{queue.name}` is only a draft",
        Label(place),
        Label(queue.drafts[0], "not agreed"),
        help="have the queue agreed, mark this as a draft too, or have a `Waiver` with "
        "`draft: true` approved for the queue",
        subject=name,
    )
