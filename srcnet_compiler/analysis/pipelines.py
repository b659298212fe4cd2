"""Do pipelines run when they say, with nobody else's credentials, and only what was agreed?"""

from collections.abc import Iterator

from srcnet_compiler.analysis.cron import wrong_in
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error, warning
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.federation.pipelines import Pipelines
from srcnet_compiler.federation.secret import Secret
from srcnet_compiler.span import Origin, Span

_OF_PIPELINES = frozenset(
    {
        *("GITHUB_TOKEN", "SRCNET_TEAMS_TOKEN", "SRCNET_FORGE_TOKEN", "SRCNET_PROPOSAL_TOKEN"),
        *("SRCNET_REGISTRY_USER", "SRCNET_REGISTRY_PASSWORD"),
    }
)
"""Secrets with which pipelines themselves speak to the forge and to registries."""


def check_pipelines(federation: Federation) -> Iterator[Diagnostic]:
    """What the federation, its sites and what is built say of pipelines."""
    pipelines = federation.pipelines
    if pipelines is None:
        yield from _without(federation)
        return
    yield from _not_built(pipelines)
    yield from _schedules(federation, pipelines)
    yield from _environments(federation, pipelines)
    yield from _secrets(federation, pipelines)
    if pipelines.applies and not pipelines.approvals:
        yield warning(
            Code.NOBODY_APPROVES,
            "whatever is merged is applied, whatever it does: no group must agree to it",
            Label(pipelines.origin.key()),
            help="name under `approvals` who must agree to what moves data, or say"
            " `applies: false`",
            subject=federation.name,
        )


def _without(federation: Federation) -> Iterator[Diagnostic]:
    """What says how it is to be run, where nothing is run."""
    said: list[tuple[str, Origin, str]] = [
        *((site.name, site.origin, "pipelines") for site in federation.sites.values()),
        *((each.name, each.origin, "build") for each in federation.services.values()),
        *((each.name, each.origin, "build") for each in federation.templates.values()),
    ]
    for name, origin, key in said:
        if origin.has(key):
            yield warning(
                Code.NO_PIPELINES,
                f"`{name}` says `{key}`, but the federation runs no pipelines",
                Label(origin.key(key)),
                help="say in the Federation, under `pipelines`, on which forge they run",
                subject=name,
            )


def _not_built(pipelines: Pipelines) -> Iterator[Diagnostic]:
    """What says how it is built, on a forge that only looks at proposals."""
    for each in () if pipelines.applies else pipelines.builds:
        yield warning(
            Code.NO_PIPELINES,
            f"nothing builds `{each.name}`: the federation's pipelines only look at proposals",
            Label(each.origin.key("build")),
            Label(pipelines.origin.at("applies"), "they apply nothing"),
            help="leave `build` out until they apply what is merged, or write `applies: true`",
            subject=each.name,
        )


def _schedules(federation: Federation, pipelines: Pipelines) -> Iterator[Diagnostic]:
    said: list[tuple[str, str, Span]] = [
        (each.name, each.schedule, each.origin.at("build", "schedule"))
        for each in pipelines.builds
        if each.schedule is not None
    ]
    if pipelines.drift is not None:
        drift = pipelines.drift
        said.append((federation.name, drift.schedule, drift.origin.at("schedule")))
    for name, schedule, place in said:
        for message in wrong_in(schedule):
            yield error(
                Code.WRONG_SCHEDULE,
                message,
                Label(place),
                help="write minute, hour, day of the month, month and day of the week, such as"
                " `17 4 * * *`",
                subject=name,
            )


def _environments(federation: Federation, pipelines: Pipelines) -> Iterator[Diagnostic]:
    """Credentials of one are never in reach of what runs for another."""
    first: dict[str, Span] = {pipelines.environment: pipelines.origin.at("environment")}
    for site in pipelines.sites.values():
        named = federation.sites[site.site].origin.source_map.span(("metadata", "name"))
        written = site.origin.has("environment")
        place = site.origin.at("environment") if written else named
        if site.environment in first:
            yield error(
                Code.SHARED_ENVIRONMENT,
                f"`{site.site}` would be applied with the credentials of another: both are kept in"
                f" the environment `{site.environment}`",
                Label(place),
                Label(first[site.environment], "the other"),
                help="give it an `environment` of its own",
                subject=site.site,
            )
        first.setdefault(site.environment, place)


def _secrets(federation: Federation, pipelines: Pipelines) -> Iterator[Diagnostic]:
    """What a site's own system is shown to log in is never a secret of the pipelines."""
    kept = _OF_PIPELINES | {pipelines.signing_key or ""}
    for site, secret, origin in _shown(federation):
        if secret.kind == "env" and secret.place in kept:
            yield error(
                Code.SHARED_ENVIRONMENT,
                f"`{site}` would be shown `{secret.place}`, with which the pipelines themselves"
                " work",
                Label(origin.at("secretRef", "env")),
                help="name a secret of the site's own",
                subject=site,
            )


def _shown(federation: Federation) -> Iterator[tuple[str, Secret, Origin]]:
    clusters: list[tuple[str, Secret, Secret, Origin]] = [
        *(
            (each.site, each.secret, each.read_secret, each.origin)
            for each in federation.kubernetes
        ),
        *(
            (each.site, here.secret, here.read_secret, here.origin)
            for each in federation.compute.clusters
            for here in (each.controller,)
        ),
    ]
    for site, acting, looking, origin in clusters:
        for secret, place in (
            (acting, origin.below("credentials")),
            (looking, origin.below("reading", "credentials")),
        ):
            if place.has("secretRef", "env"):
                yield site, secret, place
