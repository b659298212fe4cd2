"""What a snapshot holds, by the policies of a federation: asked once, for every reader of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

from srcnet_compiler.catalogue.engine import Answer, Engine
from srcnet_compiler.catalogue.model import Snapshot, Source
from srcnet_compiler.catalogue.policies import Places, load_areas, load_policies, places
from srcnet_compiler.catalogue.satisfying import kept, missing
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import PolicyName


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of something there is; `files` None: nobody counted them."""

    collections: int = 0
    files: int | None = 0
    bytes: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        counted = self.files is not None and other.files is not None
        return Amount(
            self.collections + other.collections,
            (self.files or 0) + (other.files or 0) if counted else None,
            self.bytes + other.bytes,
        )


@dataclass(frozen=True, slots=True)
class Class:
    """Collections that are alike: `words` are the areas where they are whole and stay."""

    policy: str | None
    phase: str | None
    words: tuple[int, ...]
    amount: Amount
    example: int


@dataclass(frozen=True, slots=True)
class Lack:
    """Collections of a phase that do not have their copies; `tiers` are those of missing ones."""

    policy: str
    phase: str
    tiers: tuple[str, ...]
    amount: Amount
    example: str


@dataclass(frozen=True, slots=True)
class OnRse:
    """What is on one RSE; `area` None: no spec describes it. `locked` collections stay there."""

    rse: str
    area: str | None
    site: str | None
    tier: str | None
    amount: Amount
    locked: int


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a snapshot says. `at` is the moment by which phases are told apart, in UTC; policy and
    phase None: no policy is about these collections. Only the phase None: they have ended."""

    at: datetime
    phases: Mapping[tuple[str | None, str | None], Amount]
    years: Mapping[tuple[str | None, int | None], Amount]
    areas: tuple[OnRse, ...]
    lacks: tuple[Lack, ...]

    @property
    def total(self) -> Amount:
        """All collections."""
        return sum(self.phases.values(), Amount())


def holdings(engine: Engine, snapshot: Snapshot, federation: Federation, at: datetime) -> Holdings:
    """What the tables of an engine say, by the policies as they are."""
    known = places(federation)
    load_policies(engine, federation, at)
    load_areas(engine, known)
    engine.view("classified", query("classified"))
    found = classes(engine, snapshot)
    phases: dict[tuple[str | None, str | None], Amount] = defaultdict(Amount)
    for each in found:
        phases[each.policy, each.phase] += each.amount
    return Holdings(
        at,
        dict(sorted(phases.items(), key=lambda item: _order(federation, *item[0]))),
        {(row["policy"], row["year"]): amount(row) for row in engine.ask(query("years"))},
        tuple(_on_rse(row) for row in engine.ask(query("areas"))),
        tuple(_lacks(engine, federation, known, found)),
    )


def query(name: str, **values: str) -> str:
    """The text of a question."""
    text = files(__package__).joinpath("queries", f"{name}.sql").read_text("utf-8")
    return text.format(**values) if values else text


def classes(engine: Engine, snapshot: Snapshot) -> list[Class]:
    """The collections in classes. Only a reading knows locks: elsewhere what is there counts."""
    valid = "valid" if snapshot.source is Source.READING else "present"
    engine.view("valid", query(valid))
    return [
        Class(row["policy"], row["phase"], words_of(row), amount(row), row["example"])
        for row in engine.ask(query("classes"))
    ]


def words_of(row: Mapping[str, int]) -> tuple[int, ...]:
    """The set of areas in a row."""
    return (row["w0"], row["w1"], row["w2"], row["w3"])


def amount(row: Mapping[str, int | None]) -> Amount:
    """The amount in a row."""
    return Amount(row["collections"] or 0, row["files"], row["bytes"] or 0)


def names(engine: Engine, ids: Iterable[int]) -> dict[int, str]:
    """What collections are called, by number."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    found: Answer = engine.ask(query("example", ids=", ".join(map(str, wanted))))
    return {row["id"]: row["collection"] for row in found}


def _lacks(
    engine: Engine, federation: Federation, known: Places, found: Sequence[Class]
) -> list[Lack]:
    alike: dict[tuple[str, str, tuple[str, ...]], list[Class]] = defaultdict(list)
    for each in found:
        if each.policy is None or each.phase is None:
            continue
        policy = federation.policies[PolicyName(each.policy)]
        phase = next(phase for phase in policy.phases if phase.name == each.phase)
        lacking = missing(phase, kept(phase, known.of(each.words)))
        if lacking:
            alike[each.policy, each.phase, tuple(sorted(lacking))].append(each)
    called = names(engine, (min(c.example for c in group) for group in alike.values()))
    return [
        Lack(
            *key,
            sum((each.amount for each in group), Amount()),
            called[min(each.example for each in group)],
        )
        for key, group in sorted(alike.items())
    ]


def _on_rse(row: Mapping[str, Any]) -> OnRse:
    return OnRse(
        row["rse"], row["area"], row["site"], row["tier"], amount(row), int(row["locked"] or 0)
    )


def _order(federation: Federation, policy: str | None, phase: str | None) -> tuple[str, int]:
    """By name of policy and order of phases; what is nobody's comes last."""
    if policy is None:
        return "\U0010ffff", 0
    phases = [each.name for each in federation.policies[PolicyName(policy)].phases]
    return policy, phases.index(phase) if phase in phases else len(phases)
