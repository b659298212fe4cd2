"""A class of priority that would be made beside one of ours that no spec describes any more and
that is just alike: said with the document to type, never taken for the same."""

from collections.abc import Iterator, Mapping

from srcnet_compiler.change import Json
from srcnet_compiler.diagnostic import Code, Diagnostic, warning
from srcnet_compiler.targets.kubernetes.check.places import label
from srcnet_compiler.targets.kubernetes.model import KubernetesModel, Object

_KIND = "PriorityClass"
"""Each queue class has one, wherever it has something."""
_ALIKE = ("value", "preemptionPolicy")


def likely_moves(desired: KubernetesModel, seen: KubernetesModel) -> Iterator[Diagnostic]:
    """Queue classes that come before the same as one that is not described any more."""
    wanted = {**desired.fetched, **desired.objects}
    start = f"{desired.prefix}-"
    gone = [
        each
        for key, each in sorted(seen.objects.items())
        if each.kind == _KIND
        and each.ours
        and not {key} & (wanted.keys() | desired.ended.keys() | desired.moved.keys())
    ]
    for key, new in sorted(wanted.items()) if gone else ():
        alike = [old for old in gone if _content(old) == _content(new)]
        if new.kind == _KIND and key not in seen.objects and alike:
            now, before = new.name.removeprefix(start), alike[0].name.removeprefix(start)
            yield warning(
                Code.LIKELY_MOVE,
                f"`{new.name}` would be made beside `{alike[0].name}`, which no spec describes and"
                " which is just alike",
                label(new),
                help="where it is the same queue, say so by a document `kind: Moved` with"
                f" `queue: {now}, from: {before}, to: {now}`, by their names in the specs: what"
                " waits in it goes on, and what it had ends after that",
                subject=new.name,
            )


def _content(thing: Object) -> Mapping[str, Json]:
    return {key: thing.document.get(key) for key in _ALIKE}
