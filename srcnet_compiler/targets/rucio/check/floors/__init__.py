"""The proof of floors: no order in which a plan can go on costs a file a copy that it must keep.

It is told what is wanted, what is there and what will be changed, and knows nothing of how the
changes were made. Copies stand where their rules mean to put them as the server is now; a replica
that is lost by itself, and rules of others, are no matter of a plan.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from srcnet_compiler.change import Change
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.span import Span
from srcnet_compiler.targets.rucio.check.floors.alike import (
    Alike,
    Found,
    UnknownChangeError,
    classes,
)
from srcnet_compiler.targets.rucio.check.floors.places import Places, come_before
from srcnet_compiler.targets.rucio.check.floors.problem import Problem
from srcnet_compiler.targets.rucio.check.floors.search import (
    Loss,
    TooManyError,
    shortest_loss,
)
from srcnet_compiler.targets.rucio.check.floors.shape import Shape, Shapes
from srcnet_compiler.targets.rucio.check.floors.words import trace
from srcnet_compiler.targets.rucio.model import RucioModel


class Floors(NamedTuple):
    """How many datasets were looked at, and why some may lose a copy too many; how many `kinds` of
    them there are, how many of these are `changed`, the `problems` that they come to, and the
    `places` of their floors."""

    datasets: int
    objections: tuple[Diagnostic, ...]
    kinds: int = 0
    changed: int = 0
    problems: tuple[Problem, ...] = ()
    places: tuple[Span, ...] = ()


def prove_floors(
    desired: RucioModel, seen: RucioModel, changes: Sequence[Change], day: date | None = None
) -> Floors:
    """Go through every order of the changes, for each class of datasets that are alike on `day`."""
    before = come_before(changes)
    try:
        found = classes(desired, seen, day, changes, before)
    except UnknownChangeError as unknown:
        return Floors(0, (_not_proven(desired, [unknown.change], f"what {unknown} does"),))
    proof = _Proof(desired, Places(desired, seen, changes, before))
    worst: dict[str, tuple[_Case, int]] = {}
    for alike, datasets in found.items():
        case = proof.case(alike, datasets)
        if case is None:
            continue
        policy = alike.promise.policy
        known, count = worst.get(policy, (case, 0))
        worst[policy] = (min(known, case, key=_telling), count + datasets.count)
    objections = (proof.objection(*worst[policy]) for policy in sorted(worst))
    floors = (alike.promise.place for alike in proof.changed)
    return Floors(
        sum(each.count for each in found.values()),
        tuple(objections),
        len(found),
        len(proof.changed),
        tuple(proof.problems),
        tuple(dict.fromkeys(place for place in floors if place is not None)),
    )


class _Case(NamedTuple):
    """Datasets that may lose a copy; `loss` None: they are too many-sided to be looked through."""

    alike: Alike
    found: Found
    shape: Shape
    loss: Loss | None


def _telling(case: _Case) -> tuple[bool, int]:
    """First who cannot be looked through, then who had the floor and loses it, the shortest way."""
    if case.loss is None:
        return False, 0
    return case.loss.had < case.alike.promise.floor, len(case.loss.events)


class _Proof:
    def __init__(self, desired: RucioModel, places: Places) -> None:
        self._desired, self._places = desired, places
        self._shapes = Shapes(places)
        self.changed: list[Alike] = []
        """Those about whose rules, or where whose copies may stand, anything is done."""
        self._known: dict[Problem, Loss | None] = {}
        """Problems that were looked through: datasets under other names often come to the same."""

    def case(self, alike: Alike, found: Found) -> _Case | None:
        """The shortest way in which these datasets lose a copy, wherever Rucio has put them."""
        cases = []
        if alike.doings:
            self.changed.append(alike)
        for shape in self._shapes.of(alike):
            if shape.problem.steps and self.changed[-1:] != [alike]:
                self.changed.append(alike)
            try:
                loss = self._loss(shape.problem)
            except TooManyError:
                return _Case(alike, found, shape, None)
            if loss is not None:
                cases.append(_Case(alike, found, shape, loss))
        return min(cases, key=_telling, default=None)

    @property
    def problems(self) -> Iterable[Problem]:
        """Those of them in which anything is done."""
        return (problem for problem in self._known if problem.steps)

    def _loss(self, problem: Problem) -> Loss | None:
        if problem not in self._known:
            self._known[problem] = shortest_loss(problem)
        return self._known[problem]

    def objection(self, case: _Case, datasets: int) -> Diagnostic:
        """Why the plan is refused for the sake of so many datasets."""
        others = f" and {datasets - 1} more" if datasets > 1 else ""
        did, promise = case.found.first, case.alike.promise
        if case.loss is None:
            what = f"what becomes of `{did}`{others}"
            return _not_proven(self._desired, case.found.changes, what)
        by_place = {
            (name, number): step.change
            for name, steps in self._places.steps.items()
            for number, step in enumerate(steps)
        }
        words = trace(case.alike, case.shape, case.loss, by_place)
        taken = [
            case.found.changes[number]
            if number < len(case.found.changes)
            else by_place[case.shape.place_steps[number - len(case.found.changes)]]
            for what, number in case.loss.events
            if what == "done"
        ]
        return error(
            Code.BELOW_FLOOR,
            f"`{did}`{others} may be left with {case.loss.left} of {promise.floor} valid copies: "
            + ", then ".join(words),
            *_labels(self._desired, promise.place, taken),
            help=_REMEDY,
            subject=promise.policy,
        )


_REMEDY = (
    "nothing was changed, and the specs are not to blame for the order; change the policy in "
    "smaller steps, and report this plan"
)


def _not_proven(desired: RucioModel, changes: Sequence[Change], what: str) -> Diagnostic:
    return error(
        Code.BELOW_FLOOR,
        f"nobody can say that every file keeps its copies: {what} could not be looked through",
        *_labels(desired, None, changes),
        help=_REMEDY,
        subject=desired.instance,
    )


def _labels(desired: RucioModel, floor: Span | None, changes: Iterable[Change]) -> Iterator[Label]:
    """The floor, and where each change that was taken comes from; at least the instance."""
    origins = [(f.origin, str(c.address.name)) for c in changes for f in c.fields]
    found = {span: text for span, text in reversed(origins) if span is not None}
    if floor is not None:
        yield Label(floor, "the floor")
    for span, text in list(found.items())[:4]:
        yield Label(span, text)
    if floor is None and not found:
        yield Label(next(iter(desired.origins["instance"])), "on this server")
