"""On the way from what is to what should be: policies hold after every single change as well.

Rucio reads a rule's expression when the rule is made and again whenever files are attached or
repaired. So the attributes that say where copies may stand, and the rules that rely on them, are
changed in an order in which no rule finds its places gone.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from srcnet_compiler.change import FieldChange, Wait
from srcnet_compiler.targets.rucio.model import OWNED_ATTRIBUTES, Rse, RucioModel, RuleTemplate
from srcnet_compiler.targets.rucio.model.expression import RseFacts
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.requirement import (
    TIER,
    Requirement,
    candidates_of,
    choices,
    objections,
)

Inventory: TypeAlias = Mapping[RseName, RseFacts]

DECIDES_PLACEMENT = frozenset(
    f"attribute.{name}" for name in (TIER, "srcnet_region", "srcnet_site", "srcnet_role")
)
"""What the expressions of our rules are made of."""
DECIDES_PATHS = frozenset({"setting.deterministic"})
"""What says where on an RSE the files are."""
MOVED = "rules-moved"
"""The wait for rules that would mean an RSE no more, or keep what is on it apart no more."""


def parts(fields: Sequence[FieldChange]) -> Iterator[tuple[FieldChange, ...]]:
    """The fields of an RSE in groups that are changed at once: first those that can wait for
    nothing, then those on which the rules rely that may be there already."""
    waiting = any(f.name in DECIDES_PLACEMENT and f.before is not None for f in fields)
    relied_on = tuple(f for f in fields if waiting and f.name in DECIDES_PLACEMENT)
    paths = tuple(f for f in fields if f.name in DECIDES_PATHS)
    rest = tuple(f for f in fields if f not in relied_on and f not in paths)
    return (part for part in (rest, paths, relied_on) if part)


def waits(found: Rse, name: RseName, fields: Iterable[FieldChange]) -> Iterator[Wait]:
    """Where copies may stand is not changed under a rule that holds data there by what was so."""
    fields = tuple(fields)
    if any(f.name in DECIDES_PATHS for f in fields):
        yield Wait(
            "rse-empty",
            json.dumps({"rse": name}),
            f"nothing is stored on {name}, whose files would then be looked for elsewhere",
        )
    changed = [f for f in fields if f.name in DECIDES_PLACEMENT]
    if any(f.before is not None for f in changed):
        after = {f.name.partition(".")[2]: f.after for f in changed}
        attributes = {k: v for k, v in {**found.attributes, **after}.items() if v is not None}
        ours = {k: v for k, v in attributes.items() if k.startswith(OWNED_ATTRIBUTES)}
        yield Wait(
            MOVED,
            json.dumps({"rse": name, "attributes": ours}, sort_keys=True),
            f"no rule of ours holds data on {name} that it would then no longer mean",
        )


def facts_after(desired: RucioModel) -> Inventory:
    """What expressions can know of our RSEs once all is as the specs say."""
    return {name: RseFacts(attributes=rse.attributes) for name, rse in desired.rses.items()}


def facts_now(desired: RucioModel, observed: RucioModel) -> Inventory:
    """What they know now, by the names that the RSEs are to have."""
    found = {
        name: observed.rses.get(name) or observed.rses.get(desired.renames.get(name, name))
        for name in desired.rses
    }
    return {name: RseFacts(attributes=rse.attributes) for name, rse in found.items() if rse}


def unsettled(
    wanted: Requirement, rules: Iterable[RuleTemplate], now: Inventory, after: Inventory
) -> frozenset[RseName]:
    """The RSEs that must be as the specs say before `rules` keep what is `wanted`; none where they
    keep it already. A rule that finds no place at all keeps nothing."""
    templates = tuple(rules)
    counted = [t for t in templates if t.comments.startswith(wanted.tag)]
    given = choices([(t.copies, t.rse_expression) for t in counted], now)
    expressions = {t.rse_expression for t in templates}
    places = {text: candidates_of(text, now) for text in expressions}
    if all(places.values()) and not objections(wanted, given, now):
        return frozenset()
    return frozenset().union(*(places[e] ^ candidates_of(e, after) for e in expressions))
