"""Which dialects are spoken on both sides of the unified endpoint, as tables.

A dialect that providers speak is named as its answers are (`wire/answer_dialect.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from penstock.wire.answer_dialect import Dialect
from penstock.wire.dialects.chat import CHAT
from penstock.wire.dialects.cohere import COHERE
from penstock.wire.dialects.converse import CONVERSE
from penstock.wire.dialects.dialect import Inbound, Outbound
from penstock.wire.dialects.embeddings import BEDROCK, COMPATIBLE, VERTEX, EmbeddingsOutbound
from penstock.wire.dialects.embeddings import COHERE as COHERE_EMBEDDINGS
from penstock.wire.dialects.embeddings import GEMINI as GEMINI_EMBEDDINGS
from penstock.wire.dialects.gemini import GEMINI
from penstock.wire.dialects.messages import MESSAGES
from penstock.wire.dialects.responses import RESPONSES
from penstock.wire.surface import Surface

INBOUND: Final[Mapping[Surface, Inbound]] = {
    Surface.CHAT: CHAT,
    Surface.RESPONSES: RESPONSES,
    Surface.MESSAGES: MESSAGES,
    Surface.COUNT: MESSAGES,
    Surface.EMBEDDINGS: CHAT,  # for its errors
}
"""What callers speak on each."""

OUTBOUND: Final[Mapping[Dialect, Outbound]] = {
    Dialect.OPENAI_CHAT: CHAT,
    Dialect.ANTHROPIC: MESSAGES,
    Dialect.GOOGLE: GEMINI,
    Dialect.BEDROCK_CONVERSE: CONVERSE,
    Dialect.COHERE_V2: COHERE,
}
"""What others of them speak."""

EMBEDDINGS: Final[Mapping[tuple[Dialect, str], EmbeddingsOutbound]] = {
    (Dialect.OPENAI_EMBEDDINGS, ""): COMPATIBLE,
    (Dialect.GOOGLE, ""): GEMINI_EMBEDDINGS,
    (Dialect.GOOGLE, "vertex"): VERTEX,
    (Dialect.COHERE_V2, ""): COHERE_EMBEDDINGS,
    (Dialect.BEDROCK_INVOKE, ""): BEDROCK,
}
"""Who makes embeddings, by dialect and host."""
