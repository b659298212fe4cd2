"""The wheel carries everything that the package needs away from its repository."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The built wheel, unpacked somewhere else; what it depends on is this environment's."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ["build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    offline = ["--quiet", "--no-deps", "--no-index", "--find-links", folder]
    install = ["pip", "install", *offline, "--target", folder / "site", "srcnet-compiler"]
    for module in (build, install):
        command = [sys.executable, "-m", *map(str, module)]
        subprocess.run(command, check=True, capture_output=True)
    return folder / "site"


def srcnet(installed, folder, *arguments):
    code = (
        f"import sys; sys.path.insert(0, {str(installed)!r})\n"
        "import srcnet_compiler; assert srcnet_compiler.__file__.startswith(sys.path[0])\n"
        "from srcnet_compiler.cli import main; main()"
    )
    return subprocess.run(
        [sys.executable, "-P", "-c", code, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_pages_schemas_and_specs_are_inside(installed, tmp_path):
    assert (
        "# area-over-capacity"
        in srcnet(installed, tmp_path, "explain", "area-over-capacity").stdout
    )
    for name in ("site-specs", "policies"):
        assert list((installed / "srcnet_compiler/resources/srcnet" / name).rglob("*.yaml"))


def test_its_own_specs_compile_with_it(installed, tmp_path):
    specs = installed / "srcnet_compiler/resources/srcnet"
    done = srcnet(
        installed, tmp_path, "-C", str(specs), "compile", "--out", str(tmp_path / "build")
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "build/rucio/srcnet/accounts.yaml").exists()


def test_playbooks_and_the_wrapper_are_inside(installed):
    apply = installed / "srcnet_compiler/apply"
    assert (apply / "project/apply-rucio.yml").exists()
    assert list((apply / "project/roles/rucio").rglob("*.yml"))
    assert (apply / "project/apply-slurm.yml").exists()
    assert list((apply / "project/roles/slurm").rglob("*.yml"))
    assert os.access(apply / "bin/ansible-playbook", os.X_OK)


def test_what_the_api_server_is_built_from_is_inside(installed):
    module = installed / "srcnet_compiler/demo/kubernetes_build"
    assert {"go.mod", "go.sum"} <= {path.name for path in module.iterdir()}
    assert len(list(module.glob("cmd/*/main.go"))) == 2
