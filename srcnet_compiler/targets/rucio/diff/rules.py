"""The changes of one dataset's rules: some get another name, some are added, some are let go.

Nothing is let go before every file has its copies under the rules that stay, and nothing at all
while the dataset is open: files may still come.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from zlib import crc32

from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, Json, Wait
from srcnet_compiler.span import Span
from srcnet_compiler.targets.rucio.diff.leaving import Leaving
from srcnet_compiler.targets.rucio.diff.objects import address
from srcnet_compiler.targets.rucio.diff.passage import facts_after, facts_now
from srcnet_compiler.targets.rucio.diff.settle import Settling, held_by
from srcnet_compiler.targets.rucio.model import (
    AccountLimit,
    Dataset,
    RucioModel,
    Rule,
    RuleTemplate,
)
from srcnet_compiler.targets.rucio.model.lifecycle import Lifecycle, LifePhase
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.requirement import TIER, Requirement, candidates_of
from srcnet_compiler.targets.rucio.model.shard import BUCKETS, bucket_of


class Audited:
    """A Rucio as it is and as it is to be, seen from rules: where they lead, what they need."""

    def __init__(self, desired: RucioModel, observed: RucioModel) -> None:
        self.desired, self._observed = desired, observed
        self.after, self._now = facts_after(desired), facts_now(desired, observed)
        self._needed: dict[str, tuple[Address, ...]] = {}
        self._meant: dict[str, frozenset[RseName]] = {}
        self.settling = Settling(self.after)
        self.leaving = Leaving(desired, observed)

    def meant(self, expression: str) -> frozenset[RseName]:
        """The RSEs that it means now."""
        if expression not in self._meant:
            self._meant[expression] = candidates_of(expression, self._now)
        return self._meant[expression]

    def rule_at(self, dataset: Dataset, comments: str) -> Address:
        """How a change calls a rule of the dataset."""
        return address(self.desired, "rule", f"{dataset.did} {comments}")

    def needs(self, template: RuleTemplate) -> tuple[Address, ...]:
        """What a new rule cannot do without and is still to come: a place, and leave to use it."""
        expression = template.rse_expression
        if expression not in self._needed:
            self._needed[expression] = tuple(self._needs(expression))
        return self._needed[expression]

    def _needs(self, expression: str) -> Iterator[Address]:
        later = sorted(candidates_of(expression, self.after))
        if not self.meant(expression):
            yield from (address(self.desired, "rse", name) for name in later)
        for name in (f"{self.desired.owner}@{rse}" for rse in later):
            if name in self.desired.account_limits and name not in self._observed.account_limits:
                yield address(self.desired, AccountLimit.kind, name)


def changes_of(
    audited: Audited, dataset: Dataset, life: Lifecycle, phase: LifePhase
) -> tuple[Change, ...]:
    """What makes our rules on the dataset keep the phase, and nothing besides."""
    wanted = phase.requirement
    lasting = [rule for rule in dataset.rules if not (rule.released or rule.is_pin)]
    pins = [rule for rule in dataset.rules if rule.is_pin and not rule.released]
    going = [rule for rule in lasting if audited.leaving.must_go(rule)]
    staying = [rule for rule in lasting if rule not in going]
    ways, settling = phase, audited.settling
    if going:
        ways, settling = audited.leaving.without(phase, going)
    settled = settling.settle(
        ways,
        ways.deal_of(dataset.name),
        _bucket(dataset.name),
        [held_by(rule, wanted) for rule in staying],
    )
    if settled is None:
        return tuple(_tried_again(audited, dataset, [*lasting, *pins]))
    kept = [staying[index] for index in settled.kept]
    others = [rule for rule in lasting if rule not in kept]
    names = _Names(phase, lasting)
    changes = [
        *_named_anew(audited, dataset, phase, [r for r in kept if not _is_of(wanted, r)], names),
        *(_added(audited, dataset, life, phase, rule, names) for rule in settled.added),
        *_tried_again(audited, dataset, [*kept, *pins]),
    ]
    if dataset.closed:
        leaving = [rule for rule in others if not rule.moves]
        changes += [c for rule in leaving for c in _let_go(audited, dataset, life, phase, rule)]
        changes += [_unpinned(audited, dataset, phase, rule) for rule in pins]
    return tuple(changes)


def exchanged(
    audited: Audited,
    dataset: Dataset,
    life: Lifecycle,
    phase: LifePhase,
    rule: Rule,
    template: RuleTemplate,
) -> tuple[Change, ...]:
    """One rule for another of the same phase. The first gives up its name before there are more
    rules than the phase needs: so an ordinary run goes on with what it finds half-way. Where that
    fails, it lets go the rule that is not complete: a transfer in vain, and no copy less."""
    *renamed, ended = _let_go(audited, dataset, life, phase, rule)
    added = _added(audited, dataset, life, phase, template, _Names(phase, dataset.rules))
    why = "its place has less than its share of the copies"
    return (*renamed, replace(added, reason=why), ended)


def _bucket(name: str) -> int:
    """Whose turn it is where several ways are as good."""
    bucket = bucket_of(name)
    return crc32(name.encode()) % len(BUCKETS) if bucket is None else bucket


def _is_of(wanted: Requirement, rule: Rule) -> bool:
    return rule.comments.startswith(wanted.tag)


class _Names:
    """Comments for the phase's rules on one dataset, none twice."""

    def __init__(self, phase: LifePhase, rules: Iterable[Rule]) -> None:
        self._tag = phase.requirement.tag
        self._taken = {rule.comments for rule in rules}

    def take(self, *liked: str) -> str:
        """The first of those that are liked and free, else the lowest number."""
        numbered = (f"{self._tag}{n}" for n in count())
        free = (name for names in (liked, numbered) for name in names if name not in self._taken)
        name = next(free)
        self._taken.add(name)
        return name


