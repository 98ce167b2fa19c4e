"""Readings of one field: what each sentence, `Key: value` line, table row and stated fact gives for it. Pure.

Each reading says how well it fits and what is doubtful in it; choosing among them stands in `choice.py`.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from parallel_local.answers.about import LOOSE, About
from parallel_local.answers.clauses import Segment, owner, placed, segment
from parallel_local.answers.field_ask import Demand, FieldAsk, Kind
from parallel_local.answers.mentions import Span, tokens
from parallel_local.answers.sources import Sentence
from parallel_local.answers.stated import complement, flag, negated, over, planned, predicate
from parallel_local.answers.typed_values import Candidate, candidates
from parallel_local.retrieval.index import Card
from parallel_local.text.tokens import words
from parallel_local.text.values.names import is_person
from parallel_local.text.values.tongue import Tongue
from parallel_local.text.values.value import Number, Value

_PLAN_FIELD = re.compile(
    r"\b(?:plan\w*|expected|target\w*|goal\w*|forecast\w*|future|next|projected|geplant\w*|ziel\w*|prévu\w*|previst\w*|upcoming|due|"
    r"deadline|proposed|budget\w*|estimated|penalty|fee|fine|end|start|expir\w*)\b",
    re.IGNORECASE,
)
_PAST_FIELD = re.compile(
    r"\b(?:former|previous|past|until|end|ended|old|prior|ex|first|original|last|ehemalig\w*|ancien\w*|left|closed|expir\w*|retired|died|laufzeit|deadline)\b",
    re.I,
)
_SELF = frozenset([Kind.URL, Kind.EMAIL, Kind.PHONE])
_HELD = frozenset([Kind.PERSON, Kind.PLACE, Kind.ORGANISATION])
_NOW = re.compile(r"\b(?:now|today|currently|current|at present|heute|derzeit|aktuell|aujourd['’]hui|actuellement|hoy|actualmente|"
                  r"as of|stand)\b", re.IGNORECASE)  # fmt: skip
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_FUNCTION = frozenset(
    "people persons personen personnes personas in at on of for by with from to since and or but as per is are was were than which that who it its this the a an when while "
    "each every now today already after before across among including worldwide im in bei von mit für am seit und oder als pro "
    "et ou en dans à au de du des pour par sur y o en con para por desde".split()
)
_IT = re.compile(r"\b(?:it|they|this|that|these|es|sie|er|dies|il|elle|elles|ils|cela)\b", re.IGNORECASE)
_AHEAD = re.compile(r"\b(?:will|shall|soll|sollen|wird|werden)\b", re.IGNORECASE)
_OBJECT = re.compile(r"\b(?:it|them|the company|the firm|es|sie|das Unternehmen|die Firma|l[’']a|la|lo)\b")
_TAKEN = re.compile(r"\b(?:by|von|par|por)\s*$", re.IGNORECASE)


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
    if sentence.key:
        yield from _from_key(ask, sentence, about)
    if ask.kind in (Kind.BOOLEAN, Kind.OPTION):
        return
    spans = [_spans(demand, sentence) for demand in ask.demands]
    if ask.kind is Kind.TEXT:
        yield from _from_text(ask, sentence, spans, about)
        return
    found = candidates(ask, sentence.text, language=sentence.language)
    found = [item for item in found if not _asked(ask, item, sentence)]
    for candidate in found:
        reading = _read(ask, sentence, candidate, [other.place for other in found], spans, about)
        if reading is not None:
            yield reading


def _read(
    ask: FieldAsk, sentence: Sentence, candidate: Candidate, places: Sequence[Value], spans: Sequence[Sequence[Span]],
    about: About,
) -> Reading | None:  # fmt: skip
    text = sentence.text
    part = segment(text, candidate.place, places)
    strength, loose = whose(ask, sentence, part, candidate.place, about)
    if strength <= 0:
        return None
    covered, missing = coverage(ask, sentence, part, spans)
    if covered <= 0:
        return None
    said = text[part.start : part.end]
    doubts = {*candidate.doubts, *missing, *loose, *_wishes(ask, sentence)}
    if _AHEAD.search(said) and not ask.says(_PLAN_FIELD):
        doubts.add("ahead")
    if _denied(ask, scope(text, part, candidate.place, spans)) or not _strictly(ask, sentence, part):
        return None
    if ask.kind is Kind.COUNT or (ask.kind is Kind.NUMBER and isinstance(candidate.place, Number)):
        counted = _counts(ask, text, candidate.place, part, spans)
        if not counted and covered < 0.95:
            return None
        doubts |= set() if counted else {"counted"}
        strength *= 1.0 if counted else 0.8
    if ask.kind in _HELD and _wrong_way(ask, text, candidate.place, spans, sentence):
        return None
    near = _distance(candidate.place, spans)
    score = strength * covered - 0.12 * min(near / 100, 1.0)
    year = 0 if ask.kind in (Kind.YEAR, Kind.DATE) else _year("" if ask.kind in _HELD else said, sentence)
    return Reading(candidate.value, candidate.key, score, frozenset(doubts), text, sentence.card, year)


def scope(text: str, part: Segment, place: Value, spans: Sequence[Sequence[Span]]) -> str:
    """What is said of a value between the commas around it and the field's nearest words: there a "not" counts."""
    near = [span for each in spans if each for span in [min(each, key=lambda span: abs(span[0] - place.start))]]
    held = [span for span in near if part.holds(span)]
    first = min([place.start, *(span[0] for span in held)])
    last = max([place.end, *(span[1] for span in held)])
    start = text.rfind(", ", part.start, first)
    end = text.find(", ", last, part.end)
    return text[part.start if start < 0 else start : part.end if end < 0 else end]


