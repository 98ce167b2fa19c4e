"""Times as text, written and read (RFC 3339). What time it is, is for `clock.py`."""

from __future__ import annotations

from datetime import UTC, datetime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
