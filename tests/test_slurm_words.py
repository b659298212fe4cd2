"""Slurm's ways to write hosts, resources and times: what is written is read back."""

import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srcnet_compiler.hostlist import canonical, compress, expand
from srcnet_compiler.targets.slurm.model.times import (
    UNLIMITED,
    format_length,
    parse_length,
    start_of,
)
from srcnet_compiler.targets.slurm.model.tres import (
    MEBI,
    format_tres,
    parse_tres,
    tres_assignment,
    tres_of,
)
from srcnet_compiler.targets.slurm.model.words import (
    keeps_name,
    keeps_partition,
    keeps_text,
    keeps_word,
)

hosts = st.builds(
    lambda stem, number, width: f"{stem}{number:0{width}}",
    st.sampled_from(["a", "node-", "r1n", "gpu.rack", "x"]),
    st.integers(0, 120),
    st.integers(1, 3),
) | st.sampled_from(["login", "head-a", "x"])
amounts = st.integers(0, 10**12)
tres = st.fixed_dictionaries(
    {},
    optional={
        "cpu": amounts,
        "gres/gpu": amounts,
        "gres/gpu:a100": amounts,
        "mem": amounts.map(lambda n: n * MEBI),
        "node": amounts,
    },
)


# ── hosts ─────────────────────────────────────────────────────────────────────────────────────


@given(st.sets(hosts, max_size=40))
def test_hosts_survive_compressing(names: set[str]):
    text = compress(names)
    assert set(expand(text)) == names if names else text == ""
    assert len(expand(text)) == len(names) if names else True


@given(st.lists(hosts, min_size=1, max_size=20))
def test_the_order_of_hosts_makes_no_difference(names: list[str]):
    assert compress(names) == compress(reversed(names)) == canonical(",".join(names))


@pytest.mark.parametrize(
    ("text", "hosts", "shown"),
    [
        ("a[1-3,7],login", "a1 a2 a3 a7 login", "a[1-3,7],login"),
        ("a[09-11]", "a09 a10 a11", "a[09-11]"),
        ("a3,a1,a1", "a3 a1 a1", "a[1,3]"),
        ("r[1-2]n[1-2]", "r1n1 r1n2 r2n1 r2n2", "r1n[1-2],r2n[1-2]"),
        ("a1", "a1", "a1"),
    ],
)
def test_hostlists_are_read_as_slurm_reads_them(text: str, hosts: str, shown: str):
    assert expand(text) == tuple(hosts.split())
    assert canonical(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a[",
        "a]",
        "a[[1]]",
        "a[3-1]",
        "a[1,]",
        "a[x]",
        "a,,b",
        "a[1-3]b",
        "a b",
        "a[1-99999999]",
    ],
)
def test_what_is_no_hostlist_is_refused(text: str):
    with pytest.raises(ValueError, match=r".+"):
        expand(text)


@pytest.mark.skipif(shutil.which("scontrol") is None, reason="Slurm is not installed")
def test_hostlists_mean_what_scontrol_says(tmp_path: Path):
    conf = tmp_path / "slurm.conf"
    conf.write_text("ClusterName=x\nSlurmctldHost=x\nNodeName=n1\nPartitionName=p Nodes=n1\n")
    for text in ("a[1-3,7],login", "a[09-11]", "a[8-10]", "r[1-2]n[01-03]", "a1,a01,b", "n[1-3]"):
        for shown, command in ((text, "hostnames"), (compress(expand(text)), "hostnames")):
            said = subprocess.run(
                ["scontrol", "show", command, shown],
                env={"SLURM_CONF": str(conf), "PATH": "/usr/bin:/bin"},
                capture_output=True,
                text=True,
                check=True,
            ).stdout.split()
            assert sorted(said) == sorted(expand(text))


# ── resources ─────────────────────────────────────────────────────────────────────────────────


