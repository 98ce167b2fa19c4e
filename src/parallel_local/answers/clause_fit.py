"""How a clause fits a field: whose it is, how much of the field's words it says, what its description demands. Pure.

The values themselves are read in `readings.py`.
"""

import re
from collections.abc import Iterator, Sequence

from parallel_local.answers.about import LOOSE, About
from parallel_local.answers.clauses import Segment, owner, placed
from parallel_local.answers.field_ask import Demand, FieldAsk
from parallel_local.answers.field_kinds import Kind
from parallel_local.answers.mentions import Span, tokens
from parallel_local.answers.sources import Sentence
from parallel_local.answers.stated import negated
from parallel_local.text.tokens import words
from parallel_local.text.values.names import is_person
from parallel_local.text.values.value import Value

_SELF = frozenset([Kind.URL, Kind.EMAIL, Kind.PHONE])
_OF_UNIT = frozenset(
    ["power", "voltage", "frequency", "energy", "leistung", "puissance", "potencia", "spannung"]
)
# A comma, or an "and" with a verb of its own: "costs 190 euros a day and has not been booked".
_NEXT_CLAIM = re.compile(
    r"[,;][\"”’]?\s|,[\"”]|\s(?:and|und|et|e|y)\s(?=(?:has|have|had|is|are|was|were|does|did|will|can|hat|ist|war|wird|wurde|soll|"
    r"est|était|a|sera|è|ha|era|será|tiene|fue)\s)"
)
_MARKS = re.compile(r"[,;][\"”’]?\s|\s(?:and|und|et|y)\s")
_BARE = frozenset(
    [Kind.DATE, Kind.YEAR, Kind.MONEY]
)  # "date" alone: the one date that is said of the subject
_IT = re.compile(r"\b(?:it|they|this|that|these|es|sie|er|dies|il|elle|elles|ils|cela)\b", re.IGNORECASE)
_OBJECT = re.compile(r"\b(?:it|them|the company|the firm|es|sie|das Unternehmen|die Firma|l[’']a|la|lo)\b")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def scope(text: str, part: Segment, place: Value, spans: Sequence[Sequence[Span]]) -> str:
    """What is said of a value between the commas around it and the field's nearest words: there a "not" counts."""
    near = [span for each in spans for span in each if part.holds(span)]
    held = sorted(near, key=lambda span: max(span[0] - place.end, place.start - span[1]))[:1]
    first = min([place.start, *(span[0] for span in held)])
    last = max([place.end, *(span[1] for span in held)])
    return _between(text, part, first, last)


def denied(text: str, part: Segment, spans: Sequence[Sequence[Span]]) -> bool:
    """Whether one of the field's words stands in a piece that denies it: "1,312 were delayed, none was lost"."""
    found = [min(each, key=lambda span: abs(span[0] - part.start)) for each in spans if each]
    return any(negated(_piece(text, part, span)) for span in found if part.holds(span))


def _piece(text: str, part: Segment, span: Span) -> str:
    return _between(text, part, span[0], span[1])


def _between(text: str, part: Segment, first: int, last: int) -> str:
    """The text around two places, up to the commas and the "and" before and the comma behind."""
    start = max((match.end() for match in _MARKS.finditer(text, part.start, first)), default=part.start)
    end = next((match.start() for match in _NEXT_CLAIM.finditer(text, last, part.end)), part.end)
    return text[start:end]


def whose(
    ask: FieldAsk, sentence: Sentence, part: Segment, place: Value, about: About
) -> tuple[float, frozenset[str]]:
    """How surely a part of a sentence is about the subject, and what is doubtful in that."""
    asked = [word for demand in ask.demands for word in words(demand.word)]
    familiar = [*asked, *(phrase[0].rstrip("*") for demand in ask.demands for phrase in demand.phrases.said)]
    named = [
        item
        for item in sentence.named
        if item.ours or not belongs(sentence.text[item.start : item.end], asked)
    ]
    if sentence.key:
        named = [item for item in named if item.ours or item.start < len(sentence.key)]  # the rest is value
    if ask.kind is Kind.PERSON:
        named = [item for item in named if item.ours or not is_person(sentence.text[item.start : item.end])]
    judged = owner(sentence.text, part, place, named, familiar, about.common)
    if judged == "ours":
        return 1.0, frozenset()
    if judged == "other" and _OBJECT.search(sentence.text[part.start : part.end]):
        # "Rolf Velmar started it": who acts is named, and what it is about stands before.
        return min(about.context(sentence), 0.9), frozenset(["nominal"])
    if judged == "other":
        return 0.0, frozenset()
    ahead = [
        item
        for item in named
        if item.end <= part.start
        and (item.ours or not placed(sentence.text, item))
        and not item.start <= place.start < item.end
    ]
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


