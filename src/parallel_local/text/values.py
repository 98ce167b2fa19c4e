"""Typed values inside a sentence: dates, years, numbers, money, URLs and names of people.

Pure. Everything found is an exact slice of the sentence, with its place, so that nearness can be judged.
"""

import re
from collections.abc import Iterator

import msgspec

_MONTHS = (
    "January February March April May June July August September October November December "
    "Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec"
)
_MONTH = "|".join(_MONTHS.split())
_DATE = re.compile(
    rf"\b(?:\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}(?:st|nd|rd|th)?\s+(?:{_MONTH})\.?,?\s+\d{{4}}"
    rf"|(?:{_MONTH})\.?\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}|(?:{_MONTH})\.?\s+\d{{4}})\b"
)
_YEAR = re.compile(r"(?<![\d$€£.,-])(?:1[5-9]\d\d|20\d\d)(?![\d%]|[.,]\d)")
_NUMBER = re.compile(
    r"(?P<money>[$€£]|US\$|USD\s|EUR\s)?\s?(?<![\w.])(?P<digits>-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?)"
    r"(?:\s?(?P<scale>thousand|million|billion|trillion|bn|[kKmMB](?![\w])))?(?P<percent>\s?%|\s+percent)?"
)
_SCALES = {
    "thousand": 1e3,
    "k": 1e3,
    "million": 1e6,
    "m": 1e6,
    "billion": 1e9,
    "bn": 1e9,
    "b": 1e9,
    "trillion": 1e12,
}
_URL = re.compile(r"https?://[^\s<>()\[\]|\"']*[^\s<>()\[\]|\"'.,;:!?*_]")
_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
_NAME = re.compile(
    r"\b[A-ZÀ-Þ][\w’'-]+(?:\s+(?:(?:van|von|de|la|le|da|del|der|den|ter|bin|al)\s+)*[A-ZÀ-Þ][\w’'.-]*[\w])+"
)


class Value(msgspec.Struct, frozen=True):
    """A slice of a sentence and where it starts."""

    text: str
    start: int


class Number(msgspec.Struct, frozen=True):
    """A number as written and as counted: `$3.5 million` is 3500000."""

    text: str
    start: int
    amount: float
    money: bool
    percent: bool


def dates(text: str) -> list[Value]:
    """Full dates, month-and-year dates, and bare years that belong to none of them."""
    full = [Value(match.group(), match.start()) for match in _DATE.finditer(text)]
    years = [value for value in _all(_YEAR, text) if not any(_inside(value, date) for date in full)]
    return sorted((*full, *years), key=lambda value: value.start)


def years(text: str) -> list[Value]:
    """Every year, also inside full dates."""
    return list(_all(_YEAR, text)) or [Value(m.group()[-4:], m.end() - 4) for m in _DATE.finditer(text)]


def numbers(text: str) -> list[Number]:
    """Every number that is not part of a date or a year."""
    taken = dates(text)
    found = []
    for match in _NUMBER.finditer(text):
        value = Value(match.group().strip(), match.start("digits"))
        if match.group("money") or match.group("scale") or not any(_inside(value, date) for date in taken):
            found.append(_number(match))
    return found


def _number(match: re.Match[str]) -> Number:
    scale = _SCALES.get((match.group("scale") or "").lower(), 1.0)
    return Number(
        text=match.group().strip(),
        start=match.start("digits"),
        amount=float(match.group("digits").replace(",", "")) * scale,
        money=bool(match.group("money")),
        percent=bool(match.group("percent")),
    )


def urls(text: str) -> list[Value]:
    """Absolute web addresses."""
    return list(_all(_URL, text))


def emails(text: str) -> list[Value]:
    """Mail addresses."""
    return list(_all(_EMAIL, text))


def names(text: str) -> list[Value]:
    """Runs of two or more capitalised words."""
    return list(_all(_NAME, text))


def _all(pattern: re.Pattern[str], text: str) -> Iterator[Value]:
    for match in pattern.finditer(text):
        yield Value(match.group(), match.start())


def _inside(value: Value, outer: Value) -> bool:
    return outer.start <= value.start < outer.start + len(outer.text)
