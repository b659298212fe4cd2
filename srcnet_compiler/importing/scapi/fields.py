"""Rules about one entry of the catalogue by itself: what it has, and of which kind."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from srcnet_compiler.diagnostic import Code
from srcnet_compiler.importing.finding import Finding
from srcnet_compiler.importing.scapi.finding import Known, at, called
from srcnet_compiler.importing.words import HOST, LOCAL, PATH, countries
from srcnet_compiler.near import did_you_mean
from srcnet_compiler.scapi_nodes import BELOW, FIELDS, Entry, FieldRule, Kind
from srcnet_compiler.source.trouble import shown

_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_MEND = "mend it in the catalogue"


def missing_fields(entries: Sequence[Entry], _: Known) -> Iterator[Finding]:
    """What an entry has to have and does not: by the catalogue's own rule, or to be of any use."""
    for entry in entries:
        needed = [key for key, rule in FIELDS[entry.kind].items() if rule.required]
        useful = ["name", "tier"] if entry.kind == "area" else []
        for key in (*needed, *useful):
            if entry.said.get(key) not in (None, ""):
                continue
            yield Finding(
                Code.MISSING_FIELD,
                f"`{called(entry)}` has no `{key}`, which every {entry.kind} needs",
                (at(entry),),
                f"add `{key}` in the catalogue",
                called(entry),
            )


def later_fields(entries: Sequence[Entry], _: Known) -> Iterator[Finding]:
    """What this version does not know: it is kept."""
    seen: dict[tuple[Kind, str], list[Entry]] = {}
    for entry in entries:
        for key in entry.said.keys() - FIELDS[entry.kind].keys() - BELOW[entry.kind].keys():
            seen.setdefault((entry.kind, key), []).append(entry)
    for (kind, key), having in sorted(seen.items()):
        fields = [*FIELDS[having[0].kind], *BELOW[having[0].kind]]
        yield Finding(
            Code.LATER_FIELD,
            f"{shown(key)} is no field of {_a(kind)} that this version knows",
            tuple(at(entry, key) for entry in having),
            did_you_mean(key, fields, "it is kept under `catalogue:` as it is"),
            key,
        )


def _a(kind: str) -> str:
    return f"an {kind}" if kind == "area" else f"a {kind}"


def wrong_kinds(entries: Sequence[Entry], _: Known) -> Iterator[Finding]:
    """Values of another kind than their field, and words that it does not have."""
    for entry in entries:
        for key, rule in FIELDS[entry.kind].items():
            value = entry.said.get(key)
            if value is None or value == "":
                continue
            if not _is(value, rule):
                what = f"is not {_HOLDS[rule.holds]}"
            elif rule.one_of and isinstance(value, str) and value.strip() not in rule.one_of:
                what = f"is none of {', '.join(sorted(filter(None, rule.one_of)))}"
            else:
                continue
            yield Finding(
                Code.WRONG_VALUE,
                f"`{key}` of `{called(entry)}` is {shown(_text(value))}, which {what}",
                (at(entry, key),),
                _MEND,
                called(entry),
            )


def _is(value: object, rule: FieldRule) -> bool:
    match rule.holds:
        case "text":
            return isinstance(value, str)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "whole":
            return isinstance(value, int) and not isinstance(value, bool)
        case "truth":
            return isinstance(value, bool)
        case "list":
            return isinstance(value, list)
    return True


_HOLDS = {
    **{"text": "a text", "number": "a number", "whole": "a whole number"},
    **{"truth": "true or false", "list": "a list"},
}


def _text(value: object) -> str:
    return value if isinstance(value, str) else repr(value)


def blanks_around(entries: Sequence[Entry], _: Known) -> Iterator[Finding]:
    """Names, hosts and paths that begin or end with a blank: no system finds them."""
    for entry in entries:
        for key in ("name", "host", "base_path", "relative_path", "path", "prefix"):
            value = entry.said.get(key)
            if isinstance(value, str) and value != value.strip():
                yield Finding(
                    Code.BLANKS_AROUND,
                    f"`{key}` has blanks around it: `{value}`",
                    (at(entry, key),),
                    f"write `{value.strip()}`",
                    called(entry),
                )


def addresses_as_paths(entries: Sequence[Entry], _: Known) -> Iterator[Finding]:
    """Whole addresses where only a part of one belongs, and schemes with what follows them."""
    for entry in entries:
        for key in ("relative_path", "base_path", "path", "host", "prefix"):
            value = entry.text(key)
            if not _URL.match(value):
                continue
            scheme, rest = value.split("://", 1)
            part = {"host": "a host", "prefix": "a scheme"}.get(key, "a path")
            kept = {"prefix": scheme, "host": rest.partition("/")[0].partition(":")[0]}
            yield Finding(
                Code.ADDRESS_AS_PATH,
                f"`{key}` has to be {part} alone, and is {shown(value)}",
                (at(entry, key),),
                f"write `{kept.get(key, '/' + rest.partition('/')[2])}`",
                called(entry),
            )


