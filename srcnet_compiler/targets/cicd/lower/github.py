"""Pipelines as GitHub Actions takes them.

Every job has the least rights that it needs and an end in time; what proposals bring along never
runs beside a token that may write.
"""

from collections.abc import Iterator, Mapping, Sequence

from srcnet_compiler.emit.yaml import Literal, Sourced, Tree, within
from srcnet_compiler.federation.pipelines import Build, Check, Drift, Pipelines
from srcnet_compiler.span import written
from srcnet_compiler.targets.cicd.lower import occasions, scripts, tools
from srcnet_compiler.targets.cicd.lower.occasions import Forms
from srcnet_compiler.targets.cicd.lower.parts import Part, keeps, runner_of, teams, writes
from srcnet_compiler.targets.cicd.model import PipelineFile, Spans

FOLDER = ".github"
_FILES = f"{FOLDER}/workflows"
_TOKEN = "${{ github.token }}"
_HISTORY: Mapping[str, Tree] = {"fetch-depth": 0}
"""The commit that was applied last is in it, whose rules judge."""
_SAME_REPOSITORY = "github.event.pull_request.head.repo.full_name == github.repository"


def files(
    pipelines: Pipelines, parts: Sequence[Part], applies: bool, spans: Spans
) -> Iterator[PipelineFile]:
    """All workflows."""
    forms = Forms(_FILES, "pull-request", _pull_request, _check, _merge, _drift, _build)
    return occasions.files(forms, pipelines, parts, applies, spans)


# ── proposals ─────────────────────────────────────────────────────────────────────────────────


def _pull_request(pipelines: Pipelines) -> Tree:
    return {
        "name": "srcnet: proposal",
        "on": {"pull_request": {"branches": [_branch(pipelines)]}},
        "permissions": {},
        "concurrency": {
            "group": "srcnet-pull-request-${{ github.ref }}",
            "cancel-in-progress": True,
        },
        "defaults": {"run": {"shell": "bash"}},
        "jobs": {"check": _proposal(pipelines), "report": _report(pipelines)},
    }


def _proposal(pipelines: Pipelines) -> Tree:
    revisions = {
        "BASE": "${{ github.event.pull_request.base.sha }}",
        "HEAD": "${{ github.event.pull_request.head.sha }}",
    }
    return {
        **_job(pipelines, 15, {"contents": "read"}),
        "steps": [
            *_start(pipelines, {"fetch-depth": 0}),
            {"name": "Validate", "run": _lines(scripts.VALIDATE)},
            {
                "name": "Say it beside the lines",
                "if": "always()",
                "run": "srcnet validate --format github || true",
            },
            {"name": "Compile", "run": _lines(scripts.COMPILE)},
            {"name": "What it would do", "run": _lines(scripts.DIFF), "env": revisions},
            {
                "name": "Show it",
                "if": "always()",
                "run": f'cat {scripts.COMMENT} >> "$GITHUB_STEP_SUMMARY"',
            },
            {
                "name": "Keep it for the report",
                "if": "always()",
                "uses": tools.action(pipelines, tools.UPLOAD),
                "with": {
                    "name": "report",
                    "path": f"{scripts.COMMENT}\n{scripts.FINDINGS}\n",
                    "retention-days": 7,
                },
            },
        ],
    }


def _report(pipelines: Pipelines) -> Tree:
    """With the compiler of the branch, not that of the proposal: here is a token that may write."""
    rights = {"contents": "read", "pull-requests": "write", "security-events": "write"}
    base = {"ref": "${{ github.event.pull_request.base.sha }}"}
    token = {"GITHUB_TOKEN": _TOKEN}
    return {
        "needs": ["check"],
        "if": f"always() && {_SAME_REPOSITORY}",
        **_job(pipelines, 10, rights),
        "steps": [
            *_start(pipelines, base),
            _download(pipelines, "report"),
            {"name": "Comment", "run": scripts.SAY, "env": token},
            {
                "name": "Code scanning",
                "run": scripts.SCAN,
                "env": {**token, "HEAD": "${{ github.event.pull_request.head.sha }}"},
            },
        ],
    }


