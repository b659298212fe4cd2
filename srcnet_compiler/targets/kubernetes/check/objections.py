"""What an API server said when objects were tried, as findings at the place in a spec."""

from collections.abc import Iterable, Iterator, Sequence

from srcnet_compiler.change import Action, Change
from srcnet_compiler.diagnostic import Code, Diagnostic, error, warning
from srcnet_compiler.targets.kubernetes.check.places import instance_label, label, path_of
from srcnet_compiler.targets.kubernetes.model import KubernetesModel
from srcnet_compiler.targets.kubernetes.model.objection import Objection


def explain(desired: KubernetesModel, objections: Iterable[Objection]) -> Iterator[Diagnostic]:
    """One error for each."""
    for found in objections:
        thing = desired.objects[found.key]
        path = path_of(thing, found.path)
        where = f" `{path or found.path}`:" if found.path else ""
        yield error(
            Code.REFUSED_BY_SYSTEM,
            f"the API server refuses {thing.kind} `{thing.name}`:{where} {found.text}",
            label(thing, path),
            subject=thing.name,
        )


def gone(desired: KubernetesModel, changes: Iterable[Change]) -> Iterator[Diagnostic]:
    """What is adopted as it stands, and does not stand there: a part of it makes no object."""
    for change in changes:
        if is_gone(desired, change):
            thing = desired.objects[change.address.kind, change.address.name]
            yield error(
                Code.REFUSED_BY_SYSTEM,
                f"{thing.kind} `{thing.name}` is not there any more, and is only kept as it stands",
                label(thing),
                help="remove its entry from `adopted:`, or make it again by hand",
                subject=thing.name,
            )


def is_gone(desired: KubernetesModel, change: Change) -> bool:
    """Whether it would make what is only kept as it stands."""
    thing = desired.find(change.address.kind, change.address.name)
    return change.action is Action.CREATE and thing is not None and thing.standing


def untried(desired: KubernetesModel, namespaces: Sequence[str]) -> Diagnostic:
    """What could not be tried, since nothing can be in a namespace that is not there."""
    names = ", ".join(f"`{name}`" for name in namespaces)
    return warning(
        Code.REFUSED_BY_SYSTEM,
        f"what is to lie in {names} could not be tried on the API server: it is not there yet",
        instance_label(desired),
        help="it is checked against the published schemas alone, and by the server when it is made",
        subject=desired.instance,
    )
