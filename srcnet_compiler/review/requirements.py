"""Which requirements of the data policies became stricter, which looser, and what that may cost."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from srcnet_compiler.analysis.capacity import arrivals
from srcnet_compiler.change import Impact
from srcnet_compiler.federation.data_policy import DataPolicy, Phase, Selector
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import PolicyName, TierName
from srcnet_compiler.quantity import Bytes, Period, format_bytes, format_duration
from srcnet_compiler.review.model import Requirement, Turn
from srcnet_compiler.span import Origin

_APART = ("area", "site", "region")
"""From near to far."""
_DAYS = {
    "d": Fraction(1),
    "weeks": Fraction(7),
    "months": Fraction(36525, 1200),
    "years": Fraction(36525, 100),
}


class _Both(NamedTuple):
    """One policy before and after."""

    base: DataPolicy
    head: DataPolicy
    draft: bool


def requirements(base: Federation, head: Federation) -> tuple[Requirement, ...]:
    """Every requirement that differs, by policy."""
    found: list[Requirement] = []
    for name in sorted({*base.policies, *head.policies}):
        before, after = base.policies.get(name), head.policies.get(name)
        if before is None or after is None:
            found += _one_side(name, before, after, head)
        elif before != after:
            draft = head.holds_back(after.drafts, name)
            both = _Both(before, after, draft)
            found += (r for compare in _COMPARISONS for r in compare(both))
    return tuple(found)


def _one_side(
    name: PolicyName, before: DataPolicy | None, after: DataPolicy | None, head: Federation
) -> Iterator[Requirement]:
    if after is not None:
        draft = head.holds_back(after.drafts, name)
        yield Requirement(
            name, "the policy", "none", _in_short(after), Turn.STRICTER,
            Impact.MOVES_DATA, None, after.origin.at(), draft,
        )  # fmt: skip
    elif before is not None:
        yield Requirement(
            name, "the policy", _in_short(before), "described no more", Turn.LOOSER,
            Impact.COSMETIC, before.origin.at(), None,
        )  # fmt: skip


def _in_short(policy: DataPolicy) -> str:
    return "; ".join(f"{phase.name}: {_copies(phase)}" for phase in policy.phases)


def _copies(phase: Phase) -> str:
    parts = (f"{copies.count} on {copies.tier}" for copies in phase.copies)
    return f"{' and '.join(parts)}, apart by {phase.apart}"


# ── one comparison for each thing that a policy can ask for ───────────────────────────────────


def _floor(both: _Both) -> Iterator[Requirement]:
    before, after = both.base.floor, both.head.floor
    if before != after:
        impact = Impact.RECONFIGURE if before < after else Impact.LOWERS_COPIES
        yield _said(
            both, "the least copies", (str(before), str(after)), before < after, "floor", impact
        )


def _deadline(both: _Both) -> Iterator[Requirement]:
    before, after = both.base.deadline, both.head.deadline
    if before != after:
        texts = format_duration(before), format_duration(after)
        yield _said(both, "the deadline of arrival", texts, after < before, "arrives")


def _selection(both: _Both) -> Iterator[Requirement]:
    before, after = both.base.selector, both.head.selector
    if before != after:
        wider, narrower = _covers(after, before), _covers(before, after)
        stricter = None if wider == narrower else wider
        texts = _words(before), _words(after)
        yield _said(
            both, "the data that it is about", texts, stricter, "selects", Impact.MOVES_DATA
        )


def _covers(wide: Selector, narrow: Selector) -> bool:
    """Whether one selector takes all that the other takes."""
    return (
        set(narrow.namespaces) <= set(wide.namespaces)
        and wide.product in (None, narrow.product)
        and wide.campaign in (None, narrow.campaign)
        and (not wide.telescopes or set(narrow.telescopes or ("any",)) <= set(wide.telescopes))
    )


def _words(selector: Selector) -> str:
    parts = (
        ("", ", ".join(selector.namespaces)),
        ("product ", selector.product),
        ("of ", ", ".join(selector.telescopes)),
        ("campaign ", selector.campaign),
    )
    return "; ".join(f"{word}{value}" for word, value in parts if value)


def _volumes(both: _Both) -> Iterator[Requirement]:
    for year in sorted({v.year for v in (*both.base.volumes, *both.head.volumes)}):
        before, after = arrivals(both.base, year), arrivals(both.head, year)
        if before != after:
            texts = _amount(before), _amount(after)
            yield _said(both, f"what arrives in {year}", texts, None, "volume", Impact.MOVES_DATA)


def _amount(amount: Fraction) -> str:
    return format_bytes(Bytes(round(amount)))


def _phases(both: _Both) -> Iterator[Requirement]:
    before = {phase.name: phase for phase in both.base.phases}
    after = {phase.name: phase for phase in both.head.phases}
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if old is not None and new is not None:
            yield from _phase(both, _Phases(old, new))
        else:
            impact = Impact.MOVES_DATA if new is not None else Impact.LOWERS_COPIES
            yield Requirement(
                both.head.name,
                f"phase `{name}`",
                _copies(old) if old else "none",
                _copies(new) if new else "none",
                Turn.OTHER,
                impact,
                old.origin.at() if old else None,
                new.origin.at() if new else None,
                both.draft,
            )


class _Phases(NamedTuple):
    """One phase before and after."""

    old: Phase
    new: Phase


def _phase(both: _Both, phases: _Phases) -> Iterator[Requirement]:
    old, new = phases
    where = f"of phase `{new.name}`"
    origins = (old.origin, new.origin)
    for tier, (before, after) in _counts(old, new).items():
        impact = Impact.LOWERS_COPIES if after < before else Impact.MOVES_DATA
        texts = str(before), str(after)
        what = f"copies on {tier} {where}"
        yield _at(both, what, texts, after > before, "copies", impact, origins)
    if old.apart != new.apart:
        farther = _APART.index(new.apart) > _APART.index(old.apart)
        what, texts = f"how far apart the copies {where} are", (old.apart, new.apart)
        yield _at(both, what, texts, farther, "apart", Impact.MOVES_DATA, origins)
    if (_days(old.until), old.ends) != (_days(new.until), new.ends):
        texts = _until(old), _until(new)
        sooner = _is_sooner(both.head, both.base) and new.ends
        later = _is_sooner(both.base, both.head) and old.ends
        impact = Impact.DELETES_DATA if sooner else Impact.MOVES_DATA
        stricter = None if sooner == later else later
        yield _at(both, f"the end {where}", texts, stricter, "until", impact, origins)


def _is_sooner(one: DataPolicy, other: DataPolicy) -> bool:
    """Whether data end by one policy that would still be there by the other."""
    end, others = _days(one.end), _days(other.end)
    return end is not None and (others is None or end < others)


def _until(phase: Phase) -> str:
    if phase.ends:
        return f"{phase.until}, then no copy is kept"
    return str(phase.until) if phase.until else "it lasts"


def _counts(old: Phase, new: Phase) -> Mapping[TierName, tuple[int, int]]:
    before, after = _by_tier(old), _by_tier(new)
    return {
        tier: (before[tier], after[tier])
        for tier in sorted({*before, *after})
        if before[tier] != after[tier]
    }


def _by_tier(phase: Phase) -> Counter[TierName]:
    found: Counter[TierName] = Counter()
    for copies in phase.copies:
        found[copies.tier] += copies.count
    return found


def _days(period: Period | None) -> Fraction | None:
    return None if period is None else period.count * _DAYS[period.unit]


def _ending(both: _Both) -> Iterator[Requirement]:
    before, after = both.base.retired, both.head.retired
    words = {True: "retired", False: "in force"}
    if before != after:
        yield _said(both, "the policy", (words[before], words[after]), before, "selects")


def _agreement(both: _Both) -> Iterator[Requirement]:
    before, after = bool(both.base.drafts), bool(both.head.drafts)
    words = {True: "draft", False: "agreed"}
    if before != after:
        texts = words[before], words[after]
        yield _said(both, "whether it is agreed", texts, before, "status", Impact.MOVES_DATA)


_COMPARISONS: tuple[Callable[[_Both], Iterable[Requirement]], ...] = (
    _agreement,
    _ending,
    _selection,
    _floor,
    _phases,
    _deadline,
    _volumes,
)


def _said(
    both: _Both,
    what: str,
    texts: tuple[str, str],
    stricter: bool | None,
    key: str,
    impact: Impact = Impact.RECONFIGURE,
) -> Requirement:
    """A requirement that stands at the top of its policy."""
    origins = both.base.origin, both.head.origin
    return _at(both, what, texts, stricter, key, impact, origins)


def _at(
    both: _Both,
    what: str,
    texts: tuple[str, str],
    stricter: bool | None,
    key: str,
    impact: Impact,
    origins: tuple[Origin, Origin],
) -> Requirement:
    turn = {None: Turn.OTHER, True: Turn.STRICTER, False: Turn.LOOSER}[stricter]
    old, new = (origin.at(key) for origin in origins)
    return Requirement(both.head.name, what, *texts, turn, impact, old, new, both.draft)
