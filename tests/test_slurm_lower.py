"""Specs to Slurm clusters: what is ours to set there, from which places, what is left to others.

The laws are those of tests/test_laws.py and tests/test_law_of_places.py, for a target that is in no
registry yet.
"""

import os
import shutil
import subprocess
from dataclasses import replace
from types import SimpleNamespace

import pytest
import test_law_of_places as law
from golden_scalars import changed_files, others, scalars
from specs import GOLDEN, REAL, TODAY, compile_texts, texts

from srcnet_compiler.federation.membership import Membership
from srcnet_compiler.pipeline import Compiled
from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.slurm import check, diff, emit, lower
from srcnet_compiler.targets.slurm.model import Foreign, SlurmModel

TARGETS = [SimpleNamespace(name="slurm", lower=lower.lower, emit=emit.emit, diff=diff.diff)]
every_target = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
every_root = pytest.mark.parametrize("root", [GOLDEN, REAL], ids=["golden", "real"])

FILES = texts(GOLDEN)
CSCS = "site-specs/chsrc-cscs.yaml"
QUEUES = "policies/compute/queues.yaml"
CYCLE = "policies/allocation/cycle-0.yaml"
LIFE = "policies/lifecycle.yaml"


def changed(*changes: tuple[str, str, str], more: str = "") -> dict[str, str]:
    """The golden files with words replaced, and documents added."""
    files = dict(FILES)
    for file, before, after in changes:
        assert before in files[file], before
        files[file] = files[file].replace(before, after)
    files[LIFE] += more
    return files


def models(files: dict[str, str], members: Membership | None = None) -> dict[str, SlurmModel]:
    result = compile_texts(files, TODAY)
    assert result.federation is not None
    assert result.analysis is not None, result.diagnostics
    found = lower.lower(result.federation, result.analysis, members)
    return {model.instance: model for model in found}


def common(*changes: tuple[str, str, str], more: str = "") -> SlurmModel:
    return models(changed(*changes, more=more))["CHSRC-CSCS.common"]


def artifacts_of(target, result: Compiled):
    found = target.lower(result.federation, result.analysis)
    return tuple(artifact for model in found for artifact in target.emit(model))


def retired(key: str, name: str) -> str:
    return (
        "---\napiVersion: srcnet.skao.int/v1alpha2\nkind: Retired\n"
        f"metadata: {{name: end-of-it}}\nspec: {{{key}: {name}, reason: it is over,"
        " approvedBy: {group: /roles/int/oper}, until: 2027-06-30}\n"
    )


def waived(name: str) -> str:
    return (
        "---\napiVersion: srcnet.skao.int/v1alpha2\nkind: Waiver\n"
        f"metadata: {{name: {name}-may-begin}}\nspec: {{setsAside: {{draft: true}}, of: {name},"
        " reason: a trial, approvedBy: {group: /roles/int/oper}, until: 2027-06-30}\n"
    )


# ── laws ──────────────────────────────────────────────────────────────────────────────────────


@every_target
@every_root
def test_the_same_files_in_any_order_give_the_same_bytes_and_places(target, root):
    files = texts(root)
    backwards = dict(reversed(files.items()))
    first, again, other = (compile_texts(f) for f in (files, files, backwards))
    assert artifacts_of(target, first) == artifacts_of(target, again)
    assert artifacts_of(target, first) == artifacts_of(target, other)


@every_target
def test_how_documents_are_spread_over_files_changes_no_byte(target):
    """Sites stay where they are: they have a folder of their own."""
    spread = {n: t for n, t in FILES.items() if n.startswith("site-specs")}
    together = "---\n".join(reversed([t for n, t in FILES.items() if n not in spread]))
    one, other = compile_texts(FILES), compile_texts({"policies/all.yaml": together, **spread})
    assert [(a.path, a.content) for a in artifacts_of(target, one)] == [
        (a.path, a.content) for a in artifacts_of(target, other)
    ]


