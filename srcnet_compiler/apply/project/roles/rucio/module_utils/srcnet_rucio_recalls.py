"""When a recall ends: the server counts from when it is asked, a plan names the moment."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from ansible.module_utils.srcnet_gate import FailedError, Wire

CLOCKS_DIFFER = timedelta(hours=1)
"""An end that is not further from the one that is wanted is that one."""


def end_of(rule: Wire, wanted: str | None) -> str | None:
    """When the rule ends, in UTC, as plans have it; None: it does not."""
    ends = rule["expires_at"]
    if ends is None:
        return None
    ends = ends.replace(tzinfo=None)
    if wanted is not None and abs(ends - datetime.fromisoformat(wanted)) <= CLOCKS_DIFFER:
        return wanted
    text: str = ends.isoformat(timespec="seconds")
    return text


def lifetime_until(moment: str) -> int:
    """Seconds from now on. Raises FailedError for what is over."""
    now = datetime.now(timezone.utc).replace(tzinfo=None)  # noqa: TID251, UP017
    seconds = int((datetime.fromisoformat(moment) - now).total_seconds())
    if seconds <= 0:
        raise FailedError(f"the recall would have ended at {moment}: make a new plan")
    return seconds
