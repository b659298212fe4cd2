"""What is to be written: a spec for each site that is new, additions to others, draft policies."""

from collections.abc import Collection, Iterator
from datetime import date
from typing import Any

from srcnet_compiler.importing.merging import Rules
from srcnet_compiler.importing.rucio.patterns import PolicyDraft
from srcnet_compiler.importing.rucio.sketch import SiteDraft, Sketch
from srcnet_compiler.importing.writing import Existing, Wanted
from srcnet_compiler.quantity import parse_bytes
from srcnet_compiler.schema.common import API_VERSION


def _agree(key: str, here: object, there: object) -> bool:
    """Whether two texts say the same: `1 PB` is `1000 TB`."""
    if key in ("capacity", "pledged"):
        try:
            return parse_bytes(str(here)) == parse_bytes(str(there))
        except ValueError:
            return False
    return here == there


RULES = Rules(
    same={
        "storage": [("name",)],
        "endpoints": [("protocol", "host", "port"), ("host", "port", "path")],
        "namespaces": [("name",)],
    },
    order={
        "storage": (
            *("name", "nameToday", "alsoKnownAs", "environment", "enabled", "adopted", "tier"),
            *("role", "system", "layout", "capacity", "pledged", "within", "throughput"),
            *("posixMount", "endpoints", "transfers"),
        ),
        "spec": (
            *("src", "status", "source", "country", "description", "alsoKnownAs", "location"),
            *("contacts", "pipelines", "network", "storage", "scratch", "compute", "services"),
        ),
    },
    agree=_agree,
    loose=frozenset(
        {"endpoints"}
    ),  # one door, that the site catalogue calls `https` and Rucio `davs`
)
"""How what Rucio has is compared with what specs say."""


def wanted(
    sketch: Sketch, there: Existing, namespaces: Collection[str], today: date
) -> tuple[Wanted, ...]:
    """All documents of an import; `namespaces` are those that the federation names already."""
    taken = set(there.texts)
    return tuple(_all(sketch, there, namespaces, today, taken))


def _all(
    sketch: Sketch, there: Existing, namespaces: Collection[str], today: date, taken: set[str]
) -> Iterator[Wanted]:
    for site in sketch.sites:
        if site.is_new:
            file = _free(f"site-specs/{site.name.lower()}.yaml", taken)
            head = (f"From Rucio on {today}. What it does not say is left out.",)
            yield Wanted(file, _new_site(site), head)
        else:
            yield _into(there, "Site", site.name, {"storage": [*site.areas]})
    for policy in sketch.policies:
        stem = policy.name.lower().replace("_", "-")
        yield Wanted(_free(f"policies/data/{stem}.yaml", taken), _policy(policy, today), _HEAD)
    unnamed = [each for each in sketch.policies if each.namespace not in namespaces]
    if unnamed:
        spaces = {"namespaces": [_namespace(each, today) for each in unnamed]}
        yield _into(there, "Federation", None, {"rucio": spaces})


def _free(name: str, taken: set[str]) -> str:
    """A name that no file has; the first one gets none of the numbers."""
    stem, number, found = name.removesuffix(".yaml"), 2, name
    while found in taken:
        found, number = f"{stem}-{number}.yaml", number + 1
    taken.add(found)
    return found


def _into(there: Existing, kind: str, name: str | None, spec: dict[str, Any]) -> Wanted:
    """Into the document of this kind, and of this name where there may be several."""
    for place, document in there.of_kind(kind):
        data: Any = document.data
        if name in (None, data["metadata"]["name"]):
            return Wanted(place.file, {"spec": spec}, into=place)
    raise LookupError(f"no {kind} `{name}`: it was there when the specs were linked")


def _new_site(site: SiteDraft) -> dict[str, Any]:
    src = site.name.partition("-")[0]
    return {
        "apiVersion": API_VERSION,
        "kind": "Site",
        "metadata": {"name": site.name},
        "spec": {"src": src, "country": site.country, "storage": [*site.areas]},
    }


_HEAD = (
    "A draft: what rules of others have in common. It changes nothing before it is agreed, and",
    "never takes their rules over. Rules do not tell `deadline` and `floor`.",
)


def _policy(policy: PolicyDraft, today: date) -> dict[str, Any]:
    phase = {
        "name": "always",
        "apart": "area",
        "copies": [{"count": policy.copies, "tier": policy.tier}],
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "DataPolicy",
        "metadata": {"name": policy.name},
        "spec": {
            "status": "draft",
            "source": policy.source(today),
            "selects": {"namespaces": [policy.namespace]},
            "arrives": {"deadline": "7 d"},
            "floor": 0,
            "phases": [phase],
            "activity": policy.activity,
        },
    }


def _namespace(policy: PolicyDraft, today: date) -> dict[str, Any]:
    return {
        "name": policy.namespace,
        "account": policy.account,
        "status": "draft",
        "source": f"a scope of Rucio on {today}",
    }
