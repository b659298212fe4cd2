"""Is it possible: against other ways to find out, and proofs against broken ones."""

from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from itertools import chain, combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from random_specs import Built, build, document, federation_spec
from specs import REAL, compiled

from srcnet_compiler.analysis.passes import Analysis
from srcnet_compiler.feasibility.answer import Answer, Feasibility, Question, feasibility
from srcnet_compiler.feasibility.certificate import check, rationalised
from srcnet_compiler.feasibility.model import Move
from srcnet_compiler.feasibility.program import Kind, Program, Row
from srcnet_compiler.feasibility.solve import Verdict, dual_ray, is_possible
from srcnet_compiler.names import SiteName
from srcnet_compiler.quantity import Bytes

COUNTRIES = {"north": "CH", "south": "AU", "west": "CA", "east": "JP"}
MEMBERS = {"CH": "CHSRC", "AU": "AUSSRC", "CA": "CANSRC", "JP": "JPSRC"}
TB, DAY = 10**12, 86400
GBIT_DAY = Fraction(10**9 * DAY, 8)


def site(country: str, number: int, *areas: dict[str, Any], **spec: Any) -> dict[str, str]:
    """A site with these areas, each given as its capacity and whatever else it has."""
    name = f"{MEMBERS[country]}-S{number}"
    stored = [
        {
            "name": f"{name}-{area.pop('class', 'T1')}-N{index}",
            "tier": area.pop("tier", "online"),
            "system": "xrootd",
            "endpoints": [
                {"protocol": "davs", "host": f"n{index}.{name.lower()}.org", "port": 1, "path": "/"}
            ],
            **area,
        }
        for index, area in enumerate(areas)
    ]
    written = {"src": MEMBERS[country], "country": country, "storage": stored, **spec}
    return {f"site-specs/{name.lower()}.yaml": document("Site", name, written)}


def policy(name: str, *phases: tuple[str, dict[str, int]], **spec: Any) -> dict[str, str]:
    """An agreed policy whose phases are each how far apart and how many copies on which tiers."""
    written = [
        {
            "name": f"phase-{index}",
            "apart": apart,
            "copies": [{"count": count, "tier": tier} for tier, count in copies.items()],
            **({"until": "12 months"} if index + 1 < len(phases) else {}),
        }
        for index, (apart, copies) in enumerate(phases)
    ]
    whole = {
        "selects": {"namespaces": [name]},
        "arrives": {"deadline": "7 d"},
        "floor": 1,
        "phases": written,
        "activity": "User Subscriptions",
        **spec,
    }
    return {f"policies/data/{name}.yaml": document("DataPolicy", name, whole)}


def world(*files: dict[str, str], links: Sequence[dict[str, Any]] = ()) -> Built:
    """All of these in one federation of four regions."""
    together = {name: text for each in files for name, text in each.items()}
    names = [name.split("/")[-1].removesuffix(".yaml") for name in together if "/data/" in name]
    regions = {region: [country] for region, country in COUNTRIES.items()}
    spec = federation_spec(regions, [{"name": name} for name in names])
    spec["links"] = list(links)
    return build({"policies/federation.yaml": document("Federation", "all", spec), **together})


def asked(built: Built, *moves: Move) -> Feasibility:
    return feasibility(built.federation, built.analysis, moves)


def the(found: Feasibility, question: Question, *, drafts: bool = False) -> Answer:
    return next(a for a in found.answers if a.question is question and a.drafts is drafts)


def move(name: str, source: str, target: str, amount: int, first: int, last: int) -> Move:
    """One between days of January 2027, both counted from its beginning."""
    when = [datetime(2027, 1, 1 + day, tzinfo=UTC) for day in (first, last)]
    return Move(name, SiteName(source), SiteName(target), Bytes(amount), *when)


# ── proofs ────────────────────────────────────────────────────────────────────────────────────


