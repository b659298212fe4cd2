"""Commands for people at a keyboard, as they are typed: fmt, validate --fix, init, new."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from cli_runner import TODAY, Ran, contents, edit, golden_specs, srcnet
from specs import REAL

from srcnet_compiler.converge import name_of, systems_of
from srcnet_compiler.pipeline import Compiled

SITE = "site-specs/chsrc-cscs.yaml"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Specs for one test."""
    return golden_specs(tmp_path / "specs")


# ── fmt ───────────────────────────────────────────────────────────────────────────────────────


def careless(folder: Path) -> Path:
    """Two files of the specs in a layout of their own."""
    for name in (SITE, "site-specs/europe.yaml"):
        path = folder / name
        path.write_text(path.read_text("utf-8").replace("spec:\n", "spec:   \n\n\n"), "utf-8")
    return folder


def test_fmt_writes_the_layout_and_names_the_files(own: Path):
    before = contents(own)
    ran = srcnet("fmt", cwd=careless(own))
    assert (ran.code, ran.out.splitlines()) == (0, [SITE, "site-specs/europe.yaml"])
    after = contents(own)
    assert b"spec:\n\n  src" in after[SITE]
    assert {name for name in after if after[name] != before[name]} == {*ran.out.splitlines()}
    again = srcnet("fmt", cwd=own)
    assert (again.code, again.out) == (0, "")
    assert "nothing to change" in again.err


@pytest.mark.parametrize("args", [["--check"], ["--diff"], ["--check", "--diff"]])
def test_fmt_that_shows_writes_nothing(own: Path, args: list[str]):
    before = contents(careless(own))
    ran = srcnet("fmt", *args, cwd=own)
    assert contents(own) == before
    assert ran.code == ("--check" in args)
    assert SITE in ran.out
    assert ("-spec:   \n" in ran.out) == ("--diff" in args)


def test_fmt_leaves_alone_what_is_no_yaml_and_does_the_rest(own: Path):
    broken = careless(own) / SITE
    broken.write_text(text := "kind: [Site\n   a:   1\n", "utf-8")
    ran = srcnet("fmt", cwd=own)
    assert (ran.code, ran.out) == (1, "site-specs/europe.yaml\n")
    assert f"--> {SITE}:" in ran.err
    assert broken.read_text("utf-8") == text


def test_fmt_of_a_file_that_is_not_there_ends_with_74(own: Path):
    ran = srcnet("fmt", "site-specs/nowhere.yaml", cwd=own)
    assert (ran.code, ran.out) == (74, "")
    assert "there is no such file" in ran.err


def test_fmt_of_one_file_reads_no_other(own: Path):
    careless(own)
    ran = srcnet("fmt", "europe.yaml", cwd=own / "site-specs")
    assert (ran.code, ran.out) == (0, "europe.yaml\n")
    assert srcnet("fmt", "--check", cwd=own).out == f"would change {SITE}\n"


def test_fmt_writes_all_or_nothing(own: Path):
    """A folder that nothing can be written to: the other folder's file stays as it was."""
    before = contents(careless(own))
    (own / "policies/other").mkdir()
    sealed = own / "policies/other/site.yaml"
    sealed.write_text("a:   1\n", "utf-8")
    (own / "policies/other/.site.yaml.partial").mkdir()
    ran = srcnet("fmt", cwd=own)
    assert ran.code == 74
    assert {name: text for name, text in contents(own).items() if name in before} == before


# ── validate --fix ────────────────────────────────────────────────────────────────────────────


def misspelt(folder: Path) -> Path:
    """A key, a word and a name that can only be misspelt, and an amount without its unit."""
    edit(folder / SITE, "      capacity: 390.5 TB", "      capcity: 390.5 tb  # of disks")
    edit(folder / SITE, "  country: CH", "  country: ch")
    return folder


