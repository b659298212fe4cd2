"""Documents to values by path and back: how a change speaks of the inside of an object.

A path is `spec.template.spec.containers[name=main].image`: keys with dots between them, and in a
list of mappings the keys that tell its items apart. Lists of anything else are one value.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from srcnet_compiler.change import Json

MERGE_KEYS: Mapping[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "imagePullSecrets": ("name",),
}
"""What tells the items of a list apart, by the key of the list, where the API merges them by it and
the list has this meaning wherever we write it. A `ports` of a container and of a service differ."""
_NAMES = {"apiVersion", "kind"}


def flatten(document: Mapping[str, Json]) -> dict[str, Json]:
    """Every value by its path, without what tells the object's kind and name."""
    rest: dict[str, Json] = {k: v for k, v in document.items() if k not in _NAMES}
    metadata = rest.get("metadata")
    if isinstance(metadata, Mapping):
        rest["metadata"] = {k: v for k, v in metadata.items() if k not in ("name", "namespace")}
    return dict(_values("", rest))


def _values(path: str, value: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(value, Mapping) and value:
        for key in sorted(value):
            yield from _values(join(path, key), value[key])
    elif (items := keyed(path.rpartition(".")[2], value)) is not None:
        for step, item in items:
            yield from _values(f"{path}[{step}]", item)
    elif not (path and isinstance(value, Mapping) and not value and path == "metadata"):
        yield path, value


def keyed(key: str, value: Json) -> list[tuple[str, Json]] | None:
    """The items of the list under `key` by what tells them apart; None for what is no such list."""
    keys = MERGE_KEYS.get(key)
    if keys is None or not value or not isinstance(value, Sequence) or isinstance(value, str):
        return None
    found: list[tuple[str, Json]] = []
    for item in value:
        if not isinstance(item, Mapping) or any(key not in item for key in keys):
            return None
        found.append((",".join(f"{key}={item[key]}" for key in keys), item))
    return found if len({step for step, _ in found}) == len(found) else None


_STEP = re.compile(r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^.\[]+')


def split(path: str) -> tuple[str, ...]:
    """The steps of a path: keys as they are, what tells items of a list apart in its brackets."""
    return tuple(json.loads(s) if s.startswith('"') else s for s in _STEP.findall(path))


def join(path: str, key: str) -> str:
    """The path of what stands under `key`; a key with a dot is quoted, so that it is one step."""
    step = key if "." not in key else json.dumps(key)
    return f"{path}.{step}" if path else step
