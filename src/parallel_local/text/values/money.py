"""Currencies: the signs, codes and words for them, before or behind an amount. Pure.

Never one currency as another.
"""

import re

_SIGNS = {"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"}
_CODES = frozenset(
    [
        "USD",
        "EUR",
        "GBP",
        "CHF",
        "JPY",
        "INR",
        "CAD",
        "AUD",
        "SEK",
        "NOK",
        "DKK",
        "PLN",
        "CNY",
        "MXN",
        "BRL",
        "CZK",
        "HUF",
    ]
)
_WORDS = {
    "dollar": "USD", "dollars": "USD", "euro": "EUR", "euros": "EUR", "yen": "JPY", "rupees": "INR",
    "rupee": "INR", "francs": "CHF", "franken": "CHF", "sterling": "GBP", "pesos": "MXN", "pounds sterling": "GBP",
    "us dollars": "USD", "u.s. dollars": "USD", "dólares": "USD",
}  # fmt: skip
# Said of several currencies or of other things too: a currency only where nothing else is asked for.
_VAGUE = {"pound": "GBP", "pounds": "GBP", "kr": "kr", "kroner": "kr", "kronor": "kr", "crowns": "kr"}
_CODE = "|".join(sorted(_CODES))
_WORD = "|".join(re.escape(word) for word in sorted(_WORDS, key=len, reverse=True))
BEFORE = re.compile(rf"(?:US\$|[$€£¥₹]|\b(?:{_CODE}))\s?$")
BEHIND = re.compile(rf"\s?(?:[$€£¥₹]|(?:{_CODE})\b|(?i:{_WORD})\b)")
FIELD = re.compile(rf"[$€£¥₹]|\b(?:{_CODE}|{_WORD})\b", re.IGNORECASE)

SIGNS_AND_WORDS = (*_SIGNS, *_WORDS)


def currency(written: str) -> str:
    """The code of a currency, however it is written; empty when it is none."""
    bare = written.strip()
    known = _SIGNS.get(bare) or _WORDS.get(bare.casefold())
    return known or (bare.upper() if bare.upper() in _CODES else "")


def likely_currency(written: str) -> str:
    """The same, where an amount is known to be one: pounds and crowns are money then."""
    return currency(written) or _VAGUE.get(written.strip().casefold(), "")
