"""What a data policy says and nothing follows from: phases that never begin, a floor of nothing."""

from collections.abc import Iterator

from srcnet_compiler.analysis.phases import reached
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, warning
from srcnet_compiler.federation.data_policy import DataPolicy, Phase
from srcnet_compiler.federation.model import Federation


def check_dead(federation: Federation) -> Iterator[Diagnostic]:
    """Of every policy that has not ended."""
    for policy in federation.policies.values():
        if not policy.retired:
            yield from _phases(policy)
            yield from _floor(policy)


def _phases(policy: DataPolicy) -> Iterator[Diagnostic]:
    begun = reached(policy.phases)
    for number, phase in enumerate(policy.phases):
        if phase not in begun:
            before = policy.phases[:number]
            ahead = next((each for each in reversed(before) if each in begun), None)
            yield _never(policy, phase, ahead)


def _never(policy: DataPolicy, phase: Phase, ahead: Phase | None) -> Diagnostic:
    """`ahead` is the phase that data are in until then; None: there is none."""
    labels: tuple[Label, ...] = ()
    key, remedy = "until", f"let `{phase.name}` end later, or remove it"
    if ahead is not None and ahead.until is None:
        key, remedy = "name", f"add `until:` to `{ahead.name}`, or remove `{phase.name}`"
        labels = (Label(ahead.origin.at("name"), "this one has no `until`, so it lasts"),)
    elif ahead is not None:
        labels = (Label(ahead.origin.at("until"), f"`{ahead.name}` lasts until then"),)
    return warning(
        Code.PHASE_NEVER_BEGINS,
        f"no data of `{policy.name}` ever come to phase `{phase.name}`",
        Label(phase.origin.at(key)),
        *labels,
        help=remedy,
        subject=policy.name,
    )


def _floor(policy: DataPolicy) -> Iterator[Diagnostic]:
    if policy.floor == 0:
        yield warning(
            Code.FLOOR_OF_NOTHING,
            f"a floor of 0 keeps nothing: any change may take the last copy of data of "
            f"`{policy.name}`",
            Label(policy.origin.at("floor")),
            help="write how many valid copies a file must keep at any moment",
            subject=policy.name,
        )
