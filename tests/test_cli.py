"""Every command as people type it, on a small federation, with no system to be reached."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import signal
import socket
import subprocess
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import click
import pytest
from cli_runner import (
    COMMAND,
    TODAY,
    begin,
    edit,
    environment,
    golden_specs,
    on_a_terminal,
    srcnet,
    to_end,
)
from jsonschema import Draft202012Validator
from report_readers import GITLAB, JUNIT, OWN, SARIF, command

from srcnet_compiler import __version__
from srcnet_compiler.cli.commands.status import when
from srcnet_compiler.cli.exits import MEANINGS
from srcnet_compiler.cli.group import COMMANDS, root
from srcnet_compiler.diagnostic import Code

AREA = "      capacity: 390.5 TB"


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Specs without an error, compiled; not to be changed."""
    folder = golden_specs(tmp_path_factory.mktemp("cli") / "specs")
    assert srcnet("compile", "--today", TODAY, cwd=folder).code == 0
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Specs for one test."""
    return golden_specs(tmp_path / "specs")


def wrong(folder: Path) -> Path:
    """The specs with one error, at line 26 and 28 of the Swiss site."""
    edit(folder / "site-specs/chsrc-cscs.yaml", AREA, "      capacity: 390.5")
    return folder


# ── help ──────────────────────────────────────────────────────────────────────────────────────


def test_without_a_command_the_help_is_shown(tmp_path: Path):
    alone, asked = srcnet(cwd=tmp_path), srcnet("--help", cwd=tmp_path)
    assert alone == asked
    assert (asked.code, asked.err) == (0, "")
    assert all(f"  {name} " in asked.out for name in COMMANDS)
    assert all(f"{code:>4}  {text}" in asked.out for code, text in MEANINGS.items())


def examples(name: str) -> list[list[str]]:
    """The command lines in a command's help, as a shell would split them."""
    loaded = root.get_command(click.Context(root), name)
    assert loaded is not None
    text = click.Context(loaded, info_name=name).get_help() if name else ""
    assert "Examples:" in text, f"`srcnet {name} --help` shows no example"
    shown = text.partition("Examples:")[2].partition("\n\n")[0]
    lines = [line.strip() for line in shown.splitlines() if line.strip().startswith("srcnet ")]
    return [shlex.split(line.partition(" > ")[0]) for line in lines]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_in_the_help_is_understood(name: str):
    lines = examples(name)
    assert lines
    for line in lines:
        assert line[:2] == ["srcnet", name]
        loaded = root.get_command(click.Context(root), name)
        assert loaded is not None
        loaded.make_context(name, line[2:])


def test_every_module_of_a_command_is_listed():
    there = files("srcnet_compiler.cli.commands").iterdir()
    modules = {Path(str(entry)).stem for entry in there if entry.name.endswith(".py")}
    assert modules - {"__init__"} == {name.replace("-", "_") for name in COMMANDS}


@pytest.mark.parametrize("args", [["--help"], ["apply", "--help"], ["--version"]])
def test_help_loads_no_library_that_takes_its_time(args: list[str], tmp_path: Path):
    done = subprocess.run(
        [COMMAND[0], "-X", "importtime", *COMMAND[1:], *args],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "srcnet_compiler.cli.group" in loaded
    heavy = {"rucio", "pydantic", "requests", "ansible_runner", "yaml", "rich", "jinja2", "ruamel"}
    assert not heavy & {name.partition(".")[0] for name in loaded}


@pytest.mark.parametrize("word", ["--version", "-V", "version"])
def test_the_version_is_the_packages(word: str, tmp_path: Path):
    assert srcnet(word, cwd=tmp_path).out == f"srcnet, version {__version__}\n"


def test_help_may_be_asked_for_as_if_it_were_a_command(tmp_path: Path):
    assert srcnet("help", cwd=tmp_path) == srcnet("--help", cwd=tmp_path)
    assert srcnet("help", "plan", cwd=tmp_path) == srcnet("plan", "--help", cwd=tmp_path)


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (["plam"], "Did you mean `plan`?"),
        (["qqqqqq"], "There is no command `qqqqqq`."),
        (["plan", "--detailed-exitcod"], "--detailed-exitcode"),
        (["validate", "--format", "xml"], "sarif"),
        (["plan", "--today", "yesterday"], "`yesterday` is not a day such as 2027-03-01"),
        (["validate", "-C", "specs"], "`srcnet -C DIR validate`"),
        (["verify", "--debug"], "`srcnet --debug verify`"),
        (["show"], "PLAN"),
        (["schema", "Siet"], "Site"),
        (["explain", "area-over-capacty"], "area-over-capacity"),
        (["explain", "nothing-like-it"], "square brackets"),
        (["completion", "tcsh"], "fish"),
    ],
)
def test_what_is_not_understood_ends_with_64_and_a_hint(args: list[str], hint: str, tmp_path: Path):
    ran = srcnet(*args, cwd=tmp_path)
    assert (ran.code, ran.out) == (64, "")
    assert ran.err.startswith("error: ")
    assert hint in ran.err


# ── validate ──────────────────────────────────────────────────────────────────────────────────


