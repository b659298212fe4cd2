"""Do names follow the federation's rule? Names of today may be old; new ones may not."""

import re
from collections.abc import Iterator
from itertools import chain

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error, warning
from srcnet_compiler.federation.model import Federation, StorageArea

_ENVIRONMENTS = {
    *("prod", "production", "preprod", "preproduction", "staging", "stage"),
    *("dev", "development", "test"),
}
_RESERVED = {
    "true": "systems read this back as yes, and not as a name",
    "false": "systems read this back as no, and not as a name",
    "other-names": "this means the data sets whose names tell nothing of where they belong",
}
"""What a region, a tier or a site cannot be called, in small letters, and why."""
_PART = r"[A-Z0-9]{1,10}"


def area_pattern(federation: Federation) -> re.Pattern[str]:
    """The rule for areas' names with this federation's members and classes."""
    parts = {
        "{src}": f"(?:{'|'.join(map(re.escape, federation.members))})",
        "{site}": _PART,
        "{class}": f"(?:{'|'.join(map(re.escape, federation.classes))})",
        "[-{label}]": f"(?:-{_PART})?",
    }
    pattern = federation.naming.area
    for part, expression in parts.items():
        pattern = pattern.replace(part, expression)
    return re.compile(pattern)


def check_names(federation: Federation) -> Iterator[Diagnostic]:
    """New names against the rule, names of today that are old, environments inside names."""
    rule = area_pattern(federation)
    for area in federation.areas.values():
        if not rule.fullmatch(area.name):
            yield _against_rule(federation, area)
        elif not area.name.startswith((f"{area.site}-", f"{area.site_known_as}-")):
            yield error(
                Code.NAME_RULE,
                f"`{area.name}` does not begin with the name of its site, `{area.site}`",
                Label(area.origin.at("name")),
                help=f"rename it, such as `{area.site}-{area.name.split('-', 2)[-1]}`",
                subject=area.name,
            )
    yield from _legacy(federation, rule)
    yield from _reserved(federation)
    for site in federation.sites.values():
        words = [word for word in re.split(r"[-_ ]", site.name) if word.lower() in _ENVIRONMENTS]
        if words:
            yield error(
                Code.ENVIRONMENT_IN_NAME,
                f"`{site.name}` names an environment; a site is a place",
                Label(site.origin.source_map.span(("metadata", "name"))),
                help="describe the place once, and give its areas and services an `environment`",
                subject=site.name,
            )


def _against_rule(federation: Federation, area: StorageArea) -> Diagnostic:
    report = error if federation.naming.new == "error" else warning
    return report(
        Code.NAME_RULE,
        f"`{area.name}` does not follow the rule `{federation.naming.area}`",
        Label(area.origin.at("name")),
        Label(federation.naming.origin.at("area"), "the rule"),
        help=f"name it such as `{area.site}-T1`; the name it has today goes into `nameToday`",
        subject=area.name,
    )


def _legacy(federation: Federation, rule: re.Pattern[str]) -> Iterator[Diagnostic]:
    if federation.naming.existing == "ignore":
        return
    old = [area for area in federation.areas.values() if not rule.fullmatch(area.name_today)]
    old = [
        area for area in old if area.name not in federation.moved and area.name_today != area.name
    ]
    if not old:
        return
    report = error if federation.naming.existing == "error" else warning
    names = ", ".join(f"`{area.name_today}`" for area in old[:3])
    more = f" and {len(old) - 3} more" if len(old) > 3 else ""
    yield report(
        Code.LEGACY_NAME,
        f"{len(old)} of {len(federation.areas)} areas have names of before the rule: {names}{more}",
        *(Label(area.origin.at("nameToday"), f"`{area.name}` by the rule") for area in old[:3]),
        help="rename each by a `Moved` document when its users are ready",
        subject=federation.name,
    )


def _reserved(federation: Federation) -> Iterator[Diagnostic]:
    regions = (("region", r, federation.origin.key("regions", r)) for r in federation.regions)
    tiers = (("tier", t, federation.origin.key("tiers", t)) for t in federation.tiers)
    sites = (
        ("site", site.name, site.origin.source_map.span(("metadata", "name")))
        for site in federation.sites.values()
    )
    for what, name, place in chain(regions, tiers, sites):
        if name.lower() in _RESERVED:
            yield error(
                Code.RESERVED_NAME,
                f"a {what} cannot be called `{name}`: {_RESERVED[name.lower()]}",
                Label(place),
                help="give it another name",
                subject=name,
            )
