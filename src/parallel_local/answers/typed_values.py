"""Values of the wanted kind in one piece of text, as the field wants them: unit, scale, currency, form of a date. Pure.

What kind is wanted is known from `field_ask.py`; which of several values is the field's is judged elsewhere.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from parallel_local.answers.field_ask import FieldAsk
from parallel_local.answers.field_kinds import Kind
from parallel_local.answers.mentions import tokens
from parallel_local.text.values.dates import dated
from parallel_local.text.values.names import (
    emails,
    is_organisation,
    is_person,
    organisations,
    phones,
    proper_names,
    sites,
)
from parallel_local.text.values.numbers import measures
from parallel_local.text.values.periods import periods
from parallel_local.text.values.tongue import Tongue, tongue
from parallel_local.text.values.units import BY_NAME, convert
from parallel_local.text.values.value import Date, Number, Value

_LARGEST = 1e18
_PLACE_LEAD = re.compile(
    r"(?:\b(?:in|at|to|from|near|of|is|are|was|sits on|based|on the|ist|aus|bei|nach|en|à|au|de|est|es|desde)|[:|"
    r"(—–-])\s*(?:the\s+|der\s+|la\s+|el\s+)?$",
    re.IGNORECASE,
)
_BASED = re.compile(r"\b([A-ZÀ-Þ]\w+(?:[ -][A-ZÀ-Þ]\w+)*)-based\b")  # "a Berlin-based firm"
_PLACE_TAIL = re.compile(r",\s[A-ZÀ-Þ][\w’'-]+(?:\s[A-ZÀ-Þ][\w’'-]+)?")
_COUNTRY = re.compile(r"\b(?:country|land|pays|país)\b", re.IGNORECASE)
_CITY = re.compile(r"\b(?:city|town|stadt|ville|ciudad|village|birthplace)\b", re.IGNORECASE)
# Dimensions that are kept apart for conversion, and measure the same.
_ALSO = {
    "time": ("time", "calendar"), "length": ("length", "us_length"), "mass": ("mass", "us_mass"),
    "celsius": ("celsius", "fahrenheit", "degree"), "kmh": ("kmh", "mph"), "area": ("area", "acre"),
}  # fmt: skip
_NUMERIC = ("integer", "number")


class Candidate(msgspec.Struct, frozen=True):
    """A value that could be the field's, where it stands, and what makes it less than certain."""

    value: object
    place: Value
    doubts: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Equal for equal values, however they are written."""
        return re.sub(r"\s+", " ", str(self.value)).casefold().strip()


def candidates(
    ask: FieldAsk, text: str, *, alone: bool = False, language: Tongue | None = None
) -> list[Candidate]:
    """Every value of the field's kind; `alone` says that the text is a cell or the right side of a key."""
    if ask.kind in (Kind.YEAR, Kind.DATE):
        return list(_dates(ask, text))
    if ask.kind is Kind.PERSON:
        return [_titled(ask, value) for value in _people(text, alone, language or tongue(text))]
    if ask.kind is Kind.PLACE:
        return list(_places(ask, text, alone))
    if ask.kind is Kind.ORGANISATION:
        found = [value for value in organisations(text) if alone or value.start > 2 or " " in value.text]
        return [Candidate(re.sub(r"\s+", " ", value.text), value) for value in found]
    if ask.kind in (Kind.URL, Kind.EMAIL, Kind.PHONE):
        shaped = {Kind.URL: sites, Kind.EMAIL: emails, Kind.PHONE: phones}[ask.kind](text)
        return [Candidate(value.text, value) for value in shaped]
    if ask.kind in (Kind.TEXT, Kind.BOOLEAN, Kind.OPTION):
        return []
    spoken = language or tongue(text)
    return [
        made for number in measures(text, spoken) if (made := _number(ask, number, text, alone)) is not None
    ]


def _dates(ask: FieldAsk, text: str) -> Iterator[Candidate]:
    ends = periods(text)
    first = {period.first.start: period.first for period in ends}
    last = {period.last.start for period in ends}
    for found in sorted({date.start: date for date in (*first.values(), *dated(text))}.values(), key=_place):
        date = first.get(found.start, found)
        doubts: tuple[str, ...] = ()
        if date.start in first or date.start in last:
            wanted = "low" if date.start in first else "high"
            if ask.end not in (wanted, ""):
                continue
            doubts = ("bound",) if ask.end else ("range",)
        if ask.kind is Kind.YEAR or ask.node.type in _NUMERIC:
            if date.year is not None and date.quarter is None:
                yield Candidate(date.year if ask.node.type in _NUMERIC else str(date.year), date, doubts)
        elif not ask.iso:
            yield Candidate(date.text, date, doubts)
        elif date.iso() is not None:
            yield Candidate(_stamp(ask, date), date, doubts)


def _place(date: Date) -> int:
    return date.start


