"""A small wanted model with every kind of object, and its objects put on a real server."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from srcnet_compiler.demo.rucio_server import RucioServer
from srcnet_compiler.federation.model import DataManagement, Secret
from srcnet_compiler.quantity import Bytes
from srcnet_compiler.span import Origin, SourceMap
from srcnet_compiler.targets.rucio.model import (
    Account,
    AccountLimit,
    ConfigOption,
    Distance,
    Protocol,
    Rse,
    RucioModel,
    RuleTemplate,
    Scope,
    Subscription,
)
from srcnet_compiler.targets.rucio.model.names import RseName

if TYPE_CHECKING:
    from rucio.client import Client

ALL = {"read": 1, "write": 1, "delete": 1}
NO_COPY = {"third_party_copy_read": 0, "third_party_copy_write": 0}
COPY = {"third_party_copy_read": 2, "third_party_copy_write": 1}
IMPL = "rucio.rse.protocols.gfal.Default"
SECRET = "RUCIO_SECRET_OF_THE_TEST"


def data_management(server: str, owner: str = "policy", acts_as: str = "root") -> DataManagement:
    """What the specs would say of this server; the secret is in the environment, as SECRET."""
    return DataManagement(
        name="srcnet",
        server=server,
        auth=server,
        secret=Secret("env", SECRET),
        owner=owner,
        acts_as=acts_as,
        reads_as=acts_as,
        read_secret=Secret("env", SECRET),
        accounts=(),
        namespaces=(),
        columns={},
        activities=("User Subscriptions",),
        same_site=1,
        same_region=2,
        otherwise=3,
        config={},
        origin=Origin(SourceMap("federation.yaml", (), {}, {})),
    )


def wanted(tag: str) -> RucioModel:
    """Every kind of object, in names that begin with `tag` (lower case, up to 8 letters)."""
    disk, tape = RseName(f"{tag.upper()}-DISK"), RseName(f"{tag.upper()}-TAPE")
    owner = f"{tag}-policy"
    rses = {
        disk: Rse(
            disk,
            {
                "rse_type": "DISK",
                "deterministic": True,
                "volatile": False,
                "country_name": "ES",
                "city": "Granada, Andalucía",
                "latitude": 37.161513,
                "longitude": -3.5919999999,
                "time_zone": "Europe/Madrid",
            },
            {
                "srcnet_region": "europe",
                "srcnet_tier": "online",
                "srcnet_weight": "100",
                "fts": "https://fts.example.org:8446",
                "oidc_support": True,
                "archive_timeout": "86400",
                "nota": "Größe, días, 日",
            },
            (
                Protocol(
                    "davs", "disk.example.org", 8443, "/srcnet/x", IMPL,
                    {"lan": ALL, "wan": {**ALL, **COPY}},
                ),
                Protocol(
                    "file", "localhost", 0, "/mnt/x", "rucio.rse.protocols.posix.Default",
                    {"lan": {"read": 2, "write": 2, "delete": 2}, "wan": {**ALL, **NO_COPY}},
                ),
            ),
            {"MaxSpaceAvailable": 4 * 10**15},
        ),
        tape: Rse(
            tape,
            {"rse_type": "TAPE", "deterministic": False, "volatile": True,
             "availability_write": False},
            {"srcnet_region": "africa", "srcnet_mixed": False},
        ),
    }  # fmt: skip
    links = [Distance(disk, tape, 3), Distance(tape, disk, 1)]
    accounts = [
        Account(owner, "SERVICE"),
        Account(f"{tag}-worker", "USER", {"admin": True, "country": "ES", "deleted": "no"}),
    ]
    limits = [
        AccountLimit(owner, disk, Bytes(3 * 10**15)),
        AccountLimit(owner, tape, Bytes(-1)),
    ]
    subscriptions = [_subscription(tag, owner, n) for n in ("00", "99")]
    config = [
        ConfigOption(f"{tag}-section", "on", "true"),
        ConfigOption(f"{tag}-section", "number", "42"),
        ConfigOption(f"{tag}-section", "text", "a, b c"),
        ConfigOption(f"{tag}-other", "half", "0.5"),
    ]
    return RucioModel(
        instance="srcnet",
        owner=owner,
        rses=rses,
        distances={each.name: each for each in links},
        accounts={each.name: each for each in accounts},
        scopes={name: Scope(name, owner) for name in (f"{tag}-raw", f"{tag}.adp")},
        account_limits={each.name: each for each in limits},
        subscriptions={each.name: each for each in subscriptions},
        config={each.name: each for each in config},
    )


def _subscription(tag: str, owner: str, ending: str) -> Subscription:
    template = RuleTemplate(
        1,
        "(srcnet_region=europe&srcnet_tier=online)",
        f"srcnet:{tag}/fresh/0",
        "User Subscriptions",
        "srcnet_weight",
    )
    return Subscription(
        f"{tag}.arrive.{ending}",
        owner,
        {
            "did_type": ["DATASET"],
            "pattern": f"^.*{ending}$",
            "project": ["^SKA\\-Mid$"],
            "scope": [f"^{tag}\\-raw$"],
        },
        (template, replace(template, rse_expression="srcnet_role=ingest", weight=None)),
        f"srcnet:{tag}/fresh",
    )


def put(client: Client, model: RucioModel) -> None:
    """Make every object of the model with the client's own calls."""
    for account in model.accounts.values():
        client.add_account(account.name, account.type, "")
        for key, value in account.attributes.items():
            client.add_account_attribute(account.name, key, str(value))
    for scope in model.scopes.values():
        client.add_scope(scope.account, scope.name)
    for option in model.config.values():
        client.set_config_option(option.section, option.option, option.value)
    for rse in model.rses.values():
        client.add_rse(rse.name, **rse.settings)
        for key, value in rse.attributes.items():
            client.add_rse_attribute(rse.name, key, value)
        for protocol in rse.protocols:
            place = {
                "scheme": protocol.scheme, "hostname": protocol.hostname, "port": protocol.port
            }  # fmt: skip
            client.add_protocol(rse.name, {**place, **protocol.value()})
        for key, value in rse.limits.items():
            client.set_rse_limits(rse.name, key, value)
        # That it may be written to can be taken away only afterwards.
        client.update_rse(rse.name, {k: v for k, v in rse.settings.items() if k[:5] == "avail"})
    for link in model.distances.values():
        client.add_distance(link.source, link.destination, {"distance": link.distance})
    for limit in model.account_limits.values():
        client.set_local_account_limit(limit.account, limit.rse, limit.bytes)
    for subscription in model.subscriptions.values():
        fields = subscription.fields()
        client.add_subscription(
            subscription.name,
            subscription.account,
            fields["filter"],
            fields["replication_rules"],
            subscription.comments,
            lifetime=False,
            retroactive=False,
            dry_run=False,
        )


def connection(server: RucioServer, **more: object) -> dict[str, object]:
    """How to get in as root."""
    return {
        "rucio_host": server.url,
        "auth_host": server.url,
        "auth_type": "userpass",
        "account": server.account,
        "creds": {"username": server.username, "password": server.password},
        **more,
    }
