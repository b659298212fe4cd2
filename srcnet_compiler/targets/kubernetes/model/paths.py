"""Documents to values by path and back: how a change speaks of the inside of an object.

A path is `spec.template.spec.containers[name=main].image`: keys with dots between them, and in a
list of mappings the keys that tell its items apart. Lists of anything else are one value. Where the
order of such items matters, an item has one field more: which of them it comes `after`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

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
_STEP = re.compile(r'"(?:[^"\\]|\\.)*"|\[(?:"(?:[^"\\]|\\.)*"|[^\]"])*\]|[^.\["]+')
_SPECIAL = re.compile(r'[.\[\]"]|^$')
_AFTER = "after"
_ENV = "env"
_REFERENCE = re.compile(r"\$(\$|\(([^()]+)\))")
"""Another variable in the value of one, or a `$` that is escaped."""
_SPECIAL_IN_ITEM = re.compile(r'[\],"]')


class Item(str):
    """A step to an item of a list; any other is a key."""

    __slots__ = ()


def flatten(document: Mapping[str, Json]) -> dict[str, Json]:
    """Every value by its path, without what tells the object's kind and name."""
    rest: dict[str, Json] = {k: v for k, v in document.items() if k not in _NAMES}
    metadata = rest.get("metadata")
    if isinstance(metadata, Mapping):
        rest["metadata"] = {k: v for k, v in metadata.items() if k not in ("name", "namespace")}
    return dict(_values("", rest)) if rest else {}


def _values(path: str, value: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(value, Mapping) and value:
        for key in sorted(value):
            yield from _values(join(path, key), value[key])
    elif (items := keyed(key := path.rpartition(".")[2], value)) is not None:
        before: list[str] = []
        for step, item in items:
            yield from _values(f"{path}[{step}]", item)
            if key == _ENV:
                yield from _order(f"{path}[{step}]", item, before)
    elif not (path and isinstance(value, Mapping) and not value and path == "metadata"):
        yield path, value


def _order(path: str, item: Json, before: list[str]) -> Iterator[tuple[str, Json]]:
    """The variables whose values a variable gets since they stand before it, which are added to."""
    if isinstance(item, Mapping):
        named = [name for name in references(item) if name in before]
        if named:
            yield f"{path}.{_AFTER}", named
        before.append(str(item["name"]))


def references(variable: Mapping[str, Json]) -> list[str]:
    """The variables that the value of one refers to, in order of name."""
    value = variable.get("value")
    found = _REFERENCE.finditer(value) if isinstance(value, str) else ()
    return sorted({each[2] for each in found if each[2]})


def item_steps(path: str, items: Sequence[Json]) -> Iterator[tuple[str, Json]]:
    """Each item of a list with its path: by what tells it apart, else that of the list."""
    found = keyed(path.rpartition(".")[2], items)
    if found is None:
        yield from ((path, item) for item in items)
    else:
        yield from ((f"{path}[{step}]", item) for step, item in found)


def keyed(key: str, value: Json) -> list[tuple[str, Json]] | None:
    """The items of the list under `key` by what tells them apart; None for what is no such list."""
    keys = MERGE_KEYS.get(key)
    if keys is None or not value or not isinstance(value, Sequence) or isinstance(value, str):
        return None
    found: list[tuple[str, Json]] = []
    for item in value:
        if not isinstance(item, Mapping) or any(key not in item for key in keys):
            return None
        found.append((",".join(f"{key}={_word(item[key])}" for key in keys), item))
    return found if len({step for step, _ in found}) == len(found) else None


def _word(value: Json) -> str:
    text = str(value)
    return json.dumps(text) if _SPECIAL_IN_ITEM.search(text) else text


def join(path: str, key: str) -> str:
    """The path of what stands under `key`; a key with a dot is quoted, so that it is one step."""
    step = json.dumps(key) if _SPECIAL.search(key) else key
    return f"{path}.{step}" if path else step


@lru_cache(maxsize=50_000)
def steps(path: str) -> tuple[str, ...]:
    """The steps of a path: keys as they are, and Items, in their brackets."""
    return tuple(map(_step, _STEP.findall(path)))


def _step(text: str) -> str:
    if text.startswith("["):
        return Item(text)
    return str(json.loads(text)) if text.startswith('"') else text


def unflatten(fields: Mapping[str, Json]) -> dict[str, Any]:
    """The document whose values by path these are. Items of lists come in the order in which their
    first values do."""
    root: dict[str, Any] = {}
    for path, value in fields.items():
        here = root
        *way, last = steps(path)
        if last == _AFTER and isinstance(way[-1], Item) and way[-2] == _ENV:
            continue  # the order of the items says it
        for step in way:
            here = here.setdefault(step, {})
        here[last] = value
    return {key: _listed(value) for key, value in root.items()}


def _listed(value: Any) -> Any:  # noqa: ANN401 - a document
    """With lists where there are items by what tells them apart."""
    if not isinstance(value, dict) or not value:
        return value
    if all(isinstance(key, Item) for key in value):
        return [_listed(item) for item in value.values()]
    return {key: _listed(item) for key, item in value.items()}
