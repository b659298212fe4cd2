"""From what a Rucio has to specs: what is told, what is asked, and that nothing would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srcnet_compiler.diagnostic import Outcome
from srcnet_compiler.importing.rucio import Said, Sketch, sketch
from srcnet_compiler.importing.rucio.known import Known, known_of
from srcnet_compiler.importing.rucio.texts import RULES, wanted
from srcnet_compiler.importing.writing import Writing, existing, prepare
from srcnet_compiler.pipeline import check_loaded, load_contents
from srcnet_compiler.schema.common import API_VERSION
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.rucio import TARGET
from srcnet_compiler.targets.rucio.model import Account, Protocol, Rse, RucioModel
from srcnet_compiler.targets.rucio.model.inventory import Inventory, RulePattern, Subscribed
from srcnet_compiler.targets.rucio.model.names import RseName
from srcnet_compiler.targets.rucio.model.protocols import IMPLEMENTATIONS, usual_domains

TODAY = date(2026, 11, 26)
FEDERATION = f"""\
apiVersion: {API_VERSION}
kind: Federation
metadata: {{name: some}}
spec:
  members: [AUSSRC, CHSRC, UKSRC]
  aliases: {{AUSRC: AUSSRC}}
  regions: {{everywhere: [AU, CH, GB]}}
  tiers:
    online: {{media: [hdd], reachable: immediately}}
    cache: {{media: [ssd], reachable: immediately, volatile: true, counts: false}}
    nearline: {{media: [tape], reachable: after recall}}
  storageClasses:
    NAT: {{tier: online, pledged: false}}
    Q0: {{tier: online, status: draft}}
    T0: {{tier: online}}
    T2: {{tier: nearline}}
    TEST: {{tier: online, role: test}}
  naming: {{area: "{{src}}-{{site}}-{{class}}[-{{label}}]", existing: warn, new: error}}
  identity: {{issuer: "https://iam.example.org/"}}
  rucio:
    name: some
    server: https://rucio.example.org
    credentials: {{secretRef: {{env: TOKEN}}}}
    owner: srcnet-policy
    actsAs: srcnet-compiler
    activities: [User Subscriptions]
"""
SITES = f"""\
apiVersion: {API_VERSION}
kind: Site
metadata: {{name: AUSSRC-PERTH}}
spec: {{src: AUSSRC, country: AU, alsoKnownAs: [Pawsey]}}
---
apiVersion: {API_VERSION}
kind: Site
metadata: {{name: CHSRC-ZURICH}}
spec:
  src: CHSRC
  country: CH
  alsoKnownAs: [Zürich]
  storage:
    - name: CHSRC-ZURICH-T0    # the first
      alsoKnownAs: [ZH_DISK]
      adopted: true
      tier: online
