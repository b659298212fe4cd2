"""Plans carried out on a real API server, beside others who are never disturbed."""

from __future__ import annotations

from pathlib import Path

import pytest
from kubernetes_cases import (
    bad,
    carry_out,
    fingerprint,
    left,
    seen,
    settle_tenant,
    to_reach,
    wanted,
)

from srcnet_compiler.apply.receipt import Status
from srcnet_compiler.demo.kubernetes_server import ApiServer

pytestmark = pytest.mark.live("kubernetes")


def test_what_is_applied_is_there_and_nothing_is_left_to_do(kubernetes: ApiServer, tmp_path: Path):
    settle_tenant(kubernetes, "tenant-a")
    theirs = fingerprint(kubernetes, "tenant-a")
    desired = wanted("ska-a")
    plan = to_reach(kubernetes, desired)
    assert len(plan.changes) == len(desired.objects)
    rehearsed = carry_out(kubernetes, plan, tmp_path, rehearsal=True)
    assert bad(rehearsed) == []
    assert not seen(kubernetes, desired).model.objects
    receipt = carry_out(kubernetes, plan, tmp_path)
    assert bad(receipt) == []
    assert {result.status for result in receipt.results} == {Status.DONE}
    assert left(kubernetes, desired) == []
    again = carry_out(kubernetes, plan, tmp_path)
    assert bad(again) == []
    assert {result.status for result in again.results} == {Status.ALREADY}
    assert fingerprint(kubernetes, "tenant-a") == theirs
