"""Which model makes the vectors, as a user says it, and what is said where there is none.

The one file of this package that needs nothing of the extra `hybrid`.
"""

from collections.abc import Mapping

import msgspec

from parallel_local.model_server.settings import (
    OF_EMBEDDINGS,
    ModelSettings,
    SettingsError,
    Stated,
    read_settings,
)

_ADDRESSES = ("http://", "https://")


class EmbeddingError(Exception):
    """Vectors that could not be had; the message says why, and never holds a key."""


class EmbeddingSettings(msgspec.Struct, frozen=True):
    """A static model in a folder, or that of a package, by `place`; or one behind a server."""

    place: str = ""
    server: ModelSettings | None = None


def read_embedding_settings(stated: Stated, environment: Mapping[str, str]) -> EmbeddingSettings | None:
    """The settings; None when no vectors are wanted. Raises `SettingsError`."""
    if stated.url and not stated.url.startswith(_ADDRESSES):
        if stated.model or stated.key_env or stated.key_file:
            raise SettingsError(
                "--embeddings names a folder or a package: it has no other model, and needs no key"
            )
        return EmbeddingSettings(place=stated.url)
    server = read_settings(stated, environment, OF_EMBEDDINGS)
    return None if server is None else EmbeddingSettings(server=server)
