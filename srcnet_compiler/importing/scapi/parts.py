"""Storage areas, compute and services of the catalogue as our language says them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from srcnet_compiler.importing.json_text import plain
from srcnet_compiler.importing.naming import area_name, free_name, words_of
from srcnet_compiler.importing.scapi.between import area_of, system_of, type_of
from srcnet_compiler.importing.scapi.rest import one_sentence, rest_of
from srcnet_compiler.importing.scapi.view import View, address
from srcnet_compiler.importing.words import HOST, PATH
from srcnet_compiler.importing.written import Noted, Tree
from srcnet_compiler.quantity import Bytes, format_bytes
from srcnet_compiler.scapi_nodes import READS_FILES, TB, TIER_BY_DEFAULT, Entry, path_text

_LEGACY = re.compile(r"[!-~]([ -~]{0,126}[!-~])?")
_NAME = re.compile(r"[A-Za-z0-9]+([_-][A-Za-z0-9]+)*")
_CAPABILITIES = ("gpu", "high-mem", "large-scratch", "fast-scratch")


@dataclass(slots=True)
class Naming:
    """The names that a site has given so far."""

    site: str
    short: str
    todays: set[str]
    """Names of areas in Rucio that are taken, by any site."""
    areas: dict[str, str] = field(default_factory=dict)
    compute: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)

    def of(self, entry: Entry) -> str:
        """The name here of an entry that has been read."""
        return self.names[path_text(entry.path)]

    def give(self, entry: Entry, name: str) -> str:
        self.names[path_text(entry.path)] = name
        return name


def storage_trees(view: View, naming: Naming, site: Entry, storages: Sequence[Entry]) -> list[Tree]:
    """The areas of a site. The capacity of a storage is that of its first area; the others, and
    those at the same place, lie within it."""
    areas = [(storage, area) for storage in storages for area in storage.each("areas")]
    # names go first to what is in use
    in_use = sorted(areas, key=lambda each: view.is_off(each[1]))
    for storage, area in in_use:
        _name_area(view, naming, storage, area)
    outer: dict[str, str] = {}
    for storage, area in in_use:
        outer.setdefault(path_text(storage.path), naming.of(area))
        outer.setdefault(":".join(address(storage, area)), naming.of(area))
    return [_area(view, naming, site, storage, area, outer) for storage, area in areas]


def _name_area(view: View, naming: Naming, storage: Entry, area: Entry) -> None:
    today = area.text("name")
    tier = area.number("tier")
    storage_class = (
        "INGEST"
        if area.text("type") == "ingest"
        else f"T{TIER_BY_DEFAULT if tier not in (0, 1, 2) else int(tier)}"
    )
    system = system_of(storage, area)
    hints = [
        *([system] if system not in ("xrootd", "storm", "posix") else []),
        *(["ND"] if _is_recorded(area) else []),
        storage.text("host").partition(".")[0],
    ]
    environment = view.environment(area)
    name = area_name(naming.site, today, storage_class, environment, hints, naming.areas)
    naming.areas[name] = naming.give(area, name)


def _is_recorded(area: Entry) -> bool:
    texts = f"{area.text('name')} {area.text('relative_path')}".lower()
    return re.search(r"_nd\b|non-?deterministic", texts) is not None


def _area(
    view: View,
    naming: Naming,
    site: Entry,
    storage: Entry,
    area: Entry,
    outer: Mapping[str, str],
) -> Tree:
    name, today = naming.of(area), area.text("name")
    tree: dict[str, Tree] = {"name": name}
    if not today:
        tree |= {"status": "draft", "source": "the site catalogue gives it no name"}
    elif today in naming.todays or not _LEGACY.fullmatch(today):
        tree["name"] = Noted(name, f"{today} in the catalogue, as another area is")
    elif today != name:
        tree["nameToday"] = today
    naming.todays.add(today)
    tree |= _common(view, area)
    tree["tier"] = "nearline" if storage.text("device_type") == "tape" else "online"
    if area.text("type") == "ingest":
        tree["role"] = "ingest"
    system = system_of(storage, area)
    said = storage.text("srm")
    differs = {"storm": "storm", "xrd": "xrootd", "ceph": "ceph"}.get(said) != system
    tree["system"] = Noted(system, f"the catalogue has {said or 'none'}") if differs else system
    if _is_recorded(area):
        tree["layout"] = "recorded"
    size = storage.number("size_in_terabytes")
    if size and size > 0 and outer[path_text(storage.path)] == name:
        tree["capacity"] = format_bytes(Bytes(round(size * TB)))
    place = outer[":".join(address(storage, area))]
    around = place if place != name else outer[path_text(storage.path)]
    if around != name:
        tree["within"] = around
    if endpoints := _endpoints(storage, area):
        tree["endpoints"] = endpoints
    tree |= _identity(view, area)
    rest = rest_of(area)
    of_storage = rest_of(storage)
    base = "/" + storage.text("base_path").strip("/")
    if base == address(storage, area)[1]:
        of_storage.pop("base_path", None)
    elif "base_path" in of_storage:
        of_storage["base_path"] = base
    if any(each.said.keys() - {"prefix", "port"} for each in storage.each("supported_protocols")):
        of_storage["supported_protocols"] = plain(storage.said["supported_protocols"])
    if of_storage:
        rest["storage"] = of_storage
    if rest := _with_site(view, site, area, rest):
        tree["catalogue"] = rest
    return tree


def _identity(view: View, entry: Entry) -> dict[str, Tree]:
    found = view.identity(entry)
    return {"catalogueId": found} if found else {}


def _common(view: View, entry: Entry) -> dict[str, Tree]:
    tree: dict[str, Tree] = {}
    if (environment := view.environment(entry)) != "production":
        tree["environment"] = environment
    if view.is_off(entry):
        tree["enabled"] = False
    return tree


def _with_site(view: View, site: Entry, entry: Entry, rest: dict[str, Any]) -> dict[str, Any]:
    """With the entry of the site that it stands in, where that is not the place's first one."""
    own = view.nearest(entry, "site")
    return {**rest, "site": view.identity(own) or own.text("name")} if own is not site else rest


