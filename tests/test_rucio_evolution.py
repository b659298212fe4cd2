"""From one federation to another, step by step: no subscription is left without a place meanwhile.

Rucio skips a subscription of which one expression means nothing, so what arrives then has no rules.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from random_specs import Built, build, spec_files

from srcnet_compiler.change import Action, Change
from srcnet_compiler.converge import held_up
from srcnet_compiler.plan.build import waves
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.rucio import diff, lower
from srcnet_compiler.targets.rucio.model import Rse, RucioModel, RuleTemplate
from srcnet_compiler.targets.rucio.model.expression import RseFacts
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.requirement import candidates_of


@st.composite
def evolutions(draw: st.DrawFn) -> tuple[Built, Built]:
    """A federation, and the same one with other areas in use and of other sizes."""
    files = draw(spec_files())
    changed = dict(files)
    for name in sorted(files):
        if name.startswith("site-specs/"):
            document: dict[str, Any] = json.loads(files[name])
            for area in document["spec"]["storage"]:
                area["enabled"] = draw(st.booleans()) if draw(st.booleans()) else area["enabled"]
                if draw(st.booleans()):
                    area["capacity"] = f"{draw(st.integers(1, 900))} TB"
                    area.pop("pledged", None)
            changed[name] = json.dumps(document, indent=1)
    return build(files), build(changed)


def model_of(built: Built) -> RucioModel:
    (model,) = lower.lower(built.federation, built.analysis)
    return model


def done(state: RucioModel, change: Change, desired: RucioModel) -> RucioModel:
    """What the server holds after the change."""
    name = change.address.name
    if change.address.kind == "subscription":
        is_end = change.action is Action.RETIRE
        found = state.subscriptions[name] if is_end else desired.subscriptions[name]
        after = replace(found, active=not is_end)
        return replace(state, subscriptions={**state.subscriptions, name: after})
    if change.address.kind == "rse":
        before = state.rses.get(RseName(name)) or Rse(RseName(name), {}, {})
        attributes = dict(before.attributes)
        for field in change.fields:
            if field.name.startswith("attribute."):
                attributes.pop(field.name.removeprefix("attribute."), None)
                if field.after is not None:
                    attributes[field.name.removeprefix("attribute.")] = str(field.after)
        rse = replace(before, attributes=attributes)
        return replace(state, rses={**state.rses, rse.name: rse})
    return state


def without_a_place(state: RucioModel) -> set[tuple[str, str]]:
    """The expressions of active subscriptions for which Rucio would find no RSE."""
    facts = {name: RseFacts(attributes=rse.attributes) for name, rse in state.rses.items()}
    return {
        (subscription.name, rule.rse_expression)
        for subscription in state.subscriptions.values()
        if subscription.active
        for rule in subscription.rules
        if not any(_is_usable(rule, facts[n]) for n in candidates_of(rule.rse_expression, facts))
    }


def _is_usable(rule: RuleTemplate, facts: RseFacts) -> bool:
    return rule.weight is None or rule.weight in facts.attributes


def steps(changes: tuple[Change, ...], chance: st.DataObject) -> Iterator[Change]:
    """In an order that the plan allows, without what waits for a fact."""
    waiting = {id(change) for change in held_up(changes)}
    for wave in waves(changes):
        for change in chance.draw(st.permutations(wave)):
            if id(change) not in waiting:
                yield change


@settings(max_examples=150)
@given(pair=evolutions(), chance=st.data())
def test_whatever_arrives_between_two_changes_finds_every_place_of_its_subscription(pair, chance):
    state, desired = (model_of(built) for built in pair)
    living = {subscription.policy for subscription in desired.subscriptions.values()}
    for change in steps(diff.diff(desired, Reading(state)), chance):
        before, state = without_a_place(state), done(state, change, desired)
        new = without_a_place(state) - before
        # a policy that asks for more than there is has no subscription now, and is an error
        assert not [each for each in new if each[0].partition(".")[0] in living], change
