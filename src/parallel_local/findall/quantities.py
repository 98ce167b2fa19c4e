"""Numbers as spans, with what bounds them: "more than 50", "40 to 60", "at most 3 km". Pure. Dates are in `periods.py`.

A condition and a document are read alike; a span of the document then lies within the condition's, or outside it, or
leaves it open. Only units of one dimension are converted, exactly; currencies never.
"""

import re
from math import inf

import msgspec

from parallel_local.text.tokens import fold
from parallel_local.text.values import Number, numbers
from parallel_local.text.values.money import likely_currency
from parallel_local.text.values.tongue import Tongue
from parallel_local.text.values.units import BY_NAME

_ADJECTIVES = (
    "larger|bigger|greater|higher|longer|taller|heavier|faster|wider|deeper|older|größer|länger|höher|älter|tiefer|"
    "breiter|schwerer|schneller|weiter"
)
_LESSER = (
    "smaller|lower|shorter|lighter|slower|younger|cheaper|newer|kleiner|kürzer|billiger|günstiger|jünger|"
    "niedriger|leichter|langsamer|flacher|schmaler"
)
_ABOVE = re.compile(
    rf"(?:\b(?:more(?:\s+\w+)?\s+than|over|above|exceed(?:s|ing|ed)?|in excess of|beyond|upwards of|"
    rf"(?:{_ADJECTIVES})\s+than|"
    rf"mehr als|über|(?:{_ADJECTIVES})\s+als|teurer als|m[áa]s de|superior a|mayor (?:de|que)|por encima de)|"
    rf">)\s*\S{{0,3}}\s?$",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"(?:\b(?:at least|no (?:less|fewer) than|not (?:less|fewer) than|a? ?minimum(?: of)?|min\.|starting at|"
    r"mindestens|"
    r"wenigstens|not under|not below|al menos|como mínimo|un mínimo de|a partir de|no menos de)|>=|≥)\s*\S{0,3}\s?$",
    re.IGNORECASE,
)
_BELOW = re.compile(
    rf"(?:\b(?:fewer than|less(?:\s+\w+)? than|under|below|(?:{_LESSER})\s+than|nearly|almost|just under|not "
    rf"quite|weniger als|"
    rf"unter|(?:{_LESSER})\s+als|knapp|fast|menos de|inferior a|menor (?:de|que)|por debajo de|casi)|"
    rf"<)\s*\S{{0,3}}\s?$",
    re.IGNORECASE,
)
_UP_TO = re.compile(
    r"(?:\b(?:at most|no more than|not more than|up to|a? ?maximum(?: of)?|max\.|not over|not above|within|"
    r"höchstens|maximal|"
    r"bis zu|no longer than|not exceeding|como máximo|un máximo de|hasta|no más de)|<=|≤)\s*\S{0,3}\s?$",
    re.IGNORECASE,
)
_OR_MORE = re.compile(
    r"^\s?(?:\+|plus\b|(?:\w+\s+)?(?:or|oder|and|und|o)\s+(?:more|above|over|older|longer|mehr|upwards|más))",
    re.I,
)
_OR_LESS = re.compile(
    r"^\s?(?:\w+\s+)?(?:or|oder|o)\s+(?:fewer|less|below|under|younger|shorter|weniger|menos)", re.IGNORECASE
)
_RANGE = re.compile(r"^[\w€$£%]{0,2}\s?(?:[-–—]|to|bis|a)\s?[$€£]?$")
_BETWEEN = re.compile(r"\b(?:between|zwischen|entre)\s+\S{0,3}\s?$", re.IGNORECASE)
_AND = re.compile(r"^[\s\w€$£%]{0,12}?\s?(?:and|und|y)\s+\S{0,3}?\s?$")
_RANGES = re.compile(r"(\d\S{0,3}?)(\s?[-–—]\s?|\s(?:to|and|bis|und|y)\s)(?=[$€£]?\d)")
_DIGITS = re.compile(r"\d[\d.,]*(?<=\d)(?:\s?(?:thousand|million|billion|trillion|bn|Mio\.?|Mrd\.?|k\b))?")
_TITLE = re.compile(r"[A-ZÀ-Þ][a-zà-ÿ]+\s+[A-ZÀ-Þ][a-zà-ÿ]")
_CODE = re.compile(r"\b(?P<code>[A-Z][A-Z&]+)[ -]?$")
_UNIT_WORD = re.compile(r"\s?-?\s?[€$£%]?(?:per cent|(?:square|cubic) \w+|[^\W\d_]+[²³]?)")
_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+")  # of things, which have no fractions: "1.150 people"
_METRES = re.compile(r"\s?m\b")
_MILLION = 1e6
_SCALED = re.compile(r"\s?(?:thousand|million|billion|trillion|bn|Mio|Mrd|[kKMB]\b)")
_PERCENT = frozenset({"percent", "prozent", "pct"})
_TONGUES: tuple[Tongue, ...] = ("en", "de", "es", "fr")  # that differ in what "1.240" is


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


def quantities(text: str, *, asked: bool = False, language: str = "") -> list[Quantity]:
    """Every number with its bounds; in a question "up to 5" is a limit, in a document it is what is reached."""
    spoken = next((name for name in _TONGUES if name == language), None)
    found = [number for number in numbers(_apart(text), spoken) if not _names_something(text, number)]
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
    """ "ISO 27001", "SOC 2" and "Seven Oaks" are names; "EUR 5" is an amount."""
    if _TITLE.match(text, number.start):
        return True
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
    if not dimension and _THOUSANDS.fullmatch(text, begin, end):
        number = msgspec.structs.replace(number, amount=float(text[begin:end].replace(".", "")))
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
        (_UP_TO, Span(high=amount)),
        (_BELOW, Span(high=amount, high_open=True)),
        (_ABOVE, Span(low=amount, low_open=True)),
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
