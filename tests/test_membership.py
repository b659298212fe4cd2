"""Who belongs to which group, from exports of the identity provider: all of it, or nothing."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from specs import compile_texts

from srcnet_compiler.analysis.memberships import check_membership
from srcnet_compiler.diagnostic import Code, Severity
from srcnet_compiler.federation.membership import Membership, read_membership
from srcnet_compiler.report import text
from srcnet_compiler.report.model import Report

EXPORT = {
    path.name: path.read_text("utf-8")
    for path in sorted((Path(__file__).parent / "scim").glob("*.json"))
}
USERS, GROUPS = json.loads(EXPORT["users.json"]), json.loads(EXPORT["groups.json"])


def page(*resources, total=None):
    return {"totalResults": len(resources) if total is None else total, "Resources": [*resources]}


def user(number, name, *groups, **more):
    shown = [{"display": group, "value": f"g-{group}"} for group in groups]
    return {"id": f"u{number}", "userName": name, "groups": shown, **more}


def group(path, *members):
    return {"id": f"g-{path}", "displayName": path, "members": [*members]}


def read(*pages):
    return read_membership({f"{n}.json": json.dumps(each) for n, each in enumerate(pages)})


def messages(outcome):
    return [found.message for found in outcome.diagnostics]


def test_groups_have_the_names_of_their_active_users():
    outcome = read_membership(EXPORT)
    assert outcome.value == Membership(
        {
            "projects": ("abel", "berta"),
            "projects/eor": ("abel", "berta"),
            "projects/hi-survey": ("berta",),
            "projects/nobody-yet": (),
            "roles/int/oper": (),
        },
        ("Emil@example.org",),
    )
    (found,) = outcome.diagnostics
    assert found.code is Code.NO_LOCAL_NAME
    assert found.severity is Severity.WARNING
    assert found.subject == "Emil@example.org"


def test_a_group_is_found_with_and_without_the_bar_before_it():
    membership = read_membership(EXPORT).value
    assert membership.of("/projects/eor") == membership.of("projects/eor") == ("abel", "berta")
    assert membership.of("/projects/nobody-yet") == ()
    assert membership.of("/projects/e") is None


def test_groups_may_name_their_members():
    outcome = read(
        page(group("a", {"value": "u1", "display": "A. Person", "type": "User"}), group("b")),
        page(user(1, "abel"), user(2, "berta", "b")),
    )
    assert outcome.value == Membership({"a": ("abel",), "b": ("berta",)}, ())


@pytest.mark.parametrize(
    "below",
    [{"value": "g-b", "type": "Group"}, {"value": "g-b", "$ref": "https://x/scim/Groups/b"}],
)
def test_a_group_below_a_group_is_no_member(below):
    outcome = read(page(group("a", below), group("b")), page(user(1, "abel")))
    assert outcome.value == Membership({"a": (), "b": ()}, ())


def test_pages_may_stand_in_one_file_or_in_several_in_any_order():
    pages = [page(user(n, f"user{n}", "a"), total=5) for n in range(5)]
    wanted = Membership({"a": tuple(f"user{n}" for n in range(5))}, ())
    assert read(*pages).value == read(pages).value == read(*reversed(pages)).value == wanted
    assert read(pages[:2], *pages[2:], pages[0]).value == wanted


def test_a_page_that_is_missing_changes_nothing():
    outcome = read(*(page(user(n, f"user{n}", "a"), total=5) for n in range(4)))
    assert outcome.value is None
    assert messages(outcome) == ["4 of 5 users are here"]
    outcome = read(page(user(1, "abel")), page(group("a"), total=2))
    assert outcome.value is None
    assert messages(outcome) == ["1 of 2 groups are here"]


def test_no_users_are_no_answer():
    for pages in ([], [page()], [page(group("a"))]):
        outcome = read(*pages)
        assert outcome.value is None
        assert messages(outcome) == ["there are no users here, so that nobody would belong to us"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (3, "`/` is not an object"),
        ({}, "`/totalResults` is missing"),
        ({"totalResults": "1"}, "`/totalResults` is not a whole number"),
        ({"totalResults": True}, "`/totalResults` is not a whole number"),
        ({"totalResults": 1}, "`/Resources` is missing"),
        ({"totalResults": 1, "Resources": {}}, "`/Resources` is not a list"),
        (page(3), "`/Resources/0` is not an object"),
        (page({"userName": "abel"}), "`/Resources/0/id` is missing"),
        (page({"id": "1"}), "`/Resources/0/displayName` is missing"),
        (page({"id": "1", "userName": 7}), "`/Resources/0/userName` is not a text"),
        (page(user(1, "abel", active="no")), "`/Resources/0/active` is not true or false"),
        (page({**user(1, "a"), "groups": {}}), "`/Resources/0/groups` is not a list"),
        (page({**user(1, "a"), "groups": [{}]}), "`/Resources/0/groups/0/display` is missing"),
        (page(user(1, "a"), group("b", 3)), "`/Resources/1/members/0` is not an object"),
        ([page(user(1, "a")), page(3)], "`/1/Resources/0` is not an object"),
        (page(user(1, "a"), user(2, "A")), "`/Resources/1/userName` is `A`, as that of another"),
        (page(group("a"), {**group("a"), "id": "2"}), "`/Resources/1/displayName` is `a`, as that"),
        (
            page(user(1, "a"), group("b", {"value": "u7"}, {"value": "u8"})),
            "0.json: `/Resources/1/members/0` is none of the users, and 1 more",
        ),
    ],
)
def test_what_is_damaged_is_found_by_its_pointer(data, said):
    outcome = read(data)
    assert outcome.value is None
    assert messages(outcome)[0].startswith(said)
    assert {found.code for found in outcome.diagnostics} == {Code.WRONG_MEMBERSHIP}


@pytest.mark.parametrize("written", ["", "{", "[1,]", "x" * 10, "[" * 100_000, "\x00"])
def test_what_is_no_json_is_found_at_its_place(written):
    outcome = read_membership({"users.json": written})
    assert outcome.value is None
    found = outcome.diagnostics[0]
    assert found.message == "this is not JSON"
    assert found.labels[0].span.file == "users.json"


def test_a_finding_can_be_shown_without_the_file():
    (found,) = read_membership({"users.json": "{\n  x"}).diagnostics[:1]
    assert "users.json:2:3" in text.excerpt(found, Report((found,), {}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["totalResults", "Resources", "id", "userName", "groups", "display", "members"]
            )
            | st.text(max_size=2),
            inner,
            max_size=4,
        )
    ),
)


@given(JSON)
def test_no_json_is_a_bug(data):
    outcome = read(data)
    assert (outcome.value is None) == bool(messages(outcome))


@given(st.data())
def test_an_export_with_something_missing_or_changed_never_gives_somebody_more(data):
    """A user in a group is one that the export says so of, whatever is odd about the rest."""
    export = json.loads(json.dumps(USERS))
    where = data.draw(st.sampled_from(export["Resources"]))
    where[data.draw(st.sampled_from([*where]))] = data.draw(JSON)
    outcome = read(export, GROUPS)
    if outcome.value is not None:
        whole = read_membership(EXPORT).value
        told = {
            (each["userName"], shown.get("display"))
            for each in export["Resources"]
            for shown in each.get("groups") or ()
        }
        for path, users in outcome.value.groups.items():
            assert {(name, path) for name in users} <= told
            assert path in whole.groups or any(path == of for _, of in told)


# ── against the allocations ───────────────────────────────────────────────────────────────────

SPECS = {
    "policies/federation.yaml": """\
