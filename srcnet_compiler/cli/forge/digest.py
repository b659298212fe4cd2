"""The digest of a published image into the spec that names it; every other byte stays."""

import re
from datetime import date
from pathlib import Path

from srcnet_compiler import pipeline
from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.files import write_file
from srcnet_compiler.span import Origin, Span


def move_digest(root: Path, today: date, kind: str, name: str, digest: str) -> str:
    """Write `digest` where the image of this service or template is named; that place."""
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise StopError(Exit.USAGE, "that is no digest: it is `sha256:` and 64 hexadecimal digits")
    image = _image(root, today, kind, name)
    file = root / image.source_map.file
    lines = file.read_text("utf-8").split("\n")
    place = image.at("digest") if image.has("digest") else image.at("repository")
    lines[place.line - 1] = _line(lines[place.line - 1], place, digest, image)
    write_file(file, "\n".join(lines))
    return f"{file}:{place.line}"


def _line(line: str, place: Span, digest: str, image: Origin) -> str:
    if image.has("digest"):
        return f"{line[: place.column - 1]}{digest}{line[place.end_column - 1 :]}"
    head, rest = line[: place.end_column - 1], line[place.end_column - 1 :]
    whole, key = image.at(), image.key("repository")
    if (whole.line, whole.column) < (key.line, key.column):  # between braces
        return f"{head}, digest: {digest}{rest}"
    return f"{head}{rest}\n{' ' * (key.column - 1)}digest: {digest}"


def _image(root: Path, today: date, kind: str, name: str) -> Origin:
    federation = pipeline.check(root, today).federation
    if federation is not None:
        there = federation.services if kind == "Service" else federation.templates
        found = there.get(name)
        if found is not None:
            return found.container.image.origin
    raise StopError(Exit.USAGE, f"there is no {kind} `{name}`", "`srcnet validate` says more")
