"""`srcnet import egi`: site files of EGI's cloud, and downtimes of GOCDB."""

from typing import Any

import click

from srcnet_compiler.cli.imports.drafting import drafted, site_option, source_options
from srcnet_compiler.cli.settings import Settings


@click.command("egi")
@click.argument("source", metavar="FILE|URL|-")
@site_option
@source_options
@click.pass_obj
def command(settings: Settings, /, source: str, **said: Any) -> int:  # noqa: ANN401  options
    """Draft compute from a site file of EGI's cloud, or downtimes from GOCDB.

    A site file (YAML with `gocdb` and `endpoint`) adds its name to the site that it is, and its
    cloud as a draft of compute. What GOCDB answers to `get_downtime` (XML) becomes downtimes of
    the areas and services on the hosts that it names; what no spec knows is named and left out.

    \b
    Examples:
      srcnet import egi sites/EXAMPLE-CLOUD.yaml --site CHSRC-CSCS
      srcnet import egi downtimes.xml --dry-run
      srcnet import egi "https://goc.egi.eu/gocdbpi/public/?method=get_downtime&topentity=EXAMPLE"
    """
    from srcnet_compiler.importing.egi import read

    return drafted(settings, [source], read, "EGI's file", **said)
