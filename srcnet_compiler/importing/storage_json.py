"""Volumes of a `storage.json` as CMS sites write it, as storage areas of our language.

Source: the fields and words that the program has which makes RSEs of these files.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from srcnet_compiler.diagnostic import Outcome
from srcnet_compiler.importing.drafting.addresses import Address, read_address
from srcnet_compiler.importing.drafting.areas import Area
from srcnet_compiler.importing.drafting.papers import Paper, not_read, read_json_paper, twice
from srcnet_compiler.importing.drafting.said import (
    LIST,
    TEXT,
    Field,
    Said,
    again,
    defects,
    mappings,
)
from srcnet_compiler.importing.drafting.sketch import Sketch
from srcnet_compiler.importing.finding import Finding, diagnostics
from srcnet_compiler.importing.words import URL
from srcnet_compiler.importing.written import Noted, Tree
from srcnet_compiler.source.trouble import shown

_VOLUME = {
    "site": Field(str, required=True),
    "volume": TEXT,
    "rse": TEXT,
    "type": TEXT,
    "fts": LIST,
    "protocols": Field(list, required=True),
    "quality": TEXT,
    "loadtest": TEXT,
    "comment": TEXT,
}
_PROTOCOL = {
    "protocol": Field(str, required=True),
    "access": Field(str, required=True),
    "prefix": TEXT,
    "rules": LIST,
    "comment": TEXT,
}
_RULE = {"lfn": Field(str, required=True), "pfn": Field(str, required=True), "chain": TEXT}
_TIERS = {"DISK": "online", "TAPE": "nearline"}
_WHOLE = re.compile(r"\^?/\+?\(\.\*\)\$?")
"""A pattern of names that means every name from the root."""
_LEFT = "it is left out; say it in the spec where it is needed"


def read(contents: Mapping[str, bytes]) -> Outcome[Sketch]:
    """The volumes in one text; None where it is not whole, or none of such."""
    ((file, content),) = contents.items()
    outcome = read_json_paper(file, content)
    paper = outcome.value
    if paper is None:
        return Outcome(None, outcome.diagnostics)
    if not isinstance(paper.data, list) or not any(isinstance(e, dict) for e in paper.data):
        words = "this is no list of volumes, as a `storage.json` is"
        return Outcome(None, (not_read(words, paper.spans([()])[()]),))
    found: list[Finding] = [*twice(paper)]
    areas = list(_areas(paper, found))
    return Outcome(Sketch((paper,), tuple(areas), diagnostics=tuple(diagnostics(paper, found))))


def _areas(paper: Paper, found: list[Finding]) -> Iterator[Area]:
    first: dict[tuple[str, str], Said] = {}
    for each in mappings(paper.data, (), "volume"):
        if isinstance(each, Finding):
            found.append(each)
            continue
        path, data = each
        said = Said(paper, "volume", _called(data), path, data, _VOLUME)
        found += defects(said)
        site, called = said.text("site"), said.text("rse") or said.text("volume")
        if not site or not called:
            found.append(said.left_out(None, "no site, or neither RSE nor volume, is named here"))
            continue
        other = first.setdefault((site, called), said)
        if other is not said:
            found.append(again(said, other, f"{shown(said.called)} is described"))
            continue
        yield _area(said, site, called, found)


def _called(data: Mapping[str, object]) -> str:
    for key in ("rse", "volume", "site"):
        if isinstance(text := data.get(key), str) and text:
            return text
    return "volume"


def _area(said: Said, site: str, called: str, found: list[Finding]) -> Area:
    kind = said.text("type")
    tier = _TIERS.get(kind.upper())
    if kind and tier is None:
        found.append(said.wrong("type", f"{shown(kind)} is none of DISK and TAPE"))
    found += (
        said.left_out(key, f"specs have no word for `{key}`", _LEFT)
        for key in ("quality", "loadtest")
        if said.data.get(key)
    )
    endpoints = [*_endpoints(said, found)]
    hosts = [str(_plain(each)["host"]) for each in endpoints]
    unsaid = ["capacity", "system", *([] if endpoints else ["endpoints"])]
    return Area(
        said,
        called,
        site,
        f"storage.json of {site}",
        tier,
        fts=_fts(said, found),
        endpoints=tuple(endpoints),
        hosts=tuple(dict.fromkeys(hosts)),
        unsaid=tuple(unsaid),
    )


def _plain(endpoint: Tree) -> Mapping[str, Tree]:
    said = endpoint.value if isinstance(endpoint, Noted) else endpoint
    assert isinstance(said, Mapping)
    return said


def _fts(said: Said, found: list[Finding]) -> str | None:
    """The transfer service, where there is one: an area has one alone."""
    listed = said.value("fts") or []
    named = [each for each in listed if isinstance(each, str) and URL.fullmatch(each)]
    if len(named) != len(listed) or len(named) > 1:
        what = "several transfer services are" if len(named) > 1 else "what is no address is"
        found.append(said.left_out("fts", f"{what} named, and an area has one", _LEFT))
        return None
    return named[0] if named else None


# ── the ways in ───────────────────────────────────────────────────────────────────────────────


def _endpoints(said: Said, found: list[Finding]) -> Iterator[Tree]:
    """Those that a spec can say, in their order."""
    position = 0
    for each in mappings(said.value("protocols"), (*said.path, "protocols"), "protocol"):
        if isinstance(each, Finding):
            found.append(each)
            continue
        path, data = each
        called = data.get("protocol")
        one = Said(
            said.paper,
            "protocol",
            called if isinstance(called, str) else "it",
            path,
            data,
            _PROTOCOL,
        )
        found += defects(one)
        address = _address(one)
        access = one.text("access").lower()
        if isinstance(address, str):
            what = f"{shown(one.called)} of {shown(said.called)} cannot be said: {address}"
            key = "prefix" if one.value("prefix") else "rules"
            found.append(one.left_out(key, what, _LEFT))
        elif access not in _USES:
            words = f"{shown(access)} is none of {', '.join(_USES)}"
            found.append(one.wrong("access", words))
        else:
            position += 1
            yield _endpoint(address, access, position)


def _address(one: Said) -> Address | str:
    """Where a protocol leads, or why that cannot be said."""
    if one.text("access").lower() == "virtual":
        return "it only rewrites names for others"
    if prefix := one.text("prefix"):
        return read_address(prefix)
    rules = [each for each in one.value("rules") or [] if isinstance(each, dict)]
    if not rules:
        return "it has neither `prefix` nor `rules`"
    if len(rules) > 1:
        return "its rules make paths of names by several patterns"
    (rule,) = rules
    if set(rule) - _RULE.keys() or rule.get("chain"):
        return "its rule leads to another one"
    lfn, pfn = rule.get("lfn"), rule.get("pfn")
    if not isinstance(lfn, str) or not isinstance(pfn, str):
        return "its rule has no `lfn` or no `pfn`"
    if not _WHOLE.fullmatch(lfn) or not pfn.endswith("/$1") or "$" in pfn[:-2]:
        return "its rule makes paths of names by a pattern"
    return read_address(pfn.removesuffix("$1"))


_USES = {
    "global-rw": ("rwd", "rwd"),
    "global-ro": ("r", "r"),
    "site-rw": ("rwd", ""),
    "site-ro": ("r", ""),
}
"""What a way in is good for, from within the site and from elsewhere: read, write, delete."""


def _endpoint(address: Address, access: str, position: int) -> Tree:
    lan, wan = _USES[access]
    tree: dict[str, Tree] = {**address.endpoint}
    if access != "global-rw":
        elsewhere: dict[str, Tree] = {
            **_priorities(wan, position),
            "thirdPartyCopyRead": position if "r" in wan else 0,
            "thirdPartyCopyWrite": position if "w" in wan else 0,
        }
        tree["priorities"] = {"lan": _priorities(lan, position), "wan": elsewhere}
    if address.port is None:
        return Noted(tree, "no port is said there: the usual one")
    return tree


def _priorities(uses: Sequence[str], position: int) -> Mapping[str, Tree]:
    words = {"r": "read", "w": "write", "d": "delete"}
    return {word: position if letter in uses else 0 for letter, word in words.items()}
