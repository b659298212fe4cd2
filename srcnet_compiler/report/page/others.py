"""What the federation has agreed about compute, services and security, in words."""

from collections.abc import Iterator

from srcnet_compiler.federation.compute import Allocation, ComputePolicy, Queue
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.federation.services import SecurityPolicy, Service, Template
from srcnet_compiler.quantity import format_duration, format_percent
from srcnet_compiler.report.page.facts import counted, listed, written
from srcnet_compiler.report.page.model import Rule, Words


def others(federation: Federation) -> Iterator[Rule]:
    """Queue classes, allocations, services, templates and security; what there is none of is said
    where the page shows them."""
    if federation.compute.policy is not None:
        yield from _queues(federation.compute.policy)
    yield from map(_allocation, federation.compute.allocations)
    yield from map(_service, federation.services.values())
    yield from map(_template, federation.templates.values())
    if federation.security is not None:
        yield _security(federation.security)


def _queues(policy: ComputePolicy) -> Iterator[Rule]:
    for queue in policy.queues.values():
        yield Rule("queue class", queue.name, bool(queue.drafts), (_queue(queue),))


def _queue(queue: Queue) -> Words:
    at = queue.origin
    return (
        "A job runs for at most ",
        written(format_duration(queue.walltime), at.at("walltime")),
        ", with ",
        written(queue.priority, at.at("priority")),
        " priority",
        *(
            (", and may be ", written("stopped for others", at.at("preemptible")))
            * queue.preemptible
        ),
        *((", in ", written("windows that sites keep", at.at("during"))) * queue.windows),
        *((", with its ", written("nodes alone", at.at("sharing"))) * queue.exclusive),
        ".",
    )


def _allocation(allocation: Allocation) -> Rule:
    at = allocation.origin
    period = f"{allocation.start.isoformat()} to {allocation.until.isoformat()}"
    where: Words = (
        "From ",
        written(period, at.at("period")),
        ", at ",
        written(listed(allocation.sites), at.at("sites")),
        ".",
    )
    projects = tuple(
        (
            f"{project.name}: ",
            written(
                f"a share of {format_percent(project.share)}"
                if project.share is not None
                else "no share of its own",
                project.origin.at("share"),
            ),
            " (draft)." if project.drafts else ".",
        )
        for project in allocation.projects
    )
    return Rule("allocation", allocation.name, bool(allocation.drafts), (where, *projects))


def _service(service: Service) -> Rule:
    at, image = service.origin, service.container.image
    must: Words = (
        (
            "It must run at ",
            written(counted(len(service.must), "site"), at.at("sites", "must")),
            f": {listed(service.must)}.",
        )
        if service.must
        else ("No site must run it.",)
    )
    runs: Words = (
        "It runs ",
        written(image.repository, image.origin.at("repository")),
        "." if image.digest else ", of which nobody has read the digest: so nothing is deployed.",
    )
    return Rule("service", service.name, bool(service.drafts), (must, runs))


def _template(template: Template) -> Rule:
    groups = listed(template.groups) if template.groups else "everybody of the federation"
    words: Words = (
        f"A {'batch job' if template.runs == 'batch' else template.runs} in queue class ",
        written(template.queue, template.origin.at("queue")),
        ", for ",
        written(groups, template.origin.at("groups")),
        ".",
    )
    return Rule("template", template.name, bool(template.drafts), (words,))


def _security(policy: SecurityPolicy) -> Rule:
    at = policy.origin
    registries = written(listed(policy.registries), at.at("registries"))
    signers = counted(len(policy.signers), "signer") if policy.signers else "nobody who is named"
    return Rule(
        "security",
        policy.name,
        bool(policy.drafts),
        (
            ("Images come from ", registries, "."),
            (
                "A digest is ",
                written("required" if policy.digests else "not required", at.at("digests")),
                ", pods are ",
                written(policy.pod_security, at.at("podSecurity")),
                ", and images are signed by ",
                written(signers, at.at("signers")),
                ".",
            ),
        ),
    )
