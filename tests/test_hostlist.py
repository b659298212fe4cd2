"""Lists of nodes: what a short text stands for, and the short text for many names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srcnet_compiler.hostlist import MOST, compress, expand


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("n1", ["n1"]),
        ("b,a", ["b", "a"]),
        ("nid[001-003,007]", ["nid001", "nid002", "nid003", "nid007"]),
        ("n[8-10],x", ["n8", "n9", "n10", "x"]),
        ("n[08-10]", ["n08", "n09", "n10"]),
        ("r[1-2]n[3-4]", ["r1n3", "r1n4", "r2n3", "r2n4"]),
    ],
)
def test_a_text_stands_for_names(text, names):
    assert expand(text) == tuple(names)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("n[1-2", "a bracket without its other half"),
        ("n1-2]", "a bracket without its other half"),
        ("n[[1]]", "brackets that do not fit together"),
        ("a,", "a comma with nothing before or after it"),
        ("", "a comma with nothing before or after it"),
        ("n[2-1]", "ends before it begins"),
        ("n[]", "is not a number"),
        ("n[1,,2]", "is not a number"),
        ("n[1-2-3]", "is not a number"),
        ("n[\uff11]", "is not a number"),
        ("n 1", "is not the name of a node"),
        ("naïve", "is not the name of a node"),
        ("-n[1-2]", "is not the name of a node"),
        ("n[1-2]-", "something behind its bracket"),
        ("gpu[1-2]-ib.example", "something behind its bracket"),
        ("n-,m", "is not the name of a node"),
        (f"n[1-{10**30}]", f"more than {MOST} nodes"),
        ("r[1-1000]n[1-1000]", f"more than {MOST} nodes"),
        ("a[1-60000],b[1-60000]", f"more than {MOST} nodes"),
    ],
)
def test_a_text_that_is_no_list_of_nodes_is_refused(text, said):
    with pytest.raises(ValueError, match="`") as trouble:
        expand(text)
    assert said in str(trouble.value)


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], ""),
        (["login"], "login"),
        (["n2", "n1", "n3", "n1"], "n[1-3]"),
        (["n9", "n10"], "n[9-10]"),
        (["n09", "n10", "n12"], "n[09-10,12]"),
        (["n1", "x", "n3"], "n[1,3],x"),
        (["12"], "12"),
        ([f"n{10**30}"], f"n{10**30}"),
    ],
)
def test_names_have_one_short_text(names, text):
    assert compress(names) == text


@given(
    st.lists(
        st.tuples(st.sampled_from(["n", "nid", "r1c", "x-", ""]), st.integers(0, 1200))
        | st.tuples(st.sampled_from(["n0", "n00", "login"]), st.just(7))
    )
)
def test_a_short_text_stands_for_the_names_that_it_was_made_of(pairs):
    names = {f"{prefix}{number}" for prefix, number in pairs}
    text = compress(names)
    assert sorted(expand(text) if names else ()) == sorted(names)
