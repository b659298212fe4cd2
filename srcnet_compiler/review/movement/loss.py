"""The federation without one site: what its loss would leave, and have to be mended."""

from dataclasses import replace

from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.analysis.placement import place
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import SiteName


def without(
    federation: Federation, analysis: Analysis, site: SiteName
) -> tuple[Federation, Analysis]:
    """The same specs with none of the site's areas; what they hold is placed anew."""
    left = {name: area for name, area in federation.areas.items() if area.site != site}
    lesser = replace(federation, areas=left)
    return lesser, replace(analysis, placements=tuple(place(lesser)))
