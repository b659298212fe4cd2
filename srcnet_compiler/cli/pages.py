"""Pages for commands: what cannot be shown ends them."""

from datetime import date
from typing import TYPE_CHECKING

from srcnet_compiler.cli.shared import stop_on_errors

if TYPE_CHECKING:
    from srcnet_compiler.cli.revisions import Asked
    from srcnet_compiler.cli.settings import Settings
    from srcnet_compiler.diagnostic import Diagnostic
    from srcnet_compiler.pipeline import Sources
    from srcnet_compiler.report.page.made import Made
    from srcnet_compiler.review.model import Review

GENERATOR = '<meta name="generator" content="srcnet-compiler'
"""By this in its head a page of ours is known."""


def page_of(sources: "Sources", found: "tuple[Diagnostic, ...]", today: date) -> "Made":
    """The page of loaded specs. Ends the command where they cannot be linked."""
    from srcnet_compiler.report.page.made import make

    made = make(sources, found, today)
    if made.page is None:
        stop_on_errors(made.compiled)
    return made


def comparing_page(
    settings: "Settings", asked: "Asked", review: "Review", today: date, policy: bool
) -> str:
    """The page of the head of a comparison, which begins with what the review says; that of the
    architecture group alone where only `policy` is asked for."""
    from srcnet_compiler.cli.comparing import texts
    from srcnet_compiler.pipeline import load_contents
    from srcnet_compiler.report.page.made import changed, changed_policies

    base, head = (
        page_of(*load_contents(read.files.items()), today)
        for read in texts(settings.root, [asked.base, asked.head])
    )
    return (changed_policies if policy else changed)(review, base, head)
