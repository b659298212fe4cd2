"""The demo's last part: a site joins with a Slurm cluster on which another science computes.

The cluster is real: its daemons, its accounting, its nodes and a job of others that runs all the
time. The compiler comes to it over ssh, as to any site's.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from srcnet_compiler.converge import systems_of
from srcnet_compiler.demo import slurm_clusters, slurm_foreign, sshd
from srcnet_compiler.demo.converging import Run, converge
from srcnet_compiler.demo.show import Show
from srcnet_compiler.demo.slurm_config import Cluster, ClusterSpec
from srcnet_compiler.demo.slurm_fingerprint import fingerprint
from srcnet_compiler.demo.slurm_foreign import Foreign
from srcnet_compiler.demo.sshd import Sshd
from srcnet_compiler.pipeline import compile_specs
from srcnet_compiler.plan.model import Verdict

SITE, SPEC = "CHSRC-CSCS", "site-specs/chsrc-cscs.yaml"
MEMBER, GROUP = "ska-test-a", "/roles/prod/user"
ACCOUNT, PARTITION = "ska-eor", "ska-batch"
POLICY = """\
apiVersion: srcnet.skao.int/v1alpha2
kind: ComputePolicy
metadata: {name: queues}
spec:
  status: agreed
  source: the demo
  prefix: ska
  queues:
    batch: {walltime: 24 h, perUser: {cores: 2}}
    interactive: {walltime: 4 h, priority: high}
"""
ALLOCATION = f"""\
apiVersion: srcnet.skao.int/v1alpha2
kind: Allocation
metadata: {{name: cycle-0}}
spec:
  status: agreed
  source: the demo
  period: {{from: 2026-01-01, until: 2035-12-31}}
  sites: [{SITE}]
  projects:
    - {{name: eor, groups: [{GROUP}], share: 100 %}}
"""
CLUSTER = """\
    - name: alps                            # lent by its site, and used by others too
      slurm:
        cluster: {name}
        version: "{version}"
        controller:
          host: 127.0.0.1
          port: {port}
          user: {user}
          hostKey: {host_key}
          credentials: {{secretRef: {{file: {key}}}}}
        allows: [accounting, partitions]
        fragment: {fragment}
        nodes: [{{names: "{nodes}", cores: {cores}}}]
        share: {{ceiling: {{cores: 4}}}}
"""


@dataclass(frozen=True, slots=True)
class Shared:
    """A cluster with its foreign job, and the sshd of its controller."""

    cluster: Cluster
    foreign: Foreign
    server: Sshd


def why_not() -> str | None:
    """Why no cluster can be shown here; None: one can."""
    return slurm_clusters.why_not() or sshd.why_not()


@contextmanager
def running(folder: Path, note: Callable[[str], None]) -> Iterator[Shared]:
    """A cluster with two nodes, on which another science computes."""
    with ExitStack() as stack:
        spec = ClusterSpec("alps", nodes=2)
        slurm = stack.enter_context(
            slurm_clusters.running(folder / "slurm", (spec,), progress=note)
        )
        (cluster,) = slurm.clusters
        environment = {"SLURM_CONF": str(cluster.slurm_conf)}
        server = stack.enter_context(sshd.running(folder / "sshd", environment=environment))
        yield Shared(cluster, slurm_foreign.settle(cluster), server)


def join(run: Run) -> tuple[Verdict, ...]:
    """Let a site join with a cluster; none where no cluster can run on this machine."""
    show, specs = run.show, run.specs
    show.title("A site lends its Slurm cluster, on which others compute")
    reason = why_not()
    if reason is not None:
        show.text(f"left out: {reason}\n")
        return ()
    with (
        TemporaryDirectory(prefix="srcnet-demo-slurm-") as scratch,
        running(Path(scratch), show.note) as shared,
    ):
        show.text(_foreign_job(shared))
        before = fingerprint(shared.cluster)
        describe(specs, shared)
        members = write_members(specs / ".srcnet/members.json")
        compiled = compile_specs(specs, run.today, {members.name: members.read_text("utf-8")})
        if compiled.failed:
            raise RuntimeError(compiled.diagnostics[0].message)
        show.title(f"srcnet plan --site {SITE} --members members.json, srcnet apply, srcnet verify")
        verdicts = converge(run, compiled, {}, systems_of(compiled, SITE))
        _run_a_job(shared, show)
        show.title("What the others see of it")
        changes = before.differences(fingerprint(shared.cluster))
        show.text(_foreign_job(shared))
        if changes:
            raise RuntimeError(f"things of others have changed: {'; '.join(changes)}")
        show.text("  their accounts, QOS, partitions, reservations, nodes and limits: as before\n")
        return verdicts


def describe(specs: Path, shared: Shared) -> None:
    """Write into the specs what the site, and those who decide on policy, would."""
    cluster, server = shared.cluster, shared.server
    entry = CLUSTER.format(
        name=cluster.name,
        version=_version(cluster),
        port=server.port,
        user=server.user,
        host_key=server.host_key,
        key=server.key,
        fragment=cluster.fragment,
        nodes=f"{cluster.spec.node_names[0][0]}[1-{cluster.spec.nodes}]",
        cores=cluster.spec.cpus,
    )
    path = specs / SPEC
    text = path.read_text("utf-8")
    path.write_text(text.replace("  compute:\n", f"  compute:\n{entry}", 1), "utf-8")
    for name, content in (("compute/queues", POLICY), ("allocation/cycle-0", ALLOCATION)):
        place = specs / f"policies/{name}.yaml"
        place.parent.mkdir(exist_ok=True)
        place.write_text(content, "utf-8")


def write_members(path: Path) -> Path:
    """What an identity provider exports: one user in one group."""
    user = {
        "id": "1",
        "userName": MEMBER,
        "active": True,
        "groups": [{"display": GROUP.strip("/"), "value": "g1"}],
    }
    export = {"totalResults": 1, "Resources": [user]}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(json.dumps(export), "utf-8")
    return path


def _version(cluster: Cluster) -> str:
    said = slurm_clusters.ask(cluster, "scontrol", "--version")
    return said.split()[-1]


def _foreign_job(shared: Shared) -> str:
    cluster, job = shared.cluster, shared.foreign.job
    state = slurm_foreign.state(cluster, job)
    if state != "RUNNING":
        raise RuntimeError(f"job {job} of the others is {state}")
    return f"  job {job} of account {slurm_foreign.ACCOUNT}: {state}\n"


def _run_a_job(shared: Shared, show: Show) -> None:
    show.title(f"A member submits: sbatch -A {ACCOUNT} -p {PARTITION}")
    job = slurm_foreign.submit(
        shared.cluster,
        "true",
        *("-n1", "--mem=100", "-t1", "-o/dev/null"),
        user=MEMBER,
        account=ACCOUNT,
        partition=PARTITION,
    )
    ended = slurm_foreign.wait_for_state(shared.cluster, job, "COMPLETED")
    show.text(f"  job {job} of account {ACCOUNT}: {ended}\n")
