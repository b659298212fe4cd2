"""What changes on a cluster, in which order, at which cost; and what never does."""

import dataclasses
import json

import pytest
from hypothesis import given
from slurm_models import models, readings
from slurm_recordings import VERSIONS, WANTED, recorded

from srcnet_compiler.change import Action, Address, Impact
from srcnet_compiler.plan.build import waves
from srcnet_compiler.span import Span
from srcnet_compiler.targets.protocol import Gap, Reading
from srcnet_compiler.targets.slurm.diff import adoptions, diff, touched
from srcnet_compiler.targets.slurm.model import UNLIMITED, Job, SlurmModel
from srcnet_compiler.targets.slurm.model.cost import KINDS, cost
from srcnet_compiler.targets.slurm.model.things import (
    Account,
    Association,
    Partition,
    Qos,
    Reservation,
)

replace = dataclasses.replace


def names(changes):
    return [(change.action.value, change.address.kind, change.address.name) for change in changes]


# ── laws ──────────────────────────────────────────────────────────────────────────────────────


@given(models())
def test_what_is_already_so_needs_no_change(model: SlurmModel):
    assert diff(model, Reading(model)) == ()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("other", VERSIONS)
def test_what_one_version_shows_needs_no_change_on_the_other(version: str, other: str):
    wanted = recorded(version).model
    assert diff(wanted, recorded(other)) == ()


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_goes_because_it_is_absent(version: str):
    assert diff(WANTED, recorded(version)) == ()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_spec_that_names_a_thing_of_others_changes_nothing_of_it(version: str):
    """Whatever let it come that far: the last word is here, before the module's own."""
    theirs = {
        "qos": {"astro-long": Qos("astro-long", priority=99)},
        "reservations": {"astro": Reservation("astro", "07:30:00", 60, accounts=("ska",))},
        "partitions": {"main": Partition("main", "a1")},
        "accounts": {"physics": Account("physics", "root")},
    }
    wanted = replace(WANTED, **{kind: {**getattr(WANTED, kind), **theirs[kind]} for kind in theirs})
    found = diff(wanted, recorded(version)), adoptions(wanted, recorded(version))
    assert not {c.address.name for changes in found for c in changes} & {
        name for things in theirs.values() for name in things
    }


@given(models(), readings())
def test_what_others_made_is_never_in_a_diff(wanted: SlurmModel, seen: SlurmModel):
    others = {
        *(("account", name) for name in seen.foreign.accounts),
        *(("qos", name) for name in seen.foreign.qos),
        *(("partition", name) for name in seen.foreign.partitions),
        *(("reservation", name) for name in seen.foreign.reservations),
    }
    for change in (*diff(wanted, Reading(seen)), *adoptions(wanted, Reading(seen))):
        kind, name = change.address.kind, change.address.name
        assert (kind, name) not in others
        if kind == "association":
            assert name.partition("/")[0] not in seen.foreign.accounts


@given(models(), readings())
def test_a_change_comes_after_all_it_needs(wanted: SlurmModel, seen: SlurmModel):
    place = {}
    for depth, wave in enumerate(waves(diff(wanted, Reading(seen)))):
        for change in wave:
            place.setdefault(change.address, depth)
            for needed in change.needs:
                if needed != change.address and needed in place:
                    assert place[needed] < depth
    created = {c.address for c in diff(wanted, Reading(seen)) if c.action is Action.CREATE}
    for found in created:
        if found.kind == "account":
            above = Address("slurm", "sitea", "account", wanted.accounts[found.name].parent)
            assert above not in created or place[above] < place[found]


@given(models(), readings())
def test_only_stated_fields_change(wanted: SlurmModel, seen: SlurmModel):
    for change in diff(wanted, Reading(seen)):
        thing = wanted.find(change.address.kind, change.address.name)
        if thing is None:
            assert change.action is Action.RETIRE
            continue
        for field in change.fields:
            assert field.after == thing.fields()[field.name]
            assert field.before != field.after


