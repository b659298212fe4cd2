"""A runner of GitLab's jobs: every line of `script` as it stands, in the order of `needs`.

There is no image here: what a job runs in is this machine, and that is all that is not as there.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from forge_github import Job, Step, World, in_bash
from forge_repository import git

_VARIABLE_IS = ' == "'


@dataclass
class Cause:
    """Why a pipeline runs: the variables that GitLab sets, and the commit."""

    sha: str
    variables: Mapping[str, str] = field(default_factory=dict)


def run(world: World, cause: Cause) -> dict[str, Job]:
    """All jobs whose rules let them run."""
    bare, runs = world.repository.bare, world.folder
    runs.mkdir(exist_ok=True)
    folder = runs / f"{len([*runs.iterdir()]):03d}"
    (folder / "artifacts").mkdir(parents=True)
    root = yaml.safe_load(git(bare, "show", f"{cause.sha}:.gitlab-ci.yml"))
    waiting: dict[str, Any] = {}
    for included in root["include"]:
        text = git(bare, "show", f"{cause.sha}:{included['local']}")
        waiting |= yaml.safe_load(text)
    waiting = {name: job for name, job in waiting.items() if _rule(job, cause) is not None}
    done: dict[str, Job] = {}
    for stage in root["stages"]:
        for name, job in waiting.items():
            if job["stage"] == stage:
                done[name] = _job(world, folder, name, job, cause, done)
    return done


def _rule(job: Mapping[str, Any], cause: Cause) -> Mapping[str, Any] | None:
    """The first rule that holds: variables that are equal to texts, all of them."""
    for rule in job["rules"]:
        parts = rule["if"].split(" && ")
        pairs = [part.removesuffix('"').split(_VARIABLE_IS) for part in parts]
        if all(cause.variables.get(name.removeprefix("$")) == text for name, text in pairs):
            found: Mapping[str, Any] = rule
            return found
    return None


def _job(
    world: World,
    folder: Path,
    name: str,
    job: Mapping[str, Any],
    cause: Cause,
    done: Mapping[str, Job],
) -> Job:
    rule = _rule(job, cause) or {}
    before = [done[each].result for each in job.get("needs", ())]
    if "failure" in before + ["failure"] * ("skipped" in before) and rule.get("when") != "always":
        return Job(name, "skipped")
    home = folder / name
    home.mkdir()
    work = home / "work"
    git(home, "clone", "--quiet", str(world.repository.bare), "work")
    git(work, "fetch", "--quiet", "origin", "+refs/pull/*:refs/pull/*")
    git(work, "checkout", "--quiet", cause.sha)
    for each in job.get("needs", ()):
        for path in (folder / "artifacts" / each).glob("*"):
            shutil.copy(path, work)
    environment = job.get("environment", {}).get("name", "")
    secrets = {**world.secrets.get("", {}), **world.secrets.get(environment, {})}
    env = {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_API_V4_URL": world.repository.forge.url,
        "CI_PROJECT_ID": "7",
        "CI_COMMIT_SHA": cause.sha,
        "CI_DEFAULT_BRANCH": "main",
        **cause.variables,
        **secrets,
    }
    for key, value in job.get("variables", {}).items():
        env[key] = env.get(value.removeprefix("$"), value) if value.startswith("$") else value
    made = Job(name, "success", concurrency=job.get("resource_group", ""))
    killed = world.killed if job["stage"] == "apply" else None
    ended, said = in_bash("\n".join(job["script"]), work, env, killed)
    made.steps.append(Step("script", ended, said))
    made.result = ended
    for secret in secrets.values():
        assert secret not in said, f"{name} has told a secret"
    artifacts = job.get("artifacts", {})
    if ended == "success" or artifacts.get("when") == "always":
        kept = folder / "artifacts" / name
        kept.mkdir()
        for each in artifacts.get("paths", ()):
            if (work / each).is_file():
                shutil.copy(work / each, kept)
    return made
