"""`srcnet forge` against a real server on loopback that answers as forges do when they do not."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from cli_runner import golden_specs, srcnet

SECRET = "ghs_canary0123456789"


class Answers:
    """What is answered, by path, a page at a time; and what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, object]] = []
        self.pages: dict[str, list[list[dict]]] = {}
        self.status = 200
        self.url = ""


@pytest.fixture
def server() -> Iterator[Answers]:
    answers = Answers()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            path, _, query = self.path.partition("?")
            answers.asked.append((self.command, path, body))
            page = int(query.rpartition("page=")[2]) if "&page=" in query else 1
            pages = answers.pages.get(path, [[]])
            text = json.dumps(pages[page - 1] if self.command == "GET" else {}).encode()
            self.send_response(answers.status)
            if page < len(pages):
                following = f"{answers.url}{path}?per_page=100&page={page + 1}"
                self.send_header("Link", f'<{following}>; rel="next"')
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = do_PUT = answer  # noqa: N815 - as the library calls them

        def log_message(self, *args: object) -> None:
            """Nobody reads it."""

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    answers.url = f"http://127.0.0.1:{running.server_address[1]}"
    thread = Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield answers
    running.shutdown()
    running.server_close()
    thread.join()


def env(url: str, **more: str) -> dict[str, str]:
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": url,
        "GITHUB_REPOSITORY": "srcnet/specs",
        "GITHUB_REF": "refs/pull/12/merge",
        "GITHUB_SHA": "a" * 40,
        "GITHUB_TOKEN": SECRET,
        **more,
    }


def comment(folder: Path, server: Answers, text: str = "hello\n", **more: str):
    (folder / "comment.md").write_text(text)
    return srcnet("forge", "comment", "comment.md", cwd=folder, env=env(server.url, **more))


BOT = {"user": {"login": "github-actions[bot]", "type": "Bot"}}
COMMENTS = "/repos/srcnet/specs/issues/12/comments"


def test_a_comment_of_ours_is_found_on_the_last_page_and_written_anew(tmp_path, server):
    others = [{"id": n, "body": "we talk about <!-- srcnet --> here", **BOT} for n in range(3)]
    server.pages[COMMENTS] = [others, [{"id": 77, "body": "<!-- srcnet -->\nbefore", **BOT}]]
    ran = comment(tmp_path, server)
    assert (ran.code, ran.out) == (0, "the comment is written anew\n"), ran
    method, path, body = server.asked[-1]
    assert (method, path) == ("PATCH", "/repos/srcnet/specs/issues/comments/77")
    assert body == {"body": "<!-- srcnet -->\nhello\n"}


@pytest.mark.parametrize("user", [{"login": "mallory", "type": "User"}, None])
def test_a_comment_of_somebody_who_could_change_what_we_said_is_not_ours(tmp_path, server, user):
    server.pages[COMMENTS] = [[{"id": 5, "body": "<!-- srcnet -->\nall is fine", "user": user}]]
    ran = comment(tmp_path, server, "a name with <!-- srcnet --> in it\n")
    assert (ran.code, ran.out) == (0, "the comment is written\n"), ran
    method, path, body = server.asked[-1]
    assert (method, path) == ("POST", COMMENTS)
    assert body["body"].startswith("<!-- srcnet -->\na name with")


def test_an_issue_of_somebody_else_is_not_written_over(tmp_path, server):
    other = {"number": 3, "title": "Drift of x", "body": "", "user": {"type": "User"}}
    server.pages["/repos/srcnet/specs/issues"] = [[other]]
    (tmp_path / "drift.txt").write_text("a\n")
    words = ("forge", "issue", "--title", "Drift of x", "drift.txt")
    ran = srcnet(*words, cwd=tmp_path, env=env(server.url))
    assert (ran.code, ran.out) == (0, "opened: Drift of x\n")


GITLAB = {"GITHUB_ACTIONS": "", "GITLAB_CI": "true", "CI_PROJECT_ID": "7"}


def gitlab(url: str, **more: str) -> dict[str, str]:
    said = {"CI_API_V4_URL": url, "SRCNET_FORGE_TOKEN": SECRET, "CI_MERGE_REQUEST_IID": "12"}
    return {**GITLAB, **said, "CI_COMMIT_SHA": "a" * 40, **more}


def test_on_gitlab_only_what_our_token_wrote_is_written_anew(tmp_path, server):
    notes = [
        {"id": 4, "body": "<!-- srcnet -->\nall is fine", "author": {"id": 1}},
        {"id": 5, "body": "<!-- srcnet -->\nbefore", "author": {"id": 99}},
    ]
    server.pages["/projects/7/merge_requests/12/notes"] = [notes]
    server.pages["/user"] = [{"id": 99}]
    (tmp_path / "comment.md").write_text("hello\n")
    ran = srcnet("forge", "comment", "comment.md", cwd=tmp_path, env=gitlab(server.url))
    assert ran.code == 0, ran
    assert server.asked[-1][:2] == ("PUT", "/projects/7/merge_requests/12/notes/5")


