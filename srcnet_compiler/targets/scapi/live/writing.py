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
    last = _version(base)
    for _ in range(TRIES):
        if base is None:
            raise MovedError(f"the node `{name}` is gone")
        wanted = copied(base)
        change(wanted)
        if wanted == base:
            return
        client.replace(name, wanted)
        now = client.node(name)
        if now is None or without_stamps(now) != without_stamps(wanted):
            base, last = now, _version(now)  # theirs came after ours, or at once with it
            continue
        overwritten = _between(client, name, last, now)
        if not overwritten or without_stamps(overwritten[-1]) == without_stamps(base):
            return
        if len(overwritten) > 1 or _version(base) != last:
            versions = ", ".join(f"{_version(each)}" for each in overwritten)
            raise MovedError(
                f"others wrote the node `{name}` at the same moment: ours stands, and what they"
                f" wrote as version {versions} is kept there and is to be written again"
            )
        base, last = overwritten[0], _version(now)
    raise MovedError(f"others change the node `{name}` all the time: apply again later")


def _between(client: Client, name: str, last: int, now: Document) -> list[Document]:
    """What was written behind version `last` and before ours, which is `now`."""
    versions = range(last + 1, _version(now)) if last else ()
    return [each for version in versions if (each := client.node(name, version)) is not None]


def _version(node: Document | None) -> int:
    """0 where it has none."""
    version = node.get("version") if node is not None else None
    return version if isinstance(version, int) else 0
