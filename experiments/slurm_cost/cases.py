"""All changes that are tried; here those of slurm.conf and of the fragment that it includes."""

from __future__ import annotations

from experiments.slurm_cost.accounting_cases import ACCOUNTING, REMOVALS, RESERVATIONS
from experiments.slurm_cost.case import (
    CONFIG,
    FRAGMENT,
    GRES,
    OUR,
    SCRIPT,
    STARTS,
    Case,
    Edit,
    both,
    pending,
    running,
    would_start,
)

_OWN = "PartitionName=ska-own Nodes=c[1-2] MaxTime=01:00:00"
_IN = "-A ska -p ska-own"
_PARTITIONS_SHOWN = "sinfo -h -o %P"
_OWN_SHOWN = "scontrol -o show partition ska-own"

_PARTITIONS = (
    Case(
        *("partition-new", "a new partition in the fragment", "partition"),
        probe=_PARTITIONS_SHOWN,
        shows=r"^ska-own$",
        edits=(Edit(FRAGMENT, "", _OWN),),
    ),
    Case(
        "partition-changed",
        "a changed partition, its limit below that of its jobs",
        "partition",
        probe=_OWN_SHOWN,
        shows=r"MaxTime=00:10:00",
        fragment=_OWN,
        edits=(Edit(FRAGMENT, "MaxTime=01:00:00", "MaxTime=00:10:00"),),
        inside=both(_IN),
    ),
    Case(
        *("partition-closed", "a partition that accounts with jobs in it may use no more", ""),
        probe=_OWN_SHOWN,
        shows=r"AllowAccounts=astro",
        fragment=_OWN,
        edits=(Edit(FRAGMENT, _OWN, f"{_OWN} AllowAccounts=astro"),),
        inside=both(_IN),
    ),
    Case(
        *("partition-smaller", "a partition without a node on which a job of it runs", ""),
        probe=_OWN_SHOWN,
        shows=r" Nodes=c1 ",
        fragment=_OWN,
        edits=(Edit(FRAGMENT, "Nodes=c[1-2]", "Nodes=c1"),),
        inside=running(_IN),
    ),
    *(
        Case(
            f"partition-removed-{key}",
            f"a partition taken out of the fragment, {words}",
            "partition-removal",
            probe=_PARTITIONS_SHOWN,
            shows=r"^ska-own$",
            gone=True,
            fragment=_OWN,
            given=("scontrol update PartitionName=ska-own State=DRAIN",) if not inside else (),
            edits=(Edit(FRAGMENT, _OWN, "#"),),
            inside=inside,
        )
        for key, words, inside in (
            ("empty", "without jobs", ()),
            ("running", "with a running job", running(_IN)),
            ("pending", "with a pending job", pending(_IN)),
        )
    ),
    Case(
        *("scontrol-create", "`scontrol create partition`, with jobs in it", ""),
        probe=_PARTITIONS_SHOWN,
        shows=r"^ska-live$",
        typed=("scontrol create PartitionName=ska-live Nodes=c[1-2]",),
        later=both("-A ska -p ska-live"),
    ),
    Case(
        *("scontrol-update", "`scontrol update partition`", ""),
        probe=_OWN_SHOWN,
        shows=r"MaxTime=00:10:00",
        fragment=_OWN,
        typed=("scontrol update PartitionName=ska-own MaxTime=00:10:00",),
        inside=both(_IN),
    ),
    Case(
        *("scontrol-drain", "`scontrol update partition … State=DRAIN`", ""),
        probe=_OWN_SHOWN,
        shows=r"State=DRAIN",
        fragment=_OWN,
        typed=("scontrol update PartitionName=ska-own State=DRAIN",),
        inside=both(_IN),
    ),
    Case(
        *("partition-drained", "`State=DRAIN` of a partition in the fragment", "partition"),
        probe=_OWN_SHOWN,
        shows=r"State=DRAIN",
        fragment=_OWN,
        edits=(Edit(FRAGMENT, _OWN, f"{_OWN} State=DRAIN"),),
        inside=both(_IN),
    ),
)


def _mistake(name: str, change: str, line: str, shows: str = r"^ska-bad\*?$") -> Case:
    return Case(
        name, change, "", probe=_PARTITIONS_SHOWN, shows=shows, edits=(Edit(FRAGMENT, "", line),)
    )


_MISTAKES = (
    _mistake("syntax-error", "an unknown key in the fragment", "PartitionName=ska-bad Bogus=1"),
    _mistake(
        "duplicate-partition", "the site's partition again in the fragment", "PartitionName=main"
    ),
    _mistake(
        *("unknown-node", "an unknown node in a partition", "PartitionName=ska-bad Nodes=zz9"),
    ),
    _mistake(
        "unknown-qos", "an unknown `QOS` of a partition", "PartitionName=ska-bad Nodes=c1 QOS=none"
    ),
    _mistake(
        "unknown-allow-qos",
        "an unknown `AllowQos` of a partition",
        "PartitionName=ska-bad Nodes=c1 AllowQos=none",
    ),
    _mistake(
        "unknown-allow-account",
        "an unknown `AllowAccounts` of a partition",
        "PartitionName=ska-bad Nodes=c1 AllowAccounts=none",
    ),
    _mistake(
        "second-default",
        "a second `Default=YES`; it becomes everybody's default",
        "PartitionName=ska-bad Nodes=c1 Default=YES",
        r"^ska-bad\*$",
    ),
)

