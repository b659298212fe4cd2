"""`srcnet diff`: what a change of the specs would do, without looking at any system."""

import gc
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcnet_compiler.cli import completing
from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.files import write_file
from srcnet_compiler.cli.options import format_option, full_option, members_option, today_option
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import is_coloured, show, the_day
from srcnet_compiler.near import did_you_mean

if TYPE_CHECKING:
    from srcnet_compiler.cli.revisions import Asked
    from srcnet_compiler.names import SiteName
    from srcnet_compiler.review.model import Review


PAGES = ("text", "json", "markdown", "html")
FINDINGS = ("sarif", "junit", "github", "gitlab")
"""Formats that carry findings alone: those that head has and base has not."""


@click.command("diff")
@click.argument("base")
@click.argument("head", required=False)
@click.option(
    "--site",
    metavar="SITE",
    shell_complete=completing.sites,
    help="The page of this site: what reaches it, and why.",
)
@click.option("--policy", is_flag=True, help="The page of the architecture group.")
@click.option(
    "--live",
    is_flag=True,
    help="Read the systems too, with `--site` its own: what had drifted before.",
)
@click.option(
    "--catalogue",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="What would be moved of the data in this snapshot; seen from the specs' folder.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it here.")
@click.option("--detailed-exitcode", is_flag=True, help="End with 2 where anything changes.")
@format_option(*PAGES, *FINDINGS)
@full_option
@members_option
@today_option
@click.pass_obj
def command(
    settings: Settings,
    base: str,
    head: str | None,
    site: str | None,
    policy: bool,
    live: bool,
    catalogue: Path | None,
    out: Path | None,
    detailed_exitcode: bool,
    form: str,
    full: bool,
    members: tuple[Path, ...],
    today: datetime | None,
) -> int:
    """Show what a change of the specs would do.

    BASE and HEAD are git revisions; without HEAD it is the files as they stand. `BASE...HEAD` is
    what HEAD changed since it left BASE, as in git. Compared is what is meant: order, layout and
    another unit for the same amount are no change. Formats for findings, such as sarif, have those
    that are new.

    \b
    Examples:
      srcnet diff main
      srcnet diff main...my-branch --format markdown
      srcnet diff main --site CHSRC-CSCS
      srcnet diff main --site CHSRC-CSCS --format html --out my-site.html
      srcnet diff v1.2 v1.3 --policy
      srcnet diff main --policy --catalogue .srcnet/catalogue
      srcnet diff main --format html --out change.html
    """
    if site is not None and policy:
        raise StopError(Exit.USAGE, "`--site` and `--policy` are two pages", "ask for one of them")
    if form in FINDINGS and (site is not None or policy):
        option = "--policy" if policy else "--site"
        raise StopError(
            Exit.USAGE,
            f"`{option}` is a page, and `--format {form}` has only findings",
            f"leave out one of the two: the pages are {', '.join(PAGES)}",
        )
    from srcnet_compiler.cli.revisions import asked_for

    day, asked = the_day(today), asked_for(settings.root, base, head)
    review = _review(settings, asked, members, day, live, site, catalogue)
    text = _page(settings, asked, review, day, policy) if form == "html" and site is None else ""
    text = text or _rendered(review, form, site, policy, full)
    if out is not None:
        write_file(out, text)
    else:
        show(text)
    return Exit.CHANGES if detailed_exitcode and not review.is_nothing else Exit.FINE


def _review(
    settings: Settings,
    asked: "Asked",
    members: tuple[Path, ...],
    today: date,
    live: bool,
    site: str | None,
    catalogue: Path | None,
) -> "Review":
    from srcnet_compiler.cli.revisions import is_same

    if is_same(settings.root, asked) and not live and site is None and catalogue is None:
        from srcnet_compiler.review.model import Review

        return Review(asked.base, asked.head)
    from srcnet_compiler.source import no_collection

    with no_collection():
        from srcnet_compiler.cli import comparing

        found = comparing.review(settings, asked, members, today, live, site, catalogue)
        gc.freeze()  # else all of it is walked over again when the process ends
        return found


def _site(review: "Review", name: str) -> "SiteName":
    """The site of that name, on either side."""
    known = [reach.site for reach in review.reaches]
    for site in known:
        if site == name:
            return site
    raise StopError(
        Exit.USAGE,
        f"there is no site `{name}` on either side",
        did_you_mean(name, known, f"one of {', '.join(known)}"),
    )


def _page(settings: Settings, asked: "Asked", review: "Review", today: date, policy: bool) -> str:
    from srcnet_compiler.cli.pages import comparing_page

    return comparing_page(settings, asked, review, today, policy)


def _rendered(review: "Review", form: str, site: str | None, policy: bool, full: bool) -> str:
    if form in FINDINGS:
        from srcnet_compiler import __version__
        from srcnet_compiler.report.formats import FORMATS
        from srcnet_compiler.report.model import Report

        return FORMATS[form](Report(review.new, review.head_lines, version=__version__))
    if site is not None:
        return _of_site(review, _site(review, site), form, full)
    return _of_all(review, form, policy, full)


def _of_site(review: "Review", site: "SiteName", form: str, full: bool) -> str:
    if form == "html":
        from srcnet_compiler.report.page.html import render_change
        from srcnet_compiler.report.page.readers import site_change

        return render_change(site_change(review, site), review.head_lines)
    if form == "json":
        from srcnet_compiler.report.review.json import render_site_json

        return render_site_json(review, site)
    if form == "markdown":
        from srcnet_compiler.report.review.markdown import render_site_markdown

        return render_site_markdown(review, site)
    from srcnet_compiler.report.review.text import render_site

    return render_site(review, site, full=full, colour=is_coloured())


def _of_all(review: "Review", form: str, policy: bool, full: bool) -> str:
    if form == "json":
        from srcnet_compiler.report.review.json import render_json, render_policy_json

        return (render_policy_json if policy else render_json)(review)
    if form == "markdown":
        from srcnet_compiler.report.review.markdown import render_markdown, render_policy_markdown

        return (render_policy_markdown if policy else render_markdown)(review)
    from srcnet_compiler.report.review.text import render_policy, render_review

    render = render_policy if policy else render_review
    return render(review, full=full, colour=is_coloured())
