"""The cluster on which one change is tried: what is typed there, and how it looks afterwards."""

from __future__ import annotations

import os
import re
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from experiments.slurm_cost.case import PENDING_INSIDE, SMALL, WAITING, Edit, Inside
from srcnet_compiler.demo import slurm_clusters, slurm_foreign
from srcnet_compiler.demo.processes import ServerError, free_port, wait_until
from srcnet_compiler.demo.slurm_clusters import Cluster, ClusterSpec, Slurm, ask, command

NAME = "sitec"
DAEMON = f"{NAME}/slurmctld"
FOREIGN_RUNNING, FOREIGN_PENDING = "of others, running", "of others, pending"
PATIENCE = 30
LINES = 40  # of an answer or a log that are kept
Raw = dict[str, Any]
_BROKEN = "Unable to process configuration file"
_TOLD = re.compile(r"\b(fatal|error): ")


@dataclass(slots=True)
class Stand:
    """One cluster, with the jobs that are watched."""

    slurm: Slurm
    cluster: Cluster
    port: str  # for a node to come
    observer: Cluster  # the same by the site's configuration of the beginning
    jobs: dict[str, int] = field(default_factory=dict)
    told: int = 0  # how much of slurmctld's log was looked at

    def type(self, line: str) -> Raw:
        """Type a line: what it was, how it ended, what it said, how long it took."""
        user, words = self._words(line)
        started = time.perf_counter()
        done = command(self.cluster, *words, user=user)
        elapsed = time.perf_counter() - started
        said = (done.stdout + done.stderr).splitlines()
        return {
            "typed": line,
            "exit": done.returncode,
            "said": [self.scrubbed(each) for each in said if each.strip()][:LINES],
            "milliseconds": round(elapsed * 1000),
        }

    def must(self, line: str) -> Raw:
        """Type a line of the preparations, which has to work."""
        if line.startswith("await "):
            _, state, name = line.split()
            wanted = f"squeue -h -n {name} -o %T"
            _wait(lambda: self.type(wanted)["said"] == [state], line)
            return {"typed": line}
        done = self.type(line)
        if done["exit"] != 0:
            raise ServerError(f"`{line}`: {done['said']}")
        return done

    def see(self, line: str) -> Raw:
        """As `type`, by a configuration that still can be read if the site's cannot."""
        answer = self.type(line)
        if any(_BROKEN in each for each in answer["said"]):
            answer = replace(self, cluster=self.observer).type(line)
        del answer["milliseconds"]
        return answer

    def edit(self, edit: Edit) -> Raw:
        """Change a file in place, by writing it beside and moving it there."""
        path = self.cluster.folder / edit.file
        out, into = (self._filled(text) for text in (edit.out, edit.into))
        text = path.read_text("utf-8")
        if out and out not in text:
            raise ServerError(f"{edit.file} has no `{out}`")
        beside = path.with_suffix(".new")
        beside.write_text(text.replace(out, into) if out else f"{text}{into}\n", "utf-8")
        beside.chmod(0o644)
        beside.replace(path)
        return {"file": edit.file, "out": self.scrubbed(out), "into": self.scrubbed(into)}

    def start(self, job: Inside) -> None:
        """Submit a job that is watched from now on; return when it runs, or waits as it should."""
        line = f"@{job.user} sbatch --parsable {job.options} --wrap 'sleep 9000'"
        number = int(self.must(line)["said"][-1])
        self.jobs[job.label] = number
        if job.label in (PENDING_INSIDE, FOREIGN_PENDING):
            _wait(lambda: self.job(number).split()[-1] not in ("None", "not"), f"job {number}")
        else:
            slurm_foreign.wait_for_state(self.cluster, number, "RUNNING")

    def job(self, number: int) -> str:
        """State and reason, such as `PENDING Resources`; how it is forgotten, else."""
        answer = self.see(f"squeue -h -t all -j {number} -o '%T %r'")
        return " ".join(answer["said"]) if answer["exit"] == 0 else "not answered"

    def lives(self) -> bool:
        return DAEMON in slurm_clusters.pids(self.slurm)

    def wait_until_saved(self) -> None:
        """Return when slurmctld has written down all jobs, lest a death of it forgets one."""
        saved, now = self.cluster.state / "job_state", time.time()
        # it writes when something has changed, every few seconds
        last = list(self.jobs.values())[-1]
        ask(self.cluster, "scontrol", "update", f"JobId={last}", "Comment=watched")
        _wait(lambda: saved.exists() and saved.stat().st_mtime > now, "jobs to be saved")

    def look(self, probe: str, process: int | None) -> Raw:
        """How it is now; `process` is slurmctld's before."""
        here = slurm_clusters.pids(self.slurm).get(DAEMON)
        same = "the same process" if here == process else "a new process"
        user = self.type(f"@{slurm_foreign.USER} squeue -h")
        return {
            "slurmctld": "ended" if here is None else same,
            "probe": self.see(probe),
            "jobs": {label: self.job(number) for label, number in self.jobs.items()},
            "a user's squeue": {"exit": user["exit"], "said": user["said"] if user["exit"] else []},
            "log": self.log(),
        }

    def process(self) -> int | None:
        return slurm_clusters.pids(self.slurm).get(DAEMON)

    def log(self) -> list[str]:
        """What slurmctld called an error since the last time."""
        text = self.slurm.log(DAEMON).read_text("utf-8", errors="replace")
        new, self.told = text[self.told :], len(text)
        lines = [_shortened(line) for line in new.splitlines() if _TOLD.search(line)]
        return [self.scrubbed(line) for line in dict.fromkeys(lines)][-LINES:]

    def restart(self) -> Raw:
        """Stop slurmctld if it lives and start it, as an administrator would."""
        steps = []
        if self.lives():
            steps.append(replace(self, cluster=self.observer).type("scontrol shutdown slurmctld"))
            _wait(lambda: not self.lives(), "end of slurmctld")
        started = time.perf_counter()
        try:
            slurm_clusters.restart(self.slurm, DAEMON)
            starts = True
        except ServerError:
            starts = False
        elapsed = round((time.perf_counter() - started) * 1000)
        return {
            "stopped": steps,
            "typed": "slurmctld",
            "starts": starts,
            "milliseconds": elapsed,
        }

    def scrubbed(self, text: str) -> str:
        """Without what is this machine's and this moment's."""
        host = self.slurm.host
        text = text.replace(f"{self.cluster.folder}/", "").replace(str(self.slurm.home), "HOME")
        text = re.sub(rf"\b{re.escape(host.name)}\b", "HOST", text).replace(host.address, "ADDRESS")
        for port in (*self.cluster.node_ports, self.cluster.controller_port, self.port):
            text = re.sub(rf"\b{port}\b", "PORT", text)
        text = re.sub(r"ADDRESS:\d+", "ADDRESS:PORT", text)
        text = re.sub(r"\bOS=.*?(?= +\w+=)", "OS=SYSTEM", text)
        return re.sub(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?", "TIME", text)

    def _words(self, line: str) -> tuple[str | None, list[str]]:
        words = shlex.split(line)
        return (words[0][1:], words[1:]) if words[0].startswith("@") else (None, words)

    def _filled(self, text: str) -> str:
        host = self.slurm.host
        node2 = f"NodeAddr={host.address} Port={self.cluster.node_ports[1]}"
        values = {"host": host.name, "address": host.address, "port": self.port, "node2": node2}
        return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], text)