@every_target
@every_root
def test_every_line_and_every_wanted_field_has_a_place(target, root):
    result = compile_texts(texts(root))
    law.assert_every_line_has_a_place(artifacts_of(target, result))
    for model in target.lower(result.federation, result.analysis):
        for thing in model.things():
            bare = [key for key in ("name", *thing.fields()) if not thing.origins.get(key)]
            assert not bare, f"{thing.kind} {thing.name}"
        assert all(task.spans for task in model.tasks)


@every_target
def test_what_is_already_so_needs_no_change_and_has_nothing_against_it(target, golden):
    wanted = target.lower(golden.federation, golden.analysis)
    assert [model.instance for model in wanted] == ["CHSRC-CSCS.common", "CHSRC-CSCS.own"]
    for model in wanted:
        assert target.diff(model, Reading(model)) == ()
        seen = replace(model, foreign=Foreign(accounts={"root": ""}))
        assert [*check.check(model), *check.check_seen(model, seen)] == []
        for fragment in (a for a in target.emit(model) if a.path.suffix == ".conf"):
            assert [*check.check_fragment(fragment, model, seen)] == []


def slurm_only(result: Compiled) -> SimpleNamespace:
    return SimpleNamespace(artifacts=artifacts_of(TARGETS[0], result))


def kept_by_the_site() -> dict[str, str]:
    """The golden files where the site keeps all to itself, with drafts that may begin, a further
    allocation, and things that end: all is written, in other words and at other places."""
    further = FILES[CYCLE]
    for before, after in (
        ("name: cycle-0", "name: further"),
        ("2026-10-01", "2026-11-01"),
        ("name: hi-survey", "name: cosmic-dawn"),
        ("[common]", "[own]"),
        ("1024, memory: 4 TiB", "256, memory: 1 TiB"),
    ):
        assert before in further
        further = further.replace(before, after)
    files = changed(
        (CSCS, "allows: [accounting, reservations, partitions]", "allows: []"),
        (CSCS, "preemption: true", "preemption: false"),
        (CSCS, "        scratchResource: scratch\n", ""),
        (CSCS, "[sat, sun]", "[tue, sat]"),
        (CSCS, "allows: [accounting]", "allows: [accounting, partitions]\n        fragment: /f/a"),
        more=waived("trials") + waived("transients") + retired("queue", "development"),
    )
    return {**files, "policies/allocation/further.yaml": further}


@pytest.mark.parametrize("base", [FILES, kept_by_the_site()], ids=["golden", "kept"])
@pytest.mark.parametrize("file", [QUEUES, CYCLE, CSCS, LIFE, "policies/federation.yaml"])
def test_a_scalar_changes_only_lines_that_map_to_it(file, base):
    old = slurm_only(compile_texts(base, TODAY))
    wrong, effective = {}, 0
    for scalar in scalars(base):
        for other in others(scalar) if scalar.span.file == file else ():
            result = compile_texts(changed_files(scalar, other, base), TODAY)
            if result.failed:
                continue
            gone, come = law.gone_and_come(old, slurm_only(result))
            here = scalar.span
            end = here.column + len(other)
            there = type(here)(here.file, here.line, here.column, here.line, end)
            effective += bool(gone or come)
            bad = [
                f"{sign} {line.path}:{line.number}: {line.text}"
                for sign, lines, place in (("-", gone, here), ("+", come, there))
                for line in lines
                if not any(law.overlap(span, place) for span in line.spans)
            ]
            if bad:
                wrong[f"{scalar.label} -> {other}"] = bad[:6]
    assert not wrong
    assert effective > 5 or file not in (QUEUES, CYCLE, CSCS)


def test_a_value_that_is_copied_has_its_scalar_as_its_first_place(golden):
    wanted = {
        'MaxWall: "2-00:00:00"': "48 h",
        "MaxJobsPerUser: 2": "2",
        "Fairshare: 3050": "30.5 %",
        "Fairshare: 6000": "60 %",
        'GrpTRES: "cpu=1280,gres/gpu=8,mem=5242880M"': "1280",
        'GrpTRESMins: "cpu=240000000,gres/gpu=2400000"': "4000000 h",
        "NodeCnt: 2": "2",
        'Duration: "09:00:00"': '"09:00-18:00"',
        'MaxStartDelay: "00:05:00"': "within 5 min",
        "Flags: [FLEX, WEEKEND]": "[sat, sun]",
        "PreemptMode: requeue": "true",
        "- name: ska-eor": "eor",
        "- name: ska": "ska",
        "- name: ska-batch": "batch",
        "Include /etc/slurm/federation.d/srcnet.conf": "/etc/slurm/federation.d/srcnet.conf",
    }
    first: dict[str, set[str]] = {line: set() for line in wanted}
    for artifact in artifacts_of(TARGETS[0], golden):
        for number, line in enumerate(law.lines_of(artifact), start=1):
            if line.strip() in first:
                first[line.strip()].add(law.quoted(artifact.sources[number][0]))
    assert first == {line: {text} for line, text in wanted.items()}


