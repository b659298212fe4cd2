"""Which changes of a Slurm cluster are made at once: those that one command can make.

A command takes half a second whatever it says, so that a list of names costs what one name does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ansible.module_utils.srcnet_gate import Step, Wire

COMMANDS = 5
"""In a group: for so many seconds, about, an interrupt waits, and so much is in doubt after a
kill."""
NAMES = 100
LETTERS = 4000
"""Of the names in a command."""

Values = tuple[str, Any, Any]
"""A field's name, what it is, what it is to be."""


def together(changes: Sequence[Wire]) -> int:
    """How many of these, from the first on, make one group: of one kind, none of them ending or
    all, in a few commands."""
    ends = changes[0]["action"] == "retire"
    kind = changes[0]["address"]["kind"]
    used: dict[str, tuple[int, int, int]] = {}  # commands, and in the last: names, letters
    for number, change in enumerate(changes):
        key = alike(change, [(f["name"], f["before"], f["after"]) for f in change["fields"]])
        if key is None or change["address"]["kind"] != kind:
            return number
        if (change["action"] == "retire") != ends:
            return number
        commands, names, letters = used.get(key, (1, 0, 0))
        size = _letters(change)
        if not _takes(names, letters, size):
            commands, names, letters = commands + 1, 0, 0
        used[key] = (commands, names + 1, letters + size)
        if sum(count for count, _, _ in used.values()) > COMMANDS:
            return number
    return len(changes)


def batches(steps: Iterable[Step]) -> Iterator[Sequence[Step]]:
    """Steps that differ in their names alone, as many as a command takes, in the order in which
    the first of each stands."""
    by_key: dict[str, list[Step]] = {}
    for step in steps:
        before = step.before or {}
        todo = [(f["name"], before.get(f["name"]), f["after"]) for f in step.todo]
        key = alike(step.change, todo, exists=step.before is not None)
        if key is not None:
            by_key.setdefault(key, []).append(step)
    for same in by_key.values():
        yield from _chunks(same)


def alike(change: Wire, values: Iterable[Values], exists: bool | None = None) -> str | None:
    """What changes have in common that one command can make; None for one that goes alone."""
    kind, action, name = change["address"]["kind"], change["action"], change["address"]["name"]
    account, _, rest = name.partition("/")
    user, _, partition = rest.partition("/")
    if action == "adopt":
        return "adopt"
    if kind not in ("account", "association", "qos"):
        return None
    if action == "retire":
        if not user:
            return None  # what else uses it is looked at, for each
        # of what it was, only where the user is at home is told to Slurm
        values = [each for each in values if each[0] == "DefaultAccount"]
    place = [account if user else "", bool(user), partition]
    key = [kind, action, exists, place, sorted(values)]
    return json.dumps(key, sort_keys=True)


def _chunks(steps: Sequence[Step]) -> Iterator[Sequence[Step]]:
    chunk: list[Step] = []
    letters = 0
    for step in steps:
        size = _letters(step.change)
        if not _takes(len(chunk), letters, size):
            yield chunk
            chunk, letters = [], 0
        chunk.append(step)
        letters += size
    if chunk:
        yield chunk


def _takes(names: int, letters: int, size: int) -> bool:
    """Whether a command of so many names and letters takes one more, of this size."""
    return names < NAMES and letters + size <= LETTERS


def _letters(change: Wire) -> int:
    """Of its name, and of what parts it from the next."""
    return len(change["address"]["name"]) + 1
