"""A runner of GitHub's workflows: every `run` as it stands, in bash, one job after another.

What needs GitHub itself has a stand-in, all of them in one table, and is reported as not run.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock
from typing import Any

import yaml
from forge_expressions import fill, holds
from forge_repository import Repository, git
from forge_server import REPOSITORY

PATIENCE = 300


@dataclass
class Event:
    """Why something runs."""

    name: str
    ref: str
    sha: str
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Step:
    """One step: `outcome` is success, failure, skipped or, where a stand-in was used, `not run`."""

    name: str
    outcome: str
    output: str = ""


@dataclass
class Job:
    """One job, and what it wrote for people; `folder` is that of the run."""

    name: str
    result: str
    steps: list[Step] = field(default_factory=list)
    summary: str = ""
    concurrency: str = ""
    folder: Path = Path()

    def step(self, name: str) -> Step:
        return next(each for each in self.steps if each.name == name)

    def not_run(self) -> list[str]:
        """What a stand-in was used for."""
        return [step.output for step in self.steps if step.outcome == "not run"]

    def __str__(self) -> str:
        return f"{self.name}: {self.result}\n" + "\n".join(
            f"--- {step.name}: {step.outcome}\n{step.output}" for step in self.steps
        )


class Turns:
    """Of one concurrency group there is one at a time, and who comes later waits: no group of ours
    cancels what applies. `log` tells who began and ended when."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)

    @contextmanager
    def turn(self, group: str, who: str) -> Iterator[None]:
        lock = self._locks[group] if group else Lock()
        self.log.append(f"{who} comes")
        with lock:
            self.log.append(f"{who} begins")
            yield
            self.log.append(f"{who} ends")


@dataclass
class World:
    """The forge around a run. `secrets` by environment; "" is of the repository."""

    repository: Repository
    folder: Path
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    killed: Callable[[], bool] | None = None
    """The machine is lost while it applies, as soon as this holds."""
    turns: Turns = field(default_factory=Turns)


@dataclass
class Place:
    """Where a job runs: its workspace, what it keeps for others, and what programs it finds."""

    workspace: Path
    artifacts: Path
    path: list[str]


# ── what needs GitHub itself ──────────────────────────────────────────────────────────────────


def _checkout(world: World, event: Event, place: Place, options: Mapping[str, Any]) -> None:
    revision = options.get("ref") or event.sha
    git(
        place.workspace.parent, "clone", "--quiet", str(world.repository.bare), place.workspace.name
    )
    git(place.workspace, "fetch", "--quiet", "origin", "+refs/pull/*:refs/pull/*")
    git(place.workspace, "checkout", "--quiet", str(revision))


def _upload(world: World, event: Event, place: Place, options: Mapping[str, Any]) -> None:
    folder = place.artifacts / options["name"]
    folder.mkdir(parents=True)
    found = [place.workspace / line for line in str(options["path"]).split("\n") if line]
    there = [path for path in found if path.is_file()]
    assert there or options.get("if-no-files-found") != "error", f"nothing of {options['path']}"
    for path in there:
        shutil.copy(path, folder)


def _download(world: World, event: Event, place: Place, options: Mapping[str, Any]) -> None:
    for path in (place.artifacts / options["name"]).iterdir():
        shutil.copy(path, place.workspace)


def _python(world: World, event: Event, place: Place, options: Mapping[str, Any]) -> None:
    place.path.insert(0, str(Path(sys.executable).parent))


STAND_INS: dict[str, Callable[[World, Event, Place, Mapping[str, Any]], None]] = {
    "actions/checkout": _checkout,
    "actions/setup-python": _python,
    "actions/upload-artifact": _upload,
    "actions/download-artifact": _download,
}
"""Every action that may be used, and what is done here instead."""


# ── a run ─────────────────────────────────────────────────────────────────────────────────────


def run(world: World, name: str, event: Event) -> dict[str, Job]:
    """All jobs of a workflow, as the file stands at the event's commit, in an order that `needs`
    allows."""
    workflow = _workflow(world, name, event)
    world.folder.mkdir(exist_ok=True)
    folder = Path(mkdtemp(prefix=f"{name}-", dir=world.folder))
    (folder / "artifacts").mkdir()
    done: dict[str, Job] = {}
    waiting = dict(workflow["jobs"])
    with world.turns.turn(_group(workflow, event), f"{name} of {event.sha}"):
        while waiting:
            ready = next(k for k, job in waiting.items() if {*job.get("needs", ())} <= done.keys())
            done[ready] = _job(world, folder, workflow, ready, waiting.pop(ready), event, done)
    return done


def again(world: World, name: str, event: Event, before: Job) -> Job:
    """Somebody has one job of a former run done again, with what the others kept for it."""
    workflow = _workflow(world, name, event)
    job = workflow["jobs"][before.name]
    done = {each: Job(each, "success") for each in job["needs"]}
    with world.turns.turn(_group(workflow, event), f"{name} of {event.sha} again"):
        return _job(world, before.folder, workflow, before.name, job, event, done)


def _workflow(world: World, name: str, event: Event) -> dict[str, Any]:
    text = git(world.repository.bare, "show", f"{event.sha}:.github/workflows/srcnet-{name}.yml")
    workflow: dict[str, Any] = yaml.safe_load(text)
    return workflow


