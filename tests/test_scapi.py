"""The site catalogue: what is wanted of it, what is found there, and what is the same by meaning.

Reading and writing are tried on a server of these tests; whole stories are typed in
tests/live/test_scapi_apply.py.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import site_catalogue
import yaml
from cli_runner import TODAY as DAY
from cli_runner import edit, golden_specs, srcnet
from moved_specs import QUEUE, renamed
from site_catalogue import TOKEN, Catalogue, Node, once_on
from specs import GOLDEN, REAL, TODAY, compile_texts, texts

from srcnet_compiler.change import Action, Change
from srcnet_compiler.pipeline import Compiled, check
from srcnet_compiler.scapi_nodes import LOCAL_SERVICES
from srcnet_compiler.targets.protocol import Reading, RefusedError, UnreachableError
from srcnet_compiler.targets.scapi import TARGET, live
from srcnet_compiler.targets.scapi.live import AnswerError, Client, MovedError
from srcnet_compiler.targets.scapi.model import ScapiModel

CSCS = "site-specs/chsrc-cscs.yaml"
SODA = ("local-service", "CHSRC-CSCS/services/soda_sync@soda.example.ch/soda")
TAPE = "CHSRC-CSCS-T2"


def model_of(compiled: Compiled) -> ScapiModel:
    (model,) = [each.model for each in compiled.models if each.target is TARGET]
    assert isinstance(model, ScapiModel)
    return model


def wanted(*edits: tuple[str, str, str]) -> ScapiModel:
    """Of the golden federation, with other words in these places."""
    files = texts(GOLDEN)
    for name, before, after in edits:
        assert files[name].count(before) == 1, before
        files[name] = files[name].replace(before, after)
    compiled = compile_texts(files, TODAY)
    assert not compiled.failed, [found.message for found in compiled.diagnostics]
    return model_of(compiled)


def emitted(model: ScapiModel) -> list[Node]:
    """The nodes as the files have them."""
    return [yaml.safe_load(artifact.content) for artifact in TARGET.emit(model)]


@pytest.fixture(scope="module")
def desired() -> ScapiModel:
    return wanted()


@pytest.fixture
def catalogue(desired: ScapiModel) -> Iterator[Catalogue]:
    """One that is as the golden federation says."""
    with site_catalogue.running(*emitted(desired)) as catalogue:
        yield catalogue


@pytest.fixture
def client(catalogue: Catalogue) -> Iterator[Client]:
    client = live.open_connection({"server": catalogue.url, "token": TOKEN})
    yield client
    client.close()


def site(node: Node) -> Node:
    (found,) = [each for each in node["sites"] if each["name"] == "CHSRC-CSCS"]
    return dict_of(found)


def dict_of(found: Any) -> Node:
    assert isinstance(found, dict)
    return found


def storage(node: Node, host: str = "dcache.example.ch") -> Node:
    (found,) = [each for each in site(node)["storages"] if each["host"] == host]
    return dict_of(found)


def service(node: Node, type_: str = "soda_sync") -> Node:
    (found,) = [
        each
        for compute in site(node)["compute"]
        if compute["name"] == "services"
        for each in compute["associated_local_services"]
        if each["type"] == type_
    ]
    return dict_of(found)


def differing(changes: tuple[Change, ...]) -> list[tuple[str, str, dict[str, tuple[Any, Any]]]]:
    return [
        (
            change.action.value,
            change.address.name,
            {f.name: (f.before, f.after) for f in change.fields if f.before != f.after},
        )
        for change in changes
    ]


# ── what is wanted ────────────────────────────────────────────────────────────────────────────


def test_who_states_an_identity_has_it_and_who_does_not_has_the_same_one_again(desired: ScapiModel):
    area = desired.entries["area", "CHSRC-CSCS-T0"]
    assert area.id == "f26ff4e4-0000-4000-8000-000000000002"
    assert desired.entries[SODA].fields()["associated_storage_area_id"] == area.id
    assert wanted().entries["area", TAPE].id == desired.entries["area", TAPE].id
    ids = [each.id for each in desired.things() if each.kind not in ("node", "downtime")]
    assert len(ids) == len({*ids})
    assert all(ids)


def test_a_new_name_in_rucio_gives_no_new_identity(desired: ScapiModel):
    renamed = wanted((CSCS, "nameToday: CHSRC_TAPE", "nameToday: CHSRC_OTHER"))
    assert renamed.entries["area", TAPE].fields()["name"] == "CHSRC_OTHER"
    assert renamed.entries["area", TAPE].id == desired.entries["area", TAPE].id


def test_drafts_and_what_the_catalogue_has_no_word_for_are_left_out(desired: ScapiModel):
    names = {each.name for each in desired.things()}
    assert "ZASRC-CPT" not in names  # a draft
    assert "SWESRC-OSO-T1" in names  # one that a waiver accepts
    nothing = wanted(
        (CSCS, "system: dcache\n      layout: recorded", "system: s3\n      layout: recorded"),
        (CSCS, "protocol: davs, host: dcache", "protocol: s3s, host: tape"),
        (CSCS, "port: 2880, path: /pnfs/tape", "port: 443, path: /tape"),
    )
    assert ("area", TAPE) not in nothing.entries
    assert ("storage", TAPE) not in nothing.entries


def test_areas_that_share_a_capacity_share_a_storage():
    inner = (
        "    - name: CHSRC-CSCS-T2-RAW\n      tier: nearline\n      system: dcache\n"
        "      within: CHSRC-CSCS-T2\n      endpoints: [{protocol: davs, host: dcache.example.ch,"
        " port: 2880, path: /pnfs/raw}]\n"
    )
    model = wanted((CSCS, "  compute:\n", f"{inner}  compute:\n"))
    (node,) = [each for each in emitted(model) if each["name"] == "CHSRC"]
    disks = storage(node)
    assert (disks["base_path"], disks["size_in_terabytes"]) == ("/pnfs", 2000)
    paths = {area["name"]: area["relative_path"] for area in disks["areas"]}
    assert paths == {"CHSRC_TAPE": "/tape", "CHSRC-CSCS-T2-RAW": "/raw"}


@pytest.mark.parametrize(
    ("of", "kind", "around"),
    [
        ("CHSRC-CSCS", "site", "CHSRC-CSCS"),
        ("CHSRC_TAPE", "area", TAPE),
        ("edge", "compute", "CHSRC-CSCS/edge"),
        ("our-soda", "local-service", SODA[1]),
        ("CHSRC-CSCS/our-soda", "local-service", SODA[1]),
        ("CHSRC-CSCS/soda_sync", "local-service", SODA[1]),
    ],
)
def test_a_downtime_stands_with_what_it_is_of_whatever_the_day(of: str, kind: str, around: str):
    model = wanted(
        ("policies/lifecycle.yaml", "of: CHSRC-CSCS, from", f"of: {of}, from"),
        (CSCS, "name: our soda,", "name: our-soda,"),
    )
    (downtime,) = [each for each in model.things() if each.kind == "downtime"]
    assert downtime.inside == (kind, around)
    assert downtime.fields() == {
        "date_range": "2027-03-01T08:00:00.000Z to 2027-03-01T18:00:00.000Z",
        "type": "Planned",
        "reason": "power",
    }


def test_two_things_cannot_have_one_identity():
    files = texts(GOLDEN)
    again = "catalogueId: f26ff4e4-0000-4000-8000-000000000002"
    files[CSCS] = files[CSCS].replace(
        "      nameToday: CHSRC_TAPE\n", f"      nameToday: CHSRC_TAPE\n      {again}\n"
    )
    (found,) = compile_texts(files, TODAY).diagnostics
    assert (found.code.value, found.labels[0].text) == ("duplicate-name", "again here")


# ── what is found, and what is the same ───────────────────────────────────────────────────────


def test_what_is_so_already_is_only_taken_over(client: Client, desired: ScapiModel):
    reading = live.read(client, desired)
    assert TARGET.diff(desired, reading) == ()
    assert len(TARGET.adoptions(desired, reading)) == len(desired.entries)


def seen(client: Client, model: ScapiModel) -> Reading[ScapiModel]:
    return live.read(client, model)


def test_a_queue_with_another_name_keeps_its_entry(client: Client, desired: ScapiModel):
    """The catalogue gives another name in place: nothing is made, and nothing ends."""
    new = model_of(renamed(*QUEUE))
    changes = TARGET.diff(new, seen(client, new))
    assert {(c.action, c.address.kind) for c in changes} == {(Action.UPDATE, "queue")}
    assert {c.address.name.rpartition("/")[2] for c in changes} == {"production"}
    assert all(
        [(f.name, f.before, f.after) for f in c.fields if f.before != f.after]
        == [("name", "batch", "production")]
        for c in changes
    )


SAME: list[tuple[str, Callable[[Node], object]]] = [
    ("a field that nobody here knows", lambda n: storage(n).update(colour="red")),
    ("another entry beside ours", lambda n: site(n)["storages"].append({"host": "x"})),
    ("other order", lambda n: storage(n, "xrootd.example.ch")["supported_protocols"].reverse()),
    ("a figure as another kind of number", lambda n: storage(n).update(size_in_terabytes=2000.0)),
    ("no word where it means the default", lambda n: storage(n)["areas"][0].pop("relative_path")),
    ("an empty word there", lambda n: storage(n)["areas"][0].update(relative_path="")),
    ("more digits of where it is", lambda n: site(n).update(latitude=46.02449856)),
    ("a full stop, and lines", lambda n: site(n).update(
        description="every key\r\nis written here.")),
    ("a path parted elsewhere", lambda n: (
        storage(n).update(base_path="/pnfs"), storage(n)["areas"][0].update(relative_path="tape"))),
    ("a time written otherwise", lambda n: site(n)["downtime"][0].update(
        date_range="2027-03-01T09:00:00+01:00 to 2027-03-01T18:00:00Z")),
    ("a name of its own, by a stated identity", lambda n: site(n).update(name="Lugano")),
    ("empty things in what is kept", lambda n: site(n)["other_attributes"]["links"].update(x=[])),
]  # fmt: skip


@pytest.mark.parametrize("change", [each for _, each in SAME], ids=[name for name, _ in SAME])
def test_what_means_the_same_is_no_change(
    change: Callable[[Node], object], catalogue: Catalogue, client: Client, desired: ScapiModel
):
    catalogue.edit("CHSRC", change)
    assert differing(TARGET.diff(desired, live.read(client, desired))) == []


OTHER: list[tuple[Callable[[Node], object], str, dict[str, tuple[Any, Any]]]] = [
    (lambda n: storage(n).update(host=" dcache.example.ch"), TAPE,
     {"host": (" dcache.example.ch", "dcache.example.ch")}),
    (lambda n: storage(n).pop("size_in_terabytes"), TAPE, {"size_in_terabytes": (None, 2000)}),
    (lambda n: storage(n)["areas"][0].update(relative_path="/else"), TAPE,
     {"relative_path": ("/else", "/")}),
    (lambda n: service(n).update(prefix="https://"), SODA[1], {"prefix": ("https://", "https")}),
    (lambda n: service(n).update(associated_storage_area_id="CHSRC_XRD"), SODA[1],
     {"associated_storage_area_id": ("CHSRC_XRD", "f26ff4e4-0000-4000-8000-000000000002")}),
    (lambda n: site(n)["other_attributes"].update(ticket="SP-2"), "CHSRC-CSCS",
     {"other_attributes.ticket": ("SP-2", "SP-1")}),
    (lambda n: service(n).pop("id"), SODA[1],
     {"id": (None, "01b112d4-b5a6-59fd-8a48-af3cbcfc38ab")}),
]  # fmt: skip


@pytest.mark.parametrize(("change", "name", "fields"), OTHER)
def test_what_differs_is_one_change_of_that(
    change: Callable[[Node], object],
    name: str,
    fields: dict[str, tuple[Any, Any]],
    catalogue: Catalogue,
    client: Client,
    desired: ScapiModel,
):
    catalogue.edit("CHSRC", change)
    found = differing(TARGET.diff(desired, live.read(client, desired)))
    assert found == [("update", name, fields)]


def test_what_has_an_identity_keeps_it_and_what_speaks_of_it_takes_that(
    catalogue: Catalogue, client: Client, desired: ScapiModel
):
    theirs = "99999999-0000-4000-8000-000000000009"
    catalogue.edit("CHSRC", lambda n: storage(n, "xrootd.example.ch")["areas"][0].update(id=theirs))
    (found,) = TARGET.diff(desired, live.read(client, desired))
    ours = desired.entries["area", "CHSRC-CSCS-T0"].id
    fields = {"associated_storage_area_id": (ours, theirs)}
    assert differing((found,)) == [("update", SODA[1], fields)]


def test_a_node_by_another_name_of_its_src_is_that_node(catalogue: Catalogue, client: Client):
    swiss = catalogue.nodes.pop("CHSRC")
    catalogue.fill({**swiss, "name": "SWISRC"})
    model = wanted()
    reading = live.read(client, model)
    assert TARGET.diff(model, reading) == ()
    assert reading.model.entries["area", TAPE].within[0] == "SWISRC"


def twice(node: Node) -> None:
    """Two entries by hand that could both be ours, neither with our identity."""
    area = storage(node)["areas"][0]
    del area["id"]
    storage(node)["areas"].append(copy.deepcopy(area))


def elsewhere(node: Node) -> None:
    area = storage(node)["areas"].pop()
    storage(node, "xrootd.example.ch")["areas"].append({**area, "name": "moved"})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (twice, "2 entries could be it: state its `catalogueId`"),
        (elsewhere, "it lies elsewhere: say under `catalogue` in which entry"),
        (lambda n: storage(n).update(areas="none"), "`areas` around it is no list of entries"),
    ],
)
def test_what_is_in_doubt_is_left_alone(
    change: Callable[[Node], object],
    reason: str,
    catalogue: Catalogue,
    client: Client,
    desired: ScapiModel,
):
    catalogue.edit("CHSRC", change)
    reading = live.read(client, desired)
    assert [(gap.under.kind, gap.under.name, gap.reason) for gap in reading.gaps] == [
        ("area", TAPE, reason)
    ]
    assert TARGET.diff(desired, reading) == ()


def test_what_is_switched_off_or_in_downtime_is_still_there(
    catalogue: Catalogue, client: Client, desired: ScapiModel
):
    always = {"date_range": "2020-01-01T00:00:00Z to 2100-01-01T00:00:00Z", "type": "Planned"}
    catalogue.edit("CHSRC", lambda n: site(n)["downtime"].append(always))
    catalogue.edit("UKSRC", lambda n: n["sites"][0].update(is_force_disabled=True))
    assert TARGET.diff(desired, live.read(client, desired)) == ()


def test_the_downtime_of_a_whole_storage_is_that_of_its_areas(catalogue: Catalogue, client: Client):
    model = wanted(("policies/lifecycle.yaml", "of: CHSRC-CSCS, from", "of: CHSRC_TAPE, from"))

    def whole(node: Node) -> None:
        storage(node)["downtime"] = site(node).pop("downtime")

    catalogue.edit("CHSRC", whole)
    assert TARGET.diff(model, live.read(client, model)) == ()


def test_what_ends_is_switched_off_and_keeps_its_identity(catalogue: Catalogue, client: Client):
    end = (
        "---\napiVersion: srcnet.skao.int/v1alpha2\nkind: Retired\nmetadata: {name: tape-ends}\n"
        "spec: {area: CHSRC-CSCS-T2, reason: sold, approvedBy: {group: /x}, until: 2027-06-30}\n"
    )
    last = "planned: true, reason: power}\n"
    model = wanted(("policies/lifecycle.yaml", last, f"{last}{end}"))
    changes = TARGET.diff(model, live.read(client, model))
    assert {(change.action, change.address.kind) for change in changes} == {
        (Action.RETIRE, "area"),
        (Action.RETIRE, "storage"),
    }
    assert [fields["is_force_disabled"][1] for _, _, fields in differing(changes)] == [True, True]
    assert {change.until for change in changes} == {"2027-06-30"}


# ── writing a node ────────────────────────────────────────────────────────────────────────────


def add_tapes(node: Node) -> None:
    storage(node)["size_in_terabytes"] = 3000


def test_a_write_changes_what_is_meant_and_nothing_else(catalogue: Catalogue, client: Client):
    catalogue.edit("CHSRC", lambda n: n.update(later={"of": ["a later", None, {}]}))
    before, others = copy.deepcopy(catalogue.nodes["CHSRC"]), catalogue.content()
    live.edit(client, "CHSRC", add_tapes)
    add_tapes(before)
    after = json.loads(catalogue.content()["CHSRC"])
    assert after == {k: v for k, v in before.items() if k not in site_catalogue.STAMPS}
    assert {n: s for n, s in catalogue.content().items() if n != "CHSRC"} == {
        n: s for n, s in others.items() if n != "CHSRC"
    }


def test_what_somebody_writes_between_our_look_and_our_word_is_not_lost(
    catalogue: Catalogue, client: Client
):
    catalogue.meanwhile = [
        lambda: catalogue.edit("CHSRC", lambda n: service(n).update(version="theirs"))
    ]
    live.edit(client, "CHSRC", add_tapes)
    node = catalogue.nodes["CHSRC"]
    assert storage(node)["size_in_terabytes"] == 3000
    assert service(node)["version"] == "theirs"


def test_what_is_overwritten_all_the_same_is_named_and_can_be_found(
    catalogue: Catalogue, client: Client
):
    def writes(words: str) -> Callable[[], None]:
        return lambda: catalogue.edit("CHSRC", lambda n: n.update(comments=words))

    catalogue.meanwhile = [writes("first"), writes("second")]
    with pytest.raises(MovedError, match="what they wrote as version 4 is kept there"):
        live.edit(client, "CHSRC", add_tapes)
    assert storage(catalogue.nodes["CHSRC"])["size_in_terabytes"] == 3000
    assert catalogue.nodes["CHSRC"]["comments"] == "first"
    kept = client.node("CHSRC", 4)
    assert kept is not None
    assert kept["comments"] == "second"


def test_where_others_write_after_us_ours_is_in_what_is_there_in_the_end(
    catalogue: Catalogue, client: Client
):
    stale = copy.deepcopy(catalogue.nodes["CHSRC"])

    def page_that_was_open_before(handler: Any) -> None:
        """Somebody saves what he had read before us."""
        catalogue.put("CHSRC", json.loads(handler.body))
        catalogue.put("CHSRC", {**stale, "comments": "theirs"})
        handler.say(200, "ObjectId('0')", "text/html")

    catalogue.faults = [once_on("POST", page_that_was_open_before)]
    live.edit(client, "CHSRC", add_tapes)
    node = catalogue.nodes["CHSRC"]
    assert (storage(node)["size_in_terabytes"], node["comments"]) == (3000, "theirs")


def test_a_node_that_is_gone_is_not_made_anew(catalogue: Catalogue, client: Client):
    del catalogue.nodes["CHSRC"]
    with pytest.raises(MovedError, match="the node `CHSRC` is gone"):
        live.edit(client, "CHSRC", add_tapes)
    assert "CHSRC" not in catalogue.nodes


# ── a server that fails ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (site_catalogue.answers(500), UnreachableError, "answers 500: so it is"),
        (site_catalogue.answers(404), UnreachableError, "answers 404: so it is"),
        (site_catalogue.answers(401), RefusedError, "does not know our token"),
        (site_catalogue.answers(403), RefusedError, "refuses us: so it is"),
        (site_catalogue.answers(200, "{}"), UnreachableError, "what is no list of nodes"),
        (site_catalogue.answers(200, "[7]"), UnreachableError, "lists what is no node"),
        (site_catalogue.nonsense, UnreachableError, r"no answer of a site catalogue \(text/html\)"),
        (site_catalogue.truncated, UnreachableError, "breaks off in the middle"),
        (site_catalogue.closes, UnreachableError, "hangs up instead of answering"),
        (site_catalogue.elsewhere, UnreachableError, "sends us elsewhere"),
    ],
)
def test_an_answer_that_is_none_is_said_and_nothing_follows_from_it(
    fault: Callable[[Any], None],
    error: type[Exception],
    words: str,
    catalogue: Catalogue,
    client: Client,
    desired: ScapiModel,
):
    catalogue.faults = [once_on("GET", fault)]
    with pytest.raises(error, match=words) as found:
        live.read(client, desired)
    assert TOKEN not in str(found.value)
    assert live.read(client, desired).gaps == ()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (site_catalogue.answers(500), AnswerError),
        (site_catalogue.answers(403), RefusedError),
        (site_catalogue.closes, UnreachableError),
    ],
)
def test_a_write_that_fails_leaves_the_node_as_it_was(
    fault: Callable[[Any], None], error: type[Exception], catalogue: Catalogue, client: Client
):
    before = catalogue.content()
    catalogue.faults = [once_on("POST", fault)]
    with pytest.raises(error):
        live.edit(client, "CHSRC", add_tapes)
    assert catalogue.content() == before


# ── there and back ────────────────────────────────────────────────────────────────────────────


RULED = {"soda_sync", "gatekeeper", "jupyterhub", "monitoring", "perfsonar"}
"""What the golden federation has a rule for."""


def imported(nodes: list[Node], folder: Path) -> ScapiModel:
    """What specs want that the importer has made of these nodes, under the golden federation."""
    specs = golden_specs(folder / "specs")
    for path in (specs / "site-specs").iterdir():
        path.unlink()
    for name in ("data", "allocation", "services", "compute", "lifecycle.yaml"):
        path = specs / "policies" / name
        for each in path.rglob("*.yaml") if path.is_dir() else (path,):
            each.unlink()
    federation = specs / "policies/federation.yaml"
    members = ", ".join(node["name"] for node in nodes)
    said = "members: [AUSSRC, CANSRC, CHSRC, JPSRC, SWESRC, UKSRC, ZASRC, ITSRC]"
    edit(federation, said, f"members: [{members}]")
    countries = {site["country"] for node in nodes for site in node["sites"]}
    more = ", ".join(sorted(countries - {"CH", "GB", "SE", "AU", "JP", "CA", "ZA"}))
    edit(federation, "europe: [CH, GB, SE]", f"europe: [CH, GB, SE{more and f', {more}'}]")
    services = "".join(f"    {name}: {{}}\n" for name in sorted({*LOCAL_SERVICES} - RULED))
    edit(federation, "    perfsonar: {storage: none}\n", f"    perfsonar: {{}}\n{services}")
    file = folder / "nodes.json"
    file.write_text(json.dumps(nodes))
    srcnet("import", "scapi", file, "--no-input", "--today", DAY, cwd=specs)
    checked = check(specs, TODAY)  # what it finds of tiers and mounts is for people to settle
    assert checked.federation is not None, [found.message for found in checked.diagnostics]
    assert checked.analysis is not None
    (model,) = TARGET.lower(checked.federation, checked.analysis, None)
    assert isinstance(model, ScapiModel)
    return model


def test_specs_to_nodes_to_specs_loses_nothing(
    catalogue: Catalogue, client: Client, desired: ScapiModel, tmp_path: Path
):
    again = imported(emitted(desired), tmp_path)
    reading = live.read(client, again)
    assert reading.gaps == ()
    assert differing(TARGET.diff(again, reading)) == []


@pytest.mark.skipif(
    "SRCNET_SCAPI_SNAPSHOT" not in os.environ, reason="no snapshot of the real catalogue"
)
def test_the_real_catalogue_is_matched_entry_by_entry(tmp_path: Path):
    """What is imported of it is found again by identity, nothing is made, and what differs is what
    the importer has mended."""
    snapshot = Path(os.environ["SRCNET_SCAPI_SNAPSHOT"])
    nodes = json.loads((REAL / snapshot).read_text("utf-8"))
    with site_catalogue.running(*nodes) as catalogue:
        model = imported(nodes, tmp_path)
        client = live.open_connection({"server": catalogue.url, "token": TOKEN})
        reading = live.read(client, model)
        client.close()
    assert reading.gaps == ()
    assert reading.model.entries.keys() == model.entries.keys()
    assert len(model.entries) > 190
    changes = TARGET.diff(model, reading)
    assert {change.action for change in changes} == {Action.UPDATE}
    assert {name for _, _, fields in differing(changes) for name in fields} <= MENDED


MENDED = {
    *("associated_storage_area_id", "type", "srm", "relative_path", "prefix", "host", "name"),
    "description",
}
