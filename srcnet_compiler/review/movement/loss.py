"""The federation without some sites: what their loss would leave, and have to be mended."""

from collections.abc import Collection
from dataclasses import replace

from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.analysis.placement import place
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.names import SiteName


def without(
    federation: Federation, analysis: Analysis, sites: Collection[SiteName]
) -> tuple[Federation, Analysis]:
    """The same specs with none of the sites' areas; what they hold is placed anew."""
    left = {name: area for name, area in federation.areas.items() if area.site not in sites}
    lesser = replace(federation, areas=left)
    return lesser, replace(analysis, placements=tuple(place(lesser)))
