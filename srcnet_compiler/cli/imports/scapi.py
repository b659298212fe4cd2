"""`srcnet import scapi`: SRCNet's site catalogue to specs of sites."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.imports.fetch import fetch
from srcnet_compiler.cli.imports.shared import (
    ENVIRONMENTS,
    ask,
    asks,
    conclude,
    import_options,
    sound_existing,
)
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import exit_of, show_findings, the_day

if TYPE_CHECKING:
    from srcnet_compiler.importing.finding import Finding
    from srcnet_compiler.importing.scapi.catalogue import Catalogue
    from srcnet_compiler.importing.scapi.downtimes import Downtimes
    from srcnet_compiler.importing.scapi.finding import Known
    from srcnet_compiler.importing.scapi.sites import Draft
    from srcnet_compiler.importing.writing import Existing

_NAME = re.compile(r"[A-Za-z0-9]+([_-][A-Za-z0-9]+)*")


@click.command("scapi")
@click.argument("source", metavar="FILE|URL|-")
@click.option(
    "--site",
    "sites",
    multiple=True,
    metavar="NAME",
    help="Only this site, and what is wrong with it; repeatable.",
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="THEIRS=OURS",
    help="What a site of the catalogue is called here; sites of one name become one.",
)
@click.option(
    "--environment",
    "environments",
    multiple=True,
    metavar="THEIRS=ENVIRONMENT",
    help="What a site, an area or compute is for, which the catalogue does not say.",
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=float,
    default=60,
    show_default=True,
    help="Within this all must be there.",
)
@click.option(
    "--token-from",
    metavar="NAME",
    default="SRCNET_SCAPI_TOKEN",
    show_default=True,
    help="The variable of the environment that holds a token for the address.",
)
@import_options
@click.pass_obj
def command(
    settings: Settings,
    source: str,
    sites: tuple[str, ...],
    names: tuple[str, ...],
    environments: tuple[str, ...],
    timeout: float,
    token_from: str,
    out: Path | None,
    take: str,
    dry_run: bool,
    no_input: bool,
    form: str,
    today: datetime | None,
) -> int:
    """Make a spec of each place in SRCNet's site catalogue, or add to those that are there.

    FILE or URL is what the catalogue answers to `/nodes`. Every defect in it is a finding, with
    its path; what can only be meant in one way is mended in the spec. What the language cannot
    say is kept under `catalogue:`.

    In a terminal you are asked for the names of places that the catalogue does not name, and for
    the environment of what is new and names none.

    \b
    Examples:
      srcnet import scapi nodes.json
      srcnet import scapi nodes.json --dry-run
      srcnet import scapi https://site-capabilities.srcnet.skao.int/api/v1/nodes
      srcnet import scapi nodes.json --site CHSRC --name CHSRC=CHSRC-CSCS --no-input
    """
    from srcnet_compiler.importing.finding import diagnostics
    from srcnet_compiler.importing.scapi.catalogue import findings, read
    from srcnet_compiler.importing.scapi.downtimes import downtimes
    from srcnet_compiler.importing.scapi.matching import RULES, matched
    from srcnet_compiler.importing.scapi.sites import drafts
    from srcnet_compiler.importing.writing import prepare
    from srcnet_compiler.scapi_nodes import path_text
    from srcnet_compiler.source import no_collection

    day, root = the_day(today), out or settings.root
    chosen = _chosen(names)
    file = source if source != "-" else "stdin"
    content = fetch(source, timeout, token_from)
    with no_collection():
        outcome = read(file, content)
        if outcome.value is None:
            lines = {file: _lines(content)}
            show_findings(outcome.diagnostics, lines, form)
            return exit_of(outcome.diagnostics)
        catalogue, there = outcome.value, sound_existing(root, form)
        catalogue = _said(catalogue, environments)
        known = _known(settings, catalogue, there, day, whole=not sites)
        if asks(no_input):
            chosen |= _asked(catalogue, known, there, chosen)
            catalogue = _with_environments(catalogue, known, there, chosen)
        made = _only(drafts(catalogue.view, known, chosen), sites)
        defects = findings(catalogue, known)
        own = _about(defects, made) if sites else defects
        found = list(diagnostics(catalogue.document, own, path_text))
        match = matched(made, there, _source(catalogue))
        off = downtimes(made, match.names, there, day)
        writing = prepare(
            there,
            (*match.wanted, *off.wanted),
            RULES,
            "the catalogue",
            theirs=take == "theirs",
        )
    return conclude(
        root,
        there,
        writing,
        found,
        {file: catalogue.document.lines},
        (*_notes(made, off), *_of_others(len(defects) - len(own))),
        day,
        dry_run=dry_run,
        form=form,
    )


def _chosen(names: Iterable[str]) -> dict[str, str]:
    chosen = {}
    for each in names:
        theirs, sign, ours = each.rpartition("=")
        if not sign or not theirs or not _NAME.fullmatch(ours):
            raise StopError(
                Exit.USAGE,
                f"`--name {each}` does not say which site is called what",
                "such as `--name CHSRC=CHSRC-CSCS`: a name of letters, digits and `-`",
            )
        chosen[theirs] = ours
    return chosen


def _lines(content: bytes) -> Sequence[str]:
    lines = content.decode("utf-8", "replace").splitlines()
    return lines if all(len(line) < 400 for line in lines) else []


def _known(
    settings: Settings, catalogue: "Catalogue", there: "Existing", today: date, *, whole: bool
) -> "Known":
    """What the federation says of members and tokens, where there is one."""
    from srcnet_compiler.importing.scapi.finding import Known
    from srcnet_compiler.importing.scapi.matching import stated
    from srcnet_compiler.pipeline import check, spec_files

    federation = check(settings.root, today).federation if spec_files(settings.root) else None
    if federation is None:
        return Known()
    known = Known(tuple(federation.members), dict(federation.aliases), federation.token_only, ())
    nodes = {known.member(node.text("name")) for node in catalogue.view.nodes}
    ids = tuple(stated(there, nodes)) if whole else ()
    return Known(known.members, known.aliases, known.token_only, ids)


def _asked(
    catalogue: "Catalogue", known: "Known", there: "Existing", chosen: Mapping[str, str]
) -> dict[str, str]:
    """The names of the places for which the catalogue has none, as a person says them."""
    from srcnet_compiler.importing.scapi.matching import is_there
    from srcnet_compiler.importing.scapi.sites import drafts

    said = {}
    for draft in drafts(catalogue.view, known, chosen):
        theirs = draft.entries[0].text("name")
        if theirs in chosen or draft.is_named or is_there(draft, there):
            continue
        while not _NAME.fullmatch(name := ask(f"What is `{theirs}` called here?", draft.name)):
            click.echo("a name has letters, digits and `-` alone", err=True)
        if name != draft.name:
            said[theirs] = name
    return said


def _said(catalogue: "Catalogue", environments: Iterable[str]) -> "Catalogue":
    """With what was said of environments."""
    from srcnet_compiler.importing.words import ENVIRONMENTS

    named = {entry.text("name") for entry in catalogue.view.of_kind("site", "area", "compute")}
    said = {}
    for each in environments:
        theirs, _, word = each.rpartition("=")
        found = next((one for one in ENVIRONMENTS if one == word), None)
        if found is None or theirs not in named - {""}:
            from srcnet_compiler.near import did_you_mean

            listed = f"such as `--environment CHSRC={'|'.join(ENVIRONMENTS)}`"
            raise StopError(
                Exit.USAGE,
                f"`--environment {each}` does not say which site, area or compute is for what",
                listed if found is None else did_you_mean(theirs, named, listed),
            )
        said[theirs] = found
    view = replace(catalogue.view, said={**catalogue.view.said, **said})
    return replace(catalogue, view=view)


def _with_environments(
    catalogue: "Catalogue", known: "Known", there: "Existing", chosen: Mapping[str, str]
) -> "Catalogue":
    """With what a person says of places that are new and in which something names none."""
    from srcnet_compiler.importing.scapi.matching import is_there
    from srcnet_compiler.importing.scapi.sites import drafts

    view, said = catalogue.view, []
    for draft in drafts(view, known, chosen):
        parts = [each for site in draft.entries for each in site.walk()]
        untold = [
            e for e in parts if e.kind in ("area", "compute") and not view.environment_told(e)
        ]
        if not untold or is_there(draft, there):
            continue
        question = f"Which environment is `{draft.name}` for, where nothing says it"
        while (word := ask(f"{question} ({', '.join(ENVIRONMENTS)})?", ENVIRONMENTS[0])) not in (
            ENVIRONMENTS
        ):
            click.echo(f"there are {', '.join(ENVIRONMENTS)}", err=True)
        names = filter(None, (each.text("name") for each in draft.entries))
        said += [f"{name}={word}" for name in names if word != ENVIRONMENTS[0]]
    return _said(catalogue, said)


def _only(made: list["Draft"], sites: tuple[str, ...]) -> list["Draft"]:
    """The drafts of these sites, by their names here or in the catalogue, or those of a node."""
    if not sites:
        return made
    found = []
    for wanted in sites:
        those = [draft for draft in made if wanted in _names(draft)]
        if not those:
            from srcnet_compiler.near import did_you_mean

            known = sorted({name for draft in made for name in _names(draft)})
            raise StopError(
                Exit.USAGE,
                f"the catalogue has no site `{wanted}`",
                did_you_mean(wanted, known, f"it has {', '.join(known[:10])}"),
            )
        found += [draft for draft in those if draft not in found]
    return found


def _names(draft: "Draft") -> set[str]:
    return {draft.name, draft.node.text("name"), *(each.text("name") for each in draft.entries)}


def _source(catalogue: "Catalogue") -> str:
    """The catalogue, with the day of its last change."""
    texts = (node.text("last_updated_at")[:10] for node in catalogue.view.nodes)
    days = [text for text in texts if re.fullmatch(r"\d{4}-\d\d-\d\d", text)]
    return f"SRCNet's site catalogue{f', last changed on {max(days)}' if days else ''}"


def _about(defects: Iterable["Finding"], made: Sequence["Draft"]) -> list["Finding"]:
    """What concerns the sites that are imported."""
    from srcnet_compiler.importing.scapi.finding import is_about

    return [f for f in defects if any(is_about(f, d.node, d.entries) for d in made)]


def _of_others(count: int) -> Iterable[str]:
    if count:
        yield f"not shown: {count} finding{'s'[: count != 1]} about other sites"


def _notes(made: Iterable["Draft"], off: "Downtimes") -> list[str]:
    """What was kept and what was left out, counted."""
    kept: Counter[str] = Counter()
    contacts = 0
    for draft in made:
        kept.update(_kept(draft))
        contacts += any("@example." in each.text("primary_contact_email") for each in draft.entries)
    notes = []
    if kept:
        listed = ", ".join(f"{key} ({count})" for key, count in sorted(kept.items()))
        notes.append(f"kept under `catalogue:` as it is: {listed}")
    if off.over:
        notes.append(f"left out: {off.over} downtimes that are over")
    if off.unnamed:
        notes.append(f"left out: {len(off.unnamed)} downtimes of services, which have no name here")
    if contacts:
        notes.append(f"left out: contacts that are addresses of examples, of {_sites(contacts)}")
    return notes


def _sites(count: int) -> str:
    return "1 site" if count == 1 else f"{count} sites"


def _kept(draft: "Draft") -> Iterable[str]:
    from srcnet_compiler.importing.written import bare

    spec = bare(draft.spec)
    assert isinstance(spec, Mapping)
    lists = (spec.get(key, ()) for key in ("storage", "compute", "services"))
    for each in (spec, *(each for listed in lists if isinstance(listed, list) for each in listed)):
        if isinstance(each, Mapping) and isinstance(rest := each.get("catalogue"), Mapping):
            yield from rest
