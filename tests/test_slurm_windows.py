"""When a window begins next: at its time by the clocks of the site, whatever clocks do there.

The judge is the C library's `mktime`, by which scontrol reads a time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import ansible.module_utils
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from specs import GOLDEN, TODAY, compile_texts, texts

from srcnet_compiler.apply import ansible as calls
from srcnet_compiler.targets.slurm import lower
from srcnet_compiler.targets.slurm.model.times import start_of

for role in ("rucio", "slurm"):  # where Ansible puts them for a module
    ansible.module_utils.__path__.append(str(calls.PROJECT / "roles" / role / "module_utils"))

from ansible.module_utils.srcnet_slurm_windows import assignments  # noqa: E402

ZONES = (
    *("Europe/Zurich", "Europe/London", "America/Vancouver", "America/St_Johns"),
    *("Australia/Perth", "Australia/Lord_Howe", "Asia/Tokyo", "Africa/Johannesburg", "UTC"),
)
CHANGES = (  # moments at which clocks are changed somewhere
    *("2027-03-28T01:00", "2027-10-31T01:00", "2027-03-14T10:00", "2027-11-07T09:00"),
    *("2027-03-14T05:30", "2027-11-07T04:30", "2027-04-03T15:00", "2027-10-02T15:30"),
)
FLAGS = ("DAILY", "WEEKDAY", "WEEKEND", "WEEKLY", "HOURLY")
ON_DAYS = {"WEEKDAY": range(5), "WEEKEND": range(5, 7)}


@st.composite
def moments(draw: st.DrawFn) -> datetime:
    """Any time of some years, half of them within three days of a change of clocks."""
    near = st.sampled_from(CHANGES).map(lambda text: datetime.fromisoformat(text + "+00:00"))
    days = st.integers(-3 * 86_400, 3 * 86_400).map(lambda seconds: timedelta(seconds=seconds))
    if draw(st.booleans()):
        return draw(near) + draw(days)
    bounds = {"min_value": datetime(2026, 1, 1), "max_value": datetime(2029, 12, 31)}
    return draw(st.datetimes(**bounds, timezones=st.just(UTC))).replace(microsecond=0)


@contextmanager
def clocks_of(zone: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        yield
    time.tzset()


def read_by_slurm(text: str, zone: str) -> datetime:
    with clocks_of(zone):
        fields = time.strptime(text, "%Y-%m-%dT%H:%M:%S")
        return datetime.fromtimestamp(time.mktime((*fields[:8], -1)), UTC)


def told(said: str, flags: Sequence[str], now: datetime, zone: str) -> str:
    values = {"StartTime": said, "Flags": [*flags]}
    words = assignments(values, {}, now.astimezone(ZoneInfo(zone)))
    (start,) = [word for word in words if word.startswith("StartTime=")]
    return start.removeprefix("StartTime=")


@given(
    st.sampled_from(ZONES),
    moments(),
    st.datetimes(datetime(2024, 1, 1), datetime(2024, 1, 7, 23, 59)),
    st.sampled_from(FLAGS),
)
@example(
    "Europe/Zurich", datetime(2027, 3, 27, 12, tzinfo=UTC), datetime(2024, 1, 1, 2, 30), "DAILY"
)
@example(
    "Europe/Zurich", datetime(2027, 3, 27, 12, tzinfo=UTC), datetime(2024, 1, 7, 2, 30), "WEEKLY"
)
@example(
    "Europe/Zurich", datetime(2027, 10, 31, 1, 10, tzinfo=UTC), datetime(2024, 1, 1, 2, 30), "DAILY"
)
def test_a_window_begins_at_its_time_by_the_clocks_of_the_site(
    zone: str, now: datetime, day: datetime, flag: str
):
    """In time to come, as soon as may be; read back it is what was wanted: there is no drift."""
    said = start_of(day.replace(second=0, microsecond=0), (flag,))
    begins = read_by_slurm(told(said, (flag,), now, zone), zone)
    assert now < begins
    assert start_of(begins.astimezone(ZoneInfo(zone)), (flag,)) == said
    assert begins.astimezone(ZoneInfo(zone)).weekday() in ON_DAYS.get(flag, range(7))
    within = {"HOURLY": 3 / 24, "DAILY": 2, "WEEKDAY": 4, "WEEKEND": 7, "WEEKLY": 14}[flag]
    assert begins - now <= timedelta(days=within, hours=2)


@pytest.mark.parametrize("zone", ["Europe/Zurich", "America/Vancouver", "Australia/Perth"])
def test_what_is_emitted_is_the_time_that_is_written_whatever_the_zone(zone: str):
    """A zone is told beside the times, never added to them: 09:00 stays 09:00 in summer."""
    files = texts(GOLDEN)
    name = "site-specs/chsrc-cscs.yaml"
    files[name] = files[name].replace("Europe/Zurich", zone)
    result = compile_texts(files, TODAY)
    assert result.federation is not None
    assert result.analysis is not None
    model = lower.lower(result.federation, result.analysis)[0]
    assert model.time_zone == zone
    assert model.reservations["ska-visualisation"].start == "09:00:00"
    for now in (datetime(2027, 1, 20, tzinfo=UTC), datetime(2027, 7, 20, tzinfo=UTC)):
        text = told("09:00:00", ("DAILY",), now, zone)
        assert read_by_slurm(text, zone).astimezone(ZoneInfo(zone)).hour == 9
