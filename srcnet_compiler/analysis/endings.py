"""Does a policy say clearly when its data end, and may a plan let them end?"""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from srcnet_compiler.ages import day_of_age
from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Severity
from srcnet_compiler.federation.data_policy import DataPolicy, Phase
from srcnet_compiler.federation.model import Federation
from srcnet_compiler.quantity import Period

WORDS = "no copy is kept"
_BIRTHDAYS = tuple(date(year, month, 1) for year in (2027, 2028) for month in range(1, 13))
"""Two periods are compared by what they come to after these days."""


def check_end(
    federation: Federation, policy: DataPolicy, severity: Severity
) -> Iterator[Diagnostic]:
    """Data never end by what a policy leaves out, nor by what it says in half."""
    *others, last = policy.phases
    for phase in others:
        if phase.ends:
            yield _unclear(
                policy,
                severity,
                f"after phase `{phase.name}` no copy is kept, yet phase `{last.name}` follows",
                (Label(phase.origin.at("then")), Label(last.origin.at(), "this comes after it")),
                "say `then` of the last phase only",
            )
    if last.until is None and last.ends:
        yield _unclear(
            policy,
            severity,
            f"after phase `{last.name}` no copy is kept, and nothing says at which age",
            (Label(last.origin.at("then")),),
            "add the age, such as `until: 90 d`, or leave `then` out: the data stay",
        )
    elif last.until is not None and not last.ends:
        yield _unclear(
            policy,
            severity,
            f"phase `{last.name}` is the last one: nothing says what becomes of the data at the "
            f"age of {last.until}",
            (Label(last.origin.at("until")),),
            f"leave `until` out, and the data stay; or write `then: {WORDS}`, and they end",
        )
    elif policy.end is not None:
        yield from _before_a_phase(policy, severity, others, last)
        if not federation.limits.deleted_collections:
            yield _never(federation, policy)


def _before_a_phase(
    policy: DataPolicy, severity: Severity, others: list[Phase], last: Phase
) -> Iterator[Diagnostic]:
    """Ages that do not grow from phase to phase: which of them is meant decides when data end."""
    for phase, after in pairwise((*others, last)):
        if phase.until is None or (after.until and not _is_longer(after.until, phase.until)):
            yield _unclear(
                policy,
                severity,
                f"the data end at the age of {last.until}, and phase `{phase.name}` "
                + ("has no end" if phase.until is None else f"lasts until {phase.until}"),
                (
                    Label(last.origin.at("until"), "the age at which they end"),
                    Label(phase.origin.at("until" if phase.until else "name"), "this comes before"),
                ),
                "give each phase an `until` that is later than that of the one before",
            )


def _is_longer(one: Period, other: Period) -> bool:
    """Whether it is, after whatever day."""
    return all(day_of_age(day, one) > day_of_age(day, other) for day in _BIRTHDAYS)


def _unclear(
    policy: DataPolicy,
    severity: Severity,
    message: str,
    labels: tuple[Label, ...],
    advice: str,
) -> Diagnostic:
    return Diagnostic(
        Code.END_NOT_CLEAR, severity, message, labels, help=advice, subject=policy.name
    )


def _never(federation: Federation, policy: DataPolicy) -> Diagnostic:
    """Else every plan would be refused from the day on which the first data end."""
    limits = federation.limits.origin
    return Diagnostic(
        Code.END_OVER_LIMIT,
        Severity.WARNING,
        f"data of `{policy.name}` end at the age of {policy.end}, and no plan may let one go: "
        "`deletedCollections` is 0",
        (
            Label(policy.phases[-1].origin.at("then"), "no copy is kept"),
            Label(limits.at("deletedCollections"), "the limit of one plan"),
        ),
        help="raise `limits.deletedCollections` to what ends between two runs, or let them stay",
        subject=policy.name,
    )
