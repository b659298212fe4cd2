"""What every forge can do for us, and how its REST interface is spoken to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from srcnet_compiler.change import Json
from srcnet_compiler.cli.exits import Exit, StopError

if TYPE_CHECKING:
    import requests

TIMEOUT = 30.0
"""Seconds for one answer."""


@dataclass(frozen=True, slots=True)
class Post:
    """A comment, or an issue, by its number."""

    number: int
    text: str


class Forge(Protocol):
    """A forge, seen from a run of its own pipeline."""

    def comments(self) -> Sequence[Post]:
        """All comments on the proposal that this run is for."""

    def comment(self, text: str, number: int | None) -> None:
        """A new comment, or what the one of this number says from now on."""

    def issues(self, title: str) -> Sequence[Post]:
        """Open issues of this title."""

    def issue(self, title: str, text: str, number: int | None) -> None:
        """A new issue, or what the one of this number says from now on."""

    def close(self, number: int) -> None:
        """An issue is done with."""

    def approvers(self, teams: Sequence[str], merged: str | None = None) -> Sequence[Sequence[str]]:
        """Who agreed to the proposal that became the commit `merged`: the name, then those of
        `teams` that the person is in. None: the commit that this run is for."""

    def scan(self, sarif: bytes) -> bool:
        """Findings to the forge's code scanning; False where it has none."""

    def propose(self, branch: str, title: str, text: str) -> str:
        """A proposal from a pushed branch, or the one that there is; its address."""


def needed(environment: Mapping[str, str], name: str, remedy: str) -> str:
    """What the forge says of a run; ends the command where it does not."""
    value = environment.get(name)
    if not value:
        raise StopError(Exit.USAGE, f"`{name}` is not set", remedy)
    return value


class Rest:
    """One interface at `url`. The secret is in a header, and never in what people see."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        import requests

        self.url = url.rstrip("/")
        self.session = requests.Session()
        self.session.headers.update(headers)

    def call(self, method: str, path: str, body: Json = None, *, absent: bool = False) -> Any:  # noqa: ANN401 - its own data
        """The answer to one request; None for what is not there, where it may be `absent`."""
        answer = self._ask(method, f"{self.url}/{path}", body)
        if absent and answer.status_code == 404:
            return None
        self._insist(answer, method, path)
        return answer.json() if answer.content else None

    def every(self, path: str) -> Iterator[Any]:
        """All things of a list, page after page."""
        mark = "&" if "?" in path else "?"
        url: str | None = f"{self.url}/{path}{mark}per_page=100"
        while url is not None:
            answer = self._ask("GET", url, None)
            self._insist(answer, "GET", path)
            yield from answer.json()
            url = answer.links.get("next", {}).get("url")

    def _ask(self, method: str, url: str, body: Json) -> "requests.Response":
        import requests

        try:
            return self.session.request(method, url, json=body, timeout=TIMEOUT)
        except requests.RequestException as trouble:
            raise StopError(
                Exit.UNREACHABLE,
                f"the forge does not answer at {self.url}: {type(trouble).__name__}",
                "run the pipeline again when it is back",
            ) from None

    def _insist(self, answer: "requests.Response", method: str, path: str) -> None:
        if answer.ok:
            return
        said = f"{method} {path.partition('?')[0]}: {answer.status_code} {answer.reason}"
        if answer.status_code in (401, 403):
            raise StopError(
                Exit.CREDENTIALS,
                f"the forge refuses us: {said}",
                "give the job's token the right that this takes",
            )
        raise StopError(Exit.UNREACHABLE, f"the forge answers nothing that helps: {said}")
