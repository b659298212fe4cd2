"""The occasions on which something runs, whatever the forge: each has a file of its own."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from srcnet_compiler.emit.yaml import Tree, plain, within
from srcnet_compiler.federation.pipelines import Build, Check, Drift, Pipelines
from srcnet_compiler.targets.cicd.lower.parts import Part
from srcnet_compiler.targets.cicd.model import PipelineFile, Spans


@dataclass(frozen=True, slots=True)
class Forms:
    """How a forge writes what runs on each occasion, in which folder, and what it calls the file
    for proposals."""

    folder: str
    proposals: str
    proposal: Callable[[Pipelines], Tree]
    check: Callable[[Pipelines, Check], Tree]
    merge: Callable[[Pipelines, Sequence[Part]], Tree]
    drift: Callable[[Pipelines, Sequence[Part], Drift], Tree]
    build: Callable[[Pipelines, Build], Tree]


def files(
    forms: Forms, pipelines: Pipelines, parts: Sequence[Part], applies: bool, spans: Spans
) -> Iterator[PipelineFile]:
    """All of them; of a forge that does not apply, those that look at proposals."""

    def file(name: str, title: str, tree: Tree, *more: Spans) -> PipelineFile:
        places = (*spans, *(span for found in more for span in found))
        path = f"{forms.folder}/srcnet-{name}.yml"
        return PipelineFile(path, plain(tree), True, title, within(tree, places), places)

    yield file(forms.proposals, "Proposals", forms.proposal(pipelines))
    for check in pipelines.checks:
        tree = forms.check(pipelines, check)
        yield file(f"check-{check.name}", check.name, tree, (check.origin.key(),))
    if not applies:
        return
    yield file("merge", "What was merged", forms.merge(pipelines, parts))
    if pipelines.drift is not None:
        tree = forms.drift(pipelines, parts, pipelines.drift)
        yield file("drift", "Drift", tree, (pipelines.origin.key("drift"),))
    for build in pipelines.builds:
        places = (build.origin.source_map.span(("metadata", "name")), build.origin.key("build"))
        tree = forms.build(pipelines, build)
        yield file(f"build-{build.name}", f"The image of {build.name}", tree, places)
