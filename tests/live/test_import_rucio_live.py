"""A Rucio that sites filled by hand is imported: only adoptions; applied: empty; one line changed:
exactly that changes. The tests go on where the one before has stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cli_operator import Operator, bootstrap, give_credentials
from conftest import RUCIO_VENV
from filled_by_hand import everything, fill, write_specs
from rucio_data import connect

from srcnet_compiler.demo import rucio_server, rucio_venv

if TYPE_CHECKING:
    from rucio.client import Client

pytestmark = pytest.mark.live("rucio")

ANSWERS = ("--tier", "AUSRC_STORM=online", "--site", "IMPERIAL=UKSRC-LONDON", "--tier", "IMPERIAL=online")


@pytest.fixture(scope="module")
def someone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Operator, Client]]:
    venv = rucio_venv.find_server_venv(RUCIO_VENV)
    assert venv is not None
    folder = tmp_path_factory.mktemp("import-rucio")
    with rucio_server.running(folder / "rucio", database="sqlite", venv=venv) as server:
        root = connect(server)
        fill(root)
        credentials = folder / "credentials.json"
        person = Operator(specs=folder / "specs", credentials=credentials, password="canary-by-hand")
        write_specs(person.specs, server, credentials)
        give_credentials(credentials, "srcnet", person.password)
        bootstrap(person, server)
        yield person, root


def test_look(someone):
    person, root = someone
    ran = person("import", "rucio", "--dry-run", code=0)
    print(ran.out, ran.err)
    ran = person("import", "rucio", *ANSWERS, "--today", "2026-11-26")
    print(ran.out, ran.err)
    for f in sorted(person.specs.rglob("*.yaml")):
        print("#####", f.name); print(f.read_text())
    assert 0
