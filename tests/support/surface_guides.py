"""The tables of the guides of the unified endpoint: what is carried to whom, made by asking the translation itself.

`python -m support.surface_guides` writes them (`make surfaces`); `test_docs.py` holds the pages against what is made.
What is between two marks of a page is made, the rest of it is written by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from penstock.pricing.model_limits import most_output
from penstock.providers.registry import BUILT_IN, as_shipped
from penstock.providers.spoken import Spoken, chosen
from penstock.proxy.unified.question import Origin, question
from penstock.wire.dialects.dialect import Target
from penstock.wire.dialects.loss import Refused
from penstock.wire.surface import SAME, Surface
from support import surface_features as features
from support.surface_features import Feature

GUIDES: Final = Path(__file__).parents[2] / "docs" / "guides"
_MARKS: Final = re.compile(r"(<!-- made: begin -->\n).*?(<!-- made: end -->)", re.DOTALL)
_SAME: Final = "the same"
_COLUMNS: Final = 6
_ORIGIN: Final = Origin(call_id="0192f0c1-7a00-7000-8000-000000000001", asked_at=1_790_000_000)

# A model of each provider whose rules are its newest ones' that many have; of some two, since rules differ.
_TALKERS: Final = (
    "openai/gpt-4.1",
    "openai/gpt-5.2",
    "azure-openai/my-resource/gpt-4.1",
    "anthropic/claude-sonnet-4-5",
    "anthropic/claude-opus-4-7",
    "google-ai-studio/gemini-2.5-pro",
    "google-ai-studio/gemini-3-pro-preview",
    "google-vertex-ai/gemini-2.5-pro",
    "google-vertex-ai/anthropic/claude-sonnet-4-5",
    "aws-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "aws-bedrock/us.amazon.nova-pro-v1:0",
    "aws-bedrock/us.meta.llama4-scout-17b-instruct-v1:0",
    "cohere/command-a-reasoning-08-2025",
    "mistral/mistral-large-latest",
    "groq/openai/gpt-oss-120b",
    "grok/grok-4.3",
    "deepseek/deepseek-v4-flash",
    "cerebras/gpt-oss-120b",
    "perplexity-ai/sonar-pro",
    "openrouter/openai/gpt-4.1",
    "fireworks/accounts/fireworks/models/qwen3-8b",
    "baseten/openai/gpt-oss-120b",
    "workers-ai/@cf/openai/gpt-oss-120b",
    "parallel/speed",
)
_EMBEDDERS: Final = (
    "openai/text-embedding-3-small",
    "azure-openai/my-resource/text-embedding-3-small",
    "mistral/mistral-embed",
    "groq/any",
    "grok/any",
    "openrouter/openai/text-embedding-3-small",
    "fireworks/nomic-ai/nomic-embed-text-v1.5",
    "baseten/any",
    "workers-ai/@cf/baai/bge-m3",
    "perplexity-ai/any",
    "google-ai-studio/gemini-embedding-001",
    "google-vertex-ai/gemini-embedding-001",
    "aws-bedrock/amazon.titan-embed-text-v2:0",
    "aws-bedrock/cohere.embed-english-v3",
    "cohere/embed-v4.0",
)
_USUAL: Final[Mapping[Surface, Mapping[str, Any]]] = {
    Surface.CHAT: {"messages": [{"role": "user", "content": "Hi"}]},
    Surface.RESPONSES: {"input": "Hi"},
    Surface.MESSAGES: {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 500},
    Surface.EMBEDDINGS: {"input": "Hi"},
}
_PAGES: Final[Mapping[str, tuple[Surface, Sequence[Feature], Sequence[str]]]] = {
    "chat.md": (Surface.CHAT, features.CHAT, _TALKERS),
    "responses.md": (Surface.RESPONSES, features.RESPONSES, _TALKERS),
    "messages.md": (Surface.MESSAGES, features.MESSAGES, _TALKERS),
    "embeddings.md": (Surface.EMBEDDINGS, features.EMBEDDINGS, _EMBEDDERS),
}
PAGES: Final = tuple(_PAGES)


@dataclass(frozen=True)
class _Asked:
    """A model that is asked in another dialect than the caller's."""

    name: str  # `provider/model`
    spoken: Spoken
    target: Target


def page(name: str) -> str:
    """A guide as it should stand: what is written by hand, with the table made anew."""
    written = (GUIDES / name).read_text(encoding="utf-8")
    made = "".join(_made(*_PAGES[name]))
    return _MARKS.sub(lambda marks: f"{marks[1]}{made}{marks[2]}", written)


def _made(surface: Surface, known: Sequence[Feature], names: Sequence[str]) -> Iterator[str]:
    ways = [(name, _asked(surface, name)) for name in names]
    same = dict.fromkeys(name.partition("/")[0] for name, way in ways if way is _SAME)
    yield f"Asked in this dialect, so that bytes stay as they are but for the model's name: {_listed(sorted(same))}.\n"
    asked = [way for _, way in ways if isinstance(way, _Asked)]
    for at in range(0, len(asked), _COLUMNS):
        yield from _table(surface, known, asked[at : at + _COLUMNS])
    if surface is Surface.MESSAGES:
        yield f"\n`messages/count_tokens` is served for {_listed(_counters())}.\n"


def _counters() -> list[str]:
    return sorted(one.slug for one in BUILT_IN if one.speech.count)


def _listed(slugs: Sequence[str]) -> str:
    return ", ".join(f"`{slug}`" for slug in slugs)


def _asked(surface: Surface, name: str) -> _Asked | str:
    """How a model is asked; `_SAME` where the caller's own dialect is spoken there, empty where nobody is asked."""
    slug, _, model = name.partition("/")
    provider = as_shipped(slug)
    assert provider is not None, slug
    found = chosen(provider.speech, surface, model)
    if found is None:
        return ""
    spoken, own = found
    if spoken.dialect is SAME[surface] and not spoken.host:
        return _SAME
    target = Target(
        provider=slug, model=spoken.in_body(own), most_output=most_output(slug, own), host=spoken.host
    )
    return _Asked(name, spoken, target)


def _table(surface: Surface, known: Sequence[Feature], asked: Sequence[_Asked]) -> Iterator[str]:
    yield f"\n| | {' | '.join(f'`{one.name}`' for one in asked)} |\n{'|---' * (len(asked) + 1)}|\n"
    for feature in known:
        if feature.group:
            yield f"| **{feature.group}** |{' |' * len(asked)}\n"
        yield f"| {feature.name} | {' | '.join(_fate(surface, feature, one) for one in asked)} |\n"


def _fate(surface: Surface, feature: Feature, one: _Asked) -> str:
    """What becomes of it: `yes`, `told` in `cf-aig-dropped`, or `refused`."""
    beside = {**_USUAL[surface], **feature.beside}
    before = _left_out(surface, beside, one)
    after = _left_out(surface, {**beside, **feature.members}, one)
    if after is None or before is None:
        return "refused"
    return "told" if after - before else "yes"


def _left_out(surface: Surface, body: Mapping[str, Any], one: _Asked) -> frozenset[str] | None:
    """The paths that are left out; None where the request is refused."""
    written = json.dumps({"model": one.name, **body}).encode()
    try:
        made = question(surface, one.spoken.dialect, one.target, written, _ORIGIN)
    except Refused:
        return None
    return frozenset(made.dropped)


if __name__ == "__main__":
    for guide in PAGES:
        (GUIDES / guide).write_text(page(guide), encoding="utf-8")
