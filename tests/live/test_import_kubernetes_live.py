"""A cluster that its people filled by hand is imported: the plan is nothing but adoptions."""

from __future__ import annotations

import json
import shutil
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest
from cli_runner import TODAY, Ran, contents, on_a_terminal, srcnet
from conftest import KUBERNETES
from console import PROJECT, Shell, play
from kubernetes_cases import live
from meddler import Handler, Meddler, meddling
from platform_by_hand import SPACE, THEIRS, deployment, make, settle
from stand_kubernetes import everything
from test_kubernetes_obstacles import grant

from srcnet_compiler.demo import kubernetes_server
from srcnet_compiler.demo.kubernetes_server import ApiServer
from srcnet_compiler.demo.shared_cluster import POLICY, SITE, SPEC
from srcnet_compiler.targets.kubernetes.model import OWNER
from srcnet_compiler.targets.kubernetes.model.kinds import KINDS

pytestmark = pytest.mark.live("kubernetes")

SCHEMA = json.loads((PROJECT / "schemas/import.schema.json").read_text("utf-8"))
NAME = "gornergrat"
ADOPTED = (
    ("ResourceQuota", f"{SPACE}/compute"),
    ("ClusterQueue", "sky-total"),
    ("LocalQueue", f"{SPACE}/jobs"),
    ("Deployment", f"{SPACE}/echo"),
    ("Deployment", f"{SPACE}/cutouts"),
)
MINE = (
    *("--namespace", SPACE, "--cluster-queue", "sky-total", "--queue", f"batch={SPACE}/jobs"),
    *("--service", f"echo={SPACE}/echo", "--service", f"carta={SPACE}/cutouts"),
)


@dataclass(frozen=True, slots=True)
class Site:
    """A cluster that is filled, and specs that do not know it yet."""

    server: ApiServer
    specs: Path
    token: str

    def run(self, *args: str) -> Ran:
        key = {"SKY_TOKEN": self.token}
        return srcnet(*args, "--today", TODAY, cwd=self.specs, env=key)

    def words(self, url: str | None = None) -> tuple[str, ...]:
        where = ("--server", url or self.server.url, "--token", "env:SKY_TOKEN", "--name", NAME)
        trust = ("--certificate-authority", str(self.server.certificate_file))
        return ("import", "kubernetes", "--site", SITE, *where, *trust)

    def take(self, *args: str, url: str | None = None) -> Ran:
        """Import the cluster."""
        return self.run(*self.words(url), *args)

    def change(self, before: str, after: str) -> None:
        path = self.specs / SPEC
        text = path.read_text("utf-8")
        assert text.count(before) == 1, before
        path.write_text(text.replace(before, after), "utf-8")


def specs_in(folder: Path) -> Path:
    for each in ("site-specs", "policies", "schemas"):
        shutil.copytree(PROJECT / each, folder / each)
    path = folder / "policies/compute/queues.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(POLICY, "utf-8")
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    folder = tmp_path_factory.mktemp("kubernetes") / "server"
    with kubernetes_server.running(folder, KUBERNETES) as running:
        settle(running)
        yield running


@pytest.fixture
def site(server: ApiServer, tmp_path: Path) -> Site:
    return Site(server, specs_in(tmp_path / "specs"), server.token)


def all_of_it(server: ApiServer) -> dict[str, str]:
    """Every object that there is, also those of Kueue."""
    found = everything(server)
    for kind in (KINDS[each] for each in ("ClusterQueue", "LocalQueue", "ResourceFlavor")):
        for each in server.ask("GET", kind.path())["items"]:
            metadata = {k: v for k, v in each["metadata"].items() if k in ("labels", "uid")}
            name = f"{kind.name} {each['metadata'].get('namespace', '')}/{each['metadata']['name']}"
            found[name] = json.dumps([metadata, each.get("spec")], sort_keys=True)
    return found


