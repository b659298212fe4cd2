"""A cluster that its people filled by hand is imported: the plan is nothing but adoptions."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest
from cli_runner import TODAY, Ran, contents, srcnet
from console import PROJECT, Shell, play

from srcnet_compiler.demo import shared_cluster
from srcnet_compiler.demo.shared_cluster import ALLOCATION, POLICY, SITE, SPEC, Shared
from srcnet_compiler.demo.slurm_clusters import ask
from srcnet_compiler.demo.slurm_fingerprint import fingerprint

pytestmark = [pytest.mark.live("slurm"), pytest.mark.live("sshd")]

SCHEMA = json.loads((PROJECT / "schemas/import.schema.json").read_text("utf-8"))
BY_HAND = (
    "add qos ska-batch set priority=1 maxwall=1-00:00:00 maxtresperuser=cpu=2"
    " flags=DenyOnLimit,NoDecay",
    "add qos ska-interactive set priority=2 maxwall=04:00:00 flags=DenyOnLimit,NoDecay",
    "add account ska parent=root cluster=alps",
    "modify account ska where cluster=alps set grptres=cpu=5,mem=4096",
    "add account ska-eor parent=ska cluster=alps fairshare=10000",
    "modify account ska-eor where cluster=alps set qos=ska-batch,ska-interactive"
    " defaultqos=ska-batch",
)


@dataclass(frozen=True, slots=True)
class Site:
    """A shared cluster, and specs that do not know it yet."""

    shared: Shared
    specs: Path

    def run(self, *args: str) -> Ran:
        key = {"ALPS_SSH_KEY": self.shared.server.key.read_text("ascii")}
        return srcnet(*args, "--today", TODAY, cwd=self.specs, env=key)

    def take(self, *args: str) -> Ran:
        """Import the cluster."""
        server = self.shared.server
        login = ("--host", "127.0.0.1", "--port", str(server.port), "--user", server.user)
        secrets = ("--host-key", server.host_key, "--key", "env:ALPS_SSH_KEY")
        return self.run("import", "slurm", "--site", SITE, *login, *secrets, *args)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    folder = tmp_path_factory.mktemp("cluster")
    with shared_cluster.running(folder, lambda line: None) as running:
        for line in BY_HAND:
            ask(running.cluster, "sacctmgr", "-i", *line.split())
        yield running


@pytest.fixture
def site(shared: Shared, tmp_path: Path) -> Site:
    specs = tmp_path / "specs"
    for each in ("site-specs", "policies", "schemas"):
        shutil.copytree(PROJECT / each, specs / each)
    for name, text in (("compute/queues", POLICY), ("allocation/cycle-0", ALLOCATION)):
        path = specs / f"policies/{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    return Site(shared, specs)


MINE = ("--partition", "main", "--account", "ska", "--allow", "accounting")


def test_what_stands_there_by_hand_is_adopted_and_then_one_line_changes_one_thing(site: Site):
    before = fingerprint(site.shared.cluster)
    (site.specs / SPEC).write_text("# ours\n" + (site.specs / SPEC).read_text("utf-8"), "utf-8")
    text = (site.specs / SPEC).read_text("utf-8")
    ran = site.take(*MINE)
    assert ran.code == 0, ran
    assert "Proof: the plan of these specs is 0 changes, 6 adoptions." in ran.out
    assert "account, left to its people: astro" in ran.out
    merged = (site.specs / SPEC).read_text("utf-8")
    assert [line for line in merged.splitlines() if line in text.splitlines()] == text.splitlines()
    assert 'nodes:\n          - {names: "s[1-2]", cores: 4, memory: 4000 MiB}\n' in merged
    assert "share: {ceiling: {cores: 5, memory: 4 GiB}}\n" in merged
    again = site.take(*MINE)
    assert (again.code, "the specs say all of it" in again.out) == (0, True), again
    applied = site.run("apply", "--site", SITE, "--yes")
    assert applied.code == 0, applied
    planned = site.run("plan", "--site", SITE, "--detailed-exitcode")
    assert planned.code == 0, planned
    (site.specs / SPEC).write_text(merged.replace("{cores: 5, ", "{cores: 4, "), "utf-8")
    planned = site.run("plan", "--site", SITE)
    assert "1 change (1 to update)" in planned.out
    assert "GrpTRES.cpu: 5 → 4" in planned.out
    assert before.differences(fingerprint(site.shared.cluster)) == ()


def test_what_is_not_the_federation_s_is_nobody_s_to_change(site: Site):
    ran = site.take("--partition", "main", "--account", "none", "--format", "json")
    assert ran.code == 0, ran
    found = json.loads(ran.out)
    jsonschema.validate(found, SCHEMA)
    assert found["left"]["account"] == ["astro", "ska", "ska-eor"]
    assert (found["plan"]["adoptions"], found["plan"]["changes"]) == (0, [])
    assert found["compute"]["slurm"]["allows"] == []
    assert found["written"]


def test_what_differs_is_named_and_nothing_is_written(site: Site):
    path = site.specs / "policies/compute/queues.yaml"
    path.write_text(POLICY.replace("walltime: 4 h", "walltime: 5 h"), "utf-8")
    before = contents(site.specs)
    ran = site.take(*MINE)
    assert ran.code == 1, ran
    assert "MaxWall: 4 h → 5 h" in ran.out
    assert "policies/compute/queues.yaml:10:" in ran.out
    assert "not accepted: what the specs say is not what is there" in ran.err
    assert contents(site.specs) == before


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "add `--partition NAME`: main"),
        (("--partition", "gpu", "--account", "none"), "the cluster has no partition `gpu`"),
        (("--partition", "main"), "add `--account NAME`: astro, ska, ska-eor, none"),
        (("--partition", "main", "--account", "sk"), "the cluster has no account `sk`"),
    ],
)
def test_what_is_not_said_or_not_there_is_told_with_what_to_type(
    site: Site, args: tuple[str, ...], said: str
):
    before = contents(site.specs)
    ran = site.take(*args)
    assert ran.code == 64, ran
    assert said in ran.err
    assert contents(site.specs) == before


def test_a_cluster_that_does_not_answer_ends_with_69(site: Site):
    ran = site.run(
        *("import", "slurm", "--site", SITE, "--host", "127.0.0.1", "--port", "9"),
        *("--key", f"file:{site.shared.server.key}", *MINE),
    )
    assert ran.code == 69, ran


PAGE = PROJECT / "docs/how-to/import-slurm.md"


def test_the_page_on_bringing_a_cluster_in_holds(site: Site, tmp_path: Path):
    server = site.shared.server
    login = {"HOST": "127.0.0.1", "PORT": str(server.port), "USER": server.user}
    login |= {"HOST_KEY": server.host_key, "KEY": "env:ALPS_SSH_KEY"}
    environment = {
        "ALPS_SSH_KEY": server.key.read_text("ascii"),
        **{f"SRCNET_IMPORT_SLURM_{name}": value for name, value in login.items()},
        **{f"SRCNET_{name}_TODAY": TODAY for name in ("IMPORT_SLURM", "PLAN", "APPLY")},
    }
    before = fingerprint(site.shared.cluster)
    with Shell(site.specs, tmp_path / "home", environment) as shell:
        assert play(PAGE, site.specs, shell, {}) == 9
    assert before.differences(fingerprint(site.shared.cluster)) == ()
