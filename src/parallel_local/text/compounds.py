"""Words made of words: a compound is found by its first and by its last part. Pure.

Only for languages that write compounds as one word. No dictionary: a part is what a word begins or ends with, as
long as what is left may be a word too.
"""

COMPOUNDING = frozenset({"de", "nl", "sv", "da", "nb", "fi"})
_LEAST_PART = 4
_LEAST_REST = 4


def parts_of(stem: str) -> tuple[str, ...]:
    """What a stem is looked for by within compounds: itself, unless it is too short to be told apart."""
    return (stem,) if len(stem) >= _LEAST_PART and stem.isalpha() else ()


def is_part(part: str, word: str) -> bool:
    """Whether a word is a compound that begins or ends with a part."""
    return len(word) >= len(part) + _LEAST_REST and (word.startswith(part) or word.endswith(part))


def in_compounds(part: str, haystack: str) -> bool:
    """Whether any word of a text, as `spaced` stems, is such a compound."""
    if part not in haystack:
        return False
    return any(is_part(part, word) for word in haystack.split() if part in word)


def reversed_compounds(stems: str) -> str:
    """The words of a text that may be compounds, from behind: so their ends are found as beginnings."""
    return " ".join(word[::-1] for word in stems.split() if len(word) >= _LEAST_PART + _LEAST_REST)
