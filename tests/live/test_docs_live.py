"""The documentation with a real Rucio: what its pages show is what the server makes true."""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import running_rucio
from console import PROJECT, Shell, blocks, play, turns
from specs import TODAY, repository

from srcnet_compiler.demo.rucio_server import RucioServer
from srcnet_compiler.targets.rucio.live import RucioClient, open_connection

pytestmark = pytest.mark.live("rucio")

FRESH = PROJECT / "docs/tutorials/ci.md"
"""This page begins on a server that has nothing yet, the others on one that is as the specs say."""
OTHERS = (
    *("shared-cluster.md", "service-everywhere.md", "import-slurm.md", "import-kubernetes.md"),
    "bring-your-site-in.md",
)
"""These pages have clusters, and tests of their own."""
COMMANDS = (
    *("VALIDATE", "COMPILE", "DIFF", "PLAN", "APPLY", "VERIFY", "DOCS"),
    *("FEASIBILITY", "CATALOGUE", "WHERE", "WHAT_IF"),
)


@dataclass(frozen=True)
class Place:
    """A server, and how the compiler is let in."""

    server: RucioServer
    password: str = field(default_factory=secrets.token_urlsafe)

    def specs(self, folder: Path) -> Path:
        """A copy of the specs of this repository, for this server; root's credentials beside."""
        for each in ("site-specs", "policies", "schemas"):
            shutil.copytree(PROJECT / each, folder / each)
        federation = folder / "policies/federation.yaml"
        text, keys = re.subn(
            r"^(    (?:server|auth)): .*$",
            rf"\1: {self.server.url}",
            federation.read_text("utf-8"),
            flags=re.MULTILINE,
        )
        assert keys == 2
        federation.write_text(text, "utf-8")
        root = {"username": self.server.username, "password": self.server.password}
        repository(folder)
        (folder / "root.json").touch(mode=0o600)
        (folder / "root.json").write_text(json.dumps(root), "utf-8")
        return folder

    def shell(self, folder: Path, home: Path, more: Mapping[str, str] | None = None) -> Shell:
        token = json.dumps({"username": "srcnet", "password": self.password})
        day = {f"SRCNET_{command}_TODAY": str(TODAY) for command in COMMANDS}
        return Shell(folder, home, {**day, "SRCNET_RUCIO_TOKEN": token, **(more or {})})

    def happen(self) -> dict[str, Callable[[], None]]:
        """What pages say happens meanwhile."""
        return {
            "an identity is let in as srcnet-compiler": self.let_in,
            "somebody at Manchester makes an RSE by hand": lambda: self.as_root(by_hand),
            "an operator sets the limit of CNSRC-SHAO-T1 to 1 byte": lambda: self.as_root(
                lambda root: root.set_rse_limits("CNSRC-SHAO-T1", "MaxSpaceAvailable", 1)
            ),
        }

    def let_in(self) -> None:
        """By the very command that the page shows."""
        (shown,) = re.findall(r"^rucio account identity add .*$", FRESH.read_text("utf-8"), re.M)
        subprocess.run(
            [Path(sys.executable).with_name("rucio"), *shlex.split(shown)[1:-1], self.password],
            env={"RUCIO_CONFIG": str(self.server.client_config), "PATH": os.environ["PATH"]},
            check=True,
        )

    def as_root(self, do: Callable[[RucioClient], object]) -> None:
        server = self.server
        connection = {
            "rucio_host": server.url,
            "auth_type": "userpass",
            "account": server.account,
            "creds": {"username": server.username, "password": server.password},
        }
        with open_connection(connection) as client:
            do(client)


def by_hand(root: RucioClient) -> None:
    """As it was done before anybody had a rule for names."""
    own = {"read": 1, "write": 1, "delete": 1}
    wan = {**own, "third_party_copy_read": 1, "third_party_copy_write": 1}
    root.add_rse("MANCHESTER")
    root.add_rse_attribute("MANCHESTER", "country", "GB")
    root.set_rse_limits("MANCHESTER", "MaxSpaceAvailable", 20 * 10**12)
    protocol = {
        "scheme": "davs",
        "hostname": "se.example.ac.uk",
        "port": 443,
        "prefix": "/ska",
        "impl": "rucio.rse.protocols.webdav.Default",
        "domains": {"lan": own, "wan": wan},
    }
    root.add_protocol("MANCHESTER", protocol)


def typed(shell: Shell, command: str) -> str:
    printed, code = shell.type(command)
    assert code == 0, printed
    return printed


@dataclass(frozen=True)
class Converged:
    """A server that can be made as the specs say, again and again, and the state of that."""

    place: Place
    folder: Path
    shell: Shell
    typed: int
    """How many commands of the page for CI brought the server there."""

    def again(self) -> Path:
        """Make it so; the state store that knows it."""
        assert "0 differences" in typed(self.shell, "srcnet apply --yes")
        return self.folder / ".srcnet"


@pytest.fixture(scope="module")
def converged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Converged]:
    """From an empty server on by what the page for CI says: 223 changes are made only once."""
    folder = tmp_path_factory.mktemp("docs")
    for server in running_rucio(folder, "sqlite"):
        place = Place(server)
        first, specs = place.specs(folder / "first"), place.specs(folder / "specs")
        with place.shell(first, folder / "first-home") as shell:
            count = play(FRESH, first, shell, place.happen())
        shutil.copytree(first / ".srcnet", specs / ".srcnet")
        with place.shell(specs, folder / "home") as shell:
            yield Converged(place, specs, shell, count)


def live(page: Path) -> bool:
    return any(block.word == "live" for block in blocks(page.read_text("utf-8")))


PAGES = [
    page
    for page in (PROJECT / "README.md", *sorted(PROJECT.glob("docs/*/*.md")))
    if live(page) and page != FRESH and page.name not in OTHERS
]


def test_the_page_for_ci_holds_from_an_empty_server_on(converged: Converged):
    assert converged.typed == sum(
        len(list(turns(block)))
        for block in blocks(FRESH.read_text("utf-8"))
        if block.kind == "console"
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_shows_what_the_server_makes_true(page: Path, converged: Converged, tmp_path: Path):
    state = converged.again()
    specs = converged.place.specs(tmp_path / "specs")
    shutil.copytree(state, specs / ".srcnet")
    with converged.place.shell(specs, tmp_path / "home") as shell:
        play(page, specs, shell, converged.place.happen())