def test_validate_has_nothing_to_say_of_good_specs(specs: Path):
    ran = srcnet("validate", "--today", TODAY, cwd=specs)
    assert (ran.code, ran.out, ran.err) == (0, "no findings\n", "")


def test_validate_points_at_the_value_and_says_what_to_type(own: Path):
    ran = srcnet("validate", "--today", TODAY, cwd=wrong(own))
    assert (ran.code, ran.err) == (1, "")
    assert "--> site-specs/chsrc-cscs.yaml:26:17" in ran.out
    assert f"26 | {AREA.replace(' TB', '')}\n" in ran.out
    assert "^^^^^" in ran.out
    assert "help: write an amount with its unit" in ran.out


def test_validate_of_files_judges_these_alone(own: Path):
    wrong(own)
    good = srcnet("validate", "site-specs/europe.yaml", "site-specs/world.yaml", cwd=own)
    bad = srcnet("validate", "site-specs/europe.yaml", "site-specs/chsrc-cscs.yaml", cwd=own)
    assert (good.code, bad.code) == (0, 1)
    assert "without a unit" in bad.out
    assert good.out == (
        "no findings in the shape of 2 files; `srcnet validate` checks names and capacity too\n"
    )
    alone = srcnet("-C", own, "validate", "site-specs/europe.yaml", cwd=own.parent)
    assert "the shape of site-specs/europe.yaml; `srcnet -C " in alone.out


def test_validate_says_what_it_could_not_look_at(own: Path):
    ran = srcnet("validate", cwd=wrong(own))
    assert ran.out.endswith(
        "\n\nnames, policies and capacity were not checked: mend these first\n\n1 error\n"
    )
    edit(own / "site-specs/chsrc-cscs.yaml", AREA.replace(" TB", ""), AREA)
    edit(
        own / "site-specs/chsrc-cscs.yaml",
        "metadata: {name: CHSRC-CSCS,",
        "metadata: {name: JPSRC-NAOJ,",
    )
    ran = srcnet("validate", cwd=own)
    assert "\n\npolicies and capacity were not checked: mend these first\n\n" in ran.out


def test_quiet_shows_errors_alone_and_says_how_much_it_hides():
    specs = Path(__file__).parents[1]
    quiet = srcnet("validate", "--quiet", "--today", TODAY, cwd=specs)
    assert re.fullmatch(r"no findings \(\d+ warnings not shown\)\n", quiet.out)
    told = json.loads(srcnet("validate", "-q", "--format", "json", cwd=specs).out)
    assert told["findings"] == []
    assert told["facts"]["warnings not shown"] > 0


def as_github(text: str) -> None:
    lines = text.splitlines()
    assert [command(line)[0] for line in lines if line.startswith("::")] == ["error"]
    assert lines[-1] == "1 error"


READERS = {
    "json": lambda text: OWN.validate(json.loads(text)),
    "sarif": lambda text: SARIF.validate(json.loads(text)),
    "gitlab": lambda text: GITLAB.validate(json.loads(text)),
    "junit": lambda text: JUNIT.validate(io.StringIO(text)),
    "github": as_github,
    "markdown": lambda text: None,
}


@pytest.mark.parametrize("form", READERS)
def test_validate_writes_what_the_readers_of_each_format_accept(form: str, own: Path):
    ran = srcnet("validate", "--format", form, "site-specs/chsrc-cscs.yaml", cwd=wrong(own))
    assert (ran.code, ran.err) == (1, "")
    assert "site-specs/chsrc-cscs.yaml" in ran.out
    READERS[form](ran.out)


def test_findings_about_nothing_are_still_a_document(specs: Path):
    for form in ("json", "sarif", "gitlab", "junit"):
        ran = srcnet("validate", "--format", form, "site-specs/europe.yaml", cwd=specs)
        assert ran.code == 0
        READERS[form](ran.out)


# ── explain, schema, completion, status ───────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "typed", ["wrong-shape", "[wrong-shape]", "error[wrong-shape]:", "Wrong-Shape", "`wrong-shape`"]
)
def test_explain_shows_the_page_of_a_finding(typed: str, tmp_path: Path):
    ran = srcnet("explain", typed, cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"# {Code.SHAPE.value}\n")


def line_with(path: Path, text: str) -> int:
    return next(i for i, line in enumerate(path.read_text().splitlines(), 1) if text in line)


def test_explain_leads_from_an_emitted_line_to_the_spec_and_back(specs: Path):
    emitted = "build/rucio/golden/sites/CHSRC-CSCS.yaml"
    number = line_with(specs / emitted, "390500000000000")
    there = srcnet("explain", f"{emitted}:{number}", cwd=specs)
    assert (there.code, there.err) == (0, "")
    assert "site-specs/chsrc-cscs.yaml:26:17" in there.out
    assert f"| {AREA.strip()}\n" in there.out
    back = srcnet("explain", "site-specs/chsrc-cscs.yaml:26", cwd=specs)
    assert (back.code, back.err) == (0, "")
    reached = re.search(rf"{re.escape(emitted)}: (.*)", back.out)
    assert reached is not None
    assert number in numbers(reached[1])


