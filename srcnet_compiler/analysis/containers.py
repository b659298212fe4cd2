"""Can the containers of services and templates run as they are written?"""

from collections.abc import Iterator

from srcnet_compiler.analysis.cron import wrong_in
from srcnet_compiler.analysis.environment import WORDS, check_told
from srcnet_compiler.analysis.severity import Report, report
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, warning
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.federation.services import (
    Amounts,
    Container,
    Port,
    SecurityPolicy,
    Service,
    Template,
)
from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.span import Origin, Span

_MOVING = {"latest", "main", "master", "dev", "develop", "stable", "edge", "nightly"}
KEYS = ("cores", "memory", "gpus", "scratch")


def check_containers(federation: Federation) -> Iterator[Diagnostic]:
    """Every service and template for itself."""
    for service in federation.services.values():
        say = report(federation, service.drafts, service.name)
        container = service.container
        words = [word for word in WORDS if word != "mount" or _sees_area(container)]
        yield from _image(federation, container, service.name, say)
        yield from check_told(container, service.name, words, say)
        yield from _shape(container, service.name, say)
        yield from _service(federation, service, say)
    for template in federation.templates.values():
        say = report(federation, template.drafts, template.name)
        container = template.container
        words = ["site", *(["mount"] if _sees_area(container) else [])]
        yield from _image(federation, container, template.name, say)
        yield from check_told(container, template.name, words, say)
        yield from _shape(container, template.name, say)
        yield from _template(federation, template)


def _sees_area(container: Container) -> bool:
    return bool(container.of_areas)


# ── the image ─────────────────────────────────────────────────────────────────────────────────


def _image(
    federation: Federation, container: Container, name: str, say: Report
) -> Iterator[Diagnostic]:
    image, security = container.image, federation.security
    if image.digest is None and not image.drafts:
        yield say(
            Code.NO_DIGEST,
            f"nobody says which bytes `{image.repository}` is to be, so `{name}` cannot run",
            Label(image.origin.at("repository")),
            help="write `digest: sha256:...` as the registry shows it, or `status: draft`",
            subject=name,
        )
    if image.version is not None and image.version.lower() in _MOVING:
        yield warning(
            Code.MOVING_VERSION,
            f"`{image.version}` is another image tomorrow",
            Label(image.origin.at("version")),
            help="write the version that the digest belongs to, such as `1.8.2`",
            subject=name,
        )
    if security is not None and not is_allowed(image.repository, security):
        held = federation.holds_back((*security.drafts, *image.drafts), security.name, name)
        yield (warning if held else say)(
            Code.REGISTRY_NOT_ALLOWED,
            f"`{image.repository}` comes from no registry that the federation lets in",
            Label(image.origin.at("repository")),
            Label(security.origin.at("registries"), "the registries"),
            help=f"take it from one of {', '.join(f'`{r}`' for r in security.registries)}",
            subject=name,
        )


def is_allowed(repository: str, security: SecurityPolicy) -> bool:
    """Whether images of a repository may run."""
    return any(
        repository == registry or repository.startswith(f"{registry}/")
        for registry in security.registries
    )


# ── amounts, ports, mounts ────────────────────────────────────────────────────────────────────


def _shape(container: Container, name: str, say: Report) -> Iterator[Diagnostic]:
    yield from check_limits(container.amounts, container.limits, name, say)
    yield from _ports(container, name, say)
    yield from _mounts(container, name, say)


def check_limits(
    gets: Amounts | None, most: Amounts | None, name: str, say: Report
) -> Iterator[Diagnostic]:
    """Limits below what a container gets, and GPUs beyond it, which Kubernetes does not know."""
    if most is None:
        return
    for key in KEYS:
        least, limit = amount(gets, key) or 0, amount(most, key)
        if limit is None or gets is None or limit >= least:
            continue
        yield say(
            Code.LIMIT_UNDER_RESOURCES,
            f"`{name}` gets {written(key, least)}, and may have no more than {written(key, limit)}",
            Label(most.origin.at(key), "what it may have"),
            Label(gets.origin.at(key), "what it gets"),
            help="write a limit that is not below what it gets",
            subject=name,
        )
    gpus = (gets.gpus if gets is not None else None) or 0
    if most.gpus is not None and most.gpus > gpus:
        yield say(
            Code.LIMIT_UNDER_RESOURCES,
            f"`{name}` may have {written('gpus', most.gpus)}, and gets {written('gpus', gpus)}: "
            "of GPUs a container has what it gets",
            Label(most.origin.at("gpus")),
            help=f"write `gpus: {most.gpus}` under `resources:` too, or leave it out here",
            subject=name,
        )


