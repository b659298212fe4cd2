"""`srcnet import kubernetes`: a running cluster as the spec of its site, and the proof that nothing
changes."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.imports.proving import (
    compiled_with,
    insist_on_fitting,
    insist_on_proof,
    judged,
    plan_of,
    proof_options,
    read_specs,
)
from srcnet_compiler.cli.imports.shared import (
    Secret,
    ask_for,
    asks,
    insist_on,
    the_site,
    write_or_show,
)
from srcnet_compiler.cli.options import format_option, full_option, state_option, today_option
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import is_coloured, show, stop_on_errors, system_trouble, the_day

if TYPE_CHECKING:
    from srcnet_compiler.federation.model import Federation
    from srcnet_compiler.importing.kubernetes import Answers, Login
    from srcnet_compiler.importing.writing import Existing, SpecPlace
    from srcnet_compiler.importing.written import Tree
    from srcnet_compiler.targets.kubernetes.live import Api
    from srcnet_compiler.targets.kubernetes.model import Key
    from srcnet_compiler.targets.kubernetes.model.inventory import Inventory

NOBODY = "none"
DEFAULT_NAME = "kubernetes"


class _Pair(click.ParamType[tuple[str, str]]):
    """A word of ours and an object of a namespace: `batch=skao/jobs`."""

    name = "pair"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if isinstance(value, tuple):
            return str(value[0]), str(value[1])
        word, _, place = str(value).partition("=")
        if not word or not all(place.partition("/")):
            self.fail(f"`{value}` is not like `NAME=NAMESPACE/OBJECT`", param, ctx)
        return word, place


@click.command("kubernetes")
@click.option("--site", metavar="SITE", help="The site that the cluster is at.")
@click.option("--server", metavar="URL", help="Where its API is served.")
@click.option(
    "--token",
    type=Secret("CHSRC_KUBERNETES_TOKEN"),
    metavar="WHERE",
    help="Where our token is: env:NAME, file:PATH.",
)
@click.option(
    "--certificate-authority",
    "authority",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Who signs for the server, in PEM.  [default: whom the system trusts]",
)
@click.option("--name", metavar="NAME", help=f"What the spec calls it.  [default: {DEFAULT_NAME}]")
@click.option(
    "--namespace", "namespaces", multiple=True, metavar="NAME",
    help="A namespace that is the federation's; repeatable.",
)  # fmt: skip
@click.option(
    "--cluster-queue", "cluster_queues", multiple=True, metavar="NAME",
    help=f"A ClusterQueue of Kueue that is the federation's, or `{NOBODY}`; repeatable.",
)  # fmt: skip
@click.option(
    "--queue", "queues", multiple=True, type=_Pair(), metavar="CLASS=NAMESPACE/NAME",
    help="The LocalQueue in which jobs of a queue class wait; repeatable.",
)  # fmt: skip
@click.option(
    "--service", "services", multiple=True, type=_Pair(), metavar="SERVICE=NAMESPACE/NAME",
    help="The Deployment or StatefulSet that runs a service; repeatable.",
)  # fmt: skip
@proof_options
@format_option("text", "json")
@full_option
@state_option
@today_option
@click.pass_obj
def command(
    settings: Settings,
    /,
    site: str | None,
    server: str | None,
    token: tuple[str, str] | None,
    authority: Path | None,
    name: str | None,
    accept_changes: bool,
    dry_run: bool,
    no_input: bool,
    take: str,
    form: str,
    full: bool,
    state: Path | str,
    today: datetime | None,
    **said: Any,  # noqa: ANN401  which part is the federation's
) -> int:
    """Describe a running Kubernetes cluster, and prove that nothing would change.

    It becomes an entry of its site's `compute`, with what people made there by hand as `adopted`:
    quotas of namespaces, queues of Kueue, what runs services. Which part is the federation's, you
    say; all else is others', is listed, and is never touched. What is not said is asked in a
    terminal. Written is all or nothing, and only where the plan is nothing but adoptions.

    \b
    Examples:
      srcnet import kubernetes --site CHSRC-CSCS --server https://k8s.example.ch:6443 \\
          --token env:CHSRC_KUBERNETES_TOKEN --namespace skao --dry-run
      srcnet import kubernetes --site CHSRC-CSCS --server https://k8s.example.ch:6443 \\
          --token file:~/.srcnet-token --namespace skao --cluster-queue skao \\
          --queue batch=skao/jobs --service soda_sync=skao/cutouts
    """
    from srcnet_compiler.importing.kubernetes import RULES, section, wanted
    from srcnet_compiler.importing.writing import existing, prepare
    from srcnet_compiler.report.imported import ImportedCluster, cluster_to_json, render_cluster
    from srcnet_compiler.report.proof import Proof
    from srcnet_compiler.targets.kubernetes import lower

    day = the_day(today)
    specs = read_specs(settings, day)
    federation = specs.compiled.federation
    if federation is None:  # what else is wrong may be what this import mends
        stop_on_errors(specs.compiled)
    assert federation is not None
    there = existing(specs.contents)
    asking = asks(no_input)
    site, place = the_site(site, there, asking)
    login = _login(server, token, authority)
    name = _name(there, place, login.server, name)
    policy = federation.compute.policy
    owner = policy.prefix if policy else lower.DEFAULT_PREFIX
    with system_trouble(), closing(_connected(login, owner)) as api:
        seen, answers = _answered(api, federation, owner, name, said, asking)
    entry = section(seen, login, answers, owner)
    source = f"the cluster at {login.server}"
    writing = prepare(there, [wanted(entry, place)], RULES, source, theirs=take == "theirs")
    texts = {change.file: change.after for change in writing.changes}
    after = compiled_with(settings, day, texts)
    insist_on_fitting(after, writing.diagnostics, "mend the specs where they are named")
    instance = f"{federation.as_known(site)}.{name}"
    plan = plan_of(settings, after, state, lambda each: each.model.instance == instance)
    proof = judged(settings, Proof(plan, [*texts]), writing.changes, accept_changes, dry_run)
    described: dict[str, Tree] = {"compute": entry.tree, "services": entry.services}
    imported = ImportedCluster(
        f"kubernetes/{instance}", described, entry, writing.diagnostics, proof
    )
    if form == "json":
        click.echo(cluster_to_json(imported), nl=False)
    else:
        show(render_cluster(imported, full=full, colour=is_coloured()))
    if dry_run:
        write_or_show(settings.root, writing.changes, dry_run=True, form=form)
    insist_on_proof(proof)
    return Exit.FINE


# ── how it is reached ─────────────────────────────────────────────────────────────────────────


def _login(server: str | None, token: tuple[str, str] | None, authority: Path | None) -> "Login":
    """How the cluster is reached. Raises StopError where that is not said."""
    from srcnet_compiler.importing.kubernetes import Login

    if server is None or token is None:
        option = (
            "--token env:CHSRC_KUBERNETES_TOKEN"
            if server
            else "--server https://k8s.example.ch:6443"
        )
        raise StopError(Exit.USAGE, "it is not said how the cluster is reached", f"add `{option}`")
    try:
        certificate = None if authority is None else authority.read_text("ascii").strip() + "\n"
    except OSError as trouble:
        why = f"cannot read `{authority}`: {trouble.strerror}"
        raise StopError(Exit.FILES, why, "name the file of the certificate") from None
    except ValueError:
        why = f"`{authority}` is no certificate as PEM"
        raise StopError(Exit.FILES, why, "name the file of the certificate") from None
    return Login(server.rstrip("/"), token, certificate)


def _connected(login: "Login", owner: str) -> "Api":
    """Raises RefusedError, UnreachableError."""
    from srcnet_compiler.federation.secret import Secret as Kept
    from srcnet_compiler.targets.kubernetes import live

    token = live.token_of(Kept(*login.token), os.environ)
    return live.connect(login.server, token, login.certificate, owner)


def _name(there: "Existing", place: "SpecPlace", server: str, said: str | None) -> str:
    """What the spec calls the cluster. Raises StopError where it says that we have joined it."""
    data: Any = there.documents[place.file][place.number].data
    computes = [each for each in data["spec"].get("compute") or () if each.get("kubernetes")]
    same = [c for c in computes if str(c["kubernetes"].get("server")).rstrip("/") == server]
    name = said or next((str(each["name"]) for each in same), DEFAULT_NAME)
    for each in computes:
        if each["name"] == name and "adopted" not in each["kubernetes"]:
            raise StopError(
                Exit.USAGE,
                f"{place.file} describes `{name}` already, and nothing there is `adopted`",
                "the federation has joined it: `srcnet plan` says what would change there",
            )
    return name


# ── what is the federation's ──────────────────────────────────────────────────────────────────


def _answered(
    api: "Api",
    federation: "Federation",
    owner: str,
    name: str,
    said: Mapping[str, Any],
    asking: bool,
) -> "tuple[Inventory, Answers]":
    """What is there, with what was said and what is asked for in a terminal. Raises StopError where
    it is not said, and as reading does."""
    from srcnet_compiler.importing.kubernetes import Answers
    from srcnet_compiler.targets.kubernetes import live

    found = live.find_out(api)
    namespaces = _namespaces(found, owner, said["namespaces"], asking)
    seen = live.look_into(api, found, namespaces)
    policy = federation.compute.policy
    answers = Answers(
        name,
        namespaces,
        _cluster_queues(seen, said["cluster_queues"], asking),
        dict(_queues(seen, [*policy.queues] if policy else [], said["queues"], asking)),
        dict(_services(seen, [*federation.service_storage], said["services"], asking)),
    )
    return seen, answers


def _namespaces(
    found: "Inventory", owner: str, said: tuple[str, ...], asking: bool
) -> tuple[str, ...]:
    there = [n for n in found.namespaces or () if not n.startswith("kube-")]
    if not said:
        likely = " ".join(each for each in there if each.startswith(owner))
        question = "Which namespaces are the federation's?"
        typed = ask_for(question, there, likely or None, "--namespace NAME", asking)
        said = tuple(filter(None, typed.replace(",", " ").split()))
    if found.namespaces is not None:
        insist_on(said, found.namespaces, "namespace")
    return tuple(dict.fromkeys(said))


def _cluster_queues(seen: "Inventory", said: tuple[str, ...], asking: bool) -> tuple[str, ...]:
    there = seen.names("ClusterQueue")
    if not said and there and asking:
        led_into = {d.get("spec", {}).get("clusterQueue") for _, d in seen.of("LocalQueue")}
        likely = " ".join(each for each in there if each in led_into) or NOBODY
        question, choices = "Which ClusterQueues are the federation's?", [*there, NOBODY]
        typed = ask_for(question, choices, likely, "--cluster-queue NAME", asking)
        said = tuple(filter(None, typed.replace(",", " ").split()))
    said = tuple(each for each in said if each != NOBODY)
    insist_on(said, there, "ClusterQueue")
    return tuple(dict.fromkeys(said))


def _queues(
    seen: "Inventory", classes: Sequence[str], said: Sequence[tuple[str, str]], asking: bool
) -> Iterator[tuple[str, str]]:
    there = seen.names("LocalQueue")
    insist_on([place for _, place in said], there, "LocalQueue")
    by_place = {place: word for word, place in said}
    for place in there:
        word = by_place.get(place)
        if word is None and asking and classes:
            question = f"Whose jobs wait in LocalQueue {place}?"
            word = _chosen(question, classes, place, f"--queue CLASS={place}")
        if word is not None and word != NOBODY:
            yield place, word


def _services(
    seen: "Inventory", known: Sequence[str], said: Sequence[tuple[str, str]], asking: bool
) -> "Iterator[tuple[Key, str]]":
    from srcnet_compiler.targets.kubernetes.model.inventory import WORKLOADS

    there = [(kind, name) for kind in WORKLOADS for name in seen.names(kind)]
    names = [name for _, name in there]
    insist_on([place for _, place in said], names, "Deployment or StatefulSet")
    by_place = {place: word for word, place in said}
    for kind, place in there:
        word = by_place.get(place)
        if word is not None and names.count(place) > 1:
            raise StopError(
                Exit.USAGE,
                f"a Deployment and a StatefulSet are called `{place}`",
                f"leave out `--service {word}={place}`, and write its entry by hand",
            )
        if word is None and asking:
            question = f"Which service is {kind} {place}?"
            word = _chosen(question, known, place, f"--service SERVICE={place}")
        if word is not None and word != NOBODY:
            yield (kind, place), word


def _chosen(question: str, words: Sequence[str], place: str, option: str) -> str:
    """Proposed is the word that is spelled as the object is called, else nobody."""
    bare = place.partition("/")[2].replace("-", "_")
    likely = next((word for word in words if word.replace("-", "_") == bare), NOBODY)
    return ask_for(question, [*words, NOBODY], likely, option, asking=True)
