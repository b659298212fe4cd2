"""A repository of specs as an editor sees it: unsaved texts over the files on disk.

What is read of a file is kept by its content, so that a keystroke reads one file again; what
follows from all files is worked out anew, which takes less than reading them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.editor.mentions import Mention, mentions
from srcnet_compiler.names import SPEC_FOLDERS
from srcnet_compiler.pipeline import (
    Compiled,
    Sources,
    check_loaded,
    compile_checked,
    shaped,
    spec_files,
)
from srcnet_compiler.schema.common import Document as Spec
from srcnet_compiler.schema.validate import Located
from srcnet_compiler.schema.versions import in_this_version
from srcnet_compiler.source import Document, no_collection, parse, read_bytes, text_lines

_MINE = b"srcnet.skao.int/"
"""Files elsewhere are looked at where they say that they are specs."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a file says by itself. `documents` and `mentions` are those of the last time that it
    could be read, where `is_whole` is false."""

    content: bytes
    lines: Sequence[str]
    documents: tuple[Document, ...]
    specs: tuple[Located[Spec], ...]
    found: tuple[Diagnostic, ...]
    mentions: tuple[Mention, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything at one moment: each file by its name from the root, and what all of them mean."""

    root: Path
    files: Mapping[str, Read]
    compiled: Compiled

    @property
    def mentions(self) -> Iterator[Mention]:
        """Every name in every file."""
        return (each for read in self.files.values() for each in read.mentions)

    @property
    def findings(self) -> tuple[Diagnostic, ...]:
        """All that is found, as `srcnet validate` finds it."""
        return self.compiled.diagnostics


@dataclass(slots=True)
class Workspace:
    """One repository, and the texts that are open in an editor, by their names from its root."""

    root: Path
    texts: dict[str, str] = field(default_factory=dict)
    _read: dict[str, Read] = field(default_factory=dict)
    _seen: dict[str, tuple[tuple[int, int], bytes, tuple[Diagnostic, ...]]] = field(
        default_factory=dict
    )

    @no_collection()
    def snapshot(self, today: date, texts: Mapping[str, str] | None = None) -> Snapshot:
        """How things are now; with `texts` how they would be with these instead."""
        open_texts = {**self.texts, **(texts or {})}
        names = {*self._on_disk(), *open_texts}
        files: dict[str, Read] = {}
        lost: list[Diagnostic] = []
        for name in sorted(names):
            content, trouble = self._content(name, open_texts)
            lost += trouble
            if content is not None:
                files[name] = self._of(name, content)
        specs = tuple(spec for read in files.values() for spec in read.specs)
        found = (*lost, *(each for read in files.values() for each in read.found))
        lines = {name: read.lines for name, read in files.items()}
        checked = check_loaded(Sources(specs, lines, ""), found, today)
        return Snapshot(self.root, files, compile_checked(checked))

    def alone(self, name: str) -> Read:
        """What an open text says by itself."""
        return self._of(name, self.texts[name].encode("utf-8", "replace"))

    def name_of(self, path: Path) -> str | None:
        """What a file is called here; None where it is none of the specs."""
        if not path.is_relative_to(self.root):
            return None
        name = path.relative_to(self.root)
        return name.as_posix() if name.parts[:1] and name.parts[0] in SPEC_FOLDERS else None

    def _on_disk(self) -> Iterator[str]:
        try:
            files = spec_files(self.root)
        except OSError:
            return
        yield from (path.relative_to(self.root).as_posix() for path in files)

    def _content(
        self, name: str, texts: Mapping[str, str]
    ) -> tuple[bytes | None, tuple[Diagnostic, ...]]:
        if name in texts:
            return texts[name].encode("utf-8", "replace"), ()
        path = self.root / name
        try:
            status = path.stat()
        except OSError:
            status = None
        mark = (status.st_mtime_ns, status.st_size) if status else (0, 0)
        known = self._seen.get(name)
        if known is not None and known[0] == mark and status is not None:
            return known[1], known[2]
        content = read_bytes(path, name)
        if content.value is not None:
            self._seen[name] = (mark, content.value, content.diagnostics)
        return content.value, content.diagnostics

    def _of(self, name: str, content: bytes) -> Read:
        before = self._read.get(name)
        if before is None or before.content != content:
            before = self._read[name] = read(name, content, before)
        return before


def read(name: str, content: bytes, before: Read | None = None) -> Read:
    """What a text says by itself; names are those of `before` where it cannot be read."""
    parsed = parse(name, content)
    if parsed.value is None:
        documents = before.documents if before else ()
        names = before.mentions if before else ()
        lines = text_lines(content)
        return Read(content, lines, documents, (), parsed.diagnostics, names, is_whole=False)
    said = shaped(name, content)
    documents = in_this_version(parsed.value)
    names = tuple(each for document in documents for each in mentions(document))
    return Read(content, said.lines, documents, said.specs, said.diagnostics, names, is_whole=True)


def is_spec(content: str) -> bool:
    """Whether a text that stands anywhere says that it is a spec."""
    return _MINE in content.encode("utf-8", "replace")


def root_of(path: Path) -> Path | None:
    """The top of the repository that a file is a spec of; None where it is none."""
    below = path
    for folder in path.parents:
        if below.name in SPEC_FOLDERS and below != path:
            return folder
        below = folder
    return None
