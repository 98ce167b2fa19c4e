"""Readings of one field: what each sentence, `Key: value` line, table row and stated fact gives for it. Pure.

Each reading says how well it fits and what is doubtful in it; choosing among them stands in `choice.py`.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from parallel_local.answers.about import LOOSE, About
from parallel_local.answers.clause_fit import (
    belongs,
    coverage,
    denied,
    distance,
    scope,
    spans_of,
    strictly,
    together,
    whose,
    wishes,
)
from parallel_local.answers.clauses import Segment, segment
from parallel_local.answers.field_ask import FieldAsk
from parallel_local.answers.field_kinds import Kind
from parallel_local.answers.keys import FUNCTION, in_cell, key_fit
from parallel_local.answers.mentions import Span, tokens
from parallel_local.answers.sources import Sentence
from parallel_local.answers.stated import complement, negated, over, planned, predicate
from parallel_local.answers.typed_values import Candidate, candidates
from parallel_local.answers.wordings import measured
from parallel_local.retrieval.index import Card
from parallel_local.text.tokens import fold, words
from parallel_local.text.values.units import unit_of
from parallel_local.text.values.value import Number, Value

_PLAN_FIELD = re.compile(
    r"\b(?:plan\w*|expected|target\w*|goal\w*|forecast\w*|future|next|projected|geplant\w*|ziel\w*|prévu\w*|"
    r"previst\w*|upcoming|due|deadline|proposed|budget\w*|estimated|penalty|fee|fine|end|start|expir\w*)\b",
    re.IGNORECASE,
)
_PAST_FIELD = re.compile(
    r"\b(?:former|previous|past|until|end|ended|old|prior|ex|first|original|last|ehemalig\w*|ancien\w*|left|"
    r"closed|expir\w*|retired|died|laufzeit|deadline)\b",
    re.I,
)
_SELF = frozenset([Kind.URL, Kind.EMAIL, Kind.PHONE])
_HELD = frozenset([Kind.PERSON, Kind.PLACE, Kind.ORGANISATION])
_NOW = re.compile(
    r"\b(?:now|today|currently|current|at present|heute|derzeit|aktuell|aujourd['’]hui|actuellement|hoy|actualmente|"
    r"as of|stand)\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_LIMIT_FIELD = re.compile(r"\b(?:limit|max\w*|cap|höchst\w*|plafond|límite|máximo)\b", re.IGNORECASE)
_NUMBERED_FIELD = re.compile(
    r"\b(?:number|no|id|code|serial|reference|plate|symbol|nummer|numéro|número|kennzeichen)\b", re.I
)
_IDENTIFIER = re.compile(
    r"\s*(?:(?:number|no\.?|nr\.?|nummer|code|id|numéro|número)\s*)?(?:is|was|:|=|ist|est|es|lautet)?\s*"
    r"(?P<id>(?:[A-Z]{1,5}[ -]?)?\d[\w./-]*\w|[A-Z]{2,}\d*)\b"
)
_LOOSE_WORDS = 0.94  # several words of a field that do not stand together
_RIGHT_BEHIND = 2  # characters between a word and its name
_MOST_VALUES = 40  # of one sentence: each is weighed against the names and the other values in it
_AHEAD = re.compile(r"\b(?:will|shall|soll|sollen|wird|werden)\b", re.IGNORECASE)
_EARLIER = re.compile(
    r"\b(?:(?:last|previous|prior) year|year before|a year (?:earlier|ago)|(?:im )?vorjahr\w*|(?:letztes|voriges) jahr|"
    r"l['’](?:année|an) (?:dernière|dernier|précédente?)|l['’]anno (?:scorso|prima|precedente)|año (?:pasado|anterior)|"
    r"vorig jaar|een jaar eerder|i fjol|förra året)\b",
    re.IGNORECASE,
)
_LENGTH_NAME = re.compile(r"\s(?:(?:de|of|in|di|an)\s|d['’])?(?P<word>[^\W\d_]+)")
_EACH = re.compile(r"\b(?:every|each|per|jede[rsn]?|pro|chaque|par|cada|por)\s+$", re.IGNORECASE)
_OBJECT_FIELD = re.compile(r"(?:acquired|bought|purchased|founded|owned|supplied)\b", re.IGNORECASE)


class Reading(msgspec.Struct, frozen=True):
    """A value for the field, how well what is said fits (0–1), what is doubtful, and where it is said."""

    value: object
    key: str
    score: float
    doubts: frozenset[str]
    text: str
    card: Card
    year: int = 0


def from_sentence(ask: FieldAsk, sentence: Sentence, about: About) -> Iterator[Reading]:
    """What one sentence or line says."""
    if sentence.key and key_fit(ask, sentence.key, sentence.card.language):
        yield from _from_key(ask, sentence, about)
        return
    if ask.kind in (Kind.BOOLEAN, Kind.OPTION):
        return
    spans = [spans_of(demand, sentence) for demand in ask.demands]
    if ask.kind is Kind.TEXT:
        yield from _from_text(ask, sentence, spans, about)
        return
    found = candidates(ask, sentence.text, language=sentence.language)
    found = [item for item in found if not _asked(ask, item, sentence)][:_MOST_VALUES]
    for candidate in found:
        reading = _read(ask, sentence, candidate, [other.place for other in found], spans, about)
        if reading is not None:
            yield reading


def _read(
    ask: FieldAsk, sentence: Sentence, candidate: Candidate, places: Sequence[Value], spans: Sequence[Sequence[Span]],
    about: About,
) -> Reading | None:  # fmt: skip
    text = sentence.text
    if "bound" in candidate.doubts:
        ask, spans = ask.unbound(spans)
    part = segment(text, candidate.place, places)
    strength, loose = whose(ask, sentence, part, candidate.place, about)
    if strength <= 0:
        return None
    if isinstance(candidate.place, Number) and not _is_called(ask, candidate.place.unit):
        # "six weeks" says nothing of weekly hours: what stands in the value itself is no mention of the field.
        spans = [[span for span in each if not _within(span, candidate.place)] for each in spans]
    covered, missing = coverage(ask, sentence, part, spans)
    if covered <= 0:
        return None
    said = text[part.start : part.end]
    doubts = {*candidate.doubts, *missing, *loose, *wishes(ask, sentence)} - {"bound"}
    if ask.says(_LIMIT_FIELD):
        doubts -= {"hedged"}
    if _EARLIER.search(said) and not ask.says(_PAST_FIELD):
        doubts.add("earlier")
    if _AHEAD.search(said) and not ask.says(_PLAN_FIELD):
        doubts.add("ahead")
    around = scope(text, part, candidate.place, spans)
    named = _named_by(ask, text, candidate.place, spans)
    claimed = named or around
    if not named and denied(text, part, spans) and not ask.says(_LIMIT_FIELD):
        return None
    if _denied(ask, around, claimed) or not strictly(ask, sentence, part, candidate.place):
        return None
    if ask.kind is Kind.COUNT or (ask.kind is Kind.NUMBER and isinstance(candidate.place, Number)):
        counted = _counts(ask, text, candidate.place, part, spans)
        if not counted and covered < 0.95:
            return None
        doubts |= set() if counted else {"counted"}
        strength *= 1.0 if counted else 0.8
    if ask.kind in _HELD and _wrong_way(ask, text, candidate.place, spans, sentence):
        return None
    if ask.kind is Kind.MEASURE and _other_length(ask, text, candidate.place):
        return None
    strength *= 0.6 if "former" in doubts else 1.0
    if len(ask.demands) > 1 and not together(spans, part):
        covered *= _LOOSE_WORDS
    near = distance(candidate.place, spans)
    score = strength * covered - 0.12 * min(near / 100, 1.0)
    year = 0 if ask.kind in (Kind.YEAR, Kind.DATE) else _year("" if ask.kind in _HELD else said, sentence)
    return Reading(candidate.value, candidate.key, score, frozenset(doubts), text, sentence.card, year)


def _named_by(ask: FieldAsk, text: str, place: Value, spans: Sequence[Sequence[Span]]) -> str:
    """A name with the field's word right before it, "owner Jens Voss": what is denied behind it is another thing."""
    near = [span for each in spans for span in each if 0 <= place.start - span[1] <= _RIGHT_BEHIND]
    return text[min(span[0] for span in near) : place.end] if near and ask.kind in _HELD else ""


