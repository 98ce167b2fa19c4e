"""Static embeddings: a table of one vector per token, averaged over the tokens of a text. No network, no framework.

The table is a `*.safetensors` file and the tokens are those of a `tokenizer.json` beside it, as `model2vec` and
`wordllama` write them. Reading them is all that happens here; what the vectors are for is not known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from parallel_local.embeddings.embedder import Matrix, unit
from parallel_local.embeddings.settings import EmbeddingError

PACKAGED: Final = "wordllama"  # a package that ships such a model
_MOST_CHARS: Final = 20_000  # of one text: more does not change an average much


class StaticModel:
    """A table of token vectors and their tokenizer."""

    def __init__(self, name: str, table: Matrix, weights: Matrix, tokenizer: Tokenizer) -> None:
        """`weights` has a number per token: how much it counts in the average."""
        self.name = name
        self._table = table
        self._weights = weights
        self._tokenizer = tokenizer

    @classmethod
    def open(cls, place: str) -> StaticModel:
        """The model in a folder, or the one that comes with `wordllama`. Raises `EmbeddingError`."""
        folder = _folder(place)
        table_file = _only(folder, "*.safetensors")
        tokenizer_file = _only(folder, "*tokenizer*.json", leave_out="tokenizer_config.json")
        try:
            tensors = load_file(table_file)
            tokenizer = Tokenizer.from_file(str(tokenizer_file))
        except (SafetensorError, OSError, ValueError) as error:
            raise EmbeddingError(f"{folder}: no model that can be read: {error}") from error
        except Exception as error:  # the tokenizers' own errors have no common type
            raise EmbeddingError(f"{tokenizer_file}: no tokenizer that can be read: {error}") from error
        tokenizer.no_padding()
        tokenizer.no_truncation()
        table, weights = _table(tensors, folder)
        if table.shape[0] < tokenizer.get_vocab_size():
            raise EmbeddingError(
                f"{table_file}: {table.shape[0]} vectors for {tokenizer.get_vocab_size()} tokens"
            )
        return cls(f"static:{_fingerprint(table_file, tokenizer_file)}", table, weights, tokenizer)

    def embed(self, texts: Sequence[str], seconds: float = 0.0) -> Matrix:
        """Averages of the tokens' vectors."""
        found = np.zeros((len(texts), self._table.shape[1]), dtype=np.float32)
        clipped = [text[:_MOST_CHARS] for text in texts]
        for row, tokens in enumerate(self._tokenizer.encode_batch(clipped, add_special_tokens=False)):
            if tokens.ids:
                weights = self._weights[tokens.ids]
                found[row] = (self._table[tokens.ids].astype(np.float32) * weights).mean(axis=0)
        return unit(found)

    def close(self) -> None:
        """Nothing is held open."""


def _folder(place: str) -> Path:
    if place != PACKAGED:
        folder = Path(place).expanduser()
        if not folder.is_dir():
            raise EmbeddingError(f"{folder}: there is no such folder")
        return folder
    spec = find_spec(PACKAGED)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddingError(f"the package {PACKAGED} is missing: install penstock[hybrid]")
    return Path(next(iter(spec.submodule_search_locations)))


def _only(folder: Path, pattern: str, leave_out: str = "") -> Path:
    """The file of that kind in a folder or one below it."""
    found = sorted(path for path in _files(folder, pattern) if path.name != leave_out)
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise EmbeddingError(f"{folder}: one {pattern} is wanted, found {names}")
    return found[0]


def _files(folder: Path, pattern: str) -> Iterator[Path]:
    yield from folder.glob(pattern)
    yield from folder.glob(f"*/{pattern}")


def _table(tensors: dict[str, Matrix], folder: Path) -> tuple[Matrix, Matrix]:
    """The vectors, and what each counts: as the file says, else all the same."""
    tables = [tensor for tensor in tensors.values() if tensor.ndim == 2]
    if len(tables) != 1:
        raise EmbeddingError(f"{folder}: one table of vectors is wanted, found {len(tables)}")
    table = tables[0]
    mapping, weights = tensors.get("mapping"), tensors.get("weights")
    if mapping is not None and mapping.ndim == 1:
        table = table[mapping.astype(np.int64)]
    if weights is None or weights.shape != (table.shape[0],):
        weights = np.ones(table.shape[0], dtype=np.float32)
    return table, weights.astype(np.float32)[:, None]


def _fingerprint(*files: Path) -> str:
    """Tells one model from another, by all its bytes."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
