"""Judging whether a thing meets a condition, by the statements that are about it.

A condition is met when for each of its demands a statement says so and none that counts more says otherwise. What
the newest document says counts most; in one document what is said of now counts more than what is said of a year.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from parallel_local.answers.basis import Answer, merge
from parallel_local.findall.candidates import Nominee
from parallel_local.findall.clauses import Standing
from parallel_local.findall.demands import Demand, Ways, read_condition
from parallel_local.findall.entity_index import About, Entities
from parallel_local.findall.matching import Bearing, bearing, of_kind_phrase
from parallel_local.findall.measuring import Now
from parallel_local.findall.periods import day_of
from parallel_local.retrieval.index import Card
from parallel_local.text.sentences import flat
from parallel_local.text.values import years
from parallel_local.wire.common import Citation, Confidence
from parallel_local.wire.findall import MatchCondition

_RECENT_YEARS = 1
_TODAY = re.compile(r"\b(?:today|now|currently|heute|derzeit|aktuell|inzwischen|as of now)\b", re.IGNORECASE)
_ORDER: tuple[Confidence, ...] = ("low", "medium", "high")


class Evidence(msgspec.Struct, frozen=True):
    """A statement that bears on a demand, as it is quoted, with how much it counts (`weight`, larger is newer)."""

    said: str
    shown: str
    card: Card
    weight: tuple[str, int, int, bool]
    direct: bool


class Outcome(msgspec.Struct, frozen=True):
    """What became of one demand: the evidence that decided it, and what contradicts that."""

    met: bool
    evidence: Evidence | None = None
    against: Evidence | None = None


class Judge:
    """Judges things of one wanted kind by so many documents each; each condition is read once."""

    def __init__(self, entities: Entities, wanted: str, most_documents: int) -> None:
        self._entities = entities
        self._most_documents = most_documents
        self._wanted = wanted
        self._now = _now(entities)
        self._demands: dict[str, tuple[Ways, ...]] = {}

    def answer(self, nominee: Nominee, condition: MatchCondition) -> Answer:
        """The answer `yes` or `no` to one condition, with the evidence that decided it."""
        demands = self._read(condition.description or condition.name)
        if not demands:
            return _declared(nominee)
        about = self._entities.about(nominee.thing.key, self._wanted, self._most_documents)
        outcomes = [_best(ways, nominee, about, self._now, self._wanted) for ways in demands]
        if all(outcome.met for outcome in outcomes):
            return _yes(nominee, outcomes)
        return _no(nominee, demands, outcomes)

    def _read(self, text: str) -> tuple[Ways, ...]:
        if text not in self._demands:
            self._demands[text] = read_condition(text, self._wanted, self._entities.acronyms)
        return self._demands[text]


def _declared(nominee: Nominee) -> Answer:
    """The condition asks for nothing but the kind: what declares the thing to be of it says so."""
    card, item = nominee.declared[0]
    citation = Citation(url=card.url, title=card.title, excerpts=[item.shown])
    return Answer(
        "yes", (citation,), "high", f"“{card.title}” names {nominee.entity.name} as {nominee.entity.type}."
    )


def _best(ways: Ways, nominee: Nominee, about: Sequence[About], now: Now, wanted: str) -> Outcome:
    """The outcome of the first way that is met, else of the first."""
    outcomes = [_outcome(demand, nominee, about, now, wanted) for demand in ways]
    return next((outcome for outcome in outcomes if outcome.met), outcomes[0])


def _outcome(demand: Demand, nominee: Nominee, about: Sequence[About], now: Now, wanted: str) -> Outcome:
    found = [*_by_kind(demand, nominee, wanted), *_bearing(demand, about, now)]
    meeting = [item for met, item in found if met]
    denying = [item for met, item in found if not met]
    best = max(meeting, key=lambda item: (item.weight, item.direct), default=None)
    worst = max(denying, key=lambda item: item.weight, default=None)
    if best is None:
        return Outcome(met=False, evidence=worst)
    if worst is None or best.weight > worst.weight:
        return Outcome(met=True, evidence=best, against=worst)
    return Outcome(met=False, evidence=worst, against=best)


def _by_kind(demand: Demand, nominee: Nominee, wanted: str) -> Iterator[tuple[bool, Evidence]]:
    """Being declared a "robotics company" meets the demand to be one."""
    if not demand.of_kind or demand.wanted is not Standing.HOLDS:
        return
    for card, item in nominee.declared:
        phrase = of_kind_phrase(demand, item.kinds, wanted)
        if phrase:
            yield True, Evidence(item.shown, item.shown, card, (card.date or "", 1, 0, True), True)


def _bearing(demand: Demand, about: Sequence[About], now: Now) -> Iterator[tuple[bool, Evidence]]:
    """What single clauses say; where none says anything, what the clauses of a sentence say together."""
    silent: list[About] = []
    spoken: set[tuple[int, int]] = set()
    for item in about:
        found = bearing(demand, item.statement, now)
        if found.bearing is Bearing.SILENT or not _is_recent(demand, item, now):
            silent.append(item)
            continue
        spoken.add((item.card.id, item.statement.sentence))
        yield found.bearing is Bearing.MEETS, _evidence(item, demand, found.direct)
    whole: dict[tuple[int, int], list[About]] = {}
    for item in silent:
        whole.setdefault((item.card.id, item.statement.sentence), []).append(item)
    for place, parts in whole.items():
        if len(parts) > 1 and place not in spoken and not parts[0].statement.label:
            yield from _together(demand, parts, now)


def _together(demand: Demand, parts: Sequence[About], now: Now) -> Iterator[tuple[bool, Evidence]]:
    text = " ".join(part.statement.text for part in parts)
    joined = About(msgspec.structs.replace(parts[0].statement, text=text), parts[0].card)
    found = bearing(demand, joined.statement, now)
    if found.bearing is Bearing.MEETS and _is_recent(demand, joined, now):
        yield True, _evidence(joined, demand, direct=False)


def _evidence(item: About, demand: Demand, direct: bool) -> Evidence:
    statement = item.statement
    stated = max((int(year.text) for year in years(statement.text)), default=0) if not demand.times else 0
    present = 2 if _TODAY.search(statement.text) else 1 if not stated else 0
    return Evidence(
        statement.text, statement.shown, item.card, (item.card.date or "", present, stated, direct), direct
    )


def _is_recent(demand: Demand, item: About, now: Now) -> bool:
    """Recent is measured against the newest document; a stated year counts more than the document's date."""
    if not demand.recent or now.year is None:
        return True
    stated = [int(year.text) for year in years(item.statement.text)]
    latest = max(stated, default=int(item.card.date[:4]) if item.card.date else 0)
    return latest >= now.year - _RECENT_YEARS


