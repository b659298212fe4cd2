"""A site catalogue of 10,000 nodes, made up: as many defects as the real one, for its size."""

import json
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

NODES = 10_000
_COUNTRIES = ("CH", "GB", "AU", "ZA", "CA", "JP", "IT", "ES")
_KINDS = ("echo", "jupyterhub", "canfar", "perfsonar", "monitoring", "gatekeeper", "soda_sync")


def write(file: Path, nodes: int = NODES) -> None:
    """The catalogue, each value on a line, as the server writes it."""
    file.write_text(json.dumps([_node(number) for number in range(nodes)], indent=2), "utf-8")


def _identity(*words: object) -> str:
    return str(uuid5(NAMESPACE_URL, " ".join(map(str, words))))


def _node(number: int) -> dict[str, object]:
    name = f"N{number}SRC"
    said = {"name": f"{name}-SITE", "country": _COUNTRIES[number % len(_COUNTRIES)]}
    spot = {"latitude": number % 180 - 90, "longitude": number % 360 - 180}
    site = {
        "id": _identity(name),
        "description": f"Site of {name}.",
        "primary_contact_email": f"operations@{name.lower()}.test",
        "storages": [_storage(name, index) for index in range(2)],
        "compute": [_compute(name, index) for index in range(2)],
        "downtime": [{"type": "Planned", "date_range": "2020-01-01T00:00Z to 2020-01-02T00:00Z"}],
    }
    return {"name": name, "comments": "", "version": 1, "sites": [{**said, **spot, **site}]}


def _storage(name: str, index: int) -> dict[str, object]:
    area = {"id": _identity(name, index, "area"), "type": "rse", "relative_path": "/data"}
    named = {"name": f"{name}_XRD{index}", "tier": index, "other_attributes": {}}
    host = f"{' ' if index and name.endswith('7SRC') else ''}se{index}.{name.lower()}.test"
    return {
        **{"id": _identity(name, index), "host": host, "base_path": "/", "srm": "xrd"},
        **{"device_type": "hdd", "size_in_terabytes": 100},
        "supported_protocols": [{"prefix": "https", "port": 1094}],
        "areas": [{**area, **named, "is_force_disabled": False}],
    }


def _compute(name: str, index: int) -> dict[str, object]:
    services = [
        {
            **{"id": _identity(name, index, kind), "type": kind, "prefix": "https", "port": 443},
            **{"host": f"{kind.replace('_', '-')}{index}.{name.lower()}.test", "path": f"/{kind}"},
            **{"is_mandatory": index == 0, "other_attributes": {}},
        }
        for kind in _KINDS
    ]
    said = {"id": _identity(name, index, "compute"), "name": f"cloud-{index}", "compute_units": 5}
    return {**said, "hardware_type": "vm", "associated_local_services": services}
