"""Rucio in the shared suite: the golden federation's server, on which another account works too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apply_cases import template
from cli_operator import bootstrap, operator
from conftest import RUCIO_VENV
from rucio_data import add_account, connect
from stand import CSCS, ByHand, Ending, Ground, Lost, Owned, Stand, end_nothing

from srcnet_compiler.demo import rucio_server, rucio_venv

if TYPE_CHECKING:
    from rucio.client import Client

RSE, OWNER = "CHSRC_TAPE", "srcnet-policy"
LINK = ("CHSRC_TAPE", "CHSRC_XRD_PROD")
CACHE = "SWESRC-OSO-CACHE"
LIMIT = "MaxSpaceAvailable"


@contextmanager
def running(folder: Path) -> Iterator[Ground]:
    venv = rucio_venv.find_server_venv(RUCIO_VENV)
    assert venv is not None
    with rucio_server.running(folder / "rucio", database="sqlite", venv=venv) as server:
        root = connect(server)
        settle(root)
        someone = operator(folder, server.url)
        end_nothing(someone)
        bootstrap(someone, server)
        yield Ground(
            someone,
            "rucio/golden",
            theirs=lambda: {k: v for k, v in everything(root).items() if "others" in k.lower()},
            everything=lambda: everything(root),
            owned=Owned(
                "rse",
                RSE,
                f"limit.{LIMIT}",
                (CSCS, "capacity: 2 PB", "capacity: 3 PB"),
                seen=lambda: root.get_rse_limits(RSE).get(LIMIT),
                spoil=lambda: root.set_rse_limits(RSE, LIMIT, 7),
            ),
            beside=ByHand(
                lambda: root.add_rse_attribute(RSE, "monitoring", "theirs"),
                lambda: root.list_rse_attributes(RSE).get("monitoring"),
            ),
            within=ByHand(
                lambda: subscribe(root, "by-hand", OWNER),
                lambda: {k: v for k, v in everything(root).items() if "by-hand" in k},
            ),
            lost=Lost("distance", " ".join(LINK), lambda: root.delete_distance(*LINK)),
            ending=Ending(
                f"area: {CACHE}",
                (without_the_cache(someone.specs),),
                lambda: bool(root.get_rse(CACHE)["availability_write"]),
            ),
            forget=lambda: None,
            stop=partial(rucio_server.kill, server),
            start=partial(rucio_server.restart, server),
        )


STAND = Stand("rucio", ("rucio",), running, several=False)


def settle(root: Client) -> None:
    """Another account with a place of its own, data there, and what it wants of them."""
    add_account(root, "others", password="theirs-alone", admin=True)
    root.add_rse("OTHERS-DISK")
    root.add_rse_attribute("OTHERS-DISK", "tier", "theirs")
    root.set_rse_limits("OTHERS-DISK", LIMIT, 10**12)
    root.set_local_account_limit("others", "OTHERS-DISK", 10**12)
    root.add_scope("others", "others")
    root.set_config_option("others", "keep", "1")
    subscribe(root, "others-data", "others")
    file = {"scope": "others", "name": "others.file", "bytes": 10, "adler32": "00000001"}
    root.add_replicas("OTHERS-DISK", [file])
    root.add_dataset("others", "data")
    root.attach_dids("others", "data", [file])
    what = [{"scope": "others", "name": "data"}]
    root.add_replication_rule(what, 1, "OTHERS-DISK", account="others", comment="for others")


def subscribe(root: Client, name: str, account: str) -> None:
    wanted = {"scope": ["^others$"], "did_type": ["DATASET"]}
    rules = [template("OTHERS-DISK", "theirs")]
    root.add_subscription(name, account, wanted, rules, "theirs", False, False, False)


def everything(root: Client) -> dict[str, str]:
    """All that the server has, by its own words, without times."""
    found: dict[str, Any] = {"distances": root.export_data(distance=True)["distances"]}
    for row in root.list_rses():
        name = row["rse"]
        found[f"rse {name}"] = {
            "facts": root.get_rse(name),
            "attributes": root.list_rse_attributes(name),
            "limits": root.get_rse_limits(name),
        }
    for name in sorted(row["account"] for row in root.list_accounts()):
        found[f"account {name}"] = {
            "facts": without_times(root.get_account(name)),
            "attributes": list(root.list_account_attributes(name)),
            "limits": root.get_local_account_limits(name),
        }
        for each in list_subscriptions(root, name):
            found[f"subscription {name}/{each['name']}"] = without_times(each)
    for row in root.list_scope_owners():
        found[f"scope {row['scope']}"] = row["account"]
    for section, options in root.get_config().items():
        found[f"config {section}"] = options
    for rule in root.list_did_rules("others", "data"):
        found["rule others"] = without_times(rule)
    return {key: json.dumps(value, sort_keys=True, default=str) for key, value in found.items()}


def list_subscriptions(root: Client, account: str) -> list[Any]:
    from rucio.common.exception import SubscriptionNotFound

    try:
        return list(root.list_subscriptions(account=account))
    except SubscriptionNotFound:
        return []


def without_times(facts: Any) -> dict[str, Any]:
    return {key: facts[key] for key in facts if not key.endswith("_at")}


def without_the_cache(specs: Path) -> tuple[str, str, str]:
    name = "site-specs/europe.yaml"
    text = (specs / name).read_text("utf-8")
    start, end = text.index(f"    - name: {CACHE}"), text.index("    - name: SWESRC-OSO-NAT")
    return name, text[start:end], ""
