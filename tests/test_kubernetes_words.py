"""Names and amounts as a cluster writes them."""

import re
from fractions import Fraction
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srcnet_compiler.targets.kubernetes.model.words import (
    content_name,
    format_amount,
    format_count,
    format_millicores,
    identifier,
    object_name,
)

_UNITS = {
    "m": Fraction(1, 1000),
    **{u: Fraction(1000**n) for n, u in enumerate(["", "k", "M", "G", "T", "P", "E"])},
    **{u: Fraction(1024**n) for n, u in enumerate(["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"], start=1)},
}
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def read(text: str) -> Fraction:
    """What a server reads: a whole number with a unit."""
    number, unit = re.fullmatch(r"([0-9]+)([A-Za-z]*)", text).groups()
    return int(number) * _UNITS[unit]


def shortens(text: str) -> bool:
    """Whether a server would write it with a larger unit of the same kind."""
    number, unit = re.fullmatch(r"([0-9]+)([A-Za-z]*)", text).groups()
    step = 1024 if unit.endswith("i") else 1000
    return int(number) > 0 and int(number) % step == 0 and unit not in ("E", "Ei")


@given(st.integers(0, 10**8))
def test_cores_are_written_as_a_server_writes_them(amount):
    text = format_millicores(amount)
    assert read(text) == Fraction(amount, 1000)
    assert not shortens(text)


@given(st.integers(0, 10**18) | st.integers(0, 2**24).map(lambda n: n * 2**30))
def test_bytes_are_written_as_a_server_writes_them(amount):
    for text in (format_amount(amount), format_count(amount)):
        assert read(text) == amount
        assert not shortens(text)


@pytest.mark.parametrize(
    ("amount", "text"),
    [(500, "500m"), (1500, "1500m"), (2000, "2"), (1_000_000, "1k"), (0, "0")],
)
def test_cores(amount, text):
    assert format_millicores(amount) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [(2**30, "1Gi"), (64 * 10**9, "64G"), (390_500 * 10**9, "390500G"), (1025, "1025"), (0, "0")],
)
def test_bytes(amount, text):
    assert format_amount(amount) == text


@given(st.from_regex(r"[a-z][a-z0-9_.-]{0,200}", fullmatch=True))
def test_every_name_is_one_that_a_cluster_takes(name):
    assert LABEL.fullmatch(object_name(name))
    assert len(object_name(name, 52)) <= 52
    assert LABEL.fullmatch(content_name(name, "text"))


def test_names():
    assert object_name("soda_sync") == "soda-sync"
    assert object_name("x" * 70) != object_name("x" * 71)
    assert content_name("files", "a") != content_name("files", "b")


def test_an_identifier_is_that_of_its_name_in_the_federation():
    found = identifier("golden", "CHSRC-CSCS", "lugano", "soda-sync")
    space = uuid5(NAMESPACE_URL, "srcnet:golden")
    assert found == uuid5(space, "CHSRC-CSCS/lugano/soda-sync")
    assert found == UUID("61cf84ab-926b-57c9-a03c-c237b8534e07")
    assert found.version == 5