apiVersion: srcnet.skao.int/v1alpha2
kind: Federation
metadata: {name: srcnet}
spec:
  members: [CHSRC]
  regions: {}
  tiers: {}
  storageClasses: {}
  naming: {area: "{src}-{site}-{class}[-{label}]"}
  identity:
    issuer: https://iam.example.org/
    groups: {eor: /projects/eor, hi: projects/hi-surveys, nobody: /projects/nobody-yet}
  rucio:
    server: https://rucio.example.org
    credentials: {secretRef: {env: RUCIO_TOKEN}}
    owner: srcnet-policy
    actsAs: srcnet-compiler
    activities: [User Subscriptions]
""",
    "policies/allocation/first.yaml": """\
apiVersion: srcnet.skao.int/v1alpha2
kind: Allocation
metadata: {name: first}
spec:
  period: {from: 2027-01-01, until: 2027-12-31}
  projects:
    - {name: eor, groups: [/projects/eor]}
    - {name: hi, groups: [projects/hi-surveys]}
    - {name: later, groups: [/projects/nobody-yet]}
    - {name: draft, status: draft, groups: [projects/hi-surveys]}
""",
}


def test_groups_that_are_in_no_export_or_empty_are_found_at_their_place():
    federation = compile_texts(SPECS).federation
    found = [*check_membership(federation, read_membership(EXPORT).value)]
    assert [(each.severity.value, each.labels[0].span.line, each.message) for each in found] == [
        (
            "error",
            8,
            "`projects/hi-surveys` is not a group of the export, so nobody would belong to it",
        ),
        ("warning", 9, "nobody belongs to `/projects/nobody-yet`"),
        (
            "warning",
            10,
            "`projects/hi-surveys` is not a group of the export, so nobody would belong to it",
        ),
    ]
    assert {each.code for each in found} == {Code.GROUP_NOT_EXPORTED}
    assert found[0].help == "did you mean `projects/hi-survey`?"


def test_the_export_of_these_tests_fits_the_golden_federation(golden):
    membership = read_membership(EXPORT).value
    assert [*check_membership(golden.federation, membership)] == []
    assert golden.federation.compute.allocations
