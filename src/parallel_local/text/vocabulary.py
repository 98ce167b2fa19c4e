"""Which words may stand for each other, in a question and in a document. Pure.

Two sources: everyday business synonyms, listed here, and the acronyms that documents define themselves, as in
"United Nations (UN)". An acronym that no document spells out stays unknown.
"""

import re
from collections.abc import Mapping

import msgspec

from parallel_local.text.tokens import stems

# All members of a group are interchangeable. The groups are deliberately few: a wrong synonym costs more than a
# missing one.
_GROUPS: tuple[tuple[str, ...], ...] = (
    ("founded", "established", "founding", "inception", "came into existence", "incorporated"),
    ("acquisition", "merger", "m&a", "buyout", "acquired", "takeover", "consolidation"),
    (
        "raised money",
        "raised",
        "funding",
        "financing",
        "funding round",
        "series",
        "seed round",
        "investment round",
    ),
    ("ceo", "chief executive", "chief executive officer"),
    ("cto", "chief technology officer", "chief technical officer"),
    ("cfo", "chief financial officer"),
    ("coo", "chief operating officer"),
    ("website", "homepage", "web site"),
    ("headquarters", "headquartered", "head office", "based in"),
    ("revenue", "sales", "turnover"),
    ("employees", "staff", "headcount", "workforce"),
    ("usa", "us", "united states", "u.s", "america", "american"),
    ("uk", "united kingdom", "britain"),
    ("eu", "european union"),
    ("un", "united nations"),
    ("ai", "artificial intelligence"),
    ("competitors", "rivals", "competitive landscape"),
    ("cost", "price", "pricing"),
    ("forecast", "outlook", "projection", "projected"),
    ("regulation", "regulatory", "rules", "legislation"),
    ("hvac", "heating ventilation and air conditioning"),
)
_ACRONYM = re.compile(r"\(([A-Z][A-Za-z&]{1,7})\)")
_BEFORE = re.compile(r"(?:[A-Z][\w’'-]*(?:\s+(?:of|and|for|the|&))*\s+){1,6}\Z")
_LONGEST_EXPANSION = 200
_SMALL = frozenset({"of", "and", "for", "the", "&"})


class Vocabulary(msgspec.Struct, frozen=True):
    """Words that may stand for each other: general groups, and acronyms the documents define."""

    synonyms: Mapping[str, tuple[tuple[str, ...], ...]]
    phrases: tuple[tuple[str, ...], ...]


def vocabulary(defined: Mapping[str, str]) -> Vocabulary:
    """General synonyms plus the acronyms that the documents at hand define."""
    known = {_phrase(member) for group in _GROUPS for member in group}
    own = [(short, long) for short, long in sorted(defined.items()) if _phrase(short) not in known]
    synonyms: dict[str, tuple[tuple[str, ...], ...]] = {}
    for group in (*_GROUPS, *own):
        members = tuple(dict.fromkeys(tuple(stems(member)) for member in group))
        for member in members:
            synonyms[" ".join(member)] = (member, *(other for other in members if other != member))
    phrases = sorted((tuple(key.split()) for key in synonyms if " " in key), key=len, reverse=True)
    return Vocabulary(synonyms=synonyms, phrases=tuple(phrases))


def acronyms(text: str) -> dict[str, str]:
    """Acronym → its words, both in lower case, for every definition whose initials agree."""
    found: dict[str, str] = {}
    for match in _ACRONYM.finditer(text):
        before = _BEFORE.search(text[max(0, match.start() - _LONGEST_EXPANSION) : match.start()])
        expansion = _expansion(before.group().split(), match.group(1)) if before else None
        if expansion:
            found.setdefault(match.group(1).casefold(), expansion)
    return found


def _expansion(preceding: list[str], acronym: str) -> str | None:
    """The shortest run of words right before the bracket whose initials spell the acronym."""
    letters = acronym.replace("&", "").casefold()
    for start in range(len(preceding) - 1, -1, -1):
        run = preceding[start:]
        strict = "".join(word[0] for word in run if word.casefold() not in _SMALL).casefold()
        loose = "".join(word[0] for word in run).casefold()
        if letters in (strict, loose):
            return " ".join(run).casefold()
    return None


def _phrase(text: str) -> str:
    return " ".join(stems(text))
