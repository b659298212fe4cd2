"""A site that does what it is told: the golden cluster on three real nodes, its lines typed."""

from __future__ import annotations

import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from specs import GOLDEN, TODAY, compile_texts, texts

from srcnet_compiler.demo.slurm_clusters import Cluster, ask
from srcnet_compiler.federation.membership import Membership
from srcnet_compiler.targets.slurm import lower
from srcnet_compiler.targets.slurm.emit import emit
from srcnet_compiler.targets.slurm.model import SlurmModel
from srcnet_compiler.task import SHELL

COUNTED = (("GresTypes", "scratch,gpu"), ("AccountingStorageTRES", "gres/scratch,gres/gpu"))
QUEUES = "policies/compute/queues.yaml"
CSCS = "site-specs/chsrc-cscs.yaml"
CHANGES = {
    CSCS: (
        ("cluster: common", "cluster: sited"),
        ('names: "cn[001-020]", cores: 128, memory: 512 GiB', 'names: "d[1-3]", cores: 4'),
        ('- {names: "gpu[01-04]", cores: 64, memory: 1 TiB, gpus: {a100: 4}, scratch: 6 TB}', ""),
        ("guaranteed: {cores: 512, memory: 2 TiB}", "guaranteed: {cores: 4}"),
        ("{cores: 1280, memory: 5 TiB, gpus: 8}", "{cores: 12, memory: 8 GiB}"),
        ("nodes: 10,", "nodes: 1,"),
        ("[sat, sun]", "[sat, sun, mon, tue, wed, thu, fri]"),
        ("nodes: 2, queue: visual", "nodes: 1, queue: visual"),
    ),
    "policies/allocation/cycle-0.yaml": (
        ("gpus: 40000 h", ""),
        ("4000000 h,", "4000 h"),
        ("{cores: 1024, memory: 4 TiB, gpus: 8}", "{cores: 8, memory: 4 GiB}"),
    ),
}


def wanted(allows: str, fragment: Path, *more: tuple[str, str, str]) -> SlurmModel:
    """The golden cluster for this machine; `more`: a file, and what to write instead of what."""
    return all_wanted(allows, fragment, *more)[0]


def all_wanted(
    allows: str, fragment: Path, *more: tuple[str, str, str], members: Membership | None = None
) -> tuple[SlurmModel, ...]:
    """As `wanted`, with the other cluster of the site, and with members of the groups."""
    files = texts(GOLDEN)
    ours = (
        (CSCS, "[accounting, reservations, partitions]", allows),
        (CSCS, "/etc/slurm/federation.d/srcnet.conf", str(fragment)),
    )
    fitting = ((name, *change) for name, changes in CHANGES.items() for change in changes)
    for name, before, after in (*fitting, *ours, *more):
        assert before in files[name], before
        files[name] = files[name].replace(before, after)
    result = compile_texts(files, TODAY)
    assert not result.failed, [found.message for found in result.diagnostics]
    assert result.federation is not None
    assert result.analysis is not None
    return lower.lower(result.federation, result.analysis, members)


def type_slurm_s_commands(cluster: Cluster, model: SlurmModel, *programs: str) -> None:
    """The lines for a shell whose command is one of these, as they stand on the page."""
    for task in model.tasks:
        for line in task.lines if task.where == SHELL else ():
            if shlex.split(line)[0] in programs:
                ask(cluster, *shlex.split(line))


@dataclass(frozen=True, slots=True)
class Site:
    """A cluster whose administrators have the files that srcnet wrote, in `folder`."""

    cluster: Cluster
    model: SlurmModel
    folder: Path

    @property
    def scratch(self) -> Path:
        """The directory above those of jobs."""
        return scratch_of(self.cluster)

    @property
    def etc(self) -> Path:
        """What `/etc/slurm` is elsewhere."""
        return self.cluster.slurm_conf.parent

    def here(self, line: str) -> str:
        """A line of the page, for a slurm.conf that does not stand in /etc/slurm."""
        return line.replace("/etc/slurm/", f"{self.etc}/")

    def install_guard(self) -> None:
        """Put the guard beside slurm.conf, which has `JobSubmitPlugins=lua` already."""
        text = (self.folder / "job_submit.lua").read_text("utf-8")
        (self.etc / "job_submit.lua").write_text(text, "utf-8")

    def install_scratch(self) -> None:
        """Type the lines that install it, then write those of slurm.conf."""
        for task in self.model.tasks:
            for line in task.lines:
                if task.where == SHELL and line.startswith("install "):
                    words = shlex.split(self.here(line))
                    subprocess.run(words, cwd=self.folder, check=True)
        (written,) = [t.lines for t in self.model.tasks if t.lines[:1] == (PROLOG,)]
        text = self.cluster.slurm_conf.read_text("utf-8")
        config = "".join(f"{self.here(line)}\n" for line in written)
        self.cluster.slurm_conf.write_text(config + text, "utf-8")
        ask(self.cluster, "scontrol", "reconfigure")


PROLOG = "Prolog=/etc/slurm/prolog.d/*"


def scratch_of(cluster: Cluster) -> Path:
    return cluster.folder / "scratch" / "srcnet"


def described(cluster: Cluster, folder: Path, *more: tuple[str, str, str]) -> Site:
    """What srcnet writes for the administrators of a cluster, with nothing of it done."""
    path = (CSCS, "scratchPath: /scratch/srcnet", f"scratchPath: {scratch_of(cluster)}")
    model = wanted("[]", cluster.fragment, path, *more)
    for artifact in emit(model):
        (folder / artifact.path.name).write_text(artifact.content, "utf-8")
    return Site(cluster, model, folder)


DIGEST = "sha256:" + "0123456789abcdef" * 4
SAID = f"fed_id=alice@idp.example image={DIGEST}"
