"""What others say of a whole site, in the spec of the site that it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from srcnet_compiler.importing.drafting.homes import Answers, Ask, homes
from srcnet_compiler.importing.drafting.known import Known, KnownSite, texts
from srcnet_compiler.importing.naming import free_name
from srcnet_compiler.importing.writing import Wanted
from srcnet_compiler.importing.written import Tree


@dataclass(frozen=True, slots=True)
class SiteDraft:
    """A site under its name there, and the compute that it offers as a draft. `mark` is what tells
    that compute from others: a text in its description."""

    called: str
    compute: Mapping[str, Tree]
    mark: str


def sited(drafts: Iterable[SiteDraft], known: Known, answers: Answers, ask: Ask) -> list[Wanted]:
    """What is to be added to their specs. Raises NotSaidError."""
    found = list(drafts)
    said = homes((each.called for each in found), known, answers, ask)
    return [
        _wanted(draft, known.sites[home])
        for draft in found
        if (home := said[draft.called]) is not None
    ]


def _wanted(draft: SiteDraft, site: KnownSite) -> Wanted:
    spec: dict[str, Tree] = {}
    if draft.called not in (site.name, *texts(site.spec.get("alsoKnownAs"))):
        spec["alsoKnownAs"] = [draft.called]
    names = {str(each.get("name")) for each in site.things("compute")}
    marks = (str(each.get("description")) for each in site.things("compute"))
    if not any(draft.mark in text for text in marks):
        name = str(draft.compute["name"])
        spec["compute"] = [{**draft.compute, "name": free_name(name, names)}]
    return Wanted(site.place.file, {"spec": spec}, into=site.place)
