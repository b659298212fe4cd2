"""The section in the spec of its site."""

from srcnet_compiler.importing.merging import Rules
from srcnet_compiler.importing.slurm.section import Section
from srcnet_compiler.importing.writing import SpecPlace, Wanted

_KEYS = (
    *("cluster", "version", "database", "controller", "shared", "allows", "fragment"),
    *("preemption", "scratchResource", "scratchPath", "nodes", "share", "queues", "windows"),
)
RULES = Rules(
    same={"compute": (("name",),), "nodes": (("names",),)},
    order={
        "slurm": _KEYS,
        "controller": (
            *("host", "port", "hostKey", "configuration", "commands", "user", "credentials"),
            "reading",
        ),
    },
)


def wanted(section: Section, into: SpecPlace) -> Wanted:
    """The section put into the document of its site."""
    return Wanted(into.file, {"spec": {"compute": [section.tree]}}, into=into)
