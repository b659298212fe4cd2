"""The whole of srcnet on one machine: SRCNet's own specs made true on a real Rucio server.

Brings up a server on loopback, converges it, changes a spec, changes something behind the
compiler's back, heals it, and ends everything that it started.
"""

import json
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from srcnet_compiler.apply.gate import Step
from srcnet_compiler.apply.receipt import exit_code
from srcnet_compiler.apply.state import StateStore
from srcnet_compiler.converge import (
    System,
    Verdict,
    carry_out,
    known_objects,
    make_plan,
    objections,
    reach,
    verify,
)
from srcnet_compiler.demo.rucio_server import RucioServer, ensure_server_venv, running
from srcnet_compiler.diagnostic import Severity
from srcnet_compiler.federation.model import DataManagement, Secret
from srcnet_compiler.pipeline import FOLDERS, Compiled, compile_specs
from srcnet_compiler.plan.model import Plan
from srcnet_compiler.report.plan import render_plan, summary
from srcnet_compiler.report.receipt import render_drift, render_receipt
from srcnet_compiler.resources import folder as resource

SITE, AREA, CAPACITY = "site-specs/chsrc-cscs.yaml", "CHSRC-CSCS-T0", "400 TB"


@dataclass(frozen=True, slots=True)
class Show:
    """Where the demo speaks: `title` for a step, `text` for results, `note` on the way."""

    title: Callable[[str], None]
    text: Callable[[str], None]
    note: Callable[[str], None]
    progress: Callable[[int], Any]


def run(venv: Path, today: date, clock: Callable[[], datetime], show: Show) -> int:
    """The demo; 0 where everything was seen to hold. `venv` is where the server's software goes."""
    show.title("A real Rucio server on this machine")
    software = ensure_server_venv(venv, show.note)
    with TemporaryDirectory(prefix="srcnet-demo-") as scratch:
        folder = Path(scratch)
        specs = folder / "specs"
        with running(
            folder / "rucio", database="sqlite", venv=software, progress=show.note
        ) as server:
            _copy_specs(specs, server, folder / "credentials.json")
            show.text(f"{server.url}, SQLite, nothing in it yet\n")
            return _converge_and_heal(specs, folder, server, today, clock, show)


def _converge_and_heal(
    specs: Path,
    folder: Path,
    server: RucioServer,
    today: date,
    clock: Callable[[], datetime],
    show: Show,
) -> int:
    store = StateStore(folder / "state")
    show.title("srcnet validate, srcnet compile")
    compiled = _compile(specs, today, show)
    show.title("srcnet bootstrap: the compiler's own accounts")
    _bootstrap(compiled, server, folder, show)

    show.title("srcnet plan, srcnet apply, srcnet verify")
    first = _apply(compiled, store, clock, show, brief=True)

    show.title(f"One line of a spec changes: {AREA} grows to {CAPACITY}")
    _grow(specs / SITE)
    changed = compile_specs(specs, today)
    second = _apply(changed, store, clock, show)

    show.title("Somebody changes the server behind the compiler's back")
    _meddle(changed, show)
    third = _apply(changed, store, clock, show)

    verdicts = (first, second, third)
    show.title("What is so now")
    show.text(_drift(third))
    return 0 if all(verdict.is_converged for verdict in verdicts) else 4


def _copy_specs(specs: Path, server: RucioServer, credentials: Path) -> None:
    """The specs of SRCNet as they stand, but for the server's address and credentials."""
    for name in FOLDERS:
        shutil.copytree(resource("srcnet") / name, specs / name)
    server_keys = {
        "server": server.url,
        "auth": server.url,
        "credentials": {"secretRef": {"file": str(credentials)}},
    }
    _edit(
        specs / "policies/federation.yaml", lambda data: data["spec"]["rucio"].update(server_keys)
    )


