"""What can be asked on the unified endpoint (Cloudflare 1.4), whoever is to answer. Names only."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from penstock.wire.answer_dialect import Dialect


class Surface(StrEnum):
    """A question, by the end of the path at which it is asked."""

    CHAT = "chat/completions"
    RESPONSES = "responses"
    MESSAGES = "messages"
    COUNT = "messages/count_tokens"
    EMBEDDINGS = "embeddings"
    SEARCH = "search"


SAME: Final[Mapping[Surface, Dialect]] = {
    Surface.CHAT: Dialect.OPENAI_CHAT,
    Surface.RESPONSES: Dialect.OPENAI_RESPONSES,
    Surface.MESSAGES: Dialect.ANTHROPIC,
    Surface.COUNT: Dialect.ANTHROPIC,
    Surface.EMBEDDINGS: Dialect.OPENAI_EMBEDDINGS,
    Surface.SEARCH: Dialect.PARALLEL,
}
"""The dialect of providers who take such a question as it is, but for the model's name."""
