"""By when moves can be done: no sooner than is possible, and nothing that nobody has said."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from math import ceil
from pathlib import Path

import pytest
from cli_runner import srcnet
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from random_specs import Built
from specs import REAL, TODAY, repository, texts
from test_feasibility import FROM_AU, INGEST, MEMBERS, policy, site, world

from srcnet_compiler.feasibility.answer import Question, feasibility
from srcnet_compiler.feasibility.model import Move
from srcnet_compiler.feasibility.schedule import MOST_DAYS, Pair, Schedule, schedule
from srcnet_compiler.feasibility.solve import Verdict
from srcnet_compiler.names import SiteName
from srcnet_compiler.quantity import Bytes

START = datetime(2027, 1, 1, tzinfo=UTC)
TB = 10**12
GBIT_DAY = Fraction(10**9 * 86_400, 8)
NORTH, SOUTH, WEST = (SiteName(name) for name in ("CHSRC-S1", "AUSSRC-S1", "CANSRC-S1"))
SCHEMA = json.loads((REAL / "schemas/review.schema.json").read_text("utf-8"))
DAYS = {f"SRCNET_{name}_TODAY": str(TODAY) for name in ("CATALOGUE", "DIFF", "WHAT_IF")}
POLICY = "policies/data/v01-campaign.yaml"
CANADA, BRITAIN = "site-specs/cansrc-uvic.yaml", "site-specs/uksrc-ral.yaml"


def network(stated: str | None) -> dict[str, dict[str, str]]:
    return {} if stated is None else {"network": {"srcnet": stated}}


def asked(built: Built, wanted: dict[Pair, int], *, drafts: bool = False) -> Schedule | None:
    return schedule(built.federation, built.analysis, wanted, START, drafts=drafts)


# ── the days ──────────────────────────────────────────────────────────────────────────────────


def test_alone_it_takes_the_days_that_the_uplink_takes_and_a_day_less_is_proven_too_few():
    built = world(*sites_of(AU="1 Gbit/s"))
    found = asked(built, {(NORTH, SOUTH): 100 * TB})
    assert found is not None
    assert (found.first, found.last, found.days) == (date(2027, 1, 1), date(2027, 1, 10), 10)
    assert found.limit is not None
    assert found.limit.until == date(2027, 1, 9)
    assert found.limit.short == 100 * TB - 9 * GBIT_DAY
    assert [part.text for part in found.limit.haves] == ["the uplink of `AUSSRC-S1` carries in"]
    assert str(found.limit.haves[0].places[0].span).startswith("site-specs/aussrc-s1.yaml:")
    assert found.places == (found.limit.haves[0].places[0].span,)
    assert found.unknown == (NORTH,)


def test_what_nothing_limits_is_said_and_given_no_day():
    built = world(*sites_of(AU="1 Gbit/s"))
    assert asked(built, {(NORTH, WEST): 10 * TB}) is None
    found = asked(built, {(NORTH, WEST): 10 * TB, (NORTH, SOUTH): TB})
    assert found is not None
    assert found.unsaid == {(NORTH, WEST): 10 * TB}
    assert [*found.links] == [(NORTH, SOUTH)]


def test_a_draft_limits_only_where_drafts_are_asked_about():
    draft = {"network": {"srcnet": "1 Gbit/s", "status": "draft", "source": "a talk"}}
    built = world(
        site("CH", 1, {"capacity": "900 PB"}, status="agreed"),
        site("AU", 1, {"capacity": "900 PB"}, status="agreed", **draft),
    )
    wanted = {(NORTH, SOUTH): 100 * TB}
    assert asked(built, wanted) is None
    found = asked(built, wanted, drafts=True)
    assert found is not None
    assert found.days == 10
    assert found.limit is not None
    assert found.limit.drafts


def test_beside_what_arrives_it_takes_longer():
    wanted = {(SiteName("AUSSRC-S0"), NORTH): 300 * TB}
    files = (
        site("AU", 0, {**INGEST}, **network("1 Gbit/s")),
        site("CH", 1, {"capacity": "90 PB"}),
    )
    volume = [{"from": 2026, "rate": "1971 TB/yr"}]
    comes = policy("p", ("region", {"online": 1}), volume=volume, arrives=FROM_AU)
    alone = asked(world(*files), wanted)
    beside = asked(world(*files, comes), wanted)
    assert alone is not None
    assert beside is not None
    assert alone.days == 28
    # half of what the uplink carries is taken by what comes in there, seven days late at most
    assert beside.days == ceil((300 * TB - 7 * GBIT_DAY / 2) / (GBIT_DAY / 2))
    assert beside.limit is not None
    assert any("arrives" in part.text or "copies" in part.text for part in beside.limit.needs)
    assert any("move" in part.text for part in beside.limit.needs)


def test_a_downtime_is_kept():
    files = sites_of(AU="1 Gbit/s")
    down = {
        "site-specs/aussrc-s1/down.yaml": json.dumps(
            {
                "apiVersion": "srcnet.skao.int/v1alpha2",
                "kind": "Downtime",
                "metadata": {"name": "power"},
                "spec": {
                    "of": "AUSSRC-S1",
                    "from": "2027-01-03T00:00Z",
                    "to": "2027-01-08T00:00Z",
                    "reason": "work on the power supply",
                },
            }
        )
    }
    found = asked(world(*files, down), {(NORTH, SOUTH): 100 * TB})
    assert found is not None
    assert found.last == date(2027, 1, 15)
    for stretch in found.stretches:
        if datetime(2027, 1, 3, tzinfo=UTC) <= stretch.start < datetime(2027, 1, 8, tzinfo=UTC):
            assert not any(stretch.moved.values())


def test_what_ten_years_do_not_carry_does_not_fit_and_the_proof_says_why():
    found = asked(world(*sites_of(AU="1 Mbit/s")), {(NORTH, SOUTH): 100 * TB})
    assert found is not None
    assert (found.verdict, found.last, found.stretches) == (Verdict.IMPOSSIBLE, None, ())
    assert found.limit is not None
    carried = GBIT_DAY / 1000 * MOST_DAYS
    assert found.limit.short == 100 * TB - carried
    assert "the uplink of `AUSSRC-S1` carries in" in found.limit.sentence


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [(a, b) for a in (NORTH, SOUTH, WEST) for b in (NORTH, SOUTH, WEST) if a != b]
        ),
        st.integers(1, 300 * TB),
        min_size=1,
    ),
    st.fixed_dictionaries({name: st.sampled_from([None, 1, 2, 7]) for name in ("CH", "AU", "CA")}),
)
def test_the_day_is_the_one_that_simple_sums_give_and_every_stretch_fits(
    wanted: dict[Pair, int], rates: dict[str, int | None]
):
    built = world(*sites_of(**{c: f"{rate} Gbit/s" for c, rate in rates.items() if rate}))
    found = asked(built, wanted)
    stated = {
        SiteName(f"{MEMBERS[country]}-S1"): rate * GBIT_DAY
        for country, rate in rates.items()
        if rate is not None
    }
    limited = {pair: many for pair, many in wanted.items() if {*pair} & {*stated}}
    if not limited:
        assert found is None
        return
    assert found is not None
    assert found.moves == limited
    days = [
        ceil(sum(many for pair, many in limited.items() if pair[end] == name) / rate)
        for name, rate in stated.items()
        for end in (0, 1)
    ]
    assert found.days == max(1, *days)
    for pair, many in limited.items():
        assert sum(stretch.moved[pair] for stretch in found.stretches) == many
    for stretch in found.stretches:
        for name, rate in stated.items():
            # the solver's rows hold to one part in ten million of a petabyte
            assert all(each <= rate + 10**9 for each in stretch.per_day(name))
    assert found.left(len(found.stretches) - 1) == 0
    if found.days > 1:
        assert found.limit is not None
    for days, verdict in ((found.days, Verdict.POSSIBLE), (found.days - 1, Verdict.IMPOSSIBLE)):
        # the same put to the other command as planned moves
        end = START + timedelta(days=days)
        moves = [Move(f"{p}", *p, Bytes(many), START, end) for p, many in limited.items() if days]
        for one in feasibility(built.federation, built.analysis, moves).answers:
            assert one.verdict is verdict or one.question is Question.SPACE


def sites_of(**uplinks: str) -> list[dict[str, str]]:
    return [
        site(c, 1, {"capacity": "900 PB"}, status="agreed", **network(uplinks.get(c)))
        for c in ("CH", "AU", "CA")
    ]


# ── at the keyboard ───────────────────────────────────────────────────────────────────────────


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in texts(REAL).items():
        path = tmp_path / "specs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = repository(tmp_path / "specs")
    assert srcnet("catalogue", "snapshot", "--forecast", "2026", cwd=found, env=DAYS).code == 0
    edit(found / POLICY, "count: 2", "count: 3")
    return found


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def diff(folder: Path, *more: str) -> str:
    done = srcnet("diff", "main", "--catalogue", ".srcnet/catalogue", *more, cwd=folder, env=DAYS)
    assert done.code == 0, done
    return done.out


def test_where_nobody_states_an_uplink_no_reader_is_told_a_day(folder: Path):
    for more in ((), ("--policy",), ("--format", "markdown"), ("--policy", "--format", "html")):
        said = diff(folder, *more)
        assert "nothing can be said of the days: nobody states what the uplinks" in said
        assert "a day sooner" not in said
    assert json.loads(diff(folder, "--format", "json"))["movement"]["schedules"] == []


def test_with_uplinks_every_reader_is_told_the_days_and_why_not_sooner(folder: Path):
    edit(folder / CANADA, "  country: CA\n", "  country: CA\n  network: {srcnet: 1 Gbit/s}\n")
    for more in ((), ("--policy",), ("--format", "markdown"), ("--policy", "--format", "html")):
        said = diff(folder, *more)
        assert "by what is agreed: it fits, 2027-01-01 to 2027-01-10: 10 days at least" in said
        assert "the uplink of `CANSRC-UVIC` carries in 97.2 TB: 2.74 TB too little" in said
        assert f"{CANADA}:9:21" in said
        assert "nobody states what these uplinks carry, so it may take longer: AUSSRC" in said
    page = diff(folder, "--site", "CANSRC-UVIC")
    assert "by what is agreed: up to 10.8 TB/d in, up to 10.8 TB/d out, 2027-01-01 to" in page
    data = json.loads(diff(folder, "--format", "json"))
    Draft202012Validator(SCHEMA).validate(data)
    (found,) = data["movement"]["schedules"]
    assert (found["first"], found["last"], found["days"]) == ("2027-01-01", "2027-01-10", 10)
    assert found["proof"]["there"][0]["places"][0]["place"] == f"{CANADA}:9:21"
    copied = data["movement"]["after"]["copied"]
    assert sum(each["bytes"] for each in (*found["links"], *found["unsaid"])) <= sum(
        each["bytes"] for each in copied
    )
    assert found["stretches"][-1]["left"] == 0


def test_what_cannot_fit_is_proven_in_words_to_every_reader(folder: Path):
    edit(folder / CANADA, "  country: CA\n", "  country: CA\n  network: {srcnet: 100 kbit/s}\n")
    for more in ((), ("--policy",), ("--format", "markdown"), ("--policy", "--format", "html")):
        said = diff(folder, *more)
        assert "by what is agreed: it does not fit, proven" in said
        assert "the uplink of `CANSRC-UVIC` carries in" in said
    found = json.loads(diff(folder, "--format", "json"))["movement"]["schedules"][0]
    assert (found["verdict"], found["last"], found["stretches"]) == ("impossible", None, [])
    assert found["proof"]["short"] > 0


def test_what_rests_on_a_draft_is_told_apart(folder: Path):
    edit(folder / CANADA, "  country: CA\n", "  country: CA\n  network: {srcnet: 1 Gbit/s}\n")
    draft = "{srcnet: 100 Mbit/s, status: draft, source: a talk}"
    edit(folder / BRITAIN, "  country: GB\n", f"  country: GB\n  network: {draft}\n")
    first, second = json.loads(diff(folder, "--format", "json"))["movement"]["schedules"]
    assert (first["withDrafts"], second["withDrafts"]) == (False, True)
    assert (first["days"], second["days"]) == (10, 61)
    assert second["proof"]["drafts"]
    said = diff(folder)
    assert "with drafts: it fits, 2027-01-01 to" in said
    assert "rests on drafts: " in said


def test_to_mend_the_loss_of_a_site_takes_days_as_well(folder: Path):
    edit(folder / CANADA, "  country: CA\n", "  country: CA\n  network: {srcnet: 1 Gbit/s}\n")
    args = ("what-if", "--lose", "CNSRC-SHAO", "--catalogue", ".srcnet/catalogue")
    done = srcnet(*args, cwd=folder, env=DAYS)
    assert done.code == 0, done
    assert "By when, beside what arrives and is recalled" in done.out
    assert "by what is agreed: it fits, 2027-01-01 to " in done.out