def _shortened(line: str) -> str:
    return re.sub(r"^.*?\b(fatal|error): ", r"\1: ", line)[:200]


def _wait(ready: Callable[[], bool], what: str) -> None:
    wait_until(ready, what=what, log=Path(os.devnull), seconds=PATIENCE)


@contextmanager
def standing(folder: Path, settings: tuple[tuple[str, str], ...]) -> Iterator[Stand]:
    """A cluster of two nodes with others' jobs, for one change; gone at the end, with its jobs."""
    spec = ClusterSpec(NAME, nodes=2, settings=settings)
    with slurm_clusters.running(folder, [spec]) as slurm:
        (cluster,) = slurm.clusters
        foreign = slurm_foreign.settle(cluster)
        if ask(cluster, "squeue", "-h", "-j", str(foreign.job), "-o", "%N") != "c1":
            raise ServerError("others' job does not run where it should")
        stand = Stand(slurm, cluster, str(free_port()), _observer(cluster))
        stand.jobs[FOREIGN_RUNNING] = foreign.job
        options = f"{SMALL} {WAITING} -A {slurm_foreign.ACCOUNT}"
        stand.start(Inside(FOREIGN_PENDING, options, slurm_foreign.USER))
        slurm_foreign.add_account(cluster, "ska", "ska-test-a")
        yield stand


def _observer(cluster: Cluster) -> Cluster:
    """The same cluster by a copy of its configuration, without the fragment."""
    seen = replace(cluster, folder=cluster.folder / "observer")
    seen.slurm_conf.parent.mkdir(parents=True)
    lines = cluster.slurm_conf.read_text("utf-8").splitlines()
    kept = "\n".join(line for line in lines if not line.startswith("Include"))
    seen.slurm_conf.write_text(f"{kept}\n", "utf-8")
    return seen
