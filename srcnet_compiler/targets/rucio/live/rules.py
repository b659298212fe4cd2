"""Our rules on the server: listed once, and after that only what became different.

The server lists rules by account and by the time of their last change. It does not say which are
gone. A rule first gets an end, which is a change, and is deleted an hour later or more: whoever
lists less often than hourly may take one for living that is gone. So list in full from time to
time (`known` None; 2,400 rules a second), and never release anything on the word of a listing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from srcnet_compiler.change import Json
from srcnet_compiler.targets.rucio.live import answers
from srcnet_compiler.targets.rucio.live.client import RucioClient
from srcnet_compiler.targets.rucio.model import Rule

OURS = "srcnet:"
"""How the comment of every rule of ours begins; the account must be ours as well."""
DATASET = "D"
TIME_FORMAT = "%a, %d %b %Y %H:%M:%S UTC"
OVERLAP = timedelta(minutes=10)
"""A transaction is seen after the time that it writes; so much of the past is listed again."""


@dataclass(frozen=True, slots=True)
class RuleListing:
    """Rules by their id, each with its dataset; `until` is the server's time (UTC) of the newest
    change in it, None when there was none.
    """

    rules: Mapping[str, tuple[str, Rule]]
    until: datetime | None = None

    def by_did(self) -> dict[str, list[Rule]]:
        """The rules of each dataset."""
        found: dict[str, list[Rule]] = {}
        for did, rule in self.rules.values():
            found.setdefault(did, []).append(rule)
        return found

    def as_json(self) -> Json:
        """Plain data; `from_json` makes it a listing again."""
        rules: dict[str, Json] = {
            key: {"did": did, **asdict(rule)} for key, (did, rule) in self.rules.items()
        }
        return {"until": None if self.until is None else self.until.isoformat(), "rules": rules}

    @classmethod
    def from_json(cls, data: Any) -> RuleListing:  # noqa: ANN401 - JSON
        """Raises ValueError, KeyError or TypeError for what `as_json` did not make."""
        until = None if data["until"] is None else datetime.fromisoformat(data["until"])
        listed = {key: dict(value) for key, value in data["rules"].items()}
        return cls({key: (rule.pop("did"), Rule(**rule)) for key, rule in listed.items()}, until)


def list_rules(client: RucioClient, owner: str, known: RuleListing | None = None) -> RuleListing:
    """Every rule of `owner` on a dataset that carries our comment.

    With `known`, an earlier listing, the server is asked only for what changed after it.
    """
    asked = {"account": owner, "did_type": DATASET}
    if known is not None and known.until is not None:
        asked["updated_after"] = f"{known.until - OVERLAP:{TIME_FORMAT}}"
    rules = {} if known is None else dict(known.rules)
    until = None if known is None else known.until
    for raw in client.list_replication_rules(asked):
        until = raw["updated_at"] if until is None else max(until, raw["updated_at"])
        if (raw["comments"] or "").startswith(OURS):
            rules[raw["id"]] = (f"{raw['scope']}:{raw['name']}", answers.rule(raw))
        else:  # it was ours, and somebody has taken the comment away
            rules.pop(raw["id"], None)
    return RuleListing(rules, until)
