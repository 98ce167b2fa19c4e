"""Readings of yes-or-no fields and of fields with a list of options: what sentences affirm and deny. Pure.

True or false only where a sentence says so; what is planned, or was, is neither.
"""

import re
from collections.abc import Iterator, Sequence

from parallel_local.answers.about import About
from parallel_local.answers.clause_fit import coverage, whose
from parallel_local.answers.clauses import Segment, segment
from parallel_local.answers.field_ask import FieldAsk
from parallel_local.answers.keys import key_fit
from parallel_local.answers.mentions import Phrases, Span
from parallel_local.answers.readings import Reading
from parallel_local.answers.sources import Sentence
from parallel_local.answers.stated import flag, free_of, negated, opposed, over, planned
from parallel_local.answers.typed_values import options_in
from parallel_local.text.tokens import stems, words
from parallel_local.text.values.numbers import numbers
from parallel_local.text.values.value import Value

_FREE = re.compile(r"\bfree\b|frei\b", re.IGNORECASE)
_HAVING_FIELD = re.compile(r"(?:has|have|with|includes?|offers?|hat|mit|a|avec|tiene|con)\b", re.IGNORECASE)
_HAVING = re.compile(
    r"\b(?:has|have|had|with|without|there (?:is|are|was)|includes?|including|offers?|owns?|features?|equipped|"
    r"contains?|comes with|"
    r"no|hat|haben|besitzt|verfügt|bietet|mit|ohne|gibt|a|ont|avec|sans|dispose|offre|tiene|tienen|cuenta|hay|"
    r"con|sin|ofrece)\b",
    re.IGNORECASE,
)
_CLAIM_CUT = re.compile(r"[,;]\s|\s(?:and|und|et|e|y|en|og|och)\s", re.IGNORECASE)
_CLAIMS = re.compile(
    r"\b(?:is|are|was|were|has|have|had|can|may|ist|sind|war|waren|hat|haben|wurden?|wird|werden|darf|dürfen|est|sont|était|"
    r"ont|peut|peuvent|è|sono|ha|hanno|era|può|es|son|está|están|tiene|tienen|puede|é|são|tem|zijn|heeft|mag)\s+\w+"
)
_WITHOUT = re.compile(
    r"\b(?:without|ohne|sans|sin|senza|sem|zonder|utan|uten|без)(?:\s+[^\W\d_]+){1,2}", re.IGNORECASE
)
_NEUTRAL = frozenset(
    ["unknown", "none", "other", "n/a", "na", "not found", "unspecified", "not specified", "not_found"]
)


def yes_or_no(ask: FieldAsk, sentence: Sentence, about: About) -> Iterator[Reading]:
    """Whether a sentence affirms or denies the field's words of the subject."""
    if sentence.key and key_fit(ask, sentence.key, sentence.card.language):
        yield from _keyed(ask, sentence, about)
        return
    spans = [list(demand.phrases.spans(sentence.tokens)) for demand in ask.demands]
    against = [opposed(demand.word, sentence.tokens) for demand in ask.demands]
    if not ask.demands or (not any(spans) and not any(against)):
        return
    # The word that comes least tells which clause is meant: "open to cyclists but not to horses".
    rarest = min((each for each in spans if each), key=len, default=[])
    anchor = _opposite(ask, sentence) if any(against) else rarest[0]
    place = Value(sentence.text[anchor[0] : anchor[1]], anchor[0])
    part = segment(sentence.text, place, [])
    strength, loose = whose(ask, sentence, part, place, about)
    if strength <= 0:
        return
    covered, missing = (
        coverage(ask, sentence, part, spans) if not any(against) else _opposed(ask, spans, against)
    )
    said = _claim(sentence.text, part, spans if any(spans) else [[anchor]])
    if (
        covered <= 0
        or "missing" in missing
        or planned(said, allowed=True)
        or not all(name in f"{sentence.text} {sentence.heading}" for name in ask.strict)
    ):
        return
    value = not (negated(said) or (over(said) and not any(against)))
    if any(against) or _freed(ask, sentence.text, spans):
        value = not value
    doubts = frozenset(
        {
            *loose,
            *missing,
            *(["over"] if over(said) else []),
            *(["mentioned"] if _only_mentioned(ask, sentence.text, anchor) else []),
        }
    )
    yield Reading(value, str(value), strength * covered, doubts, sentence.text, sentence.card)


