"""Rucio's client, made predictable: own settings, bounded waits, no files, no output, plain errors.

What Rucio's own does and this one does not: read the machine's configuration, keep tokens on disk,
log in three times when a right is missing, wait without end, print, send tokens after a redirect.
"""

from __future__ import annotations

import copy
import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date
from email.utils import parsedate_to_datetime
from functools import cache
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urljoin, urlsplit, urlunsplit

from srcnet_compiler.targets.protocol import RefusedError, UnreachableError
from srcnet_compiler.targets.rucio.live.errors import CONNECT_SECONDS, cannot_be_reached
from srcnet_compiler.targets.rucio.live.library import rucio

if TYPE_CHECKING:
    from requests import Response, Session

RucioClient: TypeAlias = Any
"""A `rucio.client.Client`, which carries no types. Ours is to be used in `with`, and raises
UnreachableError and RefusedError where the server as a whole is out of reach.
"""

WAITS = (0.5, 1.5)
"""Seconds before asking again a server that refuses connections or says that it is overloaded."""
OVERLOADED = frozenset({502, 503, 504})
REDIRECTS = 3
JSON_TYPES = ("application/json", "application/x-json-stream")
_LOG = logging.getLogger("srcnet_compiler.rucio")
_LOG.addHandler(logging.NullHandler())
_LOG.propagate = False


class Transport:
    """What we put in the place of methods of Rucio's client; see `client_class`."""

    _BaseClient__get_token: Callable[[], None]
    account: str | None
    auth_token: str
    auth_type: str
    ca_cert: str | bool | None
    creds: Mapping[str, Any]
    headers: dict[str, str]
    host: str
    session: Session
    timeout: float
    vo: str

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - Rucio's arguments
        program = sys.argv[0]
        try:
            super().__init__(logger=_LOG, **settings)  # type: ignore[call-arg]  # Rucio's
        finally:
            sys.argv[0] = program  # Rucio's client shortens it

    def __enter__(self) -> Transport:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        self.session.close()

    def today(self) -> date | None:
        """The day by the server's own clock, in UTC; None: it does not say."""
        answer = self._answer(f"{self.host}/ping", "GET", None, None, None, False)
        answer.close()
        try:
            said = parsedate_to_datetime(answer.headers["Date"])
        except (KeyError, ValueError):
            return None
        return said.astimezone(UTC).date()

    def _get_auth_tokens(self) -> tuple[None, str, str, str]:
        """No files. What Rucio's client asks for last before it logs in: it gets its session here,
        in the place of one that takes things from the machine.
        """
        self.session = new_session(self.host)
        return None, "", "", ""

    def _BaseClient__write_token(self) -> None:  # noqa: N802 - the name that Rucio's class calls
        return None

    def _BaseClient__read_token(self) -> bool:  # noqa: N802
        token = self.creds.get("token")
        if token is None:
            return False
        self.auth_token = token
        self.headers["X-Rucio-Auth-Token"] = token
        return True

    def _load_json_data(self, response: Response) -> Iterator[Any]:
        """Lets go of the connection also when a line makes no sense."""
        try:
            yield from super()._load_json_data(response)  # type: ignore[misc]  # Rucio's
        finally:
            response.close()

    def _send_request(
        self,
        url: str,
        method: Any,  # noqa: ANN401 - rucio's HTTPMethod
        headers: Mapping[str, str] | None = None,
        data: str | bytes | None = None,
        params: Any = None,  # noqa: ANN401
        stream: bool = False,
        get_token: bool = False,
        **_: object,
    ) -> Response:
        answer = self._answer(url, method.value, headers, data, params, get_token)
        if get_token:
            answer.close()  # the token is in a header
            return self._let_in(url, answer)
        if _is_not_let_in(answer):
            answer.close()
            if self.creds.get("token") is None:
                self._BaseClient__get_token()
                answer = self._answer(url, method.value, headers, data, params, False)
            if _is_not_let_in(answer):
                answer.close()
                raise RefusedError(
                    f"{_origin(url)} does not accept the credentials of account `{self.account}`:"
                    " the token is not known there or has expired"
                )
        if method.value == "GET" and answer.ok and not _is_json(answer):
            answer.close()
            kind = answer.headers.get("content-type", "nothing that it gives a type")
            raise UnreachableError(
                f"{_origin(url)} answers nonsense: {kind} where Rucio's server gives JSON"
            )
        return answer

    def _let_in(self, url: str, answer: Response) -> Response:
        """Judges the answer to a login."""
        if answer.status_code in (401, 403):
            said = answer.headers.get("ExceptionMessage", "").strip()
            raise RefusedError(
                f"{_origin(url)} does not let in `{self.creds.get('username')}` as account"
                f" `{self.account}`{': ' if said else ''}{said}"
            )
        if not answer.ok or "X-Rucio-Auth-Token" not in answer.headers:
            raise UnreachableError(
                f"{_origin(url)} answers nonsense: a login gives status {answer.status_code}"
                " and no token"
            )
        return answer

    def _answer(
        self,
        url: str,
        method: str,
        headers: Mapping[str, str] | None,
        data: str | bytes | None,
        params: Any,  # noqa: ANN401
        is_login: bool,
    ) -> Response:
        """The server's answer, after waits and redirects within the server."""
        sent = {
            "X-Rucio-VO": self.vo,
            "X-Rucio-Script": "srcnet",
            "User-Agent": "srcnet-compiler",
            **({} if is_login else {"X-Rucio-Auth-Token": self.auth_token}),
            **({} if self.account is None else {"X-Rucio-Account": self.account}),
            **(headers or {}),
        }
        if not all(_can_be_sent(value) for value in sent.values()):
            raise RefusedError("account, user name or password has characters that cannot be sent")
        for _ in range(REDIRECTS):
            answer = self._patiently(method, url, sent, data, params)
            if not answer.is_redirect:
                return answer
            answer.close()
            url, params = _redirected(url, answer.headers["location"]), None
        raise UnreachableError(f"{_origin(url)} redirects without end")

    def _patiently(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        data: str | bytes | None,
        params: Any,  # noqa: ANN401
    ) -> Response:
        """Asks again only what can be asked twice."""
        import requests

        for wait in (*WAITS, None):
            try:
                answer = self.session.request(
                    method,
                    url,
                    headers=headers,
                    data=data,
                    params=params,
                    verify=self.ca_cert or True,
                    timeout=(CONNECT_SECONDS, self.timeout),
                    stream=True,
                    allow_redirects=False,
                )
            except (requests.Timeout, requests.exceptions.SSLError) as error:
                raise cannot_be_reached(_origin(url), error) from None
            except requests.ConnectionError as error:
                if wait is None or method != "GET":
                    raise cannot_be_reached(_origin(url), error) from None
            except (requests.RequestException, OSError, HTTPException, ValueError) as error:
                raise cannot_be_reached(_origin(url), error) from None
            else:
                if answer.status_code not in OVERLOADED:
                    return answer
                answer.close()
                if wait is None or method != "GET":
                    raise UnreachableError(f"{_origin(url)} answers {answer.status_code}")
            time.sleep(wait)
        raise AssertionError("the last wait is none")