"""
SPECS = {"policies/federation.yaml": FEDERATION, "site-specs/sites.yaml": SITES}


def compiled(texts: Mapping[str, str]) -> Any:
    contents = ((name, Outcome(text.encode())) for name, text in sorted(texts.items()))
    sources, found = load_contents(contents)
    checked = check_loaded(sources, found, TODAY)
    assert not checked.failed, [each.message for each in checked.diagnostics]
    return checked, sources.specs


def known() -> Known:
    checked, specs = compiled(SPECS)
    return known_of(checked.federation, specs)


def rse(name: str, attributes: Mapping[str, Any] | None = None, **facts: Any) -> Rse:
    columns = {"rse_type": "DISK", "deterministic": True, "volatile": False, **facts}
    protocol = Protocol(
        *("davs", f"{name.lower().replace('_', '-')}.example.org", 443, "/ska"),
        IMPLEMENTATIONS["davs"],
        usual_domains(1, True),
    )
    own = {name: True, **(attributes or {})}
    return Rse(RseName(name), columns, own, (protocol,), {})


def inventory(*rses: Rse, **more: Any) -> Inventory:
    return Inventory({each.name: each for each in rses}, **more)


def sketched(*rses: Rse, said: Said = Said(), **more: Any) -> Sketch:  # noqa: B008 - frozen
    return sketch(inventory(*rses, **more), known(), said)


def areas(found: Sketch) -> dict[str, dict[str, Any]]:
    """New areas and others by the site and name, without what is the same for all."""
    return {
        f"{site.name} {area['name']}": {k: v for k, v in area.items() if k not in ("endpoints",)}
        for site in found.sites
        for area in site.areas
    }


def asked(found: Sketch) -> list[str]:
    return [each.to_type for each in found.questions]


# ── where it belongs ──────────────────────────────────────────────────────────────────────────


def test_a_name_by_the_rule_tells_site_tier_and_role():
    found = sketched(rse("UKSRC-RAL-TEST", country_name="GB"))
    assert areas(found) == {
        "UKSRC-RAL UKSRC-RAL-TEST": {
            **{"name": "UKSRC-RAL-TEST", "adopted": True, "tier": "online", "role": "test"},
        }
    }
    assert found.sites[0].is_new


def test_a_new_site_needs_a_country_and_only_one():
    assert asked(sketched(rse("UKSRC-RAL-T0"))) == ["--country UKSRC-RAL=CC"]
    two = (rse("UKSRC-RAL-T0", country_name="GB"), rse("UKSRC-RAL-TEST", {"country": "CH"}))
    found = sketched(*two)
    assert asked(found) == ["--country UKSRC-RAL=CC"] * 2
    assert "its RSEs stand in CH and GB" in found.questions[0].why
    said = Said(countries={"UKSRC-RAL": "GB"})
    assert len(areas(sketched(*two, said=said))) == 2


@pytest.mark.parametrize(
    ("name", "attributes", "likely"),
    [
        ("AUSRC_STORM", {}, "AUSSRC-PERTH"),  # by another name of the member, which has one site
        ("PAWSEY_DISK", {}, "AUSSRC-PERTH"),  # by another name of the site
        ("WHERE", {"country": "AU"}, "AUSSRC-PERTH"),  # the only site of the country
        ("WHERE", {"country": "Australia"}, None),
        ("WHERE", {}, None),
    ],
)
def test_hints_are_proposed_and_never_taken(name, attributes, likely):
    found = sketched(rse(name, attributes))
    assert not areas(found)
    assert asked(found) == [f"--site {name}={likely or 'SITE'}"]


def test_an_attribute_names_a_site_by_any_of_its_names_in_any_spelling():
    for text in ("Pawsey", "PAWSEY", "aussrc perth", "AUSSRC_PERTH"):
        (key,) = areas(sketched(rse("OLD", {"site": text})))
        assert key == "AUSSRC-PERTH AUSSRC-PERTH-T0-OLD"
    (key,) = areas(sketched(rse("OLD", {"site": "zurich"})))
    assert key == "CHSRC-ZURICH CHSRC-ZURICH-T0-OLD"
    found = sketched(rse("OLD", {"site": "Genf"}))
    assert "its attribute `site` is `Genf`, which is no site of the specs" in found.questions[0].why


def test_one_fitting_tier_is_told_and_several_are_asked():
    tape = areas(sketched(rse("OLD", {"site": "Pawsey"}, rse_type="TAPE")))
    assert tape["AUSSRC-PERTH AUSSRC-PERTH-T2-OLD"]["tier"] == "nearline"
    no_such = sketched(rse("OLD", {"site": "Pawsey"}, rse_type="TAPE", volatile=True))
    assert asked(no_such) == ["--tier OLD=TIER"]
    assert "it is TAPE and volatile, and no tier of the federation is" in no_such.questions[0].why


def test_a_name_that_promises_another_tier_is_asked_for():
    found = sketched(rse("AUSSRC-PERTH-T0", rse_type="TAPE"))
    assert asked(found) == ["--name AUSSRC-PERTH-T0=AREA"]
    assert found.questions[0].why == "its class `T0` is of tier `online`, and it is of `nearline`"
    said = Said(names={"AUSSRC-PERTH-T0": "AUSSRC-PERTH-T2"})
    (area,) = areas(sketched(rse("AUSSRC-PERTH-T0", rse_type="TAPE"), said=said)).values()
    assert (area["name"], area["nameToday"]) == ("AUSSRC-PERTH-T2", "AUSSRC-PERTH-T0")


def test_names_that_collide_are_asked_for():
    found = sketched(rse("A_B", {"site": "Pawsey"}), rse("A-B", {"site": "Pawsey"}))
    assert asked(found) == ["--name A-B=AREA", "--name A_B=AREA"]
    said = Said(names={"A_B": "AUSSRC-PERTH-T0-NEW"})
    assert (
        len(
            areas(
                sketched(rse("A_B", {"site": "Pawsey"}), rse("A-B", {"site": "Pawsey"}), said=said)
            )
        )
        == 2
    )


def test_what_no_spec_can_say_is_left_and_said():
    found = sketched(rse("ZÜRICH"), rse("BUFFER", staging_area=True), unread={"LOST": "it is gone"})
    assert {each.rse for each in found.left} == {"ZÜRICH", "BUFFER", "LOST"}
    assert not areas(found)


def test_an_area_that_is_also_known_so_is_that_area():
    found = sketched(rse("ZH_DISK"))
    assert found.described == 1
    assert areas(found)["CHSRC-ZURICH CHSRC-ZURICH-T0"]["nameToday"] == "ZH_DISK"
    both = sketched(rse("ZH_DISK"), rse("CHSRC-ZURICH-T0"))
    assert not areas(both)
    assert {each.rse for each in both.left} == {"ZH_DISK", "CHSRC-ZURICH-T0"}


def test_what_is_skipped_is_left_alone():
    found = sketched(rse("AUSRC_STORM"), said=Said(skipped=frozenset({"AUSRC_STORM"})))
    assert (found.skipped, found.questions, found.sites) == (1, (), ())


def test_what_was_read_in_another_order_gives_the_same():
    rses = [rse("A_B", {"site": "Pawsey"}), rse("UKSRC-RAL-T0", country_name="GB"), rse("X")]
    assert sketched(*rses) == sketched(*reversed(rses))


# ── what is described already ─────────────────────────────────────────────────────────────────


JOINS = (
    SITES
    + """\
    - name: CHSRC-ZURICH-T0-NEW
      nameToday: ZH_NEW
      tier: online
