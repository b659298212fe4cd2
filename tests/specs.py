"""Specs for tests: where they stand, random ones, and findings that a file's comments expect."""

import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from srcnet_compiler.diagnostic import Diagnostic, has_errors
from srcnet_compiler.pipeline import (
    Compiled,
    Sources,
    check_loaded,
    compile_checked,
    compile_specs,
)
from srcnet_compiler.schema.common import Document
from srcnet_compiler.schema.validate import Located, validate
from srcnet_compiler.source import parse

HERE = Path(__file__).parent
REAL = HERE.parent
GOLDEN = HERE / "golden" / "specs"
TODAY = date(2026, 11, 22)


def compiled(root: Path, today: date = TODAY) -> Compiled:
    """All stages, which must find no error."""
    result = compile_specs(root, today)
    errors = [f"{d.labels[0].span}: {d.message}" for d in result.diagnostics if result.failed]
    assert not errors
    return result


@lru_cache(maxsize=100)
def documents(name: str, text: str) -> tuple[tuple[Located[Document], ...], tuple[Diagnostic, ...]]:
    """The documents of one file, of known shape, and what was found on the way."""
    parsed = parse(name, text.encode())
    shaped = [validate(document) for document in parsed.value or ()]
    found = (*parsed.diagnostics, *(d for outcome in shaped for d in outcome.diagnostics))
    return tuple(outcome.value for outcome in shaped if outcome.value is not None), found


def compile_texts(files: Mapping[str, str], today: date = TODAY) -> Compiled:
    """All stages on files that stand nowhere; what stays the same is not read again."""
    read = [documents(name, text) for name, text in files.items()]
    specs = tuple(document for found, _ in read for document in found)
    lines = {name: text.split("\n") for name, text in files.items()}
    found = tuple(finding for _, findings in read for finding in findings)
    if has_errors(found):
        return Compiled(Sources(specs, lines, ""), found)
    return compile_checked(check_loaded(Sources(specs, lines, ""), found, today))


def texts(root: Path) -> dict[str, str]:
    """The spec files below `root`, by their names from there."""
    return {
        path.relative_to(root).as_posix(): path.read_text("utf-8")
        for folder in ("policies", "site-specs")
        for path in sorted((root / folder).rglob("*.yaml"))
    }


def repository(folder: Path) -> Path:
    """The folder, as a git repository with what is there committed on `main`."""
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("config", "user.name", "a site admin"),
        ("config", "user.email", "admin@site.example.org"),
        ("config", "commit.gpgsign", "false"),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "What is agreed"),
    ):
        git(folder, *words)
    return folder


def git(folder: Path, *words: str) -> str:
    """What git says there; it knows nothing of the configuration of whoever runs the tests."""
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", *words],
        cwd=folder,
        env={**os.environ, **alone},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


# ── findings that comments expect ─────────────────────────────────────────────────────────────


class Place(NamedTuple):
    """Where a finding is, and what kind it is."""

    file: str
    line: int
    severity: str
    code: str


_MARK = re.compile(
    r'# (?P<severity>error|warning): \[(?P<code>[a-z0-9-]+)\](?: "(?P<words>[^"]*)")?'
)


def expected(files: Mapping[str, str]) -> list[tuple[Place, str]]:
    """What the comments of these files say is found, with words of the message."""
    return [
        (Place(name, number, mark["severity"], mark["code"]), mark["words"] or "")
        for name, text in files.items()
        for number, line in enumerate(text.splitlines(), start=1)
        for mark in _MARK.finditer(line)
    ]


def assert_found(found: Iterable[Diagnostic], files: Mapping[str, str]) -> None:
    """All findings, and nothing else, stand where the comments say, in these words."""
    messages: dict[Place, list[str]] = {}
    for finding in found:
        span = finding.labels[0].span
        place = Place(span.file, span.line, finding.severity.value, finding.code.value)
        messages.setdefault(place, []).append(finding.message)
    wanted = expected(files)
    assert Counter({place: len(said) for place, said in messages.items()}) == Counter(
        place for place, _ in wanted
    ), messages
    for place, words in wanted:
        assert any(words in message for message in messages[place]), (words, messages[place])
