"""Words for the operations that a token is for, as people write them: as they are kept, or what was meant instead.

Pure. What the words stand for is in `providers/operation_grants.py`.
"""

from __future__ import annotations

from typing import Final

from penstock.providers.operation_grants import known_word, words_like
from penstock_common.check import quote
from penstock_common.nearest import nearest

_WORDS: Final = (
    "a kind does (chat), a name (parallel.search.create), and a name with * for anything (openai.*)"
)


def operation_word(text: str) -> str:
    """The word as it is kept. Raises ValueError for one that stands for no operation."""
    word = known_word(text)
    if word is not None:
        return word
    near = nearest(text, words_like(text))
    meant = _WORDS if near is None else f"did you mean {quote(near)}?"
    raise ValueError(f"{quote(text)} stands for no operation; {meant}")
