"""Who must agree to a plan, by what it does at worst and whom it touches; who has not yet."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from srcnet_compiler.change import SystemName
from srcnet_compiler.federation.pipelines import Pipelines
from srcnet_compiler.names import SiteName
from srcnet_compiler.plan.model import Plan


@dataclass(frozen=True, slots=True)
class Asked:
    """`count` of the `reviewers` must agree; `who` they are together, and `why`."""

    who: str
    reviewers: tuple[str, ...]
    count: int
    why: str


@dataclass(frozen=True, slots=True)
class Approver:
    """Somebody who agreed, by every name that a reviewer may have: their own, those of teams."""

    name: str
    names: frozenset[str]


def asked(
    plan: Plan, pipelines: Pipelines, sites: Mapping[SystemName, SiteName], *, drift: bool = False
) -> tuple[Asked, ...]:
    """Everybody who must agree, groups first. `sites` says whose a system is.

    Where only `drift` is put back, the sites agreed to what they get when it was merged.
    """
    if not plan.changes:
        return ()
    worst = plan.impact
    groups = (
        Asked(
            each.group,
            each.reviewers,
            each.count,
            f"the plan has changes of impact `{worst.value}`, and the group agrees to"
            f" `{each.least.value}` and worse",
        )
        for each in pipelines.approvals
        if worst.rank >= each.least.rank
    )
    touched = () if drift else _touched(plan, pipelines, sites)
    of_sites = (
        Asked(site, pipelines.sites[site].reviewers, 1, f"the plan changes what {site} has or says")
        for site in touched
        if pipelines.sites[site].reviewers
    )
    return (*groups, *of_sites)


def missing(wanted: Asked, approvers: Iterable[Approver]) -> int:
    """How many more must agree."""
    reviewers = {name.lower() for name in wanted.reviewers}
    there = {each.name.lower() for each in approvers if not reviewers.isdisjoint(each.names)}
    return max(wanted.count - len(there), 0)


def read_approvers(lines: Iterable[str]) -> tuple[Approver, ...]:
    """One line for each person: the name, then the teams that the person is in."""
    words = (line.split() for line in lines if not line.lstrip().startswith("#"))
    return tuple(
        Approver(_handle(found[0]), frozenset(_handle(word).lower() for word in found))
        for found in words
        if found
    )


def _handle(word: str) -> str:
    return word if word.startswith("@") else f"@{word}"


def _touched(
    plan: Plan, pipelines: Pipelines, sites: Mapping[SystemName, SiteName]
) -> Sequence[SiteName]:
    """Sites whose systems change, or whose specs are the reason of a change."""
    systems = {change.address.system for change in plan.changes}
    files = {f.origin.file for change in plan.changes for f in change.fields if f.origin}
    return [
        site
        for site, said in pipelines.sites.items()
        if site in {sites.get(system) for system in systems} or not files.isdisjoint(said.files)
    ]
