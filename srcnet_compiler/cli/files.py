"""Files that commands write: whole or not at all, and never over what somebody else has written."""

from collections.abc import Callable, Mapping
from pathlib import Path

from srcnet_compiler.cli.exits import Exit, StopError

PARTIAL = ".partial"
_HEAD = 4096
"""Bytes of a file that tell whether it is ours."""


def spare_others(path: Path, root: Path, what: str, is_ours: Callable[[str], bool]) -> None:
    """End the command where `path` is another's file, or lies among the specs below `root`.

    `is_ours` judges by the beginning of a file, which is `what`. Pipes may be written.
    """
    spare_specs(path, root)
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        head = file.read(_HEAD)
    if head and not is_ours(head):
        raise StopError(
            Exit.FILES, f"`{path}` exists, and is not {what}", "name another file, or remove this"
        )


def spare_specs(path: Path, root: Path) -> None:
    """End the command where `path` lies in a folder in which only specs belong."""
    from srcnet_compiler.names import SPEC_FOLDERS

    for folder in SPEC_FOLDERS:
        if path.resolve().is_relative_to((root / folder).resolve()):
            raise StopError(
                Exit.FILES,
                f"`{path}` lies in `{folder}/`, where only specs belong",
                "name a place outside of it with `--out`",
            )


def write_file(path: Path, text: str) -> None:
    """The whole file or, where the disk is full, the one that was there before."""
    write_files({path: text})


def write_files(contents: Mapping[Path, str]) -> None:
    """All of the files, each of them whole, or none: what a full disk stops has changed nothing."""
    partial: dict[Path, Path] = {}
    try:
        for name, text in contents.items():
            path = name.resolve()  # what a link leads to, not the link
            if path.exists() and not path.is_file():
                path.write_text(text, "utf-8")  # a pipe or a terminal; of a folder, the error
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            partial[path] = path.with_name(f".{path.name}{PARTIAL}")
            partial[path].write_text(text, "utf-8")
        for path, fresh in partial.items():
            fresh.replace(path)
    finally:
        for fresh in partial.values():
            fresh.unlink(missing_ok=True)
