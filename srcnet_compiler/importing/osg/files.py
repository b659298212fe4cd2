"""Files of OSG's topology together: resources say on which host what a downtime names is."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from srcnet_compiler.diagnostic import Code, Diagnostic, Outcome
from srcnet_compiler.importing.drafting.addresses import read_address
from srcnet_compiler.importing.drafting.areas import Area
from srcnet_compiler.importing.drafting.outages import Outage, reversed_period
from srcnet_compiler.importing.drafting.papers import Paper, read_yaml_papers
from srcnet_compiler.importing.drafting.said import Said, again, defects, mappings
from srcnet_compiler.importing.drafting.sketch import Sketch
from srcnet_compiler.importing.finding import Finding, Where, diagnostics
from srcnet_compiler.importing.osg.words import (
    CLASSES,
    DOWNTIME,
    GROUP,
    RESOURCE,
    SEVERITIES,
    UNSAID,
    holds_data,
    is_cache,
    moment,
    tier_of,
    with_flags,
)
from srcnet_compiler.importing.words import HOST
from srcnet_compiler.source.trouble import shown


def read(contents: Mapping[str, bytes]) -> Outcome[Sketch]:
    """What these files say; None where one of them cannot be read."""
    papers: list[Paper] = []
    unread: list[Diagnostic] = []
    for file, content in contents.items():
        outcome = read_yaml_papers(file, content)
        if outcome.value is None:
            unread += outcome.diagnostics
        else:
            papers += outcome.value
    return Outcome(None, tuple(unread)) if unread else Outcome(_Reading(papers).sketch())


class _Reading:
    """All documents, resources first: names are unique in the whole topology."""

    def __init__(self, papers: list[Paper]) -> None:
        self._papers = papers
        self._found: list[Diagnostic] = []
        self._left: Counter[str] = Counter()
        self._resources: dict[str, Said] = {}
        self._downtimes: dict[int, Said] = {}

    def sketch(self) -> Sketch:
        areas = [area for paper in self._papers for area in self._group(paper)]
        outages = [outage for paper in self._papers for outage in self._downtimes_in(paper)]
        return Sketch(
            tuple(self._papers),
            tuple(areas),
            (),
            tuple(outages),
            tuple(self._found),
            self._left,
        )

    def _say(self, paper: Paper, *found: Finding) -> None:
        self._found += diagnostics(paper, found)

    # resources

    def _group(self, paper: Paper) -> Iterator[Area]:
        data: Any = paper.data
        if isinstance(data, list):
            return
        if not isinstance(data, dict) or "Resources" not in data:
            words = "this holds neither resources nor downtimes of OSG's topology"
            self._say(paper, Finding(Code.NOT_IMPORTED, words, (Where(()),), "it is left out", ""))
            return
        group = Said(paper, "resource group", paper.file, (), with_flags(data, GROUP), GROUP)
        self._say(paper, *defects(group))
        for name, each in (group.value("Resources") or {}).items():
            path = ("Resources", name)
            if not isinstance(each, dict):
                words = f"{shown(str(name))} is no resource"
                self._say(paper, group.left_out("Resources", words))
                continue
            said = Said(paper, "resource", str(name), path, with_flags(each, RESOURCE), RESOURCE)
            self._say(paper, *defects(said))
            if (area := self._resource(said, off=group.value("Disable") is True)) is not None:
                yield area

    def _resource(self, said: Said, *, off: bool) -> Area | None:
        first = self._resources.setdefault(said.called, said)
        if first is not said:
            self._say(said.paper, again(said, first, f"{shown(said.called)} is described"))
            return None
        services = [str(each) for each in said.value("Services") or {}]
        storage = [each for each in services if holds_data(each)]
        self._left.update(f"{key} of resources" for key in UNSAID if said.data.get(key))
        host = said.text("FQDN")
        if host and not HOST.fullmatch(host):
            self._say(said.paper, said.wrong("FQDN", f"{shown(host)} is no host name"))
            return None
        if not storage or not host:
            self._left.update([] if storage else ["resources without storage"])
            return None
        tier = tier_of(storage)
        if tier is None and any("." in each for each in storage):
            words = f"{shown(said.called)} is {' and '.join(storage)}, and an area has one tier"
            self._say(said.paper, said.left_out("Services", words, "say its tier, or split it"))
        address = _address(said, storage)
        caches = all(map(is_cache, storage))
        enabled = (
            not off and said.value("Active") is not False and said.value("Disable") is not True
        )
        hosts = _hosts(said)
        endpoints = f"endpoints (at {host})"
        return Area(
            said,
            said.called,
            "",
            f"{said.called} in OSG's topology",
            tier,
            role="cache" if caches else "data",
            enabled=enabled,
            endpoints=(address,) if address else (),
            hosts=hosts,
            unsaid=("capacity", "system", *(() if address else (endpoints,))),
        )

    # downtimes

    def _downtimes_in(self, paper: Paper) -> Iterator[Outage]:
        for each in mappings(paper.data, (), "downtime"):
            if isinstance(each, Finding):
                self._say(paper, each)
                continue
            path, data = each
            called = data.get("ResourceName")
            said = Said(
                paper,
                "downtime",
                called if isinstance(called, str) else "downtime",
                path,
                data,
                DOWNTIME,
            )
            self._say(paper, *defects(said))
            if (outage := self._outage(said)) is not None:
                yield outage

    def _outage(self, said: Said) -> Outage | None:
        number, name = said.value("ID"), said.text("ResourceName")
        if number is not None:
            first = self._downtimes.setdefault(number, said)
            if first is not said:
                self._say(said.paper, again(said, first, f"the downtime {number} is listed"))
                return None
        begin, end = (self._time(said, key) for key in ("StartTime", "EndTime"))
        planned = self._word(said, "Class", CLASSES)
        is_down = self._word(said, "Severity", SEVERITIES)
        services = [each for each in said.value("Services") or [] if isinstance(each, str)]
        if begin is None or end is None or planned is None or not name or not services:
            return None
        if end <= begin:
            self._say(said.paper, reversed_period(said, "EndTime", name))
            return None
        if is_down is not True:
            self._left.update(
                ["downtimes in which no outage is expected"] if is_down is False else []
            )
            return None
        resource = self._resources.get(name)
        return Outage(
            said,
            name,
            _hosts(resource) if resource is not None else (),
            any(map(holds_data, services)),
            not all(map(holds_data, services)),
            (begin, end),
            planned,
            said.text("Description"),
        )

    def _time(self, said: Said, key: str) -> Any:  # noqa: ANN401  a time, or None
        text = said.text(key)
        found = moment(text) if text else None
        if text and found is None:
            words = f"{shown(text)} is no time such as `Nov 26, 2026 15:00 +0000`"
            self._say(said.paper, said.wrong(key, words))
        return found

    def _word(self, said: Said, key: str, words: Mapping[str, bool]) -> bool | None:
        text = said.text(key)
        if text and text not in words:
            listed = ", ".join(words)
            self._say(said.paper, said.wrong(key, f"{shown(text)} is none of {listed}"))
        return words.get(text)


def _hosts(said: Said) -> tuple[str, ...]:
    aliases = (each for each in said.value("FQDNAliases") or [] if isinstance(each, str))
    return tuple(dict.fromkeys(filter(None, (said.text("FQDN"), *aliases))))


def _address(said: Said, storage: list[str]) -> Mapping[str, Any] | None:
    """The one way in that is said as an address with a path."""
    for service in storage:
        each = said.data["Services"][service]
        details = each.get("Details") if isinstance(each, dict) else None
        text = details.get("uri_override") if isinstance(details, dict) else None
        address = read_address(text) if isinstance(text, str) else ""
        if not isinstance(address, str) and address.path != "/" and address.port is not None:
            return address.endpoint
    return None