def _stamp(ask: FieldAsk, date: Date) -> str:
    day = date.iso() or ""
    return f"{day}T00:00:00Z" if ask.node.schema.get("format") == "date-time" else day


def _number(ask: FieldAsk, number: Number, text: str, alone: bool) -> Candidate | None:
    if not _fits(ask, number, alone):
        return None
    amount: float | None = number.amount
    if number.upper is not None:
        if not ask.end and ask.node.type in _NUMERIC:
            return None
        amount = number.upper if ask.end == "high" else number.amount
    doubts: tuple[str, ...] = ("hedged",) if number.hedged else ()
    doubts += ("compound",) if number.compound else ()
    doubts += ("former",) if number.former else ()
    if ask.node.type not in _NUMERIC:
        return Candidate(text[number.start : number.end].strip(), number, doubts)
    if ask.unit and number.unit and amount is not None:
        amount = convert(amount, number.unit, ask.unit)
    value = _as_type(ask, amount)
    return None if value is None else Candidate(value, number, doubts)


def _fits(ask: FieldAsk, number: Number, alone: bool) -> bool:
    """Whether a number is of the kind that is wanted."""
    if number.compound and ask.kind is not Kind.MEASURE:
        return False
    if ask.kind is Kind.MONEY:
        right = not ask.currency or not number.currency or number.currency == ask.currency
        return right and (number.money or (alone and not number.percent and not number.unit))
    if ask.kind is Kind.PERCENT:
        return number.percent or (alone and not number.money and not number.unit)
    if ask.kind is Kind.MEASURE:
        return _measures(ask, number) or (alone and not (number.money or number.percent or number.unit))
    if ask.kind is Kind.COUNT:
        return not (number.money or number.percent or number.unit)
    return True


def _measures(ask: FieldAsk, number: Number) -> bool:
    """Whether a number's unit measures what is wanted, in a unit that can be made the wanted one."""
    unit = BY_NAME.get(number.unit)
    if unit is None:
        return False
    if ask.unit:
        return convert(1.0, number.unit, ask.unit) is not None
    return not ask.dimension or unit.dimension in _ALSO.get(ask.dimension, (ask.dimension,))


def _as_type(ask: FieldAsk, amount: float | None) -> int | float | None:
    if amount is None or abs(amount) >= _LARGEST:
        return None
    scaled = float(f"{amount / ask.scale:.12g}")
    if ask.node.type == "integer":
        return int(scaled) if scaled.is_integer() else None
    return int(scaled) if scaled.is_integer() else scaled


def _titled(ask: FieldAsk, name: Value) -> Candidate:
    """A person's name without the field's own word before it: "Kassiererin Petra Hinz", "Captain Ivo Perić"."""
    found = tokens(name.text)
    lead = [span for demand in ask.demands for span in demand.phrases.spans(found) if span[0] == 0]
    cut = max((span[1] for span in lead), default=0)
    rest = name.text[cut:].lstrip()
    kept = Value(rest, name.end - len(rest)) if cut and " " in rest else name
    return Candidate(re.sub(r"\s+", " ", kept.text), kept)


def _people(text: str, alone: bool, language: Tongue) -> Iterator[Value]:
    """Names that are of a person by their form; in a cell of their own single words too."""
    for value in proper_names(text):
        most = 3 if language == "de" else 5
        if (is_person(value.text) and len(value.text.split()) <= most) or (
            alone and not is_organisation(value.text) and value.start < 3
        ):
            yield value


def _places(ask: FieldAsk, text: str, alone: bool) -> Iterator[Candidate]:
    """Names behind "in", "at" and the like, with a country behind a comma."""
    for match in _BASED.finditer(text):
        yield Candidate(match.group(1), Value(match.group(1), match.start()))
    for value in proper_names(text):
        if not alone and not _PLACE_LEAD.search(text, 0, value.start):
            continue
        tail = _PLACE_TAIL.match(text, value.end)
        whole = Value(text[value.start : tail.end()], value.start) if tail else value
        if _COUNTRY.search(ask.label) and tail:
            whole = Value(tail.group().lstrip(", "), tail.start() + 2)
        elif _CITY.search(ask.label):
            whole = value
        yield Candidate(re.sub(r"\s+", " ", whole.text), whole)


def part_of_place(label: str, text: str) -> str:
    """The city or the country of "Norwick, Veldland", where a field asks for one of them."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > 1 and _COUNTRY.search(label):
        return parts[-1]
    return parts[0] if len(parts) > 1 and _CITY.search(label) else text


def options_in(options: Sequence[object], numbers: Sequence[Number]) -> list[tuple[object, Value]]:
    """Options that are numbers, where a text has them."""
    return [
        (option, number)
        for number in numbers
        for option in options
        if isinstance(option, int | float) and not isinstance(option, bool) and option == number.amount
    ]
