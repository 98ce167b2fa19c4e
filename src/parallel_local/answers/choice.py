"""Choosing among the readings of a field, and how sure the choice is. Pure.

`high` means right: one value, said of the subject with all of the field's words in one clause, and nothing doubtful.
"""

from collections.abc import Sequence

from parallel_local.answers.basis import Answer
from parallel_local.answers.readings import Reading
from parallel_local.wire.common import Citation, Confidence

_CLOSE = 0.121  # a little more than one step between grades of context
_LISTED = 0.2
_HIGH = 0.88
_MEDIUM = 0.6
_GRAVE = frozenset(["missing", "counted"])
_REASONS = {
    "hedged": "the document says only about how much",
    "loose": "the sentence does not name the subject itself",
    "nominal": "the sentence may be about a part of the subject",
    "apart": "field and value stand in different clauses",
    "missing": "not all of the field's words are said",
    "titled": "the field is named only in the title",
    "described": "the description's words are not all said",
    "counted": "the number may count something else",
    "whole": "the whole sentence is given",
    "several": "several values stand there",
    "more": "what stands there says more than the field's name",
    "over": "it was so and is no more",
    "unasked": "the field's own words are not said",
    "compound": "the number is part of a compound",
    "mentioned": "it is mentioned, but not that it is there",
    "former": "it is what was before the change",
    "range": "it is the end of a range of days",
    "ahead": "it lies ahead",
    "earlier": "it is what was a year before",
    "rival": "the documents also give another value",
}


def choose(readings: Sequence[Reading]) -> tuple[Reading, tuple[str, ...]] | None:
    """The best reading and what is doubtful in it; among equals the one of the latest time."""
    if not readings:
        return None
    ranked = sorted(readings, key=lambda item: (-item.score, len(item.doubts)))
    best = ranked[0]
    close = [item for item in ranked if _close(item, best)]
    rivals = {item.key for item in close if not _same(item.key, best.key)}
    if rivals:
        beside = {item.text for item in close}
        near = [item for item in close if item.score >= best.score - 0.06 or (len(beside) == 1 and item.year)]
        newest = max(item.year for item in near)
        best = next(item for item in near if item.year == newest)
    agreeing = [item for item in close if _same(item.key, best.key)]
    best = min(agreeing, key=lambda item: (len(item.doubts), -item.score))
    return best, (*sorted(best.doubts), *(["rival"] if rivals else []))


def _close(item: Reading, best: Reading) -> bool:
    """Whether a reading is nearly as good: a year of its own beside the best one's is a value of another time."""
    if len(item.doubts) > len(best.doubts) + 1:
        return False
    listed = item.text == best.text and item.year > 0 and best.year > 0
    return item.score >= best.score - (_LISTED if listed else _CLOSE)


def _same(one: str, other: str) -> bool:
    """Whether two values are one: the same, or one of them with more detail."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    return (
        len(short) > 3
        and not short.replace(".", "").isdigit()
        and (long.startswith(short) or long.endswith(short))
    )


def answered(readings: Sequence[Reading], *, limit: Confidence = "high") -> Answer | None:
    """The answer that readings give, none where there are none."""
    chosen = choose(readings)
    if chosen is None:
        return None
    best, doubts = chosen
    sure = _confidence(best.score, doubts)
    order: tuple[Confidence, ...] = ("low", "medium", "high")
    return Answer(best.value, (cited(best),), min(sure, limit, key=order.index), reason(best, doubts))


def _confidence(score: float, doubts: Sequence[str]) -> Confidence:
    if not doubts and score >= _HIGH:
        return "high"
    grave = _GRAVE & set(doubts)
    return "medium" if score >= _MEDIUM and not grave and len(doubts) < 3 else "low"


def cited(reading: Reading) -> Citation:
    """Where a reading stands."""
    return Citation(url=reading.card.url, title=reading.card.title, excerpts=[reading.text])


def reason(reading: Reading, doubts: Sequence[str]) -> str:
    """Why the value, in one or two sentences."""
    text = f"Said in “{reading.card.title}” of the subject, with the field's words."
    told = [_REASONS[doubt] for doubt in doubts if doubt in _REASONS]
    return f"{text} But {'; '.join(told)}." if told else text
