"""Embeddings: OpenAI's request and answer for callers, and each provider's calls (dialects, A7, B12).

`read_embeddings_request`, then `write_calls` of the provider; each call's answer by its `read_answer`, and all of them
together by `write_embeddings_answer`.
"""

from __future__ import annotations

from typing import Final

from penstock.wire.dialects.embeddings.answer_writer import WrittenEmbeddings, write_embeddings_answer
from penstock.wire.dialects.embeddings.asked import EmbeddingsAsked, read_embeddings_request
from penstock.wire.dialects.embeddings.cohere import BedrockEmbeddings, CohereEmbeddings
from penstock.wire.dialects.embeddings.compatible import CompatibleEmbeddings
from penstock.wire.dialects.embeddings.google import GeminiEmbeddings, VertexEmbeddings
from penstock.wire.dialects.embeddings.seam import Embedded, EmbeddingCall, EmbeddingsOutbound, Miscounted

__all__ = [
    "BEDROCK",
    "COHERE",
    "COMPATIBLE",
    "GEMINI",
    "VERTEX",
    "Embedded",
    "EmbeddingCall",
    "EmbeddingsAsked",
    "EmbeddingsOutbound",
    "Miscounted",
    "WrittenEmbeddings",
    "read_embeddings_request",
    "write_embeddings_answer",
]

BEDROCK: Final = BedrockEmbeddings()
COHERE: Final = CohereEmbeddings()
COMPATIBLE: Final = CompatibleEmbeddings()
GEMINI: Final = GeminiEmbeddings()
VERTEX: Final = VertexEmbeddings()
