"""How much work a search is worth: the modes of the search endpoints (Parallel 2.1). Values only."""

from collections.abc import Mapping
from typing import Literal

import msgspec

Mode = Literal["turbo", "fast", "basic", "advanced"]


class Effort(msgspec.Struct, frozen=True):
    """What a search looks for beside the words themselves, and how many passages of a document it shows."""

    objective: bool = True
    synonyms: bool = True
    parts: bool = True
    spelling: bool = False
    meaning: bool = True
    passages: int = 8


USUAL = Effort()
EFFORTS: Mapping[Mode, Effort] = {
    "turbo": Effort(objective=False, synonyms=False, parts=False, meaning=False, passages=1),
    "fast": Effort(synonyms=False, parts=False, passages=3),
    "basic": USUAL,
    "advanced": Effort(spelling=True),
}
