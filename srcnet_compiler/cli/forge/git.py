"""Changes of a checked-out tree, committed and pushed to a branch of their own."""

from collections.abc import Sequence
from pathlib import Path

from srcnet_compiler import git
from srcnet_compiler.cli.exits import Exit, StopError

_WHO = ("-c", "user.name=srcnet", "-c", "user.email=srcnet@localhost")


def push_change(root: Path, branch: str, title: str, files: Sequence[Path]) -> bool:
    """Push what `files` say now as `branch`, made anew; False where they say what they did."""
    _git(root, "checkout", "--quiet", "-B", branch)
    _git(root, "add", "--", *map(str, files))
    if not _git(root, "diff", "--cached", "--name-only"):
        return False
    _git(root, *_WHO, "commit", "--quiet", "--message", title)
    _git(root, "push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{branch}")
    return True


def _git(root: Path, *words: str) -> str:
    try:
        done = git.run(words, root)
    except git.GitError as trouble:
        raise StopError(Exit.FILES, str(trouble), "install it") from None
    if done.returncode != 0:
        verb = next(word for word in words if not word.startswith(("-", "user.")))
        raise StopError(Exit.FILES, f"git cannot {verb}: {git.reason(done)}")
    return done.stdout.decode()
