"""RSE expressions without a server; `tests/live/test_expression_agrees.py` asks the server too."""

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srcnet_compiler.targets.rucio.model.expression import (
    ALL,
    MAX_DEPTH,
    Expression,
    ExpressionError,
    Refusal,
    RseFacts,
    any_of,
    as_created,
    attribute,
    attributes_of,
    column,
    columns_of,
    evaluate,
    flag,
    less_than,
    more_than,
    named,
    parse,
    resolve,
)
from srcnet_compiler.targets.rucio.model.names import RseName

ESPOO, LYON, LYON_TAPE, PERTH = map(RseName, ("ESPOO", "LYON", "LYON-TAPE", "PERTH"))

RSES = {
    ESPOO: as_created(ESPOO, {"country_name": "FI"}, {"tier": "1", "region": "europe"}),
    LYON: as_created(
        LYON,
        {"availability_write": False},
        {"tier": "2", "region": "europe", "PERTH": True, "fast": True, "country_name": "FI"},
    ),
    LYON_TAPE: as_created(
        LYON_TAPE, {"rse_type": "TAPE"}, {"tier": "10", "region": "europe", "fast": "FALSE"}
    ),
    PERTH: as_created(PERTH, {}, {"tier": "low", "region": "oceania", "save": "1", "a.b": "1"}),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*", {ESPOO, LYON, LYON_TAPE, PERTH}),
        ("ESPOO", {ESPOO}),
        ("PERTH", {PERTH, LYON}),  # a bare word is an attribute that is true, on whichever RSE
        ("rse=PERTH", {PERTH}),
        ("espoo", set()),
        ("region=europe", {ESPOO, LYON, LYON_TAPE}),
        ("region=Europe", set()),
        ("nowhere=1", set()),
        ("a.b=1", {PERTH}),
        # no precedence, from left to right
        ("ESPOO|LYON&tier=2", {LYON}),
        ("ESPOO|(LYON&tier=1)", {ESPOO}),
        ("*\\LYON|LYON", {ESPOO, LYON, LYON_TAPE, PERTH}),
        ("*\\(LYON|LYON)", {ESPOO, LYON_TAPE, PERTH}),
        ("((ESPOO))", {ESPOO}),
        # true and false in any case, and nothing else in any case
        ("fast", {LYON}),
        ("fast=TRUE", {LYON}),
        ("fast=False", {LYON_TAPE}),
        ("fast=1", set()),
        # numbers as Python reads them; what is none is passed over
        ("tier>1", {LYON, LYON_TAPE}),
        ("tier<10", {ESPOO, LYON}),
        ("tier<1e1", {ESPOO, LYON}),
        ("tier<1_1", {ESPOO, LYON, LYON_TAPE}),
        ("tier<inf", {ESPOO, LYON, LYON_TAPE}),
        ("tier<nan", set()),
        ("tier<low", set()),
        ("tier>-1", {ESPOO, LYON, LYON_TAPE}),
        ("fast>0", {LYON}),
        ("fast<1", {LYON_TAPE}),
        # columns hide attributes from `=`, not from `<` and `>`
        ("rse_type=TAPE", {LYON_TAPE}),
        ("country_name=FI", {ESPOO}),
        ("availability_write=0", {LYON}),
        ("availability_write=FALSE", {LYON}),
        ("availability_write", {ESPOO, LYON_TAPE, PERTH}),
        ("deterministic=True", {ESPOO, LYON, LYON_TAPE, PERTH}),
        ("availability_write<1", set()),
        ("vo=def", {ESPOO, LYON, LYON_TAPE, PERTH}),
        ("save=1", set()),  # a method of the server's class
        ("save>0", {PERTH}),
        ("availability", set()),
    ],
)
def test_an_expression_means_the_rses_that_the_server_would_find(text, expected):
    assert evaluate(parse(text), RSES) == expected


