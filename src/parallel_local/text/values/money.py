"""Currencies: the signs, codes and words for them, before or behind an amount. Pure.

Never one currency as another.
"""

import re

_SIGNS = {"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"}
_CODES = "USD EUR GBP CHF JPY INR CAD AUD SEK NOK DKK PLN CNY MXN BRL"
_WORDS = {
    "dollar": "USD", "dollars": "USD", "euro": "EUR", "euros": "EUR", "yen": "JPY", "rupees": "INR",
    "rupee": "INR", "francs": "CHF", "franken": "CHF", "sterling": "GBP", "pesos": "MXN", "pounds sterling": "GBP",
    "us dollars": "USD", "u.s. dollars": "USD", "dólares": "USD", "cents": "", "cent": "",
}  # fmt: skip
_CODE = "|".join(_CODES.split())
_WORD = "|".join(re.escape(word) for word in sorted(_WORDS, key=len, reverse=True) if _WORDS[word])
BEFORE = re.compile(rf"(?:US\$|[$€£¥₹]|\b(?:{_CODE}))\s?$")
BEHIND = re.compile(rf"\s?(?:[$€£¥₹]|(?:{_CODE})\b|(?i:{_WORD})\b)")
FIELD = re.compile(rf"[$€£¥₹]|\b(?:{_CODE}|{_WORD})\b", re.IGNORECASE)


def currency(written: str) -> str:
    """The code of a currency, however it is written; empty when it is none."""
    bare = written.strip()
    return _SIGNS.get(bare) or _WORDS.get(bare.casefold()) or (bare.upper() if bare.upper() in _CODES else "")
