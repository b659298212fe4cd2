"""Where a finding about an object points."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from srcnet_compiler.diagnostic import Label
from srcnet_compiler.span import Span
from srcnet_compiler.targets.kubernetes.model import KubernetesModel, Object
from srcnet_compiler.targets.kubernetes.model.paths import item_steps, join

NOWHERE = Span("<no spec>", 1, 1, 1, 1)
"""For models that no spec made."""
_STEPS = re.compile(r"[^.\[\]]+|\[[^\]]*\]")


def label(thing: Object, path: str = "", text: str = "") -> Label:
    """The place of a field, or of the nearest thing around it that has one."""
    any_of_it = (span for spans in thing.origins.values() for span in spans)
    return Label(next(iter((*thing.spans(path), *any_of_it)), NOWHERE), text)


def instance_label(desired: KubernetesModel, *keys: str) -> Label:
    """The place that names the cluster, or says one of these of it."""
    for key in (*keys, "", *desired.origins):
        if spans := desired.origins.get(key):
            return Label(spans[0])
    return Label(NOWHERE)


def path_of(thing: Object, said: str) -> str:
    """The path of what the API server calls `spec.containers[0].image`; as far as we have it."""
    here: Any = thing.document
    path = ""
    for step in _STEPS.findall(said):
        inside = step.strip("[]")
        if isinstance(here, Mapping) and inside in here:
            path, here = join(path, inside), here[inside]
        elif isinstance(here, Sequence) and not isinstance(here, str) and inside.isdigit():
            items = list(item_steps(path, here))
            if int(inside) >= len(items):
                break
            path, here = items[int(inside)]
        else:
            break
    return path
