"""Base URLs from the configuration: overrides, custom providers, and what is wrong with a wrong one."""

from __future__ import annotations

import dataclasses

import pytest

from penstock import errors
from penstock.errors import GatewayError
from penstock.providers.base import Location
from penstock.providers.registry import BUILT_IN, Registry
from penstock.providers.spoken import chosen
from penstock.wire.surface import Surface


def no_header(_name: str) -> None:
    return None


def located(name: str, base_url: str, tail: str) -> Location:
    registry = Registry({name: base_url})
    provider = registry.find(name)
    assert provider is not None
    return registry.locate(provider, tail, no_header)


@pytest.mark.parametrize(
    ("name", "base_url", "tail", "origin", "path"),
    [
        (
            "openai",
            "http://127.0.0.1:9100",
            "chat/completions",
            "http://127.0.0.1:9100",
            "/v1/chat/completions",
        ),
        ("openai", "http://127.0.0.1:9100/", "v1/models", "http://127.0.0.1:9100", "/v1/models"),
        (
            "openai",
            "https://proxy.example/v1",
            "chat/completions",
            "https://proxy.example",
            "/v1/chat/completions",
        ),
        ("openai", "https://proxy.example/v1/", "v1/models", "https://proxy.example", "/v1/models"),
        ("openai", "https://proxy.example/team/v1", "models", "https://proxy.example", "/team/v1/models"),
        ("openai", "https://proxy.example/team", "models", "https://proxy.example", "/team/v1/models"),
        ("openai", "https://proxy.example/v1", "", "https://proxy.example", "/v1"),
        ("openai", "https://proxy.example/v10", "models", "https://proxy.example", "/v10/v1/models"),
        ("openai", "HTTPS://Proxy.Example:443/V1", "models", "https://proxy.example", "/V1/v1/models"),
        ("openai", "http://proxy.example:80", "models", "http://proxy.example", "/v1/models"),
        ("openai", "http://[::1]:9100", "models", "http://[::1]:9100", "/v1/models"),
        ("openai", "http+unix://%2Frun%2FMy.sock", "models", "http+unix://%2Frun%2FMy.sock", "/v1/models"),
        (
            "openai",
            "HTTP+unix://%2Frun%2Fx.sock/p/v1/",
            "models",
            "http+unix://%2Frun%2Fx.sock",
            "/p/v1/models",
        ),
        ("groq", "http://h/openai/v1", "chat/completions", "http://h", "/openai/v1/chat/completions"),
        ("groq", "http://h/openai", "chat/completions", "http://h", "/openai/v1/chat/completions"),
        ("groq", "http://h/x/openai/v1", "chat/completions", "http://h", "/x/openai/v1/chat/completions"),
        ("azure", "http://h:1", "res/dep/embeddings", "http://h:1", "/openai/deployments/dep/embeddings"),
        ("azure-openai", "http://h/openai", "res/dep/x", "http://h", "/openai/deployments/dep/x"),
        (
            "bedrock",
            "http://h",
            "bedrock-runtime/us-east-1/model/m%3A0/invoke",
            "http://h",
            "/model/m%3A0/invoke",
        ),
        (
            "google-vertex",
            "http://h",
            "v1/projects/p/locations/eu/x",
            "http://h",
            "/v1/projects/p/locations/eu/x",
        ),
        ("baseten", "http://h", "model/abc", "http://h", "/production/predict"),
        ("huggingface", "http://h/models", "org/m", "http://h", "/models/org/m"),
        ("anthropic", "http://h", "", "http://h", "/"),
        (
            "workers-ai",
            "https://api.cloudflare.com/client/v4/accounts/abc",
            "@cf/meta/llama",
            "https://api.cloudflare.com",
            "/client/v4/accounts/abc/ai/run/@cf/meta/llama",
        ),
        (
            "workers-ai",
            "https://api.cloudflare.com/client/v4/accounts/abc/ai",
            "v1/embeddings",
            "https://api.cloudflare.com",
            "/client/v4/accounts/abc/ai/v1/embeddings",
        ),
        (
            "custom-mine",
            "https://llm.example",
            "v1/chat/completions",
            "https://llm.example",
            "/v1/chat/completions",
        ),
        ("custom-mine", "https://llm.example/v1", "v1/v1/x%2Fy", "https://llm.example", "/v1/v1/v1/x%2Fy"),
        ("custom-mine", "https://llm.example/a/", "", "https://llm.example", "/a"),
        ("custom-mine", "https://llm.example", "", "https://llm.example", "/"),
    ],
)
def test_a_base_url_replaces_the_host_and_stands_before_the_native_path(
    name: str, base_url: str, tail: str, origin: str, path: str
) -> None:
    assert located(name, base_url, tail) == Location(origin, path)


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "proxy.example",
        "//proxy.example",
        "ftp://proxy.example",
        "https://proxy.example:99999",
        "https://proxy.example:0",
        "https://",
        "https:///v1",
        "https://user:secret@proxy.example",
        "https://proxy.example?x=1",
        "https://proxy.example/v1?x=1",
        "https://proxy.example/v1#x",
        "https://proxy.example:port",
        "https://proxy.example/a b",
        "https://proxy.example/a\n",
        "https://proxy.example/a\x00b",
        "https://proxy.example/../a",
        "https://proxy.example/a/%2e%2E",
        "https://proxy.example\\@evil.example",
        "https://prоxy.example",
        "http+unix:///run/x.sock",
        "http+unix://run",
    ],
)
@pytest.mark.parametrize("name", ["openai", "custom-mine"])
def test_a_wrong_base_url_is_refused_by_name_and_not_repeated(name: str, base_url: str) -> None:
    with pytest.raises(ValueError, match=f'provider "{name}": base_url ') as raised:
        Registry({name: base_url})
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "near"),
    [("opena1", "openai"), ("antropic", "anthropic"), ("bedrok", "bedrock"), ("Parallel", "parallel")],
)
def test_an_unknown_name_is_refused_with_the_nearest_one(name: str, near: str) -> None:
    with pytest.raises(ValueError, match=f'unknown provider "{name}"; did you mean "{near}"'):
        Registry({name: "https://proxy.example"})


