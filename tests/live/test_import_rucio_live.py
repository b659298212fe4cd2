"""A Rucio that sites filled by hand is imported: nothing but adoptions; applied: nothing is left;
one line of a spec changed: exactly that changes. Each test goes on where the one before stopped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jsonschema
import pytest
from cli_operator import Operator, bootstrap, give_credentials
from cli_runner import contents, on_a_terminal
from conftest import PROJECT, RUCIO_VENV
from filled_by_hand import LIMIT, PERTH, everything, fill, write_specs
from meddler import Handler, connected, meddling
from rucio_data import connect

from srcnet_compiler.demo import rucio_server, rucio_venv
from srcnet_compiler.demo.rucio_server import RucioServer
from srcnet_compiler.schema.common import API_VERSION

if TYPE_CHECKING:
    from rucio.client import Client

pytestmark = pytest.mark.live("rucio")

SCHEMA = json.loads((PROJECT / "schemas/import.schema.json").read_text("utf-8"))
HOME = "site-specs/aussrc-perth.yaml"
MOVED = f"""\
apiVersion: {API_VERSION}
kind: Moved
metadata: {{name: storm}}
spec: {{area: AUSSRC-PERTH-T0-STORM, from: AUSRC_STORM, to: AUSSRC-PERTH-T0-STORM}}
"""
DAY = ("--today", "2026-11-26")
ANSWERS = (
    *("--tier", "AUSRC_STORM=online"),
    *("--site", "IMPERIAL=UKSRC-LONDON", "--tier", "IMPERIAL=online"),
)


@dataclass(frozen=True)
class Found:
    """A person at work, the server, its root, and what was there before anything was imported."""

    someone: Operator
    server: RucioServer
    root: Client
    before: str


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    venv = rucio_venv.find_server_venv(RUCIO_VENV)
    assert venv is not None
    folder = tmp_path_factory.mktemp("import-rucio")
    with rucio_server.running(folder / "rucio", database="sqlite", venv=venv) as server:
        root = connect(server)
        fill(root)
        credentials = folder / "credentials.json"
        someone = Operator(
            specs=folder / "specs", credentials=credentials, password="canary-by-hand"
        )
        write_specs(someone.specs, server, credentials)
        give_credentials(credentials, "srcnet", someone.password)
        bootstrap(someone, server)
        yield Found(someone, server, root, everything(root))


def test_what_nothing_tells_is_left_out_and_listed_with_what_to_type(found):
    before = contents(found.someone.specs)
    ran = found.someone("import", "rucio", "--dry-run", *DAY)
    for typed in ("--tier AUSRC_STORM=online", "--site IMPERIAL=UKSRC-LONDON"):
        assert f"\n      {typed}\n" in ran.out
    assert "MYSTERY: its name does not follow the rule, and no attribute of it names a" in ran.out
    assert "\n      --site MYSTERY=SITE\n" in ran.out
    assert "  BUFFER_X: it is a staging area: specs have no word for that\n" in ran.out
    assert (
        "  scientist  users  IMPERIAL  1 copy, 4 rules: some rules of the scope end by" in ran.out
    )
    assert "gsiftp" not in ran.out  # nobody has said yet where IMPERIAL belongs
    assert "Proof: the plan of these specs is 0 changes, 5 adoptions." in ran.out
    assert contents(found.someone.specs) == before


def test_an_answer_about_nothing_is_a_mistake_in_typing(found):
    ran = found.someone("import", "rucio", "--site", "IMPERIALL=UKSRC-LONDON", code=64)
    assert "there is no RSE `IMPERIALL`" in ran.err
    ran = found.someone("import", "rucio", "--tier", "MYSTERY=disk", code=64)
    assert "the federation has no tier `disk`" in ran.err
    ran = found.someone("import", "rucio", "--site", "IMPERIAL", code=64)
    assert "`IMPERIAL` is not like `AUSRC_STORM=AUSSRC-PERTH`" in ran.err


def test_a_person_at_a_terminal_is_asked_and_may_say_nothing(found):
    """MYSTERY is answered with nothing: it is left out; the others with what is suggested."""
    before = contents(found.someone.specs)
    ran = on_a_terminal(
        *("import", "rucio", "--dry-run", "--skip", "MYSTERY", *DAY),
        cwd=found.someone.specs,
        typed="\n\n\n",
        after=b"Which ",
    )
    assert ran.code == 0, ran
    assert "AUSRC_STORM: it is DISK, and so are online, scratch" in ran.out
    assert "Which site is `IMPERIAL`?" in ran.out
    assert "[UKSRC-LONDON]" in ran.out
    assert "nothing tells" not in ran.out
    assert contents(found.someone.specs) == before


def test_a_server_that_closes_in_the_middle_leaves_nothing_half_written(found):
    """Through what stands between: rules break off, or one RSE does."""
    before = contents(found.someone.specs)

    def rules_break_off(handler: Handler) -> bool:
        if handler.path.partition("?")[0].rstrip("/") != "/rules":
            return False
        line = b'{"scope": "users", "account": "scientist", "rse_expression": "IMPER'
        handler.say(200, line, Content_Type="application/x-json-stream", Content_Length="9999")
        handler.close_connection = True
        return True

    def one_breaks_off(handler: Handler) -> bool:
        if handler.path != "/rses/IMPERIAL/attr/":
            return False
        handler.say(200, b'{"country": "G', Content_Type="application/json")
        return True

    with meddling(found.server.url, rules_break_off) as between:
        ran = found.someone("import", "rucio", *ANSWERS, *DAY, "--url", between.url, code=69)
        assert between.url in ran.err
        assert contents(found.someone.specs) == before
        between.meddle = one_breaks_off
        dry = found.someone("import", "rucio", *ANSWERS, *DAY, "--url", between.url, "--dry-run")
        assert "  IMPERIAL: it cannot be read: " in dry.out
        assert "draft policy" not in dry.out  # its rules may mean what was not seen
        between.meddle = with_unknown_fields
        dry = found.someone("import", "rucio", *ANSWERS, *DAY, "--url", between.url, "--dry-run")
        assert "draft policy aussrc-testing: 2 copies on `online`, as 4 rules" in dry.out


def written_at_perth() -> list[str]:
    return PERTH.replace("VERSION", API_VERSION).splitlines()


def with_unknown_fields(handler: Handler) -> bool:
    """As a later version of Rucio may answer."""
    if handler.path.partition("?")[0].rstrip("/") != "/rses":
        return False
    there = connected(found_upstream(handler))
    there.request("GET", handler.path, headers=dict(handler.headers))
    rows = [json.loads(line) for line in there.getresponse().read().splitlines()]
    there.close()
    lines = (json.dumps({**row, "colour": {"of": ["its", "door"]}}) + "\n" for row in rows)
    text = "".join(lines).encode()
    return handler.say(200, text, Content_Type="application/x-json-stream")


def found_upstream(handler: Handler) -> str:
    assert handler.meddler.upstream is not None
    return handler.meddler.upstream


def test_the_import_is_nothing_but_adoptions_and_keeps_what_people_wrote(found):
    ran = found.someone("import", "rucio", *ANSWERS, *DAY, "--format", "json")
    said = json.loads(ran.out)
    jsonschema.validate(said, SCHEMA)
    assert said["plan"] == {"adoptions": 7, "changes": [], "unseen": []}
    assert (said["accepted"], said["written"]) == (True, True)
    assert [each["rse"] for each in said["questions"]] == ["MYSTERY"]
    (policy,) = said["policies"]
    assert (policy["namespace"], policy["copies"], policy["rules"]) == ("aussrc.testing", 2, 4)
    text = (found.someone.specs / HOME).read_text()
    lines = iter(text.splitlines())
    assert all(line in lines for line in written_at_perth()), text  # all of them, in their order
    assert "nameToday: AUSRC_STORM" in text
    draft = (found.someone.specs / "policies/data/aussrc-testing.yaml").read_text()
    assert "status: draft\n  source: rule pattern of 4 rules on 2026-11-26\n" in draft
    assert everything(found.root) == found.before


def test_a_second_import_has_nothing_to_write(found):
    before = contents(found.someone.specs)
    ran = found.someone("import", "rucio", *DAY)
    assert "Nothing is to be written: the specs say all of it.\n" in ran.out
    assert contents(found.someone.specs) == before


def test_the_plan_adopts_and_after_it_nothing_is_left(found):
    someone = found.someone
    plan = someone("plan", *DAY).out
    for rse in ("AARNET_PER", "AUSRC_STORM", "IMPERIAL", "SWESRC-OSO-T1", "CHSRC-CSCS-T2-TAPE"):
        assert f"= adopt rse {rse}" in plan
    assert not [line for line in plan.splitlines() if line.strip()[:1] in ("+", "~", ">", "-")]
    someone("apply", "--yes", *DAY)
    someone("plan", "--detailed-exitcode", *DAY)
    someone("verify", *DAY)
    assert everything(found.root) == found.before


def test_one_line_changes_exactly_that(found):
    found.someone.edit(HOME, "capacity: 400 TB", "capacity: 500 TB")
    assert changes(found) == {("rse", "AARNET_PER"): ["limit.MaxSpaceAvailable"]}
    found.someone("apply", "--yes", *DAY)
    assert found.root.get_rse_limits("AARNET_PER")[LIMIT] == 500 * 10**12
    there = everything(found.root).replace(str(500 * 10**12), str(400 * 10**12))
    assert there == found.before
    found.someone("plan", "--detailed-exitcode", *DAY)


def test_what_the_specs_say_otherwise_is_shown_and_not_accepted(found):
    """Somebody has changed the limit on the server meanwhile."""
    found.root.set_rse_limits("AARNET_PER", LIMIT, 300 * 10**12)
    before = contents(found.someone.specs)
    ran = found.someone("import", "rucio", "--site", "MYSTERY=UKSRC-LONDON", *DAY, code=1)
    assert f"{HOME}:15:17: `capacity` is `500 TB` here, and `300 TB` in rucio hand" in ran.out
    assert "~ update rse AARNET_PER" in ran.out
    assert "Not written" in ran.out or "Nothing is to be written" in ran.out
    assert "not accepted" in ran.err
    assert contents(found.someone.specs) == before
    found.root.set_rse_limits("AARNET_PER", LIMIT, 500 * 10**12)


def test_a_rename_is_proposed_and_then_done_in_place(found):
    """Whoever only writes another name would get a second RSE over the same storage."""
    someone, root = found.someone, found.root
    today, later = "nameToday: AUSRC_STORM", "nameToday: AUSSRC-PERTH-T0-STORM"
    someone.edit(HOME, today, later)
    plan = someone("plan", *DAY).out
    assert "+ create rse AUSSRC-PERTH-T0-STORM" in plan
    assert "`AUSSRC-PERTH-T0-STORM` would be made where `AUSRC_STORM` is, which no spec" in plan
    assert "`kind: Moved` with `from: AUSRC_STORM, to: AUSSRC-PERTH-T0-STORM`" in plan
    someone.edit(HOME, later, today)
    (someone.specs / "site-specs/aussrc-perth").mkdir()
    (someone.specs / "site-specs/aussrc-perth/moved.yaml").write_text(MOVED)
    before = root.get_rse("AUSRC_STORM")["id"]
    assert changes(found) == {("rse", "AUSSRC-PERTH-T0-STORM"): ["name"]}
    someone("apply", "--yes", *DAY)
    assert root.get_rse("AUSSRC-PERTH-T0-STORM")["id"] == before
    assert "AUSRC_STORM" not in {row["rse"] for row in root.list_rses()}
    someone("plan", "--detailed-exitcode", *DAY)


def test_an_adopted_area_takes_part_when_its_line_goes(found):
    """Only then it gets attributes of ours, and a limit for the owner of our rules."""
    found.someone.edit(HOME, "      adopted: true       # until the policies are agreed\n", "")
    planned = changes(found)
    assert planned.pop(("account-limit", "srcnet-policy@AARNET_PER")) == ["bytes"]
    ((address, fields),) = planned.items()
    assert address == ("rse", "AARNET_PER")
    assert {"attribute.srcnet_site", "attribute.srcnet_tier", "setting.country_name"} <= {*fields}


def test_an_area_that_would_join_may_be_kept_as_it_stands(found):
    """By a flag, or by whoever sits there."""
    line = ("import", "rucio", "--skip", "MYSTERY", "--dry-run", *DAY)
    assert "\n  --adopt AARNET_PER\n" in found.someone(*line, code=1).out
    kept = found.someone(*line, "--adopt", "AARNET_PER").out
    asked = on_a_terminal(*line, cwd=found.someone.specs, typed="\n", after=b"Take it over")
    assert asked.code == 0, asked
    for said in (kept, asked.out):
        assert "Proof: the plan of these specs is 0 changes" in said
        assert "+      adopted: true" in said
    assert "there is no RSE `AARNET`" in found.someone(*line, "--adopt", "AARNET", code=64).err


def changes(found: Found) -> dict[tuple[str, str], list[str]]:
    """The fields of everything that the plan changes, by object."""
    plan = json.loads(found.someone("plan", "--format", "json", *DAY).out)
    made: dict[tuple[str, str], list[str]] = {}
    for wave in plan["waves"]:
        for change in wave:
            address = change["address"]
            key = (address["kind"], address["name"])
            made.setdefault(key, []).extend(field["name"] for field in change["fields"])
    return made
