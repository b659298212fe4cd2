"""The commands of a change, word by word."""

import pytest

from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact
from srcnet_compiler.targets.slurm.model.commands import commands


def change(action: Action, kind: str, name: str, **fields) -> Change:
    return Change(
        Address("slurm", "sitea", kind, name),
        action,
        tuple(FieldChange(key, before, after) for key, (before, after) in fields.items()),
        Impact.ADDITIVE,
    )


CREATE, UPDATE, RETIRE = Action.CREATE, Action.UPDATE, Action.RETIRE


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (
            change(CREATE, "qos", "ska-a", Priority=(None, 10), MaxWall=(None, 14_400),
                   MaxJobsPerUser=(None, -1), GrpTRES=(None, {"cpu": 8, "mem": 2**30}),
                   Flags=(None, ["DenyOnLimit", "NoDecay"]), Preempt=(None, [])),
            ["sacctmgr -i add qos ska-a Priority=10 MaxWall=04:00:00 GrpTRES=cpu=8,mem=1024M"
             " Flags=DenyOnLimit,NoDecay"],
        ),
        (
            change(UPDATE, "qos", "ska-a", MaxWall=(60, -1), Flags=(["NoDecay"], []),
                   GrpTRES=({"cpu": 8, "mem": 2**30}, {"cpu": 4}), Preempt=(["ska-b"], [])),
            ["sacctmgr -i modify qos where name=ska-a set MaxWall=-1 Flags=-1"
             " GrpTRES=cpu=4,mem=-1 Preempt="],
        ),
        (change(RETIRE, "qos", "ska-a"), ["sacctmgr -i delete qos where name=ska-a"]),
        (
            change(CREATE, "account", "ska-hi", Parent=(None, "ska"), Description=(None, "hi")),
            ["sacctmgr -i add account ska-hi cluster=sitea Parent=ska Description=hi"],
        ),
        (
            change(UPDATE, "account", "ska-hi", Parent=("ska", "ska-x"), Description=("a", "b")),
            ["sacctmgr -i modify account where name=ska-hi cluster=sitea set Parent=ska-x",
             "sacctmgr -i modify account where name=ska-hi set Description=b"],
        ),
        (
            change(CREATE, "association", "ska-hi", Fairshare=(None, 20), MaxJobs=(None, -1)),
            ["sacctmgr -i modify account where name=ska-hi cluster=sitea set Fairshare=20"],
        ),
        (change(CREATE, "association", "ska-hi", MaxJobs=(None, -1)), []),
        (change(RETIRE, "association", "ska-hi"), []),
        (
            change(CREATE, "association", "ska-hi/bob/ska", Fairshare=(None, "parent")),
            ["sacctmgr -i add user bob account=ska-hi cluster=sitea partition=ska"
             " Fairshare=parent"],
        ),
        (
            change(UPDATE, "association", "ska-hi/bob", DefaultQOS=("ska-a", "")),
            ["sacctmgr -i modify user where name=bob account=ska-hi cluster=sitea set"
             " DefaultQOS=-1"],
        ),
        (
            change(RETIRE, "association", "ska-hi/bob", Fairshare=(1, None)),
            ["sacctmgr -i delete user where name=bob account=ska-hi cluster=sitea"],
        ),
        (
            change(RETIRE, "association", "ska-hi/bob", DefaultAccount=("ska-hi", "ska-eor")),
            ["sacctmgr -i modify user where name=bob cluster=sitea set DefaultAccount=ska-eor",
             "sacctmgr -i delete user where name=bob account=ska-hi cluster=sitea"],
        ),
        (
            change(RETIRE, "association", "ska-hi/bob", DefaultAccount=("ska-hi", None)),
            ["sacctmgr -i delete user where name=bob cluster=sitea"],
        ),
        (
            change(CREATE, "reservation", "ska_viz", StartTime=(None, "07:30:00"),
                   Duration=(None, 3600), Nodes=(None, "a3"), Accounts=(None, ["ska", "ska-hi"]),
                   Users=(None, []), Flags=(None, ["DAILY", "FLEX"]),
                   MaxStartDelay=(None, 300), PURGE_COMP=(None, 600)),
            ["scontrol create reservation ReservationName=ska_viz StartTime=07:30:00"
             " Duration=01:00:00 Nodes=a3 Accounts=ska,ska-hi"
             " Flags=DAILY,FLEX,PURGE_COMP=00:10:00 MaxStartDelay=00:05:00"],
        ),
        (change(RETIRE, "reservation", "ska_viz"), ["scontrol delete ReservationName=ska_viz"]),
        (change(CREATE, "partition", "ska", Nodes=(None, "a1")), []),
        (change(Action.ADOPT, "qos", "ska-a", Priority=(1, 1)), []),
    ],
)  # fmt: skip
def test_a_change_is_carried_out_by_these_commands(made: Change, words: list[str]):
    assert [" ".join(argv) for argv in commands(made, "sitea")] == words


def test_text_is_one_word_whatever_is_in_it():
    made = change(CREATE, "account", "ska", Description=(None, "of the federation; rm -rf x"))
    assert commands(made, "c")[0][-1] == "Description=of the federation; rm -rf x"
