"""One collection: where it is, where its policy wants it, and what will happen when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from srcnet_compiler.ages import day_of_age
from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.catalogue.engine import DuckDb, literal
from srcnet_compiler.catalogue.policies import phase_at, places, policy_of
from srcnet_compiler.federation.data_policy import DataPolicy, Phase
from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.review.movement.settle import Settled, ended, settle
from srcnet_compiler.targets.rucio.model.recall import RecallRule, is_recall

_ORDER = "ours DESC, comment, id"
"""Of rules."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What of the collection is on one RSE; `area` None: no spec describes it. `kept`: whole, under
    locks of ours that have no end. `useful`: the phase has a use for it. `recalled`: it is there
    for a while alone, and no phase counts it."""

    rse: str
    area: StorageArea | None
    files: int | None
    bytes: int
    whole: bool
    kept: bool
    useful: bool
    recalled: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule on the collection."""

    account: str
    ours: bool
    copies: int
    expression: str
    comment: str | None
    state: str
    expires: datetime | None
    locks_ok: int
    locks: int

    @property
    def is_recall(self) -> bool:
        """Whether it is ours and ends by itself, having made data accessible for a while."""
        return self.ours and self.expires is not None and is_recall(self.comment or "")

    def recalls_to(self, site: str, tier: str) -> bool:
        """Whether it is a recall onto this tier at the site that systems know by this name."""
        there = RecallRule("", tier, site, "", datetime.max).rse_expression
        return self.is_recall and self.expression == there


@dataclass(frozen=True, slots=True)
class Step:
    """What a phase makes of the collection from a moment on; None: it is in it already. After the
    last `phase` of data that end, what is settled says so."""

    phase: Phase
    since: date | None
    settled: Settled


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """All there is to say of one collection. `policy` None: none is about it. `steps` begin with
    the phase that it is in at `at`. `waits`: nothing is done while the policy is a draft."""

    name: str
    at: datetime
    created: datetime
    closed: bool
    files: int | None
    bytes: int
    policy: DataPolicy | None
    waits: bool
    copies: tuple[Copy, ...]
    rules: tuple[Rule, ...]
    steps: tuple[Step, ...]


def whereabouts(
    engine: DuckDb,
    federation: Federation,
    analysis: Analysis,
    scope: str,
    name: str,
    at: datetime,
) -> Whereabouts | None:
    """What a snapshot and the specs say of a collection; None: it is not in the snapshot."""
    asked = f"scope = {literal(scope)} AND name = {literal(name)}"
    rows = engine.ask(f"SELECT * FROM collections WHERE {asked}")
    if not rows:
        return None
    row = rows[0]
    known = places(federation).by_name
    held = engine.ask(f"SELECT * FROM copies WHERE {asked} ORDER BY rse")
    rules = tuple(map(_rule, engine.ask(f"SELECT * FROM rules WHERE {asked} ORDER BY {_ORDER}")))
    recalls = [rule for rule in rules if rule.is_recall]
    passing = {each["rse"] for each in held if _is_passing(each, known.get(each["rse"]), recalls)}
    lasting = [each["rse"] for each in held if each["whole"] and each["rse"] not in passing]
    there = [known[rse] for rse in lasting if rse in known]
    policy = policy_of(federation, scope, row)
    steps = () if policy is None else _steps(analysis, policy, row, there, at)
    useful = {area.name for area in steps[0].settled.useful} if steps else set()
    return Whereabouts(
        f"{scope}:{name}",
        at,
        row["created"],
        row["closed"],
        row["files"],
        row["bytes"],
        policy,
        policy is not None and federation.holds_back(policy.drafts, policy.name),
        tuple(_copy(each, known.get(each["rse"]), useful, each["rse"] in passing) for each in held),
        rules,
        steps,
    )


def _steps(
    analysis: Analysis,
    policy: DataPolicy,
    row: dict[str, Any],
    there: list[StorageArea],
    at: datetime,
) -> tuple[Step, ...]:
    """Later phases find what the one before leaves; of a new copy only its domain is known, and an
    area of it stands for all."""
    placed = {each.phase.name: each for each in analysis.placements if each.policy == policy.name}
    first = phase_at(policy, row["created"], at)
    if first is None:
        return (Step(policy.phases[-1], None, ended(there)),)
    steps: list[Step] = []
    since = None
    for phase in policy.phases[policy.phases.index(first) :]:
        placement = placed.get(phase.name)
        settled = settle(phase, placement, _draw(row["name"], placement), there)
        steps.append(Step(phase, since, settled))
        there = [*settled.useful, *(areas[0] for areas in settled.new)]
        if phase.until is None:
            break
        since = day_of_age(row["created"].date(), phase.until)
    if policy.end is not None:
        steps.append(Step(policy.phases[-1], since, ended(there)))
    return tuple(steps)


def _draw(name: str, placement: Any) -> int | None:  # noqa: ANN401
    digits = name[-2:]
    if placement is None or len(digits) < 2 or not (digits.isascii() and digits.isdigit()):
        return None
    return next((n for n, draw in enumerate(placement.draws) if int(digits) in draw.buckets), None)


def _is_passing(row: dict[str, Any], area: StorageArea | None, recalls: Sequence[Rule]) -> bool:
    """Whether it is there for a recall alone."""
    if area is None or row["locked"]:
        return False
    return any(rule.recalls_to(area.site_known_as, area.tier) for rule in recalls)


def _copy(row: dict[str, Any], area: StorageArea | None, useful: set[Any], passing: bool) -> Copy:
    return Copy(
        row["rse"],
        area,
        row["files"],
        row["bytes"],
        row["whole"],
        row["locked"],
        bool(row["whole"]) and area is not None and area.name in useful and not passing,
        passing,
    )


def _rule(row: dict[str, Any]) -> Rule:
    keys = ("account", "ours", "copies", "expression", "comment", "state", "expires")
    return Rule(*(row[key] for key in (*keys, "locks_ok", "locks")))
