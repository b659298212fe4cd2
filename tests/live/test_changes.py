"""Specs that change under a Rucio in use: what the next plan does, and what it refuses to do."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from policy_cases import Area, Case, document, kinds, now, said, words
from rucio_daemons import Daemons
from rucio_data import put_files

from srcnet_compiler.apply.receipt import Status, exit_code
from srcnet_compiler.converge import known_objects, make_plan, objections, reach
from srcnet_compiler.demo.rucio_server import RucioServer

pytestmark = pytest.mark.live("rucio")

NAMES = [f"d-{number:02d}" for number in range(0, 100, 12)]
POLICY = "policies/data/products.yaml"


@pytest.fixture
def case(
    rucio_postgresql: RucioServer, daemons_of: Callable[[RucioServer], Daemons], tmp_path: Path
) -> Case:
    """In use, with three areas in two regions."""
    case = Case(rucio_postgresql, daemons_of(rucio_postgresql), tmp_path)
    case.describe(Area("CH", "20 TB"), Area("GB", "9 TB"), Area("JP", "9 TB"))
    case.bootstrap()
    case.converge()
    return case


def arrived(case: Case, names: list[str]) -> None:
    case.arrive(case.rse("JP"), case.scope, names)
    case.daemons.run("transmogrifier")


def places(case: Case, name: str) -> set[str]:
    """Where locks of ours keep, or bring, the files of a dataset."""
    locks = case.client.get_dataset_locks(case.scope, name)
    return {lock["rse"] for lock in locks if lock["account"] == case.owner}


def refusals(case: Case) -> list[str]:
    """The codes of what is said against a new plan."""
    compiled = case.compile()
    with reach(compiled, {}) as systems:
        plan = make_plan(compiled, systems, known_objects(case.store))
    return [finding.code.value for finding in objections(plan, compiled, now().date())]


def in_force(kind: str, **spec: object) -> dict[str, object]:
    approved = {"approvedBy": {"group": "/oper"}, "until": "2099-01-01", "reason": "a test"}
    return document(kind, "end", **spec, **approved)


# ── areas ─────────────────────────────────────────────────────────────────────────────────────


def test_an_area_out_of_use_is_chosen_no_more_and_keeps_what_it_has(case: Case):
    arrived(case, ["before-00"])
    ch = case.rse("CH")
    case.site("CH")["storage"][0]["enabled"] = False

    receipt = case.apply()

    assert exit_code(receipt) in (0, 6), said(receipt)
    attributes = case.client.list_rse_attributes(ch)
    assert "srcnet_weight" not in attributes
    arrived(case, NAMES)
    assert {ch} & set().union(*(places(case, name) for name in NAMES)) == set()
    assert case.client.get_rse(ch)["availability_write"] is True


def test_an_area_that_is_gone_from_the_specs_while_rules_would_choose_it_is_refused(case: Case):
    case.site("CH")["storage"].clear()
    assert refusals(case) == ["area-not-described"]
    assert not case.verify().is_converged


def test_an_area_that_ends_and_is_out_of_use_is_closed(case: Case):
    ch = case.rse("CH")
    case.site("CH")["storage"][0]["enabled"] = False
    case.documents["policies/end.yaml"] = in_force("Retired", area=ch)
    case.documents["policies/federation.yaml"]["spec"]["limits"]["retiredAreas"] = 1
    case.converge()
    assert case.client.get_rse(ch)["availability_write"] is False
    assert "srcnet_tier" not in case.client.list_rse_attributes(ch)
    del case.documents["policies/end.yaml"]
    del case.site("CH")["storage"][0]["enabled"]
    case.apply()
    assert [finding.code.value for finding in case.verify().findings] == ["closed-for-writing"]


def test_a_rename_takes_links_and_limits_along_and_may_come_with_other_changes(case: Case):
    ch = case.rse("CH")
    case.documents["site-specs/moved.yaml"] = document(
        "Moved", "ch", area=ch, **{"from": ch, "to": f"{ch}-NEW"}
    )
    case.site("CH")["storage"][0]["capacity"] = "25 TB"
    plan = case.plan()
    assert kinds(plan) == {
        "rename rse": 1,
        "update rse": 1,
        "update account-limit": 1,
        **({"update subscription": n} if (n := kinds(plan)["update subscription"]) else {}),
    }
    receipt = case.apply(plan)
    assert exit_code(receipt) == 0, said(receipt)
    assert case.verify().is_converged


def test_a_rename_onto_a_name_that_is_taken_is_refused(case: Case):
    ch = case.rse("CH")
    case.client.add_rse(f"{ch}-NEW")
    case.documents["site-specs/moved.yaml"] = document(
        "Moved", "ch", area=ch, **{"from": ch, "to": f"{ch}-NEW"}
    )
    assert refusals(case) == ["rename-taken"]


def test_how_files_are_laid_out_changes_only_where_there_are_none(case: Case):
    arrived(case, ["d-00"])
    jp = case.rse("JP")
    case.site("JP")["storage"][0]["layout"] = "recorded"
    receipt = case.apply()
    assert exit_code(receipt) == 6, said(receipt)
    (waiting,) = receipt.of(Status.WAITING)
    assert waiting.text.startswith(f"{jp} still holds ")
    assert case.client.get_rse(jp)["deterministic"] is True


def test_a_layout_that_no_spec_states_is_left_as_it_is(case: Case):
    case.client.add_rse(f"SWESRC-{case.tag.upper()}-T0", deterministic=False)
    case.add(Area("SE"))
    case.converge()
    assert case.client.get_rse(case.rse("SE"))["deterministic"] is False


def test_the_path_of_an_endpoint_without_a_port_can_change(case: Case):
    endpoint = case.site("CH")["storage"][0]["endpoints"][0]
    endpoint["path"] = f"{endpoint['path']}-moved"
    case.converge()
    (protocol,) = case.client.get_rse(case.rse("CH"))["protocols"]
    assert protocol["prefix"].rstrip("/").endswith("-moved")


# ── policies ──────────────────────────────────────────────────────────────────────────────────


def test_a_phase_by_another_name_keeps_its_rules(case: Case):
    arrived(case, NAMES)
    rules = {name: [rule["id"] for rule in case.rules(case.scope, name)] for name in NAMES}
    case.documents[POLICY]["spec"]["phases"][0]["name"] = "kept"

    receipt = case.converge()

    assert {"update rule"} <= {
        f"{r.change.action.value} {r.change.address.kind}" for r in receipt.results
    }
    for name in NAMES:
        found = case.rules(case.scope, name)
        assert sorted(rule["id"] for rule in found) == sorted(rules[name])
        assert {rule["comments"] for rule in found} == {
            case.tagged("kept/0"),
            case.tagged("kept/1"),
        }


def test_a_policy_that_ends_hands_its_data_to_the_one_that_follows(case: Case):
    arrived(case, NAMES)
    rules = sorted(rule["id"] for name in NAMES for rule in case.rules(case.scope, name))
    following = copy.deepcopy(case.documents[POLICY])
    following["metadata"]["name"] = f"{case.tag}-next"
    case.documents["policies/data/next.yaml"] = following
    case.documents["policies/end.yaml"] = in_force("Retired", policy=f"{case.tag}-products")

    case.converge()

    found = [rule for name in NAMES for rule in case.rules(case.scope, name)]
    assert sorted(rule["id"] for rule in found) == rules
    assert {rule["comments"].split("/")[0] for rule in found} == {f"srcnet:{case.tag}-next"}
    arrived(case, ["after-50"])
    assert len(case.rules(case.scope, "after-50")) == 2
    assert case.plan().changes == ()


def test_a_policy_that_is_replaced_without_a_word_is_refused(case: Case):
    case.documents[POLICY]["metadata"]["name"] = f"{case.tag}-renamed"
    assert set(refusals(case)) == {"policies-overlap"}


def test_more_copies_are_made_of_data_that_are_there(case: Case):
    # Such a policy means all areas of a tier, those of other cases on this server included.
    own = json.dumps(case.documents).replace("online", f"{case.tag}-online")
    case.documents = json.loads(own)
    (phase,) = case.documents[POLICY]["spec"]["phases"]
    phase["apart"] = "area"
    case.converge()
    arrived(case, ["d-01"])
    phase["copies"] = [{"count": 3, "tier": f"{case.tag}-online"}]

    plan = case.plan()

    assert "create rule" in kinds(plan), [words(change) for change in plan.changes]
    case.apply(plan)
    everywhere = {case.rse("CH"), case.rse("GB"), case.rse("JP")}
    assert places(case, "d-01") == everywhere
    case.settle(case.scope, ["d-01"])
    assert kinds(case.plan()) == {"retire rule": 1}  # the rule for two copies, once there are three
    case.converge()
    assert places(case, "d-01") == everywhere
    assert case.plan().changes == ()


def test_what_an_open_dataset_holds_counts_against_the_limit(case: Case):
    case.documents["policies/federation.yaml"]["spec"]["limits"]["movedData"] = "100 B"
    files = put_files(case.client, case.rse("CH"), case.scope, ["f1"])
    case.client.add_dataset(case.scope, "open-05")
    dids = [{key: file[key] for key in ("scope", "name")} for file in files]
    case.client.attach_dids(case.scope, "open-05", dids)
    assert refusals(case) == ["over-limit"]


def test_a_rule_that_rucio_has_given_up_is_tried_again(case: Case):
    arrived(case, ["d-00"])
    (rule, other) = case.rules(case.scope, "d-00")
    case.client.update_replication_rule(rule["id"], {"state": "SUSPENDED"})

    plan = case.plan()

    assert [words(change) for change in plan.changes] == [
        f"update rule {case.scope}:d-00 {rule['comments']}"
    ]
    receipt = case.apply(plan)
    assert exit_code(receipt) == 0, said(receipt)
    case.settle(case.scope, ["d-00"])
    assert case.plan().changes == ()
    assert other["id"] in {found["id"] for found in case.rules(case.scope, "d-00")}
