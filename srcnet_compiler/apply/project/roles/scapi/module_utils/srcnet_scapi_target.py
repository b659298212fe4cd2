"""A site catalogue as the gate's loop wants it: look at an entry, change it in its node.

A node is written as a whole, so the changes of one node are made together where they can be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ansible.module_utils.srcnet_gate import ConflictError, FailedError, Seen, Step, Wire

if TYPE_CHECKING:
    from srcnet_compiler.targets.scapi.live import Client
    from srcnet_compiler.targets.scapi.model.documents import Document

P = ParamSpec("P")
R = TypeVar("R")


class Scapi:
    """One catalogue, by its HTTP interface."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def observe(self, change: Wire) -> Seen:
        """The entry's fields as a change speaks of them; None when it is not there."""
        return _asking(lambda: _seen(change, self.client.node(_node(change))))

    def act(self, change: Wire, todo: Sequence[Wire], before: Seen) -> None:
        """Make the change in its node, as that is at this moment."""
        _asking(self._act, [Step(change, todo, before)])

    def unmet(self, wait: Wire) -> str | None:
        """Nothing is waited for here that could be checked."""
        return f"{wait['text']} (`{wait['kind']}` cannot be checked)"

    def passes_through_absence(self, field: Wire) -> bool:
        """A node is never half written."""
        return False

    def together(self, changes: Sequence[Wire]) -> int:
        """How many of these, from the first on, are of one node."""
        node = _node(changes[0])
        others = (number for number, each in enumerate(changes) if _node(each) != node)
        return next(others, len(changes))

    def glance(self, changes: Sequence[Wire]) -> Glance:
        """Looks at their node once, and answers from that."""
        return Glance(self.client, _asking(self.client.node, _node(changes[0])))

    def act_together(self, steps: Sequence[Step]) -> None:
        """All of them in one writing of their node."""
        _asking(self._act, steps)

    def _act(self, steps: Sequence[Step]) -> None:
        from srcnet_compiler.targets.scapi.live import edit

        name = _node(steps[0].change)
        steps = [step for step in steps if step.todo]
        new = [step.change for step in steps if _makes_a_node(step.change)]
        if new:
            self.client.make(_document(new[0]))
        rest = [step for step in steps if not _makes_a_node(step.change)]
        if rest:
            edit(self.client, name, lambda node: _make_all(node, rest))


class Glance(Scapi):
    """A node as it was at one moment."""

    def __init__(self, client: Client, node: Document | None) -> None:
        super().__init__(client)
        self._said = node

    def observe(self, change: Wire) -> Seen:
        """As it was."""
        return _asking(_seen, change, self._said)


# ── an entry in its node ──────────────────────────────────────────────────────────────────────


def _node(change: Wire) -> str:
    """The name of the node that a change is in."""
    return str(_within(change)[0])


def _within(change: Wire) -> Sequence[str]:
    within: Sequence[str] = next(f["after"] for f in change["fields"] if f["name"] == "within")
    return within


def _kind(change: Wire) -> str:
    return str(change["address"]["kind"])


def _makes_a_node(change: Wire) -> bool:
    return _kind(change) == "node" and change["action"] == "create"


def _seen(change: Wire, node: Document | None) -> Seen:
    from srcnet_compiler.targets.scapi.model.documents import fields_of

    if node is None:
        return None
    said = _find(change, node)
    if said is None:
        return None
    names = [field["name"] for field in change["fields"]]
    return {"within": list(_within(change)), **fields_of(said, names)}


def _find(change: Wire, node: Document) -> Document | None:
    """The object that a change means: by its identity, else by what it is known by."""
    from srcnet_compiler.targets.scapi.model import ID, MARKS
    from srcnet_compiler.targets.scapi.model.documents import listed, reach

    if _kind(change) == "node":
        return node
    around = reach(node, _within(change)[1:])
    if around is None:
        return None
    among = listed(around, _kind(change))
    fields = {field["name"]: field for field in change["fields"]}
    ids = _values(fields, ID)
    found = [each for each in among if each.get(ID) in ids]
    if not found:
        marks = [name for name in MARKS if name in fields]
        found = [
            each
            for each in among
            if (not each.get(ID) or change["action"] == "create")
            and marks
            and all(each.get(name) in _values(fields, name) for name in marks)
        ]
    if len(found) > 1:
        raise ConflictError(f"{len(found)} entries could be it: state its `catalogueId`")
    return found[0] if found else None


def _values(fields: Mapping[str, Wire], name: str) -> list[Any]:
    """What a field was and is to be."""
    field = fields.get(name)
    both = (field["before"], field["after"]) if field is not None else ()
    return [value for value in both if value is not None]


def _make_all(node: Document, steps: Sequence[Step]) -> None:
    """The changes in a node that may have become another since it was looked at."""
    for step in steps:
        _make(node, step)


def _make(node: Document, step: Step) -> None:
    from srcnet_compiler.targets.scapi.model.documents import add, fields_of, reach, with_fields

    change, todo, before = step
    said = _find(change, node)
    after = {each["name"]: each["after"] for each in todo if each["name"] != "within"}
    if said is None and change["action"] == "create":
        around = reach(node, _within(change)[1:])
        if around is None:
            raise ConflictError("what it is to lie in is not there any more: plan again")
        add(around, _kind(change), _document(change))
        return
    if said is None:
        raise ConflictError("it is not there any more: plan again")
    now = fields_of(said, [*after])
    for name, value in after.items():
        if now.get(name) not in ((before or {}).get(name), value):
            raise ConflictError(f"`{name}` became {now.get(name)!r} at this moment: plan again")
    with_fields(said, after)


def _document(change: Wire) -> Document:
    """What a change makes, as a whole."""
    from srcnet_compiler.targets.scapi.model.documents import with_fields

    said: Document = {}
    fields = {f["name"]: f["after"] for f in change["fields"] if f["name"] != "within"}
    with_fields(said, fields)
    return {**said, "sites": []} if _kind(change) == "node" else said


# ── what goes wrong ───────────────────────────────────────────────────────────────────────────


def _asking(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    try:
        return function(*args, **kwargs)
    except (ConflictError, FailedError):
        raise
    except Exception as error:
        raise as_failure(error) from error


def as_failure(error: Exception) -> ConflictError | FailedError:
    """What an exception means for whoever reads the receipt."""
    from srcnet_compiler.targets.protocol import RefusedError, UnreachableError
    from srcnet_compiler.targets.scapi.live import AnswerError, MovedError

    text = " ".join(str(error).split())[:500] or type(error).__name__
    if isinstance(error, MovedError):
        return ConflictError(text)
    if isinstance(error, UnreachableError):
        return FailedError(text, "unreachable", final=True)
    if isinstance(error, RefusedError):
        return FailedError(text, "refused", final=True)
    if isinstance(error, AnswerError):
        return ConflictError(text) if error.status == 409 else FailedError(text)
    return FailedError(f"{type(error).__name__}: {text}")
