"""An embargo in words and as data, wherever one collection is spoken of."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.paint import Paint
from srcnet_compiler.review.embargo import Embargoed


def embargo_lines(found: Embargoed | None, today: date, paint: Paint) -> Iterator[str]:
    """Nothing where there is none, or where it is over."""
    if found is None or found.until <= today:
        return
    draft = " (a draft)" if found.is_draft else ""
    place = paint(str(found.place), "place")
    yield f"until {found.until} only {visible(found.group)} may read it{draft}   {place}"


def embargo_data(found: Embargoed | None) -> dict[str, Any] | None:
    """All of it, also where it is over."""
    if found is None:
        return None
    return {
        "until": found.until.isoformat(),
        "readers": found.group,
        "draft": found.is_draft,
        "place": str(found.place),
    }
