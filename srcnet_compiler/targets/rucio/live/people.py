"""Reading accounts, scopes, limits of accounts, and configuration."""

from collections.abc import Callable, Mapping
from typing import Any

from srcnet_compiler.targets.rucio.live import answers
from srcnet_compiler.targets.rucio.live.client import RucioClient
from srcnet_compiler.targets.rucio.live.look import Look
from srcnet_compiler.targets.rucio.model import (
    Account,
    AccountLimit,
    ConfigOption,
    RucioModel,
    Scope,
)
from srcnet_compiler.targets.rucio.model.config import reads_back_as
from srcnet_compiler.targets.rucio.model.names import RseName


def accounts(look: Look, desired: RucioModel) -> Callable[[], dict[str, Account]]:
    """Asks for the wanted accounts, each with its attributes."""
    types = look.ask(lambda client: {a["account"]: a["type"] for a in client.list_accounts()})
    attributes = {name: look.ask(_attributes(name)) for name in desired.accounts}

    def taken() -> dict[str, Account]:
        active = look.take(types, None, Account.kind)
        if active is None:
            return {}
        hidden = [name for name in desired.accounts if name not in active]
        states = {name: look.ask(_account(name)) for name in hidden}
        found = {}
        for name in desired.accounts:
            if name in active:
                seen = look.take(attributes[name], {}, Account.kind, name)
                found[name] = Account(name, active[name], seen)
                continue
            state = look.take(states[name], {}, Account.kind, name, absent="AccountNotFound")
            if state.get("status") == "SUSPENDED":  # its attributes are not shown
                look.miss(Account.kind, name, "somebody has suspended it")
                found[name] = Account(name, state["account_type"])
        return found

    return taken


def _attributes(name: str) -> Callable[[RucioClient], dict[str, str | bool]]:
    return lambda client: answers.account_attributes(client.list_account_attributes(name))


def _account(name: str) -> Callable[[RucioClient], Mapping[str, Any]]:
    return lambda client: dict(client.get_account(name))


def scopes(look: Look) -> Callable[[], dict[str, Scope] | None]:
    """Asks for all scopes. None: they could not be read."""
    owners = look.ask(lambda client: {s["scope"]: s["account"] for s in client.list_scope_owners()})

    def taken() -> dict[str, Scope] | None:
        found = look.take(owners, None, Scope.kind)
        return None if found is None else {name: Scope(name, found[name]) for name in found}

    return taken


def account_limits(look: Look, desired: RucioModel) -> Callable[[], dict[str, AccountLimit]]:
    """Asks for all limits of the accounts that shall have some: one question for each.

    What is limited on an RSE that is to be renamed is found under the name that it is to have.
    """
    by_account: dict[str, list[AccountLimit]] = {}
    for limit in desired.account_limits.values():
        by_account.setdefault(limit.account, []).append(limit)
    asked = {account: look.ask(_limits(account)) for account in by_account}

    def taken() -> dict[str, AccountLimit]:
        found = {}
        for account, wanted in by_account.items():
            names = [limit.name for limit in wanted]
            given = look.take(
                asked[account], {}, AccountLimit.kind, *names, absent="AccountNotFound"
            )
            for rse, amount in given.items():
                held = answers.account_limit(amount)
                if held is not None:
                    found[f"{account}@{rse}"] = AccountLimit(account, RseName(rse), held)
            for limit in wanted:
                before = desired.renames.get(limit.rse, limit.rse)
                amount = answers.account_limit(given.get(limit.rse, given.get(before)))
                if amount is not None:
                    found[limit.name] = AccountLimit(account, limit.rse, amount)
        return found

    return taken


def _limits(account: str) -> Callable[[RucioClient], dict[str, float | None]]:
    return lambda client: dict(client.get_local_account_limits(account))


def config(look: Look, desired: RucioModel) -> Callable[[], dict[str, ConfigOption]]:
    """Asks for the sections with wanted options; others may hold what is none of our business."""
    by_section: dict[str, list[ConfigOption]] = {}
    for option in desired.config.values():
        by_section.setdefault(option.section, []).append(option)
    asked = {section: look.ask(_section(section)) for section in by_section}

    def taken() -> dict[str, ConfigOption]:
        found = {}
        for section, wanted in by_section.items():
            names = [option.name for option in wanted]
            given = look.take(
                asked[section], {}, ConfigOption.kind, *names, absent="ConfigNotFound"
            )
            for option in wanted:
                if option.option in given:
                    value = reads_back_as(given[option.option])
                    found[option.name] = ConfigOption(section, option.option, value)
        return found

    return taken


def _section(section: str) -> Callable[[RucioClient], dict[str, Any]]:
    return lambda client: dict(client.get_config(section))