def test_a_proof_is_accepted_and_each_way_to_break_it_is_refused() -> None:
    needs = Row(Kind.COPIES, 0, "online", ((0, -1), (1, -1)), -10)
    first = Row(Kind.SPACE, 0, "a", ((0, 1),), 4)
    second = Row(Kind.SPACE, 0, "b", ((1, 1),), 5)
    program = Program(2, (needs, first, second))
    one = Fraction(1)
    proof = check(program, {0: one, 1: one, 2: one})
    assert proof is not None
    assert proof.short == 1
    assert check(program, {0: one, 1: one}) is None  # area b is forgotten
    assert check(program, {0: one, 1: one, 2: -one}) is None  # a limit counted backwards
    assert check(program, {0: one, 1: one, 2: one, 3: one}) is None  # a row that is not there
    assert check(program, {0: one, 1: Fraction(2), 2: one}) is None  # more room than is needed
    enough = Program(2, (needs, first, Row(Kind.SPACE, 0, "b", ((1, 1),), 6)))
    assert check(enough, {0: one, 1: one, 2: one}) is None
    assert check(program, {}) is None
    at_most = Program(1, (Row(Kind.SPACE, 0, "a", ((0, -1),), 3),))
    assert check(at_most, {0: -one}) is None  # turned round it would say that nothing fits


@st.composite
def programs(draw: st.DrawFn) -> Program:
    columns, count = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    factors = st.lists(st.integers(-3, 3), min_size=columns, max_size=columns)
    return Program(
        columns,
        tuple(
            Row(
                Kind.SPACE,
                0,
                "",
                tuple((c, f) for c, f in enumerate(draw(factors)) if f),
                draw(st.integers(-9, 9)) * 10**15,
                exactly=draw(st.booleans()),
            )
            for _ in range(count)
        ),
    )


@given(program=programs())
@settings(deadline=None, max_examples=150)
def test_every_proof_from_the_solver_holds_exactly(program: Program) -> None:
    if is_possible(program) is Verdict.IMPOSSIBLE and all(row.terms for row in program.rows):
        assert rationalised(program, dual_ray(program)) is not None
    else:
        # nothing proves that what is possible is not: here no sum of up to two rows
        whole = range(len(program.rows))
        for chosen in chain(combinations(whole, 1), combinations(whole, 2)):
            if is_possible(program) is Verdict.POSSIBLE:
                assert check(program, dict.fromkeys(chosen, Fraction(1))) is None


# ── space, against the cuts of a flow ─────────────────────────────────────────────────────────


@st.composite
def full_worlds(draw: st.DrawFn) -> tuple[list[tuple[str, int]], list[tuple[int, int]], str]:
    """Areas by country with their terabytes, and what is asked: copies and terabytes in 2026."""
    areas = draw(
        st.lists(st.tuples(st.sampled_from([*MEMBERS]), st.integers(1, 30)), min_size=3, max_size=6)
    )
    wanted = draw(
        st.lists(st.tuples(st.integers(1, 3), st.integers(1, 30)), min_size=1, max_size=3)
    )
    return areas, wanted, draw(st.sampled_from(["region", "site"]))


def fits(areas: list[tuple[str, int]], wanted: list[tuple[int, int]], apart: str) -> bool:
    """Whether every cut of the flow from data to areas carries it: no program, no solver."""
    rooms: dict[str, int] = {}
    for number, (country, size) in enumerate(areas):
        domain = country if apart == "region" else str(number)
        rooms[domain] = rooms.get(domain, 0) + size
    subsets = chain.from_iterable(combinations(wanted, n) for n in range(1, len(wanted) + 1))
    return all(
        sum(count * volume for count, volume in some)
        <= sum(min(room, sum(volume for _, volume in some)) for room in rooms.values())
        for some in subsets
    )


@given(drawn=full_worlds())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@example(([("CH", 10), ("AU", 10), ("CA", 10)], [(2, 15)], "region"))
@example(([("CH", 10), ("AU", 10), ("CA", 10)], [(2, 16)], "region"))
@example(([("CH", 30), ("AU", 4), ("CA", 4)], [(2, 9)], "region"))
def test_what_fits_by_the_cuts_of_a_flow_fits_by_the_program(
    drawn: tuple[list[tuple[str, int]], list[tuple[int, int]], str],
) -> None:
    areas, wanted, apart = drawn
    sites = [site(c, n, {"capacity": f"{size} TB"}) for n, (c, size) in enumerate(areas)]
    volume = [{"from": 2026, "amount": "0 TB"}]
    policies = [
        policy(
            f"p{number}",
            (apart, {"online": count}),
            volume=[{**volume[0], "amount": f"{size} TB"}],
        )
        for number, (count, size) in enumerate(wanted)
    ]
    found = the(asked(world(*sites, *policies)), Question.SPACE)
    assert (found.verdict is Verdict.POSSIBLE) == fits(areas, wanted, apart)
    if found.verdict is Verdict.IMPOSSIBLE:
        assert found.shortfall is not None  # proven exactly
        assert found.shortfall.needed - found.shortfall.there == found.shortfall.short
    else:
        assert found.growth is not None
        assert found.growth >= 1 - 1e-9


