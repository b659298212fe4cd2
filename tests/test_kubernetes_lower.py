"""The federation to a cluster's objects: valid, within the share, and nobody else's."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from functools import cache

import kubernetes_federation as made
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from kubernetes_validate import validate
from specs import GOLDEN, compiled
from test_kubernetes_words import read

from srcnet_compiler.federation.kubernetes import Delivery
from srcnet_compiler.federation.notices import Retired
from srcnet_compiler.pipeline import Compiled
from srcnet_compiler.targets.kubernetes import emit, lower
from srcnet_compiler.targets.kubernetes.model import (
    OWNER,
    SITE,
    KubernetesModel,
    Object,
)
from srcnet_compiler.targets.kubernetes.model.kinds import KINDS


def models(golden, **changes) -> dict[str, KubernetesModel]:
    federation = made.with_kubernetes(golden.federation, **changes)
    return {model.instance: model for model in lower.lower(federation, golden.analysis)}


def all_of(model: KubernetesModel) -> tuple[Object, ...]:
    return (*model.objects.values(), *model.fetched.values())


@pytest.fixture(scope="module")
def lugano(golden) -> KubernetesModel:
    return models(golden)["CHSRC-CSCS.lugano"]


@pytest.fixture(scope="module")
def small(golden) -> KubernetesModel:
    return models(golden)["CHSRC-CSCS.small"]


@pytest.fixture(params=["lugano", "small"])
def model(request) -> KubernetesModel:
    return request.getfixturevalue(request.param)


# ── laws ──────────────────────────────────────────────────────────────────────────────────────


def test_every_document_is_valid_for_the_version_of_the_cluster(model):
    version = "{}.{}".format(*model.version)
    checked = [o for o in all_of(model) if KINDS[o.kind].operator is None]
    assert checked
    for each in checked:
        validate(plain(each.document), version, strict=True)


def plain(value):
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def test_every_file_is_read_back_as_the_documents(model):
    found: list[object] = []
    for artifact in emit.emit(model):
        if artifact.path.suffix == ".yaml":
            documents = [*yaml.safe_load_all(artifact.content)]
            if artifact.path.name not in ("kustomization.yaml", "monitoring-targets.yaml"):
                found += documents
    key = lambda d: (d["kind"], d["metadata"].get("namespace", ""), d["metadata"]["name"])  # noqa: E731
    assert sorted(found, key=key) == sorted((plain(o.document) for o in all_of(model)), key=key)


def test_every_line_has_a_place(model):
    for artifact in emit.emit(model):
        lines = artifact.content.split("\n")[:-1]
        assert list(artifact.sources) == list(range(1, len(lines) + 1))
        for number, spans in artifact.sources.items():
            assert spans, f"{artifact.path}:{number}"


def test_every_field_has_a_place(model):
    for each in all_of(model):
        assert each.origins[""]
        for path in each.fields():
            assert each.spans(path), f"{each.kind} {each.name} {path}"


def test_every_object_says_whose_it_is_and_no_selector_asks(model):
    for each in all_of(model):
        labels = each.document["metadata"]["labels"]
        assert labels[OWNER] == model.prefix
        assert labels[SITE] == model.site
        for selector in selectors(each.document):
            assert OWNER not in str(selector)
            assert SITE not in str(selector)


def selectors(value: object, key: str = "") -> Iterator[object]:
    if "elector" in key:
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from selectors(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from selectors(item)


def test_the_parts_of_all_namespaces_are_within_the_share(lugano):
    ceiling = made.LUGANO.share.ceiling
    for side in ("requests", "limits"):
        assert total(lugano, f"{side}.cpu") <= ceiling.cores
        assert total(lugano, f"{side}.memory") <= ceiling.memory
    assert total(lugano, "requests.nvidia.com/gpu") <= ceiling.gpus
    assert total(lugano, "limits.cpu") == ceiling.cores, "nothing is left unused"


def total(model: KubernetesModel, key: str) -> Fraction:
    quotas = [o for o in all_of(model) if o.kind == "ResourceQuota"]
    return sum((read(o.document["spec"]["hard"][key]) for o in quotas), Fraction(0))


def test_what_services_ask_for_fits_their_quota(lugano):
    pods = {"data-gateway": 7, "soda-sync": 4, "broker": 1, "tidy": 1}
    hard = lugano.find("ResourceQuota", "ska-services/share").document["spec"]["hard"]
    for side in ("requests", "limits"):
        for key in ("cpu", "memory", "ephemeral-storage"):
            asked = sum(
                count * read(amounts(lugano, name)[side][key]) for name, count in pods.items()
            )
            assert read(hard[f"{side}.{key}"]) == asked


def amounts(model: KubernetesModel, name: str):
    kinds = ("Deployment", "StatefulSet", "CronJob")
    each = next(o for o in all_of(model) if o.kind in kinds and o.bare_name == name)
    spec = each.document["spec"]
    template = (
        spec["jobTemplate"]["spec"]["template"] if "jobTemplate" in spec else spec["template"]
    )
    return template["spec"]["containers"][0]["resources"]


def test_what_may_be_borrowed_and_lent_adds_up(lugano):
    spec = lugano.find("ClusterQueue", "ska").document["spec"]
    group = spec["resourceGroups"][0]
    found = {each["name"]: each for each in group["flavors"][0]["resources"]}
    assert group["coveredResources"] == [*found]
    services = lugano.find("ResourceQuota", "ska-services/share").document["spec"]["hard"]
    most = read(found["cpu"]["nominalQuota"]) + read(found["cpu"]["borrowingLimit"])
    assert most + read(services["limits.cpu"]) == made.LUGANO.share.ceiling.cores
    assert found["cpu"]["lendingLimit"] == found["cpu"]["nominalQuota"]
    assert found["nvidia.com/gpu"]["nominalQuota"] == "0"


def test_compiling_twice_gives_the_same_bytes(golden):
    first, again = (
        [(a.path, a.content) for m in models(golden).values() for a in emit.emit(m)]
        for _ in range(2)
    )
    assert first == again


@cache
def built() -> Compiled:
    return compiled(GOLDEN)


whole = st.integers(0, 400)


@given(
    cores=st.none() | whole,
    memory=st.none() | whole.map(lambda n: n * made.GIB),
    gpus=st.none() | st.integers(0, 8),
    guaranteed=st.none() | st.integers(0, 300),
    millicores=st.integers(1, 40_000),
    most=st.integers(1, 9),
    lends=st.booleans(),
)
def test_whatever_the_share_nothing_adds_up_to_more(
    cores, memory, gpus, guaranteed, millicores, most, lends
):
    where = made.LUGANO.origin
    share = replace(
        made.LUGANO.share,
        ceiling=made.resources(where, cores, memory, gpus),
        guaranteed=None if guaranteed is None else made.resources(where, guaranteed),
    )
    services = {s.name: s for s in made.SERVICES}
    soda = services["soda-sync"]
    amounts = made.amounts(where, millicores, 2 * made.GIB)
    services["soda-sync"] = replace(soda, container=replace(soda.container, amounts=amounts))
    gateway = services["data_gateway"]
    services["data_gateway"] = replace(gateway, scaling=replace(gateway.scaling, most=most))
    borrowing = replace(made.LUGANO.borrowing, lends=lends)
    clusters = (replace(made.LUGANO, share=share, borrowing=borrowing),)
    deployed = tuple(d for d in made.DEPLOYED if d.cluster == "lugano")
    changes = {"services": services, "kubernetes": clusters, "deployed": deployed}
    model = models(built(), **changes)["CHSRC-CSCS.lugano"]
    for key, limit in (("cpu", cores), ("memory", memory)):
        for side in ("requests", "limits"):
            if limit is not None:
                assert total(model, f"{side}.{key}") <= limit
    assert total(model, "requests.nvidia.com/gpu") <= (gpus or 0)
    assert_defaults_are_within_limits(model)
    assert_queue_is_within(model, cores)


def assert_defaults_are_within_limits(model: KubernetesModel) -> None:
    for each in (o for o in all_of(model) if o.kind == "LimitRange"):
        item = each.document["spec"]["limits"][0]
        for key, text in item["max"].items():
            assert read(item["defaultRequest"][key]) <= read(item["default"][key]) <= read(text)
        assert item["default"]["nvidia.com/gpu"] == "0", "a server would give everybody the most"


def assert_queue_is_within(model: KubernetesModel, cores: int | None) -> None:
    group = model.find("ClusterQueue", "ska").document["spec"]["resourceGroups"][0]
    cpu = next(r for r in group["flavors"][0]["resources"] if r["name"] == "cpu")
    assert cpu["lendingLimit"] in ("0", cpu["nominalQuota"])
    assert ("borrowingLimit" in cpu) is (cores is not None)
    hard = model.find("ResourceQuota", "ska-services/share").document["spec"]["hard"]
    if cores is not None:
        queued = read(cpu["nominalQuota"]) + read(cpu["borrowingLimit"])
        assert queued + read(hard["limits.cpu"]) <= cores


# ── what takes part ───────────────────────────────────────────────────────────────────────────


def names(model: KubernetesModel, kind: str) -> list[str]:
    return [o.bare_name for o in model.things() if o.kind == kind]


def test_a_workload_whose_image_has_no_digest_is_not_there(lugano):
    assert names(lugano, "Deployment") == ["data-gateway", "soda-sync"]
    assert names(lugano, "StatefulSet") == ["broker"]
    assert names(lugano, "CronJob") == ["reduce", "tidy"]


def test_a_namespace_is_there_where_something_lives_in_it(lugano, small):
    assert names(lugano, "Namespace") == ["ska-jobs", "ska-services", "ska-sessions"]
    assert names(small, "Namespace") == ["ska-services"]


def test_objects_of_an_operator_are_there_where_the_site_has_it(small):
    assert {o.kind for o in small.things() if KINDS[o.kind].operator is not None} == set()
    assert names(small, "Ingress") == ["data-gateway"]


def test_an_area_that_grows_changes_no_claim(golden, lugano):
    areas = golden.federation.areas
    larger = replace(areas["CHSRC-CSCS-T0"], capacity=2 * areas["CHSRC-CSCS-T0"].capacity)
    grown = models(golden, areas={**areas, larger.name: larger})["CHSRC-CSCS.lugano"]
    of = lambda model, kind: [o.document for o in all_of(model) if o.kind == kind]  # noqa: E731
    assert of(grown, "PersistentVolume") != of(lugano, "PersistentVolume")
    assert of(grown, "PersistentVolumeClaim") == of(lugano, "PersistentVolumeClaim") != []


def test_names_are_asked_for_also_where_the_node_answers(lugano):
    found = [o for o in all_of(lugano) if o.kind == "NetworkPolicy" and o.bare_name == "names"]
    assert len(found) == 3
    for each in found:
        (rule,) = each.document["spec"]["egress"]
        assert {"ipBlock": {"cidr": "169.254.20.10/32"}} in rule["to"]
        assert {port["port"] for port in rule["ports"]} == {53}


def test_no_group_of_people_is_one_of_the_cluster_itself(lugano):
    """Its claims have no prefix, and the provider's `system:masters` would be the cluster's."""
    (task,) = [each for each in lugano.tasks if "people's groups" in each.title]
    said = yaml.safe_load("\n".join(task.lines))
    assert said["claimMappings"]["groups"]["prefix"] == ""
    rules = [rule["expression"] for rule in said["userValidationRules"]]
    assert rules == [
        "!user.username.startsWith('system:')",
        "user.groups.all(group, !group.startsWith('system:'))",
    ]


def test_no_namespace_has_ports_of_nodes(lugano):
    for each in (o for o in all_of(lugano) if o.kind == "ResourceQuota"):
        hard = each.document["spec"]["hard"]
        assert (hard["services.nodeports"], hard["services.loadbalancers"]) == ("0", "0")


def test_the_number_of_replicas_is_whose_it_is(lugano):
    """A site's own where it may say so, and nobody's here where load decides."""
    replicas = {
        o.bare_name: o.document["spec"].get("replicas")
        for o in lugano.things()
        if o.kind in ("Deployment", "StatefulSet")
    }
    assert replicas == {"data-gateway": None, "soda-sync": 3, "broker": 1}


def test_a_route_begins_where_the_service_says_and_else_where_its_site_does(golden):
    def begins(of_service, of_site):
        services = {s.name: replace(s, path=of_service) for s in made.SERVICES}
        deployed = tuple(replace(each, path=of_site) for each in made.DEPLOYED)
        model = models(golden, services=services, deployed=deployed)["CHSRC-CSCS.lugano"]
        route = model.find("HTTPRoute", "ska-services/data-gateway")
        (rule,) = route.document["spec"]["rules"]
        url = next(each.url for each in model.measured if "data.example.ch" in each.url)
        return rule["matches"][0]["path"]["value"], url

    assert begins("/a", None)[0] == "/a"
    assert begins("/a", "/b")[0] == "/a"
    assert begins(None, "/b") == ("/b", "https://data.example.ch/b")
    assert begins(None, None)[0] == "/"


def test_words_in_variables_are_filled_in_and_others_left_alone(lugano):
    spec = lugano.find("Deployment", "ska-services/data-gateway").document["spec"]
    env = {e["name"]: e.get("value") for e in spec["template"]["spec"]["containers"][0]["env"]}
    identity = lugano.find("Service", "ska-services/data-gateway").document["metadata"]
    assert env["HOST"] == "https://data.example.ch/x"
    assert env["SITE"] == "CHSRC-CSCS"
    assert env["A"] == "{b}"
    assert [env["ID"]] == [*identity["annotations"].values()]


def test_a_variable_comes_before_those_that_refer_to_it(golden):
    def written(**variables: str) -> list[str]:
        services = {
            s.name: replace(s, container=replace(s.container, environment=variables))
            for s in made.SERVICES
        }
        model = models(golden, services=services)["CHSRC-CSCS.lugano"]
        spec = model.find("StatefulSet", "ska-services/broker").document["spec"]["template"]["spec"]
        return [e["name"] for e in spec["containers"][0]["env"] if e["name"] in variables]

    assert written(A="1", B="2") == ["A", "B"]
    assert written(A="$(C)/a", B="2", C="$(D)", D="3") == ["B", "D", "C", "A"]
    assert written(A="$(B)", B="$(A)") == ["A", "B"], "two that refer to each other"


def test_what_rests_on_a_draft_is_not_there_until_a_waiver_accepts_it(golden):
    draft = (made.at("services", "broker").at("image"),)
    services = {
        s.name: replace(s, drafts=draft if s.name == "broker" else ()) for s in made.SERVICES
    }
    model = models(golden, services=services)["CHSRC-CSCS.lugano"]
    assert names(model, "StatefulSet") == []
    waiver = replace(golden.federation.waivers[0], kind="draft", of="broker")
    model = models(golden, services=services, waivers=(waiver,))["CHSRC-CSCS.lugano"]
    assert names(model, "StatefulSet") == ["broker"]
    assert model.find("StatefulSet", "ska-services/broker").drafts == draft


def test_what_is_there_for_drafts_alone_rests_on_them(golden):
    draft = (made.at("templates", "reduce").at("image"),)
    templates = {t.name: t for t in made.TEMPLATES}
    templates["reduce"] = replace(templates["reduce"], drafts=draft)
    waiver = replace(golden.federation.waivers[0], kind="draft", of="reduce")
    model = models(golden, templates=templates, waivers=(waiver,))["CHSRC-CSCS.lugano"]
    resting = {(o.kind, o.name) for o in model.things() if o.drafts}
    assert {o.drafts for o in model.things()} == {(), draft}
    assert ("Namespace", "ska-jobs") in resting
    assert ("ResourceQuota", "ska-jobs/share") in resting
    assert ("PriorityClass", "ska-batch") in resting
    assert ("LocalQueue", "ska-jobs/batch") in resting
    assert {name for kind, name in resting if kind == "Namespace"} == {"ska-jobs"}


# ── what ends ─────────────────────────────────────────────────────────────────────────────────


def retired(**what: str) -> Retired:
    return Retired(
        area=None,
        policy=None,
        reason="nobody asks for it",
        until=date(2027, 6, 30),
        origin=made.at("security"),
        **what,
    )


def without(golden, name: str) -> KubernetesModel:
    services = {s.name: replace(s, retired=s.name == name) for s in made.SERVICES}
    ends = (retired(service=name),)
    return models(golden, services=services, retired=ends)["CHSRC-CSCS.lugano"]


def test_a_service_that_is_retired_ends_with_all_that_it_had(golden, lugano):
    model = without(golden, "data_gateway")
    had = {key for key, each in lugano.objects.items() if each.group == "data-gateway"}
    assert set(model.ended) == had
    assert {*model.ended.values()} == {"nobody asks for it"}
    assert {*model.ended_until.values()} == {"2027-06-30"}
    assert had.isdisjoint(model.objects)


def test_a_service_may_be_retired_at_one_site(golden):
    ends = (retired(service="CHSRC-CSCS/broker"),)
    deployed = tuple(replace(d, retired=d.service == "broker") for d in made.DEPLOYED)
    model = models(golden, deployed=deployed, retired=ends)["CHSRC-CSCS.lugano"]
    assert ("StatefulSet", "ska-services/broker") in model.ended


def test_what_others_may_have_put_something_in_is_left_and_said(golden, lugano):
    model = without(golden, "soda-sync")
    volume = ("PersistentVolume", "ska-chsrc-cscs-t0-read")
    claim = ("PersistentVolumeClaim", "ska-services/chsrc-cscs-t0-read")
    assert volume in lugano.objects
    assert {volume, claim}.isdisjoint({*model.objects, *model.ended})
    assert model.tasks[-1].lines == (
        "kubectl delete persistentvolumeclaims chsrc-cscs-t0-read --namespace ska-services",
        "kubectl delete persistentvolumes ska-chsrc-cscs-t0-read",
    )


def test_of_a_cluster_that_is_retired_all_ends_but_what_may_hold_data(golden, lugano):
    clusters = (replace(made.LUGANO, retired=True), made.SMALL)
    ends = (retired(cluster=made.LUGANO.label),)
    model = models(golden, kubernetes=clusters, retired=ends)["CHSRC-CSCS.lugano"]
    assert not model.objects
    stay = {"Namespace", "PersistentVolume", "PersistentVolumeClaim"}
    assert set(model.ended) == {key for key in lugano.objects if key[0] not in stay}
    assert [task.title for task in model.tasks] == ["Remove what nobody needs any longer"]
    assert [a.path.name for a in emit.emit(model)] == ["admin.md"]


def test_nothing_ends_because_it_is_absent(golden):
    services = {s.name: s for s in made.SERVICES if s.name != "broker"}
    deployed = tuple(d for d in made.DEPLOYED if d.service != "broker")
    for model in models(golden, services=services, deployed=deployed).values():
        assert not model.ended


# ── delivery ──────────────────────────────────────────────────────────────────────────────────


def fetched(golden, how: str, namespace: str) -> KubernetesModel:
    where = Delivery(
        how, "https://git.example.org/srcnet", "main", "/clusters/", namespace, made.at("security")
    )
    clusters = (replace(made.LUGANO, delivery=where),)
    deployed = tuple(d for d in made.DEPLOYED if d.cluster == "lugano")
    return models(golden, kubernetes=clusters, deployed=deployed)["CHSRC-CSCS.lugano"]


@pytest.mark.parametrize(
    ("how", "namespace", "kinds"),
    [
        ("flux", "flux-system", ["GitRepository", "Kustomization"]),
        ("argocd", "argocd", ["AppProject", "Application"]),
    ],
)
def test_what_is_fetched_is_no_other_than_what_is_pushed(golden, lugano, how, namespace, kinds):
    model = fetched(golden, how, namespace)
    assert model.fetched == lugano.objects
    assert [o.kind for o in model.things()] == kinds
    assert {o.namespace for o in model.things()} == {namespace}
    pushed = {a.path: a.content for a in emit.emit(lugano) if a.path.suffix == ".yaml"}
    files = {a.path: a.content for a in emit.emit(model) if a.path.suffix == ".yaml"}
    apart = {path for path in files if path.parent.name == "delivery"}
    assert {p.name for p in apart} == {"delivery.yaml", "kustomization.yaml"}
    assert {p: text for p, text in files.items() if p not in apart} == pushed


def test_who_writes_to_the_repository_does_not_have_the_cluster(golden, lugano):
    model = fetched(golden, "flux", "flux-system")
    (sync,) = [o for o in model.things() if o.kind == "Kustomization"]
    name = sync.document["spec"]["serviceAccountName"]
    (task,) = [each for each in model.tasks if each.title.startswith("Let Flux bring")]
    first, *others = task.lines
    assert first == f"kubectl create serviceaccount {name} --namespace flux-system"
    assert not any("delete" in line or "cluster-admin" in line for line in others)
    may = {
        resource
        for line in others
        if " clusterrole " in line
        for resource in line.partition("--resource=")[2].split(",")
    }
    kinds = (KINDS[o.kind] for o in lugano.objects.values())
    groups = ((kind.plural, kind.api.rpartition("/")[0]) for kind in kinds)
    assert may == {f"{plural}.{group}" if group else plural for plural, group in groups}


def test_argo_cd_brings_only_what_is_ours_to_where_ours_is(golden, lugano):
    model = fetched(golden, "argocd", "argocd")
    project = model.find("AppProject", "argocd/ska").document["spec"]
    assert model.find("Application", "argocd/ska").document["spec"]["project"] == "ska"
    assert project["sourceRepos"] == ["https://git.example.org/srcnet"]
    assert {each["namespace"] for each in project["destinations"]} == {*lugano.namespaces}
    listed = (*project["clusterResourceWhitelist"], *project["namespaceResourceWhitelist"])
    kinds = {o.kind: KINDS[o.kind].api.rpartition("/")[0] for o in lugano.objects.values()}
    assert {each["kind"]: each["group"] for each in listed} == kinds
    assert "*" not in kinds.values()


def test_no_operator_deletes_what_has_no_file_any_longer(golden):
    flux = fetched(golden, "flux", "flux-system").find("Kustomization", "flux-system/ska")
    assert flux.document["spec"]["prune"] is False
    assert flux.document["spec"]["path"] == "./clusters/kubernetes/CHSRC-CSCS.lugano"
    argo = fetched(golden, "argocd", "argocd").find("Application", "argocd/ska")
    assert argo.document["spec"]["syncPolicy"]["automated"] == {"prune": False, "selfHeal": False}


def test_what_guards_a_namespace_stays_when_the_last_service_ends(golden, lugano):
    services = {s.name: replace(s, retired=True) for s in made.SERVICES}
    templates = {t.name: replace(t, retired=True) for t in made.TEMPLATES}
    ends = (
        *(retired(service=f"{made.LUGANO.site}/{name}") for name in services),
        *(retired(template=name) for name in templates),
    )
    here = models(golden, services=services, templates=templates, retired=ends)
    ended = {kind for kind, _ in here["CHSRC-CSCS.lugano"].ended}
    assert "Deployment" in ended
    guards = {"ResourceQuota", "LimitRange", "ValidatingAdmissionPolicy", "Role"}
    assert guards.isdisjoint(ended)
