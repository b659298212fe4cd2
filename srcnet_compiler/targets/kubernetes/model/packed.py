"""Values as bytes, by which what is the same on many clusters is recognised fast."""

import marshal
from typing import Any

_WITHOUT_REFERENCES = 2
"""A version of the format in which the same value is the same bytes, whatever else refers to it."""


def packed(value: Any) -> bytes | None:  # noqa: ANN401 - a document
    """Bytes that no other value has; None for what is not made of plain types."""
    try:
        return marshal.dumps(value, _WITHOUT_REFERENCES)
    except ValueError:
        return None


def unpacked(data: bytes) -> Any:  # noqa: ANN401 - a document
    """What was packed."""
    return marshal.loads(data)
