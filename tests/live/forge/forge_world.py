"""A repository of specs on a forge: pipelines compiled from them, plans signed, state in a ref."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cli_operator import Typist
from cli_runner import TODAY
from forge_github import Event, Job, World, run
from forge_repository import publish
from forge_server import Forge

FEDERATION, HOME = "policies/federation.yaml", "site-specs/chsrc-cscs.yaml"
COMMANDS = ("plan", "apply", "verify", "validate", "compile", "diff", "approvals", "pipelines")


def world_of(
    someone: Typist, folder: Path, forge: Forge, secrets: Mapping[str, Mapping[str, str]]
) -> World:
    """What somebody's specs are on the forge. Each environment has `secrets` and the key that signs
    plans; nothing is applied that is not signed."""
    specs = someone.specs
    days = "".join(f"[{name}]\ntoday = {TODAY}\n" for name in COMMANDS)
    key = folder / "key.pem"
    public = someone("sign", "--new-key", key).out.strip()
    trusted = f'[signatures]\nrequired = true\ntrusted = ["{public}"]\n'
    (specs / "srcnet.toml").write_text(days + trusted)
    (specs / ".gitignore").write_text("build/\n.srcnet/\n")
    someone("pipelines")
    repository = publish(specs, folder, forge)
    own = {"SRCNET_SIGNING_KEY": key.read_text()}
    kept = {environment: {**given, **own} for environment, given in secrets.items()}
    kept[""] = {"SRCNET_TEAMS_TOKEN": forge.token({})}
    return World(repository, folder / "runs", kept)


def results(jobs: Mapping[str, Job]) -> dict[str, str]:
    return {name: job.result for name, job in jobs.items()}


def said(jobs: Mapping[str, Job]) -> str:
    """All that was printed, for where a story fails."""
    return "".join(map(str, jobs.values()))


def went_well(world: World, name: str, event: Event) -> dict[str, Job]:
    """All jobs of a run that does what it is for."""
    jobs = run(world, name, event)
    assert set(results(jobs).values()) == {"success"}, said(jobs)
    return jobs


def transcript(job: Job) -> str:
    """What the steps of a job that say something print, below their names."""
    return "\n".join(
        f"── {step.name}\n{step.output}"
        for step in job.steps
        if step.outcome in ("success", "failure") and step.name != "Install srcnet"
    )
