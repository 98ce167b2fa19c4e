"""Dates, months, quarters and years, by the names of months that are known (`months.py`). Pure.

A date is kept as it is written; `Date.iso` gives it another form only where all of it is said.
"""

import re
from collections.abc import Iterator

from parallel_local.text.values.months import MONTHS, month_pattern
from parallel_local.text.values.value import Date, Value, every, inside

# Words of their own in small letters, as all short names are: before its day such a month has a capital.
_OTHER_WORDS = frozenset(["mars", "mart"])
_MONTH_ANY = f"(?i:{month_pattern()})"
_SMALL = "|".join(name for name in MONTHS if len(name) > 3 and name not in _OTHER_WORDS)
_MONTH = f"(?:{month_pattern(capital=True)}|{_SMALL})"
_YEAR = r"(?:1\d{3}|20\d\d)"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_FULL = re.compile(
    rf"(?<![\w.])(?:(?P<iso_y>\d{{4}})-(?P<iso_m>\d{{2}})-(?P<iso_d>\d{{2}})"
    rf"|(?P<dot_d>{_DAY})\.\s?(?P<dot_m>0?[1-9]|1[0-2])\.\s?(?P<dot_y>{_YEAR})"
    rf"|(?P<sl_a>\d{{1,2}})/(?P<sl_b>\d{{1,2}})/(?P<sl_y>{_YEAR})"
    rf"|(?P<dm_d>{_DAY})(?:st|nd|rd|th|er|[.°º])?\s+(?:of\s+|de\s+)?(?P<dm_m>{_MONTH_ANY})\.?,?"
    rf"(?:\s+(?:de\s+|del\s+)?(?P<dm_y>{_YEAR}))?"
    rf"|(?P<md_m>{_MONTH})\.?\s+(?P<md_d>{_DAY})(?:st|nd|rd|th)?(?:,?\s+(?P<md_y>{_YEAR}))?"
    rf"|(?P<my_m>{_MONTH_ANY})\.?,?\s+(?:de\s+|del\s+)?(?P<my_y>{_YEAR})"
    rf"|Q(?P<q>[1-4])[\s/]+(?:of\s+)?(?P<q_y>{_YEAR})"
    rf"|(?P<nq>first|second|third|fourth|[1-4](?:st|nd|rd|th)|[1-4]\.)\s+(?i:quarter|"
    rf"quartal)\s+(?:of\s+)?(?P<nq_y>{_YEAR})"
    rf")(?!\w)"
)
_BARE = re.compile(r"(?<![\d$€£#.,–-])(?<![\w-])(?:1[0-9]\d\d|20\d\d)(?!\s?[%°€$£]|\d|-[A-Za-z]|[.,]\d|\w)")
_COUNTED = re.compile(
    r"\s+(?:people|employees|workers|staff|kg|g|m|km|metres|meters|kilometres|kilometers|euros?|dollars|francs|"
    r"pounds|"
    r"tonnes|tons|litres|liters|pages|members|visitors|copies|units|seats|students|rooms|copies|steps|words|calories|"
    r"Euro|Franken|Mitarbeiter\w*|Einwohner\w*|Meter|Kilometer|Seiten|Personen|Plätze|habitants|personnes|salariés|"
    r"mètres|habitantes|personas|empleados|metros|million|billion|hours|days|minutes|watts?|volts?|square|species|"
    r"Quadratmeter|Stück|Stunden|Tonnen|Liter|tickets|books|items|votes|points|participants|households)\b"
)
_QUARTERS = {"first": 1, "second": 2, "third": 3, "fourth": 4}


def dated(text: str) -> list[Date]:
    """Every date, month, quarter and bare year."""
    full = list(_full(text))
    bare = [
        Date(value.text, value.start, int(value.text))
        for value in every(_BARE, text)
        if not any(inside(value, date) for date in full) and not _COUNTED.match(text, value.end)
    ]
    return sorted((*full, *bare), key=lambda date: date.start)


def dates(text: str) -> list[Value]:
    """Full dates, month-and-year dates, and bare years that belong to none of them."""
    return [Value(date.text, date.start) for date in dated(text) if date.year is not None]


def years(text: str) -> list[Value]:
    """Every year; those inside full dates only where no other is there."""
    found = [date for date in dated(text) if date.year is not None]
    bare = [Value(date.text, date.start) for date in found if date.text.isdigit()]
    return bare or [Value(str(date.year), date.end - 4) for date in found]


def _full(text: str) -> Iterator[Date]:
    for match in _FULL.finditer(text):
        kind = match.lastgroup or ""
        part = match.groupdict()
        written, start = match.group().rstrip(",. "), match.start()
        if kind.startswith("iso"):
            yield Date(written, start, int(part["iso_y"]), int(part["iso_m"]), int(part["iso_d"]))
        elif kind.startswith("dot"):
            yield Date(written, start, int(part["dot_y"]), int(part["dot_m"]), int(part["dot_d"]))
        elif kind.startswith("sl"):
            yield _slashed(written, start, int(part["sl_a"]), int(part["sl_b"]), int(part["sl_y"]))
        elif kind.startswith(("dm", "md", "my")):
            side = kind[:2]
            day, year = part.get(f"{side}_d"), part[f"{side}_y"]
            month = MONTHS[part[f"{side}_m"].casefold()]
            yield Date(written, start, int(year) if year else None, month, int(day) if day else None)
        else:
            quarter = part["q"] or part["nq"]
            number = _QUARTERS.get(quarter) or int(quarter[0])
            yield Date(written, start, int(part["q_y"] or part["nq_y"]), quarter=number)


def _slashed(written: str, start: int, one: int, other: int, year: int) -> Date:
    """A date with slashes, whose day is known only where it cannot be a month."""
    if one > 12 >= other:
        return Date(written, start, year, other, one)
    if other > 12 >= one:
        return Date(written, start, year, one, other)
    return Date(written, start, year, one, one) if one == other else Date(written, start, year)
