"""Embargoes compared with those of other specs: for who asks what a change of the specs would do.

The server hears of none, so nothing that was read has any.
"""

from collections.abc import Iterator, Mapping

from srcnet_compiler.change import Action, Change, FieldChange, Impact, Json
from srcnet_compiler.span import Span
from srcnet_compiler.targets.rucio.diff.objects import address
from srcnet_compiler.targets.rucio.model import RucioModel
from srcnet_compiler.targets.rucio.model.embargo import Embargo

_KIND = "embargo"


def changed_embargoes(desired: RucioModel, observed: RucioModel) -> Iterator[Change]:
    """What those who grant access will be told otherwise."""
    for name in sorted({*desired.embargoes, *observed.embargoes}):
        after, before = desired.embargoes.get(name), observed.embargoes.get(name)
        is_new = before is None and after is not None
        if is_new and after is not None and after.policy not in observed.lifecycles:
            continue
        fields = tuple(_fields(before, after))
        if fields:
            why = "only some may read young data: those who grant access are told by a file"
            where = address(desired, _KIND, name)
            yield Change(where, Action.UPDATE, fields, Impact.RECONFIGURE, why)


def _fields(before: Embargo | None, after: Embargo | None) -> Iterator[FieldChange]:
    left, right = _values(before), _values(after)
    for name in dict.fromkeys((*right, *left)):
        if left.get(name) != right.get(name):
            yield FieldChange(name, left.get(name), right.get(name), _place(after, name))


def _values(embargo: Embargo | None) -> Mapping[str, Json]:
    if embargo is None:
        return {}
    metadata = {key: list(found) for key, found in embargo.metadata.items()}
    return {"readers": embargo.readers, "until": embargo.until, "metadata": metadata}


def _place(embargo: Embargo | None, name: str) -> Span | None:
    return None if embargo is None else next(iter(embargo.origins.get(name, ())), None)
