"""The parts that are applied side by side: the federation's own systems, and each site's."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from srcnet_compiler.emit.yaml import Sourced, Tree
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.federation.pipelines import Pipelines
from srcnet_compiler.federation.secret import Secret
from srcnet_compiler.names import SiteName
from srcnet_compiler.span import Origin, written
from srcnet_compiler.targets.cicd.model import Spans
from srcnet_compiler.targets.protocol import Managed

FEDERATION = "federation"


@dataclass(frozen=True, slots=True)
class Part:
    """What one run applies: the systems of one site, or those of the federation.

    `options` choose it on the command line, `environment` is where the forge keeps its `secrets`,
    each with its spec places; `runner` is empty where the federation's serves.
    """

    key: str
    title: str
    options: str
    environment: Sourced
    runner: tuple[str, ...]
    secrets: tuple[tuple[str, Spans], ...]
    spans: Spans


def parts(
    federation: Federation, pipelines: Pipelines, managed: Sequence[Managed]
) -> tuple[Part, ...]:
    """The federation's first, then the sites' in order of name."""
    whole = [each for each in managed if each.site is None]
    sites = sorted({each.site for each in managed if each.site is not None})
    return (
        *([_federation(federation, pipelines, whole)] if whole else ()),
        *(_site(federation, pipelines, site, managed) for site in sites),
    )


def _federation(federation: Federation, pipelines: Pipelines, managed: Sequence[Managed]) -> Part:
    origin = pipelines.origin
    data = federation.data
    secrets = [
        *_secret(data.secret, data.origin.below("credentials")),
        *_secret(data.read_secret, data.origin.below("reading", "credentials")),
    ]
    if (catalogue := federation.site_catalogue) is not None:
        secrets += _secret(catalogue.secret, catalogue.origin.below("credentials"))
        secrets += _secret(catalogue.read_secret, catalogue.origin.below("reading", "credentials"))
    return Part(
        key=FEDERATION,
        title=FEDERATION,
        options=" ".join(f"--system {each.system}" for each in managed),
        environment=Sourced(pipelines.environment, written(origin, "environment")),
        runner=(),
        secrets=_once(secrets),
        spans=_together(managed),
    )


def _site(
    federation: Federation, pipelines: Pipelines, site: SiteName, managed: Sequence[Managed]
) -> Part:
    said = pipelines.sites[site]
    known_by = federation.sites[site].known_by
    secrets = [
        *(
            found
            for cluster in federation.kubernetes
            if cluster.site == site
            for found in (
                *_secret(cluster.secret, cluster.origin.below("credentials")),
                *_secret(cluster.read_secret, cluster.origin.below("reading", "credentials")),
            )
        ),
        *(
            found
            for cluster in federation.compute.clusters
            if cluster.site == site
            for here in (cluster.controller.origin,)
            for found in (
                *_secret(cluster.controller.secret, here.below("credentials")),
                *_secret(cluster.controller.read_secret, here.below("reading", "credentials")),
            )
        ),
    ]
    return Part(
        key=site.lower().replace("_", "-"),
        title=site,
        options=f"--site {site}",
        environment=Sourced(said.environment, written(said.origin, "environment") or known_by),
        runner=said.runner,
        secrets=_once(secrets),
        spans=(
            known_by[-1],
            *_together([each for each in managed if each.site == site]),
            *written(said.origin, "runner"),
        ),
    )


def _together(managed: Sequence[Managed]) -> Spans:
    return tuple(dict.fromkeys(span for each in managed for span in each.places))


def _secret(secret: Secret, credentials: Origin) -> Iterator[tuple[str, Spans]]:
    """What a runner finds in its environment; files and vaults are those of the runner's site."""
    if secret.kind == "env" and credentials.has("secretRef", "env"):
        yield secret.place, (credentials.at("secretRef", "env"),)


def _once(secrets: Sequence[tuple[str, Spans]]) -> tuple[tuple[str, Spans], ...]:
    found: dict[str, Spans] = {}
    for name, spans in secrets:
        found[name] = (*found.get(name, ()), *spans)
    return tuple(sorted(found.items()))


def runner_of(part: Part, pipelines: Pipelines) -> Tree:
    """Where GitHub runs a part."""
    if part.runner:
        return [*part.runner]
    return Sourced(pipelines.runner, written(pipelines.origin, "runner"))


def _in_git(pipelines: Pipelines) -> bool:
    return (pipelines.state or "").startswith("git:")


def keeps(pipelines: Pipelines) -> dict[str, Tree]:
    """A state in the repository needs its history and the right to push."""
    place = written(pipelines.origin, "state")
    return {"persist-credentials": Sourced(True, place)} if _in_git(pipelines) else {}


def writes(pipelines: Pipelines) -> dict[str, str]:
    """The right that this takes."""
    return {"contents": "write" if _in_git(pipelines) else "read"}


def teams(pipelines: Pipelines) -> Spans:
    """The places that name a team: who is in it, only a token that may see teams finds out."""
    groups = ((each.reviewers, each.origin) for each in pipelines.approvals)
    sites = ((each.reviewers, each.origin) for each in pipelines.sites.values())
    return tuple(
        origin.at("reviewers")
        for reviewers, origin in (*groups, *sites)
        if any("/" in who for who in reviewers)
    )