def differing(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_what_was_made_by_hand_is_adopted_and_then_one_line_changes_one_thing(site: Site):
    before = all_of_it(site.server)
    (site.specs / SPEC).write_text("# ours\n" + (site.specs / SPEC).read_text("utf-8"), "utf-8")
    text = (site.specs / SPEC).read_text("utf-8")
    ran = site.take(*MINE)
    assert ran.code == 0, ran
    assert "Proof: the plan of these specs is 0 changes, 5 adoptions." in ran.out
    assert "namespace, left to its people: weather" in ran.out
    assert "pods=200, requests.storage=10Ti; it stays so" in ran.out
    merged = (site.specs / SPEC).read_text("utf-8")
    assert [line for line in merged.splitlines() if line in text.splitlines()] == text.splitlines()
    assert "requests: {cores: 64, memory: 256 GiB, gpus: 4}, limits: {cores: 128}}" in merged
    assert "- {service: carta, at: gornergrat}\n" in merged
    again = site.take(*MINE)
    assert (again.code, "the specs say all of it" in again.out) == (0, True), again
    assert differing(before, all_of_it(site.server)) == set(), "an import only reads"

    applied = site.run("apply", "--site", SITE, "--yes")
    assert applied.code == 0, applied
    planned = site.run("plan", "--site", SITE, "--detailed-exitcode")
    assert planned.code == 0, planned
    touched = differing(before, all_of_it(site.server))
    assert touched == {f"{kind} {'' if '/' in name else '/'}{name}" for kind, name in ADOPTED}
    for kind, name in ADOPTED:
        assert live(site.server, kind, name)["metadata"]["labels"][OWNER] == "ska"

    for kind, name, old, new, fields in (
        ("ResourceQuota", f"{SPACE}/compute", "{cores: 64, memory: 256 GiB, gpus: 4}",
         "{cores: 48, memory: 256 GiB, gpus: 4}", "spec.hard.requests.cpu: 64 → 48"),
        ("Deployment", f"{SPACE}/echo", "replicas: 2,", "replicas: 4,", "spec.replicas: 2 → 4"),
        ("ClusterQueue", "sky-total", "borrowing: {cores: 16}", "borrowing: {cores: 8}", ""),
    ):  # fmt: skip
        then = all_of_it(site.server)
        site.change(old, new)
        planned = site.run("plan", "--site", SITE)
        assert "1 change (1 to update)" in planned.out, planned
        assert fields in planned.out.replace('"', ""), planned
        applied = site.run("apply", "--site", SITE, "--yes")
        assert applied.code == 0, applied
        changed = f"{kind} {'' if '/' in name else '/'}{name}"
        assert differing(then, all_of_it(site.server)) == {changed}
    hard = live(site.server, "ResourceQuota", f"{SPACE}/compute")["spec"]["hard"]
    assert (hard["requests.cpu"], hard["pods"]) == ("48", "200")
    echo = live(site.server, "Deployment", f"{SPACE}/echo")["spec"]
    assert echo["replicas"] == 4
    ports = [each.get("ports") for each in echo["template"]["spec"]["containers"]]
    assert ports[0][0]["containerPort"] == 8080
    theirs = [name for name in differing(before, all_of_it(site.server)) if THEIRS in name]
    assert theirs == []

    site.server.ask("DELETE", KINDS["Deployment"].path(SPACE, "cutouts"))
    planned = site.run("plan", "--site", SITE)
    assert planned.code != 0, planned
    said = f"Deployment `{SPACE}/cutouts` is not there any more, and is only kept as it stands"
    assert said in planned.out + planned.err, planned
    make(site.server, "Deployment", f"{SPACE}/cutouts", deployment("cutouts", 3))
    assert site.run("plan", "--site", SITE).code == 0


# ── answers ───────────────────────────────────────────────────────────────────────────────────


def test_what_is_not_the_federation_s_is_nobody_s_to_change(site: Site):
    before = all_of_it(site.server)
    ran = site.take("--namespace", THEIRS, "--dry-run", "--no-input", "--format", "json")
    assert ran.code == 0, ran
    found = json.loads(ran.out)
    jsonschema.validate(found, SCHEMA)
    assert found["left"]["Deployment"] == [f"{THEIRS}/cutouts", f"{THEIRS}/echo"]
    assert (found["plan"]["adoptions"], found["plan"]["changes"]) == (1, [])
    assert found["compute"]["kubernetes"]["adopted"]["quotas"] == [
        {
            "namespace": THEIRS,
            "name": "all",
            "requests": {"cores": 8, "memory": "16 GiB"},
            "short": True,
        }
    ]
    assert not found["written"]
    assert differing(before, all_of_it(site.server)) == set()


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        ((), 64, f"add `--namespace NAME`: default, {SPACE}, {THEIRS}"),
        (("--namespace", "sly"), 64, "the cluster has no namespace `sly`"),
        (("--namespace", SPACE, "--cluster-queue", "x"), 64, "it has sky-total, weather"),
        (("--namespace", SPACE, "--queue", f"batch={SPACE}/job"), 64, "it has sky/jobs"),
        (
            ("--namespace", SPACE, "--service", f"echo={SPACE}/x"),
            64,
            "no Deployment or StatefulSet",
        ),
        (("--namespace", SPACE, "--service", f"ecko={SPACE}/echo"), 1, "does not fit in here"),
    ],
)
def test_what_is_not_said_or_not_there_is_told_with_what_to_type(
    site: Site, args: tuple[str, ...], code: int, said: str
):
    before = contents(site.specs)
    ran = site.take(*args)
    assert ran.code == code, ran
    assert said in ran.err
    assert contents(site.specs) == before


