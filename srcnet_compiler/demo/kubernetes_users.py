"""Whoever a test wants to be: tokens that the API server asks us about, by its own webhook.

Source: kube-apiserver's `--authentication-token-webhook-config-file`, TokenReview v1.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from srcnet_compiler.demo.processes import free_port


class Users:
    """Tokens by user and groups; answers on loopback which of them a token belongs to."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Any]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", free_port()), self._handler())

    @classmethod
    @contextmanager
    def answering(cls) -> Iterator[Users]:
        """They answer until the end, in a thread of ours."""
        users = cls()
        thread = threading.Thread(target=users._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield users
        finally:
            users._server.shutdown()
            users._server.server_close()
            thread.join()

    def token_for(self, user: str, groups: tuple[str, ...]) -> str:
        """A new token of this user in these groups."""
        token = secrets.token_hex(16)
        self._known[token] = {"username": user, "uid": user, "groups": list(groups)}
        return token

    @property
    def webhook(self) -> str:
        """The file that tells an API server to ask here."""
        url = "http://{}:{}/".format(*self._server.server_address)
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "tests", "cluster": {"server": url}}],
                "users": [{"name": "tests", "user": {}}],
                "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "tests"}}],
                "current-context": "tests",
            }
        )

    def review(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The answer to a TokenReview."""
        user = self._known.get(asked["spec"]["token"])
        status = {"authenticated": False} if user is None else {"authenticated": True, "user": user}
        return {"apiVersion": asked["apiVersion"], "kind": "TokenReview", "status": status}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        review = self.review

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = json.dumps(review(asked)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                """Nothing: tokens come by here."""

        return Handler