@pytest.mark.parametrize(
    "slug", ["custom-", "custom-Mine", "custom-a/b", "custom-a.b", "custom--a", "custom-é"]
)
def test_an_impossible_custom_slug_is_refused(slug: str) -> None:
    with pytest.raises(ValueError, match="after custom- come"):
        Registry({slug: "https://llm.example"})


def test_one_provider_cannot_have_two_base_urls() -> None:
    with pytest.raises(ValueError, match='"grok" already has a base_url'):
        Registry({"grok": "https://a.example", "xai": "https://b.example"})


def test_two_providers_cannot_share_a_name() -> None:
    clash = dataclasses.replace(BUILT_IN[0], slug="another", aliases=("openai",))
    with pytest.raises(ValueError, match='two providers are called "openai"'):
        Registry({}, (*BUILT_IN, clash))


def test_workers_ai_says_what_to_configure() -> None:
    registry = Registry({})
    provider = registry.find("workers-ai")
    assert provider is not None
    with pytest.raises(GatewayError) as raised:
        registry.locate(provider, "@cf/meta/llama", no_header)
    assert raised.value.fault is errors.INVALID_PROVIDER
    assert raised.value.detail == (
        "workers-ai has no default upstream: set base_url in [providers.workers-ai], "
        "for example https://api.cloudflare.com/client/v4/accounts/{account_id}"
    )


@pytest.mark.parametrize(
    ("base_url", "path"),
    [
        ("https://llm.example", "/v1/chat/completions"),
        ("https://llm.example/serving", "/serving/v1/chat/completions"),
        ("https://llm.example/v1", "/v1/chat/completions"),
        ("https://llm.example/api/paas/v4/", "/api/paas/v4/chat/completions"),
        ("https://llm.example/v1beta/openai", "/v1beta/openai/chat/completions"),
    ],
)
def test_a_custom_provider_serves_the_unified_endpoint(base_url: str, path: str) -> None:
    registry = Registry({"custom-mine": base_url})
    provider = registry.find_compat("custom-mine")
    assert provider is not None
    assert provider is registry.find("custom-mine")
    assert {"authorization", "x-api-key"} < set(provider.credential_headers)
    spoken, name = chosen(provider.speech, Surface.CHAT, "a/b") or pytest.fail("it speaks nothing")
    assert name == "a/b"
    assert registry.locate(provider, spoken.path(name), no_header) == Location("https://llm.example", path)


def test_custom_providers_are_listed_after_the_built_in_ones() -> None:
    registry = Registry({"custom-mine": "https://llm.example", "openai": "https://proxy.example"})
    assert [provider.slug for provider in registry.providers] == [*(p.slug for p in BUILT_IN), "custom-mine"]


def test_where_tokens_are_made_can_be_said_for_who_makes_any() -> None:
    vertex = Registry({"google-vertex": "https://x"}, token_urls={"google-vertex": "https://y/t"})
    found = vertex.find("google-vertex-ai")
    assert found is not None
    assert found.signing is not None
    assert found.signing.token_url == "https://y/t"
    for name in ("openai", "aws-bedrock", "custom-mine"):
        with pytest.raises(ValueError, match="token_url is for"):
            Registry({name: "https://x"}, token_urls={name: "https://y/t"})
