"""By when given moves can be done at the earliest, beside what arrives and is recalled: a day that
is proven, where a day sooner is not possible, and one way to do it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import NamedTuple, TypeAlias

from srcnet_compiler.analysis.capacity import years as named_years
from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.analysis.placement import eligible
from srcnet_compiler.feasibility import solve
from srcnet_compiler.feasibility.answer import first_impossible, prove
from srcnet_compiler.feasibility.build import built
from srcnet_compiler.feasibility.groups import asks, groups, sources
from srcnet_compiler.feasibility.model import Move
from srcnet_compiler.feasibility.program import Program
from srcnet_compiler.feasibility.rows import Task
from srcnet_compiler.feasibility.solve import Verdict
from srcnet_compiler.feasibility.steps import steps
from srcnet_compiler.feasibility.words import Shortfall, shortfall
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import SiteName
from srcnet_compiler.quantity import Bytes
from srcnet_compiler.span import Span

Pair: TypeAlias = tuple[SiteName, SiteName]
"""From one site to another."""

MOST_DAYS = 3653
"""What takes longer than ten years is not looked at."""
_STRETCHES = 20
_BITS_PER_DAY = 8 * Fraction(1, 86_400)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Whole days from `start` to before `end`, and the bytes that are moved in them."""

    start: datetime
    end: datetime
    moved: Mapping[Pair, int]

    @property
    def days(self) -> int:
        """How long it is."""
        return (self.end - self.start).days

    @property
    def last(self) -> date:
        """Its last day."""
        return (self.end - timedelta(seconds=1)).date()

    def per_day(self, site: SiteName) -> tuple[int, int]:
        """What comes to a site and goes from it on a day of it, in bytes."""
        comes = sum(many for (_, to), many in self.moved.items() if to == site)
        goes = sum(many for (source, _), many in self.moved.items() if source == site)
        return comes // self.days, goes // self.days


@dataclass(frozen=True, slots=True)
class Schedule:
    """One way to move `moves`, done as early as anything known allows.

    `stretches` are empty where it is not possible, or no answer was found. `limit` is the proof
    that it is not possible (where it is: not a day sooner). `unsaid` are moves that nothing known
    limits, so that nothing can be said of their days; `unknown` sites of the others whose uplink
    nobody states, so that it may take longer. `places` are where the limits are stated.
    """

    drafts: bool
    start: datetime
    moves: Mapping[Pair, int]
    verdict: Verdict
    stretches: tuple[Stretch, ...] = ()
    limit: Shortfall | None = None
    unsaid: Mapping[Pair, int] = field(default_factory=dict)
    unknown: tuple[SiteName, ...] = ()
    places: tuple[Span, ...] = ()

    @property
    def first(self) -> date:
        """The first day."""
        return self.start.date()

    @property
    def last(self) -> date | None:
        """The last day, at the earliest; None where there is none."""
        return self.stretches[-1].last if self.stretches else None

    @property
    def days(self) -> int:
        """How many days it takes at least."""
        return sum(stretch.days for stretch in self.stretches)

    @property
    def unsaid_bytes(self) -> int:
        """All of which nothing can be said."""
        return sum(self.unsaid.values())

    def left(self, number: int) -> int:
        """What is still to be moved at the end of a stretch."""
        done = (sum(each.moved.values()) for each in self.stretches[: number + 1])
        return sum(self.moves.values()) - sum(done)

    @property
    def links(self) -> Mapping[Pair, tuple[date, date]]:
        """The first and the last day on which something passes from site to site."""
        found: dict[Pair, tuple[date, date]] = {}
        for stretch in self.stretches:
            for pair, many in stretch.moved.items():
                if many:
                    begun = found[pair][0] if pair in found else stretch.start.date()
                    found[pair] = begun, stretch.last
        return dict(sorted(found.items()))


def schedule(
    federation: Federation,
    analysis: Analysis,
    wanted: Mapping[Pair, int],
    start: datetime,
    *,
    drafts: bool,
) -> Schedule | None:
    """The earliest end of all moves from `start` (UTC) on, by what is agreed or with drafts; None
    where nothing that the specs say limits any of them."""
    limits = _Limits(federation, drafts)
    moves = {pair: many for pair, many in sorted(wanted.items()) if many and limits.of(pair)}
    if not moves:
        return None
    unsaid = {pair: many for pair, many in sorted(wanted.items()) if many and pair not in moves}
    sites = sorted({site for pair in moves for site in pair})
    world = _World(federation, analysis, moves, start, drafts)
    found = Schedule(
        drafts,
        start,
        moves,
        Verdict.POSSIBLE,
        unsaid=unsaid,
        unknown=tuple(site for site in sites if site not in limits.uplinks),
        places=tuple(dict.fromkeys(limit.place for pair in moves for limit in limits.of(pair))),
    )
    days, sooner = _fewest(world, limits.at_least(moves))
    if days is None:
        proof = None if sooner is None else world.case(sooner).shortfall()
        verdict = Verdict.UNKNOWN if sooner is None else Verdict.IMPOSSIBLE
        return _with(found, verdict, (), proof)
    proof = None if sooner is None else world.case(sooner).shortfall()
    return _with(found, Verdict.POSSIBLE, tuple(world.stretches(days)), proof)


def _with(
    found: Schedule, verdict: Verdict, stretches: tuple[Stretch, ...], limit: Shortfall | None
) -> Schedule:
    return Schedule(
        found.drafts, found.start, found.moves, verdict, stretches, limit,
        found.unsaid, found.unknown, found.places,
    )  # fmt: skip


class _Limit(NamedTuple):
    rate: int
    place: Span


