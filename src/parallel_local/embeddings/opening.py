"""Opening the model that makes the vectors, with its file.

The one way into this package. Whoever calls it loads `numpy` and the like, so it is imported where vectors are asked
for and nowhere else.
"""

from pathlib import Path

from parallel_local.embeddings.dense_index import DenseIndex
from parallel_local.embeddings.embedder import Embedder
from parallel_local.embeddings.endpoint import Endpoint
from parallel_local.embeddings.settings import EmbeddingSettings
from parallel_local.embeddings.static_model import StaticModel
from parallel_local.embeddings.vector_file import VectorFile
from parallel_local.private import private_folder
from parallel_local.retrieval.meaning import Meaning

_FILE = "vectors.db"


def open_meaning(settings: EmbeddingSettings, data: Path) -> Meaning:
    """The dense side of a library whose data lies in `data`. Raises `EmbeddingError`."""
    embedder = _embedder(settings)
    try:
        private_folder(data)
        return DenseIndex(embedder, VectorFile(data / _FILE))
    except BaseException:
        embedder.close()
        raise


def _embedder(settings: EmbeddingSettings) -> Embedder:
    return StaticModel.open(settings.place) if settings.server is None else Endpoint(settings.server)
