"""`srcnet import rucio`: specs of what a running Rucio has, and the proof that nothing changes."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.imports.proving import (
    compiled_with,
    insist_on_fitting,
    insist_on_proof,
    judged,
    proof_options,
    read_specs,
)
from srcnet_compiler.cli.imports.shared import asks, write_or_show
from srcnet_compiler.cli.options import format_option, full_option, state_option, today_option
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import (
    is_coloured,
    show,
    state_store,
    stop_on_errors,
    system_trouble,
    the_day,
)

if TYPE_CHECKING:
    from srcnet_compiler.importing.rucio import Said, Sketch
    from srcnet_compiler.importing.rucio.known import Known
    from srcnet_compiler.importing.rucio.said import Question
    from srcnet_compiler.importing.writing import Writing
    from srcnet_compiler.pipeline import Compiled
    from srcnet_compiler.plan.model import Plan
    from srcnet_compiler.targets.rucio.live import RucioClient
    from srcnet_compiler.targets.rucio.model.inventory import Inventory


_REMEDY = "say with `--name RSE=AREA`, `--tier` or `--skip` how it does, or mend the specs"


class _Pair(click.ParamType):  # type: ignore[type-arg]
    """`RSE=ANSWER`."""

    name = "pair"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if isinstance(value, tuple):
            return str(value[0]), str(value[1])
        before, equals, after = str(value).partition("=")
        if not (before and equals and after):
            self.fail(f"`{value}` is not like `AUSRC_STORM=AUSSRC-PERTH`", param, ctx)
        return before, after


def _answers(name: str, parameter: str, metavar: str, meaning: str) -> Callable[[Any], Any]:
    return click.option(
        name,
        parameter,
        type=_Pair(),
        multiple=True,
        metavar=metavar,
        help=f"{meaning}; repeatable.",
    )


@click.command("rucio")
@click.option("--url", metavar="URL", help="Read this server instead of the federation's.")
@_answers("--site", "sites", "RSE=SITE", "The site that an RSE is at")
@_answers("--tier", "tiers", "RSE=TIER", "The tier that an RSE is of")
@_answers("--name", "names", "RSE=AREA", "What an RSE's area is called by the rule")
@_answers("--country", "countries", "SITE=CC", "The country of a site that is new")
@click.option(
    "--adopt",
    multiple=True,
    metavar="RSE",
    help="Take this RSE over as it stands, though a spec describes it already; repeatable.",
)
@click.option("--skip", multiple=True, metavar="RSE", help="Leave this RSE alone; repeatable.")
@proof_options
@format_option("text", "json")
@full_option
@state_option
@today_option
@click.pass_obj
def command(
    settings: Settings,
    url: str | None,
    sites: tuple[tuple[str, str], ...],
    tiers: tuple[tuple[str, str], ...],
    names: tuple[tuple[str, str], ...],
    countries: tuple[tuple[str, str], ...],
    adopt: tuple[str, ...],
    skip: tuple[str, ...],
    dry_run: bool,
    no_input: bool,
    take: str,
    accept_changes: bool,
    form: str,
    full: bool,
    state: Path | str,
    today: datetime | None,
) -> int:
    """Describe what a running Rucio has, and prove that nothing would change.

    RSEs become storage areas of their sites, `adopted` as they stand, under the name that they
    have today; plain patterns of rules become draft policies. What cannot be told is asked in a
    terminal, and elsewhere left out and listed with what to type. Others' rules are never taken
    over. Written is all or nothing, and only where the plan is nothing but adoptions.

    \b
    Examples:
      srcnet import rucio --dry-run
      srcnet import rucio --site AUSRC_STORM=AUSSRC-PERTH --tier AUSRC_STORM=online
      srcnet import rucio --adopt AUSRC_STORM
      srcnet import rucio --skip OLD_TEST --format json
    """
    from srcnet_compiler.cli.progress import waiting
    from srcnet_compiler.importing.rucio import Said
    from srcnet_compiler.importing.rucio.known import known_of
    from srcnet_compiler.report.imported_rucio import Imported, imported_to_json, render_imported
    from srcnet_compiler.report.proof import Proof
    from srcnet_compiler.targets.rucio.live import take_inventory

    left, kept = frozenset(skip), frozenset(adopt)
    said = Said(dict(sites), dict(tiers), dict(names), dict(countries), left, kept)
    day = the_day(today)
    before, specs, contents = read_specs(settings, day)
    stop_on_errors(before)
    assert before.federation is not None
    before = _at(before, url)
    assert before.federation is not None
    known = known_of(before.federation, specs)
    with system_trouble(), _connected(before) as client:
        with waiting(f"reading rucio {before.federation.data.name}"):
            inventory = take_inventory(client, before.federation.data.name)
        _insist_on_answers(said, known, inventory)
        sketch = _asked(inventory, known, said, asks(no_input))
        writing = _writing(sketch, before, contents, day, theirs=take == "theirs")
        texts = {change.file: change.after for change in writing.changes}
        after = _at(compiled_with(settings, day, texts), url)
        insist_on_fitting(after, writing.diagnostics, _REMEDY)
        plan = _plan(settings, after, client, state)
    said_otherwise = (*writing.diagnostics, *plan.findings)
    proof = judged(settings, Proof(plan, [*texts]), writing.changes, accept_changes, dry_run)
    name = f"rucio/{before.federation.data.name}"
    found = Imported(name, inventory, sketch, said_otherwise, proof)
    if form == "json":
        click.echo(imported_to_json(found), nl=False)
    else:
        show(render_imported(found, full=full, colour=is_coloured()))
    if dry_run:
        write_or_show(settings.root, writing.changes, dry_run=True, form=form)
    insist_on_proof(proof)
    return Exit.FINE


def _at(found: "Compiled", url: str | None) -> "Compiled":
    """The same federation, served elsewhere."""
    if url is None or found.federation is None:
        return found
    data = replace(found.federation.data, server=url, auth=url)
    return replace(found, federation=replace(found.federation, data=data))


def _connected(found: "Compiled") -> "RucioClient":
    """The plan is made of what the import was made of: nothing is asked for twice."""
    from srcnet_compiler.targets.rucio import live

    assert found.federation is not None
    data = found.federation.data
    client = live.connect(data, os.environ, account=data.reads_as, secret=data.read_secret)
    return live.remembering(client)


def _insist_on_answers(said: "Said", known: "Known", inventory: "Inventory") -> None:
    from srcnet_compiler.importing.rucio.places import unknown_answers

    rses = frozenset({*inventory.rses, *inventory.unread})
    for wrong in unknown_answers(said, known, rses):
        raise StopError(Exit.USAGE, wrong, "`srcnet import rucio --dry-run` lists what is there")


def _asked(inventory: "Inventory", known: "Known", said: "Said", asking: bool) -> "Sketch":
    """With the answers of whoever sits there; elsewhere questions stay open."""
    from srcnet_compiler.importing.rucio import sketch
    from srcnet_compiler.importing.rucio.places import with_answer

    found = sketch(inventory, known, said)
    while found.questions and asking:
        question = found.questions[0]
        said = with_answer(said, question, _ask(question))
        found = sketch(inventory, known, said)
    if found.joining and asking:
        kept = {rse for rse in found.joining if _is_kept(rse)}
        return sketch(inventory, known, replace(said, adopted=said.adopted | kept))
    return found


def _is_kept(rse: str) -> bool:
    """Whether a person wants to take an RSE over as it stands."""
    click.echo(f"{rse}: a spec describes it, and nobody has taken it over yet", err=True)
    return click.confirm("Take it over as it stands?", default=True, err=True)


def _ask(question: "Question") -> str:
    """An answer, or nothing: then the RSE is left alone."""
    click.echo(f"{question.rse}: {question.why}", err=True)
    choices = f" ({', '.join(question.choices)})" if 0 < len(question.choices) <= 12 else ""
    what = f"Which {question.option} is `{question.about}`?{choices} [nothing: leave it out]"
    while True:
        answer: str = click.prompt(
            what, default=question.likely or "", show_default=bool(question.likely), err=True
        )
        if question.option != "tier" or not answer or answer in question.choices:
            return answer
        click.echo(f"`{answer}` is none of {', '.join(question.choices)}", err=True)


def _writing(
    sketch: "Sketch",
    found: "Compiled",
    contents: Mapping[str, bytes],
    day: date,
    *,
    theirs: bool,
) -> "Writing":
    from srcnet_compiler.importing.rucio.texts import RULES, wanted
    from srcnet_compiler.importing.writing import existing, prepare

    assert found.federation is not None
    there = existing(contents)
    data = found.federation.data
    names = [str(space.name) for space in data.namespaces]
    asked = wanted(sketch, there, names, day)
    return prepare(there, asked, RULES, f"rucio {data.name}", theirs=theirs)


def _plan(
    settings: Settings, found: "Compiled", client: "RucioClient", state: Path | str
) -> "Plan":
    from srcnet_compiler.converge import System, known_objects, make_plan

    known = known_objects(state_store(settings, state))
    systems = [
        System(lowered, client, None, day=found.today)
        for lowered in found.models
        if lowered.target.name == "rucio"
    ]
    return make_plan(found, systems, known)
