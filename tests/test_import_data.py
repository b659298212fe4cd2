"""What imports of running systems print as data follows the schema that is published for it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from specs import REAL
from test_import_rucio import DISKS, described, inventory, pattern, rse, sketched, written
from test_report_plan import PLACE, change, plan_of

from srcnet_compiler.change import Action, Address, FieldChange
from srcnet_compiler.diagnostic import Code, Label, error
from srcnet_compiler.importing.kubernetes import Section as KubernetesSection
from srcnet_compiler.importing.rucio import Sketch
from srcnet_compiler.importing.slurm import Section
from srcnet_compiler.plan.model import Unseen
from srcnet_compiler.report.imported import ImportedCluster, cluster_to_json
from srcnet_compiler.report.imported_rucio import Imported, imported_to_json
from srcnet_compiler.report.proof import Proof

SCHEMA = json.loads((REAL / "schemas/import.schema.json").read_text("utf-8"))
PLAN = replace(
    plan_of(
        change("a", Action.UPDATE, FieldChange("limit", 1, 2, PLACE)), change("b", Action.ADOPT)
    ),
    unseen=(Unseen(Address("rucio", "some", "rse", "c"), "it does not answer"),),
    findings=(error(Code.REFUSED_BY_SYSTEM, "it is refused", Label(PLACE)),),
)
PROOF = Proof(PLAN, ["site-specs/a.yaml"], accepted=True, written=True)


def rucio(found: Sketch) -> dict[str, Any]:
    findings = written(found).diagnostics
    text = imported_to_json(Imported("rucio/some", inventory(), found, findings, PROOF))
    data: dict[str, Any] = json.loads(text)
    return data


def platform() -> dict[str, Any]:
    tree = {"name": "gornergrat", "kubernetes": {"version": "1.36"}}
    section = KubernetesSection(tree, ({"service": "echo"},), ("more",), {"namespace": ("sky",)})
    data: dict[str, Any] = json.loads(
        cluster_to_json(
            ImportedCluster(
                "kubernetes/CHSRC-CSCS.gornergrat",
                {"compute": section.tree, "services": section.services},
                section,
                (),
                PROOF,
            )
        )
    )
    return data


def cluster() -> dict[str, Any]:
    tree = {"name": "alps", "slurm": {"cluster": "alps", "allows": []}}
    section = Section(tree, ("one thing more",), {"account": ("astro",)})
    data: dict[str, Any] = json.loads(
        cluster_to_json(
            ImportedCluster("slurm/CHSRC-CSCS.alps", {"compute": section.tree}, section, (), PROOF)
        )
    )
    return data


SOME = {
    "questions": rucio(sketched(rse("MYSTERY"))),
    "left": rucio(sketched(rse("BUFFER", staging_area=True))),
    "notes": rucio(sketched(rse("UKSRC-RAL-T0", {"ours": "1"}, country_name="GB"))),
    "joining": rucio(described(rse("ZH_NEW"))),
    "policies": rucio(sketched(*DISKS, rules={pattern("a.b", "A|B"): 1}, scopes={"a.b": "ops"})),
    "rules": rucio(sketched(*DISKS, rules={pattern("a.b", "A"): 1}, scopes={"a.b": "ops"})),
}


@pytest.mark.parametrize("key", [*SOME])
def test_data_of_a_rucio_follow_the_schema(key):
    assert SOME[key][key]
    jsonschema.validate(SOME[key], SCHEMA)


@pytest.mark.parametrize("data", [cluster(), platform()])
def test_data_of_a_cluster_follow_the_schema(data):
    assert data["left"]
    assert data["notes"]
    jsonschema.validate(data, SCHEMA)


@pytest.mark.parametrize(
    ("kind", "data"),
    [("rucio", SOME["left"]), ("slurm", cluster()), ("kubernetes", platform())],
)
def test_the_schema_knows_every_key_and_misses_none(kind, data):
    assert SCHEMA["$defs"][kind]["required"] == [*data] == [*SCHEMA["$defs"][kind]["properties"]]
    for key in data:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({k: v for k, v in data.items() if k != key}, SCHEMA)
