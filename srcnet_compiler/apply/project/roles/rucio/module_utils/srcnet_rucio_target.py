"""A Rucio as the gate's loop wants it: look at an object, act on it, check what it waits for.

Each trap of the server that is named here was seen on a real one (Rucio 41.5).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from ansible.module_utils import srcnet_rucio_acts, srcnet_rucio_waits
from ansible.module_utils.srcnet_gate import ConflictError, FailedError, Seen, Wire

if TYPE_CHECKING:
    from rucio.client import Client

P = ParamSpec("P")
R = TypeVar("R")


class Rucio:
    """One server, and the account that owns our rules and subscriptions there."""

    def __init__(self, client: Client, connection: Wire) -> None:
        self.client = client
        self.owner: str = connection.get("owner") or connection["account"]

    def observe(self, change: Wire) -> Seen:
        """The object's fields as a change speaks of them; None when it is not there."""
        return _asking(self._observe, change)

    def act(self, change: Wire, todo: Sequence[Wire], before: Seen) -> None:
        """Set the fields of `todo`; `before` is the object as just read."""
        _asking(srcnet_rucio_acts.act, self.client, self.owner, change, todo, before)

    def unmet(self, wait: Wire) -> str | None:
        """Why the wait goes on, in words; None when the fact holds."""
        unmet: str | None = _asking(srcnet_rucio_waits.unmet, self.client, self.owner, wait)
        return unmet

    def passes_through_absence(self, field: Wire) -> bool:
        """Attributes of accounts, and protocols without a port, are replaced by deleting first."""
        return bool(field["name"].startswith(("attribute.", "protocol.")))

    def _observe(self, change: Wire) -> Seen:
        kind, name = change["address"]["kind"], change["address"]["name"]
        if kind == "rule":
            return srcnet_rucio_acts.observe_rule(self.client, self.owner, change)
        if change["action"] == "rename":
            return self._observe_rename(change["fields"][0])
        return self._look(kind, name)

    def _observe_rename(self, field: Wire) -> Seen:
        old, new = field["before"], field["after"]
        there = [name for name in (old, new) if self._look("rse", name) is not None]
        if len(there) == 2:
            raise ConflictError(f"both {old} and {new} are there")
        return {field["name"]: there[0]} if there else None

    def _look(self, kind: str, name: str) -> Seen:
        from srcnet_compiler.targets.rucio.live import observe

        return observe(self.client, kind, name, self.owner)


def _asking(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    try:
        return function(*args, **kwargs)
    except (ConflictError, FailedError):
        raise
    except Exception as error:
        raise as_failure(error) from error


def as_failure(error: Exception) -> FailedError:
    """What an exception of the client, or below it, means for whoever reads the receipt."""
    import requests
    from rucio.common import exception as rucio

    from srcnet_compiler.targets.protocol import RefusedError, UnreachableError

    kind, text = type(error).__name__, _sentence(error)
    if isinstance(error, RefusedError):
        return FailedError(text, "refused", final=True)
    if isinstance(error, rucio.AccessDenied):
        return FailedError(f"not allowed: {text}", "refused")
    if isinstance(error, UnreachableError):
        return FailedError(text, "unreachable", final=True)
    if isinstance(error, json.JSONDecodeError) or "(http status code: 5" in text:
        return FailedError(f"the server answers nonsense: {text}", "unreachable", final=True)
    if isinstance(error, requests.RequestException | OSError):
        return FailedError(f"the server cannot be reached: {text}", "unreachable", final=True)
    return FailedError(f"{kind}: {text}")


def _sentence(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:4])[:500] or type(error).__name__
