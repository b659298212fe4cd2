"""Which revisions are meant, and whether they differ at all: loads nothing of the compiler."""

from dataclasses import dataclass
from pathlib import Path

from srcnet_compiler.cli.repository import Repository, repository
from srcnet_compiler.review.model import Revision

HERE = "the folder"
"""What the files as they stand are called."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be compared. `main` is named where both sides come from `base`, which is older."""

    base: Revision
    head: Revision
    main: Revision | None = None


def asked_for(root: Path, base: str, head: str | None) -> Asked:
    """The revisions that are meant; `A...B` is B since it left A, as git has it."""
    repo = repository(root)
    one, dots, other = base.partition("...")
    if dots and head is None:
        end = _revision(repo, other) if other else Revision(HERE, None)
        start = _revision(repo, one or "HEAD")
        fork = repo.merge_base(one or "HEAD", other or "HEAD")
        return Asked(Revision(fork[:10], fork), end, start if start.commit != fork else None)
    end = _revision(repo, head) if head is not None else Revision(HERE, None)
    return Asked(_revision(repo, base), end)


def _revision(repo: Repository, name: str) -> Revision:
    return Revision(name, repo.commit(name))


def is_same(root: Path, asked: Asked) -> bool:
    """Whether no spec file differs, so that there is nothing to compare."""
    if asked.base.commit is None or asked.main is not None:
        return False
    return repository(root).says_the_same(asked.base.commit, asked.head.commit)
