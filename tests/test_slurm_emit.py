"""A cluster as files: a fragment with nothing but partitions, and YAML for people."""

import dataclasses

import yaml
from hypothesis import given
from slurm_models import FRAGMENT, models

from srcnet_compiler.span import Span
from srcnet_compiler.targets.slurm.emit import emit
from srcnet_compiler.targets.slurm.model import UNLIMITED, SlurmModel
from srcnet_compiler.targets.slurm.model.fragment import fragment_lines
from srcnet_compiler.targets.slurm.model.things import (
    Account,
    Association,
    Partition,
    Qos,
    Reservation,
)


def place(line: int) -> tuple[Span, ...]:
    return (Span("site-specs/a.yaml", line, 3, line, 9),)


MODEL = SlurmModel(
    instance="sitea",
    cluster="sitea",
    prefix="ska",
    root_account="ska",
    fragment=FRAGMENT,
    time_zone="Europe/Rome",
    qos={
        "ska-batch": Qos(
            "ska-batch",
            priority=10,
            flags=("DenyOnLimit",),
            grp_tres={"cpu": 8, "mem": 8000 * 2**20},
            max_wall=14_400,
            max_jobs_per_user=UNLIMITED,
            origins={"name": place(1), "Priority": place(2), "GrpTRES": place(3)},
        )
    },
    accounts={
        "ska": Account("ska", "root", "ska federation", origins={"name": place(4)}),
        "ska-hi": Account("ska-hi", "ska", origins={"name": place(5), "Parent": place(6)}),
    },
    associations={
        "ska": Association("ska", fairshare=20, origins={"Fairshare": place(7)}),
        "ska-hi/bob": Association("ska-hi", "bob", fairshare="parent", origins={"name": place(8)}),
    },
    partitions={
        "ska": Partition(
            "ska",
            "a[1-2]",
            allow_accounts=("ska", "ska-hi"),
            allow_qos=(),
            max_time=14_400,
            default_time=UNLIMITED,
            max_nodes=UNLIMITED,
            priority_tier=1,
            preempt_mode="OFF",
            hidden=False,
            origins={"name": place(9), "Nodes": place(10)},
        ),
        "ska-dev": Partition("ska-dev", "a3", qos="ska-batch", origins={"name": place(11)}),
    },
    reservations={
        "ska_viz": Reservation(
            "ska_viz", "07:30:00", 3600, "a3", accounts=("ska",), flags=("DAILY", "FLEX"),
            max_start_delay=300, purge_after=600, origins={"name": place(12)},
        )
    },
    origins={"instance": place(20)},
)  # fmt: skip


def files(model: SlurmModel = MODEL):
    return {str(artifact.path): artifact for artifact in emit(model)}


def test_the_fragment_holds_one_line_for_each_partition():
    assert files()["slurm/sitea/ska.conf"].content == (
        "# Partitions of the federation, written by srcnet: what is changed here by hand is lost.\n"
        "PartitionName=ska Nodes=a[1-2] AllowAccounts=ska,ska-hi AllowQos=ALL MaxTime=04:00:00"
        " MaxNodes=UNLIMITED PriorityTier=1 PreemptMode=OFF Hidden=NO\n"
        "PartitionName=ska-dev Nodes=a3 QOS=ska-batch\n"
    )


def test_each_line_of_the_fragment_knows_its_places():
    sources = files()["slurm/sitea/ska.conf"].sources
    assert sources[2] == (*place(20), *place(9), *place(10))
    assert sources[3] == (*place(20), *place(11))


def test_people_read_the_rest_in_slurm_s_words():
    assert files()["slurm/sitea/accounting.yaml"].content == (
        "# QOS and accounts of the federation on cluster sitea\n"
        "qos:\n"
        "  - name: ska-batch\n"
        "    Priority: 10\n"
        "    Flags: [DenyOnLimit]\n"
        '    GrpTRES: "cpu=8,mem=8000M"\n'
        '    MaxWall: "04:00:00"\n'
        "    MaxJobsPerUser: UNLIMITED\n"
        "accounts:\n"
        "  - name: ska\n"
        "    Parent: root\n"
        '    Description: "ska federation"\n'
        "    Fairshare: 20\n"
        "  - name: ska-hi\n"
        "    Parent: ska\n"
        "    members:\n"
        "      - user: bob\n"
        "        Fairshare: parent\n"
    )
    window = yaml.safe_load(files()["slurm/sitea/reservations.yaml"].content)["reservations"][0]
    assert window["StartTime"] == "07:30:00"
    assert window["MaxStartDelay"] == "00:05:00"
    assert window["Flags"] == ["DAILY", "FLEX"]


def test_a_line_of_yaml_knows_its_place():
    artifact = files()["slurm/sitea/accounting.yaml"]
    lines = artifact.content.splitlines()
    assert artifact.sources[lines.index("    Priority: 10") + 1] == place(2)
    assert artifact.sources[lines.index("    Fairshare: 20") + 1] == place(7)
    assert artifact.sources[lines.index("        Fairshare: parent") + 1] == place(8)


def test_without_a_fragment_or_windows_there_are_no_files_for_them():
    model = dataclasses.replace(MODEL, fragment="", reservations={})
    assert list(files(model)) == ["slurm/sitea/accounting.yaml"]


def test_what_slurm_would_misread_is_left_out_and_never_escaped():
    bad = {
        "DEFAULT": Partition("DEFAULT", "a1"),
        "b": Partition("b", "a1 Default=YES"),
        "c": Partition("c", "a1", preempt_mode="OFF\nSelectType=select/linear"),
        "d": Partition("d", "a1", allow_accounts=("ska # ",)),
        "good": Partition("good", "a1"),
    }
    model = dataclasses.replace(MODEL, partitions=bad)
    lines = files(model)["slurm/sitea/ska.conf"].content.splitlines()
    assert lines[1:] == ["PartitionName=good Nodes=a1"]


@given(models())
def test_emitting_is_stable_and_every_partition_has_its_line(model: SlurmModel):
    assert emit(model) == emit(model)
    lines = list(fragment_lines(files(model)["slurm/sitea/ska.conf"].content))
    assert [line.name for line in lines] == sorted(model.partitions)
    for artifact in emit(model):
        assert set(artifact.sources) == set(range(1, artifact.content.count("\n") + 1))
        if artifact.path.suffix == ".yaml":
            assert yaml.safe_load(artifact.content)