def _now(entities: Entities) -> Now:
    newest = entities.newest
    return Now(int(newest[:4]), day_of(newest)) if newest else Now(None, None)


def _yes(nominee: Nominee, outcomes: Sequence[Outcome]) -> Answer:
    used = [outcome.evidence for outcome in outcomes if outcome.evidence]
    against = [outcome.against for outcome in outcomes if outcome.against]
    sure = min((_confidence(outcome) for outcome in outcomes), key=_ORDER.index)
    said = " ".join(f"“{flat(item.said)}” ({item.card.title})." for item in used)
    reason = f"Said of {nominee.entity.name}: {said}"
    if against:
        reason += f" Older or weaker: “{flat(against[0].said)}” ({against[0].card.title})."
    return Answer("yes", _cited(used), sure, reason[:1000])


def _confidence(outcome: Outcome) -> Confidence:
    """High means right: the clause itself says it, and nothing else says otherwise."""
    return "high" if outcome.evidence and outcome.evidence.direct and not outcome.against else "medium"


def _no(nominee: Nominee, demands: Sequence[Ways], outcomes: Sequence[Outcome]) -> Answer:
    against = [outcome.evidence for outcome in outcomes if not outcome.met and outcome.evidence]
    name = nominee.entity.name
    if against:
        said = f"“{flat(against[0].said)}” ({against[0].card.title})"
        contradicted = any(outcome.against for outcome in outcomes if not outcome.met)
        return Answer(
            "no", _cited(against), "medium" if contradicted else "high", f"Said of {name}: {said}."[:1000]
        )
    missing = ", ".join(
        ways[0].text for ways, outcome in zip(demands, outcomes, strict=True) if not outcome.met
    )
    return Answer("no", (), "low", f"No document says of {name}: {missing}."[:1000])


def _cited(used: Sequence[Evidence]) -> tuple[Citation, ...]:
    return merge(Citation(url=item.card.url, title=item.card.title, excerpts=[item.shown]) for item in used)
