"""The compact table says what the package says that it was made of, for every model, at any time and tier."""

from __future__ import annotations

from collections.abc import Set
from datetime import UTC, datetime
from decimal import Decimal

import genai_prices
import msgspec
import pytest
from genai_prices.data import providers
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.pricing import compile_llm_prices
from penstock.pricing.price_book import PriceBook
from penstock.pricing.price_table import PriceTable, ProviderRow, Table
from penstock.pricing.rates import Prices
from penstock.pricing.supplement import APART, HALF_FOR_BATCHES
from penstock.pricing.supplement import SOURCE as SUPPLEMENT
from penstock.wire.result_lines import SIZES
from penstock.wire.usage import Usage

SLUGS = {
    "anthropic": "anthropic",
    "aws": "aws-bedrock",
    "azure": "azure-openai",
    "baseten": "baseten",
    "cerebras": "cerebras",
    "cloudflare": "workers-ai",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "fireworks": "fireworks",
    "google": "google-vertex-ai",
    "groq": "groq",
    "mistral": "mistral",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity-ai",
    "x-ai": "grok",
}
MODELS = [
    (provider.id, model.id) for provider in providers if provider.id in SLUGS for model in provider.models
]
BOOK = PriceBook(PriceTable(compile_llm_prices.compiled()), {})
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

PAGES = "input_document_kpages"
SPOKEN = "input_mchars"
COUNTED = set(compile_llm_prices.UNITS)
counts = st.integers(0, 400_000)
moments = st.datetimes(datetime(2023, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """A usage whose parts fit into the whole."""
    text, audio, image, video, written, lasting, cached, cached_audio, cached_image = (
        draw(counts) for _ in range(9)
    )
    said, spoken, drawn, thought, cited = (draw(counts) for _ in range(5))
    read = cached + cached_audio + cached_image
    return Usage(
        text + audio + image + video + written + lasting + read,
        said + spoken + drawn + thought + cited,
        None,
        thought,
        read,
        written + lasting,
        lasting,
        audio + cached_audio,
        image + cached_image,
        video,
        cached_audio,
        cached_image,
        output_audio_tokens=spoken,
        output_image_tokens=drawn,
        output_citation_tokens=cited,
        web_searches=draw(st.integers(0, 50)),
        file_searches=draw(st.integers(0, 50)),
        input_audio_seconds=draw(st.integers(10, 50_000)),  # Groq charges none for less
        input_characters=draw(st.integers(0, 100_000)),
        service_tier=draw(st.sampled_from([None, "priority", "flex", "fast", "batch"])),
    )


def by_package(
    provider: str, model: str, usage: Usage, when: datetime
) -> genai_prices.types.PriceCalculation:
    tier = usage.service_tier
    return genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            output_reasoning_tokens=usage.output_reasoning_tokens,
            cache_read_tokens=usage.input_cached_tokens,
            cache_write_tokens=usage.input_cache_write_tokens,
            cache_write_1h_tokens=usage.input_cache_write_1h_tokens,
            input_audio_tokens=usage.input_audio_tokens,
            input_image_tokens=usage.input_image_tokens,
            input_video_tokens=usage.input_video_tokens,
            cache_audio_read_tokens=usage.input_cached_audio_tokens,
            cache_image_read_tokens=usage.input_cached_image_tokens,
            cache_video_read_tokens=0,
            output_audio_tokens=usage.output_audio_tokens,
            output_image_tokens=usage.output_image_tokens,
            output_citation_tokens=usage.output_citation_tokens,
            web_searches=usage.web_searches,
            storage_searches=usage.file_searches,
            input_audio_seconds=usage.input_audio_seconds,
            audio_seconds=usage.input_audio_seconds,
            input_characters=usage.input_characters,
        ),
        model,
        provider_id=provider,
        genai_request_timestamp=when,
        price_context={"service_tier": tier, "speed": tier, "processing": tier} if tier else None,
    )


