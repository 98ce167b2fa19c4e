"""Dates as year, month and day, so that one written in words and one written in digits can be compared. Pure."""

import re

import msgspec

from parallel_local.text.values.dates import dated

_ISO = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?(?:T[\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?")


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
    return next(iter(stated_dates(text)), None)


def stated_dates(text: str) -> list[DateParts]:
    """All dates a text states."""
    return [
        DateParts(date.year, date.month or 0, date.day or 0) for date in dated(text) if date.year is not None
    ]
