"""Whether a compilation would say what the last one said: nobody has touched specs or build since.

As git does it: a file whose times and size are those of before is the same file, but where it was
touched so shortly before it was looked at that a later change may have the same time. Then, and
where any time differs, the digest of all contents decides.
"""

import os
import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import file_digest
from pathlib import Path
from stat import S_ISREG
from typing import TypeAlias

from srcnet_compiler.cli.cache import Cache
from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.spec_files import Digest, names_of, spec_files

_NAME = "compiled"
_SHORTLY = 2_000_000_000
"""Nanoseconds: the coarsest clock of a file system in use has two seconds."""

Stats: TypeAlias = tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """Files as they stood: their names and times, when they were looked at, and the digest of what
    was in them."""

    stats: Stats
    at: int
    digest: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a run without errors said. What is kept has the `lines` of the files that findings are
    about, and only the names of all others."""

    diagnostics: tuple[Diagnostic, ...]
    lines: Mapping[str, Sequence[str]]
    facts: tuple[tuple[str, int], ...]
    note: str


@dataclass(frozen=True, slots=True)
class _Kept:
    asked: tuple[object, ...]
    specs: Seen
    build: Seen
    told: Told


class Compilation:
    """One compilation of the specs below `root` into `folder`, as it is asked for; it begins at
    `at`, in nanoseconds, before any spec is read."""

    def __init__(
        self,
        cache: Cache,
        root: Path,
        folder: Path,
        today: date,
        members: Iterable[Path],
        at: int,
    ) -> None:
        self._cache, self._root, self._folder, self._at = cache, root, folder, at
        digests = tuple((str(path), _content_digest(path)) for path in members)
        self._is_known = all(digest is not None for _, digest in digests)
        where = str(root.resolve()), str(folder.resolve())
        self._asked = (*where, today.isoformat(), digests)
        self._specs = _stats(self._spec_paths())

    def told(self) -> Told | None:
        """What the last run said, where this one would say the same and change no file."""
        kept = self._kept()
        if kept is None or kept.asked != self._asked or not self._is_known:
            return None
        specs = self._still(kept.specs, self._specs, self._spec_paths)
        files = [(name, self._folder / name) for name, _ in kept.build.stats]
        build = self._still(kept.build, _stats(files), lambda: files)
        if specs is None or build is None:
            return None
        if (specs, build) != (kept.specs, kept.build):
            self._write(replace(kept, specs=specs, build=build))
        return kept.told

    def keep(self, told: Told, specs: str, build: str, names: Iterable[str]) -> None:
        """Keep what this run says of specs and files with these digests."""
        files = Seen(_stats((name, self._folder / name) for name in names), self._at, build)
        if not self._is_known:
            return
        about = {label.span.file for found in told.diagnostics for label in found.labels}
        lines = {file: text if file in about else () for file, text in told.lines.items()}
        told = replace(told, lines=lines)
        self._write(_Kept(self._asked, Seen(self._specs, self._at, specs), files, told))

    def _still(
        self, before: Seen, stats: Stats, paths: Callable[[], Iterable[tuple[str, Path]]]
    ) -> Seen | None:
        """As it is seen now; None where it is other than before."""
        if stats == before.stats and not _is_recent(before):
            return before
        if not all(found and S_ISREG(found[2]) for _, found in stats):
            return None  # to open anything else may take for ever
        digest = Digest()
        try:
            for name, path in paths():
                digest.add(name, path.read_bytes())
        except OSError:
            return None
        found = digest.hexdigest()
        return Seen(stats, self._at, found) if found == before.digest else None

    def _spec_paths(self) -> Iterable[tuple[str, Path]]:
        return names_of(self._root, spec_files(self._root))

    def _kept(self) -> _Kept | None:
        content = self._cache.read(_NAME)
        if content is None:
            return None
        found: _Kept = pickle.loads(content)
        return found

    def _write(self, kept: _Kept) -> None:
        self._cache.write(_NAME, pickle.dumps(kept, pickle.HIGHEST_PROTOCOL))


def _is_recent(seen: Seen) -> bool:
    """Whether a file was touched so shortly before it was seen that its times say nothing."""
    return any(max(found[-2:], default=0) > seen.at - _SHORTLY for _, found in seen.stats)


def _stats(paths: Iterable[tuple[str, Path]]) -> Stats:
    return tuple((name, _stat(path)) for name, path in paths)


def _stat(path: Path) -> tuple[int, ...]:
    """What changes with the file; empty where there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - thousands of times
    except OSError:
        return ()
    place = found.st_dev, found.st_ino, found.st_mode, found.st_size
    return (*place, found.st_mtime_ns, found.st_ctime_ns)


def _content_digest(path: Path) -> str | None:
    """None for what is no file, such as a pipe, which is read only once."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
