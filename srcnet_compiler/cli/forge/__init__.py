"""What runs on a forge tells people there: one interface, and who we are by the environment."""

from collections.abc import Mapping

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.forge.api import Forge


def here(environment: Mapping[str, str]) -> Forge:
    """The forge that runs this; ends the command where none does."""
    if environment.get("GITHUB_ACTIONS") == "true":
        from srcnet_compiler.cli.forge.github import GitHub

        return GitHub(environment)
    if environment.get("GITLAB_CI") == "true":
        from srcnet_compiler.cli.forge.gitlab import GitLab

        return GitLab(environment)
    raise StopError(
        Exit.USAGE,
        "no forge runs this: it has no GITHUB_ACTIONS and no GITLAB_CI",
        "this command is for pipelines; `srcnet pipelines` writes them",
    )