@given(models(), readings())
def test_nothing_changes_under_a_gap(wanted: SlurmModel, seen: SlurmModel):
    for kind in ("qos", "account", "association", "partition", "reservation"):
        gap = Gap(Address("slurm", "sitea", kind, ""), "unreadable")
        changes = diff(wanted, Reading(seen, (gap,)))
        assert kind not in {change.address.kind for change in changes}
    assert diff(wanted, Reading(seen, (Gap(Address("slurm", "sitea", "", ""), "x"),))) == ()


# ── what is missing, and what differs ─────────────────────────────────────────────────────────

SMALL = replace(
    WANTED,
    qos={"ska-batch": Qos("ska-batch", priority=10), "ska-a": Qos("ska-a", preempt=("ska-batch",))},
    accounts={"ska": Account("ska", "root"), "ska-a": Account("ska-a", "ska")},
    associations={"ska-a/bob": Association("ska-a", "bob", qos=("ska-batch",))},
    partitions={"ska": Partition("ska", "a1", allow_accounts=("ska-a",), allow_qos=("ska-a",))},
    reservations={"ska_v": Reservation("ska_v", "07:30:00", 3600, "a1", accounts=("ska-a",))},
)
EMPTY = Reading(replace(WANTED, version=(22, 5)))


def test_qos_come_before_associations_and_accounts_before_partitions_and_windows():
    assert names(diff(SMALL, EMPTY)) == [
        ("create", "qos", "ska-batch"),
        ("create", "qos", "ska-a"),
        ("create", "account", "ska"),
        ("create", "account", "ska-a"),
        ("create", "association", "ska-a/bob"),
        ("create", "partition", "ska"),
        ("create", "reservation", "ska_v"),
    ]
    assert [[c.address.name for c in wave] for wave in waves(diff(SMALL, EMPTY))] == [
        ["ska-batch", "ska"],
        ["ska-a", "ska-a"],
        ["ska-a/bob", "ska", "ska_v"],
    ]


def test_a_change_says_what_it_does_to_the_daemon_and_to_jobs():
    seen = recorded("22.05")
    wanted = replace(
        seen.model,
        qos={**seen.model.qos, "ska-batch": Qos("ska-batch", priority=11)},
        accounts={**seen.model.accounts, "ska-hi": Account("ska-hi", "ska", "hydrogen")},
        partitions={"ska": Partition("ska", "a[1-2]", max_time=7200)},
    )
    qos, account, partition = diff(wanted, seen)

    assert [(f.name, f.before, f.after) for f in qos.fields] == [("Priority", 10, 11)]
    assert qos.impact is Impact.ADDITIVE
    assert qos.reason == (
        "no daemon is touched: slurmctld hears of it from the database;"
        " it has 2 running and 4 pending jobs"
    )
    assert account.impact is Impact.COSMETIC
    assert partition.impact is Impact.RECONFIGURE
    assert "scontrol reconfigure" in partition.reason
    assert partition.reason.endswith("it has 2 running and 3 pending jobs")


def test_a_limit_that_is_not_stated_stays_and_one_that_is_unlimited_goes():
    seen = recorded("24.11")
    wanted = replace(
        WANTED,
        accounts=seen.model.accounts,
        associations={"ska-hi": Association("ska-hi", max_jobs=UNLIMITED, max_tres={})},
    )
    (change,) = diff(wanted, seen)
    assert [(f.name, f.before, f.after) for f in change.fields] == [
        ("MaxTRESPerJob", {"cpu": 2, "gres/scratch": 10}, {}),
        ("MaxJobs", 3, UNLIMITED),
    ]


def test_a_name_without_our_prefix_is_never_touched():
    wanted = replace(
        WANTED,
        qos={"normal": Qos("normal", priority=99), "skaters": Qos("skaters", priority=1)},
        reservations={"upkeep": Reservation("upkeep", "07:30:00", 60, "a1")},
        accounts={"physics": Account("physics", "ska"), "biology": Account("biology", "root")},
        associations={"physics/alice": Association("physics", "alice", fairshare=9)},
        partitions={"main": Partition("main", "a1")},
    )
    assert diff(wanted, recorded("22.05")) == ()


