"""The words of SRCNet's Site Capabilities catalogue (SCAPI): its nodes, their fields, identities.

A node has sites; a site has storages with areas, and compute with services and queues. The
published files describe forms and not JSON, so the model is our own, and it is tolerant: what is
written is kept as it is, and what cannot be understood is said with its path.

Source: gitlab.com/ska-telescope/src/src-service-apis/ska-src-site-capabilities-api, 0.3.95.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

Path = tuple[str | int, ...]
"""Keys and indexes from the root of the document."""

Kind = Literal[
    "node",
    "site",
    "storage",
    "protocol",
    "area",
    "compute",
    "queue",
    "local service",
    "global service",
    "downtime",
]


class FieldRule(NamedTuple):
    """What a field holds."""

    holds: Literal["text", "number", "whole", "truth", "list", "anything"] = "text"
    required: bool = False
    one_of: frozenset[str] = frozenset()
    """The words that it may be; any where this is empty."""


LOCAL_SERVICES = (
    *("echo", "jupyterhub", "binderhub", "dask", "ingest", "soda_sync", "soda_async"),
    *("gatekeeper", "monitoring", "perfsonar", "canfar", "carta", "prepare_data", "gaussconv"),
    *("cavern", "product_streamer"),
)
"""The types of a local service."""
GLOBAL_SERVICES = (
    *("rucio", "iam", "data-management-api", "site-capabilities-api", "permissions-api"),
    *("auth-api", "gms", "global-execution-api", "accounting-api"),
)
"""The types of a global service."""
READS_FILES = frozenset({"soda_sync", "soda_async", "prepare_data"})
"""Types of local services that read an area's files, so that they have to name one."""
USUAL_ENDS = MappingProxyType(
    {"preparedata": "prepare_data", "science-portal": "canfar", "echo": "echo"}
)
"""The last part of a path, and the type of service that is known by it."""

SYSTEMS = MappingProxyType({"storm": "storm", "xrd": "xrootd", "ceph": "ceph"})
"""`srm`, and the storage software in the words of specs."""
SRM = MappingProxyType(
    {
        **{"storm": "storm", "xrootd": "xrd", "ceph": "ceph", "s3": "ceph"},
        **{"dcache": "xrd", "eos": "xrd", "posix": "xrd"},
    }
)
"""The storage software of specs, and the nearest `srm`: the catalogue has no word for dCache."""
TIER_BY_DEFAULT = 1
TB = 10**12

_TEXT = FieldRule()
_MUST = FieldRule(required=True)
_NUMBER = FieldRule("number")
_ANYTHING = FieldRule("anything")
_COMMON = {"id": _TEXT, "is_force_disabled": FieldRule("truth")}
_STAMPS = {
    **{"version": _ANYTHING, "created_at": _TEXT, "created_by_username": _TEXT},
    **{"last_updated_at": _TEXT, "last_updated_by_username": _TEXT},
}
STAMPS = frozenset(_STAMPS)
"""What the server adds to a node, and older ones to a site."""
_ADDRESS = {
    **{"version": _TEXT, "prefix": _TEXT, "host": _TEXT, "port": FieldRule("whole")},
    **{"path": _TEXT, "name": _TEXT, "is_mandatory": FieldRule("truth")},
    **{"associated_storage_area_id": _TEXT, "other_attributes": _ANYTHING},
    "environments": FieldRule("list"),
}

FIELDS: Mapping[Kind, Mapping[str, FieldRule]] = {
    "node": {"name": _MUST, "description": _TEXT, "comments": _TEXT, **_STAMPS},
    "site": {
        **_COMMON,
        **{"name": _MUST, "description": _TEXT, "comments": _TEXT, "country": _MUST},
        **{"latitude": FieldRule("number", True), "longitude": FieldRule("number", True)},
        **{"primary_contact_email": _MUST, "secondary_contact_email": _TEXT},
        "other_attributes": _ANYTHING,
        **{name: rule for name, rule in _STAMPS.items() if name != "version"},
    },
    "storage": {
        **_COMMON,
        **{"name": _TEXT, "host": _MUST, "base_path": _MUST},
        "srm": FieldRule("text", True, frozenset(SYSTEMS)),
        "device_type": FieldRule("text", False, frozenset({"", "hdd", "ssd", "tape", "other"})),
        "size_in_terabytes": FieldRule("number", True),
    },
    "protocol": {
        "prefix": FieldRule("text", True, frozenset({"http", "https", "root"})),
        "port": FieldRule("whole", True),
    },
    "area": {
        **_COMMON,
        "type": FieldRule("text", True, frozenset({"rse", "ingest"})),
        **{"relative_path": _TEXT, "name": _TEXT, "tier": FieldRule("whole"), "version": _TEXT},
        **{"other_attributes": _ANYTHING, "environments": FieldRule("list")},
    },
    "compute": {
        **_COMMON,
        **{"name": _TEXT, "description": _TEXT, "middleware_version": _TEXT},
        "compute_units": FieldRule("number", True),
        "hardware_capabilities": FieldRule("list"),
        "hardware_type": FieldRule("text", False, frozenset({"bare-metal", "container", "vm"})),
    },
    "queue": {**_COMMON, "name": _TEXT, "description": _TEXT, "other_attributes": _ANYTHING},
    "local service": {
        **_COMMON,
        **_ADDRESS,
        "type": FieldRule("text", True, frozenset(LOCAL_SERVICES)),
    },
    "global service": {
        **_COMMON,
        **_ADDRESS,
        "type": FieldRule("text", True, frozenset(GLOBAL_SERVICES)),
    },
    "downtime": {
        "type": FieldRule("text", True, frozenset({"Planned", "Unplanned"})),
        **{"date_range": _MUST, "reason": _TEXT, "resourceType": _TEXT},
        "uniqueResourceName": _TEXT,
    },
}
"""What each object has, besides the objects below it."""

