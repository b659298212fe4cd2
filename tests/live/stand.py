"""What the shared suite asks of a target: a real system of it, and what people do there by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from cli_operator import Typist
from cli_runner import TODAY, golden_specs

from srcnet_compiler.demo.processes import free_port

CSCS = "site-specs/chsrc-cscs.yaml"
Edit = tuple[str, str, str]
"""A spec file, what stands in it once, and what is to stand there instead."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A field that a spec states.

    `spec` leads from what it says to something else that it might say. `seen` is the value as the
    system has it, `spoil` gives it one that no spec states.
    """

    kind: str
    name: str
    field: str
    spec: Edit
    seen: Callable[[], object]
    spoil: Callable[[], None]


@dataclass(frozen=True, slots=True)
class ByHand:
    """Something that somebody does, and what is seen of it."""

    do: Callable[[], None]
    seen: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Lost:
    """An object of ours that somebody may delete."""

    kind: str
    name: str
    delete: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Ending:
    """Something that a `Retired` document ends, named there as `retired`. `absent` takes it out of
    the specs without one."""

    retired: str
    absent: tuple[Edit, ...]
    is_there: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Ground:
    """A running system on which others work too, and specs of the golden federation that say it is
    `system`.

    `theirs` is everything there that is not ours, `everything` also what is, both by the system's
    own words and without what moves by itself. `beside` sets a field inside an object of ours that
    no spec states, `within` makes an object where ours are. `forget` makes what is there look as if
    we had never seen it. `stop` ends the server as a crash does, `start` brings it back.
    """

    someone: Typist
    system: str
    theirs: Callable[[], Mapping[str, str]]
    everything: Callable[[], Mapping[str, str]]
    owned: Owned
    beside: ByHand
    within: ByHand
    lost: Lost
    ending: Ending
    forget: Callable[[], None]
    stop: Callable[[], None]
    start: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Stand:
    """How a target is tried. `running` brings a system up with others on it and nothing of ours.

    `several`: the specs name a second system of the kind, which nobody answers for.
    """

    target: str
    marks: tuple[str, ...]
    running: Callable[[Path], AbstractContextManager[Ground]]
    several: bool


def described(folder: Path, *edits: Edit, environment: Mapping[str, str]) -> Typist:
    """Somebody with the golden specs, changed in these places."""
    someone = Typist(specs=golden_specs(folder), environment=environment)
    for edit in edits:
        someone.edit(*edit)
    end_nothing(someone)
    days = "".join(f"[{name}]\ntoday = {TODAY}\n" for name in ("plan", "apply", "verify"))
    (folder / "srcnet.toml").write_text(days)
    return someone


LIFECYCLE = "policies/lifecycle.yaml"
_LATER = ("name: cscs-new-name", "name: jbo-ends")


def end_nothing(someone: Typist) -> None:
    """Take out what renames and ends: first there must be something."""
    path = someone.specs / LIFECYCLE
    documents = path.read_text("utf-8").split("---\n")
    kept = [text for text in documents if not any(name in text for name in _LATER)]
    assert len(kept) == len(documents) - len(_LATER)
    path.write_text("---\n".join(kept), "utf-8")


def nobody() -> str:
    """An address of this machine at which nobody answers."""
    return f"127.0.0.1:{free_port()}"