class _Limits:
    """What is stated of uplinks and links."""

    def __init__(self, federation: Federation, drafts: bool) -> None:
        self.uplinks = {
            site.name: _Limit(site.uplink, site.origin.at("network", "srcnet"))
            for site in federation.sites.values()
            if site.uplink is not None and (drafts or not (*site.drafts, *site.uplink_drafts))
        }
        self.links = {
            (link.source, link.target): _Limit(link.rate, link.origin.at("rate"))
            for link in federation.links
            if drafts or not link.drafts
        }

    def of(self, pair: Pair) -> list[_Limit]:
        """What limits a move."""
        found = (*(self.uplinks.get(site) for site in pair), self.links.get(pair))
        return [limit for limit in found if limit is not None]

    def at_least(self, moves: Mapping[Pair, int]) -> int:
        """The days that it takes if nothing else is moved."""
        sums: dict[tuple[str, ...], int] = defaultdict(int)
        for (source, target), many in moves.items():
            sums["out", source] += many
            sums["in", target] += many
            sums["link", source, target] += many
        days = [1]
        for (_, *ends), many in sums.items():
            one, pair = SiteName(ends[0]), (SiteName(ends[0]), SiteName(ends[-1]))
            limit = self.uplinks.get(one) if len(ends) == 1 else self.links.get(pair)
            if limit is not None and limit.rate:
                days.append(ceil(many * _BITS_PER_DAY / limit.rate))
        return min(max(days), MOST_DAYS)


class _Case(NamedTuple):
    """The program of moves that are to end by a day."""

    task: Task
    program: Program
    columns: Mapping[tuple[object, ...], int]
    last: int

    def shortfall(self) -> Shortfall | None:
        """Why it is not possible, where that can be proven."""
        first = first_impossible(self.program, self.last + 1)
        short = self.program.until(first)
        proof = prove(short)
        return None if proof is None else shortfall(self.task, short, proof, first)


class _World:
    """The moves among all else, to be done within so many days."""

    def __init__(
        self,
        federation: Federation,
        analysis: Analysis,
        moves: Mapping[Pair, int],
        start: datetime,
        drafts: bool,
    ) -> None:
        self._federation, self._analysis = federation, analysis
        self._moves, self._start, self._drafts = moves, start, drafts

    def case(self, days: int, cuts: Sequence[datetime] = ()) -> _Case:
        """What must hold until the last of the days, whatever comes later."""
        end = self._start + timedelta(days=days)
        moves = tuple(
            Move(f"{source} → {target}", source, target, Bytes(many), self._start, end)
            for (source, target), many in self._moves.items()
        )
        named = named_years(self._federation)
        years = range(min([*named, self._start.year]), end.year + 1)
        found = groups(self._federation, self._analysis, years, drafts=self._drafts)
        fine = steps(self._federation, years, found, moves, cuts)
        task = Task(
            self._federation,
            eligible(self._federation),
            found,
            asks(found),
            sources(found),
            fine,
            moves,
            self._drafts,
            space=False,
            transfers=True,
            placed=False,
        )
        made = built(task)
        last = max(number for number, step in enumerate(fine) if step.end <= end)
        program = Program(len(made.columns), tuple(made.rows)).until(last)
        return _Case(task, program, made.columns, last)

    def stretches(self, days: int) -> Iterator[Stretch]:
        """How it can be done in so many days: all as early as possible."""
        number = min(days, _STRETCHES)
        ends = [days * (n + 1) // number for n in range(number)]
        cuts = [self._start + timedelta(days=day) for day in (0, *ends)]
        case = self.case(days, cuts)
        named = {f"{source} → {target}": (source, target) for source, target in self._moves}
        costs, places = {}, defaultdict(list)
        for key, column in case.columns.items():
            if key[0] == "move":
                pair, step = named[str(key[1])], case.task.steps[int(str(key[2]))]
                stretch = sum(step.start >= cut for cut in cuts[1:-1])
                costs[column] = float(stretch)
                places[pair].append((column, stretch))
        values = solve.cheapest(case.program, costs)
        moved: list[dict[Pair, int]] = [{} for _ in range(number)]
        for pair, columns in places.items():
            found = [Fraction(0)] * number
            for column, stretch in columns:
                found[stretch] += Fraction(max(values[column], 0.0)) if values else 0
            for stretch, many in enumerate(_whole(found, self._moves[pair])):
                moved[stretch][pair] = many
        for stretch, (begin, end) in enumerate(pairwise(cuts)):
            yield Stretch(begin, end, moved[stretch])


def _whole(parts: Sequence[Fraction], amount: int) -> Iterator[int]:
    """Parts as the solver rounds them, in whole bytes that add up; what is too little for it to be
    told from nothing comes first."""
    together = sum(parts, Fraction(0))
    upto, done = Fraction(0), 0
    for part in parts:
        upto += part
        until = round(amount * upto / together) if together else amount
        yield until - done
        done = until


def _fewest(world: _World, at_least: int) -> tuple[int | None, int | None]:
    """The fewest days in which it is possible, and the most in which it is known not to be."""
    no: int | None = at_least - 1 if at_least > 1 else None
    days, more = at_least, 1
    while solve.is_possible(world.case(days).program) is not Verdict.POSSIBLE:
        no = days
        if days == MOST_DAYS:
            return None, no
        days, more = min(days + more, MOST_DAYS), more * 2
    while no is not None and days - no > 1:
        middle = (days + no) // 2
        if solve.is_possible(world.case(middle).program) is Verdict.POSSIBLE:
            days = middle
        else:
            no = middle
    return days, no
