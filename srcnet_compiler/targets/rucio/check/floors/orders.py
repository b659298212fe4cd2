"""In how many orders a problem can go on, each to where nothing more can happen."""

from __future__ import annotations

from srcnet_compiler.targets.rucio.check.floors.problem import Problem
from srcnet_compiler.targets.rucio.check.floors.search import MOST_STATES, Game, State


def orders(problem: Problem) -> int:
    """How many there are; 0 where there are more states than anybody looks through.

    Every event makes a step done, or a copy valid with the same steps done: so states can be taken
    in the order of these, and ways to each be added up.
    """
    game = Game(problem)
    following: dict[State, tuple[State, ...]] = {}
    ahead = [game.start()]
    while ahead:
        state = ahead.pop()
        if state in following:
            continue
        following[state] = tuple(after for _, after in game.moves(state))
        ahead += following[state]
        if len(following) > MOST_STATES:
            return 0
    ways = dict.fromkeys(following, 0)
    ways[game.start()] = 1
    ends = 0
    for state in sorted(following, key=_progress):
        for after in following[state]:
            ways[after] += ways[state]
        ends += 0 if following[state] else ways[state]
    return ends


def _progress(state: State) -> tuple[int, int]:
    return state.done.bit_count(), state.valid.bit_count()
