#!/usr/bin/python
"""Carries out a list of changes on one Slurm cluster, each with the gate's consent.

Runs on the host that has the cluster's commands, slurm.conf and our fragment.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.srcnet_gate import FailedError, Gate, StoppedError, alone, carry_out
from ansible.module_utils.srcnet_slurm_target import Slurm, as_failure

DOCUMENTATION = r"""
module: srcnet_slurm
short_description: Brings objects of a Slurm cluster to what a plan of srcnet says
description:
  - Reads each object again, asks the gate, acts, reads again and tells the gate.
  - In check mode it reads and decides, and acts on nothing.
options:
  changes: {type: path, required: true, description: A file with the list of changes as JSON.}
  gate: {type: path, required: true, description: The unix socket of the run.}
  lock: {type: path, required: true, description: The file to hold locked while acting.}
  package: {type: path, required: true, description: The folder that holds srcnet_compiler.}
"""
RETURN = r"""
results: {type: dict, returned: always, description: What became of each change, by its id.}
"""
OPTIONS = ("changes", "gate", "lock", "package")

Results = dict[str, dict[str, str]]


def main() -> None:
    module = AnsibleModule(
        argument_spec={name: {"type": "path", "required": True} for name in OPTIONS},
        supports_check_mode=True,
    )
    options = {name: Path(module.params[name]) for name in OPTIONS}
    try:
        with redirect_stdout(sys.stderr):
            results = run(options, module.check_mode)
    except StoppedError as stop:
        module.fail_json(msg=str(stop), results={})
    changed = any(said["status"] == "done" for said in results.values())
    module.exit_json(changed=changed, results=results)


def run(options: Mapping[str, Path], rehearse: bool) -> Results:
    changes = json.loads(options["changes"].read_text(encoding="utf-8"))
    with Gate(options["gate"]) as gate, alone(options["lock"]):
        connection = gate.tell(at="hello")["connection"]
        sys.path.append(str(options["package"]))
        from srcnet_compiler.targets.slurm.live import open_connection

        try:
            controller = open_connection(connection)
        except Exception as error:
            return _none_can(changes, gate, as_failure(error))
        results: Results = carry_out(changes, Slurm(controller), gate, rehearse)
        return results


def _none_can(changes: list[dict[str, str]], gate: Gate, failure: FailedError) -> Results:
    """Without a cluster the first change fails, and all others are left."""
    results: Results = {}
    for change in changes:
        said = {"status": "left", "text": failure.text}
        if not results:
            said = {"status": "failed", "text": failure.text, "cause": failure.cause}
        gate.tell(at="result", id=change["id"], **said)
        results[change["id"]] = said
    return results


if __name__ == "__main__":
    main()
