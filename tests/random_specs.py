"""Random federations as spec files, small enough to try every choice that they leave open."""

import json
from typing import Any

from hypothesis import strategies as st
from random_compute import GROUPS, allocation, cluster, compute_policy, drafts_in, some
from random_services import REGISTRY, SERVICES, drafts_of, kubernetes, offered, service, template
from specs import TODAY

from srcnet_compiler.analysis.passes import Analysis, analyse
from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.federation.link import link
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.schema.validate import validate
from srcnet_compiler.source import parse

API = "srcnet.skao.int/v1alpha2"
MEMBERS = ["AUSSRC", "CANSRC", "CHSRC", "JPSRC", "UKSRC", "ZASRC"]
COUNTRIES = ["AU", "CA", "CH", "GB", "JP", "ZA"]
CLASSES = {"T0": "online", "T1": "online", "T2": "nearline", "INGEST": "online", "NAT": "cache"}
Files = dict[str, str]
Spec = dict[str, Any]


class Built:
    """What the stages make of specs, whether or not an analysis objects."""

    def __init__(
        self,
        files: Files,
        federation: Federation,
        analysis: Analysis,
        findings: tuple[Diagnostic, ...],
    ) -> None:
        self.files, self.federation, self.analysis = files, federation, analysis
        self.findings = findings

    def __repr__(self) -> str:
        """What a failing test shows: the specs without their white space."""
        return "\n".join(
            f"{name}: {' '.join(text.split())}" for name, text in sorted(self.files.items())
        )


def build(files: Files) -> Built:
    """Parse, validate, link and analyse; the specs must be well formed and know all names."""
    located = []
    for name, text in files.items():
        for document in parse(name, text.encode()).value or ():
            shaped = validate(document)
            assert shaped.value is not None, shaped.diagnostics
            located.append(shaped.value)
    linked = link(located)
    assert linked.value is not None, linked.diagnostics
    analysed = analyse(linked.value, TODAY)
    assert analysed.value is not None
    findings = (*linked.diagnostics, *analysed.diagnostics)
    return Built(files, linked.value, analysed.value, findings)


def document(kind: str, name: str, spec: Spec) -> str:
    """One document; JSON is YAML, with each value on its own line."""
    head = {"apiVersion": API, "kind": kind, "metadata": {"name": name}}
    return json.dumps({**head, "spec": spec}, indent=1) + "\n"


def federation_spec(regions: dict[str, list[str]], namespaces: list[Spec]) -> Spec:
    """A federation with these regions and namespaces, and as little else as it can have."""
    return {
        "members": MEMBERS,
        "regions": regions,
        "tiers": {
            "online": {"media": ["hdd"], "reachable": "immediately"},
            "nearline": {"media": ["tape"], "reachable": "after recall"},
            "cache": {"media": ["ssd"], "reachable": "immediately", "counts": False},
        },
        "storageClasses": {
            name: {"tier": tier, **({"role": "ingest"} if name == "INGEST" else {})}
            for name, tier in CLASSES.items()
        },
        "naming": {"area": "{src}-{site}-{class}[-{label}]"},
        "identity": {
            "issuer": "https://iam.example.org/",
            "groups": {group.rpartition("/")[2]: group for group in GROUPS},
        },
        "rucio": {
            "server": "https://rucio.example.org",
            "credentials": {"secretRef": {"env": "RANDOM_RUCIO_TOKEN"}},
            "owner": "srcnet-policy",
            "actsAs": "srcnet-compiler",
            "namespaces": namespaces,
            "metadata": {"product": "datatype", "telescope": "project", "campaign": "campaign"},
            "activities": ["User Subscriptions"],
        },
        "siteCatalogue": {
            "server": "https://catalogue.example.org/api/v1",
            "credentials": {"secretRef": {"env": "RANDOM_CATALOGUE_TOKEN"}},
        },
        "limits": {"movedData": "1 EB"},
    }


def rarely(often: Any, seldom: Any) -> st.SearchStrategy[Any]:
    """Mostly the one, now and then the other."""
    return st.sampled_from([often] * 7 + [seldom])


@st.composite
def areas(draw: st.DrawFn, site: str, number: int) -> Spec:
    kind = draw(st.sampled_from(["T1", "T2", "T0", "T1", "T2", "INGEST", "NAT"]))
    size = draw(st.integers(1, 60)) * draw(st.sampled_from([1, 10, 100]))
    spec: Spec = {
        "name": f"{site}-{kind}-N{number}",
        "environment": draw(rarely("production", "staging")),
        "enabled": draw(rarely(True, False)),
        "status": draw(rarely("agreed", "draft")),
        "tier": CLASSES[kind],
        "role": "ingest" if kind == "INGEST" else "data",
        "system": "xrootd",
        "capacity": f"{size} TB",
        "endpoints": [
            {"protocol": "davs", "host": f"n{number}.{site.lower()}.example.org", "port": 1094,
             "path": "/data"}
        ],
    }  # fmt: skip
    if draw(st.booleans()):
        spec["nameToday"] = f"{site}_{number}".replace("-", "_")
    if draw(rarely(False, True)):
        spec["pledged"] = f"{draw(st.integers(0, size))} TB"
    return spec


