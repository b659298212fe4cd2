"""What the imports of other people's formats do alike: drafts in the specs that are there."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

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
    from srcnet_compiler.diagnostic import Outcome
    from srcnet_compiler.importing.drafting.homes import Answers, Ask
    from srcnet_compiler.importing.drafting.known import Known
    from srcnet_compiler.importing.drafting.sketch import Sketch
    from srcnet_compiler.importing.words import Environment

F = TypeVar("F", bound=Callable[..., Any])


def site_option(command: F) -> F:
    """Which of our sites is meant."""
    return click.option(
        "--site",
        "sites",
        multiple=True,
        metavar="SITE|THEIRS=SITE",
        help="The site of the specs that this, or one that is called so there, is; repeatable.",
    )(command)


def area_options(command: F) -> F:
    """What an area is here, where that is not said there."""
    for option in (
        click.option(
            "--environment",
            type=click.Choice(ENVIRONMENTS),
            help="What new areas are for.  [default: what their names say, or production]",
        ),
        click.option(
            "--tier", metavar="TIER", help="The tier of new areas of which it is not said."
        ),
        click.option(
            "--name",
            "names",
            multiple=True,
            metavar="THEIRS=AREA",
            help="What an area is called here; repeatable.  [default: by the federation's rule]",
        ),
    ):
        command = option(command)
    return command


def source_options(command: F) -> F:
    """How an address is read, and the options that every import has."""
    for option in (
        click.option(
            "--token-from",
            metavar="NAME",
            help="The variable of the environment that holds a token for the address.",
        ),
        click.option(
            "--timeout",
            metavar="SECONDS",
            type=float,
            default=60,
            show_default=True,
            help="Within this all must be there.",
        ),
    ):
        command = option(command)
    return import_options(command)


def drafted(
    settings: Settings,
    sources: Iterable[str],
    read: "Callable[[Mapping[str, bytes]], Outcome[Sketch]]",
    source: str,
    *,
    timeout: float,
    token_from: str | None,
    out: Path | None,
    take: str,
    dry_run: bool,
    no_input: bool,
    form: str,
    today: datetime | None,
    sites: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
    tier: str | None = None,
    environment: "Environment | None" = None,
) -> int:
    """Reads all sources, and drafts what they say. `source` is what people call such files."""
    from srcnet_compiler.importing.downtimes import Register
    from srcnet_compiler.importing.drafting.areas import placed
    from srcnet_compiler.importing.drafting.homes import Answers, NotSaidError
    from srcnet_compiler.importing.drafting.known import known_in
    from srcnet_compiler.importing.drafting.outages import noticed
    from srcnet_compiler.importing.drafting.sites import sited
    from srcnet_compiler.importing.scapi.matching import RULES
    from srcnet_compiler.importing.writing import prepare
    from srcnet_compiler.source import text_lines

    contents = {
        each if each != "-" else "stdin": fetch(each, timeout, token_from) for each in sources
    }
    outcome = read(contents)
    if outcome.value is None:
        lines = {file: text_lines(content) for file, content in contents.items()}
        show_findings(outcome.diagnostics, lines, form)
        return exit_of(outcome.diagnostics)
    sketch, day, root = outcome.value, the_day(today), out or settings.root
    there = sound_existing(root, form)
    known = known_in(there)
    answers = Answers(_sites(sites, known), dict(map(_pair, names)), tier, environment)
    if sketch.areas:
        answers = _with_classes(answers, root, day)
    asking = _asking(no_input)
    try:
        of_sites = sited(sketch.sites, known, answers, asking)
        of_areas, left = placed(sketch.areas, known, answers, asking)
    except NotSaidError as unsaid:
        raise StopError(Exit.USAGE, str(unsaid), unsaid.remedy) from None
    off = noticed(sketch.outages, known, Register(there), day)
    wanted = (*of_sites, *of_areas, *off.wanted)
    writing = prepare(there, wanted, RULES, source, theirs=take == "theirs")
    return conclude(
        root,
        there,
        writing,
        (*sketch.diagnostics, *left, *off.left),
        sketch.lines,
        _notes(sketch, off.over),
        day,
        dry_run=dry_run,
        form=form,
    )


def _with_classes(answers: "Answers", root: Path, today: date) -> "Answers":
    """With the federation's classes of storage, where there is one."""
    from srcnet_compiler.pipeline import check

    federation = check(root, today).federation
    if federation is None:
        return answers
    usual = sorted(
        federation.classes.values(), key=lambda each: (not each.pledged, each.name != "T1")
    )
    classes = {(str(each.tier), each.role): each.name for each in reversed(usual)}
    return replace(answers, classes=classes)


def _sites(said: Iterable[str], known: "Known") -> dict[str, str]:
    found = {}
    for each in said:
        theirs, _, ours = each.rpartition("=")
        if ours not in known.sites:
            from srcnet_compiler.near import did_you_mean

            raise StopError(
                Exit.USAGE,
                f"no spec describes a site `{ours}`",
                did_you_mean(ours, known.sites, f"write a draft: `srcnet new site {ours}`"),
            )
        found[theirs] = ours
    return found


def _pair(text: str) -> tuple[str, str]:
    from srcnet_compiler.importing.words import NAME

    theirs, sign, ours = text.rpartition("=")
    if not sign or not theirs or not NAME.fullmatch(ours):
        raise StopError(
            Exit.USAGE,
            f"`--name {text}` does not say which area is called what",
            "such as `--name T2_CH_EXAMPLE=CHSRC-CSCS-T1`: a name of letters, digits and `-`",
        )
    return theirs, ours


def _asking(no_input: bool) -> "Ask":
    """Whoever sits there answers; where nobody does, what is proposed is taken."""
    asking = asks(no_input)

    def answer(question: str, proposed: str, wrong: Callable[[str], str]) -> str:
        if not asking:
            return proposed
        while why := wrong(said := ask(question, proposed)):
            click.echo(why, err=True)
        return said

    return answer


def _notes(sketch: "Sketch", over: int) -> list[str]:
    counted = [f"{what} ({count})" for what, count in sorted(sketch.left.items())]
    notes = [f"left out: {', '.join(counted)}"] if counted else []
    if over:
        notes.append(f"left out: {over} downtimes that are over")
    return notes
