"""Numbers in words, in English, German, French and Spanish: "twenty-four", "vierundzwanzig", "half a million". Pure.

Only what is exact: no "dozens", no "a few". A lone "one" is left out, since it mostly is no number.
"""

import re
from collections.abc import Iterator, Mapping

from parallel_local.text.values.tongue import Tongue


def _table(text: str) -> dict[str, float]:
    pairs = (pair.split("=") for pair in text.split())
    return {word: float(amount) for word, amount in pairs}


_EN = _table(
    "one=1 two=2 three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 ten=10 eleven=11 twelve=12 thirteen=13 "
    "fourteen=14 fifteen=15 sixteen=16 seventeen=17 eighteen=18 nineteen=19 twenty=20 thirty=30 forty=40 "
    "fifty=50 sixty=60 seventy=70 eighty=80 ninety=90"
)
_DE = _table(
    "ein=1 eins=1 eine=1 einen=1 einem=1 einer=1 zwei=2 drei=3 vier=4 fünf=5 sechs=6 sieben=7 acht=8 neun=9 "
    "zehn=10 elf=11 zwölf=12 dreizehn=13 vierzehn=14 fünfzehn=15 sechzehn=16 siebzehn=17 achtzehn=18 "
    "neunzehn=19 zwanzig=20 dreißig=30 dreissig=30 vierzig=40 fünfzig=50 sechzig=60 siebzig=70 achtzig=80 "
    "neunzig=90 anderthalb=1.5 eineinhalb=1.5"
)
_FR = _table(
    "un=1 une=1 deux=2 trois=3 quatre=4 cinq=5 six=6 sept=7 huit=8 neuf=9 dix=10 onze=11 douze=12 treize=13 "
    "quatorze=14 quinze=15 seize=16 vingt=20 vingts=20 trente=30 quarante=40 cinquante=50 soixante=60 "
    "septante=70 huitante=80 nonante=90"
)
_ES = _table(
    "uno=1 un=1 una=1 dos=2 tres=3 cuatro=4 cinco=5 seis=6 siete=7 ocho=8 nueve=9 diez=10 once=11 doce=12 "
    "trece=13 catorce=14 quince=15 dieciséis=16 diecisiete=17 dieciocho=18 diecinueve=19 veinte=20 "
    "veintiuno=21 veintiún=21 veintidós=22 veintitrés=23 veinticuatro=24 veinticinco=25 veintiséis=26 "
    "veintisiete=27 veintiocho=28 veintinueve=29 treinta=30 cuarenta=40 cincuenta=50 sesenta=60 setenta=70 "
    "ochenta=80 noventa=90 cien=100 ciento=100 doscientos=200 doscientas=200 trescientos=300 "
    "trescientas=300 cuatrocientos=400 quinientos=500 quinientas=500 seiscientos=600 setecientos=700 "
    "ochocientos=800 novecientos=900"
)
_SCALES: Mapping[Tongue, Mapping[str, float]] = {
    "en": _table(
        "hundred=1e2 thousand=1e3 million=1e6 billion=1e9 trillion=1e12 lakh=1e5 crore=1e7 dozen=12"
    ),
    "de": _table("hundert=1e2 tausend=1e3 million=1e6 millionen=1e6 milliarde=1e9 milliarden=1e9 dutzend=12"),
    "fr": _table("cent=1e2 cents=1e2 mille=1e3 million=1e6 millions=1e6 milliard=1e9 milliards=1e9"),
    "es": _table("mil=1e3 millón=1e6 millones=1e6"),
}
_UNITS: Mapping[Tongue, Mapping[str, float]] = {"en": _EN, "de": _DE, "fr": _FR, "es": _ES}
_LINKS: Mapping[Tongue, str] = {"en": "and", "de": "und", "fr": "et", "es": "y"}
_HALVES: Mapping[Tongue, re.Pattern[str]] = {
    "en": re.compile(r"\bhalf an? (million|billion|thousand|dozen)\b", re.IGNORECASE),
    "de": re.compile(r"\b(?:eine )?halbe (million|milliarde)\b", re.IGNORECASE),
    "fr": re.compile(r"\bun demi[- ](million|milliard)\b", re.IGNORECASE),
    "es": re.compile(r"\bmedio (millón)\b", re.IGNORECASE),
}
_ARTICLES: Mapping[Tongue, frozenset[str]] = {
    "en": frozenset(["a", "an"]), "de": frozenset(), "fr": frozenset(), "es": frozenset(),
}  # fmt: skip
_ALONE = frozenset(["hundert", "tausend", "cent", "mille", "mil"])  # these need no "one" before them
_WORD = re.compile(r"[^\W\d_]+")
_MOST_LETTERS = 80


