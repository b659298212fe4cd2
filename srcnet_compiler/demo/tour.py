"""The whole of srcnet on one machine: SRCNet's own specs made true on a real Rucio server.

Brings up a server on loopback, converges it, changes a spec, changes something behind the
compiler's back, heals it, lets a site join with a Slurm cluster and one of Kubernetes that others
use, and ends everything that it started. Or it keeps the server for whoever wants to try the
commands by hand.
"""

import json
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from srcnet_compiler.converge import reach, verify
from srcnet_compiler.demo import shared_cluster, shared_platform
from srcnet_compiler.demo.converging import Run, converge
from srcnet_compiler.demo.pages import write_pages
from srcnet_compiler.demo.rucio_server import RucioServer, ensure_server_venv, running
from srcnet_compiler.demo.show import Show
from srcnet_compiler.diagnostic import Severity
from srcnet_compiler.federation.model import DataManagement, Secret
from srcnet_compiler.names import SPEC_FOLDERS
from srcnet_compiler.pipeline import Compiled, compile_specs
from srcnet_compiler.plan.model import Verdict
from srcnet_compiler.report.receipt import render_verdicts
from srcnet_compiler.resources import folder as resource
from srcnet_compiler.source import parse
from srcnet_compiler.span import Path as Keys
from srcnet_compiler.targets.rucio.live import Identity

SITE, AREA, CAPACITY = "site-specs/chsrc-cscs.yaml", "CHSRC-CSCS-T0", "400 TB"
FEDERATION, ROOT = "policies/federation.yaml", "root.json"


@dataclass(frozen=True, slots=True)
class _Stage:
    """What every step of one demo needs. `own` is how the compiler is let in, once it is;
    `kubernetes` where an API server has been built, `pages` where pages go."""

    specs: Path
    kubernetes: Path
    pages: Path
    server: RucioServer
    own: Identity
    today: date
    clock: Callable[[], datetime]
    show: Show

    @property
    def run(self) -> Run:
        return Run(self.specs, self.today, self.clock, self.show)

    @property
    def secret(self) -> str:
        """Our credentials, as the specs of SRCNet want to find them in a variable."""
        return json.dumps({"username": self.own.name, "password": self.own.password})

    def environment(self, data: DataManagement) -> dict[str, str]:
        """As somebody would have it who types the commands."""
        return {data.secret.place: self.secret, data.read_secret.place: self.secret}


def run(venv: Path, today: date, clock: Callable[[], datetime], show: Show) -> int:
    """The demo; 0 where everything was seen to hold. `venv` is where the server's software goes."""
    with _stage(venv, today, clock, show) as stage:
        return _converge_and_heal(stage)


def keep(
    venv: Path,
    today: date,
    clock: Callable[[], datetime],
    show: Show,
    *,
    empty: bool,
    until: Callable[[], None],
) -> int:
    """A server as the specs say, or `empty` but for its root, that runs until `until` returns."""
    with _stage(venv, today, clock, show) as stage:
        if not empty:
            compiled = _compile(stage)
            _bootstrap(compiled, stage)
            _apply(compiled, stage, brief=True)
        credentials = stage.specs / ".srcnet/credentials.json"
        _private(credentials, stage.secret)
        compiled = compile_specs(stage.specs, today)
        show.title("The server runs until Ctrl-C. Type in another terminal:")
        show.text(f"cd {stage.specs}\n")
        show.text(f'export {_data(compiled).secret.place}="$(cat {credentials})"\n')
        show.text("srcnet doctor\n")
        if empty:
            show.text(f"# first: srcnet bootstrap --root-credentials {ROOT} --yes\n")
            show.text(f"# and then: {_let_in(stage)}\n")
        until()
    return 0


def _let_in(stage: _Stage) -> str:
    """How root lets our identity in, with the command line of Rucio."""
    server, own = stage.server, stage.own
    return (
        f"RUCIO_CONFIG={server.client_config} rucio account identity add srcnet-compiler "
        f"--type {own.kind} --id {own.name} --email {own.email} --password {own.password}"
    )


@contextmanager
def _stage(venv: Path, today: date, clock: Callable[[], datetime], show: Show) -> Iterator[_Stage]:
    """A server with nothing in it, and SRCNet's specs for it, in a folder that goes away."""
    show.title("A real Rucio server on this machine")
    software = ensure_server_venv(venv, show.note)
    with TemporaryDirectory(prefix="srcnet-demo-") as scratch:
        folder, specs = Path(scratch), Path(scratch) / "specs"
        with running(
            folder / "rucio", database="sqlite", venv=software, progress=show.note
        ) as server:
            _copy_specs(specs, server)
            show.text(f"{server.url}, SQLite, nothing in it yet\n")
            own = Identity("USERPASS", "srcnet", "srcnet@localhost", secrets.token_urlsafe(18))
            beside = venv.parent
            yield _Stage(
                specs, beside / "kubernetes", beside / "pages", server, own, today, clock, show
            )