def test_fix_mends_what_is_certain_shows_it_and_checks_again(own: Path):
    before = contents(own)
    ran = srcnet("validate", "--fix", "--today", TODAY, cwd=misspelt(own))
    assert f"mended {SITE}:" in ran.out
    assert ": capcity → capacity\n" in ran.out
    assert ": ch → CH\n" in ran.out
    assert "it again" in ran.err
    assert (own / SITE).read_text("utf-8").count("capacity: 390.5 tb  # of disks") == 1
    assert ran.code == 1
    again = srcnet("validate", "--fix", "--today", TODAY, cwd=own)
    assert (again.code, again.err) == (0, "1 mended\n")
    assert "390.5 tb → 390.5 TB\nno findings\n" in again.out
    edit(own / SITE, "  # of disks", "")
    assert contents(own) == before


@pytest.mark.parametrize(("args", "code"), [(["--check"], 1), (["--diff"], 0)])
def test_fix_that_shows_writes_nothing(own: Path, args: list[str], code: int):
    before = contents(misspelt(own))
    ran = srcnet("validate", "--fix", *args, "--today", TODAY, cwd=own)
    assert (ran.code, ran.err) == (code, "2 to be mended\n")
    assert contents(own) == before
    shown = "+  country: CH\n" if "--diff" in args else f"would mend {SITE}:"
    assert shown in ran.out


def test_fix_of_one_file_mends_that_one(own: Path):
    edit(misspelt(own) / "policies/federation.yaml", "kind: Federation\n", "kind: Federatoin\n")
    before = contents(own)
    ran = srcnet("validate", "--fix", "chsrc-cscs.yaml", cwd=own / "site-specs")
    assert "mended chsrc-cscs.yaml:" in ran.out
    after = contents(own)
    assert [name for name in after if after[name] != before[name]] == [SITE]


def test_fix_leaves_what_two_people_might_mean_in_two_ways(own: Path):
    edit(own / SITE, "      capacity: 390.5 TB", "      capacity: 390.5")
    before = contents(own)
    ran = srcnet("validate", "--fix", "--today", TODAY, cwd=own)
    assert ran.code == 1
    assert "without a unit" in ran.out
    assert contents(own) == before


def test_fix_writes_no_word_of_its_own_into_a_report(own: Path):
    ran = srcnet("validate", "--fix", "--format", "json", cwd=misspelt(own))
    assert json.loads(ran.out)["findings"]
    assert "capcity → capacity" in ran.err


@pytest.mark.parametrize("args", [["--check"], ["--diff"]])
def test_check_and_diff_go_with_fix(own: Path, args: list[str]):
    assert srcnet("validate", *args, cwd=own).code == 64