def amount(amounts: Amounts | None, key: str) -> int | None:
    """The cores (in thousandths), memory, gpus or scratch; None where nobody says."""
    if amounts is None:
        return None
    return {
        "cores": amounts.millicores,
        "memory": amounts.memory,
        "gpus": amounts.gpus,
        "scratch": amounts.scratch,
    }[key]


def written(key: str, value: int) -> str:
    """An amount in words; cores are in thousandths."""
    match key:
        case "cores":
            return "1 core" if value == 1000 else f"{value / 1000:.10g} cores"
        case "gpus":
            return "1 GPU" if value == 1 else f"{value} GPUs"
        case "scratch":
            return f"{round_bytes(value)} of scratch"
    return f"{round_bytes(value)} of memory"


def _ports(container: Container, name: str, say: Report) -> Iterator[Diagnostic]:
    first: dict[tuple[int, str], Port] = {}
    for port in sorted(container.ports, key=lambda port: port.origin.at()):
        before = first.setdefault((port.number, port.protocol), port)
        if before is not port:
            yield _wrong_port(
                f"port {port.number} of `{name}` has two names, `{before.name}` and `{port.name}`",
                Label(port.origin.at("port"), "again here"),
                "remove one of them",
                name,
                say,
                Label(before.origin.at("port"), "first here"),
            )
    routed = [port for port in container.ports if port.routed]
    for port in routed[1:]:
        yield _wrong_port(
            f"a route leads to one port, and `{name}` has {len(routed)} that are routed",
            Label(port.origin.at("routed")),
            "let one of them be `routed: true`",
            name,
            say,
            Label(routed[0].origin.at("routed"), "the first"),
        )
    for port in routed:
        if port.protocol != "TCP":
            yield _not_tcp(port, "a route", port.origin.at("routed"), name, say)
    for probe in (container.ready, container.alive):
        if probe is not None:
            place = probe.origin.at("port")
            yield from _asked(container, probe.port, "a probe", place, name, say)


def _asked(
    container: Container, wanted: str, who: str, place: Span, name: str, say: Report
) -> Iterator[Diagnostic]:
    """Whether there is a port of the name that somebody asks at."""
    port = container.port(wanted)
    if port is None:
        there = ", ".join(f"`{each.name}`" for each in container.ports)
        yield _wrong_port(
            f"`{name}` has no port `{wanted}`",
            Label(place),
            f"its ports are {there}" if there else f"add `ports: {{{wanted}: {{port: 8080}}}}`",
            name,
            say,
        )
    elif port.protocol != "TCP":
        yield _not_tcp(port, who, place, name, say)


def _not_tcp(port: Port, who: str, place: Span, name: str, say: Report) -> Diagnostic:
    return _wrong_port(
        f"{who} speaks TCP, and `{port.name}` of `{name}` speaks {port.protocol}",
        Label(place),
        "take a port of `protocol: TCP`",
        name,
        say,
        Label(port.origin.at("protocol"), port.protocol),
    )


def _wrong_port(
    message: str, place: Label, remedy: str, name: str, say: Report, *others: Label
) -> Diagnostic:
    return say(Code.WRONG_PORT, message, place, *others, help=remedy, subject=name)


def _mounts(container: Container, name: str, say: Report) -> Iterator[Diagnostic]:
    for mount in container.mounts:
        if mount.what == "scratch" and mount.tier is not None:
            yield say(
                Code.WRONG_MOUNT,
                f"scratch of `{name}` is of no tier: it ends with the container",
                Label(mount.origin.key("tier")),
                help="remove it, or write `storage: area` instead of `scratch:`",
                subject=name,
            )
    first: dict[str, Span] = {}
    places = [
        *((mount.path, mount.origin.at("at")) for mount in container.mounts),
        *((path, container.origin.key("files", path)) for path in container.files),
    ]
    for path, place in places:
        bare = path.rstrip("/")
        if bare in first:
            yield say(
                Code.WRONG_MOUNT,
                f"`{name}` would see two things at `{path}`",
                Label(place, "again here"),
                Label(first[bare], "first here"),
                help="give one of them another path",
                subject=name,
            )
        elif not bare or ".." in path.split("/"):
            yield say(
                Code.WRONG_MOUNT,
                f"`{name}` cannot see something at `{path}`, "
                + ("which would hide all of its image" if not bare else "which leads elsewhere"),
                Label(place),
                help="write a path such as `/data`",
                subject=name,
            )
        first.setdefault(bare, place)