def local_hosts(entries: Sequence[Entry], _: Known) -> Iterator[Finding]:
    """Hosts that are another machine for everybody."""
    for entry in entries:
        if LOCAL.fullmatch(entry.text("host")):
            yield Finding(
                Code.LOCAL_HOST,
                f"`{entry.text('host')}` means another machine for everybody",
                (at(entry, "host"),),
                "write the name by which others reach it",
                called(entry),
            )


def plain_http(entries: Sequence[Entry], known: Known) -> Iterator[Finding]:
    """Storage that is reached without encryption, where tokens are all that opens it."""
    for entry in entries:
        if not known.token_only or entry.kind != "storage":
            continue
        for protocol in entry.each("supported_protocols"):
            if protocol.text("prefix") == "http":
                yield Finding(
                    Code.PLAIN_HTTP,
                    f"`{called(entry)}` is reached by plain http, which shows tokens to all",
                    (at(protocol, "prefix"),),
                    "offer `https`, and let the catalogue say so",
                    called(entry),
                )


def not_sayable(entries: Sequence[Entry], _: Known) -> Iterator[Finding]:
    """Hosts, paths, ports and places that no spec can say, so that they are left out."""
    for entry in entries:
        for key in ("host", "base_path", "relative_path", "path", "port", "latitude", "longitude"):
            value = entry.text(key) or entry.number(key)
            if value in ("", None) or _URL.match(str(value)) or _is_sayable(key, value):
                continue
            yield Finding(
                Code.NOT_IMPORTED,
                f"{shown(str(value))} cannot be the `{key}` of anything in a spec",
                (at(entry, key),),
                "it is left out; mend it in the catalogue, and import again",
                called(entry),
            )


def _is_sayable(key: str, value: str | float | None) -> bool:
    if isinstance(value, str):
        return bool(
            (HOST if key == "host" else PATH).fullmatch(value if key == "host" else f"/{value}")
        )
    most = {"port": 65535, "latitude": 90, "longitude": 180}
    return value is None or key not in most or -most[key] * (key != "port") <= value <= most[key]


def wrong_countries(entries: Sequence[Entry], _: Known) -> Iterator[Finding]:
    """Countries that ISO 3166 does not have."""
    for entry in entries:
        country = entry.text("country")
        if entry.kind == "site" and country and country not in countries():
            near = country.upper() if country.upper() in countries() else ""
            yield Finding(
                Code.WRONG_COUNTRY,
                f"{shown(country)} is no country of ISO 3166",
                (at(entry, "country"),),
                f"write `{near}`" if near else "write its two letters, such as `CH`",
                called(entry),
            )


def without_address(entries: Sequence[Entry], _: Known) -> Iterator[Finding]:
    """Services that nobody can find."""
    for entry in entries:
        if entry.kind == "local service" and not entry.text("host"):
            yield Finding(
                Code.SERVICE_WITHOUT_ADDRESS,
                f"`{called(entry)}` is listed without a host, so nobody can find it",
                (at(entry),),
                "add `host` in the catalogue, or take the entry out",
                called(entry),
            )


def wrong_downtimes(entries: Sequence[Entry], _: Known) -> Iterator[Finding]:
    """Downtimes that end before they begin, or whose times cannot be read."""
    for entry in entries:
        if entry.kind != "downtime" or not isinstance(entry.said.get("date_range"), str):
            continue
        period, said = period_of(entry), entry.text("date_range")
        if said and period is None:
            yield Finding(
                Code.WRONG_VALUE,
                f"{shown(said)} is no time such as `2027-03-01T08:00:00Z to 2027-03-02T08:00:00Z`",
                (at(entry, "date_range"),),
                _MEND,
                "downtime",
            )
        elif period is not None and period[1] <= period[0]:
            yield Finding(
                Code.DOWNTIME,
                f"the downtime {shown(said)} ends before it has begun",
                (at(entry, "date_range"),),
                _MEND,
                "downtime",
            )


def period_of(entry: Entry) -> tuple[datetime, datetime] | None:
    """When a downtime begins and ends, in UTC where it says no zone; None where it is not said."""
    begin, to, end = entry.text("date_range").partition(" to ")
    try:
        first, last = (_instant(each) for each in (begin, end))
    except ValueError:
        return None
    return (first, last) if to else None


def _instant(text: str) -> datetime:
    from datetime import UTC

    there = datetime.fromisoformat(text.strip())
    return there.replace(tzinfo=UTC) if there.tzinfo is None else there.astimezone(UTC)
