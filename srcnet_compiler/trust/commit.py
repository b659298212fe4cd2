"""Where the specs stand in their history, and what must never be a part of it."""

from pathlib import Path

from srcnet_compiler import git


def comes_before(root: Path, one: str, other: str) -> bool:
    """Whether a commit is in the history of another one; False where git knows not both."""
    asked = ["merge-base", "--is-ancestor", one, other]
    try:
        return one != other and git.run(asked, root).returncode == 0
    except git.GitError:
        return False


def insist_on_untracked(root: Path, folder: Path) -> None:
    """Raise StateError where a commit brings along what stands in a folder of our state.

    Whoever proposed it would write our journal for us, or the settings of our clone, by which git
    runs commands.
    """
    from srcnet_compiler.apply.state import StateError

    try:
        found = git.run(["ls-files", "-z", "--", str(folder)], root)
    except git.GitError:
        return  # no git, so nobody brought it along
    first = found.stdout.decode("utf-8", "replace").partition("\0")[0]
    if found.returncode == 0 and first:
        raise StateError(
            f"`{first}` is in the history of the specs, and a state must not come with them:"
            f" `git rm -r --cached {folder}`, and remove the folder"
        )


def commit_of(root: Path, folders: tuple[str, ...]) -> str | None:
    """The commit that has exactly the specs in these folders of `root`.

    None where there is no such commit: no repository, or something changed since, or a file that
    is in no commit.
    """
    there = [name for name in folders if (root / name).is_dir()]
    try:
        asked = ["status", "--porcelain=v2", "--branch", "--no-ahead-behind"]
        asked += ["--ignored", "--untracked-files=all", "--", *there]
        status = git.run(asked, root)
    except git.GitError:
        return None  # no git, no history
    lines = status.stdout.decode("utf-8", "replace").splitlines()
    if status.returncode != 0 or not all(line.startswith("# ") for line in lines):
        return None
    heads = (line.removeprefix(_COMMIT) for line in lines if line.startswith(_COMMIT))
    head = next(heads, _NONE_YET)
    return None if head == _NONE_YET else head


_COMMIT = "# branch.oid "
_NONE_YET = "(initial)"
"""What git says of a branch without a commit."""
