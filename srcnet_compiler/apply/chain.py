"""A journal that many can write, as a chain: each row names all that stand before it.

Who changes a row, takes one out or puts one in breaks it. Who makes the whole chain anew is noticed
by whoever has seen the journal before.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from srcnet_compiler.apply.state import PRIVATE_FOLDER, StateError

_LINK = re.compile(r'(?s)(\{.*),"chain":"([0-9a-f]{64})"\}\n?')


class RewrittenError(StateError):
    """The journal does not say any more what it said: exit 3."""


def link(before: str, row: str) -> str:
    """What a row is known by, after the one that is known by `before`; empty for the first."""
    return sha256(f"{before}\n{row}".encode()).hexdigest()


def chained(row: str, known_by: str) -> str:
    """A row of JSON as it stands in the ref."""
    return f'{row.rstrip()[:-1]},"chain":"{known_by}"}}\n'


def unchained(rows: Iterable[str], name: str) -> Iterator[tuple[str, str]]:
    """Each row without its link, and that. Raises RewrittenError where the chain is broken."""
    before = ""
    for number, row in enumerate(rows, start=1):
        found = _LINK.fullmatch(row)
        said = "" if found is None else f"{found[1]}}}"
        if found is None or link(before, said) != found[2]:
            raise RewrittenError(
                f"line {number} of the journal in {name} is not what was written: it, or one before"
                " it, was changed, put in or taken out"
            )
        before = found[2]
        yield said, before


@dataclass(frozen=True, slots=True)
class Memory:
    """How far this machine has seen a journal, in a file of its own."""

    path: Path

    def insist(self, links: list[str], name: str) -> None:
        """Raise RewrittenError where what was seen before is not the beginning of this."""
        count, known = self._seen()
        if count and (len(links) < count or links[count - 1] != known):
            had = f"it had {count} lines when it was seen from here last, and"
            now = f"has {len(links)} now" if len(links) < count else "those are others now"
            raise RewrittenError(f"the journal in {name} was rewritten: {had} {now}")

    def keep(self, count: int, known: str) -> None:
        """Remember it as it is now."""
        fresh = self.path.with_name(f".{self.path.name}.partial")
        try:
            self.path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            fresh.write_text(json.dumps({"lines": count, "chain": known}), "utf-8")
            fresh.replace(self.path)
        except OSError as error:
            raise StateError(
                error.errno, f"cannot keep the state in {self.path.parent}: {error.strerror}"
            ) from error

    def _seen(self) -> tuple[int, str]:
        try:
            said = json.loads(self.path.read_text("utf-8"))
            return int(said["lines"]), str(said["chain"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0, ""
