"""What a plan may not do: more harm than the federation allows, drafts, anything not ours."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import TypeAlias

from srcnet_compiler.change import Action, Change, ended_data
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Severity, error
from srcnet_compiler.federation.compute import Compute
from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.federation.notices import Retired, Waiver
from srcnet_compiler.names import PolicyName
from srcnet_compiler.plan.model import Held, Plan
from srcnet_compiler.plan.recalls import large_recalls
from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.span import Span

ALL = ("rucio", "slurm", "kubernetes", "scapi")
_Draft: TypeAlias = tuple[str, tuple[Span, ...], tuple[str, ...]]
"""What may rest on drafts, on which, and the names to waive them by."""


def guard(
    plan: Plan, federation: Federation, today: date, *, signed: bool = False
) -> tuple[Diagnostic, ...]:
    """Every reason to refuse the plan on `today`; a waiver in force takes one away, and the
    signature of somebody who is trusted (`signed`) what only needs somebody to agree."""
    return (
        *(found for found in plan.findings if found.severity is Severity.ERROR),
        *_limits(plan, federation, today),
        *(() if signed else large_recalls(plan, federation, today)),
        *_drafts(plan, federation, today),
        *_retirements(plan, federation, today),
    )


def held_back(federation: Federation, targets: Collection[str] = ALL) -> tuple[Held, ...]:
    """What the specs describe for these targets and no plan contains, because it rests on a
    draft."""
    data = [
        *((f"data policy `{p.name}`", p.drafts, (p.name,)) for p in federation.policies.values()),
        *(
            (f"storage area `{a.name}`", a.drafts, (a.name, a.site))
            for a in federation.areas.values()
        ),
        *((f"namespace `{n.name}`", n.drafts, (n.name,)) for n in federation.data.namespaces),
    ]
    both = {"slurm", "kubernetes"}.intersection(targets)
    ends = [
        (f"the end of data of policy `{p.name}`", f"rests on a draft at {p.drafts[0]}")
        for p in federation.policies.values()
        if p.end and p.drafts and not p.retired and not federation.holds_back(p.drafts, p.name)
    ]
    names = [
        *(data if "rucio" in targets else ()),
        *(_policy(federation.compute) if both else ()),
        *(_slurm(federation.compute) if "slurm" in targets else ()),
        *(_kubernetes(federation) if "kubernetes" in targets else ()),
        *(_catalogued(federation) if "scapi" in targets else ()),
    ]
    held = {
        what: f"rests on a draft at {drafts[0]}"
        for what, drafts, waived in names
        if federation.holds_back(drafts, *waived)
    }
    held |= dict(ends if "rucio" in targets else ())
    unread = dict(_unread(federation) if "kubernetes" in targets else ())
    return tuple(Held(what, why) for what, why in {**unread, **held}.items())


def _policy(compute: Compute) -> Iterator[_Draft]:
    if compute.policy is not None:
        policy = compute.policy
        yield f"compute policy `{policy.name}`", policy.drafts, (policy.name,)
        for queue in policy.queues.values():
            yield f"queue `{queue.name}`", queue.drafts, (queue.name, policy.name)


def _slurm(compute: Compute) -> Iterator[_Draft]:
    for cluster in compute.clusters:
        share = cluster.share.drafts if cluster.share is not None else ()
        names = (cluster.label, cluster.site)
        yield f"cluster `{cluster.label}`", (*cluster.drafts, *share), names
        for window in cluster.windows:
            yield f"window `{cluster.label}/{window.name}`", window.drafts, (window.name, *names)
    for allocation in compute.allocations:
        for project in allocation.projects:
            yield f"project `{project.name}`", project.drafts, (project.name, allocation.name)


def _kubernetes(federation: Federation) -> Iterator[_Draft]:
    for cluster in federation.kubernetes:
        share = cluster.share.drafts if cluster.share is not None else ()
        names = (cluster.label, cluster.site)
        yield f"cluster `{cluster.label}`", (*cluster.drafts, *share), names
    for kind, things in (("service", federation.services), ("template", federation.templates)):
        for name, thing in things.items():
            yield f"{kind} `{name}`", (*thing.drafts, *thing.container.image.drafts), (name,)
    for each in federation.deployed:
        what = f"service `{each.service}` on `{each.site}/{each.cluster}`"
        yield what, each.drafts, (each.label, each.service, each.site)
    if federation.security is not None:
        name = federation.security.name
        yield f"security policy `{name}`", federation.security.drafts, (name,)


def _catalogued(federation: Federation) -> Iterator[_Draft]:
    """What the site catalogue has besides: areas, of which the rest speaks, may rest on drafts."""
    for said in federation.catalogued:
        site = federation.sites[said.site]
        yield f"site `{site.name}`", site.drafts, (site.name,)
        for area in (federation.areas[name] for name in site.areas):
            yield f"storage area `{area.name}`", area.drafts, (area.name, area.site)
        for compute in said.compute:
            label = f"{site.name}/{compute.name}"
            yield f"compute `{label}`", compute.drafts, (label, site.name)
        for offer, each in zip(site.services, said.services, strict=True):
            names = (offer.label, offer.service, site.name)
            yield f"offer `{offer.label}` of `{site.name}`", each.drafts, names


def _unread(federation: Federation) -> Iterator[tuple[str, str]]:
    """What would run an image whose digest nobody has read, and why it does not."""
    for kind, things in (("service", federation.services), ("template", federation.templates)):
        for name, thing in things.items():
            image = thing.container.image
            if image.digest is None and not thing.retired:
                place = image.origin.at("repository")
                yield f"{kind} `{name}`", f"nobody has read the digest of its image at {place}"


def _in_force(federation: Federation, kind: str, today: date) -> Iterator[Waiver]:
    return (w for w in federation.waivers if w.kind == kind and w.until >= today)


def _limits(plan: Plan, federation: Federation, today: date) -> Iterator[Diagnostic]:
    limits = federation.limits
    names = {federation.name, *(system.instance for system in plan.systems)}
    deleted = len(ended_data(plan.changes))
    moved = sum(change.moves for change in plan.changes)
    drained = sum(change.drains for change in plan.changes)
    retired = sum(
        change.action is Action.RETIRE and change.address.kind == "rse" for change in plan.changes
    )
    for key, amount, allowed in (
        ("deletedCollections", deleted, limits.deleted_collections),
        ("movedData", moved, int(limits.moved_data)),
        ("retiredAreas", retired, limits.retired_areas),
        ("drainedNodes", drained, limits.drained_nodes),
    ):
        lifted = [
            waiver.up_to or 0
            for waiver in _in_force(federation, "limit", today)
            if waiver.what == key and waiver.of in names
        ]
        if amount > max([allowed, *lifted]):
            shown = round_bytes if key == "movedData" else str
            yield error(
                Code.OVER_LIMIT,
                f"the plan has {shown(amount)} of `{key}`; one plan may have {shown(allowed)}",
                Label(limits.origin.at(key), "the limit"),
                help="do it in parts, or have a `Waiver` with `limit` and `upTo` approved",
                subject=key,
            )


def _drafts(plan: Plan, federation: Federation, today: date) -> Iterator[Diagnostic]:
    accepted = set(_accepted(federation, today))
    for change in plan.changes:
        open_drafts = [span for span in change.drafts if span not in accepted]
        if open_drafts:
            yield error(
                Code.RESTS_ON_DRAFT,
                f"{change.address} rests on a draft",
                Label(open_drafts[0], "not agreed"),
                help="have it agreed, or have a `Waiver` with `draft: true` approved",
                subject=change.address.name,
            )


def _accepted(federation: Federation, today: date) -> Iterable[Span]:
    waived = {waiver.of for waiver in _in_force(federation, "draft", today)}
    for area in federation.areas.values():
        if waived & {area.name, area.site}:
            yield from area.drafts
    for policy in federation.policies.values():
        if policy.name in waived:
            yield from policy.drafts
            yield from policy.recall.drafts if policy.recall is not None else ()
    for space in federation.data.namespaces:
        if space.name in waived:
            yield from space.drafts
    of_clusters = (
        *_policy(federation.compute),
        *_slurm(federation.compute),
        *_kubernetes(federation),
        *_catalogued(federation),
    )
    for _, drafts, names in of_clusters:
        if not waived.isdisjoint(names):
            yield from drafts


def _retirements(plan: Plan, federation: Federation, today: date) -> Iterator[Diagnostic]:
    """An area is closed, a policy ends, and what is on a cluster goes, only by a document that
    still holds."""
    in_force = [end for end in federation.retired if end.until >= today]
    ends = {end.area for end in in_force}
    closing = {
        _name_then(federation, area)
        for area in federation.areas.values()
        if ends & {area.name, area.name_today}
    }
    over = {end.policy for end in in_force}
    for change in plan.changes:
        if change.until is not None and change.until < today.isoformat():
            ended = [e.origin.at("until") for e in federation.retired if _says(e, change.until)]
            yield _no_document(change, "retired", ended)
        policy = _ended_policy(change, federation)
        if _closes_area(change) and change.address.name not in closing:
            yield _no_document(change, "closed", [f.origin for f in change.fields])
        elif policy is not None and policy not in over:
            places = [end.origin.at("until") for end in federation.retired if end.policy == policy]
            yield _no_document(change, "switched off", places)
        elif _ends_on_cluster(change) and change.until is None and not _moved(change, federation):
            yield _no_document(change, "removed", [f.origin for f in change.fields])


def _says(end: Retired, until: str) -> bool:
    return end.until.isoformat() == until


def _name_then(federation: Federation, area: StorageArea) -> str:
    """What an area is called when the plan closes it: after its rename, where it has one."""
    move = federation.moved.get(area.name)
    return move.after if move else area.name_today


def _closes_area(change: Change) -> bool:
    return change.action is Action.RETIRE and change.address.kind == "rse"


def _ends_on_cluster(change: Change) -> bool:
    """Memberships are not among it: who has left a group is out without a document."""
    return (
        change.action is Action.RETIRE
        and change.address.target in ("slurm", "kubernetes", "scapi")
        and change.address.kind != "association"
    )


def _moved(change: Change, federation: Federation) -> bool:
    """Whether a `Moved` document says that what ends has another name now: its own is then the one
    of before, perhaps with the federation's prefix, and with `-` where a system takes no `_`."""
    policy = federation.compute.policy
    name = change.address.name.rpartition("/")[2].replace("_", "-")
    before = {move.before.replace("_", "-") for move in federation.renamed}
    return name in before or (
        policy is not None and name in {f"{policy.prefix}-{old}" for old in before}
    )


def _ended_policy(change: Change, federation: Federation) -> PolicyName | None:
    """The policy whose end a change is; None where other subscriptions take its data.

    The name of a subscription begins with that of its policy, which holds no point.
    """
    if change.action is not Action.RETIRE or change.address.kind != "subscription":
        return None
    policy = federation.policies.get(PolicyName(change.address.name.partition(".")[0]))
    return policy.name if policy is not None and policy.retired else None


def _no_document(change: Change, done: str, places: Iterable[Span | None]) -> Diagnostic:
    place = next((span for span in places if span is not None), None)
    return error(
        Code.NOT_OURS,
        f"{change.address} would be {done}, and no `Retired` document in force says so",
        *([Label(place)] if place else []),
        help="write a `Retired` document, or renew its `until`",
        subject=change.address.name,
    )