def test_without_a_fragment_there_are_no_partitions():
    wanted = replace(WANTED, fragment="", partitions={"ska-x": Partition("ska-x", "a1")})
    assert diff(wanted, recorded("22.05")) == ()


def test_a_partition_that_is_written_and_not_loaded_is_created():
    """Somebody was stopped between writing the file and telling the daemon."""
    seen = recorded("22.05").model
    live = {name: each for name, each in seen.partitions.items() if name != "ska-dev"}
    found = diff(
        replace(WANTED, partitions=seen.partitions), Reading(replace(seen, partitions=live))
    )
    assert names(found) == [("create", "partition", "ska-dev")]


def test_each_field_carries_its_place():
    place = Span("policies/compute/queues.yaml", 7, 3, 7, 9)
    seen = recorded("22.05")
    wanted = replace(
        WANTED, qos={"ska-batch": Qos("ska-batch", priority=1, origins={"Priority": (place,)})}
    )
    (change,) = diff(wanted, seen)
    assert change.fields[0].origin == place


def test_first_contact_takes_over_and_changes_nothing():
    seen = recorded("22.05")
    wanted = replace(WANTED, qos={"ska-batch": Qos("ska-batch", priority=11, grace=0)})
    (found,) = adoptions(wanted, seen)
    assert [(f.name, f.before, f.after) for f in found.fields] == [("GraceTime", 0, 0)]
    assert found.impact is Impact.COSMETIC


def test_what_is_of_others_by_its_name_is_not_taken_over_where_it_was_read_among_ours():
    theirs = {"qos": {"normal": Qos("normal")}, "accounts": {"physics": Account("physics", "root")}}
    seen = replace(recorded("22.05").model, **theirs)
    foreign = replace(seen.foreign, accounts={"physics": "root"})
    seen = replace(seen, foreign=foreign)
    assert adoptions(replace(WANTED, **theirs), Reading(seen)) == ()


# ── what ends ─────────────────────────────────────────────────────────────────────────────────


def ending(*keys, seen=None):
    return diff(
        replace(WANTED, ended=dict.fromkeys(keys, "it is retired")), seen or recorded("22.05")
    )


def test_a_partition_with_jobs_is_drained_and_goes_after_its_last_one():
    drain, gone = ending(("partition", "ska"))

    assert (drain.action, gone.action) == (Action.UPDATE, Action.RETIRE)
    assert [(f.name, f.before, f.after) for f in drain.fields] == [("State", "UP", "DRAIN")]
    assert drain.waits == ()
    assert drain.impact is gone.impact is Impact.DRAINS_JOBS
    assert [(w.kind, json.loads(w.subject)) for w in gone.waits] == [
        ("partition-idle", {"partition": "ska"})
    ]
    assert "2 running and 3 pending jobs" in gone.reason
    assert waves([drain, gone]) == ((drain,), (gone,))


def test_a_partition_that_is_drained_already_only_goes():
    (gone,) = ending(("partition", "ska-dev"))
    assert gone.action is Action.RETIRE
    assert gone.waits


def test_an_empty_partition_is_drained_too_since_a_job_may_come_any_moment():
    seen = recorded("22.05")
    calm = Reading(replace(seen.model, jobs=()))
    assert [c.action for c in ending(("partition", "ska"), seen=calm)] == [
        Action.UPDATE,
        Action.RETIRE,
    ]


def test_a_pending_job_counts_wherever_it_might_run():
    seen = recorded("22.05").model
    job = Job("9", running=False, account="physics", user="alice", qos="normal",
              partitions=("main", "ska-dev"))  # fmt: skip
    assert touched(replace(seen, jobs=(job,)), "partition", "ska-dev") == (job,)


