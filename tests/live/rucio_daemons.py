"""Rucio's real daemons beside a running server, run once when a test says so."""

from __future__ import annotations

import json
import select
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from srcnet_compiler.demo.processes import clean_environment, failure, kill_session, spawn
from srcnet_compiler.demo.rucio_server import RucioServer

RUNNER = Path(__file__).with_name("rucio_daemon_runner.py")
PATIENCE = 300  # seconds for one request

# One turn of everything: new data gets its rules, files move, what is over is removed.
CYCLE = (
    "injector",
    "transmogrifier",
    "evaluator",
    "repairer",
    "preparer",
    "submitter",
    "poller",
    "finisher",
    "cleaner",
    "undertaker",
    "abacus-rse",
    "abacus-account",
    "reaper",
)


class RucioRefusedError(Exception):
    """What the server's own code raised; `kind` is the name of its exception class."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message


class Daemons:
    """A process with the daemons of `server` in it; start it from the main thread, close it after.

    Transfers between `file://` areas really copy, at submission. To make them fail, take the source
    file away, or put a file where the target's folder should be.
    """

    def __init__(self, server: RucioServer) -> None:
        self._log = server.folder / "log" / "daemons.log"
        self._process = spawn(
            [str(server.venv / "bin" / "python"), str(RUNNER)],
            env=clean_environment(RUCIO_CONFIG=str(server.server_config), PYTHONUNBUFFERED="1"),
            log=self._log,
            pipes=True,
        )

    def run(self, *names: str) -> list[str]:
        """Run the named daemons once each, in this order; gives what they logged as warnings.

        Names: those of `CYCLE`, and stager, abacus-collection-replica, greedy-reaper. A daemon that
        raises is a RucioRefusedError.
        """
        return self._ask(do="run", names=names)

    def cycle(self, times: int = 1) -> list[str]:
        """Run all of `CYCLE`, as often as said."""
        return self.run(*CYCLE * times)

    def cycle_until(self, ready: Callable[[], bool], at_most: int = 10) -> None:
        """Run cycles until `ready()`; AssertionError when that does not come."""
        for _ in range(at_most):
            if ready():
                return
            warnings = self.cycle()
        if not ready():
            raise AssertionError(f"not ready after {at_most} cycles; last warnings: {warnings}")

    def sql(self, query: str, **parameters: object) -> list[dict[str, Any]]:
        """Rows of the server's database, seen by an observer that cannot write.

        Parameters are written `:name`. Identifiers that are binary come as hex, times as text.
        """
        return self._ask(do="sql", query=query, parameters=parameters)

    def registered(self, scope: str, moment: datetime) -> None:
        """The server takes all datasets of the scope for registered then."""
        self._ask(do="registered", scope=scope, moment=moment.isoformat())

    def evaluate_expression(self, expression: str) -> frozenset[str]:
        """The RSEs that the server's parser finds; RucioRefusedError as the server refuses it."""
        (result,) = self.evaluate_expressions([expression])
        if isinstance(result, RucioRefusedError):
            raise result
        return result

    def evaluate_expressions(
        self, expressions: Sequence[str]
    ) -> list[frozenset[str] | RucioRefusedError]:
        """As `evaluate_expression` for many at once; a refusal is given, not raised."""
        return [
            RucioRefusedError(**each["error"]) if "error" in each else frozenset(each["rses"])
            for each in self._ask(do="expressions", expressions=list(expressions))
        ]

    def close(self) -> None:
        """End the process."""
        kill_session(self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, **request: object) -> Any:
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None
        assert answers is not None
        try:
            requests.write(json.dumps(request).encode() + b"\n")
            requests.flush()
            ready, _, _ = select.select([answers], [], [], PATIENCE)
            line = answers.readline() if ready else b""
        except BrokenPipeError:
            line = b""
        if not line:
            raise failure("the daemons' process gave no answer", self._log)
        answer = json.loads(line)
        if "error" in answer:
            raise RucioRefusedError(**answer["error"])
        return answer["value"]
