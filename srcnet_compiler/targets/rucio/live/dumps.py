"""Lists that Rucio's operators dump, as rows of a snapshot: data sets by RSE, one a line.

Two forms have the data sets: that of `datasets_per_rse` (rse, scope, name, size, creation, update,
last access, state) and that of `consistency_datasets` (rse, scope, name, owner, size, creation,
last access and, in some, state). Fields are parted by tabs, there is no heading, and a file may be
packed by gzip or bzip2. Neither says what policies select by, nor rules, nor numbers of files.
Source: rucio/lib/rucio/common/dumper/data_models.py (Dataset, CompleteDataset).
"""

import bz2
import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from srcnet_compiler.catalogue.model import CatalogueError, Row
from srcnet_compiler.targets.rucio.live.catalogue import Rows

_AT_ONCE = 10_000
_PACKED: Mapping[bytes, Callable[..., IO[str]]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open}
"""How packed files begin, and what unpacks them."""
_AVAILABLE = ("A", "AVAILABLE", "")
_SIZE, _OTHER_SIZE = 3, 4
"""Which field is the size: of the first form, and of the second."""


def read_dumps(paths: Iterable[Path]) -> Iterator[Rows]:
    """The data sets in some dumps. Raises CatalogueError for a line that is none of a dump's.

    A data set is as large as its largest copy, and as old as its oldest.
    """
    sizes: dict[tuple[str, str], tuple[datetime, int]] = {}
    for path in paths:
        held: list[Row] = []
        for rse, scope, name, created, size in _lines(path):
            before = sizes.get((scope, name), (created, size))
            sizes[scope, name] = (min(before[0], created), max(before[1], size))
            held.append((scope, name, rse, None, size))
            if len(held) == _AT_ONCE:
                yield "held", held
                held = []
        yield "held", held
    rows: list[Row] = []
    for (scope, name), (created, size) in sizes.items():
        rows.append((scope, name, None, None, None, created, True, None, size))
        if len(rows) == _AT_ONCE:
            yield "collections", rows
            rows = []
    yield "collections", rows


def _lines(path: Path) -> Iterator[tuple[str, str, str, datetime, int]]:
    with _opened(path) as file:
        for number, line in enumerate(file, start=1):
            try:
                found = _copy([field.strip() for field in line.split("\t")])
            except ValueError as trouble:
                raise CatalogueError(
                    f"`{path}:{number}` is no line of a dump of data sets: {trouble}"
                ) from None
            if found is not None:
                yield found


def _copy(fields: list[str]) -> tuple[str, str, str, datetime, int] | None:
    """What a line says; None: that copy is not whole, or of unknown size."""
    if len(fields) not in (7, 8):
        raise ValueError(f"it has {len(fields)} fields between tabs, and not 7 or 8")
    second = len(fields) == 7 or not fields[_SIZE].isdigit()
    size = fields[_OTHER_SIZE if second else _SIZE]
    created = _moment(fields[5 if second else 4])
    state = fields[7] if len(fields) == 8 else ""
    if state not in _AVAILABLE or not size:
        return None
    if not size.isdigit():
        raise ValueError(f"`{size}` is no number of bytes")
    return fields[0], fields[1], fields[2], created, int(size)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.replace("T", " ")).replace(tzinfo=None)
    except ValueError:
        raise ValueError(f"`{text}` is no time such as 2027-03-01 12:00:00") from None


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    """The text of a file, packed or not. Raises CatalogueError where it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(3)
        packed = next((of for start, of in _PACKED.items() if head.startswith(start)), None)
        if packed is None:
            with path.open(encoding="utf-8") as text:
                yield text
        else:
            with packed(path, "rt", encoding="utf-8") as text:
                yield text
    except (OSError, EOFError, UnicodeError) as trouble:
        why = getattr(trouble, "strerror", None) or str(trouble)
        raise CatalogueError(f"`{path}` cannot be read: {why}") from None
