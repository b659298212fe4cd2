"""What an API server said to an object when it was tried."""

from dataclasses import dataclass

from srcnet_compiler.targets.kubernetes.model import Key


@dataclass(frozen=True, slots=True)
class Objection:
    """`path` is the field that it is about, as the server says it; empty: it does not say."""

    key: Key
    path: str
    text: str
