"""A file of EGI's: which of the two kinds it is, and what it says."""

from collections import Counter
from collections.abc import Iterator, Mapping

from srcnet_compiler.diagnostic import Diagnostic, Outcome
from srcnet_compiler.importing.drafting.papers import Paper, not_read, read_yaml_papers
from srcnet_compiler.importing.drafting.said import LIST, MAPPING, TEXT, Field, Said, defects
from srcnet_compiler.importing.drafting.sites import SiteDraft
from srcnet_compiler.importing.drafting.sketch import Sketch
from srcnet_compiler.importing.egi.downtimes import read_downtimes
from srcnet_compiler.importing.finding import Finding, diagnostics
from srcnet_compiler.importing.words import URL

_SITE = {
    "gocdb": Field(str, required=True),
    "endpoint": Field(str, required=True),
    "vos": LIST,
    "images": MAPPING,
    "accounting": MAPPING,
    "auth_type": TEXT,
    "protocol": TEXT,
    "region": TEXT,
}
_UNSAID = ("vos", "images", "accounting", "auth_type", "protocol", "region")


def read(contents: Mapping[str, bytes]) -> Outcome[Sketch]:
    """What one text says: downtimes where it is XML, else a site; None where it cannot be read."""
    ((file, content),) = contents.items()
    if content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
        return read_downtimes(file, content)
    outcome = read_yaml_papers(file, content)
    if outcome.value is None:
        return Outcome(None, outcome.diagnostics)
    for paper in outcome.value:
        if not isinstance(paper.data, dict) or "gocdb" not in paper.data:
            words = "this is no site of EGI's cloud: it has no `gocdb`"
            return Outcome(None, (not_read(words, paper.spans([()])[()]),))
    left: Counter[str] = Counter()
    told: list[Diagnostic] = []
    sites: list[SiteDraft] = []
    for paper in outcome.value:
        found: list[Finding] = []
        sites += _site(paper, found, left)
        told += diagnostics(paper, found)
    return Outcome(Sketch(outcome.value, sites=tuple(sites), diagnostics=tuple(told), left=left))


def _site(paper: Paper, found: list[Finding], left: Counter[str]) -> Iterator[SiteDraft]:
    data = paper.data
    called = data.get("gocdb")
    said = Said(paper, "site", called if isinstance(called, str) else "site", (), data, _SITE)
    found += defects(said)
    left.update(f"`{key}`" for key in _UNSAID if data.get(key))
    name, endpoint = said.text("gocdb"), said.text("endpoint")
    if endpoint and not URL.fullmatch(endpoint):
        words = "`endpoint` is no address such as `https://keystone.example.org:5000/v3`"
        found.append(said.wrong("endpoint", words))
        endpoint = ""
    if name and endpoint:
        yield SiteDraft(
            name,
            {
                "name": "fedcloud",
                "status": "draft",
                "source": f"{name} in EGI's federated cloud",
                "hardware": "vm",
                "description": f"OpenStack of EGI's federated cloud, {endpoint}",
            },
            endpoint,
        )
