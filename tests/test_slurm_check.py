"""What Slurm would mangle, what belongs to others, and what the daemon itself misses."""

import dataclasses

import pytest
from hypothesis import given
from slurm_models import models
from slurm_recordings import VERSIONS, WANTED, recorded

from srcnet_compiler.artifact import Artifact
from srcnet_compiler.diagnostic import Code, Severity
from srcnet_compiler.span import Span
from srcnet_compiler.targets.slurm.check import check, check_fragment, check_seen, explain
from srcnet_compiler.targets.slurm.emit import emit, emit_fragment
from srcnet_compiler.targets.slurm.model import SlurmModel
from srcnet_compiler.targets.slurm.model.objection import Objection
from srcnet_compiler.targets.slurm.model.things import (
    Account,
    Association,
    Partition,
    Qos,
    Reservation,
)

PLACE = Span("site-specs/a.yaml", 7, 3, 7, 9)
SEEN = recorded("22.05").model


def wanted(**things) -> SlurmModel:
    """The recorded federation with some things of ours, each of which has a place."""
    plural = {"qos": "qos", "partition": "partitions", "reservation": "reservations"}
    plural |= {"account": "accounts", "association": "associations"}
    changed = {}
    for kind, thing in things.items():
        key = plural[kind]
        placed = dataclasses.replace(thing, origins={"name": (PLACE,)})
        changed[key] = {**getattr(SEEN, key), thing.name: placed}
    base = dataclasses.replace(
        WANTED,
        qos=SEEN.qos,
        accounts=SEEN.accounts,
        associations=SEEN.associations,
        partitions=SEEN.partitions,
        reservations=SEEN.reservations,
    )
    return dataclasses.replace(base, **changed)


def codes(found):
    return [(each.code, each.subject) for each in found]


REFUSED, NOT_OURS, UNKNOWN = Code.REFUSED_BY_SYSTEM, Code.NOT_OURS, Code.UNKNOWN_NAME


# ── on any cluster ────────────────────────────────────────────────────────────────────────────


@given(models())
def test_a_sound_model_has_no_objections(model: SlurmModel):
    assert list(check(model)) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_there_has_no_objections(version: str):
    model = dataclasses.replace(
        WANTED,
        **{k: getattr(recorded(version).model, k) for k in ("qos", "accounts", "partitions")},
    )
    assert list(check(model)) == []
    assert list(check_seen(model, recorded(version).model)) == []


@pytest.mark.parametrize(
    ("thing", "code", "says"),
    [
        ({"qos": Qos("ska-Batch")}, REFUSED, "takes no qos called `ska-Batch`"),
        ({"account": Account("ska hi", "ska")}, REFUSED, "takes no account"),
        ({"association": Association("ska", "Bob")}, REFUSED, "called `Bob`"),
        ({"partition": Partition("DEFAULT", "a1")}, REFUSED, "takes no partition"),
        ({"account": Account("ska-x", "ska", "It's")}, REFUSED, "does not keep"),
        ({"qos": Qos("ska-x", max_wall=90)}, REFUSED, "whole number of minutes"),
        ({"qos": Qos("ska-x", grp_tres={"mem": 1000})}, REFUSED, "MiB"),
        ({"qos": Qos("ska-x", grp_tres={"cpu": -3})}, REFUSED, "no amount"),
        ({"partition": Partition("x", "a[1-3],a2")}, REFUSED, "means `a2` twice"),
        ({"partition": Partition("x", "a[3-1]")}, REFUSED, "ends before it begins"),
        ({"partition": Partition("x", "a1", allow_accounts=("a b",))}, REFUSED, "`a b`"),
        ({"association": Association("ska", qos=("ska-inter",), default_qos="ska-batch")}, REFUSED,
         "none of its QOS"),
        ({"reservation": Reservation("ska_x", "07:00:00", 60, "a1", flags=("DAILY", "WEEKLY"))},
         REFUSED, "repeats in two ways"),
        ({"association": Association("ska", qos=("ska-inter",))}, REFUSED, "and not which is"),
        ({"reservation": Reservation("ska_x", "7:00", 60, "a1")}, REFUSED, "nobody may use"),
        ({"association": Association("ska-hi", "eve", qos=("ska-inter",), default_qos="")},
         REFUSED, "default QOS `ska-batch` of `ska-hi/eve` is none"),
        ({"qos": Qos("night")}, NOT_OURS, "qos `night` is not ours"),
        ({"qos": Qos("skaters")}, NOT_OURS, "not ours"),
        ({"reservation": Reservation("viz", "07:00:00", 60, "a1")}, NOT_OURS, "not ours"),
        ({"account": Account("biology", "root")}, NOT_OURS, "not ours"),
        ({"association": Association("physics", "alice")}, NOT_OURS, "not ours"),
        ({"qos": Qos("ska-x", preempt=("normal",))}, NOT_OURS, "would preempt jobs of `normal`"),
        ({"partition": Partition("x", "a1", allow_qos=("ska-gone",))}, UNKNOWN, "`ska-gone`"),
    ],
)  # fmt: skip
def test_a_wrong_thing_is_found_at_its_place(thing, code, says):
    found = [each for each in check(wanted(**thing)) if each.code is code and says in each.message]
    assert found, list(check(wanted(**thing)))
    assert found[0].severity is Severity.ERROR
    assert found[0].labels[0].span == PLACE
    assert found[0].help


def test_a_partition_needs_a_file_of_ours():
    model = dataclasses.replace(wanted(partition=Partition("x", "a1")), fragment="")
    assert {code for code, _ in codes(check(model))} == {NOT_OURS}


