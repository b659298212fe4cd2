"""Queues, projects and sites that systems know by another name: is it clear which is which?"""

from collections.abc import Iterator, Mapping

from srcnet_compiler.diagnostic import Code, Diagnostic, Fix, Label, error
from srcnet_compiler.federation.known import known
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.federation.notices import Renamed
from srcnet_compiler.span import Span

Described = Mapping[str, Span]
"""Where each thing of a kind is described, by its name."""

_AS_CLUSTERS = "; clusters put the federation's prefix before it"
_BEFORE = {
    **dict.fromkeys(("queue", "project"), "what it was called before"),
    "site": "the name by which systems know it",
}


def check_renamed(federation: Federation) -> Iterator[Diagnostic]:
    """Renames of what is not described, of what is described still, and two of one thing."""
    there: Mapping[str, Described] = {
        "queue": _queues(federation),
        "project": _projects(federation),
        "site": {name: site.known_by[-1] for name, site in federation.sites.items()},
    }
    before: dict[tuple[str, str], Renamed] = {}
    after: dict[tuple[str, str], Renamed] = {}
    for move in federation.renamed:
        described = there[move.kind]
        yield from known(move.name, described, move.kind, move.origin, move.kind)
        if move.name not in described:
            continue
        first = after.get((move.kind, move.name)) or before.get((move.kind, move.before))
        if first is not None:
            yield _twice(move, first)
        else:
            yield from _names(federation, move, described)
        after.setdefault((move.kind, move.name), move)
        before.setdefault((move.kind, move.before), move)


def _queues(federation: Federation) -> Described:
    policy = federation.compute.policy
    if policy is None:
        return {}
    return {name: policy.origin.key("queues", name) for name in policy.queues}


def _projects(federation: Federation) -> Described:
    return {
        project.name: project.origin.at("name")
        for allocation in federation.compute.allocations
        for project in allocation.projects
    }


def _twice(move: Renamed, first: Renamed) -> Diagnostic:
    same = move.name == first.name
    key = move.kind if same else "from"
    return error(
        Code.DUPLICATE_NAME,
        f"`{move.name}` is renamed twice"
        if same
        else f"`{move.before}` cannot be what `{first.name}` and `{move.name}` were both called",
        Label(move.origin.at(key), "again here"),
        Label(first.origin.at(key), "first here"),
        help="keep one of the two documents",
    )


def _names(federation: Federation, move: Renamed, described: Described) -> Iterator[Diagnostic]:
    here = Label(described[move.name], f"the {move.kind}")
    if move.after != move.name:
        place = move.origin.at("to")
        yield error(
            Code.UNKNOWN_NAME,
            f"`{move.after}` is not what {move.kind} `{move.name}` is called in the specs",
            Label(place),
            here,
            help=f"write `to: {move.name}`{_AS_CLUSTERS if move.kind != 'site' else ''}",
            fix=Fix(place, move.name),
        )
    elif move.before == move.name:
        yield error(
            Code.DUPLICATE_NAME,
            f"{move.kind} `{move.name}` is called so already",
            Label(move.origin.at("from")),
            here,
            help=f"write in `from` {_BEFORE[move.kind]}, or remove the document",
        )
    elif move.before in described:
        yield error(
            Code.DUPLICATE_NAME,
            f"`{move.before}` is a {move.kind} of its own, so it cannot become `{move.name}`",
            Label(move.origin.at("from")),
            Label(described[move.before], "described here"),
            help="remove its description where it is the same site, or else the document"
            if move.kind == "site"
            else f"remove it there, or end it by a `Retired` document and let `{move.name}` begin",
        )
    elif move.kind != "site":
        yield from _with_prefix(federation, move)


def _with_prefix(federation: Federation, move: Renamed) -> Iterator[Diagnostic]:
    policy = federation.compute.policy
    start = f"{policy.prefix}-" if policy is not None else ""
    if start and move.before.startswith(start):
        place, bare = move.origin.at("from"), move.before.removeprefix(start)
        yield error(
            Code.UNKNOWN_NAME,
            f"no {move.kind} was called `{move.before}` in the specs: clusters put `{start}` before"
            " its name",
            Label(place),
            help=f"write `from: {bare}`",
            fix=Fix(place, bare),
        )
