"""A server that stands before a real one, or in its place, and answers what a test wants."""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

Meddling = Callable[["Handler"], bool]
"""Answers a request, or returns False to let the real server answer."""


@dataclass
class Meddler:
    """`paths` are those of the requests so far; `meddle` may be replaced at any time."""

    url: str
    meddle: Meddling
    upstream: str | None = None
    paths: list[str] = field(default_factory=list)
    received: list[dict[str, str]] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    meddler: Meddler

    def serve(self) -> None:
        self.meddler.paths.append(self.path)
        self.meddler.received.append(dict(self.headers))
        size = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(size)
        if not self.meddler.meddle(self):
            self.forward()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve  # noqa: N815 - the names that are called

    def forward(self) -> None:
        assert self.meddler.upstream is not None, self.path
        there = connected(self.meddler.upstream)
        headers = {key: value for key, value in self.headers.items() if key != "Connection"}
        there.request(self.command, self.path, self.body, headers)
        answer = there.getresponse()
        content = answer.read()
        there.close()
        skip = ("transfer-encoding", "connection", "content-length")
        kept = {k: v for k, v in answer.getheaders() if k.lower() not in skip}
        self.say(answer.status, content, **kept)

    def say(self, status: int, content: bytes = b"", **headers: str) -> bool:
        """A complete answer."""
        self.send_response(status)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in {"Content-Length": str(len(content)), **named}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        return True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is called
        return


def connected(url: str) -> http.client.HTTPConnection:
    """To a server on loopback, whose certificate needs no check."""
    parts = urlsplit(url)
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.netloc, timeout=60)
    unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unchecked.check_hostname = False
    unchecked.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(parts.netloc, timeout=60, context=unchecked)


@contextmanager
def meddling(
    upstream: str | None = None,
    meddle: Meddling = lambda handler: False,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Meddler]:
    """A meddler on a free port of loopback, before the server at `upstream`."""
    handler = type("OwnHandler", (Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        scheme = "http" if tls is None else "https"
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        handler.meddler = Meddler(f"{scheme}://127.0.0.1:{server.server_port}", meddle, upstream)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield handler.meddler
        finally:
            server.shutdown()
            thread.join()
