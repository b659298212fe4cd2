"""What all imports do alike: the specs that are there, the writing of files, and what is said."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from srcnet_compiler.cli.difference import difference
from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.files import write_files
from srcnet_compiler.cli.options import FORMATS, format_option, today_option
from srcnet_compiler.cli.shared import exit_of, show, show_findings

if TYPE_CHECKING:
    from srcnet_compiler.diagnostic import Diagnostic
    from srcnet_compiler.importing.writing import Existing, FileChange, SpecPlace, Writing

F = TypeVar("F", bound=Callable[..., Any])

ENVIRONMENTS = ("production", "staging", "development")
_MANY = 500
"""So many files are not checked as a whole: that would take longer than importing them."""


take_option = click.option(
    "--take",
    type=click.Choice(["ours", "theirs"]),
    default="ours",
    show_default=True,
    help="Whose word counts where a spec says something else than what is imported.",
)
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Write nothing; show what would change."
)


def no_input_option(meaning: str) -> Callable[[F], F]:
    """The option of who answers nothing."""
    return click.option("--no-input", is_flag=True, help=meaning)


class Secret(click.ParamType[tuple[str, str]]):
    """Where a secret is kept: `env:NAME` or `file:PATH`; `example` is a NAME."""

    name = "secret"

    def __init__(self, example: str) -> None:
        self._example = example

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if isinstance(value, tuple):
            return str(value[0]), str(value[1])
        kind, _, place = str(value).partition(":")
        if kind not in ("env", "file") or not place:
            self.fail(
                f"`{value}` is not like `env:{self._example}` or `file:/path/to/key`", param, ctx
            )
        return kind, str(Path(place).expanduser()) if kind == "file" else place


def import_options(command: F) -> F:
    """The options of every import from files."""
    for option in (
        today_option,
        format_option(*FORMATS),
        no_input_option("Ask nothing, and take what is proposed."),
        dry_run_option,
        take_option,
        click.option(
            "--out",
            type=click.Path(file_okay=False, path_type=Path),
            help="The folder that has or gets `site-specs/`.  [default: that of the specs]",
        ),
    ):
        command = option(command)
    return command


def asks(no_input: bool) -> bool:
    """Whether there is somebody who can be asked."""
    return not no_input and sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str, proposed: str) -> str:
    """What a person answers; what was proposed where nothing is typed."""
    answer: str = click.prompt(question, default=proposed, show_default=bool(proposed), err=True)
    return answer.strip()


def ask_for(
    question: str, choices: Sequence[str], likely: str | None, option: str, asking: bool
) -> str:
    """An answer from whoever sits there. Raises StopError where nobody does."""
    listed = ", ".join(choices[:20]) + (", …" if len(choices) > 20 else "")
    if not asking:
        raise StopError(
            Exit.USAGE,
            f"{question[:-1]} is not said, and there is nobody to ask",
            f"add `{option}`" + (f": {listed}" if choices else ""),
        )
    return ask(f"{question} ({listed})" if choices else question, likely or "")


def insist_on(names: Sequence[str], known: Sequence[str], what: str) -> None:
    for name in names:
        if name not in known:
            raise StopError(
                Exit.USAGE,
                f"the cluster has no {what} `{name}`",
                f"it has {', '.join(known) or 'none'}",
            )


def the_site(site: str | None, there: "Existing", asking: bool) -> "tuple[str, SpecPlace]":
    """The site, and the document that describes it. Raises StopError where there is none."""
    places = {
        str(document.data["metadata"]["name"]): place  # type: ignore[index, call-overload]
        for place, document in there.of_kind("Site")
    }
    site = site or ask_for(
        "At which site is the cluster?", sorted(places), None, "--site SITE", asking
    )
    if site not in places:
        raise StopError(
            Exit.USAGE,
            f"no spec describes a site `{site}`",
            f"write a draft: `srcnet new site {site}`; there are {', '.join(sorted(places))}",
        )
    return site, places[site]


def read_existing(root: Path) -> "Existing":
    """The specs below a folder."""
    from srcnet_compiler.importing.writing import existing
    from srcnet_compiler.pipeline import name_of, spec_files
    from srcnet_compiler.source import read_bytes

    contents: dict[str, bytes] = {}
    found: list[Diagnostic] = []
    for path in spec_files(root):
        name = name_of(root, path)
        content = read_bytes(path, name)
        found += content.diagnostics
        if content.value is not None:
            contents[name] = content.value
    there = existing(contents)
    return type(there)(there.texts, there.documents, (*found, *there.diagnostics))


def sound_existing(root: Path, form: str) -> "Existing":
    """The same; the end of the command where they have errors."""
    there = read_existing(root)
    if there.diagnostics:
        show_findings(there.diagnostics, {}, form)
        code = exit_of(there.diagnostics)
        raise StopError(code, "the specs have errors", "mend them first")
    return there


def left_wrong(
    root: Path, changes: "Sequence[FileChange]", today: date
) -> "tuple[Diagnostic, ...] | None":
    """The errors that the specs would have and do not have now; None where that was not looked at.

    Where there are no specs yet, each file is looked at by itself.
    """
    from srcnet_compiler.diagnostic import Severity
    from srcnet_compiler.pipeline import shaped, spec_files

    if len(changes) > _MANY:
        return None
    texts = {change.file: change.after for change in changes}
    if not spec_files(root):
        found = [d for f, text in texts.items() for d in shaped(f, text.encode()).diagnostics]
        return tuple(each for each in found if each.severity is Severity.ERROR)
    from srcnet_compiler.editor.workspace import Workspace

    before = {each.message for each in Workspace(root).snapshot(today, {}).findings}
    after = Workspace(root).snapshot(today, texts).findings
    return tuple(
        each for each in after if each.severity is Severity.ERROR and each.message not in before
    )


def write_changes(root: Path, changes: "Sequence[FileChange]") -> None:
    """All of the files, or none: none as well where somebody has written into one meanwhile."""
    from srcnet_compiler.source.edits import marked, plain_text

    texts: dict[Path, str] = {}
    for change in changes:
        path = root / change.file
        content = path.read_bytes() if path.is_file() else None
        now = None if content is None else plain_text(content)
        texts[path] = marked(change.after, content or b"")
        if now != change.before:
            raise StopError(
                Exit.FILES,
                f"somebody has changed `{change.file}` meanwhile; nothing was written",
                "import again",
            )
    write_files(texts)


def write_or_show(root: Path, changes: "Sequence[FileChange]", *, dry_run: bool, form: str) -> None:
    """All of the files, or none; or what would change in them."""
    if not dry_run:
        write_changes(root, changes)
        return
    for change in changes:
        show(difference(change.file, change.before or "", change.after), err=form != "text")


def conclude(
    root: Path,
    there: "Existing",
    writing: "Writing",
    found: "Iterable[Diagnostic]",
    lines: Mapping[str, Sequence[str]],
    notes: Sequence[str],
    today: date,
    *,
    dry_run: bool,
    form: str,
) -> int:
    """Writes what is to be written and tells what was found; nothing where it does not fit in."""
    from srcnet_compiler.source import no_collection

    with no_collection():
        wrong = left_wrong(root, writing.changes, today)
    bad = exit_of(writing.diagnostics) is not Exit.FINE
    if not bad:
        write_or_show(root, writing.changes, dry_run=dry_run, form=form)
    if wrong is None:
        notes = (*notes, "names and capacity were not checked: `srcnet validate` does")
    tell(
        (*found, *writing.diagnostics, *(wrong or ())),
        {**lines, **_spec_lines(there, writing.changes)},
        () if bad else writing.changes,
        notes,
        dry_run=dry_run,
        form=form,
    )
    return exit_of(writing.diagnostics) or exit_of(wrong or ())


def _spec_lines(there: "Existing", changes: "Iterable[FileChange]") -> dict[str, Sequence[str]]:
    from srcnet_compiler.source import text_lines

    texts = {**there.texts, **{each.file: each.after for each in changes}}
    return {file: text_lines(text.encode()) for file, text in texts.items()}


def tell(
    found: "Iterable[Diagnostic]",
    lines: Mapping[str, Sequence[str]],
    changes: "Sequence[FileChange]",
    notes: Sequence[str],
    *,
    dry_run: bool,
    form: str,
) -> None:
    """Findings on stdout, and on stderr which files there are now and what is to be known."""
    show_findings(found, lines, form)
    verb = "would be" if dry_run else "is"
    for change in changes:
        what = f"{verb} new" if change.before is None else _added(change, dry_run)
        click.echo(f"{change.file}: {what}", err=True)
    for note in notes:
        click.echo(note, err=True)
    if not changes:
        click.echo("nothing to change", err=True)


def _added(change: "FileChange", dry_run: bool) -> str:
    if not change.added:
        return "would change" if dry_run else "changed"
    values = "value" if change.added == 1 else "values"
    return f"{change.added} {values} {'would be added' if dry_run else 'added'}"
