"""What several commands do in the same way: reading specs, showing findings, plans."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.options import git_place
from srcnet_compiler.cli.settings import Settings, now

if TYPE_CHECKING:
    from srcnet_compiler.apply.store import Store
    from srcnet_compiler.diagnostic import Diagnostic
    from srcnet_compiler.pipeline import Compiled, Lowered
    from srcnet_compiler.plan.model import Plan


def ask(question: str, yes: bool) -> None:
    """Go on only where a person agrees, or has agreed by `--yes`."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise StopError(Exit.USAGE, "nobody can be asked here", "where you are sure, say `--yes`")
    if not click.confirm(question, err=True):
        raise StopError(Exit.REFUSED, "nothing was done")


def state_store(settings: Settings, state: Path | str) -> "Store":
    """The state store, by an absolute path: what apply starts runs in another folder."""
    from srcnet_compiler.trust.commit import insist_on_untracked

    if isinstance(state, str):
        from srcnet_compiler.apply.shared import OURS, open_shared

        insist_on_untracked(settings.root, OURS)
        return open_shared(settings.root.absolute(), *git_place(state))
    from srcnet_compiler.apply.state import StateStore

    insist_on_untracked(settings.root, state)
    return StateStore((settings.root / state).absolute())


def the_day(today: datetime | None) -> date:
    """The day to judge by: the one that was given, or this one in UTC."""
    return today.date() if today is not None else now().date()


def compiled(settings: Settings, today: date, members: Sequence[Path] = ()) -> "Compiled":
    """The specs as far as they compile. Without any spec file there is nothing to be done."""
    from srcnet_compiler import pipeline
    from srcnet_compiler.source import no_collection

    with no_collection():
        return pipeline.compile_checked(checked(settings, today, members))


def checked(settings: Settings, today: date, members: Sequence[Path] = ()) -> "Compiled":
    """The same up to the analysis, with who belongs to which group. Where an earlier run has kept
    anything, text is read that has changed since, and kept for the next one."""
    from srcnet_compiler import pipeline
    from srcnet_compiler.cli.cache import Cache
    from srcnet_compiler.cli.documents import Documents
    from srcnet_compiler.cli.systems import export

    if not pipeline.spec_files(settings.root):
        raise no_specs(settings)
    exported = {str(path): export(path) for path in members}
    cache = Cache(settings.root)
    if not cache.is_used:
        return pipeline.with_members(pipeline.check(settings.root, today), exported)
    documents = Documents(cache)
    found = pipeline.check(settings.root, today, documents.shape)
    documents.save()
    return pipeline.with_members(found, exported)


def no_specs(settings: Settings) -> StopError:
    """What to say where somebody is in the wrong folder."""
    return StopError(
        Exit.FILES,
        f"there are no specs in `{settings.root.resolve()}`",
        "go to the folder that holds site-specs/ and policies/, or name it: `srcnet -C DIR …`; "
        "`srcnet init` begins new ones",
    )


def named_specs(settings: Settings, files: Sequence[Path], command: str) -> Sequence[Path]:
    """The spec files that were named, or all that there are."""
    from srcnet_compiler.spec_files import SUFFIXES, spec_files

    for path in files:
        if path.suffix not in SUFFIXES:
            raise StopError(
                Exit.USAGE,
                f"`{path}` is no spec: the name of a spec ends in `.yaml` or `.yml`",
                f"name specs alone, or none for all of them: `{settings.to_type(command)}`",
            )
    wanted = files or spec_files(settings.root)
    if not wanted:
        raise no_specs(settings)
    return tuple(dict.fromkeys(wanted))


def show_trouble(found: "Sequence[Diagnostic]", lines: Mapping[str, Sequence[str]]) -> None:
    """Findings on stderr, where stdout says what was done."""
    from srcnet_compiler.report.model import Report
    from srcnet_compiler.report.text import render

    if found:
        report, width = Report(tuple(found), lines), terminal_width(err=True)
        show(render(report, colour=is_coloured(err=True), width=width), err=True)


def show_findings(
    diagnostics: "Iterable[Diagnostic]",
    lines: Mapping[str, Sequence[str]],
    form: str,
    facts: tuple[tuple[str, int], ...] = (),
    note: str = "",
) -> None:
    """The findings on stdout in the format asked for."""
    from srcnet_compiler import __version__
    from srcnet_compiler.report.model import Report

    report = Report(tuple(diagnostics), lines, version=__version__, facts=facts, note=note)
    if form == "text":
        from srcnet_compiler.report.text import render

        show(render(report, colour=is_coloured(), width=terminal_width()))
    else:
        from srcnet_compiler.report.formats import FORMATS as RENDERERS

        click.echo(RENDERERS[form](report), nl=False)


def not_checked(found: "Compiled") -> str:
    """What nobody has looked at, since an earlier stage found errors."""
    from srcnet_compiler.diagnostic import Code, Severity

    if found.federation is not None:
        return ""
    codes = list(Code)  # in the order of the stages
    linking = codes.index(Code.QUANTITY)
    reached = all(
        codes.index(each.code) >= linking
        for each in found.diagnostics
        if each.severity is Severity.ERROR
    )
    what = "policies and capacity" if reached else "names, policies and capacity"
    return f"{what} were not checked: mend these first"


