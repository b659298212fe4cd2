"""A Kubernetes cluster as the gate's loop wants it: look at an object, apply or delete it.

Each trap of the API that is named here was seen on a real API server (Kubernetes 1.36).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ansible.module_utils.srcnet_gate import ConflictError, FailedError, Seen, Step, Wire

if TYPE_CHECKING:
    from srcnet_compiler.targets.kubernetes.live import Api
    from srcnet_compiler.targets.kubernetes.model import Object

P = ParamSpec("P")
R = TypeVar("R")

AT_ONCE = 100
"""So many may be in doubt after a kill."""
HEARS_WITHIN = 10.0
"""Seconds in which an API server hears of a policy of admission that has changed."""


class Kubernetes:
    """One cluster, by its API server."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def observe(self, change: Wire) -> Seen:
        """The object's fields as a change speaks of them; None when it is not there."""
        return _asking(self._observe, change)

    def act(self, change: Wire, todo: Sequence[Wire], before: Seen) -> None:
        """Bring the object to what the change says as a whole; `before` is it as just read."""
        _asking(self._act, change, todo)

    def unmet(self, wait: Wire) -> str | None:
        """Why the wait goes on, in words; None when nobody uses what is to go."""
        said: str | None = _asking(self._unmet, wait)
        return said

    def passes_through_absence(self, field: Wire) -> bool:
        """What is replaced is deleted first, and only for that is a missing object looked at."""
        return True

    def together(self, changes: Sequence[Wire]) -> int:
        """How many of these, from the first on, are of one kind."""
        kind = changes[0]["address"]["kind"]
        others = (n for n, each in enumerate(changes) if each["address"]["kind"] != kind)
        return min(next(others, len(changes)), AT_ONCE)

    def glance(self, changes: Sequence[Wire]) -> Glance:
        """Looks at all of these at once, and answers from that."""
        return Glance(self.api, self._at_once(self._observe, [(each,) for each in changes]))

    def act_together(self, steps: Sequence[Step]) -> None:
        """What fails here is tried again alone, and says why."""
        done = self._at_once(self._act, [(each.change, each.todo) for each in steps])
        for said in done.values():
            if isinstance(said, FailedError) and said.final:
                raise said

    def _at_once(
        self, function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]
    ) -> Mapping[str, Any]:
        """By the change's id, what came of each call, also where that is an exception."""
        from srcnet_compiler.targets.kubernetes.live import workers

        def ask(call: tuple[Any, ...]) -> Any:  # noqa: ANN401 - whatever the function gives
            try:
                return _asking(function, *call)
            except (ConflictError, FailedError) as trouble:
                return trouble

        with workers() as threads:
            said = threads.map(ask, calls)
            return {call[0]["id"]: each for call, each in zip(calls, said, strict=True)}

    def _unmet(self, wait: Wire) -> str | None:
        from srcnet_compiler.targets.kubernetes.diff import UNUSED
        from srcnet_compiler.targets.kubernetes.live import users

        if wait["kind"] != UNUSED:
            return f"{wait['text']} (`{wait['kind']}` cannot be checked)"
        fact = json.loads(wait["subject"])
        named = (fact["kind"], fact["name"], fact["namespaces"])
        found = users(self.api.client, *named, templates=fact["templates"])
        return f"{found[0]} names {fact['kind']} {fact['name']}" if found else None

    def _observe(self, change: Wire) -> Seen:
        from srcnet_compiler.targets.kubernetes.live import look_at, see, settle

        wanted = _object(change)
        live = look_at(self.api.client, wanted.described, wanted.name)
        if live is None:
            return {} if change["begun"] and _replaces(change, change["fields"]) else None
        if live["metadata"].get("deletionTimestamp"):
            if change["action"] == "retire":
                return None
            raise FailedError("it is being deleted: apply again when it is gone")
        seen = see(wanted.kind, wanted.name, live, wanted, self.api.bounds.prefix)
        self._refuse_foreign(change, seen)
        if change["action"] != "retire":
            seen = settle(self.api.client, seen, wanted)
        fields = seen.fields()
        now = {name: fields[name] for each in change["fields"] if (name := each["name"]) in fields}
        if change["action"] == "update" and not _replaces(change, _differing(change, now)):
            _refuse_held(change, seen, now)
        return now

    def _refuse_foreign(self, change: Wire, seen: Object) -> None:
        """What has not our label, whatever a plan says; only an adoption gives it that."""
        from srcnet_compiler.targets.kubernetes.model import OWNER
        from srcnet_compiler.targets.kubernetes.model.paths import join

        label = join("metadata.labels", OWNER)
        if seen.ours:
            return
        gets_it = [each for each in change["fields"] if each["name"] == label]
        if change["action"] == "adopt" or (
            change["action"] == "update" and any(each["before"] is None for each in gets_it)
        ):
            if (owner := seen.fields().get(label)) is not None:
                raise ConflictError(f"it belongs to `{owner}`, by its label {OWNER}")
            return
        raise ConflictError(f"it is there without our label {OWNER}: plan again")

    def _act(self, change: Wire, todo: Sequence[Wire]) -> None:
        from srcnet_compiler.targets.kubernetes.live import hand_over, look_at

        thing = _object(change)
        if change["action"] == "retire":
            self._delete(thing)
            return
        if change["action"] != "create":
            live = look_at(self.api.client, thing.described, thing.name)
            if live is not None and change["action"] == "adopt":
                hand_over(self.api.client, thing, live)
            if live is not None and _replaces(change, todo):
                self._delete(thing)
            elif live is not None:
                # what is another one of this name by now is not touched
                thing = _with_uid(thing, live["metadata"]["uid"])
        if change["action"] == "adopt":
            thing = _with_label(thing, self.api.bounds.prefix)
        self._apply(thing)

    def _apply(self, thing: Object) -> None:
        """A policy of ours that was changed before holds a moment later."""
        from srcnet_compiler.targets.kubernetes.live import ApiError, apply, refused_by

        deadline = time.monotonic() + HEARS_WITHIN
        while True:
            try:
                apply(self.api.client, thing)
            except ApiError as no:
                policy = refused_by(no.message) or ""
                ours = policy.startswith(f"{self.api.bounds.prefix}-")
                if not ours or time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
            else:
                return

    def _delete(self, thing: Object) -> None:
        """The object as it is at this moment, if it is ours; what it made goes after it."""
        from srcnet_compiler.targets.kubernetes.live import look_at
        from srcnet_compiler.targets.kubernetes.model import OWNER
        from srcnet_compiler.targets.kubernetes.model.replacing import keeps_data

        if keeps_data(thing):
            raise FailedError(f"a {thing.kind} is never deleted: it keeps data")
        live = look_at(self.api.client, thing.described, thing.name)
        if live is None:
            return
        metadata = live["metadata"]
        if (metadata.get("labels") or {}).get(OWNER) != self.api.bounds.prefix:
            raise ConflictError(f"it has not our label {OWNER} any more")
        version = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        options: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": version,
            "propagationPolicy": "Background",
        }
        path = thing.described.path(thing.namespace, thing.bare_name)
        self.api.client.ask("DELETE", path, {}, options)


