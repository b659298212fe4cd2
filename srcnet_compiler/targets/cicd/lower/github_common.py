"""What the jobs of GitHub's workflows have in common."""

from collections.abc import Mapping

from srcnet_compiler.emit.yaml import Literal, Sourced, Tree
from srcnet_compiler.federation.pipelines import Pipelines
from srcnet_compiler.span import written
from srcnet_compiler.targets.cicd.lower import scripts, tools
from srcnet_compiler.targets.cicd.lower.parts import Part, runner_of

TOKEN = "${{ github.token }}"


def job(
    pipelines: Pipelines, minutes: int, rights: dict[str, str], part: Part | None = None
) -> dict[str, Tree]:
    where: dict[str, Tree] = {} if part is None else {"environment": part.environment}
    return {
        "runs-on": runner(pipelines) if part is None else runner_of(part, pipelines),
        "timeout-minutes": minutes,
        **where,
        "permissions": rights,
    }


def merged(pipelines: Pipelines) -> dict[str, Tree]:
    """By hand a workflow can be started on any branch; what was not merged gets no credentials."""
    words = f"github.ref == 'refs/heads/{pipelines.branch}'"
    return {"if": Sourced(words, written(pipelines.origin, "branch"))}


def start(pipelines: Pipelines, options: Mapping[str, Tree]) -> tuple[Tree, ...]:
    compiler = written(pipelines.origin, "compiler")
    return (
        checkout(pipelines, options),
        python(pipelines),
        {"name": "Install srcnet", "run": Sourced(scripts.install(pipelines), compiler)},
    )


def checkout(pipelines: Pipelines, options: Mapping[str, Tree]) -> Tree:
    uses = tools.action(pipelines, tools.CHECKOUT)
    return {"uses": uses, "with": {"persist-credentials": False, **options}}


def python(pipelines: Pipelines) -> Tree:
    version = Sourced(pipelines.python, written(pipelines.origin, "python"))
    return {"uses": tools.action(pipelines, tools.PYTHON), "with": {"python-version": version}}


def download(pipelines: Pipelines, name: str) -> Tree:
    return {"uses": tools.action(pipelines, tools.DOWNLOAD), "with": {"name": name}}


def lines(lines: tuple[str, ...]) -> Tree:
    return lines[0] if len(lines) == 1 else Literal(lines)


def branch(pipelines: Pipelines) -> Sourced:
    return Sourced(pipelines.branch, written(pipelines.origin, "branch"))


def runner(pipelines: Pipelines) -> Sourced:
    return Sourced(pipelines.runner, written(pipelines.origin, "runner"))


def env(pipelines: Pipelines, part: Part) -> dict[str, Tree]:
    """The part's credentials, each by its own name, and where its state is."""
    env: dict[str, Tree] = {
        name: Sourced(f"${{{{ secrets.{name} }}}}", spans) for name, spans in part.secrets
    }
    return {**env, **state(pipelines, part)}


def state(pipelines: Pipelines, part: Part) -> dict[str, Tree]:
    if pipelines.state is None:
        return {}
    place = written(pipelines.origin, "state")
    return {"SRCNET_STATE": Sourced(f"{pipelines.state}-{part.key}", (*place, *part.spans))}


def alone(part: Part) -> Tree:
    """Two runs that change the same systems never meet; one that waits is not thrown away for a
    run that has begun."""
    return {"group": f"srcnet-apply-{part.key}", "cancel-in-progress": False}
