"""Until when only some may read a collection, and who."""

from dataclasses import dataclass
from datetime import date, datetime

from srcnet_compiler.ages import day_of_age
from srcnet_compiler.federation.data_policy import DataPolicy
from srcnet_compiler.span import Span


@dataclass(frozen=True, slots=True)
class Embargoed:
    """`until` is the first day on which everybody may read; before it `group` may."""

    until: date
    group: str
    is_draft: bool
    place: Span


def embargo_of(policy: DataPolicy | None, name: str, created: datetime) -> Embargoed | None:
    """What the policy says of a collection `SCOPE:NAME` that was made then; None: nothing."""
    if policy is None or policy.embargo is None:
        return None
    embargo = policy.embargo
    return Embargoed(
        day_of_age(created.date(), embargo.period),
        embargo.group(name.partition(":")[0]),
        bool(policy.drafts or embargo.drafts),
        embargo.origin.at(),
    )
