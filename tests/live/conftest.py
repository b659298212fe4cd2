"""Real systems for the live tests: brought up once per session, ended at its end.

Without what they need, the tests are skipped and say why; a system that the variable
SRCNET_REQUIRE_LIVE names (a list with commas) is a failure instead.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from rucio_daemons import Daemons

from srcnet_compiler.demo import (
    kubernetes_borrowed,
    kubernetes_server,
    postgresql,
    rucio_server,
    rucio_venv,
    slurm_clusters,
    slurm_foreign,
)
from srcnet_compiler.demo import sshd as sshd_server
from srcnet_compiler.demo.kubernetes_server import ApiServer, ServerError
from srcnet_compiler.demo.rucio_server import Database, RucioServer
from srcnet_compiler.demo.slurm_clusters import Cluster, ClusterSpec, Slurm
from srcnet_compiler.demo.slurm_foreign import Foreign
from srcnet_compiler.demo.sshd import Sshd

PROJECT = Path(__file__).parents[2]
RUCIO_VENV = PROJECT / ".srcnet" / "rucio-server"
KUBERNETES = PROJECT / ".srcnet" / "kubernetes"
ACTIONLINT = PROJECT / ".srcnet" / "actionlint" / "actionlint"
ENVIRONMENT = dict(os.environ)  # before the tests take away what leads elsewhere


def why_no_rucio() -> str | None:
    try:
        if rucio_venv.find_server_venv(RUCIO_VENV) is None:
            return (
                "no environment with a Rucio server: run"
                f" `python -m srcnet_compiler.demo.rucio_venv {RUCIO_VENV.relative_to(PROJECT)}`"
                f" or set {rucio_venv.OVERRIDE}"
            )
    except rucio_venv.ServerError as problem:
        return str(problem)
    return None


def why_no_postgresql() -> str | None:
    if postgresql.find_binaries() is None:
        return "PostgreSQL is not installed (Debian: postgresql)"
    return None


def why_no_kubernetes() -> str | None:
    try:
        if kubernetes_borrowed.named(ENVIRONMENT) is not None:
            return None
    except ServerError as problem:
        return str(problem)
    return kubernetes_server.why_not(KUBERNETES)


def why_no_chromium() -> str | None:
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    if missing:
        return f"{' and '.join(missing)} not installed (Debian: chromium, chromium-driver)"
    return None


def why_no_actionlint() -> str | None:
    if not ACTIONLINT.is_file():
        return "actionlint is not built: `make actionlint` builds it where there is a Go"
    return None


def why_no_spark() -> str | None:
    if find_spec("pyspark") is None:
        return "Spark is not installed: `make spark` installs it"
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        return "Java is not installed (Debian: openjdk-17-jre-headless)"
    return None


WHY_NOT: dict[str, Callable[[], str | None]] = {
    "rucio": why_no_rucio,
    "slurm": slurm_clusters.why_not,
    "sshd": sshd_server.why_not,
    "kubernetes": why_no_kubernetes,
    "chromium": why_no_chromium,
    "actionlint": why_no_actionlint,
    "spark": why_no_spark,
}


def need(system: str, why_not: str | None) -> None:
    """Skip the test for this reason, or fail when the system is required."""
    if why_not is None:
        return
    required = os.environ.get("SRCNET_REQUIRE_LIVE", "").split(",")
    if system in (name.strip() for name in required):
        pytest.fail(f"SRCNET_REQUIRE_LIVE names {system}, but: {why_not}", pytrace=False)
    pytest.skip(why_not)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("live"):
        for system in marker.args:
            need(system, WHY_NOT[system]())


def running_rucio(folder: Path, database: Database) -> Iterator[RucioServer]:
    need("rucio", why_no_rucio())
    if database == "postgresql":
        need("rucio", why_no_postgresql())
    venv = rucio_venv.find_server_venv(RUCIO_VENV)
    assert venv is not None
    with rucio_server.running(folder / "rucio", database=database, venv=venv) as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def no_other_rucio() -> Iterator[None]:
    """No client of these tests is led to another Rucio by the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(("RUCIO_", "BEARER_TOKEN")) or name.lower() == "http_proxy":
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def rucio_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RucioServer]:
    """A Rucio on SQLite, shared by the session's tests: use names of your own."""
    yield from running_rucio(tmp_path_factory.mktemp("rucio-sqlite"), "sqlite")


@pytest.fixture(scope="session")
def rucio_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RucioServer]:
    """A Rucio on PostgreSQL, shared by the session's tests: use names of your own."""
    yield from running_rucio(tmp_path_factory.mktemp("rucio-postgresql"), "postgresql")


