"""The repository of a forge: a bare one, people's clones of it, proposals and merges."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cli_runner import edit
from forge_server import REPOSITORY, Forge

MAIN = "main"
Edit = tuple[str, str, str]
"""A file, what stands in it once, and what is to stand there instead."""


def git(folder: Path, *words: str) -> str:
    """One command of git, by a person who has no settings."""
    env = {
        **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
    }
    who = ("-c", "user.name=Anna", "-c", "user.email=anna@example.org")
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *words], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, f"git {' '.join(words)}: {done.stderr}"
    return done.stdout.strip()


@dataclass
class Proposal:
    """A pull request: its number, its branch, and the commits that it would join."""

    number: int
    branch: str
    base: str
    head: str


@dataclass
class Repository:
    """`bare` is the forge's, `clone` a person's."""

    bare: Path
    clone: Path
    forge: Forge

    def propose(self, branch: str, name: str, before: str, after: str, *more: Edit) -> Proposal:
        """A person changes files in a branch and opens a proposal."""
        git(self.clone, "checkout", "--quiet", "-B", branch, f"origin/{MAIN}")
        for file, there, then in ((name, before, after), *more):
            edit(self.clone / file, there, then)
        git(self.clone, "commit", "--quiet", "--all", "--message", branch)
        return self.open(branch)

    def open(self, branch: str) -> Proposal:
        git(self.clone, "push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{branch}")
        head = git(self.clone, "rev-parse", "HEAD")
        base = git(self.clone, "rev-parse", f"origin/{MAIN}")
        number = len(self.forge.pulls) + 1
        repo = {"full_name": REPOSITORY}
        self.forge.pulls.append(
            {
                "number": number,
                "merged_at": None,
                "merge_commit_sha": None,
                "head": {"sha": head, "ref": branch, "repo": repo},
                "base": {"sha": base, "ref": MAIN, "repo": repo},
            }
        )
        # what the forge tries out: the base with the proposal merged into it
        git(self.clone, "checkout", "--quiet", "--detach", base)
        git(self.clone, "merge", "--quiet", "--no-ff", "--message", "tried out", head)
        git(self.clone, "push", "--quiet", "--force", "origin", f"HEAD:refs/pull/{number}/merge")
        return Proposal(number, branch, base, head)

    def asked(self, proposal: Proposal) -> dict[str, str]:
        """Whom the forge asks for a review of each file: of several lines the last that matches."""
        text = git(self.bare, "show", f"{proposal.base}:.github/CODEOWNERS")
        rows = [line.partition(" ") for line in text.splitlines() if not line.startswith("#")]
        names = git(self.bare, "diff", "--name-only", f"{proposal.base}...{proposal.head}")
        return {
            name: [who for pattern, _, who in rows if _matches(pattern, name)][-1]
            for name in names.splitlines()
        }

    def merge(self, proposal: Proposal) -> str:
        """Somebody presses the button; the commit that main is then."""
        git(self.clone, "fetch", "--quiet", "origin")
        git(self.clone, "checkout", "--quiet", "-B", MAIN, f"origin/{MAIN}")
        words = f"Merge {proposal.branch}"
        git(self.clone, "merge", "--quiet", "--no-ff", "--message", words, proposal.head)
        git(self.clone, "push", "--quiet", "origin", f"{MAIN}:{MAIN}")
        commit = git(self.clone, "rev-parse", "HEAD")
        pull = self.forge.pulls[proposal.number - 1]
        pull.update(merged_at="2026-11-22T08:00:00Z", merge_commit_sha=commit)
        return commit


def _matches(pattern: str, name: str) -> bool:
    """Of the patterns that owners may have those that we write: all, a folder, a file."""
    if pattern == "*":
        return True
    assert pattern.startswith("/"), pattern
    assert not {*pattern} & {*"*?[!"}, pattern
    path = f"/{name}"
    return path.startswith(pattern) if pattern.endswith("/") else path == pattern


def publish(specs: Path, folder: Path, forge: Forge) -> Repository:
    """A forge's repository that begins with these specs."""
    bare, clone = folder / "forge.git", folder / "anna"
    git(folder, "init", "--quiet", "--bare", "--initial-branch", MAIN, str(bare))
    git(specs, "init", "--quiet", "--initial-branch", MAIN)
    git(specs, "add", "--all")
    git(specs, "commit", "--quiet", "--message", "The specs")
    git(specs, "push", "--quiet", str(bare), MAIN)
    git(folder, "clone", "--quiet", str(bare), str(clone))
    return Repository(bare, clone, forge)
