"""What every module of ours is around its target: arguments, the gate's hello, the answer.

Each object is read again, the gate is asked, the change is made, the object is read once more and
the gate is told. In check mode a module reads and decides, and acts on nothing.

Modules run beside srcnet, with its package. How a system is reached comes through the gate, never
as an argument: nothing of it stands in a file, an environment or an event.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, redirect_stdout
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.srcnet_gate import (
    FailedError,
    Gate,
    StoppedError,
    Target,
    alone,
    carry_out,
)

OPTIONS = ("changes", "gate", "lock", "package")
"""Paths: the list of changes as JSON, the unix socket of the run, the file to hold locked while
acting, the folder that holds srcnet_compiler."""

Results = dict[str, dict[str, str]]
Opening = Callable[[Mapping[str, Any]], AbstractContextManager[Target]]
"""Gives the target of a connection, and closes it at the end."""


def serve(opening: Opening, as_failure: Callable[[Exception], FailedError]) -> None:
    """Be the module: carry out what its arguments name, and tell Ansible."""
    module = AnsibleModule(
        argument_spec={name: {"type": "path", "required": True} for name in OPTIONS},
        supports_check_mode=True,
    )
    options = {name: Path(module.params[name]) for name in OPTIONS}
    try:
        # Clients print; what we print is the answer to Ansible.
        with redirect_stdout(sys.stderr):
            results = _run(options, module.check_mode, opening, as_failure)
    except StoppedError as stop:
        module.fail_json(msg=str(stop), results={})
    changed = any(said["status"] == "done" for said in results.values())
    module.exit_json(changed=changed, results=results)


def _run(
    options: Mapping[str, Path],
    rehearse: bool,
    opening: Opening,
    as_failure: Callable[[Exception], FailedError],
) -> Results:
    changes = json.loads(options["changes"].read_text(encoding="utf-8"))
    with Gate(options["gate"]) as gate, alone(options["lock"]), ExitStack() as stack:
        connection = gate.tell(at="hello")["connection"]
        sys.path.append(str(options["package"]))
        try:
            target = stack.enter_context(opening(connection))
        except Exception as error:
            return _none_can(changes, gate, as_failure(error))
        results: Results = carry_out(changes, target, gate, rehearse)
        return results


def _none_can(changes: list[dict[str, str]], gate: Gate, failure: FailedError) -> Results:
    """Where the system is not reached the first change fails, and all others are left."""
    results: Results = {}
    for change in changes:
        said = {"status": "left", "text": failure.text}
        if not results:
            said = {"status": "failed", "text": failure.text, "cause": failure.cause}
        gate.tell(at="result", id=change["id"], **said)
        results[change["id"]] = said
    return results
