"""Which DIDs a subscription's filter matches, and which filters can never share a DID.

The transmogrifier compares regexes with `re.match`: they are anchored at the start only, so the
scope `odp` matches `odp-test` as well. Only the columns of a DID count, as they are when it is
looked at; metadata that is set later never matches.
Source: rucio/daemons/transmogrifier/transmogrifier.py of Rucio 41.5 (__is_matching_subscription).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations
from typing import TypeAlias

from srcnet_compiler.targets.rucio.model.shard import BUCKETS, buckets_of
from srcnet_compiler.targets.rucio.model.shard import FALLBACK_EXCLUDED as FALLBACK_EXCLUDED
from srcnet_compiler.targets.rucio.model.shard import bucket_pattern as bucket_pattern

MetaValue: TypeAlias = str | int | float | bool | datetime | None

_DID_COLUMNS = """
scope name account did_type is_open monotonic hidden obsolete complete is_new availability
suppressed bytes length md5 adler32 expired_at purge_replicas deleted_at events guid project
datatype run_number stream_name prod_step version campaign task_id panda_id lumiblocknr provenance
phys_group transient accessed_at closed_at eol_at is_archive constituent access_cnt created_at
updated_at
"""
DID_COLUMNS = frozenset(_DID_COLUMNS.split())
"""Every column of a DID. A filter on anything else matches nothing."""

COLLECTIONS = frozenset({"DATASET", "CONTAINER"})
"""The types that subscriptions act on; files are passed over."""


class FilterError(ValueError):
    """A filter on which the transmogrifier fails, for all new DIDs and not only its own.

    Also a question about a DID that the columns at hand do not answer.
    """


@dataclass(frozen=True, slots=True)
class Did:
    """A DID as the transmogrifier meets it.

    `columns` are further columns as the server's Python has them, dates as datetime; scope, name
    and type need not be repeated. Types and `availability` go by the names that REST shows.
    """

    scope: str
    name: str
    did_type: str
    columns: Mapping[str, MetaValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filter:
    """The filter of a subscription. None: the key is absent and demands nothing.

    `scope`, the patterns and `metadata` are regexes, of which one has to match; file sizes are
    bytes. Raises FilterError for a text that is no regex.
    """

    scope: tuple[str, ...] | None = None
    did_type: tuple[str, ...] | None = None
    pattern: str | None = None
    excluded_pattern: str | None = None
    account: tuple[str, ...] | None = None
    min_avg_file_size: float | None = None
    max_avg_file_size: float | None = None
    metadata: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        patterns = [text for text in (self.pattern, self.excluded_pattern) if text is not None]
        for regexes in (patterns, self.scope or (), *self.metadata.values()):
            for regex in regexes:
                _check_regex(regex)


def anchored(name: str) -> str:
    """The regex that matches this name alone, in the form that `disjoint` understands."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
        raise FilterError(f"`{name}` is no name that a filter can spell out")
    return "^" + name.replace(".", r"\.") + "$"


def _check_regex(text: str) -> None:
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise FilterError(f"`{text}` is no regular expression: {error}") from None


# ── matching ──────────────────────────────────────────────────────────────────────────────────


def matches(wanted: Filter, did: Did) -> bool:
    """Whether the transmogrifier would give this DID the subscription's rules.

    Files and hidden DIDs never match. Raises FilterError when the filter asks for a column that
    `did` does not state.
    """
    if did.did_type not in COLLECTIONS or did.columns.get("hidden"):
        return False
    return all(_demands_met(wanted, did))


def _demands_met(wanted: Filter, did: Did) -> Iterator[bool]:
    if wanted.pattern is not None:
        yield re.match(wanted.pattern, did.name) is not None
    if wanted.excluded_pattern is not None:
        yield re.match(wanted.excluded_pattern, did.name) is None
    if wanted.scope is not None:
        yield _matches_any(wanted.scope, did.scope)
    if wanted.did_type is not None:
        yield did.did_type in wanted.did_type
    if wanted.account is not None:
        yield _stated(did, "account") in wanted.account
    if wanted.min_avg_file_size is not None or wanted.max_avg_file_size is not None:
        yield _fits_file_size(wanted, did)
    for column, regexes in wanted.metadata.items():
        yield column in DID_COLUMNS and _matches_any(regexes, _spelled(did, column))


def _matches_any(regexes: Iterable[str], text: str) -> bool:
    return any(re.match(regex, text) for regex in regexes)


def _fits_file_size(wanted: Filter, did: Did) -> bool:
    length, size = _stated(did, "length"), _stated(did, "bytes")
    if not (isinstance(length, int) and isinstance(size, int) and length and size):
        return True  # not known yet at creation, and then not asked
    average = size / length
    low, high = wanted.min_avg_file_size, wanted.max_avg_file_size
    return (low is None or average >= low) and (high is None or average <= high)


def _spelled(did: Did, column: str) -> str:
    """A column as the server's `str` writes it: None, True, 2026-01-31 10:00:00, …"""
    value = _stated(did, column)
    return f"DIDAvailability.{value}" if column == "availability" else str(value)


def _stated(did: Did, column: str) -> MetaValue:
    if column == "name":
        return did.name
    if column not in did.columns:
        raise FilterError(f"column `{column}` of `{did.scope}:{did.name}` is not stated")
    return did.columns[column]


# ── reading and writing ───────────────────────────────────────────────────────────────────────


