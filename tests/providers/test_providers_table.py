"""Every row of the provider table and of the path rules, as concrete results (Cloudflare 1.3.1, 1.3.2)."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import penstock.providers
from penstock.errors import GatewayError
from penstock.providers.base import Location, Provider
from penstock.providers.registry import BUILT_IN, Registry

SLUGS = {
    "adobe-firefly": (),
    "anthropic": (),
    "aws-bedrock": ("bedrock",),
    "azure-openai": ("azure",),
    "baseten": (),
    "brave": (),
    "cartesia": (),
    "cerebras": (),
    "cohere": (),
    "deepgram": (),
    "deepseek": (),
    "elevenlabs": (),
    "exa": (),
    "fal": (),
    "fireworks": (),
    "google-ai-studio": ("google",),
    "google-vertex-ai": ("google-vertex",),
    "grok": ("xai",),
    "groq": (),
    "huggingface": (),
    "ideogram": (),
    "mistral": (),
    "openai": (),
    "openrouter": (),
    "parallel": (),
    "perplexity-ai": ("perplexity",),
    "replicate": (),
    "searxng": (),
    "tavily": (),
    "workers-ai": (),
}

UPSTREAM = [
    ("adobe-firefly", "v3/images/generate", "https://firefly-api.adobe.io", "/v3/images/generate"),
    ("anthropic", "v1/messages", "https://api.anthropic.com", "/v1/messages"),
    ("anthropic", "v1/v1/messages", "https://api.anthropic.com", "/v1/messages"),
    ("anthropic", "v1/messages/batches/b%2F1", "https://api.anthropic.com", "/v1/messages/batches/b%2F1"),
    ("anthropic", "", "https://api.anthropic.com", "/"),
    ("baseten", "v1/chat/completions", "https://inference.baseten.co", "/v1/chat/completions"),
    ("baseten", "chat/completions", "https://inference.baseten.co", "/v1/chat/completions"),
    ("baseten", "model/abcd1234", "https://model-abcd1234.api.baseten.co", "/production/predict"),
    (
        "baseten",
        "model/abcd1234/environments/production/sync/v1/chat/completions",
        "https://model-abcd1234.api.baseten.co",
        "/environments/production/sync/v1/chat/completions",
    ),
    ("brave", "res/v1/web/search", "https://api.search.brave.com", "/res/v1/web/search"),
    ("cartesia", "tts/bytes", "https://api.cartesia.ai", "/tts/bytes"),
    ("cartesia", "v1/tts/bytes", "https://api.cartesia.ai", "/tts/bytes"),
    ("cartesia", "v1/v1/tts/bytes", "https://api.cartesia.ai", "/tts/bytes"),
    ("cartesia", "v1", "https://api.cartesia.ai", "/"),
    ("cartesia", "", "https://api.cartesia.ai", "/"),
    ("cerebras", "chat/completions", "https://api.cerebras.ai", "/v1/chat/completions"),
    ("cerebras", "v1/chat/completions", "https://api.cerebras.ai", "/v1/chat/completions"),
    ("cohere", "v1/chat", "https://api.cohere.com", "/v1/chat"),
    ("cohere", "v2/chat", "https://api.cohere.com", "/v2/chat"),
    ("cohere", "chat", "https://api.cohere.com", "/v1/chat"),
    ("cohere", "v1/v1/chat", "https://api.cohere.com", "/v1/chat"),
    ("cohere", "v1/v2/chat", "https://api.cohere.com", "/v2/chat"),
    (
        "cohere",
        "compatibility/v1/chat/completions",
        "https://api.cohere.com",
        "/compatibility/v1/chat/completions",
    ),
    ("deepgram", "v1/listen", "https://api.deepgram.com", "/v1/listen"),
    ("deepgram", "v1/speak", "https://api.deepgram.com", "/v1/speak"),
    ("deepseek", "chat/completions", "https://api.deepseek.com", "/v1/chat/completions"),
    ("deepseek", "v1/chat/completions", "https://api.deepseek.com", "/v1/chat/completions"),
    ("deepseek", "beta/completions", "https://api.deepseek.com", "/beta/completions"),
    ("deepseek", "anthropic/v1/messages", "https://api.deepseek.com", "/anthropic/v1/messages"),
    ("deepseek", "user/balance", "https://api.deepseek.com", "/user/balance"),
    ("elevenlabs", "v1/text-to-speech/abc", "https://api.elevenlabs.io", "/v1/text-to-speech/abc"),
    ("exa", "search", "https://api.exa.ai", "/search"),
    ("exa", "research/v1/r_1", "https://api.exa.ai", "/research/v1/r_1"),
    ("fal", "fal-ai/fast-sdxl", "https://fal.run", "/fal-ai/fast-sdxl"),
    ("fal", "", "https://fal.run", "/"),
    ("fireworks", "chat/completions", "https://api.fireworks.ai", "/inference/v1/chat/completions"),
    ("fireworks", "v1/chat/completions", "https://api.fireworks.ai", "/inference/v1/chat/completions"),
    ("fireworks", "inference/v1/models", "https://api.fireworks.ai", "/inference/v1/models"),
    (
        "google-ai-studio",
        "v1/models/gemini-2.0-flash:generateContent",
        "https://generativelanguage.googleapis.com",
        "/v1/models/gemini-2.0-flash:generateContent",
    ),
    (
        "google-ai-studio",
        "v1beta/openai/chat/completions",
        "https://generativelanguage.googleapis.com",
        "/v1beta/openai/chat/completions",
    ),
    (
        "google-ai-studio",
        "v1beta/models/m:streamGenerateContent",
        "https://generativelanguage.googleapis.com",
        "/v1beta/models/m:streamGenerateContent",
    ),
    ("grok", "chat/completions", "https://api.x.ai", "/v1/chat/completions"),
    ("grok", "v1/chat/completions", "https://api.x.ai", "/v1/chat/completions"),
    ("grok", "v1/messages", "https://api.x.ai", "/v1/messages"),
    ("groq", "chat/completions", "https://api.groq.com", "/openai/v1/chat/completions"),
    ("groq", "v1/chat/completions", "https://api.groq.com", "/openai/v1/chat/completions"),
    ("groq", "openai/v1/chat/completions", "https://api.groq.com", "/openai/v1/chat/completions"),
    ("groq", "", "https://api.groq.com", "/openai/v1"),
    ("huggingface", "bigcode/starcoder", "https://api-inference.huggingface.co", "/models/bigcode/starcoder"),
    ("huggingface", "models/gpt2", "https://api-inference.huggingface.co", "/models/gpt2"),
    ("ideogram", "v1/ideogram-v3/generate", "https://api.ideogram.ai", "/v1/ideogram-v3/generate"),
    ("mistral", "v1/chat/completions", "https://api.mistral.ai", "/v1/chat/completions"),
    ("mistral", "v1/v1/chat/completions", "https://api.mistral.ai", "/v1/chat/completions"),
    ("openai", "chat/completions", "https://api.openai.com", "/v1/chat/completions"),
    ("openai", "v1/chat/completions", "https://api.openai.com", "/v1/chat/completions"),
    ("openai", "v1/v1/chat/completions", "https://api.openai.com", "/v1/chat/completions"),
    ("openai", "v1/v1/v1/responses", "https://api.openai.com", "/v1/responses"),
    ("openai", "v1/files/v1/content", "https://api.openai.com", "/v1/files/v1/content"),
    ("openai", "v1x/models", "https://api.openai.com", "/v1/v1x/models"),
    ("openai", "models/ft%3Agpt%2f4", "https://api.openai.com", "/v1/models/ft%3Agpt%2f4"),
    ("openai", "", "https://api.openai.com", "/v1"),
    ("openai", "v1", "https://api.openai.com", "/v1"),
    ("openai", "v1/v1", "https://api.openai.com", "/v1"),
    ("openrouter", "chat/completions", "https://openrouter.ai", "/api/v1/chat/completions"),
    ("openrouter", "v1/chat/completions", "https://openrouter.ai", "/api/v1/chat/completions"),
    ("openrouter", "api/v1/chat/completions", "https://openrouter.ai", "/api/v1/chat/completions"),
    ("openrouter", "api/v1/v1/models", "https://openrouter.ai", "/api/v1/models"),
    ("parallel", "v1/tasks/runs", "https://api.parallel.ai", "/v1/tasks/runs"),
    ("parallel", "v1beta/search", "https://api.parallel.ai", "/v1beta/search"),
    ("parallel", "v1beta/findall/ingest", "https://api.parallel.ai", "/v1beta/findall/ingest"),
    ("parallel", "v1alpha/monitors/m_1", "https://api.parallel.ai", "/v1alpha/monitors/m_1"),
    ("parallel", "chat/completions", "https://api.parallel.ai", "/chat/completions"),
    ("parallel", "account/service/v1/balance", "https://api.parallel.ai", "/account/service/v1/balance"),
    ("perplexity-ai", "chat/completions", "https://api.perplexity.ai", "/chat/completions"),
    ("replicate", "predictions", "https://api.replicate.com", "/v1/predictions"),
    ("replicate", "v1/predictions", "https://api.replicate.com", "/v1/predictions"),
    ("tavily", "search", "https://api.tavily.com", "/search"),
]

PER_REQUEST_HOST = [
    (
        "azure-openai",
        "res/dep/chat/completions",
        "https://res.openai.azure.com",
        "/openai/deployments/dep/chat/completions",
    ),
    ("azure-openai", "My-Res/dep", "https://my-res.openai.azure.com", "/openai/deployments/dep"),
    (
        "azure-openai",
        "res/dep/openai/deployments/dep/chat/completions",
        "https://res.openai.azure.com",
        "/openai/deployments/dep/chat/completions",
    ),
    ("azure-openai", "res/dep/openai/responses", "https://res.openai.azure.com", "/openai/responses"),
    (
        "azure-openai",
        "res/openai/deployments/dep/embeddings",
        "https://res.openai.azure.com",
        "/openai/deployments/dep/embeddings",
    ),
    ("azure-openai", "res/openai/v1/responses", "https://res.openai.azure.com", "/openai/v1/responses"),
    (
        "azure-openai",
        "res/openai/chat/completions",
        "https://res.openai.azure.com",
        "/openai/deployments/openai/chat/completions",
    ),
    ("azure-openai", "res/openai/responses", "https://res.openai.azure.com", "/openai/responses"),
    (
        "azure-openai",
        "res/openai/files/file_1/content",
        "https://res.openai.azure.com",
        "/openai/files/file_1/content",
    ),
    ("azure-openai", "res/openai/models", "https://res.openai.azure.com", "/openai/models"),
    ("azure-openai", "res/openai//models", "https://res.openai.azure.com", "/openai/models"),
    ("azure-openai", "res/openai/realtime", "https://res.openai.azure.com", "/openai/realtime"),
    (
        "azure-openai",
        "res/openai/images/generations:submit",
        "https://res.openai.azure.com",
        "/openai/images/generations:submit",
    ),
    (
        "azure-openai",
        "res/openai/images/generations",
        "https://res.openai.azure.com",
        "/openai/deployments/openai/images/generations",
    ),
    (
        "azure-openai",
        "res/dep/deployments/dep/chat/completions",
        "https://res.openai.azure.com",
        "/openai/deployments/dep/chat/completions",
    ),
    (
        "azure-openai",
        "res/dep//openai/deployments/dep/embeddings",
        "https://res.openai.azure.com",
        "/openai/deployments/dep/embeddings",
    ),
    (
        "azure-openai",
        "res/dep/%72esponses/resp_1",
        "https://res.openai.azure.com",
        "/openai/%72esponses/resp_1",
    ),
    (
        "azure-openai",
        "res/dep/v1/chat/completions",
        "https://res.openai.azure.com",
        "/openai/v1/chat/completions",
    ),
    (
        "aws-bedrock",
        "bedrock-runtime/us-east-1/model/anthropic.claude-3-haiku-20240307-v1:0/invoke",
        "https://bedrock-runtime.us-east-1.amazonaws.com",
        "/model/anthropic.claude-3-haiku-20240307-v1:0/invoke",
    ),
    (
        "aws-bedrock",
        "bedrock-runtime/eu-west-3/model/arn%3Aaws%3Abedrock%3Aeu-west-3%3A1%3Ainference-profile%2Fx/converse",
        "https://bedrock-runtime.eu-west-3.amazonaws.com",
        "/model/arn%3Aaws%3Abedrock%3Aeu-west-3%3A1%3Ainference-profile%2Fx/converse",
    ),
    (
        "aws-bedrock",
        "bedrock-mantle/us-east-1/anthropic/v1/messages",
        "https://bedrock-mantle.us-east-1.api.aws",
        "/anthropic/v1/messages",
    ),
    ("aws-bedrock", "bedrock-runtime/us-east-1", "https://bedrock-runtime.us-east-1.amazonaws.com", "/"),
    (
        "google-vertex-ai",
        "v1/projects/p/locations/us-central1/publishers/google/models/m:generateContent",
        "https://us-central1-aiplatform.googleapis.com",
        "/v1/projects/p/locations/us-central1/publishers/google/models/m:generateContent",
    ),
    (
        "google-vertex-ai",
        "v1beta1/projects/p/locations/global/endpoints/openapi/chat/completions",
        "https://aiplatform.googleapis.com",
        "/v1beta1/projects/p/locations/global/endpoints/openapi/chat/completions",
    ),
    (
        "google-vertex-ai",
        "v1/projects/p/locations/eu/publishers/anthropic/models/claude@1:rawPredict",
        "https://aiplatform.eu.rep.googleapis.com",
        "/v1/projects/p/locations/eu/publishers/anthropic/models/claude@1:rawPredict",
    ),
    (
        "google-vertex-ai",
        "v1/publishers/google/models/m:generateContent",
        "https://aiplatform.googleapis.com",
        "/v1/publishers/google/models/m:generateContent",
    ),
    (
        "google-vertex-ai",
        "v1/projects/p/locations/europe-west4:retrieveContexts",
        "https://europe-west4-aiplatform.googleapis.com",
        "/v1/projects/p/locations/europe-west4:retrieveContexts",
    ),
]

WORKERS_AI = [
    ("@cf/meta/llama-3.1-8b-instruct", "/ai/run/@cf/meta/llama-3.1-8b-instruct"),
    ("%40cf/meta/llama", "/ai/run/%40cf/meta/llama"),
    ("@hf/nousresearch/hermes", "/ai/run/@hf/nousresearch/hermes"),
    ("run/@cf/meta/llama", "/ai/run/@cf/meta/llama"),
    ("ai/run/@cf/meta/llama", "/ai/run/@cf/meta/llama"),
    ("v1/chat/completions", "/ai/v1/chat/completions"),
    ("chat/completions", "/ai/v1/chat/completions"),
    ("v1/v1/embeddings", "/ai/v1/embeddings"),
    ("ai/v1/embeddings", "/ai/v1/embeddings"),
    ("models/search", "/ai/models/search"),
]

SEARCH_ALONE = {"brave", "exa", "searxng", "tavily"}
SILENT = {
    "adobe-firefly",
    "cartesia",
    "deepgram",
    "elevenlabs",
    "fal",
    "huggingface",
    "ideogram",
    "replicate",
}
"""Not on the unified endpoint."""

CREDENTIAL_HEADERS = {
    "brave": {"x-subscription-token"},
    "exa": {"x-api-key", "authorization"},
    "anthropic": {"x-api-key", "authorization"},
    "aws-bedrock": {"authorization", "x-api-key"},
    "azure-openai": {"api-key", "authorization"},
    "cartesia": {"authorization", "x-api-key"},
    "deepgram": {"authorization", "token"},
    "elevenlabs": {"xi-api-key", "authorization"},
    "google-ai-studio": {"x-goog-api-key", "authorization"},
    "ideogram": {"api-key", "authorization"},
    "parallel": {"authorization", "x-api-key"},
}


def no_header(_name: str) -> None:
    return None


def named(slug: str) -> Provider:
    found = Registry({}).find(slug)
    assert found is not None
    return found


def test_the_registry_has_exactly_these_slugs_and_aliases() -> None:
    assert {provider.slug: provider.aliases for provider in BUILT_IN} == SLUGS


def test_every_provider_in_the_package_is_in_the_list() -> None:
    shipped: list[Provider] = []
    for module in pkgutil.iter_modules(penstock.providers.__path__):
        names = vars(importlib.import_module(f"penstock.providers.{module.name}"))
        shipped += [names["PROVIDER"]] if "PROVIDER" in names else names.get("PROVIDERS", ())
    assert {provider.slug for provider in shipped} == set(SLUGS)
    assert {id(provider) for provider in shipped} == {id(provider) for provider in BUILT_IN}


@pytest.mark.parametrize(("slug", "tail", "origin", "path"), UPSTREAM + PER_REQUEST_HOST)
def test_where_a_tail_goes(slug: str, tail: str, origin: str, path: str) -> None:
    assert Registry({}).locate(named(slug), tail, no_header) == Location(origin, path)


def test_every_provider_with_a_default_upstream_is_in_these_tables() -> None:
    assert {row[0] for row in UPSTREAM + PER_REQUEST_HOST} == set(SLUGS) - {"searxng", "workers-ai"}


@pytest.mark.parametrize(("tail", "path"), WORKERS_AI)
def test_workers_ai_paths(tail: str, path: str) -> None:
    assert named("workers-ai").locate(tail, no_header).path == path


def test_slashes_in_front_of_a_tail_are_a_client_s_slip() -> None:
    located = Registry({}).locate(named("openai"), "//v1/models", no_header)
    assert located == Location("https://api.openai.com", "/v1/models")


@pytest.mark.parametrize(("slug", "aliases"), SLUGS.items())
def test_slugs_and_aliases_find_the_same_provider(slug: str, aliases: tuple[str, ...]) -> None:
    registry = Registry({})
    assert {registry.find(name) for name in (slug, *aliases)} == {named(slug)}


@pytest.mark.parametrize("name", ["", "OpenAI", "openai ", "custom-mine", "compat", "neon"])
def test_other_names_find_nothing(name: str) -> None:
    registry = Registry({})
    assert registry.find(name) is None
    assert registry.find_compat(name) is None


@pytest.mark.parametrize("slug", SLUGS)
def test_names_on_the_unified_endpoint(slug: str) -> None:
    provider = named(slug)
    assert bool(provider.speech) == (slug not in SILENT | SEARCH_ALONE)
    assert provider.compat == (() if slug in SILENT else (slug, *SLUGS[slug]))
    assert all(Registry({}).find_compat(name) is provider for name in provider.compat)


@pytest.mark.parametrize("slug", SLUGS)
def test_credential_headers(slug: str) -> None:
    assert set(named(slug).credential_headers) == CREDENTIAL_HEADERS.get(slug, {"authorization"})


def test_only_fal_looks_at_headers_to_find_its_way() -> None:
    assert [provider.slug for provider in BUILT_IN if not provider.static] == ["fal"]
    assert {p.slug: p.consumed_headers for p in BUILT_IN if p.consumed_headers} == {
        "fal": ("x-fal-target-url",)
    }


def test_providers_are_immutable() -> None:
    with pytest.raises(AttributeError):
        named("openai").slug = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        named("openai").locate("", no_header).path = "/"  # type: ignore[misc]


def test_searxng_has_no_address_of_its_own() -> None:
    with pytest.raises(GatewayError, match="base_url"):
        Registry({}).locate(named("searxng"), "search", no_header)
    own = Registry({"searxng": "http://127.0.0.1:8888/searx"})
    assert own.locate(named("searxng"), "search", no_header).path == "/searx/search"
