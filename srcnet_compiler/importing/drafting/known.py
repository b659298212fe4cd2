"""What the specs that are there know: sites, areas and services by their names and hosts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from srcnet_compiler.importing.drafting.addresses import host_of
from srcnet_compiler.importing.words import NAME
from srcnet_compiler.importing.writing import Existing, SpecPlace


@dataclass(frozen=True, slots=True)
class KnownSite:
    """A site, and the document that describes it."""

    name: str
    place: SpecPlace
    spec: Mapping[str, Any]

    def things(self, key: str) -> Iterator[Mapping[str, Any]]:
        """What it lists under `storage`, `services` or `compute`."""
        listed = self.spec.get(key)
        yield from (e for e in (listed if isinstance(listed, list) else ()) if isinstance(e, dict))


@dataclass(frozen=True, slots=True)
class Thing:
    """An area or a service of a site; `name` is what a `Downtime` is `of`, empty where it would
    be of another one as well."""

    site: str
    name: str


@dataclass(slots=True)
class Known:
    """Things by what others may call them: all exact, and none guessed."""

    sites: dict[str, KnownSite] = field(default_factory=dict)
    also: dict[str, set[str]] = field(default_factory=dict)
    """Sites by their other names."""
    areas: dict[str, list[Thing]] = field(default_factory=dict)
    """Areas by their hosts, and by their other names."""
    services: dict[str, list[Thing]] = field(default_factory=dict)
    """Services by their hosts."""
    taken: set[str] = field(default_factory=set)
    """The names of all areas."""

    def site(self, theirs: str) -> str | None:
        """The site that is called so: by its name, or by the only one that is also known so."""
        if theirs in self.sites:
            return theirs
        names = self.also.get(theirs, ())
        return next(iter(names)) if len(names) == 1 else None

    def add_area(self, thing: Thing, *keys: str) -> None:
        """An area, by a host or another name of it."""
        self.taken.add(thing.name)
        for key in dict.fromkeys(keys):
            there = self.areas.setdefault(key, [])
            if thing not in there:
                there.append(thing)


def known_in(there: Existing) -> Known:
    """Everything that these specs describe."""
    known = Known()
    for place, document in there.of_kind("Site"):
        data: Any = document.data
        spec, named = data.get("spec"), data.get("metadata")
        name = named.get("name") if isinstance(named, dict) else None
        if not isinstance(spec, dict) or not isinstance(name, str):
            continue
        site = known.sites[name] = KnownSite(name, place, spec)
        for other in texts(spec.get("alsoKnownAs")):
            known.also.setdefault(other, set()).add(name)
        for area in site.things("storage"):
            known.add_area(Thing(name, str(area.get("name"))), *_keys(area))
        for service in site.things("services"):
            if isinstance(host := service.get("host"), str):
                thing = Thing(name, _service(site, service))
                known.services.setdefault(host_of(host), []).append(thing)
    return known


def _service(site: KnownSite, service: Mapping[str, Any]) -> str:
    """A service by its name, or by what it is, where that is one of its site alone."""
    kinds = [(each.get("name"), each.get("service")) for each in site.things("services")]
    for text in (service.get("name"), service.get("service")):
        alone = sum(text in each for each in kinds) == 1
        if alone and isinstance(text, str) and NAME.fullmatch(text):
            return f"{site.name}/{text}"
    return ""


def _keys(area: Mapping[str, Any]) -> Iterator[str]:
    listed = area.get("endpoints")
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and isinstance(host := each.get("host"), str):
            yield host_of(host)
    yield from texts(area.get("alsoKnownAs"))
    if isinstance(today := area.get("nameToday"), str):
        yield today


def texts(value: object) -> Iterator[str]:
    """The texts in a list."""
    yield from (e for e in (value if isinstance(value, list) else ()) if isinstance(e, str))
