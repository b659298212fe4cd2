"""Other people's formats: what becomes of what they say, and of what is wrong in them."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from typing import Any, NamedTuple

import pytest
from foreign_files import CLOUD, DOWNTIMES, GROUP, SITE, as_json, entry, gocdb, volumes
from hypothesis import given
from hypothesis import strategies as st

from srcnet_compiler.diagnostic import Diagnostic, Severity
from srcnet_compiler.importing import egi, osg, storage_json
from srcnet_compiler.importing.downtimes import Register
from srcnet_compiler.importing.drafting.addresses import Address, read_address
from srcnet_compiler.importing.drafting.areas import placed
from srcnet_compiler.importing.drafting.homes import Answers, NotSaidError
from srcnet_compiler.importing.drafting.known import known_in
from srcnet_compiler.importing.drafting.outages import noticed
from srcnet_compiler.importing.drafting.sites import sited
from srcnet_compiler.importing.osg.words import moment
from srcnet_compiler.importing.scapi.matching import RULES
from srcnet_compiler.importing.writing import existing, prepare
from srcnet_compiler.pipeline import shaped
from srcnet_compiler.source import parse

FILE = "site-specs/chsrc-cscs.yaml"
DOWN = "site-specs/chsrc-cscs/downtimes.yaml"
CSCS = Answers({"": "CHSRC-CSCS"})
TODAY = date(2026, 11, 26)


class Made(NamedTuple):
    files: dict[str, str]
    found: tuple[Diagnostic, ...]

    @property
    def codes(self) -> list[str]:
        return [each.code.value for each in self.found]

    @property
    def messages(self) -> str:
        return "\n".join(each.message for each in self.found)

    def spec(self) -> Any:
        return documents(self.files[FILE])[0]["spec"]


def documents(text: str) -> list[Any]:
    read = parse("", text.encode())
    assert read.value is not None, (text, read.diagnostics)
    return [each.data for each in read.value]


def made(
    read: Callable[[Mapping[str, bytes]], Any],
    contents: Mapping[str, bytes | str],
    files: Mapping[str, str] | None = None,
    answers: Answers = CSCS,
) -> Made:
    """The specs after an import in which nobody is asked, and what it found."""
    before = files or {FILE: SITE}
    given = {f: each.encode() if isinstance(each, str) else each for f, each in contents.items()}
    outcome = read(given)
    if outcome.value is None:
        return Made(dict(before), outcome.diagnostics)
    sketch = outcome.value
    there = existing({file: text.encode() for file, text in before.items()})
    known = known_in(there)
    of_sites = sited(sketch.sites, known, answers, lambda _, proposed, __: proposed)
    of_areas, left = placed(sketch.areas, known, answers, lambda _, proposed, __: proposed)
    off = noticed(sketch.outages, known, Register(there), TODAY)
    writing = prepare(there, (*of_sites, *of_areas, *off.wanted), RULES, "theirs")
    after = {**before, **{each.file: each.after for each in writing.changes}}
    return Made(after, (*sketch.diagnostics, *left, *off.left, *writing.diagnostics))


def of_volumes(data: object, **more: Any) -> Made:
    return made(storage_json.read, {"storage.json": as_json(data)}, **more)


def of_osg(*texts: str, **more: Any) -> Made:
    return made(osg.read, {f"{number}.yaml": text for number, text in enumerate(texts)}, **more)


def of_egi(content: bytes | str, **more: Any) -> Made:
    return made(egi.read, {"egi": content}, **more)


# ── storage.json ──────────────────────────────────────────────────────────────────────────────


def test_volumes_become_drafts_in_the_site_that_was_said_and_again_nothing_changes():
    first = of_volumes(volumes())
    assert first.found == ()
    spec = first.spec()
    assert spec["alsoKnownAs"] == ["T2_CH_EXAMPLE"]
    disk, tape = spec["storage"][1:]
    read_only = {"read": 2, "write": 0, "delete": 0}
    assert disk == {
        "name": "CHSRC-CSCS-T1",
        "status": "draft",
        "source": "storage.json of T2_CH_EXAMPLE",
        "alsoKnownAs": ["T2_CH_EXAMPLE"],
        "tier": "online",
        "endpoints": [
            {"protocol": "davs", "host": "webdav.example.org", "port": 2880, "path": "/cms"},
            {
                "protocol": "root",
                "host": "xrootd.example.org",
                "port": 1094,
                "path": "/cms",
                "priorities": {
                    "lan": read_only,
                    "wan": {**read_only, "thirdPartyCopyRead": 2, "thirdPartyCopyWrite": 0},
                },
            },
        ],
        "transfers": {"fts": "https://fts.example.org:8446"},
    }
    assert (tape["name"], tape["tier"]) == ("CHSRC-CSCS-T2", "nearline")
    assert [each["path"] for each in tape["endpoints"]] == ["/tape"]
    assert "# the first one\n" in first.files[FILE]
    assert "# to be filled in: capacity, system\n" in first.files[FILE]
    # the name that was written says which site it is from now on
    assert of_volumes(volumes(), files=first.files, answers=Answers()) == first


def test_what_people_filled_in_and_renamed_stays_and_differences_are_told():
    text = of_volumes(volumes()).files[FILE]
    text = text.replace("name: CHSRC-CSCS-T1  ", "name: CHSRC-CSCS-T1-CMS")
    text = text.replace("      status: draft\n      source: storage.json of T2_CH_EXAMPLE\n", "")
    text = text.replace("port: 2880, path: /cms", "port: 443, path: /cms")
    again = of_volumes(volumes(), files={FILE: text})
    assert again.files[FILE] == text
    assert again.codes == ["import-differs"]


def test_an_area_is_known_by_its_addresses_too():
    (disk, _) = volumes()
    disk["protocols"] = [
        {"protocol": "WebDAV", "access": "global-rw", "prefix": "davs://dav.example.org/ska"}
    ]
    after = of_volumes([disk])
    (area,) = after.spec()["storage"]
    assert area["name"] == "CHSRC-CSCS-T0"
    assert area["transfers"] == {"fts": "https://fts.example.org:8446"}


def test_which_site_is_meant_is_never_guessed():
    with pytest.raises(NotSaidError) as unsaid:
        of_volumes(volumes(), answers=Answers())
    assert "--site T2_CH_EXAMPLE=SITE" in unsaid.value.remedy
    two = volumes()
    two[1]["site"] = "T1_CH_OTHER"
    with pytest.raises(NotSaidError, match="several sites"):
        of_volumes(two)
    one = of_volumes(two, answers=Answers({"T2_CH_EXAMPLE": "CHSRC-CSCS"}))
    assert len(one.spec()["storage"]) == 2
    assert "`T1_CH_OTHER`, which no spec knows" in one.messages


def test_answers_that_were_given_beforehand_count():
    answers = Answers(
        {"": "CHSRC-CSCS"}, {"T2_CH_EXAMPLE": "CHSRC-CSCS-T1-CMS"}, "online", "staging"
    )
    (disk, tape) = volumes()
    del tape["type"]
    areas = of_volumes([disk, tape], answers=answers).spec()["storage"][1:]
    assert [each["name"] for each in areas] == ["CHSRC-CSCS-T1-CMS", "CHSRC-CSCS-T1-STAGE"]
    assert [each["environment"] for each in areas] == ["staging", "staging"]
    assert [each["tier"] for each in areas] == ["online", "online"]


def changed(**what: Any) -> list[dict[str, Any]]:
    (disk, _) = volumes()
    return [{**disk, **what}]


def protocol(**what: Any) -> list[dict[str, Any]]:
    (disk, _) = volumes()
    first = {key: value for key, value in disk["protocols"][0].items() if key not in what}
    disk["protocols"] = [{**first, **{k: v for k, v in what.items() if v is not None}}]
    return [disk]


RULES_OF_TWO = [
    {"lfn": "/+store/temp/(.*)", "pfn": "davs://h.example.org/temp/$1"},
    {"lfn": "/+(.*)", "pfn": "davs://h.example.org/$1"},
]


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (changed(quota=3), "later-field", "`quota` is no field"),
        (changed(tpye="DISK"), "later-field", "`tpye` is no field"),
        (changed(type="PAPER"), "wrong-value", "`PAPER` is none of DISK and TAPE"),
        (changed(type=3), "wrong-value", "`type` of `T2_CH_EXAMPLE` is not a text"),
        (changed(site=None), "missing-field", "has no `site`"),
        (changed(protocols={}), "wrong-value", "is not a list"),
        (
            changed(fts=["https://a.example.org", "https://b.example.org"]),
            "not-imported",
            "several",
        ),
        (changed(fts=[7]), "not-imported", "what is no address is named"),
        (changed(quality="production"), "not-imported", "no word for `quality`"),
        (changed(protocols=["x"]), "not-imported", "this is no protocol"),
        ([*volumes(), volumes()[0]], "not-imported", "`T2_CH_EXAMPLE` is described twice"),
        (
            [*volumes(), {**volumes()[0], "type": "TAPE"}],
            "not-imported",
            "is described twice, and not in the same way",
        ),
        (protocol(access="anybody"), "wrong-value", "`anybody` is none of global-rw"),
        (protocol(access="virtual"), "not-imported", "it only rewrites names for others"),
        (protocol(prefix="srm://s.example.org:8443/x"), "not-imported", "no word for `srm`"),
        (protocol(prefix="davs://s.example.org/x?y=z"), "not-imported", "behind the path"),
        (protocol(prefix="davs://me:pw@s.example.org/x"), "not-imported", "a password in it"),
        (protocol(prefix="davs://s.example.org:99999/x"), "not-imported", "99999 is no port"),
        (protocol(prefix="/pnfs/example.org"), "not-imported", "it is no address"),
        (protocol(prefix=None), "not-imported", "neither `prefix` nor `rules`"),
        (protocol(prefix=None, rules=RULES_OF_TWO), "not-imported", "by several patterns"),
        (protocol(prefix=None, rules=RULES_OF_TWO[:1]), "not-imported", "by a pattern"),
        (
            protocol(prefix=None, rules=[{**RULES_OF_TWO[1], "chain": "pnfs"}]),
            "not-imported",
            "leads to another one",
        ),
    ],
)
def test_what_is_wrong_or_cannot_be_said_is_a_finding_at_its_place(
    data: list[Any], code: str, words: str
):
    after = of_volumes(data)
    told = [each for each in after.found if each.code.value == code and words in each.message]
    assert told, after.messages
    span = told[0].labels[0].span
    line = as_json(data).decode().splitlines()[span.line - 1]
    assert span.file == "storage.json"
    assert line[span.column - 1 :].strip()
    assert all(each.severity is Severity.WARNING for each in after.found)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (as_json(volumes())[:200], "ends in the middle"),
        (b'{"site": "T2_CH_EXAMPLE"}', "no list of volumes"),
        (b"[]", "no list of volumes"),
        (b"\xff\xfe[", "not UTF-8"),
    ],
)
def test_of_what_is_not_whole_nothing_is_taken(content: bytes, words: str):
    after = made(storage_json.read, {"storage.json": content})
    assert words in after.messages
    assert [each.severity for each in after.found] == [Severity.ERROR]
    assert after.files == {FILE: SITE}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("davs://h.example.org:2880//a/b/", Address("davs", "h.example.org", 2880, "/a/b")),
        ("ROOT://h.example.org", Address("root", "h.example.org", None, "/")),
        ("https://h.example.org/", Address("https", "h.example.org", None, "/")),
    ],
)
def test_addresses_are_read_as_clients_read_them(text: str, meant: Address):
    assert read_address(text) == meant


# ── OSG ───────────────────────────────────────────────────────────────────────────────────────


def test_resources_with_storage_become_drafts_but_for_hosts_that_are_there():
    first = of_osg(GROUP)
    assert first.found == ()
    _, area = first.spec()["storage"]
    assert area == {
        "name": "CHSRC-CSCS-T2",
        "status": "draft",
        "source": "EXAMPLE_SE in OSG's topology",
        "alsoKnownAs": ["EXAMPLE_SE"],
        "tier": "nearline",
    }
    assert "endpoints (at se.example.org)" in first.files[FILE]
    assert of_osg(GROUP, files=first.files, answers=Answers()) == first


def test_downtimes_are_those_of_areas_and_services_on_the_hosts_of_resources():
    first = of_osg(DOWNTIMES, GROUP)
    assert first.found == ()
    area, service = (each["spec"] for each in documents(first.files[DOWN]))
    assert area == {
        "of": "CHSRC-CSCS-T0",
        "from": "2026-11-30T15:00Z",
        "to": "2026-12-01T15:00Z",
        "planned": True,
        "reason": "Power is cut",
    }
    assert (service["of"], service["planned"]) == ("CHSRC-CSCS/soda_sync", False)
    assert of_osg(GROUP, DOWNTIMES, files=first.files) == first


def test_a_downtime_that_ends_later_now_is_told_and_not_added():
    first = of_osg(GROUP, DOWNTIMES)
    again = of_osg(
        GROUP, DOWNTIMES.replace("Dec 01, 2026 09", "Dec 01, 2026 11"), files=first.files
    )
    assert again.files == first.files
    assert "`to` is `2026-12-01T15:00Z` here, and `2026-12-01T17:00Z` in theirs" in again.messages


def test_new_downtimes_stand_behind_those_that_are_there_whatever_the_last_line_ends_with():
    first = of_osg(GROUP, DOWNTIMES)
    files = {**first.files, DOWN: documents_without_end(first.files[DOWN])}
    later = DOWNTIMES.replace("Dec 02, 2026", "Dec 05, 2026").replace("Dec 03", "Dec 07")
    after = of_osg(GROUP, later.replace("Dec 01, 2026 09", "Dec 01, 2026 11"), files=files)
    assert [each["spec"]["from"][:10] for each in documents(after.files[DOWN])] == [
        *("2026-11-30", "2026-12-02", "2026-12-05")
    ]
    assert after.codes == ["import-differs"]


def documents_without_end(text: str) -> str:
    return text.rstrip("\n")


@pytest.mark.parametrize(
    ("before", "after", "code", "words"),
    [
        ("ID: 1000000002", "ID: 1000000001", "not-imported", "1000000001 is listed twice, and not"),
        ("Nov 30, 2026 15:00 +0000", "30.11.2026", "wrong-value", "`30.11.2026` is no time such"),
        ("Nov 30, 2026 15:00 +0000", "Nov 31, 2026 15:00 +0000", "wrong-value", "is no time such"),
        ("Nov 30, 2026", "Dec 30, 2026", "downtime-reversed", "ends before it has begun"),
        ("Severity: Outage", "Severity: Gone", "wrong-value", "`Gone` is none of Outage"),
        ("Class: SCHEDULED", "Class: MAYBE", "wrong-value", "`MAYBE` is none of SCHEDULED"),
        ("ResourceName: EXAMPLE_DAV", "ResourceName: OTHER", "not-imported", "`OTHER` is down"),
        ("  ResourceName: EXAMPLE_DAV\n", "", "missing-field", "has no `ResourceName`"),
        ("  Severity: Outage\n", "  Severity: Outage\n  Mood: low\n", "later-field", "`Mood`"),
        ("FQDN: se.example.org", "FQDN: a b", "wrong-value", "`a b` is no host name"),
        ("WebDAV.tape:", "SRMv2.disk: {}\n      SRMv2.tape:", "not-imported", "one tier"),
        ("Active: yes", "Active: perhaps", "wrong-value", "is not yes or no"),
        ("  EXAMPLE_DAV:\n", "  EXAMPLE_X: 7\n  EXAMPLE_DAV:\n", "not-imported", "no resource"),
        ("WebDAV.tape:", "XRootD cache server:", "not-imported", "no class of storage is for"),
    ],
)
def test_what_is_wrong_in_the_topology_is_a_finding(before: str, after: str, code: str, words: str):
    group, down = (text.replace(before, after, 1) for text in (GROUP, DOWNTIMES))
    found = of_osg(group, down).found
    assert [e for e in found if e.code.value == code and words in e.message], found


def test_the_same_resource_in_two_files_is_a_contradiction_with_both_places():
    found = of_osg(GROUP, GROUP.replace("ID: 7", "ID: 8")).found
    (told,) = (each for each in found if "`EXAMPLE_SE` is described twice, and not" in each.message)
    assert [label.span.file for label in told.labels] == ["1.yaml", "0.yaml"]


def test_what_is_no_yaml_is_an_error_and_comments_alone_are_nothing():
    broken = of_osg(GROUP, "- {a: [}")
    assert (broken.files, {e.severity for e in broken.found}) == ({FILE: SITE}, {Severity.ERROR})
    assert of_osg("# nothing is down\n") == Made({FILE: SITE}, ())
    assert "neither resources nor downtimes" in of_osg("City: Example\n").messages


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Nov 26, 2026 15:00 +0000", "2026-11-26T15:00:00+00:00"),
        ("Nov 6, 2026 5:00 UTC", "2026-11-06T05:00:00+00:00"),
        ("Mar 01, 2027 00:30 +0530", "2027-02-28T19:00:00+00:00"),
        ("Nov 26, 2026 15:00", None),
        ("Nov 26, 2026 25:00 +0000", None),
        ("Dec 31, 9999 23:00 -0900", None),
        ("Nov 26, 1926 15:00 +0000", None),
        ("Nov 26, 2026 15:00 +9900", None),
    ],
)
def test_times_of_the_topology(text: str, meant: str | None):
    found = moment(text)
    assert (None if found is None else found.isoformat()) == meant


# ── EGI ───────────────────────────────────────────────────────────────────────────────────────


def test_a_cloud_becomes_a_draft_of_compute_and_a_name_of_its_site():
    first = of_egi(CLOUD)
    assert first.found == ()
    assert first.spec()["alsoKnownAs"] == ["EXAMPLE-CLOUD"]
    assert first.spec()["compute"] == [
        {
            "name": "fedcloud",
            "status": "draft",
            "source": "EXAMPLE-CLOUD in EGI's federated cloud",
            "hardware": "vm",
            "description": (
                "OpenStack of EGI's federated cloud, https://keystone.example.org:5000/v3/"
            ),
        }
    ]
    renamed = {FILE: first.files[FILE].replace("name: fedcloud", "name: openstack")}
    assert of_egi(CLOUD, files=renamed, answers=Answers()).files == renamed


def test_downtimes_of_gocdb_are_those_of_what_stands_on_the_host():
    first = of_egi(gocdb(entry(), entry("soda.example.org", "eu.example.soda")))
    assert first.found == ()
    area, service = (each["spec"] for each in documents(first.files[DOWN]))
    assert area == {
        "of": "CHSRC-CSCS-T0",
        "from": "2026-12-04T00:00Z",
        "to": "2026-12-05T00:00Z",
        "planned": True,
        "reason": "Disks are replaced & more are added",
    }
    assert service["of"] == "CHSRC-CSCS/soda_sync"
    again = gocdb(entry(), entry(), entry("soda.example.org", "eu.example.soda"))
    assert of_egi(again, files=first.files) == first


def test_services_are_named_where_a_name_is_that_of_one_alone():
    named = of_egi(gocdb(entry("echo.example.org", "echo")))
    assert [each["spec"]["of"] for each in documents(named.files[DOWN])] == [
        *("CHSRC-CSCS/echo-1", "CHSRC-CSCS/echo-2")
    ]
    unnamed = of_egi(gocdb(entry("dask.example.org", "dask")))
    assert unnamed.files == {FILE: SITE}
    assert "`CHSRC-CSCS` has several services of one name" in unnamed.messages


def test_a_whole_site_is_down_where_no_host_is_named():
    whole = entry().replace(
        "<HOSTNAME>dav.example.org</HOSTNAME>", "<SITENAME>CHSRC-CSCS</SITENAME>"
    )
    (told,) = documents(of_egi(gocdb(whole)).files[DOWN])
    assert told["spec"]["of"] == "CHSRC-CSCS"


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (gocdb(entry("other.example.org")), "not-imported", "`other.example.org` is down, and no"),
        (gocdb(entry(end="1796342400")), "downtime-reversed", "ends before it has begun"),
        (gocdb(entry(begin="soon")), "wrong-value", "`soon` is no time in seconds"),
        (gocdb(entry(begin="9" * 30)), "wrong-value", "is no time in seconds"),
        (gocdb(entry(begin="1796342460")), "wrong-value", "and `START_DATE` is 2026-12-04 00:01"),
        (gocdb(entry(severity="HUGE")), "wrong-value", "`HUGE` is none of OUTAGE, WARNING"),
        (gocdb(entry(more="<MOOD>low</MOOD>")), "later-field", "`MOOD` is no field"),
        (
            gocdb(entry(), entry(end="1796515200")),
            "not-imported",
            "told twice, and not in the same",
        ),
        (gocdb("<NEWS>none</NEWS>"), "not-imported", "`NEWS` is no downtime"),
        (gocdb(entry(number="")), "missing-field", "has no `ID`"),
        (CLOUD.replace("https", "ftp"), "wrong-value", "`endpoint` is no address"),
        (f"{CLOUD}mood: low\n", "later-field", "`mood` is no field"),
    ],
)
def test_what_is_wrong_in_files_of_egi_is_a_finding(content: bytes | str, code: str, words: str):
    found = of_egi(content).found
    assert [e for e in found if e.code.value == code and words in e.message], found


ENTITIES = b'<!DOCTYPE r [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><results>&b;</results>'
OUTSIDE = b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><results>&a;</results>'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gocdb(entry())[:300], "this is not XML, or not all of it"),
        (ENTITIES, "declares types or entities"),
        (OUTSIDE, "declares types or entities"),
        (b"<results>" + b"<a>" * 50 + b"</a>" * 50 + b"</results>", "deeper or longer"),
        (b"<html><p>down</p></html>", "begins with `html`"),
        (b'<?xml version="1.0" encoding="klingon"?><results/>', "in no known encoding"),
        (b"endpoint: https://example.org\n", "it has no `gocdb`"),
        (b"- 1\n", "it has no `gocdb`"),
        (b"", "neither"),
    ],
)
def test_what_is_no_file_of_egi_is_an_error_and_nothing_is_taken(content: bytes, words: str):
    after = of_egi(content)
    assert after.files == {FILE: SITE}
    if words != "neither":
        assert words in after.messages
        assert {each.severity for each in after.found} == {Severity.ERROR}


# ── any text ──────────────────────────────────────────────────────────────────────────────────

ANY = (
    st.text(max_size=12)
    | st.sampled_from(["\u202e", "a\u2028b", "\x85", "# x", "x: y", "*a", "\ud800", "T2_ÜBER", "/"])
    | st.none()
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.lists(st.text(max_size=3), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2)
)


def spoiled(draw: st.DrawFn, data: Any) -> Any:
    """The same with anything in some places."""
    if draw(st.integers(0, 9)) == 0:
        return draw(ANY)
    if isinstance(data, dict):
        return {
            draw(st.text(max_size=5)) if draw(st.integers(0, 30)) == 0 else k: spoiled(draw, v)
            for k, v in data.items()
        }
    return [spoiled(draw, each) for each in data] if isinstance(data, list) else data


def holds_together(read: Callable[[Mapping[str, bytes]], Any], contents: dict[str, bytes]) -> None:
    """Whatever is written can be read, has no errors of its own, and stays the next time."""
    first = made(read, contents)
    for file, text in first.files.items():
        assert documents(text)
        wrong = [e for e in shaped(file, text.encode()).diagnostics if e.severity is Severity.ERROR]
        assert not wrong, (text, wrong)
    assert made(read, contents, files=first.files).files == first.files


@given(data=st.data())
def test_any_text_in_a_storage_json_gives_specs_that_can_be_read(data: st.DataObject):
    content = json.dumps(data.draw(st.composite(spoiled)(volumes()))).encode()
    with suppress(NotSaidError):  # several sites are told of, and one was said
        holds_together(storage_json.read, {"storage.json": content})


@given(data=st.data())
def test_any_text_in_the_topology_gives_specs_that_can_be_read(data: st.DataObject):
    group, down = documents(GROUP)[0], documents(DOWNTIMES)[0]
    contents = {
        f"{number}.yaml": json.dumps(data.draw(st.composite(spoiled)(each))).encode()
        for number, each in enumerate((group, down))
    }
    holds_together(osg.read, contents)


@given(data=st.data())
def test_any_text_in_a_site_of_egi_gives_specs_that_can_be_read(data: st.DataObject):
    content = json.dumps(data.draw(st.composite(spoiled)(documents(CLOUD)[0]))).encode()
    holds_together(egi.read, {"site.yaml": content})


@given(text=st.text(max_size=20), more=st.binary(max_size=40), at=st.integers(0, 900))
def test_any_bytes_in_an_answer_of_gocdb_give_specs_that_can_be_read(
    text: str, more: bytes, at: int
):
    whole = gocdb(entry().replace("Disks are replaced", text.replace("<", "").replace("&", "")))
    holds_together(egi.read, {"gocdb.xml": whole})
    holds_together(egi.read, {"gocdb.xml": whole[:at] + more + whole[at:]})
