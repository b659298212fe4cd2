"""The one file of a site that is ours: partitions come, change and go by it, and it alone.

A fragment that slurmctld does not take breaks every command of every user as soon as it is written,
and ends the daemon at its next reconfigure. So nothing is written that was not checked on a copy
of the site's own configuration, and what is there goes back when the real daemon thinks otherwise.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from ansible.module_utils import srcnet_slurm_waits
from ansible.module_utils.srcnet_gate import ConflictError, FailedError, Seen, Wire

if TYPE_CHECKING:
    from srcnet_compiler.targets.slurm.live import Controller
    from srcnet_compiler.targets.slurm.model import SlurmModel

DRAINED = "DRAIN"
SHOW = ("scontrol", "-a", "-o", "show", "partition")
HEARS_WITHIN = 10.0
"""Seconds in which slurmctld hears from the database of a QOS that was added to it."""
SETTLES_WITHIN = 20.0
"""Seconds that a reconfigure may take: from 24.11 on the daemon starts anew."""
OF_THE_MOMENT = ("State", "TotalCPUs", "TotalNodes", "TRES", "AllocNodes")
"""Words of a partition that follow its nodes, or that are compared apart."""
OF_QOS = ("QoS", "AllowQos", "DenyQos")
OF_FILES = ("Weight", "AvailableFeatures", "ActiveFeatures")
"""Words of a node that a reconfigure takes from the files; its state, reason and comment stay."""


def observe(controller: Controller, seen: SlurmModel, change: Wire) -> Seen:
    """A partition as the daemon has it. Raises ConflictError for one that is not ours."""
    name, action = change["address"]["name"], change["action"]
    found = seen.partitions.get(name)
    if found is not None:
        return dict(found.fields())
    if name in seen.foreign.partitions:
        if action == "retire" and change["begun"]:
            # its line went, and the run ended before the daemon heard of it
            return _live(controller, name)
        raise ConflictError(f"partition {name} is not ours: it stands in no line of our file")
    fields = [(field["name"], field["after"]) for field in change["fields"]]
    if action == "update" and fields == [("State", DRAINED)]:
        return dict(fields)  # it has gone since: nobody can enter it
    return None


def partition_with_qos(controller: Controller, qos: str) -> str | None:
    """A partition, anybody's, that names the QOS: of the daemon, or of our file."""
    from srcnet_compiler.targets.slurm.live import look
    from srcnet_compiler.targets.slurm.live.text import partition, records
    from srcnet_compiler.targets.slurm.model.fragment import fragment_lines

    for record in records(_ask(controller, *SHOW)):
        there = partition(record)
        if qos in (there.qos, *(there.allow_qos or ())):
            return there.name
    bounds = controller.bounds
    seen = look(controller.runner, bounds, controller.version, "partition").model
    for line in fragment_lines(seen.written):
        if any(qos in value.split(",") for _, value in line.words[1:]):
            return line.name
    return None


def write(controller: Controller, seen: SlurmModel, name: str, values: Mapping[str, Any]) -> None:
    """Give the partition's line these values, and have the daemon read it."""
    from srcnet_compiler.targets.slurm.model.fragment import with_partition
    from srcnet_compiler.targets.slurm.model.lines import partition_fields

    _must_have_file(controller)
    candidate = with_partition(seen.written, name, partition_fields(values))
    _check(controller, candidate)
    former = _move_into_place(controller, seen, candidate)
    if [*values.items()] == [("State", DRAINED)]:
        # at once, and no more: the file keeps it for the next reconfigure, whoever asks for one
        _attempt(controller, "scontrol", "update", f"PartitionName={name}", f"State={DRAINED}")
        return

    def settled() -> bool:
        now = _live(controller, name)
        return now is not None and all(now.get(key) == value for key, value in values.items())

    _reconfigure(controller, seen, former, settled, f"partition {name}")


