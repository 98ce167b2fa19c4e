"""What the library asks of the dense side, whether there is one or not. Loads nothing of it.

The engine runs without: `WordsOnly` finds nothing. What makes vectors is in `embeddings/`.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import msgspec


class Embedded(msgspec.Struct, frozen=True):
    """How far the making of vectors is."""

    done: int
    total: int


class Meaning(Protocol):
    """Finds passages by what they mean. `search` is called by many threads, `refresh` by one at a time."""

    def refresh(
        self, passages: Iterable[tuple[int, str]], total: int, tell: Callable[[Embedded], None]
    ) -> None:
        """Know these passages, and no others."""

    def search(self, texts: Sequence[str], limit: int) -> list[int]:
        """Passages near any of the texts, best first."""

    def close(self) -> None:
        """Release what is held open."""


class WordsOnly:
    """No vectors."""

    def refresh(
        self, passages: Iterable[tuple[int, str]], total: int, tell: Callable[[Embedded], None]
    ) -> None:
        """Looks at nothing."""

    def search(self, texts: Sequence[str], limit: int) -> list[int]:
        """Finds nothing."""
        return []

    def close(self) -> None:
        """Nothing is held open."""
