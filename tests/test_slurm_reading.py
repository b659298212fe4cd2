"""One cluster, recorded with 22.05 in text and with 24.11 in JSON, read into one model."""

import dataclasses
import json

import pytest
from slurm_recordings import VERSIONS, WANTED, Recorded, recorded

from srcnet_compiler.change import Address
from srcnet_compiler.targets.protocol import RefusedError, UnreachableError
from srcnet_compiler.targets.slurm.diff import diff
from srcnet_compiler.targets.slurm.live import Ran, read
from srcnet_compiler.targets.slurm.live.text import gres, records
from srcnet_compiler.targets.slurm.model import UNLIMITED, Foreign, Node
from srcnet_compiler.targets.slurm.model.things import (
    Account,
    Association,
    Partition,
    Qos,
    Reservation,
)
from srcnet_compiler.targets.slurm.model.tres import MEBI

NO_LIMITS = {
    "grp_tres": {},
    "grp_tres_mins": {},
    "grp_tres_run_mins": {},
    "grp_wall": UNLIMITED,
    "grp_jobs": UNLIMITED,
    "grp_submit": UNLIMITED,
    "max_tres": {},
    "max_wall": UNLIMITED,
    "max_jobs": UNLIMITED,
    "max_submit": UNLIMITED,
    "qos": (),
    "default_qos": "",
}


def without_version(model):
    return dataclasses.replace(model, version=(0, 0), settings={})


def test_text_of_22_05_and_json_of_24_11_give_equal_models():
    old, new = recorded("22.05"), recorded("24.11")

    assert old.gaps == new.gaps == ()
    assert without_version(old.model) == without_version(new.model)
    assert (old.model.version, new.model.version) == ((22, 5), (24, 11))


@pytest.mark.parametrize("version", VERSIONS)
class TestWhatIsRead:
    def test_our_subtree_of_accounts(self, version: str):
        assert recorded(version).model.accounts == {
            "ska": Account("ska", "root", "ska federation", "skao"),
            "ska-eor": Account("ska-eor", "ska", "epoch of reionisation", "ska"),
            "ska-hi": Account("ska-hi", "ska", "hi", "ska"),
        }

    def test_limits_where_they_are_set_and_not_where_they_are_inherited(self, version: str):
        found = recorded(version).model.associations
        assert found["ska-hi"] == Association(
            "ska-hi",
            fairshare=1,
            grp_tres={},
            grp_tres_mins={"cpu": 5000, "mem": 4_096_000 * MEBI},
            grp_tres_run_mins={"cpu": 777},
            grp_wall=259_200,
            grp_jobs=9,
            grp_submit=90,
            max_tres={"cpu": 2, "gres/scratch": 10},
            max_wall=9000,
            max_jobs=3,
            max_submit=30,
            qos=(),
            default_qos="",
        )
        assert found["ska-hi/bob"] == Association("ska-hi", "bob", fairshare="parent", **NO_LIMITS)
        assert found["ska-eor/bob/ska"] == Association(
            "ska-eor",
            "bob",
            "ska",
            fairshare=1,
            **NO_LIMITS | {"qos": ("ska-batch",), "default_qos": "ska-batch"},
        )

    def test_our_qos(self, version: str):
        assert recorded(version).model.qos["ska-inter"] == Qos(
            name="ska-inter",
            description="ska-inter",
            priority=1000,
            grace=30,
            preempt=("ska-batch",),
            preempt_mode="requeue",
            flags=(),
            grp_tres={"cpu": 4, "gres/scratch": 40},
            grp_tres_mins={"cpu": 6000},
            grp_wall=UNLIMITED,
            grp_jobs=7,
            grp_submit=70,
            max_tres={"node": 2},
            max_tres_per_user={},
            max_tres_per_account={},
            max_wall=28_800,
            max_jobs_per_user=1,
            max_submit_per_user=UNLIMITED,
            max_jobs_per_account=5,
            max_submit_per_account=55,
            min_tres={"cpu": 1},
        )
        assert recorded(version).model.qos["ska-batch"].flags == ("DenyOnLimit", "NoDecay")

    def test_partitions_of_our_fragment_as_the_controller_has_them(self, version: str):
        assert recorded(version).model.partitions["ska"] == Partition(
            name="ska",
            nodes="a[1-2]",
            allow_accounts=("ska", "ska-eor", "ska-hi"),
            allow_qos=("ska-batch", "ska-inter"),
            qos="",
            max_time=14_400,
            default_time=600,
            max_nodes=UNLIMITED,
            priority_tier=1,
            preempt_mode="OFF",
            hidden=False,
            over_subscribe="NO",
            state="UP",
        )
        other = recorded(version).model.partitions["ska-dev"]
        assert (other.hidden, other.state, other.qos) == (True, "DRAIN", "ska-inter")

    def test_windows_in_the_time_of_the_site(self, version: str):
        found = recorded(version).model.reservations
        assert found["ska_viz"] == Reservation(
            name="ska_viz",
            start="07:30:00",
            duration=3600,
            nodes="a3",
            partition="",
            accounts=("ska", "ska-eor", "ska-hi"),
            users=(),
            flags=("DAILY", "FLEX"),
            max_start_delay=300,
            purge_after=600,
        )
        assert found["ska_once"].start == "2031-07-23T08:00:00"
        assert (found["ska_once"].nodes, found["ska_once"].node_count) == (None, 1)

    def test_what_others_have_is_kept_apart(self, version: str):
        assert recorded(version).model.foreign == Foreign(
            accounts={"physics": "root", "root": ""},
            qos=frozenset({"normal", "site-fast"}),
            partitions={"main": "a[1-3]"},
            reservations={"upkeep": "a[1-3]"},
            users={"alice": "physics", "bob": "ska-hi", "carol": "ska-eor", "root": "root"},
            members={"alice": ("physics",), "root": ("root",)},
            default_partition="main",
        )

    def test_jobs_of_everybody_and_nodes(self, version: str):
        model = recorded(version).model
        assert sorted((j.account, j.running, j.partitions) for j in model.jobs) == [
            ("physics", True, ("main",)),
            ("ska-eor", False, ("main",)),
            *[("ska-eor", False, ("ska",))] * 3,
            *[("ska-hi", True, ("ska",))] * 2,
        ]
        assert model.nodes["a3"] == Node("a3", ("IDLE",), 4, 4000 * MEBI, {"scratch": 100})

    def test_one_command_for_each_kind(self, version: str):
        runner = Recorded(version)
        read(runner, WANTED)
        assert len(runner.asked) == len(set(runner.asked)) == 11


