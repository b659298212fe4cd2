"""The change that makes archived data accessible: a rule that ends, or a later end for it."""

from dataclasses import dataclass
from datetime import datetime

from srcnet_compiler.change import Action, Change, FieldChange, Impact
from srcnet_compiler.span import Span
from srcnet_compiler.targets.rucio.diff.objects import address
from srcnet_compiler.targets.rucio.model import Dataset, RucioModel
from srcnet_compiler.targets.rucio.model.recall import RecallRule, as_text


@dataclass(frozen=True, slots=True)
class Known:
    """The recall's rule, where the server has it already: it ends at `until`."""

    id: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Recalled:
    """A data set that is to be accessible, for what reason, and on which drafts that rests."""

    dataset: Dataset
    rule: RecallRule
    known: Known | None
    moves: int
    why: str
    drafts: tuple[Span, ...]
    place: Span
    keep: Span


def recall_change(desired: RucioModel, recalled: Recalled) -> Change:
    """Nothing else of the data set is touched, and an end is only ever put off."""
    dataset, rule, known = recalled.dataset, recalled.rule, recalled.known
    if known is None:
        value = {**rule.value(), "account": desired.owner}
        fields: tuple[FieldChange, ...] = (FieldChange("rule", None, value, recalled.place),)
        action = Action.CREATE
    else:
        fields = (
            FieldChange("id", known.id, known.id),
            FieldChange("until", as_text(known.until), as_text(rule.until), recalled.keep),
        )
        action = Action.UPDATE
    return Change(
        address(desired, "rule", f"{dataset.did} {rule.comments}"),
        action,
        fields,
        Impact.MOVES_DATA if recalled.moves else Impact.ADDITIVE,
        recalled.why,
        drafts=recalled.drafts,
        moves=recalled.moves,
        recalls=dataset.bytes,
    )