def _converge_and_heal(stage: _Stage) -> int:
    show = stage.show
    show.title("srcnet validate, srcnet compile")
    compiled = _compile(stage)
    show.title("srcnet docs, srcnet diff --format html: pages to look at")
    write_pages(stage.specs, stage.pages, stage.today, show)
    show.title("srcnet bootstrap: the compiler's own accounts")
    _bootstrap(compiled, stage)

    show.title("srcnet plan, srcnet apply, srcnet verify")
    first = _apply(compiled, stage, brief=True)

    show.title(f"One line of a spec changes: {AREA} grows to {CAPACITY}")
    _grow(stage.specs / SITE)
    changed = compile_specs(stage.specs, stage.today)
    second = _apply(changed, stage)

    show.title("Somebody changes the server behind the compiler's back")
    _meddle(changed, stage)
    third = _apply(changed, stage)

    verdicts = (first, second, third)
    joined = (
        *shared_cluster.join(stage.run),
        *shared_platform.join(stage.run, stage.kubernetes),
    )

    show.title("What is so now")
    now = (third, *joined)
    show.text(render_verdicts(now))
    return 0 if all(verdict.is_converged for verdict in (*verdicts, *joined)) else 4


def _copy_specs(specs: Path, server: RucioServer) -> None:
    """The specs of SRCNet as they stand, for this server; root's credentials beside."""
    for name in SPEC_FOLDERS:
        shutil.copytree(resource("srcnet") / name, specs / name)
    for key in ("server", "auth"):
        _put(specs / FEDERATION, ("spec", "rucio", key), server.url)
    root = {"username": server.username, "password": server.password}
    _private(specs / ROOT, json.dumps(root))


def _put(path: Path, keys: Keys, value: str) -> None:
    """Write a value over the one that stands there, as a person would: nothing else moves."""
    document = next(iter(parse(str(path), path.read_bytes()).value or ()))
    span = document.source_map.span(keys)
    lines = path.read_text("utf-8").splitlines(keepends=True)
    line = lines[span.line - 1]
    lines[span.line - 1] = line[: span.column - 1] + value + line[span.end_column - 1 :]
    path.write_text("".join(lines), "utf-8")


def _grow(path: Path) -> None:
    document: Any = next(iter(parse(str(path), path.read_bytes()).value or ()))
    areas = [area["name"] for area in document.data["spec"]["storage"]]
    _put(path, ("spec", "storage", areas.index(AREA), "capacity"), CAPACITY)


def _compile(stage: _Stage) -> Compiled:
    compiled = compile_specs(stage.specs, stage.today)
    if compiled.federation is None or compiled.failed:
        raise RuntimeError("the specs that come with srcnet do not compile")
    federation = compiled.federation
    warnings = sum(found.severity is Severity.WARNING for found in compiled.diagnostics)
    lines = sum(artifact.content.count("\n") for artifact in compiled.artifacts)
    stage.show.text(
        f"{len(federation.sites)} sites, {len(federation.areas)} storage areas, "
        f"{len(federation.policies)} data policies: no errors, {warnings} warnings\n"
        f"{len(compiled.artifacts)} files, {lines} lines\n"
    )
    return compiled


def _data(compiled: Compiled) -> DataManagement:
    assert compiled.federation is not None
    return compiled.federation.data


def _bootstrap(compiled: Compiled, stage: _Stage) -> None:
    from srcnet_compiler.targets.rucio.live import bootstrap, connect

    data = _data(compiled)
    root = Secret("file", str(stage.specs / ROOT))
    with connect(data, {}, account="root", secret=root) as client:
        for step in bootstrap(client, data, [stage.own]):
            stage.show.text(f"  {step.state}: {step.what}\n")


def _private(path: Path, content: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(content, "utf-8")


def _apply(compiled: Compiled, stage: _Stage, *, brief: bool = False) -> Verdict:
    (verdict,) = converge(stage.run, compiled, stage.environment(_data(compiled)), brief=brief)
    return verdict


def _meddle(compiled: Compiled, stage: _Stage) -> None:
    """As an operator in a hurry might: a limit, an attribute of ours, and one that is theirs."""
    show = stage.show
    with reach(compiled, stage.environment(_data(compiled))) as systems:
        (system,) = systems
        rse = next(r.name for r in system.lowered.model.rses.values() if r.site == "CNSRC-SHAO")
        system.client.set_rse_limits(rse, "MaxSpaceAvailable", 1)
        system.client.add_rse_attribute(rse, "srcnet_weight", "1")
        system.client.add_rse_attribute(rse, "monitoring", "theirs")
        show.text(f"  {rse}: limit 1 byte, weight 1, and an attribute that is not ours\n")
        (verdict,) = verify(systems)
        show.text(render_verdicts([verdict]))