def _within(span: Span, place: Value) -> bool:
    return place.start <= span[0] and span[1] <= place.end


def _denied(ask: FieldAsk, said: str, claimed: str | None = None) -> bool:
    """Whether what is said is denied, only planned, or over, and the field does not ask for that.

    `claimed` is the piece of it that must not be denied.
    """
    limits = ask.says(_LIMIT_FIELD)
    if negated(said if claimed is None else claimed) and not limits:
        return True
    if planned(said, dated=ask.kind in (Kind.DATE, Kind.YEAR, Kind.PLACE), firm=True) and not ask.says(
        _PLAN_FIELD
    ):
        return True
    return ask.kind in (*_HELD, Kind.TEXT) and over(said) and not ask.says(_PAST_FIELD)


def _counts(ask: FieldAsk, text: str, place: Value, part: Segment, spans: Sequence[Sequence[Span]]) -> bool:
    """Whether what stands behind a number is the field's thing, or nothing countable at all."""
    if any(_EACH.search(text[: span[0]]) for each in spans for span in each if part.holds(span)):
        return False
    if isinstance(place, Number) and place.unit and not _named_by_unit(ask, place.unit):
        return False
    following = tokens(text[place.end : part.end + 40])[:4]
    if not following or place.end >= part.end:
        return True
    if any(place.end <= span[0] <= place.end + following[-1].end for each in spans for span in each):
        return True
    first = text[place.end :].lstrip(" \u00a0")
    if not first[:1].isalpha() or first[:1].isupper():
        return True
    return following[0].word in FUNCTION


