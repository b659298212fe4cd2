"""Global identifiers: from a name to the identifier and back, whatever the name; and never two."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from specs import GOLDEN, compiled

from srcnet_compiler.analysis.identifiers import check_identifiers, identifier_of, named_by
from srcnet_compiler.federation.model import Federation, IdentifierRule, NamespaceRule
from srcnet_compiler.names import Namespace

SPACES = st.text(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-", min_size=1, max_size=25
)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
TEMPLATES = [
    "ivo://example.org/~?{namespace}:{name}",
    "ivo://Example.ORG/Data?{namespace}/{name}/v1",
    "ivo://example.org?{name}@{namespace}",
]


def federation(templates: Mapping[str, str]) -> Federation:
    """The golden one with other namespaces, each with its template."""
    found = compiled(GOLDEN).federation
    assert found is not None
    origin = found.data.namespaces[0].origin
    spaces = tuple(
        NamespaceRule(Namespace(name), "owner", (), origin, IdentifierRule(template, (), origin))
        for name, template in templates.items()
    )
    return replace(found, data=replace(found.data, namespaces=spaces))


@given(
    template=st.sampled_from(TEMPLATES),
    spaces=st.lists(SPACES, min_size=1, max_size=4, unique=True),
    name=NAMES,
)
@example(template=TEMPLATES[0], spaces=["testing"], name="a:b/c?d#e %41é")
@settings(deadline=None)
def test_every_name_comes_back_from_its_identifier(template, spaces, name):
    found = federation(dict.fromkeys(spaces, template))
    assert list(check_identifiers(found)) == []
    for space in spaces:
        identifier = identifier_of(found, space, name)
        assert identifier is not None
        assert identifier.isascii()
        assert identifier.isprintable()
        assert not set(identifier) & set(' "<>\\^`{|}')
        assert named_by(found, identifier) == (space, name)
        registered, mark, local = identifier.partition("?")
        assert named_by(found, f"{registered.upper()}{mark}{local}") == (space, name)


@given(
    template=st.sampled_from(TEMPLATES),
    spaces=st.lists(SPACES, min_size=2, max_size=2, unique=True),
    names=st.lists(NAMES, min_size=2, max_size=2),
)
@settings(deadline=None)
def test_no_two_products_have_one_identifier(template, spaces, names):
    found = federation(dict.fromkeys(spaces, template))
    there = [(space, name) for space in spaces for name in dict.fromkeys(names)]
    assert len({identifier_of(found, *each) for each in there}) == len(there)


PARTS = st.text("ab:", max_size=3)


@given(one=st.tuples(PARTS, PARTS), other=st.tuples(PARTS, PARTS))
@settings(max_examples=150, deadline=None)
def test_two_namespaces_are_refused_exactly_if_some_product_of_each_has_one_identifier(one, other):
    """Against all names of up to seven letters, more than the difference of the templates."""
    frames = {"one": one, "other": other}
    found = federation({s: f"ivo://example.org?{b}{{name}}{e}" for s, (b, e) in frames.items()})
    refused = [finding.code.value for finding in check_identifiers(found)]
    assert set(refused) <= {"identifiers-collide"}
    identifiers = [{f"{before}{name}{behind}" for name in SHORT} for before, behind in (one, other)]
    assert bool(refused) == bool(identifiers[0] & identifiers[1])


def short() -> Iterator[str]:
    for length in range(1, 8):
        yield from map("".join, product("ab", repeat=length))


SHORT = [*short()]


@pytest.mark.parametrize(
    "identifier",
    [
        "ivo://example.org/~?testing:",
        "ivo://example.org/~?other:x",
        "ivo://example.com/~?testing:x",
        "ivo://example.org/~?testing:%41",
        "ivo://example.org/~?testing:%FF",
        "ivo://example.org/~?testing:a b",
        "ivo://example.org/~?Testing:x",
        "ivo:",
    ],
)
def test_what_was_never_made_stands_for_nothing(identifier):
    found = federation({"testing": TEMPLATES[0]})
    assert named_by(found, identifier) is None


def test_a_name_that_looks_like_a_part_of_the_frame_comes_back_too():
    found = federation({"a": TEMPLATES[1], "b": TEMPLATES[1]})
    identifier = identifier_of(found, "a", "b/x/v1")
    assert identifier == "ivo://example.org/data?a/b%2Fx%2Fv1/v1"
    assert named_by(found, identifier) == ("a", "b/x/v1")


def test_without_a_template_there_is_none():
    found = compiled(GOLDEN).federation
    assert found is not None
    assert identifier_of(found, "observatory", "x") is None
    assert identifier_of(found, "nowhere", "x") is None
    assert named_by(found, "ivo://example.org/~?observatory:x") is None


@given(space=SPACES, name=NAMES)
@settings(deadline=None)
def test_what_the_real_federation_has_is_right_and_a_draft(space, name, real):
    found = real.federation
    assume(space not in {s.name for s in found.data.namespaces})
    assert list(check_identifiers(found)) == []
    for known in found.data.namespaces:
        assert known.identifier is not None
        assert known.identifier.drafts
        identifier = identifier_of(found, known.name, name)
        assert identifier is not None
        assert named_by(found, identifier) == (known.name, name)
    assert identifier_of(found, space, name) is None
