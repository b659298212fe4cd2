"""Our reading of RSE expressions and subscription filters against Rucio's own code."""

from __future__ import annotations

import itertools
import json
import operator
import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from srcnet_compiler.demo import postgresql, rucio_venv
from srcnet_compiler.targets.rucio.model.expression import (
    MAX_DEPTH,
    ExpressionError,
    Refusal,
    RseFacts,
    as_created,
    parse,
    resolve,
)
from srcnet_compiler.targets.rucio.model.expression.facts import Shadow, shadow_of, stored
from srcnet_compiler.targets.rucio.model.shard import BUCKETS
from srcnet_compiler.targets.rucio.model.subscription import (
    DID_COLUMNS,
    FALLBACK_EXCLUDED,
    Did,
    FilterError,
    bucket_pattern,
    matches,
    parse_filter,
)

pytestmark = pytest.mark.live("rucio")

ORACLE = Path(__file__).with_name("expression_oracle.py")
SERVER_VENV = Path(__file__).parents[2] / ".srcnet" / "rucio-server"


class Oracle:
    """Rucio's own code in a process of its own, one question and one answer at a time."""

    def __init__(self, python: Path, url: str) -> None:
        self.process = subprocess.Popen(
            [python, "-W", "ignore", ORACLE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        assert self.process.stdin is not None
        self.process.stdin.write(url + "\n")

    def ask(self, **question):
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"the process with Rucio's code ended, with {self.process.wait()}"
        return json.loads(answer)

    def furnish(self, rses):
        """Make these RSEs, given as columns and attributes by name; what the server reads back."""
        asked = {name: {"columns": c, "attributes": a} for name, (c, a) in rses.items()}
        read = self.ask(do="furnish", rses=asked)
        return {name: RseFacts(**facts) for name, facts in read.items()}

    def close(self) -> None:
        with self.process:
            assert self.process.stdin is not None
            self.process.stdin.close()  # it ends with its input


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request, tmp_path_factory) -> Iterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield "sqlite://"
        return
    if postgresql.find_binaries() is None:
        assert "rucio" not in os.environ.get("SRCNET_REQUIRE_LIVE", ""), "no PostgreSQL here"
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    folder = tmp_path_factory.mktemp("oracle")
    (folder / "log").mkdir()
    postgres = postgresql.start(folder)
    try:
        yield postgres.url
    finally:
        postgresql.stop(postgres)


@pytest.fixture(scope="module")
def oracle(database) -> Iterator[Oracle]:
    venv = rucio_venv.find_server_venv(SERVER_VENV)
    assert venv is not None
    oracle = Oracle(venv / "bin" / "python", database)
    yield oracle
    oracle.close()


many = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


# ── inventories ───────────────────────────────────────────────────────────────────────────────

NAMES = ("A", "B1", "LYON-TAPE", "T1_DE", "TRUE", "ISP", "1")
KEYS = ("tier", "site", "x.y", "a-b", "_x", "save", "values", "latitude", "deterministic", "B1")
KEYS += ("A", "country_name", "ASN", "rse_type", "usage", "id", "deleted", "availability", "mro")
TEXTS = ("1", "2", "10", "-3", "2.5", "1e1", "1_0", "nan", "inf", " 7", "٣", "", "x", "DE", "A b")
TEXTS += ("true", "TRUE", "False", "TAPE", "0", "x-y_z", "None", "Straße")

PLAIN_KEYS = ("tier", "site", "x.y", "a-b")
PLAIN_VALUES = ("1", "2", "10", "x", "true")

attributes = st.builds(
    operator.or_,
    st.dictionaries(
        st.sampled_from(KEYS), st.sampled_from(TEXTS) | st.booleans() | st.none(), max_size=3
    ),
    st.dictionaries(st.sampled_from(PLAIN_KEYS), st.sampled_from(PLAIN_VALUES), max_size=4),
)
texts = st.sampled_from(["DE", "x", "true", "1", "True", ""])
columns = st.fixed_dictionaries(
    {},
    optional={
        "rse_type": st.sampled_from(["DISK", "TAPE"]),
        **dict.fromkeys(["deterministic", "volatile", "staging_area"], st.booleans()),
        **dict.fromkeys(
            [f"availability_{do}" for do in ("read", "write", "delete")], st.booleans()
        ),
        **dict.fromkeys(["city", "country_name", "time_zone", "ISP", "ASN", "qos_class"], texts),
        **dict.fromkeys(["region_code", "continent"], st.sampled_from(["DE", "1", "x"])),
    },
)
inventories = st.dictionaries(
    st.sampled_from(NAMES), st.tuples(columns, attributes), min_size=1, max_size=6
)


# ── expressions: well formed, nearly so, and garbage ──────────────────────────────────────────

OPERATORS = "|&\\"
FIELDS = ("rse", "vo", "rse_type", "deterministic", "volatile", "staging_area", "country_name")
FIELDS += ("availability_write", "availability_read", "availability_delete", "availability")
FIELDS += ("city", "region_code", "continent", "time_zone", "ISP", "ASN", "qos_class")
ODD = ("id", "usage", "longitude", "latitude", "deleted", "created_at", "__name__", "__x__", "mro")
VALUES = ("1", "2", "10", "-3", "1e1", "1_0", "nan", "inf", "x", "DE", "0", "x-y_z", "None", "7")
VALUES += ("true", "TRUE", "False", "True", "DISK", "TAPE", "tape", "def", *NAMES)

PRINTED = "()|&\\=<>*._-aA1"


def random_expression(random: Random) -> str:
    """One of many kinds of text. A strategy of Hypothesis would repeat itself in long lists."""
    match random.randrange(8):
        case 0:
            return "".join(random.choices(PRINTED, k=random.randrange(12)))
        case 1:
            return "".join(chr(random.randrange(1, 0x300)) for _ in range(random.randrange(6)))
        case 2 | 3:
            return with_slips(random, combined(random, any_term))
        case 4:
            return combined(random, odd_term)
        case 5:
            return combined(random, any_term)
        case _:
            return combined(random, plain_term)


def combined(random: Random, term: Callable[[Random], str], most: int = 8) -> str:
    text = term(random)
    for _ in range(random.randrange(most)):
        right = term(random) if random.random() < 0.7 else combined(random, term, most // 2)
        text = f"{text}{random.choice(OPERATORS)}{right}"
        if random.random() < 0.4:
            text = f"({text})"
    return text


def plain_term(random: Random) -> str:
    """About something that RSEs do differ in."""
    if random.random() < 0.3:
        return random.choice([*NAMES[:-2], "*", "rse_type=TAPE", "rse_type=DISK", "volatile"])
    value = random.choice(PLAIN_VALUES) if random.random() < 0.8 else some_value(random)
    return random.choice(PLAIN_KEYS) + random.choice("==<>") + value


def any_term(random: Random) -> str:
    if random.random() < 0.6:
        return plain_term(random)
    key = random.choice([*KEYS, *FIELDS])
    if random.random() < 0.2 and key[0] != "_" and "." not in key:
        return key
    return key + random.choice("==<>") + some_value(random)


def odd_term(random: Random) -> str:
    if random.random() < 0.8:
        return any_term(random)
    return random.choice(ODD) + "=" + some_value(random)


def some_value(random: Random) -> str:
    if random.random() < 0.7:
        return random.choice(VALUES)
    return "".join(random.choices("0123456789-_eE", k=random.randrange(1, 5)))


def with_slips(random: Random, text: str) -> str:
    for _ in range(random.randrange(1, 3)):
        at = random.randrange(len(text) + 1)
        put = "".join(random.choices(PRINTED + "! \né", k=random.randrange(3)))
        text = text[:at] + put + text[at + random.randrange(3) :]
    return text


def answer(text, rses):
    try:
        return ["ok", sorted(resolve(parse(text), rses))]
    except ExpressionError as refused:
        return [refused.kind.value, None]


def is_agreed(text, rses, ours, theirs):
    """Whether the server does what we say it does."""
    if ours == ["ok", theirs[1]] == theirs:
        return True
    kind = ours[0]
    if kind == Refusal.UNDEFINED:  # we say that it depends, and refuse
        return theirs[0] != Refusal.SYNTAX
    if kind == theirs[0]:
        return kind != "ok"
    # Where an RSE has a null, `<` may break the server before it comes to what we object to.
    has_null = any(None in facts.attributes.values() for facts in rses.values())
    return (
        has_null
        and kind == Refusal.COLUMN_VALUE
        and theirs[0] == Refusal.SERVER_ERROR
        and ("<" in text or ">" in text)
    )


def disagreements(oracle, rses, texts):
    read = oracle.furnish(rses)
    answers = oracle.ask(do="expressions", texts=texts)
    compared = (
        (text, answer(text, read), theirs) for text, theirs in zip(texts, answers, strict=True)
    )
    return [each for each in compared if not is_agreed(each[0], read, *each[1:])]


@many
@given(inventories, st.integers(0, 2**64).map(Random))
def test_an_expression_means_to_us_what_it_means_to_the_server(oracle, rses, random):
    texts = [random_expression(random) for _ in range(40)]
    assert disagreements(oracle, rses, texts) == []


@settings(many, max_examples=5)
@given(inventories, st.integers(0, 2**64).map(Random))
def test_what_we_write_means_to_the_server_what_was_read(oracle, rses, random):
    texts = [combined(random, plain_term) for _ in range(40)]
    written = [str(parse(text)) for text in texts]
    oracle.furnish(rses)
    assert oracle.ask(do="expressions", texts=written) == oracle.ask(do="expressions", texts=texts)


def test_every_key_meets_every_value_as_on_the_server(oracle):
    flags = ("availability_read", "availability_write", "availability_delete")
    rses = {
        "A": ({"rse_type": "TAPE", "volatile": True}, {"tier": "1", "save": "1", "A": "x"}),
        "B1": (dict.fromkeys(flags, False), {"latitude": "7", "x.y": "TRUE", "A": True}),
        "T1_DE": ({**dict.fromkeys(flags, False), flags[2]: True}, {"tier": "10", "_x": "x"}),
        "ISP": ({"country_name": "DE", "ISP": "true", "city": "1"}, {"country_name": "x"}),
    }
    every_key = sorted({*KEYS, *FIELDS, *ODD, *PLAIN_KEYS})
    texts = [f"{key}={value}" for key in every_key for value in VALUES]
    texts += [key for key in (*every_key, *NAMES) if key[0] != "_" and "." not in key]
    assert disagreements(oracle, rses, texts) == []


@pytest.mark.parametrize(("characters", "longest"), [("A1=<-_.*()|&\\ é", 3), ("A-=(|)", 5)])
def test_every_short_text_is_accepted_or_refused_as_by_the_server(oracle, characters, longest):
    texts = [
        "".join(text)
        for length in range(longest + 1)
        for text in itertools.product(characters, repeat=length)
    ]
    assert disagreements(oracle, {"A": ({}, {"A1": "A"})}, texts) == []


@settings(many, max_examples=40)
@given(inventories)
def test_an_rse_just_created_has_the_facts_that_we_expect(oracle, rses):
    read = oracle.furnish(rses)
    for name, (columns, attributes) in rses.items():
        expected = as_created(name, columns, attributes)
        assert {key: read[name].columns[key] for key in expected.columns} == expected.columns
        assert {key: stored(value) for key, value in read[name].attributes.items()} == {
            key: stored(value) for key, value in expected.attributes.items()
        }


def test_an_rse_is_found_by_its_identifier(oracle):
    read = oracle.furnish({"A": ({}, {}), "B1": ({}, {})})
    plain = read["A"].columns["id"]
    parts = (plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:])
    for text in (f"id={plain}", f"id={'-'.join(parts).upper()}", f"id={plain[::-1]}"):
        assert [answer(text, read)] == oracle.ask(do="expressions", texts=[text])


def test_what_hides_attributes_is_what_the_server_has_on_its_class(oracle):
    ours = {name for name in oracle.ask(do="fields") if shadow_of(name) is not None}
    assert ours == set(oracle.ask(do="fields"))
    hidden = {*FIELDS, *ODD, "save", "values", "_table_args", "_sa_registry"} - {"__x__"}
    assert hidden <= ours
    assert shadow_of("tier") is None


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_on_postgresql_the_server_breaks_on_what_we_call_undefined(oracle):
    oracle.furnish({"A": ({}, {})})
    fields = [name for name in oracle.ask(do="fields") if not name.startswith("_")]
    undefined = [f"{name}=1" for name in fields if shadow_of(name) is Shadow.UNDEFINED]
    undefined += [name for name in fields if shadow_of(name) in (Shadow.TEXT, Shadow.TYPE)]
    assert len(undefined) == 17
    answers = oracle.ask(do="expressions", texts=undefined)
    assert answers == [["server-error", "ProgrammingError"]] * len(undefined)
    assert {answer(text, {})[0] for text in undefined} == {Refusal.UNDEFINED}


@pytest.mark.parametrize(
    "shape",
    [
        lambda depth: "A" + "|A" * depth,
        lambda depth: "A|(" * depth + "A" + ")" * depth,
        lambda depth: "(" * depth + "A" + ")" * depth,
    ],
)
def test_the_server_manages_all_depths_that_we_let_pass_and_not_all_depths(oracle, shape):
    oracle.furnish({"A": ({}, {})})
    answers = oracle.ask(do="expressions", texts=[shape(MAX_DEPTH), shape(2 * MAX_DEPTH)])
    assert answers == [["ok", ["A"]], ["server-error", "RecursionError"]]


# ── subscription filters ──────────────────────────────────────────────────────────────────────

REGEXES = ("odp", "^odp$", "^odp-test$", "o", "", "^$", "x|y", ".*7", "^None$", "True", "1", "DID")
REGEXES += (r"^.*\d{2}$", "20", "AVAIL", "(?i)ODP", "dp", "mage", "image", FALLBACK_EXCLUDED)
ODDITIES = ("DATASET", "root", 17, 1, True, None, 2.5, "(", "*", [], [None], ["odp", "("], [17])
COLLECTION_TYPES = ("DATASET", ["DATASET"], ["CONTAINER", "DATASET"], "dataset", ["FILE"])
ACCOUNTS = ("root", "^root$", "roo", ["root"], ["x", "root"], ["x"], [])
SIZES = (0, 3, 4, 4.5, 100)
META = ("project", "datatype", "run_number", "is_open", "availability", "created_at", "name")
META += ("hidden", "purge_replicas", "visibility", "accounts", "DID")


def random_filter(random: Random) -> dict[str, object]:
    keys = ("scope", "pattern", "excluded_pattern", "did_type", "account", "split_rule")
    keys += ("min_avg_file_size", "max_avg_file_size", *META)
    return {key: demand(random, key) for key in random.sample(keys, random.choice((1, 1, 2, 3)))}


def demand(random: Random, key: str) -> object:
    if random.random() < 0.1:
        return random.choice(ODDITIES)
    if "pattern" in key:
        return some_regex(random)
    if "size" in key:
        return random.choice(SIZES)
    named = {"did_type": COLLECTION_TYPES, "account": ACCOUNTS, "split_rule": (True, False)}
    if key in named:
        return random.choice(named[key])
    return [some_regex(random) for _ in range(random.randrange(4))]


def some_regex(random: Random) -> str:
    if random.random() < 0.2:
        return bucket_pattern(random.sample(BUCKETS, random.randrange(1, 100)))
    return random.choice(REGEXES)


dids = st.fixed_dictionaries(
    {
        "scope": st.sampled_from(["odp", "odp-test", "x"]),
        "name": st.from_regex(r"\A(image|x)[.]?[0-9]{0,3}\Z"),
        "did_type": st.sampled_from(["DATASET", "CONTAINER"]),
        "columns": st.fixed_dictionaries(
            {},
            optional={
                "project": st.sampled_from(["odp", "x", "1"]),
                "datatype": st.sampled_from(["odp", "None"]),
                "run_number": st.integers(0, 20),
                "is_open": st.booleans(),
                "hidden": st.sampled_from([False, False, True]),
                "length": st.integers(0, 3),
                "bytes": st.integers(0, 12),
            },
        ),
    }
)


def our_match(wanted, did):
    try:
        return matches(parse_filter(wanted), did)
    except FilterError:
        return "refused"


def as_read(asked, columns):
    def value(held):
        return datetime.fromisoformat(held["datetime"]) if isinstance(held, dict) else held

    read = {key: value(held) for key, held in columns.items()}
    return Did(asked["scope"], asked["name"], asked["did_type"], read)


@many
@given(dids, st.integers(0, 2**64).map(Random))
def test_a_filter_matches_for_us_what_it_matches_for_the_transmogrifier(oracle, did, random):
    wanted = [random_filter(random) for _ in range(400)]
    told = oracle.ask(do="filters", did=did, filters=wanted)
    read = as_read(did, told["columns"])
    assert set(read.columns) == DID_COLUMNS
    for one, theirs in zip(wanted, told["answers"], strict=True):
        ours = our_match(one, read)
        if isinstance(theirs, str):
            assert ours == "refused", one
        elif ours != "refused":  # the server may be done before it comes to what we refuse
            assert ours is theirs, one


@pytest.mark.parametrize(
    "wanted",
    [
        {"pattern": "("},
        {"pattern": None},
        {"pattern": ["image"]},
        {"excluded_pattern": "*"},
        {"scope": ["["]},
        {"scope": "*a"},
        {"scope": None},
        {"scope": [3]},
        {"project": ["("]},
        {"project": "("},
        {"min_avg_file_size": "4"},
        {"max_avg_file_size": None},
    ],
)
def test_what_we_refuse_in_a_filter_stops_the_transmogrifier(oracle, wanted):
    did = {"scope": "odp", "name": "a", "did_type": "DATASET", "columns": {"length": 1, "bytes": 1}}
    told = oracle.ask(do="filters", did=did, filters=[wanted, {}])
    assert [type(answer) for answer in told["answers"]] == [str, bool]
    with pytest.raises(FilterError):
        parse_filter(wanted)
