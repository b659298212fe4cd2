"""The compiler's own accounts: making them once, and telling what they may do."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from srcnet_compiler.federation.model import DataManagement
from srcnet_compiler.targets.protocol import Right
from srcnet_compiler.targets.rucio.live import answers
from srcnet_compiler.targets.rucio.live.client import RucioClient
from srcnet_compiler.targets.rucio.live.errors import in_plain_words, sentence
from srcnet_compiler.targets.rucio.live.library import rucio_exceptions
from srcnet_compiler.targets.rucio.live.look import unreadable

ADMIN = "admin"
NOBODY = "nobody.at.all"
"""A name that no account, RSE or subscription of Rucio can have: to change it changes nothing."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a person or program shows to be let in as an account.

    `kind` is Rucio's word (USERPASS, OIDC, X509); `name` the user name or the subject.
    """

    kind: str
    name: str
    email: str = ""
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """`wrong`: it is there, but not as it must be; a person has to decide."""

    what: str
    state: Literal["done", "already", "wrong"]


def bootstrap(
    client: RucioClient, data: DataManagement, identities: Sequence[Identity] = ()
) -> tuple[Step, ...]:
    """Makes what is missing: the owner, which is no administrator so that quotas bind it; the
    account that the compiler acts as, an administrator; the accounts of the federation's services;
    and the identities that are let in as the compiler.

    Done again it does nothing. `client` must be root: no other account may make accounts. Raises
    RefusedError, UnreachableError.
    """
    with in_plain_words(client.host):
        return tuple(_bootstrap(client, data, identities))


def _bootstrap(
    client: RucioClient, data: DataManagement, identities: Sequence[Identity]
) -> Iterator[Step]:
    yield from _account(client, data.owner)
    yield from _account(client, data.acts_as)
    if ADMIN in _attributes(client, data.owner):
        yield Step(f"{data.owner} is an administrator, so that no quota binds it", "wrong")
    acts_as = f"{data.acts_as} is an administrator"
    if ADMIN in _attributes(client, data.acts_as):
        yield Step(acts_as, "already")
    else:
        client.add_account_attribute(data.acts_as, ADMIN, "True")
        yield Step(acts_as, "done")
    for account in data.accounts:
        yield from _account(client, account.name, account.type)
    there = {(each["type"], each["identity"]) for each in client.list_identities(data.acts_as)}
    for identity in identities:
        what = f"{identity.kind} {identity.name} is let in as {data.acts_as}"
        if (identity.kind, identity.name) in there:
            yield Step(what, "already")
            continue
        client.add_identity(
            data.acts_as,
            identity.name,
            identity.kind,
            identity.email,
            default=True,
            password=identity.password,
        )
        yield Step(what, "done")


def _account(client: RucioClient, name: str, kind: str = "SERVICE") -> Iterator[Step]:
    what = f"account {name}"
    try:
        status = client.get_account(name)["status"]
    except rucio_exceptions().AccountNotFound:
        client.add_account(name, kind, "")
        yield Step(what, "done")
        return
    if status == "DELETED":  # it keeps its name, and can only be called back
        client.update_account(name, "status", "ACTIVE")
        yield Step(f"{what}, which had been deleted", "done")
    else:
        yield Step(what if status == "ACTIVE" else f"{what} is {status.lower()}", _state(status))


def _state(status: str) -> Literal["already", "wrong"]:
    return "already" if status == "ACTIVE" else "wrong"


def _attributes(client: RucioClient, name: str) -> dict[str, str | bool]:
    """None of an account that is not active: the server shows none."""
    try:
        return answers.account_attributes(client.list_account_attributes(name))
    except rucio_exceptions().AccountNotFound:
        return {}


# ── what we may do ────────────────────────────────────────────────────────────────────────────


def rights(client: RucioClient, data: DataManagement) -> tuple[Right, ...]:
    """What the client's account can see and may change, found out without changing anything.

    Asked for a change to what does not exist, the server looks at rights first. Raises
    UnreachableError, RefusedError.
    """
    return (
        _told("reach the server", lambda: f"it is Rucio {client.ping()['version']}"),
        _told("be let in", lambda: f"as account {client.whoami()['account']}"),
        _spare(
            _told("read all storage at once", lambda: _quiet(client.export_data(distance=False)))
        ),
        _told("read the configuration", lambda: _quiet(client.get_config())),
        _spare(
            _allowed("make accounts", lambda: client.add_account(client.account, "SERVICE", ""))
        ),
        _allowed(
            "change accounts and limits",
            lambda: client.delete_account_attribute(NOBODY, "srcnet_none"),
        ),
        _allowed("change storage and links", lambda: client.delete_distance(NOBODY, NOBODY)),
        _allowed(
            "change the configuration",
            lambda: client.delete_config_option("srcnet_none", "srcnet_none"),
        ),
        _allowed(
            f"change subscriptions of {data.owner}",
            lambda: client.deactivate_subscription(NOBODY, account=data.owner),
        ),
        _allowed(
            f"make rules for {data.owner}",
            lambda: client.add_replication_rule(
                [{"scope": "nobody", "name": NOBODY}], 1, "NOBODY", account=data.owner
            ),
        ),
        _owner(client, data.owner),
    )


def _told(what: str, ask: Callable[[], str]) -> Right:
    try:
        return Right(what, True, ask())
    except rucio_exceptions().AccessDenied as error:
        return Right(what, False, sentence(error))
    except unreadable() as error:
        return Right(what, None, sentence(error))


def _spare(right: Right) -> Right:
    """What root alone may: reading goes without it, and accounts come from `srcnet bootstrap`."""
    return replace(right, needed=False)


def _quiet(answer: object) -> str:
    return ""


def _allowed(what: str, attempt: Callable[[], object]) -> Right:
    """From an attempt that cannot succeed. Rights are looked at before whether anything exists."""
    rucio = rucio_exceptions()
    try:
        attempt()
    except rucio.AccessDenied as error:
        return Right(what, False, sentence(error))
    except unreadable() as error:
        known = isinstance(error, rucio.RucioException) and type(error) is not rucio.RucioException
        return Right(what, True) if known else Right(what, None, sentence(error))
    return Right(what, True)


def _owner(client: RucioClient, owner: str) -> Right:
    what = f"rely on {owner}, the owner of rules and subscriptions"
    try:
        status = client.get_account(owner)["status"]
        if status != "ACTIVE":
            return Right(what, False, f"the account is {status.lower()}")
        # The server asks whether there is such an attribute, not what it says.
        if owner == "root" or ADMIN in _attributes(client, owner):
            return Right(what, False, "it is an administrator, so that no quota binds it")
        limits = client.get_local_account_limits(owner)
        return Right(what, True, f"it has limits on {len(limits)} storage areas")
    except rucio_exceptions().AccountNotFound:
        return Right(what, False, "there is no such account; `srcnet bootstrap` makes it")
    except unreadable() as error:
        return Right(what, None, sentence(error))
