"""Whether a statement meets a demand, denies it, or says nothing about it. Pure.

Each word of the demand has to be there; numbers and dates have to stand by the words they are demanded of.
"""

import re
from collections.abc import Sequence
from enum import Enum

import msgspec

from parallel_local.findall.clauses import FINITE, Standing, standing
from parallel_local.findall.demands import Demand, Term
from parallel_local.findall.kinds import is_of_kind
from parallel_local.findall.quantities import Quantity, Span, quantities, times
from parallel_local.findall.subjects import Statement
from parallel_local.findall.wording import Token, places, same, tokens

_NEAR = 5  # words between a number and what it counts
_YES_WORDS = """
yes ja true x ✓ ✔ y available oui si
"""
_YES = frozenset(_YES_WORDS.split())
_NO_WORDS = """
no nein false none n never keine kein – — - ✗ ✘ n/a 0
"""
_NO = frozenset(_NO_WORDS.split())
_PLACE_LABELS_WORDS = """
location city country address headquarters headquarter region place seat based town state base home where
sitz ort river lake coast sea island fluss see stadt land standort hauptsitz adresse hq residence lives
district
"""
_PLACE_LABELS = frozenset(_PLACE_LABELS_WORDS.split())
_KIND_LABELS_WORDS = """
type kind industry sector category branche field business about typ art genre style cuisine
"""
_KIND_LABELS = frozenset(_KIND_LABELS_WORDS.split())
_AT_HOME = re.compile(
    r"\b(?:based|headquartered|headquarters?|located|situated|seated|seat|lies|stands?|sits|home|registered|"
    r"ansässig|sitz|"
    r"hauptsitz|liegt|resides?|lives|living|wohnt|comes from|hails from|stammt|moved|relocated|beheimatet|"
    r"village|town|"
    r"is|are|was|were|ist|sind)\b",
    re.IGNORECASE,
)
_WEAK_BE = re.compile(
    r"\b(?:is|are|was|were|ist|sind)\s+(?:an?|the|one of|our|its?|in|from|at|near|aus|ein|eine|der|die|das|"
    r"\w+[’']s)\b",
    re.IGNORECASE,
)
_NOT_HOME = re.compile(
    r"\b(?:warehouse|ships?|delivers?|sells?|exports?|customers?|clients?|offices?|branch|branches|supplier "
    r"to|shops? in|"
    r"known in|popular in|active in|founded in|born in|plant in|factory in|subsidiary)\b",
    re.IGNORECASE,
)
_MOVED_FROM = re.compile(r"\b(?:moved|relocated|umgezogen)\b", re.IGNORECASE)
_IN = re.compile(
    r"\b(?:in|at|near|from|of|to|aus|bei|nahe|outside|around|on|im)\s+(?:[\w’'.-]+\s+){0,4}?$", re.IGNORECASE
)
_MAKES = re.compile(
    r"\b(?:makes?|builds?|develops?|designs?|manufactures?|produces?|baut|entwickelt|fertigt)\b",
    re.IGNORECASE,
)
_MONEY_OF_OTHERS = re.compile(
    r"\b(?:revenue|turnover|raised|salary|salaries|fined?|funding|budget|invest\w*|profit|loss|worth|sales|"
    r"umsatz|deposit|"
    r"valued|earn\w*|grant|donat\w*|debt)\b",
    re.IGNORECASE,
)
_PRICES = frozenset({"cost", "costs", "price", "kostet", "fee", "priced", "preis"})
_LASTS_WORDS = """
take takes taking lasts last lasting duration ready needs requires time dauert dauer
"""
_LASTS = frozenset(_LASTS_WORDS.split())
_TRADES_WORDS = """
sell sells supplies supply makes make trades produces stocks verkauft bietet
"""
_TRADES = frozenset(_TRADES_WORDS.split())
_ORIGIN = re.compile(
    r"\b(?:founded|established|built|born|opened|since|constructed|dates? (?:back )?(?:from|to)|published|"
    r"launched|started|"
    r"gegründet|erbaut|gebaut|geboren|eröffnet|incorporated|year|baujahr|built in|installed|written|signed)\b",
    re.IGNORECASE,
)
_OLD_WORDS = """
old age aged alt
"""
_OLD = frozenset(_OLD_WORDS.split())
_DAYS_A_YEAR = 365.2425


class Bearing(Enum):
    """What a statement says about a demand."""

    MEETS = "meets"
    DENIES = "denies"
    SILENT = "silent"


class Finding(msgspec.Struct, frozen=True):
    """A bearing, and whether the clause itself says it or only together with the headings above it."""

    bearing: Bearing
    direct: bool = True


SILENT = Finding(Bearing.SILENT)


