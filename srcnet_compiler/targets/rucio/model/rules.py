"""Rules: as they are to be made, and as the server has them."""

from dataclasses import dataclass

from srcnet_compiler.change import Json

_PIN = "/arrival/pin"


@dataclass(frozen=True, slots=True)
class RuleTemplate:
    """What a subscription does for each dataset, and what the audit adds where it is missing.

    `comments` is ``srcnet:<policy>/<phase>/<n>``, which with the owning account marks it as ours.
    `lifetime` is in seconds; None: its rules have no end, as all that count.
    """

    copies: int
    rse_expression: str
    comments: str
    activity: str
    weight: str | None = None
    grouping: str = "DATASET"
    ignore_availability: bool = True
    lifetime: int | None = None

    @property
    def is_pin(self) -> bool:
        """Whether its rules only hold what came in until other copies are complete."""
        return self.comments.endswith(_PIN)

    def value(self) -> Json:
        optional: dict[str, Json] = {} if self.weight is None else {"weight": self.weight}
        if self.lifetime is not None:
            optional["lifetime"] = self.lifetime
        return {
            "copies": self.copies,
            "rse_expression": self.rse_expression,
            **optional,
            "grouping": self.grouping,
            "activity": self.activity,
            "ignore_availability": self.ignore_availability,
            "comments": self.comments,
        }


@dataclass(frozen=True, slots=True)
class Rule:
    """A replication rule of the policy account that carries our comment.

    `locks_ok` and `locks` count file locks; `released` says that it was given an end, so that it no
    longer counts for a floor. One that `moves` goes on in another rule, and ends by itself when
    that one is complete.
    """

    id: str
    copies: int
    rse_expression: str
    comments: str
    state: str
    locks_ok: int = 0
    locks: int = 0
    released: bool = False
    moves: bool = False

    @property
    def is_pin(self) -> bool:
        """Whether it only holds what came in, where it came in, until other copies are complete."""
        return self.comments.endswith(_PIN)

    @property
    def is_complete(self) -> bool:
        """Whether every file is locked. It proves nothing: a lock outlives the loss of its copy."""
        return 0 < self.locks == self.locks_ok
