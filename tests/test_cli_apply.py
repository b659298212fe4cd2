"""Ends of an apply that a real server does not come to when asked."""

from types import SimpleNamespace
from typing import Any

import pytest

from srcnet_compiler.cli.commands.apply import _is_proven
from srcnet_compiler.cli.exits import Exit, StopError
from srcnet_compiler.targets.protocol import RefusedError, UnreachableError


@pytest.mark.parametrize(
    ("trouble", "code"),
    [(UnreachableError("gone"), Exit.UNREACHABLE), (RefusedError("no"), Exit.CREDENTIALS)],
)
def test_a_server_that_goes_away_after_the_last_change_leaves_it_unproven(
    trouble: Exception, code: Exit
):
    def read() -> None:
        raise trouble

    target, model = SimpleNamespace(name="rucio"), SimpleNamespace(instance="golden")
    system: Any = SimpleNamespace(lowered=SimpleNamespace(target=target, model=model), read=read)
    with pytest.raises(StopError, match="all of the plan was done, but it is not proven") as ended:
        _is_proven([system], "text")
    assert ended.value.code is code
    assert ended.value.remedy is not None
    assert "srcnet verify" in ended.value.remedy