class Now(msgspec.Struct, frozen=True):
    """What is known of today: the year and the day of the newest document."""

    year: int | None
    day: float | None


def bearing(demand: Demand, statement: Statement, now: Now) -> Finding:
    """What one clause, with the headings it stands under, says about a demand."""
    own = tokens(statement.text)
    around = [token.word for token in tokens(statement.below)]
    found = [_term_places(term, own) for term in demand.terms]
    missing = [term for term, where in zip(demand.terms, found, strict=True) if not where]
    missing = [term for term in missing if not _implied(term, demand, statement)]
    if any(not _in_words(term, around) for term in missing):
        return SILENT
    if demand.terms and len(missing) == len(demand.terms) and not (demand.quantities or demand.times):
        return SILENT
    if (
        not _fits_sides(demand, own, found)
        or not _fits_place(demand, statement)
        or not _fits_kind(demand, statement)
    ):
        return SILENT
    anchors = [place for where in found for place in where]
    measured = _measured(demand, statement, own, anchors, now)
    if measured is None:
        return SILENT
    return _judged(demand, statement, now, measured, direct=not missing)


def _judged(demand: Demand, statement: Statement, now: Now, measured: bool, *, direct: bool) -> Finding:
    """Words and numbers speak of the demand: whether the clause claims it, denies it, or wants it."""
    claimed = _claimed(statement, now, demand)
    if claimed is demand.wanted:
        if claimed is Standing.DENIED and demand.quantities:
            return SILENT
        return Finding(Bearing.MEETS if measured else Bearing.DENIES, direct)
    if claimed is Standing.PLANNED or demand.wanted is Standing.PLANNED or not measured:
        return SILENT
    return Finding(Bearing.DENIES, direct)


def _claimed(statement: Statement, now: Now, demand: Demand) -> Standing:
    """What the clause claims; a fact "Audited: no" denies."""
    if statement.label:
        value = statement.text[len(statement.label) :].strip(" :").casefold().rstrip(".")
        if value in _NO or value.split(" ")[0].strip(",;.") in ("no", "nein", "none", "keine"):
            return Standing.DENIED
        if value in _YES:
            return Standing.HOLDS
    year = None if demand.times and any(same(term.word, "until") for term in demand.terms) else now.year
    text = statement.text
    if any(same(option[0], "expires") for term in demand.terms for option in term.options):
        text = re.sub(r"\b(?:until|till|bis|expired|through)\b", " ", text, flags=re.IGNORECASE)
    return standing(text, year)


def _term_places(term: Term, own: Sequence[Token]) -> list[int]:
    """Where a clause says a word of the demand, in any of its ways."""
    words = [token.word for token in own]
    return [place for option in term.options for place in places(option, words)]


def _in_words(term: Term, words: list[str]) -> bool:
    return any(places(option, words) for option in term.options)


def _implied(term: Term, demand: Demand, statement: Statement) -> bool:
    """What goes without saying: "costs" with money that is nothing else, "takes" with a time, "sells" in a list."""
    dimensions = {item.dimension for item in demand.quantities}
    if term.word in _PRICES and "money" in dimensions:
        return not _MONEY_OF_OTHERS.search(statement.text)
    if term.word in _LASTS and dimensions & {"time", "years"}:
        return True
    return term.word in _TRADES and not FINITE.search(statement.text)


def _fits_sides(demand: Demand, own: Sequence[Token], found: Sequence[list[int]]) -> bool:
    """ "Ships to Norway" is not met by what comes from there, "acquired Brill" not by what Brill acquired."""
    for term, where in zip(demand.terms, found, strict=True):
        if not term.named or not where:
            continue
        sides = {_side_of(own, place) for place in where}
        if term.side and sides - {""} and term.side not in sides:
            return False
        if not term.side and sides == {"by"}:
            return False
    return True


def _side_of(own: Sequence[Token], place: int) -> str:
    """The word "to", "from" or "by" that governs a name, also over the names listed before it."""
    for token in reversed(own[:place]):
        if token.word in ("to", "from", "by", "into", "aus", "nach", "von"):
            return "to" if token.word == "into" else token.word
        if not (token.raw[0].isupper() or token.word in ("and", "or", "the", "und", "oder")):
            return ""
    return ""


def _fits_kind(demand: Demand, statement: Statement) -> bool:
    """What kind of thing it is says "is a …", a fact about its kind, or what it makes."""
    if not demand.of_kind:
        return True
    if statement.label:
        return bool({token.word for token in tokens(statement.label)} & _KIND_LABELS)
    return bool(
        _WEAK_BE.search(statement.text) or _MAKES.search(statement.text) or not FINITE.search(statement.text)
    )