# ── init and new ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """What `srcnet init` makes."""
    ran = srcnet("init", "specs", cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    return tmp_path / "specs"


def test_init_makes_a_repository_that_validates_compiles_and_is_laid_out(begun: Path):
    assert {name for name in contents(begun) if not name.startswith("schemas/")} == {
        *("policies/federation.yaml", "site-specs/first-site.yaml", "srcnet.toml"),
        *("README.md", ".gitignore", ".pre-commit-config.yaml"),
    }
    checked = srcnet("validate", "--today", TODAY, cwd=begun)
    assert (checked.code, checked.err) == (0, "")
    assert srcnet("fmt", "--check", cwd=begun).code == 0
    assert srcnet("compile", "--today", TODAY, cwd=begun).code == 0
    assert (begun / "build/rucio/federation").is_dir()
    schema = (begun / "site-specs/first-site.yaml").read_text("utf-8").partition("$schema=")[2]
    assert (begun / "site-specs" / schema.partition("\n")[0]).is_file()


def test_what_init_and_new_make_is_counted_in_plain_words(begun: Path):
    assert srcnet("new", "policy", "raw", cwd=begun).code == 0
    ran = srcnet("compile", "--today", TODAY, cwd=begun)
    assert "(1 site, 0 storage areas, " in ran.out
    assert "needs 1 area: tier `online` has none" in ran.out
    assert "^ 1 copy, apart by area" in ran.out


@pytest.mark.parametrize("args", [[], ["--check"], ["--diff"]])
def test_fmt_lays_out_specs_alone(own: Path, args: list[str]):
    (own / "README.md").write_text("Sites:\n  here\n   - or there\n")
    ran = srcnet("fmt", *args, "README.md", cwd=own)
    assert (ran.code, ran.out) == (64, "")
    assert "`README.md` is no spec: the name of a spec ends in `.yaml` or `.yml`" in ran.err
    assert "help: name specs alone" in ran.err


@pytest.mark.parametrize(
    ("args", "needs", "example"),
    [
        (["diff"], "BASE", "srcnet diff main"),
        (["new", "site"], "NAME", "srcnet new site CHSRC-ZURICH"),
        (["show"], "PLAN", "srcnet show plan.json"),
        (["approvals"], "`--plan`", "srcnet approvals --plan plan.json"),
        (["explain"], "WHAT", "srcnet explain area-over-capacity"),
    ],
)
def test_what_is_missing_is_shown_by_an_example(
    own: Path, args: list[str], needs: str, example: str
):
    ran = srcnet(*args, cwd=own)
    assert (ran.code, ran.out) == (64, "")
    assert ran.err.startswith(f"error: `srcnet {args[0]}` needs {needs}\n")
    assert f"help: such as `{example}`; `srcnet {args[0]} --help`" in ran.err


@pytest.mark.parametrize(
    ("args", "said", "remedy"),
    [
        (["site"], "there is no kind `site`", "did you mean `Site`?"),
        (["Site", "--write"], "`--write` writes the schemas of all kinds", "srcnet schema Site"),
        (["Site", "--out", "x"], "`--out` is the folder for `--write`", "give `--write` too"),
    ],
)
def test_no_part_of_a_schema_command_is_passed_over(
    tmp_path: Path, args: list[str], said: str, remedy: str
):
    ran = srcnet("schema", *args, cwd=tmp_path)
    assert (ran.code, ran.out) == (64, "")
    assert said in ran.err
    assert remedy in ran.err
    assert not any(tmp_path.iterdir())


def test_one_warning_is_not_several(begun: Path):
    ran = srcnet("validate", "--quiet", "--today", TODAY, cwd=begun)
    assert ran.out == "no findings (1 warning not shown)\n"


def test_a_site_that_is_gone_is_not_taken_for_another_country_s(tmp_path: Path):
    """Names by one rule are alike; that does not make one of them the other, misspelt."""
    for name in ("site-specs", "policies"):
        shutil.copytree(REAL / name, tmp_path / name)
    (tmp_path / "site-specs/jpsrc-naoj.yaml").unlink()
    ran = srcnet("validate", "--quiet", "--today", TODAY, cwd=tmp_path)
    assert "`JPSRC-NAOJ` is not a site" in ran.out
    assert "did you mean" not in ran.out
    assert "help: known are `AUSSRC-PERTH`, " in ran.out
    assert "`, …\n" in ran.out


def test_init_takes_what_is_known(tmp_path: Path):
    options = ["--name", "ska", "--site", "CHSRC-CSCS", "--country", "CH"]
    hosts = ["--issuer", "https://iam.example.org/", "--rucio", "https://rucio.example.org"]
    assert srcnet("init", *options, *hosts, cwd=tmp_path).code == 0
    site = (tmp_path / "site-specs/chsrc-cscs.yaml").read_text("utf-8")
    assert "metadata: {name: CHSRC-CSCS}\nspec:\n  src: CHSRC\n" in site
    assert ".invalid" not in (tmp_path / "policies/federation.yaml").read_text("utf-8").replace(
        "`.invalid`", ""
    )
    assert srcnet("validate", "--today", TODAY, cwd=tmp_path).code == 0


def test_init_overwrites_nothing(begun: Path):
    edit(begun / "README.md", "# Specs of federation", "# Ours")
    before = contents(begun)
    ran = srcnet("init", cwd=begun)
    assert (ran.code, ran.out) == (74, "")
    assert "is there already" in ran.err
    assert contents(begun) == before


@pytest.mark.parametrize(
    "args", [["--country", "CHE"], ["--site", "a b"], ["--rucio", "rucio"], ["--name", "*x"]]
)
def test_init_with_what_is_no_name_writes_nothing(tmp_path: Path, args: list[str]):
    ran = srcnet("init", *args, cwd=tmp_path)
    assert (ran.code, ran.out) == (64, "")
    assert contents(tmp_path) == {}


def test_no_draft_has_a_host_a_size_or_a_digest_of_its_own(begun: Path):
    assert srcnet("new", "site", "FIRST-OTHER", cwd=begun).code == 0
    assert srcnet("new", "policy", "long-term", cwd=begun).code == 0
    for name, text in contents(begun).items():
        if name.startswith(("site-specs/", "policies/")):
            said = re.sub(rb"#.*", b"", text)
            assert not re.search(rb"https?://(?!iam\.invalid|rucio\.invalid)|sha256|host:", said)
            assert not re.search(rb"[0-9] ?[kMGTPE]i?B", said)


NEW = [
    (["site", "CHSRC-ZURICH"], "site-specs/chsrc-zurich.yaml"),
    (["site", "NORTH-POLE", "--member", "CHSRC", "--country", "CH"], "site-specs/north-pole.yaml"),
    (["policy", "long-term"], "policies/data/long-term.yaml"),
    (
        ["template", "viewer", "--image", "registry.example.org/srcnet/viewer"],
        "policies/workflows/viewer.yaml",
    ),
    (
        [
            *("template", "viewer", "--image", "registry.example.org/srcnet/viewer"),
            *("--reads", "nearline", "--queue", "visualisation", "--lasts", "4 h"),
            *("--cores", "4", "--memory", "16 GiB", "--scratch", "50 GB"),
            *("--group", "/projects/eor", "--group", "/projects/hi-survey"),
        ],
        "policies/workflows/viewer.yaml",
    ),
]


def with_namespace(folder: Path) -> Path:
    """A namespace that no policy is about."""
    known = "      - {name: observatory}\n"
    fresh = "      - {name: fresh, status: draft, source: not agreed}\n"
    edit(folder / "policies/federation.yaml", known, known + fresh)
    return folder


@pytest.mark.parametrize(("args", "file"), NEW)
def test_new_writes_a_draft_that_validates(own: Path, args: list[str], file: str):
    before = contents(with_namespace(own))
    ran = srcnet("new", *args, cwd=own)
    assert (ran.code, ran.out, ran.err) == (0, f"{file}\n", "")
    assert {*contents(own)} - {*before} == {file}
    text = (own / file).read_text("utf-8")
    assert text.startswith("# yaml-language-server: $schema=https://srcnet.skao.int/schemas/")
    assert "  status: draft" in text
    assert srcnet("fmt", "--check", file, cwd=own).code == 0
    checked = srcnet("validate", "--today", TODAY, cwd=own)
    assert checked.code == 0, checked
    again = srcnet("new", *args, cwd=own)
    assert again.code == 74
    assert (own / file).read_text("utf-8") == text


def test_new_service_is_one_that_the_federation_has_said_there_is(own: Path):
    before = contents(own)
    ran = srcnet("new", "service", "gateway", "--image", "registry.example.org/x/y", cwd=own)
    assert ran.code == 1
    assert "help: add `gateway: {storage: none}` to its `services`" in ran.err
    assert contents(own) == before
    federation = own / "policies/federation.yaml"
    edit(federation, "\n  services:\n", "\n  services:\n    gateway: {storage: none}\n")
    assert srcnet("new", "service", "gateway", cwd=own).code == 64
    ran = srcnet("new", "service", "gateway", "--image", "registry.example.org/x/y", cwd=own)
    assert (ran.code, ran.out) == (0, "policies/services/gateway.yaml\n")
    assert srcnet("validate", "--today", TODAY, cwd=own).code == 0


def test_new_service_after_init_needs_nothing_more(begun: Path):
    """Where the federation lists no services, any may be."""
    ran = srcnet("new", "service", "echo", "--image", "registry.example.org/x/echo", cwd=begun)
    assert (ran.code, ran.out, ran.err) == (0, "policies/services/echo.yaml\n", "")
    assert srcnet("validate", "--today", TODAY, cwd=begun).code == 0


def test_each_refusal_after_init_says_what_to_type_and_then_it_works(begun: Path):
    federation = begun / "policies/federation.yaml"
    image = ("--image", "registry.example.org/x/viewer")
    ran = srcnet("new", "template", "viewer", *image, cwd=begun)
    assert ran.code == 1
    assert "help: `srcnet new compute queues` drafts some; then type this again" in ran.err
    assert srcnet("new", "compute", "queues", cwd=begun).out == "policies/compute/queues.yaml\n"
    ran = srcnet("new", "template", "viewer", *image, cwd=begun)
    assert (ran.code, ran.out, ran.err) == (0, "policies/workflows/viewer.yaml\n", "")
    assert srcnet("new", "policy", "first", cwd=begun).code == 0
    ran = srcnet("new", "policy", "second", cwd=begun)
    entry = re.search(r"add `(- \{.*\})` under `namespaces` of its `rucio` \((.*):(\d+)\)", ran.err)
    assert entry is not None
    assert (begun / entry[2]) == federation
    lines = federation.read_text("utf-8").split("\n")
    assert lines[int(entry[3]) - 1].startswith("    namespaces:")
    federation.write_text(
        "\n".join([*lines[: int(entry[3])], f"      {entry[1]}", *lines[int(entry[3]) :]]), "utf-8"
    )
    assert srcnet("new", "policy", "second", cwd=begun).code == 0
    assert srcnet("validate", "--today", TODAY, cwd=begun).code == 0
    assert srcnet("fmt", "--check", cwd=begun).code == 0


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["template", "x"], 64, "say it with `--image REGISTRY/PATH`"),
        (["template", "x", "--image", "r.example.org/x", "--queue", "btach"], 1, "btach"),
        (["template", "x", "--image", "r.example.org/x", "--reads", "onlin"], 1, "`online`?"),
        (["template", "x", "--image", "r.example.org/x", "--memory", "16"], 1, "without a unit"),
        (
            ["template", "x", "--image", "r.example.org/x", "--group", "/projects/eors"],
            1,
            "known are /roles/int/oper, /projects/eor, /projects/hi-survey; another is added to"
            " `groups` of its `identity` (policies/federation.yaml:36) first",
        ),
        (["site", "NORTH-POLE"], 64, "(policies/federation.yaml:8)"),
        (["site", "NORTH-POLE"], 64, "does not begin with a member's name"),
        (["site", "NORTH-POLE"], 64, "CHSRC"),
        (["site", "NORTH-POLE"], 64, "a new member is added to `members`"),
        (["site", "CHSRC-X", "--country", "QQ"], 1, "lies in no region"),
        (["site", "CHSRC-X Y"], 1, "would not fit in here"),
        (["site", "CHSRC-CSCS"], 74, "is there already"),
        (["policy", "x"], 64, "every namespace of the federation has its policy"),
        (["policy", "x", "--namespace", "nowhere"], 1, "`nowhere` is not a namespace"),
        (["bicycle", "X"], 64, "bicycle"),
    ],
)
def test_new_that_does_not_fit_writes_nothing(own: Path, args: list[str], code: int, said: str):
    before = contents(own)
    ran = srcnet("new", *args, cwd=own)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert contents(own) == before


