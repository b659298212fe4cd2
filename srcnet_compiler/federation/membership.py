"""Who belongs to which group: from what the identity provider exports, never from specs.

The export is SCIM (RFC 7644): one or several `ListResponse`, as Indigo IAM answers to
`/scim/Users` and `/scim/Groups`. IAM leaves the members out of groups, and says in each user which
groups the user belongs to; either is read.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, Outcome, error, has_errors, warning
from srcnet_compiler.names import GroupPath
from srcnet_compiler.source.trouble import shown
from srcnet_compiler.span import Span

_LOCAL_NAME = re.compile(r"[a-z_][a-z0-9_.-]{0,31}")
_AGAIN = "export all users and all groups again, page after page"


@dataclass(frozen=True, slots=True)
class Membership:
    """The names of the active users of each group, in order.

    `unnamed` are users of the provider whose names no system of a site can have: what belongs to
    them is neither made nor removed.
    """

    groups: Mapping[GroupPath, tuple[str, ...]]
    unnamed: tuple[str, ...]

    def of(self, group: GroupPath) -> tuple[str, ...] | None:
        """The users of a group, with or without the `/` before its path; None: not exported."""
        return self.groups.get(bare(group))


def bare(group: str) -> GroupPath:
    """A group's path as the provider writes it: without a `/` before it."""
    return GroupPath(group.strip("/"))


def read_membership(texts: Mapping[str, str]) -> Outcome[Membership]:
    """The groups of an export that may stand in several files, by their names.

    None where it is damaged or not complete: whoever is missing would lose access.
    """
    export = _Export()
    for file, text in sorted(texts.items()):
        export.file = file
        try:
            export.page(json.loads(text), "")
        except (ValueError, RecursionError) as problem:
            line, column = getattr(problem, "lineno", 1), getattr(problem, "colno", 1)
            export.found.append(_damaged(file, "this is not JSON", line, column))
    export.found += export.incomplete()
    if has_errors(export.found):
        return Outcome(None, tuple(export.found))
    return Outcome(export.membership(), tuple(export.found))


def _damaged(file: str, message: str, line: int = 1, column: int = 1) -> Diagnostic:
    place = Span(file, line, column, line, column)
    return error(Code.WRONG_MEMBERSHIP, message, Label(place), help=_AGAIN)


