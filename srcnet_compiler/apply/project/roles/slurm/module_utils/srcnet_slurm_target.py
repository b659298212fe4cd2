"""A Slurm cluster as the gate's loop wants it: look at an object, act on it, check its waits.

Each trap of the commands that is named here was seen on real daemons (Slurm 22.05.8).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ansible.module_utils import (
    srcnet_slurm_acts,
    srcnet_slurm_fragment,
    srcnet_slurm_groups,
    srcnet_slurm_waits,
)
from ansible.module_utils.srcnet_gate import ConflictError, FailedError, Seen, Step, Wire

if TYPE_CHECKING:
    from srcnet_compiler.targets.protocol import Reading
    from srcnet_compiler.targets.slurm.live import Controller
    from srcnet_compiler.targets.slurm.model import SlurmModel

P = ParamSpec("P")
R = TypeVar("R")


class Slurm:
    """One cluster, by the commands and with our fragment on its controller."""

    def __init__(self, controller: Controller) -> None:
        self.controller = controller
        self.seen: SlurmModel = controller.bounds
        """As just read: of the kind of the change at hand."""

    def observe(self, change: Wire) -> Seen:
        """The object's fields as a change speaks of them; None when it is not there."""
        return _asking(self._observe, change)

    def act(self, change: Wire, todo: Sequence[Wire], before: Seen) -> None:
        """Set the fields of `todo`; `before` is the object as just read."""
        _asking(self._act, change, todo, before)

    def unmet(self, wait: Wire) -> str | None:
        """Why the wait goes on, in words; None when the fact holds."""
        unmet: str | None = _asking(self._unmet, wait)
        return unmet

    def _unmet(self, wait: Wire) -> str | None:
        from srcnet_compiler.targets.slurm.diff import UNNAMED

        said: str | None
        if wait["kind"] == UNNAMED:
            said = srcnet_slurm_acts.asked_for_elsewhere(self.controller, wait["subject"])
        else:
            said = srcnet_slurm_waits.unmet(self._read, wait)
        return said

    def passes_through_absence(self, field: Wire) -> bool:
        """Nothing does: each change is one command, or one file that is moved into place."""
        return False

    def together(self, changes: Sequence[Wire]) -> int:
        """How many of these, from the first on, a few commands can carry out."""
        number: int = srcnet_slurm_groups.together(changes)
        return number

    def glance(self, changes: Sequence[Wire]) -> Slurm:
        """Looks once for all of these, which are of one kind, and answers from that."""
        glance = Glance(self.controller, _kinds(changes))
        self.seen = _asking(glance._look)
        return glance

    def act_together(self, steps: Sequence[Step]) -> None:
        """What a command complains of is asked again of each change that is not so afterwards."""
        for batch in srcnet_slurm_groups.batches(filter(_is_sound, steps)):
            try:
                _asking(srcnet_slurm_acts.act_alike, self.controller, self.seen, batch)
            except ConflictError:
                continue
            except FailedError as failure:
                if failure.final:
                    raise

    def _observe(self, change: Wire) -> Seen:
        kind, name = change["address"]["kind"], change["address"]["name"]
        self.seen = self._look(*_kinds([change]))
        if kind == "partition":
            return srcnet_slurm_fragment.observe(self.controller, self.seen, change)
        found = self.seen.find(kind, name)
        if found is None:
            self._refuse_foreign(kind, name)
            return _as_closed(change)
        fields = dict(found.fields())
        if kind == "association" and name == name.partition("/")[0]:
            return _of_account(fields, change)
        if _moves_default(change):
            _, user, *_ = name.split("/")
            fields["DefaultAccount"] = self.seen.foreign.users.get(user)
        return fields

    def _read(self, *kinds: str) -> Reading[SlurmModel]:
        from srcnet_compiler.targets.slurm.live import look

        controller = self.controller
        return look(controller.runner, controller.bounds, controller.version, *kinds)

    def _look(self, *kinds: str) -> SlurmModel:
        reading = self._read(*kinds)
        if reading.gaps:
            raise FailedError(f"cannot be read: {reading.gaps[0].reason}")
        return reading.model

    def _refuse_foreign(self, kind: str, name: str) -> None:
        """Names outside what the site lets us have, whatever a plan says."""
        bounds, foreign = self.controller.bounds, self.seen.foreign
        if kind in ("qos", "reservation"):
            if not bounds.owns_name(name):
                ours = f"ours begin with `{bounds.prefix}`"
                raise ConflictError(f"{kind} {name} is not ours: {ours}")
        elif (account := name.partition("/")[0]) in foreign.accounts:
            below = f"ours are `{bounds.root_account}` and what is below it"
            raise ConflictError(f"account {account} is not ours: {below}")

    def _act(self, change: Wire, todo: Sequence[Wire], before: Seen) -> None:
        said = srcnet_slurm_acts.act(self.controller, self.seen, change, todo, before)
        if said and not self._is_so(change):
            raise FailedError(said)

    def _is_so(self, change: Wire) -> bool:
        """Whether the change holds although a command complained: adding what is there does."""
        now = self._observe(change)
        if now is None:
            return bool(change["action"] == "retire")
        return all(now.get(field["name"]) == field["after"] for field in change["fields"])


