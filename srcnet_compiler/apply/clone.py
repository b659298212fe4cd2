"""A private bare clone of one ref: its files read, replaced and pushed by compare-and-swap.

All through the `git` program, without a working tree and without anything of the user's: neither
index nor refs nor hooks; from the configuration only how remotes are reached. It never asks.
"""

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from srcnet_compiler import git
from srcnet_compiler.apply.state import StateError

FEW_OBJECTS = 3000
"""A clone with more loose objects than this is made anew: only its ref matters."""
_OURS = "refs/srcnet/next"
_QUIET = (
    *("-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", "-c", "push.gpgSign=false"),
    *("-c", "advice.pushUpdateRejected=false", "-c", "credential.interactive=false"),
)
_REACHING = r"^(http\..*|credential(\..*)?|core\.sshcommand|url\..*)$"
"""The settings of a repository that say how its remotes are reached, secrets of CI included."""


@dataclass(frozen=True, slots=True)
class Clone:
    """The ref `ref` of `remote`, as far as it was fetched, in the bare repository `folder`.

    `near` is a folder of the user's, whose repository knows how the remote is reached.
    """

    folder: Path
    remote: str
    ref: str
    near: Path
    reaching: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def name(self) -> str:
        """As messages call it, without what may be secret."""
        return f"{self.ref} of {git.without_secrets(self.remote)}"

    def prepare(self) -> None:
        """Make it where there is none, or where a killed run or a full disk has left half of one.

        What a killed run has left locked is freed: the caller sees to it that nobody else is here.
        """
        loose = sum(1 for _ in self.folder.glob("objects/[0-9a-f][0-9a-f]/*"))
        whole = self._git("rev-parse", "--git-dir").returncode == 0
        if not whole or loose > FEW_OBJECTS:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._insist("make", "init", "--quiet", "--bare", str(self.folder), inside=False)
        for left in self.folder.rglob("*.lock"):
            left.unlink(missing_ok=True)

    def fetch(self) -> str | None:
        """The commit that the remote has now; None where it has no such ref."""
        done = self._git(
            *("fetch", "--quiet", "--no-tags", "--no-auto-maintenance", "--depth=1"),
            *(self.remote, self.ref),
            reaching=True,
        )
        if done.returncode != 0:
            if b"couldn't find remote ref" in done.stderr:
                return None
            raise self._trouble("read", done)
        return (self.folder / "FETCH_HEAD").read_text("utf-8").split()[0]

    def files(self, commit: str) -> dict[str, str]:
        """The id of each file's content, by path."""
        listed = self._insist("read", "ls-tree", "-r", "-z", commit)
        return {
            path: head.split()[2]
            for entry in listed.decode().split("\0")
            if entry
            for head, path in [entry.split("\t", 1)]
        }

    def read(self, blobs: Sequence[str]) -> list[bytes]:
        """Contents by their ids."""
        if not blobs:
            return []
        rest = self._insist(
            "read", "cat-file", "--batch", stdin="".join(f"{b}\n" for b in blobs).encode()
        )
        found = []
        for _ in blobs:
            head, _, rest = rest.partition(b"\n")
            size = int(head.split()[2])
            found.append(rest[:size])
            rest = rest[size + 1 :]
        return found

    def commit(self, parent: str | None, edits: Mapping[str, bytes | None], message: str) -> str:
        """A commit with these files replaced, or removed where None; nobody sees it yet."""
        stream = b"".join(_stream(parent, edits, message))
        done = self._insist(
            "write",
            *("fast-import", "--quiet", "--force", "--done", "--date-format=now"),
            stdin=stream,
        )
        return done.decode().strip()

    def push(self, before: str | None, after: str) -> bool:
        """Make the ref `after` where the remote still has `before`; False: somebody was first."""
        done = self._git(
            *("push", "--quiet", "--porcelain", "--no-verify"),
            f"--force-with-lease={self.ref}:{before or ''}",
            *(self.remote, f"{after}:{self.ref}"),
            reaching=True,
        )
        if done.returncode == 0:
            return True
        there = self.fetch()  # the answer may have been lost, and not the push
        if there != before:
            return there == after
        if re.search(rb"cannot lock ref|failed to update ref|already exists", done.stdout):
            return False  # somebody is about to be first
        raise self._trouble("write", done)

    def _insist(self, verb: str, *words: str, stdin: bytes = b"", inside: bool = True) -> bytes:
        done = self._git(*words, stdin=stdin, inside=inside)
        if done.returncode != 0:
            raise self._trouble(verb, done)
        return done.stdout

    def _git(
        self, *words: str, stdin: bytes = b"", inside: bool = True, reaching: bool = False
    ) -> git.Done:
        where = [f"--git-dir={self.folder}"] if inside else []
        environment = self._environment(reaching)
        try:
            return git.run([*_QUIET, *where, *words], None, environment, stdin)
        except git.GitError as trouble:
            raise StateError(f"{trouble}, and the state is in a git ref") from None

    def _environment(self, reaching: bool) -> dict[str, str]:
        kept = git.clean()
        if reaching and not self.reaching:
            self.reaching.update(_reaching(self.near))
        more = self.reaching if reaching else {}
        if "GIT_SSH_COMMAND" not in kept and "GIT_SSH" not in kept and "ssh" not in more:
            kept["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes"
        own = {name: value for name, value in more.items() if name != "ssh"}
        return {**kept, **own}

    def _trouble(self, verb: str, done: git.Done) -> StateError:
        return StateError(f"cannot {verb} the state in {self.name}: {git.reason(done)}")


def _reaching(near: Path) -> dict[str, str]:
    """How the user's repository reaches its remotes, as an environment for git: what its own
    configuration says, not that of the user or the machine, which git reads anyway."""
    kept = git.clean()
    asked = ["config", "--show-scope", "-z", "--get-regexp", _REACHING]
    done = git.run(asked, near, kept)
    words = done.stdout.decode("utf-8", "surrogateescape").split("\0")
    pairs = [
        (key, value)
        for scope, entry in zip(words[::2], words[1::2], strict=False)
        if scope in ("local", "worktree")
        for key, _, value in [entry.partition("\n")]
    ]
    first = int(kept.get("GIT_CONFIG_COUNT", "0") or 0)
    found = {"GIT_CONFIG_COUNT": str(first + len(pairs))} if pairs else {}
    for number, (key, value) in enumerate(pairs, start=first):
        found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    if any(key == "core.sshcommand" for key, _ in pairs):
        found["ssh"] = "theirs"
    return found


def _stream(parent: str | None, edits: Mapping[str, bytes | None], message: str) -> Iterator[bytes]:
    """What git fast-import reads."""
    text = message.encode()
    yield f"commit {_OURS}\nmark :1\ncommitter srcnet <srcnet@localhost> now\n".encode()
    yield b"data %d\n%s\n" % (len(text), text)
    yield f"from {parent}\n".encode() if parent else b""
    for path, content in sorted(edits.items()):
        if content is None:
            yield f"D {path}\n".encode()
        else:
            yield b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content)
    yield b"\nget-mark :1\ndone\n"
