"""By which rules something is judged: those of what was applied last, not those it brings along."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cli_runner import TODAY, Ran, edit, golden_specs, srcnet
from specs import compiled

from srcnet_compiler.apply.ledger import Ledger
from srcnet_compiler.apply.shared import open_shared
from srcnet_compiler.apply.state import StateStore
from srcnet_compiler.change import Action, Address, Change, FieldChange, Impact, SystemName
from srcnet_compiler.converge import binding
from srcnet_compiler.plan.file import to_json
from srcnet_compiler.plan.model import Plan
from srcnet_compiler.span import Span

FEDERATION, HOME = "policies/federation.yaml", "site-specs/chsrc-cscs.yaml"
OPERATORS = '      operators: {from: drains-jobs, reviewers: ["@olga", "@omar"]}\n'
NOON = "2026-03-01T12:00:00+00:00"
RUCIO = SystemName("rucio", "golden")


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@localhost")
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(specs: Path, message: str = "a change") -> str:
    git(specs, "add", "site-specs", "policies", "srcnet.toml")
    git(specs, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(specs, "rev-parse", "HEAD")


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A repository of specs."""
    folder = golden_specs(tmp_path / "specs")
    (folder / "srcnet.toml").write_text(f"[approvals]\ntoday = {TODAY}\n")
    git(folder, "init", "--quiet")
    commit(folder, "The specs")
    return folder


def applied(specs: Path, *commits: str) -> None:
    """What the journal says once these commits were applied."""
    (specs / ".srcnet/state").mkdir(parents=True, exist_ok=True)
    with Ledger(StateStore(specs / ".srcnet/state").ledger_path) as ledger:
        for each in commits:
            ledger.begin(at=NOON, run=each, plan=each, facts={"commit": each, "specs": "0" * 64})


def asked(specs: Path, impact: Impact | None, *words: str) -> Ran:
    """Who must agree to one change of this impact; None: to a plan that changes nothing."""
    field = FieldChange("max_space", 1, 2, Span(FEDERATION, 1, 1, 1, 2))
    change = impact and Change(Address(*RUCIO, "rse", "A"), Action.UPDATE, (field,), impact)
    plan = Plan((RUCIO,), binding(compiled(specs)), ((change,),) if change else ())
    (specs / "plan.json").write_text(to_json(plan))
    return srcnet("approvals", "--plan", "plan.json", *words, cwd=specs)


def test_a_merge_that_drops_a_rule_is_judged_by_it(specs: Path):
    applied(specs, git(specs, "rev-parse", "HEAD"))
    edit(specs / FEDERATION, OPERATORS, "")
    commit(specs, "Nobody need ask us")
    ran = asked(specs, Impact.DRAINS_JOBS)
    assert ran.code == 3, ran
    assert "operators: 1 of @olga, @omar: 1 missing" in ran.out
    assert asked(specs, Impact.DRAINS_JOBS, "--approved-by", "@olga").code == 0


def test_a_change_of_a_rule_alone_is_judged_by_that_rule(specs: Path):
    """The plan changes nothing, and what is applied next would be judged by the new rule."""
    applied(specs, git(specs, "rev-parse", "HEAD"))
    edit(specs / FEDERATION, '["@olga", "@omar"]', '["@mallory"]')
    commit(specs)
    for words in ((), ("--drift",), ("--waiting",), ("--approved-by", "@mallory")):
        ran = asked(specs, None, *words)
        assert ran.code == 3, ran
        assert "operators: 1 of @olga, @omar: 1 missing" in ran.out
        assert "what is asked of operators changes" in ran.out
    assert asked(specs, None, "--approved-by", "@omar").code == 0


def test_a_site_does_not_lose_its_say_unasked(specs: Path):
    applied(specs, git(specs, "rev-parse", "HEAD"))
    edit(specs / HOME, '["@golden/chsrc", "@chiara"]', '["@mallory"]')
    commit(specs)
    ran = asked(specs, None, "--approved-by", "@mallory")
    assert ran.code == 3, ran
    assert "CHSRC-CSCS: 1 of @golden/chsrc, @chiara: 1 missing" in ran.out


def test_a_change_of_the_trusted_keys_is_judged_by_all_groups(specs: Path):
    applied(specs, git(specs, "rev-parse", "HEAD"))
    public = srcnet("sign", "--new-key", "../eve.pem", cwd=specs).out.strip()
    with (specs / "srcnet.toml").open("a") as file:
        file.write(f'[signatures]\nrequired = true\ntrusted = ["{public}"]\n')
    commit(specs)
    ran = asked(specs, None)
    assert ran.code == 3, ran
    assert "2 of architecture-group, 1 of operators must still approve" in ran.err


def test_which_rules_hold_is_said(specs: Path):
    first = git(specs, "rev-parse", "HEAD")
    ran = asked(specs, Impact.ADDITIVE)
    assert ran.out.startswith("nothing was applied from here yet: the rules of these specs hold\n")
    applied(specs, first)
    commit(specs)
    ran = asked(specs, Impact.ADDITIVE)
    assert ran.out.startswith(f"the rules of {first[:12]} hold, which was applied last\n")


