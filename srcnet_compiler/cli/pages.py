"""The page of a federation, and that of a change, from specs wherever they stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from srcnet_compiler.cli.shared import stop_on_errors

if TYPE_CHECKING:
    from srcnet_compiler.cli.revisions import Asked
    from srcnet_compiler.cli.settings import Settings
    from srcnet_compiler.diagnostic import Diagnostic, Outcome
    from srcnet_compiler.pipeline import Sources
    from srcnet_compiler.report.page.model import Page
    from srcnet_compiler.review.model import Review

GENERATOR = '<meta name="generator" content="srcnet-compiler'
"""By this in its head a page of ours is known."""


@dataclass(frozen=True, slots=True)
class Made:
    """A page, with what was found on the way and the specs that it shows."""

    page: "Page"
    found: "tuple[Diagnostic, ...]"
    sources: "Sources"


def page_of(sources: "Sources", found: "tuple[Diagnostic, ...]", today: date) -> Made:
    """The page of loaded specs. Ends the command where they cannot be linked."""
    from srcnet_compiler import __version__
    from srcnet_compiler.pipeline import check_loaded, compile_checked
    from srcnet_compiler.report.page import build

    compiled = compile_checked(check_loaded(sources, found, today))
    federation, analysis = compiled.federation, compiled.analysis
    if federation is None or analysis is None:
        stop_on_errors(compiled)
    assert federation is not None
    assert analysis is not None
    subject = build.Subject(
        federation=federation,
        analysis=analysis,
        specs=sources.specs,
        diagnostics=compiled.diagnostics,
        lines=sources.lines,
        digest=sources.digest,
        judged=today,
        version=__version__,
    )
    return Made(build.page(subject), compiled.diagnostics, sources)


def comparing_page(settings: "Settings", asked: "Asked", review: "Review", today: date) -> str:
    """The page of the head of a comparison, which begins with what the review says."""
    from srcnet_compiler.cli.comparing import texts
    from srcnet_compiler.report.page.comparison import comparison
    from srcnet_compiler.report.page.html import render

    base, head = (
        _page_of_files(read.files, today) for read in texts(settings.root, [asked.base, asked.head])
    )
    return render(head.page, head.sources.lines, comparison(review, base.page, head.page))


def _page_of_files(files: "Mapping[str, Outcome[bytes]]", today: date) -> Made:
    from srcnet_compiler.pipeline import load_contents

    return page_of(*load_contents(files.items()), today)
