"""Rows of a program in words, with the lines of the specs that they come from."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from srcnet_compiler.diagnostic import Label
from srcnet_compiler.feasibility.certificate import Certificate
from srcnet_compiler.feasibility.program import NEEDS, Kind, Program, Row
from srcnet_compiler.feasibility.rows import Task
from srcnet_compiler.federation.data_policy import DataPolicy
from srcnet_compiler.names import AreaName, SiteName, TierName
from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.span import Span

_TENFOLD = 10**10
"""What links are bought in: 10 Gbit/s."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a proof adds up: what it is and does, the bytes, where the specs say so."""

    subject: str
    verb: str
    amount: Fraction
    places: tuple[Label, ...]
    drafts: tuple[Span, ...]

    @property
    def text(self) -> str:
        """What it is, and does."""
        return f"{self.subject} {self.verb}".rstrip()


_OF_MANY = {
    "holds": "hold",
    "carries": "carry",
    "carries out": "carry out",
    "carries in": "carry in",
}


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Why something is not possible by the end of day `until`: all `needs` are more than all that
    there is, by `short`. `rows` were added up in exact numbers."""

    until: date
    needs: tuple[Part, ...]
    haves: tuple[Part, ...]
    short: Fraction
    rows: int

    @property
    def needed(self) -> Fraction:
        """All needs together."""
        return sum((part.amount for part in self.needs), Fraction(0))

    @property
    def there(self) -> Fraction:
        """All that there is."""
        return sum((part.amount for part in self.haves), Fraction(0))

    @property
    def drafts(self) -> tuple[Span, ...]:
        """What it rests on that is not agreed."""
        parts = (*self.needs, *self.haves)
        return tuple(dict.fromkeys(span for part in parts for span in part.drafts))

    @property
    def sentence(self) -> str:
        """The proof in one sentence."""
        needs = listed([part.text for part in self.needs])
        return (
            f"by {self.until} {round_bytes(self.needed)} are needed for {needs}; "
            f"{self._said_of_haves()}: {round_bytes(self.short)} too little"
        )

    def _said_of_haves(self) -> str:
        by_verb: dict[str, list[Part]] = {}
        for part in self.haves:
            by_verb.setdefault(part.verb, []).append(part)
        said = []
        for verb, parts in by_verb.items():
            does = _OF_MANY.get(verb, verb) if len(parts) > 1 else verb
            together = sum((part.amount for part in parts), Fraction(0))
            what = listed([part.subject for part in parts])
            said.append(f"{what} {does or 'makes'} {round_bytes(together)}")
        return " and ".join(said) or "there is nothing for it"


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """What growth ends at: what it is, by when it is full, and how much `more` of it adds to how
    many times as much could arrive, at first."""

    text: str
    until: date
    more: str
    adds: float
    places: tuple[Label, ...]
    drafts: tuple[Span, ...]


def listed(names: Sequence[str]) -> str:
    """Names for people; of many the first three."""
    if len(names) > 4:
        names = [*names[:3], f"{len(names) - 3} more"]
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def shortfall(task: Task, short: Program, proof: Certificate, step: int) -> Shortfall:
    """A proof in words: rows about the same over several steps are added up."""
    sums: dict[tuple[Kind, str, int], Fraction] = defaultdict(Fraction)
    largest = max(
        (times for n, times in proof.multipliers.items() if short.rows[n].kind in NEEDS),
        default=Fraction(1),
    )
    for number, times in proof.multipliers.items():
        row = short.rows[number]
        sums[row.kind, row.place, row.about] += times / largest * row.amount
    until = _day(task, step)
    parts = [
        (kind, _part(task, Row(kind, step, place, (), about=about), amount))
        for (kind, place, about), amount in sums.items()
        if amount
    ]
    parts.sort(key=lambda each: (-each[1].amount, each[1].text))
    return Shortfall(
        until,
        tuple(part for kind, part in parts if kind in NEEDS),
        tuple(part for kind, part in parts if kind not in NEEDS),
        proof.short / largest,
        len(proof.multipliers),
    )


def bottleneck(task: Task, row: Row, adds: float) -> Bottleneck:
    """A limit that is reached, and what more of it would bring."""
    part = _part(task, row, Fraction(0))
    more = bought(task, row).name
    return Bottleneck(part.text, _day(task, row.step), more, adds, part.places, part.drafts)


class Bought(NamedTuple):
    """What one buys more of a limit in, and how many bytes that adds to a row."""

    name: str
    size: int


def bought(task: Task, row: Row) -> Bought:
    """A petabyte of space, or 10 Gbit/s for as long as the row's step lasts."""
    if row.kind is Kind.SPACE:
        return Bought("1 PB", 10**15)
    return Bought("10 Gbit/s", _TENFOLD * task.steps[row.step].seconds // 8)


def _day(task: Task, step: int) -> date:
    return (task.steps[step].end - timedelta(seconds=1)).date()


def _part(task: Task, row: Row, amount: Fraction) -> Part:
    places = tuple(_places(task, row))
    drafts = tuple(dict.fromkeys(_drafts(task, row)))
    return Part(*_text(task, row), abs(amount), places, drafts)


def _text(task: Task, row: Row) -> tuple[str, str]:
    """What a row is about, and what that does."""
    if row.kind in _OF_POLICIES:
        return _text_of_policies(task, row), ""
    if row.kind is Kind.MOVE:
        return f"move `{row.place}`", ""
    if row.kind is Kind.LINK:
        link = task.federation.links[int(row.place)]
        return f"the link `{link.source}` → `{link.target}`", "carries"
    named = f"`{row.place}`"
    return {
        Kind.SPACE: (named, "holds"),
        Kind.OUT: (f"the uplink of {named}", "carries out"),
        Kind.IN: (f"the uplink of {named}", "carries in"),
        Kind.WRITE: (named, "can write"),
        Kind.READ: (named, "can read"),
    }[row.kind]


def _text_of_policies(task: Task, row: Row) -> str:
    names = listed([f"`{policy.name}`" for policy in _policies(task, row)])
    if row.kind is Kind.COPIES:
        count = task.asks[row.about].counts[TierName(row.place)]
        copies = "1 copy" if count == 1 else f"{count} copies"
        return f"{copies} of {names} on `{row.place}`"
    if row.kind is Kind.PLACED:
        return f"the share of {names} on `{row.place}`"
    if row.kind is Kind.APART:
        where = f"in `{row.place}`" if row.place else "on each area"
        return f"at most one copy of {names} {where}"
    if row.kind is Kind.RECALL:
        return f"what is recalled of {names}"
    return f"what arrives of {names}"


_OF_POLICIES = frozenset(
    {Kind.COPIES, Kind.PLACED, Kind.APART, Kind.RECALL, Kind.ARRIVAL, Kind.AVAILABLE}
)


def _policies(task: Task, row: Row) -> list[DataPolicy]:
    """The policies that a row is about and that have brought anything by then."""
    if row.kind in (Kind.COPIES, Kind.APART):
        numbers = [group for group, _ in task.asks[row.about].phases]
    elif row.kind is Kind.PLACED:
        numbers = [
            number
            for number, group in enumerate(task.groups)
            if any(AreaName(row.place) in shares for shares in group.shares)
        ]
    elif row.kind is Kind.RECALL:
        numbers = [row.about]
    else:
        numbers = [*task.sources[row.about].groups]
    last = task.steps[row.step].start.year
    return [
        task.federation.policies[name]
        for number in dict.fromkeys(numbers)
        if any(cohort.year <= last for cohort in task.groups[number].cohorts)
        for name in task.groups[number].policies
    ]


def _places(task: Task, row: Row) -> Iterator[Label]:
    federation = task.federation
    if row.kind in _OF_POLICIES:
        for policy in _policies(task, row)[:3]:
            yield Label(policy.origin.at("volume"), f"`{policy.name}` arrives")
        if row.kind in (Kind.COPIES, Kind.APART):
            key = "copies" if row.kind is Kind.COPIES else "apart"
            for group, phase in task.asks[row.about].phases[:3]:
                place = task.groups[group].phases[phase].origin.at(key)
                yield Label(place, "what a phase asks for")
    elif row.kind is Kind.SPACE:
        area = federation.areas[AreaName(row.place)]
        key = "pledged" if area.origin.has("pledged") else "capacity"
        yield Label(area.origin.at(key), f"{round_bytes(area.pledged or 0)} here")
    elif row.kind is Kind.LINK:
        link = federation.links[int(row.place)]
        yield Label(link.origin.at("rate"), "the link")
        yield from _downtimes(task, row.step, (link.source, link.target))
    elif row.kind in (Kind.OUT, Kind.IN):
        site = federation.sites[SiteName(row.place)]
        yield Label(site.origin.at("network", "srcnet"), "the uplink")
        yield from _downtimes(task, row.step, (site.name,))
    elif row.kind in (Kind.WRITE, Kind.READ):
        area = federation.areas[AreaName(row.place)]
        key = "write" if row.kind is Kind.WRITE else "read"
        yield Label(area.origin.at("throughput", key), "the throughput")
        yield from _downtimes(task, row.step, (area.site, area.name, area.name_today))


def _downtimes(task: Task, step: int, names: Iterable[str]) -> Iterator[Label]:
    for down in task.federation.downtimes:
        if down.of in names and down.start < task.steps[step].end:
            yield Label(down.origin.at("from"), f"`{down.name}`: nothing is moved meanwhile")


def _drafts(task: Task, row: Row) -> Iterator[Span]:
    federation = task.federation
    if row.kind in _OF_POLICIES:
        last = task.steps[row.step].start.year
        for policy in _policies(task, row):
            yield from policy.drafts
            for volume in policy.volumes:
                yield from volume.drafts if volume.year <= last else ()
            if row.kind is Kind.RECALL and policy.recall is not None:
                yield from policy.recall.drafts
    elif row.kind is Kind.LINK:
        yield from federation.links[int(row.place)].drafts
    elif row.kind in (Kind.OUT, Kind.IN):
        site = federation.sites[SiteName(row.place)]
        yield from (*site.drafts, *site.uplink_drafts)
    elif row.kind is not Kind.MOVE:
        area = federation.areas[AreaName(row.place)]
        yield from area.drafts
        if row.kind in (Kind.WRITE, Kind.READ) and area.throughput is not None:
            yield from area.throughput.drafts