@pytest.mark.parametrize(
    ("text", "kind", "position"),
    [
        ("", Refusal.SYNTAX, 0),
        ("A B", Refusal.SYNTAX, 1),
        (" A", Refusal.SYNTAX, 0),
        ("A|", Refusal.SYNTAX, 2),
        ("|A", Refusal.SYNTAX, 0),
        ("A||B", Refusal.SYNTAX, 2),
        ("\\A", Refusal.SYNTAX, 0),
        ("A&(B|C", Refusal.SYNTAX, 2),
        ("A)", Refusal.SYNTAX, 1),
        (")A(", Refusal.SYNTAX, 0),
        ("()", Refusal.SYNTAX, 1),
        ("(A)(B)", Refusal.SYNTAX, 3),
        ("A(B)", Refusal.SYNTAX, 1),
        ("a=1=2", Refusal.SYNTAX, 3),
        ("a<=1", Refusal.SYNTAX, 1),
        ("a!=1", Refusal.SYNTAX, 1),
        ("a=1.5", Refusal.SYNTAX, 3),
        ("a=", Refusal.SYNTAX, 1),
        ("a=*", Refusal.SYNTAX, 1),
        ("A*", Refusal.SYNTAX, 1),
        ("a.b", Refusal.SYNTAX, 1),
        ("_A", Refusal.SYNTAX, 0),
        ("A__B", Refusal.SYNTAX, 1),
        ("A\n", Refusal.SYNTAX, 1),
        ("É", Refusal.SYNTAX, 0),
        ("A|rse_type=disk", Refusal.COLUMN_VALUE, 2),
        ("deterministic=yes", Refusal.COLUMN_VALUE, 0),
        ("availability=7", Refusal.SERVER_ERROR, 0),
        ("usage", Refusal.SERVER_ERROR, 0),
        ("id=1", Refusal.SERVER_ERROR, 0),
        ("A|country_name", Refusal.UNDEFINED, 2),
        ("rse_type", Refusal.UNDEFINED, 0),
        ("latitude=5", Refusal.UNDEFINED, 0),
        ("deleted=false", Refusal.UNDEFINED, 0),
        ("__name__=RSE", Refusal.UNDEFINED, 0),
        ("rse_type=disk|deleted=1", Refusal.COLUMN_VALUE, 0),
        ("rse_type=disk|", Refusal.SYNTAX, 14),
    ],
)
def test_what_the_server_refuses_is_refused_at_its_place(text, kind, position):
    with pytest.raises(ExpressionError) as refused:
        parse(text)
    assert (refused.value.kind, refused.value.position) == (kind, position)


def test_a_refusal_is_a_sentence_with_its_place():
    with pytest.raises(ExpressionError, match=r"^` ` where .* should be, at character 2$"):
        parse("A B")


def test_no_rses_at_all_are_an_answer_to_us_and_a_refusal_of_the_server():
    nothing = parse("ESPOO&LYON")
    assert evaluate(nothing, RSES) == frozenset()
    with pytest.raises(ExpressionError, match=r"no RSE matches `\(ESPOO&LYON\)`") as refused:
        resolve(nothing, RSES)
    assert refused.value.kind is Refusal.EMPTY
    assert resolve(parse("nowhere|LYON"), RSES) == {LYON}


def test_a_column_that_was_not_read_is_no_answer():
    with pytest.raises(ExpressionError) as refused:
        evaluate(parse("rse_type=DISK"), {ESPOO: RseFacts()})
    assert refused.value.kind is Refusal.NOT_READ


def test_an_rse_without_its_name_as_attribute_is_not_found_by_a_bare_word():
    rses = {ESPOO: RseFacts({"rse": "ESPOO"}, {}), LYON: RseFacts({"rse": "LYON"}, {"LYON": "x"})}
    assert evaluate(parse("ESPOO|LYON"), rses) == frozenset()
    assert evaluate(parse("rse=ESPOO"), rses) == {ESPOO}


