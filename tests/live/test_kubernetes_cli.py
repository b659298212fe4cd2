"""A person at the command line, with a token that the golden federation's cluster does not know."""

from __future__ import annotations

from pathlib import Path

import pytest
from stand import described
from stand_kubernetes import SYSTEM, TOKENS, edits

from srcnet_compiler.demo.kubernetes_server import ApiServer

pytestmark = pytest.mark.live("kubernetes")


def test_a_token_that_nobody_knows_is_77(fresh_kubernetes: ApiServer, tmp_path: Path):
    tokens = dict.fromkeys(TOKENS, "nonsense-token")
    someone = described(tmp_path / "specs", *edits(fresh_kubernetes), environment=tokens)
    for command in (["plan"], ["verify"], ["apply", "--yes"]):
        refused = someone(*command, "--system", SYSTEM, code=77)
        assert "does not know our token" in refused.err
        assert "nonsense-token" not in f"{refused}"