def test_on_a_terminal_it_asks_and_proposes_what_is_likely(site: Site):
    """Only the namespace is typed: a queue that leads on, a class and services are proposed."""
    made = {"SKY_TOKEN": site.token}
    ran = on_a_terminal(
        *site.words(), "--dry-run", "--today", TODAY,
        cwd=site.specs, env=made, typed=f"{SPACE}\n\n\n\n\n", after=b"federation's?",
    )  # fmt: skip
    assert ran.code == 0, ran
    assert f"Which ClusterQueues are the federation's? (sky-total, {THEIRS}, none) [" in ran.out
    assert "Which service is Deployment sky/echo?" in ran.out
    assert "--- site-specs/chsrc-cscs.yaml" in ran.out
    assert "{service: echo, namespace: sky, name: echo, replicas: " in ran.out
    assert "clusterQueues:" in ran.out


def test_what_differs_is_named_and_theirs_can_be_taken(site: Site):
    """Somebody changes the cluster by hand, and says so in the spec by importing again."""
    one = ("--namespace", THEIRS)
    assert site.take(*one).code == 0
    site.change("{cores: 8, memory: 16 GiB}", "{cores: 9, memory: 16 GiB}")
    before = contents(site.specs)
    ran = site.take(*one)
    assert ran.code == 1, ran
    assert "`cores` is `9` here, and `8` in the cluster at" in ran.out
    assert "not accepted: what the specs say is not what is there" in ran.err
    assert contents(site.specs) == before
    ran = site.take(*one, "--take", "theirs")
    assert ran.code == 0, ran
    assert "{cores: 8, memory: 16 GiB}" in (site.specs / SPEC).read_text("utf-8")


# ── what goes wrong ───────────────────────────────────────────────────────────────────────────


def test_who_may_see_nothing_there_is_refused(site: Site):
    stranger = Site(site.server, site.specs, site.server.token_for("stranger"))
    before = contents(site.specs)
    ran = stranger.take("--namespace", SPACE)
    assert ran.code == 77, ran
    assert f"lets us see nothing in `{SPACE}`" in ran.err
    assert "cannot list resource" in ran.err
    assert contents(site.specs) == before