def remove(controller: Controller, seen: SlurmModel, name: str, before: Mapping[str, Any]) -> None:
    """Take the line out, when nobody can come in and the last one has gone: jobs that the daemon
    finds without a partition, pending ones too, end as NODE_FAIL."""
    from srcnet_compiler.targets.slurm.model.fragment import without_partition

    _must_have_file(controller)
    if before.get("State") != DRAINED:
        raise FailedError(f"partition {name} is not drained")
    for line in _ask(controller, "scontrol", "-o", "show", "reservation").splitlines():
        if f" PartitionName={name} " in line:
            raise FailedError(f"partition {name} has a reservation: {line.split()[0]}")
    candidate = without_partition(seen.written, name)
    _check(controller, candidate, leaving=name)
    if said := srcnet_slurm_waits.in_use(controller, "partition", name):
        raise FailedError(said)
    former = _move_into_place(controller, seen, candidate)
    gone: Callable[[], bool] = lambda: _live(controller, name) is None  # noqa: E731
    _reconfigure(controller, seen, former, gone, f"the end of partition {name}")


# ── before a byte is written ──────────────────────────────────────────────────────────────────


def _must_have_file(controller: Controller) -> None:
    from srcnet_compiler.targets.slurm.live.files import kind_of

    path = controller.files.fragment
    if not controller.bounds.fragment:
        raise ConflictError("the site lets us have no partitions")
    found = kind_of(controller.runner, path)
    if found == "nothing":
        raise FailedError(f"{path} is not there: the site includes it in slurm.conf first")
    if found != "file":
        raise FailedError(f"{path} is no plain file: it is not replaced")


def _check(controller: Controller, candidate: str, leaving: str | None = None) -> None:
    """Raises FailedError for whatever the pure checks, the parser, or a daemon on a copy object
    to, and for what the daemon would undo of others' things. `leaving` is ours, and to go."""
    from srcnet_compiler.artifact import Artifact
    from srcnet_compiler.diagnostic import Severity
    from srcnet_compiler.targets.slurm.check import check_fragment, explain
    from srcnet_compiler.targets.slurm.live import foresee, look
    from srcnet_compiler.targets.slurm.model.fragment import qos_named

    bounds = controller.bounds
    artifact = Artifact(PurePosixPath(controller.files.fragment.name), candidate, {})
    known = look(controller.runner, bounds, controller.version, "account", "partition").model
    findings = [*check_fragment(artifact, known, known)]
    _refuse(finding.message for finding in findings if finding.severity is Severity.ERROR)
    rehearsed = _without_known_qos(controller, candidate)
    foreseen = foresee(controller.files, rehearsed)
    findings = [*explain(artifact, foreseen.objections)]
    _refuse(finding.message for finding in findings if finding.severity is Severity.ERROR)
    ignored = () if foreseen.knows_qos else OF_QOS
    if not foreseen.knows_qos:
        _refuse(f"slurmctld knows no QOS {name}" for name in sorted(qos_named(rehearsed)))
    foreign = _foreign(controller, known)
    foreign.pop(leaving or "", None)
    _refuse(_undone(foreign, foreseen.partitions, ignored))
    _refuse(_undone_nodes(_ask(controller, "scontrol", "-o", "show", "node"), foreseen.nodes))


def _refuse(objections: Iterable[str]) -> None:
    if said := "; ".join(objections):
        raise FailedError(f"not written, {said}")


def _without_known_qos(controller: Controller, candidate: str) -> str:
    """For the copy: the association state on disk is minutes old, so that QOS which the running
    daemon knows are judged by that, and taken out."""
    from srcnet_compiler.targets.slurm.model.fragment import qos_named, without_qos

    return without_qos(candidate, _heard_of(controller, qos_named(candidate)))


def _heard_of(controller: Controller, names: set[str]) -> set[str]:
    """Those of these QOS that the daemon knows; the database tells it a bit later."""
    deadline = time.monotonic() + HEARS_WITHIN
    in_database: set[str] | None = None
    while True:
        said = _ask(controller, "scontrol", "-o", "show", "assoc_mgr", "flags=qos")
        words = (line.strip().split(" ")[0] for line in said.splitlines())
        known = {w.removeprefix("QOS=").partition("(")[0] for w in words if w.startswith("QOS=")}
        if in_database is None and names - known:
            shown = _ask(controller, "sacctmgr", "-nP", "show", "qos", "format=Name")
            in_database = {*shown.splitlines()}
        # what the database does not have the daemon will not hear of
        if not (names - known) & (in_database or set()) or time.monotonic() > deadline:
            return known
        time.sleep(0.2)


