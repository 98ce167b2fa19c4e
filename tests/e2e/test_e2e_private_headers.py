"""What of a caller stays with the gateway, and what of a credential goes where (Cloudflare 1.3, 3.13)."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from conftest import Connect, OpenGateway
from support.access import Access
from support.checks import check_error
from support.client import Header, request
from support.configuration import gateways, openai, providers
from support.replies import whole
from support.upstream import Upstream

CHAT = "/v1/acct/gw/openai/v1/chat/completions"
NO_BYOK = "Configured BYOK credentials are unavailable"
WAY = (
    *(
        "X-Forwarded-For",
        "X-Real-IP",
        "Forwarded",
        "Via",
        "X-Forwarded-Host",
        "x-forwarded-proto",
        "X-FORWARDED-PORT",
    ),
    *(
        "True-Client-IP",
        "CF-Connecting-IP",
        "X-Client-IP",
        "CDN-Loop",
        "X-Original-Forwarded-For",
        "Fly-Client-IP",
    ),
    *("x_forwarded_for", "X-Envoy-External-Address"),
)
SECRET = "AIzaSyEXAMPLEKEY0123456789"
ACCOUNT_KEY = json.dumps(
    {
        "type": "service_account",
        "private_key_id": "1",
        "private_key": "-----BEGIN PRIVATE KEY-----\nMIIE" + "a" * 80,
    }
).encode()
IN_BASE64 = base64.b64encode(ACCOUNT_KEY).decode()


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


# -- the way a call came, and cookies


@pytest.mark.parametrize("name", WAY)
async def test_the_way_a_call_came_is_not_told(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, name: str
) -> None:
    """Who comes through a proxy shows a token; a step's own headers are the caller's as well."""
    token = ("cf-aig-authorization", f"Bearer {access.token()}")
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    assert (await client.ask("POST", CHAT, (name, "203.0.113.7"), token, body=b"{}")).status == 200
    step = {"provider": "openai", "endpoint": "x", "headers": {name: "203.0.113.7"}, "query": {}}
    assert (await client.ask("POST", "/v1/acct/gw", token, body=json.dumps([step]).encode())).status == 200
    assert len(upstream.requests) == 2
    for seen in upstream.requests:
        assert b"203.0.113.7" not in seen.head
        assert name.lower().encode() not in seen.names


@pytest.mark.parametrize("forward", [False, True])
async def test_cookies_stay_here_unless_the_gateway_says_otherwise(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, forward: bool
) -> None:
    gateway = await open_gateway(
        gateways(gw={"forward_cookies": forward}) + providers({"openai": upstream.url})
    )
    client = await connect(gateway.url)
    body = b'{"seen":"session-0123456789"}'
    cookies = (("Cookie", "a=session-0123456789"), ("cookie", "b=2"))
    assert (await client.ask("POST", CHAT, *cookies, body=body)).status == 200
    step = {"provider": "openai", "endpoint": "x", "headers": {"COOKIE": "c=3"}, "query": {}}
    assert (await client.ask("POST", "/v1/acct/gw", body=json.dumps([step]).encode())).status == 200
    first, second = upstream.requests
    told = [value for name, value in first.headers if name.lower() == b"cookie"]
    assert told == ([b"a=session-0123456789", b"b=2"] if forward else [])
    assert second.header("cookie") == (b"c=3" if forward else None)


async def test_a_cookie_is_in_no_record(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    body = b'{"seen":"session-0123456789"}'
    await (await connect(gateway.url)).ask("POST", CHAT, ("Cookie", "a=session-0123456789"), body=body)
    bodies = await gateway.bodies()
    assert bodies is not None
    assert bodies.request == b'{"seen":"[redacted]"}'


async def test_cookies_that_stay_here_make_no_other_call(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    fields = {"cache_ttl": 60}
    gateway = await open_gateway(gateways(gw=fields) + providers({"openai": upstream.url}))
    client = await connect(gateway.url)
    body = b'{"model":"m","messages":[]}'
    for value in ("a=1", "a=2"):
        assert (await client.ask("POST", CHAT, ("Cookie", value), body=body)).status == 200
    assert len(upstream.requests) == 1


# -- a scheme is no credential


@pytest.mark.parametrize(
    ("provider", "header"),
    [
        *(
            ("openai", ("Authorization", value))
            for value in ("Bearer", "Bearer ", "bearer\t", "Basic", "Basic Og==", "")
        ),
        *(("openai", ("authorization", value)) for value in ("Token ", "Key", "ApiKey ", "AWS4-HMAC-SHA256")),
        ("anthropic", ("x-api-key", "Bearer ")),
        ("anthropic", ("Authorization", "Bearer ")),
        ("google-ai-studio", ("x-goog-api-key", "Bearer")),
        ("deepgram", ("Authorization", "Token ")),
        ("fal", ("Authorization", "Key")),
    ],
)
@pytest.mark.parametrize("universal", [False, True])
async def test_a_scheme_without_a_credential_is_none(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    provider: str,
    header: Header,
    universal: bool,
) -> None:
    access.key(provider, "stored-0123456789")
    token = ("cf-aig-authorization", f"Bearer {access.token()}")
    gateway = await open_gateway(gateways(gw={"authentication": True}) + providers({provider: upstream.url}))
    client = await connect(gateway.url)
    if universal:
        step = {"provider": provider, "endpoint": "v1/x", "headers": dict([header]), "query": {}}
        answer = await client.ask("POST", "/v1/acct/gw", token, body=json.dumps([step]).encode())
    else:
        answer = await client.ask("POST", f"/v1/acct/gw/{provider}/v1/x", token, header, body=b"{}")
    assert answer.status == 200
    seen = await upstream.only()
    assert b"stored-0123456789" in seen.head
    assert (
        len([name for name in seen.names if name in (b"authorization", b"x-api-key", b"x-goog-api-key")]) == 1
    )


async def test_a_scheme_alone_does_not_do_where_a_credential_is_needed(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(gateways(gw={"byok_only": True}) + providers({"openai": upstream.url}))
    client = await connect(gateway.url)
    check_error(await client.ask("POST", CHAT, ("Authorization", "Bearer "), body=b"{}"), 400, 2040, NO_BYOK)
    assert (
        await client.ask("POST", CHAT, ("Authorization", "sk-without-a-scheme"), body=b"{}")
    ).status == 200
    assert (await upstream.only()).header("authorization") == b"sk-without-a-scheme"


# -- what has no content says so


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "GET", "HEAD", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("cache", [0, 60])
async def test_methods_that_anticipate_content_tell_its_length(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, method: str, cache: int
) -> None:
    gateway = await open_gateway(gateways(gw={"cache_ttl": cache}) + providers({"openai": upstream.url}))
    client = await connect(gateway.url)
    for _ in range(2):
        await client.send(request(method, "/v1/acct/gw/openai/v1/responses/resp_1/cancel"))
        assert (await client.answer(method)).status == 200
    wanted = b"0" if method in ("POST", "PUT", "PATCH") else None
    assert [seen.header("content-length") for seen in upstream.requests] == [wanted] * len(upstream.requests)
    assert all(b"transfer-encoding" not in seen.names for seen in upstream.requests)


# -- credentials in a query


@pytest.mark.parametrize(
    "name",
    [
        *(
            "key",
            "apikey",
            "apiKey",
            "api_key",
            "API-KEY",
            "APIKey",
            "x-goog-api-key",
            "access_token",
            "accessToken",
        ),
        *(
            "token",
            "auth",
            "clientSecret",
            "subscription-key",
            "sig",
            "X-Amz-Signature",
            "%6Bey",
            "a=1;key",
            "key1",
        ),
        *("a?key", "Ocp-Apim-Subscription-Key", "sessionToken", "password", "authorization"),
    ],
)
@pytest.mark.parametrize("provider", ["google-ai-studio", "openai"])
async def test_a_credential_in_the_query_is_in_no_record(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, name: str, provider: str
) -> None:
    answer = b'{"error":{"message":"not valid: %b"}}' % SECRET.encode()
    upstream.will(whole(answer, 400))
    gateway = await open_gateway(gateways() + providers({provider: upstream.url}))
    body = b'{"echo":"%b"}' % SECRET.encode()
    target = f"/v1/acct/gw/{provider}/v1beta/models/m:generateContent?{name}={SECRET}&b=1"
    got = await (await connect(gateway.url)).ask("POST", target, body=body)
    assert (got.status, got.body) == (400, answer)
    assert (await upstream.only()).target.endswith(f"?{name}={SECRET}&b=1".encode())
    assert SECRET not in repr(await gateway.calls(1))
    bodies = await gateway.bodies()
    assert bodies is not None
    assert bodies.response == b'{"error":{"message":"not valid: [redacted]"}}'
    assert bodies.request == b'{"echo":"[redacted]"}'


@pytest.mark.parametrize(
    "header",
    ["apikey", "Ocp-Apim-Subscription-Key", "X-Auth-Token", "client-secret", "x-functions-key", "X-ApiKey"],
)
async def test_a_secret_in_any_header_that_says_so_is_in_no_record(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, header: str
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    assert (await client.ask("POST", CHAT, (header, SECRET), body=SECRET.encode())).status == 200
    bodies = await gateway.bodies()
    assert bodies is not None
    assert bodies.request == b"[redacted]"
    step = {"provider": "openai", "endpoint": "x", "headers": {header: SECRET}, "query": {}}
    assert (await client.ask("POST", "/v1/acct/gw", body=json.dumps([step]).encode())).status == 200
    assert [seen.header(header.lower()) for seen in upstream.requests] == [SECRET.encode()] * 2


async def test_a_credential_in_a_steps_query_is_in_no_record(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(whole(SECRET.encode(), 400))
    gateway = await open_gateway(gateways() + providers({"google-ai-studio": upstream.url}))
    step = {
        "provider": "google-ai-studio",
        "endpoint": f"v1beta/models/m:generateContent?key={SECRET}",
        "query": {},
    }
    await (await connect(gateway.url)).ask("POST", "/v1/acct/gw", body=json.dumps([step]).encode())
    assert SECRET not in repr(await gateway.calls(1))
    bodies = await gateway.bodies()
    assert bodies is not None
    assert bodies.response == b"[redacted]"


@pytest.mark.parametrize(
    "query", ["?alt=sse&pageToken=0123456789", "?next_page_token=0123456789", "?sortKey=0123456789"]
)
async def test_what_is_no_secret_stays_in_the_record(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, query: str
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    await (await connect(gateway.url)).ask("POST", CHAT + query, body=b"0123456789")
    assert (await gateway.row()).path.endswith(query)
    bodies = await gateway.bodies()
    assert bodies is not None
    assert bodies.request == b"0123456789"


@pytest.mark.parametrize("parameter", ["key", "access_token", "%6bey"])
async def test_a_google_credential_in_the_query_goes_before_a_stored_key(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, parameter: str
) -> None:
    access.key("google-ai-studio", "stored-0123456789")
    gateway = await open_gateway(gateways() + providers({"google-ai-studio": upstream.url}))
    target = f"/v1/acct/gw/google-ai-studio/v1beta/models/m:generateContent?{parameter}={SECRET}"
    assert (await (await connect(gateway.url)).ask("POST", target, body=b"{}")).status == 200
    assert b"stored-" not in (await upstream.only()).head


# -- Google


@pytest.mark.parametrize(
    "path",
    [
        "google-ai-studio/v1beta/openai/chat/completions",
        "google-ai-studio/v1beta/openai/embeddings",
        "google-ai-studio//v1beta/openai/models",
    ],
)
@pytest.mark.parametrize(
    "own", [(), (("x-goog-api-key", SECRET),), (("x-goog-api-key", SECRET), ("Authorization", "Bearer "))]
)
async def test_a_google_key_goes_out_as_bearer_where_google_reads_it_there(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    path: str,
    own: tuple[Header, ...],
) -> None:
    """Stored, or the caller's own; and once: two credentials are refused there."""
    if not own:
        access.key("google-ai-studio", SECRET)
    token = ("cf-aig-authorization", f"Bearer {access.token()}")
    gateway = await open_gateway(
        gateways(gw={"authentication": True}) + providers({"google-ai-studio": upstream.url})
    )
    body = b'{"model":"google-ai-studio/gemini-2.5-flash","messages":[]}'
    answer = await (await connect(gateway.url)).ask("POST", f"/v1/acct/gw/{path}", token, *own, body=body)
    assert answer.status == 200
    seen = await upstream.only()
    assert seen.header("authorization") == f"Bearer {SECRET}".encode()
    assert seen.names.count(b"authorization") == 1
    assert b"x-goog-api-key" not in seen.names


