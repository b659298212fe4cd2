"""Asking an API server: plain JSON over HTTP, with one token and nobody else's certificates.

An answer that is none is UnreachableError, whatever it was: the text says what came instead.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from srcnet_compiler.change import Json
from srcnet_compiler.targets.protocol import RefusedError, UnreachableError
from srcnet_compiler.targets.unreachable import shortened, why_unreachable

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session

CONNECT_SECONDS = 10.0
REQUEST_SECONDS = 60.0
WORKERS = 8
"""Questions at once: more gain nothing, and others want answers as well."""
PAGE = 500
"""Objects for one answer: the server holds a page in memory."""
PATIENCE = 5
"""How often we come back to a server that asks us to wait."""
APPLY = "application/apply-patch+yaml"
Answer: TypeAlias = dict[str, Any]
Method: TypeAlias = Literal["GET", "POST", "PATCH", "DELETE"]


_ITS_OWN = ("webhook", "typed patch object")
"""By these words an error of the server is about the object, and about nothing else."""
_NO_SUCH_GROUP = b"404 page not found"


class ApiError(Exception):
    """The API server said no to one request; the text is what it said.

    `reason` is its word for it: NotFound, Forbidden, Conflict, Invalid, Expired …; `causes` are its
    objections to single fields, `name` the object that it speaks of.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        causes: Sequence[Mapping[str, str]] = (),
        name: str = "",
    ) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message
        self.causes, self.name = causes, name


class Client:
    """One API server, and the token that we are known by."""

    def __init__(self, server: str, token: str, certificate: str | None = None) -> None:
        """Raises RefusedError for a certificate that is none."""
        from srcnet_compiler.targets.kubernetes.live.trust import new_session

        self.server = server.rstrip("/")
        self._token = token
        self._session: Session = new_session(WORKERS, certificate)
        self._session.auth = self._sign

    def close(self) -> None:
        """End the connections."""
        self._session.close()

    def get(self, path: str, **query: str) -> Answer:
        """Raises UnreachableError, RefusedError (nobody lets us in), ApiError."""
        return self.ask("GET", path, query)

    def ask_kindly(self, path: str) -> Answer:
        """As `get`, of what everybody may see: who refuses it is no API server for us."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.status == 403:
                raise RefusedError(f"{self.server} refuses us: {error.message}") from None
            raise UnreachableError(f"{self.server} answers {error.status} to {path}") from None

    def list(self, path: str, **query: str) -> Iterator[Answer]:
        """All objects of a listing, page by page. Raises as `get`, while it is gone through."""
        more: dict[str, str] = {}
        while True:
            said = self.get(path, limit=str(PAGE), **query, **more)
            yield from _items(self.server, said)
            follows = said["metadata"].get("continue")
            if not follows:
                return
            more = {"continue": follows}

    def ask(
        self,
        method: Method,
        path: str,
        query: Mapping[str, str],
        body: Json = None,
        content_type: str = "application/json",
    ) -> Answer:
        """One question. Raises as `get`."""
        text = None if body is None else json.dumps(body)
        for _ in range(PATIENCE):
            answer = self._send(method, path, query, text, content_type)
            if answer.status_code != 429:
                break
            answer.close()
            time.sleep(_pause(answer))
        return self._understood(answer)

    def _send(
        self, method: Method, path: str, query: Mapping[str, str], text: str | None, kind: str
    ) -> Response:
        import requests

        try:
            return self._session.request(
                method,
                self.server + path,
                params=query,
                data=text,
                headers={"Accept": "application/json", "Content-Type": kind},
                timeout=(CONNECT_SECONDS, REQUEST_SECONDS),
                allow_redirects=False,
            )
        except (requests.RequestException, OSError, ValueError) as trouble:
            raise UnreachableError(f"{self.server} {why_unreachable(trouble)}") from None

    def _understood(self, answer: Response) -> Answer:
        status = answer.status_code
        if 300 <= status < 400:
            raise UnreachableError(f"{self.server} sends us elsewhere: it is no API server")
        try:
            said = json.loads(answer.content)
        except (ValueError, RecursionError):
            said = None
        if status == 404 and answer.content.startswith(_NO_SUCH_GROUP):
            raise ApiError(404, "NotFound", "the server has no such API")
        if not isinstance(said, dict):
            kind = answer.headers.get("Content-Type", "nothing").partition(";")[0]
            raise UnreachableError(
                f"{self.server} answers {status} with what is no answer of an API server ({kind})"
            )
        if status == 401:
            raise RefusedError(f"{self.server} does not know our token")
        if status < 400:
            return said
        error = _error(status, said)
        if status >= 500 and not any(words in error.message for words in _ITS_OWN):
            raise UnreachableError(f"{self.server} answers {status}: {shortened(error.message)}")
        raise error

    def _sign(self, request: PreparedRequest) -> PreparedRequest:
        # as `auth`, so that no netrc comes in between
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@contextmanager
def workers() -> Iterator[ThreadPoolExecutor]:
    """Threads to ask several things at once; what was not begun at the end is dropped."""
    threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="kubernetes")
    try:
        yield threads
    except BaseException as end:
        # whoever interrupts does not wait for a server that says nothing
        threads.shutdown(wait=not isinstance(end, KeyboardInterrupt), cancel_futures=True)
        raise
    threads.shutdown()


def _items(server: str, said: Answer) -> list[Answer]:
    items, metadata = said.get("items"), said.get("metadata")
    sound = isinstance(metadata, dict) and isinstance(items, list | None)
    if not sound or not all(_is_object(item) for item in items or ()):
        raise UnreachableError(f"{server} answers with what is no listing")
    return items or []


def _is_object(item: object) -> bool:
    metadata = item.get("metadata") if isinstance(item, dict) else None
    return isinstance(metadata, dict) and isinstance(metadata.get("name"), str)


def _error(status: int, said: Answer) -> ApiError:
    details = said.get("details")
    details = details if isinstance(details, dict) else {}
    causes = details.get("causes")
    sound = [
        {key: str(value) for key, value in cause.items()}
        for cause in (causes if isinstance(causes, list) else ())
        if isinstance(cause, dict)
    ]
    message = shortened(str(said.get("message") or f"it says {status}"))
    name = str(details.get("name") or "")
    return ApiError(status, str(said.get("reason") or ""), message, sound, name)


def _pause(answer: Response) -> float:
    try:
        return min(float(answer.headers.get("Retry-After", "1")), 10.0)
    except ValueError:
        return 1.0
