"""The state store: one owner at a time, no value lost, plain words when the disk does not play.

Every test runs on both stores: a directory, and a git ref.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from srcnet_compiler.apply.shared import SharedStore, open_shared
from srcnet_compiler.apply.state import LockHeldError, OutrunError, StateError, StateStore
from srcnet_compiler.apply.store import Store

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOLD = """
import sys
from datetime import datetime, timedelta
from pathlib import Path
from srcnet_compiler.apply.shared import open_shared
from srcnet_compiler.apply.state import StateStore
folder, kind, since = sys.argv[1:]
folder = Path(folder)
store = (
    StateStore(folder / "state")
    if kind == "directory"
    else open_shared(folder, "./remote.git", "refs/srcnet/state")
)
with store.lock("somebody", datetime.fromisoformat(since), timedelta(hours=1)):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(params=["directory", "git"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store(tmp_path: Path, kind: str) -> Store:
    if kind == "directory":
        return StateStore(tmp_path / "state")
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(remote)], check=True)
    return open_shared(tmp_path, "./remote.git", "refs/srcnet/state")


def lock_text(store: Store) -> str:
    """What the lock says, to all who share the store."""
    if isinstance(store, SharedStore):
        show = ["git", "--git-dir", store.clone.remote, "show", "refs/srcnet/state:lock"]
        return subprocess.run(show, check=True, capture_output=True, text=True).stdout
    assert isinstance(store, StateStore)
    return (store.path / "lock").read_text()


def write_lock(store: Store, text: str) -> None:
    """Make the lock say this, as another host would."""
    if isinstance(store, SharedStore):
        store._change(lambda _: {"lock": text.encode()}, "another host")
    else:
        assert isinstance(store, StateStore)
        store.prepare()
        (store.path / "lock").write_text(text)


@pytest.fixture
def other(store: Store, tmp_path: Path, kind: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock since noon, until it hears a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path), kind, NOON.isoformat()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_owner_is_refused_and_told_who_has_it(store: Store, other: subprocess.Popen[str]):
    with pytest.raises(LockHeldError) as refused, store.lock("me", NOON, HOUR):
        pass
    assert refused.value.holder is not None
    assert (refused.value.holder.owner, refused.value.holder.pid) == ("somebody", other.pid)
    assert refused.value.holder.since == NOON.isoformat()
    assert "somebody" in str(refused.value)


def test_a_living_holder_is_respected_even_after_its_time(
    store: Store, other: subprocess.Popen[str]
):
    with (
        pytest.raises(LockHeldError, match="although its time was up"),
        store.lock("me", NOON + 9 * HOUR, HOUR),
    ):
        pass


def test_a_killed_holders_lock_is_taken_over_at_once(store: Store, other: subprocess.Popen[str]):
    other.kill()
    other.wait()
    with store.lock("me", NOON, HOUR) as lock:
        assert lock.holder.owner == "me"


def test_a_lock_that_was_given_back_is_free(store: Store, other: subprocess.Popen[str]):
    other.communicate("\n")
    with store.lock("me", NOON, HOUR):
        pass
    with store.lock("me again", NOON, HOUR):
        pass


def _held_elsewhere(store: Store, until: datetime) -> None:
    holder = {
        "owner": "ci",
        "host": f"not-{socket.gethostname()}",
        "pid": 1,
        "since": NOON.isoformat(),
        "expires": until.isoformat(),
    }
    write_lock(store, json.dumps(holder))


def test_another_hosts_lock_holds_until_it_expires(store: Store):
    _held_elsewhere(store, NOON + HOUR)
    with pytest.raises(LockHeldError, match=r"it runs|it has time"), store.lock("me", NOON, HOUR):
        pass
    with store.lock("me", NOON + HOUR, HOUR) as lock:
        assert lock.holder.owner == "me"


def test_a_renewed_lock_says_its_new_end(store: Store):
    with store.lock("me", NOON, HOUR) as lock:
        lock.renew(NOON + HOUR, HOUR)
        said = json.loads(lock_text(store))
    assert said["expires"] == (NOON + 2 * HOUR).isoformat()
    assert said["since"] == NOON.isoformat()


def test_a_lock_file_of_rubbish_holds_nobody_up(store: Store):
    write_lock(store, "{ not json")
    with store.lock("me", NOON, HOUR):
        pass


def test_a_value_is_replaced_only_by_whoever_saw_the_last(store: Store):
    assert store.get("waits") is None
    first = store.put("waits", [1], None)
    with pytest.raises(OutrunError):
        store.put("waits", [2], None)
    second = store.put("waits", [2], first.version)
    with pytest.raises(OutrunError):
        store.put("waits", [3], first.version)
    assert store.get("waits") == second
    assert second.value == [2]


def test_of_many_who_replace_at_once_each_is_counted(store: Store, kind: str):
    times = 40 if kind == "directory" else 6  # a push takes its time
    store.put("count", 0, None)

    def add(_: int) -> int:
        lost = 0
        while True:
            seen = store.get("count")
            assert seen is not None
            assert isinstance(seen.value, int)
            try:
                store.put("count", seen.value + 1, seen.version)
            except OutrunError:
                lost += 1
            else:
                return lost

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(times)))
    found = store.get("count")
    assert found is not None
    assert found.value == times


def test_keys_that_look_alike_as_file_names_are_different(store: Store):
    for key in ("a/b", "a_b", ".a", "..", "ä"):
        store.put(key, key, None)
    for key in ("a/b", "a_b", ".a", "..", "ä"):
        entry = store.get(key)
        assert entry is not None
        assert entry.value == key


def test_only_its_owner_can_read_it(store: Store, tmp_path: Path):
    before = os.umask(0)
    try:
        with store.lock("me", NOON, HOUR):
            store.put("waits", 1, None)
            store.run_folder("r1")
    finally:
        os.umask(before)
    top = store.folder if isinstance(store, SharedStore) else tmp_path / "state"
    for path in [top, *top.rglob("*")]:
        if path.is_symlink() or any(private_above(path, top)):
            continue
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def private_above(path: Path, top: Path) -> Iterator[bool]:
    """Whether what is above, from the top, keeps everybody else out."""
    for folder in path.parents:
        if folder.is_relative_to(top):
            yield stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0


def test_a_new_run_sweeps_what_a_killed_one_left(store: Store):
    with store.lock("me", NOON, HOUR):
        (store.run_folder("r1") / "changes.json").write_text("[]")
        second = store.run_folder("r2")
    assert list(second.parent.iterdir()) == [second]


def test_a_state_that_is_a_file_is_said_so(tmp_path: Path):
    (tmp_path / "state").write_text("")
    with (
        pytest.raises(StateError, match="cannot prepare the state in"),
        StateStore(tmp_path / "state").lock("me", NOON, HOUR),
    ):
        pass
