"""Numbers in words: "twenty-four", "vierundzwanzig", "half a million". Pure.

Only what is exact: no "dozens", no "a few". A lone "one" is left out, since it mostly is no number. The words are in
`number_vocabulary.py`.
"""

import re
from collections.abc import Iterator

from parallel_local.text.values.number_vocabulary import Vocabulary, vocabulary
from parallel_local.text.values.tongue import Tongue

_ALONE = frozenset(["hundert", "tausend", "cent", "mille", "mil"])  # these need no "one" before them
_WORD = re.compile(r"[^\W\d_]+")
_MOST_LETTERS = 80


def number_words(text: str, language: Tongue) -> Iterator[tuple[int, int, float]]:
    """Start, end and amount of every number in words; a lone 1 too, which the caller judges."""
    known = vocabulary(language)
    halves = list(known.halves.finditer(text)) if known.halves else []
    for match in halves:
        yield match.start(), match.end(), known.scales[match.group(1).casefold()] / 2
    run: list[re.Match[str]] = []
    for match in _WORD.finditer(text):
        if any(half.start() <= match.start() < half.end() for half in halves):
            continue
        joined = bool(run) and text[run[-1].end() : match.start()] in (" ", "-", "\u00a0")
        if run and not joined:
            yield from _flushed(run, known)
            run = []
        if _belongs(match.group().casefold(), run, known):
            run.append(match)
        elif run:
            yield from _flushed(run, known)
            run = []
    yield from _flushed(run, known)


def _belongs(word: str, run: list[re.Match[str]], known: Vocabulary) -> bool:
    if _amount(word, known) is not None or word in known.scales:
        return True
    return (bool(run) and word == known.link) or (not run and word in known.articles)


def _flushed(run: list[re.Match[str]], known: Vocabulary) -> Iterator[tuple[int, int, float]]:
    """The amount of a run of number words; links at its end belong to the sentence."""
    while run and run[-1].group().casefold() in (known.link, *known.articles):
        run = run[:-1]
    words = [match.group().casefold() for match in run]
    if not words or (words[0] in known.articles and (len(words) < 2 or words[1] not in known.scales)):
        return
    for start, end in _parts(words, known):
        if start == end or (words[start] in known.scales and words[start] not in _ALONE):
            continue
        yield run[start].start(), run[end - 1].end(), _value(words[start:end], known)


def _parts(words: list[str], known: Vocabulary) -> Iterator[tuple[int, int]]:
    """One number, or several where "and" joins two of them: "two and four" is two numbers."""
    start = 0
    for place, word in enumerate(words):
        if word == known.link and not _goes_on(words, place, known):
            yield start, place
            start = place + 1
    if start < len(words):
        yield start, len(words)


def _goes_on(words: list[str], place: int, known: Vocabulary) -> bool:
    before = words[place - 1]
    if known.link == "and":
        return before in known.scales
    tens = _amount(before, known) or 0
    return tens >= 20 and place + 1 < len(words) and (_amount(words[place + 1], known) or 99) < 20


def _value(words: list[str], known: Vocabulary) -> float:
    total = current = 0.0
    for word in words:
        scale = known.scales.get(word)
        amount = _amount(word, known)
        if amount is not None and not (scale and not known.compounds):
            four_times = word in ("vingt", "vingts") and current % 100 == 4
            current = current - 4 + 80 if four_times else current + amount
        elif scale is not None and scale <= 100:
            current = (current or 1.0) * scale
        elif scale is not None and total < scale:
            total, current = ((total + current) or 1.0) * scale, 0.0
        elif scale is not None:
            total, current = total + (current or 1.0) * scale, 0.0
    return total + current


def _amount(word: str, known: Vocabulary) -> float | None:
    amount = known.units.get(word)
    if amount is not None or not known.compounds or len(word) > _MOST_LETTERS:
        return amount
    return _compound(word, known) if word not in known.scales else None


def _compound(word: str, known: Vocabulary) -> float | None:
    """A German number in one word: `zweihundertvierundzwanzig`."""
    for name, scale in (("tausend", 1000.0), ("hundert", 100.0)):
        before, found, after = word.partition(name)
        if found:
            left = _amount(before, known) if before else 1.0
            right = _amount(after.removeprefix("und"), known) if after else 0.0
            return None if left is None or right is None else left * scale + right
    if word.endswith("einhalb"):
        whole = known.units.get(word.removesuffix("einhalb"))
        return None if whole is None else whole + 0.5
    ones, found, tens = word.partition("und")
    left, right = known.units.get(ones), known.units.get(tens)
    return left + right if found and left and right and left < 10 and right >= 20 else None
