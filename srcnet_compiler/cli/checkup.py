"""What `srcnet doctor` looks at: one row for each thing, whatever the others say."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcnet_compiler.cli.exits import Exit
from srcnet_compiler.federation.catalogued import SiteCatalogue
from srcnet_compiler.federation.compute import SlurmCluster
from srcnet_compiler.federation.kubernetes import KubernetesCluster
from srcnet_compiler.federation.model import DataManagement, Secret
from srcnet_compiler.pipeline import Compiled
from srcnet_compiler.span import Span

if TYPE_CHECKING:
    from srcnet_compiler.targets.protocol import Right


class Answer(Enum):
    """SPARE is a no that does no harm; UNKNOWN could not be found out."""

    YES = "yes"
    NO = "NO"
    SPARE = "-"
    UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing: whether it is well, why, what to type, where the spec asks for it."""

    answer: Answer
    what: str
    why: str = ""
    remedy: str | None = None
    place: Span | None = None
    code: Exit = Exit.FINE
    """What the command ends with where this is not well."""


def look(found: Compiled) -> Iterator[Row]:
    """Everything that can be looked at without changing anything."""
    yield _specs(found)
    yield _ansible()
    yield _fence()
    if found.federation is None:
        return
    data = found.federation.data
    for account, secret, place in _accounts(data):
        yield from _account(data, account, secret, place)
    for cluster in found.federation.compute.clusters:
        yield from _try(found, _slurm(cluster))
    for each in found.federation.kubernetes:
        yield from _try(found, _kubernetes(each))
    if found.federation.site_catalogue is not None:
        yield from _try(found, _site_catalogue(found.federation.site_catalogue))


def _specs(found: Compiled) -> Row:
    from srcnet_compiler.diagnostic import Severity

    errors = sum(each.severity is Severity.ERROR for each in found.diagnostics)
    if errors or found.federation is None:
        noun = "error" if errors == 1 else "errors"
        remedy = "`srcnet validate` shows each at its place"
        return Row(Answer.NO, f"specs: {errors} {noun}", "", remedy, code=Exit.FINDINGS)
    return Row(Answer.YES, f"specs: {len(found.federation.sites)} sites, no errors")


def _ansible() -> Row:
    try:
        return Row(Answer.YES, f"ansible-core {version('ansible-core')}")
    except PackageNotFoundError:
        remedy = "install srcnet again: `pip install .`"
        return Row(Answer.NO, "ansible-core", "it is not installed", remedy, code=Exit.FINDINGS)


def _fence() -> Row:
    from srcnet_compiler.apply.fence import best_fence, remark

    weak = remark(best_fence())
    answer = Answer.YES if weak is None else Answer.SPARE
    return Row(answer, "a kill of srcnet ends all that it started", weak or "")


def _accounts(data: DataManagement) -> Iterator[tuple[str, Secret, Span]]:
    """The account that acts and, where another one reads, that one; where the spec says so."""
    yield data.acts_as, data.secret, data.origin.at("credentials")
    if (data.reads_as, data.read_secret) != (data.acts_as, data.secret):
        yield data.reads_as, data.read_secret, data.origin.at("reading", "credentials")


def _account(data: DataManagement, account: str, secret: Secret, place: Span) -> Iterator[Row]:
    from srcnet_compiler.targets.protocol import RefusedError, UnreachableError
    from srcnet_compiler.targets.rucio.live import connect, rights

    there = _credentials(account, secret, place)
    yield there
    if there.answer is Answer.NO:
        yield _answers(data)
        return
    if readable_by_others(secret):
        yield Row(
            Answer.NO,
            f"only you can read {secret.place}",
            "others can read it as well",
            f"chmod 600 {secret.place}",
            place,
        )
    try:
        with closing(connect(data, os.environ, account=account, secret=secret)) as client:
            yield Row(Answer.YES, f"{data.server} lets us in as {account}")
            if account != data.acts_as:
                return
            for right in rights(client, data):
                yield _right(right.what, right.may, right.why, right.needed)
    except RefusedError as trouble:
        yield _answers(data)
        code = Exit.CREDENTIALS
        yield Row(Answer.NO, f"be let in as {account}", str(trouble), None, place, code)
    except UnreachableError as trouble:
        server = data.origin.at("server")
        code = Exit.UNREACHABLE
        yield Row(Answer.NO, "reach the server", str(trouble), None, server, code)


@dataclass(frozen=True, slots=True)
class _Door:
    """A system to enter: its logins, whether each is for reading alone, and where it is named.
    `enter` opens it with one of them, and says what is behind, then what may be done there."""

    target: str
    name: str
    in_use: bool
    logins: tuple[tuple[bool, Secret, Span], ...]
    place: Span
    enter: "Callable[[Any, bool], Iterator[str | Right]]"


def _slurm(cluster: SlurmCluster) -> _Door:
    """A cluster that the specs let us manage: both logins, and what ours may do."""
    from srcnet_compiler.targets.slurm.live import connection, open_connection, rights
    from srcnet_compiler.targets.slurm.lower import instance_of

    def enter(model: Any, reads: bool) -> "Iterator[str | Right]":  # noqa: ANN401
        said = connection(cluster, model, os.environ, reading=reads)
        with closing(open_connection(said)) as controller:
            year, month = controller.version
            yield f"cluster {model.cluster}, Slurm {year}.{month:02}"
            yield from () if reads else rights(controller, cluster.allows)

    control = cluster.controller
    own = (False, control.secret, control.origin.at("credentials"))
    other = (True, control.read_secret, control.origin.at("reading", "credentials"))
    differ = (control.read_secret, control.read_user) != (control.secret, control.user)
    logins = (own, other) if differ else (own,)
    place = control.origin.at("host")
    return _Door("slurm", instance_of(cluster), cluster.in_use, logins, place, enter)


