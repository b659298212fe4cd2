"""Every kind of document, and the folder it may stand in. Shapes are loaded when they are met."""

import re
import zlib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from srcnet_compiler.schema.common import Document

_MODULES = {
    "Site": ("site", ("site-specs",)),
    "Federation": ("federation", ("policies",)),
    "DataPolicy": ("data_policy", ("policies",)),
    "ComputePolicy": ("compute_policy", ("policies",)),
    "Allocation": ("allocation", ("policies",)),
    "Service": ("service", ("policies",)),
    "WorkflowTemplate": ("workflow_template", ("policies",)),
    "SecurityPolicy": ("security_policy", ("policies",)),
    "Downtime": ("lifecycle", ("site-specs", "policies")),
    "Moved": ("lifecycle", ("site-specs", "policies")),
    "Retired": ("lifecycle", ("site-specs", "policies")),
    "Waiver": ("lifecycle", ("site-specs", "policies")),
}
_SHARED = ("common", "containers", "kubernetes", "pipelines", "resources", "slurm")
KINDS = tuple(_MODULES)
FOLDERS = frozenset(folder for _, folders in _MODULES.values() for folder in folders)
MARKS = "marks.json"
"""Beside the published schemas: the mark of each, and of the sources that they follow from."""


def folders(kind: str) -> tuple[str, ...]:
    """The folders at the top of a spec repository in which documents of `kind` may stand."""
    return _MODULES[kind][1]


def shape(kind: str) -> "type[Document]":
    """The shape of `kind`; KeyError for a kind that does not exist."""
    module = import_module(f"srcnet_compiler.schema.{_MODULES[kind][0]}")
    found: type[Document] = getattr(module, kind)
    return found


def schema_file(kind: str) -> str:
    """The file of a kind's JSON Schema: `DataPolicy` has `data-policy.schema.json`."""
    return f"{re.sub(r'(?<=[a-z])(?=[A-Z])', '-', kind).lower()}.schema.json"


def mark(*contents: bytes) -> str:
    """A short mark by which to see that files have changed: against forgetting, not malice."""
    return f"{zlib.crc32(b''.join(contents)):08x}"


def sources_mark() -> str:
    """The mark of the sources that the published schemas follow from.

    Raises OSError where the sources do not stand beside this module.
    """
    here = Path(__file__).parent
    shapes = sorted({*_SHARED, *(module for module, _ in _MODULES.values())})
    files = (here.parent / "quantity.py", *(here / f"{module}.py" for module in shapes))
    return mark(*(file.read_bytes() for file in files))
