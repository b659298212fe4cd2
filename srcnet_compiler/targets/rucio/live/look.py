"""Asking many things at once, and keeping what could not be answered as gaps."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from srcnet_compiler.change import Address
from srcnet_compiler.targets.protocol import Gap
from srcnet_compiler.targets.rucio.live.client import RucioClient, twin
from srcnet_compiler.targets.rucio.live.errors import sentence
from srcnet_compiler.targets.rucio.live.library import rucio_exceptions

T = TypeVar("T")
D = TypeVar("D")

WORKERS = 8
"""Questions at once: more gain nothing, and others want answers as well."""


class Look:
    """One reading of one instance, for use in `with`: questions go out, answers are taken.

    What was not begun at its end is dropped. `gaps` grows as answers are taken.
    """

    def __init__(self, client: RucioClient, instance: str) -> None:
        self.gaps: list[Gap] = []
        self._client = client
        self._instance = instance
        self._own = threading.local()
        self._twins: list[RucioClient] = []
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="rucio")

    def __enter__(self) -> Look:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # Whoever interrupts does not wait for a server that says nothing.
        self._threads.shutdown(wait=kind is not KeyboardInterrupt, cancel_futures=True)
        for each in self._twins:
            each.session.close()

    def ask(self, question: Callable[[RucioClient], T]) -> Future[T]:
        """The answer to come. A question may not wait for another one."""
        return self._threads.submit(lambda: question(self._mine()))

    def take(
        self, answer: Future[T], otherwise: D, kind: str, *names: str, absent: str = ""
    ) -> T | D:
        """The answer, or `otherwise`: with a gap for each name (none: for the kind), but for the
        exception of Rucio's named `absent`, by which the server says that there is nothing.

        UnreachableError and RefusedError pass: then nothing more can be read at all.
        """
        try:
            return answer.result()
        except unreadable() as error:
            if type(error).__name__ != absent:
                for name in names or ("",):
                    self.miss(kind, name, sentence(error))
            return otherwise

    def miss(self, kind: str, name: str, reason: str) -> None:
        """Something could not be seen."""
        self.gaps.append(Gap(Address("rucio", self._instance, kind, name), reason))

    def _mine(self) -> RucioClient:
        if not hasattr(self._own, "client"):
            self._own.client = twin(self._client)
            self._twins.append(self._own.client)
        return self._own.client


def unreadable() -> tuple[type[Exception], ...]:
    """What one answer's failing raises: a refusal, an error of the server, an answer that breaks
    off or makes no sense.
    """
    import requests

    rucio: type[Exception] = rucio_exceptions().RucioException
    return (rucio, requests.RequestException, ValueError, KeyError, TypeError, AttributeError)