def test_the_bare_word_availability_means_deletable_and_nothing_else():
    flags = ("availability_read", "availability_write", "availability_delete")
    rses = {
        RseName(f"RSE-{number}"): as_created(
            RseName(f"RSE-{number}"),
            {flag: bool(number & bit) for flag, bit in zip(flags, (4, 2, 1), strict=True)},
        )
        for number in range(8)
    }
    assert evaluate(parse("availability"), rses) == {"RSE-1"}


def test_a_new_rse_has_its_name_and_its_settings_as_attributes():
    made = as_created(ESPOO, {"country_name": "FI", "ISP": "True", "city": None}, {"tier": "1"})
    assert made.attributes == {"ESPOO": True, "country_name": "FI", "ISP": True, "tier": "1"}
    assert made.columns["ISP"] == "True"
    assert made.columns["availability_write"] is True


def test_a_null_attribute_equals_nothing_and_cannot_be_compared():
    rses = {ESPOO: as_created(ESPOO, {}, {"n": None})}
    assert evaluate(parse("n|n=None|n=false"), rses) == frozenset()
    with pytest.raises(ExpressionError) as refused:
        evaluate(parse("n<5"), rses)
    assert refused.value.kind is Refusal.SERVER_ERROR


def test_an_identifier_is_compared_in_both_usual_forms():
    rses = {ESPOO: RseFacts({"id": "0123456789abcdef0123456789abcdef"})}
    assert evaluate(parse("id=0123456789ABCDEF0123456789abcdef"), rses) == {ESPOO}
    assert evaluate(parse("id=01234567-89ab-cdef-0123-456789abcdef"), rses) == {ESPOO}
    assert evaluate(parse("id=01234567-89ab-cdef-0123-456789abcdee"), rses) == frozenset()


# ── building ──────────────────────────────────────────────────────────────────────────────────


def test_an_expression_is_written_with_all_of_its_parentheses():
    europe_online = attribute("srcnet_region", "europe") & attribute("srcnet_tier", "online")
    assert str(europe_online) == "(srcnet_region=europe&srcnet_tier=online)"
    assert str(parse("A|B&C\\(D|E)")) == "(((A|B)&C)\\(D|E))"
    assert str(ALL - column("rse_type", "TAPE")) == "(*\\rse_type=TAPE)"
    assert str(any_of(map(flag, "ABC"))) == "((A|B)|C)"
    assert str(less_than("tier", -3) | more_than("tier", 12)) == "(tier<-3|tier>12)"
    assert str(attribute("fast", True) & column("volatile", False)) == "(fast=true&volatile=false)"
    assert str(named(ESPOO)) == "rse=ESPOO"


@pytest.mark.parametrize(
    ("build", "kind"),
    [
        (lambda: attribute("tier", "1.5"), Refusal.SYNTAX),
        (lambda: attribute("tier", ""), Refusal.SYNTAX),
        (lambda: attribute("tier", "a b"), Refusal.SYNTAX),
        (lambda: attribute("tier", "1\n"), Refusal.SYNTAX),
        (lambda: attribute("a=b", "c"), Refusal.SYNTAX),
        (lambda: attribute("a|b", "c"), Refusal.SYNTAX),
        (lambda: attribute("", "c"), Refusal.SYNTAX),
        (lambda: attribute("country_name", "FI"), Refusal.SHADOWED),
        (lambda: attribute("values", "1"), Refusal.SHADOWED),
        (lambda: attribute("__name__", "RSE"), Refusal.SHADOWED),
        (lambda: attribute("latitude", "1"), Refusal.SHADOWED),
        (lambda: column("tier", "1"), Refusal.SHADOWED),
        (lambda: column("latitude", "1"), Refusal.SHADOWED),
        (lambda: column("availability", "7"), Refusal.SHADOWED),
        (lambda: column("rse_type", "disk"), Refusal.COLUMN_VALUE),
        (lambda: column("volatile", "yes"), Refusal.COLUMN_VALUE),
        (lambda: column("city", "Den Haag"), Refusal.SYNTAX),
        (lambda: flag("a.b"), Refusal.SYNTAX),
        (lambda: flag("deterministic"), Refusal.SHADOWED),
        (lambda: named(RseName("A B")), Refusal.SYNTAX),
        (lambda: less_than("a b", 1), Refusal.SYNTAX),
        (lambda: more_than("", 1), Refusal.SYNTAX),
    ],
)
def test_what_would_not_be_read_as_meant_cannot_be_built(build, kind):
    with pytest.raises(ExpressionError) as refused:
        build()
    assert refused.value.kind is kind