def _kubernetes(cluster: KubernetesCluster) -> _Door:
    """A cluster whose API server the specs name: both tokens, and what ours may do."""
    from srcnet_compiler.targets.kubernetes.live import connection, open_connection, rights
    from srcnet_compiler.targets.kubernetes.lower import instance_of

    name = instance_of(cluster)

    def enter(model: Any, reads: bool) -> "Iterator[str | Right]":  # noqa: ANN401
        said = connection(cluster, model, os.environ, reading=reads)
        with closing(open_connection(said)) as api:
            major, minor = api.version
            yield f"Kubernetes {major}.{minor}"
            for right in rights(api, model, reading=reads):
                yield replace(right, what=f"{name}: {right.what}")

    own = (False, cluster.secret, cluster.origin.at("credentials"))
    other = (True, cluster.read_secret, cluster.origin.at("reading", "credentials"))
    logins = (own, other) if cluster.read_secret != cluster.secret else (own,)
    return _Door("kubernetes", name, cluster.in_use, logins, cluster.origin.at("server"), enter)


def _site_catalogue(catalogue: SiteCatalogue) -> _Door:
    """The catalogue of sites: both tokens, and what is known of what ours may do."""
    from srcnet_compiler.targets.scapi.live import connection, open_connection, rights

    def enter(model: Any, reads: bool) -> "Iterator[str | Right]":  # noqa: ANN401
        said = connection(catalogue, os.environ, reading=reads)
        with closing(open_connection(said)) as client:
            yield f"site catalogue {client.server}"
            for right in () if reads else rights(client):
                yield replace(right, what=f"{catalogue.name}: {right.what}")

    own = (False, catalogue.secret, catalogue.origin.at("credentials"))
    other = (True, catalogue.read_secret, catalogue.origin.at("reading", "credentials"))
    logins = (own, other) if catalogue.read_secret != catalogue.secret else (own,)
    place = catalogue.origin.at("server")
    return _Door("scapi", catalogue.name, True, logins, place, enter)


def _try(found: Compiled, door: _Door) -> Iterator[Row]:
    """Whether each login is let in, and what ours may do there."""
    from srcnet_compiler.targets.protocol import RefusedError, UnreachableError

    models = (each.model for each in found.models if each.target.name == door.target)
    model = next((each for each in models if each.instance == door.name), None)
    if model is None:  # out of use, or resting on a draft
        if found.failed and door.in_use:
            yield Row(Answer.UNKNOWN, door.name, "not looked at while the specs have errors")
        return
    for reads, secret, place in door.logins:
        there = _credentials(f"{door.name}{', for reading' if reads else ''}", secret, place)
        yield there
        if there.answer is Answer.NO:
            continue
        what = f"{door.name} lets us in{' to read' if reads else ''}"
        try:
            for said in door.enter(model, reads):
                if isinstance(said, str):
                    yield Row(Answer.YES, what, said)
                else:
                    yield _right(said.what, said.may, said.why, said.needed)
        except RefusedError as trouble:
            yield Row(Answer.NO, what, str(trouble), None, place, Exit.CREDENTIALS)
        except UnreachableError as trouble:
            yield Row(Answer.NO, what, str(trouble), None, door.place, Exit.UNREACHABLE)


def _credentials(account: str, secret: Secret, place: Span) -> Row:
    what = f"credentials of {account}: in {secret.place}"
    if secret.kind == "env" and not os.environ.get(secret.place):
        remedy = f"export {secret.place}=…"
        return Row(Answer.NO, what, "it is not set", remedy, place, Exit.CREDENTIALS)
    if secret.kind == "file" and not Path(secret.place).is_file():
        return Row(Answer.NO, what, "there is no such file", None, place, Exit.CREDENTIALS)
    return Row(Answer.YES, what)


def readable_by_others(secret: Secret) -> bool:
    """Whether a secret stands in a file that more than its owner may read."""
    try:
        mode = Path(secret.place).stat().st_mode if secret.kind == "file" else 0
    except OSError:
        return False
    return bool(mode & (stat.S_IRGRP | stat.S_IROTH))


def _answers(data: DataManagement) -> Row:
    """Whether the server is there at all, where it does not let us in."""
    import requests

    try:
        said = requests.get(f"{data.server.rstrip('/')}/ping", timeout=10).json()["version"]
    except (requests.RequestException, ValueError, KeyError, TypeError) as trouble:
        why = f"{data.server}/ping: {type(trouble).__name__}"
        place = data.origin.at("server")
        return Row(Answer.NO, "reach the server", why, None, place, Exit.UNREACHABLE)
    return Row(Answer.YES, "reach the server", f"it is Rucio {said}")


def _right(what: str, may: bool | None, why: str, needed: bool) -> Row:
    if may is None:
        code = Exit.UNREACHABLE if needed else Exit.FINE
        return Row(Answer.UNKNOWN, what, why, code=code)
    if may:
        return Row(Answer.YES, what, why)
    return (
        Row(Answer.NO, what, why, code=Exit.CREDENTIALS) if needed else Row(Answer.SPARE, what, why)
    )
