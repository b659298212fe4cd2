"""Pipelines as GitLab CI takes them: one file that includes one for each occasion.

Credentials are variables of an environment, so that a job of another environment has none of them.
"""

from collections.abc import Iterator, Sequence

from srcnet_compiler.emit.yaml import Literal, Sourced, Tree, plain, within
from srcnet_compiler.federation.pipelines import Build, Check, Drift, Pipelines
from srcnet_compiler.span import written
from srcnet_compiler.targets.cicd.lower import occasions, scripts, tools
from srcnet_compiler.targets.cicd.lower.occasions import Forms
from srcnet_compiler.targets.cicd.lower.parts import Part
from srcnet_compiler.targets.cicd.model import PipelineFile, Spans

FOLDER = ".gitlab"
ROOT = ".gitlab-ci.yml"
_PROPOSED = '$CI_PIPELINE_SOURCE == "merge_request_event"'
_GIT = "apk add --quiet git"
_IMAGES: Tree = {"name": "srcnet-images", "action": "prepare"}
_STAGES = ("check", "report", "plan", "apply", "drift", "test", "build", "sign", "propose")


def files(
    pipelines: Pipelines, parts: Sequence[Part], applies: bool, spans: Spans
) -> Iterator[PipelineFile]:
    """The file that the forge reads, and those that it includes."""
    forms = Forms(FOLDER, "merge-request", _merge_request, _check, _merge, _drift, _build)
    found = list(occasions.files(forms, pipelines, parts, applies, spans))
    tree: Tree = {
        "stages": [*_STAGES],
        "workflow": {"rules": [{"if": _PROPOSED}, {"if": _on_branch(pipelines)}]},
        "include": [Sourced({"local": each.name}, each.places) for each in found],
    }
    places = _all(spans, found)
    yield PipelineFile(ROOT, plain(tree), True, "Pipelines", within(tree, places), places)
    yield from found


def _all(spans: Spans, found: Sequence[PipelineFile]) -> Spans:
    return tuple(dict.fromkeys((*spans, *(span for each in found for span in each.places))))


# ── proposals ─────────────────────────────────────────────────────────────────────────────────


def _merge_request(pipelines: Pipelines) -> Tree:
    rules = [{"if": _PROPOSED}]
    return {
        "srcnet-check": {
            **_job(pipelines, "check", 15, rules),
            "interruptible": True,
            "variables": {
                "GIT_DEPTH": "0",
                "BASE": "$CI_MERGE_REQUEST_DIFF_BASE_SHA",
                "HEAD": "$CI_COMMIT_SHA",
            },
            "script": [
                _install(pipelines),
                "srcnet validate --format gitlab > gl-code-quality-report.json || true",
                *scripts.VALIDATE,
                *scripts.COMPILE,
                *scripts.DIFF,
            ],
            "artifacts": {
                "when": "always",
                "expire_in": "7 days",
                "paths": [scripts.COMMENT, scripts.FINDINGS],
                "reports": {"codequality": "gl-code-quality-report.json"},
            },
        },
        "srcnet-report": {
            **_job(pipelines, "report", 10, [{"if": _PROPOSED, "when": "always"}]),
            "needs": ["srcnet-check"],
            "variables": {"GIT_DEPTH": "1"},
            "script": [_install(pipelines), scripts.SAY],
        },
    }


def _check(pipelines: Pipelines, check: Check) -> Tree:
    uses = "python" if check.go is None else "golang"
    image = tools.image(pipelines, "python")
    if check.go is not None:
        image = tools.versioned(pipelines, uses, check.go, written(check.origin, "go"))
    minutes = Sourced(f"{check.minutes} minutes", written(check.origin, "minutes"))
    job: Tree = {
        "stage": "check",
        "image": image,
        "rules": [{"if": _PROPOSED}, {"if": _on_branch(pipelines)}],
        "timeout": minutes,
        "interruptible": True,
        "script": [Sourced(check.run, written(check.origin, "run"))],
    }
    return {f"srcnet-check-{check.name}": within(job, (check.origin.key(),))}


# ── what was merged ───────────────────────────────────────────────────────────────────────────


def _merge(pipelines: Pipelines, parts: Sequence[Part]) -> Tree:
    pushed = f'{_on_branch(pipelines).value} && $CI_PIPELINE_SOURCE == "push"'
    rules = [{"if": Sourced(pushed, _on_branch(pipelines).spans)}]
    jobs: dict[str, Tree] = {}
    for part in parts:
        plan: Tree = {
            **_job(pipelines, "plan", 30, rules, part),
            "variables": _variables(pipelines, part),
            "script": [
                _install(pipelines),
                scripts.plan(part),
                *scripts.APPROVALS,
                *_sign(pipelines),
            ],
            "artifacts": {
                "expire_in": "30 days",
                "paths": [scripts.PLAN, *_signed(pipelines)],
            },
        }
        apply: Tree = {
            **_job(pipelines, "apply", 360, rules, part),
            "needs": [f"srcnet-plan-{part.key}"],
            "resource_group": _alone(part),
            "variables": _variables(pipelines, part),
            "script": [_install(pipelines), scripts.apply(pipelines), scripts.verify(part)],
        }
        jobs[f"srcnet-plan-{part.key}"] = within(plan, part.spans)
        jobs[f"srcnet-apply-{part.key}"] = within(apply, part.spans)
    return jobs