def _named_by_unit(ask: FieldAsk, unit: str) -> bool:
    """Whether a field has a unit in its name or description."""
    return unit in ask.text or _is_called(ask, unit)


def _other_length(ask: FieldAsk, text: str, place: Value) -> bool:
    """Whether the words right behind a value name another length than the field's: "58 m high", "310 m de largo"."""
    behind = _LENGTH_NAME.match(text, place.end)
    named = measured(fold(behind.group("word"))) if behind else []
    if len(named) != 1 or ask.dimension != "length":
        return False
    asked = [word for demand in ask.demands for word in words(demand.word)]
    return any(other is not named[0] for word in asked for other in measured(word))


def _is_called(ask: FieldAsk, unit: str) -> bool:
    """Whether a field is called by a unit and nothing else: `hectares`, `hectáreas`."""
    known = unit_of(ask.label)
    return known is not None and known.name == unit


def _wrong_way(
    ask: FieldAsk, text: str, place: Value, spans: Sequence[Sequence[Span]], sentence: Sentence
) -> bool:
    """ "Acme acquired Brill" names no acquirer of Acme: the value must act, or stand behind "by"."""
    if ask.kind is not Kind.ORGANISATION or not ask.demands or _OBJECT_FIELD.match(ask.label):
        return False
    verbs = [
        span for span in spans[0] if re.search(r"(?:ed|es|ought|uilt|lies|ade)$", text[span[0] : span[1]])
    ]
    ours = [item for item in sentence.named if item.ours]
    if not verbs or not ours:
        return False
    verb = verbs[0]
    return (
        ours[0].end <= verb[0]
        and verb[1] <= place.start
        and not re.search(r"\b(?:by|von|par|por|of)\b", text[verb[0] : place.start])
    )


def _asked(ask: FieldAsk, candidate: Candidate, sentence: Sentence) -> bool:
    """Whether a value only repeats the field or the subject."""
    if ask.kind in _SELF:
        return False
    if any(
        item.ours
        and item.start < candidate.place.end
        and candidate.place.start < item.end
        # "Jens Voss" is more than "Voss", who may be a firm.
        and not (ask.kind is Kind.PERSON and item.start > candidate.place.start)
        for item in sentence.named
    ):
        return True
    if ask.kind in _HELD:
        return belongs(candidate.place.text, [word for demand in ask.demands for word in words(demand.word)])
    return str(candidate.value) in ask.strict


