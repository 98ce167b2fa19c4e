"""Which dialects providers speak on the unified endpoint, and where: each place is an operation that is known."""

from __future__ import annotations

import pytest

from penstock.providers.base import Location, operations_at
from penstock.providers.operation import Kind
from penstock.providers.operation_table import UNKNOWN
from penstock.providers.registry import BUILT_IN, Registry
from penstock.providers.spoken import Spoken, chosen
from penstock.wire.answer_dialect import Dialect
from penstock.wire.dialects.surfaces import EMBEDDINGS, OUTBOUND
from penstock.wire.surface import SAME, Surface

EMBEDDING_VERBS = {"google-vertex-ai": ("predict", "embedContent")}

# Provider and model, where it is asked whole and streamed, and what it is called there.
PLACES = [
    ("openai", "gpt-5", Surface.CHAT, "/v1/chat/completions", "", "gpt-5"),
    ("openai", "gpt-5", Surface.RESPONSES, "/v1/responses", "", "gpt-5"),
    ("openai", "gpt-5", Surface.MESSAGES, "/v1/chat/completions", "", "gpt-5"),
    ("openai", "text-embedding-3-small", Surface.EMBEDDINGS, "/v1/embeddings", "", "text-embedding-3-small"),
    ("mistral", "m", Surface.RESPONSES, "/v1/chat/completions", "", "m"),
    ("groq", "a/b", Surface.CHAT, "/openai/v1/chat/completions", "", "a/b"),
    ("openrouter", "a/b:free", Surface.MESSAGES, "/api/v1/messages", "", "a/b:free"),
    ("perplexity-ai", "sonar", Surface.CHAT, "/chat/completions", "", "sonar"),
    ("parallel", "speed", Surface.CHAT, "/v1beta/chat/completions", "", "speed"),
    ("workers-ai", "@cf/meta/x", Surface.CHAT, "/ai/v1/chat/completions", "", "@cf/meta/x"),
    ("anthropic", "claude", Surface.MESSAGES, "/v1/messages", "", "claude"),
    ("anthropic", "claude", Surface.CHAT, "/v1/messages", "", "claude"),
    ("anthropic", "claude", Surface.COUNT, "/v1/messages/count_tokens", "", "claude"),
    (
        "google-ai-studio",
        "models/gemini-2.5-pro",
        Surface.CHAT,
        "/v1beta/models/gemini-2.5-pro:generateContent",
        "/v1beta/models/gemini-2.5-pro:streamGenerateContent",
        "gemini-2.5-pro",
    ),
    (
        "google-ai-studio",
        "tunedModels/mine",
        Surface.MESSAGES,
        "/v1beta/tunedModels/mine:generateContent",
        "/v1beta/tunedModels/mine:streamGenerateContent",
        "tunedModels/mine",
    ),
    (
        "google-vertex-ai",
        "google/gemini-2.5-pro",
        Surface.RESPONSES,
        "/v1/projects/p/locations/us-central1/publishers/google/models/gemini-2.5-pro:generateContent",
        "/v1/projects/p/locations/us-central1/publishers/google/models/gemini-2.5-pro:streamGenerateContent",
        "gemini-2.5-pro",
    ),
    (
        "google-vertex-ai",
        "anthropic/claude@1",
        Surface.MESSAGES,
        "/v1/projects/p/locations/us-central1/publishers/anthropic/models/claude@1:rawPredict",
        "/v1/projects/p/locations/us-central1/publishers/anthropic/models/claude@1:streamRawPredict",
        "claude@1",
    ),
    (
        "google-vertex-ai",
        "anthropic/claude@1",
        Surface.CHAT,
        "/v1/projects/p/locations/us-central1/publishers/anthropic/models/claude@1:rawPredict",
        "/v1/projects/p/locations/us-central1/publishers/anthropic/models/claude@1:streamRawPredict",
        "claude@1",
    ),
    (
        "google-vertex-ai",
        "google/gemini-2.5-pro",
        Surface.CHAT,
        "/v1/projects/p/locations/us-central1/publishers/google/models/gemini-2.5-pro:generateContent",
        "/v1/projects/p/locations/us-central1/publishers/google/models/gemini-2.5-pro:streamGenerateContent",
        "gemini-2.5-pro",
    ),
    (
        "google-vertex-ai",
        "meta/llama-4",
        Surface.CHAT,
        "/v1/projects/p/locations/us-central1/endpoints/openapi/chat/completions",
        "",
        "meta/llama-4",
    ),
    (
        "aws-bedrock",
        "us.amazon.nova-pro-v1:0",
        Surface.CHAT,
        "/model/us.amazon.nova-pro-v1%3A0/converse",
        "/model/us.amazon.nova-pro-v1%3A0/converse-stream",
        "us.amazon.nova-pro-v1:0",
    ),
    (
        "aws-bedrock",
        "anthropic.claude-3-haiku-20240307-v1:0",
        Surface.MESSAGES,
        "/model/anthropic.claude-3-haiku-20240307-v1%3A0/invoke",
        "/model/anthropic.claude-3-haiku-20240307-v1%3A0/invoke-with-response-stream",
        "anthropic.claude-3-haiku-20240307-v1:0",
    ),
    ("cohere", "command-a", Surface.CHAT, "/v2/chat", "", "command-a"),
    (
        "azure-openai",
        "res/dep",
        Surface.CHAT,
        "/openai/deployments/dep/chat/completions",
        "",
        "res/dep",
    ),
    ("azure-openai", "res/dep", Surface.RESPONSES, "/openai/v1/responses", "", "res/dep"),
]