def _endpoints(storage: Entry, area: Entry) -> list[Tree]:
    host, path = address(storage, area)
    found: list[Tree] = []
    for protocol in storage.each("supported_protocols"):
        scheme, port = protocol.text("prefix").partition("://")[0], protocol.number("port")
        if scheme in ("https", "http", "root") and _is_port(port) and HOST.fullmatch(host):
            found.append({"protocol": scheme, "host": host, "port": port, "path": path})
    return found if PATH.fullmatch(path) else []


def _is_port(port: object) -> bool:
    return isinstance(port, int) and 0 < port < 65536


def compute_tree(view: View, naming: Naming, site: Entry, compute: Entry) -> Tree:
    """A place where services and jobs run."""
    said = compute.text("name")
    environment = view.environment(compute)
    short = {"production": "", "staging": "-stage", "development": "-dev"}[environment]
    own = "-".join(words_of(said)).lower() or naming.short + short
    name = free_name(own, naming.compute)
    naming.compute.add(naming.give(compute, name))
    tree: dict[str, Tree] = {"name": name if said else Noted(name, "no name in the catalogue")}
    tree |= _common(view, compute)
    if compute.text("hardware_type") in ("bare-metal", "container", "vm"):
        tree["hardware"] = compute.text("hardware_type")
    listed = compute.said.get("hardware_capabilities")
    if isinstance(listed, list) and (found := [each for each in _CAPABILITIES if each in listed]):
        tree["capabilities"] = found
    if text := one_sentence(compute.text("description")):
        tree["description"] = text
    tree |= _identity(view, compute)
    if rest := _with_site(view, site, compute, rest_of(compute)):
        tree["catalogue"] = rest
    return tree


def service_tree(view: View, naming: Naming, service: Entry) -> Tree:
    """A service that the site offers."""
    kind = type_of(service)
    note = f"the catalogue has {service.text('type')}" if kind != service.text("type") else ""
    tree: dict[str, Tree] = {"service": "-".join(words_of(kind)) if "-" in kind else kind or "echo"}
    if name := " ".join(service.text("name").split()):
        tree["name"] = name
    tree |= _common(view, service)
    compute = view.above(service)
    if compute is not None:
        tree["at"] = naming.of(compute)
    area = area_of(view, service)
    if area is None and kind in READS_FILES:
        area = _only_area(view, naming, service)
        note = note or ("the catalogue names no area; this is the only one of its environment")
        note = note if area is not None else ""
    if area is not None and path_text(area.path) in naming.names:
        tree["storage"] = naming.of(area)
    scheme = service.text("prefix").partition("://")[0]
    if scheme in ("https", "http"):
        tree["scheme"] = scheme
    if HOST.fullmatch(service.text("host")):
        tree["host"] = service.text("host")
    if _is_port(port := service.number("port")):
        tree["port"] = port
    if PATH.fullmatch(service.text("path")):
        tree["path"] = service.text("path")
    if service.text("version"):
        tree["version"] = service.text("version")
    if service.said.get("is_mandatory") is True:
        tree["mandatory"] = True
    tree |= _identity(view, service)
    if rest := rest_of(service):
        tree["catalogue"] = rest
    return Noted(tree, note) if note else tree


def _only_area(view: View, naming: Naming, service: Entry) -> Entry | None:
    """The only area of the service's environment at its place."""
    environment = view.environment(service)
    areas = [
        entry
        for entry in view.nearest(service, "node").walk()
        if entry.kind == "area"
        and path_text(entry.path) in naming.names
        and entry.text("type") != "ingest"
        and view.environment(entry) == environment
    ]
    return areas[0] if len(areas) == 1 else None
