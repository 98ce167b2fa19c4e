"""Statements: the sentences, items and table rows that best answer a query, each with its source.

Pure. A statement's `text` is a verbatim slice of its document.
"""

import re
from collections.abc import Mapping, Sequence

import msgspec

from parallel_local.retrieval.index import Card
from parallel_local.retrieval.query import Query
from parallel_local.retrieval.ranking import RELEVANT, Found, coverage
from parallel_local.text.sentences import Kind, units
from parallel_local.text.tokens import spaced, stems
from parallel_local.text.values import dates, names, numbers
from parallel_local.wire.common import Citation, Confidence

_ASKS_DATE = re.compile(r"\b(?:when|what year|which year|what date|founding year|year of)\b", re.IGNORECASE)
_AMOUNTS = "share|rate|price|size|number|amount|cost|value|percentage|revenue|population|height|length|age"
_ASKS_NUMBER = re.compile(
    rf"\bhow (?:many|much|large|big|high|long|old)\b|\bwhat (?:is|was|are|were) the (?:{_AMOUNTS})\b",
    re.IGNORECASE,
)
_ASKS_MEANING = re.compile(r"^\s*what(?:['’]s| is| are)\s+(?!the\b)", re.IGNORECASE)
_MEANING = re.compile(r"^\W*(?:an?\s+|the\s+)?[\w&' -]{1,40}?\s(?:is|are)\s+(?:an?|the)\s", re.IGNORECASE)
_ASKS_PERSON = re.compile(r"\b(?:who|whose)\b", re.IGNORECASE)
_ANSWER_BONUS = 0.25
_FEWEST_WORDS = 4


class Statement(msgspec.Struct, frozen=True):
    """A quotation. `score` orders statements of one query; `coverage` is the share of the query mentioned."""

    text: str
    kind: Kind
    card: Card
    heading: str
    score: float
    coverage: float


def statements(query: Query, found: Sequence[Found], weight: Mapping[str, float]) -> list[Statement]:
    """All units of the passages that mention the query, best first, each text once."""
    best = max((item.score for item in found), default=0.0) or 1.0
    ranked: dict[str, Statement] = {}
    for item in found:
        around = spaced(stems(f"{item.card.title} | {item.heading}"))
        for unit in units(item.text):
            own = spaced(stems(unit.text))
            direct = coverage(query, own, weight)
            whole = coverage(query, own + around, weight)
            score = (
                0.6 * direct
                + 0.25 * whole
                + 0.15 * item.score / best
                + direct * _bonus(query.text, unit.text)
            )
            if (
                direct > 0
                and whole >= RELEVANT
                and len(own.split()) >= _FEWEST_WORDS
                and unit.text not in ranked
            ):
                ranked[unit.text] = Statement(unit.text, unit.kind, item.card, item.heading, score, whole)
    return sorted(ranked.values(), key=lambda statement: -statement.score)


def _bonus(question: str, text: str) -> float:
    """Sentences that hold the kind of thing a question asks for come first."""
    if _ASKS_DATE.search(question):
        return _ANSWER_BONUS if dates(text) else 0.0
    if _ASKS_NUMBER.search(question):
        return _ANSWER_BONUS if numbers(text) else 0.0
    if _ASKS_PERSON.search(question):
        return _ANSWER_BONUS if names(text) else 0.0
    if _ASKS_MEANING.search(question):
        return _ANSWER_BONUS if _MEANING.match(text) else 0.0
    return 0.0


def cite(quoted: Sequence[Statement]) -> list[Citation]:
    """One citation per document, in order of first use, with its excerpts."""
    by_url: dict[str, tuple[Card, list[str]]] = {}
    for statement in quoted:
        excerpts = by_url.setdefault(statement.card.url, (statement.card, []))[1]
        if statement.text not in excerpts:
            excerpts.append(statement.text)
    return [Citation(url=url, title=card.title, excerpts=texts) for url, (card, texts) in by_url.items()]


def confidence(quoted: Sequence[Statement]) -> Confidence:
    """High: the best quotation mentions nearly everything asked. Low: nothing, or little, was found."""
    covered = max((statement.coverage for statement in quoted), default=0.0)
    if covered >= 0.8:
        return "high"
    return "medium" if covered >= 0.5 else "low"
