"""An API server that we may use: where it is, who it knows, and how to say something to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Object = dict[str, Any]

APPLY_PATCH = "application/apply-patch+yaml"
SECONDS = 30


class RefusedError(Exception):
    """The API server said no; `status` is HTTP's, the text is what it said."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ApiServer:
    """A Kubernetes API server; `token` is of one who may do everything."""

    url: str
    folder: Path
    certificate_file: Path  # what its own certificate is checked against
    token: str = field(repr=False)
    crds: Path  # a folder of files for each name
    issue: Callable[[str, tuple[str, ...]], str] = field(repr=False, compare=False)
    client: tuple[Path, Path] | None = None  # certificate and key, for one who has no token

    @property
    def certificate(self) -> str:
        """What its certificate is checked against, as PEM text."""
        return self.certificate_file.read_text(encoding="ascii")

    @property
    def version(self) -> str:
        """Of Kubernetes, such as `1.36.3`, as it says itself."""
        return str(self.ask("GET", "/version")["gitVersion"]).removeprefix("v")

    def token_for(self, user: str, *groups: str) -> str:
        """A token of this user in these groups, who has the rights that RBAC gives."""
        return self.issue(user, groups)

    def ask(
        self,
        method: str,
        path: str,
        content: Mapping[str, Any] | str | None = None,
        *,
        token: str | None = None,
        content_type: str = "application/json",
        **query: str,
    ) -> Object:
        """What it answers, as the administrator or with another token.

        RefusedError when it says no; an OSError (of requests) when it does not answer.
        """
        answer = self.raw(
            method, path, content, token=token, content_type=content_type, query=query
        )
        if not answer.ok:
            raise _refusal(answer)
        return dict(answer.json())

    def raw(
        self,
        method: str,
        path: str,
        content: Mapping[str, Any] | str | None = None,
        *,
        token: str | None = None,
        content_type: str = "application/json",
        query: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> Any:  # noqa: ANN401 - requests is imported late, it takes half a second
        """The answer as requests gives it. No proxy, no netrc: loopback is ours."""
        import requests

        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method,
                self.url + path,
                params=query,
                data=content if isinstance(content, str | None) else json.dumps(content),
                headers=_headers(token or self.token, content_type),
                cert=self.client and (str(self.client[0]), str(self.client[1])),
                verify=str(self.certificate_file),
                timeout=seconds,
            )

    def apply(self, path: str, document: Mapping[str, Any] | str, *, manager: str) -> Object:
        """Server-side apply of one object at its path, as this field manager; never forced."""
        return self.ask("PATCH", path, document, content_type=APPLY_PATCH, fieldManager=manager)


def _headers(token: str, content_type: str) -> dict[str, str]:
    return {"Content-Type": content_type} | ({"Authorization": f"Bearer {token}"} if token else {})


def _refusal(answer: Any) -> RefusedError:  # noqa: ANN401 - as above
    """What a Status says, or the text of what is none."""
    try:
        said = answer.json()
        return RefusedError(answer.status_code, said.get("reason", ""), said.get("message", ""))
    except ValueError:
        return RefusedError(answer.status_code, answer.reason, answer.text.strip())
