"""What documents say of pipelines to the model."""

from collections.abc import Iterator, Sequence

from srcnet_compiler.change import Impact
from srcnet_compiler.federation.model import Site
from srcnet_compiler.federation.pipelines import (
    Approval,
    Build,
    Check,
    Drift,
    Pin,
    Pipelines,
    SitePipelines,
)
from srcnet_compiler.names import SiteName
from srcnet_compiler.schema.common import Document
from srcnet_compiler.schema.federation import FederationSpec
from srcnet_compiler.schema.service import Service as ServiceDocument
from srcnet_compiler.schema.site import Site as SiteDocument
from srcnet_compiler.schema.validate import Located
from srcnet_compiler.schema.workflow_template import WorkflowTemplate as TemplateDocument
from srcnet_compiler.span import Origin


def read_pipelines(
    spec: FederationSpec,
    origin: Origin,
    documents: Sequence[Located[Document]],
    sites: Sequence[tuple[SiteDocument, Site]],
) -> Pipelines | None:
    """From documents in order of name; None where the federation says nothing of pipelines."""
    said, here = spec.pipelines, origin.below("pipelines")
    if said is None:
        return None
    drift = said.drift
    ordered = sorted(sites, key=lambda pair: pair[1].name)
    return Pipelines(
        forges=tuple(dict.fromkeys(said.forges)),
        applies=said.applies,
        branch=said.branch,
        compiler=said.compiler,
        python=said.python,
        runner=said.runner,
        environment=said.environment,
        signing_key=said.signingKey,
        state=said.state,
        approvals=tuple(
            Approval(
                group,
                Impact(each.from_),
                tuple(each.reviewers),
                each.count,
                here.below("approvals", group),
            )
            for group, each in sorted(said.approvals.items())
        ),
        drift=None
        if drift is None
        else Drift(drift.schedule, drift.then == "heal", here.below("drift")),
        checks=tuple(
            Check(name, each.run, each.minutes, each.go, here.below("checks", name))
            for name, each in sorted(said.checks.items())
        ),
        pins={
            name: Pin(each.version, each.digest, here.below("pins", name))
            for name, each in sorted(said.pins.items())
        },
        sites={site.name: _site(document, site) for document, site in ordered},
        builds=tuple(_builds(documents)),
        origin=here,
    )


def default_environment(site: SiteName) -> str:
    """The environment of a forge that holds a site's credentials, where the site says none."""
    return f"srcnet-{site.lower().replace('_', '-')}"


def _site(document: SiteDocument, site: Site) -> SitePipelines:
    said, here = document.spec.pipelines, site.origin.below("pipelines")
    environment = said.environment if said is not None else None
    return SitePipelines(
        site=site.name,
        environment=environment or default_environment(SiteName(site.known_as)),
        reviewers=() if said is None else tuple(said.reviewers),
        runner=() if said is None else tuple(said.runner),
        files=(site.origin.source_map.file,),
        origin=here,
    )


def _builds(documents: Sequence[Located[Document]]) -> Iterator[Build]:
    for located in documents:
        document, here = located.document, located.origin.below("spec")
        if not isinstance(document, (ServiceDocument, TemplateDocument)):
            continue
        said = document.spec.build
        if said is not None:
            yield Build(
                kind=document.kind,
                name=document.metadata.name,
                image=document.spec.image.repository,
                file=here.source_map.file,
                repository=said.repository,
                folder=said.folder,
                branch=said.branch,
                test=tuple(said.test),
                schedule=said.schedule,
                origin=here,
            )