def _claim(text: str, part: Segment, spans: Sequence[Sequence[Span]]) -> str:
    """What a part of a sentence says of the field's words: not what it denies of something else.

    "The jacket is included, the transport is not", "photographs without flash are allowed".
    """
    said = [[span for span in each if part.holds(span)] for each in spans]
    rarest = min((each for each in said if each), key=len, default=None)
    if rarest is None:
        return text[part.start : part.end]
    # Of words that come often, "may" for what is allowed, those nearest to the one that comes least.
    held = [min(each, key=lambda span: abs(span[0] - rarest[0][0])) for each in said if each]
    first, last = min(span[0] for span in held), max(span[1] for span in held)
    start, end = part.start, part.end
    for cut in _CLAIM_CUT.finditer(text, part.start, part.end):
        if (
            cut.end() <= first
            and _CLAIMS.search(text, start, cut.start())
            and _CLAIMS.search(text, first, end)
        ):
            start = cut.end()
        elif (
            cut.start() >= last
            and _CLAIMS.search(text, start, cut.start())
            and negated(text[cut.end() : end])
        ):
            end = cut.start()
            break
    claim = text[start:end]
    for circumstance in _WITHOUT.finditer(text, start, end):
        if not any(circumstance.start() <= span[0] < circumstance.end() for span in held):
            claim = claim.replace(circumstance.group(), " ")
    return claim


def _freed(ask: FieldAsk, text: str, spans: Sequence[Sequence[Span]]) -> bool:
    """Whether a text says "gluten-free" where the field asks for gluten."""
    return not _FREE.search(ask.label) and any(free_of(text, span) for each in spans for span in each)


def _only_mentioned(ask: FieldAsk, text: str, anchor: Span) -> bool:
    """Whether a thing is mentioned, but no word says that it is there: "The boathouse burned down"."""
    return bool(_HAVING_FIELD.match(ask.label)) and not _HAVING.search(
        text[max(0, anchor[0] - 60) : anchor[0]]
    )


def _opposed(
    ask: FieldAsk, spans: Sequence[Sequence[Span]], against: Sequence[bool]
) -> tuple[float, frozenset[str]]:
    held = all(found or turned for found, turned in zip(spans, against, strict=True))
    return (1.0 if held else 0.0), frozenset()


def _opposite(ask: FieldAsk, sentence: Sentence) -> Span:
    found = next(
        token for token in sentence.tokens for demand in ask.demands if opposed(demand.word, [token])
    )
    return found.start, found.end


def _keyed(ask: FieldAsk, sentence: Sentence, about: About) -> Iterator[Reading]:
    strength = about.context(sentence)
    said = flag(sentence.value)
    if strength > 0 and said is not None:
        yield Reading(said, str(said), strength, frozenset(), sentence.text, sentence.card)


def options(ask: FieldAsk, sentence: Sentence, about: About) -> Iterator[Reading]:
    """The options that a sentence affirms of the subject."""
    keyed = bool(sentence.key and key_fit(ask, sentence.key, sentence.card.language))
    spans = [list(demand.phrases.spans(sentence.tokens)) for demand in ask.demands]
    found = list(mentioned(ask.node.options(), sentence))
    for option, place in found:
        part = segment(sentence.text, place, [other for _, other in found if other.start != place.start])
        strength, loose = whose(ask, sentence, part, place, about)
        if keyed:
            strength = about.context(sentence)
        said = sentence.text[part.start : part.end]
        if strength <= 0 or (negated(said) or planned(said) or over(said)):
            continue
        covered, missing = coverage(ask, sentence, part, spans) if not keyed else (1.0, frozenset())
        doubts = frozenset({*loose, *(missing - {"apart"}), *([] if covered > 0 else ["unasked"])})
        score = strength * max(covered, 0.6)
        yield Reading(option, str(option), score, doubts, sentence.text, sentence.card)


def mentioned(allowed: Sequence[object], sentence: Sentence) -> Iterator[tuple[object, Value]]:
    """Options that occur in a sentence, the longest one where they overlap."""
    hits: list[tuple[object, Value]] = list(options_in(allowed, numbers(sentence.text, sentence.language)))
    for option in allowed:
        if not isinstance(option, str) or option.casefold() in _NEUTRAL:
            continue
        for start, end in _places(option, sentence):
            hits.append((option, Value(sentence.text[start:end], start)))
    for option, value in hits:
        wider = any(
            other.start <= value.start and value.end <= other.end and len(other.text) > len(value.text)
            for _, other in hits
        )
        if not wider:
            yield option, value


def _places(option: str, sentence: Sentence) -> Iterator[Span]:
    wanted = words(option.replace("_", " "))
    if len("".join(wanted)) <= 2:
        # "A" or "II" must stand as it is written, or it would be found in every sentence.
        for match in re.finditer(rf"(?<!\w){re.escape(option)}(?!\w)", sentence.text):
            yield match.start(), match.end()
        return
    yield from Phrases(
        (tuple(stems(option.replace("_", " "), sentence.card.language or "en")),), (tuple(wanted),)
    ).spans(sentence.tokens)
