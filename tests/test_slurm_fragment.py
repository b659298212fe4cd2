"""The one file of a site that is ours: a change of one line leaves every other as it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from srcnet_compiler.targets.slurm.model.fragment import (
    HEADER,
    fragment_lines,
    with_partition,
    without_partition,
)

names = st.sampled_from(["ska", "ska-dev", "ska-viz", "other"])
lines = st.one_of(
    st.builds(
        lambda name, node, key: f"{key}={name} Nodes={node} MaxTime=1:00:00",
        names,
        st.sampled_from(["a1", "a[1-3]"]),
        st.sampled_from(["PartitionName", "partitionname"]),
    ),
    st.sampled_from(["", "# a word of the site", "  ", "PartitionName=last Nodes=a9 # theirs"]),
)
texts = st.lists(lines, max_size=6).map(lambda found: "".join(f"{line}\n" for line in found))


def others(text: str, name: str) -> list[str]:
    """The lines that are about something else."""
    ours = {line.number for line in fragment_lines(text) if line.name == name}
    return [line for number, line in enumerate(text.splitlines(), start=1) if number not in ours]


@given(text=texts, name=names)
def test_taking_a_partition_out_leaves_every_other_line(text: str, name: str):
    after = without_partition(text, name)
    assert after.splitlines() == others(text, name)
    assert not [line for line in fragment_lines(after) if line.name == name]


@given(text=texts, name=names)
def test_changing_a_partition_leaves_every_other_line(text: str, name: str):
    after = with_partition(text, name, {"Nodes": "b1", "MaxTime": None})
    (changed, *_) = [line for line in fragment_lines(after) if line.name == name]
    assert dict(changed.words[1:])["Nodes"] == "b1"
    assert "MaxTime" not in dict(changed.words[1:])
    kept = [line for line in others(after, name) if line != HEADER]
    first = next((line for line in fragment_lines(text) if line.name == name), None)
    expected = others(text, name)
    assert kept == expected or (first is None and kept == [e for e in expected if e != HEADER])


def test_a_word_that_the_site_has_added_to_a_line_of_ours_stays():
    text = "PartitionName=ska Nodes=a1 OverSubscribe=NO\n"
    assert with_partition(text, "ska", {"nodes": "a2"}) == (
        "PartitionName=ska Nodes=a2 OverSubscribe=NO\n"
    )
