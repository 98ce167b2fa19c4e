"""The values of the kind a question asks for, as they stand in a sentence. Pure.

Everything found is a verbatim slice with its place; how such values look is in `text/values/forms.py`. Nothing
that the question says itself is a value.
"""

import re

import msgspec

from parallel_local.answers.questions import Question
from parallel_local.text.modality import NOUNS_HAVE_CAPITALS
from parallel_local.text.question_words import Asks
from parallel_local.text.tokens import fold, stop_words
from parallel_local.text.values.forms import NAME, counted, durations, shares, times, years

_CLAUSE = re.compile(r"[,;:()–—]\s|\s-\s|[、，；：]")
_WORD = re.compile(r"\w+")
_BEFORE = 24
_LONGEST = 3000  # characters of a unit that are read: no sentence is longer
_WITH_DIGITS = re.compile(r"\w*\d\w*")


class Span(msgspec.Struct, frozen=True):
    """A slice of a text and where it starts."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)


def spans(question: Question, text: str) -> list[Span] | None:
    """The values of the asked kind in a text; None for a kind that has no form."""
    if question.asks in (Asks.WHO, Asks.WHERE):
        return _names(question, text) if any(char.islower() for char in text) else None
    pattern = _pattern(question)
    if pattern is None:
        return None
    found = [Span(match.group().strip(), match.start()) for match in pattern.finditer(text, 0, _LONGEST)]
    if question.asks is Asks.COUNT:
        taken = [match.span() for match in times().finditer(text, 0, _LONGEST)]
        found = [span for span in found if not any(start <= span.start < end for start, end in taken)]
    return [span for span in found if not _asked(question, span)]


def shows(question: Question, text: str) -> bool | None:
    """Whether a text holds a value of the asked kind; None where that cannot be told from its form."""
    found = spans(question, text)
    if found is None or (not found and question.asks in (Asks.WHO, Asks.WHERE)):
        return None
    return bool(found)


def _pattern(question: Question) -> re.Pattern[str] | None:
    match question.asks:
        case Asks.SHARE:
            return shares(question.language)
        case Asks.COUNT | Asks.MEASURE:
            return counted(question.language)
        case Asks.LENGTH:
            return durations(question.language)
        case Asks.YEAR:
            return years()
        case Asks.WHEN:
            return times()
    return None


def _asked(question: Question, span: Span) -> bool:
    """Whether the question says it itself."""
    digits = {fold(part) for part in _WITH_DIGITS.findall(span.text)}
    if digits:
        return digits <= question.numbers
    return span.text.casefold() in question.text.casefold()


def _names(question: Question, text: str) -> list[Span]:
    """Names with a word that the question has not; a capital that only begins the sentence makes no name.

    Where every noun has a capital, a name is two of them.
    """
    asked = {fold(word) for word in _WORD.findall(question.text)} | stop_words(question.language or "en")
    least = 2 if question.language in NOUNS_HAVE_CAPITALS else 1
    found: list[Span] = []
    for match in NAME.finditer(text, 0, _LONGEST):
        words = [fold(word) for word in _WORD.findall(match.group())]
        fresh = [word for word in words if word not in asked]
        if len(fresh) >= least and (match.start() > 0 or len(words) > 1):
            found.append(Span(match.group(), match.start()))
    return found


def place_of(question: Question, span: Span, text: str) -> Span | None:
    """A place with the small words before it ("within the Church of England"); None where it only goes with a noun."""
    small = stop_words(question.language or "en")
    following = _WORD.match(text, span.end + 1) if text[span.end : span.end + 1] == " " else None
    if following and following.group().islower() and fold(following.group()) not in small:
        return None
    start = span.start
    for word in reversed(list(_WORD.finditer(text, max(0, start - _BEFORE), start))[-2:]):
        if fold(word.group()) not in small or text[word.end() : start].strip():
            break
        start = word.start()
    return Span(text[start : span.end], start)


def clause_at(text: str, place: int) -> tuple[int, int]:
    """Start and end of the clause around a place."""
    cuts = [match.start() for match in _CLAUSE.finditer(text)]
    start = max((cut + 1 for cut in cuts if cut < place), default=0)
    return start, min((cut for cut in cuts if cut >= place), default=len(text))
