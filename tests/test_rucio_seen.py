"""What a server holds besides what is wanted, and whether it would spoil it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from random_specs import federations
from specs import TODAY

from srcnet_compiler.change import Action, SystemName
from srcnet_compiler.diagnostic import Diagnostic, Severity
from srcnet_compiler.pipeline import Compiled
from srcnet_compiler.plan.build import build_plan
from srcnet_compiler.plan.file import from_json, to_json
from srcnet_compiler.plan.guard import guard
from srcnet_compiler.plan.model import Binding
from srcnet_compiler.quantity import Bytes
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.rucio import diff, lower
from srcnet_compiler.targets.rucio.check import check_seen
from srcnet_compiler.targets.rucio.model import (
    AccountLimit,
    Protocol,
    Rse,
    RucioModel,
    Subscription,
)
from srcnet_compiler.targets.rucio.model.names import RseName

STRANGER = RseName("OLD-DISK")


@pytest.fixture
def model(golden: Compiled) -> RucioModel:
    wanted: RucioModel = golden.models[0].model
    return wanted


def found(desired: RucioModel, seen: RucioModel) -> dict[str, Diagnostic]:
    """By code and subject."""
    return {f"{f.code.value} {f.subject}": f for f in check_seen(desired, seen)}


def with_rse(model: RucioModel, rse: Rse) -> RucioModel:
    """And the owner of our rules may use it."""
    limit = AccountLimit(model.owner, rse.name, Bytes(1))
    return replace(
        model,
        rses={**model.rses, rse.name: rse},
        account_limits={limit.name: limit, **model.account_limits},
    )


def stranger(**attributes: str) -> Rse:
    return Rse(STRANGER, {"rse_type": "DISK"}, attributes)


EUROPE: Mapping[str, str] = {"srcnet_region": "europe", "srcnet_tier": "online"}


@given(built=federations())
def test_a_server_that_is_as_wanted_spoils_nothing(built):
    (desired,) = lower.lower(built.federation, built.analysis)
    assert list(check_seen(desired, desired)) == []


def test_an_rse_that_no_spec_describes_and_a_rule_would_choose_is_an_error(model: RucioModel):
    seen = with_rse(model, stranger(**EUROPE, srcnet_weight="5"))
    (finding,) = found(model, seen).values()
    assert finding.severity is Severity.ERROR
    assert f"no spec describes `{STRANGER}`" in finding.message
    assert "`observatory-products`" in finding.message


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"srcnet_tier": "online"},
        {**EUROPE, "srcnet_region": "atlantis"},
        EUROPE,  # without the weight Rucio never takes it
    ],
)
def test_one_that_no_rule_would_choose_is_somebody_elses(
    attributes: Mapping[str, str], model: RucioModel
):
    assert found(model, with_rse(model, stranger(**attributes))) == {}


def test_one_that_our_rules_may_not_use_is_somebody_elses(model: RucioModel):
    """On a Rucio that others share, with regions of the same names."""
    seen = with_rse(model, stranger(**EUROPE, srcnet_weight="5"))
    assert found(model, replace(seen, account_limits=model.account_limits)) == {}


def test_one_that_is_described_and_out_of_use_is_no_stranger(model: RucioModel):
    desired = replace(model, set_aside={STRANGER: (model.origins["instance"])})
    seen = with_rse(desired, stranger(**EUROPE, srcnet_weight="5", theirs="1"))
    assert found(desired, seen) == {}
    changes = diff.diff(desired, Reading(seen))
    assert {(c.address.name, c.action) for c in changes} == {(STRANGER, Action.UPDATE)}
    ended = {f.name: [w.kind for w in c.waits] for c in changes for f in c.fields}
    assert ended == {"attribute.srcnet_weight": [], "attribute.srcnet_tier": ["rules-moved"]}


def test_a_rename_onto_a_name_that_is_taken_is_an_error(model: RucioModel):
    ((after, before),) = model.renames.items()
    assert found(model, model) == {}
    seen = with_rse(model, replace(model.rses[after], name=before))
    assert f"rename-taken {after}" in found(model, seen)


def test_a_subscription_of_a_policy_that_nobody_describes_must_not_take_our_data(
    model: RucioModel,
):
    former = next(s for s in model.subscriptions.values() if s.policy == "observatory-products")
    gone = replace(former, name="old", comments="srcnet:former/kept")
    cases: list[tuple[str, Subscription, RucioModel, list[Severity]]] = [
        ("active", gone, model, [Severity.ERROR]),
        ("ended", gone, replace(model, ended=frozenset({"former"})), []),
        ("inactive", replace(gone, active=False), model, []),
        ("by hand", replace(gone, comments="made by hand"), model, []),
        ("other data", replace(gone, filter={"scope": ["^elsewhere$"]}), model, [Severity.WARNING]),
        ("former owner", replace(gone, account="somebody"), model, [Severity.WARNING]),
    ]
    for name, subscription, desired, wanted in cases:
        seen = replace(model, subscriptions={**model.subscriptions, "old": subscription})
        assert [f.severity for f in check_seen(desired, seen)] == wanted, name


def test_an_area_that_counts_and_is_closed_is_a_warning(model: RucioModel):
    name = RseName("CHSRC-CSCS-T0")
    rse = model.rses[name]
    seen = with_rse(model, replace(rse, settings={**rse.settings, "availability_write": False}))
    (finding,) = found(model, seen).values()
    assert (finding.code.value, finding.severity) == ("closed-for-writing", Severity.WARNING)


@pytest.mark.parametrize(("priority", "findings"), [(1, 1), (0, 0)])
def test_an_endpoint_that_no_spec_states_is_a_warning(
    priority: int, findings: int, model: RucioModel
):
    name = RseName("CHSRC-CSCS-T0")
    rse = model.rses[name]
    old = Protocol("davs", "old.example.ch", 1, "/", "impl", {"wan": {"read": priority}})
    seen = with_rse(model, replace(rse, protocols=(*rse.protocols, old)))
    assert len(found(model, seen)) == findings


def test_what_was_found_is_kept_in_the_plan_and_an_error_refuses_it(
    model: RucioModel, golden: Compiled
):
    closed = replace(model.rses[RseName("CHSRC-CSCS-T0")], settings={"availability_write": False})
    seen = with_rse(with_rse(model, closed), stranger(**EUROPE, srcnet_weight="5"))
    findings = tuple(check_seen(model, seen))
    plan = build_plan(
        [SystemName("rucio", "golden")], (), (), frozenset(), Binding("", "", ""), findings=findings
    )
    assert from_json(to_json(plan)) == plan
    assert golden.federation is not None
    refused = guard(plan, golden.federation, TODAY)
    assert [finding.code.value for finding in refused] == ["area-not-described"]


def test_an_rse_that_would_be_made_where_another_is_may_be_a_rename(model: RucioModel):
    """Only where they share an endpoint, and nobody has described the other one or renames it."""
    name, rse = next((n, r) for n, r in sorted(model.rses.items()) if r.protocols)
    there = replace(rse, name=STRANGER)
    without = {n: r for n, r in model.rses.items() if n not in (name, model.renames.get(name))}
    seen = replace(model, rses={**without, STRANGER: there})
    said = found(model, seen)[f"likely-move {name}"]
    assert said.severity is Severity.WARNING
    assert f"`from: {STRANGER}, to: {name}`" in (said.help or "")
    elsewhere = replace(there, protocols=(replace(rse.protocols[0], prefix="/elsewhere"),))
    others = (
        replace(model, rses={**without, STRANGER: elsewhere}),
        replace(model, rses={**model.rses, STRANGER: there}),
    )
    for other in others:
        assert not [key for key in found(model, other) if key.startswith("likely-move")]
    renamed = replace(model, renames={name: STRANGER})
    assert f"likely-move {name}" not in found(renamed, seen)
