"""Federation to Slurm: queues become QOS and partitions, projects accounts with their shares."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.federation.compute import SlurmCluster
from srcnet_compiler.federation.membership import Membership
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.targets.slurm.lower.accounting import (
    accounts,
    associations,
    complete,
    qualities,
)
from srcnet_compiler.targets.slurm.lower.endings import endings, successors
from srcnet_compiler.targets.slurm.lower.partitions import partitions
from srcnet_compiler.targets.slurm.lower.places import instance_places
from srcnet_compiler.targets.slurm.lower.scope import Scope, scopes
from srcnet_compiler.targets.slurm.lower.todo import todo
from srcnet_compiler.targets.slurm.lower.windows import reservations
from srcnet_compiler.targets.slurm.model import SlurmModel
from srcnet_compiler.targets.slurm.model.things import Thing

T = TypeVar("T", bound=Thing)


def lower(
    federation: Federation, analysis: Analysis, members: Membership | None = None
) -> tuple[SlurmModel, ...]:
    """One model for each cluster in use or at its end, in order of site and name.

    Without anything that rests on a draft no waiver accepts. Without `members` nobody's membership
    is looked at. What the site does not let us manage is left to its administrators, as `tasks`.
    """
    return tuple(_model(scope, members) for scope in scopes(federation))


def instance_of(cluster: SlurmCluster) -> str:
    """What a cluster is called among all systems: no name of a site has a dot."""
    return f"{cluster.site_known_as}.{cluster.name}"


def _model(scope: Scope, members: Membership | None) -> SlurmModel:
    cluster = scope.cluster
    whole = SlurmModel(
        instance=instance_of(cluster),
        cluster=cluster.cluster,
        prefix=scope.prefix,
        root_account=scope.prefix,
        fragment=cluster.fragment or "",
        time_zone=cluster.timezone or "UTC",
        site=cluster.site,
        origins={"instance": tuple(dict.fromkeys(instance_places(scope)))},
    )
    if not cluster.retired:
        whole = replace(
            whole,
            accounts=_by_name(accounts(scope)),
            associations=_by_name(associations(scope, members)),
            qos=_by_name(qualities(scope)),
            partitions=_by_name(partitions(scope)),
            reservations=_by_name(reservations(scope)),
            complete=complete(scope, members),
        )
    ends, managed = endings(scope), _allowed(scope, whole)
    return replace(
        managed,
        moved=successors(scope, managed),
        ended={key: end.reason for key, end in ends.items()},
        ended_until={key: end.until.isoformat() for key, end in ends.items()},
        tasks=todo(scope, whole),
    )


def _allowed(scope: Scope, whole: SlurmModel) -> SlurmModel:
    """What the site lets us manage ourselves."""
    if not scope.allows("accounting"):
        whole = replace(
            whole, root_account="", accounts={}, associations={}, qos={}, complete=frozenset()
        )
    if not scope.allows("partitions"):
        whole = replace(whole, fragment="", partitions={})
    if not scope.allows("reservations"):
        whole = replace(whole, reservations={})
    return whole


def _by_name(things: Iterable[T]) -> Mapping[str, T]:
    return {thing.name: thing for thing in things}
