"""What a caller means by a model's name: names of the operator's, a default provider, Cloudflare's forms."""

from __future__ import annotations

import pytest

from penstock.providers.model_aliases import ModelAliases
from penstock.providers.registry import Registry

REGISTRY = Registry({"custom-mine": "http://127.0.0.1:9/v1"})
NAMES = ModelAliases(
    {
        "fast": "openai/gpt-4o-mini",
        "smart": ["anthropic/claude-sonnet-4-5", "openai/gpt-5"],
        "openai/gpt-4": "azure-openai/gpt-4",
        "llama": "@cf/meta/llama-3.1-8b-instruct",
    }
)
WITH_OTHERS = ModelAliases({"fast": "openai/gpt-4o-mini", "*": ["openrouter", "custom-mine"]})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("fast", ("openai/gpt-4o-mini",)),
        ("smart", ("anthropic/claude-sonnet-4-5", "openai/gpt-5")),
        ("openai/gpt-4", ("azure-openai/gpt-4",)),
        ("openai/gpt-4o", ("openai/gpt-4o",)),
        ("llama", ("workers-ai/@cf/meta/llama-3.1-8b-instruct",)),
        ("@cf/meta/llama-3.1-8b-instruct", ("workers-ai/@cf/meta/llama-3.1-8b-instruct",)),
        ("workers-ai/@cf/meta/llama:1", ("workers-ai/@cf/meta/llama:1",)),
        ("nobody/x", ("nobody/x",)),
        ("gpt-4o", ("gpt-4o",)),
        ("", ("",)),
        ("/", ("/",)),
        ("openai/", ("openai/",)),
        ("Fast", ("Fast",)),
    ],
)
def test_names(name: str, meant: tuple[str, ...]) -> None:
    assert NAMES.meant_by(name, REGISTRY) == meant


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("fast", ("openai/gpt-4o-mini",)),
        ("gpt-4o", ("openrouter/gpt-4o", "custom-mine/gpt-4o")),
        (
            "meta-llama/llama-3:free",
            ("openrouter/meta-llama/llama-3:free", "custom-mine/meta-llama/llama-3:free"),
        ),
        ("openai", ("openrouter/openai", "custom-mine/openai")),
        ("openai/", ("openai/",)),
        ("openai/gpt-4o", ("openai/gpt-4o",)),
        ("xai/grok-4", ("xai/grok-4",)),
        ("google/gemini", ("google/gemini",)),
        ("bedrock/amazon.nova-pro-v1:0", ("bedrock/amazon.nova-pro-v1:0",)),
        ("elevenlabs/x", ("elevenlabs/x",)),
        ("custom-mine/x", ("custom-mine/x",)),
        ("custom-other/x", ("custom-other/x",)),
        ("dynamic/route", ("dynamic/route",)),
        ("cloudflare/auto", ("cloudflare/auto",)),
        ("@cf/x/y", ("workers-ai/@cf/x/y",)),
        ("", ("",)),
        ("/x", ("/x",)),
        ("*", ("openrouter/*", "custom-mine/*")),
    ],
)
def test_names_with_a_provider_for_all_others(name: str, meant: tuple[str, ...]) -> None:
    """What has a provider's name in front never goes to another one by accident."""
    assert WITH_OTHERS.meant_by(name, REGISTRY) == meant
