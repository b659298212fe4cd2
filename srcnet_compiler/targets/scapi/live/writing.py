"""Changing a node: read it, change what is meant, put it back as a whole, and look whether somebody
did the same in between.

The catalogue locks nothing, so a change of somebody else's that comes between our reading and our
writing is overwritten. It is not lost: each version is kept. So the version that ours has replaced
is read again, and where it is not the one that we had read, the change is made once more, in that.
"""

from collections.abc import Callable

from srcnet_compiler.targets.scapi.live.client import Client
from srcnet_compiler.targets.scapi.model.documents import Document, copied, without_stamps

TRIES = 5


class MovedError(Exception):
    """Somebody changes the same node at the same time; the text says what became of it."""


def edit(client: Client, name: str, change: Callable[[Document], None]) -> None:
    """Make a change in a node, and in nothing else that is there.

    `change` is made in the node as just read, and again in what others made of it meanwhile. It
    raises what it likes. Raises MovedError, and as `Client.make`.
    """
    base = client.node(name)
    for _ in range(TRIES):
        if base is None:
            raise MovedError(f"the node `{name}` is gone")
        wanted = copied(base)
        change(wanted)
        now = _put(client, name, wanted)
        before = _overwritten(client, name, base, wanted, now)
        if before is None:
            return
        base = before
    raise MovedError(f"others change the node `{name}` all the time: apply again later")


def _put(client: Client, name: str, wanted: Document) -> Document:
    client.replace(name, wanted)
    now = client.node(name)
    if now is None:
        raise MovedError(f"the node `{name}` is gone: somebody deleted it at this moment")
    return now


def _overwritten(
    client: Client, name: str, base: Document, wanted: Document, now: Document
) -> Document | None:
    """What others made of the node that ours does not have in it; None where nobody did."""
    if without_stamps(now) != without_stamps(wanted):
        return now  # theirs came after ours, or at once with it
    version, last = now.get("version"), base.get("version")
    if not isinstance(version, int) or not isinstance(last, int) or version <= last + 1:
        return None
    before = client.node(name, version - 1)
    if before is None or without_stamps(before) == without_stamps(base):
        return None
    return before