def test_an_account_goes_after_its_members_and_who_lets_it_in():
    seen = recorded("22.05")
    members = [("association", name) for name in ("ska-hi", "ska-hi/bob")]
    wanted = replace(
        WANTED,
        ended=dict.fromkeys([("account", "ska-hi"), *members], "its project is over"),
        partitions={"ska": Partition("ska", "a[1-2]", allow_accounts=("ska", "ska-eor"))},
    )
    order = [[c.address.name for c in wave] for wave in waves(diff(wanted, seen))]
    assert order == [["ska", "ska-hi", "ska-hi/bob"], ["ska-hi"]]


def test_who_is_no_longer_a_member_loses_the_association_once_the_jobs_are_done():
    seen = recorded("22.05")
    wanted = replace(
        WANTED,
        accounts=seen.model.accounts,
        associations={"ska-eor/carol": seen.model.associations["ska-eor/carol"]},
        complete=frozenset({"ska-eor"}),
    )
    (gone,) = diff(wanted, seen)
    assert names([gone]) == [("retire", "association", "ska-eor/bob/ska")]
    assert gone.reason.startswith("bob is no longer a member of ska-eor")
    assert json.loads(gone.waits[0].subject) == {
        "account": "ska-eor", "partition": "ska", "user": "bob"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("others", "theirs", "after"),
    [(["ska-eor/bob/ska"], ("physics",), "ska-eor"), ([], ("physics",), "physics"), ([], (), None)],
)
def test_who_leaves_his_default_account_gets_another_that_he_is_in(others, theirs, after):
    seen = recorded("24.11").model
    kept = {n: a for n, a in seen.associations.items() if a.user != "bob" or n in others}
    here = {**kept, "ska-hi/bob": seen.associations["ska-hi/bob"]}
    foreign = replace(seen.foreign, members={"bob": theirs})
    wanted = replace(WANTED, accounts=seen.accounts, associations=kept,
                     complete=frozenset({"ska-hi"}))  # fmt: skip

    (gone,) = diff(wanted, Reading(replace(seen, associations=here, foreign=foreign)))

    default = gone.fields[-1]
    assert (default.name, default.before, default.after) == ("DefaultAccount", "ska-hi", after)


def test_without_a_list_of_members_nobody_goes():
    seen = recorded("22.05")
    assert diff(replace(WANTED, accounts=seen.model.accounts), seen) == ()


def test_what_ends_and_is_not_there_or_is_wanted_again_needs_nothing():
    assert ending(("qos", "ska-gone"), ("account", "physics"), ("partition", "main")) == ()
    seen = recorded("22.05")
    wanted = replace(seen.model, ended={("qos", "ska-batch"): "no"})
    assert diff(wanted, seen) == ()


# ── costs ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_change_has_a_cost_at_every_version(kind: str):
    for version in ((0, 0), (22, 5), (23, 11), (24, 11), (26, 5)):
        found = cost(kind, version)
        assert found.daemon
        assert found.evidence


def test_a_node_costs_a_restart_on_22_05_and_a_reconfigure_on_24_11():
    assert cost("node", (22, 5)).impact is cost("node", (23, 11)).impact is Impact.RESTART
    assert cost("node", (24, 11)).impact is cost("node", (25, 5)).impact is Impact.RECONFIGURE


def test_a_partition_that_ends_empties_the_nodes_that_no_other_of_ours_has():
    seen = replace(WANTED, partitions={"old": Partition("old", "a[1-3]", state="DRAIN")})
    kept = {"new": Partition("new", "a[2-9]")}
    wanted = replace(
        WANTED,
        partitions=kept,
        ended={("partition", "old"): "it is over"},
        ended_until={("partition", "old"): "2027-01-31"},
    )
    (gone,) = [c for c in diff(wanted, Reading(seen)) if c.action is Action.RETIRE]
    assert (gone.address.name, gone.drains, gone.until) == ("old", 1, "2027-01-31")
