"""Subscription filters without a server; `tests/live/test_expression_agrees.py` asks it too."""

import re
from collections import defaultdict
from datetime import datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srcnet_compiler.targets.rucio.model.shard import BUCKETS, buckets_of
from srcnet_compiler.targets.rucio.model.subscription import (
    FALLBACK_EXCLUDED,
    Did,
    Filter,
    FilterError,
    anchored,
    as_json,
    bucket_pattern,
    disjoint,
    matches,
    overlaps,
    parse_filter,
    why_never,
)

COLUMNS = {
    "account": "srcnet-policy",
    "project": "odp",
    "datatype": None,
    "run_number": 17,
    "is_open": True,
    "length": 4,
    "bytes": 4000,
    "availability": "AVAILABLE",
    "created_at": datetime(2026, 1, 31, 10, 0, 0),
}
DATASET = Did("odp", "image.0042", "DATASET", COLUMNS)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(), True),
        (Filter(scope=("^odp$",)), True),
        (Filter(scope=("od",)), True),  # a prefix is enough
        (Filter(scope=("dp",)), False),
        (Filter(scope=("test", "odp")), True),
        (Filter(scope=()), False),
        (Filter(did_type=("DATASET",)), True),
        (Filter(did_type=("CONTAINER",)), False),
        (Filter(did_type=("dataset",)), False),
        (Filter(pattern="image"), True),
        (Filter(pattern=r".*\d\d$"), True),
        (Filter(pattern="0042"), False),
        (Filter(excluded_pattern="image"), False),
        (Filter(excluded_pattern="0042"), True),
        (Filter(excluded_pattern=""), False),
        (Filter(account=("srcnet-policy",)), True),
        (Filter(account=("srcnet",)), False),  # accounts are compared as a whole
        (Filter(min_avg_file_size=1000), True),
        (Filter(min_avg_file_size=1001), False),
        (Filter(max_avg_file_size=1000), True),
        (Filter(max_avg_file_size=999.5), False),
        (Filter(metadata={"project": ("x", "od")}), True),
        (Filter(metadata={"project": ("x",)}), False),
        (Filter(metadata={"datatype": ("None",)}), True),
        (Filter(metadata={"run_number": ("1",)}), True),
        (Filter(metadata={"is_open": ("True",)}), True),
        (Filter(metadata={"availability": ("AVAILABLE",)}), False),
        (Filter(metadata={"availability": ("DIDAvailability.AVAILABLE",)}), True),
        (Filter(metadata={"created_at": ("2026-01-31 10:00:00$",)}), True),
        (Filter(metadata={"name": ("image",)}), True),
        (Filter(metadata={"visibility": ("public",)}), False),  # no column: never
    ],
)
def test_a_filter_matches_the_dids_that_the_transmogrifier_would_take(wanted, expected):
    assert matches(wanted, DATASET) is expected


def test_files_and_hidden_dids_are_passed_over():
    assert matches(Filter(), Did("odp", "image.0042", "CONTAINER"))
    assert not matches(Filter(), Did("odp", "image.0042", "FILE"))
    assert not matches(Filter(), Did("odp", "image.0042", "DATASET", {"hidden": True}))


def test_an_average_that_is_not_known_at_creation_is_not_asked_for():
    for length, size in ((None, None), (0, 0), (3, None), (0, 5)):
        did = Did("odp", "a", "DATASET", {"length": length, "bytes": size})
        assert matches(Filter(min_avg_file_size=10, max_avg_file_size=5), did)


def test_a_column_that_is_not_stated_is_no_answer():
    did = Did("odp", "image.0042", "DATASET")
    for wanted in (
        Filter(metadata={"project": ("odp",)}),
        Filter(account=("root",)),
        Filter(min_avg_file_size=1),
    ):
        with pytest.raises(FilterError, match="is not stated"):
            matches(wanted, did)


@pytest.mark.parametrize(
    "data",
    [
        {"pattern": "("},
        {"excluded_pattern": "*"},
        {"scope": ["["]},
        {"scope": "*a"},
        {"project": ["("]},
        {"project": "a{99999999999999999999}"},
        {"pattern": None},
        {"pattern": ["a"]},
        {"scope": None},
        {"scope": [3]},
        {"min_avg_file_size": "1 GB"},
    ],
)
def test_a_filter_that_would_stop_the_transmogrifier_is_refused(data):
    with pytest.raises(FilterError):
        parse_filter(data)