def numbers(text: str) -> set[int]:
    """3, 7-9 → {3, 7, 8, 9}."""
    pairs = (part.partition("-") for part in text.split(", "))
    return {n for low, _, high in pairs for n in range(int(low), int(high or low) + 1)}


def test_explain_finds_its_files_from_any_folder(specs: Path, tmp_path: Path):
    ran = srcnet("-C", specs, "explain", "site-specs/chsrc-cscs.yaml:26", cwd=tmp_path)
    assert ran.code == 0
    emitted = "build/rucio/golden/sites/CHSRC-CSCS.yaml:12"
    assert srcnet("-C", specs, "explain", emitted, cwd=tmp_path).code == 0


def test_explain_takes_the_place_as_a_finding_shows_it(specs: Path):
    """With its column, only what comes from that value."""
    whole = srcnet("explain", "site-specs/chsrc-cscs.yaml:13", cwd=specs)
    assert whole.code == 1, "no emitted line comes from the speed of a line"
    line = srcnet("explain", "site-specs/chsrc-cscs.yaml:11", cwd=specs)
    city = srcnet("explain", "site-specs/chsrc-cscs.yaml:11:20", cwd=specs)
    assert (line.code, city.code) == (0, 0)
    assert "site-specs/chsrc-cscs.yaml:11:20 reaches 4 emitted lines\n" in city.out
    assert "site-specs/chsrc-cscs.yaml:11 reaches 16 emitted lines\n" in line.out
    emitted = "build/rucio/golden/sites/CHSRC-CSCS.yaml:12"
    assert srcnet("explain", f"{emitted}:3", cwd=specs) == srcnet("explain", emitted, cwd=specs)


@pytest.mark.parametrize("name", ["CHSRC-CSCS-T0", "chsrc_xrd_prod", "rucio/golden/rse/xrd"])
def test_explain_of_a_name_leads_to_where_it_is_described_and_to_what_comes_from_it(
    name: str, specs: Path
):
    ran = srcnet("explain", name, cwd=specs)
    assert (ran.code, ran.err) == (0, "")
    assert ": `storage` of Site CHSRC-CSCS\n" in ran.out
    assert re.search(r"  site-specs/chsrc-cscs.yaml:1[567]:\d+\n", ran.out)
    reached = re.search(r"  build/rucio/golden/sites/CHSRC-CSCS.yaml: (.*)", ran.out)
    assert reached is not None


QUEUE = ("`queues` of ComputePolicy queues", "policies/compute/queues.yaml:9:5")
PROJECT = ("`projects` of Allocation cycle-0", "policies/allocation/cycle-0.yaml:11:13")
WINDOW = ("`compute` `slurm` `windows` of Site CHSRC-CSCS", "site-specs/chsrc-cscs.yaml:105:20")
CLUSTER = ("`compute` of Site CHSRC-CSCS", "site-specs/chsrc-cscs.yaml:79:13")
AS_SLURM_SAYS = ("`compute` `slurm` of Site CHSRC-CSCS", "site-specs/chsrc-cscs.yaml:108:18")
PREFIX = ("`spec` of ComputePolicy queues", "policies/compute/queues.yaml:7:11")


@pytest.mark.parametrize(
    ("name", "described", "reaches"),
    [
        ("batch", QUEUE, "common/srcnet.conf"),
        ("ska-batch", QUEUE, "common/srcnet.conf"),
        ("slurm/CHSRC-CSCS.common/qos/ska-batch", QUEUE, "common/accounting.yaml"),
        ("eor", PROJECT, "own/accounting.yaml"),
        ("SKA-EOR", PROJECT, "common/srcnet.conf"),
        ("slurm/CHSRC-CSCS.common/association/ska-eor/alice", PROJECT, "common/accounting.yaml"),
        ("nights", WINDOW, "common/reservations.yaml"),
        ("CHSRC-CSCS/common/nights", WINDOW, "common/reservations.yaml"),
        ("ska-nights.sat", WINDOW, "common/reservations.yaml"),
        ("CHSRC-CSCS/common", CLUSTER, "common/srcnet.conf"),
        ("CHSRC-CSCS.common", CLUSTER, "common/srcnet.conf"),
        ("srcnet", AS_SLURM_SAYS, "own/accounting.yaml"),
        ("ska", PREFIX, "common/accounting.yaml"),
    ],
    ids=str,
)
def test_explain_knows_the_names_of_compute_in_the_specs_and_on_a_cluster(
    name: str, described: tuple[str, str], reaches: str, specs: Path
):
    what, place = described
    ran = srcnet("explain", name, cwd=specs)
    assert (ran.code, ran.err) == (0, "")
    assert f": {what}\n" in ran.out
    assert f"  {place}\n" in ran.out
    assert re.search(rf"  build/slurm/CHSRC-CSCS\.{re.escape(reaches)}: \d", ran.out)


SERVICE = "a document of kind Service"