def _check(pipelines: Pipelines, check: Check) -> Tree:
    go: list[Tree] = []
    if check.go is not None:
        version = Sourced(check.go, written(check.origin, "go"))
        uses = tools.action(pipelines, tools.GO)
        go = [{"uses": uses, "with": {"go-version": version, "cache": False}}]
    return {
        "name": Sourced(check.name, (check.origin.key(),)),
        "on": {"pull_request": None, "push": {"branches": [_branch(pipelines)]}},
        "permissions": {},
        "concurrency": {
            "group": f"srcnet-check-{check.name}-${{{{ github.ref }}}}",
            "cancel-in-progress": True,
        },
        "defaults": {"run": {"shell": "bash"}},
        "jobs": {
            "check": {
                "runs-on": _runner(pipelines),
                "timeout-minutes": Sourced(check.minutes, written(check.origin, "minutes")),
                "permissions": {"contents": "read"},
                "steps": [
                    _checkout(pipelines, {}),
                    _python(pipelines),
                    *go,
                    {"name": "Check", "run": Sourced(check.run, written(check.origin, "run"))},
                ],
            }
        },
    }


# ── what was merged ───────────────────────────────────────────────────────────────────────────


def _merge(pipelines: Pipelines, parts: Sequence[Part]) -> Tree:
    jobs: dict[str, Tree] = {}
    for part in parts:
        jobs[f"plan-{part.key}"] = within(_plan(pipelines, part), part.spans)
        jobs[f"apply-{part.key}"] = within(_apply(pipelines, part), part.spans)
    return {
        "name": "srcnet: apply",
        "on": {"push": {"branches": [_branch(pipelines)]}, "workflow_dispatch": None},
        "permissions": {},
        "concurrency": {"group": "srcnet-merge", "cancel-in-progress": False},
        "defaults": {"run": {"shell": "bash"}},
        "jobs": jobs,
    }


def _plan(pipelines: Pipelines, part: Part) -> Tree:
    asked: dict[str, Tree] = {"GITHUB_TOKEN": _TOKEN, **_state(pipelines, part)}
    places = teams(pipelines)
    if places:
        asked["SRCNET_TEAMS_TOKEN"] = Sourced("${{ secrets.SRCNET_TEAMS_TOKEN }}", places)
    signing = scripts.sign(pipelines)
    kept = f"{scripts.PLAN}\n{scripts.SIGNED}\n" if signing else scripts.PLAN
    place = written(pipelines.origin, "signingKey")
    signed: Tree = {
        "name": "Sign",
        "run": "".join(signing),
        "env": {str(pipelines.signing_key): f"${{{{ secrets.{pipelines.signing_key} }}}}"},
    }
    return {
        **_merged(pipelines),
        **_job(pipelines, 30, {"contents": "read", "pull-requests": "read"}, part),
        "steps": [
            *_start(pipelines, {**keeps(pipelines), **_HISTORY}),
            {"name": "Plan", "run": scripts.plan(part), "env": _env(pipelines, part)},
            {
                "name": "Who agreed",
                "run": _lines(scripts.APPROVALS),
                "env": asked,
            },
            *([Sourced(signed, place)] if signing else []),
            {
                "name": "Keep the plan",
                "uses": tools.action(pipelines, tools.UPLOAD),
                "with": {
                    "name": f"plan-{part.key}",
                    "path": Sourced(kept, place),
                    "retention-days": 30,
                    "if-no-files-found": "error",
                },
            },
        ],
    }


