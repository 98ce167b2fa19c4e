"""From when to when: two dates of a text that are the ends of one period, each as full as the other makes it. Pure.

Dates themselves are found in `dates.py`.
"""

import re

import msgspec

from parallel_local.text.values.dates import dated
from parallel_local.text.values.value import Date

_LINK = re.compile(
    r"\s?(?:[–—-]|to|until|till|through|bis(?:\s+zum)?|au|jusqu['’]au|al|all['’]|fino\s+al|hasta(?:\s+el)?|a|até|tot(?:\s+en\s+met)?|"
    r"til|till)\s?(?:the\s+)?",
    re.IGNORECASE,
)
# The day alone before the whole date: "from 11 to 13 July 2025", "vom 12. bis 19. April".
_DAY = re.compile(
    r"(?<![\w.,])(?P<day>[12]?\d|3[01])(?:\.|st|nd|rd|th|er)?\s?(?:[–—-]|to|until|bis(?:\s+zum)?|and|und|au|al|a|e|y|et|til|tot)\s?$"
)
_BEFORE_DAY = 24
# "Postponed from 6 to 8 August" names no period, but a day and the one in its place.
_MOVED = re.compile(
    r"\b(?:postponed|moved|rescheduled|brought forward|delayed|verschoben|verlegt|reporté\w*|avancé\w*|rinviat\w*|"
    r"spostat\w*|aplazad\w*|adiad\w*)\b[^.;]*$",
    re.IGNORECASE,
)
_BEFORE_MOVE = 40


class Period(msgspec.Struct, frozen=True):
    """The first date and the last, both where they stand; a day without month or year has those of the last."""

    first: Date
    last: Date


def periods(text: str) -> list[Period]:
    """Every period that a text names by its two ends."""
    found = dated(text)
    joined: list[Period] = []
    for place, date in enumerate(found):
        before = found[place - 1] if place else None
        if before is not None and _MOVED.search(text, max(0, before.start - _BEFORE_MOVE), before.start):
            continue
        if before is not None and _LINK.fullmatch(text, before.end, date.start) and _like(before, date):
            year = before.year if before.year is not None else _year_before(before, date)
            joined.append(Period(msgspec.structs.replace(before, year=year), date))
            continue
        day = _DAY.search(text, max(0, date.start - _BEFORE_DAY), date.start)
        if day and date.day is not None and int(day.group("day")) < date.day:
            first = Date(day.group("day"), day.start("day"), date.year, date.month, int(day.group("day")))
            joined.append(Period(first, date))
    return joined


def _like(first: Date, last: Date) -> bool:
    """Whether two dates can be ends of one period: both days, both months, or both years."""
    return (first.day is None) == (last.day is None) and (first.month is None) == (last.month is None)


def _year_before(first: Date, last: Date) -> int | None:
    """The year of a first date that has none: that of the last, or the one before where the year turns."""
    if last.year is None or first.month is None or last.month is None:
        return last.year
    return last.year if first.month <= last.month else last.year - 1
