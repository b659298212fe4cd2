"""What was read of other people's documents, before anything is said of our sites."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from srcnet_compiler.diagnostic import Diagnostic
from srcnet_compiler.importing.drafting.areas import Area
from srcnet_compiler.importing.drafting.outages import Outage
from srcnet_compiler.importing.drafting.papers import Paper
from srcnet_compiler.importing.drafting.sites import SiteDraft


@dataclass(frozen=True, slots=True)
class Sketch:
    """Areas, sites and downtimes of others. `left` counts what specs have no word for."""

    papers: tuple[Paper, ...]
    areas: tuple[Area, ...] = ()
    sites: tuple[SiteDraft, ...] = ()
    outages: tuple[Outage, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    left: Counter[str] = field(default_factory=Counter)

    @property
    def lines(self) -> Mapping[str, Sequence[str]]:
        """The lines of all documents, as findings show them."""
        return {each.file: each.lines for each in self.papers}