def _named_anew(
    audited: Audited, dataset: Dataset, phase: LifePhase, rules: Iterable[Rule], names: _Names
) -> Iterator[Change]:
    """To the server a rule is its dataset, expression and copies: a second one under another name
    cannot be made, and the first one does what is asked."""
    dealt = {(r.copies, r.rse_expression): r.comments for r in phase.deal_of(dataset.name).rules}
    for rule in rules:
        liked = dealt.get((rule.copies, rule.rse_expression))
        name = names.take(*([liked] if liked else []))
        yield _renamed(
            audited,
            dataset,
            rule,
            name,
            _place(phase, "phase"),
            "it keeps what its dataset's policy asks for, under a former name",
        )


def _renamed(
    audited: Audited, dataset: Dataset, rule: Rule, name: str, place: Span | None, why: str
) -> Change:
    return Change(
        audited.rule_at(dataset, name),
        Action.UPDATE,
        (
            FieldChange("id", rule.id, rule.id),
            FieldChange("comments", rule.comments, name, place),
        ),
        Impact.COSMETIC,
        why,
    )


def _place(phase: LifePhase, key: str) -> Span | None:
    return next(iter(phase.origins.get(key, ())), None)


def _added(
    audited: Audited,
    dataset: Dataset,
    life: Lifecycle,
    phase: LifePhase,
    template: RuleTemplate,
    names: _Names,
) -> Change:
    """Where a rule of ours asks for the same places already, its copies are used again."""
    name = names.take(template.comments)
    wanted: Json = {
        **_as_mapping(template.value()),
        "comments": name,
        "account": audited.desired.owner,
    }
    there = [
        rule.copies
        for rule in dataset.rules
        if rule.rse_expression == template.rse_expression and rule.is_complete
    ]
    return Change(
        audited.rule_at(dataset, name),
        Action.CREATE,
        (FieldChange("rule", None, wanted, _place(phase, "rules")),),
        Impact.MOVES_DATA,
        f"phase `{phase.requirement.phase}` of its policy asks for this copy, and no rule keeps it",
        needs=audited.needs(template),
        drafts=life.drafts,
        moves=max(0, template.copies - max(there, default=0)) * dataset.bytes,
    )


def _as_mapping(value: Json) -> Mapping[str, Json]:
    assert isinstance(value, Mapping)
    return value


def _tried_again(audited: Audited, dataset: Dataset, rules: Collection[Rule]) -> Iterator[Change]:
    """Rucio gives up a rule that was stuck for two weeks; it does not for want of trying again."""
    for rule in rules:
        if rule.state == "SUSPENDED":
            yield Change(
                audited.rule_at(dataset, rule.comments),
                Action.UPDATE,
                (FieldChange("id", rule.id, rule.id), FieldChange("suspended", True, False)),
                Impact.MOVES_DATA,
                "Rucio has given it up: it is to be tried again",
                moves=rule.copies * dataset.bytes,
            )


def _let_go(
    audited: Audited, dataset: Dataset, life: Lifecycle, phase: LifePhase, rule: Rule
) -> Iterator[Change]:
    """A rule that the phase does not need.

    What is waited for is counted over the rules that carry the phase's name, so this one gives that
    name up first.
    """
    wanted = phase.requirement
    name, place = rule.comments, _place(phase, "copies")
    first: tuple[Address, ...] = ()
    if _is_of(wanted, rule):
        mark = rule.comments.removeprefix(f"srcnet:{wanted.policy}/").replace("/", "-")
        name = f"srcnet:{wanted.policy}/leaving/{mark}"
        why = "it is to go, and must not be counted among those that stay"
        renamed = _renamed(audited, dataset, rule, name, place, why)
        yield renamed
        first = (renamed.address,)
    yield Change(
        audited.rule_at(dataset, name),
        Action.RETIRE,
        (FieldChange("id", rule.id, rule.id), FieldChange("released", False, True, place)),
        Impact.DELETES_DATA,
        f"phase `{wanted.phase}` of its policy is kept without it",
        needs=first,
        waits=(_complete(audited.desired, dataset, wanted),),
        drafts=life.drafts,
    )


def _unpinned(audited: Audited, dataset: Dataset, phase: LifePhase, pin: Rule) -> Change:
    return Change(
        audited.rule_at(dataset, pin.comments),
        Action.RETIRE,
        (FieldChange("id", pin.id, pin.id), FieldChange("released", False, True)),
        Impact.RECONFIGURE,
        "the first phase is complete, so the copy where it came in may go",
        waits=(_complete(audited.desired, dataset, phase.requirement),),
    )


def _complete(desired: RucioModel, dataset: Dataset, wanted: Requirement) -> Wait:
    fact = {
        "scope": dataset.scope,
        "name": dataset.name,
        "account": desired.owner,
        "tag": wanted.tag,
        "apart": wanted.apart,
        "tier": TIER,
        "copies": dict(wanted.copies),
    }
    return Wait(
        "copies-valid",
        json.dumps(fact, sort_keys=True),
        f"every file of {dataset.did} has its valid copies for {wanted.policy}/{wanted.phase}",
    )
