"""Pass-through (Cloudflare 1.3, A1 to A7).

What a provider receives and what a caller gets back, byte for byte.
"""

from __future__ import annotations

import pytest

from conftest import Connect, OpenGateway
from penstock.providers.base import Provider
from penstock.providers.registry import BUILT_IN
from support.checks import check_error, check_ids, vendor_headers
from support.client import request
from support.configuration import gateways, openai, providers
from support.replies import Act, chunked, head, raw, whole
from support.upstream import Upstream

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD")
QUERY = "?api-version=2024-10-21&q=a%2Fb&empty=&q=%C3%A9"
BODY = b'{"model": "m",  "odd\\u0041":\t[1.0, 2e3], "utf8": "\xc3\xa9"}\n'

# What stands behind the slug, and where a base URL without a path makes it go.
PATHS = {
    "adobe-firefly": ("v3/images/generate", "/v3/images/generate"),
    "anthropic": ("v1/messages", "/v1/messages"),
    "aws-bedrock": (
        "bedrock-runtime/us-east-1/model/anthropic.claude-3-haiku-20240307-v1:0/invoke",
        "/model/anthropic.claude-3-haiku-20240307-v1:0/invoke",
    ),
    "azure-openai": ("res/dep/chat/completions", "/openai/deployments/dep/chat/completions"),
    "baseten": ("v1/chat/completions", "/v1/chat/completions"),
    "brave": ("res/v1/llm/context", "/res/v1/llm/context"),
    "cartesia": ("v1/tts/bytes", "/tts/bytes"),
    "cerebras": ("chat/completions", "/v1/chat/completions"),
    "cohere": ("v2/chat", "/v2/chat"),
    "deepgram": ("v1/listen", "/v1/listen"),
    "deepseek": ("chat/completions", "/v1/chat/completions"),
    "elevenlabs": ("v1/text-to-speech/voice", "/v1/text-to-speech/voice"),
    "exa": ("search", "/search"),
    "fal": ("fal-ai/flux/dev", "/fal-ai/flux/dev"),
    "fireworks": ("chat/completions", "/inference/v1/chat/completions"),
    "google-ai-studio": ("v1beta/models/m:generateContent", "/v1beta/models/m:generateContent"),
    "google-vertex-ai": (
        "v1/projects/p/locations/us-central1/publishers/google/models/m:generateContent",
        "/v1/projects/p/locations/us-central1/publishers/google/models/m:generateContent",
    ),
    "grok": ("v1/chat/completions", "/v1/chat/completions"),
    "groq": ("chat/completions", "/openai/v1/chat/completions"),
    "huggingface": ("org/model%20name", "/models/org/model%20name"),
    "ideogram": ("v1/ideogram-v3/generate", "/v1/ideogram-v3/generate"),
    "mistral": ("v1/chat/completions", "/v1/chat/completions"),
    "openai": ("chat/completions", "/v1/chat/completions"),
    "openrouter": ("chat/completions", "/api/v1/chat/completions"),
    "parallel": ("v1/tasks/runs", "/v1/tasks/runs"),
    "perplexity-ai": ("chat/completions", "/chat/completions"),
    "replicate": ("predictions", "/v1/predictions"),
    "searxng": ("search", "/search"),
    "tavily": ("search", "/search"),
    "workers-ai": ("@cf/meta/llama-3.1-8b-instruct", "/ai/run/@cf/meta/llama-3.1-8b-instruct"),
}


def test_every_provider_has_a_path_here() -> None:
    assert sorted(PATHS) == sorted(provider.slug for provider in BUILT_IN)


