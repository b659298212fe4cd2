"""What people start: sessions as templates of pods, batch jobs as schedules that never come.

`kubectl create job --from=cronjob/NAME` starts a job. Who starts one says for whom and for which
project, which the cluster's admission asks for.
"""

from collections.abc import Iterator

from srcnet_compiler.change import Json
from srcnet_compiler.span import written
from srcnet_compiler.targets.kubernetes.lower.places import Spans
from srcnet_compiler.targets.kubernetes.lower.pods import Wanted, pod, pod_places
from srcnet_compiler.targets.kubernetes.lower.scope import Scope, Startable
from srcnet_compiler.targets.kubernetes.lower.services import files, secrets
from srcnet_compiler.targets.kubernetes.lower.site import Body, Part
from srcnet_compiler.targets.kubernetes.model import SERVICE, Object
from srcnet_compiler.targets.kubernetes.model.words import (
    APP,
    JOBS,
    QUEUE,
    QUEUE_PRIORITY,
    SESSIONS,
    object_name,
)

_NEVER = "0 0 1 1 *"
_DAY = 86_400


def templates(scope: Scope) -> Iterator[Object]:
    """All that templates need, those of each together."""
    for use in (SESSIONS, JOBS):
        for startable in scope.startable(use):
            part = Part(
                scope,
                namespace=scope.namespaces[use],
                group=startable.name,
                exists=startable.places,
                drafts=startable.drafts,
                service=startable.template.name,
                app=startable.name,
            )
            wanted = wanted_of(scope, startable)
            yield from files(part, wanted)
            yield from secrets(part, wanted)
            yield (_session if use == SESSIONS else _job)(part, startable, wanted)


def wanted_of(scope: Scope, startable: Startable) -> Wanted:
    """What a pod of a template is made of."""
    paths = [*startable.areas]
    return Wanted(
        app=startable.name,
        container=startable.container,
        values={
            "site": scope.cluster.site_known_as,
            **({"mount": paths[0]} if paths else {}),
        },
        areas=startable.areas,
        storage_class=scope.cluster.storage_class,
    )


def _lasting(scope: Scope, startable: Startable) -> dict[str, Json]:
    return {
        "restartPolicy": "Never",
        "priorityClassName": scope.name(object_name(startable.queue.name)),
    }


def _labels(scope: Scope, startable: Startable) -> dict[str, Json]:
    """What a pod of a template is of; and where Kueue queues it, its queue."""
    return {APP: startable.name, SERVICE: startable.template.name, **_queued(scope, startable)}


def _queued(scope: Scope, startable: Startable) -> dict[str, Json]:
    if not scope.has_queues:
        return {}
    queue = object_name(startable.queue.name)
    return {QUEUE: queue, QUEUE_PRIORITY: scope.name(queue)}


def _longest(startable: Startable) -> tuple[int, Spans]:
    """How long it may last at most, in seconds; the queue decides where the template is silent."""
    template, queue = startable.template, startable.queue
    if template.lasts is not None and template.lasts <= queue.walltime:
        return template.lasts, written(template.origin, "lasts")
    places = (*written(queue.origin, "walltime"), *written(template.origin, "lasts"))
    return queue.walltime, places


def _session(part: Part, startable: Startable, wanted: Wanted) -> Object:
    scope = part.scope
    seconds, places = _longest(startable)
    lasting = {**_lasting(scope, startable), "activeDeadlineSeconds": seconds}
    own = {
        **pod_places(wanted, "template.spec"),
        "template.spec.activeDeadlineSeconds": places,
        "template.spec.priorityClassName": written(startable.template.origin, "queue"),
    }
    template: Json = {
        "metadata": {"labels": _labels(scope, startable)},
        "spec": pod(wanted, lasting),
    }
    return part.make("PodTemplate", startable.name, {"template": template}, own)


def _job(part: Part, startable: Startable, wanted: Wanted) -> Object:
    scope = part.scope
    seconds, places = _longest(startable)
    at = "spec.jobTemplate.spec"
    job: dict[str, Json] = {
        "activeDeadlineSeconds": seconds,
        "ttlSecondsAfterFinished": _DAY,
        "template": {
            "metadata": {"labels": {APP: startable.name, SERVICE: startable.template.name}},
            "spec": pod(wanted, _lasting(scope, startable)),
        },
    }
    queued = _queued(scope, startable)
    whole: dict[str, Json] = {"metadata": {"labels": queued}} if queued else {}
    body: Body = {
        "spec": {"schedule": _NEVER, "suspend": True, "jobTemplate": {**whole, "spec": job}}
    }
    own = {
        **pod_places(wanted, f"{at}.template.spec"),
        f"{at}.activeDeadlineSeconds": places,
        f"{at}.template.spec.priorityClassName": written(startable.template.origin, "queue"),
    }
    return part.make("CronJob", startable.name, body, own)
