"""An RSE as a storage area of a site: what the spec language can say of it, and what it cannot."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from srcnet_compiler.federation.model import Endpoint
from srcnet_compiler.importing.rucio.places import Placed
from srcnet_compiler.quantity import Bytes, Seconds, format_bytes, format_duration, round_bytes
from srcnet_compiler.targets.rucio.model import Protocol, Rse
from srcnet_compiler.targets.rucio.model.inventory import Inventory
from srcnet_compiler.targets.rucio.model.protocols import (
    IMPLEMENTATIONS,
    OPERATIONS,
    usual_domains,
)

LIMIT = "MaxSpaceAvailable"
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_PATH = re.compile(r"/[A-Za-z0-9/._+~@%=-]*")
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[!-~]*)?")
_PYTHON = re.compile(r"[A-Za-z_][A-Za-z0-9_]*([.][A-Za-z_][A-Za-z0-9_]*)*")


@dataclass(frozen=True, slots=True)
class Note:
    """Something of an RSE that is kept on the server and that the spec does not say."""

    rse: str
    text: str


def area_of(placed: Placed, inventory: Inventory) -> tuple[dict[str, Any], tuple[Note, ...]]:
    """A new area in plain data, in the order of the language, and what it does not say."""
    rse = placed.rse
    endpoints, notes = _endpoints(rse)
    facts: dict[str, Any] = {
        "name": placed.name,
        "nameToday": None if placed.name == rse.name else str(rse.name),
        "adopted": None if placed.is_ours else True,
        "tier": placed.tier,
        "role": None if placed.role == "data" else placed.role,
        "layout": "recorded" if rse.settings.get("deterministic") is False else None,
        "capacity": _capacity(rse),
        "endpoints": endpoints or None,
        "transfers": _transfers(rse) or None,
    }
    kept = {key: value for key, value in facts.items() if value is not None}
    return kept, (*notes, *_size_note(rse, inventory), *_unsaid(rse))


def described_area(
    placed: Placed, inventory: Inventory, *, adopted: bool = False
) -> tuple[dict[str, Any], tuple[Note, ...]]:
    """What the server says of an area that a spec describes, in the words of the spec; `adopted`:
    somebody has said that it is taken over as it stands."""
    assert placed.area is not None
    there, rse = placed.area, placed.rse
    order = {_key(each): number for number, each in enumerate(there.endpoints)}
    endpoints, notes = _endpoints(rse, order)
    facts: dict[str, Any] = {
        "name": placed.name,
        "nameToday": None if there.name_today == rse.name else str(rse.name),
        "adopted": True if adopted else None,
        "capacity": _capacity(rse),
        "endpoints": endpoints or None,
        "transfers": _transfers(rse) or None,
    }
    return {key: value for key, value in facts.items() if value is not None}, notes


def _key(endpoint: Endpoint) -> str:
    return f"{endpoint.protocol}://{endpoint.host}:{endpoint.port}"


# ── how it is reached ─────────────────────────────────────────────────────────────────────────


def _endpoints(
    rse: Rse, order: Mapping[str, int] = MappingProxyType({})
) -> tuple[list[dict[str, Any]], tuple[Note, ...]]:
    """In the order of the spec, then by use."""
    last = len(order)
    ordered = sorted(
        rse.protocols, key=lambda each: (order.get(each.key, last), _first_use(each), each.key)
    )
    faults = {each.key: fault for each in ordered if (fault := _fault(each)) is not None}
    said = [each for each in ordered if each.key not in faults]
    endpoints = [_endpoint(each, position) for position, each in enumerate(said, 1)]
    notes = tuple(
        Note(rse.name, f"its protocol {_without_secret(key)} stays as it is: {fault}")
        for key, fault in faults.items()
    )
    if not endpoints:
        notes = (*notes, Note(rse.name, "no protocol of it can be said, so it is left alone"))
    return endpoints, notes


def _without_secret(text: str) -> str:
    """Without what may stand before the host."""
    return re.sub(r"//[^/]*@", "//…@", text)


def _first_use(protocol: Protocol) -> int:
    """By which priority it is read from elsewhere; last where it is not."""
    return protocol.domains["wan"]["read"] or 10**6


def _fault(protocol: Protocol) -> str | None:
    """Why the language cannot say it."""
    if protocol.scheme not in IMPLEMENTATIONS:
        return f"specs have no word for `{protocol.scheme}`"
    if not _HOST.fullmatch(protocol.hostname):
        return f"`{_without_secret(f'//{protocol.hostname}')[2:]}` is no host name"
    if not 0 <= protocol.port <= 65535 or (protocol.port == 0) != (protocol.scheme == "file"):
        return f"{protocol.port} is no port of it"
    if not _PATH.fullmatch(protocol.prefix):
        return f"`{protocol.prefix}` is no path from `/`"
    if not _PYTHON.fullmatch(protocol.impl):
        return f"`{protocol.impl}` is no implementation"
    return None


def _endpoint(protocol: Protocol, position: int) -> dict[str, Any]:
    """With what its position does not say already."""
    domains = protocol.domains
    copies = any(domains["wan"][name] for name in OPERATIONS.values())
    usual = usual_domains(position, copies)
    facts: dict[str, Any] = {
        "protocol": protocol.scheme,
        "host": protocol.hostname,
        "port": protocol.port,
        "path": protocol.prefix,
        "thirdPartyCopy": None if copies else False,
        "implementation": None
        if protocol.impl == IMPLEMENTATIONS[protocol.scheme]
        else protocol.impl,
        "priorities": None if domains == usual else _priorities(domains),
    }
    return {key: value for key, value in facts.items() if value is not None}


def _priorities(domains: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    words = {theirs: ours for ours, theirs in OPERATIONS.items()}
    return {
        domain: {words.get(name, name): value for name, value in priorities.items()}
        for domain, priorities in domains.items()
    }


# ── size and transfers ────────────────────────────────────────────────────────────────────────


def _capacity(rse: Rse) -> str | None:
    """Its limit, exactly; none where it has none, as stating a size would set one. A limit of
    nothing, by which people close an RSE, is no size."""
    limit = rse.limits.get(LIMIT)
    return format_bytes(Bytes(limit)) if limit is not None and limit > 0 else None


def _size_note(rse: Rse, inventory: Inventory) -> Iterator[Note]:
    total = inventory.totals.get(rse.name)
    if total is not None:
        yield Note(
            rse.name,
            f"its storage reports {round_bytes(total)}, and Rucio has no limit for it: `capacity`"
            " would set one, and is left out",
        )


def _transfers(rse: Rse) -> dict[str, Any]:
    """Only what reads back the same when it is emitted again."""
    fts, tokens = rse.attributes.get("fts"), rse.attributes.get("oidc_support")
    timeout = rse.attributes.get("archive_timeout")
    facts: dict[str, Any] = {
        "fts": fts if isinstance(fts, str) and _URL.fullmatch(fts) else None,
        "tokens": tokens if isinstance(tokens, bool) else None,
        "archiveTimeout": format_duration(Seconds(int(timeout)))
        if isinstance(timeout, str) and timeout.isdigit() and str(int(timeout)) == timeout
        else None,
    }
    return {key: value for key, value in facts.items() if value is not None}


def _unsaid(rse: Rse) -> Iterator[Note]:
    """Attributes that stay what they are, by name; not those that each RSE has by itself: its name,
    and what it says of its place."""
    said = {"fts", "oidc_support", "archive_timeout", rse.name}
    mirrored = {key for key, value in rse.settings.items() if rse.attributes.get(key) == value}
    others = sorted(rse.attributes.keys() - said - mirrored)
    if others:
        yield Note(rse.name, f"others' attributes stay as they are: {', '.join(others)}")
    limits = sorted(key for key in rse.limits if key != LIMIT or _capacity(rse) is None)
    if limits:
        yield Note(rse.name, f"its limits stay as they are: {', '.join(limits)}")