def check(provider: str, model: str, usage: Usage, when: datetime) -> None:
    ours = BOOK.cost(SLUGS[provider], model, usage, int(when.timestamp() * 1_000_000))
    try:
        theirs = by_package(provider, model, usage, when)
    except LookupError:  # some ids there do not fit their own rules
        assert ours is None
        return
    priced = {key for key, price in vars(theirs.model_price).items() if price is not None}
    if not priced & COUNTED:
        assert ours is None
        return
    if (PAGES in priced and usage.input_pages is None) or (
        SPOKEN in priced and usage.input_characters is None
    ):
        assert ours is None
        return
    if _has_more_than_text(provider, usage, priced):
        assert ours is None or ours.source.endswith(SUPPLEMENT)
        return
    assert ours is not None
    is_halved = SLUGS[provider] in HALF_FOR_BATCHES and _ignores_batch(provider, model, usage, when)
    total = theirs.total_price
    if is_halved:
        searches = {"web_searches": usage.web_searches, "file_searches": usage.file_searches}
        without = msgspec.structs.replace(usage, **dict.fromkeys(searches))
        total -= by_package(provider, model, without, when).total_price / 2
    assert abs(Decimal(ours.nano) - total * 10**9) <= Decimal("0.501")
    assert ours.source.removesuffix(f", {SUPPLEMENT}") == f"genai-prices {genai_prices.__version__}"


def _has_more_than_text(provider: str, usage: Usage, priced: Set[str]) -> bool:
    """Whether tokens are told that the package would price as text, though they are none."""
    if provider == "google":
        return False
    keys = {unit: key for key, unit in compile_llm_prices.UNITS.items() if unit in APART}
    told = {keys[unit] for unit in APART if getattr(usage, unit)}
    if "input_audio_hours" in priced and provider != "groq":
        told.discard("input_audio_mtok")
    return bool(told - priced)


def _ignores_batch(provider: str, model: str, usage: Usage, when: datetime) -> bool:
    """Whether the package has no price of a batch at that time."""
    if usage.service_tier != "batch":
        return False
    plain = by_package(provider, model, msgspec.structs.replace(usage, service_tier=None), when)
    return plain.total_price == by_package(provider, model, usage, when).total_price


@pytest.mark.parametrize("provider", SLUGS)
def test_every_model_costs_what_the_package_says(provider: str) -> None:
    usage = Usage(
        300_000, 5_000, None, 1_000, 20_000, 3_000, 1_000,
        web_searches=2, file_searches=3, input_audio_seconds=90,
    )  # fmt: skip
    for owner, model in MODELS:
        if owner == provider:
            check(provider, model, usage, NOW)


@settings(max_examples=300)
@given(st.sampled_from(MODELS), usages(), moments)
def test_any_usage_at_any_time(model: tuple[str, str], usage: Usage, when: datetime) -> None:
    check(*model, usage, when)


@pytest.mark.parametrize(
    ("slug", "provider", "model"),
    [
        ("openai", "openai", "GPT-4o-Mini"),
        ("openai", "openai", "gpt-5.4-20260305"),
        ("azure-openai", "azure", "gpt-4o"),
        ("azure-openai", "azure", "claude-sonnet-4-5"),
        ("anthropic", "anthropic", "claude-sonnet-4-5-20250929"),
        ("aws-bedrock", "aws", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("google-vertex-ai", "google", "claude-sonnet-4-5"),
        ("openrouter", "openrouter", "openai/gpt-4o"),
        ("workers-ai", "cloudflare", "@cf/meta/llama-3.1-8b-instruct"),
        ("grok", "x-ai", "grok-4"),
    ],
)
def test_names_as_callers_use_them(slug: str, provider: str, model: str) -> None:
    usage = Usage(1_000, 200)
    ours = BOOK.cost(slug, model, usage, int(NOW.timestamp() * 1_000_000))
    assert ours is not None
    assert ours.nano == round(by_package(provider, model, usage, NOW).total_price * 10**9)
    assert BOOK.cost(slug, f"{slug}/{model}", usage, int(NOW.timestamp() * 1_000_000)) == ours


def test_a_model_that_the_package_does_not_know_has_no_price() -> None:
    with pytest.raises(LookupError):
        by_package("openai", "no-such-model", Usage(1, 1), NOW)
    assert BOOK.cost("openai", "no-such-model", Usage(1, 1), 0) is None


def test_sizes_that_files_of_results_keep_apart_are_all_where_prices_change() -> None:
    rows = msgspec.msgpack.decode(compile_llm_prices.compiled(), type=Table).providers.values()
    models = [model for row in rows for model in msgspec.msgpack.decode(row, type=ProviderRow).models]
    prices = [one for model in models for one in msgspec.msgpack.decode(model.prices, type=list[Prices])]
    starts = {start for one in prices for rate in one.rates for start, _ in rate.steps}
    assert starts
    assert starts <= set(SIZES)
