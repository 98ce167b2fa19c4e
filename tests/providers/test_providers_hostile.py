"""What callers must not be able to do: choose a host, break out of a path (Cloudflare 1.3.3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock import errors
from penstock.errors import GatewayError
from penstock.providers.base import HeaderLookup, Location, Provider
from penstock.providers.registry import BUILT_IN, Registry

REGISTRY = Registry(
    {
        "searxng": "https://searxng.invalid",
        "workers-ai": "https://api.cloudflare.com/client/v4/accounts/abc",
    }
)

URL_CHARS = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="?#")
PIECES = st.sampled_from(
    [
        *(
            "v1",
            "v1beta",
            "v2",
            "/",
            "//",
            "openai",
            "openai/v1",
            "api",
            "inference",
            "models",
            "model",
            "ai",
            "run",
        ),
        *(
            "bedrock-runtime",
            "bedrock-mantle",
            "us-east-1",
            "locations/",
            "locations/global",
            "projects/p",
            "@cf",
        ),
        *(
            "evil.example",
            "@evil.example",
            ":8080",
            "\\",
            "%2f",
            "%00",
            "..",
            "res.evil/",
            "res/dep/",
            "deployments",
        ),
    ]
)
TAILS = st.lists(st.one_of(PIECES, st.text(URL_CHARS, max_size=12)), max_size=8).map("".join)
TARGETS = st.one_of(
    st.none(),
    st.text(max_size=40),
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(
            ["https://", "http://", "HTTPS://", "//", "https:/", "https://user@", "https://fal.run@"]
        ),
        st.sampled_from(
            ["fal.run", "queue.fal.run", "Rest.Fal.ai", "fal.run.evil.example", "xfal.run", "fal.runx"]
        ),
        st.sampled_from(
            ["", ":443", ":8080", ".", "/", "@evil.example", "\\@evil.example", "#", "\n", "%2eevil"]
        ),
        TAILS,
    ),
)
SETTLING = [
    provider
    for provider in BUILT_IN
    if provider.slug not in {"azure-openai", "aws-bedrock", "baseten", "fal", "workers-ai"}
]


def fal_target(value: str | None) -> HeaderLookup:
    return {"x-fal-target-url": value}.get


def located(registry: Registry, provider: Provider, tail: str, target: str | None) -> Location | None:
    """Where a call goes; None when it is refused as the caller's mistake."""
    try:
        return registry.locate(provider, tail, fal_target(target))
    except GatewayError as error:
        if error.fault is errors.BAD_REQUEST:
            return None
        raise


def allowed(host: str, domains: tuple[str, ...]) -> bool:
    return any(host == domain or (domain[0] in ".-" and host.endswith(domain)) for domain in domains)


def sound(location: Location) -> bool:
    path = location.path
    return (
        path.startswith("/")
        and path.isascii()
        and not any(char.isspace() or not char.isprintable() for char in path)
    )


@given(st.sampled_from(BUILT_IN), TAILS, TARGETS)
def test_law_the_host_is_always_the_provider_s_own(provider: Provider, tail: str, target: str | None) -> None:
    location = located(REGISTRY, provider, tail, target)
    if location is None:
        return
    scheme, _, host = location.origin.partition("://")
    assert scheme == "https"
    assert allowed(host, provider.domains)
    assert host == host.lower()
    assert not set(host) - set("abcdefghijklmnopqrstuvwxyz0123456789.-")
    assert sound(location)


@given(st.sampled_from(BUILT_IN), TAILS, TARGETS)
def test_law_an_override_is_always_obeyed(provider: Provider, tail: str, target: str | None) -> None:
    registry = Registry({provider.slug: "http://127.0.0.1:9100/edge"})
    location = located(registry, provider, tail, target)
    if location is None:
        return
    assert location.origin == "http://127.0.0.1:9100"
    assert location.path.startswith("/edge/")
    assert sound(location)


@given(st.sampled_from(SETTLING), TAILS)
def test_law_normalising_twice_is_normalising_once(provider: Provider, tail: str) -> None:
    once = located(REGISTRY, provider, tail, None)
    if once is not None:
        twice = located(REGISTRY, provider, once.path, None)
        assert twice is not None
        assert twice.path.lstrip("/") == once.path.lstrip("/")


@given(st.sampled_from([p for p in BUILT_IN if p.static]), TAILS, st.text(max_size=20))
def test_law_a_static_provider_sees_no_header(provider: Provider, tail: str, value: str) -> None:
    def outcome(header: HeaderLookup) -> Location | str:
        try:
            return provider.locate(tail, header)
        except GatewayError as error:
            return error.detail

    assert outcome(lambda _name: None) == outcome(lambda _name: value)