def test_growth_is_what_the_smallest_cut_leaves() -> None:
    sites = [site(c, n, {"capacity": "30 TB"}) for n, c in enumerate(("CH", "AU", "CA"))]
    asks = policy("p", ("region", {"online": 2}), volume=[{"from": 2026, "amount": "10 TB"}])
    found = the(asked(world(*sites, asks)), Question.SPACE)
    assert found.growth == pytest.approx(4.5)  # 90 TB hold two copies of 45
    sites[1:] = [site(c, n, {"capacity": "8 TB"}) for n, c in ((1, "AU"), (2, "CA"))]
    found = the(asked(world(*sites, asks)), Question.SPACE)
    assert found.growth == pytest.approx(1.6)  # the second copy has 16 TB, whatever the first has
    full = [each.text for each in found.bottlenecks]
    assert full == ["`AUSSRC-S1-T1-N0` holds", "`CANSRC-S2-T1-N0` holds"]


def test_what_lies_within_an_area_fills_that_one_too() -> None:
    both = [{"capacity": "10 TB"}, {"capacity": "10 TB", "within": "CHSRC-S0-T1-N0"}]
    for size, verdict in ((5, Verdict.POSSIBLE), (6, Verdict.IMPOSSIBLE)):
        volume = [{"from": 2026, "amount": f"{size} TB"}]
        asks = policy("p", ("area", {"online": 2}), volume=volume)
        site_files = site("CH", 0, *({**area} for area in both))
        assert the(asked(world(site_files, asks)), Question.SPACE).verdict is verdict


# ── transfers ─────────────────────────────────────────────────────────────────────────────────

TWO = (site("CH", 0, {"capacity": "1 PB"}), site("AU", 1, {"capacity": "1 PB"}))
MOVES = st.lists(
    st.tuples(st.integers(1, 40), st.integers(0, 8), st.integers(1, 8)), min_size=1, max_size=4
)


def downtime(of: str, first: int, last: int) -> dict[str, str]:
    spec = {
        "of": of,
        "from": f"2027-01-{1 + first:02}T00:00Z",
        "to": f"2027-01-{1 + last:02}T00:00Z",
    }
    spec["reason"] = "the network is rebuilt"
    return {"site-specs/down.yaml": document("Downtime", "rebuilt", spec)}


@given(drawn=MOVES, down=st.none() | st.tuples(st.integers(0, 8), st.integers(1, 6)))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@example([(10, 0, 2), (10, 1, 2), (10, 0, 3)], None)
@example([(11, 0, 2), (10, 1, 2), (10, 0, 3)], None)
@example([(10, 0, 2)], (0, 1))
def test_moves_fit_a_link_where_no_stretch_of_time_is_too_short(
    drawn: list[tuple[int, int, int]], down: tuple[int, int] | None
) -> None:
    """One link, moves with a first and a last day: the condition of any one machine."""
    moves = [
        move(f"M{n}", "AUSSRC-S1", "CHSRC-S0", amount * TB, first, first + long)
        for n, (amount, first, long) in enumerate(drawn)
    ]
    files = [*TWO]
    closed: set[int] = set()
    if down is not None:
        closed = set(range(down[0], down[0] + down[1]))
        files.append(downtime("CHSRC-S0", down[0], down[0] + down[1]))
    link = {"from": "AUSSRC-S1", "to": "CHSRC-S0", "rate": "1 Gbit/s"}
    found = the(asked(world(*files, links=[link]), *moves), Question.PLACED)
    expected = all(
        sum(amount * TB for amount, first, long in drawn if start <= first and first + long <= end)
        <= GBIT_DAY * len(set(range(start, end)) - closed)
        for start in range(17)
        for end in range(start, 18)
    )
    assert (found.verdict is Verdict.POSSIBLE) == expected
    if not expected:
        assert found.shortfall is not None