"""
)


def described(*rses: Rse, said: Said = Said()) -> Sketch:  # noqa: B008 - frozen
    checked, specs = compiled({**SPECS, "site-specs/sites.yaml": JOINS})
    return sketch(inventory(*rses), known_of(checked.federation, specs), said)


def test_an_area_that_a_spec_describes_and_nobody_has_taken_over_would_join():
    """Its spec would change what stands there: whether it is to be kept is not guessed."""
    found = described(rse("ZH_NEW"), rse("ZH_DISK"))
    assert found.joining == ("ZH_NEW",)
    assert all("adopted" not in area for area in areas(found).values())
    assert described(rse("ZH_NEW", {"srcnet_site": "CHSRC-ZURICH"})).joining == ()


def test_it_is_taken_over_as_it_stands_where_somebody_says_so():
    said = Said(adopted=frozenset({"ZH_NEW"}))
    found = described(rse("ZH_NEW"), said=said)
    assert found.joining == ()
    assert areas(found)["CHSRC-ZURICH CHSRC-ZURICH-T0-NEW"]["adopted"] is True


# ── what rules have in common ─────────────────────────────────────────────────────────────────


def pattern(scope: str, expression: str, **facts: Any) -> RulePattern:
    usual = {"account": "ops", "copies": 1, "activity": "User Subscriptions", "lasting": True}
    return RulePattern(
        scope=scope, expression=expression, grouping="DATASET", did_type="DATASET", **usual | facts
    )


DISKS = (rse("A", {"site": "Pawsey", "fast": "1"}), rse("B", {"site": "Pawsey"}))


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ([pattern("s", "A|B")], None),
        ([pattern("s", "A|B"), pattern("s", "site=Pawsey")], None),
        ([pattern("s", "*", copies=2)], None),
        ([pattern("s", "A")], "what its rules mean is not one tier of the federation"),
        ([pattern("s", "A|B"), pattern("s", "A")], "its rules mean different RSEs"),
        ([pattern("s", "nowhere=1")], "an expression of it means no RSE"),
        ([pattern("s", "A|B", copies=3)], "it asks for more copies than there are areas"),
        ([pattern("s", "A|B", lasting=False)], "some rules of the scope end by themselves"),
        (
            [pattern("s", "A|B"), pattern("s", "A|B", copies=2)],
            "its rules ask for different numbers of copies",
        ),
        (
            [pattern("s", "A|B", activity="Debug")],
            "activity `Debug` is none that the federation names",
        ),
    ],
)
def test_only_a_plain_pattern_becomes_a_draft(rules, why):
    found = sketched(*DISKS, rules=dict.fromkeys(rules, 5), scopes={"s": "ops"})
    assert [each.namespace for each in found.policies] == ([] if why else ["s"])
    assert {each.why for each in found.unsaid} == ({why} if why else set())
    assert sum(each.rules for each in (*found.policies, *found.unsaid)) == 5 * len(rules)


def test_our_own_rules_are_no_pattern_of_others():
    rules = {pattern("s", "A|B", account="srcnet-policy"): 5}
    found = sketched(*DISKS, rules=rules, scopes={"s": "ops"})
    assert (found.policies, found.unsaid) == ((), ())


def test_nothing_is_drafted_where_an_rse_was_not_seen():
    found = sketched(
        *DISKS, rules={pattern("s", "A|B"): 5}, scopes={"s": "ops"}, unread={"C": "it is gone"}
    )
    assert not found.policies
    assert "not all RSEs could be seen" in found.unsaid[0].why


def test_a_subscription_counts_with_the_rules_of_its_scope():
    subscription = Subscribed("ops", "keep", ("s",), ((1, "A|B"),))
    found = sketched(
        *DISKS,
        rules={pattern("s", "A|B"): 5},
        scopes={"s": "ops"},
        subscriptions=(subscription,),
    )
    (draft,) = found.policies
    assert draft.source(TODAY) == "rule pattern of 5 rules and 1 subscription on 2026-11-26"
    other = replace(subscription, asks=((1, "A"),))
    found = sketched(
        *DISKS, rules={pattern("s", "A|B"): 5}, scopes={"s": "ops"}, subscriptions=(other,)
    )
    assert not found.policies


def test_scopes_of_one_name_get_two_policies():
    rules = {pattern("a.b", "A|B"): 1, pattern("a_b", "A|B"): 1}
    found = sketched(*DISKS, rules=rules, scopes={"a.b": "ops", "a_b": "ops"})
    assert [each.name for each in found.policies] == ["a-b", "a-b-2"]


# ── what is written ───────────────────────────────────────────────────────────────────────────


def written(found: Sketch, texts: Mapping[str, str] = SPECS, *, theirs: bool = False) -> Writing:
    there = existing({name: text.encode() for name, text in texts.items()})
    return prepare(there, wanted(found, there, (), TODAY), RULES, "rucio some", theirs=theirs)


def after(found: Sketch) -> dict[str, str]:
    return {**SPECS, **{change.file: change.after for change in written(found).changes}}


priorities = st.integers(0, 3)
_OWN = ("read", "write", "delete")
own = st.fixed_dictionaries(dict.fromkeys(_OWN, priorities))
remote = st.fixed_dictionaries(
    dict.fromkeys((*_OWN, "third_party_copy_read", "third_party_copy_write"), priorities)
)
protocols = st.builds(
    Protocol,
    scheme=st.sampled_from(["davs", "https", "root", "s3s", "gsiftp", "srm"]),
    hostname=st.sampled_from(["a.example.org", "b.example.org", "Zürich"]),
    port=st.sampled_from([443, 1094]),
    prefix=st.sampled_from(["/ska", "//ska/", "ska", "/with blank"]),
    impl=st.sampled_from([IMPLEMENTATIONS["davs"], "rucio.rse.protocols.webdav.Default", "7"]),
    domains=st.fixed_dictionaries({"lan": own, "wan": remote}),
)
attribute_values = st.one_of(
    st.booleans(), st.sampled_from(["172800", "007", "https://fts.example.org:8446", "x y", "Zoë"])
)


@st.composite
def rses(draw: st.DrawFn, name: str) -> Rse:
    """One as people may have made it, of a site that its attribute names."""
    found = draw(st.lists(protocols, max_size=3, unique_by=lambda each: each.key))
    keys = st.sampled_from(["fts", "oidc_support", "archive_timeout", "theirs"])
    more = draw(st.dictionaries(keys, attribute_values))
    settings = {
        "rse_type": draw(st.sampled_from(["DISK", "TAPE"])),
        "deterministic": draw(st.booleans()),
        "volatile": False,
        **draw(st.sampled_from([{}, {"country_name": "AU"}, {"city": "Perth", "latitude": -31.9}])),
    }
    limits = draw(
        st.dictionaries(
            st.sampled_from(["MaxSpaceAvailable", "MinFreeSpace"]), st.integers(0, 10**17)
        )
    )
    return Rse(
        RseName(name), settings, {name: True, "site": "Pawsey", **more}, tuple(found), limits
    )


@settings(max_examples=15, deadline=None)
@given(st.tuples(rses("OLD_ONE"), rses("OLD_TWO"), rses("AUSSRC-PERTH-T0-BYRULE")))
def test_whatever_is_imported_asks_for_no_change(found):
    """And what is imported once more adds nothing."""
    made = sketched(*found)
    texts = after(made)
    checked, specs = compiled(texts)
    (model,) = TARGET.lower(checked.federation, checked.analysis, None)
    there = RucioModel(
        model.instance,
        model.owner,
        rses={each.name: each for each in found},
        accounts={
            name: Account(name, each.type, each.attributes) for name, each in model.accounts.items()
        },
    )
    assert TARGET.diff(model, Reading(there)) == ()
    reachable = {a["name"] for site in made.sites for a in site.areas if a.get("endpoints")}
    adopted = {
        c.address.name for c in TARGET.adoptions(model, Reading(there)) if c.address.kind == "rse"
    }
    assert len(adopted) == len(reachable)
    again = sketch(inventory(*found), known_of(checked.federation, specs), Said())
    assert written(again, texts).changes == ()
    assert written(again, texts).diagnostics == ()


def test_comments_and_order_stay_where_something_is_added():
    found = sketched(replace(rse("ZH_DISK"), limits={"MaxSpaceAvailable": 5 * 10**12}))
    text = after(found)["site-specs/sites.yaml"]
    lines = iter(text.splitlines())
    assert all(line in lines for line in SITES.splitlines())
    assert "      nameToday: ZH_DISK\n" in text
    assert "      capacity: 5 TB\n" in text


def test_what_the_spec_says_otherwise_stays_and_is_a_finding():
    said = SITES.replace("      adopted: true\n", "      adopted: true\n      capacity: 4 TB\n")
    texts = {**SPECS, "site-specs/sites.yaml": said}
    found = written(
        sketched(replace(rse("ZH_DISK"), limits={"MaxSpaceAvailable": 5 * 10**12})), texts
    )
    assert [each.message for each in found.diagnostics] == [
        "`capacity` is `4 TB` here, and `5 TB` in rucio some"
    ]
    (change,) = found.changes
    assert "      capacity: 4 TB\n" in change.after


def test_a_door_that_rucio_calls_otherwise_is_one_door():
    """The site catalogue says `https` where Rucio says `davs`: no second way in is added."""
    door = "endpoints: [{protocol: https, host: zh-new.example.org, port: 443, path: /ska}]"
    texts = {**SPECS, "site-specs/sites.yaml": f"{JOINS}      {door}\n"}
    found = described(rse("ZH_NEW"), said=Said(adopted=frozenset({"ZH_NEW"})))
    (finding,) = written(found, texts).diagnostics
    assert finding.message == "`protocol` is `https` here, and `davs` in rucio some"
    (change,) = written(found, texts, theirs=True).changes
    assert change.after.count("host: zh-new.example.org") == 1
    assert "{protocol: davs, host: zh-new.example.org, port: 443, path: /ska" in change.after
