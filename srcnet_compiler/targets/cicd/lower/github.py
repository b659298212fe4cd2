"""Pipelines as GitHub Actions takes them.

Every job has the least rights that it needs and an end in time; what proposals bring along never
runs beside a token that may write.
"""

from collections.abc import Iterator, Mapping, Sequence

from srcnet_compiler.emit.yaml import Noted, Sourced, Tree, within
from srcnet_compiler.federation.pipelines import Check, Drift, Pipelines
from srcnet_compiler.span import written
from srcnet_compiler.targets.cicd.lower import github_common as common
from srcnet_compiler.targets.cicd.lower import github_images, occasions, scripts, tools
from srcnet_compiler.targets.cicd.lower.occasions import Forms
from srcnet_compiler.targets.cicd.lower.parts import Part, keeps, teams, writes
from srcnet_compiler.targets.cicd.model import PipelineFile, Spans

FOLDER = ".github"
_FILES = f"{FOLDER}/workflows"
_HISTORY: Mapping[str, Tree] = {"fetch-depth": 0}
"""The commit that was applied last is in it, whose rules judge."""
_WAITING: Mapping[str, Tree] = {"cancel-in-progress": False}
_NEWEST = "of runs that wait GitHub keeps the newest: it applies what the others would have"
_SAME_REPOSITORY = "github.event.pull_request.head.repo.full_name == github.repository"


def files(
    pipelines: Pipelines, parts: Sequence[Part], applies: bool, spans: Spans
) -> Iterator[PipelineFile]:
    """All workflows."""
    forms = Forms(
        _FILES, "pull-request", _pull_request, _check, _merge, _drift, github_images.build
    )
    return occasions.files(forms, pipelines, parts, applies, spans)


# ── proposals ─────────────────────────────────────────────────────────────────────────────────


def _pull_request(pipelines: Pipelines) -> Tree:
    return {
        "name": "srcnet: proposal",
        "on": {"pull_request": {"branches": [common.branch(pipelines)]}},
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
        **common.job(pipelines, 15, {"contents": "read"}),
        "steps": [
            *common.start(pipelines, {"fetch-depth": 0}),
            {"name": "Validate", "run": common.lines(scripts.VALIDATE)},
            {
                "name": "Say it beside the lines",
                "if": "always()",
                "run": "srcnet validate --format github || true",
            },
            {"name": "Compile", "run": common.lines(scripts.COMPILE)},
            {"name": "What it would do", "run": common.lines(scripts.DIFF), "env": revisions},
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
    token = {"GITHUB_TOKEN": common.TOKEN}
    return {
        "needs": ["check"],
        "if": f"always() && {_SAME_REPOSITORY}",
        **common.job(pipelines, 10, rights),
        "steps": [
            *common.start(pipelines, base),
            common.download(pipelines, "report"),
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
        "on": {"pull_request": None, "push": {"branches": [common.branch(pipelines)]}},
        "permissions": {},
        "concurrency": {
            "group": f"srcnet-check-{check.name}-${{{{ github.ref }}}}",
            "cancel-in-progress": True,
        },
        "defaults": {"run": {"shell": "bash"}},
        "jobs": {
            "check": {
                "runs-on": common.runner(pipelines),
                "timeout-minutes": Sourced(check.minutes, written(check.origin, "minutes")),
                "permissions": {"contents": "read"},
                "steps": [
                    common.checkout(pipelines, {}),
                    common.python(pipelines),
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
        "on": {"push": {"branches": [common.branch(pipelines)]}, "workflow_dispatch": None},
        "permissions": {},
        "concurrency": {"group": Sourced(Noted("srcnet-merge", _NEWEST), ()), **_WAITING},
        "defaults": {"run": {"shell": "bash"}},
        "jobs": jobs,
    }


def _plan(pipelines: Pipelines, part: Part) -> Tree:
    asked: dict[str, Tree] = {"GITHUB_TOKEN": common.TOKEN, **common.state(pipelines, part)}
    places = teams(pipelines)
    if places:
        asked["SRCNET_TEAMS_TOKEN"] = Sourced("${{ secrets.SRCNET_TEAMS_TOKEN }}", places)
    signing = scripts.sign(pipelines, agreed=True)
    kept = f"{scripts.PLAN}\n{scripts.SIGNED}\n" if signing else scripts.PLAN
    place = written(pipelines.origin, "signingKey")
    signed: Tree = {
        "name": "Sign",
        "run": "".join(signing),
        "env": {str(pipelines.signing_key): f"${{{{ secrets.{pipelines.signing_key} }}}}"},
    }
    return {
        **common.merged(pipelines),
        **common.job(pipelines, 30, {"contents": "read", "pull-requests": "read"}, part),
        "steps": [
            *common.start(pipelines, {**keeps(pipelines), **_HISTORY}),
            {"name": "Plan", "run": scripts.plan(part), "env": common.env(pipelines, part)},
            {
                "name": "Who agreed",
                "run": common.lines(scripts.APPROVALS),
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
    env = common.env(pipelines, part)
    return {
        "needs": [f"plan-{part.key}"],
        **common.merged(pipelines),
        **common.job(pipelines, 360, writes(pipelines), part),
        "concurrency": common.alone(part),
        "steps": [
            *common.start(pipelines, {**keeps(pipelines), **_HISTORY}),
            common.download(pipelines, f"plan-{part.key}"),
            {"name": "Apply", "run": scripts.apply(pipelines), "env": env},
            {"name": "Prove it", "run": scripts.verify(part), "env": env},
        ],
    }


def _drift(pipelines: Pipelines, parts: Sequence[Part], drift: Drift) -> Tree:
    places = (*written(drift.origin, "then"), *written(pipelines.origin, "signingKey"))
    jobs: dict[str, Tree] = {}
    for part in parts:
        env = {**common.env(pipelines, part), "GITHUB_TOKEN": common.TOKEN}
        if pipelines.signing_key is not None:
            env[pipelines.signing_key] = f"${{{{ secrets.{pipelines.signing_key} }}}}"
        run = Sourced(
            common.lines(scripts.drift(part, pipelines, drift.heals)), (*part.spans, *places)
        )
        job: Tree = {
            **common.merged(pipelines),
            **common.job(pipelines, 360, {**writes(pipelines), "issues": "write"}, part),
            "concurrency": common.alone(part),
            "steps": [
                *common.start(pipelines, {**keeps(pipelines), **_HISTORY}),
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
