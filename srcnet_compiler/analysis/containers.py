"""Can the containers of services and templates run as they are written?"""

import re
from collections.abc import Iterable, Iterator, Mapping

from srcnet_compiler.analysis.severity import Report, report
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error, warning
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.federation.services import (
    Amounts,
    Container,
    Probe,
    SecurityPolicy,
    Service,
    Template,
)
from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.span import Origin, Span

WORDS = ("site", "host", "identifier", "mount")
"""What an environment's value may hold between braces."""
_BRACES = re.compile(r"\{([^{}]*)\}")
_SECRET_NAME = re.compile(
    r"(?i)(^|_)(password|passwd|passphrase|secret|token|api_?key|private_?key)$"
)
_LOGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/@:\s]+:[^/@\s]+@")
_NO_CHECK = re.compile(r"(?i)(^|_)(verify(_ssl|_tls)?|ssl_verify|tls_verify|check_certificates?)$")
_INSECURE = re.compile(r"(?i)(^|_)(insecure|skip_(tls_)?verify|disable_(tls|ssl)(_verification)?)$")
_INSECURE_WORDS = {"--insecure", "-k", "--no-check-certificate", "--insecure-skip-tls-verify"}
_FALSE = {"false", "0", "no", "off", "none", ""}
_MOST = {"minute": 59, "hour": 23, "day of the month": 31, "month": 12, "day of the week": 7}
LONGEST = 40
"""Of a name: behind a prefix, and before what the system appends, it has to fit into 63."""


def check_containers(federation: Federation) -> Iterator[Diagnostic]:
    """Every service and template for itself."""
    for service in federation.services.values():
        say = report(federation, service.drafts, service.name)
        yield from _container(federation, service.container, service.name, say)
        yield from _ports_of(service, say)
        yield from _schedule(service, say)
        if service.storage != "mounted":
            yield from _no_area(service, say)
    for template in federation.templates.values():
        say = report(federation, template.drafts, template.name)
        yield from _container(federation, template.container, template.name, say)
        yield from _area_of_template(template, say)
    yield from _names(federation)


def _container(
    federation: Federation, container: Container, name: str, say: Report
) -> Iterator[Diagnostic]:
    yield from _image(container, name, federation.security, say)
    values = (
        (key, text, container.origin.at("env", key)) for key, text in container.environment.items()
    )
    yield from check_variables(values, name, say)
    yield from _told(container, name, say)
    yield from _limits(container, name, say)
    yield from _ports(container, name, say)
    yield from _mounts(container, name, say)


# ── the image ─────────────────────────────────────────────────────────────────────────────────


