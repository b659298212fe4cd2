"""The API's own schemas: those of Kubernetes by version, and those of custom resources.

They come with the package `kubernetes-validate`; its own check reads them anew for each object.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from srcnet_compiler.targets.kubernetes.model.kinds import Kind

Schema: TypeAlias = Mapping[str, Any]
Definitions: TypeAlias = Mapping[tuple[str, str], Schema]
"""Schemas of custom resources, by apiVersion and kind."""
Version: TypeAlias = tuple[int, int]

_FOLDER = re.compile(r"v(\d+)\.(\d+)\.\d+-local-strict")


class Unreadable(Exception):  # noqa: N818 - what it is, not that it is an error
    """The schemas are not installed as they should be; a fault of the installation."""


@cache
def versions() -> Mapping[Version, Path]:
    """The folders of schemas, oldest first. Raises Unreadable."""
    spec = find_spec("kubernetes_validate")
    places = [Path(place) for place in (spec and spec.submodule_search_locations) or ()]
    folders = [f for place in places for f in (place / "kubernetes-json-schema").glob("v*-strict")]
    found = {
        (int(match[1]), int(match[2])): folder
        for folder in folders
        if (match := _FOLDER.fullmatch(folder.name))
    }
    if not found:
        raise Unreadable("the schemas of Kubernetes are not installed: install srcnet again")
    return dict(sorted(found.items()))


def nearest(version: Version) -> Version:
    """The version whose schemas stand for it: the latest that is not later, else the first."""
    earlier = [each for each in versions() if each <= version]
    return earlier[-1] if earlier else next(iter(versions()))


@cache
def definitions_of(version: Version) -> Mapping[str, Schema]:
    """Every type of a version of Kubernetes, by its long name."""
    content: Any = json.loads((versions()[version] / "_definitions.json").read_bytes())
    types: Mapping[str, Schema] = content["$defs"]
    return types


@cache
def schema_of(kind: Kind, version: Version) -> Schema | None:
    """Of a kind that Kubernetes itself has; None: this version has no such kind."""
    group, _, number = kind.api.rpartition("/")
    prefix = f"{group.partition('.')[0]}-" if group else ""
    file = f"{kind.name.lower()}-{prefix}{number}.json"
    try:
        schema: Schema = json.loads((versions()[version] / file).read_bytes())
    except FileNotFoundError:
        return None
    return schema


def resolved(schema: Schema, types: Mapping[str, Schema]) -> Schema:
    """The schema that a reference means."""
    while (reference := schema.get("$ref")) is not None:
        schema = types[reference.rpartition("/")[2]]
    return schema


def is_amount(schema: Schema) -> bool:
    """Whether it means an amount: Kubernetes' own type for it takes any text."""
    return str(schema.get("$ref", "")).endswith(".Quantity")


def custom(documents: Iterable[Mapping[str, Any]]) -> Definitions:
    """The schemas in CustomResourceDefinitions; what is none of them is left out."""
    return {
        (f"{spec['group']}/{version['name']}", spec["names"]["kind"]): version["schema"][
            "openAPIV3Schema"
        ]
        for document in documents
        if document.get("kind") == "CustomResourceDefinition"
        for spec in (document["spec"],)
        for version in spec["versions"]
        if "schema" in version
    }
