"""What was reviewed of what is not applied yet: each merge, who agreed to it, and what it does."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from srcnet_compiler import git
from srcnet_compiler.change import Impact
from srcnet_compiler.cli.comparing import review
from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.revisions import Asked as Sides
from srcnet_compiler.cli.rules import MERGED, keys_differ_between, pipelines_at
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.federation.pipelines import Pipelines
from srcnet_compiler.plan.approvals import Approver, Asked, missing, read_approvers
from srcnet_compiler.plan.model import Plan
from srcnet_compiler.review.model import Revision
from srcnet_compiler.trust.rules import changed, without_rules


@dataclass(frozen=True, slots=True)
class Merge:
    """A commit of the branch: at worst it does `impact`, it reaches `sites`, and it changes what is
    asked of `ruled`."""

    commit: str
    approvers: tuple[Approver, ...]
    impact: Impact
    sites: frozenset[str]
    ruled: frozenset[str]


def approvers_by_merge(lines: Iterable[str]) -> dict[str, tuple[Approver, ...]]:
    """Who agreed to what became which commit, as `srcnet forge approvals` writes it; who stands
    above the first such line is named by a person, and agrees to all."""
    by_hand: list[str] = []
    found: dict[str, list[str]] = {}
    rows = by_hand
    for line in lines:
        if line.startswith(MERGED):
            rows = found.setdefault(line.removeprefix(MERGED).strip(), [])
        else:
            rows.append(line)
    return {commit: read_approvers([*by_hand, *said]) for commit, said in found.items()}


def insist_on_newest(commits: Sequence[str], agreed: Mapping[str, tuple[Approver, ...]]) -> None:
    """End the command where what is here is not what somebody has agreed to."""
    if not commits or commits[-1] not in agreed:
        said = ", ".join(each[:12] for each in agreed)
        here = commits[-1][:12] if commits else "no commit"
        raise StopError(
            Exit.STALE,
            f"those who agreed did so to {said}, and here is {here}",
            "`srcnet forge approvals --out FILE` asks the forge anew",
        )


def merges(
    settings: Settings,
    commits: Sequence[str],
    agreed: Mapping[str, tuple[Approver, ...]],
    members: Sequence[Path],
    today: date,
) -> tuple[Merge, ...]:
    """Each of these commits, against what the branch was before it."""
    return tuple(_merge(settings, each, agreed.get(each, ()), members, today) for each in commits)


def _merge(
    settings: Settings,
    commit: str,
    approvers: tuple[Approver, ...],
    members: Sequence[Path],
    today: date,
) -> Merge:
    done = git.run(["rev-parse", "--verify", "--quiet", f"{commit}^1^{{commit}}"], settings.root)
    if done.returncode != 0:
        raise StopError(
            Exit.REFUSED,
            f"what {commit[:12]} was merged into is not here, so that nobody knows what it does",
            "fetch all of it: `git fetch --unshallow`",
        )
    before = done.stdout.decode().strip()
    sides = Sides(Revision(before[:12], before), Revision(commit[:12], commit))
    found = review(settings, sides, members, today, live=False)
    ruled = _ruled(settings, before, commit, today)
    sites = frozenset(str(reach.site) for reach in found.touched)
    return Merge(commit, approvers, found.impact, sites, frozenset(ruled))


def _ruled(settings: Settings, before: str, after: str, today: date) -> Iterator[str]:
    old, new = (pipelines_at(settings, each, today) for each in (before, after))
    if old is not None:
        differ = keys_differ_between(settings, before, after)
        yield from (each.who for each in changed(old, new or without_rules(old), differ))


def worse_than_reviewed(plan: Plan, done: Sequence[Merge]) -> str | None:
    """Why what was agreed to does not cover the plan, where it does more than anybody has seen."""
    seen = max((each.impact for each in done), key=lambda impact: impact.rank)
    if plan.impact.rank <= seen.rank:
        return None
    return (
        f"the plan does `{plan.impact.value}`, and what was reviewed does `{seen.value}` at worst"
    )


def missing_of(wanted: Asked, rules: Pipelines, done: Sequence[Merge], ruling: bool) -> int:
    """How many more must agree, to the merge that lacks most: who agreed to one proposal has not
    agreed to another."""
    least = {each.group: each.least for each in rules.approvals}.get(wanted.who)
    if ruling:
        concerned = [each for each in done if wanted.who in each.ruled]
    elif least is not None:
        concerned = [each for each in done if each.impact.rank >= least.rank]
    else:
        concerned = [each for each in done if wanted.who in each.sites]
    return max(missing(wanted, each.approvers) for each in concerned or done[-1:])
