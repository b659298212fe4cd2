"""What the cluster itself says to what is wanted: whose an object is, what keeps data, what is
left over."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from srcnet_compiler.diagnostic import Code, Diagnostic, error, warning
from srcnet_compiler.targets.kubernetes.check.likely import likely_moves
from srcnet_compiler.targets.kubernetes.check.places import instance_label, label
from srcnet_compiler.targets.kubernetes.model import OWNER, KubernetesModel, Object
from srcnet_compiler.targets.kubernetes.model.paths import join
from srcnet_compiler.targets.kubernetes.model.replacing import ASKED, is_held, keeps_data

_LABEL = join("metadata.labels", OWNER)
_SOME = 5
_FILES = re.compile(r"(.+-files)-[0-9a-f]{8}")
"""What is named by its content."""


def check_seen(desired: KubernetesModel, seen: KubernetesModel) -> Iterator[Diagnostic]:
    """Errors where a plan would take what is another's, warnings for what somebody should know."""
    yield from _version(desired, seen)
    for wanted in desired.things():
        found = seen.find(wanted.kind, wanted.name)
        if found is None:
            continue
        owner = found.fields().get(_LABEL)
        if not found.ours and owner:
            yield error(
                Code.NOT_OURS,
                f"{wanted.kind} `{wanted.name}` of the cluster belongs to `{owner}`, by its label"
                f" {OWNER}",
                label(wanted),
                help="choose another name, or have its owner give it up",
                subject=wanted.name,
            )
        elif there := seen.tenants.get(found.name) if found.kind == "Namespace" else None:
            yield _lived_in(desired, wanted, there)
        elif fixed := is_held(wanted, found):
            yield warning(
                Code.REFUSED_BY_SYSTEM,
                f"{wanted.kind} `{wanted.name}` stays as it is: its `{fixed[0]}` cannot be changed",
                label(wanted, fixed[0]),
                help=_remedy(wanted, fixed),
                subject=wanted.name,
            )
    for brought in desired.fetched.values():
        if there := seen.tenants.get(brought.name) if brought.kind == "Namespace" else None:
            yield _lived_in(desired, brought, there)
    yield from _kept(desired, seen)
    yield from _left_over(desired, seen)
    yield from likely_moves(desired, seen)
    yield from _of_other_prefix(desired, seen)


def _lived_in(desired: KubernetesModel, wanted: Object, there: Sequence[str]) -> Diagnostic:
    """Limits, closed doors and refused images would hit whoever lives there."""
    claim = f"kubectl label namespace {wanted.name} {OWNER}={desired.prefix}"
    return error(
        Code.NOT_OURS,
        f"namespace `{wanted.name}` is there without our label, and others run something in it:"
        f" {', '.join(there)}",
        label(wanted),
        help=f"choose another `prefix:`; or if all of it is the federation's: `{claim}`",
        subject=wanted.name,
    )


def _remedy(wanted: Object, fixed: Sequence[str]) -> str:
    if set(fixed) == {ASKED}:
        return "nothing is to be done: its volume has the new size, and the claim is only its name"
    if keeps_data(wanted):
        return (
            "it is not made anew, since it keeps data: give it another name, move the data, then"
            " retire this one"
        )
    return "it is not made anew, since it is not ours yet: have it deleted by its owner"


def _version(desired: KubernetesModel, seen: KubernetesModel) -> Iterator[Diagnostic]:
    if seen.version != desired.version:
        there, said = (".".join(map(str, each)) for each in (seen.version, desired.version))
        yield warning(
            Code.REFUSED_BY_SYSTEM,
            f"the cluster runs Kubernetes {there}, and its spec says {said}",
            instance_label(desired, "version"),
            help="the objects are checked against the version of the spec",
            subject=desired.instance,
        )


def _kept(desired: KubernetesModel, seen: KubernetesModel) -> Iterator[Diagnostic]:
    """What a spec ends, and nobody but people may delete."""
    for key, why in sorted(desired.ended.items()):
        found = seen.objects.get(key)
        if found is None or not found.ours or not keeps_data(found) or key in desired.objects:
            continue
        space = f" -n {found.namespace}" if found.namespace else ""
        command = f"kubectl delete {found.kind.lower()}{space} {found.bare_name}"
        yield warning(
            Code.NOT_OURS,
            f"{found.kind} `{found.name}` is left in place, since it keeps data: {why}",
            instance_label(desired),
            help=f"when nobody needs what is in it: `{command}`",
            subject=found.name,
        )


def _left_over(desired: KubernetesModel, seen: KubernetesModel) -> Iterator[Diagnostic]:
    """What has our label and is in no spec: nothing is deleted because it is absent."""
    left = [
        found
        for key, found in sorted(seen.objects.items())
        if found.ours
        and key not in desired.objects
        and key not in desired.ended
        and key not in desired.moved
        and key not in desired.fetched
    ]
    now = {_content_of(each) for each in desired.objects.values()} - {None}
    yield from _files_of_before(desired, [each for each in left if _content_of(each) in now])
    names = [f"{each.kind} {each.name}" for each in left if _content_of(each) not in now]
    if names:
        some = ", ".join(names[:_SOME]) + (", …" if len(names) > _SOME else "")
        number = f"{len(names)} objects are" if len(names) > 1 else "an object is"
        yield warning(
            Code.NOT_OURS,
            f"{number} labelled as ours, and no spec has any of them: {some}",
            instance_label(desired),
            help="write a `Retired` document for what they belonged to, or delete them by hand",
            subject=desired.instance,
        )


def _content_of(thing: Object) -> str | None:
    """The name of files without what tells their content; None for what is no such thing."""
    named = _FILES.fullmatch(thing.name) if thing.kind == "ConfigMap" else None
    return named and named[1]


def _files_of_before(desired: KubernetesModel, left: Sequence[Object]) -> Iterator[Diagnostic]:
    """Pods of before may start anew until the last of them is gone, which only people can see."""
    by_namespace: dict[str, list[str]] = defaultdict(list)
    for each in left:
        by_namespace[each.namespace].append(each.bare_name)
    if left:
        commands = [
            f"`kubectl delete configmap -n {space} {' '.join(names)}`"
            for space, names in by_namespace.items()
        ]
        yield warning(
            Code.NOT_OURS,
            f"files of before are still there: {', '.join(f'{o.kind} {o.name}' for o in left)}",
            instance_label(desired),
            help=f"when no Pod of before is left that reads them: {', '.join(commands)}",
            subject=desired.instance,
        )


def _of_other_prefix(desired: KubernetesModel, seen: KubernetesModel) -> Iterator[Diagnostic]:
    """With another prefix nothing of before is ours: it would run on, beside the new."""
    if seen.former:
        names = ", ".join(sorted(seen.former))
        yield warning(
            Code.NOT_OURS,
            f"namespaces of `{desired.site}` have another prefix than `{desired.prefix}`: {names}",
            instance_label(desired),
            help="if that was the federation's prefix, what runs there goes on beside the new, and"
            " srcnet neither changes nor ends it: retire it by the old prefix first",
            subject=desired.instance,
        )
