"""A recall as a plan: what is asked for, held against policies and what is there.

The plan is one like any other. It is bound to the specs, guarded, carried out and noted in the same
way; only that it makes no specs true, since no spec asks for what one user wants for two weeks.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from srcnet_compiler.catalogue.engine import DuckDb
from srcnet_compiler.catalogue.policies import places
from srcnet_compiler.change import Change
from srcnet_compiler.converge import System, binding
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import AreaName
from srcnet_compiler.pipeline import Compiled
from srcnet_compiler.plan.build import build_plan
from srcnet_compiler.plan.model import Plan
from srcnet_compiler.review.movement.where import Whereabouts, whereabouts
from srcnet_compiler.review.recall.decide import decide
from srcnet_compiler.review.recall.model import (
    Asked,
    Decided,
    Impossible,
    Room,
    Running,
    Wanted,
)
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.rucio import TARGET, live
from srcnet_compiler.targets.rucio.diff.recalls import Known, Recalled, recall_change
from srcnet_compiler.targets.rucio.model import Dataset, RucioModel, Rule
from srcnet_compiler.targets.rucio.model.recall import RecallRule, is_recall


@dataclass(frozen=True, slots=True)
class Recalls:
    """What was decided for each collection, and the plan for all; None where one cannot be."""

    decided: tuple[Decided, ...]
    plan: Plan | None


def recall_system(systems: Sequence[System]) -> System:
    """The one that moves data."""
    return next(system for system in systems if system.lowered.target.name == TARGET.name)


def plan_recalls(
    compiled: Compiled,
    system: System,
    engine: DuckDb,
    names: Sequence[tuple[str, str]],
    asked: Asked,
    day: date,
) -> Recalls:
    """What makes the collections accessible. `engine` has a snapshot of all of them, in which each
    is. Raises UnreachableError, RefusedError."""
    federation, analysis = compiled.federation, compiled.analysis
    assert federation is not None
    assert analysis is not None
    desired: RucioModel = system.lowered.model
    if system.trouble is not None:
        raise system.trouble
    seen = live.look_for_recall(system.client, desired, names)
    room = _room(federation, seen)
    decided: list[Decided] = []
    changes: list[Change] = []
    evening = datetime.combine(day, time.max)
    for scope, name in names:
        found = whereabouts(engine, federation, analysis, scope, name, evening)
        assert found is not None
        # to the server an open data set has no size yet
        dataset = replace(seen.datasets[found.name], bytes=found.bytes)
        running = tuple(_running(federation, found, dataset, seen.ends))
        each = decide(federation, found, asked, running, room, day)
        decided.append(each)
        if isinstance(each.outcome, Wanted):
            changes.append(change_for(federation, desired, dataset, each, each.outcome, asked))
    if any(isinstance(each.outcome, Impossible) for each in decided):
        return Recalls(tuple(decided), None)
    there = RucioModel(
        desired.instance,
        desired.owner,
        rses=desired.rses,
        datasets={did: seen.datasets[did] for did in sorted(seen.datasets)},
    )
    proof = TARGET.prove(desired, Reading(there, day=day), changes)
    plan = build_plan(
        [system.name],
        changes,
        (),
        frozenset(),
        binding(compiled),
        findings=proof.objections,
        proven=proof.claims,
    )
    return Recalls(tuple(decided), plan)


def _room(federation: Federation, seen: live.SeenForRecall) -> Room:
    by_name = places(federation).by_name
    left: dict[AreaName, int] = defaultdict(int)
    for rse, amount in seen.room.items():
        if rse in by_name:
            left[by_name[rse].name] += amount
    return Room(dict(left))


def _running(
    federation: Federation, found: Whereabouts, dataset: Dataset, ends: Mapping[str, datetime]
) -> Iterator[Running]:
    """The recalls of it onto the tier that its policy names."""
    if found.policy is None or found.policy.recall is None:
        return
    for rule in dataset.rules:
        known_as = rule.comments.rpartition("/")[2]
        wanted = RecallRule(found.policy.name, found.policy.recall.tier, known_as, "", datetime.max)
        site = federation.site_called(known_as)
        ours = is_recall(rule.comments) and rule.id in ends
        if site is not None and ours and _is(rule, wanted):
            until = ends[rule.id].replace(tzinfo=None)
            yield Running(rule.id, site, until, rule.locks_ok, rule.locks)


def _is(rule: Rule, wanted: RecallRule) -> bool:
    same = (rule.copies, rule.rse_expression) == (1, wanted.rse_expression)
    return same and rule.comments == wanted.comments


def change_for(
    federation: Federation,
    desired: RucioModel,
    dataset: Dataset,
    decided: Decided,
    wanted: Wanted,
    asked: Asked,
) -> Change:
    policy, recall, longer = decided.policy, decided.recall, wanted.longer
    assert policy is not None
    assert recall is not None
    site = federation.sites[wanted.site]
    rule = RecallRule(policy.name, wanted.tier, site.known_as, policy.activity, wanted.until)
    areas = [federation.areas[name] for name in site.areas]
    used = [area for area in areas if area.tier == wanted.tier and area.counts]
    return recall_change(
        desired,
        Recalled(
            dataset=dataset,
            rule=rule,
            known=None if longer is None else Known(longer.id, longer.until),
            moves=0 if longer is not None else decided.bytes,
            why=_why(asked, wanted),
            drafts=tuple(
                dict.fromkeys(
                    (*policy.drafts, *recall.drafts, *(d for area in used for d in area.drafts))
                )
            ),
            place=recall.origin.at("to"),
            keep=recall.origin.at("keep"),
        ),
    )


def _why(asked: Asked, wanted: Wanted) -> str:
    """Who asked, and what for: it stands in the plan and in the journal."""
    who = "" if asked.group is None else f" for {asked.group}"
    what = "" if asked.reason is None else f": {asked.reason}"
    done = "it is asked for" if wanted.longer is None else "it is asked for again"
    return f"{done}{who}{what}"
