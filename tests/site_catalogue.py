"""A site catalogue on loopback: a real server of HTTP that behaves as SRCNet's does.

Writing puts a whole node in the place of another, with the next version and a stamp, and looks at
nothing that was there; former versions are kept. A listing leaves out what is switched off or in
downtime unless it is asked for that. It can be told to fail, in every way that servers do.
"""

from __future__ import annotations

import copy
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

PREFIX = "/api/v1"
TOKEN = "canary-of-the-catalogue"
Node = dict[str, Any]
Fault = Callable[["_Handler", str], bool]
"""Something that goes wrong: gets the request and its method, and says whether it has answered."""


@dataclass
class Catalogue:
    """`nodes` by name, `former` by name and version. `meanwhile` is what somebody else does when a
    node has been read and before the next is written; `faults` happen once each, in order."""

    nodes: dict[str, Node] = field(default_factory=dict)
    former: dict[tuple[str, int], Node] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    meanwhile: list[Callable[[], None]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    pause: float = 0.0
    port: int = 0
    _server: _Server | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PREFIX}"

    @property
    def writes(self) -> int:
        return sum(method == "POST" for method, _ in self.requests)

    def start(self) -> None:
        handler = type("Handler", (_Handler,), {"catalogue": self})
        self._server = _Server(("127.0.0.1", self.port), handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """As a crash does: who is connected loses the connection."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            for connection in [*self._server.open]:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._server = None

    # what people do by the web page, which writes whole nodes as well

    def fill(self, *nodes: Node) -> None:
        for node in nodes:
            self.put(node["name"], copy.deepcopy(node))

    def put(self, name: str, node: Node) -> None:
        with self._lock:
            last = self.nodes.get(name)
            now = datetime.now(UTC).isoformat()  # noqa: TID251 - as the server does
            if last is None:
                stamps: Node = {"created_at": now, "version": 1}
            else:
                stamps = {"last_updated_at": now, "version": last["version"] + 1}
                self.former[name, last["version"]] = last
            self.nodes[name] = {**node, **stamps}

    def edit(self, name: str, change: Callable[[Node], object]) -> None:
        with self._lock:
            node = copy.deepcopy(self.nodes[name])
            change(node)
            self.put(name, node)

    def content(self) -> dict[str, str]:
        """What each node says, without stamps."""
        with self._lock:
            return {
                name: json.dumps({k: v for k, v in node.items() if k not in STAMPS}, sort_keys=True)
                for name, node in self.nodes.items()
            }


STAMPS = ("version", "created_at", "last_updated_at")


@contextmanager
def running(*nodes: Node) -> Iterator[Catalogue]:
    catalogue = Catalogue()
    catalogue.fill(*nodes)
    catalogue.start()
    try:
        yield catalogue
    finally:
        catalogue.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *args: Any) -> None:
        self.open: set[socket.socket] = set()
        super().__init__(*args)

    def finish_request(self, request: Any, client_address: Any) -> None:
        self.open.add(request)
        super().finish_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, *_: object) -> None:
        """Who hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    catalogue: Catalogue
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""

    def do_GET(self) -> None:
        self._begin("GET", self._get)

    def do_POST(self) -> None:
        self._begin("POST", self._post)

    def _begin(self, method: str, answer: Callable[[str, Mapping[str, list[str]]], None]) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        parts = urlsplit(self.path)
        path = unquote(parts.path.removeprefix(PREFIX))
        self.catalogue.requests.append((method, self.path.removeprefix(PREFIX)))
        if self.catalogue.faults and self.catalogue.faults[0](self, method):
            self.catalogue.faults.pop(0)
            return
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.say(401, {"detail": "Not authenticated"})
            return
        answer(path, parse_qs(parts.query))

    def _get(self, path: str, query: Mapping[str, list[str]]) -> None:
        catalogue = self.catalogue
        if path == "/nodes":
            with catalogue._lock:
                nodes = [*catalogue.nodes.values()]
            if query.get("include_inactive") != ["true"]:
                nodes = [each for node in nodes if (each := active(node))]
            names = query.get("only_names") == ["true"]
            self.say(200, [node["name"] for node in nodes] if names else nodes)
        elif path.startswith("/nodes/"):
            name = path.removeprefix("/nodes/")
            with catalogue._lock:
                found = catalogue.nodes.get(name, {})
                version = query.get("node_version", ["latest"])[0]
                if version != "latest" and found.get("version") != int(version):
                    found = catalogue.former.get((name, int(version)), {})
            self.say(200, found)  # as the real one: one that is not there is {}
        else:
            self.say(404, {"detail": "Not Found"})

    def _post(self, path: str, _: Mapping[str, list[str]]) -> None:
        catalogue = self.catalogue
        if catalogue.meanwhile:
            catalogue.meanwhile.pop(0)()
        time.sleep(catalogue.pause)
        node = json.loads(self.body)
        if path == "/nodes":
            if node["name"] in catalogue.nodes:
                self.say(409, {"detail": f"Node {node['name']} already exists"})
                return
            catalogue.put(node["name"], node)
        else:
            catalogue.put(path.removeprefix("/nodes/"), node)
        self.say(200, "ObjectId('0')", "text/html")

    def say(self, status: int, what: object, kind: str = "application/json") -> None:
        self.write(status, json.dumps(what).encode(), kind)

    def write(self, status: int, body: bytes, kind: str, more: int = 0) -> None:
        """`more`: so many bytes are promised besides and do not come."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) + more))
        self.end_headers()
        self.wfile.write(body)
        if more:
            self.hang_up()

    def hang_up(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)


def active(element: Any) -> Any:
    """What a listing has of it by default: nothing that is switched off, nothing that is empty."""
    if isinstance(element, dict):
        if element.get("is_force_disabled") or any(map(is_on, element.get("downtime") or ())):
            return None
        kept = {key: active(value) for key, value in element.items()}
        return {key: value for key, value in kept.items() if value} or None
    if isinstance(element, list):
        return [each for item in element if (each := active(item)) is not None]
    return element


def is_on(downtime: Mapping[str, str]) -> bool:
    start, _, end = (downtime.get("date_range") or "").partition(" to ")
    if not end:
        return False
    now = datetime.now(UTC)  # noqa: TID251 - as the server does
    return datetime.fromisoformat(start) < now < datetime.fromisoformat(end)


# ── what goes wrong ───────────────────────────────────────────────────────────────────────────


def once_on(method: str, do: Callable[[_Handler], None]) -> Fault:
    """The next request of this method goes wrong so."""

    def fault(handler: _Handler, said: str) -> bool:
        if said != method:
            return False
        do(handler)
        return True

    return fault


def answers(status: int, text: str = '{"detail": "so it is"}') -> Callable[[_Handler], None]:
    return lambda handler: handler.write(status, text.encode(), "application/json")


def nonsense(handler: _Handler) -> None:
    handler.write(200, b"<html>Bad gateway</html>", "text/html")


def truncated(handler: _Handler) -> None:
    handler.write(200, b'[{"name": "CHSRC", "si', "application/json", more=500)


def closes(handler: _Handler) -> None:
    handler.hang_up()


def elsewhere(handler: _Handler) -> None:
    handler.send_response(302)
    handler.send_header("Location", "https://login.example.org/")
    handler.send_header("Content-Length", "0")
    handler.end_headers()
