"""`srcnet import storage-json`: volumes as CMS sites describe them to drafts of storage areas."""

from typing import Any

import click

from srcnet_compiler.cli.imports.drafting import (
    area_options,
    drafted,
    site_option,
    source_options,
)
from srcnet_compiler.cli.settings import Settings


@click.command("storage-json")
@click.argument("source", metavar="FILE|URL|-")
@site_option
@area_options
@source_options
@click.pass_obj
def command(settings: Settings, /, source: str, **said: Any) -> int:  # noqa: ANN401  options
    """Draft storage areas from a `storage.json`, as CMS sites write it.

    Each volume becomes a draft in the spec of its site: one that `--site` names, or that has the
    other name as `alsoKnownAs`. Paths that are made by patterns of names, and what else the
    language cannot say, are findings. What is not said there is left to be filled in.

    In a terminal you are asked for the site, the name, the tier and the environment.

    \b
    Examples:
      srcnet import storage-json storage.json --site CHSRC-CSCS --dry-run
      srcnet import storage-json storage.json --site T2_CH_EXAMPLE=CHSRC-CSCS --no-input
      srcnet import storage-json storage.json --name T2_CH_EXAMPLE=CHSRC-CSCS-T1-CMS
    """
    from srcnet_compiler.importing.storage_json import read

    return drafted(settings, [source], read, "storage.json", **said)
