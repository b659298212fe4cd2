"""A client that remembers what it was told of RSEs: whoever asks twice means the same moment."""

import copy
import threading
from typing import Any

from srcnet_compiler.targets.rucio.live.client import RucioClient

_ASKED = ("export_data", "get_rse", "get_rse_limits", "list_rse_attributes", "list_rses")
"""What is remembered, by its arguments; rules and all else are asked for again."""


class _Memory:
    """Answers by question; a failure is not one. Twins of a client share it."""

    def __init__(self) -> None:
        self._answers: dict[tuple[object, ...], Any] = {}
        self._lock = threading.Lock()

    def get(self, key: tuple[object, ...]) -> Any:  # noqa: ANN401 - what Rucio's client gives
        with self._lock:
            return self._answers.get(key)

    def keep(self, key: tuple[object, ...], answer: Any) -> None:  # noqa: ANN401
        with self._lock:
            self._answers[key] = answer


def remembering(client: RucioClient) -> RucioClient:
    """The same client, with the same connections, and a memory."""
    memory, original = _Memory(), type(client)
    methods = {name: _remembered(name, memory, original) for name in _ASKED}
    other = copy.copy(client)
    other.__class__ = type("RememberingRucioClient", (original,), methods)
    return other


def _remembered(name: str, memory: _Memory, original: Any) -> Any:  # noqa: ANN401
    asked = getattr(original, name)

    def method(self: RucioClient, *args: object, **settings: object) -> Any:  # noqa: ANN401
        key = (name, args, *sorted(settings.items()))
        answer = memory.get(key)
        if answer is None:
            answer = asked(self, *args, **settings)
            if not isinstance(answer, dict):
                answer = list(answer)
            memory.keep(key, answer)
        return iter(answer) if isinstance(answer, list) else answer

    return method
