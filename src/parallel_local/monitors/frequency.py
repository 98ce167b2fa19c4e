"""How often a monitor runs: `<n>h`, `<n>d` or `<n>w`, from an hour to thirty days (Parallel 2.13.1). Pure."""

import re
from datetime import datetime, timedelta

_FORM = re.compile(r"([1-9][0-9]{0,3})([hdw])", re.ASCII)
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_LONGEST = timedelta(days=30)
RULE = "a number and h, d or w, from 1h to 30d"


def interval(frequency: str) -> timedelta | None:
    """The time between two executions; None for what is no frequency."""
    found = _FORM.fullmatch(frequency)
    if found is None:
        return None
    length = int(found[1]) * _UNITS[found[2]]
    return length if length <= _LONGEST else None


def next_after(now: datetime, last: datetime, every: timedelta) -> datetime:
    """When it is due again after it was due at `last`: what was missed meanwhile is missed."""
    missed = max((now - last) // every, 0)
    return last + (missed + 1) * every