# ── what cannot be read ───────────────────────────────────────────────────────────────────────


def under(kind: str, name: str = "") -> Address:
    return Address("slurm", "sitea", kind, name)


@pytest.mark.parametrize(
    ("name", "err"),
    [
        (
            "config.txt",
            "slurm_load_ctl_conf error: Unable to contact slurm controller (connect failure)",
        ),
        (
            "assoc.txt",
            "sacctmgr: error: slurm_persist_conn_open_without_init: failed to open persistent"
            " connection to host:127.0.0.1:17819: Connection refused\n"
            "sacctmgr: error: Sending PersistInit msg: Connection refused",
        ),
        ("partition.txt", "scontrol: fatal: Unable to process configuration file"),
        ("job.txt", "no answer in 60 s"),
    ],
)
def test_a_controller_or_database_that_is_down_is_unreachable(name: str, err: str):
    with pytest.raises(UnreachableError, match="cluster `sitea` does not answer"):
        recorded("22.05", {name: Ran(1, "", err)})


def test_who_may_not_look_is_refused():
    with pytest.raises(RefusedError, match="sitea"):
        recorded("22.05", {"qos.txt": Ran(1, "", "sacctmgr: error: Access/permission denied")})


def test_what_is_no_slurm_is_said():
    with pytest.raises(UnreachableError, match="--version"):
        recorded("22.05", {"version": Ran(0, "PBS 19.1\n", "")})


def test_a_line_that_cannot_be_read_is_a_gap_and_the_others_are_read():
    lines = Recorded("22.05").text("qos.txt").replace("|cpu=6|", "|cpu=six|")

    found = recorded("22.05", {"qos.txt": Ran(0, lines, "")})

    assert [gap.under for gap in found.gaps] == [under("qos", "ska-batch")]
    assert "cpu=six" in found.gaps[0].reason
    assert set(found.model.qos) == {"ska-inter"}


def test_a_description_with_a_bar_in_it_is_a_gap():
    lines = Recorded("22.05").text("account.txt").replace("epoch of", "epoch|of")
    found = recorded("22.05", {"account.txt": Ran(0, lines, "")})
    assert [gap.under for gap in found.gaps] == [under("account", "ska-eor")]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_account_whose_line_cannot_be_read_hides_the_whole_tree(version: str):
    """Nobody knows what lies below it: its children would look like somebody else's."""
    name = "assoc.txt" if version == "22.05" else "assoc.json"
    text = Recorded(version).text(name)
    bad = text.replace("ska-hi|||ska|1|", "ska-hi|||ska|one|")
    if version == "24.11":
        answer = json.loads(text)
        next(a for a in answer["associations"] if a["account"] == "ska-hi")["max"] = None
        bad = json.dumps(answer)
    found = recorded(version, {name: Ran(0, bad, "")})

    assert {under("account"), under("association")} <= {gap.under for gap in found.gaps}
    assert diff(recorded(version).model, found) == ()


def test_json_that_reports_an_error_or_is_none_is_a_gap_of_its_kind():
    for text in ('{"qos": [], "errors": [{"description": "no"}]}', "", "{}", "[]"):
        found = recorded("24.11", {"qos.json": Ran(0, text, "")})
        assert [gap.under for gap in found.gaps] == [under("qos")]


def test_a_fragment_that_may_not_be_read_is_a_gap_and_one_that_is_not_there_is_empty():
    denied = recorded("22.05", {"ska.conf": Ran(1, "", "cat: ska.conf: Permission denied")})
    assert [gap.under for gap in denied.gaps] == [under("partition")]

    absent = recorded("22.05", {"ska.conf": Ran(1, "", "cat: ska.conf: No such file or directory")})
    assert absent.gaps == ()
    assert absent.model.partitions == {}
    assert set(absent.model.foreign.partitions) == {"main", "ska", "ska-dev"}


def test_who_cannot_count_the_jobs_changes_nothing():
    found = recorded("22.05", {"job.txt": Ran(0, "what is this\n", "")})
    assert [gap.under for gap in found.gaps] == [under("")]
    wanted = dataclasses.replace(WANTED, qos={"ska-new": Qos("ska-new", priority=1)})
    assert diff(wanted, found) == ()


def test_words_of_scontrol_may_have_spaces_and_equal_signs():
    (found,) = records("NodeName=a OS=Linux 6.1 #1 SMP State=IDLE Reason=bad x State=NO TRES=cpu=4")
    assert found["OS"] == "Linux 6.1 #1 SMP"
    assert found["State"] == "IDLE"
    assert found["TRES"] == "cpu=4"


def test_gres_with_types_and_sockets():
    assert gres("gpu:a100:2(S:0-1),scratch:100,nic:1K") == {
        "gpu:a100": 2,
        "nic": 1024,
        "scratch": 100,
    }