def test_a_rule_that_was_agreed_to_and_applied_holds(specs: Path):
    first = git(specs, "rev-parse", "HEAD")
    edit(specs / FEDERATION, OPERATORS, "")
    applied(specs, first, commit(specs))
    assert asked(specs, Impact.DRAINS_JOBS).code == 0


def in_a_ref(specs: Path, *commits: str) -> str:
    """The same journal in a ref that many can write."""
    remote = specs.parent / "remote.git"
    git(specs, "init", "--quiet", "--bare", str(remote))
    store = open_shared(specs.parent / "ci", str(remote), "refs/srcnet/state")
    at = datetime(2026, 3, 1, tzinfo=UTC)
    with store.lock("ci", at, timedelta(hours=1)), Ledger(store.ledger_path) as ledger:
        for each in commits:
            ledger.begin(at=NOON, run=each, plan=each, facts={"commit": each})
    return f"git:{remote}#refs/srcnet/state"


def test_only_what_was_merged_can_say_rules(specs: Path):
    """Who can write the ref cannot name a branch of their own, nor what git takes as an option."""
    first = git(specs, "rev-parse", "HEAD")
    git(specs, "switch", "--quiet", "--create", "mine")
    edit(specs / FEDERATION, OPERATORS, "")
    mine = commit(specs)
    git(specs, "switch", "--quiet", "-")
    state = in_a_ref(specs, first, mine, "--all", "HEAD")
    ran = asked(specs, Impact.DRAINS_JOBS, "--state", state)
    assert ran.code == 3, ran
    assert ran.out.startswith(f"the rules of {first[:12]} hold, which was applied last\n")
    assert "operators: 1 of @olga, @omar: 1 missing" in ran.out


def test_where_what_was_applied_is_not_to_be_had_nothing_is_agreed_to(specs: Path):
    state = in_a_ref(specs, "0" * 40)
    ran = asked(specs, Impact.ADDITIVE, "--state", state)
    assert ran.code == 3, ran
    assert "000000000000 was applied last, and is not in the history of what is here" in ran.err
    assert "git fetch --unshallow" in ran.err


# ── what was agreed to ────────────────────────────────────────────────────────────────────────


def moved(specs: Path, message: str) -> str:
    """A change of the specs for which a group is asked: an operator's cluster drains."""
    edit(specs / FEDERATION, "movedData: 10 PB", "movedData: 11 PB")
    return commit(specs, message)


def record(specs: Path, **agreed: str) -> None:
    rows = (f"# merged {merge[1:]}\n{names}\n" for merge, names in agreed.items())
    (specs / "approved.txt").write_text("".join(rows))


def test_who_agreed_to_one_merge_has_not_agreed_to_another(specs: Path):
    """A run that was refused leaves its merge to the next one, whose approvals are another's."""
    first = git(specs, "rev-parse", "HEAD")
    applied(specs, first)
    edit(specs / HOME, '["@golden/chsrc", "@chiara"]', '["@mallory"]')
    second = commit(specs)
    third = commit(specs, "harmless")
    words = ("--approved-by", "approved.txt")
    record(specs, **{f"c{second}": "@mallory", f"c{third}": "@chiara"})
    ran = asked(specs, None, *words)
    assert ran.code == 3, ran
    assert "CHSRC-CSCS: 1 of @golden/chsrc, @chiara: 1 missing" in ran.out
    record(specs, **{f"c{second}": "@chiara", f"c{third}": "@mallory"})
    assert asked(specs, None, *words).code == 0


def test_a_plan_does_nothing_worse_than_what_was_reviewed(specs: Path):
    applied(specs, git(specs, "rev-parse", "HEAD"))
    merged = moved(specs, "More may move")
    record(specs, **{f"c{merged}": "@olga"})
    ran = asked(specs, Impact.DRAINS_JOBS, "--approved-by", "approved.txt")
    assert ran.code == 3, ran
    assert "the plan does `drains-jobs`, and what was reviewed does `" in ran.err
    assert asked(specs, Impact.DRAINS_JOBS, "--approved-by", "@olga").code == 0


def test_a_run_that_was_cut_off_goes_on_with_what_was_agreed_to(specs: Path):
    """Its plan has all that is left, which is more than the last proposal said."""
    applied(specs, git(specs, "rev-parse", "HEAD"))
    applied(specs, merged := moved(specs, "More may move"))
    record(specs, **{f"c{merged}": "@olga"})
    words = ("--approved-by", "approved.txt")
    assert asked(specs, Impact.DRAINS_JOBS, *words).code == 0
    record(specs, **{f"c{merged}": "@nobody"})
    assert asked(specs, Impact.DRAINS_JOBS, *words).code == 3


def test_those_who_agreed_did_so_to_what_is_here(specs: Path):
    applied(specs, first := git(specs, "rev-parse", "HEAD"))
    commit(specs)
    record(specs, **{f"c{first}": "@olga"})
    ran = asked(specs, Impact.DRAINS_JOBS, "--approved-by", "approved.txt")
    assert ran.code == 5, ran
    assert f"those who agreed did so to {first[:12]}, and here is " in ran.err


