"""`srcnet diff` as people type it, in real git repositories."""

import json
import re
import shutil
from pathlib import Path

import pytest
from cli_runner import srcnet
from specs import GOLDEN, REAL, git, repository

POLICY = "policies/data/observatory.yaml"
SITE = "site-specs/chsrc-cscs.yaml"
DAY = {"SRCNET_DIFF_TODAY": "2026-11-22"}


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    return repository(Path(shutil.copytree(GOLDEN, tmp_path / "specs")))


def edit(folder: Path, file: str, before: str, after: str) -> None:
    text = (folder / file).read_text("utf-8")
    assert before in text
    (folder / file).write_text(text.replace(before, after, 1), "utf-8")


def commit(folder: Path, title: str) -> str:
    git(folder, "commit", "--all", "--quiet", "--message", title)
    return git(folder, "rev-parse", "HEAD").strip()


def diff(folder: Path, *args: str):
    return srcnet("diff", *args, cwd=folder, env=DAY)


def test_without_a_second_revision_it_is_the_files_as_they_stand(specs):
    assert diff(specs, "main").out.endswith("the folder: nothing changes\n")
    edit(specs, POLICY, "floor: 2", "floor: 1")
    ran = diff(specs, "main")
    assert ran.code == 0
    assert "DataPolicy observatory-products: spec.floor: 2 → 1" in ran.out
    assert "impact: lowers-copies" in ran.out.splitlines()[0]
    assert diff(specs, "main", "HEAD").out.endswith("nothing changes\n")


def test_a_file_that_git_does_not_know_yet_counts(specs):
    (specs / "policies/data/new.yaml").write_text(
        (specs / POLICY).read_text("utf-8").replace("observatory", "second")
    )
    ran = diff(specs, "HEAD")
    assert "nothing changes" not in ran.out + ran.err


def test_nothing_of_the_repository_is_touched(specs):
    edit(specs, POLICY, "floor: 2", "floor: 1")
    before = {
        path: path.read_bytes() for path in sorted((specs / ".git").rglob("*")) if path.is_file()
    }
    diff(specs, "main")
    after = {
        path: path.read_bytes() for path in sorted((specs / ".git").rglob("*")) if path.is_file()
    }
    assert before == after


def test_three_dots_are_what_a_branch_changed_since_it_left(specs):
    git(specs, "switch", "--quiet", "--create", "branch")
    edit(specs, POLICY, "floor: 2", "floor: 1")
    commit(specs, "Ask for less")
    git(specs, "switch", "--quiet", "main")
    edit(specs, SITE, "capacity: 390.5 TB", "capacity: 400 TB")
    commit(specs, "More room")
    ran = diff(specs, "main...branch")
    ours, _, theirs = ran.out.partition("What the main line says otherwise since then")
    assert "spec.floor: 2 → 1" in ours
    assert "390.5 TB" not in ours
    assert "390.5 TB → 400 TB" in theirs
    both = diff(specs, "main", "branch")
    assert "400 TB → 390.5 TB" in both.out


def test_the_page_of_a_site_says_who_asks_for_it(specs):
    git(specs, "switch", "--quiet", "--create", "branch")
    edit(specs, SITE, "capacity: 390.5 TB", "capacity: 400 TB")
    name = commit(specs, "More room")
    ran = diff(specs, "main", "branch", "--site", "CHSRC-CSCS")
    assert ran.out.splitlines()[0].startswith("main")
    assert "CHSRC-CSCS: " in ran.out.splitlines()[0]
    assert f"{SITE}:" in ran.out
    assert f"{name[:7]} a site admin: More room" in ran.out
    untouched = diff(specs, "main", "branch", "--site", "SWESRC-OSO")
    assert "SWESRC-OSO" in untouched.out


def test_the_page_of_a_site_where_nothing_changes(specs):
    """Most proposals change nothing, and the site's name is right all the same."""
    ran = diff(specs, "main", "--site", "CHSRC-CSCS")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[0].endswith("nothing of CHSRC-CSCS changes")
    near = diff(specs, "main", "--site", "CHSRC-CSC")
    assert near.code == 64
    assert "did you mean `CHSRC-CSCS`?" in near.err


def test_the_page_of_a_site_says_what_its_figures_are(specs):
    edit(specs, POLICY, "rate: 20 TB/yr", "rate: 10 TB/yr")
    ran = diff(specs, "main", "--site", "CHSRC-CSCS")
    assert "What its areas are expected to hold at the end of a year, drafts included" in ran.out