def _image(
    container: Container, name: str, security: SecurityPolicy | None, say: Report
) -> Iterator[Diagnostic]:
    image = container.image
    if image.digest is None and not image.drafts:
        yield say(
            Code.NO_DIGEST,
            f"nobody says which bytes `{image.repository}` is to be, so `{name}` is not run",
            Label(image.origin.at("repository")),
            help="write `digest: sha256:...` as the registry shows it, or `status: draft`",
            subject=name,
        )
    if image.version is not None and image.version.lower() in ("latest", "main", "master", "dev"):
        yield warning(
            Code.MOVING_VERSION,
            f"`{image.version}` is another image tomorrow",
            Label(image.origin.at("version")),
            help="write the version that the digest belongs to, such as `1.8.2`",
            subject=name,
        )
    if security is not None and not is_allowed(image.repository, security):
        yield say(
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


# ── what it is told ───────────────────────────────────────────────────────────────────────────


def check_variables(
    values: Iterable[tuple[str, str, Span]], name: str, say: Report
) -> Iterator[Diagnostic]:
    """Variables of an environment: secrets, checks that are switched off, unknown words."""
    for key, text, place in values:
        if (_SECRET_NAME.search(key) and text and "{" not in text) or _LOGIN.search(text):
            yield say(
                Code.PLAIN_SECRET,
                f"`{key}` looks like a secret, and everybody can read it here",
                Label(place),
                help=f"write it under `secrets:` as `{key}: {{secretRef: {{vault: /path}}}}`",
                subject=name,
            )
        off = _NO_CHECK.search(key) and text.lower() in _FALSE
        on = _INSECURE.search(key) and text.lower() not in _FALSE
        if off or on:
            yield _unchecked(f"`{key}: {text}`", place, name, say)
        for word in _BRACES.findall(text):
            if word not in WORDS:
                yield say(
                    Code.UNKNOWN_WORD,
                    f"`{{{word}}}` stands for nothing",
                    Label(place),
                    help=f"known are {', '.join(f'`{{{w}}}`' for w in WORDS)}",
                    subject=name,
                )


def _told(container: Container, name: str, say: Report) -> Iterator[Diagnostic]:
    for key, words in (("command", container.command), ("arguments", container.arguments)):
        for index, word in enumerate(words):
            place = container.origin.at(key, index)
            if word in _INSECURE_WORDS:
                yield _unchecked(f"`{word}`", place, name, say)
            if _LOGIN.search(word):
                yield say(
                    Code.PLAIN_SECRET,
                    f"`{name}` is told a password that everybody can read here",
                    Label(place),
                    help="write it under `secrets:`, and take it from the environment",
                    subject=name,
                )


def _unchecked(what: str, place: Span, name: str, say: Report) -> Diagnostic:
    return say(
        Code.TLS_UNCHECKED,
        f"with {what} `{name}` talks to whoever answers",
        Label(place),
        help="let it check certificates; give it the authority's as one of its `files:`",
        subject=name,
    )


# ── amounts ───────────────────────────────────────────────────────────────────────────────────


def _limits(container: Container, name: str, say: Report) -> Iterator[Diagnostic]:
    gets, most = container.amounts, container.limits
    if gets is None or most is None:
        return
    for key, unit in (("cores", 1000), ("memory", 0), ("gpus", 1), ("scratch", 0)):
        least, limit = amount(gets, key), amount(most, key)
        if least is not None and limit is not None and limit < least:
            yield say(
                Code.LIMIT_UNDER_RESOURCES,
                f"`{name}` gets {shown(least, unit)} of {key}, and may have {shown(limit, unit)}",
                Label(most.origin.at(key)),
                Label(gets.origin.at(key), "what it gets"),
                help="write a limit that is not below what it gets",
                subject=name,
            )
    gpus = gets.gpus or 0
    if most.gpus is not None and most.gpus > gpus:
        yield say(
            Code.LIMIT_UNDER_RESOURCES,
            f"`{name}` gets {gpus} GPUs and may have {most.gpus}: nobody has more than he gets",
            Label(most.origin.at("gpus")),
            help=f"write `gpus: {most.gpus}` under `resources:` too, or leave it out here",
            subject=name,
        )


def amount(amounts: Amounts, key: str) -> int | None:
    """The cores (in thousandths), memory, gpus or scratch."""
    return {
        "cores": amounts.millicores,
        "memory": amounts.memory,
        "gpus": amounts.gpus,
        "scratch": amounts.scratch,
    }[key]


def shown(value: int, unit: int) -> str:
    """An amount in words; a `unit` of 0 is bytes."""
    return round_bytes(value) if unit == 0 else f"{value / unit:g}"


# ── ports and mounts ──────────────────────────────────────────────────────────────────────────


def _ports(container: Container, name: str, say: Report) -> Iterator[Diagnostic]:
    first: dict[tuple[int, str], Span] = {}
    for port in container.ports:
        key, place = (port.number, port.protocol), port.origin.at("port")
        if key in first:
            yield say(
                Code.WRONG_PORT,
                f"port {port.number} has two names",
                Label(place, "again here"),
                Label(first[key], "first here"),
                help="remove one of them",
                subject=name,
            )
        first.setdefault(key, place)
    routed = [port for port in container.ports if port.routed]
    if len(routed) > 1:
        yield say(
            Code.WRONG_PORT,
            f"{len(routed)} ports of `{name}` are routed, and a route leads to one",
            *(Label(port.origin.at("routed")) for port in routed),
            help="let one of them be `routed: true`",
            subject=name,
        )
    for probe in (container.ready, container.alive):
        if probe is not None:
            yield from _asked(container, probe, name, say)


def _asked(container: Container, probe: Probe, name: str, say: Report) -> Iterator[Diagnostic]:
    yield from _port(container, probe.port, probe.origin.at("port"), name, say)


def _ports_of(service: Service, say: Report) -> Iterator[Diagnostic]:
    if service.metrics is not None:
        place = service.origin.at("metrics", "port")
        yield from _port(service.container, service.metrics[0], place, service.name, say)


def _port(
    container: Container, port: str, place: Span, name: str, say: Report
) -> Iterator[Diagnostic]:
    if container.port(port) is None:
        there = ", ".join(f"`{each.name}`" for each in container.ports) or "none"
        yield say(
            Code.WRONG_PORT,
            f"`{name}` has no port `{port}`",
            Label(place),
            help=f"its ports are {there}",
            subject=name,
        )


def _mounts(container: Container, name: str, say: Report) -> Iterator[Diagnostic]:
    first: dict[str, Span] = {}
    places = [
        *((m.path, m.origin.at("at")) for m in container.mounts),
        *((path, container.origin.key("files", path)) for path in container.files),
    ]
    for path, place in places:
        if path.rstrip("/") in first:
            yield say(
                Code.MOUNT_TWICE,
                f"two things are to be seen at `{path}`",
                Label(place, "again here"),
                Label(first[path.rstrip("/")], "first here"),
                help="give one of them another path",
                subject=name,
            )
        first.setdefault(path.rstrip("/"), place)


def _no_area(service: Service, say: Report) -> Iterator[Diagnostic]:
    for mount in service.container.mounts:
        if mount.what == "area":
            yield say(
                Code.AREA_NOT_MOUNTED,
                f"`{service.name}` mounts a storage area, but the federation says it needs none",
                Label(mount.origin.at("storage")),
                help=f"write `{service.name}: {{storage: mounted}}` under `services` of the"
                " federation",
                subject=service.name,
            )


def _area_of_template(template: Template, say: Report) -> Iterator[Diagnostic]:
    for mount in template.container.mounts:
        if mount.what == "area":
            yield say(
                Code.AREA_NOT_MOUNTED,
                f"`{template.name}` runs for its user, and no site says which area it would see",
                Label(mount.origin.at("storage")),
                help="give it scratch, and let a service with an area bring the data",
                subject=template.name,
            )


# ── names and times ───────────────────────────────────────────────────────────────────────────


def _names(federation: Federation) -> Iterator[Diagnostic]:
    named: Mapping[str, tuple[str, Origin]] = {
        **{f"service {s.name}": (s.name, s.origin) for s in federation.services.values()},
        **{f"template {t.name}": (t.name, t.origin) for t in federation.templates.values()},
    }
    first: dict[str, Span] = {}
    for name, origin in named.values():
        place = origin.source_map.span(("metadata", "name"))
        plain = name.lower().replace("_", "-")
        if len(plain) > LONGEST:
            yield _bad_name(f"`{name}` is longer than Kubernetes takes", place, name)
        if plain in first:
            yield _bad_name(
                f"Kubernetes would call two things `{plain}`", place, name, first[plain]
            )
        first.setdefault(plain, place)


def _bad_name(why: str, place: Span, name: str, other: Span | None = None) -> Diagnostic:
    return error(
        Code.NAME_FOR_KUBERNETES,
        why,
        Label(place),
        *([Label(other, "the other")] if other is not None else []),
        help=f"use another name, of at most {LONGEST} characters, in which `_` and `-` and"
        " capitals make no difference",
        subject=name,
    )


def _schedule(service: Service, say: Report) -> Iterator[Diagnostic]:
    if (service.workload == "scheduled") != (service.schedule is not None):
        missing = service.schedule is None
        key = "runs" if missing else "schedule"
        yield say(
            Code.WRONG_SCHEDULE,
            f"`{service.name}` runs by the clock, but nobody says when"
            if missing
            else f"`{service.name}` runs all the time, so its schedule means nothing",
            Label(service.origin.at(key)),
            help='write `schedule: "0 3 * * *"`' if missing else "write `runs: scheduled`",
            subject=service.name,
        )
    if service.schedule is None:
        return
    for field, (what, most) in zip(service.schedule.split(), _MOST.items(), strict=True):
        if any(int(number) > most for number in re.findall(r"(?<!/)\b[0-9]+", field)):
            yield say(
                Code.WRONG_SCHEDULE,
                f"`{field}` is no {what}",
                Label(service.origin.at("schedule")),
                help=f"the {what} is at most {most}",
                subject=service.name,
            )