@cache
def client_class() -> Any:  # noqa: ANN401 - a class of Rucio's, which carries no types
    """Rucio's client with our transport."""
    return type("SrcnetRucioClient", (Transport, rucio().Client), {})


def new_session(host: str) -> Session:
    """A session that takes no credentials from this machine, and no proxy to itself."""
    import requests

    session = requests.Session()
    session.auth = lambda request: request  # else a .netrc is looked into
    if urlsplit(host).hostname in ("127.0.0.1", "localhost", "::1"):
        session.trust_env = False
    return session


def twin(client: RucioClient) -> RucioClient:
    """The same client with connections of its own, for another thread."""
    other = copy.copy(client)
    other.headers = dict(client.headers)
    other.session = new_session(client.host)
    return other


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _redirected(url: str, location: str) -> str:
    """Where to go within the same server: a token is for no other.

    Behind a proxy Rucio says http although it is reached by https; only the path is believed.
    """
    here, there = urlsplit(url), urlsplit(urljoin(url, location))
    if there.hostname != here.hostname:
        raise UnreachableError(f"{_origin(url)} redirects to another server, {there.hostname}")
    return urlunsplit((here.scheme, here.netloc, there.path, there.query, ""))


def _is_not_let_in(answer: Response) -> bool:
    """Rucio says 401 also where a right is missing, and names the difference in a header."""
    if answer.status_code != 401:
        return False
    return answer.headers.get("ExceptionClass", "CannotAuthenticate") == "CannotAuthenticate"


def _can_be_sent(value: str) -> bool:
    """Whether a header may have it: one line, letters of western Europe."""
    return all(ord(c) < 256 and c not in "\r\n" for c in value)


def _is_json(answer: Response) -> bool:
    return answer.headers.get("content-type", "").partition(";")[0].strip() in JSON_TYPES
