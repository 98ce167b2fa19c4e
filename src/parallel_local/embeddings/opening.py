"""Which model makes the vectors, and opening it with its file.

The one way into this package; whoever calls it loads `numpy` and the like, so it is imported where vectors are asked
for and nowhere else.
"""

from pathlib import Path

import msgspec

from parallel_local.embeddings.dense_index import DenseIndex
from parallel_local.embeddings.embedder import Embedder, EmbeddingError
from parallel_local.embeddings.endpoint import Endpoint
from parallel_local.embeddings.static_model import StaticModel
from parallel_local.embeddings.vector_file import VectorFile
from parallel_local.retrieval.meaning import Meaning

_FILE = "vectors.db"


class Choice(msgspec.Struct, frozen=True):
    """`place` is an address, a folder or a package; `model` and `key` are for an address."""

    place: str
    model: str = ""
    key: str | None = None

    def __repr__(self) -> str:
        """Without the key."""
        return f"Choice(place={self.place!r}, model={self.model!r})"


def open_meaning(choice: Choice, data: Path) -> Meaning:
    """The dense side of a library whose data lies in `data`. Raises `EmbeddingError`."""
    embedder = _embedder(choice)
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        return DenseIndex(embedder, VectorFile(data / _FILE))
    except BaseException:
        embedder.close()
        raise


def _embedder(choice: Choice) -> Embedder:
    if not choice.place.startswith(("http://", "https://")):
        return StaticModel.open(choice.place)
    if not choice.model:
        raise EmbeddingError(f"{choice.place}: say which of its models makes the vectors")
    return Endpoint(choice.place, choice.model, choice.key)
