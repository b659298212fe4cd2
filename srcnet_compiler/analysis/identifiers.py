"""Global identifiers of data products (IVOA Identifiers 2.0): from a Rucio name and back.

Before the `?` an identifier is compared without regard to case, behind it as it stands. So names
stand behind it, where any character that is neither a letter, a digit nor one of `-._~` is written
as `%` and its bytes. Whatever lies between is no part of a name, which makes the way back unique.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from urllib.parse import quote, unquote

from srcnet_compiler.diagnostic import Code, Diagnostic, Label, error
from srcnet_compiler.federation.model import Federation, NamespaceRule
from srcnet_compiler.names import Namespace
from srcnet_compiler.span import Span

NAMESPACE, NAME = "{namespace}", "{name}"
_SCHEME = "ivo://"
_AUTHORITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{2,}")
_PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@-]+)*")
_QUERY = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@/?-]*")
_IN_NAMES = re.compile(r"[A-Za-z0-9._~-]*")
"""What may stand in a name as it is."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands before and behind the name in every identifier of a namespace; all before the
    `?` in small letters."""

    before: str
    behind: str


def identifier_of(federation: Federation, namespace: str, name: str) -> str | None:
    """The identifier of a data product; None where nobody has said how its namespace maps."""
    frame = _frames(federation).get(Namespace(namespace))
    return None if frame is None else f"{frame.before}{quote(name, safe='')}{frame.behind}"


@dataclass(frozen=True, slots=True)
class Identified:
    """The identifier of one data product, and where it is said how it is made."""

    text: str
    place: Span
    drafts: tuple[Span, ...]


def identified(federation: Federation, namespace: str, name: str) -> Identified | None:
    """The same with its place."""
    text = identifier_of(federation, namespace, name)
    rules = (s.identifier for s in federation.data.namespaces if s.name == namespace)
    rule = next(rules, None)
    if text is None or rule is None:
        return None
    return Identified(text, rule.origin.at("template"), rule.drafts)


def named_by(federation: Federation, identifier: str) -> tuple[Namespace, str] | None:
    """The namespace and the name that an identifier stands for; None where it is none of ours."""
    given = in_small_letters(identifier)
    for namespace, frame in _frames(federation).items():
        if len(given) > len(frame.before) + len(frame.behind) and (
            given.startswith(frame.before) and given.endswith(frame.behind)
        ):
            written = given[len(frame.before) : len(given) - len(frame.behind)]
            name = unquote(written, errors="replace")
            if quote(name, safe="") == written:
                return namespace, name
    return None


def in_small_letters(identifier: str) -> str:
    """The same, as it is compared."""
    registered, mark, local = identifier.partition("?")
    return f"{registered.lower()}{mark}{local}"


def _frames(federation: Federation) -> dict[Namespace, Frame]:
    return {
        space.name: _frame(space.identifier.template, space.name)
        for space in federation.data.namespaces
        if space.identifier is not None
    }


def _frame(template: str, namespace: str) -> Frame:
    before, _, behind = template.replace(NAMESPACE, namespace).partition(NAME)
    return Frame(in_small_letters(before), behind)


# ── what is wrong with templates ──────────────────────────────────────────────────────────────


def check_identifiers(federation: Federation) -> Iterator[Diagnostic]:
    """Templates that make no identifiers, and two namespaces that may make the same."""
    told = [space for space in federation.data.namespaces if space.identifier is not None]
    wrong: dict[str, tuple[str, str]] = {}
    for space in told:
        assert space.identifier is not None
        found = _wrong(space.identifier.template)
        if found is not None and space.identifier.template not in wrong:
            message, remedy = found
            yield error(
                Code.WRONG_IDENTIFIER,
                message,
                Label(space.identifier.origin.at("template")),
                help=remedy,
                subject=space.name,
            )
            wrong[space.identifier.template] = found
    right = [s for s in told if s.identifier is not None and s.identifier.template not in wrong]
    for first, second in combinations(right, 2):
        yield from _same(first, second)


def _wrong(template: str) -> tuple[str, str] | None:
    """Why no identifiers can be made by it, and what to type."""
    registered, mark, local = template.partition("?")
    authority, slash, path = registered[len(_SCHEME) :].partition("/")
    if not _AUTHORITY.fullmatch(authority):
        return (
            f"`{authority}` is no authority: at least three letters, digits, `-`, `.`, `_` or `~`, "
            "the first a letter or a digit",
            "write it as `ivo://authority/path?{namespace}:{name}`",
        )
    if "{" in registered:
        return (
            "before the `?` an identifier is compared without regard to case, so names that differ "
            "in it would be one",
            "put `{namespace}` and `{name}` behind the `?`",
        )
    if not _PATH.fullmatch(f"{slash}{path}"):
        return f"`{slash}{path}` is no path of an identifier", "write it as `/part/part`"
    if not mark or local.count(NAME) != 1 or local.count(NAMESPACE) > 1:
        return "each name needs an identifier of its own", "write `{name}` once, behind the `?`"
    literal = local.replace(NAMESPACE, "", 1).replace(NAME, "", 1)
    if not _QUERY.fullmatch(literal):
        return (
            f"`{literal}` has characters that cannot stand in an identifier as they are",
            "use letters, digits and `-._~!$&'()*+,;=:@/?` around the names",
        )
    return None


def _same(first: NamespaceRule, second: NamespaceRule) -> Iterator[Diagnostic]:
    """Whether some name in the one has the identifier of some name in the other.

    What stands before the one's names must then begin what stands before the other's, and the rest
    of it be a part of a name; and the same from behind.
    """
    assert first.identifier is not None
    assert second.identifier is not None
    one, other = (
        _frame(each.identifier.template, each.name)
        for each in (first, second)
        if each.identifier is not None
    )
    short, long = sorted((one.before, other.before), key=len)
    less, more = sorted((one.behind, other.behind), key=len)
    begins, ends = long.removeprefix(short), more[: len(more) - len(less)]
    if not (
        long.startswith(short)
        and more.endswith(less)
        and _IN_NAMES.fullmatch(begins)
        and _IN_NAMES.fullmatch(ends)
    ):
        return
    whole = f"{long}x{more}"
    yield error(
        Code.IDENTIFIERS_COLLIDE,
        f"`{whole}` may be a product in `{first.name}` and one in `{second.name}`",
        Label(second.identifier.origin.at("template")),
        *(
            [Label(first.identifier.origin.at("template"), "by this it is the other")]
            if first.identifier.origin.at("template") != second.identifier.origin.at("template")
            else []
        ),
        help="write `{namespace}:` before `{name}`, or give each its own path",
        subject=second.name,
    )