def test_a_proof_names_moves_link_and_day() -> None:
    link = {"from": "AUSSRC-S1", "to": "CHSRC-S0", "rate": "1 Gbit/s"}
    moves = [
        move("M3", "AUSSRC-S1", "CHSRC-S0", 30 * TB, 0, 4),
        move("M9", "AUSSRC-S1", "CHSRC-S0", 30 * TB, 0, 4),
    ]
    found = the(asked(world(*TWO, links=[link]), *moves), Question.TRANSFERS)
    assert found.shortfall is not None
    assert found.shortfall.sentence == (
        "by 2027-01-04 60 TB are needed for move `M3` and move `M9`; the link `AUSSRC-S1` → "
        "`CHSRC-S0` carries 43.2 TB: 16.8 TB too little"
    )
    (carried,) = found.shortfall.haves
    assert [str(label.span).split(":")[0] for label in carried.places] == [
        "policies/federation.yaml"
    ]


INGEST = {"class": "INGEST", "role": "ingest", "capacity": "1 PB"}
FROM_AU = {"at": {"countries": ["AU"]}, "deadline": "7 d"}


def arriving(rate: str, uplink: str, **spec: Any) -> Built:
    """Data come in at AU, whose uplink is this, and both copies are kept elsewhere."""
    return world(
        site("AU", 0, {**INGEST}, network={"srcnet": uplink, **spec}),
        site("CH", 1, {"capacity": "90 PB"}),
        site("CA", 2, {"capacity": "90 PB"}),
        policy(
            "p",
            ("region", {"online": 2}),
            volume=[{"from": 2026, "rate": rate}],
            arrives=FROM_AU,
        ),
    )


def test_one_copy_must_leave_where_data_come_in_and_others_may_be_sent_on() -> None:
    yearly = 10**9 * 365 * DAY // 8 // 10**12  # 3942 TB over 1 Gbit/s
    assert the(asked(arriving("3900 TB/yr", "1 Gbit/s")), Question.TOGETHER).verdict is (
        Verdict.POSSIBLE
    )
    found = the(asked(arriving("4100 TB/yr", "1 Gbit/s")), Question.TRANSFERS)
    assert found.verdict is Verdict.IMPOSSIBLE
    assert found.shortfall is not None
    assert "what arrives of `p`" in found.shortfall.sentence
    assert "the uplink of `AUSSRC-S0` carries out" in found.shortfall.sentence
    assert yearly == 3942


SLOW = "1 Mbit/s"
TWICE = policy(
    "p", ("region", {"online": 2}), volume=[{"from": 2026, "rate": "3 PB/yr"}], arrives=FROM_AU
)


def test_a_site_receives_nothing_from_itself() -> None:
    """Whoever has the data can hardly send it to CA, and CA has none to send."""
    files = (
        site("AU", 0, {**INGEST}),
        site("CH", 1, {"capacity": "90 PB"}),
        site("CA", 2, {"capacity": "90 PB"}),
        TWICE,
    )
    links = [
        {"from": source, "to": "CANSRC-S2", "rate": SLOW} for source in ("AUSSRC-S0", "CHSRC-S1")
    ]
    assert the(asked(world(*files, links=links)), Question.TRANSFERS).verdict is Verdict.IMPOSSIBLE
    fast = the(asked(world(*files, links=links[:1])), Question.TOGETHER)
    assert fast.verdict is Verdict.POSSIBLE  # CH sends it on


def test_a_site_sends_only_what_it_has() -> None:
    """AU can send little more than one copy; JP could send the other, had its area taken it in."""
    shut = {"of": "JPSRC-S3-T1-N0", "from": "2026-01-01T00:00Z", "to": "2040-01-01T00:00Z"}
    files = (
        site("AU", 0, {**INGEST}, network={"srcnet": "1 Gbit/s"}),
        site("CH", 1, {"capacity": "90 PB"}),
        site("CA", 2, {"capacity": "90 PB"}),
        site("JP", 3, {"capacity": "90 PB"}),
        TWICE,
    )
    closed = {"site-specs/down.yaml": document("Downtime", "shut", {**shut, "reason": "repair"})}
    links = [
        {"from": source, "to": target, "rate": SLOW}
        for source, target in (("CHSRC-S1", "CANSRC-S2"), ("CANSRC-S2", "CHSRC-S1"))
    ]
    opened = the(asked(world(*files, links=links)), Question.TOGETHER)
    assert opened.verdict is Verdict.POSSIBLE
    found = the(asked(world(*files, closed, links=links)), Question.TRANSFERS)
    assert found.verdict is Verdict.IMPOSSIBLE


