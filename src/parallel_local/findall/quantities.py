"""Numbers and dates as spans, with what bounds them: "more than 50", "40 to 60", "before 1990", "in the 1980s". Pure.

A condition and a document are read alike; a span of the document then lies within the condition's, or outside it, or
leaves it open. Only units of one dimension are converted, exactly; currencies never.
"""

import datetime
import re
from collections.abc import Sequence
from math import inf

import msgspec

from parallel_local.text.tokens import fold
from parallel_local.text.values import Number, dates, numbers
from parallel_local.text.values.money import likely_currency
from parallel_local.text.values.months import MONTHS
from parallel_local.text.values.units import BY_NAME

_ADJECTIVES = (
    "larger|bigger|greater|higher|longer|taller|heavier|faster|wider|deeper|older|größer|länger|höher|älter"
)
_LESSER = (
    "smaller|lower|shorter|lighter|slower|younger|cheaper|newer|kleiner|kürzer|billiger|günstiger|jünger"
)
_ABOVE = re.compile(
    rf"(?:\b(?:more(?:\s+\w+)?\s+than|over|above|exceed(?:s|ing|ed)?|in excess of|beyond|upwards of|"
    rf"(?:{_ADJECTIVES})\s+than|"
    rf"mehr als|über|(?:{_ADJECTIVES})\s+als|teurer als)|>)\s*\S{{0,3}}\s?$",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"(?:\b(?:at least|no (?:less|fewer) than|not (?:less|fewer) than|a? ?minimum(?: of)?|min\.|starting at|"
    r"mindestens|"
    r"wenigstens|not under|not below)|>=|≥)\s*\S{0,3}\s?$",
    re.IGNORECASE,
)
_BELOW = re.compile(
    rf"(?:\b(?:fewer than|less(?:\s+\w+)? than|under|below|(?:{_LESSER})\s+than|nearly|almost|just under|not "
    rf"quite|weniger als|"
    rf"unter|(?:{_LESSER})\s+als|knapp|fast)|<)\s*\S{{0,3}}\s?$",
    re.IGNORECASE,
)
_UP_TO = re.compile(
    r"(?:\b(?:at most|no more than|not more than|up to|a? ?maximum(?: of)?|max\.|not over|not above|within|"
    r"höchstens|maximal|"
    r"bis zu|no longer than|not exceeding)|<=|≤)\s*\S{0,3}\s?$",
    re.IGNORECASE,
)
_OR_MORE = re.compile(
    r"^\s?(?:\+|plus\b|(?:\w+\s+)?(?:or|oder|and|und)\s+(?:more|above|over|older|longer|mehr|upwards))", re.I
)
_OR_LESS = re.compile(
    r"^\s?(?:\w+\s+)?(?:or|oder)\s+(?:fewer|less|below|under|younger|shorter|weniger)", re.IGNORECASE
)
_RANGE = re.compile(r"^[\w€$£%]{0,2}\s?(?:[-–—]|to|bis)\s?[$€£]?$")
_BETWEEN = re.compile(r"\b(?:between|zwischen)\s+\S{0,3}\s?$", re.IGNORECASE)
_AND = re.compile(r"^[\s\w€$£%]{0,12}?\s?(?:and|und)\s+\S{0,3}?\s?$")
_RANGES = re.compile(r"(\d\S{0,3}?)(\s?[-–—]\s?|\s(?:to|and|bis|und)\s)(?=[$€£]?\d)")
_DIGITS = re.compile(r"\d[\d.,]*(?<=\d)(?:\s?(?:thousand|million|billion|trillion|bn|Mio\.?|Mrd\.?|k\b))?")
_CODE = re.compile(r"\b(?P<code>[A-Z][A-Z&]+)[ -]?$")
_UNIT_WORD = re.compile(r"\s?-?\s?[€$£%]?(?:per cent|(?:square|cubic) \w+|[^\W\d_]+[²³]?)")
_METRES = re.compile(r"\s?m\b")
_MILLION = 1e6
_SCALED = re.compile(r"\s?(?:thousand|million|billion|trillion|bn|Mio|Mrd|[kKMB]\b)")
_PERCENT = frozenset({"percent", "prozent", "pct"})
_DECADE = re.compile(r"\b(?P<decade>(?:1[5-9]|20)\d)0(?:s|[’']s|er)\b")
_AFTER = re.compile(
    r"\b(?:after|later than|nach|newer than|more recent(?:ly)? than)\s+(?:the\s+)?(?:year\s+|\w+\s+of\s+)?$",
    re.I,
)
_SINCE = re.compile(
    r"\b(?:(?:in|on) or after|since|from|seit|ab|as of|starting|not before|no earlier than|at the "
    r"earliest)\s+(?:the\s+year\s+)?$",
    re.I,
)
_BEFORE = re.compile(
    r"\b(?:before|prior to|earlier than|vor|older than)\s+(?:the\s+)?(?:year\s+|end\s+of\s+)?$", re.IGNORECASE
)
_BY = re.compile(
    r"\b(?:(?:in|on) or before|by|until|till|no later than|not after|up to|bis|at the "
    r"latest)\s+(?:the\s+)?(?:year\s+|end\s+of\s+)?$",
    re.I,
)
_OR_LATER = re.compile(r"^\s+(?:or|oder)\s+(?:later|after|newer|später)", re.IGNORECASE)
_OR_EARLIER = re.compile(r"^\s+(?:or|oder)\s+(?:earlier|before|older|früher)", re.IGNORECASE)
_TO_YEAR = re.compile(r"^\s?(?:[-–—]|to|until|bis|and|und)\s?$")


