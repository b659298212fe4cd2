"""What is proven of the changes of a plan before it is one."""

from collections.abc import Iterator, Sequence

from srcnet_compiler.change import Change, ended_data
from srcnet_compiler.targets.protocol import Proof, Reading, Rehearsal
from srcnet_compiler.targets.rucio.check.floors import prove_floors
from srcnet_compiler.targets.rucio.check.floors.orders import orders
from srcnet_compiler.targets.rucio.model import RucioModel


def prove(desired: RucioModel, observed: Reading[RucioModel], changes: Sequence[Change]) -> Proof:
    """That no order of the changes takes a file below its floor, or how one may."""
    found = prove_floors(desired, observed.model, changes, observed.day)
    if found.objections:
        return Proof((), found.objections)
    return Proof(tuple(_claims(desired, changes, found.datasets)))


def _claims(desired: RucioModel, changes: Sequence[Change], datasets: int) -> Iterator[str]:
    if changes and datasets:
        yield (
            f"no order of {_counted(len(changes), 'change')} of `{desired.instance}`, done or "
            f"failed, takes a file of {_counted(datasets, 'data set')} below its floor"
        )
    ended = len(ended_data(changes))
    if ended:
        yield (
            f"{_counted(ended, 'data set')} of `{desired.instance}` may lose every copy, since "
            f"{'its policy keeps' if ended == 1 else 'their policies keep'} none at that age, and "
            "only when the server's own clock says so too"
        )


def rehearse(
    desired: RucioModel, settled: Reading[RucioModel], changes: Sequence[Change]
) -> Rehearsal | None:
    """The same of data sets of every kind, under the rules that they have before; None where there
    are none, or nothing about them changes."""
    found = prove_floors(desired, settled.model, changes, settled.day)
    if not (found.changed or found.objections):
        return None
    count = sum(map(orders, found.problems))
    return Rehearsal(found.kinds, found.changed, count, found.objections, found.places)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
