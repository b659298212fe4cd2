"""ComputePolicy documents to the model."""

from collections.abc import Set

from srcnet_compiler.federation.amounts import Findings
from srcnet_compiler.federation.compute import (
    ComputePolicy,
    JobScratch,
    PerUser,
    Queue,
    Resources,
)
from srcnet_compiler.federation.shared import draft
from srcnet_compiler.names import QueueName
from srcnet_compiler.quantity import Seconds, parse_bytes, parse_duration
from srcnet_compiler.schema import compute_policy as schema
from srcnet_compiler.schema.resources import Resources as ResourcesSpec
from srcnet_compiler.span import Origin, Span

Ended = Set[tuple[str, str]]
"""What has ended: kinds and names, as `Retired` documents say."""
CARRIED = ("federated identity", "project", "image digest")


def read_resources(spec: ResourcesSpec | None, origin: Origin, found: Findings) -> Resources | None:
    """An amount of compute; None where nothing is written."""
    if spec is None:
        return None
    memory = found.amount(parse_bytes, spec.memory, origin, "memory")
    return Resources(spec.cores, memory, spec.gpus, origin)


def read_compute_policy(
    document: schema.ComputePolicy, origin: Origin, ended: Ended, found: Findings
) -> ComputePolicy:
    """The policy; queues in order of name."""
    spec, here = document.spec, origin.below("spec")
    drafts = draft(spec, here)
    return ComputePolicy(
        name=document.metadata.name,
        prefix=spec.prefix,
        queues={
            QueueName(name): _queue(name, queue, here.below("queues", name), drafts, ended, found)
            for name, queue in sorted(spec.queues.items())
        },
        scratch=_scratch(spec.scratch, here.below("scratch"), found),
        carries=tuple(
            word for word in CARRIED if spec.identity and word in spec.identity.everyJobCarries
        ),
        drafts=drafts,
        origin=here,
    )


def _queue(
    name: str,
    queue: schema.Queue,
    origin: Origin,
    around: tuple[Span, ...],
    ended: Ended,
    found: Findings,
) -> Queue:
    return Queue(
        name=QueueName(name),
        walltime=found.required(parse_duration, queue.walltime, origin, "walltime", Seconds(0)),
        priority=queue.priority,
        per_user=_per_user(queue.perUser, origin.below("perUser"), found),
        preemptible=queue.preemptible,
        start=found.amount(_after_word, queue.start, origin, "start"),
        windows=queue.during == "windows",
        exclusive=queue.sharing == "exclusive",
        retired=("queue", name) in ended,
        drafts=(*draft(queue, origin), *around),
        origin=origin,
    )


def _per_user(spec: schema.PerUser | None, origin: Origin, found: Findings) -> PerUser | None:
    if spec is None:
        return None
    memory = found.amount(parse_bytes, spec.memory, origin, "memory")
    return PerUser(spec.cores, memory, spec.gpus, spec.jobs, origin)


def _scratch(spec: schema.JobScratch | None, origin: Origin, found: Findings) -> JobScratch | None:
    if spec is None:
        return None
    amount = found.amount(parse_bytes, spec.amount, origin, "amount")
    keep = found.required(_cleanup, spec.cleanup, origin, "cleanup", Seconds(0))
    return JobScratch(spec.perJob, amount, keep, origin)


def _after_word(text: str) -> Seconds:
    """The length of time behind a word, as in ``within 5 min``."""
    return parse_duration(text.partition(" ")[2])


def _cleanup(text: str) -> Seconds:
    return Seconds(0) if text == "at job end" else _after_word(text)