# ── on this cluster ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("thing", "code", "says"),
    [
        ({"partition": Partition("main", "a1")}, NOT_OURS, "`main` of the cluster is not ours"),
        ({"account": Account("physics", "ska")}, NOT_OURS, "`physics` of the cluster is not ours"),
        ({"partition": Partition("x", "a1", allow_accounts=("nosuch",))}, UNKNOWN, "`nosuch`"),
        ({"partition": Partition("x", "a1", allow_qos=("nosuch",))}, UNKNOWN, "`nosuch`"),
        ({"partition": Partition("x", "a1", qos="nosuch")}, UNKNOWN, "`nosuch`"),
        ({"partition": Partition("x", "a[1-5]")}, UNKNOWN, "no node `a[4-5]`"),
        ({"reservation": Reservation("ska_x", "07:00:00", 60, "zz9")}, UNKNOWN, "zz9"),
        ({"reservation": Reservation("ska_x", "07:00:00", 60, "a1", accounts=("no",))}, UNKNOWN,
         "`no`"),
        ({"account": Account("ska-x", "nosuch")}, UNKNOWN, "`nosuch`"),
        ({"qos": Qos("ska-x", grp_tres={"license/idl": 3})}, REFUSED, "does not count"),
    ],
)  # fmt: skip
def test_the_cluster_objects_at_the_place(thing, code, says):
    found = list(check_seen(wanted(**thing), SEEN))
    assert [each.code for each in found] == [code], found
    assert says in found[0].message
    assert found[0].labels[0].span == PLACE


def test_another_cluster_that_answers_is_refused():
    model = dataclasses.replace(wanted(), cluster="siteb", origins={"instance": (PLACE,)})
    (found,) = check_seen(model, SEEN)
    assert "called `sitea`, not `siteb`" in found.message


def test_a_stranger_s_line_in_our_file_is_not_lost_silently():
    seen = dataclasses.replace(SEEN, written=SEEN.written + "EnforcePartLimits=ALL\n")
    (found,) = check_seen(wanted(), seen)
    assert (found.code, "EnforcePartLimits" in found.message) == (NOT_OURS, True)


def test_what_the_site_does_not_enforce_is_a_warning():
    settings = {**SEEN.settings, "AccountingStorageEnforce": "associations",
                "PreemptType": "preempt/none"}  # fmt: skip
    found = list(check_seen(wanted(), dataclasses.replace(SEEN, settings=settings)))
    assert [each.severity for each in found] == [Severity.WARNING] * 3
    assert "does not enforce limits" in found[0].message
    assert "`ska-inter` waits like others" in found[2].message


# ── the file itself ───────────────────────────────────────────────────────────────────────────


def fragment(*lines: str) -> Artifact:
    text = "# ours\n" + "".join(f"{line}\n" for line in lines)
    spans = {n: (Span("s.yaml", n, 1, n, 2),) for n in range(1, len(lines) + 2)}
    return Artifact(emit_fragment("slurm/sitea", WANTED).path, text, spans)


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("SelectType=select/linear", NOT_OURS, "`SelectType` is the site's to set"),
        ("PreemptType=preempt/none", NOT_OURS, "`PreemptType`"),
        ("EnforcePartLimits=ALL", NOT_OURS, "`EnforcePartLimits`"),
        ("JobSubmitPlugins=lua", NOT_OURS, "`JobSubmitPlugins`"),
        ("NodeName=a9 CPUs=4", NOT_OURS, "`NodeName`"),
        ("include /etc/passwd", NOT_OURS, "`include`"),
        ("PartitionName=main Nodes=a1", NOT_OURS, "`main` already"),
        ("PartitionName=ska Nodes=a3", NOT_OURS, "`ska` already"),
        ("partitionname=SKA nodes=a3", NOT_OURS, "`SKA` already"),
        ("PartitionName=DEFAULT MaxTime=1", NOT_OURS, "DEFAULT"),
        ("PartitionName=new Nodes=a1 Default=YES", NOT_OURS, "default partition"),
        ("PartitionName=new Nodes=a1 default=yes", NOT_OURS, "default partition"),
        ("PartitionName=new Nodes=a1 AllowAccounts=ska,nosuch", UNKNOWN, "`nosuch`"),
        ("PartitionName=new Nodes=a1 MaxTime", REFUSED, "no setting"),
    ],
)
def test_a_mutated_fragment_is_found_at_its_line(line: str, code: Code, says: str):
    good = "PartitionName=ska Nodes=a[1-2] AllowAccounts=ska,ska-hi AllowQos=ska-batch"
    artifact = fragment(good, line)

    (found,) = check_fragment(artifact, wanted(), SEEN)

    assert found.code is code
    assert says in found.message
    assert found.labels[0].span.line == 3
    assert list(check_fragment(fragment(good), wanted(), SEEN)) == []


@given(models())
def test_what_is_emitted_has_nothing_against_it(model: SlurmModel):
    (artifact,) = [a for a in emit(model) if a.path.suffix == ".conf"]
    seen = dataclasses.replace(SEEN, accounts=model.accounts)
    assert list(check_fragment(artifact, model, seen)) == []


def test_what_slurm_says_becomes_a_finding_at_the_place_of_the_line():
    artifact = fragment("PartitionName=ska Nodes=zz9")
    ours, fatal, theirs = explain(
        artifact,
        [
            Objection(2, "Invalid node names in partition ska", line=2, fatal=True),
            Objection(2, "cannot start", fatal=True),
            Objection(2, "SlurmdUser is odd"),
        ],
    )
    assert ours.message == "slurmctld says: Invalid node names in partition ska"
    assert (ours.labels[0].span.line, ours.severity) == (2, Severity.ERROR)
    assert ours.labels[0].text == "PartitionName=ska Nodes=zz9"
    assert fatal.severity is Severity.ERROR
    assert theirs.severity is Severity.WARNING
    assert "site's own" in theirs.help
