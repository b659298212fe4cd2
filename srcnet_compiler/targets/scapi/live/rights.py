"""What our token may do there, as far as it can be found out without a change."""

from collections.abc import Iterator

from srcnet_compiler.targets.protocol import Right
from srcnet_compiler.targets.scapi.live.client import Client


def rights(client: Client) -> Iterator[Right]:
    """The catalogue says of no token what it may change: it is seen when it is done."""
    yield Right("list the nodes", True, f"{len(client.names())} are there")
    yield Right("replace a node", None, "it says so only when it is done", needed=False)