def test_who_may_see_a_part_describes_that_and_is_told_the_rest(site: Site):
    quotas = {"apiGroups": [""], "resources": ["resourcequotas"], "verbs": ["get", "list"]}
    token = grant(site.server, "accountant", SPACE, quotas)
    ran = Site(site.server, site.specs, token).take("--namespace", SPACE)
    assert ran.code == 0, ran
    assert "0 changes, 1 adoption." in ran.out
    assert "not seen: deployments.apps is forbidden" in ran.out


def test_a_cluster_without_kueue_has_quotas_and_services_all_the_same(tmp_path: Path):
    with kubernetes_server.running(tmp_path / "server", KUBERNETES) as server:
        settle(server, kueue=False)
        site = Site(server, specs_in(tmp_path / "specs"), server.token)
        ran = site.take("--namespace", SPACE, "--cluster-queue", "sky-total")
        assert ran.code == 64, ran
        assert "the cluster has no ClusterQueue `sky-total`" in ran.err
        ran = site.take("--namespace", SPACE, "--service", f"echo={SPACE}/echo")
        assert ran.code == 0, ran
        assert "0 changes, 2 adoptions." in ran.out
        assert "operators: [ingress]\n" in (site.specs / SPEC).read_text("utf-8")


def test_a_server_that_does_not_answer_ends_with_69(site: Site):
    before = contents(site.specs)
    ran = site.take("--namespace", SPACE, url="https://127.0.0.1:9")
    assert ran.code == 69, ran
    assert contents(site.specs) == before


@pytest.fixture
def between(site: Site) -> Iterator[Meddler]:
    """Before the server, with its certificate."""
    here = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = site.server.certificate_file
    here.load_cert_chain(certificate, certificate.with_suffix(".key"))
    with meddling(site.server.url, tls=here) as meddler:
        yield meddler


class BreaksOff:
    """Lets so many requests pass, and ends the next answers in the middle."""

    def __init__(self, passing: int) -> None:
        self.passing, self.seen = passing, 0

    def __call__(self, handler: Handler) -> bool:
        self.seen += 1
        if self.seen <= self.passing:
            return False
        length = {"Content_Type": "application/json", "Content_Length": "9999"}
        handler.say(200, b'{"kind": "Li', **length)
        handler.close_connection = True
        return True


def test_a_server_that_closes_in_the_middle_leaves_nothing_half_written(
    site: Site, between: Meddler
):
    before = contents(site.specs)
    counted = BreaksOff(10_000)
    between.meddle = counted
    ran = site.take(*MINE, "--dry-run", url=between.url)
    assert ran.code == 0, ran
    assert counted.seen > 15
    for passing in (0, 1, 5, counted.seen - 1):  # at the version, a listing, and within the plan
        between.meddle = BreaksOff(passing)
        ran = site.take(*MINE, url=between.url)
        assert ran.code == 69, ran
        assert "breaks off in the middle of an answer" in ran.err, ran
        assert contents(site.specs) == before
    between.meddle = lambda handler: False
    assert site.take(*MINE, url=between.url).code == 0


PAGE = PROJECT / "docs/how-to/import-kubernetes.md"


def test_the_page_on_bringing_a_cluster_in_holds(tmp_path: Path):
    specs = specs_in(tmp_path / "specs")
    (specs / "policies/compute/queues.yaml").unlink()
    with kubernetes_server.running(tmp_path / "server", KUBERNETES) as server:
        settle(server)
        words = {"SERVER": server.url, "TOKEN": "env:SKY_TOKEN", "NAME": NAME}
        words["CERTIFICATE_AUTHORITY"] = str(server.certificate_file)
        environment = {
            "SKY_TOKEN": server.token,
            **{f"SRCNET_IMPORT_KUBERNETES_{name}": value for name, value in words.items()},
            **{f"SRCNET_{name}_TODAY": TODAY for name in ("IMPORT_KUBERNETES", "PLAN", "APPLY")},
        }
        before = all_of_it(server)
        with Shell(specs, tmp_path / "home", environment) as shell:
            assert play(PAGE, specs, shell, {}) == 10
        touched = differing(before, all_of_it(server))
        assert not any(THEIRS in name for name in touched)
        assert len(touched) == 4
