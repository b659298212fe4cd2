"""Who is asked for a review: those of a site for its specs, the groups for everything else, such as
the keys that srcnet.toml trusts, what else pipelines run, and sites that are new."""

from collections.abc import Iterator

from srcnet_compiler.emit.yaml import Sourced, plain, within
from srcnet_compiler.federation.pipelines import Pipelines, SitePipelines
from srcnet_compiler.span import written
from srcnet_compiler.targets.cicd.model import OWNERS, PipelineFile, Spans


def owners(pipelines: Pipelines, folder: str, spans: Spans) -> Iterator[PipelineFile]:
    """The file, unless there is nobody to ask. Of several lines that match the last one holds."""
    rows = dict(_rows(pipelines))
    if rows:
        name = f"{folder}/{OWNERS}"
        said = {pattern: plain(names) for pattern, names in rows.items()}
        tree = within(rows, spans).value
        yield PipelineFile(name, said, title="Reviewers", tree=tree, places=spans)


def _rows(pipelines: Pipelines) -> Iterator[tuple[str, Sourced]]:
    groups = pipelines.approvals
    if groups:
        names = " ".join(dict.fromkeys(who for each in groups for who in each.reviewers))
        places = tuple(each.origin.at("reviewers") for each in groups)
        yield "*", Sourced(names, places)
        yield "/policies/", Sourced(names, places)
        yield "/.github/", Sourced(names, places)
        yield "/.gitlab/", Sourced(names, places)
        yield "/.gitlab-ci.yml", Sourced(names, places)
    by_file: dict[str, list[SitePipelines]] = {}
    for site in pipelines.sites.values():
        for file in site.files:
            by_file.setdefault(file, []).append(site)
    for file, sites in sorted(by_file.items()):
        asked = [site for site in sites if site.reviewers]
        if asked:
            names = " ".join(dict.fromkeys(who for each in asked for who in each.reviewers))
            places = tuple(place for each in asked for place in written(each.origin, "reviewers"))
            yield f"/{file}", Sourced(names, places)
            if len(sites) == 1:
                folder = file.rpartition(".")[0]
                yield f"/{folder}/", Sourced(names, places)
