"""`srcnet diff`: what a change of the specs would do, without looking at any system."""

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
@click.option("--live", is_flag=True, help="Read the systems too: what had drifted before.")
@click.option(
    "--catalogue",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="What would be moved of the data in this snapshot; seen from the specs' folder.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it here.")
@click.option("--detailed-exitcode", is_flag=True, help="End with 2 where anything changes.")
@format_option("text", "json", "markdown", "html", *FINDINGS)
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
      srcnet diff v1.2 v1.3 --policy
      srcnet diff main --policy --catalogue .srcnet/catalogue
      srcnet diff main --format html --out change.html
    """
    if site is not None and policy:
        raise StopError(Exit.USAGE, "`--site` and `--policy` are two pages", "ask for one of them")
    if form != "text" and (site is not None or policy):
        raise StopError(
            Exit.USAGE,
            f"`{'--policy' if policy else '--site'}` is a page of text, not of `--format {form}`",
            "leave out one of the two: the other formats are about all sites and policies at once",
        )
    from srcnet_compiler.cli.revisions import asked_for

    day, asked = the_day(today), asked_for(settings.root, base, head)
    review = _review(settings, asked, members, day, live, site, catalogue)
    if form == "html":
        from srcnet_compiler.cli.pages import comparing_page

        text = comparing_page(settings, asked, review, day)
    else:
        text = _rendered(review, form, site, policy, full)
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
    from srcnet_compiler.cli import comparing

    return comparing.review(settings, asked, members, today, live, catalogue)


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


def _rendered(review: "Review", form: str, site: str | None, policy: bool, full: bool) -> str:
    if form == "json":
        from srcnet_compiler.report.review.json import render_json

        return render_json(review)
    if form == "markdown":
        from srcnet_compiler.report.review.markdown import render_markdown

        return render_markdown(review)
    if form in FINDINGS:
        from srcnet_compiler import __version__
        from srcnet_compiler.report.formats import FORMATS
        from srcnet_compiler.report.model import Report

        return FORMATS[form](Report(review.new, review.head_lines, version=__version__))
    from srcnet_compiler.report.review import text

    colour = is_coloured()
    if site is not None:
        return text.render_site(review, _site(review, site), full=full, colour=colour)
    if policy:
        return text.render_policy(review, full=full, colour=colour)
    return text.render_review(review, full=full, colour=colour)
