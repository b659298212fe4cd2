"""Mutations of a fragment, judged by the real parser and a real slurmctld on a scratch copy.

The cases are those of recordings/slurm/lint-matrix.txt, where each was first seen.
"""

import base64
import io
import os
import re
import shutil
import subprocess
import tarfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from slurm_recordings import RECORDINGS

from srcnet_compiler.targets.slurm.live import LocalRunner, Ran, SiteFiles, foresee, rehearse

SITE = RECORDINGS / "22.05"
GOOD = (
    "# ours\n"
    "PartitionName=ska Nodes=a[1-2] AllowAccounts=ska,ska-hi AllowQos=ska-batch MaxTime=04:00:00\n"
    "PartitionName=ska-dev Nodes=a3 QOS=ska-inter\n"
)


def why_not() -> str | None:
    """Why nothing can be rehearsed here."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    daemon = shutil.which("slurmctld", path=path)
    if daemon is None or shutil.which("scontrol") is None:
        return "Slurm is not installed (Debian: slurmctld, slurm-client)"
    version = subprocess.run([daemon, "-V"], capture_output=True, text=True, check=False).stdout
    if not re.search(r"slurm\S* 22\.05", version):
        return f"the recorded state is of 22.05, and here is {version.strip()}"
    probe = ["unshare", "--net", "--uts", "--mount", "--pid", "--fork", "true"]
    if os.geteuid() != 0:
        probe[1:1] = ["--user", "--map-root-user"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        return "no rights to make namespaces"
    return None


WHY_NOT = why_not()
if WHY_NOT and "slurm" in os.environ.get("SRCNET_REQUIRE_LIVE", "").split(","):
    raise RuntimeError(f"SRCNET_REQUIRE_LIVE names slurm, but: {WHY_NOT}")
pytestmark = [
    pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT)),
    pytest.mark.xdist_group("slurm"),  # what is left of a copy is looked for on the whole machine
]


@pytest.fixture
def site(tmp_path: Path) -> SiteFiles:
    """The recorded site, as it lies on its controller."""
    etc = tmp_path / "etc"
    etc.mkdir()
    conf = (SITE / "slurm.conf").read_text("utf-8")
    (etc / "slurm.conf").write_text(conf.replace("/mnt/etc/ska.conf", f"{etc}/ska.conf"), "utf-8")
    (etc / "ska.conf").write_text("PartitionName=ska Nodes=a1\n", "utf-8")
    (etc / "gres.conf").write_text(
        "NodeName=a[1-3] Name=scratch Count=100 Flags=CountOnly\n", "utf-8"
    )
    (etc / "cgroup.conf").write_text("CgroupAutomount=no\n", "utf-8")
    return SiteFiles(etc / "slurm.conf", etc / "ska.conf", SITE / "state")


def test_a_good_fragment_is_taken_within_a_second(site: SiteFiles):
    before = {path: path.read_bytes() for path in Path(site.folder).iterdir()}
    start = time.monotonic()

    assert rehearse(site, GOOD) == ()

    assert time.monotonic() - start < 1
    assert {path: path.read_bytes() for path in Path(site.folder).iterdir()} == before


@pytest.mark.parametrize(
    ("line", "level", "fatal", "says"),
    [
        ("PartitionName=new Nodes=a1 Bogus=1", 1, True, "unrecognized key: Bogus"),
        ("PartitionName=new Nodes=a1 MaxTime=soon", 1, True, "MaxTime"),
        ("PartitionName=new Nodes=a1 MaxTime=-5", 1, True, "MaxTime"),
        ("garbage", 1, True, "garbage"),
        ("PartitionName=new Nodes=zz9", 2, True, "Invalid node names in partition new"),
        ("PartitionName=main Nodes=a1", 2, True, "duplicate entry for partition main"),
        ("PartitionName=ska Nodes=a3", 2, True, "duplicate entry for partition ska"),
        ("PartitionName=new Nodes=a1 AllowQos=nosuch", 2, False, "nosuch"),
        ("PartitionName=new Nodes=a1 QOS=nosuch", 2, True, "invalid qos (nosuch)"),
        ("PartitionName=new Nodes=a1 AllowGroups=nosuchgrp", 2, False, "nosuchgrp"),
        ("SelectType=select/linear", 2, True, "SelectTypeParameters"),
        ("PreemptType=preempt/none", 1, True, "PreemptType and PreemptMode values incompatible"),
        ("PreemptType=preempt/partition_prio", 2, False, "PreemptType 1 specified more than once"),
        ("NodeName=a9 NodeAddr=127.0.0.1 Gres=fpga:2", 2, False, "Invalid GRES"),
        ("JobSubmitPlugins=lua", 2, True, "failed to initialize job_submit plugin"),
        ("NodeName=a1 CPUs=4", 2, True, "Duplicated NodeName a1"),
    ],
)
def test_what_slurm_objects_to_points_at_its_line(
    site: SiteFiles, line: str, level: int, fatal: bool, says: str
):
    start = time.monotonic()

    found = rehearse(site, f"{GOOD}{line}\n")

    assert time.monotonic() - start < 2
    assert [each.level for each in found] == [level] * len(found)
    about = [each for each in found if says in each.text]
    assert about, found
    assert any(each.fatal for each in found) is fatal
    assert 4 in {each.line for each in found}, found
    assert {each.line for each in found} <= {4, None}, found


@pytest.mark.parametrize(
    "line",
    [
        "PartitionName=new Nodes=a1 AllowAccounts=nosuch",
        "PartitionName=new Nodes=a1 Default=YES",
        "PartitionName=DEFAULT MaxTime=10",
        "EnforcePartLimits=ALL",
    ],
)
def test_what_the_daemon_misses_is_why_there_is_a_check_of_our_own(site: SiteFiles, line: str):
    assert rehearse(site, f"{GOOD}{line}\n") == ()


def test_an_include_that_is_not_there_is_said_at_once_and_not_after_a_minute(site: SiteFiles):
    conf = Path(site.conf)
    conf.write_text(f"{conf.read_text('utf-8')}Include {site.folder}/gone.conf\n", "utf-8")
    start = time.monotonic()

    (found,) = rehearse(site, GOOD)

    assert "gone.conf" in found.text
    assert time.monotonic() - start < 1


@dataclass(frozen=True)
class Watched:
    """A runner that remembers what was sent through it."""

    sent: list[str] = field(default_factory=list)

    def run(self, argv: Sequence[str], text: str = "") -> Ran:
        self.sent.append(text)
        return LocalRunner().run(argv, text)

    def close(self) -> None:
        pass


def test_no_key_is_copied(site: SiteFiles):
    (Path(site.folder) / "jwt.key").write_text("secret", "utf-8")
    for name in ("slurmdbd.conf", "wifi.conf"):  # of the folder, Slurm reads what it knows
        (Path(site.folder) / name).write_text("StoragePass=secret\n", "utf-8")
    watched = Watched()
    assert rehearse(replace(site, runner=watched), GOOD) == ()
    bundle = io.BytesIO(base64.b64decode(watched.sent[-1]))
    with tarfile.open(fileobj=bundle) as tar:
        names = {Path(name).name for name in tar.getnames()}
    assert "slurm.conf" in names
    assert not {"jwt.key", "slurmdbd.conf", "wifi.conf"} & names


def test_what_is_included_is_read_however_deep(site: SiteFiles):
    folder, conf = Path(site.folder), Path(site.conf)
    (folder / "parts").mkdir()
    (folder / "parts/nodes.conf").write_text(f"Include {folder}/parts/more.conf\n", "utf-8")
    (folder / "parts/more.conf").write_text("PartitionName=deep Nodes=a1\n", "utf-8")
    conf.write_text(f"{conf.read_text('utf-8')}Include parts/nodes.conf\n", "utf-8")
    found = foresee(site, GOOD)
    assert found.objections == ()
    assert "PartitionName=deep " in found.partitions
    (folder / "parts/more.conf").unlink()
    (gone,) = rehearse(site, GOOD)
    assert "parts/more.conf" in gone.text


def test_nothing_of_a_copy_is_left(site: SiteFiles):
    def copies() -> set[Path]:
        return set(Path("/tmp").glob("srcnet-slurm-*"))

    before = copies()
    rehearse(site, GOOD)
    rehearse(site, "garbage\n")
    assert copies() == before


def test_where_the_state_cannot_be_read_all_but_qos_is_judged(site: SiteFiles):
    blind = replace(site, state=None)
    found = foresee(blind, GOOD)
    assert found.objections == ()
    assert not found.knows_qos
    assert "PartitionName=ska" in found.partitions
    (objection,) = rehearse(blind, f"{GOOD}PartitionName=new Nodes=zz9\n")[:1]
    assert "zz9" in objection.text or "new" in objection.text
    assert foresee(site, GOOD).knows_qos
