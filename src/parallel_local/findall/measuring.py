"""Whether a clause meets the numbers, dates and ages of a demand: those that stand by the words they are demanded of.

Pure. Whether the clause says the words at all, and claims or denies them, is judged in `matching.py`.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from parallel_local.findall.demands import ASPECTS, PERSONS, Demand, Term, term_places
from parallel_local.findall.periods import times
from parallel_local.findall.quantities import Quantity, Span, quantities
from parallel_local.findall.statements import Statement
from parallel_local.findall.wording import Token, same, tokens

_NEAR = 5  # words between a number and what it counts
_ORIGIN = re.compile(
    r"\b(?:founded|established|built|born|opened|since|constructed|dates? (?:back )?(?:from|to)|published|"
    r"launched|started|"
    r"gegründet|erbaut|gebaut|geboren|eröffnet|incorporated|year|baujahr|built in|installed|written|signed|"
    r"fundad[oa]|"
    r"creado|inaugurado|abierto|abrió|seit|desde)\b",
    re.IGNORECASE,
)
_BOTH = re.compile(r"\s(?:[\w-]+\s){0,3}?(?P<trade>[\w-]+(?:ers|ors|ists|ians|men|women))\s+and\s+$")
_OF_TRADE = re.compile(r"(?:ers|ors|ists|ians|men|women|staff|people)$")
_OLD = frozenset({"old", "age", "aged", "alt"})
_DAYS_A_YEAR = 365.2425


class Now(msgspec.Struct, frozen=True):
    """What is known of today: the year and the day of the newest document."""

    year: int | None
    day: float | None


def measured(demand: Demand, statement: Statement, now: Now) -> bool | None:
    """Whether all numbers and times of a demand are met; False where one is not, None where one is not spoken of."""
    verdicts: list[bool | None] = []
    text = statement.text
    if demand.quantities:
        stated = quantities(_spelled(text), language=statement.language or demand.language)
        verdicts += [_compare(wanted, _of_noun(wanted, stated, text, demand)) for wanted in demand.quantities]
    if demand.times and not demand.terms and not _ORIGIN.search(text):
        return None  # nothing but a date is asked for: the one on which it began
    if demand.times:
        stated_times = times(text)
        verdicts += [
            _compare(wanted, _nearest(stated_times, _anchors(demand, tokens(text))))
            for wanted in demand.times
        ]
    if demand.age is not None:
        verdicts.append(_aged(demand.age, text, now))
    if None in verdicts:
        return None
    return all(verdicts)


def _spelled(text: str) -> str:
    """ "A 60-person company" has 60 persons."""
    return re.sub(r"(?<=\d)-(?=[^\W\d_])", " ", text)


def _compare(wanted: Quantity, stated: Quantity | None) -> bool | None:
    if stated is None:
        return None
    if stated.span.within(wanted.span):
        return True
    return False if stated.span.apart(wanted.span) else None


def _of_noun(wanted: Quantity, stated: Sequence[Quantity], text: str, demand: Demand) -> Quantity | None:
    """The stated number that counts what is asked for: money, a unit, or things of that name near by."""
    fitting = [item for item in stated if item.fits(wanted)]
    own = tokens(_spelled(text))
    if wanted.dimension == "length" and demand.aspect:
        return _of_aspect(fitting, demand.aspect, own)
    if wanted.dimension:
        return _nearest(fitting, _anchors(demand, own))
    noun = _noun_term(wanted, demand)
    if noun is None:
        return _nearest(fitting, _anchors(demand, own))
    where = term_places(noun, own)
    if not where:
        return _nearest(fitting, _anchors(demand, own)) if noun.word in PERSONS else None
    distances = [(min(_distance(own, item, place) for place in where), item) for item in fitting]
    if _summed(fitting, text):
        return None
    near = [pair for pair in distances if pair[0] <= _NEAR]
    nearest = min((distance for distance, _ in near), default=0)
    return _latest([item for distance, item in near if distance == nearest], text)


def _summed(found: Sequence[Quantity], text: str) -> bool:
    """ "31 saddlers and seven clerks": neither number is that of all."""
    return any(
        _BOTH.match(text[one.end : other.start]) and other.nouns and _OF_TRADE.search(other.nouns[-1])
        for one, other in pairwise(found)
    )


def _latest(found: Sequence[Quantity], text: str) -> Quantity | None:
    """ "40 employees in 2020 and 75 in 2024": the one that the latest year stands behind."""
    if len(found) < 2:
        return found[0] if found else None
    years = times(text)

    def when(item: Quantity) -> float:
        return next((year.span.high for year in years if year.start >= item.end), 0.0)

    return max(found, key=when)


def _of_aspect(fitting: Sequence[Quantity], aspect: str, own: Sequence[Token]) -> Quantity | None:
    """ "87 metres high and 650 metres long": the one by the word; where no such word stands, the only one."""
    named = [token for token in own if token.word in ASPECTS]
    meant = [token for token in named if ASPECTS[token.word] == aspect]
    if meant:
        return _nearest(fitting, meant)
    return fitting[0] if len(fitting) == 1 and not named else None


def _anchors(demand: Demand, own: Sequence[Token]) -> list[Token]:
    return [own[place] for term in demand.terms for place in term_places(term, own)]


def _noun_term(wanted: Quantity, demand: Demand) -> Term | None:
    """The word of the demand that the number counts."""
    for noun in wanted.nouns:
        for term in demand.terms:
            if any(same(option[-1], noun) for option in term.options[:1]):
                return term
    return None


def _distance(own: Sequence[Token], item: Quantity, place: int) -> int:
    """Words between a number and a noun; a noun behind its number is nearer than one before it."""
    token = own[place]
    if token.start >= item.end:
        return sum(item.end <= other.start < token.start for other in own)
    return 1 + sum(token.end <= other.start < item.start for other in own)


def _nearest(found: Sequence[Quantity], anchors: Sequence[Token]) -> Quantity | None:
    """The one next to the words it is asked of, dates rather behind them than before; the first without words."""
    if not anchors or not found:
        return found[0] if found else None
    return min(found, key=lambda item: min(_gap(item, anchor) for anchor in anchors))


def _gap(item: Quantity, anchor: Token) -> float:
    if item.start >= anchor.end:
        return item.start - anchor.end
    return (anchor.start - item.end) * (1.5 if item.dimension == "date" else 1.0)


def _aged(wanted: Quantity, text: str, now: Now) -> bool | None:
    """How old a thing is: as stated in years, or since the day it began, seen from the newest document."""
    words = {token.word for token in tokens(text)}
    if words & _OLD:
        stated = next((item for item in quantities(_spelled(text)) if item.dimension in ("years", "")), None)
        return _compare(wanted, msgspec.structs.replace(stated, dimension="years")) if stated else None
    origin = _ORIGIN.search(text)
    if origin is None or now.day is None:
        return None
    began = _nearest(times(text), [Token("", "", origin.start(), origin.end())])
    if began is None:
        return None
    span = Span((now.day - began.span.high) / _DAYS_A_YEAR, (now.day - began.span.low) / _DAYS_A_YEAR)
    return _compare(wanted, msgspec.structs.replace(began, span=span, dimension="years"))
