"""Judging whether an entity meets a condition, by what the documents say where they mention the entity.

A condition is met when a sentence about the entity, or a fact stated for it, mentions nearly everything the
condition asks for, does not deny it, and fits the years and the recency it demands.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from parallel_local.answers.basis import Answer
from parallel_local.findall.candidates import Nominee
from parallel_local.retrieval.index import Card
from parallel_local.retrieval.library import Library
from parallel_local.retrieval.query import Query
from parallel_local.retrieval.ranking import coverage
from parallel_local.text.sentences import flat, units
from parallel_local.text.tokens import spaced, stems, words
from parallel_local.text.values import years
from parallel_local.wire.common import Citation
from parallel_local.wire.findall import MatchCondition

_MET = 0.6
_RECENT_YEARS = 1
_NEGATION = re.compile(r"\b(?:no|not|never|none|without|nor|neither)\b", re.IGNORECASE)
_YEAR_RULE = re.compile(r"\b(after|since|before|until|in|during)\s+((?:19|20)\d\d)\b", re.IGNORECASE)
_FRAME = re.compile(
    r"\b(?:must|should|needs? to|has to|have|has|been|be|meets?|satisf(?:y|ies)|entit(?:y|ies))\b", re.I
)


class Evidence(msgspec.Struct, frozen=True):
    """Something said about an entity: `shown` verbatim, `said` with its label, `around` it its headings.

    `years` are those of the sentence, or those last stated before it in its passage.
    """

    shown: str
    said: str
    around: str
    card: Card
    years: tuple[int, ...]


def evidence(library: Library, nominee: Nominee) -> list[Evidence]:
    """Every sentence that names the entity or stands under its name, then the facts stated for it."""
    name = words(nominee.entity.name)
    found: dict[str, Evidence] = {}
    for item in library.search([library.query(nominee.entity.name)]):
        stated: tuple[int, ...] = ()
        for unit in units(item.text):
            stated = _years(unit.text) or stated
            named = _occurs(name, unit.text)
            if unit.text not in found and (named or _occurs(name, f"{item.heading} | {item.card.title}")):
                around = item.card.title if named else f"{item.card.title} | {item.heading}"
                found[unit.text] = Evidence(unit.text, unit.text, around, item.card, stated)
    return [*found.values(), *_facts(nominee)]


def _facts(nominee: Nominee) -> Iterator[Evidence]:
    """What documents state for the entity beside its name; the value is what can be quoted."""
    name = words(nominee.entity.name)
    for card in nominee.cards:
        own = next((entity for entity in card.entities if words(entity.name) == name), nominee.entity)
        for key, value in (("type", own.type), *own.facts.items()):
            if value:
                said = f"{key.replace('_', ' ')}: {value}"
                yield Evidence(value, said, nominee.entity.name, card, _years(value))


def judge(library: Library, nominee: Nominee, condition: MatchCondition, said: Sequence[Evidence]) -> Answer:
    """The answer `yes` or `no` to one condition, with the evidence that decided it."""
    text = _core(condition.description)
    query = _without_kind(library.query(_YEAR_RULE.sub(" ", text)), nominee)
    weight = library.weigh(query)
    best: tuple[float, Evidence] | None = None
    for item in _admissible(said, text, query, library.newest_date()):
        share = max(
            coverage(query, spaced(stems(item.said)), weight), 0.9 * _with_headings(query, item, weight)
        )
        if best is None or share > best[0]:
            best = (share, item)
    if best is None or best[0] < _MET:
        missing = ", ".join(term.word for term in query.terms) or condition.name
        return Answer("no", (), "low", f"No document says of {nominee.entity.name}: {missing}.")
    citation = Citation(url=best[1].card.url, title=best[1].card.title, excerpts=[best[1].shown])
    reason = f"Said of {nominee.entity.name} in “{best[1].card.title}”: {flat(best[1].said)}"
    return Answer("yes", (citation,), "high" if best[0] >= 0.85 else "medium", reason)


def _without_kind(query: Query, nominee: Nominee) -> Query:
    """ "Company must be profitable" asks for profit: that it is a company is known already."""
    noun = spaced(stems(nominee.entity.type)[-1:])
    kept = tuple(term for term in query.terms if not term.within(noun))
    return msgspec.structs.replace(query, terms=kept) if kept else query


def _with_headings(query: Query, item: Evidence, weight: dict[str, float]) -> float:
    """Headings help, but the sentence itself has to mention something of the condition."""
    own = spaced(stems(item.said))
    if not any(term.within(own) for term in query.terms):
        return 0.0
    return coverage(query, own + spaced(stems(item.around)), weight)


def _admissible(said: Sequence[Evidence], text: str, query: Query, newest: str | None) -> Iterator[Evidence]:
    """Evidence that neither denies the condition nor lies in the wrong time."""
    rules = [(match.group(1).casefold(), int(match.group(2))) for match in _YEAR_RULE.finditer(text)]
    denied = bool(_NEGATION.search(text))
    for item in said:
        if bool(_NEGATION.search(item.said)) != denied:
            continue
        if query.fresh and not _is_recent(item.years, item.card.date, newest):
            continue
        if all(any(_fits(rule, year, limit) for year in item.years) for rule, limit in rules):
            yield item


def _is_recent(stated: Sequence[int], date: str | None, newest: str | None) -> bool:
    """Recent is measured against the newest document; a stated year counts more than the document's date."""
    if newest is None:
        return True
    latest = max(stated, default=int(date[:4]) if date else 0)
    return latest >= int(newest[:4]) - _RECENT_YEARS


def _fits(rule: str, year: int, limit: int) -> bool:
    if rule in ("after", "since"):
        return year > limit or (rule == "since" and year == limit)
    if rule in ("before", "until"):
        return year < limit or (rule == "until" and year == limit)
    return year == limit


def _core(description: str) -> str:
    """A condition without the words that only say that it is one."""
    return _FRAME.sub(" ", description)


def _occurs(name: Sequence[str], text: str) -> bool:
    return bool(name) and spaced(name) in spaced(words(text))


def _years(text: str) -> tuple[int, ...]:
    return tuple(int(year.text) for year in years(text))