# ── keys ──────────────────────────────────────────────────────────────────────────────────────


def key(specs: Path, name: str) -> str:
    return srcnet("sign", "--new-key", f"../{name}.pem", cwd=specs).out.strip()


def trusting(specs: Path, *keys: str, required: bool = True) -> str:
    listed = ", ".join(f'"{each}"' for each in keys)
    said = f"[signatures]\nrequired = {str(required).lower()}\ntrusted = [{listed}]\n"
    (specs / "srcnet.toml").write_text(f"[approvals]\ntoday = {TODAY}\n{said}")
    return commit(specs, "Who is trusted")


def applying(specs: Path, *signers: str) -> Ran:
    asked(specs, Impact.ADDITIVE)
    (specs / "plan.dsse").unlink(missing_ok=True)
    for name in signers:
        srcnet("sign", "plan.json", "--key", f"file:../{name}.pem", cwd=specs)
    return srcnet("apply", "plan.json", "--today", TODAY, cwd=specs)


def is_let_through(ran: Ran) -> bool:
    """Whether it came as far as the server, of which nobody here has the credentials."""
    return ran.code == 77


def test_a_key_that_a_merge_brings_along_does_not_sign_it(specs: Path):
    ada, eve = key(specs, "ada"), key(specs, "eve")
    applied(specs, trusting(specs, ada))
    trusting(specs, ada, eve)
    ran = applying(specs, "eve")
    assert ran.code == 3, ran
    assert "`plan.dsse` is signed by a key that is not trusted here" in ran.err
    assert is_let_through(applying(specs, "ada"))


def test_a_merge_does_not_say_that_it_needs_no_signature(specs: Path):
    ada = key(specs, "ada")
    applied(specs, first := trusting(specs, ada))
    trusting(specs, required=False)
    ran = applying(specs)
    assert ran.code == 3, ran
    assert f"`srcnet.toml at {first[:12]}` requires it" in ran.err
    assert is_let_through(applying(specs, "ada"))
    (specs / "srcnet.toml").unlink()
    git(specs, "commit", "--quiet", "--all", "--message", "No settings")
    assert applying(specs).code == 3
    unmade = srcnet("apply", "--yes", "--today", TODAY, cwd=specs)
    assert unmade.code == 3, unmade


def test_a_key_that_was_given_up_signs_nothing_more(specs: Path):
    ada, bob = key(specs, "ada"), key(specs, "bob")
    applied(specs, trusting(specs, ada, bob))
    trusting(specs, bob)
    assert applying(specs, "ada").code == 3
    assert is_let_through(applying(specs, "bob"))


def only_for(key: str, *parts: str) -> str:
    listed = ", ".join(f"'{each}'" for each in parts)
    return f'{{key = "{key}", for = [{listed}]}}'


def test_a_key_signs_for_its_own_part_and_for_no_other(specs: Path):
    ada, bob = key(specs, "ada"), key(specs, "bob")
    head = f"[approvals]\ntoday = {TODAY}\n[signatures]\nrequired = true\n"

    def trusted(*entries: str) -> None:
        (specs / "srcnet.toml").write_text(f"{head}trusted = [{', '.join(entries)}]\n")

    for parts, is_ours in (
        (("CHSRC-CSCS",), False),
        (("rucio/other", "slurm/CHSRC-CSCS.common"), False),
        (("golden",), False),
        (("federation",), True),
        (("CHSRC-CSCS", "rucio/golden"), True),
    ):
        trusted(only_for(ada, *parts))
        ran = applying(specs, "ada")
        assert is_let_through(ran) is is_ours, ran
        if not is_ours:
            told = f"the plan is for rucio/golden, and `plan.dsse` is signed by ada (for {parts[0]}"
            assert (ran.code, told in ran.err) == (3, True), ran
    trusted(only_for(ada, "CHSRC-CSCS"), f'"{bob}"')
    assert applying(specs, "ada").code == 3
    assert is_let_through(applying(specs, "ada", "bob"))


@pytest.mark.parametrize(
    "entry",
    ['{key = "ed25519:AAAA ada"}', '{key = "K", for = []}', '{key = "K", for = "X"}', "{for = 1}"],
)
def test_a_part_that_is_not_well_said_is_quoted(specs: Path, entry: str):
    entry = entry.replace('"K"', f'"{key(specs, "ada")}"')
    (specs / "srcnet.toml").write_text(f"[signatures]\ntrusted = [{entry}]\n")
    ran = srcnet("status", cwd=specs)
    assert ran.code == 64, ran
    assert "srcnet.toml:2" in ran.err
    assert "cannot be trusted: " in ran.err


def test_the_only_key_is_replaced_by_a_plan_that_it_signs(specs: Path):
    ada, bob = key(specs, "ada"), key(specs, "bob")
    applied(specs, trusting(specs, ada))
    trusting(specs, bob)
    assert applying(specs, "bob").code == 3
    assert is_let_through(applying(specs, "ada"))
