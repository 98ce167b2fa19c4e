"""What goes without saying: words of a demand that a statement need not have, because what it states is nothing else.

Pure. "Costs" needs no saying where money is stated, nor "has" in a fact `Pool: yes`. The rest: `matching.py`.
"""

import re

from parallel_local.findall.clauses import FINITE
from parallel_local.findall.demands import PERSONS, Demand, Term
from parallel_local.findall.statements import Statement
from parallel_local.findall.wording import tokens

_YES_WORDS = """
yes ja true x ✓ ✔ y available oui si sí
"""
YES = frozenset(_YES_WORDS.split())
_NO_WORDS = """
no nein false none n never keine kein ✗ ✘ 0
"""
NO = frozenset(_NO_WORDS.split())
_MONEY_OF_OTHERS = re.compile(
    r"\b(?:revenue|turnover|raised|salary|salaries|fined?|funding|budget|invest\w*|profit|loss|worth|sales|"
    r"umsatz|deposit|"
    r"valued|earn\w*|grant|donat\w*|debt)\b",
    re.IGNORECASE,
)
_PRICES = frozenset({"cost", "costs", "price", "kostet", "fee", "priced", "preis"})
_STATES_WORDS = """
certified certificate certification available allowed offered included has allows accepts permits
welcomes offers admite admiten acepta permite tiene ofrece erlaubt bietet hat zertifiziert certificado
used open suitable possible usable welcome geeignet offen apto
"""
_STATES = frozenset(_STATES_WORDS.split())
_BUILDING = frozenset(
    {"built", "constructed", "erected", "erbaut", "gebaut", "errichtet", "construido", "construida"}
)
_FOUNDING = frozenset({"founded", "established", "gegrundet", "fundado", "fundada", "created", "started"})
# What opened itself, and not an office or a shop.
_OPENED = re.compile(
    r"\b(?:opened(?: its doors)?|eröffnet|Eröffnung|abrió(?: sus puertas)?|inaugurad[oa]|Apertura)"
    r"(?:\s+(?:in|on|am|im|en)\b|\s*:|[.,;]|$)|\b(?:in|im|en) \d{4} (?:opened|eröffnet|inaugurad[oa])\b|"
    r"\d{4} eröffnet\b",
    re.IGNORECASE,
)
_HAPPENING = frozenset({"takes", "take", "held", "happens", "findet", "finden", "tiene", "celebra"})
# "A lighthouse of 1790".
_OF_YEAR = re.compile(r"\b(?:of|from|von|aus|de)\s+(?:the year\s+|dem Jahre?\s+)?(?:1\d|20)\d\d\b")
_CHARGES = frozenset({"charge", "charges", "cost", "costs", "verlangt", "kostet", "cobra", "cuesta"})
_PERIODS = frozenset(
    {"night", "month", "week", "day", "nacht", "monat", "woche", "tag", "noche", "mes", "semana"}
)
_INCLUDED = re.compile(r"\b(?:included|inclusive|inbegriffen|inklusive|incluid[oa]s?)\b", re.IGNORECASE)
_NEEDS_WORDS = """
requires require required needs need has requiere erfordert verlangt receives receive gets recibe erhalt
"""
_NEEDS = frozenset(_NEEDS_WORDS.split())
_IS_ONE = re.compile(
    r"\b(?:is|became|been|are|now|ist|wurde|es)\s+an?\b|\b(?:hold|has|have)\b", re.IGNORECASE
)
_RATES = frozenset({"rate", "share", "percentage", "proportion", "quote", "anteil"})
_POWERS = frozenset(
    {"produces", "generates", "capacity", "output", "power", "leistung", "supplies", "delivers"}
)
_LASTS_WORDS = """
take takes taking lasts last lasting duration ready needs requires time dauert dauer
"""
_LASTS = frozenset(_LASTS_WORDS.split())
_TRADES_WORDS = """
sell sells supplies supply makes make trades produces stocks verkauft bietet
"""
_TRADES = frozenset(_TRADES_WORDS.split())


def stated_value(statement: Statement) -> str:
    """What a fact states, in small letters."""
    return statement.text[len(statement.label) :].strip(" :").casefold().rstrip(".")


def implied(term: Term, demand: Demand, statement: Statement) -> bool:
    """Whether a word of a demand goes without saying in a statement that does not have it."""
    return (
        (bool(statement.label) and _by_label(term, statement))
        or (bool(demand.times) and _by_date(term, statement))
        or (bool(demand.quantities) and _by_number(term, demand, statement))
        or (term.word in _PRICES and bool(_INCLUDED.search(statement.text)))
        or (term.word in _STATES and bool(_IS_ONE.search(statement.text)))
        or (term.word in _TRADES and not FINITE.search(statement.text))
    )


def _by_label(term: Term, statement: Statement) -> bool:
    """ "Pool: yes" says that it has one, "Toll: £2" that it charges one, "Own share: 20 %" that it requires one."""
    value = stated_value(statement)
    return (
        (term.word in _STATES and value in YES | NO)
        or (term.word in _CHARGES and any(char.isdigit() for char in statement.text))
        or (term.word in _NEEDS and value not in NO)
    )


def _by_date(term: Term, statement: Statement) -> bool:
    """ "A lighthouse of 1790" was built, what opened itself was founded, a date in a list is when it takes place."""
    return (
        (term.word in _BUILDING and bool(_OF_YEAR.search(statement.text)))
        or (term.word in _FOUNDING and bool(_OPENED.search(statement.text)))
        or (term.word in _HAPPENING and not FINITE.search(statement.text))
    )


def _by_number(term: Term, demand: Demand, statement: Statement) -> bool:
    """What a number of some dimension can only be: a price, a share, a power, how long something takes."""
    dimensions = {item.dimension for item in demand.quantities}
    if "money" in dimensions and term.word in _PRICES:
        return not _MONEY_OF_OTHERS.search(statement.text)
    if "money" in dimensions and term.word in _PERIODS:
        return not any(token.word in _PERIODS for token in tokens(statement.text))
    return (
        (term.word in _RATES and "percent" in dimensions)
        or (term.word in _POWERS and "power" in dimensions)
        or (term.word in _LASTS and bool(dimensions & {"time", "years"}))
        or (term.word in PERSONS and len(demand.terms) > 1)
    )