def found(slug: str, surface: Surface, model: str) -> tuple[Spoken, str]:
    provider = Registry({}).find(slug)
    assert provider is not None
    spoken = chosen(provider.speech, surface, model)
    assert spoken is not None
    return spoken


def place_at(slug: str, spoken: Spoken, model: str, verb: str = "", streamed: bool = False) -> Location:
    provider = Registry({}).find(slug)
    assert provider is not None
    place = "v1/projects/p/locations/us-central1"
    tail = spoken.path(model, region="us-east-1", place=place, verb=verb, streamed=streamed)
    return provider.locate(tail, lambda _: None)


@pytest.mark.parametrize(("slug", "model", "surface", "whole", "streamed", "name"), PLACES)
def test_where_a_model_is_asked(
    slug: str, model: str, surface: Surface, whole: str, streamed: str, name: str
) -> None:
    spoken, called = found(slug, surface, model)
    assert called == name
    assert place_at(slug, spoken, called).path == whole
    assert place_at(slug, spoken, called, streamed=True).path == (streamed or whole)


@pytest.mark.parametrize(
    ("slug", "surface", "model"),
    [
        ("anthropic", Surface.EMBEDDINGS, "claude"),
        ("openai", Surface.COUNT, "gpt-5"),
        ("azure-openai", Surface.CHAT, "dep"),
        ("google-ai-studio", Surface.CHAT, "a/b"),
        ("fal", Surface.CHAT, "x"),
    ],
)
def test_what_is_not_asked(slug: str, surface: Surface, model: str) -> None:
    provider = Registry({}).find(slug)
    assert provider is not None
    assert chosen(provider.speech, surface, model) is None


def some_model(spoken: Spoken) -> str:
    """A name that fits."""
    names = (
        "m",
        "res/dep",
        "tunedModels/m",
        "anthropic/m",
        "anthropic.claude",
        "projects/p/locations/l/endpoints/1",
    )
    for name in names:
        called = spoken.name_of(name)
        if called is not None:
            return called
    raise AssertionError("no name fits")


def places() -> list[tuple[str, Surface, Spoken]]:
    """All there are."""
    return [
        (provider.slug, surface, spoken)
        for provider in BUILT_IN
        for surface, all_of_it in (
            (Surface.CHAT, provider.speech.talk),
            (Surface.EMBEDDINGS, provider.speech.embed),
            (Surface.COUNT, provider.speech.count),
        )
        for spoken in all_of_it
    ]


@pytest.mark.parametrize(("slug", "surface", "spoken"), places())
def test_each_place_is_an_operation_that_is_known(slug: str, surface: Surface, spoken: Spoken) -> None:
    provider = Registry({}).find(slug)
    assert provider is not None
    verbs = EMBEDDING_VERBS.get(slug, ("",)) if surface is Surface.EMBEDDINGS else ("",)
    for verb in verbs:
        for streamed in (False, True):
            operation = operations_at(provider, place_at(slug, spoken, some_model(spoken), verb, streamed))[
                b"POST"
            ]
            assert operation.name != UNKNOWN
            if surface is Surface.COUNT:
                assert operation.kind is Kind.TOKEN_COUNT
            elif surface is Surface.EMBEDDINGS and spoken.dialect is not Dialect.BEDROCK_INVOKE:
                assert operation.kind in (Kind.EMBEDDINGS, Kind.OTHER)
            else:
                assert operation.is_work


@pytest.mark.parametrize(("slug", "surface", "spoken"), places())
def test_what_is_spoken_can_be_translated_or_is_spoken_by_callers(
    slug: str, surface: Surface, spoken: Spoken
) -> None:
    if surface is Surface.EMBEDDINGS:
        assert (spoken.dialect, spoken.host) in EMBEDDINGS
    elif spoken.dialect not in OUTBOUND:
        assert spoken.dialect is Dialect.OPENAI_RESPONSES
        assert not spoken.host
    assert not (spoken.host and spoken.dialect is SAME[Surface.CHAT])
