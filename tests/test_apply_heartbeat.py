"""The lock of a run that takes long: renewed while the run lives, and no change begins without."""

from __future__ import annotations

import subprocess
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from srcnet_compiler.apply.heartbeat import Heartbeat
from srcnet_compiler.apply.run import apply_plan
from srcnet_compiler.apply.shared import SharedStore, open_shared
from srcnet_compiler.apply.state import StateError
from srcnet_compiler.change import SystemName
from srcnet_compiler.plan.model import Binding, Plan

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
REF = "refs/srcnet/state"
LOOKS = 300


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    place = tmp_path / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", place], check=True)
    return place


def clock() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


class Slow(SharedStore):
    """A state whose lock is short, and something that takes longer than it while a plan is carried
    out: it ends when another runner has seen the lock renewed."""

    lock_for = timedelta(seconds=6)
    seen: tuple[str, ...] = ()

    def run_folder(self, run: str) -> Path:
        other = open_shared(self.folder.parent / "other", self.clone.remote, self.clone.ref)
        for _ in range(LOOKS):
            holder = other.holder(NOON)
            assert holder is not None
            self.seen = tuple(dict.fromkeys((*self.seen, holder.expires)))
            if len(self.seen) > 1:
                break
            time.sleep(0.1)
        return super().run_folder(run)


def test_a_lock_is_renewed_while_nothing_makes_progress(tmp_path: Path, remote: Path):
    store = Slow(tmp_path / "one", str(remote), REF, tmp_path)
    plan = Plan((SystemName("rucio", "golden"),), Binding("", "", ""), ())
    apply_plan(plan, digest="d", store=store, connections={}, clock=clock)
    first, second = map(datetime.fromisoformat, store.seen)
    assert second > first
    assert store.holder(NOON) is None


def test_whoever_has_lost_the_lock_begins_nothing_more(tmp_path: Path, remote: Path):
    one, two = (open_shared(tmp_path / name, str(remote), REF) for name in ("one", "two"))
    with ExitStack() as first:
        lock = first.enter_context(one.lock("one", NOON, HOUR))
        beat = Heartbeat(lock, lambda: NOON + HOUR, HOUR)
        with two.lock("two", NOON + HOUR, HOUR):
            with pytest.raises(StateError, match=r"ran out, and two on .* has it now"):
                beat.insist()
            with pytest.raises(StateError, match=r"ran out, and two on .* has it now"):
                first.close()


def test_a_lock_that_has_time_is_left_alone(tmp_path: Path, remote: Path):
    store = open_shared(tmp_path / "one", str(remote), REF)
    with store.lock("one", NOON, HOUR) as lock:
        Heartbeat(lock, lambda: NOON + HOUR / 4, HOUR).insist()
        assert lock.holder.expires == (NOON + HOUR).isoformat()