def test_on_gitlab_a_proposal_speaks_with_a_token_of_its_own(tmp_path, server):
    """Whoever proposes something says what its jobs do, and reads what they are given."""
    server.pages["/user"] = [{"id": 99}]
    (tmp_path / "comment.md").write_text("hello\n")
    words = ("forge", "comment", "comment.md")
    proposal = gitlab(server.url, CI_PIPELINE_SOURCE="merge_request_event")
    ran = srcnet(*words, cwd=tmp_path, env=proposal)
    assert (ran.code, server.asked) == (64, []), ran
    assert "SRCNET_PROPOSAL_TOKEN" in ran.err
    assert "the role Reporter" in ran.err
    del proposal["SRCNET_FORGE_TOKEN"]
    ran = srcnet(*words, cwd=tmp_path, env={**proposal, "SRCNET_PROPOSAL_TOKEN": SECRET})
    assert ran.code == 0, ran


def test_on_gitlab_an_author_does_not_agree_to_what_is_their_own(tmp_path, server):
    request = {
        "iid": 12,
        "state": "merged",
        "merge_commit_sha": "a" * 40,
        "squash_commit_sha": None,
        "sha": "b" * 40,
        "author": {"username": "mallory"},
    }
    given = [{"user": {"username": name}} for name in ("mallory", "olga")]
    path = f"/projects/7/repository/commits/{'a' * 40}/merge_requests"
    server.pages[path] = [[request]]
    server.pages["/projects/7/merge_requests/12/approvals"] = [{"approved_by": given}]
    for group in ("golden%2Farchitecture-group", "golden%2Fchsrc"):
        server.pages[f"/groups/{group}/members/all"] = [[{"username": "olga"}]]
    specs = golden_specs(tmp_path / "specs")
    words = ("forge", "approvals", "--out", "approved.txt")
    ran = srcnet(*words, cwd=specs, env=gitlab(server.url))
    assert ran.code == 0, ran
    assert "mallory" not in (specs / "approved.txt").read_text()
    assert (specs / "approved.txt").read_text().startswith("@olga ")


def test_a_text_that_no_forge_takes_is_cut_and_says_so(tmp_path, server):
    ran = comment(tmp_path, server, "x" * 70_000)
    assert ran.code == 0
    said = server.asked[-1][2]["body"]
    assert len(said) < 61_000
    assert "characters more, in the run's log" in said


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, 77, "the forge refuses us"),
        (403, 77, "the forge refuses us"),
        (500, 69, "the forge answers nothing that helps"),
    ],
)
def test_what_a_forge_refuses_is_said_without_the_secret(tmp_path, server, status, code, words):
    server.status = status
    ran = comment(tmp_path, server)
    assert ran.code == code
    assert words in ran.err
    assert SECRET not in ran.out + ran.err


def test_a_forge_that_is_not_there_is_said_without_the_secret(tmp_path, server):
    server.url = "http://127.0.0.1:1"
    ran = comment(tmp_path, server)
    assert ran.code == 69
    assert "the forge does not answer at http://127.0.0.1:1" in ran.err
    assert SECRET not in ran.out + ran.err


def test_a_run_for_no_proposal_has_nowhere_to_comment(tmp_path, server):
    ran = comment(tmp_path, server, GITHUB_REF="refs/heads/main")
    assert ran.code == 64
    assert "this run is for no pull request" in ran.err
    assert server.asked == []


def test_nothing_that_a_file_says_ends_the_fence_of_an_issue(tmp_path, server):
    (tmp_path / "drift.txt").write_text("a\n```\n@everybody\n")
    words = ("forge", "issue", "--title", "Drift of x", "drift.txt")
    ran = srcnet(*words, cwd=tmp_path, env=env(server.url))
    assert (ran.code, ran.out) == (0, "opened: Drift of x\n")
    assert server.asked[-1][2]["body"].count("```") == 2


@pytest.mark.parametrize(
    "words", [("comment",), ("issue", "x.md"), ("digest", "x.md"), ("propose", "x.md"), ("dance",)]
)
def test_what_is_missing_is_said(tmp_path, server, words):
    (tmp_path / "x.md").write_text("x")
    ran = srcnet("forge", *words, cwd=tmp_path, env=env(server.url))
    assert ran.code == 64
    assert ran.err.startswith("error: ")
