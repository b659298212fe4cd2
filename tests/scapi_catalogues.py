"""Small catalogues for tests: a right one, and each defect that the real one has put into it."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

Node = dict[str, Any]


def identity(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def area(number: int, name: str, **more: Any) -> Node:
    said = {"id": identity(number), "type": "rse", "relative_path": f"/{number}", "name": name}
    return {**said, "tier": 1, "other_attributes": {}, "is_force_disabled": False, **more}


def storage(number: int, *areas: Node, **more: Any) -> Node:
    said = {"id": identity(number), "host": f"se{number}.example.org", "base_path": "/data"}
    said |= {"srm": "xrd", "device_type": "hdd", "size_in_terabytes": 100}
    protocols = [{"prefix": "https", "port": 1094}]
    return {**said, "supported_protocols": protocols, "areas": list(areas), **more}


def service(number: int, kind: str, **more: Any) -> Node:
    said = {"id": identity(number), "type": kind, "prefix": "https", "port": 443}
    return {**said, "host": f"{kind.replace('_', '-')}.example.org", "is_mandatory": True, **more}


def compute(number: int, *services: Node, **more: Any) -> Node:
    said = {"id": identity(number), "name": "cloud", "compute_units": 5, "hardware_type": "vm"}
    return {**said, "associated_local_services": list(services), **more}


def site(number: int, name: str, **more: Any) -> Node:
    said = {"id": identity(number), "name": name, "description": "A site.", "country": "CH"}
    said |= {"latitude": 46.02, "longitude": 8.96}
    return {**said, "primary_contact_email": "operations@site.test", **more}


def right() -> list[Node]:
    """A catalogue in which nothing is wrong."""
    soda = service(12, "soda_sync", path="/soda", associated_storage_area_id=identity(3))
    first = site(
        1,
        "CHSRC-CSCS",
        storages=[storage(2, area(3, "CHSRC-CSCS-T1"))],
        compute=[compute(11, soda, service(13, "jupyterhub"))],
    )
    second = site(
        21,
        "UKSRC-RAL",
        country="GB",
        latitude=51.57,
        longitude=-1.3,
        storages=[storage(22, area(23, "UKSRC-RAL-T1"))],
        compute=[compute(31, service(32, "gatekeeper"))],
    )
    stamps = {"comments": "", "version": 1, "last_updated_at": "2025-10-23T20:45:44"}
    return [
        {"name": "CHSRC", "description": "Swiss SRC", "sites": [first], **stamps},
        {"name": "UKSRC", "sites": [second], **stamps},
    ]


def as_bytes(nodes: object) -> bytes:
    return json.dumps(nodes, indent=1, ensure_ascii=False).encode()


class Defect(NamedTuple):
    """One defect: its number among those collected of the real catalogue, and what finds it."""

    number: int
    code: str
    paths: tuple[str, ...]
    change: Callable[[list[Node]], object]
    also: tuple[str, ...] = ()
    """What is found besides, since it follows."""


FIRST, SECOND = "nodes[0].sites[0]", "nodes[1].sites[0]"
AREA = f"{FIRST}.storages[0].areas[0]"
SERVICES = f"{FIRST}.compute[0].associated_local_services"


def _site(nodes: list[Node], number: int = 0) -> Node:
    found: Node = nodes[number]["sites"][0]
    return found


def _storage(nodes: list[Node], number: int = 0) -> Node:
    found: Node = _site(nodes, number)["storages"][0]
    return found


def _area(nodes: list[Node], number: int = 0) -> Node:
    found: Node = _storage(nodes, number)["areas"][0]
    return found


def _services(nodes: list[Node], number: int = 0) -> list[Node]:
    found: list[Node] = _site(nodes, number)["compute"][0]["associated_local_services"]
    return found


def _more(nodes: list[Node], *services: Node) -> None:
    _services(nodes, 1).extend(services)


def _soda(number: int, **more: Any) -> Node:
    said = {"path": "/soda", "associated_storage_area_id": identity(23), **more}
    return service(number, "soda_sync", **{k: v for k, v in said.items() if v is not None})


DEFECTS = (
    Defect(
        1,
        "one-name-several-hosts",
        (f"{AREA}.name", f"{SECOND}.storages[0].areas[0].name"),
        lambda nodes: _area(nodes, 1).update(name="CHSRC-CSCS-T1"),
    ),
    Defect(
        2,
        "blanks-around-value",
        (f"{FIRST}.storages[0].host",),
        lambda nodes: _storage(nodes).update(host=" se2.example.org"),
    ),
    Defect(
        3,
        "address-as-path",
        (f"{AREA}.relative_path",),
        lambda nodes: _area(nodes).update(relative_path="https://se2.example.org:1094/data"),
    ),
    Defect(
        4,
        "dangling-area",
        (f"{SERVICES}[0].associated_storage_area_id",),
        lambda nodes: _services(nodes)[0].update(associated_storage_area_id="CHSRC-CSCS-T1"),
    ),
    Defect(
        4,
        "dangling-area",
        (f"{SERVICES}[0].associated_storage_area_id",),
        lambda nodes: _services(nodes)[0].update(associated_storage_area_id=identity(99)),
    ),
    Defect(
        4,
        "dangling-area",
        (f"{SERVICES}[0].associated_storage_area_id",),
        lambda nodes: _services(nodes)[0].update(associated_storage_area_id=identity(2)),
    ),
    Defect(
        5,
        "service-without-storage",
        (f"{SERVICES}[0]",),
        lambda nodes: _services(nodes)[0].pop("associated_storage_area_id"),
    ),
    Defect(
        6,
        "service-type-contradicted",
        (f"{SERVICES}[1].type", f"{SERVICES}[1].path"),
        lambda nodes: _services(nodes)[1].update(
            type="dask", path="/preparedata", associated_storage_area_id=identity(3)
        ),
    ),
    Defect(
        7,
        "service-paths-differ",
        (f"{SERVICES}[0].path", f"{SECOND}.compute[0].associated_local_services[1].path"),
        lambda nodes: _more(nodes, _soda(33, path="/soda/sync")),
    ),
    Defect(
        8,
        "mandatory-differs",
        (
            f"{SERVICES}[0].is_mandatory",
            f"{SECOND}.compute[0].associated_local_services[1].is_mandatory",
        ),
        lambda nodes: _more(nodes, _soda(33, is_mandatory=False)),
    ),
    Defect(
        9,
        "system-contradicted",
        (f"{FIRST}.storages[0].srm", f"{FIRST}.storages[0].host"),
        lambda nodes: _storage(nodes).update(host="dcache.example.org"),
    ),
    Defect(
        9,
        "system-contradicted",
        (f"{FIRST}.storages[0].srm", f"{FIRST}.storages[0].base_path"),
        lambda nodes: _storage(nodes).update(base_path="/storm/sa"),
    ),
    Defect(
        10,
        "plain-http-under-tokens",
        (f"{FIRST}.storages[0].supported_protocols[0].prefix",),
        lambda nodes: _storage(nodes)["supported_protocols"][0].update(prefix="http"),
    ),
    Defect(
        11,
        "local-host",
        (f"{SERVICES}[1].host",),
        lambda nodes: _services(nodes)[1].update(host="localhost"),
    ),
    Defect(
        12,
        "missing-field",
        (f"{FIRST}.compute[0]",),
        lambda nodes: _site(nodes)["compute"][0].pop("compute_units"),
    ),
    Defect(12, "missing-field", (AREA,), lambda nodes: _area(nodes).pop("name")),
    Defect(12, "missing-field", (AREA,), lambda nodes: _area(nodes).pop("tier")),
    Defect(
        13,
        "environment-in-name",
        (f"{SECOND}.name",),
        lambda nodes: _site(nodes, 1).update(name="UKSRC-RAL-Production"),
    ),
    Defect(
        13,
        "name-against-rule",
        (f"{SECOND}.name",),
        lambda nodes: _site(nodes, 1).update(name="UKSRC Rutherford Appleton"),
    ),
    Defect(
        19,
        "version-differs",
        (f"{SERVICES}[0].version", f"{SECOND}.compute[0].associated_local_services[1].version"),
        lambda nodes: (
            _services(nodes)[0].update(version="1.7"),
            _more(nodes, _soda(33, version="1.8.2")),
        ),
    ),
    Defect(
        26,
        "wrong-country",
        (f"{FIRST}.country",),
        lambda nodes: _site(nodes).update(country="SKAO"),
    ),
    # not in the list that was collected, but in the same catalogue
    Defect(
        0,
        "address-as-path",
        (f"{SERVICES}[1].prefix",),
        lambda nodes: _services(nodes)[1].update(prefix="https://"),
    ),
    Defect(
        0,
        "service-without-address",
        (f"{SERVICES}[1]",),
        lambda nodes: _services(nodes)[1].pop("host"),
    ),
    Defect(
        0,
        "shared-place",
        (AREA, f"{FIRST}.storages[0].areas[1]"),
        lambda nodes: _storage(nodes)["areas"].append(
            area(4, "CHSRC-CSCS-T1-ND", relative_path="/3")
        ),
    ),
    Defect(
        0,
        "downtime-reversed",
        (f"{FIRST}.downtime[0].date_range",),
        lambda nodes: _site(nodes).update(
            downtime=[
                {
                    "type": "Planned",
                    "date_range": "2027-03-02T00:00:00.000Z to 2027-03-01T00:00:00.000Z",
                }
            ]
        ),
    ),
    Defect(
        0,
        "missing-field",
        (f"{FIRST}.downtime[0]",),
        lambda nodes: _site(nodes).update(downtime=[{"type": "Planned", "date_range": ""}]),
    ),
    Defect(
        0,
        "wrong-value",
        (f"{FIRST}.storages[0].srm",),
        lambda nodes: _storage(nodes).update(srm="dcache"),
    ),
    Defect(
        0,
        "wrong-value",
        (f"{FIRST}.storages[0].size_in_terabytes",),
        lambda nodes: _storage(nodes).update(size_in_terabytes="much"),
    ),
    Defect(
        0,
        "wrong-value",
        (f"{FIRST}.downtime[0].date_range",),
        lambda nodes: _site(nodes).update(downtime=[{"type": "Planned", "date_range": "soon"}]),
    ),
    Defect(
        0,
        "later-field",
        (f"{SERVICES}[1].job_gateway",),
        lambda nodes: _services(nodes)[1].update(job_gateway={"url": "https://jobs.example.org"}),
    ),
    Defect(
        0,
        "same-identity",
        (f"{AREA}.id", f"{SERVICES}[1].id"),
        lambda nodes: _services(nodes)[1].update(id=identity(3)),
    ),
    Defect(
        0,
        "same-identity",
        (f"{SERVICES}[1].id",),
        lambda nodes: _services(nodes)[1].update(id="jupyter"),
    ),
    Defect(
        0,
        "names-collide",
        ("nodes[0].name", "nodes[1].name"),
        lambda nodes: nodes[1].update(name="CHSRC"),
    ),
    Defect(
        0,
        "unknown-name",
        ("nodes[1].name",),
        lambda nodes: nodes[1].update(name="XXSRC"),
    ),
    Defect(
        0,
        "not-imported",
        (f"{SERVICES}[1].host",),
        lambda nodes: _services(nodes)[1].update(host="jupyter_hub.example.org"),
    ),
    Defect(
        0,
        "not-imported",
        (f"{AREA}.relative_path",),
        lambda nodes: _area(nodes).update(relative_path="/a b"),
    ),
    Defect(
        0,
        "not-imported",
        (f"{FIRST}.latitude",),
        lambda nodes: _site(nodes).update(latitude=146.02),
    ),
    Defect(
        0,
        "later-field",
        (f"{FIRST}.storages[0].supported_protocols[0].tokens",),
        lambda nodes: _storage(nodes)["supported_protocols"][0].update(tokens=True),
    ),
    Defect(
        0,
        "not-imported",
        (f"{FIRST}.storages",),
        lambda nodes: _site(nodes).update(storages={"host": "se2.example.org"}),
        also=("dangling-area",),
    ),
)
