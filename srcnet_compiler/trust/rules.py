"""By which rules something is judged: those of what was applied last, so that no change of the
rules judges itself."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from srcnet_compiler import git
from srcnet_compiler.apply.ledger import BEGIN, RUN, Line
from srcnet_compiler.federation.pipelines import Pipelines
from srcnet_compiler.plan.approvals import Asked


class UnknownRulesError(Exception):
    """It cannot be told which rules hold. The text is for the user."""


def commits_of(lines: Iterable[Line]) -> tuple[str, ...]:
    """The commits that were applied, the newest first, each once.

    A journal that many can write is not believed: what is no commit's id would be an option to git.
    """
    facts = (line.facts for line in lines if line.status in (BEGIN, RUN))
    said = (str(each["commit"]) for each in facts if isinstance(each, dict) and each.get("commit"))
    known = [each for each in said if re.fullmatch(r"[0-9a-f]{40}([0-9a-f]{24})?", each)]
    return tuple(dict.fromkeys(reversed(known)))


def judging(root: Path, applied: Iterable[str], *, shared: bool) -> str | None:
    """The commit whose rules hold: of those that were `applied`, the newest first, the first that
    is in the history of what is here. None: none is, so that the rules that are here hold.

    Where a journal is `shared`, who can write it cannot so name a branch of their own. Raises
    UnknownRulesError where it names commits and none is to be had.
    """
    commits = list(applied)
    for commit in commits:
        if _is_here(root, commit):
            return commit
    if commits and shared:
        raise UnknownRulesError(
            f"{commits[0][:12]} was applied last, and is not in the history of what is here: which"
            " rules hold is not known"
        )
    return None


def _is_here(root: Path, commit: str) -> bool:
    try:
        return git.run(["merge-base", "--is-ancestor", commit, "HEAD"], root).returncode == 0
    except git.GitError:
        return False


def holding(old: Pipelines, new: Pipelines) -> Pipelines:
    """The rules by which a plan is judged: the old ones, and for sites that they do not know those
    that come with them. A site's specs are its own where they stood and where they stand."""
    sites = {
        name: replace(
            old.sites[name],
            files=tuple(dict.fromkeys((*old.sites[name].files, *said.files))),
        )
        if name in old.sites
        else said
        for name, said in new.sites.items()
    }
    return replace(old, sites={**old.sites, **sites})


def without_rules(rules: Pipelines) -> Pipelines:
    """The same where nobody is asked any more."""
    return replace(rules, approvals=(), sites={})


def changed(old: Pipelines, new: Pipelines, keys_differ: bool) -> Iterator[Asked]:
    """Whom it takes to change the rules: who is asked less, more or otherwise than before; all
    groups where it is about signatures or where the journal is."""
    there = {each.group: each for each in new.approvals}
    common = keys_differ or (old.signing_key, old.state) != (new.signing_key, new.state)
    for each in old.approvals:
        why = f"what is asked of {each.group} changes" if each != there.get(each.group) else ""
        why = why or ("the keys that sign, or where the journal is, change" if common else "")
        if why:
            yield Asked(each.group, each.reviewers, each.count, why)
    for name, said in old.sites.items():
        after = new.sites.get(name)
        if said.reviewers and (after is None or after.reviewers != said.reviewers):
            yield Asked(name, said.reviewers, 1, f"what is asked of {name} changes")
