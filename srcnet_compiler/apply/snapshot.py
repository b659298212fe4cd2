"""The shared state at one commit, and our journal on this machine that goes on from it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from srcnet_compiler.apply.chain import RewrittenError, chained, link, unchained
from srcnet_compiler.apply.clone import Clone
from srcnet_compiler.apply.ledger import Ledger, Line
from srcnet_compiler.apply.state import PRIVATE_FOLDER, Holder, StateError, read_holder

PART = 500
"""Lines of the journal in one file of the ref."""
Edits = Mapping[str, bytes | None]
"""What replaces which file of the state; None removes it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state at one commit; None: there is none yet."""

    clone: Clone
    commit: str | None
    blobs: Mapping[str, str]

    def read(self, path: str) -> bytes | None:
        blob = self.blobs.get(path)
        return None if blob is None else self.clone.read([blob])[0]

    @property
    def holder(self) -> Holder | None:
        text = self.read("lock")
        return None if text is None else read_holder(text)

    @property
    def parts(self) -> list[str]:
        """The ids of the journal's parts, in order."""
        return [blob for path, blob in sorted(self.blobs.items()) if path.startswith("ledger/")]

    @property
    def journal(self) -> str:
        """What the journal is known by; empty where there is none."""
        return sha256(" ".join(self.parts).encode()).hexdigest() if self.parts else ""

    def lines(self) -> list[Line]:
        """The whole journal. Raises RewrittenError where it is not as it was written."""
        return self.journal_lines()[0]

    def journal_lines(self) -> tuple[list[Line], list[str]]:
        """The whole journal, and what each of its lines is known by."""
        parts = b"".join(self.clone.read(self.parts)).decode("utf-8", "replace")
        rows = parts.split("\n")[:-1] if parts.endswith("\n") else parts.split("\n")
        found = list(unchained(rows if parts else (), self.clone.name))
        lines = [_line(seq, row, self.clone.name) for seq, (row, _) in enumerate(found, start=1)]
        return lines, [known_by for _, known_by in found]


class LocalJournal:
    """What the holder of the lock writes into, and how much of it the ref has.

    `mark` is the file that says from which journal of the ref ours goes on.
    """

    def __init__(self, path: Path, mark: Path) -> None:
        self.path = path
        self._mark = mark
        self._base: str | None = None
        self._published = self._pushing = 0
        """Lines of ours that the ref has, and those it has after the push under way."""
        self._links: list[str] = []
        """What each line of ours is known by, as far as it was asked."""

    def take(self, seen: Snapshot) -> None:
        """Make ours what the ref has. What a killed run of ours wrote and did not push is kept
        where nobody has written since."""
        self._base = None
        self._links = []
        journal, published = self._marked()
        if journal != seen.journal or not self.path.exists():
            published = write_journal(self.path, seen.lines())
        self._published = published
        self._go_on_from(seen)

    def leave(self) -> None:
        """Ours is nobody's any more: another run may change the ref."""
        self._base = None

    def waiting(self) -> int:
        """How many lines were not pushed yet."""
        with Ledger(self.path) as ledger:
            return ledger.count() - self._published

    def news(self, seen: Snapshot) -> Edits:
        """The parts that have lines which were not pushed yet; none before it was taken.

        Raises StateError where the ref has lines that ours has not: they must not be lost.
        """
        if self._base is None:
            return {}
        if seen.journal != self._base:
            self._insist_on_beginning(seen)
        first = self._published // PART
        with Ledger(self.path) as ledger:
            self._link_up(ledger)
            rows = [
                chained(_row(line), self._links[line.seq - 1])
                for line in ledger.since(first * PART)
                if line.seq <= len(self._links)
            ]
        self._pushing = first * PART + len(rows)
        parts = range(0, len(rows), PART) if self._pushing > self._published else ()
        return {
            f"ledger/{first + at // PART:08d}.jsonl": "".join(rows[at : at + PART]).encode()
            for at in parts
        }

    def _link_up(self, ledger: Ledger) -> None:
        for line in ledger.since(len(self._links)):
            self._links.append(link(self._links[-1] if self._links else "", _row(line)))

    @property
    def last(self) -> tuple[int, str]:
        """How many lines of ours the ref has, and what the last of them is known by; 0 before it
        was taken."""
        count = self._published if self._base is not None else 0
        return count, self._links[count - 1] if count else ""

    def landed(self, seen: Snapshot) -> None:
        """The last news are in the ref, which is as `seen` now."""
        if self._base is not None:
            self._published = self._pushing
            self._go_on_from(seen)

    def _insist_on_beginning(self, seen: Snapshot) -> None:
        """A push of ours may have landed of which the answer was lost; nothing else may."""
        theirs = seen.lines()
        with Ledger(self.path) as ledger:
            if ledger.lines()[: len(theirs)] != tuple(theirs):
                raise StateError(f"somebody else has written into the journal in {seen.clone.name}")
        self._published = min(self._published, len(theirs))  # where somebody has put it back

    def _marked(self) -> tuple[str | None, int]:
        """The journal that ours goes on from, and how many lines that had."""
        try:
            said = json.loads(self._mark.read_text("utf-8"))
            return str(said["journal"]), int(said["lines"])
        except (OSError, ValueError, KeyError, TypeError):
            return None, 0

    def _go_on_from(self, seen: Snapshot) -> None:
        self._base = seen.journal
        fresh = self._mark.with_name(f".{self._mark.name}.partial")
        text = json.dumps({"journal": self._base, "lines": self._published})
        try:
            fresh.write_text(text, "utf-8")
            fresh.replace(self._mark)
        except OSError as error:
            raise StateError(
                error.errno, f"cannot keep the state in {self._mark.parent}: {error.strerror}"
            ) from error


def write_journal(path: Path, lines: list[Line]) -> int:
    """A journal of these lines, in place of the one that is there; how many they are."""
    fresh = path.with_name(f".{path.name}.fresh")
    try:
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        for old in path.parent.glob(f".{path.name}.fresh*"):
            old.unlink(missing_ok=True)
        with Ledger(fresh) as ledger:
            ledger.take_over(lines)
        for beside in path.parent.glob(f"{path.name}-*"):
            beside.unlink(missing_ok=True)
        fresh.replace(path)
    except StateError:
        raise
    except OSError as error:
        raise StateError(
            error.errno, f"cannot keep the state in {path}: {error.strerror}"
        ) from error
    return len(lines)


def _line(seq: int, row: str, name: str) -> Line:
    """A row as a line; its chain may fit though it is none, where somebody made all of it anew."""
    try:
        return Line(seq, **json.loads(row))
    except (ValueError, TypeError, RecursionError):
        raise RewrittenError(f"line {seq} of the journal in {name} is none of srcnet") from None


def _row(line: Line) -> str:
    said = {name: value for name, value in asdict(line).items() if name != "seq"}
    return json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
