"""Random services, templates and Kubernetes clusters as spec documents, and what sites run."""

from typing import Any

from hypothesis import strategies as st
from random_compute import GROUPS, perhaps_draft, some

Spec = dict[str, Any]
SERVICES = ["cutouts", "data_gate", "watch"]
OPERATORS = [
    "external-secrets",
    "gateway-api",
    "ingress",
    "kueue",
    "policy-controller",
    "prometheus",
]
REGISTRY = "registry.example.org/srcnet"


@st.composite
def image(draw: st.DrawFn, name: str) -> Spec:
    """Now and then one that nobody has read, and one that is not agreed."""
    spec: Spec = {"repository": f"{REGISTRY}/{name.replace('_', '-')}"}
    if draw(st.integers(0, 5)):
        return draw(
            perhaps_draft({**spec, "digest": f"sha256:{draw(st.sampled_from('abc')) * 64}"})
        )
    return {**spec, "status": "draft", "source": "nobody has read it"}


@st.composite
def container(draw: st.DrawFn, name: str) -> Spec:
    cores = draw(st.sampled_from([0.001, 0.25, 1, 2.5]))
    spec: Spec = {
        "image": draw(image(name)),
        "resources": {"cores": cores, "memory": draw(st.sampled_from(["64 MiB", "2 GB"]))},
    }
    if draw(st.booleans()):
        spec["limits"] = {"cores": cores * 2}
    if draw(st.booleans()):
        spec["env"] = {"SITE": "{site}"}
    if draw(st.booleans()):
        spec["secrets"] = {"TOKEN": {"secretRef": {"vault": "/srcnet/token"}}}
    mounts = [
        *([{"scratch": "5 GB", "at": "/scratch"}] if draw(st.booleans()) else []),
        *([{"storage": "area", "at": "/data"}] if draw(st.booleans()) else []),
    ]
    spec["mounts"] = mounts
    return draw(perhaps_draft(spec))


@st.composite
def service(draw: st.DrawFn, name: str, sites: list[str]) -> Spec:
    spec = draw(container(name))
    spec["sites"] = {"must": draw(some(sites))}
    runs = draw(st.sampled_from(["deployment", "stateful", "scheduled"]))
    spec["runs"] = runs
    if runs == "scheduled":
        spec["schedule"] = "0 3 * * *"
        return spec
    spec["ports"] = {"http": {"port": 8080, "routed": draw(st.booleans())}, "more": {"port": 9090}}
    spec["replicas"] = draw(st.integers(1, 4))
    if draw(st.booleans()):
        spec["ready"] = {"port": "http", "path": "/ping"}
    if draw(st.booleans()):
        spec["scaling"] = {"from": 1, "to": draw(st.integers(1, 5))}
    spec["sitesMaySet"] = draw(some(["replicas", "resources", "env"]))
    return spec


@st.composite
def template(draw: st.DrawFn, name: str, queues: list[str]) -> Spec:
    return {
        **draw(container(name)),
        "runs": draw(st.sampled_from(["session", "batch"])),
        "queue": draw(st.sampled_from(queues)),
        "groups": draw(some(GROUPS)),
    }


@st.composite
def kubernetes(draw: st.DrawFn, name: str, queues: list[str]) -> Spec:
    operators = draw(some(OPERATORS))
    spec: Spec = {
        "version": draw(st.sampled_from(["1.31", "1.36"])),
        "server": f"https://{name}.example.org:6443",
        "credentials": {"secretRef": {"env": "RANDOM_KUBERNETES_TOKEN"}},
        "shared": draw(st.booleans()),
        "operators": operators,
    }
    if "gateway-api" in operators:
        spec["gateway"] = {"namespace": "gateways", "name": "public"}
    if "ingress" in operators:
        spec["ingressClass"] = "nginx"
    if "external-secrets" in operators:
        spec["secretStore"] = "vault"
    if "kueue" in operators:
        spec["kueue"] = {"cohort": "all", "flavor": "default", "lends": draw(st.booleans())}
    if draw(st.booleans()):
        spec["share"] = draw(
            perhaps_draft({"guaranteed": {"cores": 10}, "ceiling": {"cores": 40, "gpus": 1}})
        )
    if draw(st.booleans()):
        spec["queues"] = draw(some(queues, 1))
    pulled = {"repository": "https://git.example.org/a.git", "namespace": "delivery"}
    how = draw(st.sampled_from(["push", "flux", "argocd"]))
    return spec if how == "push" else {**spec, "delivery": {how: pulled}}


@st.composite
def offered(draw: st.DrawFn, names: list[str], cluster: str, area: str) -> list[Spec]:
    """What a site runs on its cluster; each sees the files of its area."""
    found = []
    for name in draw(some(names)):
        spec: Spec = {"service": name, "at": cluster, "storage": area, "scheme": "https"}
        if draw(st.booleans()):
            spec["host"] = f"{cluster}.example.org"
        if draw(st.booleans()):
            spec["replicas"] = draw(st.integers(1, 3))
        found.append(draw(perhaps_draft(spec)))
    return found


def drafts_of(name: str, spec: Spec) -> list[str]:
    """The name, where it or its image is a draft."""
    parts = (spec, spec.get("image", {}))
    return [name] if any(part.get("status") == "draft" for part in parts) else []
