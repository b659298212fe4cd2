"""Federation to forges: who must agree, what is applied where, which images are built."""

from collections.abc import Sequence

from srcnet_compiler.federation.model import Federation
from srcnet_compiler.federation.pipelines import Pipelines
from srcnet_compiler.span import written
from srcnet_compiler.targets.cicd.lower import github, gitlab
from srcnet_compiler.targets.cicd.lower.owners import owners
from srcnet_compiler.targets.cicd.lower.parts import parts
from srcnet_compiler.targets.cicd.model import Forge
from srcnet_compiler.targets.protocol import Managed

_FORGES = {"github": github, "gitlab": gitlab}


def lower(federation: Federation, managed: Sequence[Managed]) -> tuple[Forge, ...]:
    """One model for each forge of the repository, in the order in which they are written."""
    pipelines = federation.pipelines
    if pipelines is None:
        return ()
    return tuple(
        _forge(federation, pipelines, managed, index, name)
        for index, name in enumerate(pipelines.forges)
    )


def _forge(
    federation: Federation,
    pipelines: Pipelines,
    managed: Sequence[Managed],
    index: int,
    name: str,
) -> Forge:
    forge = _FORGES[name]
    applies = pipelines.applies and index == 0
    spans = (*written(pipelines.origin, "forges", "applies"),)
    applied = parts(federation, pipelines, managed) if applies else ()
    files = (
        *forge.files(pipelines, applied, applies, spans),
        *owners(pipelines, forge.FOLDER, spans),
    )
    return Forge(name, {each.name: each for each in files}, origins={"": spans})
