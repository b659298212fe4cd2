"""Rules about several entries of the catalogue: what shares a name, what refers, what differs."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from srcnet_compiler.analysis.storage import signs
from srcnet_compiler.diagnostic import Code
from srcnet_compiler.importing.finding import Finding
from srcnet_compiler.importing.scapi.finding import Known, at, called
from srcnet_compiler.importing.scapi.view import View, address
from srcnet_compiler.importing.words import environment_in, without_environment
from srcnet_compiler.scapi_nodes import READS_FILES, SYSTEMS, USUAL_ENDS, Entry, is_identity
from srcnet_compiler.source.trouble import shown


def shared_names(view: View, _: Known) -> Iterator[Finding]:
    """One name of an area in several entries: to Rucio they are one."""
    by_name: dict[str, list[Entry]] = defaultdict(list)
    for area in view.of_kind("area"):
        if name := area.text("name"):
            by_name[name].append(area)
    for name, areas in sorted(by_name.items()):
        if len(areas) < 2:
            continue
        storages = [view.nearest(area, "storage") for area in areas]
        hosts = sorted({storage.text("host") for storage in storages})
        sizes = sorted({storage.number("size_in_terabytes") or 0 for storage in storages})
        amounts = " and ".join(f"{size:g} TB" for size in sizes)
        yield Finding(
            Code.ONE_NAME_SEVERAL_HOSTS,
            f"{len(areas)} areas are `{name}`, on {len(hosts)} hosts and with {amounts}:"
            f" {', '.join(hosts)}",
            tuple(
                at(area, "name", f"on {storage.text('host')}")
                for area, storage in zip(areas, storages, strict=True)
            ),
            "one name is one area: the first that is not disabled keeps it here",
            name,
        )


def shared_places(view: View, _: Known) -> Iterator[Finding]:
    """Areas that are one and the same place: what they hold is counted once."""
    by_place: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for area in view.of_kind("area"):
        host, path = address(view.nearest(area, "storage"), area)
        if host:
            by_place[host, path].append(area)
    for (host, path), areas in sorted(by_place.items()):
        if len(areas) > 1:
            yield Finding(
                Code.SHARED_PLACE,
                f"{len(areas)} areas are at `{path}` of {host}",
                tuple(at(area, text=called(area)) for area in areas),
                "describe a place once, or let the areas have paths of their own",
                called(areas[0]),
            )


def same_identities(view: View, _: Known) -> Iterator[Finding]:
    """An identity that several entries have, and what is none."""
    by_id: dict[str, list[Entry]] = defaultdict(list)
    for entry in view.entries:
        if entry.id:
            by_id[entry.id.lower()].append(entry)
    for text, entries in by_id.items():
        if len(entries) > 1:
            message = f"{len(entries)} entries have the identity `{text}`"
            remedy = "give each its own; only the first keeps it here"
        elif not is_identity(text):
            message = f"{shown(text)} is no identity, as those of the catalogue are"
            remedy = "let the catalogue give it one; here it gets one by its names"
        else:
            continue
        places = tuple(at(each, "id", called(each)) for each in entries)
        yield Finding(Code.SAME_IDENTITY, message, places, remedy, called(entries[0]))


def same_nodes(view: View, _: Known) -> Iterator[Finding]:
    """Nodes, or sites of a node, of the same name: which of them counts is not said."""
    lists: list[tuple[str, Iterable[Entry]]] = [("nodes", view.nodes)]
    lists += [("sites", node.each("sites")) for node in view.nodes]
    for what, entries in lists:
        by_name: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            by_name[entry.text("name")].append(entry)
        for name, having in by_name.items():
            if name and len(having) > 1:
                yield Finding(
                    Code.NAMES_COLLIDE,
                    f"{len(having)} {what} are called `{name}`",
                    tuple(at(each, "name") for each in having),
                    "give each a name of its own; they are taken for one here",
                    name,
                )


def area_of(view: View, service: Entry) -> Entry | None:
    """The area that a service names: by its identity or, against the rule, by its name."""
    said = service.text("associated_storage_area_id")
    node = view.nearest(service, "node")
    areas = [each for each in node.walk() if each.kind == "area"] if said else []
    return next((a for a in areas if said in (a.id, a.text("name"))), None)


def dangling_areas(view: View, _: Known) -> Iterator[Finding]:
    """Services whose storage area does not exist."""
    for service in view.of_kind("local service", "global service"):
        said = service.text("associated_storage_area_id")
        owner = view.owners.get(said.lower())
        meant = view.by_path[owner] if owner is not None else None
        if not said or (meant is not None and meant.kind == "area"):
            continue
        area = area_of(view, service)
        if meant is not None:
            message = f"{shown(said)} is a {meant.kind}, and no storage area"
            remedy = "name one of its areas"
        elif area is not None:
            message = f"{shown(said)} is the name of an area, and not its identity"
            remedy = f"write `{area.id}`" if area.id else "name the area by its identity"
        else:
            message = f"{shown(said)} is no storage area of the catalogue"
            remedy = "name one of the node's areas, by its identity"
        yield Finding(
            Code.DANGLING_AREA,
            message,
            (at(service, "associated_storage_area_id", f"of `{called(service)}`"),),
            remedy,
            called(service),
        )


def without_storage(view: View, _: Known) -> Iterator[Finding]:
    """Services that read files and name no area."""
    for service in view.of_kind("local service"):
        kind = type_of(service)
        if kind in READS_FILES and not service.text("associated_storage_area_id"):
            yield Finding(
                Code.SERVICE_WITHOUT_STORAGE,
                f"`{kind}` reads files, but `{called(service)}` of"
                f" `{called(view.nearest(service, 'site'))}` names no storage area",
                (at(service),),
                "add `associated_storage_area_id` with the area whose files it reads",
                called(service),
            )


def type_of(service: Entry) -> str:
    """What a service is: by the end of its path, where that is another's than its type says."""
    end = service.text("path").rstrip("/").rpartition("/")[2]
    return USUAL_ENDS.get(end, service.text("type"))


