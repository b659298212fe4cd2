"""What of an object cannot be changed, and which objects may be made anew for it."""

from collections.abc import Iterable

from srcnet_compiler.change import FieldChange
from srcnet_compiler.targets.kubernetes.model import Object

ASKED = "spec.resources.requests.storage"
"""How much a claim asks for. Servers let only those grow whose volume a storage class made, and
none of ours is such: its volume is an area of the site, which has the size that it has."""


def fixed_fields(wanted: Object, fields: Iterable[FieldChange]) -> tuple[str, ...]:
    """The paths of those fields that the API server lets nobody change."""
    beginnings = wanted.described.fixed
    return tuple(
        field.name
        for field in fields
        if field.before != field.after
        and any(_is_below(field.name, beginning) for beginning in beginnings)
    )


def is_held(wanted: Object, found: Object) -> tuple[str, ...]:
    """The fields for which it would have to be made anew, where it may not be: it keeps data, or
    is not ours yet."""
    there = found.fields()
    fields = wanted.fields()
    differing = [
        FieldChange(path, there.get(path), fields.get(path))
        for path in dict.fromkeys((*fields, *there))
    ]
    fixed = fixed_fields(wanted, differing)
    return () if wanted.described.replaceable and found.ours else fixed


def keeps_data(thing: Object) -> bool:
    """Whether data would be lost with it: it is never deleted by us."""
    return not thing.described.replaceable


def _is_below(path: str, beginning: str) -> bool:
    return path == beginning or path.startswith((f"{beginning}.", f"{beginning}["))