def number_words(text: str, language: Tongue) -> Iterator[tuple[int, int, float]]:
    """Start, end and amount of every number in words; a lone 1 too, which the caller judges."""
    taken = [match.span() for match in _HALVES[language].finditer(text)]
    for match in _HALVES[language].finditer(text):
        yield match.start(), match.end(), _SCALES[language][match.group(1).casefold()] / 2
    run: list[re.Match[str]] = []
    for match in _WORD.finditer(text):
        if any(start <= match.start() < end for start, end in taken):
            continue
        joined = bool(run) and text[run[-1].end() : match.start()] in (" ", "-", "\u00a0")
        if run and not joined:
            yield from _flushed(run, language)
            run = []
        if _belongs(match.group().casefold(), run, language):
            run.append(match)
        elif run:
            yield from _flushed(run, language)
            run = []
    yield from _flushed(run, language)


def _belongs(word: str, run: list[re.Match[str]], language: Tongue) -> bool:
    if _amount(word, language) is not None or word in _SCALES[language]:
        return True
    return (bool(run) and word == _LINKS[language]) or (not run and word in _ARTICLES[language])


def _flushed(run: list[re.Match[str]], language: Tongue) -> Iterator[tuple[int, int, float]]:
    """The amount of a run of number words; links at its end belong to the sentence."""
    while run and run[-1].group().casefold() in (_LINKS[language], *_ARTICLES[language]):
        run = run[:-1]
    words = [match.group().casefold() for match in run]
    if not words or (
        words[0] in _ARTICLES[language] and (len(words) < 2 or words[1] not in _SCALES[language])
    ):
        return
    for start, end in _parts(words, language):
        if start == end or (words[start] in _SCALES[language] and words[start] not in _ALONE):
            continue
        yield run[start].start(), run[end - 1].end(), _value(words[start:end], language)


def _parts(words: list[str], language: Tongue) -> Iterator[tuple[int, int]]:
    """One number, or several where "and" joins two of them: "two and four" is two numbers."""
    link = _LINKS[language]
    start = 0
    for place, word in enumerate(words):
        if word == link and not _goes_on(words, place, language):
            yield start, place
            start = place + 1
    if start < len(words):
        yield start, len(words)


def _goes_on(words: list[str], place: int, language: Tongue) -> bool:
    before = words[place - 1]
    if language == "en":
        return before in _SCALES["en"]
    tens = _amount(before, language) or 0
    return tens >= 20 and place + 1 < len(words) and (_amount(words[place + 1], language) or 99) < 20


def _value(words: list[str], language: Tongue) -> float:
    total = current = 0.0
    for word in words:
        scale = _SCALES[language].get(word)
        amount = _amount(word, language)
        if amount is not None and not (scale and language != "de"):
            four_times = language == "fr" and word in ("vingt", "vingts") and current % 100 == 4
            current = current - 4 + 80 if four_times else current + amount
        elif scale is not None and scale <= 100:
            current = (current or 1.0) * scale
        elif scale is not None and total < scale:
            total, current = ((total + current) or 1.0) * scale, 0.0
        elif scale is not None:
            total, current = total + (current or 1.0) * scale, 0.0
    return total + current


def _amount(word: str, language: Tongue) -> float | None:
    known = _UNITS[language].get(word)
    if known is not None or language != "de" or len(word) > _MOST_LETTERS:
        return known
    return _compound(word) if word not in _SCALES["de"] else None


def _compound(word: str) -> float | None:
    """A German number in one word: `zweihundertvierundzwanzig`."""
    for name, scale in (("tausend", 1000.0), ("hundert", 100.0)):
        before, found, after = word.partition(name)
        if found:
            left = _amount(before, "de") if before else 1.0
            right = _amount(after.removeprefix("und"), "de") if after else 0.0
            return None if left is None or right is None else left * scale + right
    if word.endswith("einhalb"):
        whole = _DE.get(word.removesuffix("einhalb"))
        return None if whole is None else whole + 0.5
    ones, found, tens = word.partition("und")
    left, right = _DE.get(ones), _DE.get(tens)
    return left + right if found and left and right and left < 10 and right >= 20 else None
