"""`srcnet forge`: what a pipeline tells people on the forge that runs it, and asks of it."""

import os
from collections.abc import Callable
from pathlib import Path

import click

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.files import write_file
from srcnet_compiler.cli.options import state_option
from srcnet_compiler.cli.settings import Settings
from srcnet_compiler.cli.shared import state_store

MOST = 60_000
"""Characters of one text; forges refuse some more."""


@click.command("forge")
@click.argument(
    "action",
    type=click.Choice(["comment", "findings", "approvals", "issue", "digest", "propose"]),
)
@click.argument("files", nargs=-1, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--marker", default="srcnet", show_default=True, help="By this a comment is known.")
@click.option("--title", metavar="TEXT", help="What an issue or a proposal is called.")
@click.option("--close", "closing", is_flag=True, help="The issue is done with.")
@click.option("--branch", metavar="NAME", help="The branch of a proposal.")
@click.option("--kind", metavar="KIND", help="Service or WorkflowTemplate.")
@click.option("--name", metavar="NAME", help="The service or template whose image was published.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Where the answer goes."
)
@state_option
@click.pass_obj
def command(
    settings: Settings,
    action: str,
    files: tuple[Path, ...],
    marker: str,
    title: str | None,
    closing: bool,
    branch: str | None,
    kind: str | None,
    name: str | None,
    out: Path | None,
    state: Path | str,
) -> int:
    """Tell people on the forge, from inside one of its pipelines.

    The compiled pipelines use it: one comment on a proposal, written anew each time; findings for
    code scanning; who approved what was merged; one issue for what has drifted; the digest of an
    image into its spec; a proposal. Who we are is taken from the environment that the forge sets.

    \b
    Examples:
      srcnet forge comment --marker srcnet:diff comment.md
      srcnet forge approvals --out approved.txt
      srcnet forge issue --title "Drift of CHSRC-CSCS" drift.txt
    """
    does: dict[str, Callable[[], None]] = {
        "comment": lambda: _comment(_only(files), marker),
        "findings": lambda: _findings(_only(files)),
        "approvals": lambda: _approvals(settings, out, state),
        "issue": lambda: _issue(_given(title, "--title"), files, closing),
        "digest": lambda: _digest(
            settings, _given(kind, "--kind"), _given(name, "--name"), _only(files)
        ),
        "propose": lambda: _propose(
            settings, _given(branch, "--branch"), _given(title, "--title"), files
        ),
    }
    does[action]()
    return Exit.FINE


def _comment(file: Path, marker: str) -> None:
    from srcnet_compiler.cli.forge import here

    mark = f"<!-- {marker} -->"
    text = _read(file)
    body = text if text.startswith(mark) else f"{mark}\n{text}"
    forge = here(os.environ)
    known = [post.number for post in forge.comments() if post.text.startswith(mark)]
    forge.comment(_short(body), known[0] if known else None)
    click.echo("the comment is written anew" if known else "the comment is written")


def _findings(file: Path) -> None:
    from srcnet_compiler.cli.forge import here

    taken = here(os.environ).scan(_read(file).encode())
    click.echo("findings are shown" if taken else "this repository has no code scanning")


def _approvals(settings: Settings, out: Path | None, state: Path | str) -> None:
    """Also of teams that only the rules know which were applied last: those may be asked."""
    from srcnet_compiler import pipeline
    from srcnet_compiler.cli.forge import here
    from srcnet_compiler.cli.rules import MERGED, judge_of, merges_since, pipelines_at

    federation = pipeline.check(settings.root, settings.today).federation
    pipelines = federation.pipelines if federation is not None else None
    if pipelines is None:
        raise StopError(Exit.USAGE, "the specs have no pipelines", "`srcnet validate` says more")
    commit = judge_of(settings, state_store(settings, state)).commit
    before = None if commit is None else pipelines_at(settings, commit, settings.today)
    known = [each for each in (pipelines, before) if each is not None]
    groups = (who for rules in known for each in rules.approvals for who in each.reviewers)
    sites = (who for rules in known for each in rules.sites.values() for who in each.reviewers)
    teams = sorted({who for who in (*groups, *sites) if "/" in who})
    forge = here(os.environ)
    text = ""
    known_merges: list[str | None] = [*merges_since(settings.root, commit)]
    for merged in known_merges or [None]:
        rows = forge.approvers(teams, merged)
        text += f"{MERGED}{merged}\n" if merged is not None else ""
        text += "".join(f"{' '.join(row)}\n" for row in rows)
        if merged is not None and not rows:
            click.echo(f"nobody has approved what was merged as {merged[:12]}")
    if out is not None:
        write_file(out, text)
    click.echo(text or "nobody has approved what was merged", nl=bool(not text))


def _issue(title: str, files: tuple[Path, ...], closing: bool) -> None:
    """One issue of a title, as long as it is open."""
    from srcnet_compiler.cli.forge import here

    forge = here(os.environ)
    known = forge.issues(title)
    if closing:
        for post in known:
            forge.close(post.number)
        click.echo(f"closed: {title}" if known else f"not open: {title}")
        return
    text = f"```text\n{_read(_only(files)).replace('```', '` ` `')}```\n"
    forge.issue(title, _short(text), known[0].number if known else None)
    click.echo(f"written anew: {title}" if known else f"opened: {title}")


def _digest(settings: Settings, kind: str, name: str, file: Path) -> None:
    from srcnet_compiler.cli.forge.digest import move_digest

    place = move_digest(settings.root, settings.today, kind, name, _read(file).strip())
    click.echo(f"{name} is what was published: {place}")


def _propose(settings: Settings, branch: str, title: str, files: tuple[Path, ...]) -> None:
    from srcnet_compiler.cli.forge import here
    from srcnet_compiler.cli.forge.git import push_change

    if not files:
        raise StopError(Exit.USAGE, "no file is named", "name what is to be proposed")
    forge = here(os.environ)
    if not push_change(settings.root, branch, title, files):
        click.echo("nothing has changed, so nothing is proposed")
        return
    text = "A pipeline has published an image, and the specs are to name it by what it holds."
    click.echo(forge.propose(branch, title, text))


def _given(value: str | None, option: str) -> str:
    if value is None:
        raise StopError(Exit.USAGE, f"`{option}` is missing", "`srcnet forge --help` says more")
    return value


def _only(files: tuple[Path, ...]) -> Path:
    if len(files) != 1:
        raise StopError(Exit.USAGE, "one file is needed", "`srcnet forge --help` says more")
    return files[0]


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeError:
        raise StopError(Exit.FILES, f"`{file}` is not text in UTF-8") from None


def _short(text: str) -> str:
    if len(text) <= MOST:
        return text
    return f"{text[:MOST]}\n\n… and {len(text) - MOST} characters more, in the run's log\n"