async def test_elsewhere_a_google_key_goes_out_as_google_has_it(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    access.key("google-ai-studio", SECRET)
    gateway = await open_gateway(gateways() + providers({"google-ai-studio": upstream.url}))
    client = await connect(gateway.url)
    for own in ((), (("x-goog-api-key", SECRET),)):
        await client.ask(
            "POST", "/v1/acct/gw/google-ai-studio/v1beta/models/m:generateContent", *own, body=b"{}"
        )
    for seen in upstream.requests:
        assert seen.header("x-goog-api-key") == SECRET.encode()
        assert b"authorization" not in seen.names


@pytest.mark.parametrize("provider", ["google-vertex-ai", "google-ai-studio"])
@pytest.mark.parametrize(
    "header",
    [
        ("Authorization", f"Bearer {IN_BASE64}"),
        ("authorization", IN_BASE64),
        ("Authorization", "Bearer " + IN_BASE64.rstrip("=").replace("+", "-").replace("/", "_")),
        ("Authorization", "Bearer " + " ".join(IN_BASE64[i : i + 76] for i in range(0, len(IN_BASE64), 76))),
        ("Authorization", "Bearer " + ACCOUNT_KEY.decode()),
        ("Authorization", "Basic " + base64.b64encode(IN_BASE64.encode()).decode()),
        ("x-goog-api-key", IN_BASE64),
        ("token", IN_BASE64),
    ],
)
@pytest.mark.parametrize("universal", [False, True])
async def test_the_key_of_a_service_account_never_goes_to_google(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    provider: str,
    header: Header,
    universal: bool,
) -> None:
    gateway = await open_gateway(gateways() + providers({provider: upstream.url}))
    client = await connect(gateway.url)
    tail = "v1/projects/p/locations/us-central1/publishers/google/models/m:generateContent"
    if universal:
        step = {"provider": provider, "endpoint": tail, "headers": dict([header]), "query": {}}
        answer = await client.ask("POST", "/v1/acct/gw", body=json.dumps([step]).encode())
    else:
        answer = await client.ask("POST", f"/v1/acct/gw/{provider}/{tail}", header, body=b"{}")
    assert "service account" in check_error(answer, 400, 2040, NO_BYOK)
    assert upstream.requests == []
    assert "PRIVATE" not in repr(await gateway.calls(1))


async def test_nor_from_the_store(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    access.key("google-vertex-ai", IN_BASE64)
    gateway = await open_gateway(gateways() + providers({"google-vertex-ai": upstream.url}))
    target = "/v1/acct/gw/google-vertex-ai/v1/projects/p/locations/global/x:y"
    client = await connect(gateway.url)
    assert "service account" in check_error(await client.ask("POST", target, body=b"{}"), 400, 2040, NO_BYOK)
    token = "ya29." + "aB3-_" * 60  # what Google's access tokens look like
    assert (await client.ask("POST", target, ("Authorization", f"Bearer {token}"), body=b"{}")).status == 200
    assert (await upstream.only()).header("authorization") == f"Bearer {token}".encode()


@pytest.mark.parametrize(
    ("query", "left"),
    [
        (f"?key={SECRET}", ""),
        (f"?alt=json&key={SECRET}", "?alt=json"),
        (f"?%6bey={SECRET.replace('-', '%2D')}&a=1&b=%2f", "?a=1&b=%2f"),
        (f"?access_token={SECRET}&key={SECRET}", ""),
    ],
)
@pytest.mark.parametrize("way", ["compat", "step", "native"])
async def test_a_google_key_in_the_query_goes_where_it_is_read(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    query: str,
    left: str,
    way: str,
) -> None:
    """Google's tree in OpenAI's dialect takes it as a Bearer token only, its own in a header of its own.

    A stored key is not asked for.
    """
    upstream.will(whole(SECRET.encode(), 400))
    access.key("google-ai-studio", "stored-0123456789")
    gateway = await open_gateway(gateways() + providers({"google-ai-studio": upstream.url}))
    messages = [{"role": "user", "content": "Hello"}]
    body: object = {"model": "google-ai-studio/gemini-2.5-flash", "messages": messages}
    target = f"/v1/acct/gw/compat/chat/completions{query}"
    if way == "step":
        body = [{"provider": "compat", "endpoint": f"chat/completions{query}", "query": body}]
        target = "/v1/acct/gw"
    elif way == "native":
        target = f"/v1/acct/gw/google-ai-studio/v1beta/openai/chat/completions{query}"
    answer = await (await connect(gateway.url)).ask("POST", target, body=json.dumps(body).encode())
    assert answer.status == 400
    seen = await upstream.only()
    if way == "native":
        assert seen.target == f"/v1beta/openai/chat/completions{left}".encode()
        assert seen.header("authorization") == f"Bearer {SECRET}".encode()
        assert seen.header("x-goog-api-key") is None
    else:
        assert seen.target == b"/v1beta/models/gemini-2.5-flash:generateContent"
        assert seen.header("x-goog-api-key") == SECRET.encode()
        assert seen.header("authorization") is None
    assert SECRET not in repr(await gateway.calls(1))
    bodies = await gateway.bodies()
    assert bodies is not None
    assert bodies.response == b"[redacted]"


@pytest.mark.parametrize(
    ("query", "left", "shown"),
    [
        (f"?key={SECRET}", "", "Bearer other-0123456789"),  # two at once are refused there
        ("?key=a%0d%0ax:y", "?key=a%0d%0ax:y", None),  # which no header can carry
        ("?key=", "?key=", None),
        ("?keys=0123456789", "?keys=0123456789", None),
    ],
)
async def test_what_of_a_query_stays_there(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    query: str,
    left: str,
    shown: str | None,
) -> None:
    gateway = await open_gateway(gateways() + providers({"google-ai-studio": upstream.url}))
    headers = (("Authorization", shown),) if shown else ()
    body = b'{"model":"gemini-2.5-flash"}'
    target = f"/v1/acct/gw/google-ai-studio/v1beta/openai/chat/completions{query}"
    assert (await (await connect(gateway.url)).ask("POST", target, *headers, body=body)).status == 200
    seen = await upstream.only()
    assert seen.target == f"/v1beta/openai/chat/completions{left}".encode()
    assert seen.header("authorization") == (shown.encode() if shown else None)
    assert seen.header("x") is None