def _edit(path: Path, change: Callable[[Any], None]) -> None:
    """Change a spec as a person would: comments and order stay."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 200
    data = yaml.load(path.read_text("utf-8"))
    change(data)
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(data, file)


def _grow(path: Path) -> None:
    def change(data: Any) -> None:  # noqa: ANN401 - ruamel's mapping
        area = next(a for a in data["spec"]["storage"] if a["name"] == AREA)
        area["capacity"] = CAPACITY

    _edit(path, change)


def _compile(specs: Path, today: date, show: Show) -> Compiled:
    compiled = compile_specs(specs, today)
    if compiled.federation is None or compiled.failed:
        raise RuntimeError("the specs that come with srcnet do not compile")
    federation = compiled.federation
    warnings = sum(found.severity is Severity.WARNING for found in compiled.diagnostics)
    lines = sum(artifact.content.count("\n") for artifact in compiled.artifacts)
    show.text(
        f"{len(federation.sites)} sites, {len(federation.areas)} storage areas, "
        f"{len(federation.policies)} data policies: no errors, {warnings} warnings\n"
        f"{len(compiled.artifacts)} files, {lines} lines\n"
    )
    return compiled


def _data(compiled: Compiled) -> DataManagement:
    assert compiled.federation is not None
    return compiled.federation.data


def _bootstrap(compiled: Compiled, server: RucioServer, folder: Path, show: Show) -> None:
    from srcnet_compiler.targets.rucio.live import Identity, bootstrap, connect

    data = _data(compiled)
    root = folder / "root.json"
    _private(root, {"username": server.username, "password": server.password})
    own = Identity("USERPASS", "srcnet", "srcnet@localhost", secrets.token_urlsafe(18))
    with connect(data, {}, account="root", secret=Secret("file", str(root))) as client:
        for step in bootstrap(client, data, [own]):
            show.text(f"  {step.state}: {step.what}\n")
    _private(folder / "credentials.json", {"username": own.name, "password": own.password or ""})


def _private(path: Path, content: dict[str, str]) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps(content), "utf-8")


def _apply(
    compiled: Compiled,
    store: StateStore,
    clock: Callable[[], datetime],
    show: Show,
    *,
    brief: bool = False,
) -> Verdict:
    with reach(compiled, {}) as (system,):
        plan = make_plan(compiled, system, known_objects(store))
        show.text(f"{plan.instance}: {summary(plan.changes)}\n" if brief else render_plan(plan))
        refused = objections(plan, compiled, clock().date())
        if refused:
            raise RuntimeError(f"the plan is refused: {refused[0].message}")
        return _carry_out(plan, system, store, clock, show)


def _carry_out(
    plan: Plan, system: System, store: StateStore, clock: Callable[[], datetime], show: Show
) -> Verdict:
    with show.progress(len(plan.changes)) as progress:
        step: Callable[[Step], None] = progress
        receipt = carry_out(plan, system, store, clock, progress=step, say=show.note)
    show.text(render_receipt(receipt))
    if exit_code(receipt) not in (0, 6):
        raise RuntimeError("the plan could not be carried out")
    verdict = verify(system)
    show.text(_drift(verdict))
    return verdict


def _drift(verdict: Verdict) -> str:
    return render_drift(verdict.instance, verdict.differences, verdict.objects, verdict.unseen)


def _meddle(compiled: Compiled, show: Show) -> None:
    """As an operator in a hurry might: a limit, an attribute of ours, and one that is theirs."""
    with reach(compiled, {}) as (system,):
        rse = next(r.name for r in system.lowered.model.rses.values() if r.site == "CNSRC-SHAO")
        system.client.set_rse_limits(rse, "MaxSpaceAvailable", 1)
        system.client.add_rse_attribute(rse, "srcnet_weight", "1")
        system.client.add_rse_attribute(rse, "monitoring", "theirs")
        show.text(f"  {rse}: limit 1 byte, weight 1, and an attribute that is not ours\n")
        verdict = verify(system)
        show.text(_drift(verdict))
