"""What makes vectors of texts, whichever it is: the interface, and the law that its vectors have length one.

Needs `numpy`, of the extra `hybrid`; nothing outside this package may import it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]  # a row per text
Halves = npt.NDArray[np.float16]  # vectors as they are kept


class Embedder(Protocol):
    """A model. `name` is its identity: vectors of another name are made anew."""

    name: str

    def embed(self, texts: Sequence[str], seconds: float) -> Matrix:
        """A row of length one per text; a row of zeros for a text that holds nothing. Raises `EmbeddingError`.

        Whoever has to wait for somebody else waits no longer than `seconds` at a time.
        """

    def close(self) -> None:
        """Release what is held open."""


def unit(vectors: Matrix) -> Matrix:
    """The rows, each of length one; rows without a direction (or with one that is no number) are zeros."""
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    sound = np.isfinite(lengths) & (lengths > 0)
    return np.where(sound, vectors / np.where(sound, lengths, 1.0), 0.0).astype(np.float32)
