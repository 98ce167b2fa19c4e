"""Cutting text into words as written, for every script, and folding them: case, accents, width. Pure.

No stemming and no stop words here. Scripts without blanks between words give whole runs, which
`grams` cuts into overlapping pieces.
"""

import re
import unicodedata
from functools import lru_cache

_MARKS = "".join(chr(code) for code in range(0x300, 0xE00) if unicodedata.category(chr(code)).startswith("M"))
_JOINERS = "\u200c\u200d"
_TRIGRAM_SCRIPTS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer: alphabets
_BIGRAM_SCRIPTS = (
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_LETTERS = rf"[^\W_{_TRIGRAM_SCRIPTS}{_BIGRAM_SCRIPTS}]+"
_SPACED = rf"{_LETTERS}(?:[{_MARKS}{_JOINERS}]+(?:{_LETTERS})?)*"
_WORD = re.compile(rf"[{_TRIGRAM_SCRIPTS}]+|[{_BIGRAM_SCRIPTS}]+|{_SPACED}(?:[&'’.](?={_LETTERS}){_SPACED})*")
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+(?:[&'.][A-Za-z0-9]+)*")
_TRIGRAMS = re.compile(rf"[{_TRIGRAM_SCRIPTS}]")
_BIGRAMS = re.compile(rf"[{_BIGRAM_SCRIPTS}]")
_ACRONYM = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]?")
_FIRST_WITHOUT_BLANKS = "\u0e00"
# What decomposition leaves as it is, or should be left with: Cyrillic й is a letter, ё is often written е.
_SPELLED = {
    **{"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "þ": "th"},
    **{"ё": "е", "ς": "σ", "\u0640": "", "\u200c": "", "\u200d": ""},
}
# Combining classes of signs that are part of the letter: viramas, voicing of kana, vowels of Thai and Lao.
_LETTER_CLASSES = frozenset({0, 8, 9, 103, 107, 118, 122})


def tokens(text: str) -> list[str]:
    """Words as written, in order; a run of a script without blanks is one token."""
    return (_ASCII_WORD if text.isascii() else _WORD).findall(text)


def is_run(token: str) -> bool:
    """Whether a token is written in a script that `grams` cuts."""
    return token >= _FIRST_WITHOUT_BLANKS and bool(_BIGRAMS.match(token) or _TRIGRAMS.match(token))


def grams(run: str) -> list[str]:
    """What a run is found by: three letters of an alphabet, or one and two characters of the others."""
    plain = unicodedata.normalize("NFKC", run)
    if _TRIGRAMS.match(run):
        return [plain[at : at + 3] for at in range(max(1, len(plain) - 2))]
    pairs = [plain[at : at + 2] for at in range(len(plain) - 1)]
    singles = list(plain)
    return [piece for both in zip(singles, [*pairs, ""], strict=True) for piece in both if piece]


def asked_grams(run: str) -> list[str]:
    """The pieces that a question asks for: single characters only where there is nothing longer."""
    found = grams(run)
    return [piece for piece in found if len(piece) > 1] or found


def pieces(token: str) -> list[str]:
    """`M&A` and `U.S` are one word, `one.two` is two."""
    if "." not in token or _ACRONYM.fullmatch(token) or token.replace(".", "").isdigit():
        return [token]
    return token.split(".")


def fold(word: str) -> str:
    """Lower case without accents, possessive ending and inner dots: `U.S.` → `us`."""
    plain = unaccented(word.replace("’", "'").lower()).removesuffix("'s").replace("'", "")
    return plain if plain.replace(".", "").isdigit() else plain.replace(".", "")


def unaccented(word: str) -> str:
    """A word in lower case without accents; letters that only look accented stay."""
    if word.isascii():
        return word
    composed = unicodedata.normalize("NFC", word)
    return unicodedata.normalize("NFC", "".join(map(_plain, composed)))


@lru_cache(maxsize=4096)
def _plain(letter: str) -> str:
    if letter in _SPELLED:
        return _SPELLED[letter]
    if "\u0400" <= letter < "\u0530":
        return letter
    apart = unicodedata.normalize("NFKD", letter)
    return "".join(char for char in apart if unicodedata.combining(char) in _LETTER_CLASSES)
