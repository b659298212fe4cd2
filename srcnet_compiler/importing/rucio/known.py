"""What the specs know already: areas by the names of systems, sites by all of their names."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.names import AreaName
from srcnet_compiler.schema.common import Document
from srcnet_compiler.schema.site import Site
from srcnet_compiler.schema.validate import Located

SITE = re.compile(r"[A-Z0-9]+-[A-Z0-9]{1,10}")
_PART = r"[A-Z0-9]{1,10}"


@dataclass(frozen=True, slots=True)
class Known:
    """`areas` by the name of today, `also` by other names of an area, as they are written; `sites`
    by every name, `normal`; `files` of the sites that have one of their own."""

    federation: Federation
    areas: Mapping[str, StorageArea]
    also: Mapping[str, tuple[StorageArea, ...]]
    sites: Mapping[str, frozenset[str]]
    files: Mapping[str, str]

    def named(self, text: str) -> tuple[str, ...]:
        """The sites that a text may mean."""
        return tuple(sorted(self.sites.get(normal(text), ())))

    def member_in(self, name: str) -> str | None:
        """The member whose name, or another name of it, an RSE's name begins with."""
        first = re.split(r"[-_]", name, maxsplit=1)[0]
        return self.members.get(first)

    @property
    def members(self) -> Mapping[str, str]:
        """Members by each of their names."""
        own = {str(member): str(member) for member in self.federation.members}
        return {**{str(k): str(v) for k, v in self.federation.aliases.items()}, **own}

    def parts(self, name: str) -> tuple[str, str] | None:
        """Site and class in a name that follows the federation's rule; None for any other."""
        rule = re.escape(self.federation.naming.area)
        for part, expression in (
            ("{src}", f"(?P<src>{'|'.join(map(re.escape, self.federation.members))})"),
            ("{site}", f"(?P<site>{_PART})"),
            ("{class}", f"(?P<class>{'|'.join(map(re.escape, self.federation.classes))})"),
            ("[-{label}]", f"(?:-{_PART})?"),
        ):
            rule = rule.replace(re.escape(part), expression)
        found = re.fullmatch(rule, name)
        if found is None:
            return None
        return f"{found['src']}-{found['site']}", found["class"]


def normal(text: str) -> str:
    """Capital letters and digits alone, without accents: what people mean by the same name."""
    plain = unicodedata.normalize("NFKD", text).upper()
    return "".join(sign for sign in plain if sign.isalnum())


def known_of(federation: Federation, specs: Iterable[Located[Document]]) -> Known:
    """From the federation, and the documents that have what it does not keep."""
    names: dict[str, set[str]] = {}
    also: dict[str, list[StorageArea]] = {}
    files: dict[str, str] = {}
    for located in specs:
        document = located.document
        if not isinstance(document, Site):
            continue
        site = document.metadata.name
        files[site] = located.origin.source_map.span(()).file
        for name in (site, *document.spec.alsoKnownAs):
            names.setdefault(normal(name), set()).add(site)
        for area in document.spec.storage:
            for name in area.alsoKnownAs:
                also.setdefault(name, []).append(federation.areas[AreaName(area.name)])
    return Known(
        federation,
        {area.name_today: area for area in federation.areas.values()},
        {name: tuple(areas) for name, areas in also.items()},
        {name: frozenset(sites) for name, sites in names.items()},
        files,
    )