class Span(msgspec.Struct, frozen=True):
    """All numbers from `low` to `high`; an open end does not belong to it."""

    low: float = -inf
    high: float = inf
    low_open: bool = False
    high_open: bool = False

    def within(self, other: "Span") -> bool:
        """Whether every number of this span is in the other."""
        low = self.low > other.low or (self.low == other.low and (self.low_open or not other.low_open))
        high = self.high < other.high or (self.high == other.high and (self.high_open or not other.high_open))
        return low and high

    def apart(self, other: "Span") -> bool:
        """Whether the spans share no number."""
        first, second = (self, other) if self.low <= other.low else (other, self)
        touching = first.high == second.low and (first.high_open or second.low_open)
        above = other.low == self.low and (
            (self.high <= other.low and other.low_open) or (other.high <= self.low and self.low_open)
        )
        return first.high < second.low or touching or above


class Quantity(msgspec.Struct, frozen=True):
    """A span with what it counts: a `dimension` (of units, "money", "percent", "date") or whatever `nouns` follow."""

    span: Span
    dimension: str
    currency: str
    nouns: tuple[str, ...]
    start: int
    end: int
    bounded: bool = False

    def fits(self, other: "Quantity") -> bool:
        """Whether the two count the same sort of thing, as far as form shows."""
        currencies = {self.currency, other.currency} - {""}
        return self.dimension == other.dimension and len(currencies) < 2


def quantities(text: str, *, asked: bool = False) -> list[Quantity]:
    """Every number with its bounds; in a question "up to 5" is a limit, in a document it is what is reached."""
    found = [number for number in numbers(_apart(text)) if not _names_something(text, number)]
    read: list[Quantity] = []
    place = 0
    while place < len(found):
        one, end = found[place], _end(text, found[place])
        after = found[place + 1] if place + 1 < len(found) else None
        if after is not None and _is_range(text, one, end, after):
            low, high = _quantity(text, one, end, asked), _quantity(text, after, _end(text, after), asked)
            first = one.amount * _scale(text, end, after)
            factor = 1.0 if high.dimension in ("money", "percent") else _measured(after)[1]
            span = Span(min(first, after.amount) * factor, max(first, after.amount) * factor)
            start = _between_start(text, one)
            currency = high.currency or low.currency
            dimension = "money" if currency else high.dimension
            read.append(Quantity(span, dimension, currency, high.nouns, start, high.end, True))
            place += 2
            continue
        read.append(_quantity(text, one, end, asked))
        place += 1
    return read


def _names_something(text: str, number: Number) -> bool:
    """ "ISO 27001" and "SOC 2" are names; "EUR 5" is an amount."""
    match = _CODE.search(text[: _begin(text, number)])
    return match is not None and not likely_currency(match.group("code"))


def _apart(text: str) -> str:
    """The text with the two ends of each range told apart, every place kept."""
    return _RANGES.sub(lambda match: match[1] + ";" * len(match[2]), text)


def _begin(text: str, number: Number) -> int:
    """Where the digits begin, behind a currency's sign; a number in words begins where it stands."""
    if not re.search(r"\d", number.text):
        return number.start
    match = re.compile(r"\d").search(text, max(0, number.start))
    return match.start() if match else number.start


def _scale(text: str, end: int, after: Number) -> float:
    """ "Between 1 and 10 million": the scale of the second number is the first one's too."""
    match = _SCALED.search(after.text)
    if match is None or _SCALED.search(text[end - 12 : end]):
        return 1.0
    digits = float(re.sub(r"[^\d.]", "", after.text[: match.start()].replace(",", "")) or 1)
    return after.amount / digits if digits else 1.0