@pytest.mark.parametrize("provider", BUILT_IN, ids=lambda provider: provider.slug)
async def test_provider_receives_exactly_what_was_sent(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, provider: Provider
) -> None:
    slug = provider.slug
    tail, path = PATHS[slug]
    gateway = await open_gateway(gateways() + providers({slug: upstream.url}))
    names = [name.title() for name in provider.credential_headers]
    credentials = [(name, f"Bearer secret-of-{name}") for name in names]
    client = await connect(gateway.url)
    answer = await client.ask(
        "POST",
        f"/v1/acct/gw/{slug}/{tail}{QUERY}",
        *credentials,
        ("Content-Type", "application/json"),
        ("X-Trace", "one"),
        ("x-trace", "two"),
        ("cf-aig-authorization", "Bearer of-the-gateway"),
        ("CF-AIG-Metadata", '{"team":"a"}'),
        ("cf-aig-not-known-yet", "1"),
        ("cf-skip-cache", "true"),
        ("Connection", "keep-alive, X-Hop"),
        ("X-Hop", "here only"),
        ("Keep-Alive", "timeout=5"),
        ("TE", "trailers"),
        ("Proxy-Authorization", "Basic abc"),
        body=BODY,
    )
    assert answer.status == 200
    seen = await upstream.only()
    assert (seen.method, seen.target.decode(), seen.version) == (b"POST", path + QUERY, b"HTTP/1.1")
    assert bytes(seen.body) == BODY
    assert seen.headers == [
        (b"host", f"127.0.0.1:{upstream.port}".encode()),
        *((name.encode(), value.encode()) for name, value in credentials),
        (b"Content-Type", b"application/json"),
        (b"X-Trace", b"one"),
        (b"x-trace", b"two"),
        (b"content-length", b"%d" % len(BODY)),
    ]
    assert (await gateway.row()).provider == slug


