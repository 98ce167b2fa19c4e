"""Dates, years and decades as spans of days, with what bounds them: "before 1990", "in the 1980s", "since May". Pure.

A condition and a document are read alike, as numbers are (`quantities.py`).
"""

import datetime
import re
from collections.abc import Sequence

from parallel_local.findall.quantities import Quantity, Span
from parallel_local.text.values import dates
from parallel_local.text.values.months import MONTHS

_DECADE = re.compile(r"\b(?P<decade>(?:1[5-9]|20)\d)0(?:s|[’']s|er)\b")
_ROMAN = ["X", "XI", "XII", "XIII", "XIV", "XV", "XVI", "XVII", "XVIII", "XIX", "XX", "XXI"]  # from the tenth
_CENTURY = re.compile(
    r"\b(?:the\s+)?(?P<number>1\d|2[01])(?:st|nd|rd|th)\s+century|\b(?P<nummer>1\d|2[01])\.\s+Jahrhunderts?|"
    rf"\b[Ss]iglo\s+(?P<roman>{'|'.join(_ROMAN)})\b"
)
_AFTER = re.compile(
    r"\b(?:after|later than|nach|newer than|more recent(?:ly)? than|después de|tras|posterior a)\s+(?:the\s+)?"
    r"(?:year\s+|\w+\s+of\s+)?$",
    re.I,
)
_SINCE = re.compile(
    r"\b(?:(?:in|on) or after|since|from|seit|ab|as of|starting|not before|no earlier than|at the "
    r"earliest|desde|a partir de)\s+(?:the\s+year\s+)?$",
    re.I,
)
_BEFORE = re.compile(
    r"\b(?:before|prior to|earlier than|vor|older than|antes de|anterior a)\s+(?:the\s+)?(?:year\s+|end\s+of\s+)?$",
    re.IGNORECASE,
)
_BY = re.compile(
    r"\b(?:(?:in|on) or before|by|until|till|no later than|not after|up to|bis|hasta|at the "
    r"latest)\s+(?:the\s+)?(?:year\s+|end\s+of\s+)?$",
    re.I,
)
_OR_LATER = re.compile(r"^\s+(?:or|oder|o)\s+(?:later|after|newer|später|después|posterior)", re.IGNORECASE)
_OR_EARLIER = re.compile(r"^\s+(?:or|oder|o)\s+(?:earlier|before|older|früher|antes|anterior)", re.IGNORECASE)
_TO_YEAR = re.compile(r"^\s?(?:[-–—]|to|until|bis|and|und|y|a)\s?$")


def times(text: str, *, asked: bool = False) -> list[Quantity]:
    """Every date, year and decade as a span of days."""
    found: list[Quantity] = []
    for match in _DECADE.finditer(text):
        first = int(match.group("decade")) * 10
        span = Span(_day(first, 1, 1), _day(first + 9, 12, 31))
        found.append(Quantity(span, "date", "", (), match.start(), match.end()))
    for match in _CENTURY.finditer(text):
        last = _century(match) * 100
        span = Span(_day(last - 99, 1, 1), _day(last, 12, 31))
        found.append(Quantity(span, "date", "", (), match.start(), match.end()))
    for value in dates(text):
        if any(other.start <= value.start < other.end for other in found):
            continue
        period = _period(value.text)
        if period is not None:
            found.append(_timed(text, period, value.start, value.start + len(value.text), asked))
    return _joined(text, sorted(found, key=lambda item: item.start)) if asked else found


def _century(match: re.Match[str]) -> int:
    number = match.group("number") or match.group("nummer")
    return int(number) if number else _ROMAN.index(match.group("roman")) + 10


def _timed(text: str, period: Span, start: int, end: int, asked: bool) -> Quantity:
    head, tail = text[:start], text[end:]
    rules = [(_SINCE, Span(low=period.low)), (_BY, Span(high=period.high))] if asked else []
    rules += [
        (_AFTER, Span(low=period.high, low_open=True)),
        (_BEFORE, Span(high=period.low, high_open=True)),
    ]
    for pattern, span in rules:
        match = pattern.search(head)
        if match:
            return Quantity(span, "date", "", (), match.start(), end, True)
    if _OR_LATER.match(tail):
        return Quantity(Span(low=period.low), "date", "", (), start, end, True)
    if _OR_EARLIER.match(tail):
        return Quantity(Span(high=period.high), "date", "", (), start, end, True)
    return Quantity(period, "date", "", (), start, end)


def _joined(text: str, found: Sequence[Quantity]) -> list[Quantity]:
    """ "between 2010 and 2020" and "from 2010 to 2020" are one span."""
    joined: list[Quantity] = []
    for item in found:
        last = joined[-1] if joined else None
        opened = last is not None and re.search(
            r"\b(?:between|from|zwischen|von|entre|de)\s+$", text[: last.end - 4], re.I
        )
        if last is not None and _TO_YEAR.match(text[last.end : item.start]) and (opened or last.bounded):
            start = min(last.start, opened.start() if opened else last.start)
            joined[-1] = Quantity(Span(last.span.low, item.span.high), "date", "", (), start, item.end, True)
        else:
            joined.append(item)
    return joined


def _period(text: str) -> Span | None:
    """The days that a date means: a day, a month, or a year."""
    iso = re.match(r"(\d{4})-(\d{2})-(\d{2})$", text)
    year = re.search(r"\d{4}", text)
    if year is None:
        return None
    if iso:
        day = _day(*(int(part) for part in iso.groups()))
        return Span(day, day)
    rest = re.sub(r"\d{4}", "", text).casefold()
    month = next((MONTHS[word] for word in re.findall(r"[^\W\d_]+", rest) if word in MONTHS), None)
    number = int(year.group())
    if month is None:
        return Span(_day(number, 1, 1), _day(number, 12, 31))
    day_of = re.search(r"\b(\d{1,2})\b|\b(\d{1,2})(?:st|nd|rd|th)", rest)
    if day_of:
        day = _day(number, month, int(day_of.group(1) or day_of.group(2)))
        return Span(day, day)
    return Span(_day(number, month, 1), _day(number + month // 12, month % 12 + 1, 1) - 1)


def _day(year: int, month: int, day: int) -> float:
    """A day as a number; one that no calendar has counts as the last of its month."""
    try:
        return float(datetime.date(year, month, day).toordinal())
    except ValueError:
        return float(datetime.date(year, max(1, min(month, 12)), 28).toordinal())


def day_of(date: str) -> float:
    """A date `YYYY-MM-DD` as a number of the same kind."""
    return float(datetime.date.fromisoformat(date).toordinal())