def belongs(name: str, asked: Sequence[str]) -> bool:
    """Whether a name is one of the field's own words."""
    return all(word in asked for word in words(name))


def coverage(
    ask: FieldAsk, sentence: Sentence, part: Segment, spans: Sequence[Sequence[Span]]
) -> tuple[float, frozenset[str]]:
    """The share of the field's words that are said, most in the value's part; 0 where a known one is missing."""
    if not ask.demands:
        return (0.8 if ask.kind in _SELF else 0.7 if ask.kind in _BARE else 0.0), frozenset(["unasked"])
    total = sum(demand.weight for demand in ask.demands)
    held = 0.0
    doubts: set[str] = set()
    inside = False
    unsaid = 0
    section = sentence.heading.split(" > ")[-1] if " > " in sentence.heading else ""
    headed = tokens(section, sentence.card.language)
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
        elif ask.kind in _SELF or _told_by_unit(ask, demand):
            held += 0.8 * demand.weight
            inside = True
        elif demand.known or len(ask.demands) == 1:
            return 0.0, frozenset()
        else:
            unsaid += 1
            doubts.add("missing")
    if not inside and ask.kind in _BARE and doubts == {"titled"}:
        inside = True  # "incident_date" of a document that is called an incident: its date
    return (held / total if inside and 2 * unsaid <= len(ask.demands) else 0.0), frozenset(doubts)


def together(spans: Sequence[Sequence[Span]], part: Segment) -> bool:
    """Whether the field's words stand side by side in a part: "day tickets" rather than tickets for days."""
    found = [span for each in spans for span in each if part.holds(span)]
    return any(0 < after[0] - before[1] <= 1 for before in found for after in found)


def _told_by_unit(ask: FieldAsk, demand: Demand) -> bool:
    """Whether the value itself says what it is: degrees are a temperature, kilowatts a power."""
    if demand.word in _OF_UNIT:
        return ask.kind is Kind.MEASURE and bool(ask.unit)
    if not demand.phrases.said:
        return False
    return ask.dimension in ("celsius", "kmh", "mph", "knot") or (
        ask.kind is Kind.MONEY and len(ask.demands) > 1 and _priced(ask)
    )


def _priced(ask: FieldAsk) -> bool:
    """Whether the field is a price: what is bought for so much needs no word for it."""
    return bool(
        re.search(r"\b(?:price|cost|fee|preis|kosten|prix|coût|precio|coste)\b", ask.label, re.IGNORECASE)
    )


def spans_of(demand: Demand, sentence: Sentence) -> list[Span]:
    return list(demand.phrases.spans(sentence.tokens))


def distance(place: Value, spans: Sequence[Sequence[Span]]) -> int:
    found = [span for each in spans for span in each]
    return min((max(span[0] - place.end, place.start - span[1], 0) for span in found), default=50)


def wishes(ask: FieldAsk, sentence: Sentence) -> Iterator[str]:
    """A doubt where the description's words are mostly not said."""
    if ask.wishes:
        around = (
            *sentence.tokens,
            *tokens(f"{sentence.heading} {sentence.card.title}", sentence.card.language),
        )
        said = sum(next(wish.phrases.spans(around), None) is not None for wish in ask.wishes if wish.known)
        known = sum(wish.known for wish in ask.wishes)
        if said < known and 2 * said <= known:
            yield "described"


def _nearest_year(own: str, part: Segment, place: Value | None) -> set[str]:
    """The years of a part; of several the one that stands nearest before the value, or else behind it."""
    found = list(_YEAR.finditer(own))
    if place is None or len({match.group() for match in found}) < 2:
        return {match.group() for match in found}
    ahead = [match for match in found if match.end() + part.start <= place.start]
    return {(ahead[-1] if ahead else found[0]).group()}


def strictly(ask: FieldAsk, sentence: Sentence, part: Segment, place: Value | None = None) -> bool:
    """Whether the names and years of the description are said where the value is, or at least above it."""
    # What is said before a part goes on in it; a year behind it is that of another value.
    own, before = sentence.text[part.start : part.end], sentence.text[: part.start]
    above = f"{sentence.heading} {sentence.card.title}"
    around = f"{sentence.text} {above}"
    behind = set(_YEAR.findall(sentence.text[part.end :]))
    for name in ask.strict:
        years = (
            _nearest_year(own, part, place)
            or set(_YEAR.findall(before))
            or (set(_YEAR.findall(above)) - behind)
        )
        if _YEAR.fullmatch(name):
            if name not in years:
                return False
        elif name not in around:
            return False
    return True
