"""A checked-out tree: the files that a forge would run, and whether they are ours."""

from collections.abc import Iterator
from pathlib import Path

from srcnet_compiler.change import Address, Json
from srcnet_compiler.source import parse
from srcnet_compiler.targets.cicd.model import HEADER, OWNERS, Forge, PipelineFile
from srcnet_compiler.targets.protocol import Gap, Reading

PLACES = {
    "github": (".github/workflows/*.yml", ".github/CODEOWNERS"),
    "gitlab": (".gitlab-ci.yml", ".gitlab/*.yml", ".gitlab/CODEOWNERS"),
}
"""Where each forge looks."""


def read(root: Path, desired: Forge) -> Reading[Forge]:
    """The wanted files that are there, and all others that carry our header."""
    files: dict[str, PipelineFile] = {}
    gaps: list[Gap] = []
    for name in sorted({*desired.files, *_there(root, desired.instance)}):
        try:
            text = (root / name).read_text("utf-8")
            ours = is_ours(text)
            if ours or name in desired.files:
                files[name] = PipelineFile(name, _said(name, text) if ours else None, ours)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError) as trouble:
            under = Address("cicd", desired.instance, "file", name)
            gaps.append(Gap(under, f"it cannot be read: {trouble}"))
    return Reading(Forge(desired.instance, files), tuple(gaps))


def is_ours(text: str) -> bool:
    """Whether a file carries our header, by its first line."""
    return text.partition("\n")[0].endswith(HEADER)


def _there(root: Path, forge: str) -> Iterator[str]:
    for pattern in PLACES[forge]:
        for path in root.glob(pattern):
            if path.is_file():
                yield path.relative_to(root).as_posix()


def _said(name: str, text: str) -> Json:
    if Path(name).name != OWNERS:
        documents = parse(name, text.encode()).value
        if documents is None or len(documents) != 1:
            raise ValueError("it is not one document of YAML")
        said: Json = documents[0].data
        return said
    rows = (line.partition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {pattern: owners for pattern, _, owners in rows if pattern}