@given(tres)
def test_resources_survive_writing_and_reading(wanted: dict[str, int]):
    assert parse_tres(format_tres(wanted)) == wanted


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("cpu=8,mem=8000M", {"cpu": 8, "mem": 8000 * MEBI}),
        ("mem=4000G", {"mem": 4000 * 1024 * MEBI}),
        ("mem=100", {"mem": 100 * MEBI}),
        ("mem=1.5G", {"mem": 1536 * MEBI}),
        ("gres/gpu=2,gres/scratch=40", {"gres/gpu": 2, "gres/scratch": 40}),
        ("", {}),
    ],
)
def test_resources_are_read_as_slurm_writes_them(text: str, means: dict[str, int]):
    assert parse_tres(text) == means


@pytest.mark.parametrize(
    "text", ["cpu", "=8", "cpu=x", "cpu=1,cpu=2", "cpu=-1", "cpu=1/2", "cpu=.5"]
)
def test_what_is_no_amount_is_refused(text: str):
    with pytest.raises(ValueError, match=r"is no"):
        parse_tres(text)


def test_json_counts_memory_in_mebibytes():
    assert tres_of([("mem", 8000), ("cpu", 8)]) == parse_tres("cpu=8,mem=8000M")


def test_memory_that_slurm_would_round_is_refused():
    with pytest.raises(ValueError, match="MiB"):
        format_tres({"mem": 10**9})


def test_a_limit_that_ends_is_cleared_by_name():
    assert tres_assignment({"cpu": 8, "mem": MEBI}, {"cpu": 4}) == "cpu=4,mem=-1"


# ── times ─────────────────────────────────────────────────────────────────────────────────────


@given(st.integers(0, 10**8) | st.just(UNLIMITED))
def test_lengths_of_time_survive_writing_and_reading(seconds: int):
    assert parse_length(format_length(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 5400),
        ("1:30", 90),
        ("04:00:00", 14_400),
        ("1-12", 129_600),
        ("1-00:30", 88_200),
        ("3-00:00:00", 259_200),
        ("UNLIMITED", UNLIMITED),
    ],
)
def test_lengths_of_time_are_read_as_slurm_reads_them(text: str, seconds: int):
    assert parse_length(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "1:2:3:4", "-1", "1d"])
def test_what_is_no_length_of_time_is_refused(text: str):
    with pytest.raises(ValueError, match="no length of time"):
        parse_length(text)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1)), st.integers(0, 400))
def test_a_window_that_repeats_begins_at_the_same_time_whenever_it_is_looked_at(
    moment: datetime, count: int
):
    """In local time: so it does across a change of the clock."""
    for flag, step in (("DAILY", timedelta(days=1)), ("WEEKLY", timedelta(weeks=1))):
        assert start_of(moment + count * step, ["FLEX", flag]) == start_of(moment, [flag])
    assert start_of(moment, []) == moment.strftime("%Y-%m-%dT%H:%M:%S")


# ── words ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["ska", "ska-hi", "ska_viz", "ska.dev2"])
def test_names_that_slurm_keeps(name: str):
    assert keeps_name(name)
    assert keeps_partition(name)
    assert keeps_word(name)


@pytest.mark.parametrize(
    "name",
    ["", "SKA", "7ska", "ska hi", "ska,hi", "ska=1", "ska#1", 'ska"', "root", "all", "é", "a|b"],
)
def test_names_that_slurm_would_mangle(name: str):
    assert not keeps_name(name)


@pytest.mark.parametrize("name", ["DEFAULT", "default", "ALL", "a b", "a=b", "a,b", "", "a#"])
def test_names_that_no_partition_can_have(name: str):
    assert not keeps_partition(name)


@pytest.mark.parametrize("text", ["", "Epoch", "it's", 'a "b"', "a|b", "a\nb", " a", "a "])
def test_texts_that_slurm_would_mangle(text: str):
    assert not keeps_text(text)