def _drift(pipelines: Pipelines, parts: Sequence[Part], drift: Drift) -> Tree:
    """GitLab keeps the time of a schedule in the project's settings; the variable says it."""
    rules = [{"if": '$CI_PIPELINE_SOURCE == "schedule" && $SRCNET_RUN == "drift"'}]
    places = (*written(drift.origin, "then"), *written(pipelines.origin, "signingKey"))
    jobs: dict[str, Tree] = {}
    for part in parts:
        lines = scripts.drift(part, pipelines, drift.heals)
        cron = Sourced(drift.schedule, written(drift.origin, "schedule"))
        script = Sourced(Literal(lines), (*part.spans, *places))
        job: Tree = {
            **_job(pipelines, "drift", 360, rules, part),
            "resource_group": _alone(part),
            "variables": {"SRCNET_SCHEDULE": cron, **_variables(pipelines, part)},
            "script": [_install(pipelines), script],
        }
        jobs[f"srcnet-drift-{part.key}"] = within(job, part.spans)
    return jobs


# ── images ────────────────────────────────────────────────────────────────────────────────────


def _build(pipelines: Pipelines, build: Build) -> Tree:
    here = build.origin
    places = (
        here.source_map.span(("metadata", "name")),
        here.at("image", "repository"),
        *written(here.below("build"), "repository", "folder", "branch", "test", "schedule"),
    )
    run = f'$CI_PIPELINE_SOURCE == "schedule" && $SRCNET_RUN == "build-{build.name}"'
    rules = [{"if": run}]
    syft, cosign = (tools.image_text(pipelines, each) for each in (tools.SYFT, tools.COSIGN))
    docker = tools.image(pipelines, "docker")
    when: dict[str, Tree] = {} if build.schedule is None else {"SRCNET_SCHEDULE": build.schedule}
    inside: dict[str, Tree] = {
        "image": docker,
        "services": [tools.beside(pipelines, "docker", "-dind")],
        "rules": rules,
    }
    registry: dict[str, Tree] = {"SRCNET_REGISTRY": scripts.registry(build)}
    tested: Tree = {  # what is fetched runs here, where there is no secret and no right
        "stage": "test",
        **inside,
        "timeout": "60 minutes",
        "script": [_GIT, *scripts.fetch(build), scripts.TESTED, *scripts.tests(build)],
        "artifacts": {"expire_in": "30 days", "paths": [scripts.COMMIT]},
    }
    made: Tree = {
        "stage": "build",
        **inside,
        "needs": [f"srcnet-test-{build.name}"] if build.test else [],
        "timeout": "60 minutes",
        "environment": _IMAGES,
        "resource_group": f"srcnet-build-{build.name}",
        "variables": {**when, **registry},
        "script": [
            _GIT,
            *scripts.fetch(build),
            *([scripts.IS_TESTED] if build.test else []),
            scripts.LOGIN,
            *scripts.publish(build),
            *scripts.contents(str(syft.value)),
        ],
        "artifacts": {"expire_in": "30 days", "paths": [*scripts.MADE]},
    }
    signed: Tree = {  # it may say who we are, so nothing that was fetched is there to run
        "stage": "sign",
        **inside,
        "needs": [f"srcnet-build-{build.name}"],
        "timeout": "15 minutes",
        "environment": _IMAGES,
        "id_tokens": {"SIGSTORE_ID_TOKEN": {"aud": "sigstore"}},
        "variables": registry,
        "script": [
            *scripts.is_ours(build),
            scripts.LOGIN,
            *scripts.signature(str(cosign.value), ("SIGSTORE_ID_TOKEN",)),
        ],
    }
    proposed: Tree = {
        **_job(pipelines, "propose", 10, rules),
        "needs": [f"srcnet-build-{build.name}", f"srcnet-sign-{build.name}"],
        "script": [_install(pipelines), *scripts.propose(build)],
    }
    jobs = {
        **({"test": tested} if build.test else {}),
        "build": within(made, (*places, *syft.spans)),
        "sign": within(signed, (*places, *cosign.spans)),
        "propose": proposed,
    }
    return {f"srcnet-{name}-{build.name}": within(job, places) for name, job in jobs.items()}


# ── what jobs have in common ──────────────────────────────────────────────────────────────────


def _job(
    pipelines: Pipelines,
    stage: str,
    minutes: int,
    rules: Sequence[Tree],
    part: Part | None = None,
) -> dict[str, Tree]:
    job: dict[str, Tree] = {
        "stage": stage,
        "image": tools.image(pipelines, "python"),
        "rules": rules,
        "timeout": f"{minutes} minutes",
    }
    if part is not None:
        action = "prepare" if stage == "plan" else "start"
        job["environment"] = {"name": part.environment, "action": action}
        if part.runner:
            job["tags"] = [*part.runner]
    return job


def _install(pipelines: Pipelines) -> Sourced:
    return Sourced(scripts.install(pipelines), written(pipelines.origin, "compiler"))


def _on_branch(pipelines: Pipelines) -> Sourced:
    words = f'$CI_COMMIT_BRANCH == "{pipelines.branch}"'
    return Sourced(words, written(pipelines.origin, "branch"))


def _alone(part: Part) -> str:
    """Of jobs with one resource group GitLab runs one at a time."""
    return f"srcnet-apply-{part.key}"


def _variables(pipelines: Pipelines, part: Part) -> dict[str, Tree]:
    """Credentials are not among them: GitLab gives a job those of its environment."""
    if pipelines.state is None:
        return {"GIT_DEPTH": "0"}
    place = written(pipelines.origin, "state")
    state = Sourced(f"{pipelines.state}-{part.key}", (*place, *part.spans))
    return {"GIT_DEPTH": "0", "SRCNET_STATE": state}


def _sign(pipelines: Pipelines) -> list[Tree]:
    place = written(pipelines.origin, "signingKey")
    return [Sourced(line, place) for line in scripts.sign(pipelines, agreed=True)]


def _signed(pipelines: Pipelines) -> list[Tree]:
    place = written(pipelines.origin, "signingKey")
    return [] if pipelines.signing_key is None else [Sourced(scripts.SIGNED, place)]