def _fits_place(demand: Demand, statement: Statement) -> bool:
    """Where something is based: said so, or "is a brewery in Bern"; not where it ships to or has a branch."""
    if not demand.located:
        return True
    text = statement.text
    if statement.label:
        return bool({token.word for token in tokens(statement.label)} & _PLACE_LABELS)
    names = [token for token in tokens(text) for term in demand.terms if term.named and _names(term, token)]
    if not names:
        return True
    if not FINITE.search(text) and not _NOT_HOME.search(text):
        return True
    return any(_at_home(text, name.start, name.end) for name in names)


def _names(term: Term, token: Token) -> bool:
    return any(same(option[0], token.word) for option in term.options)


def _at_home(text: str, start: int, end: int) -> bool:
    before = text[:start]
    if re.match(r"-based\b", text[end:]):
        return True
    if _MOVED_FROM.search(before):
        return bool(re.search(r"\b(?:to|nach)\s+(?:[\w’'-]+\s+){0,3}?$", before))
    strong = re.search(r"\b(?:based|headquartered|headquarters|located|situated|seat|ansässig|sitz|hauptsitz|liegt|lies|"
                       r"lives|resides|wohnt|home|comes from|stands|sits)\b", before, re.IGNORECASE)  # fmt: skip
    if strong and _IN.search(before) and not _NOT_HOME.search(before[strong.end() :]):
        return True
    if re.search(
        r"\b(?:home|base|headquarters|seat|address|location|sitz|hauptsitz)\b[^.,]{0,12}?(?:\bis|\bist|:)\s+$",
        before,
        re.I,
    ):
        return True
    be = _WEAK_BE.search(before)
    return bool(
        be
        and not _NOT_HOME.search(before[be.end() :])
        and (_IN.search(before) or before.count(" ") - be.end() < 4)
    )


def _measured(
    demand: Demand, statement: Statement, own: Sequence[Token], anchors: Sequence[int], now: Now
) -> bool | None:
    """Whether all numbers and times of a demand are met; False where one is not, None where one is not spoken of."""
    verdicts: list[bool | None] = []
    if demand.quantities:
        stated = quantities(_spelled(statement.text))
        verdicts += [
            _compare(wanted, _of_noun(wanted, stated, statement, demand)) for wanted in demand.quantities
        ]
    if demand.times:
        stated_times = times(statement.text)
        verdicts += [
            _compare(wanted, _nearest(stated_times, [own[place] for place in anchors]))
            for wanted in demand.times
        ]
    if demand.age is not None:
        verdicts.append(_aged(demand.age, statement, now))
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


def _of_noun(
    wanted: Quantity, stated: Sequence[Quantity], statement: Statement, demand: Demand
) -> Quantity | None:
    """The stated number that counts what is asked for: money, a unit, or things of that name near by."""
    fitting = [item for item in stated if item.fits(wanted)]
    own = tokens(_spelled(statement.text))
    if wanted.dimension:
        return _nearest(fitting, _anchors(demand, own))
    noun = _noun_term(wanted, demand)
    if noun is None:
        return _nearest(fitting, _anchors(demand, own))
    where = _term_places(noun, own)
    by_distance = sorted(
        (distance, order, item)
        for order, item in enumerate(fitting)
        if (distance := min((_distance(own, item, place) for place in where), default=99)) <= _NEAR
    ) if where else []  # fmt: skip
    return by_distance[0][2] if by_distance else None


def _anchors(demand: Demand, own: Sequence[Token]) -> list[Token]:
    return [own[place] for term in demand.terms for place in _term_places(term, own)]


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


def _aged(wanted: Quantity, statement: Statement, now: Now) -> bool | None:
    """How old a thing is: as stated in years, or since the day it began, seen from the newest document."""
    words = {token.word for token in tokens(statement.text)}
    if words & _OLD:
        stated = next(
            (item for item in quantities(_spelled(statement.text)) if item.dimension in ("years", "")), None
        )
        return _compare(wanted, msgspec.structs.replace(stated, dimension="years")) if stated else None
    origin = _ORIGIN.search(statement.text)
    if origin is None or now.day is None:
        return None
    began = _nearest(times(statement.text), [Token("", "", origin.start(), origin.end())])
    if began is None:
        return None
    span = Span((now.day - began.span.high) / _DAYS_A_YEAR, (now.day - began.span.low) / _DAYS_A_YEAR)
    return _compare(wanted, msgspec.structs.replace(began, span=span, dimension="years"))


def of_kind_phrase(demand: Demand, phrases: Sequence[str], wanted: str) -> str | None:
    """The phrase by which something is declared that names the kind with all the demand's words."""
    for phrase in phrases:
        words = [token.word for token in tokens(phrase)]
        if is_of_kind(phrase, wanted) and all(_in_words(term, words) for term in demand.terms):
            return phrase
    return None
