"""A page from specs as they were loaded, and that of a change from the specs of both sides."""

from dataclasses import dataclass
from datetime import date

from srcnet_compiler import __version__
from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.pipeline import Compiled, Sources, check_loaded, compile_checked
from srcnet_compiler.report.page.build import Subject, page
from srcnet_compiler.report.page.comparison import comparison
from srcnet_compiler.report.page.html import render, render_change
from srcnet_compiler.report.page.model import Page
from srcnet_compiler.report.page.readers import policy_change
from srcnet_compiler.review.model import Review


@dataclass(frozen=True, slots=True)
class Made:
    """How far the stages came; `page` None: not as far as to be shown."""

    sources: Sources
    compiled: Compiled
    page: Page | None

    @property
    def text(self) -> str:
        """The file. Raises ValueError where there is no page."""
        return render(_shown(self), self.sources.lines)


def make(sources: Sources, found: tuple[Diagnostic, ...], today: date) -> Made:
    """The page of loaded specs, in which `found` was found."""
    compiled = compile_checked(check_loaded(sources, found, today))
    federation, analysis = compiled.federation, compiled.analysis
    if federation is None or analysis is None:
        return Made(sources, compiled, None)
    subject = Subject(
        federation=federation,
        analysis=analysis,
        specs=sources.specs,
        diagnostics=compiled.diagnostics,
        lines=sources.lines,
        digest=sources.digest,
        judged=today,
        version=__version__,
    )
    return Made(sources, compiled, page(subject))


def changed(review: Review, base: Made, head: Made) -> str:
    """The file that shows head, and first what it would do to base, as `review` says."""
    before, after = _shown(base), _shown(head)
    return render(after, head.sources.lines, comparison(review, before, after))


def changed_policies(review: Review, base: Made, head: Made) -> str:
    """The file of the architecture group about the same."""
    return render_change(policy_change(review, _shown(base), _shown(head)), head.sources.lines)


def _shown(made: Made) -> Page:
    if made.page is None:
        raise ValueError("specs that cannot be linked cannot be shown")
    return made.page
