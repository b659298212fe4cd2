"""A rule that makes archived data accessible for a while: how it is named, and where it leads.

It ends by itself, so that it never counts for a floor, and no audit has a use for it.
"""

from dataclasses import dataclass
from datetime import datetime

from srcnet_compiler.change import Json
from srcnet_compiler.targets.rucio.model.expression import attribute
from srcnet_compiler.targets.rucio.model.requirement import SITE, TIER, WEIGHT

_MARK = "recall"


@dataclass(frozen=True, slots=True)
class RecallRule:
    """A rule of one copy on a tier at a site, until a moment in UTC.

    To the server a rule is its data set, expression and copies, so it is named by the site: who
    asks again for the same site means the same rule. The tier stands first, other than in rules of
    phases, which are thus never taken for it.
    """

    policy: str
    tier: str
    site: str
    activity: str
    until: datetime

    @property
    def comments(self) -> str:
        """What marks it as ours."""
        return f"srcnet:{self.policy}/{_MARK}/{self.site}"

    @property
    def rse_expression(self) -> str:
        """The places where its copy may be."""
        return str(attribute(TIER, self.tier) & attribute(SITE, self.site))

    def value(self) -> dict[str, Json]:
        """All of it as plain data."""
        return {
            "copies": 1,
            "rse_expression": self.rse_expression,
            "weight": WEIGHT,
            "grouping": "DATASET",
            "activity": self.activity,
            "ignore_availability": True,
            "comments": self.comments,
            "until": as_text(self.until),
        }


def as_text(moment: datetime) -> str:
    """A moment in UTC as changes and plans have it."""
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")


def is_recall(comments: str) -> bool:
    """Whether a rule of ours with this comment is one."""
    parts = comments.split("/")
    return len(parts) == 3 and parts[0].startswith("srcnet:") and parts[1] == _MARK
