"""Whether a clause begins with a name that nothing is known of: what it says is then of nobody asked about. Pure."""

import re

from parallel_local.findall.kinds import legal_form
from parallel_local.findall.naming import NAME
from parallel_local.findall.statements import Reading
from parallel_local.text.tokens import words
from parallel_local.text.values import numbers

_VERBAL = re.compile(r"^\s+(?:(?:also|now|still|never|always)\s+)?(?P<verb>[a-z]+)\b")
_BE_WORDS = """
is are was were be ist sind war waren can will must may
"""
_BE = frozenset(_BE_WORDS.split())
_COMMON_WORDS = """
revenue staff breakfast dinner lunch entry admission parking payment delivery shipping turnover production
headcount membership access water power weight price cost rent capacity support sales profit founded
founding headquarters output demand growth work food wine beer bread coffee tea music software hardware
energy the
"""
_COMMON = frozenset(_COMMON_WORDS.split())
_ADJECTIVAL = frozenset(
    [
        "certified",
        "registered",
        "approved",
        "listed",
        "accredited",
        "licensed",
        "based",
        "founded",
        "owned",
        "protected",
    ]
)
_PARTICIPLE = re.compile(r"\w{4}ed$")  # "Guided tours"
_WITHOUT_ENDINGS = frozenset({"de", "es", "fr", "it", "pt"})  # where -s and -ed are no verb's
_NOMINAL = ("ing", "tion", "sion", "ment", "age", "ness", "ity", "ance", "ence", "ship", "ure")


def is_unknown_name(text: str, reading: Reading) -> bool:
    """Whether a clause begins with a name that nothing is known of: "Zeta ships …" on the page of Acme."""
    match = re.match(NAME, text)
    verb = _VERBAL.match(text[match.end() :]) if match else None
    if match is None or verb is None:
        return False
    name = match.group()
    first = words(name)[0] if words(name) else ""
    if numbers(name) or verb.group("verb") in _ADJECTIVAL:
        return False
    if legal_form(name):
        return True
    acts = reading.language not in _WITHOUT_ENDINGS and (
        verb.group("verb") in _BE
        or verb.group("verb").endswith(("s", "ed"))
        or verb.group("verb") in ("has", "had")
    )
    if (
        not acts
        or first in _COMMON
        or first.endswith(_NOMINAL)
        or _PARTICIPLE.search(first)
        or reading.is_common(first)
    ):
        return False
    return len(name.split()) > 1 or verb.group("verb") not in _BE
