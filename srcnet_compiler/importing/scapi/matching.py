"""Which of the specs that are there a draft is about, thing by thing: what people have renamed or
moved to another site is known again by its identity, its name in the system, or its address."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from srcnet_compiler.diagnostic import Label
from srcnet_compiler.importing.merging import Rules
from srcnet_compiler.importing.scapi.finding import Stated
from srcnet_compiler.importing.scapi.sites import Draft, file_of, head_of, tree_of
from srcnet_compiler.importing.writing import Existing, SpecPlace, Wanted
from srcnet_compiler.importing.written import Noted, Tree, bare
from srcnet_compiler.quantity import parse_bytes
from srcnet_compiler.scapi_nodes import Path, path_text

_LISTS = ("storage", "compute", "services")
_ORDER = {
    "spec": (
        *("src", "status", "source", "country", "description", "alsoKnownAs", "catalogueId"),
        *("catalogue", "location", "contacts", "network", "storage", "scratch", "compute"),
        *("services", "pipelines"),
    ),
    "storage": (
        *("name", "status", "source", "nameToday", "alsoKnownAs", "environment", "enabled"),
        *("tier", "role", "system", "layout", "capacity", "pledged", "within", "throughput"),
        *("posixMount", "endpoints", "transfers", "catalogueId", "catalogue"),
    ),
    "compute": (
        *("name", "status", "source", "environment", "enabled", "hardware", "capabilities"),
        *("description", "catalogueId", "catalogue", "slurm", "kubernetes"),
    ),
}


def _agree(key: str, here: object, there: object) -> bool:
    """Whether two values mean the same."""
    if here == there or key in ("status", "source"):
        return True
    if isinstance(here, int | float) and isinstance(there, int | float):
        return abs(here - there) < 0.001
    if key == "capacity" and isinstance(here, str) and isinstance(there, str):
        try:
            return parse_bytes(here) == parse_bytes(there)
        except ValueError:
            return False
    if key == "endpoints" and isinstance(here, list) and isinstance(there, list):
        return all(any(_within(each, other) for other in here) for each in there)
    return False


def _within(there: object, here: object) -> bool:
    return (
        isinstance(there, dict)
        and isinstance(here, dict)
        and all(here.get(key) == value for key, value in there.items())
    )


RULES = Rules(
    same={
        "storage": (("name",),),
        "compute": (("name",),),
        "services": (
            ("catalogueId",),
            ("service", "at", "host", "path"),
            ("service", "host", "path"),
            ("service", "host"),
        ),
        "contacts": (("email",),),
        "sites": (("id",),),
    },
    order=_ORDER,
    agree=_agree,
    whole=frozenset({"endpoints"}),
)


@dataclass(slots=True)
class _Site:
    """A site that is there, or is to be."""

    name: str
    place: SpecPlace | None
    spec: Mapping[str, Any]
    wanted: dict[str, Tree] = field(default_factory=dict)


class Matched(NamedTuple):
    """What is to be written of drafts, and what their entries are called here, by their paths."""

    wanted: tuple[Wanted, ...]
    names: Mapping[str, str]
    fresh: frozenset[str]
    """The names of sites that are not there yet."""


def matched(made: Iterable[Draft], there: Existing, source: str) -> Matched:
    """Each thing of the drafts where it belongs."""
    matching = _Matching(there)
    wanted = matching.wanted(list(made), source)
    return Matched(tuple(wanted), matching.names, frozenset(matching.fresh))


def is_there(draft: Draft, there: Existing) -> bool:
    """Whether some site that is there is the draft's."""
    plain: Any = bare(draft.spec)
    return _Matching(there).site_of(draft, plain) is not None