def stop_on_errors(found: "Compiled") -> None:
    """End the command where the specs have errors, having shown them on stderr: them alone, since
    `validate` is there for who asks for all."""
    from srcnet_compiler.report.model import Report
    from srcnet_compiler.report.text import render

    if found.failed:
        errors, hidden = errors_alone(found.diagnostics)
        facts = (("warnings not shown", hidden),) if hidden else ()
        report = Report(errors, found.sources.lines, facts=facts, note=not_checked(found))
        text = render(report, colour=is_coloured(err=True), width=terminal_width(err=True))
        show(text, err=True)
        raise StopError(exit_of(errors), "the specs have errors", "mend them first")


def errors_alone(
    diagnostics: "Iterable[Diagnostic]",
) -> "tuple[tuple[Diagnostic, ...], int]":
    """The errors among findings, and how many other findings there are."""
    from srcnet_compiler.diagnostic import Severity

    found = tuple(diagnostics)
    errors = tuple(each for each in found if each.severity is Severity.ERROR)
    return errors, len(found) - len(errors)


def exit_of(diagnostics: "Iterable[Diagnostic]") -> Exit:
    """The exit code for findings: whether a file could not be read, or says something wrong."""
    from srcnet_compiler.diagnostic import Code, Severity

    errors = {found.code for found in diagnostics if found.severity is Severity.ERROR}
    if Code.UNREADABLE in errors:
        return Exit.FILES
    return Exit.FINDINGS if errors else Exit.FINE


def is_coloured(*, err: bool = False) -> bool:
    """Whether stdout, or stderr, shows colours: to a person who has not said NO_COLOR.

    FORCE_COLOR is for those who read elsewhere what a terminal would show, such as a CI's log.
    """
    import os

    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    stream = sys.stderr if err else sys.stdout
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def terminal_width(*, err: bool = False) -> int | None:
    """Columns of the terminal; None where lines go to a file."""
    stream = sys.stderr if err else sys.stdout
    if not stream.isatty():
        return None
    import shutil

    return shutil.get_terminal_size().columns


def show(text: str, *, err: bool = False) -> None:
    """A text that has its colours already, or none."""
    click.echo(text, nl=False, err=err, color=is_coloured(err=err))


def show_refusals(refusals: "Iterable[Diagnostic]", found: "Compiled") -> None:
    """Why a plan is refused, on stderr."""
    from srcnet_compiler.report.model import Report
    from srcnet_compiler.report.text import render

    report = Report(tuple(refusals), found.sources.lines)
    text = render(report, colour=is_coloured(err=True), width=terminal_width(err=True))
    show(text, err=True)
    click.echo("error: the plan is refused", err=True)


@contextmanager
def reading(wanted: "Sequence[Lowered]") -> Iterator[None]:
    """While systems are read: whom we wait for, where that takes long."""
    from srcnet_compiler.cli.progress import waiting

    names = [f"{lowered.target.name} {lowered.model.instance}" for lowered in wanted]
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    with waiting(f"reading {', '.join(names[:2])}{more}"):
        yield


@contextmanager
def system_trouble() -> Iterator[None]:
    """A system's trouble, and that of the state store, as the exit code promised for it."""
    from srcnet_compiler.apply.state import LockHeldError
    from srcnet_compiler.targets.protocol import RefusedError, UnreachableError

    try:
        yield
    except UnreachableError as trouble:
        raise StopError(
            Exit.UNREACHABLE, str(trouble), "`srcnet doctor` says what is reachable"
        ) from None
    except RefusedError as trouble:
        raise StopError(
            Exit.CREDENTIALS, str(trouble), "`srcnet doctor` says which rights there are"
        ) from None
    except LockHeldError as trouble:
        raise StopError(Exit.STALE, str(trouble), "wait for it to end, then run again") from None


def read_plan(path: Path) -> "Plan":
    """The plan in a file; ends the command where there is none."""
    from srcnet_compiler.plan.file import PlanFileError, from_json

    try:
        return from_json(path.read_text("utf-8"))
    except OSError as trouble:
        raise StopError(
            Exit.FILES,
            f"cannot read plan `{path}`: {trouble.strerror}",
            "`srcnet plan --out PLAN` makes one",
        ) from None
    except PlanFileError as trouble:
        why = str(trouble)
    except (UnicodeError, RecursionError):
        why = "it is not a plan, or not all of one"
    raise StopError(Exit.STALE, f"`{path}`: {why}", "make a new one: `srcnet plan --out PLAN`")


def plan_as(plan: "Plan", form: str, full: bool) -> str:
    """A plan in the format asked for; `full` lists what text would fold."""
    from srcnet_compiler.plan.file import to_json
    from srcnet_compiler.report.plan import markdown_plan, render_plan

    if form == "json":
        return to_json(plan)
    if form == "markdown":
        return markdown_plan(plan)
    return render_plan(plan, full=full, colour=is_coloured())
