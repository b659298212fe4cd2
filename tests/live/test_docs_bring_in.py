"""The page on bringing a site in, on a real Rucio, a real cluster and a server of the catalogue:
what it shows is what happens, and others do not notice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import site_catalogue
from conftest import running_rucio
from console import PROJECT, blocks, play
from site_catalogue import TOKEN, Catalogue
from specs import TODAY
from test_docs_live import Place, typed
from test_import_slurm_live import BY_HAND

from srcnet_compiler.demo import shared_cluster
from srcnet_compiler.demo.shared_cluster import Shared
from srcnet_compiler.demo.slurm_clusters import ask
from srcnet_compiler.demo.slurm_fingerprint import fingerprint
from srcnet_compiler.targets.rucio.live import RucioClient

pytestmark = [pytest.mark.live("rucio"), pytest.mark.live("slurm"), pytest.mark.live("sshd")]

PAGE = PROJECT / "docs/tutorials/bring-your-site-in.md"
CATALOGUE = "nodes.json"
DAYS = ("IMPORT_SCAPI", "IMPORT_SLURM", "IMPORT_RUCIO")


@dataclass(frozen=True)
class There:
    """What runs before anybody imports: the federation's Rucio, as its specs say; a cluster on
    which others compute; the catalogue."""

    place: Place
    shared: Shared
    catalogue: Catalogue

    def environment(self) -> dict[str, str]:
        server = self.shared.server
        login = {"HOST": "127.0.0.1", "PORT": str(server.port), "USER": server.user}
        login |= {"HOST_KEY": server.host_key, "KEY": "env:LISBON_SSH_KEY"}
        return {
            "LISBON_SSH_KEY": server.key.read_text("ascii"),
            "SRCNET_SCAPI_TOKEN": TOKEN,
            "CATALOGUE": f"{self.catalogue.url}/nodes",
            "SLURM_CONF": str(self.shared.cluster.slurm_conf),
            **{f"SRCNET_IMPORT_SLURM_{name}": value for name, value in login.items()},
            **{f"SRCNET_{name}_TODAY": str(TODAY) for name in DAYS},
        }


def nodes() -> list[site_catalogue.Node]:
    """What the page shows of the catalogue."""
    (shown,) = (b.text for b in blocks(PAGE.read_text("utf-8")) if b.word == CATALOGUE)
    found: list[site_catalogue.Node] = json.loads(shown)
    return found


@contextmanager
def running(folder: Path, catalogue: list[site_catalogue.Node]) -> Iterator[There]:
    with (
        shared_cluster.running(folder / "cluster", lambda line: None) as shared,
        site_catalogue.running(*catalogue) as server,
    ):
        for line in BY_HAND:
            ask(shared.cluster, "sacctmgr", "-i", *line.split())
        for rucio in running_rucio(folder, "sqlite"):
            yield There(Place(rucio), shared, server)


def as_the_specs_say(there: There, folder: Path) -> None:
    """The others' sites are in Rucio already; this one's people have made its RSE by hand."""
    specs = there.place.specs(folder / "before")
    with there.place.shell(specs, folder / "before-home") as shell:
        typed(shell, "srcnet bootstrap --root-credentials root.json --yes")
        there.place.let_in()
        typed(shell, "srcnet apply --yes")


def made_by_hand(root: RucioClient) -> None:
    """As Lisbon's people joined, before anybody had a rule for names."""
    root.add_rse("PTSRC_LISBON")
    for key, value in (("country", "PT"), ("site", "PTSRC-LISBON"), ("tier", "1")):
        root.add_rse_attribute("PTSRC_LISBON", key, value)
    root.add_rse_attribute("PTSRC_LISBON", "fts", "https://fts.example.pt:8446")
    root.set_rse_limits("PTSRC_LISBON", "MaxSpaceAvailable", 40 * 10**12)
    own = {"read": 1, "write": 1, "delete": 1}
    wan = {**own, "third_party_copy_read": 1, "third_party_copy_write": 1}
    protocol = {
        "scheme": "davs",
        "hostname": "se.example.pt",
        "port": 2880,
        "prefix": "/pnfs/ska",
        "impl": "rucio.rse.protocols.webdav.Default",
        "domains": {"lan": own, "wan": wan},
    }
    root.add_protocol("PTSRC_LISBON", protocol)


def test_the_page_on_bringing_a_site_in_holds(tmp_path: Path):
    with running(tmp_path, nodes()) as there:
        as_the_specs_say(there, tmp_path)
        there.place.as_root(made_by_hand)
        before = fingerprint(there.shared.cluster)
        specs = there.place.specs(tmp_path / "specs")
        with there.place.shell(specs, tmp_path / "home", there.environment()) as shell:
            assert play(PAGE, specs, shell, {}) > 30
        assert before.differences(fingerprint(there.shared.cluster)) == ()
