"""Changes in words: what happens to which object, from what to what, and which line says so."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from srcnet_compiler.change import Action, Change, FieldChange, Impact, Json
from srcnet_compiler.quantity import Bytes, format_bytes, format_duration
from srcnet_compiler.report.cells import visible
from srcnet_compiler.report.paint import Paint

ONE_BY_ONE = 12
"""More of one kind than this are counted, unless all are asked for."""
_FEW = 3
"""More fields than this of what ends are counted."""
_SIGNS = {
    Action.ADOPT: "=",
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.RENAME: ">",
    Action.RETIRE: "-",
}
_LENGTHS = frozenset(
    {"MaxWall", "GrpWall", "MaxTime", "DefaultTime", "Duration", "MaxStartDelay", "PURGE_COMP"}
)
"""Fields in seconds, of which -1 is no limit."""
_FOR_EACH = frozenset({"rule"})
"""Kinds of objects that belong to data sets, of which there may be a million."""
_WIDEST = 90
"""What is wider is shown part by part, and what it becomes below what it is."""


def change_lines(changes: Sequence[Change], paint: Paint, *, full: bool) -> Iterator[str]:
    """Every change with its fields; many creations or adoptions of one kind are one line, and so is
    what happens to many of a kind of which there is one for each data set."""
    groups: dict[tuple[Action, str, str], list[Change]] = defaultdict(list)
    for change in changes:
        kind = change.address.kind
        groups[change.action, kind, change.reason if kind in _FOR_EACH else ""].append(change)
    for (action, kind, reason), group in groups.items():
        foldable = action in (Action.CREATE, Action.ADOPT) or kind in _FOR_EACH
        if not full and foldable and len(group) > ONE_BY_ONE:
            head = paint(f"{_SIGNS[action]} {action.value}", action.value)
            names = first_names(change.address.name for change in group)
            yield f"  {head} {len(group)} {plural(kind)}: {names}   (all with --full)"
            if reason:
                yield f"      because {visible(reason)}"
        else:
            for change in group:
                yield from _change(change, paint, full)


def first_names(names: Iterator[str]) -> str:
    """The first three, and that there are more."""
    return f"{', '.join(visible(name) for _, name in zip(range(3), names, strict=False))}, …"


def plural(noun: str) -> str:
    """Several of it: `policy` becomes `policies`."""
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def _change(change: Change, paint: Paint, full: bool) -> Iterator[str]:
    head = paint(f"{_SIGNS[change.action]} {change.action.value}", change.action.value)
    yield f"  {head} {change.address.kind} {visible(change.address.name)}{_impact(change, paint)}"
    if change.reason:
        yield f"      because {visible(change.reason)}"
    if change.action is not Action.ADOPT:
        yield from _fields(change, paint, full)
    for wait in change.waits:
        yield f"      waits until {visible(wait.text)}"


def _fields(change: Change, paint: Paint, full: bool) -> Iterator[str]:
    """The fields one by one; of a long creation those that a line of a spec of their own asks for,
    while what follows from one place is counted, as is all that ends."""
    ends = change.action is Action.RETIRE and all(f.after is None for f in change.fields)
    if ends and not full and len(change.fields) > _FEW:
        yield f"      all of its {len(change.fields)} fields (each with --full)"
        return
    lines = [line for field in change.fields for line in _field(field, change.action, paint)]
    if full or change.action is not Action.CREATE or len(lines) <= ONE_BY_ONE:
        yield from lines
        return
    ((common, _),) = Counter(field.origin for field in change.fields).most_common(1)
    own = [field for field in change.fields if field.origin != common]
    for field in own:
        yield from _field(field, change.action, paint)
    left = len(change.fields) - len(own)
    noun = f"field{'' if left == 1 else 's'}{' more' if own else ''}"
    place = f"   {paint(str(common), 'place')}" if common is not None else ""
    yield f"      {left} {noun} (all with --full){place}"


def _impact(change: Change, paint: Paint) -> str:
    if change.impact is Impact.COSMETIC:
        return ""
    text = f"[{change.impact.value}]"
    return f"  {paint(text, 'grave') if change.impact.rank > Impact.RECONFIGURE.rank else text}"


def _field(field: FieldChange, action: Action, paint: Paint) -> Iterator[str]:
    """One line where one value is written or changed, else a line for each part of it."""
    if field.before == field.after:
        return
    place = f"   {paint(str(field.origin), 'place')}" if field.origin is not None else ""
    if action is Action.CREATE:
        parts = [(path, [shown(field.name, value)]) for path, value in _parts(field.after)]
    else:
        parts = [
            (path, [shown(field.name, before), shown(field.name, after)])
            for path, before, after in _differences(field.before, field.after)
        ]
    first, indent = f"      {field.name}", "      "
    if len(parts) > 1:
        yield f"{first}:{place}"
        first, place, indent = "        ", "", "        "
    for path, texts in parts:
        label = f"{first}{path if len(parts) == 1 else path.lstrip('.')}"
        if len(texts) == 2 and sum(map(len, texts)) > _WIDEST:
            yield f"{label}:{place}"
            yield f"{indent}  from {texts[0]}"
            yield f"{indent}  to   {texts[1]}"
        else:
            yield f"{label}: {' → '.join(texts)}{place}"


def _parts(value: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """A value by its parts, each with the path to it; what fits on a line is one part."""
    if isinstance(value, str) or not _children(value) or len(in_one_line(value)) <= _WIDEST:
        yield path, value
        return
    for key, child in _children(value).items():
        yield from _parts(child, path + key)


def _differences(before: Json, after: Json, path: str = "") -> Iterator[tuple[str, Json, Json]]:
    """The parts in which two values differ."""
    if before == after:
        return
    left, right = _children(before), _children(after)
    if type(before) is not type(after) or not left or not right:
        yield path, before, after
        return
    if all(not _children(child) for child in (*left.values(), *right.values())) and not isinstance(
        before, Mapping
    ):
        yield path, before, after  # a list of plain values says more as a whole
        return
    for key in dict.fromkeys((*left, *right)):
        yield from _differences(left.get(key), right.get(key), path + key)


def _children(value: Json) -> Mapping[str, Json]:
    """What a mapping or a list holds, by how one would write the way to it."""
    if isinstance(value, Mapping):
        return {f".{key}": value[key] for key in sorted(value)}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return {f"[{number}]": child for number, child in enumerate(value)}
    return {}


def shown(name: str, value: Json) -> str:
    """A value on one line, in the units that people use."""
    if value is None:
        return "nothing"
    if isinstance(value, int) and not isinstance(value, bool):
        if name in _LENGTHS:
            return "no limit" if value < 0 else format_duration(value)
        sized = name == "bytes" or name.startswith("limit.")
        return format_bytes(Bytes(value)) if sized else str(value)
    return visible(in_one_line(value))


def in_one_line(value: Json) -> str:
    """A value on one line, as people write it in YAML."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {in_one_line(value[key])}' for key in sorted(value))}}}"
    if isinstance(value, Sequence):
        return f"[{', '.join(map(in_one_line, value))}]"
    return json.dumps(value)