def _apply(pipelines: Pipelines, part: Part) -> Tree:
    env = _env(pipelines, part)
    return {
        "needs": [f"plan-{part.key}"],
        **_merged(pipelines),
        **_job(pipelines, 360, writes(pipelines), part),
        "concurrency": _alone(part),
        "steps": [
            *_start(pipelines, {**keeps(pipelines), **_HISTORY}),
            _download(pipelines, f"plan-{part.key}"),
            {"name": "Apply", "run": scripts.apply(pipelines), "env": env},
            {"name": "Prove it", "run": scripts.verify(part), "env": env},
        ],
    }


def _drift(pipelines: Pipelines, parts: Sequence[Part], drift: Drift) -> Tree:
    places = (*written(drift.origin, "then"), *written(pipelines.origin, "signingKey"))
    jobs: dict[str, Tree] = {}
    for part in parts:
        env = {**_env(pipelines, part), "GITHUB_TOKEN": _TOKEN}
        if pipelines.signing_key is not None:
            env[pipelines.signing_key] = f"${{{{ secrets.{pipelines.signing_key} }}}}"
        run = Sourced(_lines(scripts.drift(part, pipelines, drift.heals)), (*part.spans, *places))
        job: Tree = {
            **_merged(pipelines),
            **_job(pipelines, 360, {**writes(pipelines), "issues": "write"}, part),
            "concurrency": _alone(part),
            "steps": [
                *_start(pipelines, {**keeps(pipelines), **_HISTORY}),
                {
                    "name": "Look, and heal or tell",
                    "run": run,
                    "env": Sourced(env, (*part.spans, *places)),
                },
            ],
        }
        jobs[part.key] = within(job, part.spans)
    cron = Sourced(drift.schedule, written(drift.origin, "schedule"))
    return {
        "name": "srcnet: drift",
        "on": {"schedule": [{"cron": cron}], "workflow_dispatch": None},
        "permissions": {},
        "defaults": {"run": {"shell": "bash"}},
        "jobs": jobs,
    }


# ── images ────────────────────────────────────────────────────────────────────────────────────


def _build(pipelines: Pipelines, build: Build) -> Tree:
    here = build.origin
    places = (
        here.source_map.span(("metadata", "name")),
        here.at("image", "repository"),
        *written(here.below("build"), "repository", "folder", "branch"),
    )
    on: dict[str, Tree] = {"workflow_dispatch": None}
    if build.schedule is not None:
        cron = Sourced(build.schedule, written(here.below("build"), "schedule"))
        on["schedule"] = [{"cron": cron}]
    registry = {
        "SRCNET_REGISTRY": scripts.registry(build),
        "SRCNET_REGISTRY_USER": "${{ secrets.SRCNET_REGISTRY_USER }}",
        "SRCNET_REGISTRY_PASSWORD": "${{ secrets.SRCNET_REGISTRY_PASSWORD }}",
    }
    syft, cosign = (tools.image_text(pipelines, each) for each in (tools.SYFT, tools.COSIGN))
    tokens = ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL")
    signature = scripts.signature(str(cosign.value), tokens)
    contents = scripts.contents(str(syft.value))
    tested: Tree = {"name": "Test", "run": _lines(scripts.tests(build))}
    kept = f"digest-{build.name}"
    made: Tree = {  # what is fetched runs here, so nothing that may change the specs does
        **_merged(pipelines),
        **_job(pipelines, 60, {"contents": "read", "id-token": "write"}),
        "environment": "srcnet-images",
        "steps": [
            _checkout(pipelines, {}),
            {"name": "Fetch the source", "run": _lines(scripts.fetch(build))},
            *([Sourced(tested, written(here.below("build"), "test"))] if build.test else []),
            {"name": "Log in", "run": scripts.LOGIN, "env": registry},
            {"name": "Build and publish", "run": _lines(scripts.publish(build))},
            {"name": "What is in it", "run": Sourced(_lines(contents), (*places, *syft.spans))},
            {"name": "Sign", "run": Sourced(_lines(signature), (*places, *cosign.spans))},
            {
                "name": "Keep the digest",
                "uses": tools.action(pipelines, tools.UPLOAD),
                "with": {"name": kept, "path": "digest.txt", "if-no-files-found": "error"},
            },
        ],
    }
    proposed: Tree = {
        "needs": ["build"],
        **_job(pipelines, 10, {"contents": "write", "pull-requests": "write"}),
        "steps": [
            *_start(pipelines, {"persist-credentials": True}),
            _download(pipelines, kept),
            {
                "name": "Propose it",
                "run": _lines(scripts.propose(build)),
                "env": {"GITHUB_TOKEN": _TOKEN},
            },
        ],
    }
    return {
        "name": f"srcnet: image of {build.name}",
        "on": on,
        "permissions": {},
        "concurrency": {"group": f"srcnet-build-{build.name}", "cancel-in-progress": False},
        "defaults": {"run": {"shell": "bash"}},
        "jobs": {"build": within(made, places), "propose": within(proposed, places)},
    }


