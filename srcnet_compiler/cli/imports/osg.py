"""`srcnet import osg`: resource groups and downtimes of OSG's topology to areas and downtimes."""

from typing import Any

import click

from srcnet_compiler.cli.imports.drafting import (
    area_options,
    drafted,
    site_option,
    source_options,
)
from srcnet_compiler.cli.settings import Settings


@click.command("osg")
@click.argument("sources", metavar="FILE|URL|-...", nargs=-1, required=True)
@site_option
@area_options
@source_options
@click.pass_obj
def command(settings: Settings, /, sources: tuple[str, ...], **said: Any) -> int:  # noqa: ANN401
    """Draft storage areas and downtimes from files of OSG's topology.

    Resources with storage become drafts of areas, but for those on hosts that a spec has already.
    A downtime becomes one of the areas and services that are on the host of its resource, so give
    the file of the resource group as well; what no spec knows is named and left out.

    \b
    Examples:
      srcnet import osg EXAMPLE.yaml --site CHSRC-CSCS --dry-run
      srcnet import osg EXAMPLE.yaml EXAMPLE_downtime.yaml
    """
    from srcnet_compiler.importing.osg import read

    return drafted(settings, sources, read, "OSG's topology", **said)
