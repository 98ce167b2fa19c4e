"""Prices that `genai-prices` lacks, taken over from the vendors' own lists; and which counts are never priced as text.

Data, each with whose list and when it was read. What both lack stays unknown. How prices apply is in `rates.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from penstock.pricing.rates import Prices, Rate
from penstock.pricing.units import to_rate

SOURCE: Final = "supplement 2026-11-29"

_M = 1_000_000
_OPENAI = frozenset({"openai", "azure-openai"})
_GOOGLE = frozenset({"google-ai-studio", "google-vertex-ai"})
_COHERE = frozenset({"cohere"})

APART: Final = frozenset(
    {"input_audio_tokens", "output_audio_tokens", "output_image_tokens", "output_video_tokens"}
)
"""Counts that cost something else than text does; a list that has no price of theirs does not know what they cost."""

ALIKE: Final = frozenset({"google-ai-studio", "google-vertex-ai"})
"""Who lists one price for all kinds of tokens where it lists no others (ai.google.dev/pricing, read 2026-11)."""

HALF_FOR_BATCHES: Final = frozenset(
    {
        "anthropic",
        "aws-bedrock",
        "azure-openai",
        "fireworks",
        "google-ai-studio",
        "google-vertex-ai",
        "groq",
        "mistral",
        "openai",
    }
)
"""Whose batches cost half of the same calls one by one, by their own price lists."""


class Supplement(NamedTuple):
    """Rates of the models of some providers whose name fits; `alone`: all that such a model is charged for. `variants`:
    those that go by `Usage.variant`, and by nothing else.
    """

    providers: frozenset[str]
    name: re.Pattern[str]
    rates: tuple[Rate, ...]
    alone: bool
    variants: tuple[Prices, ...] = ()


def _row(providers: frozenset[str], name: str, per: int = _M, alone: bool = False, **usd: str) -> Supplement:
    rates = tuple(Rate(unit, to_rate(price, per)) for unit, price in usd.items())
    return Supplement(providers, re.compile(name), rates, alone)


def _each(providers: frozenset[str], name: str, unit: str, usd: Mapping[str, str]) -> Supplement:
    """What one of something costs, by its variant. Others are unknown."""
    found = tuple(Prices((Rate(unit, to_rate(price)),), None, variant) for variant, price in usd.items())
    return Supplement(providers, re.compile(name), (), True, found)


_SUPPLEMENTS: Final = (
    # openai.com/api/pricing and platform.openai.com/docs/pricing. The first version cost more than those after it.
    _row(_OPENAI, r"gpt-4o-audio-preview-2024-10-01", input_audio_tokens="100", output_audio_tokens="200"),
    _row(_OPENAI, r"gpt-4o-audio-preview(?:-.+)?", input_audio_tokens="40", output_audio_tokens="80"),
    _row(_OPENAI, r"gpt-4o-mini-audio-preview(?:-.+)?", input_audio_tokens="10", output_audio_tokens="20"),
    _row(_OPENAI, r"gpt-4o-mini-tts(?:-.+)?", output_audio_tokens="12"),  # all that comes out is audio
    # The same, "image tokens": what these list as output is what comes out as an image.
    _row(_OPENAI, r"gpt-image-1(?:-20.+)?", output_image_tokens="40"),
    _row(_OPENAI, r"gpt-image-1-mini(?:-.+)?", output_image_tokens="8"),
    _row(_OPENAI, r"gpt-image-2(?:[.-].+)?", output_image_tokens="30"),
    # openai.com/api/pricing, a picture by quality and size; 0.04 and so on as first listed in November 2023.
    _each(
        _OPENAI,
        r"dall-e-3",
        "output_images",
        {
            "standard 1024x1024": "0.04",
            "standard 1024x1792": "0.08",
            "standard 1792x1024": "0.08",
            "hd 1024x1024": "0.08",
            "hd 1024x1792": "0.12",
            "hd 1792x1024": "0.12",
        },
    ),
    _each(
        _OPENAI,
        r"dall-e-2",
        "output_images",
        {
            "standard 256x256": "0.016",
            "standard 512x512": "0.018",
            "standard 1024x1024": "0.02",
        },
    ),
    # The same, a second of video by its size.
    _each(_OPENAI, r"sora-2(?:-20.+)?", "output_video_seconds", {"720x1280": "0.10", "1280x720": "0.10"}),
    _each(
        _OPENAI,
        r"sora-2-pro(?:-20.+)?",
        "output_video_seconds",
        {
            "720x1280": "0.30",
            "1280x720": "0.30",
            "1024x1792": "0.50",
            "1792x1024": "0.50",
        },
    ),
    # ai.google.dev/pricing and cloud.google.com/vertex-ai/generative-ai/pricing, which agree on these.
    _row(_GOOGLE, r"imagen-4\.0-generate(?:-.+)?", per=1, alone=True, output_images="0.04"),
    _row(_GOOGLE, r"imagen-4\.0-fast-generate(?:-.+)?", per=1, alone=True, output_images="0.02"),
    _row(_GOOGLE, r"imagen-4\.0-ultra-generate(?:-.+)?", per=1, alone=True, output_images="0.06"),
    # cohere.com/pricing: a search is one query with up to 100 documents. Rerank 4 is left out: nobody here has read it.
    _row(_COHERE, r"rerank-(?:v3\.5|(?:english|multilingual)-v3\.0)", per=1000, alone=True, search_units="2"),
)


def supplemented(
    provider: str, model: str, listed: Sequence[Prices] | None
) -> tuple[Sequence[Prices] | None, bool]:
    """What is listed, with the rates that it lacks; and whether anything was added.

    `provider` is a slug, `model` a name without it. What is listed stays as it is.
    """
    name = model.lower()
    found = next(
        (one for one in _SUPPLEMENTS if provider in one.providers and one.name.fullmatch(name)), None
    )
    if found is None or (listed is None and not found.alone):
        return listed, False
    if listed is None:
        return [Prices(found.rates), *found.variants], True
    return [_with(prices, found.rates) for prices in listed], True


def _with(prices: Prices, rates: tuple[Rate, ...]) -> Prices:
    """Service tiers have the rates of the usual one where they have none of their own: nothing is added to them."""
    if prices.tier:
        return prices
    has = {rate.unit for rate in prices.rates}
    return Prices(
        (*prices.rates, *(rate for rate in rates if rate.unit not in has)), prices.when, prices.tier
    )
