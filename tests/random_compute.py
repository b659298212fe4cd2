"""Random compute as spec documents: clusters, how jobs run on them, and who may use them."""

from typing import Any

from hypothesis import strategies as st

Spec = dict[str, Any]
QUEUES = ["batch", "interactive", "viewing"]
GROUPS = ["/projects/eor", "/projects/hi"]
ALLOWS = ["accounting", "reservations", "partitions"]
AGREED = {"status": "agreed", "source": "for tests"}


def some(values: list[Any], least: int = 0) -> st.SearchStrategy[list[Any]]:
    """Some of them, in their order."""
    return st.sets(st.sampled_from(values), min_size=least).map(
        lambda chosen: [value for value in values if value in chosen]
    )


@st.composite
def perhaps_draft(draw: st.DrawFn, spec: Spec) -> Spec:
    """The same, now and then not agreed."""
    if draw(st.integers(0, 7)):
        return spec
    return {**spec, "status": "draft", "source": "not agreed"}


def drafts_in(spec: Spec) -> list[str]:
    """The names of what is a draft in a policy or an allocation."""
    named = [*spec.get("queues", {}).items(), *((p["name"], p) for p in spec.get("projects", []))]
    return [name for name, each in named if each.get("status") == "draft"]


@st.composite
def queue(draw: st.DrawFn) -> Spec:
    spec: Spec = {"walltime": draw(st.sampled_from(["30 min", "24 h", "7 d"]))}
    if draw(st.booleans()):
        spec["priority"] = draw(st.sampled_from(["low", "normal", "high"]))
    if draw(st.booleans()):
        spec["perUser"] = {"cores": draw(st.integers(1, 40))}
    if draw(st.booleans()):
        spec["preemptible"] = True
    return draw(perhaps_draft(spec))


@st.composite
def compute_policy(draw: st.DrawFn) -> Spec:
    names = draw(some(QUEUES, 1))
    return {**AGREED, "prefix": "ska", "queues": {name: draw(queue()) for name in names}}


@st.composite
def cluster(draw: st.DrawFn, name: str, queues: list[str]) -> Spec:
    count = draw(st.integers(1, 5))
    spec: Spec = {
        "cluster": name,
        "version": draw(st.sampled_from(["22.05.8", "24.11"])),
        "controller": {
            "host": f"{name}.example.org",
            "user": draw(st.sampled_from(["srcnet", "root"])),
            "credentials": {"secretRef": {"env": "RANDOM_SLURM_KEY"}},
        },
        "shared": draw(st.booleans()),
        "allows": draw(some(ALLOWS)),
        "nodes": [{"names": f"n[1-{count + 1}]", "cores": 8, "memory": "32 GiB"}],
        "preemption": draw(st.booleans()),
        "queues": draw(some(queues, 1)),
    }
    if draw(st.booleans()):
        spec["fragment"] = "/etc/slurm/federation.d/srcnet.conf"
    if draw(st.booleans()):
        share = {"ceiling": {"cores": draw(st.integers(1, 8 * count))}}
        spec["share"] = draw(perhaps_draft(share))
    if draw(st.booleans()):
        hours = draw(st.sampled_from(["09:00-18:00", "20:00-06:00"]))
        queue_name = draw(st.sampled_from(queues))
        window = {"name": "window", "daily": hours, "nodes": 1, "queue": queue_name}
        spec["windows"] = [draw(perhaps_draft(window))]
    return spec


@st.composite
def allocation(draw: st.DrawFn, sites: list[str], queues: list[str]) -> Spec:
    projects = []
    for number in range(draw(st.integers(1, 3))):
        project: Spec = {"name": f"project-{number}", "groups": draw(some(GROUPS, 1))}
        project["share"] = f"{draw(st.integers(1, 33))} %"
        if draw(st.booleans()):
            project["hours"] = {"cores": f"{draw(st.integers(1, 10**6))} h"}
        if draw(st.booleans()):
            project["limits"] = {"cores": draw(st.integers(1, 60))}
        if draw(st.booleans()):
            project["queues"] = draw(some(queues, 1))
        projects.append(draw(perhaps_draft(project)))
    period = {"from": "2026-10-01", "until": "2027-09-30"}
    return {**AGREED, "period": period, "sites": sites, "projects": projects}