# ── accounting ────────────────────────────────────────────────────────────────────────────────


def test_clusters_of_one_database_want_the_same_of_each_qos():
    both = models(changed((CSCS, "shared: false\n", "shared: false\n        preemption: true\n")))
    one, other = both.values()
    assert one.qos == other.qos != {}
    one, other = models(FILES).values()
    assert one.qos.keys() == other.qos.keys()
    for name, qos in other.qos.items():
        assert qos.fields().items() <= one.qos[name].fields().items()
        assert qos.preempt is None
        assert qos.preempt_mode is None


def test_only_lower_queues_that_say_so_make_way():
    qos = common().qos
    assert qos["ska-interactive"].preempt == ("ska-batch",)
    assert qos["ska-batch"].preempt == ()
    qos = common((QUEUES, "perUser: {cores: 8}", "perUser: {cores: 8}, preemptible: true")).qos
    assert qos["ska-interactive"].preempt == ("ska-batch", "ska-development")
    assert qos["ska-development"].preempt == ("ska-batch",)


def test_a_project_without_a_queue_here_has_no_account():
    model = models(
        changed(
            (CYCLE, "  clusters: [common]\n", ""),
            (CYCLE, "queues: [batch, development]", "queues: [visualisation]"),
        )
    )["CHSRC-CSCS.own"]
    assert sorted(model.accounts) == ["ska", "ska-eor"]
    assert model.associations["ska"].fields() == {}


def test_a_default_is_the_last_to_come_first_and_needs_no_window():
    changes = (CYCLE, "queues: [batch, development]", "queues: [visualisation, interactive]")
    assert common(changes).associations["ska-hi-survey"].default_qos == "ska-interactive"


def test_of_two_allocations_the_first_in_time_holds():
    later = FILES[CYCLE].replace("name: cycle-0", "name: a-cycle-1").replace("60 %", "50 %")
    later = later.replace(
        "from: 2026-10-01, until: 2027-09-30", "from: 2027-10-01, until: 2028-09-30"
    )
    model = models({**FILES, "policies/allocation/a.yaml": later})["CHSRC-CSCS.common"]
    assert model.associations["ska-eor"].fairshare == 6000


TRIALS = waived("trials")


def test_drafts_are_left_out_until_a_waiver_accepts_them():
    assert "ska-transients" not in common().accounts
    assert "ska-trials" not in common().qos
    model = common(more=waived("transients") + waived("trials"))
    assert model.associations["ska-transients"].grp_tres_mins == {"cpu": 60_000}
    assert model.qos["ska-trials"].drafts
    assert model.accounts["ska-transients"].drafts
    assert not model.qos["ska-batch"].drafts


def test_a_project_rests_on_the_draft_of_a_queue_that_it_is_let_into():
    """Its limits name the queue; it is there only for it where it has no other."""
    both = common((CYCLE, "queues: [batch, development]", "queues: [batch, trials]"), more=TRIALS)
    only = common((CYCLE, "queues: [batch, development]", "queues: [trials]"), more=TRIALS)
    assert both.associations["ska-hi-survey"].drafts
    assert not both.accounts["ska-hi-survey"].drafts
    assert only.associations["ska-hi-survey"].drafts == only.qos["ska-trials"].drafts
    assert only.accounts["ska-hi-survey"].drafts == only.qos["ska-trials"].drafts
    assert not common().associations["ska-hi-survey"].drafts


