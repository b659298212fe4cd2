"""Which commit has exactly the specs that are there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from srcnet_compiler.trust.commit import commit_of

FOLDERS = ("site-specs", "policies")
AUTHOR = ("-c", "user.name=an admin", "-c", "user.email=admin@site.example.org")


def git(root: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *AUTHOR, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one commit."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "site-specs").mkdir()
    (tmp_path / "site-specs/a.yaml").write_text("one: 1\n")
    (tmp_path / ".gitignore").write_text("*.yml\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "one")
    return tmp_path


def test_it_is_the_head_whatever_has_changed_elsewhere(root: Path):
    head = git(root, "rev-parse", "HEAD")
    assert commit_of(root, FOLDERS) == head
    (root / "README").write_text("not a spec")
    assert commit_of(root, FOLDERS) == head
    git(root, "checkout", "--quiet", "--detach")
    assert commit_of(root, FOLDERS) == head


CHANGES: dict[str, Callable[[Path], object]] = {
    "changed": lambda specs: (specs / "a.yaml").write_text("one: 2\n"),
    "gone": lambda specs: (specs / "a.yaml").unlink(),
    "new": lambda specs: (specs / "b.yaml").write_text("two: 2\n"),
    "ignored": lambda specs: (specs / "b.yml").write_text("two: 2\n"),
    "named like what git says": lambda specs: (specs / "# branch.oid b").write_text("two: 2\n"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_there_is_none_where_any_spec_is_in_no_commit(root: Path, change: Callable[[Path], object]):
    change(root / "site-specs")
    assert commit_of(root, FOLDERS) is None
    git(root, "add", "--all", "--force")
    assert commit_of(root, FOLDERS) is None


def test_there_is_none_before_the_first_commit_or_without_git(tmp_path: Path):
    assert commit_of(tmp_path, FOLDERS) is None
    git(tmp_path, "init", "--quiet")
    assert commit_of(tmp_path, FOLDERS) is None
