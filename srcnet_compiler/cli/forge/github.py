"""GitHub, as one of its runs sees it.

Source: docs.github.com/en/rest, version 2022-11-28.
"""

import base64
import gzip
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.cli.forge.api import Post, Rest, needed

_TELL = "the pipeline gives it to the step by `env`"
_DECIDES = ("APPROVED", "CHANGES_REQUESTED", "DISMISSED")


class GitHub:
    """Who is in a team only `SRCNET_TEAMS_TOKEN` may see: a run's own token does not."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.repository = needed(environment, "GITHUB_REPOSITORY", _TELL)
        self.rest = self._rest(needed(environment, "GITHUB_TOKEN", _TELL))

    def comments(self) -> Sequence[Post]:
        found = self.rest.every(f"{self._top}/issues/{self._proposal}/comments")
        return self._posts(filter(_is_ours, found), "id")

    def comment(self, text: str, number: int | None) -> None:
        if number is None:
            path = f"{self._top}/issues/{self._proposal}/comments"
            self.rest.call("POST", path, {"body": text})
        else:
            self.rest.call("PATCH", f"{self._top}/issues/comments/{number}", {"body": text})

    def issues(self, title: str) -> Sequence[Post]:
        found = self.rest.every(f"{self._top}/issues?state=open")
        named = (each for each in found if each["title"] == title and "pull_request" not in each)
        return self._posts(filter(_is_ours, named), "number")

    def issue(self, title: str, text: str, number: int | None) -> None:
        if number is None:
            self.rest.call("POST", f"{self._top}/issues", {"title": title, "body": text})
        else:
            self.rest.call("PATCH", f"{self._top}/issues/{number}", {"body": text})

    def close(self, number: int) -> None:
        self.rest.call("PATCH", f"{self._top}/issues/{number}", {"state": "closed"})

    def approvers(self, teams: Sequence[str], merged: str | None = None) -> Sequence[Sequence[str]]:
        commit = merged or needed(self.environment, "GITHUB_SHA", _TELL)
        found = [
            each
            for each in self.rest.every(f"{self._top}/commits/{commit}/pulls")
            if each["merged_at"] and each["merge_commit_sha"] == commit
        ]
        names = [name for each in found for name in self._agreed(each)]
        return [[f"@{name}", *self._teams_of(name, teams)] for name in dict.fromkeys(names)]

    def scan(self, sarif: bytes) -> bool:
        commit = self.environment.get("HEAD") or needed(self.environment, "GITHUB_SHA", _TELL)
        body = {
            "commit_sha": commit,
            "ref": f"refs/pull/{self._proposal}/head",
            "sarif": base64.b64encode(gzip.compress(sarif, mtime=0)).decode(),
            "tool_name": "srcnet",
        }
        # a repository without code scanning says that it has no such thing, or that it is off
        path = f"{self._top}/code-scanning/sarifs"
        try:
            return self.rest.call("POST", path, body, absent=True) is not None
        except StopError as stop:
            if stop.code is Exit.CREDENTIALS:
                return False
            raise

    def propose(self, branch: str, title: str, text: str) -> str:
        owner = self.repository.partition("/")[0]
        there = list(self.rest.every(f"{self._top}/pulls?state=open&head={owner}:{branch}"))
        if there:
            return str(there[0]["html_url"])
        base = needed(self.environment, "GITHUB_REF_NAME", _TELL)
        body = {"title": title, "body": text, "head": branch, "base": base}
        return str(self.rest.call("POST", f"{self._top}/pulls", body)["html_url"])

    @property
    def _top(self) -> str:
        return f"repos/{self.repository}"

    @property
    def _proposal(self) -> str:
        reference = needed(self.environment, "GITHUB_REF", _TELL).split("/")
        if reference[:2] != ["refs", "pull"] or len(reference) < 3:
            raise StopError(Exit.USAGE, "this run is for no pull request")
        return reference[2]

    def _agreed(self, pull: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
        """Whose last word on what was merged, to the commit, is yes."""
        last: dict[str, tuple[str, str]] = {}
        for review in self.rest.every(f"{self._top}/pulls/{pull['number']}/reviews"):
            if review["state"] in _DECIDES and review["user"]:
                last[review["user"]["login"]] = review["state"], review["commit_id"]
        for name, (state, commit) in sorted(last.items()):
            if state == "APPROVED" and commit == pull["head"]["sha"]:
                yield name

    def _teams_of(self, name: str, teams: Sequence[str]) -> Iterator[str]:
        if not teams:
            return
        remedy = "make it a secret that may read the organisation's members"
        rest = self._rest(needed(self.environment, "SRCNET_TEAMS_TOKEN", remedy))
        for team in teams:
            organisation, _, slug = team.removeprefix("@").partition("/")
            path = f"orgs/{organisation}/teams/{slug}/memberships/{name}"
            found = rest.call("GET", path, absent=True)
            if found is not None and found["state"] == "active":
                yield team

    def _rest(self, token: str) -> Rest:
        url = self.environment.get("GITHUB_API_URL", "https://api.github.com")
        return Rest(
            url,
            {
                "Authorization": f"Bearer {token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )

    def _posts(self, found: Iterator[Mapping[str, object]], key: str) -> Sequence[Post]:
        return [Post(int(str(each[key])), str(each["body"] or "")) for each in found]


def _is_ours(post: Mapping[str, Any]) -> bool:
    """Written by a run: whoever has written something may change at any time what we said in it."""
    return (post["user"] or {}).get("type") == "Bot"
