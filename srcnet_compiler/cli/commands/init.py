"""`srcnet init`: a new repository of specs."""

from pathlib import Path

import click

from srcnet_compiler.cli.drafts import draft, spare
from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.files import write_files
from srcnet_compiler.cli.settings import Settings

UNKNOWN = "ZZ"
"""What ISO 3166 leaves free for a country that is not known."""


@click.command("init")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--name", default="federation", show_default=True, help="The federation's name.")
@click.option("--site", default="FIRST-SITE", show_default=True, help="The first site's name.")
@click.option("--country", default=UNKNOWN, show_default=True, help="Its country, two letters.")
@click.option(
    "--issuer", default="https://iam.invalid/", show_default=True, help="The identity provider."
)
@click.option(
    "--rucio", default="https://rucio.invalid", show_default=True, help="The Rucio server."
)
@click.pass_obj
def command(
    settings: Settings,
    folder: Path | None,
    name: str,
    site: str,
    country: str,
    issuer: str,
    rucio: str,
) -> int:
    """Begin a repository of specs: a federation and one site, as drafts that compile.

    Nothing that is there is overwritten. What is not said stands as a draft, or leads nowhere.

    \b
    Examples:
      srcnet init
      srcnet init specs --name ska --site CHSRC-CSCS --country CH
    """
    from srcnet_compiler.schema import export

    top = folder or Path()
    member = site.partition("-")[0]
    region = "unknown" if country == UNKNOWN else "everywhere"
    files = {
        top / "policies/federation.yaml": draft(
            "federation.yaml",
            name=name,
            member=member,
            region=region,
            country=country,
            issuer=issuer,
            rucio=rucio,
        ),
        top / f"site-specs/{site.lower()}.yaml": draft(
            "site.yaml",
            name=site,
            member=member,
            country=country,
            command="init",
            schema="../schemas/site.schema.json",
        ),
        top / "README.md": draft("readme.md", name=name),
        top / "srcnet.toml": draft("srcnet.toml"),
        top / ".gitignore": draft("gitignore"),
        top / ".pre-commit-config.yaml": draft("pre-commit-config.yaml"),
        **{top / "schemas" / file: text for file, text in export.files().items()},
    }
    spare(files)
    _refuse_errors(files, top, settings)
    write_files(files)
    for path in files:
        if "schemas" not in path.parts:
            click.echo(path)
    click.echo(f"{top / 'schemas'}/")
    return Exit.FINE


def _refuse_errors(files: dict[Path, str], top: Path, settings: Settings) -> None:
    """End the command where a name or an address that was given is none."""
    from srcnet_compiler.diagnostic import Severity
    from srcnet_compiler.editor.workspace import Workspace

    specs = {
        path.relative_to(top).as_posix(): text
        for path, text in files.items()
        if path.relative_to(top).parts[0] in ("policies", "site-specs")
    }
    for found in Workspace(top).snapshot(settings.today, specs).findings:
        if found.severity is Severity.ERROR:
            raise StopError(Exit.USAGE, found.message, found.help)
