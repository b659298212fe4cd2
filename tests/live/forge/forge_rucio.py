"""What the stories see of a Rucio, and what somebody changes there by hand."""

from __future__ import annotations

import json

from rucio_data import connect

from srcnet_compiler.demo.rucio_server import RucioServer


def rses(server: RucioServer) -> list[str]:
    return [each["rse"] for each in connect(server).list_rses()]


def limit(server: RucioServer) -> int:
    return int(connect(server).get_rse_limits("CHSRC-CSCS-T0")["MaxSpaceAvailable"])


def copies(server: RucioServer) -> int:
    """How many of what comes into `scratch` the server makes, besides one for some time."""
    name = "scratch-products.arrive.fast"
    (found,) = connect(server).list_subscriptions(name, "srcnet-policy")
    rules = json.loads(found["replication_rules"])
    (rule,) = [each for each in rules if "/extra/" not in each["comments"]]
    return int(rule["copies"])


def meddle(server: RucioServer) -> None:
    """Somebody changes the server by hand."""
    connect(server).set_rse_limits("CHSRC-CSCS-T0", "MaxSpaceAvailable", 1_000_000_000_000)
