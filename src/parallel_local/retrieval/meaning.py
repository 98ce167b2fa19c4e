"""What the library asks of the dense side, whether there is one or not. Loads nothing of it.

The engine runs without: `WordsOnly` finds nothing. What makes vectors is in `embeddings/`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec


class Embedded(msgspec.Struct, frozen=True):
    """How far the making of vectors is: passages that were looked at, of those that are new."""

    done: int
    total: int


class Passages(Protocol):
    """All there are. A number means the same text for ever."""

    def passage_numbers(self) -> Sequence[int]:
        """Of every passage."""

    def passage_texts(self, numbers: Sequence[int]) -> Mapping[int, str]:
        """Number → text."""


class Meaning(Protocol):
    """Finds passages by what they mean. `search` is called by many threads, `refresh` by one at a time."""

    def refresh(self, passages: Passages, tell: Callable[[Embedded], None]) -> bool:
        """Know these passages, and no others; false when some have to be tried again. What `tell` raises ends it."""

    def search(self, texts: Sequence[str], limit: int) -> list[int]:
        """Passages near any of the texts, best first."""

    def close(self) -> None:
        """Release what is held open."""


class WordsOnly:
    """No vectors."""

    def refresh(self, passages: Passages, tell: Callable[[Embedded], None]) -> bool:
        """Looks at nothing."""
        return True

    def search(self, texts: Sequence[str], limit: int) -> list[int]:
        """Finds nothing."""
        return []

    def close(self) -> None:
        """Nothing is held open."""
