"""All the fakes, and what differs between them for who asks through the gateway: a row each.

`fakes()` makes fresh ones; nothing is shared between two stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from support.providers import chat, cohere, converse, gemini, messages, responses
from support.providers.mind import THINKING_TOKENS
from support.providers.serving import Fake


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One provider, as a caller of the gateway knows it."""

    slug: str
    model: str
    label: str = ""  # where a provider has several rows
    thinker: str = ""  # a model that thinks when it is asked to, and shows it
    pictures: bool = True
    schemas: bool = True
    unasked_thinking: bool = False
    refuses: tuple[str, ...] = ()  # members of Chat, which its own callers may not send
    tells_wait: bool = True  # `retry-after`
    counts: bool = False  # tokens, before they are spent
    own_responses: bool = False  # speaks Responses itself
    embedder: str = ""

    @property
    def name(self) -> str:
        """The model on the unified surfaces."""
        return f"{self.slug}/{self.model}"

    @property
    def unasked_tokens(self) -> int:
        """That are made beside what is said."""
        return THINKING_TOKENS if self.unasked_thinking else 0


FAMILIES: Mapping[str, Family] = {
    family.label or family.slug: family
    for family in (
        Family(slug="openai", model="gpt-4.1-mini", embedder="text-embedding-3-small", own_responses=True),
        Family(slug="groq", model="qwen/qwen3-32b", unasked_thinking=True, own_responses=True),
        Family(slug="mistral", model="mistral-large-latest", refuses=("stream_options",)),
        Family(
            slug="deepseek",
            model="deepseek-chat",
            pictures=False,
            schemas=False,
            unasked_thinking=True,
            refuses=("parallel_tool_calls",),
        ),
        Family(slug="anthropic", model="claude-sonnet-4-6", thinker="claude-sonnet-4-6", counts=True),
        Family(
            slug="google-ai-studio",
            model="gemini-2.5-flash",
            thinker="gemini-3-flash-preview",
            embedder="gemini-embedding-001",
            counts=True,
        ),
        Family(
            slug="aws-bedrock",
            model="us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            thinker="us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            tells_wait=False,
            counts=True,
        ),
        Family(
            slug="aws-bedrock",
            label="bedrock-nova",
            model="us.amazon.nova-pro-v1:0",
            tells_wait=False,
            counts=True,
        ),
        Family(
            slug="cohere",
            model="command-a-03-2025",
            thinker="command-a-reasoning-08-2025",
            embedder="embed-v4.0",
        ),
    )
}


def fakes() -> dict[str, Fake]:
    """One for each family."""
    return {
        "openai": Fake(responses.answer),
        "groq": Fake(partial(responses.answer, vendor=chat.GROQ)),
        "mistral": Fake(chat.fake_of(chat.MISTRAL)),
        "deepseek": Fake(chat.fake_of(chat.DEEPSEEK)),
        "anthropic": Fake(messages.answer),
        "google-ai-studio": Fake(gemini.fake_of(gemini.AI_STUDIO)),
        "aws-bedrock": Fake(converse.answer),
        "cohere": Fake(cohere.answer),
    }