@pytest.mark.parametrize(
    ("name", "what", "place"),
    [
        ("soda_sync", SERVICE, "policies/services/soda.yaml:3:18"),
        ("soda-sync", SERVICE, "policies/services/soda.yaml:3:18"),
        ("Deployment/ska-services/soda-sync", SERVICE, "policies/services/soda.yaml:3:18"),
        ("notebook", "a document of kind WorkflowTemplate", "templates.yaml:3:18"),
        ("CHSRC-CSCS/soda_sync", "`services` of Site CHSRC-CSCS", "chsrc-cscs.yaml:118:17"),
        ("CHSRC-CSCS/services", "`compute` of Site CHSRC-CSCS", "chsrc-cscs.yaml:46:13"),
    ],
)
def test_explain_knows_what_runs_on_kubernetes(name: str, what: str, place: str, specs: Path):
    ran = srcnet("explain", name, cwd=specs)
    assert (ran.code, ran.err) == (0, "")
    assert f": {what}\n" in ran.out
    assert f"{place}\n" in ran.out


def test_explain_of_a_label_tells_the_clusters_of_two_sites_apart(own: Path):
    """`own` is what two sites call a cluster: with its site, one of them is meant."""
    text = (own / "site-specs/chsrc-cscs.yaml").read_text()
    other = text.replace("CHSRC-CSCS", "CHSRC-OTHER")
    (own / "site-specs/other.yaml").write_text(other)
    both = srcnet("explain", "own", cwd=own).out
    assert "of Site CHSRC-CSCS\n" in both
    assert "of Site CHSRC-OTHER\n" in both
    for label in ("CHSRC-OTHER/own", "CHSRC-OTHER.own", "CHSRC-OTHER/common/nights"):
        one = srcnet("explain", label, cwd=own).out
        assert "of Site CHSRC-OTHER\n" in one
        assert "CHSRC-CSCS" not in one


@pytest.mark.parametrize(
    "text",
    [
        "kind: ComputePolicy\nmetadata: {name: p}\nspec: {prefix: 5, queues: [a]}\n",
        "kind: ComputePolicy\nspec: {prefix: ska, queues: {5: x}}\n",
        "kind: Site\nspec: {compute: [{name: [a], slurm: {windows: {name: w}}}, {slurm: 1}]}\n",
        "kind: Site\nmetadata: {name: S}\nspec: {compute: {name: a, slurm: {windows: [w]}}}\n",
        "kind: Site\nmetadata: {name: S}\nspec: {services: {service: a}}\n",
        "kind: Site\nmetadata: {name: S}\nspec: {services: [a, {service: [b]}, {service: 1}]}\n",
        "kind: Site\nspec: {services: [{service: a}]}\n",
        "kind: Service\nmetadata: {name: [a]}\nspec: {}\n",
    ],
)
def test_explain_of_a_name_takes_compute_of_any_wrong_shape(text: str, own: Path):
    (own / "policies/wrong.yaml").write_text(f"apiVersion: srcnet.skao.int/v1alpha2\n{text}")
    assert "CHSRC-CSCS: a document of kind Site\n" in srcnet("explain", "CHSRC-CSCS", cwd=own).out
    assert ": `queues` of ComputePolicy queues\n" in srcnet("explain", "ska-batch", cwd=own).out


def test_explain_of_a_name_needs_neither_a_build_nor_specs_without_errors(own: Path):
    ran = srcnet("explain", "CHSRC-CSCS", cwd=wrong(own))
    assert ran.code == 0
    assert "CHSRC-CSCS: a document of kind Site\n" in ran.out
    assert "site-specs/chsrc-cscs.yaml:3:18" in ran.out