@dataclass
class _Export:
    """What has been read so far."""

    file: str = ""
    found: list[Diagnostic] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=dict)
    users: dict[str, tuple[str, bool]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Of users: in small letters, and the identifier."""
    groups: dict[str, str] = field(default_factory=dict)
    pairs: set[tuple[str, str, str]] = field(default_factory=set)
    """A user's identifier, a group's path, and where a group names this user as its member."""

    def page(self, data: Any, pointer: str) -> None:  # noqa: ANN401  JSON of others
        """One answer, or a list of them."""
        if isinstance(data, list):
            for index, each in enumerate(data):
                self.page(each, f"{pointer}/{index}")
            return
        total = self.value(data, "totalResults", int, pointer)
        resources = self.value(data, "Resources", list, pointer) if total != 0 else []
        if total is None or resources is None:
            return
        kinds = set()
        for index, each in enumerate(resources):
            here = f"{pointer}/Resources/{index}"
            if self.value(each, "id", str, here) is None:
                continue
            kind = "users" if "userName" in each else "groups"
            kinds.add(kind)
            (self.user if kind == "users" else self.group)(each, here)
        what = " and ".join(sorted(kinds))
        self.totals[what] = max(total, self.totals.get(what, 0))

    def user(self, data: Mapping[str, Any], pointer: str) -> None:
        name = self.value(data, "userName", str, pointer)
        if name is None:
            return
        if self.names.setdefault(name.lower(), data["id"]) != data["id"]:
            self.damaged(f"`{pointer}/userName` is {shown(name)}, as that of another user is")
        active = self.value(data, "active", bool, pointer) if "active" in data else True
        self.users[data["id"]] = (name, active is True)
        for index, each in enumerate(self.listed(data, "groups", pointer)):
            path = self.value(each, "display", str, f"{pointer}/groups/{index}")
            if path is not None:
                self.pairs.add((data["id"], bare(path), ""))

    def group(self, data: Mapping[str, Any], pointer: str) -> None:
        path = self.value(data, "displayName", str, pointer)
        if path is None:
            return
        if self.groups.setdefault(bare(path), data["id"]) != data["id"]:
            self.damaged(f"`{pointer}/displayName` is {shown(path)}, as that of another group is")
        for index, each in enumerate(self.listed(data, "members", pointer)):
            here = f"{pointer}/members/{index}"
            member = self.value(each, "value", str, here)
            if member is not None and not _is_group(each):
                self.pairs.add((member, bare(path), f"{self.file}: `{here}`"))

    def listed(self, data: Mapping[str, Any], key: str, pointer: str) -> list[Any]:
        """The list under a key that may be left out."""
        return self.value(data, key, list, pointer) or [] if data.get(key) is not None else []

    def value(self, data: Any, key: str, kind: type, pointer: str) -> Any:  # noqa: ANN401  as page
        """The value under a key; None with a finding where there is none of this kind."""
        if not isinstance(data, dict):
            self.damaged(f"`{pointer or '/'}` is not an object")
        elif key not in data:
            self.damaged(f"`{pointer}/{key}` is missing")
        elif type(data[key]) is not kind:
            self.damaged(f"`{pointer}/{key}` is not {_KINDS[kind]}")
        else:
            return data[key]
        return None

    def damaged(self, message: str) -> None:
        self.found.append(_damaged(self.file, message))

    def incomplete(self) -> Iterator[Diagnostic]:
        """Pages that are missing, and members that no page tells of."""
        counts = {"users": len(self.users), "groups": len(self.groups), "": 0}
        for what, total in sorted(self.totals.items()):
            there = sum(counts[kind] for kind in what.split(" and "))
            if there < total and not self.found:
                yield _damaged(self.file, f"{there} of {total} {what} are here")
        strangers = sorted(where for user, _, where in self.pairs if user not in self.users)
        if not self.users and not self.found:
            yield _damaged(self.file, "there are no users here, so that nobody would belong to us")
        elif strangers:
            many = f", and {len(strangers) - 1} more" if len(strangers) > 1 else ""
            yield _damaged(self.file, f"{strangers[0]} is none of the users{many}")

    def membership(self) -> Membership:
        named = {i: name for i, (name, _) in self.users.items() if _LOCAL_NAME.fullmatch(name)}
        unnamed = sorted(name for i, (name, _) in self.users.items() if i not in named)
        groups: dict[str, set[str]] = {path: set() for path in self.groups}
        for user, path, _ in self.pairs:
            members = groups.setdefault(path, set())
            if self.users[user][1] and user in named:
                members.add(named[user])
        self.found += [_unnamed(self.file, name) for name in unnamed]
        ordered = {GroupPath(path): tuple(sorted(groups[path])) for path in sorted(groups)}
        return Membership(ordered, tuple(unnamed))


def _is_group(member: Mapping[str, Any]) -> bool:
    """Whether a member of a group is a group below it, whose members the group has anyway."""
    return member.get("type") == "Group" or "/Groups/" in str(member.get("$ref", ""))


def _unnamed(file: str, name: str) -> Diagnostic:
    return warning(
        Code.NO_LOCAL_NAME,
        f"{shown(name)} cannot be the name of a user on a cluster, so this user is left alone",
        Label(Span(file, 1, 1, 1, 1)),
        help="let the provider give a name of lower-case letters, digits, `-`, `_` and `.`",
        subject=name,
    )


_KINDS = {str: "a text", int: "a whole number", list: "a list", bool: "true or false"}
