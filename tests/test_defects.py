"""The defects of SRCNet's site catalogue, value for value in our language: each is found."""

from pathlib import Path

import pytest
from specs import TODAY, assert_found, expected, texts

from srcnet_compiler.pipeline import compile_specs

DEFECTS = Path(__file__).parent / "defects"
BASE = (DEFECTS / "base-federation.yaml").read_text("utf-8")


@pytest.mark.parametrize("name", sorted(path.name for path in DEFECTS.iterdir() if path.is_dir()))
def test_a_defect_is_found_and_nothing_else(name, write):
    files = {"policies/federation.yaml": BASE, **texts(DEFECTS / name)}
    assert expected(files), "a fixture without an expected finding shows nothing"
    found = compile_specs(write(files), TODAY)
    assert_found(found.diagnostics, files)