def test_a_file_under_another_name_says_nothing_new(tmp_path):
    """Its findings are those that were there before, wherever they stand now."""
    folder, file = tmp_path / "specs", "site-specs/jpsrc-naoj.yaml"
    for name in ("site-specs", "policies"):
        shutil.copytree(REAL / name, folder / name)
    repository(folder)
    found = srcnet("validate", cwd=folder, env={"SRCNET_VALIDATE_TODAY": "2026-11-22"})
    assert f"--> {file}" in found.out, "nothing is found in this file: choose another"
    (folder / file).rename(folder / "site-specs/日本.yaml")
    ran = diff(folder, "main")
    assert ran.code == 0
    assert "New findings" not in ran.out
    assert "Findings that are gone" not in ran.out


def test_a_shallow_clone_says_how_to_get_the_rest(specs, tmp_path):
    edit(specs, POLICY, "floor: 2", "floor: 1")
    commit(specs, "Ask for less")
    git(tmp_path, "clone", "--quiet", "--depth", "1", specs.as_uri(), "shallow")
    ran = diff(tmp_path / "shallow", "HEAD~1")
    assert ran.code == 64
    assert "git knows no revision `HEAD~1` here" in ran.err
    assert "`git fetch --unshallow`" in ran.err
    git(tmp_path / "shallow", "fetch", "--quiet", "--unshallow")
    assert diff(tmp_path / "shallow", "HEAD~1").code == 0


def test_a_repository_without_a_commit(tmp_path):
    folder = Path(shutil.copytree(GOLDEN, tmp_path / "specs"))
    git(folder, "init", "--quiet", "--initial-branch", "main")
    for name in ("HEAD", "main"):
        ran = diff(folder, name)
        assert ran.code == 64
        assert "has no commit yet" in ran.err
        assert "git commit" in ran.err


def test_the_page_of_the_architecture_group(specs):
    edit(specs, POLICY, "{count: 2, tier: online}", "{count: 3, tier: online}")
    ran = diff(specs, "main", "--policy")
    assert "requirements: 1 stricter" in ran.out.splitlines()[0]
    assert "copies on online of phase `fresh`: 2 → 3" in ran.out
    assert "What areas are expected to hold" in ran.out


def test_exit_codes(specs):
    assert diff(specs, "main", "--detailed-exitcode").code == 0
    edit(specs, POLICY, "floor: 2", "floor: 1")
    assert diff(specs, "main", "--detailed-exitcode").code == 2
    edit(specs, POLICY, "floor: 1", "floor: one")
    ran = diff(specs, "main")
    assert ran.code == 1
    assert f"{POLICY}:" in ran.err


def test_a_base_with_errors_cannot_be_compared_with(specs):
    edit(specs, POLICY, "floor: 2", "floor: two")
    commit(specs, "A mistake")
    edit(specs, POLICY, "floor: two", "floor: 2")
    ran = diff(specs, "main")
    assert ran.code == 1
    assert "have 1 error themselves" in ran.err
    assert "srcnet plan" in ran.err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("mian",), "git knows no revision `mian` here"),
        (("--", "-x"), "git knows no revision `-x` here"),
        (("main...nope",), "git knows no revision `nope` here"),
        (("main", "--site", "CHSRC-CSC"), "there is no site `CHSRC-CSC` on either side"),
        (("main", "--site", "CHSRC-CSCS", "--policy"), "two pages"),
        (("main", "--site", "CHSRC-CSCS", "--format", "sarif"), "`--site` is a page"),
        (("main", "--policy", "--format", "junit"), "`--policy` is a page"),
        (("main", "--site", "CHSRC-CSC", "--format", "html"), "there is no site `CHSRC-CSC`"),
    ],
)
def test_what_cannot_be_meant_is_said(specs, args, said):
    edit(specs, POLICY, "floor: 2", "floor: 1")
    ran = diff(specs, *args)
    assert ran.code == 64
    assert said in ran.err
    assert "help:" in ran.err


def test_a_near_name_is_offered(specs):
    assert "did you mean `main`?" in diff(specs, "mian").err


def test_outside_of_a_repository(tmp_path):
    folder = Path(shutil.copytree(GOLDEN, tmp_path / "specs"))
    ran = srcnet("diff", "main", cwd=folder, env={**DAY, "GIT_CEILING_DIRECTORIES": str(tmp_path)})
    assert ran.code == 64
    assert "git finds no repository" in ran.err
    assert "git init" in ran.err


