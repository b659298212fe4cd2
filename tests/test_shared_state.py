"""The state in a git ref: runners on several machines, and what git and the network do to them."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from cli_runner import TODAY, golden_specs, on_a_terminal, srcnet

from srcnet_compiler.apply import chain, snapshot
from srcnet_compiler.apply.ledger import Ledger
from srcnet_compiler.apply.shared import SharedStore, open_shared
from srcnet_compiler.apply.state import LockHeldError, StateError

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
REF = "refs/srcnet/state"
RACE = """
import sys
from datetime import datetime, timedelta
from pathlib import Path
from srcnet_compiler.apply.shared import open_shared
from srcnet_compiler.apply.state import LockHeldError
store = open_shared(Path(sys.argv[1]), sys.argv[2], "refs/srcnet/state")
print("ready", flush=True)
sys.stdin.readline()
try:
    with store.lock("runner", datetime.fromisoformat(sys.argv[3]), timedelta(hours=1)):
        print("held", flush=True)
        sys.stdin.readline()
except LockHeldError as held:
    print(held, flush=True)
    sys.exit(5)
"""


def git(*words: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(
        ["git", *map(str, words)], cwd=cwd, check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    git("init", "--quiet", "--bare", tmp_path / "remote.git")
    return tmp_path / "remote.git"


def runner(tmp_path: Path, remote: Path, name: str) -> SharedStore:
    """A machine that has just come, with nothing of its own."""
    return open_shared(tmp_path / name, str(remote), REF)


def note(store: SharedStore, *plans: str) -> None:
    with Ledger(store.ledger_path) as ledger:
        for plan in plans:
            ledger.begin(at=NOON.isoformat(), run="r", plan=plan)


def plans(path: Path | None) -> list[str]:
    assert path is not None
    with Ledger(path) as ledger:
        return [line.plan for line in ledger.lines()]


@contextmanager
def racing(folder: Path, remote: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", RACE, str(folder), str(remote), NOON.isoformat()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_of_two_runners_at_once_exactly_one_gets_the_lock(tmp_path: Path, remote: Path):
    with racing(tmp_path / "one", remote) as one, racing(tmp_path / "two", remote) as two:
        go(one)
        go(two)
        said = sorted((heard(one), heard(two)))
        assert said[0] == "held\n"
        assert said[1].startswith("the state is locked by runner (process ")
        for process in (one, two):
            process.communicate("\n")
        assert sorted((one.returncode, two.returncode)) == [0, 5]
    with runner(tmp_path, remote, "three").lock("me", NOON, HOUR):
        pass


def test_a_killed_runners_lock_is_respected_until_it_expires(tmp_path: Path, remote: Path):
    with racing(tmp_path / "one", remote) as one:
        go(one)
        assert heard(one) == "held\n"
        one.send_signal(signal.SIGKILL)
        one.wait()
    two = runner(tmp_path, remote, "two")
    assert two.holder(NOON) is not None
    with pytest.raises(LockHeldError, match=r"it has time until 2026-03-01T13:00"):
        two.lock("me", NOON + HOUR / 2, HOUR).__enter__()
    assert two.holder(NOON + HOUR) is None
    with two.lock("me", NOON + HOUR, HOUR) as lock:
        assert lock.holder.owner == "me"


def test_what_one_runner_published_the_next_goes_on_from(tmp_path: Path, remote: Path):
    one, two = runner(tmp_path, remote, "one"), runner(tmp_path, remote, "two")
    assert two.find_ledger() is None
    with one.lock("one", NOON, HOUR):
        note(one, "p1", "p2")
        one.publish()
        note(one, "p3")
        assert plans(two.find_ledger()) == ["p1", "p2"]
        one.publish(gather=2)
        assert plans(two.find_ledger()) == ["p1", "p2"]
    assert plans(two.find_ledger()) == ["p1", "p2", "p3"]
    with two.lock("two", NOON, HOUR):
        note(two, "p4")
    with one.lock("one", NOON, HOUR):
        assert plans(one.ledger_path) == ["p1", "p2", "p3", "p4"]


def test_a_long_journal_is_kept_in_parts_and_in_order(
    tmp_path: Path, remote: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(snapshot, "PART", 3)
    one, expected = runner(tmp_path, remote, "one"), []
    for count in (1, 2, 4, 7, 1):
        added = [f"p{len(expected) + each}" for each in range(count)]
        expected += added
        with one.lock("one", NOON, HOUR):
            note(one, *added)
    assert plans(runner(tmp_path, remote, "two").find_ledger()) == expected
    assert git("--git-dir", remote, "ls-tree", "-r", "--name-only", REF).count("ledger/") == 5


def test_what_a_killed_run_wrote_and_did_not_push_is_kept_where_nobody_wrote_since(
    tmp_path: Path, remote: Path
):
    one = runner(tmp_path, remote, "one")
    lock = one.lock("one", NOON, HOUR)
    lock.__enter__()
    note(one, "p1")
    one.publish()
    note(one, "p2")
    shutil.copytree(tmp_path / "one", tmp_path / "killed")  # as it stands without its process
    lock.__exit__(None, None, None)
    git("--git-dir", remote, "update-ref", REF, f"{REF}^")  # before the run gave the lock back
    again = runner(tmp_path, remote, "killed")
    with again.lock("again", NOON + HOUR, HOUR):
        assert plans(again.ledger_path) == ["p1", "p2"]
    assert plans(one.find_ledger()) == ["p1", "p2"]


def test_a_lock_whose_journal_cannot_be_had_is_given_back_and_loses_nothing(
    tmp_path: Path, remote: Path
):
    one, two = runner(tmp_path, remote, "one"), runner(tmp_path, remote, "two")
    with one.lock("one", NOON, HOUR):
        note(one, "p1")
    with two.lock("two", NOON, HOUR):
        note(two, "p2", "p3")
    with Ledger(one.ledger_path) as ledger:  # as a killed run leaves it
        ledger.begin(at=NOON.isoformat(), run="r", plan="lost")
    (one.ledger_path.parent / ".ledger.sqlite.fresh").mkdir()
    with pytest.raises(StateError, match="cannot keep the state"):
        one.lock("one", NOON, HOUR).__enter__()
    assert two.holder(NOON) is None
    assert plans(two.find_ledger()) == ["p1", "p2", "p3"]


def test_whoever_lost_the_lock_can_publish_no_more(tmp_path: Path, remote: Path):
    one, two = runner(tmp_path, remote, "one"), runner(tmp_path, remote, "two")
    with ExitStack() as first:
        lock = first.enter_context(one.lock("one", NOON, HOUR))
        note(one, "p1")
        with two.lock("two", NOON + HOUR, HOUR):
            for still in (lambda: lock.renew(NOON + HOUR, HOUR), one.publish, first.close):
                with pytest.raises(StateError, match=r"ran out, and two on .* has it now"):
                    still()
    assert two.find_ledger() is None
    assert two.holder(NOON) is None


def test_a_remote_that_refuses_a_push_is_quoted(tmp_path: Path, remote: Path):
    hook = remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'the state is closed on Sundays' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(StateError, match=r"cannot write the state in .* closed on Sundays"):
        runner(tmp_path, remote, "one").lock("me", NOON, HOUR).__enter__()


def test_a_ref_of_somebody_else_is_left_alone(tmp_path: Path, remote: Path):
    work = tmp_path / "work"
    git("init", "--quiet", work)
    (work / "README").write_text("mine")
    git("add", "README", cwd=work)
    identity = ("-c", "user.name=me", "-c", "user.email=me@localhost")
    git(*identity, "commit", "--quiet", "--message", "mine", cwd=work)
    git("push", "--quiet", remote, f"HEAD:{REF}", cwd=work)
    before = git("--git-dir", remote, "rev-parse", REF)
    with pytest.raises(StateError, match="holds something else than a state of srcnet"):
        runner(tmp_path, remote, "one").lock("me", NOON, HOUR).__enter__()
    assert git("--git-dir", remote, "rev-parse", REF) == before


def test_a_clone_that_a_killed_run_left_locked_or_broken_is_put_right(tmp_path: Path, remote: Path):
    one = runner(tmp_path, remote, "one")
    with one.lock("me", NOON, HOUR):
        note(one, "p1")
    for name in ("shallow.lock", "config.lock", "refs/srcnet/next.lock"):
        (one.clone.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (one.clone.folder / name).touch()
    with runner(tmp_path, remote, "one").lock("me", NOON, HOUR):
        pass
    (one.clone.folder / "HEAD").unlink()
    again = runner(tmp_path, remote, "one")
    with again.lock("me", NOON, HOUR):
        assert plans(again.ledger_path) == ["p1"]


def test_a_full_disk_is_said_so_and_the_state_stays_whole(tmp_path: Path, remote: Path):
    one = runner(tmp_path, remote, "one")
    with one.lock("me", NOON, HOUR):
        note(one, "p1")
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0));"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);" + RACE
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, str(tmp_path / "one"), str(remote), NOON.isoformat()],
        input="\n\n",
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        check=False,
    )
    assert done.returncode == 1
    assert "StateError: [Errno 27] cannot" in done.stderr, done.stderr
    with one.lock("me", NOON, HOUR):
        assert plans(one.ledger_path) == ["p1"]


# ── the commands ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def specs(tmp_path: Path, remote: Path) -> Path:
    """A repository of specs with the remote as its `origin`."""
    folder = golden_specs(tmp_path / "specs")
    git("init", "--quiet", cwd=folder)
    git("remote", "add", "origin", remote, cwd=folder)
    return folder


def test_status_finds_the_state_by_the_name_of_a_remote(specs: Path, remote: Path, tmp_path: Path):
    (specs / "srcnet.toml").write_text(f'state = "git:origin#{REF}"\n')
    before = git("for-each-ref", cwd=specs), git("config", "--list", "--local", cwd=specs)
    assert srcnet("status", cwd=specs).out == "nothing was applied from here yet\n"
    one = runner(tmp_path, remote, "one")
    with one.lock("ci of the pilot", datetime(2999, 1, 1, tzinfo=UTC), HOUR):
        note(one, "p1")
        one.publish()
        ran = srcnet("status", cwd=specs)
    assert ran.code == 0, ran
    assert "ci of the pilot runs since 2999-01-01 00:00 UTC" in ran.out
    assert (git("for-each-ref", cwd=specs), git("config", "--list", "--local", cwd=specs)) == before
    assert git("status", "--porcelain", "--ignored", ".srcnet", cwd=specs) != ""


@pytest.mark.parametrize(
    ("state", "code", "told"),
    [
        ("git:origin#main", 64, "`git:origin#main` is not like `git:origin#refs/srcnet/state`"),
        ("git:", 64, "`git:` is not like"),
        ("git:elsewhere", 74, "no remote `elsewhere` is known to git in "),
        ("git:./nowhere.git", 74, "cannot read the state in refs/srcnet/state of "),
        ("git:--upload-pack=touch x:y", 74, "git would take it as an option"),
        (
            "git:https://me:p@hunter2hunter2@127.0.0.1:1/x.git",
            74,
            "cannot read the state in refs/srcnet/state of https://127.0.0.1:1/x.git: ",
        ),
    ],
)
def test_a_state_that_cannot_be_used_is_said_so(specs: Path, state: str, code: int, told: str):
    ran = srcnet("status", "--state", state, cwd=specs)
    assert (ran.code, ran.out) == (code, ""), ran
    assert told in ran.err
    assert "hunter2" not in ran.err


@pytest.mark.parametrize("state", ["git:forge:x.git", ".srcnet/state"])
def test_a_state_that_comes_with_a_proposal_is_not_used(specs: Path, tmp_path: Path, state: str):
    """The settings of a clone that a commit brings along make git run what they say."""
    store = open_shared(specs, "forge:x.git", "refs/srcnet/state")
    folder = store.clone.folder
    git("init", "--quiet", "--bare", folder)
    git("config", "protocol.ext.allow", "always", cwd=folder)
    git("config", f"url.ext::touch {tmp_path}/run %S .insteadOf", "forge:", cwd=folder)
    for name in ("objects", "refs"):
        (folder / name / "kept").touch()
    (specs / ".srcnet/state").mkdir()
    (specs / ".srcnet/state/ledger.sqlite").touch()
    git("add", "--force", ".srcnet", cwd=specs)
    ran = srcnet("status", "--state", state, cwd=specs)
    assert not (tmp_path / "run").exists()
    assert ran.code == 74, ran
    assert "is in the history of the specs, and a state must not come with them" in ran.err


def test_a_journal_that_was_put_back_is_made_whole_by_whoever_holds_the_lock(
    tmp_path: Path, remote: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("srcnet_compiler.apply.snapshot.PART", 3)
    one = runner(tmp_path, remote, "one")
    with one.lock("one", NOON, HOUR):
        note(one, "p1", "p2")
        one.publish()
        before = git("rev-parse", REF, cwd=remote)
        note(one, *(f"q{number}" for number in range(9)))
        one.publish()
        git("update-ref", REF, before.strip(), cwd=remote)
        one._head = "unknown"
        note(one, "last")
    told = plans(runner(tmp_path, remote, "two").find_ledger())
    assert told == ["p1", "p2", *(f"q{number}" for number in range(9)), "last"]


def forged(remote: Path, tmp_path: Path, old: str, new: str, *, anew: bool = False) -> None:
    """Somebody who may push changes the journal; `anew`: and makes its chain fit."""
    work = Path(tempfile.mkdtemp(dir=tmp_path))
    git("clone", "--quiet", "--no-checkout", remote, work)
    git("fetch", "--quiet", "origin", REF, cwd=work)
    git("checkout", "--quiet", "FETCH_HEAD", cwd=work)
    for part in sorted((work / "ledger").iterdir()):
        text = part.read_text().replace(old, new)
        if anew:
            rows = [re.sub(r',"chain":"\w+"', "", row) for row in text.splitlines()]
            links = list(itertools.accumulate(rows, chain.link, initial=""))[1:]
            text = "".join(map(chain.chained, rows, links))
        part.write_text(text)
    identity = ("-c", "user.name=eve", "-c", "user.email=eve@localhost")
    git(*identity, "commit", "--quiet", "--all", "--message", "nothing", cwd=work)
    git("push", "--quiet", "origin", f"HEAD:{REF}", cwd=work)


def history_of(tmp_path: Path, remote: Path, store: SharedStore) -> None:
    with store.lock("ci", NOON, HOUR):
        note(store, "p1", "p2")


def test_a_journal_that_somebody_has_changed_is_refused_by_everybody(
    specs: Path, remote: Path, tmp_path: Path
):
    history_of(tmp_path, remote, runner(tmp_path, remote, "one"))
    forged(remote, tmp_path, '"plan":"p2"', '"plan":"p9"')
    state = ("--state", f"git:origin#{REF}")
    for words in (("history",), ("apply", "--yes", "--today", TODAY), ("status",)):
        ran = srcnet(*words, *state, cwd=specs)
        assert ran.code == 3, ran
        assert "line 2 of the journal in" in ran.err
        assert "is not what was written" in ran.err
    with pytest.raises(chain.RewrittenError, match="line 2 of the journal"):
        runner(tmp_path, remote, "two").lock("two", NOON + HOUR, HOUR).__enter__()
    assert runner(tmp_path, remote, "three").holder(NOON + HOUR) is None


def test_a_journal_whose_chain_was_made_anew_is_refused_by_who_has_seen_it(
    specs: Path, remote: Path, tmp_path: Path
):
    history_of(tmp_path, remote, runner(tmp_path, remote, "one"))
    words = ("history", "--state", f"git:origin#{REF}")
    assert srcnet(*words, cwd=specs).code == 0
    forged(remote, tmp_path, '"plan":"p1"', '"plan":"p9"', anew=True)
    ran = srcnet(*words, cwd=specs)
    assert ran.code == 3, ran
    assert "was rewritten: it had 2 lines when it was seen from here last" in ran.err
    with pytest.raises(chain.RewrittenError, match="was rewritten"):
        runner(tmp_path, remote, "one").lock("one", NOON, HOUR).__enter__()


@pytest.mark.parametrize("said", ['"plot":"p1"', "p1", f'"plan":{"[" * 100_000}'])
def test_a_journal_whose_chain_fits_and_which_is_none_is_said_so(
    specs: Path, remote: Path, tmp_path: Path, said: str
):
    history_of(tmp_path, remote, runner(tmp_path, remote, "one"))
    forged(remote, tmp_path, '"plan":"p1"', said, anew=True)
    ran = srcnet("history", "--state", f"git:origin#{REF}", cwd=specs)
    assert ran.code == 3, ran
    assert "line 1 of the journal in" in ran.err


def test_a_journal_that_was_put_back_or_taken_away_is_refused_by_who_has_seen_it(
    specs: Path, remote: Path, tmp_path: Path
):
    store = runner(tmp_path, remote, "one")
    history_of(tmp_path, remote, store)
    early = git("rev-parse", REF, cwd=remote).strip()
    with store.lock("ci", NOON, HOUR):
        note(store, "p3")
    words = ("history", "--state", f"git:origin#{REF}")
    assert srcnet(*words, cwd=specs).code == 0
    git("update-ref", REF, early, cwd=remote)
    ran = srcnet(*words, cwd=specs)
    assert (ran.code, "it had 3 lines" in ran.err, "has 2 now" in ran.err) == (3, True, True), ran
    git("update-ref", "-d", REF, cwd=remote)
    ran = srcnet(*words, cwd=specs)
    assert (ran.code, "has 0 now" in ran.err) == (3, True), ran


def test_an_old_run_that_is_started_again_takes_nothing_back(specs: Path, remote: Path):
    def committed(text: str) -> str:
        file = specs / "policies/federation.yaml"
        file.write_text(file.read_text() + text)
        git("add", "policies", "site-specs", cwd=specs)
        who = ("-c", "user.name=me", "-c", "user.email=me@localhost")
        git(*who, "commit", "--quiet", "--message", "a word", cwd=specs)
        return git("rev-parse", "HEAD", cwd=specs).strip()

    old, new = committed("# one\n"), committed("# two\n")
    store = open_shared(specs, str(remote), REF)
    with store.lock("me", NOON, HOUR), Ledger(store.ledger_path) as ledger:
        for said in (new, "--is-ancestor"):  # the last is no commit's id, and is not believed
            ledger.begin(at=NOON.isoformat(), run="r", plan="p", facts={"commit": said})
    words = ("apply", "--today", TODAY, "--yes", "--state", f"git:origin#{REF}")
    told = (
        f"later specs were applied already: those of {new[:12]}, and here are those of {old[:12]}"
    )
    assert told not in srcnet(*words, cwd=specs).err
    git("checkout", "--quiet", old, cwd=specs)
    ran = srcnet(*words, cwd=specs)
    assert ran.code == 5, ran
    assert told in ran.err


def test_how_the_repository_reaches_its_remotes_is_known(specs: Path, remote: Path, tmp_path: Path):
    """As CI leaves it there: rewritten addresses, headers and helpers, in the local settings."""
    git("config", f"url.{tmp_path}/.insteadOf", "forge:", cwd=specs)
    git("config", "core.hooksPath", tmp_path, cwd=specs)
    hook = tmp_path / "pre-push"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    store = open_shared(specs, "forge:remote.git", REF)
    with store.lock("me", NOON, HOUR):
        note(store, "p1")
    assert plans(runner(tmp_path, remote, "one").find_ledger()) == ["p1"]


class Locked(BaseHTTPRequestHandler):
    """A forge that wants to know who asks."""

    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="forge"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_nobody_is_ever_asked_for_a_password(specs: Path):
    with ThreadingHTTPServer(("127.0.0.1", 0), Locked) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        try:
            place = f"git:http://127.0.0.1:{server.server_port}/x.git"
            ran = on_a_terminal("status", "--state", place, cwd=specs, after=b"never said")
        finally:
            server.shutdown()
            serving.join()
    assert ran.code == 74, ran
    assert "terminal prompts disabled" in ran.out
    assert "Username for" not in ran.out.replace("could not read Username for", "")
