"""Which language a text is written in: first by its script, then by its function words and letters. Pure.

A text that says too little gets no language, and is then treated as English. Only languages with a table in
`stopwords` or a script of their own are told apart.
"""

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping

from parallel_local.text.stopwords import STOPWORDS_BY_LANGUAGE

_SAMPLES = (300, 1000, 4000)  # characters looked at: some fifty words, and more where they do not decide
_STRIDE = 5  # of the characters one in so many tells the script
_LEAST = 2.0
_LEAST_ASKED = 0.9
_LEAD = 1.3
_LETTER = 0.7  # what a letter that few languages have counts, in function words
_WORD = re.compile(r"[^\W\d_]+")
_BLOCKS: tuple[tuple[int, str], ...] = (
    (0x0000, ""),
    *((0x0370, "el"), (0x0400, "ru"), (0x0530, "hy"), (0x0590, "he"), (0x0600, "ar"), (0x0700, "")),
    *((0x0900, "hi"), (0x0980, "bn"), (0x0A00, ""), (0x0B80, "ta"), (0x0C00, "te"), (0x0C80, "")),
    *((0x0E00, "th"), (0x0E80, ""), (0x10A0, "ka"), (0x1100, "ko"), (0x1200, ""), (0x1F00, "el")),
    *((0x2000, ""), (0x3040, "ja"), (0x3100, ""), (0x3400, "zh"), (0xA000, ""), (0xAC00, "ko")),
    *((0xD7B0, ""), (0xF900, "zh"), (0xFB00, ""), (0x20000, "zh"), (0x40000, "")),
)
_STARTS = tuple(start for start, _ in _BLOCKS)
# Languages that share a script: letters that only the second one has.
_NEIGHBOURS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "ru": (("uk", "іїєґ"), ("sr", "ђјљњћџ"), ("be", "ў")),
    "ar": (("ur", "ٹڈڑںے"), ("fa", "پچژگکی")),
}
_LETTERS: Mapping[str, tuple[str, ...]] = {
    "ß": ("de",),
    "ñ": ("es",),
    "¿": ("es",),
    **dict.fromkeys("ãõ", ("pt",)),
    **dict.fromkeys("æø", ("da", "nb")),
    **dict.fromkeys("ğış", ("tr",)),
    **dict.fromkeys("ășțţ", ("ro",)),
    **dict.fromkeys("őű", ("hu",)),
    **dict.fromkeys("łąęśźżń", ("pl",)),
    **dict.fromkeys("ěřů", ("cs",)),
    **dict.fromkeys("đơưạảấầẩậắằặẹẻếềểệịọỏốồổộớờởợụủứừửựỳỹ", ("vi",)),
}
_NOT_LATIN = frozenset({"ru", "el", "ar", "fa", "hi", "he"})


def _weights() -> dict[str, tuple[tuple[str, float], ...]]:
    """Function word → the languages that have it; a word of many languages says little of each."""
    having: defaultdict[str, list[str]] = defaultdict(list)
    for language, listed in STOPWORDS_BY_LANGUAGE.items():
        if language not in _NOT_LATIN:
            for word in dict.fromkeys(listed):
                having[word].append(language)
    return {word: tuple((name, 1.0 / len(names)) for name in names) for word, names in having.items()}


_LATIN = _weights()
_LATIN_WORDS = frozenset(_LATIN)


def language_of(text: str) -> str:
    """The ISO 639-1 code of a text's language; empty where the text does not show it."""
    for size in _SAMPLES:
        sample = text[:size].lower()
        found = _of_script(sample) or _of_words(sample, sample.split(), (), _LEAST)
        if found or len(text) <= size:
            return found
    return ""


def asked_language(question: str, among: Collection[str]) -> str:
    """The language of a short text, where it can only be one of `among`; empty where it shows none of them."""
    sample = question[: _SAMPLES[1]].lower()
    return _of_script(sample) or _of_words(sample, _WORD.findall(sample), among, _LEAST_ASKED)


def _of_script(sample: str) -> str:
    if sample.isascii():
        return ""
    letters = [char for char in sample[::_STRIDE] if char.isalpha()] or list(sample)
    seen = Counter(_BLOCKS[bisect_right(_STARTS, ord(char)) - 1][1] for char in letters)
    language, count = seen.most_common(1)[0]
    if seen["ja"] * 10 > count and language == "zh":
        return "ja"  # Han with Kana among it
    if not language:
        foreign = [(name, much) for name, much in seen.most_common() if name]
        if not foreign or foreign[0][1] * 3 < len(letters):
            return ""
        language = foreign[0][0]
    return _neighbour(language, sample)


def _neighbour(language: str, sample: str) -> str:
    for name, marks in _NEIGHBOURS.get(language, ()):
        if sum(map(sample.count, marks)) * 60 > len(sample):
            return name
    return language


def _of_words(sample: str, words: Iterable[str], among: Collection[str], least: float) -> str:
    """Each word counts once: a name such as "Los Angeles" that comes often is no sign of a language."""
    scores: defaultdict[str, float] = defaultdict(float)
    for word in _LATIN_WORDS.intersection(words):
        for language, weight in _LATIN[word]:
            scores[language] += weight
    if not sample.isascii():
        _add_letters(scores, set(sample))
    return _clear_winner([item for item in scores.items() if not among or item[0] in among], least)


def _add_letters(scores: defaultdict[str, float], letters: Iterable[str]) -> None:
    for letter in letters:
        for language in _LETTERS.get(letter, ()):
            scores[language] += _LETTER


def _clear_winner(scores: Iterable[tuple[str, float]], least: float) -> str:
    best, second = ("", 0.0), 0.0
    for name, score in scores:
        if score > best[1]:
            best, second = (name, score), best[1]
        else:
            second = max(second, score)
    return best[0] if best[1] >= least and best[1] >= _LEAD * second else ""
