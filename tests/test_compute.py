"""Compute in the linked federation: exact amounts, resolved names, places, in any order."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from specs import GOLDEN, TODAY, compile_texts, texts

from srcnet_compiler.analysis.windows import HORIZON, check_windows
from srcnet_compiler.diagnostic import Code
from srcnet_compiler.federation.compute import SlurmVersion, Window, parse_version
from srcnet_compiler.federation.model import Secret
from srcnet_compiler.quantity import format_duration

FILES = texts(GOLDEN)
ALLOCATION = "policies/allocation/cycle-0.yaml"
QUEUES = "policies/compute/queues.yaml"
SITE = "site-specs/chsrc-cscs.yaml"


@pytest.fixture(scope="module")
def compute(golden):
    assert golden.federation is not None
    return golden.federation.compute


@pytest.fixture(scope="module")
def common(compute):
    return compute.clusters[0]


def quoted(span):
    line = FILES[span.file].split("\n")[span.line - 1]
    return line[span.column - 1 : span.end_column - 1]


def test_a_cluster_has_exact_amounts_and_resolved_names(compute, common):
    assert [cluster.label for cluster in compute.clusters] == [
        "CHSRC-CSCS/common",
        "CHSRC-CSCS/own",
    ]
    assert common.version == SlurmVersion(22, 5, 8)
    assert common.timezone == "Europe/Zurich"
    assert common.allows == ("accounting", "reservations", "partitions")
    assert [len(group.names) for group in common.nodes] == [20, 4]
    assert common.nodes[1].names == ("gpu01", "gpu02", "gpu03", "gpu04")
    assert common.nodes[1].gpus == {"a100": 4}
    assert (common.node_count, common.cores, common.gpus) == (24, 20 * 128 + 4 * 64, 16)
    assert common.memory == (20 * 512 + 4 * 1024) * 2**30
    assert common.share.guaranteed.cores == 512
    assert common.share.ceiling.memory == 5 * 2**40
    assert common.queues == ("batch", "development", "interactive", "trials", "visualisation")


def test_one_database_is_one_value(compute):
    first, second = compute.clusters
    assert first.database == second.database
    assert first.database.place == "CHSRC-CSCS"


def test_who_reads_is_another_where_the_site_says_so(compute, common):
    assert common.controller.user == "srcnet"
    assert common.controller.read_user == "srcnet-reader"
    assert common.controller.read_secret == Secret("env", "CHSRC_SLURM_READING_KEY")
    own = compute.clusters[1].controller
    assert (own.port, own.user, own.read_user) == (2222, None, None)
    assert own.read_secret == own.secret == Secret("env", "CHSRC_SLURM_KEY")


def test_a_reader_without_a_user_is_the_user_that_changes():
    text = FILES[SITE].replace("{user: srcnet-reader, ", "{", 1)
    controller = compile_texts({**FILES, SITE: text}).federation.compute.clusters[0].controller
    assert controller.read_user == "srcnet"
    assert controller.read_secret != controller.secret


def test_windows_have_days_minutes_and_places(common):
    day, night = common.windows
    assert (day.days, day.start, day.end, day.minutes) == (tuple(range(7)), 540, 1080, 540)
    assert (night.days, night.minutes) == ((5, 6), 600)
    assert quoted(day.place) == '"09:00-18:00"'
    assert quoted(night.place) == '"20:00-06:00"'


def test_queues_have_their_policy_s_drafts_and_their_own(compute):
    queues = compute.policy.queues
    assert [*queues] == sorted(queues)
    assert queues["batch"].preemptible
    assert queues["visualisation"].start == 300
    assert queues["visualisation"].windows
    assert queues["visualisation"].exclusive
    assert queues["interactive"].per_user.memory == 64 * 2**30
    assert [quoted(place) for place in queues["trials"].drafts] == ["draft"]
    assert compute.policy.scratch.keep == 0
    assert compute.policy.carries == ("federated identity", "project", "image digest")


def test_an_allocation_has_its_clusters_and_projects(compute, common):
    (allocation,) = compute.allocations
    eor, hi, transients = allocation.projects
    assert [*compute.allocated(common)] == [allocation]
    assert [*compute.allocated(compute.clusters[1])] == []
    assert (eor.share, hi.share, transients.share) == (6000, 3050, None)
    assert eor.hours.cores == 4_000_000 * 3600
    assert eor.queues == tuple(sorted(compute.policy.queues))
    assert hi.queues == ("batch", "development")
    assert hi.groups == ("/projects/hi-survey", "/projects/eor")
    assert transients.drafts
    assert allocation.seconds == 365 * 86_400
    assert allocation.holds_on(date(2026, 10, 1))
    assert allocation.holds_on(date(2027, 9, 30))
    assert not allocation.holds_on(date(2027, 10, 1))


def test_every_amount_knows_where_it_was_written(compute, common):
    (allocation,) = compute.allocations
    eor = allocation.projects[0]
    places = {
        "1280": common.share.ceiling.origin.at("cores"),
        "48 h": compute.policy.queues["batch"].origin.at("walltime"),
        "60 %": eor.origin.at("share"),
        "4000000 h": eor.hours.origin.at("cores"),
        '"22.05.8"': common.origin.at("version"),
        "within 5 min": compute.policy.queues["visualisation"].origin.at("start"),
        "ska": compute.policy.origin.at("prefix"),
    }
    assert {text: quoted(span) for text, span in places.items()} == {text: text for text in places}


def test_the_order_of_files_changes_nothing(compute):
    names = [ALLOCATION, QUEUES, SITE]
    for order in permutations(names):
        rest = {name: text for name, text in FILES.items() if name not in names}
        files = {**{name: FILES[name] for name in order}, **rest}
        assert compile_texts(files).federation.compute == compute


def test_nobody_is_named_in_the_model(compute):
    assert "@" not in repr(compute)


@pytest.mark.parametrize(
    ("file", "before", "after", "severity"),
    [
        (SITE, "cores: 1280", "cores: 99999", "error"),
        (QUEUES, "status: agreed", "status: draft", "error"),  # what is agreed rests on it
        (SITE, "share:\n", "share:\n          status: draft\n", None),
        (ALLOCATION, "share: 30.5 %", "share: 40.5 %", "error"),
        (ALLOCATION, "status: agreed", "status: draft", None),
    ],
)
def test_a_draft_is_no_error_but_what_is_agreed_may_not_rest_on_it(file, before, after, severity):
    files = {**FILES, file: FILES[file].replace(before, after, 1)}
    compiled = compile_texts(files)
    assert {found.severity.value for found in compiled.diagnostics} == ({severity} - {None})


NO_LONGER_WAIVED = (
    "`trial-products` is to be carried out, but its namespace `trial` is only a draft"
)


def test_a_waiver_may_accept_the_draft_of_a_cluster_a_queue_or_a_project():
    text = FILES["policies/lifecycle.yaml"]
    unused = "`CHSRC-CSCS/common` rests on no draft that could be set aside"
    for name, more in (
        ("CHSRC-CSCS/common", [(Code.WAIVER_UNUSED, unused)]),
        ("queues", []),
        ("trials", []),
        ("cycle-0", []),
        ("transients", []),
    ):
        files = {
            **FILES,
            "policies/lifecycle.yaml": text.replace("of: trial\n", f"of: {name}\n", 1),
        }
        found = [(each.code, each.message) for each in compile_texts(files).diagnostics]
        assert found == [(Code.RESTS_ON_DRAFT, NO_LONGER_WAIVED), *more], name
    files = {**FILES, "policies/lifecycle.yaml": text.replace("of: trial\n", "of: trails\n", 1)}
    assert "did you mean `trials`?" in [d.help for d in compile_texts(files).diagnostics]


def test_what_ends_is_still_there_and_says_so():
    head = "apiVersion: srcnet.skao.int/v1alpha2\nkind: Retired\nmetadata: {name: e%s}\nspec:\n"
    rest = "  reason: over\n  approvedBy: {group: /roles/int/oper}\n  until: 2027-03-01\n---\n"
    ends = (
        "queue: development",
        "project: eor",
        "window: CHSRC-CSCS/common/nights",
        "cluster: CHSRC-CSCS/own",
    )
    text = "".join(f"{head % n}  {end}\n{rest}" for n, end in enumerate(ends)).removesuffix("---\n")
    compute = compile_texts({**FILES, "policies/ends.yaml": text}).federation.compute
    common, own = compute.clusters
    assert {name for name, q in compute.policy.queues.items() if q.retired} == {"development"}
    assert [p.name for p in compute.allocations[0].projects if p.retired] == ["eor"]
    assert [w.name for w in common.windows if w.retired] == ["nights"]
    assert (common.in_use, own.in_use) == (True, False)


@pytest.mark.parametrize("text", ["22.05", "22.05.8", "24.11", "25.05.10"])
def test_a_version_survives_reading_and_writing(text):
    assert str(parse_version(text)) == text


def test_versions_have_an_order():
    texts_in_order = ["22.05", "22.05.0", "22.05.8", "22.05.11", "23.02", "24.11"]
    versions = [parse_version(text) for text in texts_in_order]
    assert versions == sorted(versions)


# ── clocks ────────────────────────────────────────────────────────────────────────────────────

ZONES = ["Europe/Zurich", "America/Santiago", "Australia/Lord_Howe", "Asia/Tokyo", "Africa/Cairo"]


def oracle(window: Window, zone: str) -> bool:
    """Whether some edge of the window in the year is no time, or two, going by UTC alone."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    edges = []
    for number in range(-1, HORIZON):
        day = TODAY + timedelta(days=number)
        if day.weekday() in window.days:
            later = day + timedelta(days=window.end <= window.start)
            edges += [(day, window.start, False), (later, window.end, True)]
    shown: dict[tuple[date, int], int] = {}
    moment = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC) - timedelta(days=2)
    for _ in range((HORIZON + 4) * 48):
        clock = moment.astimezone(ZoneInfo(zone))
        key = (clock.date(), clock.hour * 60 + clock.minute)
        shown[key] = shown.get(key, 0) + 1
        moment += timedelta(minutes=30)
    for day, minute, ends in edges:
        if not TODAY <= day < TODAY + timedelta(days=HORIZON):
            continue
        times = shown.get((day, minute), 0)
        before = shown.get((day, minute - 30), 0) if minute else 1
        if times > 1 or (times == 0 and not (ends and before)):
            return True
    return False


@given(
    st.sampled_from(ZONES),
    st.integers(0, 9) | st.integers(40, 47),
    st.integers(0, 9) | st.integers(40, 47),
    st.sets(st.integers(0, 6), min_size=1),
)
def test_an_hour_that_clocks_leave_out_or_show_twice_is_found_and_no_other(
    golden, zone, start, end, days
):
    federation = golden.federation
    cluster = federation.compute.clusters[0]
    window = replace(
        cluster.windows[0], start=start * 30, end=end * 30, days=tuple(sorted(days)), nodes=1
    )
    sites = {
        **federation.sites,
        cluster.site: replace(federation.sites[cluster.site], timezone=zone),
    }
    changed = replace(
        federation,
        sites=sites,
        compute=replace(federation.compute, clusters=(replace(cluster, windows=(window,)),)),
    )
    found = [each.code.value for each in check_windows(changed, TODAY)]
    assert found == (["window-at-time-change"] if oracle(window, zone) else [])


def test_lengths_of_time_are_written_as_people_do():
    assert [format_duration(n) for n in (90, 60, 5400, 172_800)] == [
        "90 s",
        "1 min",
        "90 min",
        "2 d",
    ]