@pytest.mark.parametrize(
    ("what", "code", "said"),
    [
        ("site-specs/chsrc-cscs.yaml:9999", 64, "there is no line 9999: "),
        ("build/rucio/golden/sites/CHSRC-CSCS.yaml:9999", 64, "there is no line 9999: "),
        ("build/rucio/golden/sites/CHSRC-CSCS.yaml:0", 64, "there is no line 0: "),
        ("site-specs/chsrc-cscs.yaml:" + "9" * 5000, 64, "there is no line 999999999: "),
        ("site-specs/none.yaml:3", 74, "there is no file `site-specs/none.yaml`"),
        ("build/source-map.json:1", 64, "is neither a spec nor a file that"),
        ("site-specs/chsrc-cscs.yaml", 64, "`site-specs/chsrc-cscs.yaml:LINE`"),
        ("CHSRC-CSCS-T00", 64, "did you mean `CHSRC-CSCS-T0`"),
        ("over-capacity", 64, "`worst-case-over-capacity`"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_explain_says_precisely_what_it_does_not_find(what: str, code: int, said: str, specs: Path):
    ran = srcnet("explain", what, cwd=specs)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("error: ")
    assert said in ran.err


def test_explain_of_a_line_needs_a_build(own: Path):
    ran = srcnet("explain", "site-specs/chsrc-cscs.yaml:26", cwd=own)
    assert (ran.code, ran.out) == (74, "")
    assert "help: run `srcnet compile`" in ran.err


@pytest.mark.parametrize("kind", ["Site", "Waiver", None])
def test_schema_prints_a_schema_of_the_right_dialect(kind: str | None, tmp_path: Path):
    ran = srcnet("schema", *([kind] if kind else []), cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    Draft202012Validator.check_schema(json.loads(ran.out))


def test_schema_writes_what_stands_in_the_repository(tmp_path: Path):
    ran = srcnet("schema", "--write", "--out", "all", cwd=tmp_path)
    assert ran.code == 0
    written = {path.name: path.read_text() for path in (tmp_path / "all").iterdir()}
    assert ran.out == f"{len(written)} files in all\n"
    kept = Path(__file__).parents[1] / "schemas"
    assert written == {name: (kept / name).read_text() for name in written}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_script_and_completes_with_it(shell: str, specs: Path):
    script = srcnet("completion", shell, cwd=specs)
    assert script.code == 0
    assert "_SRCNET_COMPLETE" in script.out
    typed = {"COMP_WORDS": "srcnet pl", "COMP_CWORD": "pl" if shell == "fish" else "1"}
    found = srcnet(cwd=specs, env={**typed, "_SRCNET_COMPLETE": f"{shell}_complete"})
    assert "plan" in re.split(r"[\s,:]+", found.out)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("explain area-", "plain,area-over-capacity"),
        ("explain site-sp", "file,site-sp"),
        ("schema Da", "plain,DataPolicy"),
        ("-C ", "dir,"),
        ("validate site", "file,site"),
        ("show ", "file,"),
    ],
)
def test_a_shell_is_offered_codes_kinds_and_paths(words: str, offered: str, specs: Path):
    count = len(words.split(" "))
    typed = {"COMP_WORDS": f"srcnet {words}", "COMP_CWORD": str(count)}
    found = srcnet(cwd=specs, env={**typed, "_SRCNET_COMPLETE": "bash_complete"})
    assert offered in found.out.splitlines()


def test_a_moment_is_said_as_people_say_it():
    now = datetime(2026, 11, 25, 12, 0, 30, tzinfo=UTC)
    for moment, said in (
        ("2026-11-25T12:00:00.5+00:00", "2026-11-25 12:00 UTC, just now"),
        ("2026-11-25T11:59:00+00:00", "2026-11-25 11:59 UTC, 1 minute ago"),
        ("2026-11-25T09:30:00+00:00", "2026-11-25 09:30 UTC, 2 hours ago"),
        ("2026-11-20T09:30:00+00:00", "2026-11-20 09:30 UTC, 5 days ago"),
    ):
        assert when(moment, now) == said


def test_status_is_for_machines_too(specs: Path):
    told = json.loads(srcnet("status", "--format", "json", cwd=specs).out)
    assert told == {
        "formatVersion": 1,
        "ours": 0,
        "applying": None,
        "lastRun": None,
        "inDoubt": [],
        "waiting": [],
    }


def test_status_of_a_folder_from_which_nothing_was_applied(own: Path):
    ran = srcnet("status", cwd=own)
    assert (ran.code, ran.out, ran.err) == (0, "nothing was applied from here yet\n", "")
    assert not (own / ".srcnet").exists()


# ── where things are: flag, environment, srcnet.toml, default ─────────────────────────────────


def place_of_state(folder: Path, *args: str, **env: str) -> str:
    """Which of the folders a, b, c, d `srcnet status` takes for its state: all are broken."""
    for name in ("a", "b", "c", "d"):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "ledger.sqlite").write_bytes(b"this is no database, only text" * 50)
    ran = srcnet("status", *args, cwd=folder, env=env)
    assert ran.code == 74, ran
    return Path(re.search(r"the ledger (\S+): ", ran.err)[1]).parent.name


def test_a_flag_wins_over_the_environment_over_srcnet_toml_over_the_default(tmp_path: Path):
    (tmp_path / "site-specs").mkdir()
    assert srcnet("status", cwd=tmp_path).code == 0
    toml = tmp_path / "srcnet.toml"
    toml.write_text('state = "a"\n')
    assert place_of_state(tmp_path) == "a"
    toml.write_text('state = "a"\n[status]\nstate = "b"\n[plan]\nstate = "d"\n')
    assert place_of_state(tmp_path) == "b"
    assert place_of_state(tmp_path, SRCNET_STATE="c") == "c"
    assert place_of_state(tmp_path, SRCNET_STATE="c", SRCNET_STATUS_STATE="d") == "d"
    assert place_of_state(tmp_path, "--state", "a", SRCNET_STATUS_STATE="d") == "a"


def test_any_option_can_be_set_for_its_command(own: Path):
    wrong(own)
    (own / "srcnet.toml").write_text('[validate]\nformat = "json"\ntoday = 2026-11-22\n')
    OWN.validate(json.loads(srcnet("validate", cwd=own).out))
    sarif = srcnet("validate", cwd=own, env={"SRCNET_VALIDATE_FORMAT": "sarif"})
    SARIF.validate(json.loads(sarif.out))
    text = srcnet("validate", "--format", "text", cwd=own, env={"SRCNET_VALIDATE_FORMAT": "sarif"})
    assert "error[wrong-shape]" in text.out
    (own / "srcnet.toml").write_text('[validate]\ntoday = "the day after"\n')
    assert srcnet("validate", cwd=own).code == 64


def test_the_folder_of_the_specs_comes_from_all_four_places(specs: Path, tmp_path: Path):
    assert srcnet("validate", cwd=tmp_path).code == 74
    named = {"SRCNET_DIRECTORY": str(specs)}
    assert srcnet("validate", "--today", TODAY, cwd=tmp_path, env=named).code == 0
    assert srcnet("-C", tmp_path, "validate", cwd=specs, env=named).code == 74
    (tmp_path / "srcnet.toml").write_text(f'directory = "{os.path.relpath(specs, tmp_path)}"\n')
    assert srcnet("validate", "--today", TODAY, cwd=tmp_path).code == 0
    empty = tmp_path / "empty"
    empty.mkdir()
    assert srcnet("validate", cwd=tmp_path, env={"SRCNET_DIRECTORY": str(empty)}).code == 74


def test_all_that_is_wrong_in_a_srcnet_toml_is_said_at_once_and_where(tmp_path: Path):
    (tmp_path / "srcnet.toml").write_text(
        'stat = "a"\n[plan]\nstate = "b"\nful = true\n[plann]\n\n[verify]\nformat = []\n'
    )
    ran = srcnet("status", cwd=tmp_path)
    assert (ran.code, ran.out) == (64, "")
    assert ran.err.splitlines() == [
        "error: `srcnet.toml` says 4 things wrong:",
        "  srcnet.toml:1: there is no setting `stat`; did you mean `state`?",
        "  srcnet.toml:4: there is no setting `plan.ful`; did you mean `full`?",
        "  srcnet.toml:5: there is no setting `plann`; did you mean `plan`?",
        "  srcnet.toml:8: `verify.format` must be one value",
    ]


def test_a_value_that_makes_no_sense_is_said_with_where_it_came_from(specs: Path, tmp_path: Path):
    ran = srcnet("validate", cwd=specs, env={"SRCNET_VALIDATE_TODAY": "tomorrow"})
    assert ran.code == 64
    assert "error: `SRCNET_VALIDATE_TODAY`: `tomorrow` is not a day such as 2027-03-01" in ran.err
    (tmp_path / "srcnet.toml").write_text('[validate]\n\nformat = "xml"\n')
    ran = srcnet("validate", cwd=tmp_path)
    assert ran.code == 64
    assert ran.err.startswith("error: `srcnet.toml:3`: `validate.format`: 'xml' is not one of ")


def test_with_a_folder_all_is_as_after_going_there(specs: Path, tmp_path: Path):
    """`-C DIR` is `cd DIR`: files, what is written, and what is said about them."""
    for args in (
        ["validate", "site-specs/europe.yaml", "none.yaml"],
        ["compile", "--today", TODAY, "--out", "elsewhere"],
        ["schema", "--write", "--out", "all"],
    ):
        there, here = srcnet(*args, cwd=specs), srcnet("-C", specs, *args, cwd=tmp_path)
        assert here.code == there.code
        assert re.sub(r"\d+ files changed", "", here.out) == re.sub(
            r"\d+ files changed", "", there.out
        )
        assert here.err == there.err
    assert list(tmp_path.iterdir()) == []
    assert {"elsewhere", "all"} <= {path.name for path in specs.iterdir()}


def test_specs_are_found_from_any_folder_below_their_top(own: Path):
    for folder in ("site-specs", "policies/data"):
        ran = srcnet("validate", "--today", TODAY, cwd=own / folder)
        assert (ran.code, ran.out) == (0, "no findings\n")
    one = srcnet("validate", "europe.yaml", cwd=own / "site-specs")
    assert one.code == 0
    assert srcnet("compile", "--today", TODAY, cwd=own / "site-specs").code == 0
    assert (own / "build/source-map.json").exists()
    for folder in ("policies", "site-specs", "build"):
        assert srcnet("explain", "site-specs/europe.yaml:14", cwd=own / folder).code == 0
    assert srcnet("explain", "europe.yaml:14", cwd=own / "site-specs").code == 0


def test_status_outside_of_any_specs_ends_like_the_others(tmp_path: Path):
    ran = srcnet("status", cwd=tmp_path)
    assert (ran.code, ran.out) == (74, "")
    assert ran.err.startswith(f"error: there are no specs in `{tmp_path}`")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("state = ", "cannot be read"),
        ('stat = "a"', "did you mean `state`?"),
        ('[plann]\nstate = "a"', "did you mean `plan`?"),
        ('[status]\nstat = "a"', "there is no setting `status.stat`"),
        ('status = "a"', "`status` must be a table"),
        ('[state]\na = "b"', "`state` must be one value"),
        ('[status]\nstate = ["a"]', "`status.state` must be one value"),
        ("a = " + "[" * 5000, "srcnet.toml` "),
        (b"\xff\xfe", "cannot be read"),
        (b"\0" * 5000, "cannot be read"),
    ],
)
def test_a_srcnet_toml_that_makes_no_sense_is_refused(
    text: str | bytes, message: str, tmp_path: Path
):
    (tmp_path / "srcnet.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    ran = srcnet("status", cwd=tmp_path)
    assert (ran.code, ran.out) == (64, "")
    assert message in ran.err
    assert "srcnet.toml" in ran.err


# ── streams, colours, interrupts, faults ──────────────────────────────────────────────────────


DUMB = {"TERM": "dumb"}


def test_colours_are_for_terminals_and_for_those_who_want_them(own: Path):
    wrong(own)
    args = ("validate", "site-specs/chsrc-cscs.yaml")
    for env, coloured in (({}, 1), ({"NO_COLOR": ""}, 1), ({"NO_COLOR": "1"}, 0), (DUMB, 0)):
        ran = on_a_terminal(*args, cwd=own, env=env)
        assert ran.code == 1
        assert ("\x1b[" in ran.out) is bool(coloured), env
    assert "\x1b[" not in srcnet(*args, cwd=own).out
    assert "\x1b[" not in srcnet(*args, cwd=own, env={"FORCE_COLOR": "0"}).out
    assert "\x1b[1;31merror" in srcnet(*args, cwd=own, env={"FORCE_COLOR": "1"}).out
    both = {"FORCE_COLOR": "1", "NO_COLOR": "1"}
    assert "\x1b[" not in srcnet(*args, cwd=own, env=both).out
    assert "\x1b[1;31merror" in srcnet("plan", cwd=own, env={"FORCE_COLOR": "1"}).err


def test_errors_of_specs_go_to_stderr_where_the_result_is_something_else(own: Path):
    ran = srcnet("plan", "--format", "json", "--today", TODAY, cwd=wrong(own))
    assert (ran.code, ran.out) == (1, "")
    assert "without a unit" in ran.err
    assert ran.err.endswith("error: the specs have errors\n  help: mend them first\n")


@pytest.mark.parametrize("name", ["apply", "verify", "bootstrap"])
def test_nothing_is_reached_for_where_specs_have_errors(name: str, own: Path):
    more = ["--root-credentials", "none.json"] if name == "bootstrap" else []
    ran = srcnet(name, *more, cwd=wrong(own))
    assert (ran.code, ran.out) == (1, "")


def test_a_reader_that_leaves_early_changes_nothing(own: Path):
    shell = f"{shlex.join(COMMAND)} compile --today {TODAY} | head -c1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", shell], cwd=own, env=environment(), capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert (own / "build/source-map.json").exists()
    wrong(own)
    shell = f"({shlex.join(COMMAND)} validate 2>&1; echo $? >code) | true; cat code"
    done = subprocess.run(
        ["bash", "-c", shell], cwd=own, env=environment(), capture_output=True, check=False
    )
    assert done.stdout == b"1\n"


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_streams_may_be_closed_from_the_start(redirection: str, specs: Path):
    shell = f"{shlex.join(COMMAND)} validate --today {TODAY} {redirection}"
    done = subprocess.run(["bash", "-c", shell], cwd=specs, env=environment(), check=False)
    assert done.returncode == 0


