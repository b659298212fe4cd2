"""The pages that the demo leaves behind: the federation, and what one change of a policy would do.

The change is made in memory alone: three copies of a campaign's data in place of two.
"""

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from srcnet_compiler.demo.show import Show
from srcnet_compiler.diagnostic import Outcome
from srcnet_compiler.pipeline import load_contents, name_of, spec_files
from srcnet_compiler.report.page.build import counts
from srcnet_compiler.report.page.made import Made, changed, make
from srcnet_compiler.report.review.words import verdict
from srcnet_compiler.review.compare import Side, compare
from srcnet_compiler.review.model import Review, Revision
from srcnet_compiler.source import Document, parse, read_bytes

POLICY = "policies/data/v01-campaign.yaml"
BEFORE, AFTER = "count: 2, tier: online", "count: 3, tier: online"
Files = Mapping[str, Outcome[bytes]]


def write_pages(specs: Path, folder: Path, today: date, show: Show) -> None:
    """Both pages below `folder`, and what is on them."""
    base = _read(specs)
    head = {**base, POLICY: Outcome(_changed(base[POLICY].value or b""))}
    shown, then = (make(*load_contents(files.items()), today) for files in (base, head))
    review = _review((base, shown), (head, then), today)
    if shown.page is None:
        raise RuntimeError("the specs that come with srcnet have no page")
    _write(folder / "srcnet.html", shown.text, counts(shown.page), show)
    _write(folder / "change.html", changed(review, shown, then), verdict(review), show)


def _read(specs: Path) -> dict[str, Outcome[bytes]]:
    top = specs.resolve()
    return {
        name: read_bytes(path, name) for path in spec_files(specs) for name in (name_of(top, path),)
    }


def _changed(text: bytes) -> bytes:
    if text.count(BEFORE.encode()) != 1:
        raise RuntimeError(f"{POLICY} does not ask for two copies")
    return text.replace(BEFORE.encode(), AFTER.encode())


def _review(base: tuple[Files, Made], head: tuple[Files, Made], today: date) -> Review:
    (files, before), (changed_files, after) = base, head
    return compare(
        Side(Revision("as it is", None), before.compiled, _documents(files)),
        Side(
            Revision("three copies of v01-campaign", None),
            after.compiled,
            _documents(changed_files),
        ),
        today,
    )


def _documents(files: Files) -> tuple[Document, ...]:
    return tuple(parse(POLICY, files[POLICY].value or b"").value or ())


def _write(path: Path, text: str, what: str, show: Show) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    show.text(f"{os.path.relpath(path)}: {what}\n")
