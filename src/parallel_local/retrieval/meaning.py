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


class Nearby(msgspec.Struct, frozen=True):
    """Passages near what was asked, best first, each with how far it stands out; and that of the spans asked about.

    It is told in standard deviations above the mean of all passages: what a likeness is worth depends on the model.
    """

    passages: tuple[tuple[int, float], ...] = ()
    spans: tuple[float, ...] = ()


class Meaning(Protocol):
    """Finds passages by what they mean. `search` is called by many threads, `refresh` by one at a time."""

    def refresh(self, passages: Passages, tell: Callable[[Embedded], None]) -> bool:
        """Know these passages, and no others; false when some have to be tried again. What `tell` raises ends it."""

    def search(self, texts: Sequence[str], limit: int, spans: Sequence[tuple[int, int]]) -> Nearby | None:
        """Passages near the texts taken together, and the nearest one of each span of numbers; None where it fails."""

    def close(self) -> None:
        """Release what is held open."""


class WordsOnly:
    """No vectors."""

    def refresh(self, passages: Passages, tell: Callable[[Embedded], None]) -> bool:
        """Looks at nothing."""
        return True

    def search(self, texts: Sequence[str], limit: int, spans: Sequence[tuple[int, int]]) -> None:
        """Finds nothing."""

    def close(self) -> None:
        """Nothing is held open."""