@pytest.mark.parametrize(
    "args", ["--help", "help plan", "--version", "schema", "validate", "explain wrong-shape"]
)
def test_a_full_disk_behind_stdout_is_said_on_stderr(args: str, specs: Path):
    shell = f"{shlex.join(COMMAND)} {args} >/dev/full"
    done = subprocess.run(
        ["bash", "-c", shell], cwd=specs, env=environment(), capture_output=True, check=False
    )
    assert done.returncode == 74
    assert done.stderr.decode() == (
        "error: files cannot be read or written: No space left on device\n"
    )


def test_a_full_disk_behind_stderr_changes_no_exit_code(specs: Path):
    for args, code in (("nope", 64), ("compile --out site-specs", 74)):
        shell = f"{shlex.join(COMMAND)} {args} 2>/dev/full"
        done = subprocess.run(["bash", "-c", shell], cwd=specs, env=environment(), check=False)
        assert done.returncode == code


def test_a_terminal_that_knows_few_characters_gets_what_it_can_show(own: Path):
    edit(own / "site-specs/chsrc-cscs.yaml", "description: the Swiss site", "descriptoin: Zürich →")
    ran = srcnet(
        "validate", "site-specs/chsrc-cscs.yaml", cwd=own, env={"PYTHONIOENCODING": "latin-1"}
    )
    assert ran.code == 1
    assert "rich \\u2192" in ran.out


