"""Pipelines: what forges take, what is ours, who must agree."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from cli_runner import TODAY, edit, golden_specs, srcnet
from jsonschema import Draft7Validator
from specs import GOLDEN, REAL, compile_texts, texts

from srcnet_compiler.change import Action, Impact
from srcnet_compiler.pipeline import Compiled
from srcnet_compiler.targets.cicd import TARGET
from srcnet_compiler.targets.cicd.model import HEADER, Forge
from srcnet_compiler.targets.protocol import Reading

SCHEMAS = {"github": "github-workflows.json", "gitlab": "gitlab-ci.json"}
FEDERATION = "policies/federation.yaml"


def for_gitlab() -> Compiled:
    """The golden federation on GitLab alone, which applies there."""
    files = texts(GOLDEN)
    files[FEDERATION] = files[FEDERATION].replace("[github, gitlab]", "[gitlab]")
    return compile_texts(files)


@pytest.fixture(scope="module")
def forges(golden: Compiled) -> dict[str, Forge]:
    """Each forge as the one that applies."""
    (gitlab,) = (each.model for each in for_gitlab().pipelines)
    return {"github": golden.pipelines[0].model, "gitlab": gitlab}


def documents(forge: Forge) -> dict[str, dict]:
    written = (artifact for artifact in TARGET.emit(forge) if artifact.path.suffix == ".yml")
    return {str(each.path): yaml.load(each.content, yaml.BaseLoader) for each in written}


def jobs_of(forge: Forge) -> dict[str, dict]:
    """Every job of every file, by file and name."""
    found = {}
    for path, document in documents(forge).items():
        for name, job in document.get("jobs", document).items():
            if isinstance(job, dict) and ("steps" in job or "script" in job):
                found[f"{path} {name}"] = job
    return found


# ── what forges take ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", SCHEMAS)
def test_files_have_the_shape_that_the_forge_publishes(forges, name):
    import check_jsonschema

    folder = Path(check_jsonschema.__file__).parent / "builtin_schemas/vendor"
    schema = Draft7Validator(json.loads((folder / SCHEMAS[name]).read_text("utf-8")))
    for artifact in TARGET.emit(forges[name]):
        if artifact.path.suffix == ".yml":
            data = yaml.safe_load(artifact.content)
            assert [error.message for error in schema.iter_errors(data)] == [], artifact.path
            wrong = {**data, "jobs": {"x": {"steps": 1}}, "x": {"script": {}}}
            assert list(schema.iter_errors(wrong)), "the schema refuses nothing"


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_line_has_a_place_on_the_forge_that_applies(forges, name):
    for artifact in TARGET.emit(forges[name]):
        lines = artifact.content.count("\n")
        assert list(artifact.sources) == list(range(1, lines + 1))
        assert all(artifact.sources.values()), artifact.path


# ── least rights ──────────────────────────────────────────────────────────────────────────────


def test_no_job_has_more_rights_than_it_asks_for_and_all_end_in_time(forges):
    workflows = documents(forges["github"])
    assert len(workflows) > 4
    for path, workflow in workflows.items():
        assert workflow["permissions"] == {}, path
        for name, job in workflow["jobs"].items():
            assert int(job["timeout-minutes"]) <= 360, f"{path} {name}"
            assert job["permissions"]["contents"] in ("read", "write")


def test_what_a_proposal_brings_never_runs_beside_a_token_that_may_write(forges):
    (path,) = (path for path in documents(forges["github"]) if "pull-request" in path)
    for name, job in documents(forges["github"])[path]["jobs"].items():
        checkout = next(step for step in job["steps"] if "checkout" in step.get("uses", ""))
        if "write" in job["permissions"].values():
            assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}", name
        assert checkout["with"]["persist-credentials"] == "false"
        assert "secrets." not in json.dumps(job)


@pytest.mark.parametrize("name", SCHEMAS)
def test_scripts_hold_nothing_that_the_forge_fills_in_and_no_secret(forges, name):
    for place, job in jobs_of(forges[name]).items():
        lines = job.get("script") or [step.get("run", "") for step in job["steps"]]
        assert not [line for line in lines if "${{" in line or "$[[" in line], place
        assert not [line for line in lines if 'TOKEN"' in line and "echo" in line], place


def test_a_site_gets_its_own_credentials_and_no_others(forges):
    jobs = jobs_of(forges["github"])
    said = {name.split()[1]: json.dumps(job) for name, job in jobs.items()}
    assert "CHSRC_SLURM_KEY" in said["apply-chsrc-cscs"]
    assert "GOLDEN_RUCIO_TOKEN" not in said["apply-chsrc-cscs"]
    assert "CHSRC_" not in said["apply-federation"]
    assert '"environment": "cscs-credentials"' in said["apply-chsrc-cscs"]


def test_what_was_not_merged_gets_no_credentials_also_where_it_is_started_by_hand(forges):
    for path, workflow in documents(forges["github"]).items():
        if "workflow_dispatch" not in workflow["on"]:
            continue
        for name, job in workflow["jobs"].items():
            if "secrets." in json.dumps(job):
                assert job["if"] == "github.ref == 'refs/heads/main'", f"{path} {name}"


def test_code_of_an_image_never_runs_beside_a_token_that_may_change_the_specs(forges):
    jobs = {
        name: job
        for place, job in jobs_of(forges["github"]).items()
        for path, name in [place.split()]
        if "build-imaging" in path
    }
    rights = {name: job["permissions"] for name, job in jobs.items()}
    assert rights == {
        "test": {"contents": "read"},
        "build": {"contents": "read"},
        "sign": {"contents": "read", "id-token": "write"},
        "propose": {"contents": "write", "pull-requests": "write"},
    }
    for name, job in jobs.items():
        said = json.dumps(job)
        assert ("make test" in said) is (name == "test")
        assert ("git clone" in said) is (name in ("test", "build"))
        assert ("secrets." in said) is (name in ("build", "sign"))
        assert ('"persist-credentials": "true"' in said) is (name == "propose")
    assert [jobs[name]["needs"] for name in ("build", "sign", "propose")] == [
        ["test"],
        ["build"],
        ["sign"],
    ]


def test_on_gitlab_too_only_the_job_that_signs_can_say_who_we_are(forges):
    jobs = {
        place.split()[1]: job
        for place, job in jobs_of(forges["gitlab"]).items()
        if place.endswith("-imaging")
    }
    assert [name for name, job in jobs.items() if "id_tokens" in job] == ["srcnet-sign-imaging"]
    assert [name for name, job in jobs.items() if "environment" in job] == [
        "srcnet-build-imaging",
        "srcnet-sign-imaging",
    ]
    for name, job in jobs.items():
        said = json.dumps(job)
        assert ("make test" in said) is (name == "srcnet-test-imaging")
        assert ("git clone" in said) is (name in ("srcnet-test-imaging", "srcnet-build-imaging"))


SIGNING = """
set -eu
printf '%s\\n' "$2" > digest.txt
printf '%s\\n' "$1" > reference.txt
"""


@pytest.mark.parametrize(
    ("reference", "digest", "is_signed"),
    [
        ("registry.example.org/srcnet/imaging@{}", "sha256:" + "ab" * 32, True),
        ("registry.example.org/srcnet/other@{}", "sha256:" + "ab" * 32, False),
        ("registry.example.org/srcnet/imaging@{}", "latest", False),
        ("registry.example.org/srcnet/imaging:v1", "sha256:" + "ab" * 32, False),
    ],
)
def test_the_job_that_signs_signs_our_image_alone(forges, tmp_path, reference, digest, is_signed):
    jobs = jobs_of(forges["github"])
    (job,) = (job for place, job in jobs.items() if place.endswith("build-imaging.yml sign"))
    (step,) = (step for step in job["steps"] if step.get("name") == "It is our image")
    before = ["bash", "-c", SIGNING, "-", reference.format(digest), digest]
    subprocess.run(before, cwd=tmp_path, check=True)
    done = subprocess.run(["bash", "-e", "-c", step["run"]], cwd=tmp_path)
    assert (done.returncode == 0) is is_signed


def test_where_plans_are_signed_none_is_applied_without_its_signature(forges):
    for name in SCHEMAS:
        for place, job in jobs_of(forges[name]).items():
            if "srcnet apply" in (said := json.dumps(job)):
                assert "srcnet apply plan.json --signature plan.dsse" in said, place


def test_what_was_merged_is_signed_with_the_record_of_who_agreed(forges):
    for name in SCHEMAS:
        jobs = {p: j for p, j in jobs_of(forges[name]).items() if "plan-" in p.split()[1]}
        assert jobs
        for place, job in jobs.items():
            lines = job.get("script") or [step.get("run", "") for step in job["steps"]]
            signing = [line for line in lines if "srcnet sign" in line]
            assert [line.endswith(" --approved-by approved.txt") for line in signing] == [True], (
                place
            )


def test_no_file_of_a_repository_stands_in_for_a_module_while_the_compiler_is_installed(
    forges, tmp_path
):
    (tmp_path / "logging.py").write_text("open('run', 'w')\n")
    lines = {
        line
        for name in SCHEMAS
        for job in jobs_of(forges[name]).values()
        for line in (job.get("script") or [step.get("run", "") for step in job["steps"]])
        if "pip install" in line
    }
    (line,) = lines
    head = line.partition(" install")[0].replace("python3", sys.executable)
    subprocess.run([*head.split(), "--version"], cwd=tmp_path, check=True)
    assert not (tmp_path / "run").exists()


def test_everything_has_an_owner(forges):
    for forge in forges.values():
        (owners,) = (each for name, each in forge.files.items() if name.endswith("CODEOWNERS"))
        assert next(iter(owners.said)) == "*"
        assert "@olga" in owners.said["*"]


@pytest.mark.parametrize("mine", ["CHSRC_SLURM_KEY", "CHSRC_SLURM_READING_KEY", "CHSRC_EDGE_TOKEN"])
@pytest.mark.parametrize("theirs", ["SRCNET_SIGNING_KEY", "SRCNET_TEAMS_TOKEN"])
def test_no_site_is_shown_a_secret_of_the_pipelines(mine, theirs):
    found = texts(GOLDEN)
    file = next(name for name, text in found.items() if mine in text)
    found[file] = found[file].replace(mine, theirs)
    said = [each.message for each in compile_texts(found).diagnostics]
    wanted = f"`CHSRC-CSCS` would be shown `{theirs}`, with which the pipelines themselves work"
    assert wanted in said


def test_two_applies_of_the_same_systems_never_meet(forges):
    by_part: dict[str, set[str]] = {}
    for place, job in jobs_of(forges["github"]).items():
        if "apply plan.json" in json.dumps(job):
            part = place.split()[1].removeprefix("apply-")
            assert job["concurrency"]["cancel-in-progress"] == "false"
            by_part.setdefault(part, set()).add(job["concurrency"]["group"])
    assert by_part == {
        "federation": {"srcnet-apply-federation"},
        "chsrc-cscs": {"srcnet-apply-chsrc-cscs"},
    }
    for place, job in jobs_of(forges["gitlab"]).items():
        if "apply plan.json" in json.dumps(job):
            assert job["resource_group"].startswith("srcnet-apply-"), place


def test_an_action_is_by_digest_only_where_somebody_has_read_it(forges):
    (merge,) = (a for a in TARGET.emit(forges["github"]) if a.path.name == "srcnet-merge.yml")
    uses = {line.strip("- ").strip() for line in merge.content.splitlines() if "uses:" in line}
    assert "uses: actions/checkout@0123456789abcdef0123456789abcdef01234567  # v4.9.9" in uses
    others = [line for line in uses if "checkout" not in line]
    assert others
    assert all(line.partition("  # ")[2].startswith("not pinned by digest: ") for line in others)


# ── what is ours ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", SCHEMAS)
def test_what_is_written_is_read_back_as_it_is_wanted(forges, name, tmp_path):
    forge = forges[name]
    nothing = TARGET.read(tmp_path, forge)
    assert {change.action for change in TARGET.diff(forge, nothing)} == {Action.CREATE}
    assert len(TARGET.diff(forge, nothing)) == len(forge.files)
    for artifact in TARGET.emit(forge):
        path = tmp_path / Path(*artifact.path.parts[2:])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(artifact.content)
    assert TARGET.diff(forge, TARGET.read(tmp_path, forge)) == ()
    first = tmp_path / next(iter(forge.files))
    first.write_text(first.read_text().replace("\n", "\n# a word\n", 1))
    assert TARGET.diff(forge, TARGET.read(tmp_path, forge)) == ()
    fewer = replace(forge, files=dict(list(forge.files.items())[1:]))
    (ended,) = TARGET.diff(fewer, TARGET.read(tmp_path, fewer))
    assert (ended.action, ended.impact) == (Action.RETIRE, Impact.RECONFIGURE)


def test_a_forge_is_as_it_should_be_when_it_is(forges):
    for forge in forges.values():
        assert TARGET.diff(forge, Reading(forge)) == ()
        assert list(TARGET.check(forge)) == []


def ready(tmp_path: Path) -> Path:
    specs = golden_specs(tmp_path / "specs")
    (specs / "srcnet.toml").write_text(f"[pipelines]\ntoday = {TODAY}\n")
    return specs


def test_the_command_writes_says_what_is_not_current_and_removes_its_own(tmp_path):
    specs = ready(tmp_path)
    checked = srcnet("pipelines", "--check", cwd=specs)
    assert checked.code == 4
    assert "`srcnet pipelines` writes them" in checked.err
    assert not (specs / ".github").exists()
    assert srcnet("pipelines", cwd=specs).code == 0
    assert srcnet("pipelines", "--check", cwd=specs).out == "all pipelines are as the specs say\n"
    others = specs / ".github/workflows/others.yml"
    others.write_text("name: of somebody else\n")
    edit(specs / FEDERATION, "17 4 * * *", "18 4 * * *")
    assert "changed:  .github/workflows/srcnet-drift.yml" in srcnet("pipelines", cwd=specs).out
    edit(specs / FEDERATION, '    drift: {schedule: "18 4 * * *", then: heal}\n', "")
    assert "removed:  .github/workflows/srcnet-drift.yml" in srcnet("pipelines", cwd=specs).out
    assert not (specs / ".github/workflows/srcnet-drift.yml").exists()
    assert others.read_text() == "name: of somebody else\n"


def test_a_file_of_somebody_else_in_the_way_is_never_written_over(tmp_path):
    specs = ready(tmp_path)
    owners = specs / ".github/CODEOWNERS"
    owners.parent.mkdir()
    owners.write_text("* @somebody\n")
    ran = srcnet("pipelines", cwd=specs)
    assert ran.code == 74
    assert "`.github/CODEOWNERS` exists, and srcnet did not write it" in ran.err
    assert [*specs.glob(".github/**/*.yml")] == []
    assert owners.read_text() == "* @somebody\n"


def test_the_pipelines_of_this_repository_are_current():
    ran = srcnet("pipelines", "--check", cwd=REAL)
    assert (ran.code, ran.out) == (0, "all pipelines are as the specs say\n"), ran
    texts = [path.read_text() for path in (REAL / ".github/workflows").glob("*.yml")]
    assert texts
    assert all(text.partition("\n")[0].endswith(HEADER) for text in texts)
    assert any('run: ".ci/run"' in text for text in texts)


# ── the digest of an image ────────────────────────────────────────────────────────────────────


DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("kind", "name", "file"),
    [
        ("Service", "soda_sync", "policies/services/soda.yaml"),
        ("Service", "perfsonar", "policies/services/soda.yaml"),
        ("WorkflowTemplate", "imaging", "policies/services/templates.yaml"),
    ],
)
def test_the_digest_of_what_was_published_goes_into_the_spec_and_nothing_else_changes(
    tmp_path, kind, name, file
):
    specs = ready(tmp_path)
    before = (specs / file).read_text().splitlines()
    (tmp_path / "digest.txt").write_text(f"{DIGEST}\n")
    words = ("forge", "digest", "--kind", kind, "--name", name, tmp_path / "digest.txt")
    ran = srcnet(*words, cwd=specs)
    assert ran.code == 0, ran
    after = (specs / file).read_text().splitlines()
    changed = [line for line in after if line not in before]
    assert len(changed) == 1
    assert DIGEST in changed[0]
    assert len(after) in (len(before), len(before) + 1)
    built = compile_texts(texts(specs))
    there = built.federation.services if kind == "Service" else built.federation.templates
    assert there[name].container.image.digest == DIGEST


def test_what_only_a_pipeline_can_do_says_so_elsewhere(tmp_path):
    specs = ready(tmp_path)
    (specs / "comment.md").write_text("x")
    ran = srcnet("forge", "comment", "comment.md", cwd=specs)
    assert ran.code == 64
    assert "no forge runs this" in ran.err
    shutil.rmtree(specs)
