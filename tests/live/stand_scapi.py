"""The site catalogue in the shared suite: a server of these tests, on which others have nodes too,
and a site in a node of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import site_catalogue
from site_catalogue import TOKEN, Catalogue, Node
from stand import CSCS, ByHand, Ending, Ground, Lost, Owned, Stand, described

FEDERATION = "policies/federation.yaml"
STORAGE = "CHSRC-CSCS-T2"
THEIRS: tuple[Node, ...] = (
    {
        "name": "NLSRC",
        "comments": "",
        "mood": "theirs",
        "sites": [{"id": "44444444-0000-4000-8000-000000000001", "name": "NLSRC", "downtime": []}],
    },
    {
        "name": "CHSRC",
        "description": "Swiss SRC",
        "later_version": {"of": "the catalogue"},
        "sites": [
            {
                "id": "44444444-0000-4000-8000-000000000002",
                "name": "CHSRC-LAB",
                "storages": [{"host": "lab.example.ch", "areas": [{"name": "LAB", "type": "rse"}]}],
                "is_force_disabled": True,
            }
        ],
    },
)


@contextmanager
def running(folder: Path) -> Iterator[Ground]:
    with site_catalogue.running(*THEIRS) as catalogue:
        catalogue.pause = 0.05  # so that a kill finds something to do
        someone = described(
            folder / "specs",
            (FEDERATION, "https://catalogue.example.org/api/v1", catalogue.url),
            environment={
                "GOLDEN_CATALOGUE_TOKEN": TOKEN,
                "GOLDEN_CATALOGUE_READING_TOKEN": TOKEN,
            },
        )
        yield Ground(
            someone,
            "scapi/srcnet",
            theirs=lambda: theirs(catalogue),
            everything=catalogue.content,
            owned=Owned(
                "storage",
                STORAGE,
                "size_in_terabytes",
                (CSCS, "capacity: 2 PB", "capacity: 3 PB"),
                seen=lambda: tape(catalogue.nodes["CHSRC"])["size_in_terabytes"],
                spoil=lambda: catalogue.edit(
                    "CHSRC", lambda node: tape(node).update(size_in_terabytes=7)
                ),
            ),
            beside=ByHand(
                lambda: catalogue.edit("CHSRC", lambda node: tape(node).update(colour="theirs")),
                lambda: tape(catalogue.nodes["CHSRC"])["colour"],
            ),
            within=ByHand(
                lambda: catalogue.edit(
                    "CHSRC", lambda node: ours(node)["storages"].append({"host": "hand.example.ch"})
                ),
                lambda: [s for s in ours(catalogue.nodes["CHSRC"])["storages"] if len(s) == 1],
            ),
            lost=Lost(
                "area",
                STORAGE,
                lambda: catalogue.edit("CHSRC", lambda node: tape(node).update(areas=[])),
            ),
            ending=Ending(
                "service: monitoring",
                ((CSCS, "    - {service: monitoring, at: services}\n", ""),),
                lambda: not monitoring(catalogue.nodes["CHSRC"]).get("is_force_disabled"),
            ),
            forget=lambda: None,
            stop=catalogue.stop,
            start=catalogue.start,
        )


STAND = Stand("scapi", (), running, several=False)


def theirs(catalogue: Catalogue) -> dict[str, str]:
    """Nodes and sites that no spec speaks of, and what a node of ours says that is not ours."""
    found = {"NLSRC": json.loads(catalogue.content()["NLSRC"])}
    node = json.loads(catalogue.content()["CHSRC"])
    found["CHSRC"] = {key: value for key, value in node.items() if key != "sites"}
    found |= {site["name"]: site for site in node["sites"] if site["name"] != "CHSRC-CSCS"}
    return {name: json.dumps(said, sort_keys=True) for name, said in found.items()}


def ours(node: Node) -> Node:
    return one(node["sites"], name="CHSRC-CSCS")


def tape(node: Node) -> Node:
    return one(ours(node)["storages"], host="dcache.example.ch")


def monitoring(node: Node) -> Node:
    services = one(ours(node)["compute"], name="services")["associated_local_services"]
    return one(services, type="monitoring")


def one(among: list[Node], **said: Any) -> Node:
    (found,) = [e for e in among if all(e.get(key) == value for key, value in said.items())]
    return found