LOGIN = {"GOLDEN_RUCIO_TOKEN": '{"username": "a", "password": "bcdefgh"}'}


def lead_to(silent: socket.socket, folder: Path) -> str:
    """Let the specs name a server that accepts and says nothing; its address."""
    address = f"http://127.0.0.1:{silent.getsockname()[1]}"
    federation = folder / "policies/federation.yaml"
    edit(federation, "auth: https://auth.example.org", f"auth: {address}")
    edit(federation, "server: https://rucio.example.org", f"server: {address}")
    return address


@pytest.mark.parametrize("name", ["plan", "verify", "apply", "doctor"])
def test_who_waits_for_a_server_sees_for_what_and_how_long(name: str, own: Path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        lead_to(silent, own)
        ran = on_a_terminal(name, cwd=own, env=LOGIN, typed="\3", after=b"(1 s)")
    assert ran.code == 130
    assert "reading rucio golden, slurm CHSRC-CSCS.common and 4 more (1 s)" in ran.out
    assert ran.out.endswith("\r\x1b[K\nerror: interrupted\n")


def test_whoever_interrupts_gets_130_and_one_word(own: Path):
    """In the middle of a login."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        lead_to(silent, own)
        process = begin("verify", "--today", TODAY, cwd=own, env=LOGIN)
        peer, _ = silent.accept()
        process.send_signal(signal.SIGINT)
        ran = to_end(process)
        peer.close()
    assert (ran.code, ran.out, ran.err.strip()) == (130, "", "error: interrupted")


def root_credentials(folder: Path) -> Path:
    path = folder / "root.json"
    path.touch(mode=0o600)
    return path


def test_root_credentials_that_are_not_there_or_others_can_read_are_said(specs: Path, own: Path):
    ran = srcnet("bootstrap", "--root-credentials", "none.json", "--yes", cwd=specs)
    assert (ran.code, ran.err) == (74, "error: there is no file `none.json`\n")
    root_credentials(own).chmod(0o644)
    ran = srcnet("bootstrap", "--root-credentials", "root.json", cwd=own)
    assert "warning: others can read root.json: chmod 600 root.json\n" in ran.err


def test_where_nobody_can_be_asked_nothing_is_done(specs: Path):
    root_credentials(specs)
    ran = srcnet("bootstrap", "--root-credentials", "root.json", cwd=specs)
    assert ran.code == 64
    assert "say `--yes`" in ran.err


@pytest.mark.parametrize(("typed", "code"), [("n\n", 3), ("\n", 3), ("\4", 130), ("\3", 130)])
def test_whoever_is_asked_may_say_no(typed: str, code: int, specs: Path):
    """Return alone is a no; so are ^D and ^C."""
    root_credentials(specs)
    args = ("bootstrap", "--root-credentials", "root.json")
    ran = on_a_terminal(*args, cwd=specs, typed=typed)
    assert ran.code == code
    assert "Make those that are missing? [y/N]" in ran.out
    assert ran.out.endswith("error: nothing was done\n" if code == 3 else "error: interrupted\n")


@pytest.mark.parametrize("name", ["plan", "apply", "verify"])
def test_without_its_credentials_it_does_not_even_try(name: str, specs: Path):
    ran = srcnet(name, cwd=specs)
    assert ran.code == 77
    assert "GOLDEN_RUCIO_TOKEN" in ran.err


def test_a_doctor_looks_at_everything_and_says_what_to_type(specs: Path):
    ran = srcnet("doctor", cwd=specs)
    assert (ran.code, ran.err) == (77, "")
    lines = ran.out.splitlines()
    assert lines[0] == " yes  specs: 7 sites, no errors"
    assert "  NO  credentials of srcnet-compiler: in GOLDEN_RUCIO_TOKEN: it is not set" in lines
    assert "      export GOLDEN_RUCIO_TOKEN=… (policies/federation.yaml:42:18)" in lines
    assert any(line.startswith("  NO  reach the server: ") for line in lines)
    assert "doctor" not in ran.out
    told = json.loads(srcnet("doctor", "--format", "json", cwd=specs).out)
    assert (told["formatVersion"], told["exitCode"]) == (1, 77)
    shown = [line[6:] for line in lines if line[3] != " "]
    for row, line in zip(told["rows"], shown, strict=True):
        assert line == row["what"] + (f": {row['why']}" if row["why"] else "")


def test_a_doctor_goes_on_where_specs_have_errors(own: Path):
    ran = srcnet("doctor", cwd=wrong(own))
    assert ran.code == 1
    assert ran.out.startswith("  NO  specs: 1 error\n      `srcnet validate` shows each")
    assert " yes  ansible-core " in ran.out


def test_a_doctor_warns_of_a_secret_that_others_can_read(own: Path, tmp_path: Path):
    secret = tmp_path / "token"
    secret.write_text("a-token-of-nobody")
    secret.chmod(0o640)
    edit(own / "policies/federation.yaml", "{env: GOLDEN_RUCIO_TOKEN}", f"{{file: {secret}}}")
    ran = srcnet("doctor", cwd=own)
    assert f"  NO  only you can read {secret}: others can read it as well\n" in ran.out
    assert f"      chmod 600 {secret} (policies/federation.yaml:" in ran.out


def test_a_fault_of_our_own_is_one_sentence_and_70(specs: Path, tmp_path: Path):
    """A broken installation: the first module that is loaded from here does not load."""
    (tmp_path / "yaml.py").write_text("raise ImportError('yaml is broken')\n")
    path = {"PYTHONPATH": f"{tmp_path}:{environment()['PYTHONPATH']}"}
    ran = srcnet("validate", cwd=specs, env=path)
    assert (ran.code, ran.out) == (70, "")
    assert ran.err.splitlines() == [
        "error: this is a fault of srcnet itself: ImportError: yaml is broken",
        "  help: please report it, with what `srcnet --debug …` prints",
    ]
    for args, env in ((["--debug", "validate"], {}), (["validate"], {"SRCNET_DEBUG": "1"})):
        done = subprocess.run(
            [*COMMAND, *args],
            cwd=specs,
            env=environment({**path, **env}),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 70
        assert "Traceback" in done.stderr