def test_an_expression_knows_which_attributes_and_columns_it_rests_on():
    expression = parse("(tier>1&region=europe|fast)&rse_type=DISK\\latitude<3|save=1|*|volatile")
    assert attributes_of(expression) == {"tier", "region", "fast", "latitude"}
    assert columns_of(expression) == {"rse_type", "volatile"}
    assert columns_of(parse("availability")) == {
        "availability_read",
        "availability_write",
        "availability_delete",
    }


# ── laws ──────────────────────────────────────────────────────────────────────────────────────

terms = st.one_of(
    st.just(ALL),
    st.sampled_from(["ESPOO", "LYON", "PERTH", "fast", "nowhere"]).map(flag),
    st.builds(
        attribute, st.sampled_from(["region", "tier"]), st.sampled_from(["europe", "oceania", "1"])
    ),
    st.builds(more_than, st.just("tier"), st.integers(-1, 12)),
    st.builds(less_than, st.just("tier"), st.integers(-1, 12)),
    st.sampled_from(["DISK", "TAPE"]).map(lambda value: column("rse_type", value)),
)
COMBINE = {"|": Expression.__or__, "&": Expression.__and__, "\\": Expression.__sub__}
operators = st.sampled_from(sorted(COMBINE))
expressions = st.recursive(
    terms,
    lambda inner: st.tuples(inner, operators, inner).map(lambda p: COMBINE[p[1]](p[0], p[2])),
    max_leaves=12,
)


@given(expressions)
def test_what_is_written_is_read_back_the_same(expression):
    assert parse(str(expression)) == expression


@given(terms, st.lists(st.tuples(operators, terms), max_size=8))
def test_operators_without_parentheses_act_one_after_the_other(first, rest):
    text = str(first) + "".join(f"{operator}{term}" for operator, term in rest)
    sets = {"|": frozenset.union, "&": frozenset.intersection, "\\": frozenset.difference}
    expected = reduce(
        lambda found, step: sets[step[0]](found, evaluate(step[1], RSES)),
        rest,
        evaluate(first, RSES),
    )
    assert evaluate(parse(text), RSES) == expected


@given(expressions, expressions, operators)
def test_a_written_expression_stays_one_term_wherever_it_is_put(left, right, operator):
    assert parse(f"{left}{operator}{right}") == COMBINE[operator](left, right)


@given(st.text() | st.text("()|&\\=<>*._-aA1 \n"))
def test_any_text_is_read_or_refused_at_a_place_in_it(text):
    assert place_of_refusal(text) in (None, *range(len(text) + 1))


def place_of_refusal(text):
    try:
        parse(text)
    except ExpressionError as refused:
        return -1 if refused.position is None else refused.position
    return None


@pytest.mark.parametrize(
    "shape",
    [
        lambda depth: "ESPOO" + "|LYON" * depth,
        lambda depth: "ESPOO&(" * depth + "*" + ")" * depth,
        lambda depth: "(" * depth + "ESPOO" + ")" * depth,
        lambda depth: "(" * depth + "ESPOO" + "|LYON)" * depth,
    ],
)
def test_depth_is_bounded_and_all_within_the_bound_works(shape):
    deepest = parse(shape(MAX_DEPTH))
    assert evaluate(deepest, RSES) >= {ESPOO}
    assert str(parse(str(deepest))) == str(deepest)
    for depth in (MAX_DEPTH + 1, 50 * MAX_DEPTH):
        with pytest.raises(ExpressionError) as refused:
            parse(shape(depth))
        assert refused.value.kind is Refusal.TOO_DEEP
