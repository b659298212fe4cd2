"""The questions, and the answers to them: possible up to which growth, or not, with the proof."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from fractions import Fraction

from srcnet_compiler.analysis.capacity import years as named_years
from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.analysis.placement import eligible
from srcnet_compiler.feasibility import solve
from srcnet_compiler.feasibility.build import program
from srcnet_compiler.feasibility.certificate import Certificate, check, rationalised
from srcnet_compiler.feasibility.groups import asks, groups, sources
from srcnet_compiler.feasibility.model import Move
from srcnet_compiler.feasibility.program import LIMITS, Kind, Program, Row
from srcnet_compiler.feasibility.rows import Task
from srcnet_compiler.feasibility.solve import MOST, Growth, Verdict
from srcnet_compiler.feasibility.steps import steps, year_ends
from srcnet_compiler.feasibility.transfers import is_limited
from srcnet_compiler.feasibility.words import Bottleneck, Shortfall, bottleneck, bought, shortfall
from srcnet_compiler.federation.model import Federation


class Question(Enum):
    """What is asked, wherever the policies let copies stand, but for the last."""

    SPACE = "space"
    TRANSFERS = "transfers"
    TOGETHER = "together"
    PLACED = "placed"


@dataclass(frozen=True, slots=True)
class Answer:
    """`growth`: how many times as much could arrive, where it is possible; None where nothing that
    is known limits it. `bottlenecks` are what it then ends at. `asked` False: nothing that the
    specs say limits this, so that nobody was asked."""

    question: Question
    drafts: bool
    verdict: Verdict
    until: date
    growth: float | None = None
    bottlenecks: tuple[Bottleneck, ...] = ()
    shortfall: Shortfall | None = None
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Feasibility:
    """All answers; `years` are those that were looked at."""

    years: tuple[int, ...]
    answers: tuple[Answer, ...]

    @property
    def is_agreed_possible(self) -> bool:
        """Whether nothing that is agreed is known to be impossible."""
        return not any(
            answer.verdict is Verdict.IMPOSSIBLE for answer in self.answers if not answer.drafts
        )


def feasibility(
    federation: Federation, analysis: Analysis, moves: Iterable[Move] = ()
) -> Feasibility:
    """What is agreed, and where drafts say more, that too."""
    planned = tuple(moves)
    span = _years(federation, planned)
    agreed = tuple(_answers(federation, analysis, span, planned, drafts=False))
    all_drafts = tuple(_answers(federation, analysis, span, planned, drafts=True))
    return Feasibility(tuple(span), (*agreed, *all_drafts))


def _years(federation: Federation, moves: Sequence[Move]) -> range:
    named = named_years(federation)
    wanted = [*named, *(y for move in moves for y in (move.earliest.year, move.latest.year))]
    return range(min(wanted), max(wanted) + 1) if wanted else range(0)


def _answers(
    federation: Federation,
    analysis: Analysis,
    years: range,
    moves: tuple[Move, ...],
    *,
    drafts: bool,
) -> Iterator[Answer]:
    found = groups(federation, analysis, years, drafts=drafts)
    if not found and not moves:
        return
    fine = steps(federation, years, found, moves)

    def task(question: Question) -> Task:
        only_space = question is Question.SPACE
        return Task(
            federation,
            eligible(federation),
            found,
            asks(found),
            sources(found),
            year_ends(years) if only_space else fine,
            () if only_space else moves,
            drafts,
            space=question in (Question.SPACE, Question.TOGETHER),
            transfers=not only_space,
            placed=question is Question.PLACED,
        )

    if not is_limited(task(Question.TRANSFERS)):
        yield answer(Question.SPACE, task(Question.SPACE))
        end = date(years[-1], 12, 31)
        yield Answer(Question.TRANSFERS, drafts, Verdict.POSSIBLE, end, asked=False)
        return
    together = answer(Question.TOGETHER, task(Question.TOGETHER))
    if together.verdict is Verdict.POSSIBLE:
        yield together
    else:
        alone = [answer(q, task(q)) for q in (Question.SPACE, Question.TRANSFERS)]
        yield from alone
        if not any(each.verdict is Verdict.IMPOSSIBLE for each in alone):
            yield together
    yield answer(Question.PLACED, task(Question.PLACED))


def answer(question: Question, task: Task) -> Answer:
    """One question answered."""
    whole = program(task)
    end = date(task.steps[-1].end.year - 1, 12, 31)
    verdict = solve.is_possible(whole)
    if verdict is Verdict.POSSIBLE:
        most = solve.growth(whole)
        return Answer(
            question,
            task.drafts,
            verdict,
            end,
            growth=None if most is None or most.factor >= MOST * 0.999 else most.factor,
            bottlenecks=() if most is None else tuple(_bottlenecks(task, whole, most)),
        )
    if verdict is Verdict.IMPOSSIBLE:
        first = first_impossible(whole, len(task.steps))
        short = whole.until(first)
        proof = prove(short)
        said = None if proof is None else shortfall(task, short, proof, first)
        return Answer(question, task.drafts, verdict, end, shortfall=said)
    return Answer(question, task.drafts, verdict, end)


def first_impossible(whole: Program, count: int) -> int:
    """The first step by whose end it has become impossible."""
    low, high = 0, count - 1
    while low < high:
        middle = (low + high) // 2
        if solve.is_possible(whole.until(middle)) is Verdict.IMPOSSIBLE:
            high = middle
        else:
            low = middle + 1
    return low


def prove(short: Program) -> Certificate | None:
    """A certificate that was checked exactly; None where the solver's word is all there is."""
    for number, row in enumerate(short.rows):
        if not row.terms and row.amount < 0:
            return check(short, {number: Fraction(1)})
    return rationalised(short, solve.dual_ray(short))


def _bottlenecks(task: Task, whole: Program, most: Growth) -> Iterator[Bottleneck]:
    """What one could buy more of from the beginning on, that which adds most first."""
    added: dict[tuple[Kind, str], float] = defaultdict(float)
    full: dict[tuple[Kind, str], Row] = {}
    for number, adds in sorted(most.adds.items()):
        row = whole.rows[number]
        if row.kind in LIMITS and adds > 0:
            full.setdefault((row.kind, row.place), row)
            added[row.kind, row.place] += adds * bought(task, row).size
    for key, adds in sorted(added.items(), key=lambda each: (-each[1], each[0][1])):
        yield bottleneck(task, full[key], adds)
