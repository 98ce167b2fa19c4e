"""Who took over whom: "was bought" is asked of the one that belongs to somebody now, "bought" of the owner. Pure.

Only for verbs by which one thing becomes another's; elsewhere the words around a name tell enough (`matching.py`).
"""

import re

_VERBS = "acquired|bought|purchased|taken over|sold|übernommen|gekauft|adquirid[oa]|comprad[oa]"
_TAKEN = re.compile(
    rf"\b(?:been|was|were|is|are|be|being|got|wurde|fue|sido)\s+(?:\w+\s+){{0,6}}?(?:{_VERBS})\b|"
    rf"\b(?:{_VERBS})\s+(?:by|von|por)\b",
    re.IGNORECASE,
)
_TAKES = re.compile(
    r"\b(?:acquire[sd]?|bought|buys?|purchased|took over|takes over|übernahm|compró|adquirió)\b",
    re.IGNORECASE,
)
_IT = (
    r"(?:it|them|her|him|the (?:company|firm|business|brand|maker|group|club|site|building|house)|das unternehmen|"
    r"la empresa)"
)
_OBJECT = re.compile(
    rf"\b(?:acquired|bought|purchased|took(?: over)?)\s+{_IT}\b|\btook {_IT} over\b|\bsold (?:out )?to\b|"
    rf"\bbelongs? to\b"
    r"|\b(?:part|subsidiary|owner) of\b|\bin the hands of\b|\bgehört\b|\bpertenece\b",
    re.IGNORECASE,
)


def taken_in(clause: str) -> int:
    """Where what a clause says to be taken over begins; -1 where it speaks of no takeover."""
    match = None if _TAKEN.search(clause) else _TAKES.search(clause)
    return match.end() if match else -1


def is_taken(asked: str) -> bool:
    """Whether something is asked for that somebody else has taken over."""
    return bool(_TAKEN.search(asked))


def fits_voice(asked: str, said: str, *, undergone: bool) -> bool:
    """Whether a statement that mentions a takeover tells it of the side that is asked about.

    `undergone`: it is told of what somebody does to the thing.
    """
    if undergone:
        return True
    if _TAKEN.search(asked):
        return not _TAKES.search(said) or bool(_TAKEN.search(said) or _OBJECT.search(said))
    if _TAKES.search(asked):
        return not (_TAKEN.search(said) or _OBJECT.search(said)) or bool(
            _TAKES.search(_OBJECT.sub(" ", _TAKEN.sub(" ", said)))
        )
    return True