# ── what jobs have in common ──────────────────────────────────────────────────────────────────


def _job(
    pipelines: Pipelines, minutes: int, rights: dict[str, str], part: Part | None = None
) -> dict[str, Tree]:
    where: dict[str, Tree] = {} if part is None else {"environment": part.environment}
    return {
        "runs-on": _runner(pipelines) if part is None else runner_of(part, pipelines),
        "timeout-minutes": minutes,
        **where,
        "permissions": rights,
    }


def _merged(pipelines: Pipelines) -> dict[str, Tree]:
    """By hand a workflow can be started on any branch; what was not merged gets no credentials."""
    words = f"github.ref == 'refs/heads/{pipelines.branch}'"
    return {"if": Sourced(words, written(pipelines.origin, "branch"))}


def _start(pipelines: Pipelines, options: Mapping[str, Tree]) -> tuple[Tree, ...]:
    compiler = written(pipelines.origin, "compiler")
    return (
        _checkout(pipelines, options),
        _python(pipelines),
        {"name": "Install srcnet", "run": Sourced(scripts.install(pipelines), compiler)},
    )


def _checkout(pipelines: Pipelines, options: Mapping[str, Tree]) -> Tree:
    uses = tools.action(pipelines, tools.CHECKOUT)
    return {"uses": uses, "with": {"persist-credentials": False, **options}}


def _python(pipelines: Pipelines) -> Tree:
    version = Sourced(pipelines.python, written(pipelines.origin, "python"))
    return {"uses": tools.action(pipelines, tools.PYTHON), "with": {"python-version": version}}


def _download(pipelines: Pipelines, name: str) -> Tree:
    return {"uses": tools.action(pipelines, tools.DOWNLOAD), "with": {"name": name}}


def _lines(lines: tuple[str, ...]) -> Tree:
    return lines[0] if len(lines) == 1 else Literal(lines)


def _branch(pipelines: Pipelines) -> Sourced:
    return Sourced(pipelines.branch, written(pipelines.origin, "branch"))


def _runner(pipelines: Pipelines) -> Sourced:
    return Sourced(pipelines.runner, written(pipelines.origin, "runner"))


def _env(pipelines: Pipelines, part: Part) -> dict[str, Tree]:
    """The part's credentials, each by its own name, and where its state is."""
    env: dict[str, Tree] = {
        name: Sourced(f"${{{{ secrets.{name} }}}}", spans) for name, spans in part.secrets
    }
    return {**env, **_state(pipelines, part)}


def _state(pipelines: Pipelines, part: Part) -> dict[str, Tree]:
    if pipelines.state is None:
        return {}
    place = written(pipelines.origin, "state")
    return {"SRCNET_STATE": Sourced(f"{pipelines.state}-{part.key}", (*place, *part.spans))}


def _alone(part: Part) -> Tree:
    """Two runs that change the same systems never meet; one that waits is not thrown away for a
    run that has begun."""
    return {"group": f"srcnet-apply-{part.key}", "cancel-in-progress": False}