def _year(said: str, sentence: Sentence) -> int:
    """When something was so: now, in the year said beside it, or when the document was written."""
    if _NOW.search(said):
        return 9999
    found = _YEAR.findall(said)
    return int(found[-1]) if found else int(sentence.card.date[:4]) if sentence.card.date else 0


def _identifier(ask: FieldAsk, text: str, spans: Sequence[Span]) -> tuple[str, int] | None:
    """A number that only names a thing: "Frame number WX 20931"."""
    if not _NUMBERED_FIELD.search(ask.label):
        return None
    last = max(span[1] for span in spans)
    match = _IDENTIFIER.match(text, last)
    return (match.group("id"), match.start("id")) if match else None


def _named_thing(sentence: Sentence, spans: Sequence[Span]) -> tuple[str, int] | None:
    """A name that has the field's word in it: the prize is "Lindqvist Prize"."""
    for item in sentence.named:
        text = sentence.text[item.start : item.end]
        if not item.ours and " " in text and any(item.start < span[0] < item.end for span in spans):
            return text, item.start
    return None


def _from_key(ask: FieldAsk, sentence: Sentence, about: About) -> Iterator[Reading]:
    """A line `Key: value`."""
    fit = key_fit(ask, sentence.key, sentence.card.language)
    if not fit or any(not item.ours and item.end < len(sentence.key) and not belongs(
        sentence.text[item.start : item.end], words(ask.text)) and " " in sentence.text[item.start : item.end]
        for item in sentence.named):  # fmt: skip
        return
    own = tokens(sentence.key)
    strength = (
        1.0
        if any(item.ours and item.end <= own[-1].end + 4 for item in sentence.named)
        else about.context(sentence)
    )
    if strength <= 0:
        return
    doubts = {
        *(["more"] if fit == "more" else []),
        *(["loose"] if strength <= LOOSE else []),
        *wishes(ask, sentence),
    }
    if not strictly(ask, sentence, Segment(0, len(sentence.text))) or (
        negated(sentence.value) and ask.kind is not Kind.TEXT
    ):
        return
    for candidate in in_cell(ask, sentence.value, sentence.language):
        marks = frozenset({*doubts, *candidate.doubts} - {"bound"})
        yield Reading(
            candidate.value,
            candidate.key,
            min(1.0, strength + 0.06),
            marks,
            sentence.text,
            sentence.card,
            _year("", sentence),
        )


def _from_text(
    ask: FieldAsk, sentence: Sentence, spans: Sequence[Sequence[Span]], about: About
) -> Iterator[Reading]:
    """A value without a form of its own: what is said of the field's words, else the whole sentence."""
    if ask.node.type != "string" or (sentence.key and key_fit(ask, sentence.key, sentence.card.language)):
        return
    found = [span for each in spans for span in each]
    if not found:
        return
    said = (
        _identifier(ask, sentence.text, found)
        or _named_thing(sentence, found)
        or predicate(sentence.text, found)
    )
    if said is None and ask.demands[0].phrases.said:
        said = complement(sentence.text, max(found, key=lambda span: span[1]))
    place = Value(said[0], said[1]) if said else Value(sentence.text[found[0][0] : found[0][1]], found[0][0])
    part = segment(sentence.text, place, [])
    strength, loose = whose(ask, sentence, part, place, about)
    covered, missing = coverage(ask, sentence, Segment(0, len(sentence.text)), spans)
    if (
        strength <= 0
        or covered <= 0
        or _denied(ask, sentence.text[part.start : max(place.start, found[-1][1])])
        or not strictly(ask, sentence, part)
    ):
        return
    doubts = frozenset({*loose, *missing, *wishes(ask, sentence), *([] if said else ["whole"])})
    value = said[0] if said else re.sub(r"\s+", " ", sentence.text).strip()
    score = strength * covered - (0.0 if said else 0.15)
    yield Reading(
        value, value.casefold(), score, doubts, sentence.text, sentence.card, _year(sentence.text, sentence)
    )
