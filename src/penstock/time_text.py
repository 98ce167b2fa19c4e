"""Times as text, written and read (RFC 3339), and spans of time. What time it is, is for `clock.py`."""

from __future__ import annotations

from datetime import UTC, datetime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def span(seconds: float) -> str:
    """`45 s`, `4 min 10 s`, `3 h 20 min`, `12 d`."""
    whole = round(seconds)
    for place, (size, unit) in enumerate(_UNITS):
        if whole >= size:
            many, rest = divmod(whole, size)
            smaller, its_unit = (*_UNITS, (1, "s"))[place + 1]
            more = rest // smaller
            return f"{many} {unit} {more} {its_unit}" if more and many < 10 else f"{many} {unit}"
    return f"{whole} s"


def rfc3339(time_us: int) -> str:
    """A time in UTC with milliseconds and `Z`."""
    seconds, rest = divmod(time_us, 1_000_000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // 1000:03d}Z"


def moment_us(text: str) -> int | None:
    """The microseconds since 1970 of a time in RFC 3339, without an offset in UTC; None for what is none."""
    try:
        moment = datetime.fromisoformat(text.strip())
        whole = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC) - _EPOCH
    except (ValueError, OverflowError):
        return None
    return (whole.days * 86_400 + whole.seconds) * 1_000_000 + whole.microseconds