@pytest.mark.parametrize(
    ("days", "verdict"), [(6, Verdict.POSSIBLE), (9, Verdict.IMPOSSIBLE)], ids=["short", "long"]
)
def test_who_is_down_for_longer_than_the_deadline_keeps_it_from_being_met(
    days: int, verdict: Verdict
) -> None:
    """Seven days after it came in every file must be where it is kept."""
    files = (
        site("AU", 0, {**INGEST}, network={"srcnet": "100 Gbit/s"}),
        site("CH", 1, {"capacity": "90 PB"}),
        policy(
            "p",
            ("region", {"online": 1}),
            volume=[{"from": 2026, "rate": "3 PB/yr"}],
            arrives=FROM_AU,
        ),
        downtime("CHSRC-S1", 9, 9 + days),
    )
    assert the(
        asked(world(*files)), Question.TRANSFERS if days > 7 else Question.TOGETHER
    ).verdict is (verdict)


def test_a_phase_that_empties_may_do_so_late() -> None:
    """What leaves the first phase at the end of a year is there for the deadline after it."""
    phases = (("region", {"online": 1}), ("site", {"online": 1}))
    volume = [{"from": 2026, "rate": "3 PB/yr"}, {"from": 2027, "amount": "1 TB"}]
    files = (
        site("AU", 0, {**INGEST}, network={"srcnet": "100 Gbit/s"}),
        site("CH", 1, {"capacity": "90 PB"}),
        policy("p", *phases, volume=volume, arrives=FROM_AU),
    )
    assert the(asked(world(*files)), Question.TOGETHER).verdict is Verdict.POSSIBLE


def ending(until: str, capacity: str) -> Built:
    """100 TB a year come in at AU over a narrow uplink and end at CH at the age of `until`."""
    (built,) = policy(
        "p",
        ("region", {"online": 1}),
        volume=[{"from": 2026, "rate": "100 TB/yr"}],
        arrives=FROM_AU,
    ).items()
    ends = built[1].replace('"apart"', f'"until": "{until}", "then": "no copy is kept", "apart"', 1)
    assert ends != built[1]
    return world(
        site("AU", 0, {**INGEST}, network={"srcnet": "1 Gbit/s"}),
        site("CH", 1, {"capacity": capacity}),
        {built[0]: ends},
    )


@pytest.mark.parametrize(
    ("until", "capacity", "verdict"),
    [
        ("3 months", "25 TB", Verdict.POSSIBLE),
        ("3 months", "24 TB", Verdict.IMPOSSIBLE),
        ("18 months", "150 TB", Verdict.POSSIBLE),
        ("18 months", "149 TB", Verdict.IMPOSSIBLE),
    ],
)
def test_an_area_need_hold_only_what_has_not_ended(
    until: str, capacity: str, verdict: Verdict
) -> None:
    question = Question.TOGETHER if verdict is Verdict.POSSIBLE else Question.SPACE
    assert the(asked(ending(until, capacity)), question).verdict is verdict


def test_what_ends_must_be_brought_all_the_same() -> None:
    """Although little is there at any time, all of it goes over the uplink."""
    narrow = arriving("4100 TB/yr", "1 Gbit/s")
    assert the(asked(narrow), Question.TRANSFERS).verdict is Verdict.IMPOSSIBLE
    (path, text), *_ = policy(
        "p", ("region", {"online": 2}), volume=[{"from": 2026, "rate": "4100 TB/yr"}],
        arrives=FROM_AU,
    ).items()  # fmt: skip
    ends = text.replace('"apart"', '"until": "1 months", "then": "no copy is kept", "apart"', 1)
    files = (
        site("AU", 0, {**INGEST}, network={"srcnet": "1 Gbit/s"}),
        site("CH", 1, {"capacity": "90 PB"}),
        site("CA", 2, {"capacity": "90 PB"}),
        {path: ends},
    )
    assert the(asked(world(*files)), Question.TRANSFERS).verdict is Verdict.IMPOSSIBLE