def _foreign(controller: Controller, seen: SlurmModel) -> dict[str, dict[str, str]]:
    from srcnet_compiler.targets.slurm.live.text import records

    return {
        record["PartitionName"]: dict(record)
        for record in records(_ask(controller, *SHOW))
        if record["PartitionName"] in seen.foreign.partitions
    }


def _undone(
    foreign: Mapping[str, Mapping[str, str]], foreseen: str, ignored: tuple[str, ...]
) -> Iterable[str]:
    """What a reconfigure would undo that the site has changed by hand since it wrote its files."""
    from srcnet_compiler.targets.slurm.live.text import records

    after = {record["PartitionName"]: record for record in records(foreseen)}
    if not after:
        yield "the copy of the daemon does not say which partitions there would be"
        return
    for name, now in foreign.items():
        then = after.get(name)
        if then is None:
            yield f"a reconfigure would end the site's partition {name}: no file has it"
            continue
        for key in now.keys() | then.keys():
            if key in ignored or (key in OF_THE_MOMENT and key != "State"):
                continue
            if now.get(key) != then.get(key):
                what = f"{key}={now.get(key)} of the site's partition {name}"
                yield f"a reconfigure would undo {what}, which no file has"


def _undone_nodes(now: str, foreseen: str) -> Iterable[str]:
    from srcnet_compiler.targets.slurm.live.text import records

    after = {record["NodeName"]: record for record in records(foreseen)}
    for node in records(now):
        then = after.get(node["NodeName"], {})
        for key in OF_FILES:
            if node.get(key) != then.get(key):
                what = f"{key}={node.get(key)} of node {node['NodeName']}"
                yield f"a reconfigure would undo {what}, which no file has"


# ── the file, and the daemon ──────────────────────────────────────────────────────────────────


def _move_into_place(controller: Controller, seen: SlurmModel, text: str) -> str:
    """Replace the file in one step; gives what it was. Its owner and rights stay."""
    from srcnet_compiler.targets.slurm.live.files import read_text

    former = read_text(controller.runner, controller.files.fragment)
    if former != seen.written:
        path = controller.files.fragment
        raise ConflictError(f"somebody has written to {path} meanwhile")
    if former != text:
        _replace(controller, former, text)
    return former


def _replace(controller: Controller, before: str, after: str) -> None:
    from srcnet_compiler.targets.slurm.live.files import ChangedError, replace_text

    try:
        replace_text(controller.runner, controller.files.fragment, before, after)
    except ChangedError as changed:
        raise ConflictError(str(changed)) from None


def _reconfigure(
    controller: Controller,
    seen: SlurmModel,
    former: str,
    settled: Callable[[], bool],
    what: str,
) -> None:
    """Have the daemon read its files; put the former file back when it does not take the new."""
    from srcnet_compiler.targets.protocol import UnreachableError
    from srcnet_compiler.targets.slurm.live.files import read_text

    said = ""
    try:
        said = _attempt(controller, "scontrol", "reconfigure")
    except UnreachableError as error:
        said = str(error)
    deadline = time.monotonic() + SETTLES_WITHIN
    while time.monotonic() < deadline:
        try:
            if settled():
                return
        except UnreachableError as error:
            said = str(error)
        if said and "does not answer" not in said:
            break
        time.sleep(0.2)
    written = read_text(controller.runner, controller.files.fragment)
    if written != former:
        _replace(controller, written, former)
    reason = said or "it says nothing"
    raise FailedError(
        f"slurmctld did not take {what} ({reason}): our file is what it was before", final=True
    )


def _live(controller: Controller, name: str) -> Seen:
    """A partition as the daemon has it, whoever's."""
    from srcnet_compiler.targets.slurm.live.text import partition, records

    for record in records(_ask(controller, *SHOW)):
        if record["PartitionName"] == name:
            return dict(partition(record).fields())
    return None


def _ask(controller: Controller, *argv: str) -> str:
    from srcnet_compiler.targets.slurm.live import must

    return must(controller.runner, controller.bounds, argv).out


def _attempt(controller: Controller, *argv: str) -> str:
    from srcnet_compiler.targets.slurm.live import attempt

    return attempt(controller.runner, controller.bounds, argv)
