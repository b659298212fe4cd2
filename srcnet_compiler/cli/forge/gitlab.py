"""GitLab, as one of its jobs sees it.

Source: docs.gitlab.com/api, version 4.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from srcnet_compiler.cli.forge.api import Post, Rest, needed

_TELL = "GitLab sets it in every job of a merge request"
_TOKEN = "SRCNET_FORGE_TOKEN"
_REMEDY = (
    "make it a masked and protected variable of the project: a project access token with `api`"
)
_PROPOSAL_TOKEN = "SRCNET_PROPOSAL_TOKEN"
_PROPOSAL_REMEDY = (
    "make it a masked variable of the project: a project access token with `api` and the role"
    " Reporter, which can comment and change nothing"
)


class GitLab:
    """`SRCNET_FORGE_TOKEN` speaks for us: a job's own token may not write. Whoever proposes
    something can change the jobs of the proposal, so there it is `SRCNET_PROPOSAL_TOKEN`, of low
    rights.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        url = needed(environment, "CI_API_V4_URL", _TELL)
        is_proposal = environment.get("CI_PIPELINE_SOURCE") == "merge_request_event"
        asked = (_PROPOSAL_TOKEN, _PROPOSAL_REMEDY) if is_proposal else (_TOKEN, _REMEDY)
        self.rest = Rest(url, {"PRIVATE-TOKEN": needed(environment, *asked)})
        self.top = f"projects/{needed(environment, 'CI_PROJECT_ID', _TELL)}"

    def comments(self) -> Sequence[Post]:
        return _posts(self._ours(self.rest.every(f"{self._request}/notes")), "id", "body")

    def comment(self, text: str, number: int | None) -> None:
        if number is None:
            self.rest.call("POST", f"{self._request}/notes", {"body": text})
        else:
            self.rest.call("PUT", f"{self._request}/notes/{number}", {"body": text})

    def issues(self, title: str) -> Sequence[Post]:
        found = self.rest.every(f"{self.top}/issues?state=opened")
        named = (each for each in found if each["title"] == title)
        return _posts(self._ours(named), "iid", "description")

    def issue(self, title: str, text: str, number: int | None) -> None:
        if number is None:
            self.rest.call("POST", f"{self.top}/issues", {"title": title, "description": text})
        else:
            self.rest.call("PUT", f"{self.top}/issues/{number}", {"description": text})

    def close(self, number: int) -> None:
        self.rest.call("PUT", f"{self.top}/issues/{number}", {"state_event": "close"})

    def approvers(self, teams: Sequence[str], merged: str | None = None) -> Sequence[Sequence[str]]:
        commit = merged or needed(self.environment, "CI_COMMIT_SHA", _TELL)
        found = {
            each["iid"]: each["author"]["username"]
            for each in self.rest.every(f"{self.top}/repository/commits/{commit}/merge_requests")
            if each["state"] == "merged"
            and commit in (each["merge_commit_sha"], each["squash_commit_sha"], each["sha"])
        }
        names = [  # a project may let authors agree to what is their own; that counts for nothing
            given["user"]["username"]
            for number, author in found.items()
            for given in self.rest.call("GET", f"{self.top}/merge_requests/{number}/approvals")[
                "approved_by"
            ]
            if given["user"]["username"] != author
        ]
        members = {team: self._members(team) for team in teams} if names else {}
        return [
            [f"@{name}", *(team for team, there in members.items() if name in there)]
            for name in dict.fromkeys(names)
        ]

    def scan(self, sarif: bytes) -> bool:
        """GitLab takes its code quality report from the job's artifacts."""
        return False

    def propose(self, branch: str, title: str, text: str) -> str:
        path = f"{self.top}/merge_requests"
        there = list(self.rest.every(f"{path}?state=opened&source_branch={quote(branch, safe='')}"))
        if there:
            return str(there[0]["web_url"])
        target = needed(self.environment, "CI_DEFAULT_BRANCH", _TELL)
        body = {
            "title": title,
            "description": text,
            "source_branch": branch,
            "target_branch": target,
        }
        return str(self.rest.call("POST", path, body)["web_url"])

    @property
    def _request(self) -> str:
        number = needed(self.environment, "CI_MERGE_REQUEST_IID", _TELL)
        return f"{self.top}/merge_requests/{number}"

    def _ours(self, posts: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Those of our token: whoever has written one may change at any time what we said in it."""
        me = self.rest.call("GET", "user")["id"]
        return [each for each in posts if each["author"]["id"] == me]

    def _members(self, team: str) -> set[str]:
        group = quote(team.removeprefix("@"), safe="")
        return {each["username"] for each in self.rest.every(f"groups/{group}/members/all")}


def _posts(found: Iterable[Mapping[str, Any]], key: str, text: str) -> Sequence[Post]:
    return [Post(int(each[key]), str(each[text] or "")) for each in found]
