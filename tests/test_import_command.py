"""`srcnet import scapi`: files as a whole or not at all, and what a person and a pipeline see."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cli_runner import on_a_terminal, srcnet
from scapi_catalogues import as_bytes, right

TODAY = ("--today", "2026-11-01")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "nodes.json").write_bytes(as_bytes(right()))
    return tmp_path


def specs(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".json"
    }


def test_a_catalogue_becomes_specs_and_again_nothing_changes(folder: Path):
    first = srcnet("import", "scapi", "nodes.json", *TODAY, cwd=folder)
    assert (first.code, first.out) == (0, "no findings\n")
    assert "site-specs/chsrc-cscs.yaml: is new\n" in first.err
    made = specs(folder)
    assert {*made} == {"site-specs/chsrc-cscs.yaml", "site-specs/uksrc-ral.yaml"}
    assert "alsoKnownAs" not in made["site-specs/chsrc-cscs.yaml"]
    again = srcnet("import", "scapi", "nodes.json", *TODAY, cwd=folder)
    assert again.code == 0
    assert again.err.endswith("nothing to change\n")
    assert specs(folder) == made


def test_a_dry_run_shows_the_difference_and_writes_nothing(folder: Path):
    ran = srcnet("import", "scapi", "nodes.json", "--dry-run", *TODAY, cwd=folder)
    assert ran.code == 0
    assert "+++ site-specs/chsrc-cscs.yaml\n" in ran.out
    assert "+metadata: {name: CHSRC-CSCS}\n" in ran.out
    assert specs(folder) == {}


def test_one_site_under_a_name_of_its_own_elsewhere(folder: Path):
    line = ("--site", "CHSRC-CSCS", "--name", "CHSRC-CSCS=CHSRC-LUGANO", "--out", "there")
    assert srcnet("import", "scapi", "nodes.json", *line, *TODAY, cwd=folder).code == 0
    (file,) = specs(folder)
    assert file == "there/site-specs/chsrc-lugano.yaml"
    assert "name: CHSRC-LUGANO-T1" in specs(folder)[file]


def test_one_site_is_told_of_its_own_defects_and_of_what_it_shares(folder: Path):
    nodes = right()
    for node in nodes:
        node["sites"][0]["storages"][0]["host"] += " "
    nodes[0]["mood"] = "of its node"
    nodes[1]["sites"][0]["storages"][0]["areas"][0]["name"] = "CHSRC-CSCS-T1"
    (folder / "nodes.json").write_bytes(as_bytes(nodes))
    line = ("import", "scapi", "nodes.json", "--format", "github", *TODAY)
    ran = srcnet(*line, "--site", "CHSRC-CSCS", cwd=folder)
    assert ran.code == 0
    told = [line.partition("title=")[2].partition("::")[0] for line in ran.out.splitlines()[:-1]]
    assert sorted(told) == ["blanks-around-value", "later-field", "one-name-several-hosts"]
    assert "not shown: 1 finding about other sites\n" in ran.err
    whole = srcnet(*line, cwd=folder)
    assert whole.out.endswith("4 warnings\n")
    assert "about other sites" not in whole.err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("--site", "CHSRC-CSC"), "did you mean `CHSRC-CSCS`?"),
        (("--name", "CHSRC"), "does not say which site is called what"),
        (("--name", "CHSRC=a b"), "does not say which site is called what"),
        (("--take", "mine"), "theirs"),
    ],
)
def test_what_is_not_understood_says_what_to_type(folder: Path, line: tuple[str, ...], words: str):
    ran = srcnet("import", "scapi", "nodes.json", *line, cwd=folder)
    assert ran.code == 64
    assert words in ran.err
    assert specs(folder) == {}


def test_nothing_is_imported_from_what_is_no_source(folder: Path):
    ran = srcnet("import", "scapy", "nodes.json", cwd=folder)
    assert (ran.code, "did you mean `scapi`?" in ran.err) == (64, True)


def test_a_file_that_is_not_there_or_not_whole_leaves_nothing(folder: Path):
    assert srcnet("import", "scapi", "absent.json", cwd=folder).code == 74
    assert srcnet("import", "scapi", ".", cwd=folder).code == 74
    (folder / "nodes.json").write_bytes(as_bytes(right())[:900])
    ran = srcnet("import", "scapi", "nodes.json", cwd=folder)
    assert (ran.code, "ends in the middle" in ran.out) == (1, True)
    assert specs(folder) == {}


def test_where_one_file_cannot_be_written_none_is_and_a_second_run_finishes(folder: Path):
    (folder / "site-specs" / "uksrc-ral.yaml").mkdir(parents=True)
    ran = srcnet("import", "scapi", "nodes.json", *TODAY, cwd=folder)
    assert ran.code == 74
    assert specs(folder) == {}
    (folder / "site-specs" / "uksrc-ral.yaml").rmdir()
    assert srcnet("import", "scapi", "nodes.json", *TODAY, cwd=folder).code == 0
    assert len(specs(folder)) == 2


def test_theirs_is_taken_where_that_is_asked_for(folder: Path):
    srcnet("import", "scapi", "nodes.json", *TODAY, cwd=folder)
    file = folder / "site-specs" / "chsrc-cscs.yaml"
    file.write_text(file.read_text().replace("100 TB", "90 TB   # measured"))
    mine = file.read_text()
    ours = srcnet("import", "scapi", "nodes.json", *TODAY, cwd=folder)
    assert (ours.code, file.read_text()) == (0, mine)
    assert "`capacity` is `90 TB` here, and `100 TB` in the catalogue" in ours.out
    theirs = srcnet("import", "scapi", "nodes.json", "--take", "theirs", *TODAY, cwd=folder)
    assert theirs.code == 0
    assert file.read_text() == mine.replace("90 TB ", "100 TB ")


def test_what_cannot_be_merged_is_an_error_and_nothing_is_written(folder: Path):
    nodes = right()
    nodes[0]["sites"][0]["name"] = "CHSRC CSCS"
    (folder / "nodes.json").write_bytes(as_bytes(nodes))
    srcnet("import", "scapi", "nodes.json", *TODAY, cwd=folder)
    file = folder / "site-specs" / "chsrc-cscs.yaml"
    text = file.read_text().replace("alsoKnownAs: [CHSRC CSCS]", "alsoKnownAs: &names [CHSRC]")
    text = text.replace("nameToday", "alsoKnownAs").replace(
        "      tier: online\n", "      tier: online\n      alsoKnownAs: *names\n", 1
    )
    file.write_text(text)
    before = specs(folder)
    ran = srcnet("import", "scapi", "nodes.json", *TODAY, cwd=folder)
    assert (ran.code, "error[not-merged]" in ran.out) == (1, True)
    assert specs(folder) == before


def test_findings_are_there_in_formats_for_machines(folder: Path):
    nodes = right()
    nodes[0]["sites"][0]["country"] = "SKAO"
    (folder / "nodes.json").write_bytes(as_bytes(nodes))
    ran = srcnet("import", "scapi", "nodes.json", "--format", "json", "--dry-run", cwd=folder)
    codes = [each["code"] for each in json.loads(ran.out)["findings"]]
    assert "wrong-country" in codes
    sarif = srcnet("import", "scapi", "nodes.json", "--format", "sarif", "--dry-run", cwd=folder)
    assert json.loads(sarif.out)["version"] == "2.1.0"


def test_a_person_is_asked_for_names_that_the_catalogue_does_not_have(folder: Path):
    nodes = right()
    nodes[0]["sites"][0]["name"] = "CHSRC"
    nodes[0]["sites"][0]["storages"][0]["areas"][0]["name"] = "CHSRC_XRD"
    (folder / "nodes.json").write_bytes(as_bytes(nodes))
    line = ("import", "scapi", "nodes.json", *TODAY)
    typed = "CHSRC-CSCS\nstaging\nproduction\n"  # its name, then what each of the two is for
    ran = on_a_terminal(*line, cwd=folder, typed=typed, after=b"[CHSRC-CH]: ")
    assert ran.code == 0, ran
    file = "site-specs/chsrc-cscs.yaml"
    assert {*specs(folder)} == {file, "site-specs/uksrc-ral.yaml"}  # which has a name of its own
    assert "name: CHSRC-CSCS-T1-STAGE\n" in specs(folder)[file]
    assert "environment: staging\n" in specs(folder)[file]
    assert "environment" not in specs(folder)["site-specs/uksrc-ral.yaml"]
    # what is there has its name
    assert srcnet(*line, cwd=folder).err.endswith("nothing to change\n")


def test_an_environment_that_no_name_says_is_said_in_a_pipeline(folder: Path):
    line = ("import", "scapi", "nodes.json", *TODAY)
    area = right()[0]["sites"][0]["storages"][0]["areas"][0]["name"]
    said = ("--environment", f"{area}=development")
    assert srcnet(*line, *said, cwd=folder).code == 0
    text = specs(folder)["site-specs/chsrc-cscs.yaml"]
    assert text.count("environment: development") == 1
    wrong = srcnet(*line, "--environment", f"{area}=testing", cwd=folder)
    assert (wrong.code, "production|staging|development" in wrong.err) == (64, True)
    unknown = srcnet(*line, "--environment", f"{area}X=staging", cwd=folder)
    assert (unknown.code, f"did you mean `{area}`?" in unknown.err) == (64, True)


def test_in_a_pipeline_nobody_is_asked_and_the_country_stands_in(folder: Path):
    nodes = right()[:1]
    nodes[0]["sites"][0]["name"] = "CHSRC"
    nodes[0]["sites"][0]["storages"][0]["areas"][0]["name"] = "CHSRC_XRD"
    (folder / "nodes.json").write_bytes(as_bytes(nodes))
    assert srcnet("import", "scapi", "nodes.json", *TODAY, cwd=folder).code == 0
    assert {*specs(folder)} == {"site-specs/chsrc-ch.yaml"}


# ── an address ────────────────────────────────────────────────────────────────────────────────


@contextmanager
def serving(
    content: bytes,
    promised: int | None = None,
    status: int = 200,
    seen: list[str | None] | None = None,
) -> Iterator[str]:
    """A server that sends this, whatever length it has promised, and notes the tokens it sees."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if seen is not None:
                seen.append(self.headers.get("Authorization"))
            self.send_response(status)
            self.send_header("Content-Length", str(promised or len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/v1/nodes"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_address_does_as_well_as_a_file(folder: Path):
    with serving(as_bytes(right())) as address:
        assert srcnet("import", "scapi", address, *TODAY, cwd=folder).code == 0
    assert len(specs(folder)) == 2


def test_a_server_that_closes_in_the_middle_leaves_nothing_and_a_second_run_finishes(folder: Path):
    content = as_bytes(right())
    with serving(content[:900], promised=len(content)) as address:
        ran = srcnet("import", "scapi", address, *TODAY, cwd=folder)
    assert (ran.code, "nothing was written; import again" in ran.err) == (69, True)
    assert specs(folder) == {}
    with serving(content) as address:
        assert srcnet("import", "scapi", address, *TODAY, cwd=folder).code == 0
    assert len(specs(folder)) == 2


@pytest.mark.parametrize(("status", "code"), [(401, 77), (403, 77), (404, 69), (500, 69)])
def test_what_a_server_refuses_is_an_exit_code(folder: Path, status: int, code: int):
    with serving(b"{}", status=status) as address:
        ran = srcnet("import", "scapi", address, cwd=folder)
    assert (ran.code, f"answers {status}" in ran.err) == (code, True)


def test_a_server_that_says_nothing_is_given_up(folder: Path):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/nodes"
        ran = srcnet("import", "scapi", address, "--timeout", "0.3", cwd=folder)
    assert (ran.code, "has not sent all of it" in ran.err or "no answer" in ran.err) == (69, True)


def test_nobody_there_is_said(folder: Path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/nodes"
    assert srcnet("import", "scapi", address, cwd=folder).code == 69


def test_a_token_is_sent_to_its_address_and_never_in_plain_text_over_the_network(folder: Path):
    env = {"SRCNET_SCAPI_TOKEN": "a-secret"}
    seen: list[str | None] = []
    with serving(as_bytes(right()), seen=seen) as address:
        assert srcnet("import", "scapi", address, *TODAY, cwd=folder, env=env).code == 0
    assert seen == ["Bearer a-secret"]
    ran = srcnet("import", "scapi", "http://catalogue.example.org/nodes", cwd=folder, env=env)
    assert (ran.code, "a-secret" in ran.err) == (64, False)
