"""Spec files as a git revision has them. Nothing of the repository is changed."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from srcnet_compiler import git
from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.names import SPEC_FOLDERS
from srcnet_compiler.near import did_you_mean

_REGULAR = ("100644", "100755", "100664")
"""Modes of what is a file; links and modules are none."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A file of a revision, or what is none, such as a link; one `id` means the same bytes."""

    id: str
    size: int
    is_file: bool


@dataclass(frozen=True, slots=True)
class Repository:
    """The repository around the folder `root`; only what lies below it is looked at."""

    root: Path

    def trouble(self) -> str | None:
        """Why git cannot work here."""
        done = self._run("rev-parse", "--is-inside-work-tree")
        return None if done.returncode == 0 else git.reason(done)

    def says_the_same(self, base: str, head: str | None) -> bool:
        """Whether all spec files are the same in both; None: as they stand in the folder."""
        sides = [base] if head is None else [base, head]
        if self._run("diff", "--quiet", "--relative", *sides, "--", *SPEC_FOLDERS).returncode != 0:
            return False
        return head is not None or not self._answer(
            "ls-files", "--others", "-z", "--", *SPEC_FOLDERS
        )

    def commit(self, name: str) -> str:
        """The full id of the commit that `name` means."""
        done = self._run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
        )
        if done.returncode != 0:
            raise self._unknown(name)
        return done.stdout.decode().strip()

    def merge_base(self, one: str, other: str) -> str:
        """The commit that both come from."""
        done = self._run("merge-base", "--end-of-options", self.commit(one), self.commit(other))
        if done.returncode != 0:
            raise StopError(
                Exit.USAGE,
                f"`{one}` and `{other}` have no commit in common",
                "in a shallow clone, fetch more of it: `git fetch --unshallow`",
            )
        return done.stdout.decode().split()[0]

    def specs(self, commit: str) -> Mapping[str, Blob]:
        """The spec files of a commit, by their path from `root`."""
        words = ("ls-tree", "-r", "-z", "-l", commit, "--", *SPEC_FOLDERS)
        listed = self._answer(*words, missing=b"")
        return dict(sorted(_entries(listed)))

    def contents(self, blobs: Sequence[Blob]) -> Iterator[bytes]:
        """The bytes of each, in their order."""
        if not blobs:
            return
        asked = "".join(f"{blob.id}\n" for blob in blobs)
        answer = self._answer("cat-file", "--batch", stdin=asked.encode())
        begin = 0
        for blob in blobs:
            begin = answer.index(b"\n", begin) + 1
            yield answer[begin : begin + blob.size]
            begin += blob.size + 1

    def log(self, base: str, head: str) -> Iterator[tuple[str, str, str, str]]:
        """Id, author, title and file of each commit between two, the last first."""
        form = "--format=%x01%h%x02%an%x02%s%x02"
        words = ("--no-merges", "--relative", "-z", "--name-only", form, f"{base}..{head}")
        done = self._answer("log", *words, "--", *SPEC_FOLDERS, missing=b"")
        for part in done.decode("utf-8", "replace").split("\x01")[1:]:
            name, author, title, files = part.split("\x02", 3)
            for file in files.split("\0"):
                if file.strip():
                    yield name, author, title, file.strip()

    def _unknown(self, name: str) -> StopError:
        listed = self._run(
            "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags", "refs/remotes"
        )
        known = listed.stdout.decode("utf-8", "replace").split()
        if not known and self._run("rev-parse", "--verify", "--quiet", "HEAD").returncode != 0:
            return StopError(
                Exit.USAGE,
                f"git knows no revision `{name}` here: this repository has no commit yet",
                "make the first one: `git add .` and `git commit`",
            )
        return StopError(
            Exit.USAGE,
            f"git knows no revision `{name}` here",
            did_you_mean(name, known, f"see `git branch --all`, or fetch it: `{self._fetch()}`"),
        )

    def _fetch(self) -> str:
        """What brings more of the repository here."""
        shallow = self._run("rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
        return "git fetch --unshallow" if shallow else "git fetch"

    def _answer(self, *words: str, stdin: bytes = b"", missing: bytes | None = None) -> bytes:
        """What git says; `missing` instead, where it does not know what is asked for."""
        done = self._run(*words, stdin=stdin)
        if done.returncode == 0:
            return done.stdout
        if missing is not None:
            return missing
        raise StopError(Exit.FILES, f"git cannot read this repository: {git.reason(done)}")

    def _run(self, *words: str, stdin: bytes = b"") -> git.Done:
        try:
            return git.run(words, self.root, stdin=stdin)
        except git.GitError as trouble:
            raise StopError(Exit.FILES, str(trouble), "install it, or try again") from None


def repository(root: Path) -> Repository:
    """The repository that holds the specs."""
    found = Repository(root)
    trouble = found.trouble()
    if trouble is not None:
        raise StopError(
            Exit.USAGE,
            f"git finds no repository that it may read at `{root.resolve()}`: {trouble}",
            "go to a clone of the specs, or begin one: `git init`",
        )
    return found


def _entries(listed: bytes) -> Iterator[tuple[str, Blob]]:
    for entry in listed.split(b"\0"):
        head, _, path = entry.partition(b"\t")
        name = os.fsdecode(path)
        if head and name.endswith((".yaml", ".yml")):
            mode, _, name_of_blob, size = head.decode().split()
            yield name, Blob(name_of_blob, int(size) if size != "-" else 0, mode in _REGULAR)