@st.composite
def sites(draw: st.DrawFn, number: int) -> Spec:
    name = f"{draw(st.sampled_from(MEMBERS))}-S{number}"
    held = [draw(areas(name, n)) for n in range(draw(st.integers(1, 3)))]
    return {
        "name": name,
        "src": name.split("-")[0],
        "country": draw(st.sampled_from(COUNTRIES)),
        "status": draw(rarely("agreed", "draft")),
        "storage": held,
    }


@st.composite
def policies(draw: st.DrawFn, number: int) -> Spec:
    phases = []
    for n in range(draw(st.integers(1, 2))):
        tiers = draw(st.sampled_from([["online"], ["online", "nearline"], ["nearline"]]))
        phases.append(
            {
                "name": f"phase-{n}",
                "until": "12 months",
                "apart": draw(st.sampled_from(["region", "site", "area"])),
                "copies": [
                    {"count": draw(st.sampled_from([1, 2, 1, 3])), "tier": t} for t in tiers
                ],
            }
        )
    del phases[-1]["until"]
    if draw(st.integers(0, 2)) == 0:
        phases[-1] |= {"until": "36 months", "then": "no copy is kept"}
    spec: Spec = {
        "status": draw(rarely("agreed", "draft")),
        "selects": {"namespaces": [f"space-{number}"]},
        "volume": [{"from": 2026, "amount": f"{draw(st.integers(1, 400))} TB"}],
        "arrives": {"deadline": "7 d"},
        "floor": 1,
        "phases": phases,
        "activity": "User Subscriptions",
    }
    if draw(st.booleans()):
        spec["arrives"]["at"] = {"countries": [draw(st.sampled_from(COUNTRIES))]}
    return spec


def _waiver(name: str) -> str:
    spec = {
        "setsAside": {"draft": True},
        "of": name,
        "reason": "a test",
        "approvedBy": {"group": "/operators"},
        "until": "2027-06-30",
    }
    return document("Waiver", f"waiver-{name}", spec)


@st.composite
def spec_files(draw: st.DrawFn) -> Files:
    """A federation of three to six sites, at most three areas each, and at most three policies."""
    regions: dict[str, list[str]] = {}
    for country in COUNTRIES:
        regions.setdefault(f"region-{draw(st.sampled_from('abcd'))}", []).append(country)
    count = draw(st.integers(1, 3))
    namespaces = [{"name": f"space-{n}"} for n in range(count)]
    files = {
        "policies/federation.yaml": document(
            "Federation", "random", federation_spec(regions, namespaces)
        )
    }
    drafts, there = [], []
    serving = draw(some(SERVICES)) if draw(st.booleans()) else []
    computing = draw(st.booleans())
    policy = draw(compute_policy()) if computing else {"queues": {}}
    queues, lending = list(policy["queues"]), []
    for number in range(draw(st.integers(3, 6))):
        site = draw(sites(number))
        name = site.pop("name")
        if computing and draw(st.booleans()):
            lending.append(name)
            clusters = [f"c{number}{n}" for n in range(draw(st.integers(1, 2)))]
            site["location"] = {
                "city": "Somewhere",
                "latitude": 46.0,
                "longitude": 8.9,
                "timezone": "Europe/Zurich",
            }
            site["compute"] = [
                {"name": each, "slurm": draw(cluster(each, queues))} for each in clusters
            ]
        if serving and draw(st.booleans()):
            runs = f"k{number}"
            described = {"name": runs, "kubernetes": draw(kubernetes(runs, queues or ["none"]))}
            if not queues:
                described["kubernetes"].pop("queues", None)
            site["compute"] = [*site.get("compute", ()), described]
            site["services"] = draw(offered(serving, runs, site["storage"][0]["name"]))
        there.append(name)
        files[f"site-specs/{name.lower()}.yaml"] = document("Site", name, site)
        drafts += [area["name"] for area in site["storage"] if area["status"] == "draft"]
    for number in range(count):
        promised = draw(policies(number))
        files[f"policies/data/policy-{number}.yaml"] = document(
            "DataPolicy", f"policy-{number}", promised
        )
        drafts += [f"policy-{number}"] if promised["status"] == "draft" else []
    if computing:
        files["policies/compute/queues.yaml"] = document("ComputePolicy", "queues", policy)
        drafts += drafts_in(policy)
    if lending:
        spec = draw(allocation(lending, queues))
        files["policies/allocation/cycle.yaml"] = document("Allocation", "cycle", spec)
        # a waiver for a site is one for the shares and windows of its clusters
        drafts += [*drafts_in(spec), *lending]
    for name in serving:
        run = draw(service(name, there))
        files[f"policies/services/{name}.yaml"] = document("Service", name, run)
        drafts += drafts_of(name, run)
    if serving and queues:
        started = draw(template("notebook", queues))
        files["policies/workflows/notebook.yaml"] = document(
            "WorkflowTemplate", "notebook", started
        )
        drafts += drafts_of("notebook", started)
    if serving and draw(st.booleans()):
        allowed = {"registries": [REGISTRY], "podSecurity": "restricted"}
        files["policies/security.yaml"] = document("SecurityPolicy", "security", allowed)
    accepted = [name for name in drafts if draw(st.booleans())]
    if accepted:
        files["policies/waivers.yaml"] = "---\n".join(_waiver(name) for name in accepted)
    return files


def federations() -> st.SearchStrategy[Built]:
    """Random federations, linked and analysed."""
    return spec_files().map(build)