def test_what_lets_only_projects_in_that_are_drafts_rests_on_them():
    """A partition and a window of which the one project is a draft; with a second one neither."""
    draft = (CYCLE, "- name: eor\n", "- name: eor\n      status: draft\n      source: x\n")
    model = common(draft, more=waived("eor"))
    for made in (model.partitions["ska-visualisation"], model.reservations["ska-visualisation"]):
        assert made.drafts == model.accounts["ska-eor"].drafts
    assert not model.partitions["ska-batch"].drafts


@pytest.mark.parametrize(
    "change",
    [
        (
            CSCS,
            "        share:\n",
            "        share:\n          status: draft\n          source: x\n",
        ),
        (CSCS, "    - name: common  ", "    - enabled: false\n      name: common  "),
        (
            CSCS,
            "    - name: common  ",
            "    - status: draft\n      source: x\n      name: common  ",
        ),
    ],
    ids=["share", "not enabled", "draft"],
)
def test_a_cluster_that_is_not_agreed_or_not_in_use_is_left_alone(change):
    assert [*models(changed(change))] == ["CHSRC-CSCS.own"]


def test_a_policy_that_is_a_draft_holds_back_everything():
    files = changed((QUEUES, "  status: agreed\n", "  status: draft\n"))
    result = compile_texts(files, TODAY)
    if result.federation is not None and result.analysis is not None:
        assert lower.lower(result.federation, result.analysis) == ()


# ── members ───────────────────────────────────────────────────────────────────────────────────


def test_without_an_export_memberships_are_left_alone():
    model = common()
    assert model.complete == frozenset()
    assert not any(each.user for each in model.associations.values())


def test_members_come_from_the_groups_of_a_project():
    members = Membership({"projects/eor": ("alice", "bob")}, ())
    model = models(FILES, members)["CHSRC-CSCS.common"]
    users = sorted(each.name for each in model.associations.values() if each.user)
    assert users == ["ska-eor/alice", "ska-eor/bob", "ska-hi-survey/alice", "ska-hi-survey/bob"]
    assert model.complete == {"ska-eor"}  # nobody knows who else belongs to the other
    law.assert_every_line_has_a_place(emit.emit(model))
    assert [*check.check(model)] == []


# ── windows and partitions ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("days", "made"),
    [
        ("[mon, tue, wed, thu, fri]", {"ska-nights": ("WEEKDAY", "20:00:00")}),
        ("[wed]", {"ska-nights": ("WEEKLY", "Wed 20:00:00")}),
        (
            "[mon, sat]",
            {
                "ska-nights.mon": ("WEEKLY", "Mon 20:00:00"),
                "ska-nights.sat": ("WEEKLY", "Sat 20:00:00"),
            },
        ),
        ("[mon, tue, wed, thu, fri, sat, sun]", {"ska-nights": ("DAILY", "20:00:00")}),
    ],
)
def test_days_of_a_window_become_the_words_that_slurm_has(days, made):
    model = common((CSCS, "[sat, sun]", days))
    nights = {n: r for n, r in model.reservations.items() if n.startswith("ska-nights")}
    assert {n: (*{*r.flags} - {"FLEX"}, r.start) for n, r in nights.items()} == made
    assert [*check.check(model)] == []


def test_without_partitions_windows_at_one_time_keep_nodes_apart():
    """The smallest come first; where two windows meet, the first that is written."""
    here = (CSCS, "[accounting, reservations, partitions]", "[accounting, reservations]")
    model = common(here)
    assert model.partitions == {}
    assert model.fragment == ""
    assert model.reservations["ska-nights"].nodes == "cn[001-006],gpu[01-04]"
    assert model.reservations["ska-visualisation"].nodes == "gpu[01-02]"
    model = common(here, (CSCS, "20:00-06:00", "17:00-06:00"))
    assert model.reservations["ska-nights"].nodes == "cn[001-008],gpu[03-04]"
    assert model.reservations["ska-visualisation"].nodes == "gpu[01-02]"


def test_nodes_go_back_when_idle_unless_a_queue_promises_a_start():
    windows = common().reservations
    assert (windows["ska-nights"].purge_after, windows["ska-nights"].max_start_delay) == (600, None)
    assert windows["ska-visualisation"].purge_after is None