def test_new_without_specs_says_how_to_begin(tmp_path: Path):
    ran = srcnet("new", "site", "X", cwd=tmp_path)
    assert (ran.code, ran.out) == (74, "")
    assert "srcnet init" in ran.err


# ── hooks of pre-commit ───────────────────────────────────────────────────────────────────────


def hooks(text: str) -> dict[str, dict]:
    return {hook["id"]: hook for hook in yaml.safe_load(text)}


def as_pre_commit(hook: dict, folder: Path, files: list[str]) -> Ran | None:
    """The hook's command on the files that it is for; None where there are none."""
    chosen = [name for name in files if re.search(hook["files"], name)]
    name, *words = shlex.split(hook["entry"])
    assert name == "srcnet"
    passed = chosen if hook.get("pass_filenames", True) else []
    return srcnet(*words, *passed, cwd=folder) if chosen else None


def test_the_hooks_do_what_pre_commit_expects_of_them(own: Path):
    ours = hooks((REAL / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert {*ours} == {"srcnet-fmt", "srcnet-validate"}
    files = [*contents(own), "README.md", "other/site-specs/x.yaml"]
    assert as_pre_commit(ours["srcnet-fmt"], own, ["README.md"]) is None
    for hook in ours.values():
        before = contents(own)
        ran = as_pre_commit(hook, own, files)
        assert ran is not None
        assert ran.code == 0
        assert contents(own) == before
    laid_out = contents(own)
    as_pre_commit(ours["srcnet-fmt"], careless(own), files)
    changed = contents(own)
    assert b"spec:\n\n  src" in changed[SITE] != laid_out[SITE]
    edit(own / SITE, "390.5 TB", "390.5")
    ran = as_pre_commit(ours["srcnet-validate"], own, [SITE])
    assert ran is not None
    assert ran.code == 1


def test_the_hooks_that_init_writes_are_the_same(begun: Path):
    (repo,) = yaml.safe_load((begun / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    ours = hooks((REAL / ".pre-commit-hooks.yaml").read_text("utf-8"))
    for hook in repo["hooks"]:
        for key in ("entry", "files", "pass_filenames"):
            assert hook.get(key) == ours[hook["id"]].get(key)
        ran = as_pre_commit(hook, begun, [*contents(begun)])
        assert ran is not None
        assert ran.code == 0


# ── what a shell completes ────────────────────────────────────────────────────────────────────


def completed(cwd: Path, *words: str) -> list[str]:
    """As bash asks for it; the last word is the one that is typed."""
    typed = {"COMP_WORDS": shlex.join(("srcnet", *words)), "COMP_CWORD": str(len(words))}
    ran = srcnet(cwd=cwd, env={"_SRCNET_COMPLETE": "bash_complete", **typed})
    assert ran.err == ""
    return [line.partition(",")[2] for line in ran.out.splitlines() if line]


def test_a_shell_completes_names_of_sites(own: Path):
    sites = completed(own, "plan", "--site", "")
    assert "CHSRC-CSCS" in sites
    assert completed(own, "plan", "--site", "ch") == ["CHSRC-CSCS"]
    assert completed(own / "site-specs", "verify", "--site", "") == sites
    assert completed(own, "diff", "--site", "") == sites
    assert completed(own.parent, "-C", "specs", "apply", "--site", "") == sites
    assert completed(own.parent, "plan", "--site", "") == []
    (own / SITE).write_text("kind: Site\nmetadata: [", "utf-8")
    assert completed(own, "plan", "--site", "") == [each for each in sites if each != "CHSRC-CSCS"]


def test_a_shell_completes_the_names_of_systems_that_plans_have(own: Path, golden: Compiled):
    systems = {str(name_of(each)) for each in systems_of(golden)}
    assert {each for each in completed(own, "plan", "--system", "") if "/" in each} == systems
    assert completed(own, "plan", "--system", "ru") == ["rucio", "rucio/golden"]