class Glance(Slurm):
    """The cluster as it was at one moment, but for the jobs: those are counted when first asked."""

    def __init__(self, controller: Controller, kinds: tuple[str, ...]) -> None:
        super().__init__(controller)
        self._kinds = kinds
        self._readings: dict[tuple[str, ...], Reading[SlurmModel]] = {}

    def _look(self, *_: str) -> SlurmModel:
        return super()._look(*self._kinds)

    def _read(self, *kinds: str) -> Reading[SlurmModel]:
        if kinds not in self._readings:
            self._readings[kinds] = super()._read(*kinds)
        return self._readings[kinds]


def _kinds(changes: Sequence[Wire]) -> tuple[str, ...]:
    """What to read for changes of one kind."""
    more = ("user",) if any(map(_moves_default, changes)) else ()
    return (changes[0]["address"]["kind"], *more)


def _moves_default(change: Wire) -> bool:
    """Whether the default account of a user is among what changes."""
    return any(field["name"] == "DefaultAccount" for field in change["fields"])


def _as_closed(change: Wire) -> Seen:
    """What has ended since, for a change that closed it or put it below its successor: both hold
    of what is gone."""
    fields = {field["name"]: field["after"] for field in change["fields"]}
    closes = fields == {"GrpSubmitJobs": 0} or fields.keys() == {"Parent"}
    return fields if change["action"] == "update" and closes else None


def _is_sound(step: Step) -> bool:
    todo = step.todo if step.change["action"] != "retire" else ()
    try:
        srcnet_slurm_acts.sound(
            step.change["address"]["kind"], step.change["address"]["name"], todo
        )
    except FailedError:
        return False
    return True


def _of_account(fields: dict[str, Any], change: Wire) -> Seen:
    """The limits of an account: they come and go with it, so that they are *created* by being set
    for the first time, and *retired* by being cleared."""
    wanted = {field["name"]: field["after"] for field in change["fields"]}
    unset = {name for name, value in fields.items() if value == srcnet_slurm_acts.FRESH[name]}
    if change["action"] == "create":
        return {
            name: None if name in unset and wanted.get(name) != value else value
            for name, value in fields.items()
        }
    if change["action"] == "retire" and unset == fields.keys():
        return None
    return fields


def _asking(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    try:
        return function(*args, **kwargs)
    except (ConflictError, FailedError):
        raise
    except Exception as error:
        raise as_failure(error) from error


def as_failure(error: Exception) -> FailedError:
    """What an exception means for whoever reads the receipt."""
    from srcnet_compiler.targets.protocol import RefusedError, UnreachableError

    text = " ".join(str(error).split())[:500] or type(error).__name__
    if isinstance(error, UnreachableError):
        return FailedError(text, "unreachable", final=True)
    if isinstance(error, RefusedError):
        return FailedError(text, "refused", final=True)
    return FailedError(f"{type(error).__name__}: {text}")