def wrong_types(view: View, _: Known) -> Iterator[Finding]:
    """Services whose path is that of another type."""
    for service in view.of_kind("local service"):
        said, meant = service.text("type"), type_of(service)
        if said and said != meant:
            yield Finding(
                Code.SERVICE_TYPE,
                f"`{called(service)}` is listed as `{said}`, but its path is that of `{meant}`",
                (at(service, "type"), at(service, "path", f"the path of {meant}")),
                f"write `{meant}`, or another path",
                called(service),
            )


def paths_differ(view: View, _: Known) -> Iterator[Finding]:
    """Services that clients find by their path, which is another at every site."""
    for kind, services in _by_type(view):
        by_path: dict[str, list[Entry]] = defaultdict(list)
        for service in services:
            if kind in READS_FILES and (path := service.text("path").rstrip("/")):
                by_path[path].append(service)
        if len(by_path) > 1:
            count = sum(map(len, by_path.values()))
            spellings = sorted(by_path.items(), key=lambda each: (len(each[1]), each[0]))
            yield Finding(
                Code.SERVICE_PATHS_DIFFER,
                f"{count} offers of `{kind}` have {len(by_path)} different paths",
                tuple(at(each[0], "path", f"{len(each)} of {count}") for _, each in spellings),
                "agree on one path, so that clients need no table",
                kind,
            )


def mandatory_differs(view: View, _: Known) -> Iterator[Finding]:
    """Types of services that some sites call mandatory and others do not."""
    for kind, services in _by_type(view):
        said = [each for each in services if isinstance(each.said.get("is_mandatory"), bool)]
        yes = [each for each in said if each.said["is_mandatory"]]
        no = [each for each in said if not each.said["is_mandatory"]]
        if yes and no:
            yield Finding(
                Code.MANDATORY_DIFFERS,
                f"`{kind}` is mandatory at {len(yes)} of {len(said)} places, and not at {len(no)}",
                (at(yes[0], "is_mandatory", "mandatory"), at(no[0], "is_mandatory", "not")),
                "let the federation say once what is mandatory",
                kind,
            )


