"""`srcnet approvals`: whether those who agreed cover what a plan does."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.options import members_option, state_option, today_option
from srcnet_compiler.cli.rules import MERGED
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import compiled, read_plan, state_store, stop_on_errors, the_day

if TYPE_CHECKING:
    from srcnet_compiler.apply.store import Store
    from srcnet_compiler.cli.reviewed import Merge
    from srcnet_compiler.federation.pipelines import Pipelines
    from srcnet_compiler.pipeline import Compiled
    from srcnet_compiler.plan.approvals import Approver, Asked
    from srcnet_compiler.plan.model import Plan


@click.command("approvals")
@click.option(
    "--plan",
    "plans",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    metavar="PLAN",
    help="The plan to be carried out; may be given again.",
)
@click.option(
    "--approved-by",
    "approved_by",
    multiple=True,
    metavar="FILE|NAME",
    help="Who agreed: a name, or a file with a line for each person, the name first and then the"
    " teams that the person is in. May be given again.",
)
@click.option(
    "--drift",
    is_flag=True,
    help="The plan only puts back what was applied: sites are not asked, unless these specs never"
    " were.",
)
@click.option(
    "--waiting",
    is_flag=True,
    help="The plan only goes on with what waited: nobody is asked, unless these specs were never"
    " applied.",
)
@state_option
@members_option
@today_option
@click.pass_obj
def command(
    settings: Settings,
    plans: tuple[Path, ...],
    approved_by: tuple[str, ...],
    drift: bool,
    waiting: bool,
    state: Path | str,
    members: tuple[Path, ...],
    today: datetime | None,
) -> int:
    """Say who must agree to a plan, and whether they have.

    Groups are asked by the worst that a plan does, sites for what is theirs, as `approvals` and
    `reviewers` said in the specs that were applied last: no rule is dropped by a merge that it has
    not judged. Where nothing was applied yet, those of these specs hold. Ends with 3 where somebody
    is missing.

    \b
    Examples:
      srcnet approvals --plan plan.json
      srcnet approvals --plan plan.json --approved-by @anna --approved-by @bert
      srcnet approvals --plan plan.json --approved-by approved.txt
    """
    result = compiled(settings, the_day(today), members)
    stop_on_errors(result)
    lines = _lines(approved_by)
    store = state_store(settings, state)
    applied = _applied(store) if drift or waiting else frozenset()
    rules, changes, last = _rules(settings, store, result, the_day(today))
    people = _agreed(settings, lines, last, rules, members, the_day(today))
    lacking: list[str] = []
    for path in plans:
        plan = read_plan(path)
        _insist_on_same_specs(path, plan, result)
        agreed = plan.binding.specs in applied
        asked = () if waiting and agreed else _asked(plan, result, rules, drift and agreed)
        wanted = (*asked, *changes)
        click.echo(_head(path, plan, wanted))
        if asked and not drift:
            people.insist_on_reviewed(plan)
        for each in wanted:
            more = people.missing(each, each in changes)
            click.echo(f"  {_line(each, more)}\n      {each.why}")
            lacking += [f"{more} of {each.who}"] if more else []
    if lacking:
        raise StopError(
            Exit.REFUSED,
            f"not everybody has agreed: {', '.join(dict.fromkeys(lacking))} must still approve",
            "ask them to approve the proposal on the forge, then run this again",
        )
    return Exit.FINE


@dataclass(frozen=True, slots=True)
class _Agreed:
    """Who agreed to what; `merges` empty: by name, to the plan itself."""

    approvers: "tuple[Approver, ...]"
    merges: "tuple[Merge, ...]"
    rules: "Pipelines"

    def missing(self, wanted: "Asked", ruling: bool) -> int:
        """How many more must agree; `ruling`: to a change of the rules."""
        from srcnet_compiler.plan.approvals import missing

        if not self.merges:
            return missing(wanted, self.approvers)
        from srcnet_compiler.cli.reviewed import missing_of

        return missing_of(wanted, self.rules, self.merges, ruling)

    def insist_on_reviewed(self, plan: "Plan") -> None:
        """End the command where the plan does worse than what somebody agreed to."""
        if not self.merges:
            return
        from srcnet_compiler.cli.reviewed import worse_than_reviewed

        if (why := worse_than_reviewed(plan, self.merges)) is not None:
            raise StopError(
                Exit.REFUSED,
                f"nobody has agreed to this: {why}",
                "`srcnet verify` shows what differs besides; run the pipeline of what was applied"
                " last again, or who is asked applies it by hand",
            )


def _agreed(
    settings: Settings,
    lines: list[str],
    last: str | None,
    rules: "Pipelines",
    members: tuple[Path, ...],
    today: date,
) -> _Agreed:
    """Where the forge was asked, each merge since the one that was applied last is agreed to by
    itself. The first plan of all makes everything, and so may one that goes on with a commit which
    was begun: no merge says so, and whom it takes agree to the newest."""
    from srcnet_compiler.plan.approvals import read_approvers

    if not any(line.startswith(MERGED) for line in lines):
        return _Agreed(read_approvers(lines), (), rules)
    from srcnet_compiler.cli.reviewed import approvers_by_merge, insist_on_newest, merges
    from srcnet_compiler.cli.rules import merges_since

    commits = merges_since(settings.root, last)
    agreed = approvers_by_merge(lines)
    insist_on_newest(commits, agreed)
    newest = agreed[commits[-1]]
    if last is None or last == commits[-1]:
        return _Agreed(newest, (), rules)
    return _Agreed(newest, merges(settings, commits, agreed, members, today), rules)


def _rules(
    settings: Settings, store: "Store", found: "Compiled", today: date
) -> "tuple[Pipelines, tuple[Asked, ...], str | None]":
    """By what a plan is judged, who must agree to what changes of it, and the commit that was
    applied last: said at the head."""
    from srcnet_compiler.cli.rules import judge_of, keys_differ, pipelines_at
    from srcnet_compiler.trust.rules import changed, holding, without_rules

    judge = judge_of(settings, store)
    click.echo(str(judge))
    assert found.federation is not None
    here = found.federation.pipelines
    there = None if judge.commit is None else pipelines_at(settings, judge.commit, today)
    if (known := here or there) is None:
        raise StopError(
            Exit.USAGE,
            "the specs do not say who must agree",
            "name them under `pipelines: {approvals: …}` in the Federation",
        )
    if there is None or judge.commit is None:
        return known, (), judge.commit
    after = here or without_rules(there)
    changes = tuple(changed(there, after, keys_differ(settings, judge.commit)))
    return holding(there, after), changes, judge.commit


def _applied(store: "Store") -> frozenset[str]:
    """The specs that were applied from here, by their digests: somebody has agreed to those. What
    was merged and refused is in no journal, and is no drift."""
    from srcnet_compiler.apply.ledger import BEGIN, RUN, Ledger

    path = store.find_ledger()
    if path is None:
        return frozenset()
    with Ledger(path) as ledger:
        facts = [line.facts for line in ledger.lines() if line.status in (BEGIN, RUN)]
    return frozenset(
        str(each["specs"]) for each in facts if isinstance(each, dict) and "specs" in each
    )


def _head(path: Path, plan: "Plan", wanted: "tuple[Asked, ...]") -> str:
    if not plan.changes:
        return f"{path}: nothing changes{'' if wanted else ', so nobody is asked'}"
    count = f"{len(plan.changes)} change{'s' if len(plan.changes) > 1 else ''}"
    head = f"{path}: {count}, at worst `{plan.impact.value}`"
    return head if wanted else f"{head}; nobody has to agree to that"


def _line(wanted: "Asked", more: int) -> str:
    names = ", ".join(wanted.reviewers)
    need = f"{wanted.count} of {names}"
    return f"{wanted.who}: {need}: {'agreed' if not more else f'{more} missing'}"


def _asked(plan: "Plan", found: "Compiled", rules: "Pipelines", drift: bool) -> "tuple[Asked, ...]":
    from srcnet_compiler.converge import name_of
    from srcnet_compiler.plan.approvals import asked

    sites = {
        name_of(each): site
        for each in found.models
        if (site := each.target.site(each.model)) is not None
    }
    return asked(plan, rules, sites, drift=drift)


def _lines(approved_by: tuple[str, ...]) -> list[str]:
    """From files and names; what begins with `@` is no file. What is of one merge comes last."""
    lines: list[str] = []
    of_merges: list[str] = []
    for each in approved_by:
        path = Path(each)
        if not each.startswith("@") and path.is_file():
            try:
                said = path.read_text("utf-8").splitlines()
            except UnicodeError:
                raise StopError(Exit.FILES, f"`{path}` is not text in UTF-8") from None
            (of_merges if any(line.startswith(MERGED) for line in said) else lines).extend(said)
        elif not each.startswith("@") and (path.suffix or len(path.parts) > 1):
            raise StopError(
                Exit.FILES, f"there is no file `{each}`", "begin the name of a person with `@`"
            )
        else:
            lines.append(each)
    return [*lines, *of_merges]


def _insist_on_same_specs(path: Path, plan: "Plan", found: "Compiled") -> None:
    from srcnet_compiler.converge import binding

    if plan.binding.specs != binding(found).specs:
        raise StopError(
            Exit.STALE,
            f"`{path}` was made from other specs than those in this folder",
            "make a new one: `srcnet plan --out PLAN`",
        )
