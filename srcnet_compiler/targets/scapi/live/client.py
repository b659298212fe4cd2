"""Asking the catalogue: JSON over HTTP, with one token.

An answer that is none is UnreachableError, whatever it was: the text says what came instead.

Traps, each read in the source (ska-src-site-capabilities-api 0.3.95): a listing leaves out what is
in downtime or switched off, and every empty value, unless `include_inactive` is asked for; a node
that is not there is `{}` with status 200; `POST /nodes` makes a node and `POST /nodes/NAME` puts
another in its place, as a whole, without a look at what was there. Each gives it the next version.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from srcnet_compiler.targets.protocol import RefusedError, UnreachableError
from srcnet_compiler.targets.unreachable import shortened, why_unreachable

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

CONNECT_SECONDS = 10.0
REQUEST_SECONDS = 60.0


class AnswerError(Exception):
    """The catalogue said no to one request; the text is for people."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Client:
    """One catalogue, and the token that we are known by."""

    def __init__(self, server: str, token: str) -> None:
        import requests

        self.server = server.rstrip("/")
        self._token = token
        self._session = requests.Session()
        self._session.auth = self._sign

    def close(self) -> None:
        """End the connections."""
        self._session.close()

    def names(self) -> list[Any]:
        """The names of the nodes. Raises UnreachableError, RefusedError."""
        return self._list("/nodes?only_names=true&include_inactive=true")

    def nodes(self) -> list[Any]:
        """Every node as a whole. Raises UnreachableError, RefusedError."""
        return self._list("/nodes?include_inactive=true")

    def node(self, name: str, version: int | None = None) -> dict[str, Any] | None:
        """One node, as it is or as it once was; None where there is none.

        Raises UnreachableError, RefusedError.
        """
        which = "" if version is None else f"?node_version={version}"
        said = self._sure("GET", f"/nodes/{quote(name, safe='')}{which}")
        if not isinstance(said, dict):
            raise UnreachableError(f"{self.server} answers with what is no node")
        return said or None

    def make(self, node: Mapping[str, Any]) -> None:
        """A node that is not there yet. Raises UnreachableError, RefusedError, AnswerError."""
        self._ask("POST", "/nodes", node)

    def replace(self, name: str, node: Mapping[str, Any]) -> None:
        """Put another document in the place of a node's. Raises as `make`."""
        self._ask("POST", f"/nodes/{quote(name, safe='')}", node)

    def _list(self, path: str) -> list[Any]:
        said = self._sure("GET", path)
        if not isinstance(said, list):
            raise UnreachableError(f"{self.server} answers with what is no list of nodes")
        return said

    def _sure(self, method: str, path: str) -> Any:  # noqa: ANN401 - whatever is answered
        """An answer that is needed for all that follows."""
        try:
            answer = self._ask(method, path)
        except AnswerError as error:
            raise UnreachableError(str(error)) from None
        try:
            return json.loads(answer.content)
        except (ValueError, RecursionError):
            kind = answer.headers.get("Content-Type", "nothing").partition(";")[0]
            raise UnreachableError(
                f"{self.server} answers with what is no answer of a site catalogue ({kind})"
            ) from None

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> "Response":
        import requests

        text = None if body is None else json.dumps(body)
        try:
            answer = self._session.request(
                method,
                self.server + path,
                data=text,
                headers={"Accept": "application/json", "Content-Type": "application/json"},
                timeout=(CONNECT_SECONDS, REQUEST_SECONDS),
                allow_redirects=False,
            )
        except (requests.RequestException, OSError, ValueError) as trouble:
            raise UnreachableError(f"{self.server} {why_unreachable(trouble)}") from None
        return self._understood(answer)

    def _understood(self, answer: "Response") -> "Response":
        status = answer.status_code
        if 300 <= status < 400:
            raise UnreachableError(f"{self.server} sends us elsewhere: it is no site catalogue")
        if status == 401:
            raise RefusedError(f"{self.server} does not know our token")
        if status == 403:
            raise RefusedError(f"{self.server} refuses us: {_said(answer)}")
        if status >= 400:
            raise AnswerError(status, f"{self.server} answers {status}: {_said(answer)}")
        return answer

    def _sign(self, request: "PreparedRequest") -> "PreparedRequest":
        # as `auth`, so that no netrc comes in between
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _said(answer: "Response") -> str:
    """The server's own words, where it has some."""
    try:
        said = json.loads(answer.content)
    except (ValueError, RecursionError):
        said = None
    words = said.get("detail") if isinstance(said, dict) else None
    return shortened(str(words or answer.reason or "no reason"))