def test_nobody_is_let_in_by_a_partition_or_window_that_would_name_nobody():
    model = common((CYCLE, "      limits:", "      queues: [batch]\n      limits:"))
    assert sorted(model.partitions) == ["ska-batch", "ska-development"]
    assert sorted(model.reservations) == ["ska-nights"]
    assert all(each.allow_accounts for each in model.partitions.values())


def test_jobs_that_have_their_nodes_alone_do_so_in_a_partition():
    alone = {name for name, p in common().partitions.items() if p.over_subscribe == "EXCLUSIVE"}
    assert alone == {"ska-visualisation"}


def test_only_on_a_cluster_of_our_own_some_partitions_come_first():
    own = (CSCS, "shared: true\n", "shared: false\n")
    assert {each.priority_tier for each in common().partitions.values()} == {None}
    tiers = {name: each.priority_tier for name, each in common(own).partitions.items()}
    assert tiers["ska-batch"] == 1
    assert tiers["ska-interactive"] == 3


# ── what ends ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("key", "name", "ended"),
    [
        ("queue", "development", {("qos", "ska-development"), ("partition", "ska-development")}),
        ("project", "eor", {("account", "ska-eor")}),
        ("window", "CHSRC-CSCS/common/nights", {("reservation", "ska-nights")}),
    ],
)
def test_a_document_ends_what_is_made_of_a_thing(key, name, ended):
    before, after = common(), common(more=retired(key, name))
    assert after.ended == dict.fromkeys(ended, "it is over")
    assert not any(after.find(*each) for each in ended)
    changes = {(c.address.kind, c.address.name) for c in diff.diff(after, Reading(before))}
    assert ended <= changes


def test_a_cluster_that_ends_loses_all_of_ours_but_what_its_database_shares():
    model = common(more=retired("cluster", "CHSRC-CSCS/common"))
    assert [*model.things()] == []
    kinds = {kind for kind, _ in model.ended}
    assert kinds == {"account", "partition", "reservation"}
    before = common()
    assert {("account", name) for name in before.accounts} <= model.ended.keys()
    assert {("reservation", name) for name in before.reservations} <= model.ended.keys()
    assert lines(model) == ["Include /etc/slurm/federation.d/srcnet.conf"]
    law.assert_every_line_has_a_place(emit.emit(model))


# ── what is left to others ────────────────────────────────────────────────────────────────────


def lines(model: SlurmModel) -> list[str]:
    return [line for task in model.tasks for line in task.lines]


def test_what_a_site_keeps_to_itself_is_left_to_it_with_the_lines_to_type():
    model = common((CSCS, "[accounting, reservations, partitions]", "[]"))
    assert [*model.things()] == []
    assert model.root_account == ""
    assert model.fragment == ""
    typed = lines(model)
    assert (
        "sacctmgr -i add qos ska-interactive Priority=2 Preempt=ska-batch"
        " Flags=DenyOnLimit,NoDecay MaxTRESPerUser=cpu=16,gres/gpu=1,mem=65536M"
        " MaxWall=08:00:00 MaxJobsPerUser=2"
    ) in typed
    assert (
        "sacctmgr -i add account ska-hi-survey Parent=ska Fairshare=3050"
        " QosLevel=ska-batch,ska-development DefaultQOS=ska-batch"
    ) in typed
    assert any(line.startswith("PartitionName=ska-batch Nodes=cn[001-020]") for line in typed)
    assert (
        "env TZ=Europe/Zurich scontrol create reservation ReservationName=ska-visualisation"
        " StartTime=09:00:00 Duration=09:00:00 'Nodes=gpu[01-02]' Accounts=ska-eor Flags=DAILY,FLEX"
        " MaxStartDelay=00:05:00"
    ) in typed
    assert not any("adminlevel" in line for line in typed)
    law.assert_every_line_has_a_place(emit.emit(model))


def test_a_weekly_window_to_type_asks_for_a_date():
    changes = (CSCS, "[accounting, reservations, partitions]", "[]"), (CSCS, "[sat, sun]", "[tue]")
    (line,) = [line for line in lines(common(*changes)) if "=ska-nights" in line]
    assert "'StartTime=<date of the next Tuesday>T20:00:00'" in line
    assert "Flags=FLEX,WEEKLY,PURGE_COMP=00:10:00" in line


