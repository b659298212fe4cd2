"""Findings about keys: unknown ones, missing ones, too many, and keys without a value."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from srcnet_compiler.diagnostic import Code, Diagnostic, Fix, Label, error
from srcnet_compiler.near import certainly_meant
from srcnet_compiler.schema.common import FORMS
from srcnet_compiler.schema.versions import API_VERSION, Renamed, rewritten
from srcnet_compiler.schema.wording.lookup import Place, example, where_known
from srcnet_compiler.schema.wording.spot import Spot, named
from srcnet_compiler.span import Path, Span

_SECRET = re.compile(r"passw|passphrase|secret|token|credential|(private|api|access)_?key", re.I)
_BY_REFERENCE = (
    "a secret never stands in a spec: write where it is found, such as"
    " `credentials: {secretRef: {env: RUCIO_TOKEN}}`, and change the secret if it was real"
)
_SAME = {
    "area": ("of",),
    "site": ("of",),
    "start": ("from",),
    "begin": ("from",),
    "since": ("from",),
    "end": ("to", "until"),
    "until": ("to",),
    "size": ("capacity", "volume"),
    "why": ("reason",),
}
"""Keys that people write, and those of the language that say the same."""
_PEOPLE = re.compile(r"users?|members?|people|persons?|e?mails?|names|pis?", re.I)
_BY_GROUP = "people never stand in a spec: name a group of theirs in `groups`"
_LONG = 90
"""Longer examples are not typed from a message."""


def unknown_key(spot: Spot) -> Diagnostic:
    """A key that does not belong where it stands; placed on the key, its value is not shown."""
    key, mapping = str(spot.path[-1]), spot.path[:-1]
    parent = spot.parent or spot.root
    message = f"`{key}` is not a key of {named(mapping)}"
    if spot.secretive and not _SECRET.search(key):
        message = f"a key of {named(mapping)} is not known"
    if not isinstance(spot.path[-1], str):
        message = f"`{key}` is not a text, so it cannot be a key"
    remedy = _instead(key, meant(spot), parent, spot.root)
    fix = None if spot.secretive else _renamed(spot, remedy)
    return error(Code.UNKNOWN_KEY, message, Label(spot.head), help=remedy, fix=fix)


def older_key(spot: Spot, change: Renamed) -> Diagnostic:
    """A key that has another name since the version before."""
    key, around = spot.path[-1], named(spot.path[:-1])
    text = change.now(spot.value) or change.now(change.example)
    return error(
        Code.UNKNOWN_KEY,
        f"`{key}` is not a key of {around} any more",
        Label(spot.head),
        help=f"write `{change.to}: {text}`, as it is said since `{API_VERSION}`",
        fix=rewritten(change, spot.value, spot.source_map),
    )


def _renamed(spot: Spot, remedy: str) -> Fix | None:
    """The key that is certainly meant, where that is what the help says."""
    key, known = str(spot.path[-1]), (spot.parent or spot.root).keys
    same = [each for each in _SAME.get(key.lower(), ()) if each in known]
    certain = same[0] if len(same) == 1 else certainly_meant(key, known)
    is_said = certain is not None and remedy == f"did you mean `{certain}`?"
    return Fix(spot.head, str(certain)) if is_said else None


def meant(spot: Spot) -> str | None:
    """The key that an unknown one stands for: one alike that is not written beside it."""
    known = (spot.parent or spot.root).keys
    free = [key for key in known if not spot.has_sibling(key)]
    same = _SAME.get(str(spot.path[-1]).lower(), ())
    return next((key for key in same if key in free), closest(str(spot.path[-1]), free))


def _instead(key: str, similar: str | None, parent: Place, root: Place) -> str:
    if parent.node.get("title") in ("Credentials", "SecretReference"):
        return _BY_REFERENCE
    if "groups" in parent.keys and _PEOPLE.fullmatch(key):
        return _BY_GROUP
    if similar is not None:
        return f"did you mean `{similar}`?"
    if _SECRET.search(key):
        return _BY_REFERENCE
    elsewhere = next(where_known(root, key), None)
    if elsewhere is not None:
        return f"`{key}` belongs in {elsewhere}"
    return f"the keys here are {listed(parent.keys)}" if parent.keys else "remove it"


def wrong_key(spot: Spot) -> Diagnostic:
    """A key of a map, where any key of a certain form may stand, that has not this form."""
    key = str(spot.path[-1])
    names = (spot.parent or spot.root).node.get("propertyNames", {})
    if "enum" in names:
        similar = closest(key, names["enum"])
        remedy = f"did you mean `{similar}`?" if similar else f"write {one_of(names['enum'])}"
    else:
        form = FORMS[names["pattern"]]
        remedy = f"write {form.words}, such as `{form.example}`"
    message = f"`{key}` cannot be a key of {named(spot.path[:-1])}"
    certain = None if spot.secretive else certainly_meant(key, names.get("enum", ()))
    fix = Fix(spot.head, certain) if certain else None
    return error(Code.UNKNOWN_KEY, message, Label(spot.head), help=remedy, fix=fix)


def missing_key(spot: Spot, key: str) -> Diagnostic:
    """A key that is needed in a mapping; placed on what leads to the mapping."""
    return error(
        Code.MISSING_KEY,
        f"`{key}` is missing in {_called(spot.path, spot.value)}",
        Label(spot.head),
        help=to_add(key, spot.place.keys[key]),
        fix=_added(spot, key),
    )


def _added(spot: Spot, key: str) -> Fix | None:
    """A line before a document that is a block, where only one value may stand."""
    span, place = spot.source_map.span(spot.path), spot.place.keys[key]
    if spot.path or len(place.allowed) != 1 or span.line == span.end_line:
        return None
    begin = Span(span.file, span.line, span.column, span.line, span.column)
    return Fix(begin, f"{key}: {example(place)}\n") if span.column == 1 else None


def to_add(key: str, place: Place) -> str:
    """What to type for a key, and what it is."""
    what = f": {place.description}" if place.description else ""
    typed = f"{key}: {example(place)}"
    if len(typed) <= _LONG:
        return f"add `{typed}`{what}"
    return f"add `{key}:` with {listed(place.node['required'])}{what}"


def exactly_one(spot: Spot) -> Diagnostic:
    """Keys of which one is needed, and none or several are written."""
    choices = [choice["required"][0] for choice in spot.place.node["oneOf"]]
    several = [key for key in choices if isinstance(spot.value, Mapping) and key in spot.value]
    if not several:
        keys = spot.place.keys
        typed = f"{choices[0]}: {example(keys[choices[0]])}"
        return error(
            Code.MISSING_KEY,
            f"{one_of(choices)} is missing in {_called(spot.path, spot.value)}",
            Label(spot.head),
            help=f"add one of them, such as `{typed}`",
        )
    first, *more = (spot.source_map.key_span((*spot.path, key)) for key in several)
    return error(
        Code.SHAPE,
        f"{listed(several)} exclude each other",
        Label(more[-1]),
        *(Label(span, "and here") for span in (first, *more[:-1])),
        help="keep one of them",
    )


def without_value(spot: Spot) -> Diagnostic:
    """A key with nothing after it, or an item with nothing in it."""
    needed = spot.parent is not None and spot.path[-1] in spot.parent.node.get("required", ())
    typed = example(spot.place)
    remedy = f"write a value, such as {spot.line(typed)}"
    return error(
        Code.SHAPE,
        f"{spot.key} has no value",
        Label(spot.head),
        help=remedy if needed else f"{remedy}, or remove it",
    )


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was most likely meant, however its letters are cased."""
    by_lower = {name.lower(): name for name in known}
    found = get_close_matches(word.lower().replace("_", "").replace("-", ""), by_lower, n=1)
    return by_lower[found[0]] if found else None


def listed(words: Iterable[str]) -> str:
    """`a`, `b` and `c`."""
    return _joined(words, "and")


def one_of(words: Iterable[object]) -> str:
    """`a`, `b` or `c`."""
    return _joined(words, "or")


def _joined(words: Iterable[object], last: str) -> str:
    *most, end = (f"`{word}`" for word in words)
    return f"{', '.join(most)} {last} {end}" if most else end


def _called(path: Path, value: object) -> str:
    """A mapping by the name that it has, so that an item of a long list is found."""
    name = value.get("name") if isinstance(value, Mapping) else None
    inside = isinstance(name, str) and path and isinstance(path[-1], int)
    return f"`{name}`, {named(path)}" if inside else named(path)
