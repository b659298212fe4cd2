"""Every analysis, in order, and the facts that they leave for the targets."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from srcnet_compiler.analysis.allocations import check_allocations
from srcnet_compiler.analysis.capacity import (
    Demand,
    Load,
    check_areas,
    check_tiers,
    check_worst_case,
    demands,
    loads,
)
from srcnet_compiler.analysis.clusters import check_clusters
from srcnet_compiler.analysis.containers import check_containers
from srcnet_compiler.analysis.dead import check_dead
from srcnet_compiler.analysis.expressible import check_expressible
from srcnet_compiler.analysis.identifiers import check_identifiers
from srcnet_compiler.analysis.idle import check_idle
from srcnet_compiler.analysis.naming import check_names
from srcnet_compiler.analysis.object_names import check_object_names
from srcnet_compiler.analysis.offers import check_offers
from srcnet_compiler.analysis.pipelines import check_pipelines
from srcnet_compiler.analysis.placement import PhasePlacement, place
from srcnet_compiler.analysis.places import check_places
from srcnet_compiler.analysis.platforms import check_platforms
from srcnet_compiler.analysis.policies import check_policies
from srcnet_compiler.analysis.queues import check_queues
from srcnet_compiler.analysis.reading import check_reading
from srcnet_compiler.analysis.room import check_room
from srcnet_compiler.analysis.services import check_services
from srcnet_compiler.analysis.storage import check_reach, check_storage
from srcnet_compiler.analysis.transfers import check_transfers
from srcnet_compiler.analysis.waivers import apply_waivers
from srcnet_compiler.analysis.windows import check_windows, check_zones
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Outcome, error
from srcnet_compiler.federation.model import Federation


@dataclass(frozen=True, slots=True)
class Analysis:
    """What follows from the specs. It does not depend on the day."""

    placements: tuple[PhasePlacement, ...]
    loads: tuple[Load, ...]
    demands: tuple[Demand, ...]


Check = Callable[[Federation, Analysis, date], Iterator[Diagnostic]]

CHECKS: tuple[Check, ...] = (
    lambda federation, _facts, _today: check_names(federation),
    lambda federation, _facts, _today: check_storage(federation),
    lambda federation, _facts, _today: check_places(federation),
    lambda federation, _facts, _today: check_reach(federation),
    lambda federation, _facts, _today: check_services(federation),
    lambda federation, facts, _today: check_policies(federation, facts.placements),
    lambda federation, _facts, _today: check_dead(federation),
    lambda federation, _facts, _today: check_identifiers(federation),
    lambda federation, facts, today: check_areas(federation, facts.loads, today),
    lambda federation, facts, today: check_worst_case(federation, facts.loads, today),
    lambda federation, facts, _today: check_tiers(federation, facts.demands),
    lambda federation, facts, today: check_transfers(federation, facts.loads, today),
    lambda federation, _facts, _today: check_zones(federation),
    lambda federation, _facts, _today: check_clusters(federation),
    lambda federation, _facts, today: check_windows(federation, today),
    lambda federation, _facts, _today: check_queues(federation),
    lambda federation, _facts, _today: check_expressible(federation),
    lambda federation, _facts, _today: check_allocations(federation),
    lambda federation, _facts, _today: check_containers(federation),
    lambda federation, _facts, _today: check_object_names(federation),
    lambda federation, _facts, _today: check_offers(federation),
    lambda federation, _facts, _today: check_platforms(federation),
    lambda federation, _facts, _today: check_reading(federation),
    lambda federation, _facts, _today: check_room(federation),
    lambda federation, _facts, _today: check_pipelines(federation),
    lambda federation, _facts, _today: check_idle(federation),
    lambda federation, _facts, _today: check_downtimes(federation),
)


def analyse(federation: Federation, today: date) -> Outcome[Analysis]:
    """The facts, and all findings that no waiver in force on `today` sets aside."""
    placements = tuple(place(federation))
    facts = Analysis(placements, tuple(loads(federation, placements)), tuple(demands(federation)))
    found = (finding for check in CHECKS for finding in check(federation, facts, today))
    return Outcome(facts, tuple(apply_waivers(federation, found, today)))


def check_downtimes(federation: Federation) -> Iterator[Diagnostic]:
    """Downtimes and freezes that end before they begin."""
    for downtime in federation.downtimes:
        if downtime.end <= downtime.start:
            yield error(
                Code.DOWNTIME,
                f"`{downtime.name}` ends before it begins",
                Label(downtime.origin.at("to")),
                Label(downtime.origin.at("from"), "the beginning"),
                subject=downtime.name,
            )
    for freeze in federation.limits.freezes:
        if freeze.end <= freeze.start:
            yield error(
                Code.FREEZE,
                "a freeze ends before it begins",
                Label(freeze.origin.at("to")),
                Label(freeze.origin.at("from"), "the beginning"),
                subject=federation.name,
            )