def test_a_site_that_stops_no_jobs_is_told_how_to():
    assert "PreemptType=preempt/qos" not in lines(common())
    model = common((CSCS, "preemption: true", "preemption: false"))
    assert "PreemptType=preempt/qos" in lines(model)
    assert all(each.preempt is None for each in model.qos.values())


def test_scratch_that_is_not_counted_is_asked_for():
    assert "GresTypes=scratch" not in lines(common())
    typed = lines(common((CSCS, "        scratchResource: scratch\n", "")))
    assert "NodeName=cn[001-020] Gres=scratch:3000" in typed
    assert "NodeName=gpu[01-04] Name=scratch Count=6000 Flags=CountOnly" in typed


def test_what_gives_jobs_a_directory_is_shown_and_stands_beside_the_page():
    model = common()
    assert "Prolog=/etc/slurm/prolog.d/*" in lines(model)
    emitted = {a.path.name: a.content for a in emit.emit(model)}
    shown = emitted["admin.md"].splitlines()
    for name in SCRIPTS:
        for line in emitted[name].splitlines():
            assert (f"      {line}" if line else "") in shown
    assert not {*SCRIPTS} & {a.path.name for a in emit.emit(common((QUEUES, *NO_SCRATCH)))}


SCRIPTS = ("prolog.sh", "epilog.sh", "task-prolog.sh")
NO_SCRATCH = ("perJob: required", "perJob: none")
PATH_TO_SCRATCH = "        scratchPath: /scratch/srcnet\n"


def test_a_site_that_does_not_say_where_scratch_is_gets_words_that_are_no_path():
    model = common((CSCS, PATH_TO_SCRATCH, ""))
    assert any("<a directory of your local scratch>" in line for line in lines(model))
    assert any("`scratchPath`" in task.why for task in model.tasks)
    assert "base='/scratch/srcnet'\n" in script(common(), "prolog.sh")
    assert "base='<a directory of your local scratch>'\n" in script(model, "epilog.sh")


def test_a_directory_that_is_kept_is_put_aside_and_removed_later():
    assert "rm -rf" in script(common(), "epilog.sh")
    model = common((QUEUES, "cleanup: at job end", "cleanup: after 7 d"))
    assert "rm -rf" not in script(model, "epilog.sh")
    assert any("-name 'ended-*' -mmin +10080 " in line for line in lines(model))


def test_a_job_is_stopped_where_it_must_have_scratch_and_has_none():
    assert "exit 1" in script(common(), "task-prolog.sh")
    optional = common((QUEUES, "perJob: required", "perJob: optional"))
    assert "exit 1" not in script(optional, "task-prolog.sh")


@pytest.mark.parametrize("keeps", ["at job end", "after 7 d"])
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_shell_takes_the_scripts(name, keeps):
    model = common((QUEUES, "cleanup: at job end", f"cleanup: {keeps}"))
    subprocess.run(["sh", "-n"], input=script(model, name), text=True, check=True)


def script(model: SlurmModel, name: str) -> str:
    return {a.path.name: a.content for a in emit.emit(model)}[name]


