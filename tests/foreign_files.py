"""Files in other people's formats, as they write them, about hosts that nobody has."""

import json
from typing import Any

SITE = """\
apiVersion: srcnet.skao.int/v1alpha2
kind: Site
metadata: {name: CHSRC-CSCS}
spec:
  src: CHSRC
  country: CH
  storage:
    - name: CHSRC-CSCS-T0                   # the first one
      nameToday: CHSRC_XRD
      tier: online
      endpoints:
        - {protocol: davs, host: dav.example.org, port: 443, path: /ska}
  services:
    - {service: soda_sync, host: soda.example.org}
    - {service: echo, name: echo-1, host: echo.example.org}
    - {service: echo, name: echo-2, host: echo.example.org}
    - {service: dask, host: dask.example.org}
    - {service: dask, host: dask2.example.org}
"""


def volumes() -> list[dict[str, Any]]:
    """A `storage.json` in which everything can be said."""
    return [
        {
            "site": "T2_CH_EXAMPLE",
            "volume": "Example_Disk",
            "rse": "T2_CH_EXAMPLE",
            "type": "DISK",
            "fts": ["https://fts.example.org:8446"],
            "protocols": [
                {
                    "protocol": "WebDAV",
                    "access": "global-rw",
                    "prefix": "davs://webdav.example.org:2880/cms",
                },
                {
                    "protocol": "XRootD",
                    "access": "global-ro",
                    "prefix": "root://xrootd.example.org//cms/",
                },
            ],
        },
        {
            "site": "T2_CH_EXAMPLE",
            "volume": "Example_Tape",
            "rse": "T2_CH_EXAMPLE_Tape",
            "type": "TAPE",
            "fts": [],
            "protocols": [
                {
                    "protocol": "WebDAV",
                    "access": "global-rw",
                    "rules": [{"lfn": "/+(.*)", "pfn": "davs://tape.example.org:2880/tape/$1"}],
                }
            ],
        },
    ]


def as_json(data: object) -> bytes:
    return json.dumps(data, indent=1).encode()


GROUP = """\
GroupDescription: An example
GroupID: 999
Production: true
SupportCenter: Example
Resources:
  EXAMPLE_SE:
    Active: yes
    ContactLists: {Administrative Contact: {Primary: {ID: a1, Name: Somebody}}}
    Description: Our storage
    FQDN: se.example.org
    ID: 7
    Services:
      WebDAV.tape:
        Description: Tape
    VOOwnership: {SKA: 100}
  EXAMPLE_DAV:
    Active: false
    FQDN: DAV.example.org
    Services:
      WebDAV: {Description: The way in to what is described}
  EXAMPLE_SODA:
    Active: true
    FQDN: soda.example.org
    Services:
      CE: {Description: Not storage, Details: {hidden: false}}
"""

DOWNTIMES = """\
- Class: SCHEDULED
  ID: 1000000001
  Description: Power is cut
  Severity: Outage
  StartTime: Nov 30, 2026 15:00 +0000
  EndTime: Dec 01, 2026 09:00 -0600
  CreatedTime: Nov 26, 2026 15:00 +0000
  ResourceName: EXAMPLE_DAV
  Services:
  - WebDAV
# ---------------------------------------------------------
- Class: UNSCHEDULED
  ID: 1000000002
  Severity: Severe
  StartTime: Dec 02, 2026 00:00 +0000
  EndTime: Dec 03, 2026 00:00 +0000
  ResourceName: EXAMPLE_SODA
  Services: [CE]
- Class: SCHEDULED
  ID: 1000000003
  Severity: No Significant Outage Expected
  StartTime: Dec 02, 2026 00:00 +0000
  EndTime: Dec 03, 2026 00:00 +0000
  ResourceName: EXAMPLE_SODA
  Services: [CE]
- Class: SCHEDULED
  ID: 999
  Severity: Outage
  StartTime: Aug 30, 2020 01:00 +0000
  EndTime: Aug 30, 2020 02:00 +0000
  ResourceName: EXAMPLE_DAV
  Services: [WebDAV]
"""

CLOUD = """\
---
gocdb: EXAMPLE-CLOUD
endpoint: https://keystone.example.org:5000/v3/
vos:
- name: vo.example.org
  auth:
    project_id: 0123456789abcdef0123456789abcdef
"""


def gocdb(*entries: str) -> bytes:
    """What GOCDB answers to `get_downtime`."""
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f"{head}\n<results>\n{''.join(entries)}</results>\n".encode()


def entry(
    host: str = "dav.example.org",
    kind: str = "webdav",
    *,
    number: str = "32578",
    begin: str = "1796342400",
    end: str = "1796428800",
    more: str = "<FORMATED_START_DATE>2026-12-04 00:00</FORMATED_START_DATE>",
    severity: str = "OUTAGE",
) -> str:
    """One service that is down."""
    return f"""\
  <DOWNTIME ID="{number}" PRIMARY_KEY="113653G0" CLASSIFICATION="SCHEDULED">
    <PRIMARY_KEY>113653G0</PRIMARY_KEY>
    <HOSTNAME>{host}</HOSTNAME>
    <SERVICE_TYPE>{kind}</SERVICE_TYPE>
    <ENDPOINT>{host}{kind}</ENDPOINT>
    <HOSTED_BY>EXAMPLE-SITE</HOSTED_BY>
    <GOCDB_PORTAL_URL>https://gocdb.example.org/portal/?Page_Type=Downtime&amp;id=1</GOCDB_PORTAL_URL>
    <AFFECTED_ENDPOINTS/>
    <SEVERITY>{severity}</SEVERITY>
    <DESCRIPTION>Disks are replaced &amp; more are added</DESCRIPTION>
    <INSERT_DATE>1795342400</INSERT_DATE>
    <START_DATE>{begin}</START_DATE>
    <END_DATE>{end}</END_DATE>
    {more}
  </DOWNTIME>
"""
