"""What an API server would refuse of the wanted objects, as far as that is known without one."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from srcnet_compiler.diagnostic import Code, Diagnostic, error, warning
from srcnet_compiler.targets.kubernetes.check.places import instance_label, label
from srcnet_compiler.targets.kubernetes.check.schemas import (
    Definitions,
    Version,
    definitions_of,
    nearest,
    schema_of,
)
from srcnet_compiler.targets.kubernetes.check.shape import Misfit, Rule, misfits
from srcnet_compiler.targets.kubernetes.model import OWNER, KubernetesModel, Object
from srcnet_compiler.targets.kubernetes.model.kinds import Kind
from srcnet_compiler.targets.kubernetes.model.packed import packed, unpacked
from srcnet_compiler.targets.kubernetes.model.paths import join

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_DOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_WORD = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_STRICT_NAMES = frozenset({"Namespace", "Service", "LocalQueue"})
_FREE_NAMES = frozenset({"Role", "RoleBinding"})
NOTHING: Definitions = {}


def check(desired: KubernetesModel, custom: Definitions = NOTHING) -> Iterator[Diagnostic]:
    """All objections to one cluster's objects; `custom` are the schemas of what is installed there,
    where they are to be had."""
    version = nearest(desired.version)
    if version[0] != desired.version[0] or version > desired.version:
        yield _no_schemas(desired, version)
    rules = {kind: Rule(schema, {}) for kind, schema in custom.items()}
    for thing in (*desired.things(), *desired.fetched.values()):
        for found in _misfits(thing, version, rules):
            yield refused(thing, found)
        yield from _ownership(desired, thing)


def refused(thing: Object, found: Misfit) -> Diagnostic:
    """The API server would not take it."""
    where = f" `{found.path}`" if found.path else ""
    return error(
        Code.REFUSED_BY_SYSTEM,
        f"{thing.kind} `{thing.name}`:{where} {found.text}",
        label(thing, found.path),
        help=found.help,
        subject=thing.name,
    )


@lru_cache(maxsize=1000)
def _rule(kind: Kind, version: Version) -> Rule | None:
    """What a version of Kubernetes asks of a kind of its own; None: it has none such."""
    schema = schema_of(kind, version)
    return None if schema is None else Rule(schema, definitions_of(version))


def _misfits(
    thing: Object, version: Version, custom: Mapping[tuple[str, str], Rule]
) -> Iterator[Misfit]:
    kind = thing.described
    rule = custom.get((kind.api, kind.name))
    if kind.operator is None:
        rule = _rule(kind, version)
        if rule is None:
            major, minor = version
            yield Misfit("", f"Kubernetes {major}.{minor} has no {kind.name} of {kind.api}")
    document: Any = thing.document
    if rule is not None:
        named = {"apiVersion": kind.api, "kind": kind.name, **document}
        if not _fits(named, rule):
            found = misfits(named, rule)
            yield from (each for each in found if not (thing.standing and each.lacks))
    yield from _names(thing)
    yield from _labels(_metadata(thing))


def _fits(document: Mapping[str, Any], rule: Rule) -> bool:
    """Whether it is known that nothing is wrong. Many sites have the same document but for its
    metadata, and there many objects have the same labels."""
    of_metadata = rule.fields.get("metadata")
    of_labels = of_metadata.fields.get("labels") if of_metadata is not None else None
    metadata: Any = document.get("metadata")
    labels: Any = metadata.get("labels") if isinstance(metadata, dict) else None
    return (
        of_metadata is not None
        and of_labels is not None
        and isinstance(labels, dict)
        and _is_like_one_that_fits({**document, "metadata": {}}, rule)
        and not misfits({**metadata, "labels": {}}, of_metadata)
        and _is_like_one_that_fits(labels, of_labels)
    )


def _is_like_one_that_fits(value: Mapping[str, Any], rule: Rule) -> bool:
    key = packed(value)
    return key is not None and _is_fitting(key, rule)


@lru_cache(maxsize=4096)
def _is_fitting(key: bytes, rule: Rule) -> bool:
    return not misfits(unpacked(key), rule)


def _names(thing: Object) -> Iterator[Misfit]:
    kind, name, space = thing.kind, thing.bare_name, thing.namespace
    if thing.described.namespaced != bool(space):
        where = "lies in a namespace" if thing.described.namespaced else "lies in no namespace"
        yield Misfit("", f"a {kind} {where}: its name is `{thing.name}`")
    if space and not _LABEL.fullmatch(space):
        yield Misfit("", f"`{space}` is no name for a namespace", _SMALL)
    if kind in _FREE_NAMES:
        return
    if kind in _STRICT_NAMES and not _LABEL.fullmatch(name):
        yield Misfit("", f"`{name}` is no name for a {kind}: at most 63 characters", _SMALL)
    elif not _DOMAIN.fullmatch(name) or len(name) > 253:
        yield Misfit("", f"`{name}` is no name for a {kind}", _SMALL)


_SMALL = "small letters, digits and `-`, with a letter or digit at both ends"


def _labels(metadata: Mapping[str, Any]) -> Iterator[Misfit]:
    for part in ("labels", "annotations"):
        pairs = metadata.get(part)
        for key, value in pairs.items() if isinstance(pairs, Mapping) else ():
            if not _is_key(str(key)):
                here = join(f"metadata.{part}", str(key))
                yield Misfit(here, f"`{key}` is no key for one of the {part}")
            if part == "labels" and isinstance(value, str) and not _is_word(value):
                yield Misfit(
                    join(f"metadata.{part}", str(key)),
                    f"`{value[:80]}` is no value for a label",
                    "at most 63 letters, digits, `-`, `_` and `.`",
                )


@lru_cache(maxsize=10_000)
def _is_key(key: str) -> bool:
    prefix, _, name = key.rpartition("/")
    return name != "" and _is_word(name) and (not prefix or _DOMAIN.fullmatch(prefix) is not None)


@lru_cache(maxsize=10_000)
def _is_word(text: str) -> bool:
    """The same few words stand on all objects."""
    return _WORD.fullmatch(text) is not None


def _metadata(thing: Object) -> Mapping[str, Any]:
    metadata: Any = thing.document.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def _ownership(desired: KubernetesModel, thing: Object) -> Iterator[Diagnostic]:
    labels = _metadata(thing).get("labels")
    if not isinstance(labels, Mapping) or labels.get(OWNER) != desired.prefix:
        yield error(
            Code.NOT_OURS,
            f"{thing.kind} `{thing.name}` is not labelled as ours: {OWNER} is not"
            f" `{desired.prefix}`",
            label(thing, "metadata.labels"),
            subject=thing.name,
        )


def _no_schemas(desired: KubernetesModel, used: tuple[int, int]) -> Diagnostic:
    wanted, known = (".".join(map(str, each)) for each in (desired.version, used))
    return warning(
        Code.REFUSED_BY_SYSTEM,
        f"nothing is known of Kubernetes {wanted}: the objects are checked as for {known}",
        instance_label(desired, "version"),
        subject=desired.instance,
    )
