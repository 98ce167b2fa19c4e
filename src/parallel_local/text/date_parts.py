"""Dates as year, month and day, so that one written in words and one written in digits can be compared. Pure."""

import re

import msgspec

from parallel_local.text.values import dates

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ISO = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?")
_YEAR = re.compile(r"\d{4}")
_DAY = re.compile(r"(?<!\d)\d{1,2}(?!\d)")
_NAME = re.compile(r"[A-Za-z]{3,}")


class DateParts(msgspec.Struct, frozen=True):
    """A date as far as it is stated; 0 for what is not."""

    year: int
    month: int = 0
    day: int = 0

    def covers(self, other: "DateParts") -> bool:
        """Whether this one states all that the other does, and the same."""
        return (
            self.year == other.year
            and other.month in (0, self.month)
            and (other.day == 0 or (other.day == self.day and other.month == self.month))
        )


def date_parts(text: str) -> DateParts | None:
    """The parts of one date as `text` writes it; None when it is no date."""
    iso = _ISO.fullmatch(text.strip())
    if iso:
        return DateParts(int(iso[1]), int(iso[2]), int(iso[3] or 0))
    year = _YEAR.search(text)
    if year is None:
        return None
    named = (name.group()[:3].lower() for name in _NAME.finditer(text))
    month = next((_MONTHS.index(name) + 1 for name in named if name in _MONTHS), 0)
    day = _DAY.search(text) if month else None
    return DateParts(int(year.group()), month, int(day.group()) if day else 0)


def stated_dates(text: str) -> list[DateParts]:
    """All dates a text states."""
    found = (date_parts(value.text) for value in dates(text))
    return [parts for parts in found if parts is not None]
