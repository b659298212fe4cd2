"""What changes cost is what was seen: the table follows from the recordings, and says no more."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from experiments.slurm_cost import table, transcript
from experiments.slurm_cost.cases import CASES
from experiments.slurm_cost.derive import is_harmed, trial
from srcnet_compiler.change import Impact
from srcnet_compiler.targets.slurm.model.cost import KINDS, cost, trials_for
from srcnet_compiler.targets.slurm.model.measured import TRIALS
from srcnet_compiler.targets.slurm.model.trial import Outcome, Source, Trial

VERSIONS = ((22, 5), (23, 11), (24, 11))
IMPACTS = {
    Impact.COSMETIC: Outcome.NOTHING,
    Impact.ADDITIVE: Outcome.NOTHING,
    Impact.RECONFIGURE: Outcome.RECONFIGURE,
    Impact.RESTART: Outcome.RESTART,
    Impact.DRAINS_JOBS: Outcome.DRAIN,
}


def seen(case: str, version: str = "22.05") -> dict[str, Any]:
    """A record of the experiment, to be falsified."""
    recorded = table.recording(table.RECORDINGS / version)["cases"]
    return copy.deepcopy(next(each for each in recorded if each["case"] == case))


def step(raw: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in raw["steps"] if each["step"] == name)


# ── from the recordings to the table ──────────────────────────────────────────────────────────


def test_the_table_is_what_follows_from_the_recordings():
    """`python -m experiments.slurm_cost table` makes it so."""
    assert table.TABLE.read_text("utf-8") == table.text()
    assert table.trials() == TRIALS


def test_every_case_was_tried_and_nothing_else_is_recorded():
    tried = [each["case"] for each in table.recording(table.RECORDINGS / "22.05")["cases"]]
    assert tried == [case.name for case in CASES]


def test_what_was_recorded_says_of_what_as_the_cases_do_now():
    for case in CASES:
        raw = seen(case.name)
        assert (raw["change"], raw["kind"], raw["shows"]) == (case.change, case.kind, case.shows)
        did = step(raw, "change")["did"]
        assert [each["typed"] for each in did if "typed" in each] == list(case.typed)
        assert len(did) == len(case.typed) + len(case.edits)


def test_the_recording_of_24_11_is_what_its_transcript_says():
    folder = table.RECORDINGS / transcript.FOLDER
    assert table.recording(folder)["cases"] == sorted(
        transcript.raw(folder), key=lambda raw: [case.name for case in CASES].index(raw["case"])
    )
    assert "not made again" in table.recording(folder)["how"]
    sources = {each.source for each in TRIALS if each.version == transcript.VERSION}
    assert Source.EXPERIMENT not in sources


def test_a_line_changed_in_the_transcript_changes_what_is_concluded(tmp_path):
    folder = table.RECORDINGS / transcript.FOLDER
    for name in (transcript.TRANSCRIPT, "reservation.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    text = (tmp_path / transcript.TRANSCRIPT).read_text()
    (tmp_path / transcript.TRANSCRIPT).write_text(
        text.replace("parts=main* ska  job=1 RUNNING", "parts=main*  job=1 FAILED", 1)
    )
    (partition,) = (raw for raw in transcript.raw(tmp_path) if raw["case"] == "partition-new")
    found = trial(partition, transcript.VERSION)
    assert (found.outcome, found.others_go_on) == (Outcome.NEVER, False)


def test_nothing_of_the_machine_is_recorded():
    text = (table.RECORDINGS / "22.05" / table.RECORDING).read_text("utf-8")
    for trace in ("/tmp", "/var/", "/home", "srcnet-slurm", "127.0.", "NodeHostname=vm"):
        assert trace not in text


# ── what is concluded ─────────────────────────────────────────────────────────────────────────


def test_what_acts_at_once_costs_nothing():
    assert trial(seen("account-new"), "x").outcome is Outcome.NOTHING


def test_what_acts_only_after_a_reconfigure_costs_one():
    raw = seen("partition-new")
    assert trial(raw, "x").outcome is Outcome.RECONFIGURE
    step(raw, "change")["then"]["probe"]["said"].append("ska-own")
    assert trial(raw, "x").outcome is Outcome.NOTHING


def test_where_slurmctld_ended_nothing_acts_and_a_restart_is_the_price():
    raw = seen("partition-new")
    step(raw, "reconfigure")["then"]["slurmctld"] = "ended"
    found = trial(raw, "x")
    assert (found.outcome, found.exits) == (Outcome.RESTART, True)
    assert trial(seen("node-new"), "x").exits


def test_a_job_that_is_lost_makes_it_a_drain():
    raw = seen("partition-changed")
    assert trial(raw, "x").outcome is Outcome.RECONFIGURE
    step(raw, "reconfigure")["then"]["jobs"]["ours, running"] = "NODE_FAIL NodeDown"
    assert trial(raw, "x").outcome is Outcome.DRAIN


def test_a_job_of_others_that_is_lost_is_said_whenever_it_happened():
    raw = seen("partition-new")
    assert trial(raw, "x").others_go_on
    step(raw, "restart")["then"]["jobs"]["of others, pending"] = "CANCELLED None"
    assert trial(raw, "x").others_go_on is False


def test_what_is_refused_while_jobs_use_it_is_a_drain():
    raw = seen("account-removed-pending")
    found = trial(raw, "x")
    assert found.outcome is Outcome.DRAIN
    assert found.refused == "Error with request: Job(s) active, cancel job(s) before remove"
    del raw["before"]["jobs"]["ours, pending"]
    assert trial(raw, "x").outcome is Outcome.NEVER


def test_what_is_gone_after_the_next_reconfigure_does_not_last():
    found = trial(seen("scontrol-create"), "x")
    assert (found.outcome, found.lasts) == (Outcome.NOTHING, False)
    assert trial(seen("reservation-new"), "x").lasts


@pytest.mark.parametrize(
    ("before", "after", "harmed"),
    [
        ("RUNNING None", "RUNNING None", False),
        ("RUNNING None", "NODE_FAIL NodeDown", True),
        ("RUNNING None", "PENDING BeginTime", True),
        ("PENDING Resources", "RUNNING None", False),
        ("PENDING Resources", "PENDING Priority", False),
        ("PENDING Resources", "PENDING InvalidQOS", True),
        ("PENDING Reservation", "PENDING Reservation", False),
        ("PENDING Reservation", "PENDING ReservationDeleted", True),
        ("PENDING Resources", "CANCELLED None", True),
    ],
)
def test_a_job_is_worse_off_when_it_stops_or_will_never_start(before, after, harmed):
    assert is_harmed(before, after) is harmed


# ── what plans say ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_impact_is_that_of_the_worst_trial_and_each_is_named(kind: str, version):
    found, trials = cost(kind, version), trials_for(kind, version)
    assert IMPACTS[found.impact] is max((each.outcome for each in trials), key=list(Outcome).index)
    for each in trials:
        assert each in TRIALS
        assert each.outcome is not Outcome.NEVER
        assert f"{each.version}: " in found.evidence
        assert each.case in found.evidence


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_word_has_its_evidence(kind: str, version):
    words, trials = cost(kind, version).daemon, trials_for(kind, version)

    def some(holds) -> bool:
        return any(map(holds, trials))

    proofs = {
        "go on": all(each.others_go_on for each in trials),
        "would exit": some(lambda each: each.exits),
        "refused while": some(lambda each: each.refused and each.outcome is Outcome.DRAIN),
        "NODE_FAIL": some(lambda each: "NODE_FAIL NodeDown" in dict(each.ours).values()),
        "even a pending one": some(lambda each: is_lost(each, "ours, pending")),
        "may start later": some(lambda each: each.case == "reservation-delays"),
        "must be restarted": some(lambda each: each.outcome is Outcome.RESTART),
        "scontrol reconfigure": some(lambda each: each.outcome is Outcome.RECONFIGURE),
        "no daemon": some(lambda each: each.outcome is Outcome.NOTHING),
    }
    for said, proved in proofs.items():
        assert proved or said not in words, said


def is_lost(each: Trial, label: str) -> bool:
    state = dict(each.ours).get(label, "PENDING")
    return each.outcome is Outcome.DRAIN and not each.refused and is_harmed("PENDING x", state)


def test_between_two_versions_the_worse_holds_and_each_for_itself_at_its_own():
    older = [each for each in TRIALS if each.case == "node-new"]
    assert [each.outcome for each in older] == [Outcome.RESTART, Outcome.RECONFIGURE]
    assert cost("node", (22, 5)).impact is cost("node", (23, 2)).impact is Impact.RESTART
    assert cost("node", (24, 11)).impact is Impact.RECONFIGURE


def test_what_was_not_tried_at_a_version_is_said_to_be_known_from_another():
    assert cost("preempt-type", (24, 11)).evidence == "22.05.8: preempt-type"
    assert cost("accounting-text", (24, 11)).evidence == "22.05.8: account-text"


def test_no_kind_rests_on_notes_alone_at_both_versions():
    for kind in KINDS:
        assert any(each.source is not Source.NOTES for each in TRIALS if each.kind == kind)


def test_every_kind_that_a_plan_has_was_tried():
    plans = {"accounting", "accounting-text", "accounting-removal", "partition"}
    plans |= {"partition-removal", "reservation", "reservation-removal"}
    assert plans <= set(KINDS)
    for kind in plans:
        assert cost(kind, (22, 5)).daemon
