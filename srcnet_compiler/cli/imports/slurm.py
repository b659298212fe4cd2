"""`srcnet import slurm`: a running cluster as the spec of its site, and the proof that nothing
changes."""

import os
from contextlib import closing
from dataclasses import replace
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
    from srcnet_compiler.importing.slurm import Answers, Login
    from srcnet_compiler.targets.slurm.live import Controller, Found

NOBODY = "none"


@click.command("slurm")
@click.option("--site", metavar="SITE", help="The site that the cluster is at.")
@click.option("--host", metavar="HOST", help="Where it is managed, reached by ssh.")
@click.option("--port", type=click.IntRange(1, 65535), default=22, help="The port of its ssh.")
@click.option("--user", metavar="USER", help="The user to log in as.")
@click.option("--host-key", metavar="KEY", help="The key of its ssh, as `ssh-keyscan` shows it.")
@click.option(
    "--key",
    type=Secret("ALPS_SSH_KEY"),
    metavar="WHERE",
    help="Where our key is: env:NAME, file:PATH.",
)
@click.option("--commands", metavar="DIR", help="The folder of Slurm's commands there.")
@click.option("--configuration", metavar="FILE", help="The slurm.conf there.")
@click.option("--name", metavar="NAME", help="What the spec calls it.  [default: its own name]")
@click.option(
    "--partition", "partitions", multiple=True, metavar="NAME",
    help="Jobs may run on the nodes of this partition; repeatable.",
)  # fmt: skip
@click.option(
    "--account", metavar="NAME", help=f"The federation's account there; `{NOBODY}`: it has none."
)
@click.option("--fragment", metavar="FILE", help="The file of the federation's partitions there.")
@click.option(
    "--allow", "allows", multiple=True,
    type=click.Choice(["accounting", "reservations", "partitions"]),
    help="What srcnet may change there; repeatable.  [default: nothing]",
)  # fmt: skip
@click.option("--database", metavar="NAME", help="What a database that clusters share is called.")
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
    name: str | None,
    partitions: tuple[str, ...],
    account: str | None,
    fragment: str | None,
    allows: tuple[str, ...],
    database: str | None,
    accept_changes: bool,
    dry_run: bool,
    no_input: bool,
    take: str,
    form: str,
    full: bool,
    state: Path | str,
    today: datetime | None,
    **login: Any,  # noqa: ANN401  options of the login
) -> int:
    """Describe a running Slurm cluster, and prove that nothing would change.

    It becomes an entry of its site's `compute`: where it is managed, its nodes, what the
    federation may have. Which part is the federation's, you say; all else is others', is listed,
    and is never touched. What is not said is asked in a terminal. Written is all or nothing, and
    only where the plan is nothing but adoptions.

    \b
    Examples:
      srcnet import slurm --site CHSRC-CSCS --host slurmctl.example.ch --key env:ALPS_SSH_KEY
      srcnet import slurm --host slurmctl.example.ch --key file:~/.ssh/srcnet --dry-run \\
          --site CHSRC-CSCS --partition main --account none
    """
    from srcnet_compiler.importing.slurm import RULES, Answers, section, wanted
    from srcnet_compiler.importing.writing import existing, prepare
    from srcnet_compiler.report.imported import ImportedCluster, cluster_to_json, render_cluster
    from srcnet_compiler.report.proof import Proof
    from srcnet_compiler.targets.slurm import live

    day = the_day(today)
    said = Answers(name or "", partitions, account, fragment, allows, database)
    specs = read_specs(settings, day)
    federation = specs.compiled.federation
    if federation is None:  # what else is wrong may be what this import mends
        stop_on_errors(specs.compiled)
    assert federation is not None
    there = existing(specs.contents)
    asking = asks(no_input)
    site, place = the_site(site, there, asking)
    policy = federation.compute.policy
    reached = _login(**login)
    with system_trouble(), closing(_connected(reached, federation, site)) as controller:
        found = live.find_out(controller)
        answers = _answers(found, policy.prefix if policy else "", said, asking)
        seen = live.read_as(found, answers.account or "", answers.fragment or "")
    queues = [str(name) for name in policy.queues] if policy else []
    entry = section(seen, queues, found.clusters, reached, answers)
    writing = prepare(
        there, [wanted(entry, place)], RULES, f"cluster {seen.cluster}", theirs=take == "theirs"
    )
    texts = {change.file: change.after for change in writing.changes}
    after = compiled_with(settings, day, texts)
    insist_on_fitting(after, writing.diagnostics, "mend the specs where they are named")
    instance = f"{federation.as_known(site)}.{answers.name}"
    plan = plan_of(settings, after, state, lambda each: each.model.instance == instance)
    proof = judged(settings, Proof(plan, [*texts]), writing.changes, accept_changes, dry_run)
    imported = ImportedCluster(
        f"slurm/{instance}", {"compute": entry.tree}, entry, writing.diagnostics, proof
    )
    if form == "json":
        click.echo(cluster_to_json(imported), nl=False)
    else:
        show(render_cluster(imported, full=full, colour=is_coloured()))
    if dry_run:
        write_or_show(settings.root, writing.changes, dry_run=True, form=form)
    insist_on_proof(proof)
    return Exit.FINE


