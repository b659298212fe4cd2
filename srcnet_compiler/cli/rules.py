"""The rules that hold here: read from the commit that was applied last."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcnet_compiler import git
from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.settings import SIGNATURES, Settings
from srcnet_compiler.cli.signatures import Trust, common_trust, trust_in, trust_of

if TYPE_CHECKING:
    from srcnet_compiler.apply.store import Store
    from srcnet_compiler.federation.pipelines import Pipelines
    from srcnet_compiler.trust.trusted import Trusted

MERGED = "# merged "
"""Begins the line above those who agreed to what became a commit."""
_OLDER = "apply once more with the srcnet that these were written for"


@dataclass(frozen=True, slots=True)
class Judge:
    """`commit` was applied last; None: nothing was, and the rules that are here hold, `why`."""

    commit: str | None
    why: str = ""

    def __str__(self) -> str:
        if self.commit is None:
            return f"{self.why}: the rules of these specs hold"
        return f"the rules of {self.commit[:12]} hold, which was applied last"


def judge_of(settings: Settings, store: "Store") -> Judge:
    """Whose rules hold. Ends the command where that cannot be told."""
    from srcnet_compiler.apply.ledger import Ledger
    from srcnet_compiler.trust.rules import UnknownRulesError, commits_of, judging

    path = store.find_ledger()
    if path is None:
        return Judge(None, "nothing was applied from here yet")
    with Ledger(path) as ledger:
        applied = commits_of(ledger.lines())
    if not applied:
        return Judge(None, "nothing was applied from here yet of which the commit is known")
    try:
        commit = judging(settings.root, applied, shared=store.announces)
    except UnknownRulesError as trouble:
        raise StopError(
            Exit.REFUSED,
            str(trouble),
            "fetch all of it: `git fetch --unshallow`, or check out what was merged",
        ) from None
    return Judge(commit, "what was applied is not in the history of what is here")


def merges_since(root: Path, commit: str | None) -> list[str]:
    """What was merged since that commit, the oldest first; None: the newest alone. Empty where git
    knows nothing here."""
    wanted = ["-1", "HEAD"] if commit is None else ["--reverse", f"{commit}..HEAD"]
    try:
        done = git.run(["rev-list", "--first-parent", *wanted], root)
    except git.GitError:
        return []
    found = done.stdout.decode().split() if done.returncode == 0 else []
    return found or ([] if commit is None else merges_since(root, None))


def trust_by(settings: Settings, judge: Judge) -> Trust:
    """Whose signature a plan needs: by what srcnet.toml said then and says now."""
    here = trust_of(settings)
    return here if judge.commit is None else common_trust(_trust_at(settings, judge.commit), here)


def keys_differ(settings: Settings, commit: str) -> bool:
    """Whether srcnet.toml says of signatures what it did not say then."""
    return _said(trust_of(settings)) != _said(_trust_at(settings, commit))


def keys_differ_between(settings: Settings, one: str, other: str) -> bool:
    """The same of two commits."""
    return _said(_trust_at(settings, one)) != _said(_trust_at(settings, other))


def _said(trust: Trust) -> "tuple[tuple[Trusted, ...], bool, str | None]":
    return trust.keys, trust.required, trust.root


def pipelines_at(settings: Settings, commit: str, today: date) -> "Pipelines | None":
    """What the specs said of pipelines then. Ends the command where this version of srcnet cannot
    read them."""
    from srcnet_compiler import pipeline
    from srcnet_compiler.cli.comparing import texts
    from srcnet_compiler.review.model import Revision

    (read,) = texts(settings.root, [Revision(commit[:12], commit)])
    loaded = pipeline.load_contents(read.files.items(), pipeline.shaped)
    federation = pipeline.check_loaded(*loaded, today).federation
    if federation is None:
        raise StopError(
            Exit.REFUSED,
            f"the specs of {commit[:12]}, which was applied last, are not understood any more, so"
            " that it is not known whom to ask",
            _OLDER,
        )
    return federation.pipelines


def _trust_at(settings: Settings, commit: str) -> Trust:
    name, folder = settings.file.name, settings.file.parent
    place = f"{name} at {commit[:12]}"
    listed = git.run(["ls-tree", "--name-only", commit, "--", name], folder)
    if listed.returncode == 0 and not listed.stdout.strip():
        return Trust((), False, place)

    def read(file: str) -> str:
        done = git.run(["show", f"{commit}:./{file}"], folder)
        if done.returncode != 0:
            raise ValueError(git.reason(done))
        return done.stdout.decode()

    try:
        said: dict[str, Any] = tomllib.loads(read(name))
        return trust_in(said.get(SIGNATURES, {}), place, read)
    except (ValueError, TypeError, AttributeError, KeyError) as trouble:
        raise StopError(
            Exit.REFUSED, f"cannot read `{place}`, which was applied last: {trouble}", _OLDER
        ) from None