@pytest.fixture(params=["sqlite", "postgresql"])
def rucio(request: pytest.FixtureRequest) -> RucioServer:
    """The shared Rucio, on each database."""
    server: RucioServer = request.getfixturevalue(f"rucio_{request.param}")
    return server


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_rucio(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RucioServer]:
    """A Rucio with nothing in it, for this test alone, on each database (5 to 7 s each)."""
    yield from running_rucio(tmp_path, request.param)


@pytest.fixture(scope="session")
def daemons_of() -> Iterator[Callable[[RucioServer], Daemons]]:
    """The daemons of a server: one process for each, started when first asked for."""
    started: dict[Path, Daemons] = {}

    def daemons_of(server: RucioServer) -> Daemons:
        if server.folder not in started:
            started[server.folder] = Daemons(server)
        return started[server.folder]

    yield daemons_of
    for daemons in started.values():
        daemons.close()


@pytest.fixture
def daemons(rucio: RucioServer, daemons_of: Callable[[RucioServer], Daemons]) -> Daemons:
    """The daemons of the shared Rucio."""
    return daemons_of(rucio)


@pytest.fixture
def fresh_daemons(fresh_rucio: RucioServer) -> Iterator[Daemons]:
    """The daemons of the test's own Rucio."""
    with Daemons(fresh_rucio) as daemons:
        yield daemons


@pytest.fixture(scope="session", autouse=True)
def no_other_slurm() -> Iterator[None]:
    """No command of these tests is led to another Slurm by the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(("SLURM_", "SBATCH_", "SALLOC_", "SQUEUE_", "SACCT_", "SINFO_")):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """Two clusters with one database, shared by the session's tests: use names of your own."""
    need("slurm", slurm_clusters.why_not())
    with slurm_clusters.running(tmp_path_factory.mktemp("slurm") / "clusters") as slurm:
        yield slurm


@pytest.fixture(scope="session")
def foreign(slurm: Slurm) -> Mapping[str, Foreign]:
    """The other science on the shared clusters, with a job that runs all the time."""
    return {cluster.name: slurm_foreign.settle(cluster) for cluster in slurm.clusters}


@pytest.fixture
def fresh_slurm(tmp_path: Path) -> Iterator[Slurm]:
    """A cluster with two nodes and nothing else in it, for this test alone (4 s)."""
    need("slurm", slurm_clusters.why_not())
    lone = ClusterSpec("sitec", nodes=2)
    with slurm_clusters.running(tmp_path / "clusters", [lone]) as slurm:
        yield slurm


@pytest.fixture(scope="session")
def sshd_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Cluster], Sshd]]:
    """The controller of a cluster, by ssh: started when first asked for."""
    need("sshd", sshd_server.why_not())
    started: dict[Path, Sshd] = {}
    with ExitStack() as stack:

        def sshd_of(cluster: Cluster) -> Sshd:
            if cluster.folder not in started:
                started[cluster.folder] = stack.enter_context(
                    sshd_server.running(
                        tmp_path_factory.mktemp("sshd") / cluster.name,
                        name=f"controller.{cluster.name}",
                        environment={"SLURM_CONF": str(cluster.slurm_conf)},
                    )
                )
            return started[cluster.folder]

        yield sshd_of


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A host that is reached by ssh, with nothing on it."""
    need("sshd", sshd_server.why_not())
    with sshd_server.running(tmp_path_factory.mktemp("sshd") / "host", name="host") as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def no_other_kubernetes() -> Iterator[None]:
    """No client of these tests is led to another cluster by the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(("KUBECONFIG", "KUBERNETES_", "K8S_AUTH_")):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def kubernetes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """An API server with all CRDs, shared by the session's tests: use names of your own."""
    need("kubernetes", why_no_kubernetes() or kubernetes_server.why_no_crds(KUBERNETES))
    folder = tmp_path_factory.mktemp("kubernetes") / "server"
    cluster = kubernetes_borrowed.named(ENVIRONMENT)
    with (
        kubernetes_server.running(folder, KUBERNETES)
        if cluster is None
        else kubernetes_borrowed.borrowed(cluster, folder, KUBERNETES)
    ) as server:
        kubernetes_server.install_crds(server, *kubernetes_server.CRDS)
        yield server if cluster is None else replace(server, issue=skip_for_want_of_tokens)


def skip_for_want_of_tokens(user: str, groups: tuple[str, ...]) -> str:
    pytest.skip(f"a borrowed cluster gives no token for {user}")


@pytest.fixture
def fresh_kubernetes(tmp_path: Path) -> Iterator[ApiServer]:
    """An API server of our own with nothing in it, for this test alone (4 s)."""
    need("kubernetes", kubernetes_server.why_not(KUBERNETES))
    with kubernetes_server.running(tmp_path / "kubernetes", KUBERNETES) as server:
        yield server
