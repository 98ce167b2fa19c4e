"""Pages in browsers: preflights, and answers that pages may read (Fetch, "CORS protocol")."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import Connect, OpenGateway
from support.access import Access
from support.checks import check_error
from support.client import Answer, Header
from support.configuration import gateways, providers
from support.replies import whole
from support.upstream import Upstream

APP = "https://app.example"
TAIL = "openai/v1/chat/completions"
ASKS: tuple[Header, ...] = (
    ("Origin", APP),
    ("Access-Control-Request-Method", "POST"),
    ("Access-Control-Request-Headers", "authorization,content-type,cf-aig-metadata"),
)
ALLOWED = {"authentication": True, "cors_origins": [APP, "https://other.example:443"]}
PERMITS = (("access-control-allow-origin", "*"), ("access-control-allow-headers", "*"), ("x-vendor", "1"))
PATHS = (
    TAIL,
    "compat/chat/completions",
    "compat/models",
    "",
    "nobody/x",
    "anthropic/v1/messages",
    "openai/v1/models",
)


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


def configuration(url: str, **fields: object) -> str:
    return gateways(gw=fields) + providers({"openai": url, "anthropic": url})


def permissions(answer: Answer) -> list[tuple[str, str]]:
    return [
        (name.lower(), value) for name, value in answer.headers if name.lower().startswith("access-control-")
    ]


@pytest.mark.parametrize("fields", [{"authentication": True}, {}, {"authentication": True, "cache_ttl": 60}])
@pytest.mark.parametrize("path", [TAIL, "anthropic/v1/messages"])
async def test_a_preflight_goes_to_the_provider_without_a_token(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str, fields: dict[str, object]
) -> None:
    upstream.will(whole(b"", 204, PERMITS))
    gateway = await open_gateway(configuration(upstream.url, **fields))
    answer = await (await connect(gateway.url)).ask("OPTIONS", f"/v1/acct/gw/{path}", *ASKS)
    assert answer.status == 204
    assert [pair for pair in permissions(answer) if pair in PERMITS] == list(PERMITS[:2])
    seen = await upstream.only()
    assert seen.method == b"OPTIONS"
    assert seen.header("access-control-request-method") == b"POST"
    assert seen.header("origin") == APP.encode()


async def test_a_preflight_takes_nothing_of_the_operators_along(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Neither a stored key, nor a header of the configuration, nor a token that somebody shows with it."""
    key = "sk-stored-0123456789"
    access.key("openai", key)
    token = access.token()
    text = configuration(upstream.url, authentication=True)
    text += f'[providers.custom-x]\nbase_url = "{upstream.url}"\n'
    text += 'headers = {x-api-key = "sk-operators-0123456789"}\n'
    gateway = await open_gateway(text)
    client = await connect(gateway.url)
    shown = ("Authorization", f"Bearer {token}")
    for path in (TAIL, "custom-x/v1/chat/completions"):
        for more in ((), (shown,), (("Idempotency-Key", "k1"),)):
            assert (await client.ask("OPTIONS", f"/v1/acct/gw/{path}", *ASKS, *more)).status == 200
    assert len(upstream.requests) == 6
    for seen in upstream.requests:
        assert b"sk-" not in seen.head
        assert token.encode() not in seen.head


@pytest.mark.parametrize(
    "headers", [ASKS[:1], ASKS[1:], (), (*ASKS[:1], ("Access-Control-Request-Headers", "authorization"))]
)
@pytest.mark.parametrize("fields", [{"authentication": True}, ALLOWED])
async def test_other_options_are_calls_as_any(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    headers: tuple[Header, ...],
    fields: dict[str, object],
) -> None:
    gateway = await open_gateway(configuration(upstream.url, **fields))
    answer = await (await connect(gateway.url)).ask("OPTIONS", f"/v1/acct/gw/{TAIL}", *headers)
    check_error(answer, 401, 2009, "Unauthorized")
    assert upstream.requests == []


@pytest.mark.parametrize("path", PATHS)
async def test_where_origins_are_named_the_gateway_answers_before_it_asks_who_calls(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str
) -> None:
    gateway = await open_gateway(configuration(upstream.url, **ALLOWED))
    client = await connect(gateway.url)
    for _ in range(2):  # the connection stays
        answer = await client.ask("OPTIONS", f"/v1/acct/gw/{path}", *ASKS)
        assert (answer.status, answer.body) == (204, b"")
        told = dict(permissions(answer))
        assert told["access-control-allow-origin"] == APP
        assert told["access-control-allow-headers"] == "authorization,content-type,cf-aig-metadata"
        assert "POST" in told["access-control-allow-methods"]
        assert answer.header("vary") == "Origin"
        assert answer.header("content-length") is None
    assert upstream.requests == []
    check_error(await client.ask("GET", f"/v1/acct/gw/{TAIL}"), 401, 2009, "Unauthorized")
    assert (await gateway.row()).status_code == 401  # and of the preflights there is none