def parse_filter(data: Mapping[str, object]) -> Filter:
    """The filter of a subscription as the server holds it, once its JSON text is decoded.

    Raises FilterError for what the server takes but the transmogrifier fails on. `split_rule` is
    no demand and is left out.
    """
    known = {"scope", "did_type", "pattern", "excluded_pattern", "account"}
    known |= {"min_avg_file_size", "max_avg_file_size", "split_rule"}
    return Filter(
        scope=_scopes(data),
        did_type=_names(data, "did_type"),
        pattern=_pattern(data, "pattern"),
        excluded_pattern=_pattern(data, "excluded_pattern"),
        account=_names(data, "account"),
        min_avg_file_size=_size(data, "min_avg_file_size"),
        max_avg_file_size=_size(data, "max_avg_file_size"),
        metadata={
            key: tuple(str(value) for value in _as_list(values))
            for key, values in data.items()
            if key not in known
        },
    )


def as_json(wanted: Filter) -> dict[str, object]:
    """The filter as `add_subscription` takes it; `parse_filter` reads it back."""
    demands: dict[str, object] = {
        "scope": wanted.scope,
        "did_type": wanted.did_type,
        "pattern": wanted.pattern,
        "excluded_pattern": wanted.excluded_pattern,
        "account": wanted.account,
        "min_avg_file_size": wanted.min_avg_file_size,
        "max_avg_file_size": wanted.max_avg_file_size,
        **dict(sorted(wanted.metadata.items())),
    }
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in demands.items()
        if value is not None
    }


def _as_list(values: object) -> list[object]:
    return values if isinstance(values, list) else [values]


def _scopes(data: Mapping[str, object]) -> tuple[str, ...] | None:
    """Unlike elsewhere a lone text is no list of one: the server takes it letter by letter."""
    scopes = data.get("scope", ...)
    if scopes is ...:
        return None
    if not isinstance(scopes, str | list):
        raise FilterError("`scope` must be a list of texts")
    texts = tuple(scope for scope in scopes if isinstance(scope, str))
    if len(texts) < len(scopes):
        raise FilterError("`scope` must be a list of texts")
    return texts


def _names(data: Mapping[str, object], key: str) -> tuple[str, ...] | None:
    if key not in data:
        return None
    return tuple(name for name in _as_list(data[key]) if isinstance(name, str))


def _pattern(data: Mapping[str, object], key: str) -> str | None:
    pattern = data.get(key, ...)
    if pattern is ...:
        return None
    if not isinstance(pattern, str):
        raise FilterError(f"`{key}` must be a text")
    return pattern


def _size(data: Mapping[str, object], key: str) -> float | None:
    size = data.get(key, ...)
    if size is ...:
        return None
    if not isinstance(size, int | float):
        raise FilterError(f"`{key}` must be a number of bytes")
    return size


# ── telling filters apart ─────────────────────────────────────────────────────────────────────

_NO_BUCKET = -1
_ENDINGS = frozenset((*BUCKETS, _NO_BUCKET))


def disjoint(filters: Iterable[Filter]) -> bool:
    """Whether no DID can match two of the filters. False also when that cannot be told.

    It can always be told of filters made of `anchored`, types, `bucket_pattern` and
    FALLBACK_EXCLUDED.
    """
    return not overlaps(filters)


def overlaps(filters: Iterable[Filter]) -> tuple[tuple[int, int], ...]:
    """The pairs of filters, by their places in the order given, that may share a DID."""
    some = [(place, wanted) for place, wanted in enumerate(filters) if why_never(wanted) is None]
    return tuple(
        (first, second)
        for (first, one), (second, other) in combinations(some, 2)
        if not _apart(one, other)
    )


def _apart(one: Filter, other: Filter) -> bool:
    columns = one.metadata.keys() & other.metadata.keys()
    return (
        not _types(one) & _types(other)
        or not _endings(one) & _endings(other)
        or _share_nothing(one.account, other.account)
        or _share_nothing(_literals(one.scope), _literals(other.scope))
        or any(
            _share_nothing(_literals(one.metadata[column]), _literals(other.metadata[column]))
            for column in columns
        )
    )


def why_never(wanted: Filter) -> str | None:
    """Why no DID at all can match, where that can be told: the server accepts such filters."""
    for column in wanted.metadata:
        if column not in DID_COLUMNS:
            return f"`{column}` is no column of a DID"
    for key, values in (("scope", wanted.scope), ("account", wanted.account)):
        if values == ():
            return f"`{key}` allows nothing"
    for column, regexes in wanted.metadata.items():
        if not regexes:
            return f"`{column}` allows nothing"
    if not _types(wanted):
        return "`did_type` allows neither DATASET nor CONTAINER"
    if not _endings(wanted):
        return "`excluded_pattern` excludes all that `pattern` allows"
    return None


def _share_nothing(one: Iterable[str] | None, other: Iterable[str] | None) -> bool:
    return one is not None and other is not None and not set(one) & set(other)


def _types(wanted: Filter) -> frozenset[str]:
    return COLLECTIONS if wanted.did_type is None else COLLECTIONS & set(wanted.did_type)


def _endings(wanted: Filter) -> frozenset[int]:
    """The buckets whose names may match, _NO_BUCKET for all other names; rather too many."""
    allowed = buckets_of(wanted.pattern) if wanted.pattern is not None else None
    excluded = buckets_of(wanted.excluded_pattern) if wanted.excluded_pattern is not None else None
    return (_ENDINGS if allowed is None else allowed) - (excluded or frozenset())


_LITERAL = re.compile(r"\^((?:[A-Za-z0-9_-]|\\[._-])*)\$")


def _literals(regexes: tuple[str, ...] | None) -> frozenset[str] | None:
    """The texts that match, when all regexes are anchored names; else None."""
    if regexes is None:
        return None
    found = [_LITERAL.fullmatch(regex) for regex in regexes]
    if not all(found):
        return None
    return frozenset(match[1].replace("\\", "") for match in found if match)
