"""Who must agree to a plan, and what covers it."""

import pytest
from cli_runner import TODAY, golden_specs, srcnet
from specs import compiled

from srcnet_compiler.apply.ledger import Ledger
from srcnet_compiler.apply.state import StateStore
from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, SystemName
from srcnet_compiler.converge import binding
from srcnet_compiler.pipeline import Compiled
from srcnet_compiler.plan.approvals import asked, missing, read_approvers
from srcnet_compiler.plan.file import to_json
from srcnet_compiler.plan.model import Binding, Plan
from srcnet_compiler.span import Span

RUCIO = SystemName("rucio", "golden")
SLURM = SystemName("slurm", "CHSRC-CSCS.common")
SITES = {SLURM: "CHSRC-CSCS"}


def plan(
    impact: Impact, system: SystemName = RUCIO, file: str = "policies/federation.yaml"
) -> Plan:
    """One change of this impact, which the spec in `file` asks for."""
    field = FieldChange("max_space", 1, 2, Span(file, 1, 1, 1, 2))
    change = Change(Address(*system, "rse", "A"), Action.UPDATE, (field,), impact)
    return Plan((system,), Binding("", "", ""), ((change,),))


@pytest.mark.parametrize(
    ("impact", "groups"),
    [
        (Impact.ADDITIVE, []),
        (Impact.RESTART, []),
        (Impact.DRAINS_JOBS, ["operators"]),
        (Impact.MOVES_DATA, ["architecture-group", "operators"]),
        (Impact.LOWERS_COPIES, ["architecture-group", "operators"]),
    ],
)
def test_groups_are_asked_by_the_worst_that_a_plan_does(golden: Compiled, impact, groups):
    found = asked(plan(impact), golden.federation.pipelines, SITES)
    assert [each.who for each in found] == groups


def test_a_site_is_asked_about_its_systems_and_its_specs_and_not_about_drift(golden: Compiled):
    pipelines = golden.federation.pipelines
    own = plan(Impact.ADDITIVE, SLURM)
    said = plan(Impact.ADDITIVE, file="site-specs/chsrc-cscs.yaml")
    other = plan(Impact.ADDITIVE, file="site-specs/europe.yaml")
    assert [each.who for each in asked(own, pipelines, SITES)] == ["CHSRC-CSCS"]
    assert [each.who for each in asked(said, pipelines, SITES)] == ["CHSRC-CSCS"]
    assert asked(other, pipelines, SITES) == ()
    assert asked(own, pipelines, SITES, drift=True) == ()
    nothing = Plan((RUCIO,), Binding("", "", ""), ())
    assert asked(nothing, pipelines, SITES) == ()


def test_as_many_people_must_agree_as_the_group_says(golden: Compiled):
    (group, _) = asked(plan(Impact.MOVES_DATA), golden.federation.pipelines, SITES)
    lines = ["anna @golden/architecture-group", "# a word", "", "@omar"]
    assert missing(group, read_approvers(lines)) == 1
    assert missing(group, read_approvers([*lines, lines[0], lines[0].upper()])) == 1
    assert missing(group, read_approvers([*lines, "@Bert @Golden/Architecture-Group"])) == 0


def test_the_command_says_who_is_missing_and_refuses(tmp_path):
    specs = golden_specs(tmp_path / "specs")
    (specs / "srcnet.toml").write_text(f"[approvals]\ntoday = {TODAY}\n")
    made = plan(Impact.DRAINS_JOBS)
    made = Plan(made.systems, binding(compiled(specs)), made.waves)
    (specs / "plan.json").write_text(to_json(made))
    words = ("approvals", "--plan", "plan.json")
    ran = srcnet(*words, cwd=specs)
    assert ran.code == 3
    assert "plan.json: 1 change, at worst `drains-jobs`" in ran.out
    assert "operators: 1 of @olga, @omar: 1 missing" in ran.out
    assert "1 of operators must still approve" in ran.err
    assert srcnet(*words, "--approved-by", "@omar", cwd=specs).code == 0
    (specs / "approved.txt").write_text("@anna @golden/architecture-group\n@olga\n")
    assert srcnet(*words, "--approved-by", "approved.txt", cwd=specs).code == 0
    absent = srcnet(*words, "--approved-by", "nobody.txt", cwd=specs)
    assert absent.code == 74
    (specs / "policies/federation.yaml").write_text(
        (specs / "policies/federation.yaml").read_text() + "# a word\n"
    )
    stale = srcnet(*words, "--approved-by", "@omar", cwd=specs)
    assert stale.code == 5
    assert "was made from other specs" in stale.err


@pytest.mark.parametrize("said", ["drift = true", "waiting = true", 'approved-by = "@omar"'])
def test_what_is_to_be_agreed_to_does_not_say_that_it_is(tmp_path, said):
    """The settings come with the specs."""
    specs = golden_specs(tmp_path / "specs")
    (specs / "srcnet.toml").write_text(f"[approvals]\n{said}\n")
    made = plan(Impact.DRAINS_JOBS)
    made = Plan(made.systems, binding(compiled(specs)), made.waves)
    (specs / "plan.json").write_text(to_json(made))
    ran = srcnet("approvals", "--plan", "plan.json", cwd=specs)
    assert ran.code == 64, ran
    assert f"there is no setting `approvals.{said.split()[0]}`" in ran.err


@pytest.mark.parametrize("flag", ["--drift", "--waiting"])
def test_what_was_merged_and_refused_is_no_drift(tmp_path, flag):
    """Only specs that were applied once were agreed to; the journal knows them."""
    specs = golden_specs(tmp_path / "specs")
    (specs / "srcnet.toml").write_text(f"[approvals]\ntoday = {TODAY}\n")
    made = plan(Impact.ADDITIVE, SLURM)
    made = Plan(made.systems, binding(compiled(specs)), made.waves)
    (specs / "plan.json").write_text(to_json(made))
    words = ("approvals", "--plan", "plan.json", flag)

    def applied(digest: str) -> None:
        state = specs / ".srcnet/state"
        state.mkdir(parents=True, exist_ok=True)
        with Ledger(StateStore(state).ledger_path) as ledger:
            facts = {"specs": digest, "signers": []}
            ledger.begin(at="2026-03-01T10:00:00+00:00", run="r", plan=digest, facts=facts)

    for _ in range(2):
        ran = srcnet(*words, cwd=specs)
        assert ran.code == 3, ran
        assert "1 of CHSRC-CSCS must still approve" in ran.err
        applied("0" * 64)
    applied(made.binding.specs)
    assert srcnet(*words, cwd=specs).code == 0