def test_a_draft_limit_holds_nobody_back_until_it_is_agreed_and_is_named() -> None:
    built = arriving("4100 TB/yr", "1 Gbit/s", status="draft", source="a guess")
    found = asked(built)
    assert found.is_agreed_possible
    drafted = the(found, Question.TRANSFERS, drafts=True)
    assert drafted.verdict is Verdict.IMPOSSIBLE
    assert drafted.shortfall is not None
    assert any(span.file == "site-specs/aussrc-s0.yaml" for span in drafted.shortfall.drafts)


def test_nobody_is_asked_where_the_specs_limit_no_transfer() -> None:
    built = world(
        *TWO, policy("p", ("region", {"online": 1}), volume=[{"from": 2026, "amount": "1 TB"}])
    )
    assert not the(asked(built), Question.TRANSFERS).asked


def test_drives_hold_back_what_goes_to_tape_and_what_comes_from_it() -> None:
    def archive(write: str, read: str, recalled: str) -> Feasibility:
        tape = {"class": "T2", "tier": "nearline", "capacity": "90 PB"}
        tape["throughput"] = {"write": write, "read": read}  # type: ignore[assignment]
        recall = {"to": {"tier": "online"}, "keep": "14 d", "expected": recalled}
        return asked(
            world(
                site("CH", 0, {"capacity": "90 PB"}),
                site("AU", 1, tape),
                policy(
                    "p",
                    ("region", {"online": 1, "nearline": 1}),
                    volume=[{"from": 2026, "rate": "3900 TB/yr"}],
                    recall=recall,
                ),
            )
        )

    assert the(archive("1 Gbit/s", "1 Gbit/s", "3 PB/yr"), Question.TOGETHER).verdict is (
        Verdict.POSSIBLE
    )
    slow = the(archive("900 Mbit/s", "1 Gbit/s", "3 PB/yr"), Question.TRANSFERS).shortfall
    assert slow is not None
    assert "can write" in slow.sentence
    unread = the(archive("1 Gbit/s", "1 Gbit/s", "4 PB/yr"), Question.TRANSFERS).shortfall
    assert unread is not None
    assert "what is recalled of `p`" in unread.sentence
    assert "can read" in unread.sentence


# ── grouping, and the real federation ─────────────────────────────────────────────────────────


@given(sizes=st.lists(st.integers(1, 20), min_size=2, max_size=4))
@settings(deadline=None, max_examples=20)
def test_policies_that_ask_for_the_same_are_as_one(sizes: list[int]) -> None:
    sites = [site(c, n, {"capacity": "20 TB"}) for n, c in enumerate(("CH", "AU", "CA"))]

    def asking(*amounts: int) -> Answer:
        parts = [
            policy(f"p{n}", ("region", {"online": 2}), volume=[{"from": 2026, "amount": f"{a} TB"}])
            for n, a in enumerate(amounts)
        ]
        return the(asked(world(*sites, *parts)), Question.SPACE)

    apart, together = asking(*sizes), asking(sum(sizes))
    assert apart.verdict is together.verdict
    assert apart.growth == together.growth


def test_the_real_federation_fits_as_agreed_and_not_with_its_drafts() -> None:
    result = compiled(REAL)
    assert result.federation is not None
    assert isinstance(result.analysis, Analysis)
    found = feasibility(result.federation, result.analysis)
    agreed = the(found, Question.SPACE)
    assert agreed.verdict is Verdict.POSSIBLE
    assert found.is_agreed_possible
    drafts = the(found, Question.SPACE, drafts=True)
    assert drafts.verdict is Verdict.IMPOSSIBLE
    assert drafts.shortfall is not None
    assert drafts.shortfall.until.year == 2027
    files = {span.file for span in drafts.shortfall.drafts}
    assert files == {"policies/data/observatory-data-products.yaml"}
    # two copies of 30 PB and of the campaign, on all that is pledged online
    assert drafts.shortfall.needed == 2 * (30 * 1000 + 150) * TB
    assert drafts.shortfall.there == sum(
        area.pledged or 0 for area in result.federation.areas.values() if area.counts
    )