def test_without_git(specs):
    ran = srcnet("diff", "main", cwd=specs, env={**DAY, "PATH": "/nowhere"})
    assert ran.code == 74
    assert "there is no `git` on this machine" in ran.err


def test_specs_below_the_top_of_their_repository(tmp_path):
    inside = Path(shutil.copytree(GOLDEN, tmp_path / "repository/deep/specs"))
    repository(tmp_path / "repository")
    assert diff(inside, "main").out.endswith("nothing changes\n")
    edit(inside, POLICY, "floor: 2", "floor: 1")
    commit(tmp_path / "repository", "Ask for less")
    ran = diff(inside, "HEAD~1", "HEAD")
    assert "spec.floor: 2 → 1" in ran.out
    assert f"   {POLICY}:" in ran.out
    assert "Ask for less" in diff(inside, "HEAD~1", "HEAD", "--format", "json").out


def test_it_can_be_written_to_a_file(specs):
    edit(specs, POLICY, "floor: 2", "floor: 1")
    for form, begins in (("json", '{\n  "formatVersion": 1'), ("markdown", "<!-- srcnet:diff -->")):
        ran = diff(specs, "main", "--format", form, "--out", "review")
        assert (ran.code, ran.out) == (0, "")
        assert (specs / "review").read_text("utf-8").startswith(begins)
    assert json.loads(diff(specs, "main", "--format", "json").out)["impact"] == "lowers-copies"


def test_a_link_among_the_specs_of_a_revision_is_no_file_of_it(specs):
    """What it leads to may be anything, and is not in the revision."""
    (specs / "policies/data/link.yaml").symlink_to("observatory.yaml")
    git(specs, "add", "--all")
    commit(specs, "A link")
    ran = diff(specs, "HEAD~1", "HEAD")
    assert ran.code == 74
    assert "policies/data/link.yaml" in ran.err
    assert "no file but a link" in ran.err


def test_formats_for_findings_have_what_is_new(specs):
    """Nobody is told again what was so before."""
    edit(specs, POLICY, "rate: 20 TB/yr", "rate: 9 PB/yr")
    commit(specs, "More than there is room for")
    waiver = "\n---\n".join(
        part.replace("trial-may-begin", "odd").replace(
            "{draft: true}", "{finding: service-without-storage}"
        )
        for part in (specs / "policies/lifecycle.yaml").read_text("utf-8").split("\n---\n")
        if "trial-may-begin" in part
    )
    (specs / "policies/odd.yaml").write_text(waiver, "utf-8")
    day = {"SRCNET_VALIDATE_TODAY": "2026-11-22"}
    old = srcnet("validate", "--format", "sarif", cwd=specs, env=day)
    ran = diff(specs, "main", "--format", "sarif")
    assert ran.code == 0
    everything = [r["message"]["text"] for r in json.loads(old.out)["runs"][0]["results"]]
    new = [r["message"]["text"] for r in json.loads(ran.out)["runs"][0]["results"]]
    assert new
    assert set(new) < set(everything)
    assert json.loads(diff(specs, "main", "main", "--format", "gitlab").out) == []


def test_inside_a_hook_it_is_the_repository_of_the_specs_that_is_asked(specs, tmp_path):
    """Git tells its hooks by their environment which repository and index it works on."""
    git(tmp_path, "init", "--quiet", "--bare", "other.git")
    edit(specs, POLICY, "floor: 2", "floor: 1")
    hook = {"GIT_DIR": str(tmp_path / "other.git"), "GIT_INDEX_FILE": str(tmp_path / "index")}
    ran = srcnet("diff", "main", cwd=specs, env={**DAY, **hook})
    assert ran.code == 0, ran
    assert "spec.floor: 2 → 1" in ran.out


@pytest.mark.parametrize("command", ["diff", "plan", "pipelines"])
def test_an_error_is_not_lost_among_warnings(specs, command):
    """Whoever wants all findings asks `validate`."""
    edit(specs, POLICY, "rate: 20 TB/yr", "rate: 9 PB/yr")
    edit(specs, POLICY, "floor: 2", "floor: 3")
    day = {f"SRCNET_{command.upper()}_TODAY": "2026-11-22"} if command != "pipelines" else {}
    ran = srcnet(command, *(["main"] if command == "diff" else []), cwd=specs, env=day)
    assert ran.code == 1
    assert "error[floor-over-copies]" in ran.err
    assert "warning[" not in ran.err
    assert re.search(r"^\d+ errors \(\d+ warnings? not shown\)$", ran.err, re.MULTILINE), ran.err