def _login(**said: Any) -> "Login":  # noqa: ANN401  options
    """How the cluster is reached. Raises StopError where that is not said."""
    from srcnet_compiler.importing.slurm import Login

    for option, example in (("host", "slurmctl.example.ch"), ("key", "env:ALPS_SSH_KEY")):
        if said[option] is None:
            raise StopError(
                Exit.USAGE,
                "it is not said how the cluster is reached",
                f"add `--{option} {example}`",
            )
    return Login(**said)


def _connected(login: "Login", federation: "Federation", site: str) -> "Controller":
    """Raises RefusedError, UnreachableError."""
    from srcnet_compiler.federation.secret import Secret
    from srcnet_compiler.names import SiteName
    from srcnet_compiler.targets.secrets import content
    from srcnet_compiler.targets.slurm import live

    policy, (kind, place) = federation.compute.policy, login.key
    secret = Secret(kind, place)
    zone = federation.sites[SiteName(site)].timezone
    _, key = content(secret, os.environ, "a private key for ssh, as `ssh-keygen -N ''` makes one")
    stated = {
        "user": login.user,
        "host_key": login.host_key,
        "slurm_conf": login.configuration,
        "commands": login.commands,
    }
    return live.open_connection(
        {
            "host": login.host,
            "port": login.port,
            "private_key": key,
            **{name: value for name, value in stated.items() if value is not None},
            "instance": f"{site}.",
            "cluster": "",
            "prefix": policy.prefix if policy else "",
            "root_account": "",
            "fragment": "",
            "time_zone": zone or "UTC",
        }
    )


def _answers(found: "Found", prefix: str, said: "Answers", asking: bool) -> "Answers":
    """What was said, and what is asked for in a terminal. Raises StopError where it is not said."""
    partitions, account = said.partitions, said.account
    if not partitions:
        question = "On the nodes of which partitions may jobs of the federation run?"
        there = [*found.partitions]
        typed = ask_for(question, there, found.default_partition, "--partition NAME", asking)
        partitions = tuple(filter(None, typed.replace(",", " ").split()))
    insist_on(partitions, [*found.partitions], "partition")
    choices = [*found.accounts, NOBODY]
    if account is None:
        likely = prefix if prefix in found.accounts else NOBODY
        question = "Which account is the federation's?"
        account = ask_for(question, choices, likely, "--account NAME", asking)
    insist_on([account], choices, "account")
    return replace(
        said,
        name=said.name or found.controller.bounds.cluster,
        partitions=partitions,
        account=None if account == NOBODY else account,
    )