LUA = """
slurm = {SUCCESS = 0, ERROR = -1, log_user = function(text) said = text end}
slurm.ESLURM_ACCESS_DENIED = 2002
%s
local good = "fed_id=alice image=sha256:" .. string.rep("ab12", 16)
local function submit(job) said = ""; return slurm_job_submit(job, {}, 1000) end
local function modify(job, before, uid)
   said = ""
   return slurm_job_modify(job, before, {}, uid or 1000)
end

for _, account in ipairs({"physics", "skaters", "SKATERS", "sk", "-ska", ""}) do
   local job = {account = account, default_account = "physics"}
   assert(submit(setmetatable(job, {__newindex = function() error("written") end})) == 0)
end
assert(submit({}) == 0)

assert(submit({account = "ska-hi"}) == 2002 and string.find(said, "--comment='fed_id=<", 1, true))
assert(submit({account = "SKA-HI"}) == 2002)
assert(submit({account = "", default_account = "ska-hi"}) == 2002)
assert(submit({default_account = "Ska-hi"}) == 2002)
for _, comment in ipairs({
   "fed_id=alice", "fed_id= image=sha256:" .. string.rep("a", 64), good .. "0",
   "fed_id=alice image=sha256:ab12", "fed_id=alice image=latest", "xfed_id=a x" .. good,
   string.sub(good, 1, -2), string.sub(good, 1, -2) .. "g",
}) do
   local job = {account = "ska-hi", comment = comment}
   assert(submit(job) == 2002 and said ~= "" and job.admin_comment == nil, comment)
end
assert(submit({account = "ska", comment = good}) == 2002 and string.find(said, "<project>"))
assert(submit({account = "SKA", comment = good}) == 2002)

local job = {account = "ska-hi", comment = good}
assert(submit(job) == 0 and job.admin_comment == good and job.gres == "scratch:100")
for given, gets in pairs({
   ["gres:gpu:1"] = "gres:gpu:1,scratch:100", ["gres:scratch:5"] = "gres:scratch:5",
   ["scratch=5,gpu:1"] = "scratch=5,gpu:1", ["gres/gpu:a:1,gres/scratch"] =
   "gres/gpu:a:1,gres/scratch", ["scratchy:1"] = "scratchy:1,scratch:100",
}) do
   local asks = {account = "ska-hi", comment = string.gsub(good, " ", ","), gres = given}
   assert(submit(asks) == 0 and asks.gres == gets, given)
end

local physics = {account = "physics", comment = "mine"}
assert(modify({comment = "x"}, physics) == 0 and modify({account = "physics"}, physics) == 0)
assert(modify({}, {}) == 0)
assert(modify({account = "ska-hi"}, physics) == 2002 and modify({account = "SKA"}, physics) == 2002)
assert(modify({account = "physics"}, job) == 2002 and modify({account = ""}, job) == 2002)
assert(modify({account = "ska"}, job) == 2002 and modify({account = "ska-eor"}, job) == 0)
assert(modify({comment = "x"}, job) == 2002 and modify({comment = ""}, job) == 2002)
assert(modify({comment = good}, job) == 0 and modify({priority = 1}, job) == 0)
assert(modify({comment = "x"}, job, 0) == 0 and modify({account = "ska-hi"}, physics, 0) == 0)
"""


def test_the_guard_asks_ours_and_lets_all_others_pass():
    run_lua(LUA % without_return(common()))


ONE_THING = """
slurm = {SUCCESS = 0, ERROR = -1, log_user = function(text) said = text end}
%s
local good = {account = "ska", comment = "image=sha256:" .. string.rep("0", 64)}
assert(slurm_job_submit(good) == 0 and good.gres == nil)
assert(slurm_job_submit({account = "ska"}) == -1 and not string.find(said, "fed_id"))
assert(slurm_job_modify({account = "ska-hi"}, good, {}, 1000) == 0)
"""
IDENTITY = "everyJobCarries: [federated identity, project, image digest]"


def test_the_guard_asks_for_no_more_than_the_policy():
    digest = (QUEUES, IDENTITY, "everyJobCarries: [image digest]")
    run_lua(ONE_THING % without_return(common(digest, (QUEUES, "amount: 100 GB, ", ""))))
    nothing = (QUEUES, f"  identity: {{{IDENTITY}}}\n", "")
    assert "comment =" not in script(common(nothing), "job_submit.lua")
    emitted = emit.emit(common(nothing, (QUEUES, *NO_SCRATCH)))
    assert "job_submit.lua" not in {artifact.path.name for artifact in emitted}


def without_return(model: SlurmModel) -> str:
    return script(model, "job_submit.lua").removesuffix("return slurm.SUCCESS\n")


def run_lua(text: str) -> None:
    if shutil.which("lua") is None:
        required = "slurm" in os.environ.get("SRCNET_REQUIRE_LIVE", "").split(",")
        (pytest.fail if required else pytest.skip)("lua is not installed (Debian: lua5.3)")
    subprocess.run(["lua", "-"], input=text, text=True, check=True)
