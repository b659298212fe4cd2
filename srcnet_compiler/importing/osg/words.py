"""The words of OSG's topology: fields, services, severities, and how it writes times."""

import re
from datetime import UTC, datetime, timedelta, timezone

from srcnet_compiler.importing.drafting.said import LIST, MAPPING, TEXT, Field

GROUP = {
    "Resources": Field(dict, required=True),
    "Disable": Field(bool),
    "Production": Field(bool),
    "GridType": TEXT,
    "GroupDescription": TEXT,
    "GroupID": Field(int),
    "SupportCenter": TEXT,
    "SupportCenterName": TEXT,
    "IsCCStar": Field(bool),
}
RESOURCE = {
    "FQDN": Field(str, required=True),
    "Services": Field(dict, required=True),
    "Active": Field(bool),
    "Disable": Field(bool),
    "AllowedVOs": LIST,
    "ContactLists": MAPPING,
    "DN": TEXT,
    "Description": TEXT,
    "FQDNAliases": LIST,
    "ID": Field(int),
    "Tags": LIST,
    "VOOwnership": MAPPING,
    "WLCGInformation": MAPPING,
}
UNSAID = ("AllowedVOs", "ContactLists", "VOOwnership", "WLCGInformation")
"""What specs have no word for, or what its people have to say themselves."""
DOWNTIME = {
    "ID": Field(int, required=True),
    "Class": Field(str, required=True),
    "Severity": Field(str, required=True),
    "StartTime": Field(str, required=True),
    "EndTime": Field(str, required=True),
    "ResourceName": Field(str, required=True),
    "Services": Field(list, required=True),
    "Description": TEXT,
    "CreatedTime": TEXT,
}
CLASSES = {"SCHEDULED": True, "UNSCHEDULED": False}
SEVERITIES = {
    "Outage": True,
    "Severe": True,
    "Intermittent Outage": True,
    "No Significant Outage Expected": False,
}
"""Whether something is not available."""

_STORAGE = (
    "srmv1",
    "srmv2",
    "webdav",
    "gridftp",
    "xrootd",
    "pelican origin",
    "pelican cache",
    "se",
)
_YES = {"yes", "on", "true", "y"}
_NO = {"no", "off", "false", "n"}


def holds_data(service: str) -> bool:
    """Whether a service is storage: `SRMv2.tape`, `XRootD origin server`."""
    word = service.lower().partition(".")[0]
    return word in _STORAGE or word.startswith("xrootd ")


def is_cache(service: str) -> bool:
    """Whether it is storage that holds copies for a while."""
    return holds_data(service) and "cache" in service.lower()


def tier_of(services: list[str]) -> str | None:
    """The tier that services name; None where they name none, or two."""
    words = {service.lower().partition(".")[2] for service in services}
    if services and all(map(is_cache, services)):
        return "cache"
    if words == {"tape"}:
        return "nearline"
    return "online" if words == {"disk"} else None


def with_flags(data: dict[str, object], fields: dict[str, Field]) -> dict[str, object]:
    """With `yes` and `no`, which are true and false where these files are read."""
    return {
        key: _flag(value) if key in fields and fields[key].kind is bool else value
        for key, value in data.items()
    }


def _flag(value: object) -> object:
    word = value.lower() if isinstance(value, str) else ""
    return word in _YES if word in _YES | _NO else value


_TIME = re.compile(
    r"([A-Z][a-z]{2}) ([0-9]{1,2}), ([0-9]{4}) ([0-9]{1,2}):([0-9]{2}) (UTC|GMT|[+-][0-9]{4})"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FIRST = 2000


def moment(text: str) -> datetime | None:
    """A time such as `Nov 26, 2026 15:00 +0000`, in UTC; None where it is none."""
    found = _TIME.fullmatch(text)
    if found is None or found[1] not in _MONTHS or int(found[3]) < _FIRST:
        return None
    month, zone = _MONTHS.index(found[1]) + 1, timedelta()
    if found[6][0] in "+-":
        away = timedelta(hours=int(found[6][1:3]), minutes=int(found[6][3:]))
        zone = away if found[6][0] == "+" else -away
    try:
        local = datetime(
            int(found[3]), month, int(found[2]), int(found[4]), int(found[5]), tzinfo=timezone(zone)
        )
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
