"""Whether figures, names and words of one text stand in another, in whichever form. Pure.

Languages differ: words count as the same when they begin the same, and nothing here knows more grammar than that of
capital letters. What follows for a statement is decided in `support.py`.
"""

import re
from collections.abc import Iterable, Iterator

from parallel_local.text.tokens import words
from parallel_local.text.values import dates, numbers, years
from parallel_local.text.values.date_parts import DateParts, date_parts, stated_dates
from parallel_local.text.values.number_vocabulary import vocabulary
from parallel_local.text.verbatim import fold

_WORD = re.compile(r"[^\W_][\w'’&.-]*[\w]|[^\W_]")
_MARKS = " \t\n\"'“‘([*_-"
_SENTENCE_END = re.compile(r"(?:[.!?:]\s+|\n\s*)[\"'“‘(\[*_-]*$")
_LOOK_BACK = 40  # characters before a word
_DIGITS = re.compile(r"\d+")
_ISO = re.compile(r"\d{4}-\d{2}(?:-\d{2})?")
_RUN = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,}")
_SHORTEST_TOLD = 4
_SHORTEST_NAMED = 3
_FORM = """
name value number count total amount date year type list the and for answer result text info field of must meet
meets should have has been are was were that which with company companies entity entities
"""
_FORM_WORDS = frozenset(_FORM.split())
_SHARED = 0.7  # of the longer word, from its beginning: the same word in another form
_ROOT = 5  # letters
# Single words, as sentences have them: above twenty they are mostly parts of others ("thirty-two").
_NUMBER_WORDS = {"zero": 0.0} | {
    word: amount for word, amount in vocabulary("en").units.items() if amount <= 20
}
_OTHER_MEANINGS = frozenset({"zero", "one"})
# In German every noun has a capital: behind an article or an adjective it is hardly ever a name.
_GERMAN = re.compile(
    r"\b(?:der|die|das|und|ist|hat|wurde|war|sind|nicht|mit|von|ein|eine|wird)\b", re.IGNORECASE
)
_BEFORE_NOUN = re.compile(
    r"\b(?:de[rsmn]|die|das|eine?[rsmn]?|keine?[rsmn]?|[ms]eine?[rsmn]?|ihre?[rsmn]?|im|am|zum|zur|beim|vom|\d[\d.,]*|"
    r"[a-zäöüß]{3,}(?:er|es|en|em|e))\s+$",
    re.IGNORECASE,
)
_OPENERS = """
this that these those they their there here both while after although though because before during since until when
where which what with from into under over between also then thus however moreover according overall today each every
some many most several such other another only its his her our your first second third finally located founded based
"""
_OPENING = frozenset(_OPENERS.split())


def is_stated(value: object, text: str) -> bool:
    """Whether a text states a scalar: a number as counted, a date as meant, anything else as written."""
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return _states_number(float(value), text)
    if not isinstance(value, str) or not value.strip():
        return False
    wanted = fold(value).casefold().strip(" .")
    if wanted and _bounded(wanted, fold(text).casefold()):
        return True
    parts = date_parts(value) if dates(value) or _ISO.fullmatch(value.strip()) else None
    return parts is not None and _states_date(parts, text)


def figures(text: str) -> list[str]:
    """The dates and numbers of a text, those in words too, as they are written."""
    found = [value.text for value in dates(text)]
    found += [number.text for number in numbers(text)]
    return found + [word for word in words(text) if word in _NUMBER_WORDS and word not in _OTHER_MEANINGS]


def states_figure(figure: str, text: str) -> bool:
    """Whether a text states one of the `figures` of another, in whichever form."""
    if dates(figure):
        parts = date_parts(figure)
        return parts is None or _states_date(parts, text)
    stated = numbers(figure)
    if stated:
        return all(_states_number(number.amount, text) for number in stated)
    return _states_number(_NUMBER_WORDS.get(figure, -1), text)


def missing_figure(text: str, said: str) -> str | None:
    """The first date or number of a text that another does not state."""
    found = figures(text)
    missing = next((figure for figure in found if not states_figure(figure, said)), None)
    known = set(_DIGITS.findall(f"{said} {' '.join(found)}"))
    return missing or next((run for run in _DIGITS.findall(text) if run not in known), None)


def missing_name(text: str, said: str) -> str | None:
    """The first name of a text that another does not have; words that begin a sentence may be anything."""
    known = set(words(said))
    return next((word for word, begins in _capitals(text) if not begins and not _is_known(word, known)), None)


