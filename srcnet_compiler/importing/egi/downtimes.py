"""What GOCDB answers to `get_downtime`: one entry for each service that is down."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from srcnet_compiler.diagnostic import Outcome
from srcnet_compiler.importing.drafting.outages import Outage, reversed_period
from srcnet_compiler.importing.drafting.papers import not_read
from srcnet_compiler.importing.drafting.said import TEXT, Field, Said, again, defects
from srcnet_compiler.importing.drafting.sketch import Sketch
from srcnet_compiler.importing.egi.xml_text import XmlPaper, read_xml_paper
from srcnet_compiler.importing.finding import Finding, diagnostics
from srcnet_compiler.source.trouble import shown

_DOWNTIME = {
    "": TEXT,
    "ID": Field(str, required=True),
    "CLASSIFICATION": Field(str, required=True),
    "SEVERITY": Field(str, required=True),
    "START_DATE": Field(str, required=True),
    "END_DATE": Field(str, required=True),
    "PRIMARY_KEY": TEXT,
    "HOSTNAME": TEXT,
    "SERVICE_TYPE": TEXT,
    "ENDPOINT": TEXT,
    "HOSTED_BY": TEXT,
    "SITENAME": TEXT,
    "GOCDB_PORTAL_URL": TEXT,
    "AFFECTED_ENDPOINTS": TEXT,
    "DESCRIPTION": TEXT,
    "INSERT_DATE": TEXT,
    "FORMATED_START_DATE": TEXT,
    "FORMATED_END_DATE": TEXT,
    "SCOPES": TEXT,
}
_CLASSES = {"SCHEDULED": True, "UNSCHEDULED": False}
_SEVERITIES = {"OUTAGE": True, "WARNING": False}
_STORAGE = ("srm", "webdav", "xrootd", "gridftp", "storage", "s3", "globus")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = 946_684_800, 253_402_300_799
"""Seconds: from 2000 to 9999."""


def read_downtimes(file: str, content: bytes) -> Outcome[Sketch]:
    """The downtimes in a text; None where it is not whole, or holds none."""
    outcome = read_xml_paper(file, content)
    paper = outcome.value
    if paper is None:
        return Outcome(None, outcome.diagnostics)
    if paper.root.lower() not in ("results", "root"):
        words = f"this is no answer of GOCDB's: it begins with {shown(paper.root)}"
        return Outcome(None, (not_read(words, paper.starts[()]),))
    found: list[Finding] = []
    left: Counter[str] = Counter()
    outages = tuple(_outages(paper, found, left))
    told = tuple(diagnostics(paper, found))
    return Outcome(Sketch((paper,), outages=outages, diagnostics=told, left=left))


def _outages(paper: XmlPaper, found: list[Finding], left: Counter[str]) -> Iterator[Outage]:
    first: dict[tuple[str, ...], Said] = {}
    for index, data in enumerate(paper.data):
        called = data.get("HOSTNAME") or data.get("SITENAME") or data[""]
        said = Said(paper, "downtime", called, (index,), data, _DOWNTIME)
        if data[""] != "DOWNTIME":
            words = f"{shown(data[''])} is no downtime"
            found.append(said.left_out(None, words))
            continue
        found += defects(said)
        key = tuple(said.text(k) for k in ("ID", "HOSTNAME", "SITENAME", "SERVICE_TYPE"))
        other = first.setdefault(key, said)
        if other is not said:
            if said.data != other.data:
                what = f"the downtime {shown(said.text('ID'))} of {shown(called)} is told"
                found.append(again(said, other, what))
            continue
        outage = _outage(said, called, found)
        if outage is not None and not _SEVERITIES[said.text("SEVERITY")]:
            left["downtimes that are a warning alone"] += 1
        elif outage is not None:
            yield outage


def _outage(said: Said, called: str, found: list[Finding]) -> Outage | None:
    begin, end = (_time(said, each, found) for each in ("START", "END"))
    planned = _word(said, "CLASSIFICATION", _CLASSES, found)
    is_down = _word(said, "SEVERITY", _SEVERITIES, found)
    host, site = said.text("HOSTNAME"), said.text("SITENAME")
    if not host and not site:
        words = "this downtime names neither `HOSTNAME` nor `SITENAME`"
        found.append(said.left_out(None, words))
        return None
    if begin is None or end is None or planned is None or is_down is None:
        return None
    if end <= begin:
        found.append(reversed_period(said, "END_DATE", called))
        return None
    kind = said.text("SERVICE_TYPE").lower()
    is_storage = any(word in kind for word in _STORAGE)
    return Outage(
        said,
        host or site,
        (host,) if host else (),
        is_storage or not kind,
        not is_storage,
        (begin, end),
        planned,
        said.text("DESCRIPTION"),
        is_site=not host,
    )


def _word(said: Said, key: str, words: dict[str, bool], found: list[Finding]) -> bool | None:
    text = said.text(key)
    if text and text not in words:
        found.append(said.wrong(key, f"{shown(text)} is none of {', '.join(words)}"))
    return words.get(text)


def _time(said: Said, which: str, found: list[Finding]) -> datetime | None:
    """A time in seconds since 1970; None where it is none, or its own text says another one."""
    key, written = f"{which}_DATE", f"FORMATED_{which}_DATE"
    text = said.text(key)
    if not text:
        return None
    seconds = int(text) if text.isascii() and text.isdigit() and len(text) < 13 else 0
    if not _FIRST <= seconds <= _LAST:
        found.append(said.wrong(key, f"{shown(text)} is no time in seconds since 1970"))
        return None
    moment = _EPOCH + timedelta(seconds=seconds)
    also = said.text(written)
    if also and also != f"{moment:%Y-%m-%d %H:%M}":
        words = f"`{written}` is {shown(also)}, and `{key}` is {moment:%Y-%m-%d %H:%M}"
        found.append(said.wrong(written, words))
        return None
    return moment
