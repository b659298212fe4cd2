"""The changes from what a checked-out tree says to what it should: files of ours only."""

from collections.abc import Iterator, Mapping

from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, Json
from srcnet_compiler.targets.cicd.model import Forge, PipelineFile
from srcnet_compiler.targets.protocol import Reading, without_unseen


def diff(desired: Forge, observed: Reading[Forge]) -> tuple[Change, ...]:
    """By file. A file of ours that is wanted no more would go on running, so it ends; one that is
    not ours is left alone, whatever it says."""
    seen = observed.model
    changes = [*_wanted(desired, seen), *_ended(desired, seen)]
    return without_unseen(changes, observed.gaps)


def _wanted(desired: Forge, seen: Forge) -> Iterator[Change]:
    for wanted in desired.things():
        found = seen.files.get(wanted.name)
        if found is not None and not found.ours:
            continue
        fields = tuple(_fields(wanted, found.fields() if found is not None else {}))
        if fields:
            yield Change(
                _address(desired, wanted.name),
                Action.CREATE if found is None else Action.UPDATE,
                fields,
                Impact.ADDITIVE if found is None else Impact.RECONFIGURE,
            )


def _ended(desired: Forge, seen: Forge) -> Iterator[Change]:
    for found in seen.things():
        if found.ours and found.name not in desired.files:
            yield Change(
                _address(desired, found.name),
                Action.RETIRE,
                tuple(FieldChange(path, value, None) for path, value in found.fields().items()),
                Impact.RECONFIGURE,
                "no spec asks for it any more",
            )


def _fields(wanted: PipelineFile, there: Mapping[str, Json]) -> Iterator[FieldChange]:
    says, origin = wanted.fields(), next(iter(wanted.places), None)
    for path in sorted(says.keys() | there.keys()):
        if says.get(path) != there.get(path) or (path in says) != (path in there):
            yield FieldChange(path, there.get(path), says.get(path), origin)


def _address(model: Forge, name: str) -> Address:
    return Address("cicd", model.instance, "file", name)
