"""Waivers of drafts and of limits that set nothing aside."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, warning
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.federation.notices import Waiver
from srcnet_compiler.span import Origin, Span

_NAMES = ("name", "label", "site", "cluster", "service", "template")
"""By one of these a waiver may mean what rests on a draft."""


def check_idle(federation: Federation) -> Iterator[Diagnostic]:
    """Those for what is agreed, and those that allow no more than is allowed anyway."""
    if any(waiver.kind == "draft" for waiver in federation.waivers):
        resting: set[str] = set()
        _collect(federation, resting)
        for waiver in federation.waivers:
            if waiver.kind == "draft" and waiver.of not in resting:
                yield _unused(
                    waiver,
                    f"`{waiver.of}` rests on no draft that could be set aside",
                    Label(waiver.origin.at("of")),
                    "remove the waiver if it was agreed meanwhile, or name what is a draft",
                )
    for waiver in federation.waivers:
        if waiver.kind == "limit" and waiver.up_to is not None:
            yield from _of_limit(federation, waiver, waiver.up_to)


def _of_limit(federation: Federation, waiver: Waiver, up_to: int) -> Iterator[Diagnostic]:
    limits = federation.limits
    allowed = {
        "movedData": int(limits.moved_data),
        "retiredAreas": limits.retired_areas,
        "drainedNodes": limits.drained_nodes,
    }
    if up_to <= allowed.get(waiver.what, -1):
        yield _unused(
            waiver,
            f"`{waiver.what}` may be as much without the waiver",
            Label(waiver.origin.at("setsAside", "upTo")),
            "allow more than the limit, or remove the waiver",
            Label(limits.origin.at(waiver.what), "the limit"),
        )


def _unused(waiver: Waiver, message: str, place: Label, remedy: str, *because: Label) -> Diagnostic:
    return warning(Code.WAIVER_UNUSED, message, place, *because, help=remedy, subject=waiver.name)


def _collect(value: object, resting: set[str]) -> bool:
    """Whether something in a value rests on a draft; the names of all that contain such."""
    if isinstance(value, str | int | float | None | Span | Origin | Waiver):
        return False
    if isinstance(value, Mapping):
        return _any(value.values(), resting)
    if isinstance(value, tuple):
        return _any(value, resting)
    if not is_dataclass(value):
        return False
    held = {field.name: getattr(value, field.name) for field in fields(value)}
    own = any(bool(part) for name, part in held.items() if name.endswith("drafts"))
    rests = _any(held.values(), resting) or own
    if rests:
        names = (getattr(value, key, None) for key in _NAMES)
        resting |= {str(name) for name in names if name is not None}
    return rests


def _any(values: Iterable[object], resting: set[str]) -> bool:
    """Looks at each of them, also when one has been found."""
    return sum(_collect(each, resting) for each in values) > 0
