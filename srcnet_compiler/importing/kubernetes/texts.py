"""The section in the spec of its site."""

from srcnet_compiler.importing.kubernetes.section import Section
from srcnet_compiler.importing.merging import Rules
from srcnet_compiler.importing.writing import SpecPlace, Wanted
from srcnet_compiler.importing.written import Tree

_KEYS = (
    *("version", "server", "certificateAuthority", "credentials", "reading", "delivery", "shared"),
    *("operators", "gateway", "ingressClass", "secretStore", "storageClass", "share", "kueue"),
    *("adopted", "readable", "queues"),
)
_INSIDE = ("namespace", "name")
RULES = Rules(
    same={
        "compute": (("name",),),
        "services": (("service", "at"), ("service", "host")),
        "quotas": (_INSIDE,),
        "clusterQueues": (("name",),),
        "queues": (_INSIDE,),
        "workloads": (_INSIDE,),
    },
    order={
        "kubernetes": _KEYS,
        "adopted": ("quotas", "clusterQueues", "queues", "workloads"),
        "spec": ("compute", "services"),
    },
)


def wanted(section: Section, into: SpecPlace) -> Wanted:
    """The section put into the document of its site."""
    spec: dict[str, Tree] = {"compute": [section.tree]}
    if section.services:
        spec["services"] = section.services
    return Wanted(into.file, {"spec": spec}, into=into)