def test_a_filter_is_read_as_the_server_holds_it():
    held = {
        "scope": ["^odp$"],
        "did_type": "DATASET",
        "account": ["root", 3],
        "run_number": 17,
        "split_rule": True,
    }
    assert parse_filter(held) == Filter(
        scope=("^odp$",),
        did_type=("DATASET",),
        account=("root",),
        metadata={"run_number": ("17",)},
    )
    assert parse_filter({"scope": "odp"}).scope == ("o", "d", "p")


def test_a_filter_is_written_as_the_server_takes_it_and_read_back():
    wanted = Filter(
        scope=(anchored("odp"),),
        did_type=("DATASET",),
        pattern=bucket_pattern(range(37)),
        metadata={"project": ("x",)},
    )
    assert as_json(wanted) == {
        "scope": ["^odp$"],
        "did_type": ["DATASET"],
        "pattern": "^.*([3][0123456]|[012][0123456789])$",
        "project": ["x"],
    }
    assert parse_filter(as_json(wanted)) == wanted
    assert list(as_json(Filter())) == []


def test_a_name_is_spelled_out_so_that_it_alone_matches():
    assert anchored("odp-test.v1_b") == r"^odp-test\.v1_b$"
    assert not re.match(anchored("a.b"), "axb")
    assert not re.match(anchored("odp"), "odp-test")
    for name in ("", "a b", "a|b", "a\n", "é"):
        with pytest.raises(FilterError):
            anchored(name)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (Filter(metadata={"visibility": ("public",)}), "`visibility` is no column of a DID"),
        (Filter(scope=()), "`scope` allows nothing"),
        (Filter(metadata={"project": ()}), "`project` allows nothing"),
        (
            Filter(did_type=("FILE", "dataset")),
            "`did_type` allows neither DATASET nor CONTAINER",
        ),
        (
            Filter(pattern=bucket_pattern([7]), excluded_pattern=FALLBACK_EXCLUDED),
            "`excluded_pattern` excludes all that `pattern` allows",
        ),
        (Filter(), None),
    ],
)
def test_a_filter_that_can_match_nothing_says_why(wanted, reason):
    assert why_never(wanted) == reason


# ── shards ────────────────────────────────────────────────────────────────────────────────────

names = st.from_regex(r"\A[/A-Za-z0-9][/A-Za-z0-9._-]{0,8}[0-9]{0,3}\Z")
bucket_sets = st.frozensets(st.sampled_from(BUCKETS), min_size=1)


def test_tens_with_the_same_units_are_written_together():
    assert bucket_pattern(range(37)) == "^.*([3][0123456]|[012][0123456789])$"
    assert bucket_pattern([7]) == "^.*([0][7])$"
    assert bucket_pattern([99, 0, 11, 10]) == "^.*([0][0]|[1][01]|[9][9])$"
    assert FALLBACK_EXCLUDED == "^.*([0123456789][0123456789])$"


@pytest.mark.parametrize("buckets", [[], [100], [-1], [5, 100]])
def test_what_is_no_set_of_buckets_has_no_pattern(buckets):
    with pytest.raises(ValueError, match="bucket"):
        bucket_pattern(buckets)


@given(bucket_sets)
def test_a_pattern_says_its_buckets_and_nothing_else(buckets):
    pattern = bucket_pattern(buckets)
    assert buckets_of(pattern) == buckets
    assert pattern == bucket_pattern(sorted(buckets, reverse=True))
    assert {b for b in BUCKETS if re.match(pattern, f"image.{b:02}")} == buckets
    assert len(pattern) <= 200


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        ".*",
        "^.*([0][7])",
        ".*([0][7])$",
        "^.*([0-9][7])$",
        "^.*([0][7]|)$",
        "^.*([0][7])$|x",
        "^.*([0][7])$\n",
        "^.*([٣][7])$",
    ],
)
def test_a_pattern_of_another_form_says_no_buckets(pattern):
    assert buckets_of(pattern) is None