def _group(of: Mapping[str, Any], event: Event) -> str:
    return fill(of.get("concurrency", {}).get("group", ""), {"github": {"ref": event.ref}})


def _job(
    world: World,
    folder: Path,
    workflow: Mapping[str, Any],
    name: str,
    job: Mapping[str, Any],
    event: Event,
    done: Mapping[str, Job],
) -> Job:
    group = _group(job, event)
    with world.turns.turn(group, f"{name} of {event.sha}"):
        made = _job_in_turn(world, folder, workflow, name, job, event, done)
    made.concurrency, made.folder = group, folder
    return made


def _job_in_turn(
    world: World,
    folder: Path,
    workflow: Mapping[str, Any],
    name: str,
    job: Mapping[str, Any],
    event: Event,
    done: Mapping[str, Job],
) -> Job:
    needed = [done[each].result for each in job.get("needs", ())]
    good = all(result == "success" for result in needed)
    token = world.repository.forge.token(job["permissions"])
    context = {
        "github": {
            "event": event.payload,
            "repository": REPOSITORY,
            "ref": event.ref,
            "sha": event.sha,
            "token": token,
        },
        "secrets": {**world.secrets.get("", {}), **world.secrets.get(job.get("environment"), {})},
    }
    functions = {"always": lambda: True, "success": lambda: good, "failure": lambda: not good}
    if not holds(job.get("if"), context, functions):
        return Job(name, "skipped")
    home = Path(mkdtemp(prefix=f"{name}-", dir=folder))
    place = Place(home / "work", folder / "artifacts", ["/usr/local/bin", "/usr/bin", "/bin"])
    place.workspace.mkdir(parents=True)
    files = {key: home / key.lower() for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for path in files.values():
        path.touch()
    made = Job(name, "success")
    for step in job["steps"]:
        title = step.get("name") or step["uses"].partition("@")[0]
        well = made.result == "success"
        states = {
            "always": lambda: True,
            "success": lambda s=well: s,
            "failure": lambda s=well: not s,
        }
        if not holds(step.get("if"), context, states):
            made.steps.append(Step(title, "skipped"))
            continue
        if "uses" in step:
            action = step["uses"].partition("@")[0]
            options = {k: _value(v, context) for k, v in step.get("with", {}).items()}
            STAND_INS[action](world, event, place, options)
            made.steps.append(Step(title, "not run", f"a stand-in for {action}"))
            continue
        assert workflow["defaults"]["run"]["shell"] == "bash"
        env = {
            "PATH": ":".join(place.path),
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": world.repository.forge.url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_REF": event.ref,
            "GITHUB_REF_NAME": event.ref.removeprefix("refs/heads/"),
            "GITHUB_SHA": event.sha,
            "GITHUB_EVENT_NAME": event.name,
            **{key: str(path) for key, path in files.items()},
            **world.env,
            **{key: str(_value(value, context)) for key, value in step.get("env", {}).items()},
        }
        assert "${{" not in step["run"], f"{title}: the forge would fill in what bash runs"
        killed = world.killed if title == "Apply" else None
        step_done = in_bash(step["run"], place.workspace, env, killed)
        made.steps.append(Step(title, *step_done))
        if step_done[0] == "failure":
            made.result = "failure"
    made.summary = files["GITHUB_STEP_SUMMARY"].read_text("utf-8")
    _insist_on_no_secret(made, [token, *context["secrets"].values()])
    return made


def in_bash(
    script: str, folder: Path, env: Mapping[str, str], killed: Callable[[], bool] | None = None
) -> tuple[str, str]:
    """How a script ended, and all that it said. As soon as `killed` holds the machine is gone: all
    that it began is killed, and nothing is tidied up."""
    process = subprocess.Popen(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    if killed is not None:
        while process.poll() is None and not killed():
            time.sleep(0.02)
        assert process.poll() is None, "it ended before it could be killed"
        os.killpg(process.pid, signal.SIGKILL)
    said, _ = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in said, said
    ended = "success" if process.returncode == 0 else "failure"
    return ended, f"{said}exit code {process.returncode}\n"


def _insist_on_no_secret(job: Job, secrets: list[str]) -> None:
    said = f"{job}{job.summary}"
    for secret in secrets:
        assert secret not in said, f"{job.name} has told a secret"


def _value(value: Any, context: Mapping[str, Any]) -> Any:
    return fill(value, context) if isinstance(value, str) else value


def pull_request(repository: Repository, number: int) -> Event:
    """What the forge says where a proposal is opened or changed."""
    pull = repository.forge.pulls[number - 1]
    tried = git(repository.bare, "rev-parse", f"refs/pull/{number}/merge")
    payload = {"pull_request": {"number": number, "head": pull["head"], "base": pull["base"]}}
    return Event("pull_request", f"refs/pull/{number}/merge", tried, payload)


def push(commit: str) -> Event:
    """What the forge says where something was merged."""
    return Event("push", "refs/heads/main", commit)


def schedule(repository: Repository) -> Event:
    """What the forge says at the time that was written."""
    return Event("schedule", "refs/heads/main", git(repository.bare, "rev-parse", "main"))
