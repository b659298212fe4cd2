"""Images as GitHub makes them: code that is fetched runs where there is nothing to take, and only
the job that signs may say who we are."""

from srcnet_compiler.emit.yaml import Sourced, Tree, within
from srcnet_compiler.federation.pipelines import Build, Pipelines
from srcnet_compiler.span import written
from srcnet_compiler.targets.cicd.lower import github_common as common
from srcnet_compiler.targets.cicd.lower import scripts, tools
from srcnet_compiler.targets.cicd.model import Spans

_ENVIRONMENT = "srcnet-images"
_TOKENS = ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL")


def build(pipelines: Pipelines, build: Build) -> Tree:
    """The workflow of one image: test, build, sign, propose."""
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
    jobs = {
        **({"test": _test(pipelines, build)} if build.test else {}),
        "build": _made(pipelines, build),
        "sign": _signed(pipelines, build, places),
        "propose": _proposed(pipelines, build),
    }
    return {
        "name": f"srcnet: image of {build.name}",
        "on": on,
        "permissions": {},
        "concurrency": {"group": f"srcnet-build-{build.name}", "cancel-in-progress": False},
        "defaults": {"run": {"shell": "bash"}},
        "jobs": {name: within(job, places) for name, job in jobs.items()},
    }


def _test(pipelines: Pipelines, build: Build) -> Tree:
    """What is fetched runs here, where there is no secret and no right."""
    tested: Tree = {"name": "Test", "run": common.lines(scripts.tests(build))}
    return {
        **common.merged(pipelines),
        **common.job(pipelines, 60, {"contents": "read"}),
        "steps": [
            common.checkout(pipelines, {}),
            {"name": "Fetch the source", "run": common.lines(scripts.fetch(build))},
            {"name": "Say what is tested", "run": scripts.TESTED},
            Sourced(tested, written(build.origin.below("build"), "test")),
            _keep(pipelines, f"tested-{build.name}", scripts.COMMIT),
        ],
    }


def _made(pipelines: Pipelines, build: Build) -> Tree:
    """It may publish, and cannot sign."""
    same: list[Tree] = []
    if build.test:
        same = [
            common.download(pipelines, f"tested-{build.name}"),
            {"name": "It is what was tested", "run": scripts.IS_TESTED},
        ]
    syft = tools.image_text(pipelines, tools.SYFT)
    contents = common.lines(scripts.contents(str(syft.value)))
    return {
        **({"needs": ["test"]} if build.test else {}),
        **common.merged(pipelines),
        **common.job(pipelines, 60, {"contents": "read"}),
        "environment": _ENVIRONMENT,
        "steps": [
            common.checkout(pipelines, {}),
            {"name": "Fetch the source", "run": common.lines(scripts.fetch(build))},
            *same,
            _login(build),
            {"name": "Build and publish", "run": common.lines(scripts.publish(build))},
            {"name": "What is in it", "run": Sourced(contents, syft.spans)},
            _keep(pipelines, f"made-{build.name}", *scripts.MADE),
        ],
    }


def _signed(pipelines: Pipelines, build: Build, places: Spans) -> Tree:
    """It may say who we are, so nothing that was fetched is there to run."""
    cosign = tools.image_text(pipelines, tools.COSIGN)
    signature = common.lines(scripts.signature(str(cosign.value), _TOKENS))
    return {
        "needs": ["build"],
        **common.merged(pipelines),
        **common.job(pipelines, 15, {"contents": "read", "id-token": "write"}),
        "environment": _ENVIRONMENT,
        "steps": [
            common.download(pipelines, f"made-{build.name}"),
            {"name": "It is our image", "run": common.lines(scripts.is_ours(build))},
            _login(build),
            {"name": "Sign", "run": Sourced(signature, (*places, *cosign.spans))},
        ],
    }


def _proposed(pipelines: Pipelines, build: Build) -> Tree:
    return {
        "needs": ["sign"],
        **common.job(pipelines, 10, {"contents": "write", "pull-requests": "write"}),
        "steps": [
            *common.start(pipelines, {"persist-credentials": True}),
            common.download(pipelines, f"made-{build.name}"),
            {
                "name": "Propose it",
                "run": common.lines(scripts.propose(build)),
                "env": {"GITHUB_TOKEN": common.TOKEN},
            },
        ],
    }


def _login(build: Build) -> Tree:
    registry = {
        "SRCNET_REGISTRY": scripts.registry(build),
        "SRCNET_REGISTRY_USER": "${{ secrets.SRCNET_REGISTRY_USER }}",
        "SRCNET_REGISTRY_PASSWORD": "${{ secrets.SRCNET_REGISTRY_PASSWORD }}",
    }
    return {"name": "Log in", "run": scripts.LOGIN, "env": registry}


def _keep(pipelines: Pipelines, name: str, *files: str) -> Tree:
    path = files[0] if len(files) == 1 else "".join(f"{file}\n" for file in files)
    return {
        "name": "Keep it",
        "uses": tools.action(pipelines, tools.UPLOAD),
        "with": {"name": name, "path": path, "if-no-files-found": "error"},
    }