def begins_unheard(text: str, said: str) -> bool:
    """Whether a sentence begins with what may be a name, and the other text does not have."""
    known = set(words(said))
    return any(
        begins and len(word) > _SHORTEST_NAMED and word.lower() not in _OPENING and not _is_known(word, known)
        for word, begins in _capitals(text)
    )


def shares_a_name(text: str, other: str) -> bool:
    """Whether two texts have a name in common; true where the first has none."""
    named = [word for word, begins in _capitals(text) if not begins]
    known = set(words(other))
    return not named or any(_is_known(word, known) for word in named)


def mentions(label: str, text: str, *, loose: bool = False) -> bool:
    """Whether a text has a word of a label that says what it is about; `loose`: or a word of the same root."""
    telling = {word for word in words(label) if len(word) >= _SHORTEST_NAMED and word not in _FORM_WORDS}
    known = set(words(text))
    if not telling or any(word in known or _is_form_of(word, known) for word in telling):
        return True
    return loose and any(_same_beginning(word, other) >= _ROOT for word in telling for other in known)


def shared_words(text: str, said: str) -> float:
    """The share of a text's longer words that another has, in whichever form."""
    told = _told(text)
    return 1.0 - len(_unheard(told, said)) / len(told) if told else 1.0


def adds_words(text: str, said: str) -> bool:
    """Whether a text has a longer word that another has in no form, other than figures and those that only join."""
    unheard = _unheard(_told(text), said) - _OPENING - _FORM_WORDS
    return any(not _DIGITS.search(word) and word not in _NUMBER_WORDS for word in unheard)


def _capitals(text: str) -> Iterator[tuple[str, bool]]:
    """Words with a capital, and whether they only begin a sentence; common nouns of German are left out."""
    german = len(_GERMAN.findall(text)) > 1
    found = list(_WORD.finditer(text))
    for place, match in enumerate(found):
        word, before = match.group(), text[max(0, match.start() - _LOOK_BACK) : match.start()]
        if not word[0].isupper() or _DIGITS.search(word):
            continue
        begins = (len(before) == match.start() and not before.strip(_MARKS)) or bool(
            _SENTENCE_END.search(before)
        )
        following = found[place + 1].group() if place + 1 < len(found) else ""
        if begins and following[:1].isupper() and not german:
            begins = word.lower() in _OPENING or len(word) <= _SHORTEST_NAMED
        if not begins and german and _BEFORE_NOUN.search(before):
            continue
        yield word, begins


def _told(text: str) -> set[str]:
    longer = {word for word in words(text) if len(word) >= _SHORTEST_TOLD or _DIGITS.search(word)}
    return longer | _pairs(text)


def _unheard(told: set[str], said: str) -> set[str]:
    known = set(words(said)) | _pairs(said)
    return {word for word in told if word not in known and not _is_form_of(word, known)}


def _pairs(text: str) -> set[str]:
    """Neighbouring characters of scripts that are written without blanks, in place of words."""
    runs = _RUN.findall(text)
    return {run[place : place + 2] for run in runs for place in range(len(run) - 1)}


def _is_known(word: str, known: set[str]) -> bool:
    return all(part in known or _is_form_of(part, known) for part in words(word))


def _states_date(wanted: DateParts, text: str) -> bool:
    return any(stated.covers(wanted) for stated in stated_dates(text))


def _states_number(amount: float, text: str) -> bool:
    stated = [number.amount for number in numbers(text)]
    stated += [float(year.text) for year in years(text) if year.text.isdigit()]
    stated += [_NUMBER_WORDS[word] for word in words(text) if word in _NUMBER_WORDS]
    return any(abs(amount - one) <= 1e-9 * max(1.0, abs(one)) for one in stated)


def _is_form_of(word: str, known: Iterable[str]) -> bool:
    return any(
        _same_beginning(word, other) >= _SHARED * max(len(word), len(other), _SHORTEST_TOLD)
        for other in known
    )


def _same_beginning(one: str, other: str) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _bounded(wanted: str, text: str) -> bool:
    """Whether a text has `wanted` with no letter or digit on either side; scripts without blanks have none."""
    before = r"(?<![^\W_])" if wanted[0].isalnum() and wanted[0].isascii() else ""
    after = r"(?![^\W_])" if wanted[-1].isalnum() and wanted[-1].isascii() else ""
    return re.search(before + re.escape(wanted) + after, text) is not None