def whose(
    ask: FieldAsk, sentence: Sentence, part: Segment, place: Value, about: About
) -> tuple[float, frozenset[str]]:
    """How surely a part of a sentence is about the subject, and what is doubtful in that."""
    asked = [word for demand in ask.demands for word in words(demand.word)]
    familiar = [*asked, *(phrase[0].rstrip("*") for demand in ask.demands for phrase in demand.phrases.said)]
    named = [
        item
        for item in sentence.named
        if item.ours or not _belongs(sentence.text[item.start : item.end], asked)
    ]
    if ask.kind is Kind.PERSON:
        named = [item for item in named if item.ours or not is_person(sentence.text[item.start : item.end])]
    judged = owner(sentence.text, part, place, named, familiar)
    if judged == "ours":
        return 1.0, frozenset()
    if judged == "other" and _OBJECT.search(sentence.text[part.start : part.end]):
        # "Rolf Velmar started it": who acts is named, and what it is about stands before.
        return min(about.context(sentence), 0.9), frozenset(["nominal"])
    if judged == "other":
        return 0.0, frozenset()
    ahead = [
        item for item in named
        if item.end <= part.start and (item.ours or not placed(sentence.text, item)) and not item.start <= place.start < item.end]
    if judged == "" and ahead:
        acting = [item for item in ahead if item.ours or item.start < 4] or ahead
        return (
            (0.97, frozenset())
            if acting[-1].ours or sentence.ours
            else (_context(sentence, about, others=True), frozenset())
        )
    context = about.context(sentence)
    if judged == "nominal" and context < 1.0:
        return min(context, LOOSE + 0.1), frozenset(["nominal"])
    return context, frozenset(["loose"]) if context <= LOOSE else frozenset()


def _context(sentence: Sentence, about: About, *, others: bool) -> float:
    found = about.context(sentence)
    return found if found >= 1.0 else min(found, LOOSE) if others else found


def _belongs(name: str, asked: Sequence[str]) -> bool:
    """Whether a name is one of the field's own words."""
    return all(word in asked for word in words(name))