@given(st.lists(st.integers(0, 5), min_size=100, max_size=100), st.lists(names, min_size=1))
def test_every_name_falls_in_exactly_one_shard_or_in_the_fallback(shard_of_bucket, names):
    shards = defaultdict(set)
    for bucket, shard in enumerate(shard_of_bucket):
        shards[shard].add(bucket)
    filters = [Filter(pattern=bucket_pattern(buckets)) for buckets in shards.values()]
    filters.append(Filter(excluded_pattern=FALLBACK_EXCLUDED))
    for name in names:
        taken = [matches(wanted, Did("odp", name, "DATASET")) for wanted in filters]
        assert taken.count(True) == 1
        assert taken[-1] is not bool(re.search(r"[0-9][0-9]\Z", name))
    assert disjoint(filters)


# ── filters that never share a DID ────────────────────────────────────────────────────────────

SCOPES, TYPES = ("odp", "odp.test", "odpxtest"), ("DATASET", "CONTAINER")
UNIVERSE = [
    Did(scope, f"{stem}{ending}", did_type, {"project": project})
    for scope, stem, ending, did_type, project in product(
        SCOPES, ("a", "b"), ("", "1", "07", "39", "142", "50"), TYPES, ("x", None)
    )
]
few_buckets = st.frozensets(st.sampled_from([7, 39, 42, 50]), min_size=1)
scopes = st.lists(st.sampled_from(SCOPES).map(anchored), max_size=2).map(tuple)
types = st.lists(st.sampled_from((*TYPES, "FILE")), max_size=2).map(tuple)
emitted = st.builds(
    Filter,
    scope=st.none() | scopes,
    did_type=st.none() | types,
    pattern=st.none() | few_buckets.map(bucket_pattern),
    excluded_pattern=st.none() | few_buckets.map(bucket_pattern) | st.just(FALLBACK_EXCLUDED),
)
odd_regexes = st.sampled_from(
    ["", "^odp", "od", "^odp.test$", "^odp$|^odpxtest$", ".*7", "a", "^x$"]
)
foreign = st.builds(
    Filter,
    scope=st.none() | st.lists(odd_regexes, max_size=2).map(tuple),
    pattern=st.none() | odd_regexes,
    excluded_pattern=st.none() | odd_regexes,
    metadata=st.just({})
    | st.lists(odd_regexes | st.just("^None$"), max_size=2).map(lambda r: {"project": tuple(r)}),
)


def share_a_did(one, other):
    return any(matches(one, did) and matches(other, did) for did in UNIVERSE)


@given(emitted | foreign, emitted | foreign)
def test_filters_that_share_a_did_are_never_called_disjoint(one, other):
    if share_a_did(one, other):
        assert not disjoint([one, other])


@given(emitted, emitted)
def test_of_filters_as_we_write_them_it_is_always_told(one, other):
    assert disjoint([one, other]) is not share_a_did(one, other)


def test_overlaps_are_named_by_their_places():
    filters = [
        Filter(scope=("^odp$",)),
        Filter(scope=("^test$",)),
        Filter(scope=("^odp$", "^other$"), pattern=bucket_pattern([1])),
        Filter(scope=("od",), pattern=bucket_pattern([2])),
    ]
    assert overlaps(filters) == ((0, 2), (0, 3), (1, 3))
    assert not disjoint(filters)
    assert disjoint([])
    assert disjoint([Filter()])


@pytest.mark.parametrize(
    "regex", ["^odp.test$", "^odp", "odpxtest", "^odpxtest|y$", "^(odp).*$", "^odpxtest$|^y$", ""]
)
def test_a_regex_that_is_no_spelled_out_name_is_taken_to_match_anything(regex):
    assert not disjoint([Filter(scope=(regex,)), Filter(scope=("^y$", "^odpxtest$"))])


def test_single_valued_columns_tell_filters_apart():
    def of_project(*regexes):
        return Filter(metadata={"project": regexes})

    assert disjoint([of_project("^x$"), of_project("^y$", "^z$")])
    assert not disjoint([of_project("^x$"), of_project("y")])
    assert not disjoint([of_project("^x$"), Filter(metadata={"campaign": ("^y$",)})])
    assert disjoint([Filter(account=("a",)), Filter(account=("b", "c"))])
