"""Data policies to embargoes: facts for whoever grants access, in the words of the catalogue."""

from collections.abc import Iterator

from srcnet_compiler.federation.data_policy import DataPolicy
from srcnet_compiler.federation.data_policy import Embargo as Ruled
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.targets.rucio.lower.places import Spans, policy_places, written
from srcnet_compiler.targets.rucio.lower.policies import selected_columns
from srcnet_compiler.targets.rucio.model.embargo import Embargo


def embargoes(federation: Federation) -> Iterator[Embargo]:
    """One for each namespace of a policy that has one, in order of both. The end of a policy opens
    nothing: its data are there, and as old as they are."""
    for policy in federation.policies.values():
        embargo = policy.embargo
        if embargo is None:
            continue
        if federation.holds_back((*policy.drafts, *embargo.drafts), policy.name):
            continue
        for namespace in sorted(policy.selector.namespaces):
            yield Embargo(
                policy.name,
                namespace,
                selected_columns(federation, policy),
                embargo.group(namespace),
                str(embargo.period),
                _origins(federation, policy, embargo),
            )


def _origins(federation: Federation, policy: DataPolicy, embargo: Ruled) -> dict[str, Spans]:
    here = embargo.origin
    common = (
        policy.origin.at("selects"),
        here.at(),
        *policy_places(federation, policy),
        *written(here, "status"),
    )
    places: dict[str, Spans] = {
        "policy": (policy.origin.source_map.span(("metadata", "name")),),
        "scope": (policy.origin.at("selects", "namespaces"),),
        "metadata": (policy.origin.at("selects"), federation.data.origin.at("metadata")),
        "readers": (here.at("readers", "group"),),
        "until": (here.at("for"),),
    }
    return {key: tuple(dict.fromkeys((*found, *common))) for key, found in places.items()}
