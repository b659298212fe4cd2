"""Do the Slurm clusters of the sites make sense: their nodes, and what they give?"""

from collections.abc import Iterator
from typing import NamedTuple

from srcnet_compiler import hostlist
from srcnet_compiler.analysis.severity import Report, report
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, warning
from srcnet_compiler.federation.compute import NodeGroup, Resources, Share, SlurmCluster
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.quantity import round_bytes
from srcnet_compiler.span import Span


class Given(NamedTuple):
    """How much of something a cluster gives; `place` says so. None: the spec does not say."""

    amount: int | None
    place: Span


def given(cluster: SlurmCluster, key: str) -> Given:
    """The cores, memory or gpus that the federation may have at most: the ceiling, or all."""
    ceiling = cluster.ceiling
    limit = amount_of(ceiling, key) if ceiling is not None else None
    if ceiling is not None and limit is not None:
        return Given(limit, ceiling.origin.at(key))
    return Given(_total(cluster, key), cluster.origin.key("nodes"))


def amount_of(resources: Resources, key: str) -> int | None:
    """The cores, memory or gpus of an amount of compute."""
    return {"cores": resources.cores, "memory": resources.memory, "gpus": resources.gpus}[key]


def written(key: str, amount: int) -> str:
    """An amount of cores, memory or gpus in words."""
    return round_bytes(amount) if key == "memory" else f"{amount} {_NAMES[key]}"


def check_clusters(federation: Federation) -> Iterator[Diagnostic]:
    """Every cluster for itself."""
    for cluster in federation.compute.clusters:
        say = severity(federation, cluster)
        yield from _nodes(cluster, say)
        yield from _share(cluster, say)
        yield from _fragment(cluster, say)
        if federation.compute.policy is None:
            yield warning(
                Code.NO_COMPUTE_POLICY,
                f"`{cluster.label}` is left alone, since nobody says how jobs run",
                Label(cluster.origin.at("cluster")),
                help="write a `ComputePolicy` in `policies/compute/`",
                subject=cluster.label,
            )


def severity(federation: Federation, cluster: SlurmCluster) -> Report:
    """How grave a finding about a cluster is."""
    share = cluster.share.drafts if cluster.share is not None else ()
    return report(federation, (*cluster.drafts, *share), cluster.label, cluster.site)


def _nodes(cluster: SlurmCluster, say: Report) -> Iterator[Diagnostic]:
    """Nodes that are named twice, in one group or in two."""
    first: dict[str, NodeGroup] = {}
    for group in cluster.nodes:
        repeated = {name for name in group.names if group.names.count(name) > 1}
        if repeated:
            yield say(
                Code.WRONG_NODES,
                f"`{hostlist.compress(repeated)}` is named twice",
                Label(group.origin.at("names")),
                help="name each node once",
                subject=cluster.label,
            )
        shared = [name for name in group.names if name in first]
        if shared:
            yield say(
                Code.NODES_OVERLAP,
                f"`{hostlist.compress(shared)}` would be counted twice",
                Label(group.origin.at("names"), "again here"),
                Label(first[shared[0]].origin.at("names"), "first here"),
                help="leave these nodes out of one of the groups",
                subject=cluster.label,
            )
        for name in group.names:
            first.setdefault(name, group)


def _share(cluster: SlurmCluster, say: Report) -> Iterator[Diagnostic]:
    share = cluster.share
    if share is None:
        return
    for key in _NAMES:
        if share.ceiling is not None and amount_of(share.ceiling, key) is not None:
            yield from _over_nodes(cluster, share.ceiling, key, "at most", say)
        elif share.guaranteed is not None:
            yield from _over_nodes(cluster, share.guaranteed, key, "whenever it wants", say)
    yield from check_ceiling(cluster.label, share, say)


def check_ceiling(label: str, share: Share, say: Report) -> Iterator[Diagnostic]:
    """More guaranteed than the ceiling lets the federation have."""
    guaranteed, ceiling = share.guaranteed, share.ceiling
    if guaranteed is None or ceiling is None:
        return
    for key in _NAMES:
        least, most = amount_of(guaranteed, key), amount_of(ceiling, key)
        if least is not None and most is not None and least > most:
            yield say(
                Code.GUARANTEED_OVER_CEILING,
                f"`{label}` guarantees {written(key, least)}, "
                f"more than the ceiling of {written(key, most)}",
                Label(guaranteed.origin.at(key), "guaranteed"),
                Label(ceiling.origin.at(key), "the ceiling"),
                help="lower what is guaranteed, or raise the ceiling",
                subject=label,
            )


def _over_nodes(
    cluster: SlurmCluster, resources: Resources, key: str, when: str, say: Report
) -> Iterator[Diagnostic]:
    amount, there = amount_of(resources, key), _total(cluster, key)
    if amount is None or there is None or amount <= there:
        return
    if key == "gpus" and there == 0:
        yield no_gpu(cluster, f"`{cluster.label}` gives {written(key, amount)}",
                     resources.origin.at(key), say, cluster.label)  # fmt: skip
        return
    yield say(
        Code.SHARE_OVER_NODES,
        f"`{cluster.label}` gives {written(key, amount)} {when}, "
        f"but its nodes have {written(key, there)}",
        Label(resources.origin.at(key)),
        Label(cluster.origin.key("nodes"), "the nodes"),
        help="lower the share, or add the nodes that are missing",
        subject=cluster.label,
    )


def no_gpu(
    cluster: SlurmCluster, message: str, place: Span, say: Report, subject: str
) -> Diagnostic:
    """A finding about GPUs that are asked for where there are none."""
    return say(
        Code.NO_GPU,
        f"{message}, but no node of `{cluster.label}` has a GPU",
        Label(place),
        Label(cluster.origin.key("nodes"), "the nodes"),
        help="write what GPUs the nodes have, such as `gpus: {a100: 4}`, or ask for none",
        subject=subject,
    )


def _fragment(cluster: SlurmCluster, say: Report) -> Iterator[Diagnostic]:
    if "partitions" in cluster.allows and cluster.fragment is None:
        yield say(
            Code.NO_FRAGMENT,
            f"`{cluster.label}` allows partitions, but does not say in which file",
            Label(cluster.origin.at("allows")),
            help="add `fragment:` with the file that the cluster's configuration includes",
            subject=cluster.label,
        )


def _total(cluster: SlurmCluster, key: str) -> int | None:
    return {"cores": cluster.cores, "memory": cluster.memory, "gpus": cluster.gpus}[key]


_NAMES = {"cores": "cores", "memory": "memory", "gpus": "GPUs"}
