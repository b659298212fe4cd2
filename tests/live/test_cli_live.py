"""The command line against a real Rucio: from nothing to converged, and all that can be in the way.

The tests go on where the one before has stopped, as work on one federation does. Each begins with a
server that is as its specs say.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cli_operator import (
    ACCOUNT,
    Operator,
    bootstrap,
    give_credentials,
    operator,
)
from cli_runner import begin, contents, on_a_terminal, srcnet, to_end
from rucio_data import add_account, add_datasets, connect

from srcnet_compiler.demo import rucio_server, rucio_venv
from srcnet_compiler.demo.rucio_server import Database, RucioServer
from srcnet_compiler.plan.file import from_json

if TYPE_CHECKING:
    from rucio.client import Client

pytestmark = pytest.mark.live("rucio")

HOME, LIFECYCLE = "site-specs/chsrc-cscs.yaml", "policies/lifecycle.yaml"
RENAMED, RETIRED = "name: cscs-new-name", "name: jbo-ends"


def software() -> Path:
    venv = rucio_venv.find_server_venv(Path(__file__).parents[2] / ".srcnet" / "rucio-server")
    assert venv is not None
    return venv


def started(folder: Path, database: Database) -> Iterator[RucioServer]:
    with rucio_server.running(folder / "rucio", database=database, venv=software()) as server:
        yield server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RucioServer]:
    yield from started(tmp_path_factory.mktemp("cli"), "sqlite")


@pytest.fixture(scope="module")
def root(server: RucioServer) -> Client:
    return connect(server)


@pytest.fixture(scope="module")
def someone(server: RucioServer, tmp_path_factory: pytest.TempPathFactory) -> Operator:
    """Specs without what renames and retires; and a server that knows nothing of them yet."""
    someone = operator(tmp_path_factory.mktemp("cli-specs"), server.url)
    documents = (someone.specs / LIFECYCLE).read_text().split("---\n")
    later = [text for text in documents if RENAMED in text or RETIRED in text]
    assert len(later) == 2
    kept = [text for text in documents if text not in later]
    (someone.specs / LIFECYCLE).write_text("---\n".join(kept))
    bootstrap(someone, server)
    return someone


@pytest.fixture
def at_work(someone: Operator, request: pytest.FixtureRequest) -> Iterator[Operator]:
    """Everything is as the specs say."""
    if someone.unsure or someone.done() == 0:
        someone("apply", "--yes")
    before = request.session.testsfailed
    yield someone
    someone.unsure = request.session.testsfailed > before


def limit(root: Client, rse: str) -> int:
    return int(root.get_rse_limits(rse)["MaxSpaceAvailable"])


def say_tape(someone: Operator, petabytes: int) -> None:
    """Let the spec say how much fits on CHSRC_TAPE."""
    path = someone.specs / HOME
    text, count = re.subn(r"capacity: \d+ PB", f"capacity: {petabytes} PB", path.read_text())
    assert count == 1
    path.write_text(text)


def test_from_nothing_to_what_the_specs_say(someone: Operator):
    root = someone.credentials.with_name("root.json")
    again = someone("bootstrap", "--root-credentials", root, "--yes")
    assert {line.split()[0] for line in again.out.splitlines()} == {"already"}
    found = someone("doctor")
    assert f"lets us in as {ACCOUNT}" in found.out
    assert "NO" not in found.out
    assert "?" not in found.out

    someone("compile")
    plan = someone("plan", "--out", "plan.json", "--detailed-exitcode", code=2)
    assert "+ create 15 rses: AUSSRC-PERTH-INGEST, " in plan.out, plan.out
    assert plan.err == "saved in plan.json; `srcnet apply plan.json` does it\n"
    assert someone("show", "plan.json").out.startswith(plan.out)
    assert "+ create rse CHSRC_XRD_PROD" in someone("show", "plan.json", "--full").out
    someone("verify", code=4)
    refused = someone("apply", code=64)
    assert "say `--yes`" in refused.err
    asked = someone.ended(on_a_terminal("apply", cwd=someone.specs, typed="n\n"), 3)
    assert "Do this? [y/N]" in asked.out

    applied = someone("apply", "plan.json")
    assert applied.out.endswith(" objects, 0 differences\n")

    assert someone("verify").out == applied.out.splitlines(keepends=True)[-1]
    assert someone("plan", "--detailed-exitcode").out.startswith("golden: nothing to do\n")
    (verdict,) = json.loads(someone("verify", "--format", "json").out)["systems"]
    assert (verdict["differences"], verdict["waiting"], verdict["unseen"]) == ([], [], [])
    before = someone.done()
    again = json.loads(someone("apply", "plan.json", "--format", "json").out)
    assert (again["exitCode"], again["counts"]["done"]) == (0, 0)
    assert someone("apply", "--yes").out.endswith(" 0 differences\n")
    assert someone.done() == before
    assert f"{verdict['objects']} objects are known as ours" in someone("status").out


def test_a_plan_for_yesterdays_specs_is_stale_and_a_new_one_is_carried_out(
    at_work: Operator, root: Client
):
    before = limit(root, "CHSRC_TAPE")
    say_tape(at_work, 3)
    at_work("plan", "--out", "plan.json")
    say_tape(at_work, 4)
    stale = at_work("apply", "plan.json", code=5)
    assert "other specs than those in this folder" in stale.err
    assert limit(root, "CHSRC_TAPE") == before
    shown = at_work("plan", "--out", "plan.json").out
    assert "limit.MaxSpaceAvailable: 2 PB → 4 PB   site-specs/chsrc-cscs.yaml:42:17" in shown
    changes = shown.removeprefix("golden: ").split()[0]
    rehearsed = at_work("apply", "plan.json", "--rehearse")
    assert rehearsed.out == (f"golden: rehearsal: {changes} would be done; nothing was changed\n")
    unasked = at_work("apply", "--rehearse")
    assert unasked.out == rehearsed.out
    assert shown.partition("\n\nDescribed")[0] in unasked.err
    assert limit(root, "CHSRC_TAPE") == before
    at_work("apply", "plan.json")
    assert limit(root, "CHSRC_TAPE") == 4 * 10**15


def test_what_moved_underneath_a_plan_is_left_alone_and_only_that(at_work: Operator, root: Client):
    at_work.edit(HOME, "capacity: 390.5 TB", "capacity: 391 TB")
    say_tape(at_work, 5)
    at_work("plan", "--out", "plan.json")
    root.set_rse_limits("CHSRC_TAPE", "MaxSpaceAvailable", 7)
    ran = at_work("apply", "plan.json", code=5)
    assert "conflict rucio/golden/rse/CHSRC_TAPE: `limit.MaxSpaceAvailable` is 7" in ran.out
    assert limit(root, "CHSRC_TAPE") == 7
    assert limit(root, "CHSRC_XRD_PROD") == 391 * 10**12
    at_work("apply", "--yes")
    assert limit(root, "CHSRC_TAPE") == 5 * 10**15


def test_drift_is_seen_and_healed_and_what_is_not_ours_stays(at_work: Operator, root: Client):
    before = limit(root, "CHSRC_TAPE")
    root.set_rse_limits("CHSRC_TAPE", "MaxSpaceAvailable", 1)
    root.add_rse_attribute("CHSRC_TAPE", "srcnet_weight", "1")
    root.add_rse_attribute("CHSRC_TAPE", "monitoring", "theirs")
    root.add_rse("OF-SOMEBODY-ELSE")
    found = at_work("verify", code=4)
    assert " 1 difference\n" in found.out
    assert f"limit.MaxSpaceAvailable: 1 B → {before // 10**15} PB" in found.out
    assert f"attribute.srcnet_weight: 1 → {before // 10**9}   " in found.out
    assert "monitoring" not in found.out
    healed = at_work("apply", "--yes")
    assert healed.out.endswith(" 0 differences\n")
    assert limit(root, "CHSRC_TAPE") == before
    assert root.list_rse_attributes("CHSRC_TAPE")["monitoring"] == "theirs"
    assert "OF-SOMEBODY-ELSE" in {each["rse"] for each in root.list_rses()}


def test_more_harm_than_the_federation_allows_is_refused(at_work: Operator, root: Client):
    lifecycle = (at_work.specs / LIFECYCLE).read_text()
    for area in ("UKSRC-JBO-T1", "UKSRC-JBO-T1-STAGE"):
        retire(at_work, area)
    refused = at_work("plan", "--out", "plan.json", code=3)
    assert "the plan has 2 of `retiredAreas`; one plan may have 1" in refused.err
    assert "--> policies/federation.yaml:" in refused.err
    at_work("apply", "--yes", code=3)
    at_work("apply", "plan.json", code=3)
    for rse in ("JBO_XRD", "UKSRC-JBO-T1-STAGE"):
        assert root.get_rse(rse)["availability_write"] is True
    (at_work.specs / LIFECYCLE).write_text(lifecycle)


def retire(someone: Operator, area: str) -> None:
    with (someone.specs / LIFECYCLE).open("a") as file:
        file.write(
            f"---\napiVersion: srcnet.skao.int/v1alpha2\nkind: Retired\n"
            f"metadata: {{name: {area.lower()}-ends}}\nspec: {{area: {area}, reason: replaced, "
            "approvedBy: {group: /roles/int/oper}, until: 2027-06-30}\n"
        )


def test_an_area_that_is_retired_is_closed_for_writing_and_still_there(
    at_work: Operator, root: Client
):
    put_data(root, "JBO_XRD", "old")
    retire(at_work, "UKSRC-JBO-T1")
    shown = at_work("plan", "--out", "plan.json").out
    assert "setting.availability_write: true → false   policies/lifecycle.yaml:" in shown
    at_work("apply", "plan.json")
    closed = root.get_rse("JBO_XRD")
    assert (closed["availability_write"], closed["availability_read"]) == (False, True)
    assert places_of(root, "old") == {"JBO_XRD"}


def put_data(root: Client, rse: str, name: str) -> None:
    """A dataset of one file, on this RSE."""
    file = {"scope": "spare", "name": f"{name}.file", "bytes": 10, "adler32": "00000001"}
    root.add_replicas(rse, [file])
    add_datasets(root, "spare", {name: [file]})


def places_of(root: Client, name: str) -> set[str]:
    (file,) = root.list_replicas([{"scope": "spare", "name": name}], all_states=True)
    return set(file["rses"])


def test_an_area_that_moved_is_renamed_and_keeps_its_data(at_work: Operator, root: Client):
    put_data(root, "CHSRC_XRD_PROD", "precious")
    with (at_work.specs / LIFECYCLE).open("a") as file:
        file.write(
            "---\napiVersion: srcnet.skao.int/v1alpha2\nkind: Moved\nmetadata: {name: new-name}\n"
            "spec: {area: CHSRC-CSCS-T0, from: CHSRC_XRD_PROD, to: CHSRC-CSCS-T0}\n"
        )
    shown = at_work("plan", "--out", "plan.json").out
    assert "> rename rse CHSRC-CSCS-T0" in shown
    assert "its data stay where they are" in shown
    at_work("apply", "plan.json")
    names = {each["rse"] for each in root.list_rses()}
    assert "CHSRC-CSCS-T0" in names
    assert "CHSRC_XRD_PROD" not in names
    assert places_of(root, "precious") == {"CHSRC-CSCS-T0"}


def test_what_must_wait_for_data_ends_with_6_until_it_need_not(at_work: Operator, root: Client):
    put_data(root, "SWESRC-OSO-T1", "held")
    (rule,) = root.add_replication_rule(
        [{"scope": "spare", "name": "held"}],
        1,
        "srcnet_region=europe&SWESRC-OSO-T1",
        account="srcnet-policy",
    )
    regions = at_work.specs / "policies/federation.yaml"
    before = regions.read_text()
    at_work.edit("policies/federation.yaml", "europe: [CH, GB, SE]", "europe: [CH, GB]")
    at_work.edit("policies/federation.yaml", "africa: [ZA]", "africa: [ZA, SE]")
    ran = at_work("apply", "--yes", code=6)
    assert "waits until no rule of ours holds data on SWESRC-OSO-T1" in ran.err
    assert "waiting rucio/golden/rse/SWESRC-OSO-T1: rules of ours hold 1 dataset" in ran.out
    assert "spare:held must move" in ran.out
    assert root.list_rse_attributes("SWESRC-OSO-T1")["srcnet_region"] == "europe"
    waiting = at_work("status", code=6)
    assert "waiting since 20" in waiting.out
    at_work("verify", code=6)
    regions.write_text(before)
    at_work("apply", "--yes")
    assert "waiting" not in at_work("status").out
    assert root.get_replication_rule(rule)["state"] == "OK"


# ── what can be in the way ────────────────────────────────────────────────────────────────────


COMMANDS = (["plan"], ["verify"], ["doctor"], ["apply", "--yes"])


def test_a_wrong_password_is_77_for_every_command(at_work: Operator):
    at_work.use_password("not-" + at_work.password)
    try:
        for args in COMMANDS:
            ran = at_work(*args, code=77)
            assert f"does not let in `srcnet` as account `{ACCOUNT}`" in ran.out + ran.err
    finally:
        at_work.use_password(at_work.password)


def test_an_account_without_rights_is_77_and_changes_nothing(
    at_work: Operator, root: Client, tmp_path: Path
):
    add_account(root, "weak", password=at_work.password)
    weak = tmp_path / "weak.json"
    give_credentials(weak, "weak", at_work.password)
    federation = at_work.specs / "policies/federation.yaml"
    text, home = federation.read_text(), (at_work.specs / HOME).read_text()
    before = limit(root, "CHSRC_TAPE")
    at_work.edit("policies/federation.yaml", "actsAs: srcnet-compiler", "actsAs: weak")
    at_work.edit("policies/federation.yaml", str(at_work.credentials), str(weak))
    say_tape(at_work, 6)
    try:
        assert " NO  change storage and links" in at_work("doctor", code=77).out
        at_work("apply", "--yes", code=77)
        assert limit(root, "CHSRC_TAPE") == before
    finally:
        federation.write_text(text)
        (at_work.specs / HOME).write_text(home)


def test_a_server_that_is_down_is_69_for_every_command(at_work: Operator, server: RucioServer):
    say_tape(at_work, 7)
    at_work("plan", "--out", "plan.json")
    rucio_server.kill(server)
    try:
        for args in (["plan"], ["verify"], ["doctor"], ["apply", "plan.json"]):
            ran = at_work(*args, code=69)
            assert f"{server.url} cannot be reached: Connection refused" in ran.out + ran.err
    finally:
        rucio_server.restart(server)
    at_work("apply", "plan.json")


def test_without_space_or_rights_to_write_nothing_is_half_done(at_work: Operator, root: Client):
    before = limit(root, "CHSRC_TAPE")
    say_tape(at_work, 8)
    at_work("plan", "--out", "plan.json")
    plan = (at_work.specs / "plan.json").read_bytes()
    full = ("prlimit", "--fsize=1000", "--")
    said = at_work("plan", "--out", "plan.json", code=74, before=full)
    assert "cannot use the ledger" in said.err
    args = ("plan", "--out", "plan.json", "--state", "elsewhere")  # without a ledger to be read
    said = at_work(*args, code=74, before=full)
    assert "File too large" in said.err
    assert (at_work.specs / "plan.json").read_bytes() == plan
    at_work("plan", "--out", "/proc/plan.json", code=74)
    at_work("apply", "plan.json", "--state", "/proc/state", code=74)
    done = at_work.done()
    at_work("apply", "plan.json", code=74, before=full)
    assert (at_work.done(), limit(root, "CHSRC_TAPE")) == (done, before)
    at_work("apply", "plan.json")


def test_no_secret_stands_anywhere(at_work: Operator, server: RucioServer):
    """After all that has happened here: in no file that was written, in nothing that was said."""
    everything = {**contents(at_work.specs), "said": "\n".join(at_work.said).encode()}
    assert {"plan.json", "build/source-map.json", ".srcnet/state/ledger.sqlite"} <= set(everything)
    for secret in (at_work.password, server.password):
        assert not [name for name, content in everything.items() if secret.encode() in content]


# ── in the middle of an apply ─────────────────────────────────────────────────────────────────


@pytest.fixture
def other_server(tmp_path: Path) -> Iterator[RucioServer]:
    yield from started(tmp_path, "postgresql")


def test_an_apply_that_is_stopped_again_and_again_is_completed(
    other_server: RucioServer, tmp_path: Path
):
    someone = operator(tmp_path, other_server.url)
    bootstrap(someone, other_server)
    someone("plan", "--out", "plan.json")
    total = len(from_json((someone.specs / "plan.json").read_text()).changes)

    # somebody presses Ctrl-C
    with someone.begin("apply", "plan.json") as first:
        someone.wait_for(first, 10)
        first.send_signal(signal.SIGINT)
        stopped = someone.end(first, 130)
    assert " left" in stopped.out
    assert 10 <= someone.done() < total

    # somebody else tries at the same time; the first one is held still meanwhile
    before = someone.done()
    with someone.begin("apply", "plan.json") as second:
        someone.wait_for(second, before + 5)
        os.kill(second.pid, signal.SIGSTOP)
        for args in (["apply", "plan.json"], ["apply", "--yes"]):
            refused = someone(*args, code=5)
            assert f"process {second.pid} on " in refused.err
            assert " changes (" not in refused.err, "what cannot be done is not shown first"
        assert f"process {second.pid} on " in someone("status").out
        os.kill(second.pid, signal.SIGCONT)

        # the server goes away under it
        someone.wait_for(second, before + 10)
        rucio_server.kill(other_server)
        lost = someone.end(second, 69)
    assert "cannot be reached" in lost.out
    assert someone.done() < total
    assert "runs since" not in someone("status").out
    rucio_server.restart(other_server)

    # what is left is done, once
    assert someone("apply", "plan.json").out.endswith(" 0 differences\n")
    assert someone.done() == total
    assert "in doubt" not in someone("status").out
    assert not any((someone.specs / ".srcnet/state/runs").iterdir())


# ── the demo ──────────────────────────────────────────────────────────────────────────────────


SERVER = re.compile(r"http://127\.0\.0\.1:(\d+), SQLite")


def is_listened_to(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def test_the_demo_shows_the_main_job_and_ends_what_it_started(tmp_path: Path):
    ran = srcnet("demo", cwd=tmp_path, env={rucio_venv.OVERRIDE: str(software())})
    assert ran.code == 0, ran
    assert ran.out.endswith(" objects, 0 differences\n")
    assert "1 difference" in ran.out
    server = SERVER.search(ran.out)
    assert server is not None
    assert not is_listened_to(int(server[1]))
    pages = {f".srcnet/pages/{name}.html" for name in ("srcnet", "change")}
    assert {*contents(tmp_path)} == pages


def test_a_demo_that_is_interrupted_ends_what_it_started(tmp_path: Path):
    process = begin("demo", cwd=tmp_path, env={rucio_venv.OVERRIDE: str(software())})
    assert process.stdout is not None
    server = next(found for line in process.stdout if (found := SERVER.search(line)))
    assert is_listened_to(int(server[1]))
    process.send_signal(signal.SIGINT)
    assert to_end(process).code == 130
    assert not is_listened_to(int(server[1]))


def test_a_demo_that_is_interrupted_while_it_applies_is_no_fault_of_ours(tmp_path: Path):
    process = begin("demo", cwd=tmp_path, env={rucio_venv.OVERRIDE: str(software())})
    assert process.stdout is not None
    assert any(line.endswith("; impact: additive\n") for line in process.stdout)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    ended = to_end(process)
    assert ended.code == 130
    assert ended.err.endswith("error: interrupted\n")
    assert " fault " not in ended.err


def test_a_demo_that_is_kept_is_for_whoever_types_what_it_says(tmp_path: Path):
    process = begin("demo", "--keep", cwd=tmp_path, env={rucio_venv.OVERRIDE: str(software())})
    assert process.stdout is not None
    said: dict[str, str] = {}
    for line in process.stdout:
        said[line.partition(" ")[0]] = line.rstrip("\n")
        if line == "srcnet doctor\n":
            break
    specs = Path(said["cd"].removeprefix("cd "))
    name, _, file = said["export"].removeprefix("export ").partition("=")
    secret = Path(file.removeprefix('"$(cat ').removesuffix(')"')).read_text()
    ran = srcnet("verify", cwd=specs, env={name: secret})
    assert ran.code == 0, ran
    assert ran.out.endswith(" objects, 0 differences\n")
    assert "objects are known as ours" in srcnet("status", cwd=specs).out
    process.send_signal(signal.SIGINT)
    assert to_end(process).code == 0
    assert not specs.exists()
