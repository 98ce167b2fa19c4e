"""Words that stand for something said before, in the languages notes are in. Data, and one question about it.

Where a sentence begins with one, or could leave it out, what it speaks of stands in the sentence before it.
"""

import re

from parallel_local.text.tokens import fold

_PRONOUNS = """
it he she they this these that those its his her their es er sie dies diese dieser dieses ihr ihre sein seine
il elle ils elles ce cela ça celui celle son sa ses este esta esto estos ese esa eso ello ella ellos su sus questo
questa lui lei suo sua ele ela isso isto seu sua het hij zij ze dit dat deze den det han hon de on ona ono oni to
он она оно они это этот эта эти его её их bu onlar bunun acesta aceasta el ea ei ele αυτός αυτή αυτό αυτά هو هي هذا
هذه هم यह वह वे ये इस उस इसका उसका nó họ đây
"""
_JOINED = re.compile(r"^(?:それ|これ|その|この|そこ|它|他|她|这|这些|那|其)|(?:มัน|เขา|นี้)")
_SUBJECTLESS = frozenset({"es", "it", "pt", "ro", "el", "ja", "zh", "ko", "tr", "pl", "th", "vi"})
_FIRST_WORDS = 5
_KNOWN = frozenset(fold(word) for word in _PRONOUNS.split())


def points_back(sentence: str, language: str) -> bool:
    """Whether a sentence may speak of what the one before it named."""
    if language in _SUBJECTLESS:
        return True
    first = [fold(word) for word in re.findall(r"\w+", sentence)[:_FIRST_WORDS]]
    return bool(_KNOWN.intersection(first)) or bool(_JOINED.search(sentence[:12]))
