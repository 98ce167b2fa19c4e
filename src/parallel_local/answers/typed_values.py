"""Reading one value of a wanted type out of one sentence. Pure.

The field's own words ("founded year", "number of employees") steer which value is taken; nothing is computed
beyond scaling a number as it is written.
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from parallel_local.answers.schema_view import Node
from parallel_local.retrieval.query import Query
from parallel_local.text.sentences import flat
from parallel_local.text.tokens import spaced, stems
from parallel_local.text.values import Number, Value, dates, emails, names, numbers, urls, years

_NEGATION = re.compile(r"\b(?:no|not|never|none|without|cannot|isn't|doesn't|didn't|hasn't)\b", re.IGNORECASE)
_COPULA = re.compile(r"\s(?:is|are|was|were)\s|:\s+")
_URL_HINT = re.compile(r"\b(?:url|website|web site|homepage|link|domain)\b", re.IGNORECASE)
_MAIL_HINT = re.compile(r"\b(?:e-?mail)\b", re.IGNORECASE)
_DATE_HINT = re.compile(r"\b(?:date|when|year|founded|established|day|since|inception)\b", re.IGNORECASE)
_YEAR_HINT = re.compile(r"\byears?\b", re.IGNORECASE)
_PERSON_HINT = re.compile(
    r"\b(?:ceo|cto|cfo|coo|founders?|president|chair(?:man|woman|person)?|director|author|person|who|"
    r"secretary|chief|leader|head|executive)\b",
    re.IGNORECASE,
)
_MONEY_HINT = re.compile(
    r"\b(?:amount|price|cost|revenue|sales|funding|raised|value|valuation|size|usd|dollars?|worth|money)\b",
    re.IGNORECASE,
)
_PERCENT_HINT = re.compile(r"\b(?:percent(?:age)?|share|rate|growth|margin|ratio)\b|%", re.IGNORECASE)


Located = TypeVar("Located", Value, Number)


class Hints(msgspec.Struct, frozen=True):
    """What is known about a field besides its type: its words as text and as a query."""

    text: str
    query: Query


def read_value(node: Node, hints: Hints, sentence: str) -> object | None:
    """The field's value as `sentence` states it; None when it states none."""
    if node.options():
        return _option(node.options(), sentence)
    readers: dict[str, Callable[[Hints, str], object | None]] = {
        "boolean": _boolean, "integer": _integer, "number": _number, "string": _string,
    }  # fmt: skip
    reader = readers.get(node.type)
    return reader(hints, sentence) if reader else None


def fits(hints: Hints, sentence: str) -> bool:
    """Whether a sentence holds the kind of value that the field's words name: money, share, date, address."""
    found = numbers(sentence)
    if _MONEY_HINT.search(hints.text):
        return any(number.money for number in found)
    if _PERCENT_HINT.search(hints.text):
        return any(number.percent for number in found)
    if _URL_HINT.search(hints.text):
        return bool(urls(sentence))
    return bool(_DATE_HINT.search(hints.text) and dates(sentence))


def _option(options: Sequence[object], sentence: str) -> object | None:
    """The longest option whose words the sentence contains."""
    haystack = spaced(stems(sentence))
    present = [option for option in options if isinstance(option, str) and _mentions(haystack, option)]
    return max(present, key=lambda option: len(str(option)), default=None)


def _mentions(haystack: str, option: str) -> bool:
    wanted = stems(option.replace("_", " "))
    return bool(wanted) and spaced(wanted) in haystack


def _boolean(_hints: Hints, sentence: str) -> bool:
    return not _NEGATION.search(sentence)


def _integer(hints: Hints, sentence: str) -> int | None:
    if _YEAR_HINT.search(hints.text) or (_DATE_HINT.search(hints.text) and not numbers(sentence)):
        year = _nearest(years(sentence), hints, sentence)
        return int(year.text) if year else None
    number = _number(hints, sentence)
    return round(number) if number is not None and abs(number) < 1e18 else None


def _number(hints: Hints, sentence: str) -> float | None:
    found = numbers(sentence)
    if _MONEY_HINT.search(hints.text):
        found = [number for number in found if number.money] or found
    elif _PERCENT_HINT.search(hints.text):
        found = [number for number in found if number.percent] or found
    chosen = _nearest(found, hints, sentence)
    return chosen.amount if chosen else None


def _string(hints: Hints, sentence: str) -> str | None:
    shaped = _shaped(hints, sentence)
    if shaped is not None:
        return shaped or None
    return stated(hints.query, sentence) or flat(sentence)


def _shaped(hints: Hints, sentence: str) -> str | None:
    """Values with a form of their own; an empty string when the form is wanted but absent."""
    found: Sequence[Value]
    if _MAIL_HINT.search(hints.text):
        found = emails(sentence)
    elif _URL_HINT.search(hints.text):
        found = urls(sentence)
    elif _PERSON_HINT.search(hints.text):
        found = _people(hints, sentence)
    elif _DATE_HINT.search(hints.text):
        found = dates(sentence)
    else:
        return None
    chosen = _nearest(found, hints, sentence)
    return chosen.text if chosen else ""


def _people(hints: Hints, sentence: str) -> list[Value]:
    """Names, without the title in front: "CEO Jane Doe" is Jane Doe."""
    kept: list[Value] = []
    for value in names(sentence):
        parts = value.text.split(" ")
        skipped = 0
        while len(parts) > 2 and _PERSON_HINT.search(parts[0]):
            skipped += len(parts.pop(0)) + 1
        kept.append(Value(" ".join(parts), value.start + skipped))
    return [value for value in kept if not _PERSON_HINT.search(value.text)]


def stated(query: Query, sentence: str) -> str | None:
    """What follows "… is" or "…:" when all words of the field stand before it."""
    text = flat(sentence)
    for match in _COPULA.finditer(text):
        before = spaced(stems(text[: match.start()]))
        if query.terms and all(term.within(before) for term in query.terms):
            return text[match.end() :].rstrip(" .;") or None
    return None


def _nearest(found: Sequence[Located], hints: Hints, sentence: str) -> Located | None:
    """The value closest to a mention of the field; the first one when the field is not mentioned."""
    places = [
        match.start()
        for match in re.finditer(r"\w+", sentence)
        if any(term.within(spaced(stems(match.group()))) for term in hints.query.terms)
    ]
    if not places:
        return next(iter(found), None)
    return min(found, key=lambda value: min(abs(value.start - place) for place in places), default=None)
