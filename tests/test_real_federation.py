"""The specs of this repository: SRCNet as its site catalogue of 2025-10-27 shows it.

Where SRCNET_SCAPI_SNAPSHOT names a copy of the catalogue, every host, port, path, size and name is
held against it. What was mended on the way is listed here, and nothing else may differ.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from specs import REAL, TODAY

from srcnet_compiler.diagnostic import Code, Severity
from srcnet_compiler.federation.model import Federation, StorageArea
from srcnet_compiler.pipeline import Compiled, compile_specs, spec_files

WITHOUT_ENTRY = {"DESRC", "FRSRC", "INSRC", "NLSRC", "PTSRC", "ZASRC"}
"""Members that the catalogue does not have: drafts, with nothing invented for them."""


@pytest.fixture
def federation(real: Compiled) -> Federation:
    assert real.federation is not None
    return real.federation


def test_there_is_no_error(real):
    assert not [d.message for d in real.diagnostics if d.severity is Severity.ERROR]


def test_there_is_everything_that_the_catalogue_has(federation):
    drafts = {site.name for site in federation.sites.values() if site.drafts}
    assert drafts == WITHOUT_ENTRY
    assert len(federation.sites) - len(drafts) == 14
    assert len(federation.areas) == 26
    assert sum(len(site.services) for site in federation.sites.values()) == 120


def test_nothing_is_invented_for_members_without_an_entry(federation):
    for name in WITHOUT_ENTRY:
        site = next(site for site in federation.sites.values() if site.name == name)
        said = (site.areas, site.services, site.compute, site.city, site.latitude, site.uplink)
        assert not any(said)


def test_every_member_has_a_site(federation):
    assert {site.src for site in federation.sites.values()} == set(federation.members)


def test_a_file_holds_one_physical_site_and_is_called_by_its_name(federation):
    sites = {path.stem for path in spec_files(REAL) if path.parent.name == "site-specs"}
    assert sites == {site.name.lower() for site in federation.sites.values()}


def findings(real: Compiled, code: Code) -> list[str]:
    return [finding.message for finding in real.diagnostics if finding.code is code]


def test_the_true_shortfalls_are_warnings(real):
    found = {finding.subject: finding for finding in real.diagnostics}
    online, nearline = found["online"], found["nearline"]
    assert {online.code, nearline.code} == {Code.TIER_OVER_CAPACITY}
    assert "nothing is pledged" in nearline.message  # no tape
    assert "60.3 PB, and 6.08 PB is pledged" in online.message
    assert {online.severity, nearline.severity} == {Severity.WARNING}


def test_no_area_in_africa_can_keep_data_online(real):
    assert findings(real, Code.NO_COPY_REGION) == [
        "no area in region `africa` can keep data online"
    ]


def test_old_names_are_a_normal_state(real):
    (message,) = findings(real, Code.LEGACY_NAME)
    assert message.startswith("15 of 26 areas have names of before the rule")


def test_nobody_receives_data_from_the_telescopes_yet(real):
    found = findings(real, Code.NO_ARRIVAL_AREA)
    assert len(found) == 6
    assert {text.split(" arrives in ")[1][:2] for text in found} == {"AU", "ZA"}


def test_policies_that_need_tape_cannot_be_carried_out(real):
    found = findings(real, Code.TOO_FEW_AREAS)
    assert len(found) == 3
    assert all("tier `nearline` has none" in text for text in found)


def test_there_is_no_warning_of_another_kind(real):
    """A new kind of finding about the real federation is to be read, and then added here."""
    assert {finding.code for finding in real.diagnostics} == {
        Code.LEGACY_NAME,
        Code.NO_COPY_REGION,
        Code.NO_MOUNTABLE_AREA,
        Code.NO_ARRIVAL_AREA,
        Code.TOO_FEW_AREAS,
        Code.WORST_CASE,
        Code.TIER_OVER_CAPACITY,
        Code.SERVICE_MISSING,
    }


def test_mandatory_services_are_described_and_none_of_them_has_a_digest_made_up(federation):
    """Of v0.1: what every node runs. Nobody has read a digest, so none of them can run."""
    assert {*federation.services} == {
        "gatekeeper",
        "monitoring",
        "perfsonar",
        "prepare_data",
        "soda_sync",
        "storage_element",
    }
    images = [service.container.image for service in federation.services.values()]
    assert all(image.digest is None and image.drafts for image in images)
    asked = {name for name, service in federation.services.items() if service.must}
    assert {*federation.services} - asked == {"storage_element"}


def test_services_that_nodes_have_to_run_and_do_not_list_are_warnings(real):
    missing = findings(real, Code.SERVICE_MISSING)
    assert len(missing) == 8
    assert "`SWESRC-OSO` has to run `monitoring`, and does not say that it does" in missing


def test_the_campaign_is_what_is_emitted(real):
    (model,) = (lowered.model for lowered in real.models)
    assert {subscription.policy for subscription in model.subscriptions.values()} == {
        "v01-campaign"
    }
    policies = [a.path.stem for a in real.artifacts if a.path.parent.name == "policies"]
    assert policies == ["v01-campaign"]


def test_without_its_waivers_the_defects_of_the_catalogue_are_errors(tmp_path):
    for path in spec_files(REAL):
        if path.name != "waivers.yaml":
            copy = tmp_path / path.relative_to(REAL)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    found = compile_specs(tmp_path, TODAY).diagnostics
    errors = {finding.code for finding in found if finding.severity is Severity.ERROR}
    assert errors == {Code.PLAIN_HTTP, Code.SERVICE_WITHOUT_STORAGE}
    assert Code.SERVICE_PATHS_DIFFER in {finding.code for finding in found}


# ── held against the catalogue ────────────────────────────────────────────────────────────────

SNAPSHOT = os.environ.get("SRCNET_SCAPI_SNAPSHOT")
with_snapshot = pytest.mark.skipif(
    SNAPSHOT is None, reason="SRCNET_SCAPI_SNAPSHOT names no copy of the site catalogue"
)
TB = 10**12
SEVERAL_TIMES = {"UKSRC_RAL_XRD_DEVCEPHFS": 4, "UKSRC_JBO_XRD": 2}
"""Names that the catalogue gives to several areas: one area keeps it, the others are named anew."""
SYSTEMS = {"xrd": "xrootd", "storm": "storm", "ceph": "ceph"}
MENDED_SYSTEMS = {"dcache.ska.cscs.ch": "dcache", "skadtn1.kreonet.net": "storm"}
"""Hosts whose storage the catalogue declares as XRootD, and what they are."""
ONE_STORAGE_FOR_THREE = "storm.srcnet.skao.int"
"""A storage whose size the catalogue states once for three areas: one of them has it."""


class Listed(NamedTuple):
    """One area of the catalogue."""

    name: str | None
    address: tuple[str, str, int, str]
    system: str
    size: float
    role: str


def nodes() -> list[dict[str, Any]]:
    assert SNAPSHOT is not None
    found: list[dict[str, Any]] = json.loads(Path(SNAPSHOT).read_text("utf-8"))
    return found


def listed_areas() -> Iterator[Listed]:
    for node in nodes():
        for site in node["sites"]:
            for storage in site.get("storages", ()):
                (protocol,) = storage["supported_protocols"]
                for area in storage.get("areas", ()):
                    host = storage["host"].strip()  # mended: one begins with a space
                    path = joined(storage["base_path"], area.get("relative_path") or "")
                    yield Listed(
                        area.get("name"),
                        (protocol["prefix"], host, protocol["port"], path),
                        MENDED_SYSTEMS.get(host, SYSTEMS[storage["srm"]]),
                        storage["size_in_terabytes"],
                        "ingest" if area["type"] == "ingest" else "data",
                    )


def joined(base: str, relative: str) -> str:
    """Mended: three relative paths are whole addresses, and say nothing that the base does not."""
    parts = [base, *([] if relative.startswith("https://") else [relative])]
    return "/" + "/".join(word for part in parts for word in part.split("/") if word)


def address_of(area: StorageArea) -> tuple[str, str, int, str]:
    (endpoint,) = area.endpoints
    return (endpoint.protocol, endpoint.host, endpoint.port, endpoint.path)


@with_snapshot
def test_every_host_port_and_path_is_that_of_the_catalogue(federation):
    ours = Counter(address_of(area) for area in federation.areas.values())
    assert ours == Counter(listed.address for listed in listed_areas())


@with_snapshot
def test_every_name_size_and_system_is_that_of_the_catalogue(federation):
    for listed in listed_areas():
        same = [a for a in federation.areas.values() if address_of(a) == listed.address]
        assert len(same) in (1, 2), listed
        assert all(area.system == listed.system for area in same), listed
        assert all(area.role == listed.role for area in same), listed
        names = {area.name_today for area in same}
        if listed.name is None:
            assert names == {"SKAO-STFC-INGEST"}
        elif listed.name not in SEVERAL_TIMES:
            assert listed.name in names, listed
        sizes = {area.capacity for area in same}
        if listed.address[1] == ONE_STORAGE_FOR_THREE:
            assert sizes <= {round(listed.size * TB), None}
        else:
            assert round(listed.size * TB) in sizes, listed


@with_snapshot
def test_a_name_that_stands_for_several_areas_is_kept_by_one(federation):
    times = Counter(listed.name for listed in listed_areas())
    assert {name: n for name, n in times.items() if n > 1 and name} == SEVERAL_TIMES
    today = Counter(area.name_today for area in federation.areas.values())
    assert all(today[name] == 1 for name in SEVERAL_TIMES)
    assert max(today.values()) == 1


def listed_service(service: dict[str, Any]) -> tuple[str | int | None, ...]:
    """Mended: schemes that end in `://`, and one prepare_data that is listed as dask."""
    kind = "prepare_data" if service.get("path") == "/preparedata" else service["type"]
    scheme = (service.get("prefix") or "").removesuffix("://") or None
    return (kind, scheme, service.get("host"), service.get("port"), service.get("path") or None)


@with_snapshot
def test_every_service_is_that_of_the_catalogue(federation):
    listed = Counter(
        listed_service(service)
        for node in nodes()
        for site in node["sites"]
        for compute in site.get("compute", ())
        for service in compute.get("associated_local_services", ())
    )
    ours = Counter(
        (service.service, service.scheme, service.host, service.port, service.path)
        for site in federation.sites.values()
        for service in site.services
    )
    assert ours == listed


@with_snapshot
def test_every_country_is_that_of_the_catalogue(federation):
    listed = {(node["name"], site["country"]) for node in nodes() for site in node["sites"]}
    ours = {
        ("SKAOSRC" if site.src == "SKAO" else site.src, site.country)
        for site in federation.sites.values()
        if site.name not in WITHOUT_ENTRY
    }
    assert ours == listed
