"""The defects of SRCNet's site catalogue and nodes, value for value in our language: each is found.

The first two digits of a folder are the number of its defect.
"""

from pathlib import Path

import pytest
from specs import TODAY, assert_found, expected, texts

from srcnet_compiler.pipeline import compile_specs

DEFECTS = Path(__file__).parent / "defects"
BASE = (DEFECTS / "base-federation.yaml").read_text("utf-8")

OF_CLUSTERS = range(14, 26)
"""The defects of clusters and services, in the order in which they were collected."""
CANNOT_OCCUR = {
    15: "what is watched is derived from the same services and areas as all else",
    16: "identities of services are derived from names, so nobody types one",
    17: "namespaces are derived from the federation's prefix, once",
    20: "volumes are derived from their area: its size, its path, and always retained",
}
"""Why no spec can have one of these."""


@pytest.mark.parametrize("name", sorted(path.name for path in DEFECTS.iterdir() if path.is_dir()))
def test_a_defect_is_found_and_nothing_else(name, write):
    files = {"policies/federation.yaml": BASE, **texts(DEFECTS / name)}
    assert expected(files), "a fixture without an expected finding shows nothing"
    found = compile_specs(write(files), TODAY)
    assert_found(found.diagnostics, files)


def test_every_defect_of_clusters_has_a_fixture_or_cannot_occur():
    shown = {int(path.name[:2]) for path in DEFECTS.iterdir() if path.is_dir()}
    assert shown.isdisjoint(CANNOT_OCCUR)
    assert {number for number in OF_CLUSTERS if number not in shown} == {*CANNOT_OCCUR}
