"""Storage areas that others describe, as drafts in the specs of the sites where they are.

Which site, which tier and which environment nobody guesses: a site is one that people have said,
on the command line or as `alsoKnownAs`; what is proposed for the others is asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.importing.drafting.addresses import host_of
from srcnet_compiler.importing.drafting.homes import Answers, Ask, homes
from srcnet_compiler.importing.drafting.known import Known, KnownSite, Thing, texts
from srcnet_compiler.importing.drafting.said import Said
from srcnet_compiler.importing.finding import Finding, diagnostics
from srcnet_compiler.importing.naming import area_name
from srcnet_compiler.importing.words import ENVIRONMENTS, NAME, Environment, environment_in
from srcnet_compiler.importing.writing import Wanted
from srcnet_compiler.importing.written import Noted, Tree
from srcnet_compiler.source.trouble import shown

_UNKNOWN_TIER = "online"


@dataclass(frozen=True, slots=True)
class Area:
    """An area as it is described elsewhere; what is None or empty is not said there."""

    said: Said
    called: str
    site: str
    """What its site is called there."""
    source: str
    tier: str | None = None
    role: str = "data"
    enabled: bool = True
    fts: str | None = None
    endpoints: tuple[Tree, ...] = ()
    hosts: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ("capacity", "system")
    """What a person has to fill in."""


def placed(
    areas: Iterable[Area], known: Known, answers: Answers, ask: Ask
) -> tuple[list[Wanted], list[Diagnostic]]:
    """The areas in the specs of their sites, and those that are left out. What is drafted is known
    from then on. Raises NotSaidError."""
    found = [each for each in areas if not _is_host_of_another(each, known)]
    unsaid = [each.site for each in found if _named(each, known) is None]
    said = homes(unsaid, known, answers, ask)
    sites = [_named(each, known) or said[each.site] for each in found]
    here = [(area, known.sites[home]) for area, home in zip(found, sites, strict=True) if home]
    left = [
        diagnostic
        for area, home in zip(found, sites, strict=True)
        if home is None
        for diagnostic in diagnostics(area.said.paper, [_elsewhere(area)])
    ]
    there = _described(here)
    trees: dict[str, list[Tree]] = {}
    others: dict[str, list[str]] = {}
    for number, (area, site) in enumerate(here):
        if number in there:
            tree: Tree | Finding = _told(area, there[number])
        else:
            tree = _fresh(area, site, known, answers, ask)
        if isinstance(tree, Finding):
            left += diagnostics(area.said.paper, [tree])
            continue
        trees.setdefault(site.name, []).append(tree)
        if area.site not in (*others.get(site.name, ()), "", site.name):
            others.setdefault(site.name, []).append(area.site)
    wanted = []
    for home, storage in trees.items():
        spec: dict[str, Tree] = {"alsoKnownAs": others[home]} if home in others else {}
        place = known.sites[home].place
        wanted.append(Wanted(place.file, {"spec": {**spec, "storage": storage}}, into=place))
    return wanted, left


# ── the area ──────────────────────────────────────────────────────────────────────────────────────


def _is_host_of_another(area: Area, known: Known) -> bool:
    """Whether it says no more than a host, where a spec has areas already."""
    return not area.endpoints and any(host_of(host) in known.areas for host in area.hosts)


def _named(area: Area, known: Known) -> str | None:
    """The site of the area that has its name, where no site is said there."""
    things = known.areas.get(area.called, ())
    return things[0].site if len(things) == 1 and not area.site else None


def _elsewhere(area: Area) -> Finding:
    return area.said.left_out(
        None,
        f"{shown(area.called)} is at {shown(area.site)}, which no spec knows and no `--site` names",
        f"it is left out; say `--site {area.site}=SITE` to import it",
    )


def _described(areas: Sequence[tuple[Area, KnownSite]]) -> dict[int, Mapping[str, Any]]:
    """Those that are there, by their number: by one of their names, or else by all addresses."""
    found: dict[int, Mapping[str, Any]] = {}
    used: set[tuple[str, object]] = set()
    for alike in (_is_called, _has_addresses):
        for number, (area, site) in enumerate(areas):
            if number in found:
                continue
            for each in site.things("storage"):
                key = site.name, each.get("name")
                if key not in used and alike(area, each):
                    found[number] = each
                    used.add(key)
                    break
    return found


def _is_called(area: Area, there: Mapping[str, Any]) -> bool:
    names = (there.get("name"), there.get("nameToday"), *texts(there.get("alsoKnownAs")))
    return area.called in names


def _has_addresses(area: Area, there: Mapping[str, Any]) -> bool:
    listed = there.get("endpoints")
    addresses = [_address(e) for e in listed if isinstance(e, dict)] if listed else []
    return bool(area.endpoints) and all(_address(e) in addresses for e in area.endpoints)


def _address(endpoint: Tree) -> tuple[object, ...]:
    said = endpoint.value if isinstance(endpoint, Noted) else endpoint
    assert isinstance(said, Mapping)
    return tuple(said.get(key) for key in ("host", "port", "path"))


def _told(area: Area, there: Mapping[str, Any]) -> Tree:
    """Of an area that is there, what is said elsewhere and nothing that was proposed."""
    facts: dict[str, Tree] = {
        "tier": area.tier,
        "role": None if area.role == "data" else area.role,
        "enabled": None if area.enabled else False,
        "endpoints": area.endpoints or None,
        "transfers": None if area.fts is None else {"fts": area.fts},
    }
    return {"name": str(there["name"]), **_without_none(facts)}


def _fresh(
    area: Area, site: KnownSite, known: Known, answers: Answers, ask: Ask
) -> "Tree | Finding":
    tier = area.tier or answers.tier or ask(f"Which tier is {shown(area.called)}?", *_TIER)
    environment = _environment(area, answers, ask)
    name = answers.names.get(area.called)
    if name is None:
        storage_class = answers.classes.get((tier, area.role))
        if storage_class is None:
            return _nameless(area, tier)
        name = _asked_name(area, site, (storage_class, environment), known, ask)
    known.add_area(Thing(site.name, name), area.called, *area.hosts)
    told = area.tier is not None or answers.tier is not None
    facts: dict[str, Tree] = {
        "name": Noted(name, f"to be filled in: {', '.join(area.unsaid)}") if area.unsaid else name,
        "status": "draft",
        "source": area.source,
        "alsoKnownAs": None if area.called == name else [area.called],
        "environment": None if environment == ENVIRONMENTS[0] else environment,
        "enabled": None if area.enabled else False,
        "tier": tier if told else Noted(tier, "not said there"),
        "role": None if area.role == "data" else area.role,
        "endpoints": area.endpoints or None,
        "transfers": None if area.fts is None else {"fts": area.fts},
    }
    return _without_none(facts)


def _no_tier(answer: str) -> str:
    return "" if NAME.fullmatch(answer) else "a tier has letters, digits and `-` alone"


_TIER = (_UNKNOWN_TIER, _no_tier)


def _environment(area: Area, answers: Answers, ask: Ask) -> Environment:
    """As it was said, else as its names say, else as a person says."""
    told = answers.environment or environment_in(area.called, *area.hosts)
    if told is not None:
        return told
    question = f"Which environment is {shown(area.called)} for ({', '.join(ENVIRONMENTS)})?"
    said = ask(question, ENVIRONMENTS[0], _no_environment)
    return next(each for each in ENVIRONMENTS if each == said)


def _no_environment(answer: str) -> str:
    return "" if answer in ENVIRONMENTS else f"there are {', '.join(ENVIRONMENTS)}"


def _nameless(area: Area, tier: str) -> Finding:
    role = "" if area.role == "data" else f" and of role {shown(area.role)}"
    return area.said.left_out(
        None,
        f"no class of storage is for tier {shown(tier)}{role}, so that {shown(area.called)} has no"
        " name by the rule",
        f"it is left out; say its name: `--name {area.called}=AREA`",
    )


def _asked_name(
    area: Area, site: KnownSite, kind: tuple[str, Environment], known: Known, ask: Ask
) -> str:
    """What a person calls it; what is proposed follows the rule."""

    def wrong(answer: str) -> str:
        if answer in known.taken:
            return f"{shown(answer)} is another area"
        return "" if NAME.fullmatch(answer) else "a name has letters, digits and `-` alone"

    storage_class, environment = kind
    hints = (area.called, *(host.partition(".")[0] for host in area.hosts))
    proposed = area_name(site.name, area.called, storage_class, environment, hints, known.taken)
    return ask(f"What is {shown(area.called)} called here?", proposed, wrong)


def _without_none(facts: Mapping[str, Tree]) -> dict[str, Tree]:
    return {key: value for key, value in facts.items() if value is not None}