# ── services and templates ────────────────────────────────────────────────────────────────────


def _service(federation: Federation, service: Service, say: Report) -> Iterator[Diagnostic]:
    here, name, container = service.origin, service.name, service.container
    if service.metrics is not None:
        place = here.at("metrics", "port")
        yield from _asked(container, service.metrics[0], "who measures", place, name, say)
    yield from _flows(federation, service, say)
    yield from _schedule(service, say)
    scaling = service.scaling
    if scaling is not None and scaling.least > scaling.most:
        yield say(
            Code.SCALING_REVERSED,
            f"`{name}` is to have at least {scaling.least} replicas, and at most {scaling.most}",
            Label(scaling.origin.at("to")),
            Label(scaling.origin.at("from"), "at least"),
            help="write the smaller number after `from:`",
            subject=name,
        )
    for mount in container.mounts:
        if mount.what == "area" and service.storage == "none":
            yield say(
                Code.AREA_NOT_MOUNTED,
                f"`{name}` mounts a storage area, but the federation says that it needs none",
                Label(mount.origin.at("storage")),
                *_in_table(federation, name),
                help=f"write `{name}: {{storage: mounted}}` under `services` of the federation,"
                " or remove the mount",
                subject=name,
            )


def _in_table(federation: Federation, name: str) -> Iterator[Label]:
    if federation.origin.has("services", name):
        yield Label(federation.origin.at("services", name), "what it needs")


def _flows(federation: Federation, service: Service, say: Report) -> Iterator[Diagnostic]:
    """Connections to ports that the other service does not have."""
    for flow in service.flows:
        other = federation.services.get(flow.service or "")
        if other is None or flow.port is None:
            continue
        numbers = {port.number for port in other.container.ports}
        if flow.port not in numbers:
            there = ", ".join(f"`{number}`" for number in sorted(numbers))
            yield _wrong_port(
                f"`{other.name}` does not listen on port {flow.port}",
                Label(flow.origin.at("port")),
                f"it listens on {there}" if there else "it has no port: remove this",
                service.name,
                say,
                Label(other.origin.at("ports"), f"the ports of `{other.name}`"),
            )


def _schedule(service: Service, say: Report) -> Iterator[Diagnostic]:
    here, name = service.origin, service.name
    if service.workload == "scheduled" and service.schedule is None:
        yield _wrong_time(
            f"`{name}` runs by the clock, but nobody says when",
            here.at("runs"),
            'add `schedule: "0 3 * * *"`, or whenever it is to run',
            name,
            say,
        )
    elif service.workload != "scheduled" and service.schedule is not None:
        yield _wrong_time(
            f"`{name}` runs all the time, so its schedule means nothing",
            here.at("schedule"),
            "write `runs: scheduled`, or remove it",
            name,
            say,
        )
    for problem in wrong_in(service.schedule) if service.schedule is not None else ():
        yield _wrong_time(
            problem,
            here.at("schedule"),
            "write minute, hour, day of the month, month and day of the week, such as `0 3 * * *`",
            name,
            say,
        )


def _wrong_time(message: str, place: Span, remedy: str, name: str, say: Report) -> Diagnostic:
    return say(Code.WRONG_SCHEDULE, message, Label(place), help=remedy, subject=name)


def _template(federation: Federation, template: Template) -> Iterator[Diagnostic]:
    policy, here = federation.compute.policy, template.origin
    if policy is None:
        yield warning(
            Code.NO_COMPUTE_POLICY,
            f"nobody can start `{template.name}`, since nobody says how jobs run",
            Label(here.at("queue")),
            help="write a `ComputePolicy` in `policies/compute/`",
            subject=template.name,
        )
        return
    queue = policy.queues.get(template.queue)
    if queue is not None and template.lasts is not None and template.lasts > queue.walltime:
        yield _too_long(template, here, queue.origin)


def _too_long(template: Template, here: Origin, queue: Origin) -> Diagnostic:
    return warning(
        Code.LASTS_TOO_LONG,
        f"`{template.name}` is to last longer than its queue `{template.queue}` lets it",
        Label(here.at("lasts")),
        Label(queue.at("walltime"), "what the queue lets it"),
        help="shorten it, or take another queue",
        subject=template.name,
    )