_DOWN: Mapping[str, Kind] = {"downtime": "downtime"}
BELOW: Mapping[Kind, Mapping[str, Kind]] = {
    "node": {"sites": "site"},
    "site": {"storages": "storage", "compute": "compute", **_DOWN},
    "storage": {"supported_protocols": "protocol", "areas": "area", **_DOWN},
    "protocol": {},
    "area": _DOWN,
    "compute": {
        "associated_local_services": "local service",
        "associated_global_services": "global service",
        "queues": "queue",
        **_DOWN,
    },
    "queue": _DOWN,
    "local service": _DOWN,
    "global service": _DOWN,
    "downtime": {},
}
"""The lists of objects that each object has."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One object of the catalogue: what is written there, and the objects below it, by key."""

    kind: Kind
    path: Path
    said: Mapping[str, Any]
    below: Mapping[str, tuple["Entry", ...]] = field(default_factory=dict)

    def text(self, key: str) -> str:
        """The text under a key without blanks around it; empty where there is none."""
        value = self.said.get(key)
        return value.strip() if isinstance(value, str) else ""

    def number(self, key: str) -> int | float | None:
        """The number under a key; None where there is none."""
        value = self.said.get(key)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    @property
    def id(self) -> str:
        """Its identity in the catalogue; empty where it has none."""
        return self.text("id")

    @property
    def disabled(self) -> bool:
        """Whether it is switched off."""
        return self.said.get("is_force_disabled") is True

    def each(self, key: str) -> tuple["Entry", ...]:
        """The objects of one list below it."""
        return self.below.get(key, ())

    def walk(self) -> Iterator["Entry"]:
        """This object and all below it, in their order."""
        yield self
        for entries in self.below.values():
            for entry in entries:
                yield from entry.walk()


class Misread(NamedTuple):
    """What is not of the kind that it has to be, and therefore left out."""

    path: Path
    words: str


def entries_of(document: object) -> tuple[tuple[Entry, ...], tuple[Misread, ...]]:
    """The nodes of a catalogue: a list of them, or one alone; and what could not be read."""
    found: list[Misread] = []
    alone = isinstance(document, Mapping)
    nodes: list[object] = [document] if alone else document if isinstance(document, list) else []
    if not alone and not isinstance(document, list):
        found.append(Misread((), "is neither a list of nodes nor one node"))
    read = (_entry("node", () if alone else (i,), each, found) for i, each in enumerate(nodes))
    return tuple(entry for entry in read if entry is not None), tuple(found)


def _entry(kind: Kind, path: Path, value: object, found: list[Misread]) -> Entry | None:
    if not isinstance(value, Mapping):
        found.append(Misread(path, f"is not {_WITH_ARTICLE.get(kind, f'a {kind}')}"))
        return None
    below: dict[str, tuple[Entry, ...]] = {}
    for key, kind_below in BELOW[kind].items():
        listed = value.get(key)
        if listed is None:
            continue
        if not isinstance(listed, list):
            found.append(Misread((*path, key), "is not a list"))
            continue
        read = (_entry(kind_below, (*path, key, i), each, found) for i, each in enumerate(listed))
        below[key] = tuple(entry for entry in read if entry is not None)
    return Entry(kind, path, value, below)


_WITH_ARTICLE: Mapping[Kind, str] = {"area": "an area"}


def path_text(path: Path) -> str:
    """A path as people read it: `nodes[3].sites[0].name`; of one node alone, `sites[0].name`."""
    start = "nodes" if path and isinstance(path[0], int) else ""
    parts = (f"[{each}]" if isinstance(each, int) else f".{each}" for each in path)
    return (start + "".join(parts)).removeprefix(".") or "nodes"


_NAMESPACE = uuid5(NAMESPACE_URL, "https://srcnet.skao.int/site-capabilities")


def identity(kind: Kind, *names: str) -> str:
    """The identity of what has none yet: of its kind and the names from its node down to it.

    The same names give the same identity everywhere, so nobody has to remember one.
    """
    return str(uuid5(_NAMESPACE, "\0".join((kind, *names))))


def is_identity(text: str) -> bool:
    """Whether a text is an identity as the catalogue writes them."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
