"""Where the specs stand in their history."""

from pathlib import Path

from srcnet_compiler.apply.clone import clean, run_git
from srcnet_compiler.apply.state import StateError


def commit_of(root: Path, folders: tuple[str, ...]) -> str | None:
    """The commit that has exactly the specs in these folders of `root`.

    None where there is no such commit: no repository, or something changed since, or a file that
    is in no commit.
    """
    there = [name for name in folders if (root / name).is_dir()]
    try:
        environment = clean()
        asked = ["status", "--porcelain", "--ignored", "--untracked-files=all", "--", *there]
        status = run_git(["--no-optional-locks", "-C", str(root), *asked], environment)
        if status.returncode != 0 or status.stdout.strip():
            return None
        head = run_git(["-C", str(root), "rev-parse", "--verify", "HEAD"], environment)
    except StateError:
        return None  # no git, no history
    return head.stdout.decode().strip() if head.returncode == 0 else None