def coverage(
    ask: FieldAsk, sentence: Sentence, part: Segment, spans: Sequence[Sequence[Span]]
) -> tuple[float, frozenset[str]]:
    """The share of the field's words that are said, in the value's own part most; 0 when one is missing that is known."""
    if not ask.demands:
        return (0.8 if ask.kind in _SELF else 0.0), frozenset()
    total = sum(demand.weight for demand in ask.demands)
    held = 0.0
    doubts: set[str] = set()
    inside = False
    headed = tokens(sentence.heading.split(" > ")[-1], sentence.card.language)
    titled = tokens(f"{sentence.card.title} {sentence.heading}", sentence.card.language)
    before = sentence.before[-1] if sentence.before and _IT.search(sentence.text) else None
    for demand, found in zip(ask.demands, spans, strict=True):
        if any(part.holds(span) for span in found):
            held += demand.weight
            inside = True
        elif found:
            # "A in 2015 and B in 2018": what is said before a part goes on in it, what is said behind does not.
            held += (0.88 if any(span[1] <= part.start for span in found) else 0.5) * demand.weight
            inside = True
            doubts.add("apart")
        elif before is not None and next(demand.phrases.spans(before.tokens), None) is not None:
            held += 0.8 * demand.weight
            doubts.add("apart")
        elif next(demand.phrases.spans(headed), None) is not None:
            held += 0.85 * demand.weight
            inside = True
        elif next(demand.phrases.spans(titled), None) is not None:
            held += 0.6 * demand.weight
            doubts.add("titled")
        elif ask.kind in _SELF or (demand.phrases.said and _told_by_unit(ask)):
            held += 0.8 * demand.weight
            inside = True
        elif demand.known or len(ask.demands) == 1:
            return 0.0, frozenset()
        else:
            doubts.add("missing")
    return (held / total if inside else 0.0), frozenset(doubts)


def _told_by_unit(ask: FieldAsk) -> bool:
    return ask.dimension in ("celsius", "kmh") or (ask.kind is Kind.MONEY and len(ask.demands) > 1 and _priced(ask))


def _priced(ask: FieldAsk) -> bool:
    """Whether the field is a price: what is bought for so much needs no word for it."""
    return bool(re.search(r"\b(?:price|cost|fee|preis|kosten|prix|coût|precio|coste)\b", ask.label, re.IGNORECASE))


def _spans(demand: Demand, sentence: Sentence) -> list[Span]:
    return list(demand.phrases.spans(sentence.tokens))


def _distance(place: Value, spans: Sequence[Sequence[Span]]) -> int:
    found = [span for each in spans for span in each]
    return min((max(span[0] - place.end, place.start - span[1], 0) for span in found), default=50)


def _wishes(ask: FieldAsk, sentence: Sentence) -> Iterator[str]:
    """A doubt where the description's words are mostly not said."""
    if ask.wishes:
        around = (*sentence.tokens, *tokens(f"{sentence.heading} {sentence.card.title}", sentence.card.language))
        said = sum(next(wish.phrases.spans(around), None) is not None for wish in ask.wishes if wish.known)
        known = sum(wish.known for wish in ask.wishes)
        if said < known and 2 * said <= known:
            yield "described"


def _strictly(ask: FieldAsk, sentence: Sentence, part: Segment) -> bool:
    """Whether the names and years of the description are said where the value is, or at least above it."""
    own = sentence.text[part.start : part.end]
    around = f"{sentence.text} {sentence.heading} {sentence.card.title}"
    for name in ask.strict:
        years = set(_YEAR.findall(own)) or set(_YEAR.findall(around))
        if _YEAR.fullmatch(name):
            if name not in years:
                return False
        elif name not in around:
            return False
    return True


def _denied(ask: FieldAsk, said: str) -> bool:
    """Whether what is said is denied, only planned, or over, and the field does not ask for that."""
    if negated(said):
        return True
    if planned(said, dated=ask.kind in (Kind.DATE, Kind.YEAR, Kind.PLACE)) and not ask.says(_PLAN_FIELD):
        return True
    return ask.kind in (*_HELD, Kind.TEXT) and over(said) and not ask.says(_PAST_FIELD)


def _counts(ask: FieldAsk, text: str, place: Value, part: Segment, spans: Sequence[Sequence[Span]]) -> bool:
    """Whether what stands behind a number is the field's thing, or nothing countable at all."""
    if isinstance(place, Number) and place.unit and place.unit not in ask.text:
        return False
    following = [token for token in tokens(text[place.end : part.end + 40])][:4]
    if not following or place.end >= part.end:
        return True
    if any(place.end <= span[0] <= place.end + following[-1].end for each in spans for span in each):
        return True
    first = text[place.end :].lstrip(" \u00a0")
    if not first[:1].isalpha() or first[:1].isupper():
        return True
    return following[0].word in _FUNCTION


def _wrong_way(
    ask: FieldAsk, text: str, place: Value, spans: Sequence[Sequence[Span]], sentence: Sentence
) -> bool:
    """ "Acme acquired Brill" names no acquirer of Acme: the value must act, or stand behind "by"."""
    if ask.kind is not Kind.ORGANISATION or not ask.demands:
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
        item.ours and item.start < candidate.place.end and candidate.place.start < item.end
        for item in sentence.named
    ):
        return True
    if ask.kind in _HELD:
        return _belongs(candidate.place.text, [word for demand in ask.demands for word in words(demand.word)])
    return str(candidate.value) in ask.strict


