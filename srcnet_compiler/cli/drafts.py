"""Drafts of specs for `srcnet init` and `srcnet new`: written only where they bring no error."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.files import write_files

if TYPE_CHECKING:
    from srcnet_compiler.editor.workspace import Snapshot


def draft(template: str, **values: str) -> str:
    """The text of a draft."""
    from srcnet_compiler.emit.templates import fill_template

    return fill_template("draft", f"drafts/{template}.j2", values, ()).content


def spare(files: Mapping[Path, str]) -> None:
    """End the command where one of the files is there."""
    for path in files:
        if path.exists() or path.is_symlink():
            raise StopError(
                Exit.FILES, f"`{path}` is there already", "name another, or remove it first"
            )


def write_drafts(root: Path, files: Mapping[Path, str], today: date) -> None:
    """Write drafts below `root`, which bring no error to what is there, or end the command."""
    from srcnet_compiler.diagnostic import Severity

    spare(files)
    texts = {path.relative_to(root).as_posix(): text for path, text in files.items()}
    before = {each.message for each in _snapshot(root, today, {}).findings}
    for found in _snapshot(root, today, texts).findings:
        if found.severity is Severity.ERROR and found.message not in before:
            raise StopError(
                Exit.FINDINGS,
                f"the draft would not fit in here: {found.message} ({found.labels[0].span})",
                found.help,
            )
    write_files(files)


def _snapshot(root: Path, today: date, texts: Mapping[str, str]) -> "Snapshot":
    from srcnet_compiler.editor.workspace import Workspace

    return Workspace(root).snapshot(today, texts)


def names(what: str, found: "Snapshot") -> list[str]:
    """The names of a kind that are given in the specs, in their order."""
    return [each.name for each in found.mentions if each.gives and each.what == (what,)]


def only(what: str, found: "Snapshot") -> str:
    """The first name of a kind that is given in the specs, or end the command."""
    given = names(what, found)
    if not given:
        key = {"tier": ("tiers",), "activity": ("rucio", "activities")}[what]
        raise StopError(
            Exit.FINDINGS,
            f"the federation has no {what} yet",
            f"name one under `{'.'.join(key)}` of its document{where(found, *key)} first",
        )
    return given[0]


def where(found: "Snapshot", *keys: str) -> str:
    """Where the federation's document has a key, ` (FILE:LINE)`; empty where it has not."""
    federation = found.compiled.federation
    if federation is None or not federation.origin.has(*keys):
        return ""
    place = federation.origin.key(*keys)
    return f" ({place.file}:{place.line})"


def snapshot(root: Path, today: date) -> "Snapshot":
    """What is there. Ends the command where there are no specs."""
    from srcnet_compiler.pipeline import spec_files

    if not spec_files(root):
        raise StopError(Exit.FILES, f"there are no specs in `{root.resolve()}`", "`srcnet init`")
    return _snapshot(root, today, {})