@pytest.mark.parametrize(
    ("slug", "tail"),
    [
        ("azure-openai", ""),
        ("azure-openai", "res"),
        ("azure-openai", "res/"),
        ("azure-openai", "evil.example/dep/chat/completions"),
        ("azure-openai", "evil.example%2f/dep/chat/completions"),
        ("azure-openai", "user@evil/dep/chat/completions"),
        ("azure-openai", "evil:80/dep/chat/completions"),
        ("azure-openai", "-res/dep/chat/completions"),
        ("azure-openai", "res\n/dep/chat/completions"),
        ("azure-openai", "r" * 64 + "/dep/chat/completions"),
        ("azure-openai", "ré/dep/chat/completions"),
        ("aws-bedrock", ""),
        ("aws-bedrock", "bedrock-runtime"),
        ("aws-bedrock", "bedrock-runtime//model/m/invoke"),
        ("aws-bedrock", "bedrock-runtime/evil.example/model/m/invoke"),
        ("aws-bedrock", "bedrock-runtime/US-EAST-1/model/m/invoke"),
        ("aws-bedrock", "bedrock-runtime/us-east-1\n/model/m/invoke"),
        ("aws-bedrock", "bedrock-runtime/evil.example%23/model/m/invoke"),
        ("aws-bedrock", "s3/us-east-1/bucket"),
        (
            "google-vertex-ai",
            "v1/projects/p/locations/evil.example%2f/publishers/google/models/m:generateContent",
        ),
        ("google-vertex-ai", "v1/projects/p/locations/a.b/x"),
        ("google-vertex-ai", "v1/projects/p/locations/@evil/x"),
        ("google-vertex-ai", "v1/projects/p/locations/"),
        ("google-vertex-ai", "v1/projects/p/locations/us-central1\n/x"),
        ("baseten", "model/"),
        ("baseten", "model/evil.example/predict"),
        ("baseten", "model/a-b/predict"),
    ],
)
def test_tails_that_cannot_be_are_refused(slug: str, tail: str) -> None:
    provider = REGISTRY.find(slug)
    assert provider is not None
    with pytest.raises(GatewayError) as raised:
        REGISTRY.locate(provider, tail, fal_target(None))
    assert raised.value.fault is errors.BAD_REQUEST
    assert raised.value.detail
    assert "evil" not in raised.value.detail


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("https://queue.fal.run/fal-ai/x", Location("https://queue.fal.run", "/fal-ai/x", "")),
        ("https://fal.run/fal-ai/x?a=1&b=%2F?", Location("https://fal.run", "/fal-ai/x", "a=1&b=%2F?")),
        ("HTTPS://Queue.Fal.Run/Fal-AI/X", Location("https://queue.fal.run", "/Fal-AI/X", "")),
        ("https://rest.alpha.fal.ai/storage/a", Location("https://rest.alpha.fal.ai", "/storage/a", "")),
        ("https://fal.run", Location("https://fal.run", "/", "")),
        ("https://fal.run?x=1", Location("https://fal.run", "/", "x=1")),
    ],
)
def test_fal_goes_where_its_header_says(target: str, location: Location) -> None:
    fal = REGISTRY.find("fal")
    assert fal is not None
    assert REGISTRY.locate(fal, "", fal_target(target)) == location
    assert REGISTRY.locate(fal, "fal-ai/other", fal_target(target)) == location


@pytest.mark.parametrize(
    "target",
    [
        "",
        "fal.run/x",
        "//fal.run/x",
        "http://fal.run/x",
        "ftp://fal.run/x",
        "https://evil.example/x",
        "https://fal.run.evil.example/x",
        "https://xfal.run/x",
        "https://fal.media/x",
        "https://evil.example/fal.run",
        "https://evil.example?fal.run",
        "https://user@fal.run/x",
        "https://fal.run@evil.example/x",
        "https://fal.run:443/x",
        "https://fal.run:8080/x",
        "https://fal.run./x",
        "https://fal.run\\@evil.example/x",
        "https://fal.run/x\\y",
        "https://fal.run/x#y",
        "https://fal.run/x y",
        " https://fal.run/x",
        "https://fal.run/x\n",
        "https://fal.run/x\r\nhost: evil",
        "https://fal.run/../x",
        "https://fal.run/a/%2E%2e/x",
        "https://fal.run/a/.",
        "https://fal.run/é",
        "httpſ://fal.run/x",
    ],
)
@pytest.mark.parametrize("base_url", [None, "http://127.0.0.1:9100"])
def test_fal_refuses_other_targets_with_and_without_an_override(target: str, base_url: str | None) -> None:
    registry = Registry({} if base_url is None else {"fal": base_url})
    fal = registry.find("fal")
    assert fal is not None
    with pytest.raises(GatewayError) as raised:
        registry.locate(fal, "", fal_target(target))
    assert raised.value.fault is errors.BAD_REQUEST


def test_a_fal_target_keeps_its_query_under_an_override() -> None:
    registry = Registry({"fal": "http://127.0.0.1:9100/edge"})
    fal = registry.find("fal")
    assert fal is not None
    located = registry.locate(fal, "", fal_target("https://queue.fal.run/fal-ai/x?wait=1"))
    assert located == Location("http://127.0.0.1:9100", "/edge/fal-ai/x", "wait=1")
