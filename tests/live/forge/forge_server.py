"""A forge on loopback: what GitHub and GitLab answer to the calls that pipelines make.

A token has the rights of its job, as the workflow asks for them; what it may not do is refused.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

REPOSITORY = "srcnet/specs"
Answer = tuple[int, Any]
_NEEDED = {
    "comments": "pull-requests",
    "reviews": "pull-requests",
    "pulls": "pull-requests",
    "issues": "issues",
    "sarifs": "security-events",
}
"""By the last word of a path, the right that it takes."""


OURS = {"user": {"login": "github-actions[bot]", "type": "Bot"}, "author": {"id": 99}}
"""Who writes what a run writes, in the words of each forge."""


@dataclass
class Forge:
    """What the forge knows; tests read and write it as people would at its pages."""

    comments: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    teams: dict[str, set[str]] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)
    tokens: dict[str, Mapping[str, str]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    url: str = ""

    def token(self, rights: Mapping[str, str]) -> str:
        """A new secret with the rights of one job."""
        made = f"ghs_{secrets.token_hex(16)}"
        self.tokens[made] = rights
        return made

    def approve(self, number: int, name: str, commit: str) -> None:
        """A person agrees to a proposal as it stands."""
        review = {"user": {"login": name}, "state": "APPROVED", "commit_id": commit}
        self.reviews.append({"number": number, **review})

    def open_issues(self) -> list[str]:
        return [each["title"] for each in self.issues if each["state"] == "open"]

    def may(self, token: str, method: str, path: str) -> bool:
        """Whether a token has the right that a call takes."""
        rights = self.tokens.get(token)
        if rights is None:
            return False
        words = [word for word in path.split("/") if word in _NEEDED]
        last = "comments" if "comments" in words else (words[-1] if words else "")
        needed = _NEEDED.get(last)
        if needed is None:
            return True
        return rights.get(needed) in (("write",) if method != "GET" else ("read", "write"))


# ── GitHub ────────────────────────────────────────────────────────────────────────────────────


def _numbered(things: list[dict[str, Any]], key: str, number: str) -> dict[str, Any] | None:
    return next((each for each in things if each[key] == int(number)), None)


def github(forge: Forge, method: str, path: str, query: Mapping[str, str], body: Any) -> Answer:
    """One call."""
    top = f"/repos/{REPOSITORY}"

    def route(wanted: str, pattern: str) -> re.Match[str] | None:
        return re.fullmatch(top + pattern, path) if method == wanted else None

    if match := route("GET", r"/issues/(\d+)/comments"):
        return 200, [each for each in forge.comments if each["of"] == int(match[1])]
    if match := route("POST", r"/issues/(\d+)/comments"):
        body = {**body, **OURS}
        made = {"id": len(forge.comments) + 1, "of": int(match[1]), **body}
        forge.comments.append({**made, "written": 1})
        return 201, made
    if match := route("PATCH", r"/issues/comments/(\d+)"):
        found = _numbered(forge.comments, "id", match[1])
        return _changed(found, body, count=True)
    if route("GET", "/issues"):
        return 200, [each for each in forge.issues if each["state"] == query["state"]]
    if route("POST", "/issues"):
        forge.issues.append({"number": len(forge.issues) + 1, "state": "open", **body, **OURS})
        return 201, forge.issues[-1]
    if match := route("PATCH", r"/issues/(\d+)"):
        return _changed(_numbered(forge.issues, "number", match[1]), body)
    if match := route("GET", r"/commits/([0-9a-f]{40})/pulls"):
        return 200, [each for each in forge.pulls if each["merge_commit_sha"] == match[1]]
    if match := route("GET", r"/pulls/(\d+)/reviews"):
        return 200, [each for each in forge.reviews if each["number"] == int(match[1])]
    if route("POST", "/code-scanning/sarifs"):
        text = gzip.decompress(base64.b64decode(body["sarif"]))
        forge.findings.append({**body, "sarif": json.loads(text)})
        return 202, {"id": "1"}
    if match := re.fullmatch(r"/orgs/([^/]+)/teams/([^/]+)/memberships/([^/]+)", path):
        there = match[3] in forge.teams.get(f"@{match[1]}/{match[2]}", ())
        return (200, {"state": "active"}) if there else (404, {"message": "Not Found"})
    return 404, {"message": f"no such call: {method} {path}"}


# ── GitLab ────────────────────────────────────────────────────────────────────────────────────


def gitlab(forge: Forge, method: str, path: str, query: Mapping[str, str], body: Any) -> Answer:
    """One call."""
    top = "/projects/7"

    def route(wanted: str, pattern: str) -> re.Match[str] | None:
        return re.fullmatch(top + pattern, path) if method == wanted else None

    if match := route("GET", r"/merge_requests/(\d+)/notes"):
        return 200, [each for each in forge.comments if each["of"] == int(match[1])]
    if match := route("POST", r"/merge_requests/(\d+)/notes"):
        made = {"id": len(forge.comments) + 1, "of": int(match[1]), **body, **OURS}
        forge.comments.append({**made, "written": 1})
        return 201, made
    if match := route("PUT", r"/merge_requests/\d+/notes/(\d+)"):
        return _changed(_numbered(forge.comments, "id", match[1]), body, count=True)
    if route("GET", "/issues"):
        return 200, [each for each in forge.issues if each["state"] == "open"]
    if route("POST", "/issues"):
        number = len(forge.issues) + 1
        forge.issues.append({"number": number, "iid": number, "state": "open", **body, **OURS})
        return 201, forge.issues[-1]
    if match := route("PUT", r"/issues/(\d+)"):
        closing = {"state": "closed"} if body.get("state_event") == "close" else body
        return _changed(_numbered(forge.issues, "iid", match[1]), closing)
    if match := route("GET", r"/repository/commits/([0-9a-f]{40})/merge_requests"):
        return 200, [_as_request(each) for each in forge.pulls]
    if match := route("GET", r"/merge_requests/(\d+)/approvals"):
        given = [each for each in forge.reviews if each["number"] == int(match[1])]
        return 200, {"approved_by": [{"user": {"username": g["user"]["login"]}} for g in given]}
    if (method, path) == ("GET", "/user"):
        return 200, OURS["author"]
    if match := re.fullmatch(r"/groups/(.+)/members/all", path):
        return 200, [{"username": each} for each in sorted(forge.teams.get(f"@{match[1]}", ()))]
    return 404, {"message": f"no such call: {method} {path}"}


def _as_request(pull: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "iid": pull["number"],
        "state": "merged" if pull["merged_at"] else "opened",
        "merge_commit_sha": pull["merge_commit_sha"],
        "squash_commit_sha": None,
        "sha": pull["head"]["sha"],
        "author": {"username": "site-admin"},
    }


def _changed(found: dict[str, Any] | None, body: Any, *, count: bool = False) -> Answer:
    if found is None:
        return 404, {"message": "Not Found"}
    found.update(body)
    if count:
        found["written"] += 1
    return 200, found


# ── HTTP ──────────────────────────────────────────────────────────────────────────────────────

KINDS: dict[str, Callable[..., Answer]] = {"github": github, "gitlab": gitlab}


@contextmanager
def serving(kind: str) -> Iterator[Forge]:
    """A forge of this kind, until the block ends."""
    forge = Forge()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            url = urlparse(self.path)
            path = unquote(url.path)
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            said = self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN") or ""
            if forge.may(said.removeprefix("Bearer "), self.command, path):
                status, data = KINDS[kind](forge, self.command, path, query, body)
            else:
                forge.refused.append(f"{self.command} {path}")
                status, data = 403, {"message": "Resource not accessible by integration"}
            text = json.dumps(data).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = do_PUT = answer  # noqa: N815 - as the library calls them

        def log_message(self, *args: object) -> None:
            """What is asked is seen in the forge's own lists."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    forge.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield forge
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
