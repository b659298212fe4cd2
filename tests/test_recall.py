"""What is recalled to where: who is near, who has room, what needs nobody and what somebody."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from typing import Any

import pytest
from specs import GOLDEN, compile_texts, texts

from srcnet_compiler.change import Change
from srcnet_compiler.converge import binding, objections
from srcnet_compiler.diagnostic import Code
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import AreaName, PolicyName, SiteName
from srcnet_compiler.pipeline import Compiled
from srcnet_compiler.plan.build import build_plan
from srcnet_compiler.plan.file import from_json, to_json
from srcnet_compiler.plan.model import Plan
from srcnet_compiler.recalling import change_for
from srcnet_compiler.review.movement.settle import Settled
from srcnet_compiler.review.movement.where import Copy, Step, Whereabouts
from srcnet_compiler.review.recall.decide import decide
from srcnet_compiler.review.recall.model import (
    Accessible,
    Asked,
    Decided,
    Impossible,
    Outcome,
    Room,
    Running,
    Wanted,
)
from srcnet_compiler.review.recall.near import place_named
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.rucio import check, diff
from srcnet_compiler.targets.rucio.model import Dataset, Rule
from srcnet_compiler.targets.rucio.model.expression import RseFacts, parse, resolve
from srcnet_compiler.targets.rucio.model.recall import RecallRule, is_recall

DAY = date(2027, 11, 22)
MADE = datetime(2026, 6, 1)
TB = 10**12
PLACES = {"CH": (46.0, 9.0), "GB": (53.2, -2.3), "SE": (57.4, 11.9), "JP": (35.6, 139.7)}
SRCS = {"CH": "CHSRC", "GB": "UKSRC", "SE": "SWESRC", "JP": "JPSRC", "ZA": "ZASRC"}
WAIVER = {"reason": "a test", "approvedBy": {"group": "/roles/int/oper"}, "until": "2028-01-01"}


def document(kind: str, name: str, **spec: object) -> str:
    head = {"apiVersion": "srcnet.skao.int/v1alpha2", "kind": kind, "metadata": {"name": name}}
    return json.dumps({**head, "spec": spec})


def site(country: str, **more: object) -> str:
    name = f"{SRCS[country]}-{country}"
    door = {"protocol": "davs", "host": f"{country.lower()}.example.org", "port": 443}
    areas = [
        {
            **{"name": f"{name}-{kind}", "tier": tier, "system": "xrootd", "capacity": "900 TB"},
            "endpoints": [{**door, "path": f"/{kind}"}],
            **({"throughput": {"read": "8 Gbit/s"}} if tier == "nearline" else {}),
        }
        for kind, tier in (("T0", "online"), ("T2", "nearline"))
    ]
    at = PLACES.get(country)
    where = {} if at is None else {"location": {"latitude": at[0], "longitude": at[1]}}
    spec = {"src": SRCS[country], "country": country, **where, "storage": areas, **more}
    return document("Site", name, **spec)


def specs(recall: Mapping[str, Any], *waivers: str) -> dict[str, str]:
    copies = [{"count": 2, "tier": "nearline"}]
    policy = document(
        "DataPolicy",
        "products",
        selects={"namespaces": ["odp"]},
        volume=[{"from": 2026, "amount": "10 TB"}],
        arrives={"deadline": "7 d"},
        floor=2,
        phases=[
            {
                **{"name": "fresh", "until": "12 months", "apart": "region"},
                "copies": [{"count": 2, "tier": "online"}],
            },
            {"name": "archive", "apart": "region", "copies": copies},
        ],
        recall=recall,
        embargo={"for": "24 months", "readers": {"group": "data/namespaces/{namespace}/owner"}},
        activity="User Subscriptions",
    )
    federation = document(
        "Federation",
        "test",
        members=sorted(SRCS.values()),
        regions={"europe": ["CH", "GB", "SE", "FR"], "asia": ["JP"], "africa": ["ZA"]},
        tiers={
            "online": {"media": ["hdd"], "reachable": "immediately"},
            "nearline": {"media": ["tape"], "reachable": "after recall"},
        },
        storageClasses={"T0": {"tier": "online"}, "T2": {"tier": "nearline"}},
        naming={"area": "{src}-{site}-{class}"},
        identity={"issuer": "https://iam.example.org/"},
        rucio={
            "server": "https://rucio.example.org",
            "credentials": {"secretRef": {"env": "TOKEN"}},
            "owner": "policy",
            "actsAs": "compiler",
            "namespaces": [{"name": "odp"}],
            "activities": ["User Subscriptions"],
        },
        limits={
            **{"deletedCollections": 0, "movedData": "500 TB"},
            **{"drainedNodes": 0, "retiredAreas": 0},
        },
    )
    files = {f"site-specs/{country}.yaml": site(country) for country in SRCS}
    files |= {"policies/federation.yaml": federation, "policies/data/products.yaml": policy}
    return files | {f"policies/waiver-{n}.yaml": text for n, text in enumerate(waivers)}


@cache
def _compiled(recall: str, waivers: tuple[str, ...]) -> Compiled:
    result = compile_texts(specs(json.loads(recall), *waivers), DAY)
    assert not result.failed, [found.message for found in result.diagnostics]
    return result


def compiled(*waivers: str, near: str = "requester", **recall: object) -> Compiled:
    said = {"to": {"tier": "online", "near": near}, "keep": "36 h", **recall}
    return _compiled(json.dumps(said, sort_keys=True), waivers)


def federation_of(found: Compiled) -> Federation:
    assert found.federation is not None
    return found.federation


def archived(
    federation: Federation,
    *areas: str,
    kept: bool = True,
    leaving: Sequence[str] = (),
    size: int = 2 * TB,
) -> Whereabouts:
    """All of it on these areas."""
    policy = federation.policies[PolicyName("products")]
    there = [federation.areas[AreaName(name)] for name in areas]
    gone = tuple(federation.areas[AreaName(name)] for name in leaving)
    copies = tuple(Copy(a.name_today, a, 2, size, True, kept, True, False) for a in there)
    steps = (Step(policy.phases[1], None, Settled((), (), gone, 0)),)
    return Whereabouts(
        "odp:d-00", datetime(2027, 1, 1), MADE, True, 2, size, policy, False, copies, (), steps
    )


def room(federation: Federation, **terabytes: int) -> Room:
    """So much on the disks of each country; nothing is known of others."""
    return Room({AreaName(f"{SRCS[c]}-{c}-T0"): tb * TB for c, tb in terabytes.items()})


def outcome(
    found: Compiled, there: Whereabouts, near: str | None, space: Room, *running: Running
) -> Outcome:
    federation = federation_of(found)
    place = None if near is None else place_named(federation, near)
    assert near is None or place is not None
    return decide(federation, there, Asked(place), running, space, DAY).outcome


ALL = dict.fromkeys(SRCS, 100)
TAPES = ("CHSRC-CH-T2", "JPSRC-JP-T2")


@pytest.mark.parametrize(
    ("near", "full", "site"),
    [
        ("UKSRC-GB", (), "UKSRC-GB"),
        ("GB", (), "UKSRC-GB"),
        ("UKSRC-GB", ("GB",), "SWESRC-SE"),  # 1,010 km, and 1,140 km to Switzerland
        ("UKSRC-GB", ("GB", "SE"), "CHSRC-CH"),
        ("UKSRC-GB", ("GB", "CH", "SE"), "JPSRC-JP"),
        ("FR", (), "CHSRC-CH"),  # no site is there: the first of its region
        ("ZA", ("ZA",), "CHSRC-CH"),
    ],
)
def test_the_nearest_site_with_room_is_taken(near: str, full: tuple[str, ...], site: str):
    found = compiled()
    federation = federation_of(found)
    space = room(federation, **{c: (1 if c in full else tb) for c, tb in ALL.items()})
    wanted = outcome(found, archived(federation, *TAPES), near, space)
    assert isinstance(wanted, Wanted)
    assert (wanted.site, len(wanted.passed_over)) == (site, len(full))


def test_several_fill_the_nearest_site_one_after_another():
    found = compiled()
    federation = federation_of(found)
    space = room(federation, GB=3, SE=3)
    there = archived(federation, *TAPES)
    got = [outcome(found, there, "GB", space) for _ in range(3)]
    assert [each.site for each in got if isinstance(each, Wanted)] == ["UKSRC-GB", "SWESRC-SE"]
    (full,) = [each for each in got if isinstance(each, Impossible)]
    assert full.why.startswith("no area on `online` has room for 2 TB: UKSRC-GB: room for 1 TB;")
    assert "JPSRC-JP: closed, or not for us" in full.why


def test_near_compute_passes_over_sites_that_have_none():
    found = compiled(near="compute")
    federation = federation_of(found)
    sites = dict(federation.sites)
    sites[SiteName("SWESRC-SE")] = replace(sites[SiteName("SWESRC-SE")], compute=("slurm",))
    found = replace(found, federation=replace(federation, sites=sites))
    wanted = outcome(found, archived(federation, *TAPES), "GB", room(federation, **ALL))
    assert isinstance(wanted, Wanted)
    assert (wanted.site, wanted.passed_over) == ("SWESRC-SE", ())
    nowhere = outcome(compiled(near="compute"), archived(federation, *TAPES), "GB", Room())
    assert isinstance(nowhere, Impossible)
    assert nowhere.why == "no area on `online` with compute beside it can take it"


def test_anywhere_is_near_the_archive_and_the_requester_must_say_where_that_is():
    found = compiled(near="anywhere")
    federation = federation_of(found)
    space = room(federation, **ALL)
    wanted = outcome(found, archived(federation, "JPSRC-JP-T2"), None, space)
    assert isinstance(wanted, Wanted)
    assert wanted.site == "JPSRC-JP"
    assert [(s.area.name, s.seconds) for s in wanted.sources] == [("JPSRC-JP-T2", 2000)]
    assert wanted.until == datetime(2027, 11, 25)  # 36 h are two days, and this one
    asking = compiled()
    unsaid = outcome(asking, archived(federation_of(asking), *TAPES), None, space)
    assert isinstance(unsaid, Impossible)
    assert "`--near`" in unsaid.remedy


def test_what_is_accessible_for_long_enough_is_left_alone():
    found = compiled()
    federation = federation_of(found)
    disk, space = "JPSRC-JP-T0", room(federation, **ALL)
    kept = outcome(found, archived(federation, *TAPES, disk), "GB", space)
    assert isinstance(kept, Accessible)
    assert [area.name for area in kept.areas] == [disk]
    for there in (
        archived(federation, *TAPES, disk, kept=False),
        archived(federation, *TAPES, disk, leaving=[disk]),
    ):
        assert isinstance(outcome(found, there, "GB", space), Wanted)


def test_a_recall_that_runs_is_waited_for_or_goes_on_where_it_is():
    found = compiled()
    federation = federation_of(found)
    there, space = archived(federation, *TAPES), room(federation, **ALL)
    late = Running("1", SiteName("JPSRC-JP"), datetime(2027, 11, 24, 23, 30), 1, 2)
    early = replace(late, until=datetime(2027, 11, 23))
    over = replace(late, until=datetime(2027, 11, 1))
    assert outcome(found, there, "GB", space, late) == Accessible(running=late)
    for each in (early, over):
        wanted = outcome(found, there, "GB", space, each)
        assert isinstance(wanted, Wanted)
        assert (wanted.site, wanted.longer) == ("JPSRC-JP", each)
    assert space == room(federation, **ALL)


# ── the plan, and what it may do ──────────────────────────────────────────────────────────────


def changed(found: Compiled, *sizes: int, longer: Running | None = None) -> tuple[Change, ...]:
    """The changes of a recall of data sets of these sizes."""
    federation = federation_of(found)
    space = room(federation, **dict.fromkeys(SRCS, 10_000))
    made = []
    for number, size in enumerate(sizes):
        there = archived(federation, *TAPES, size=size)
        asked = Asked(place_named(federation, "GB"), "hi-survey", "the workshop")
        running = [] if longer is None else [longer]
        each: Decided = decide(federation, there, asked, running, space, DAY)
        assert isinstance(each.outcome, Wanted)
        dataset = Dataset("odp", f"d-{number:02d}", {}, True, bytes=size, created=MADE.date())
        (model,) = [lowered.model for lowered in found.models if lowered.target.name == "rucio"]
        made.append(change_for(federation, model, dataset, each, each.outcome, asked))
    return tuple(made)


def plan(found: Compiled, changes: Sequence[Change]) -> Plan:
    systems = {change.address.system for change in changes}
    return build_plan(list(systems), changes, (), frozenset(), binding(found))


def refusals(found: Compiled, *sizes: int, signed: bool = False, **more: Any) -> list[str]:
    made = plan(found, changed(found, *sizes, **more))
    assert from_json(to_json(made)) == made
    assert made.only_recalls
    return [each.message for each in objections(made, found, DAY, signed=signed)]


def test_what_is_recalled_is_said_with_its_reason_and_its_place():
    (change,) = changed(compiled(), 2 * TB)
    assert change.address.name == "odp:d-00 srcnet:products/recall/UKSRC-GB"
    assert change.reason == "it is asked for for hi-survey: the workshop"
    assert (change.moves, change.recalls) == (2 * TB, 2 * TB)
    (field,) = change.fields
    assert field.origin is not None
    assert field.origin.file == "policies/data/products.yaml"
    assert isinstance(field.after, dict)
    assert field.after["until"] == "2027-11-25T00:00:00"


def test_somebody_must_agree_to_large_recalls_by_a_signature_or_a_waiver():
    found = compiled(approvalAbove="10 TB")
    assert refusals(found, 5 * TB, 5 * TB) == []
    (said,) = refusals(found, 5 * TB, 6 * TB)
    assert said == "11 TB of `products` would be recalled; above 10 TB somebody must agree"
    assert refusals(found, 5 * TB, 6 * TB, signed=True) == []
    assert refusals(compiled(), 400 * TB) == []
    running = Running("1", SiteName("JPSRC-JP"), datetime(2027, 11, 23), 2, 2)
    assert len(refusals(found, 11 * TB, longer=running)) == 1  # it takes the room for longer
    aside = {"setsAside": {"limit": "recalledData", "upTo": "12 TB"}, "of": "products", **WAIVER}
    waived = compiled(document("Waiver", "large", **aside), approvalAbove="10 TB")
    assert refusals(waived, 12 * TB) == []
    assert len(refusals(waived, 13 * TB)) == 1
    assert len(refusals(found, 501 * TB, signed=True)) == 1  # the limit of the federation


def test_a_draft_recall_is_refused_unless_a_waiver_accepts_it():
    draft = {"status": "draft", "source": "working assumption"}
    found = compiled(**draft)
    made = plan(found, changed(found, TB))
    (finding,) = objections(made, found, DAY)
    assert finding.code is Code.RESTS_ON_DRAFT
    assert finding.labels[0].span.file == "policies/data/products.yaml"
    aside = {"setsAside": {"draft": True}, "of": "products", **WAIVER}
    accepted = compiled(document("Waiver", "accepted", **aside), **draft)
    assert refusals(accepted, TB) == []


def test_a_waiver_for_recalls_names_a_policy():
    aside = {"setsAside": {"limit": "recalledData", "upTo": "12 TB"}, "of": "product", **WAIVER}
    found = compile_texts(
        specs({"to": {"tier": "online"}, "keep": "1 d"}, document("Waiver", "large", **aside)), DAY
    )
    assert [each.help for each in found.diagnostics if each.code is Code.UNKNOWN_NAME] == [
        "did you mean `products`?"
    ]


# ── beside the rules of the policy ────────────────────────────────────────────────────────────


def observed(found: Compiled, *rules: Rule) -> Reading[Any]:
    (model,) = [lowered.model for lowered in found.models if lowered.target.name == "rucio"]
    dataset = Dataset("odp", "d-00", {}, True, rules, bytes=TB, created=MADE.date())
    return Reading(replace(model, datasets={dataset.did: dataset}), day=DAY)


def tape(region: str, number: int) -> Rule:
    expression = f"(srcnet_region={region}&srcnet_tier=nearline)"
    comments = f"srcnet:products/archive/{number}"
    return Rule(str(number), 1, expression, comments, "OK", locks_ok=1, locks=1)


ARCHIVED = (tape("asia", 0), tape("europe", 1))


@pytest.mark.parametrize("state", ["OK", "REPLICATING", "STUCK", "SUSPENDED"])
def test_a_living_recall_is_no_matter_of_the_audit_and_counts_for_no_floor(state: str):
    found = compiled()
    (model,) = [lowered.model for lowered in found.models if lowered.target.name == "rucio"]
    to = RecallRule("products", "online", "UKSRC-GB", "User Subscriptions", datetime(2027, 11, 25))
    recall = Rule("r", 1, to.rse_expression, to.comments, state, 1, 1, released=True)
    seen = observed(found, *ARCHIVED, recall)
    assert [c for c in diff.diff(model, seen) if c.address.kind == "rule"] == []
    lost = observed(found, ARCHIVED[0], recall)
    (added,) = [c for c in diff.diff(model, lost) if c.address.kind == "rule"]
    assert added.address.name == "odp:d-00 srcnet:products/archive/1"
    longer = Running("r", SiteName("UKSRC-GB"), datetime(2027, 11, 23), 1, 1)
    for changes in (changed(found, TB), changed(found, TB, longer=longer)):
        proof = check.prove(model, seen, changes)
        assert proof.objections == ()
        assert len(proof.claims) == 1


def test_nobody_can_say_what_an_end_for_a_rule_that_lasts_would_do():
    found = compiled()
    (model,) = [lowered.model for lowered in found.models if lowered.target.name == "rucio"]
    one = Running("1", SiteName("UKSRC-GB"), datetime(2027, 11, 23), 1, 1)
    (objection,) = check.prove(
        model, observed(found, *ARCHIVED), changed(found, TB, longer=one)
    ).objections
    assert objection.code is Code.BELOW_FLOOR


@pytest.mark.parametrize("tier", ["online", "nearline"])
def test_a_recalls_expression_means_the_areas_of_its_site_and_is_no_phases(tier: str):
    """Two rules with one expression are one to the server, and the second would never be made."""
    golden = compile_texts(texts(GOLDEN), date(2026, 11, 22))
    for found in (compiled(), golden):
        (model,) = [lowered.model for lowered in found.models if lowered.target.name == "rucio"]
        facts = {name: RseFacts(attributes=rse.attributes) for name, rse in model.rses.items()}
        phases = [phase for life in model.lifecycles.values() for phase in life.phases]
        taken = {r.rse_expression for p in phases for deal in p.deals for r in deal.rules}
        taken |= {place.rule.rse_expression for p in phases for place in p.places}
        assert taken
        for name in federation_of(found).sites:
            text = RecallRule("p", tier, name, "x", datetime(2027, 1, 1)).rse_expression
            meant = [
                rse
                for rse, fact in facts.items()
                if (fact.attributes.get("srcnet_tier"), fact.attributes.get("srcnet_site"))
                == (tier, name)
            ]
            assert text not in taken
            if meant:
                assert resolve(parse(text), facts) == frozenset(meant)


@pytest.mark.parametrize(
    ("comments", "said"),
    [
        ("srcnet:p/recall/UKSRC-GB", True),
        ("srcnet:p/fresh/0", False),
        ("srcnet:recall/fresh/0", False),
        ("somebody:p/recall/UKSRC-GB", False),
        ("", False),
    ],
)
def test_recalls_are_told_by_their_comments(comments: str, said: bool):
    assert is_recall(comments) is said


# ── who may read ──────────────────────────────────────────────────────────────────────────────


def test_those_who_grant_access_are_told_of_agreed_embargoes_alone():
    found = compiled()
    (told,) = [a for a in found.artifacts if str(a.path).endswith("embargoes.yaml")]
    assert "readers: data/namespaces/odp/owner\n" in told.content
    files = specs({"to": {"tier": "online"}, "keep": "1 d"})
    policy = json.loads(files["policies/data/products.yaml"])
    policy["spec"]["embargo"] |= {"status": "draft", "source": "not agreed"}
    files["policies/data/products.yaml"] = json.dumps(policy)
    silent = compile_texts(files, DAY)
    assert not silent.failed
    assert not [a for a in silent.artifacts if str(a.path).endswith("embargoes.yaml")]
