"""Where secrets are found; a secret itself is never held."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret is found when it is used: `kind` is env, file or vault."""

    kind: str
    place: str
