"""Points in time as people write them: RFC 3339, a date, or so long ago. Pure; everything is UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
HOUR_US: Final = 60 * MINUTE_US
DAY_US: Final = 24 * HOUR_US

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LAST_US = (datetime(9999, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND  # what is widened has still a date
_AGO = re.compile(r"([0-9]{1,6})([mhdw])")
_LENGTHS = {"m": MINUTE_US, "h": HOUR_US, "d": DAY_US, "w": 7 * DAY_US}
_MARKED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_time(text: str, now_us: int) -> int:
    """Microseconds of the epoch for `2026-11-22T14:00:00Z`, `2026-11-22`, `now`, or `30d` ago (m, h, d, w).

    Without an offset, and for a date, it is UTC. Raises ValueError.
    """
    text = text.strip()
    if text == "now":
        return now_us
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return max(now_us - int(ago[1]) * _LENGTHS[ago[2]], 0)
    found = parse_moment(text)
    if found is None:
        raise ValueError(
            f"{text!r} is no time: write 2026-11-22T14:00:00Z, 2026-11-22, or how long ago, like 45m, 24h, 30d or 4w"
        )
    return found


def parse_moment(text: str) -> int | None:
    """Microseconds of the epoch for RFC 3339 or a date; None for what is neither, and for before 1970 or after 9998."""
    try:
        moment = datetime.fromisoformat(text) if _MARKED.match(text) else None
    except ValueError:
        return None
    if moment is None:
        return None
    found = (moment.replace(tzinfo=moment.tzinfo or UTC) - _EPOCH) // _MICROSECOND
    return found if 0 <= found <= _LAST_US else None


def text_of(at_us: int) -> str:
    """RFC 3339 in UTC, whole seconds."""
    return f"{_moment(at_us):%Y-%m-%dT%H:%M:%SZ}"


def date_of(at_us: int) -> str:
    """The date in UTC."""
    return f"{_moment(at_us):%Y-%m-%d}"


def month_of(at_us: int) -> int:
    """Where the month begins in which a time is."""
    first = _moment(at_us).replace(day=1, hour=0, minute=0, second=0)
    return (first - _EPOCH) // _MICROSECOND


def _moment(at_us: int) -> datetime:
    return _EPOCH + timedelta(seconds=at_us // SECOND_US)
