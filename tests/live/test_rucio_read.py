"""What was put on a real Rucio is read back as the model that was wanted, and nothing else is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from meddler import Handler, meddling
from rucio_data import add_account, add_datasets
from rucio_wanted import connection, put, wanted

from srcnet_compiler.change import Address
from srcnet_compiler.demo.rucio_server import RucioServer
from srcnet_compiler.targets.protocol import RefusedError, UnreachableError
from srcnet_compiler.targets.rucio.diff import diff
from srcnet_compiler.targets.rucio.live import (
    RuleListing,
    list_rules,
    observe,
    open_connection,
    read,
)
from srcnet_compiler.targets.rucio.model import ConfigOption, Rse, RucioModel
from srcnet_compiler.targets.rucio.model.config import reads_back_as
from srcnet_compiler.targets.rucio.model.names import RseName

pytestmark = pytest.mark.live("rucio")


@pytest.fixture
def root(rucio: RucioServer) -> Iterator[Any]:
    with open_connection(connection(rucio)) as client:
        yield client


_prepared: dict[str, tuple[RucioModel, dict[str, str]]] = {}


def prepared(server: RucioServer) -> tuple[RucioModel, dict[str, str]]:
    """Every kind of object and some data, put on a server once: tests leave them as they are.

    With them the ids of rules by a word of ours.
    """
    if server.url not in _prepared:
        with open_connection(connection(server)) as client:
            model = wanted("read")
            put(client, model)
            _prepared[server.url] = model, put_data(client, model.owner)
    return _prepared[server.url]


def put_data(client: Any, owner: str) -> dict[str, str]:
    client.add_scope("root", "read-raw-test")  # a filter on `read-raw` without end would take it
    mid = {"meta": {"project": "SKA-Mid"}}
    add_datasets(client, "read-raw", {"night.00": [], "day.99": [], "other.50": []}, **mid)
    add_datasets(client, "read-raw", {"low.00": []}, meta={"project": "SKA-Low"})
    add_datasets(client, "read-raw", {"open.00": []}, closed=False, **mid)
    add_datasets(client, "read-raw-test", {"night.00": []}, **mid)
    client.add_account("read-else", "SERVICE", "")
    client.set_local_account_limit("read-else", "READ-DISK", -1)

    def rule(name: str, account: str, comment: str, expression: str = "READ-DISK") -> str:
        did = {"scope": "read-raw", "name": name}
        (made,) = client.add_replication_rule(
            [did], 1, expression, account=account, comment=comment, ignore_availability=True
        )
        return made

    ids = {
        "ours": rule("night.00", owner, "srcnet:read/fresh/0"),
        "pin": rule("night.00", owner, "srcnet:read/arrival/pin", "(READ-DISK)"),
        "released": rule("day.99", owner, "srcnet:read/fresh/0"),
        "untagged": rule("day.99", owner, "by hand", "(READ-DISK)"),
        "another's": rule("day.99", "read-else", "srcnet:read/fresh/0"),
    }
    client.delete_replication_rule(ids["released"])
    return ids


@pytest.fixture
def model(rucio: RucioServer) -> RucioModel:
    return prepared(rucio)[0]


@pytest.fixture
def data(rucio: RucioServer) -> dict[str, str]:
    return prepared(rucio)[1]


@pytest.fixture
def sqlite_model(rucio_sqlite: RucioServer) -> RucioModel:
    return prepared(rucio_sqlite)[0]


# ── read back ─────────────────────────────────────────────────────────────────────────────────


def test_every_object_reads_back_field_by_field_as_it_was_wanted(root: Any, model: RucioModel):
    reading = read(root, model)
    assert reading.gaps == ()
    found = {(thing.kind, thing.name): thing for thing in reading.model.things()}
    for thing in model.things():
        fields = found[thing.kind, thing.name].fields()
        assert {name: fields[name] for name in thing.fields()} == thing.fields()
    assert len(found) == len(list(model.things()))


def test_what_was_put_there_leaves_nothing_to_change(root: Any, model: RucioModel):
    model = replace(model, subscriptions={})  # whose data are another matter
    assert diff(model, read(root, model)) == ()


def test_one_object_looked_at_alone_has_the_fields_of_the_reading(root: Any, model: RucioModel):
    for thing in read(root, model).model.things():
        alone = observe(root, thing.kind, thing.name, model.owner)
        assert alone is not None
        if thing.kind == "rse":  # limits are read in bulk only where some are wanted
            alone = {
                key: alone[key] for key in alone if key in thing.fields() or "limit" not in key
            }
        assert alone == thing.fields()
        assert json.loads(json.dumps(alone)) == alone


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("rse", "READ-NONE"),
        ("distance", "READ-DISK READ-NONE"),
        ("distance", "READ-DISK READ-DISK"),
        ("account", "read-nobody"),
        ("scope", "read-nowhere"),
        ("account-limit", "read-policy@READ-NONE"),
        ("account-limit", "read-worker@READ-DISK"),
        ("account-limit", "read-nobody@READ-DISK"),
        ("subscription", "read.nothing"),
        ("config", "read-section/none"),
        ("config", "read-nothing/none"),
        ("rule", "read-raw:nothing srcnet:read/fresh/0"),
    ],
)
def test_what_is_absent_has_no_fields(root: Any, model: RucioModel, kind: str, name: str):
    assert observe(root, kind, name, model.owner) is None


def test_attributes_read_back_as_text_or_truth(root: Any):
    root.add_rse("READ-VALUES")
    written = {"a": 100, "b": "True", "c": "FALSE", "d": 1.50, "e": "1.50", "f": "yes", "g": True}
    for key, value in written.items():
        root.add_rse_attribute("READ-VALUES", key, value)
    asked = RucioModel("srcnet", "root", {RseName("READ-VALUES"): _rse("READ-VALUES")})
    seen = read(root, asked).model.rses[RseName("READ-VALUES")].attributes
    assert {key: seen[key] for key in written} == {
        "a": "100",
        "b": True,
        "c": False,
        "d": "1.5",
        "e": "1.50",
        "f": "yes",
        "g": True,
    }


@pytest.mark.parametrize(
    "text", ["True", "yes", "OFF", "1", "007", "1e3", "-0.50", "1.0.0", "nan", "a b", "1_000"]
)
def test_a_configuration_value_reads_back_as_its_text_foretells(root: Any, text: str):
    root.set_config_option("read-values", "value", text)
    option = ConfigOption("read-values", "value", reads_back_as(text))
    asked = RucioModel("srcnet", "root", config={option.name: option})
    assert read(root, asked).model.config == {option.name: option}
    assert observe(root, "config", option.name, "root") == option.fields()


# ── what is ours ──────────────────────────────────────────────────────────────────────────────


def test_what_others_made_is_not_read(rucio: RucioServer, root: Any, model: RucioModel):
    root.add_rse("READ-FOREIGN")
    root.add_distance("READ-FOREIGN", "READ-DISK", {"distance": 9})
    root.add_scope("root", "read-foreign")
    root.add_account("read-person", "USER", "")
    root.set_local_account_limit("read-person", "READ-DISK", 5)
    root.set_config_option("read-section", "foreign", "x")
    root.add_subscription(
        "read.foreign", "root", {"scope": ["^x$"]},
        [{"copies": 1, "rse_expression": "READ-DISK", "activity": "User Subscriptions"}],
        "", lifetime=False, retroactive=False, dry_run=False,
    )  # fmt: skip
    seen = read(root, model).model
    names = {thing.name for thing in seen.things()}
    assert names == {thing.name for thing in model.things()}


def test_what_was_deleted_is_absent_and_who_is_suspended_is_in_doubt(root: Any):
    root.add_rse("READ-GONE")
    root.delete_rse("READ-GONE")
    for name in ("read-gone", "read-halted"):
        root.add_account(name, "SERVICE", "")
    root.delete_account("read-gone")
    root.update_account("read-halted", "status", "SUSPENDED")
    account = wanted("read").accounts["read-policy"]
    asked = RucioModel(
        "srcnet",
        "root",
        {RseName("READ-GONE"): _rse("READ-GONE")},
        accounts={n: replace(account, name=n) for n in ("read-gone", "read-halted")},
    )
    reading = read(root, asked)
    assert reading.model.rses == {}
    assert observe(root, "rse", "READ-GONE", "root") is None
    assert set(reading.model.accounts) == {"read-halted"}
    assert [gap.under.name for gap in reading.gaps] == ["read-halted"]
    assert observe(root, "account", "read-gone", "root") is None


def test_an_rse_that_is_to_be_renamed_is_read_under_its_name_of_today(root: Any, model: RucioModel):
    new = RseName("READ-NEW-NAME")
    asked = replace(
        model,
        rses={new: replace(model.rses[RseName("READ-DISK")], name=new)},
        renames={new: RseName("READ-DISK")},
    )
    assert set(read(root, asked).model.rses) == {"READ-DISK"}


def test_subscriptions_of_former_plans_are_read_as_well(root: Any, model: RucioModel):
    first, second = model.subscriptions.values()
    root.deactivate_subscription(second.name, account=model.owner)
    try:
        seen = read(root, replace(model, subscriptions={first.name: first})).model.subscriptions
    finally:
        root.update_subscription(second.name, account=model.owner)
    assert seen == {first.name: first, second.name: replace(second, active=False)}


def test_a_subscription_with_demands_that_are_not_ours_is_in_doubt(root: Any, model: RucioModel):
    name = next(iter(model.subscriptions))
    rule = {**model.subscriptions[name].rules[0].value(), "locked": True}
    changed = replace(model, owner="read-other", subscriptions={name: model.subscriptions[name]})
    root.add_account("read-other", "SERVICE", "")
    root.add_subscription(name, "read-other", {"scope": ["^x$"]}, [rule], "", False, False, False)
    reading = read(root, changed)
    assert [(gap.under.kind, gap.under.name) for gap in reading.gaps] == [("subscription", name)]
    assert "locked" in reading.gaps[0].reason
    fields = observe(root, "subscription", name, "read-other")
    assert fields is not None
    assert fields["replication_rules"] == [rule]


# ── data ──────────────────────────────────────────────────────────────────────────────────────


def test_datasets_that_a_subscription_takes_come_with_our_rules(
    root: Any, model: RucioModel, data: dict[str, str]
):
    seen = read(root, model).model.datasets
    assert sorted(seen) == ["read-raw:day.99", "read-raw:night.00", "read-raw:open.00"]
    assert [seen[did].closed for did in sorted(seen)] == [True, True, False]
    night, day = seen["read-raw:night.00"], seen["read-raw:day.99"]
    assert night.columns == {"project": "SKA-Mid"}
    assert [(r.id, r.comments, r.released) for r in night.rules] == [
        (data["pin"], "srcnet:read/arrival/pin", False),
        (data["ours"], "srcnet:read/fresh/0", False),
    ]
    assert [(r.id, r.released) for r in day.rules] == [(data["released"], True)]
    assert night.rules[1].rse_expression == "READ-DISK"
    assert (night.rules[1].copies, night.rules[1].state, night.rules[1].locks) == (1, "OK", 0)


def test_a_rule_is_looked_at_by_dataset_and_comment(
    root: Any, model: RucioModel, data: dict[str, str]
):
    fields = observe(root, "rule", "read-raw:night.00 srcnet:read/fresh/0", model.owner)
    assert fields is not None
    assert (fields["id"], fields["released"]) == (data["ours"], False)
    assert fields["rule"] == {
        "copies": 1,
        "rse_expression": "READ-DISK",
        "grouping": "DATASET",
        "activity": "User Subscriptions",
        "ignore_availability": True,
        "comments": "srcnet:read/fresh/0",
        "account": model.owner,
    }
    released = observe(root, "rule", "read-raw:day.99 srcnet:read/fresh/0", model.owner)
    assert released is not None
    assert released["released"] is True


def test_rules_are_listed_once_and_then_only_what_changed(
    rucio: RucioServer, root: Any, model: RucioModel, data: dict[str, str]
):
    full = list_rules(root, model.owner)
    assert set(full.rules) == {data["ours"], data["pin"], data["released"]}
    assert RuleListing.from_json(json.loads(json.dumps(full.as_json()))) == full
    assert list_rules(root, model.owner, full) == full
    assert read(root, model, rules=full).model == read(root, model).model

    # As one that was made when there was less: it gains what it lacks, of what changed after it.
    (did, rule) = full.rules[data["released"]]
    less = RuleListing({data["released"]: (did, replace(rule, released=False))}, full.until)
    assert list_rules(root, model.owner, less) == full
    with meddling(rucio.url) as between:
        with open_connection(connection(rucio, rucio_host=between.url)) as client:
            list_rules(client, model.owner, full)
        assert "updated_after" in between.paths[-1]


# ── other accounts, few questions ─────────────────────────────────────────────────────────────


def test_an_account_that_may_not_export_reads_the_same(
    rucio: RucioServer, root: Any, model: RucioModel, data: dict[str, str]
):
    if not [a for a in root.list_accounts() if a["account"] == "read-admin"]:
        add_account(root, "read-admin", password="reading", admin=True)
    mine = {"account": "read-admin", "creds": {"username": "read-admin", "password": "reading"}}
    with open_connection(connection(rucio, **mine)) as client:
        assert read(client, model) == read(root, model)


def test_the_number_of_questions_does_not_grow_with_links_and_datasets(
    rucio: RucioServer, root: Any, model: RucioModel, data: dict[str, str]
):
    with meddling(rucio.url) as between:
        with open_connection(connection(rucio, rucio_host=between.url)) as client:
            before = len(between.paths)
            read(client, model)
        asked = sorted(re.sub(r"\?.*", "", path) for path in between.paths[before:])
    assert asked == sorted(
        [
            "/export",
            "/rses/",
            "/rses/READ-DISK/limits",
            "/accounts",
            "/accounts/read-policy/attr/",
            "/accounts/read-worker/attr/",
            "/accounts/read-policy/limits/local",
            "/scopes/owner",
            "/scopes/owner/",
            "/subscriptions/",
            "/config/read-section",
            "/config/read-other",
            "/rules/",
            "/dids/read-raw/dids/search",
            "/dids/bulkmeta",
            "/dids/bulkfiles",
        ]
    )


# ── what cannot be read ───────────────────────────────────────────────────────────────────────

ACCESS_DENIED = {"ExceptionClass": "AccessDenied", "ExceptionMessage": "not you"}


def _says(path: str, status: int, content: bytes = b"", **headers: str):
    """Meddles with the paths that this regex matches."""

    def meddle(handler: Handler) -> bool:
        asked = handler.path.partition("?")[0]
        return bool(re.fullmatch(path, asked)) and handler.say(status, content, **headers)

    return meddle


JSON = {"Content-Type": "application/json"}
STREAM = {"Content-Type": "application/x-json-stream"}


@pytest.mark.parametrize(
    ("path", "answer", "gap"),
    [
        ("/rses/READ-DISK/limits", (500, b"oops"), ("rse", "READ-DISK")),
        ("/rses/READ-DISK/limits", (401, b"", ACCESS_DENIED), ("rse", "READ-DISK")),
        ("/rses/READ-DISK/limits", (200, b'{"MaxSpace', JSON), ("rse", "READ-DISK")),
        ("/rses/READ-DISK/limits", (200, b'{"a": "b"}', JSON), ("rse", "READ-DISK")),
        ("/rses/", (500, b""), ("rse", "")),
        ("/rses/", (200, b'{"rse": "READ-DISK"}\n{"rs', STREAM), ("rse", "")),
        ("/accounts/?", (403, b"no"), ("account", "")),
        ("/accounts/read-worker/attr/", (500, b""), ("account", "read-worker")),
        ("/accounts/.*/limits/local", (500, b""), ("account-limit", "read-policy@READ-DISK")),
        ("/scopes/owner/?", (500, b""), ("scope", "")),
        ("/subscriptions/.*", (500, b""), ("subscription", "")),
        ("/subscriptions/.*", (200, b"[1, 2]", JSON), ("subscription", "")),
        ("/config/read-other", (401, b"", ACCESS_DENIED), ("config", "read-other/half")),
        ("/rules/", (500, b""), ("rule", "")),
        ("/rules/", (200, b'{"id": "1"}', STREAM), ("rule", "")),
        ("/dids/read-raw/dids/search", (500, b""), ("dataset", "read-raw")),
        ("/dids/bulkmeta", (500, b""), ("dataset", "read-raw")),
        ("/dids/bulkmeta", (200, b'{"name": "x"}', STREAM), ("dataset", "read-raw")),
    ],
)
def test_one_answer_that_fails_leaves_one_gap(
    rucio_sqlite: RucioServer,
    path: str,
    answer: tuple[Any, ...],
    gap: tuple[str, str],
    sqlite_model: RucioModel,
):
    status, content, headers = (*answer, {})[:3]
    with (
        meddling(rucio_sqlite.url, _says(path, status, content, **headers)) as between,
        open_connection(connection(rucio_sqlite, rucio_host=between.url)) as client,
    ):
        reading = read(client, sqlite_model)
    assert Address("rucio", "srcnet", *gap) in {each.under for each in reading.gaps}
    beside = {"/scopes/owner/?": {"rule"}}  # without it datasets cannot be looked for
    assert {each.under.kind for each in reading.gaps} == {gap[0]} | beside.get(path, set())
    assert all(each.reason for each in reading.gaps)
    assert diff(replace(sqlite_model, subscriptions={}), reading) == ()
    if gap[1]:  # there, as far as it was seen
        assert gap[0] != "rse" or gap[1] in reading.model.rses


def test_a_broken_export_is_made_up_for_one_by_one(
    rucio_sqlite: RucioServer, sqlite_model: RucioModel
):
    def meddle(handler: Handler) -> bool:
        if handler.path == "/rses/READ-TAPE":
            return handler.say(500, b"oops")
        return handler.path.startswith("/export") and handler.say(500, b"")

    with (
        meddling(rucio_sqlite.url) as between,
        open_connection(connection(rucio_sqlite, rucio_host=between.url)) as client,
    ):
        whole = read(client, sqlite_model)
        between.meddle = meddle
        reading = read(client, sqlite_model)
    assert [gap.under.name for gap in reading.gaps] == ["READ-TAPE"]
    assert reading.model.rses[RseName("READ-DISK")] == whole.model.rses[RseName("READ-DISK")]
    assert reading.model.distances == whole.model.distances
    assert set(reading.model.rses) == {"READ-DISK", "READ-TAPE"}


def test_links_are_in_doubt_when_nothing_tells_which_rses_there_are(
    rucio_sqlite: RucioServer, sqlite_model: RucioModel
):
    with (
        meddling(rucio_sqlite.url, _says("/rses/|/export", 500)) as between,
        open_connection(connection(rucio_sqlite, rucio_host=between.url)) as client,
    ):
        reading = read(client, sqlite_model)
    assert {gap.under.kind for gap in reading.gaps} == {"rse", "distance"}
    changes = diff(replace(sqlite_model, subscriptions={}), reading)
    assert {change.address.kind for change in changes} == set()


def test_a_server_that_goes_away_while_it_is_read_is_out_of_reach(
    rucio_sqlite: RucioServer, sqlite_model: RucioModel
):
    with meddling(rucio_sqlite.url) as between:
        client = open_connection(connection(rucio_sqlite, rucio_host=between.url))
    with client, pytest.raises(UnreachableError, match=re.escape(between.url)):
        read(client, sqlite_model)


def test_a_token_that_is_no_longer_known_is_replaced_by_a_new_login(
    rucio_sqlite: RucioServer, sqlite_model: RucioModel
):
    with open_connection(connection(rucio_sqlite)) as client:
        client.auth_token = "long-gone"
        assert read(client, sqlite_model).gaps == ()


def test_without_a_password_a_token_that_is_no_longer_known_is_the_end(
    rucio_sqlite: RucioServer, sqlite_model: RucioModel
):
    with open_connection(connection(rucio_sqlite)) as client:
        token = client.auth_token
    mine = {"auth_type": "token", "creds": {"token": token}}
    with open_connection(connection(rucio_sqlite, **mine)) as client:
        assert read(client, sqlite_model).gaps == ()
        client.auth_token = "long-gone"
        with pytest.raises(RefusedError, match="expired"):
            read(client, sqlite_model)


def _rse(name: str) -> Rse:
    return Rse(RseName(name), {}, {})