_REFUSING = 'slurm.log_user("not today"); return slurm.ERROR end'
_ASK_SCRIPT = f"@ska-test-a sbatch --hold {OUR} --wrap true"
_WHOLE = "-A ska -n4 --mem=50 -t30 -o /dev/null -w c2"

_SITE = (
    Case(
        *("node-new", "a new node", "node"),
        probe="scontrol -o show node c3",
        shows=r"^NodeName=c3 ",
        edits=(
            Edit(
                CONFIG,
                "",
                "NodeName=c3 NodeHostname={host} NodeAddr={address} Port={port} CPUs=4"
                " RealMemory=4000 State=UNKNOWN",
            ),
        ),
    ),
    Case(
        *("node-changed", "a node with less memory", "node"),
        probe="scontrol -o show node c2",
        shows=r"RealMemory=3000",
        edits=(Edit(CONFIG, "{node2} CPUs=4 RealMemory=4000", "{node2} CPUs=4 RealMemory=3000"),),
        inside=running("-A ska"),
    ),
    Case(
        *(
            "select-type",
            "another `SelectType` with its parameters: jobs get whole nodes",
            "select-type",
        ),
        probe="@ska-test-a timeout 20 salloc -Q --immediate=5 -A ska -n1 --mem=50 -t1 -w c2"
        " printenv SLURM_JOB_CPUS_PER_NODE",
        shows=r"^4$",
        edits=(
            Edit(CONFIG, "SelectType=select/cons_tres", "SelectType=select/linear"),
            Edit(CONFIG, "SelectTypeParameters=CR_Core_Memory", "SelectTypeParameters=CR_Memory"),
        ),
    ),
    Case(
        *("job-submit-plugin", "another `JobSubmitPlugins`", "job-submit-plugin"),
        probe=_ASK_SCRIPT,
        shows=r"not today",
        settings=(("JobSubmitPlugins", "all_partitions"),),
        edits=(
            Edit(SCRIPT, "return slurm.SUCCESS end", _REFUSING),
            Edit(CONFIG, "JobSubmitPlugins=all_partitions", "JobSubmitPlugins=lua"),
        ),
    ),
    Case(
        *("job-submit-script", "another `job_submit.lua`, where lua is in use", ""),
        probe=_ASK_SCRIPT,
        shows=r"not today",
        edits=(Edit(SCRIPT, "return slurm.SUCCESS end", _REFUSING),),
    ),
    Case(
        *("preempt-type", "`PreemptType`: a job that waited takes another's node", "preempt-type"),
        probe="squeue -h -n prompt -o %T",
        shows=r"^RUNNING$",
        settings=(("PreemptType", "preempt/none"), ("PreemptMode", "OFF")),
        given=(
            "sacctmgr -i add qos ska-waits",
            "sacctmgr -i add qos ska-prompt Preempt=ska-waits Priority=100",
            "sacctmgr -i modify account where name=ska cluster=sitec set qos+=ska-waits,ska-prompt",
            f"@ska-test-a sbatch {_WHOLE} --qos=ska-waits -J waits --wrap 'sleep 900'",
            "await RUNNING waits",
            f"@ska-test-a sbatch {_WHOLE} --qos=ska-prompt -J prompt --wrap 'sleep 900'",
        ),
        edits=(
            Edit(CONFIG, "PreemptType=preempt/none", "PreemptType=preempt/qos"),
            Edit(CONFIG, "PreemptMode=OFF", "PreemptMode=REQUEUE"),
        ),
    ),
    Case(
        *(
            "gres-types",
            "another `GresTypes`, with nodes that have it; slurmd is not restarted",
            "",
        ),
        probe=would_start("ska-test-a", "-A ska --gres=tape:1"),
        shows=STARTS,
        edits=(
            Edit(CONFIG, "GresTypes=scratch", "GresTypes=scratch,tape"),
            Edit(CONFIG, "Gres=scratch:100", "Gres=scratch:100,tape:5"),
            Edit(GRES, "", "NodeName=c[1-2] Name=tape Count=5 Flags=CountOnly"),
        ),
        inside=running("-A ska"),
    ),
    Case(
        *("enforce", "`AccountingStorageEnforce`: limits hold", "enforce"),
        probe=f"@ska-test-a sbatch --hold {OUR} --wrap true",
        shows=r"AssocGrpSubmitJobsLimit|violates accounting",
        settings=(("AccountingStorageEnforce", "associations"),),
        given=("sacctmgr -i modify account where name=ska cluster=sitec set GrpSubmitJobs=0",),
        edits=(
            Edit(
                CONFIG,
                "AccountingStorageEnforce=associations",
                "AccountingStorageEnforce=associations,limits,qos,safe",
            ),
        ),
        inside=both("-A ska"),
    ),
)

CASES = (*ACCOUNTING, *REMOVALS, *RESERVATIONS, *_PARTITIONS, *_MISTAKES, *_SITE)