def versions_differ(view: View, _: Known) -> Iterator[Finding]:
    """Types of services that run in several versions, or mostly do not say in which."""
    for kind, services in _by_type(view):
        by_version: dict[str, list[Entry]] = defaultdict(list)
        for service in services:
            if version := service.text("version"):
                by_version[version].append(service)
        silent = len(services) - sum(map(len, by_version.values()))
        if len(by_version) > 1:
            versions = ", ".join(sorted(by_version))
            yield Finding(
                Code.VERSION_DIFFERS,
                f"`{kind}` runs in {len(by_version)} versions, {versions},"
                f" and {silent} of {len(services)} say none",
                tuple(at(each[0], "version") for _, each in sorted(by_version.items())),
                "run the same everywhere, and write its version",
                kind,
            )


def _by_type(view: View) -> list[tuple[str, list[Entry]]]:
    by_type: dict[str, list[Entry]] = defaultdict(list)
    for service in view.of_kind("local service"):
        by_type[service.text("type")].append(service)
    return sorted((kind, services) for kind, services in by_type.items() if kind)


def system_of(storage: Entry, area: Entry) -> str:
    """The storage software in the words of specs: what host, path and port show comes first."""
    found = _sign(storage, area)
    return found[0] if found else SYSTEMS.get(storage.text("srm"), "posix")


def _sign(storage: Entry, area: Entry) -> tuple[str, str] | None:
    ports = [each.number("port") for each in storage.each("supported_protocols")]
    return signs(*address(storage, area), int(ports[0]) if ports and ports[0] else None)


def wrong_systems(view: View, _: Known) -> Iterator[Finding]:
    """Storage that is declared as other software than its host, path or port shows."""
    for storage in view.of_kind("storage"):
        said = SYSTEMS.get(storage.text("srm"))
        found = [sign for area in storage.each("areas") if (sign := _sign(storage, area))]
        if said is None or not found or found[0][0] == said:
            continue
        system, key = found[0]
        field = {"path": "base_path"}.get(key, key)
        field = "supported_protocols" if key == "port" else field
        lacks = "" if system in SYSTEMS.values() else ", which the catalogue has no word for"
        yield Finding(
            Code.SYSTEM_CONTRADICTED,
            f"`{called(storage)}` is called `{storage.text('srm')}`, but its {key} is that of"
            f" `{system}`{lacks}",
            (at(storage, "srm"), at(storage, field, f"a {key} of {system}")),
            f"it is `system: {system}` here",
            called(storage),
        )


def environments_in_names(view: View, _: Known) -> Iterator[Finding]:
    """Sites whose name says an environment: a site is a place."""
    for site in view.of_kind("site"):
        name = site.text("name")
        environment = environment_in(name)
        if environment is not None:
            yield Finding(
                Code.ENVIRONMENT_IN_NAME,
                f"`{name}` names an environment; a site is a place",
                (at(site, "name"),),
                f"call it `{without_environment(name)}`; here its parts get"
                f" `environment: {environment}`",
                name,
            )


def names_with_blanks(view: View, _: Known) -> Iterator[Finding]:
    """Names of sites that cannot be the names of anything in a system."""
    for site in view.of_kind("site"):
        name = site.text("name")
        if name and set(name) - _LETTERS:
            yield Finding(
                Code.NAME_RULE,
                f"{shown(name)} is no name for a system: it holds more than letters, digits,"
                " `-` and `_`",
                (at(site, "name"),),
                "it gets a name by the federation's rule here, or the one that `--name` says",
                name,
            )


_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def strangers(view: View, known: Known) -> Iterator[Finding]:
    """Nodes that are no member of the federation."""
    for node in view.nodes:
        name = node.text("name")
        if name and known.members and known.member(name) not in known.members:
            yield Finding(
                Code.UNKNOWN_NAME,
                f"`{name}` is no member of the federation",
                (at(node, "name"),),
                "add it to `members`, or to `aliases` of the one that it is",
                name,
            )


def identities_gone(view: View, known: Known) -> Iterator[Finding]:
    """Identities that specs state and the catalogue does not have any more."""
    there = Counter(entry.id for entry in view.entries)
    for stated in known.ids:
        if not there[stated.id]:
            yield Finding(
                Code.IDENTITY_GONE,
                f"the catalogue has no `{stated.id}`, which is that of {stated.what} here",
                (),
                "take `catalogueId` out, or find out who took the entry out of the catalogue",
                stated.id,
                labels=(stated.label,),
            )
