"""Acronyms that documents define themselves, as in "United Nations (UN)".

Pure: text in, pairs out. Nothing is known in advance; an acronym that no document spells out stays unknown.
"""

import re

_DEFINITION = re.compile(r"((?:[A-Z][\w’'-]*(?:\s+(?:of|and|for|the|&))*\s+){1,6})\(([A-Z][A-Za-z&]{1,7})\)")
_SMALL = frozenset({"of", "and", "for", "the", "&"})


def acronyms(text: str) -> dict[str, str]:
    """Acronym → its words, both in lower case, for every definition whose initials agree."""
    found: dict[str, str] = {}
    for match in _DEFINITION.finditer(text):
        expansion = _expansion(match.group(1).split(), match.group(2))
        if expansion:
            found.setdefault(match.group(2).casefold(), expansion)
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