@pytest.mark.parametrize("method", METHODS)
async def test_every_method(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, method: str
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    body = None if method in ("GET", "HEAD") else b"some"
    for _ in range(2):  # the second one over the same connections
        answer = await client.ask(method, "/v1/acct/gw/openai/files/f", body=body)
        assert (answer.status, answer.body) == (200, b"" if method == "HEAD" else b"{}")
        assert answer.header("content-length") == "2"
    assert upstream.connections == 1
    assert [seen.method.decode() for seen in upstream.requests] == [method] * 2
    assert bytes(upstream.requests[1].body) == (body or b"")
    assert ("content-length" in str(upstream.requests[1].names)) == (body is not None)
    assert [row.method for row in await gateway.rows(2)] == [method] * 2


@pytest.mark.parametrize("status", [200, 201, 299, 301, 400, 401, 404, 408, 429, 500, 503, 529, 599])
async def test_answer_comes_back_unchanged(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int
) -> None:
    headers = (
        ("Date", "Thu, 01 Jan 2026 00:00:00 GMT"),
        ("SERVER", "vendor"),
        ("Set-Cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("Retry-After", "7"),
        ("x-request-id", "req_1"),
        ("Content-Type", "application/problem+json; charset=utf-8"),
        ("X-Empty", ""),
    )
    upstream.will(whole(b'{"error":\n1}', status, headers))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    answer = await client.ask("POST", "/v1/acct/gw/openai/chat/completions", body=BODY)
    assert answer.status == status
    assert vendor_headers(answer) == [*headers, ("content-length", "12")]
    assert answer.body == b'{"error":\n1}'
    row = await gateway.row()
    assert row.id == check_ids(answer)
    assert (row.status_code, row.success, row.outcome) == (status, status < 400, "complete")


async def test_hop_by_hop_headers_of_the_answer_stay_here(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(
        whole(
            b"ok",
            headers=(
                ("Connection", "X-Internal"),
                ("X-Internal", "1"),
                ("Keep-Alive", "timeout=5"),
                ("Proxy-Authenticate", "Basic"),
                ("cf-aig-log-id", "a gateway behind this one"),
                ("cf-aig-step", "3"),
                ("X-Kept", "1"),
            ),
        )
    )
    gateway = await open_gateway(openai(upstream.url))
    answer = await (await connect(gateway.url)).ask("GET", "/v1/acct/gw/openai/models")
    check_ids(answer)
    assert vendor_headers(answer) == [("X-Kept", "1"), ("content-length", "2")]


async def test_doubled_and_missing_versions_lead_to_the_same_place(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(f"{upstream.url}/v1"))
    client = await connect(gateway.url)
    for tail in ("chat/completions", "v1/chat/completions", "v1/v1/chat/completions"):
        await client.ask("POST", f"/v1/acct/gw/openai/{tail}", body=BODY)
    assert {seen.target for seen in upstream.requests} == {b"/v1/chat/completions"}


async def test_percent_encoding_is_not_touched(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.ask("GET", "/v1/acct/gw/openai/files/a%2Fb%20c%E9;x=1/?q=%zz&%41==&&")
    assert (await upstream.only()).target == b"/v1/files/a%2Fb%20c%E9;x=1/?q=%zz&%41==&&"


@pytest.mark.parametrize("query", ["?", "?a", ""])
async def test_empty_queries(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, query: str
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    await (await connect(gateway.url)).ask("GET", f"/v1/acct/gw/openai/models{query}")
    assert (await upstream.only()).target == f"/v1/models{query}".encode()


async def test_left_out_gateway_means_default(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    await (await connect(gateway.url)).ask("POST", "/v1/acct/openai/chat/completions", body=BODY)
    assert (await upstream.only()).target == b"/v1/chat/completions"
    assert (await gateway.row()).gateway == "default"


async def test_pipelined_requests_are_answered_in_order(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(whole(b"one"), whole(b"two"), whole(b"three"))
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    await client.send(b"".join(request("GET", f"/v1/acct/gw/openai/models/{n}") for n in range(3)))
    assert [(await client.answer()).body for _ in range(3)] == [b"one", b"two", b"three"]
    assert [seen.target[-1:] for seen in upstream.requests] == [b"0", b"1", b"2"]


async def test_request_may_arrive_byte_by_byte(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    data = request("POST", "/v1/acct/gw/openai/chat/completions", ("X-A", "1"), body=BODY)
    await client.send(*(data[i : i + 1] for i in range(len(data))))
    assert (await client.answer()).status == 200
    assert bytes((await upstream.only()).body) == BODY


async def test_answer_may_arrive_byte_by_byte(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    reply = chunked(b"ab", b"cdef", headers=(("X-A", "1"),), trailers=b"X-T: 1\r\n")
    data = b"".join(step for step in reply.steps if isinstance(step, bytes))
    upstream.will(raw(*(data[i : i + 1] for i in range(len(data)))))
    gateway = await open_gateway(openai(upstream.url))
    answer = await (await connect(gateway.url)).ask("GET", "/v1/acct/gw/openai/models")
    assert (answer.body, answer.trailers) == (b"abcdef", [b"X-T: 1"])


# -- forms of single providers


async def test_azure_in_its_own_form(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gateway = await open_gateway(gateways() + providers({"azure-openai": upstream.url}))
    client = await connect(gateway.url)
    wanted = b"/openai/deployments/dep/chat/completions?api-version=2024-10-21"
    for tail in ("res/dep/chat/completions", "res/dep/openai/deployments/dep/chat/completions"):
        await client.ask(
            "POST", f"/v1/acct/gw/azure-openai/{tail}?api-version=2024-10-21", ("api-key", "k"), body=BODY
        )
    assert [seen.target for seen in upstream.requests] == [wanted, wanted]
    assert [seen.header("api-key") for seen in upstream.requests] == [b"k", b"k"]


async def test_bedrock_signature_of_the_caller_passes(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    signed = (
        ("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/bedrock/aws4_request"),
        ("X-Amz-Date", "20260101T000000Z"),
        ("X-Amz-Content-Sha256", "e3b0c442"),
    )
    gateway = await open_gateway(gateways() + providers({"aws-bedrock": upstream.url}))
    tail = "bedrock-runtime/eu-west-1/model/arn:aws:bedrock:eu-west-1:1:profile%2Fx/converse-stream"
    client = await connect(gateway.url)
    await client.ask("POST", f"/v1/acct/gw/aws-bedrock/{tail}", *signed, body=BODY)
    seen = await upstream.only()
    assert seen.target == b"/model/arn:aws:bedrock:eu-west-1:1:profile%2Fx/converse-stream"
    assert seen.headers[1:4] == [(name.encode(), value.encode()) for name, value in signed]


async def test_fal_target_header_names_the_path(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(gateways() + providers({"fal": upstream.url}))
    client = await connect(gateway.url)
    target = ("x-fal-target-url", "https://queue.fal.run/fal-ai/x?fal_webhook=1")
    await client.ask("POST", "/v1/acct/gw/fal?mine=1", target, ("Authorization", "Key k"), body=BODY)
    seen = await upstream.only()
    assert seen.target == b"/fal-ai/x?fal_webhook=1"
    assert seen.header("authorization") == b"Key k"
    assert b"x-fal-target-url" not in seen.names


async def test_fal_target_header_leads_to_fal_only(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(gateways() + providers({"fal": upstream.url}))
    client = await connect(gateway.url)
    for target in ("https://fal.run.evil.test/x", "http://fal.run/x", "https://fal.run@evil.test/x"):
        answer = await client.ask("POST", "/v1/acct/gw/fal", ("x-fal-target-url", target), body=BODY)
        check_error(answer, 400, 9400, "Bad request")
    assert upstream.requests == []


async def test_parallel_key_of_an_openai_client(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(gateways() + providers({"parallel": upstream.url}))
    client = await connect(gateway.url)
    path = "/v1/acct/gw/parallel/v1beta/search?beta=true"
    await client.ask("POST", path, ("Authorization", "Bearer key-1"), body=BODY)
    await client.ask("POST", path, ("Authorization", "Bearer other"), ("x-api-key", "own"), body=BODY)
    assert [seen.header("x-api-key") for seen in upstream.requests] == [b"key-1", b"own"]
    assert {seen.target for seen in upstream.requests} == {b"/v1beta/search?beta=true"}


async def test_workers_ai_without_an_account_says_what_to_configure(
    open_gateway: OpenGateway, connect: Connect
) -> None:
    gateway = await open_gateway(gateways())
    answer = await (await connect(gateway.url)).ask("POST", "/v1/acct/gw/workers-ai/@cf/a/b", body=BODY)
    assert "base_url" in check_error(answer, 400, 2008, "Invalid provider")


async def test_custom_provider_gets_the_tail_as_it_is(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(gateways() + providers({"custom-mine": f"{upstream.url}/base"}))
    await (await connect(gateway.url)).ask("POST", "/v1/acct/gw/custom-mine/v1/v1/x?y", body=BODY)
    assert (await upstream.only()).target == b"/base/v1/v1/x?y"


async def test_unsound_answers_are_gateway_errors(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(
        raw(b"SSH-2.0-OpenSSH\r\n\r\n", Act.CLOSE),
        raw(head(200, (("transfer-encoding", "gzip"),)), Act.CLOSE),
        raw(head(200, (("content-length", "2"), ("content-length", "3"))) + b"abc", Act.CLOSE),
        raw(head(200, (("content-length", "1"), ("transfer-encoding", "chunked"))) + b"1\r\na\r\n0\r\n\r\n"),
        raw(head(200, (("X-Big", "x" * 2_000_000),)), Act.CLOSE),
        raw(head(200).replace(b"200", b"2000"), Act.CLOSE),
        raw(head(101, (("Upgrade", "websocket"), ("Connection", "upgrade")))),
    )
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    for _ in range(7):
        answer = await client.ask("POST", "/v1/acct/gw/openai/chat/completions", body=BODY)
        check_error(answer, 502, 2005, "Failed to get response from provider")
    rows = await gateway.rows(7)
    assert {row.outcome for row in rows} == {"provider_broke"}