async def test_an_origin_that_is_not_named_is_told_so(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(configuration(upstream.url, **ALLOWED))
    client = await connect(gateway.url)
    for origin in (
        "https://evil.example",
        "http://app.example",
        "https://app.example.evil.example",
        "null",
        f"{APP}:8443",
    ):
        answer = await client.ask("OPTIONS", f"/v1/acct/gw/{TAIL}", ("Origin", origin), *ASKS[1:])
        check_error(answer, 403, 9403, "Origin not allowed")
        assert permissions(answer) == []
    answer = await client.ask(
        "OPTIONS", f"/v1/acct/gw/{TAIL}", ("Origin", "https://other.example"), *ASKS[1:]
    )
    assert answer.status == 204
    assert upstream.requests == []


async def test_the_gateways_own_errors_can_be_read(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """On every path, compat and universal too; also what a limit says."""
    token = ("cf-aig-authorization", f"Bearer {access.token()}")
    limited = {"rate_limiting_limit": 5, "rate_limiting_interval": 3600}
    gateway = await open_gateway(configuration(upstream.url, **ALLOWED, **limited))
    client = await connect(gateway.url)
    for _ in range(10):
        assert (
            await client.ask("OPTIONS", f"/v1/acct/gw/{TAIL}", *ASKS)
        ).status == 204  # counts for no limit
    for path in (TAIL, "compat/chat/completions", "", "nobody/x"):
        answer = await client.ask("POST", f"/v1/acct/gw/{path}", ASKS[0], body=b"{}")
        check_error(answer, 401, 2009, "Unauthorized")
        assert ("access-control-allow-origin", APP) in permissions(answer)
    found = []
    for path in ("nobody/x", "compat/nothing", "compat/chat/completions", "", TAIL, TAIL, TAIL, TAIL):
        answer = await client.ask("POST", f"/v1/acct/gw/{path}", ASKS[0], token, body=b"{}")
        found.append(answer.status)
        assert ("access-control-allow-origin", APP) in permissions(answer)
        assert ("access-control-expose-headers", "*") in permissions(answer)
    assert found[:4] == [400, 404, 400, 400]
    assert found[-1] == 429


@pytest.mark.parametrize("cache", [0, 60])
async def test_what_the_provider_says_of_pages_is_replaced(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, cache: int
) -> None:
    """Two permissions are none: a browser refuses both."""
    token = ("cf-aig-authorization", f"Bearer {access.token()}")
    reply = whole(
        b"{}",
        200,
        (("Access-Control-Allow-Origin", "https://vendor.example"), ("Vary", "Accept"), *PERMITS[2:]),
    )
    upstream.will(reply, reply)
    gateway = await open_gateway(configuration(upstream.url, cache_ttl=cache, **ALLOWED))
    client = await connect(gateway.url)
    for _ in range(2):
        answer = await client.ask("POST", f"/v1/acct/gw/{TAIL}", ASKS[0], token, body=b'{"model":"m"}')
        assert answer.status == 200
        assert permissions(answer) == [
            ("access-control-allow-origin", APP),
            ("access-control-expose-headers", "*"),
        ]
        assert [value for name, value in answer.headers if name.lower() == "vary"] == ["Accept", "Origin"]
    answer = await client.ask(
        "POST", f"/v1/acct/gw/{TAIL}", ("Origin", "https://evil.example"), token, body=b"{}"
    )
    assert permissions(answer) == []


async def test_a_page_that_is_named_is_as_good_as_a_program_here(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(configuration(upstream.url, cors_origins=[APP]))
    client = await connect(gateway.url)
    cross = ("Sec-Fetch-Site", "cross-site")
    answer = await client.ask("POST", f"/v1/acct/gw/{TAIL}", ASKS[0], cross, body=b"{}")
    assert (answer.status, dict(permissions(answer))["access-control-allow-origin"]) == (200, APP)
    check_error(
        await client.ask("POST", f"/v1/acct/gw/{TAIL}", ("Origin", "https://evil.example"), body=b"{}"),
        401,
        2009,
        "Unauthorized",
    )


async def test_any_origin_may_read_but_opens_no_door(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(configuration(upstream.url, cors_origins=["*"]))
    client = await connect(gateway.url)
    answer = await client.ask("OPTIONS", f"/v1/acct/gw/{TAIL}", *ASKS)
    assert (answer.status, answer.header("access-control-allow-origin")) == (204, "*")
    answer = await client.ask("POST", f"/v1/acct/gw/{TAIL}", ASKS[0], body=b"{}")
    check_error(answer, 401, 2009, "Unauthorized")
    assert answer.header("access-control-allow-origin") == "*"


async def test_the_steps_of_a_universal_request_say_it_once(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(whole(b"{}", 200, PERMITS))
    gateway = await open_gateway(configuration(upstream.url, cors_origins=[APP]))
    steps = [
        {"provider": "openai", "endpoint": "v1/x", "headers": {"Origin": "https://evil.example"}, "query": {}}
    ]
    body = json.dumps(steps).encode()
    answer = await (await connect(gateway.url)).ask("POST", "/v1/acct/gw", ASKS[0], body=body)
    assert answer.status == 200
    assert permissions(answer) == [
        ("access-control-allow-origin", APP),
        ("access-control-expose-headers", "*"),
    ]
