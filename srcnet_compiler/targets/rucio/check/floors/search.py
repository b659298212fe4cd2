"""Every order in which a problem can go on, and the shortest in which a copy is lost too many.

A step fails or stalls by never being taken. A step that waits begins when its facts hold and takes
effect at any time after that: the answer may come late, or be taken for a failure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from srcnet_compiler.targets.rucio.check.floors.problem import (
    CopiesValid,
    Guard,
    Kind,
    Problem,
    Step,
    View,
)

MOST_STATES = 200_000
"""More than this many are not looked through; what is not looked through is not proven."""


class Event(NamedTuple):
    """`what` is `valid` (a copy became so; `number` is its lock), `begins` or `done` (a step)."""

    what: str
    number: int


class Loss(NamedTuple):
    """The events after which a file has `left` copies, fewer than its floor and than it `had`."""

    events: tuple[Event, ...]
    had: int
    left: int


class TooManyError(Exception):
    """There are more states than anybody looks through."""


class State(NamedTuple):
    """What is so at one time: sets of numbers as bits. `lasting` are rules that are there and have
    no end; `reached` are locks whose spot the rule has meant since it was there."""

    begun: int
    done: int
    valid: int
    reached: int
    lasting: int
    comments: tuple[int, ...]


def shortest_loss(problem: Problem) -> Loss | None:
    """The shortest way on which a file that had its floor falls below it, or else on which one that
    has not got there yet loses a copy; None where there is none. Raises TooManyError."""
    if not any(step.kind in (Kind.RELEASE, Kind.PLACE) for step in problem.steps):
        return None  # nothing takes anything away
    game = Game(problem)
    start = game.start()
    came: _Came = {start: None}
    ahead = deque([start])
    lesser: Loss | None = None
    while ahead:
        state = ahead.popleft()
        before = game.count(state)
        for event, following in game.moves(state):
            if event.what == "done":
                left = game.count(following)
                if left < problem.floor <= before:
                    return Loss(_way(came, state, event), before, left)
                if left < before and left < problem.floor and lesser is None:
                    lesser = Loss(_way(came, state, event), before, left)
            if following not in came:
                came[following] = (state, event)
                ahead.append(following)
        if len(came) > MOST_STATES:
            raise TooManyError
    return lesser


def _way(came: _Came, state: State, last: Event) -> tuple[Event, ...]:
    """How it came to that. Of steps that began only those are told that were done."""
    states, events = [state], [last]
    while (step := came[states[-1]]) is not None:
        states.append(step[0])
        events.append(step[1])
    done = {number for what, number in events if what == "done"}
    way: list[Event] = []
    begun = 0
    for now, event in zip(reversed(states), reversed(events), strict=True):
        new = now.begun & ~begun
        way += [Event("begins", number) for number in sorted(done) if new >> number & 1]
        way.append(event)
        begun = now.begun
    return tuple(way)


_Came: TypeAlias = "dict[State, tuple[State, Event] | None]"


class Game:
    """What can happen next.

    What can begin begins at once: to have begun closes no way. What nothing can bring back, the
    copies and the name of a rule that has ended, is forgotten.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._needs = [sum(1 << need for need in step.needs) for step in problem.steps]
        self._locks_of = [
            [number for number, lock in enumerate(problem.locks) if lock.rule == rule]
            for rule in range(len(problem.rules))
        ]
        needed = frozenset().union(*(step.needs for step in problem.steps))
        self._taken = [
            (number, step)
            for number, step in enumerate(problem.steps)
            if step.kind is Kind.PLACE or self._locks_of[step.at] or number in needed
        ]
        """The steps that matter: others are of rules that hold nothing that counts."""
        self._made = {step.at for step in problem.steps if step.kind is Kind.CREATE}

    def start(self) -> State:
        rules, locks = self._problem.rules, self._problem.locks
        state = State(
            begun=0,
            done=0,
            valid=0,
            reached=sum(1 << n for n, lock in enumerate(locks) if lock.settled),
            lasting=sum(1 << n for n, r in enumerate(rules) if r.there and not r.released),
            comments=tuple(rule.comment for rule in rules),
        )
        return self._beginning(self._reaching(state))

    def count(self, state: State) -> int:
        """How many valid copies the file has that are apart."""
        places = {
            self._view(state, lock.spot).places[0]
            for number, lock in enumerate(self._problem.locks)
            if state.valid >> number & 1 and state.lasting >> lock.rule & 1
        }
        return len(places - {None})

    def moves(self, state: State) -> Iterator[tuple[Event, State]]:
        """What may happen next, and what is so then."""
        may = state.reached & ~state.valid
        for number, lock in enumerate(self._problem.locks):
            if may >> number & 1 and state.lasting >> lock.rule & 1:
                following = state._replace(valid=state.valid | 1 << number)
                yield Event("valid", number), self._beginning(following)
        for number, step in self._taken:
            if state.begun >> number & 1 or (
                not step.guards
                and not state.done >> number & 1
                and self._may_begin(state, number, step)
            ):
                following = self._effect(state, number, step)
                yield Event("done", number), self._beginning(following)

    def _beginning(self, state: State) -> State:
        """With the steps begun whose facts hold."""
        begun = state.begun
        for number, step in self._taken:
            if step.guards and not (state.begun | state.done) >> number & 1:
                begun |= self._may_begin(state, number, step) << number
        return state._replace(begun=begun)

    def _may_begin(self, state: State, number: int, step: Step) -> bool:
        if self._needs[number] & ~state.done:
            return False
        if step.kind is Kind.CREATE and state.lasting >> step.at & 1:
            return False  # to the server there cannot be a second one
        return all(self._holds(state, step, guard) for guard in step.guards)

    def _effect(self, state: State, number: int, step: Step) -> State:
        state = state._replace(begun=state.begun & ~(1 << number), done=state.done | 1 << number)
        rule = 1 << step.at
        match step.kind:
            case Kind.CREATE:
                named = _with_comment(state.comments, step)
                state = state._replace(lasting=state.lasting | rule, comments=named)
                return self._reaching(state)
            case Kind.NAME if step.at not in self._made and not state.lasting & rule:
                return state
            case Kind.NAME:
                return state._replace(comments=_with_comment(state.comments, step))
            case Kind.RELEASE:
                return self._ended(state._replace(lasting=state.lasting & ~rule), step.at)
            case Kind.PLACE:
                return self._reaching(state)

    def _ended(self, state: State, rule: int) -> State:
        """Without what was so of a rule that comes never again."""
        if rule in self._made:
            return state
        locks = sum(1 << number for number in self._locks_of[rule])
        return state._replace(
            valid=state.valid & ~locks,
            comments=(*state.comments[:rule], -1, *state.comments[rule + 1 :]),
        )

    def _reaching(self, state: State) -> State:
        """With the locks whose spots their rules mean now."""
        found = state.reached
        for number, lock in enumerate(self._problem.locks):
            there = state.lasting >> lock.rule & 1
            if there and lock.rule in self._view(state, lock.spot).means:
                found |= 1 << number
        return state._replace(reached=found)

    def _view(self, state: State, spot: int) -> View:
        here = self._problem.spots[spot]
        done = sum((state.done >> step & 1) << bit for bit, step in enumerate(here.steps))
        return here.views[done]

    def _holds(self, state: State, step: Step, guard: Guard) -> bool:
        if isinstance(guard, CopiesValid):
            return self._copies_valid(state, guard)
        return all(
            lock.rule in guard.means
            for number, lock in enumerate(self._problem.locks)
            if lock.spot == step.at
            and state.lasting >> lock.rule & 1
            and state.reached >> number & 1
        )

    def _copies_valid(self, state: State, guard: CopiesValid) -> bool:
        copies = set()
        for number, lock in enumerate(self._problem.locks):
            counted = state.lasting >> lock.rule & 1 and state.comments[lock.rule] in guard.comments
            if state.valid >> number & 1 and counted:
                view = self._view(state, lock.spot)
                if (place := view.places[guard.distance]) is not None:
                    copies.add((place, view.tier))
        return _suffice(frozenset(copies), guard.copies)


def _with_comment(comments: tuple[int, ...], step: Step) -> tuple[int, ...]:
    return (*comments[: step.at], step.comment, *comments[step.at + 1 :])


def _suffice(copies: frozenset[tuple[int, str]], wanted: tuple[tuple[str, int], ...]) -> bool:
    """Whether every wanted copy finds a place of its own: all ways are tried."""
    if not any(count for _, count in wanted):
        return True
    (tier, count), *rest = wanted
    if not count:
        return _suffice(copies, tuple(rest))
    left = ((tier, count - 1), *rest)
    return any(
        _suffice(frozenset(each for each in copies if each[0] != place), left)
        for place, there in copies
        if there == tier
    )