def _year(said: str, sentence: Sentence) -> int:
    """When something was so: now, in the year said beside it, or when the document was written."""
    if _NOW.search(said):
        return 9999
    found = _YEAR.findall(said)
    return int(found[-1]) if found else int(sentence.card.date[:4]) if sentence.card.date else 0


def key_fit(ask: FieldAsk, key: str, language: str = "en") -> str:
    """How a key or a column's heading fits the field: `whole`, `more` (it says more besides), or not at all."""
    found = tokens(key, language)
    held = [list(demand.phrases.spans(found)) for demand in ask.demands]
    if not ask.demands or not all(held):
        return ""
    covered = {
        token.start for token in found for each in held for span in each if span[0] <= token.start < span[1]
    }
    rest = [token.word for token in found if token.start not in covered]
    label = words(ask.text)
    extra = [word for word in rest if word not in label and word not in _FUNCTION and not _of_form(word)]
    return "more" if extra else "whole"


_FORM = frozenset(
    "number total name full date year count usd eur gbp million millions m km kg cm mm bn k thousand thousands amount anzahl jahr "
    "datum nombre número fecha año année current city office annual value price time hours minutes min h g l c".split()
)


def _of_form(word: str) -> bool:
    return word in _FORM or word.isdigit()


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
    if not fit or any(not item.ours and item.end < len(sentence.key) and not _belongs(
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
        *_wishes(ask, sentence),
    }
    if not _strictly(ask, sentence, Segment(0, len(sentence.text))) or (
        negated(sentence.value) and ask.kind is not Kind.TEXT
    ):
        return
    for candidate in in_cell(ask, sentence.value, sentence.language):
        marks = frozenset({*doubts, *candidate.doubts})
        yield Reading(
            candidate.value,
            candidate.key,
            0.98 * strength,
            marks,
            sentence.text,
            sentence.card,
            _year("", sentence),
        )


def in_cell(ask: FieldAsk, text: str, language: Tongue | None = None) -> list[Candidate]:
    """The value that a cell or the right side of a key holds; several make each other doubtful."""
    if ask.kind is Kind.TEXT and ask.node.type == "string":
        cut = re.sub(r"(?<=\w)\.$", "", text)
        return [Candidate(cut, Value(cut, 0))] if cut.strip(" -–—?") else []
    if ask.kind is Kind.BOOLEAN:
        said = flag(text)
        return [] if said is None else [Candidate(said, Value(text, 0))]
    if ask.kind is Kind.OPTION:
        same = [option for option in ask.node.options() if words(str(option).replace("_", " ")) == words(text)]
        return [Candidate(option, Value(text, 0)) for option in same]
    found = candidates(ask, text, alone=True, language=language)
    if (
        ask.kind in (Kind.PERSON, Kind.PLACE, Kind.ORGANISATION)
        and not found
        and len(text.split()) <= 4
        and re.match(r"[^\W\d_]", text)
    ):
        return [Candidate(text, Value(text, 0))]
    if len({item.key for item in found}) > 1:
        return [msgspec.structs.replace(item, doubts=(*item.doubts, "several")) for item in found[:1]]
    return found[:1]


def _from_text(
    ask: FieldAsk, sentence: Sentence, spans: Sequence[Sequence[Span]], about: About
) -> Iterator[Reading]:
    """A value without a form of its own: what is said of the field's words, else the whole sentence."""
    if ask.node.type != "string" or (sentence.key and key_fit(ask, sentence.key, sentence.card.language)):
        return
    found = [span for each in spans for span in each]
    if not found:
        return
    said = _named_thing(sentence, found) or predicate(sentence.text, found)
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
        or not _strictly(ask, sentence, part)
    ):
        return
    doubts = frozenset({*loose, *missing, *_wishes(ask, sentence), *([] if said else ["whole"])})
    value = said[0] if said else re.sub(r"\s+", " ", sentence.text).strip()
    score = strength * covered - (0.0 if said else 0.15)
    yield Reading(
        value, value.casefold(), score, doubts, sentence.text, sentence.card, _year(sentence.text, sentence)
    )
