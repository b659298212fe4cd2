"""What was recorded of 24.11.5 before this experiment was there, in the experiment's form.

Debian 12 has no such Slurm, so nothing of it is made again here. `cost-transcript.txt` is what a
session on Debian 13 printed, `cost-script.sh` is what was run; `reservation.json` is of another
session, of which `record.sh` is the script. One line rests on notes alone, and says so.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.slurm_cost.case import PENDING_INSIDE, RUNNING_INSIDE
from experiments.slurm_cost.cases import CASES
from srcnet_compiler.targets.slurm.model.trial import Source

FOLDER = "24.11"
VERSION = "24.11.5"
TRANSCRIPT = "cost-transcript.txt"
OTHERS = "of others, running"
Raw = dict[str, Any]
Sections = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Told:
    """Where the transcript tells of a case: the heading, what was written, how one sees it act."""

    case: str
    heading: str
    wrote: str
    shows: str
    gone: bool = False
    later: str = ""  # the heading under which it shows; empty: the same


_TOLD = (
    Told(
        *("partition-new", "good fragment"),
        *("PartitionName=ska Nodes=a1 AllowAccounts=ska AllowQos=ska-batch QOS=ska-batch",),
        *(r"parts=.*\bska\b",),
    ),
    Told(
        *("partition-removed-empty", "add node a3"),
        *("(the fragment without the partition of `bad AllowQos`)", r"parts=.*\bska\b", True),
    ),
    Told("unknown-qos", "bad QOS (fatal)", "PartitionName=ska Nodes=a1 QOS=nosuch", r"parts=.*ska"),
    Told("duplicate-partition", "dup main", "PartitionName=main Nodes=a1", r"parts=main\* main"),
    Told("unknown-node", "unknown node", "PartitionName=ska Nodes=zz9", r"parts=.*\bska\b"),
    Told(
        *("unknown-allow-qos", "bad AllowQos", "PartitionName=ska Nodes=a1 AllowQos=nosuch"),
        *(r"parts=.*\bska\b",),
    ),
    Told("syntax-error", "unknown key", "PartitionName=ska Nodes=a1 Bogus=1", r"parts=main.*\bska"),
    Told(
        *("node-new", "add node a3", "NodeName=a3 NodeHostname=vm NodeAddr=127.0.0.1 Port=37903"),
        r"Node a3 has vanished from configuration",  # hence it was there
        later="SelectType linear",
    ),
    Told(
        *("select-type", "SelectType linear"),
        "SelectType=select/linear SelectTypeParameters=CR_Memory",
        r"^SelectType += select/linear",
    ),
)


def raw(folder: Path) -> list[Raw]:
    """All that the recordings of 24.11 say; `folder` has them."""
    text = (folder / TRANSCRIPT).read_text("utf-8")
    sections = _sections(text)
    return [
        *(_reconfigured(told, sections) for told in _TOLD),
        _account(sections),
        _created(sections),
        _removed(sections, text),
        _from_notes(),
        _reservation(json.loads((folder / "reservation.json").read_text("utf-8"))),
    ]


def _sections(text: str) -> Sections:
    found: Sections = {"": []}
    heading = ""
    for line in text.splitlines():
        if line.startswith("#"):
            heading = line.strip("# ")
            found[heading] = []
        else:
            found[heading].append(line)
    return found


def _reconfigured(told: Told, sections: Sections) -> Raw:
    here = sections[told.heading]
    following = list(sections)[list(sections).index(told.heading) + 1]
    shown = sections[told.later or told.heading]
    ping = next(line for line in here if line.startswith("   ping:"))
    refused = [line for line in here if line.startswith("squeue: error")]
    step = {
        "step": "reconfigure",
        "did": [
            {"file": "etc/ska.conf", "out": "", "into": told.wrote},
            {
                "typed": "scontrol reconfigure",
                "said": [line for line in here if line.startswith(("slurm_reconf", "scontrol:"))],
            },
        ],
        "then": {
            "slurmctld": _slurmctld(ping, sections[following]),
            "probe": {
                "typed": "scontrol ping, sinfo, squeue, and the log",
                "exit": 0,
                "said": [line for line in (shown if told.later else here) if line != ping]
                + [ping.strip()],
            },
            "jobs": {OTHERS: _job(ping)},
            "a user's squeue": {"exit": int(bool(refused)), "said": refused},
            "log": [line for line in here if re.match(r"\[.*\] fatal", line)],
        },
    }
    return _case(told.case, told.shows, told.gone, Source.TRANSCRIPT, [step], {OTHERS: "RUNNING"})


def _slurmctld(ping: str, following: list[str]) -> str:
    """What clients that cannot read their configuration do not know, the next start told."""
    outlived = any("Existing slurmctld process" in line for line in following)
    return "answers" if "is UP" in ping or outlived else "ended"


def _job(ping: str) -> str:
    found = re.search(r"job=\d+ (\w+)", ping)
    return found[1] if found else "not answered"


def _account(sections: Sections) -> Raw:
    typed = (
        "sacctmgr -i add qos ska-batch",
        "sacctmgr -i add account ska QosLevel=ska-batch DefaultQOS=ska-batch",
        "sacctmgr -i add user bob account=ska",
    )
    did = [{"typed": line} for line in typed]
    then = _then("sbatch (as bob), then squeue", sections[""], {})
    step = {"step": "change", "did": did, "then": then}
    return _case("account-new", r"\bbob +R\b", False, Source.TRANSCRIPT, [step], {})


def _created(sections: Sections) -> Raw:
    """That it acted at first was not looked at: slurmctld took the command without a word."""
    (line,) = (each for each in sections["none"] if each.startswith("live partition"))
    did = [{"typed": "scontrol create PartitionName=live Nodes=a1"}]
    did.append({"typed": "scontrol reconfigure"})
    step = {"step": "reconfigure", "did": did, "then": _then("sinfo -h -o %P", [line], {})}
    return _case("scontrol-create", r": .*\blive\b", False, Source.TRANSCRIPT, [step], {})


def _removed(sections: Sections, text: str) -> Raw:
    (line,) = (each for each in text.splitlines() if each.startswith("JobState="))
    ours = " ".join(re.findall(r"(?:JobState|Reason)=(\w+)", line))
    others = "RUNNING" if re.search(r"\bmain\b.* R ", line) else "not answered"
    did = [
        {"file": "etc/ska.conf", "out": "PartitionName=ska Nodes=a2", "into": "#"},
        {"typed": "scontrol reconfigure"},
    ]
    said = sections["remove partition with running job"]
    then = _then("scontrol show job, squeue -h", said, {OTHERS: others, RUNNING_INSIDE: ours})
    step = {"step": "reconfigure", "did": did, "then": then}
    before = {OTHERS: "RUNNING", RUNNING_INSIDE: "RUNNING"}
    return _case(
        "partition-removed-running", "JobState=NODE_FAIL", False, Source.TRANSCRIPT, [step], before
    )


def _from_notes() -> Raw:
    said = "removing a partition that holds a job, even a pending one: the job becomes NODE_FAIL"
    did = [{"typed": "scontrol reconfigure"}]
    then = _then("(notes of that session)", [said], {PENDING_INSIDE: "NODE_FAIL"})
    step = {"step": "reconfigure", "did": did, "then": then}
    before = {PENDING_INSIDE: "PENDING"}
    return _case("partition-removed-pending", "NODE_FAIL", False, Source.NOTES, [step], before)


def _reservation(answer: Raw) -> Raw:
    names = [each["name"] for each in answer["reservations"]]
    did = [{"typed": "scontrol create reservation ReservationName=ska_viz …"}]
    then = _then("scontrol --json show reservation", names, {})
    step = {"step": "change", "did": did, "then": then}
    return _case("reservation-new", "^ska_viz$", False, Source.RECORDING, [step], {})


def _then(typed: str, said: list[str], jobs: dict[str, str]) -> Raw:
    return {
        "slurmctld": "answers",
        "probe": {"typed": typed, "exit": 0, "said": [line.strip() for line in said]},
        "jobs": jobs,
        "a user's squeue": {"exit": 0, "said": []},
        "log": [],
    }


def _case(
    name: str,
    shows: str,
    gone: bool,
    source: Source,
    steps: list[Raw],
    jobs: dict[str, str],
) -> Raw:
    (case,) = (each for each in CASES if each.name == name)
    return {
        "case": name,
        "change": case.change,
        "kind": case.kind,
        "source": source.value,
        "shows": shows,
        "gone": gone,
        "before": {"jobs": jobs},
        "steps": steps,
    }