class Glance(Kubernetes):
    """The cluster as it was at one moment."""

    def __init__(self, api: Api, said: Mapping[str, Any]) -> None:
        super().__init__(api)
        self._said = said

    def observe(self, change: Wire) -> Seen:
        """As it was."""
        said = self._said[change["id"]]
        if isinstance(said, Exception):
            raise said
        seen: Seen = said
        return seen


def _object(change: Wire) -> Object:
    """What the change wants as a whole; of what ends, what it was."""
    from srcnet_compiler.targets.kubernetes.model import Object
    from srcnet_compiler.targets.kubernetes.model.paths import unflatten

    side = "before" if change["action"] == "retire" else "after"
    fields = {each["name"]: each[side] for each in change["fields"] if each[side] is not None}
    return Object(change["address"]["kind"], change["address"]["name"], unflatten(fields))


def _with_label(thing: Object, owner: str) -> Object:
    from srcnet_compiler.targets.kubernetes.model import OWNER

    return _with_metadata(thing, "labels", {**_metadata(thing).get("labels", {}), OWNER: owner})


def _with_uid(thing: Object, uid: str) -> Object:
    return _with_metadata(thing, "uid", uid)


def _with_metadata(thing: Object, key: str, value: object) -> Object:
    from dataclasses import replace

    metadata = {**_metadata(thing), key: value}
    return replace(thing, document={**thing.document, "metadata": metadata})


def _metadata(thing: Object) -> Any:  # noqa: ANN401 - a document
    return thing.document.get("metadata") or {}


def _replaces(change: Wire, fields: Sequence[Wire]) -> bool:
    """Whether the object must be made anew for these fields."""
    from srcnet_compiler.change import FieldChange
    from srcnet_compiler.targets.kubernetes.model.replacing import fixed_fields

    changes = (FieldChange(each["name"], each["before"], each["after"]) for each in fields)
    return change["action"] == "update" and bool(fixed_fields(_object(change), changes))


def _differing(change: Wire, now: Mapping[str, Any]) -> Sequence[Wire]:
    return [each for each in change["fields"] if now.get(each["name"]) != each["after"]]


def _refuse_held(change: Wire, seen: Object, now: Mapping[str, Any]) -> None:
    """Fields of other managers, which the server would not let us have either."""
    for field in _differing(change, now):
        if who := seen.managers.get(field["name"]):
            names = " and ".join(f"`{name}`" for name in who)
            raise ConflictError(
                f"`{field['name']}` is held by {names}, who has it at {now[field['name']]!r}:"
                " have it given up there, or say so in the spec"
            )


def _asking(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    try:
        return function(*args, **kwargs)
    except (ConflictError, FailedError):
        raise
    except Exception as error:
        raise as_failure(error) from error


def as_failure(error: Exception) -> ConflictError | FailedError:
    """What an exception means for whoever reads the receipt."""
    from srcnet_compiler.targets.kubernetes.live import ApiError
    from srcnet_compiler.targets.protocol import RefusedError, UnreachableError

    text = " ".join(str(error).split())[:500] or type(error).__name__
    if isinstance(error, ApiError):
        return _no(error, text)
    if isinstance(error, UnreachableError):
        return FailedError(text, "unreachable", final=True)
    if isinstance(error, RefusedError):
        return FailedError(text, "refused", final=True)
    return FailedError(f"{type(error).__name__}: {text}")


def _no(error: Any, text: str) -> ConflictError | FailedError:  # noqa: ANN401 - ApiError
    held = [each for each in error.causes if each.get("reason") == "FieldManagerConflict"]
    if held:
        what = "; ".join(f"`{each['field'].lstrip('.')}`: {each['message']}" for each in held)
        return ConflictError(f"held by others, and not taken from them: {what}")
    if error.status == 409:
        return ConflictError(f"it changed meanwhile: {text}")
    if error.status == 403 and " cannot " in text:
        return FailedError(f"not allowed: {text}", "refused")
    return FailedError(text)
