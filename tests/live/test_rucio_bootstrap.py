"""The compiler's own accounts are made once, and what an account may do is told truly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from rucio_data import add_account
from rucio_wanted import connection, data_management

from srcnet_compiler.demo.rucio_server import RucioServer
from srcnet_compiler.targets.protocol import RefusedError
from srcnet_compiler.targets.rucio.live import Identity, bootstrap, open_connection, rights

pytestmark = pytest.mark.live("rucio")

KEY = Identity("USERPASS", "boot-compiler", "boot@example.org", "opening")


@pytest.fixture
def root(rucio: RucioServer) -> Iterator[Any]:
    with open_connection(connection(rucio)) as client:
        yield client


def as_account(server: RucioServer, account: str, password: str) -> Any:
    creds = {"username": account, "password": password}
    return open_connection(connection(server, account=account, creds=creds))


def test_what_is_missing_is_made_once_and_lets_us_in(rucio: RucioServer, root: Any):
    data = data_management(rucio.url, "boot-policy", "boot-compiler")
    first = bootstrap(root, data, [KEY])
    assert [step.state for step in first] == ["done"] * 4
    before = everything(root)
    assert [step.state for step in bootstrap(root, data, [KEY])] == ["already"] * 4
    assert everything(root) == before
    with as_account(rucio, "boot-compiler", "opening") as client:
        answers = {right.what: right.may for right in rights(client, data)}
    assert [what for what in answers if not answers[what]] == [
        "read all storage at once",
        "make accounts",
    ]
    assert "opening" not in repr(KEY)


def test_a_subject_of_an_identity_provider_can_be_let_in(rucio: RucioServer, root: Any):
    data = data_management(rucio.url, "oidc-policy", "oidc-compiler")
    subject = "SUB=abc-123, ISS=https://iam.example.org/"
    bootstrap(root, data, [Identity("OIDC", subject, "x@example.org")])
    found = [(each["type"], each["identity"]) for each in root.list_identities("oidc-compiler")]
    assert found == [("OIDC", subject)]
    assert bootstrap(root, data, [Identity("OIDC", subject)])[-1].state == "already"


def test_accounts_that_exist_are_taken_as_they_are_and_deleted_ones_called_back(
    rucio: RucioServer, root: Any
):
    root.add_account("old-policy", "USER", "keep@example.org")
    root.add_account("old-compiler", "SERVICE", "")
    root.delete_account("old-compiler")
    steps = bootstrap(root, data_management(rucio.url, "old-policy", "old-compiler"))
    assert [step.state for step in steps] == ["already", "done", "done"]
    assert root.get_account("old-policy")["email"] == "keep@example.org"
    assert root.get_account("old-policy")["account_type"] == "USER"
    assert root.get_account("old-compiler")["status"] == "ACTIVE"


def test_an_owner_who_is_an_administrator_is_told_and_left(rucio: RucioServer, root: Any):
    root.add_account("adm-policy", "SERVICE", "")
    root.add_account_attribute("adm-policy", "admin", "False")  # that it is there is enough
    data = data_management(rucio.url, "adm-policy", "adm-compiler")
    wrong = [step.what for step in bootstrap(root, data) if step.state == "wrong"]
    assert wrong == ["adm-policy is an administrator, so that no quota binds it"]
    told = rights(root, data)[-1]
    assert (told.may, told.why) == (False, "it is an administrator, so that no quota binds it")
    assert next(iter(root.list_account_attributes("adm-policy"))) != []


def test_only_root_can_do_it(rucio: RucioServer, root: Any):
    if "half-compiler" not in {each["account"] for each in root.list_accounts()}:
        add_account(root, "half-compiler", password="half", admin=True)
    data = data_management(rucio.url, "half-policy", "half-compiler")
    with (
        as_account(rucio, "half-compiler", "half") as client,
        pytest.raises(RefusedError, match="can not add account"),
    ):
        bootstrap(client, data)


def test_rights_are_found_out_without_changing_anything(rucio: RucioServer, root: Any):
    add_account(root, "frail", password="frail")
    data = data_management(rucio.url, "frail-policy", "frail")
    before = everything(root)
    with as_account(rucio, "frail", "frail") as client:
        weak = rights(client, data)
    strong = rights(root, data)
    assert everything(root) == before
    assert [right.may for right in weak] == [True, True] + [False] * 9
    assert [right.may for right in strong] == [True] * 10 + [False]
    assert all(right.why for right in weak)
    assert strong[-1].why == "there is no such account; `srcnet bootstrap` makes it"
    root.add_account("frail-policy", "SERVICE", "")
    assert rights(root, data)[-1].may is True
    root.update_account("frail-policy", "status", "SUSPENDED")
    assert rights(root, data)[-1].why == "the account is suspended"
    replaced = replace(data, owner="root")
    assert rights(root, replaced)[-1].may is False


def everything(root: Any) -> Any:
    """All that the probes and the bootstrap could have touched."""
    accounts = sorted(each["account"] for each in root.list_accounts())
    return (
        root.export_data(),
        {name: list(root.list_account_attributes(name)) for name in accounts},
        {name: sorted(i["identity"] for i in root.list_identities(name)) for name in accounts},
        root.get_config(),
        [s["name"] for s in root.list_subscriptions()],
        [rule["id"] for rule in root.list_replication_rules()],
        sorted(root.list_scopes()),
    )
