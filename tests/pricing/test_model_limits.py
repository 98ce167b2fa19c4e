"""How many tokens models take, by the names that hosts give them."""

from __future__ import annotations

import pytest

from penstock.pricing.model_limits import context, most_output
from support.listed_prices import TABLE


@pytest.mark.parametrize(
    ("provider", "model", "window", "most"),
    [
        ("anthropic", "claude-sonnet-4-5-20250929", 200_000, 64_000),
        ("anthropic", "claude-opus-4-1-20250805", 200_000, 32_000),
        ("anthropic", "claude-opus-4-20250514", 200_000, 32_000),
        ("anthropic", "claude-sonnet-4-6", 1_000_000, 128_000),
        ("anthropic", "Claude-Opus-5-5", 1_000_000, 128_000),
        ("anthropic", "claude-3-5-haiku-latest", 200_000, 8192),
        ("aws-bedrock", "us.anthropic.claude-sonnet-4-6-v1:0", 1_000_000, 64_000),
        (
            "aws-bedrock",
            "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.amazon.nova-pro-v1:0",
            300_000,
            10_000,
        ),
        ("google-vertex-ai", "anthropic/claude-haiku-4-5@20251001", 200_000, 64_000),
        ("google-ai-studio", "models/gemini-2.5-pro", 1_048_576, 65_536),
        ("google-ai-studio", "gemini-2.5-flash-image", None, None),
        ("openai", "gpt-4o-mini", 128_000, 16_384),
        ("openai", "gpt-4", 8192, 4096),
        ("openai", "ft:gpt-4.1-mini:acme::abc", 1_047_576, 32_768),
        ("openai", "gpt-5.2-codex", 400_000, 128_000),
        ("openai", "o4-mini", 200_000, 100_000),
        ("openai", "o1-preview", None, None),
        ("azure-openai", "gpt-6-sol", 1_050_000, 128_000),
        ("groq", "openai/gpt-oss-120b", 131_072, 65_536),
        ("mistral", "mistral-large-latest", 262_144, None),
        ("deepseek", "deepseek-v4-pro", 1_000_000, 393_216),
        ("cohere", "command-r-plus-08-2024", 128_000, 4096),
        ("openai", "gpt-40", None, None),
        ("nobody", "gpt-4o", None, None),
        ("openai", "gpt-4o" + "x" * 300, None, None),
        ("openai", "", None, None),
    ],
)
def test_limits_go_by_the_name(provider: str, model: str, window: int | None, most: int | None) -> None:
    assert (context(provider, model), most_output(provider, model)) == (window, most)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("anthropic", "claude-sonnet-4-5"),
        ("openai", "gpt-5-mini"),
        ("openai", "gpt-4o"),
    ],
)
def test_the_packages_windows_are_no_other(provider: str, model: str) -> None:
    """Where both know one: the list shows the package's, which is renewed with it."""
    window = TABLE.context(provider, model)
    assert window is not None
    assert window == pytest.approx(context(provider, model), rel=0.5)


def test_a_model_of_anothers_has_its_window_too() -> None:
    assert TABLE.context("openai", "nobody-knows-this") is None
    assert TABLE.context("nobody", "gpt-4o") is None
