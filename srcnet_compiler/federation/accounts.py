"""The accounts and namespaces of the federation: each described once, each for one purpose."""

from collections.abc import Iterator

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.federation.model import DataManagement
from srcnet_compiler.federation.unique import repeated

_ROOT = "root"
"""The account that every server has, and that may do anything."""


def check_accounts(data: DataManagement) -> Iterator[Diagnostic]:
    """Owners that no quota binds, and accounts or namespaces that are described twice."""
    yield from _owner(data)
    yield from _services(data)
    named = ((f"account `{a.name}`", a.origin.at("name")) for a in data.accounts)
    yield from repeated(named, "remove one of them")
    spaces = ((f"namespace `{s.name}`", s.origin.at("name")) for s in data.namespaces)
    yield from repeated(spaces, "remove one of them")


def _owner(data: DataManagement) -> Iterator[Diagnostic]:
    if data.owner in (data.acts_as, _ROOT):
        yield error(
            Code.WRONG_ACCOUNT,
            f"`{data.owner}` is an administrator, so no quota would bind the rules that it owns",
            Label(data.origin.at("owner")),
            *([Label(data.origin.at("actsAs"), "this")] if data.owner == data.acts_as else []),
            help="let an account of its own be the `owner`",
        )


def _services(data: DataManagement) -> Iterator[Diagnostic]:
    taken = {
        _ROOT: "is the server's own account",
        data.acts_as: "is described by `actsAs`",
        data.owner: "is described by `owner`",
    }
    for account in data.accounts:
        if account.name in taken:
            yield error(
                Code.WRONG_ACCOUNT,
                f"`{account.name}` {taken[account.name]}, and is no account of a service",
                Label(account.origin.at("name")),
                help="remove it from `accounts`",
            )