def _measured(number: Number) -> tuple[str, float]:
    """What a number's unit measures, and what it is in the smallest of its kind; months and years are years."""
    unit = BY_NAME.get(number.unit)
    if unit is None:
        return "", 1.0
    if unit.dimension == "calendar":
        return "years", float(unit.factor / 12)
    return unit.dimension, float(unit.factor)


def _end(text: str, number: Number) -> int:
    """Where the digits and their scale end; what follows is what is counted."""
    begin = _begin(text, number)
    match = _DIGITS.match(text, begin)
    return match.end() if match else begin + len(number.text)


def _is_range(text: str, one: Number, end: int, after: Number) -> bool:
    between = text[end : _begin(text, after)]
    if _RANGE.match(between):
        return not re.search(r"\b(?:from|von)\s+\S{0,3}$", text[: _begin(text, one)], re.IGNORECASE)
    return bool(_BETWEEN.search(text[: _begin(text, one)])) and bool(_AND.match(between))


def _between_start(text: str, one: Number) -> int:
    match = _BETWEEN.search(text[: _begin(text, one)])
    return match.start() if match else _begin(text, one)


def _quantity(text: str, number: Number, end: int, asked: bool) -> Quantity:
    nouns = _squared(_following(text[end:]))
    if _METRES.match(text, end) and number.amount >= _MILLION and not number.money:
        number = msgspec.structs.replace(number, amount=number.amount / _MILLION)  # "900 m" is no 900 million
    begin = _begin(text, number)
    before = text[:begin].rstrip("$€£¥ ")
    sign = text[len(before) : begin].strip()
    first = nouns[0] if nouns else ""
    mark = text[end : end + 2].strip()[:1]
    written = (sign, mark, first, before.rpartition(" ")[2])
    currency = next((code for code in map(likely_currency, written) if code), "")
    dimension, factor = _measured(number)
    if number.percent or mark == "%" or first in _PERCENT:
        dimension, factor = "percent", 1.0
    elif currency or number.money:
        dimension, factor = "money", 1.0
    span, start = _bounded(text, number, end, asked)
    unit = _UNIT_WORD.match(text, end)
    if unit and (dimension or first in _PERCENT):
        end = unit.end()
    scaled = Span(span.low * factor, span.high * factor, span.low_open, span.high_open)
    return Quantity(scaled, dimension, currency, nouns, start, end, span.low != span.high)


def _squared(nouns: tuple[str, ...]) -> tuple[str, ...]:
    """ "Square metres" are a unit of their own."""
    return (
        (f"{nouns[0]} {nouns[1]}", *nouns[2:])
        if len(nouns) > 1 and nouns[0] in ("square", "cubic")
        else nouns
    )


def _bounded(text: str, number: Number, end: int, asked: bool) -> tuple[Span, int]:
    """The span that the words around a number make of it, and where those words begin."""
    begin, tail, amount = _begin(text, number), text[end:], number.amount
    head = text[:begin]
    rules = (
        (_FROM, Span(low=amount)),
        (_ABOVE, Span(low=amount, low_open=True)),
        (_UP_TO, Span(high=amount)),
        (_BELOW, Span(high=amount, high_open=True)),
    )
    for pattern, span in rules:
        match = pattern.search(head)
        if match and (asked or pattern is not _UP_TO):
            return span, match.start()
    if _OR_MORE.match(tail):
        return Span(low=amount), begin
    if _OR_LESS.match(tail):
        return Span(high=amount), begin
    return Span(amount, amount), begin


def _following(text: str) -> tuple[str, ...]:
    """Up to four folded words right behind a number, before the next break."""
    match = re.match(r"(?:\s?-?[€$£%+]?\s*)((?:[^\W\d_][\w²/’'-]*\s*){0,4})", text)
    return tuple(fold(word) for word in re.split(r"[\s-]+", match.group(1)) if word) if match else ()


def times(text: str, *, asked: bool = False) -> list[Quantity]:
    """Every date, year and decade as a span of days."""
    found: list[Quantity] = []
    for match in _DECADE.finditer(text):
        first = int(match.group("decade")) * 10
        span = Span(_day(first, 1, 1), _day(first + 9, 12, 31))
        found.append(Quantity(span, "date", "", (), match.start(), match.end()))
    for value in dates(text):
        if any(other.start <= value.start < other.end for other in found):
            continue
        period = _period(value.text)
        if period is not None:
            found.append(_timed(text, period, value.start, value.start + len(value.text), asked))
    return _joined(text, sorted(found, key=lambda item: item.start)) if asked else found


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
            r"\b(?:between|from|zwischen|von)\s+$", text[: last.end - 4], re.I
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