class _Matching:
    def __init__(self, there: Existing) -> None:
        self.names: dict[str, str] = {}
        self.fresh: dict[str, Draft] = {}
        self._sites: dict[str, _Site] = {}
        self._by_id: dict[str, _Site] = {}
        self._taken: set[tuple[str, str]] = set()
        self._by_today: dict[str, tuple[_Site, str]] = {}
        self._by_address: dict[tuple[object, ...], list[tuple[_Site, str]]] = {}
        self._by_other_name: dict[tuple[str, str], _Site] = {}
        self._named: dict[str, tuple[_Site, str]] = {}
        for place, document in there.of_kind("Site"):
            data: Any = document.data
            spec, name = data.get("spec"), (data.get("metadata") or {}).get("name")
            if isinstance(spec, dict) and isinstance(name, str):
                self._add(_Site(name, place, spec))

    def _add(self, site: _Site) -> None:
        self._sites[site.name] = site
        spec = site.spec
        for found in (spec, *_maps((spec.get("catalogue") or {}).get("sites"))):
            for key in ("catalogueId", "id"):
                if isinstance(found.get(key), str):
                    self._by_id.setdefault(found[key], site)
        for name in spec.get("alsoKnownAs") or ():
            self._by_other_name.setdefault((str(spec.get("src")), str(name)), site)
        for key in _LISTS:
            for each in _maps(spec.get(key)):
                name = str(each.get("name", ""))
                if isinstance(each.get("catalogueId"), str):
                    self._by_id.setdefault(each["catalogueId"], site)
                    self._named[each["catalogueId"]] = site, name
                    self._taken.add((key, name))
                if key == "storage":
                    today = str(each.get("nameToday") or name)
                    self._by_today.setdefault(today, (site, name))
                    for address in _addresses(each):
                        self._by_address.setdefault(address, []).append((site, name))

    def wanted(self, made: list[Draft], source: str) -> list[Wanted]:
        """One for each file."""
        for draft in made:
            plain: Any = bare(draft.spec)
            site = self.site_of(draft, plain)
            if site is None:
                site = self._sites[draft.name] = _Site(draft.name, None, {})
                self.fresh[draft.name] = draft
            self._spread(site, draft, plain)
        result = []
        for site in self._sites.values():
            if site.name in self.fresh:
                tree = {**tree_of(self.fresh[site.name]), "spec": site.wanted}
                result.append(Wanted(file_of(site.name), tree, head_of(source)))
            elif site.wanted and site.place is not None:
                result.append(Wanted(site.place.file, {"spec": site.wanted}, into=site.place))
        return result

    def site_of(self, draft: Draft, plain: Mapping[str, Any]) -> _Site | None:
        """The site that is there, or was made of another draft."""
        others = _maps(plain.get("catalogue", {}).get("sites"))
        for text in (plain.get("catalogueId"), *(each.get("id") for each in others)):
            if text in self._by_id:
                return self._by_id[text]
        if draft.name in self._sites:
            return self._sites[draft.name]
        names = [(plain["src"], each) for each in plain.get("alsoKnownAs", ())]
        return next((self._by_other_name[e] for e in names if e in self._by_other_name), None)

    def _spread(self, home: _Site, draft: Draft, plain: Mapping[str, Any]) -> None:
        """Each thing to the site that has it, by the name that it has there."""
        names: dict[str, tuple[_Site, str]] = {}
        for key in ("storage", "compute"):
            for one in plain.get(key, ()):
                known = self._known(key, home, one, plain.get("services", ()))
                names[one["name"]] = known or (home, one["name"])
        self.names |= {path_text(entry.path): home.name for entry in draft.entries}
        self.names |= {path: names[name][1] for path, name in draft.names.items()}
        for key, value in draft.spec.items():
            if key not in _LISTS:
                home.wanted.setdefault(key, value)
        for key in _LISTS:
            for value in _list(draft.spec.get(key)):
                each: Any = bare(value)
                if key == "services":
                    site = self._by_id.get(
                        each.get("catalogueId"), names.get(each["at"], (home,))[0]
                    )
                else:
                    site = names[each["name"]][0]
                renamed = _renamed(key, value, names, site)
                kept = site.wanted.setdefault(key, [])
                assert isinstance(kept, list)
                kept.append(renamed)

    def _known(
        self, key: str, home: _Site, each: Mapping[str, Any], services: Sequence[Mapping[str, Any]]
    ) -> tuple[_Site, str] | None:
        """Which thing that is there this is, if no other one is it already."""
        if (found := self._named.get(each.get("catalogueId", ""))) is not None:
            return found
        those = (
            _alike_compute(home, each, services) if key == "compute" else self._alike_areas(each)
        )
        free = next((one for one in those if (key, one[1]) not in self._taken), None)
        if free is not None:
            self._taken.add((key, free[1]))
        return free

    def _alike_areas(self, each: Mapping[str, Any]) -> Iterator[tuple[_Site, str]]:
        today = str(each.get("nameToday") or each["name"])
        if today in self._by_today and "status" not in each:
            yield self._by_today[today]
        for address in _addresses(each):
            yield from self._by_address.get(address, ())


def _alike_compute(
    home: _Site, each: Mapping[str, Any], services: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[_Site, str]]:
    """Compute of the same name, of the same description, or that the same services run on."""
    there = [*_maps(home.spec.get("compute"))]
    for key in ("name", "description"):
        yield from (
            (home, str(one["name"]))
            for one in there
            if each.get(key) and one.get(key) == each[key] and "name" in one
        )
    addresses = {_address_of(one) for one in services if one.get("at") == each["name"]}
    for one in _maps(home.spec.get("services")):
        if "host" in one and "at" in one and _address_of(one) in addresses:
            yield home, str(one["at"])


def _address_of(service: Mapping[str, Any]) -> tuple[object, ...]:
    return tuple(service.get(key) for key in ("service", "host", "path"))


def _renamed(key: str, value: Tree, names: Mapping[str, tuple[_Site, str]], site: _Site) -> Tree:
    """A thing under the names that people gave; what stands in another site cannot be named."""
    if isinstance(value, Noted):
        inner = _renamed(key, value.value, names, site)
        return Noted(inner, value.note)
    assert isinstance(value, Mapping)
    tree = dict(value)
    references = ("at", "storage") if key == "services" else ("name", "within")
    for reference in references:
        said = tree.get(reference)
        plain = bare(said) if said is not None else None
        if not isinstance(plain, str) or plain not in names:
            continue
        where, name = names[plain]
        if where is not site:
            del tree[reference]
        elif name != plain:
            tree[reference] = name
            if reference == "name" and tree.get("nameToday") == name:
                del tree["nameToday"]
    return tree


def _maps(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict))


def _list(value: Tree) -> list[Tree]:
    return list(value) if isinstance(value, list | tuple) else []


def _addresses(area: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    for each in _maps(area.get("endpoints")):
        yield tuple(each.get(key) for key in ("host", "port", "path"))


def stated(there: Existing, members: Collection[str]) -> Iterator[Stated]:
    """The identities that the specs of these members state."""
    for _, document in there.of_kind("Site"):
        data: Any = document.data
        spec = data.get("spec")
        if not isinstance(spec, dict) or spec.get("src") not in members:
            continue
        things: list[tuple[Path, dict[str, Any], str]] = [(("spec",), spec, "the site")]
        for key in _LISTS:
            for index, each in enumerate(spec.get(key) or ()):
                if isinstance(each, dict):
                    name = each.get("name") or each.get("service")
                    things.append((("spec", key, index), each, f"`{name}`"))
        for path, each, what in things:
            if isinstance(text := each.get("catalogueId"), str):
                span = document.source_map.span((*path, "catalogueId"))
                yield Stated(text, what, Label(span, "stated here"))
