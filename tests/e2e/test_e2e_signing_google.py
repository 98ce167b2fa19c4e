"""Access tokens of Google's service accounts: made once, used again, made anew in time (Cloudflare 1.3.3, A6)."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from conftest import Connect, OpenGateway, Serve
from support.access import ACCOUNT, Access, bearer, holding
from support.checks import check_error
from support.client import Answer, Header
from support.configuration import gateways
from support.inprocess import InProcess
from support.replies import Act, Reply, raw, silence, whole
from support.service_accounts import TokenService, account, elliptic, pem, sent
from support.upstream import Upstream
from support.waiting import eventually

TAIL = "v1/projects/p/locations/us-central1/publishers/google/models/m:generateContent"
TARGET = f"/v1/{ACCOUNT}/gw/google-vertex-ai/{TAIL}"
NO_BYOK = "Configured BYOK credentials are unavailable"
UNREACHED = "Failed to get response from provider"
MINUTE = 60.0


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path / "gateway-0" / "data")


@pytest.fixture
async def tokens() -> AsyncIterator[TokenService]:
    server = await Upstream.start()
    yield TokenService(server)
    await server.close()


def served(upstream: Upstream, tokens: TokenService, **fields: object) -> str:
    table = f'[providers.google-vertex-ai]\nbase_url = "{upstream.url}"\ntoken_url = "{tokens.url}"\n'
    return gateways(gw=fields) + table


async def ask(
    connect: Connect, gateway: InProcess, *headers: Header, target: str = TARGET, body: bytes = b"{}"
) -> Answer:
    return await (await connect(gateway.url)).ask("POST", target, *headers, body=body)


def went_out(upstream: Upstream) -> list[str]:
    return [(seen.header("authorization") or b"").decode() for seen in upstream.requests]


def tokens_named(*numbers: int) -> list[str]:
    return [f"Bearer ya29.token-{number}" for number in numbers]


# -- the forms


@pytest.mark.parametrize("indent", [None, 2])
async def test_a_stored_account(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    tokens: TokenService,
    connect: Connect,
    indent: int | None,
) -> None:
    access.key("google-vertex-ai", json.dumps(json.loads(account(region="us-central1")), indent=indent))
    gateway = await open_gateway(served(upstream, tokens))
    for _ in range(3):
        assert (await ask(connect, gateway)).status == 200
    assert went_out(upstream) == tokens_named(1, 1, 1)
    assert upstream.requests[0].target == f"/{TAIL}".encode()
    tokens.check(gateway.clock)
    assert [row.byok for row in await gateway.rows(3)] == [True] * 3


@pytest.mark.parametrize("form", ["padded", "bare", "url-safe", "in lines"])
async def test_a_callers_account(
    open_gateway: OpenGateway, upstream: Upstream, tokens: TokenService, connect: Connect, form: str
) -> None:
    text = account(region="us-central1", note="??>>~~~")
    if form == "in lines":
        text = json.dumps(json.loads(text), indent=2)
    header = sent(text)
    header = header if form == "padded" else header.rstrip("=")
    header = header.replace("+", "-").replace("/", "_") if form == "url-safe" else header
    gateway = await open_gateway(served(upstream, tokens))
    for _ in range(2):
        assert (await ask(connect, gateway, ("Authorization", header))).status == 200
    assert went_out(upstream) == tokens_named(1, 1)
    tokens.check(gateway.clock)
    assert [row.byok for row in await gateway.rows(2)] == [False] * 2


async def test_a_callers_account_goes_before_a_stored_one(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, tokens: TokenService, connect: Connect
) -> None:
    access.key("google-vertex-ai", account(0))
    gateway = await open_gateway(served(upstream, tokens, byok_only=True))
    await ask(connect, gateway)
    await ask(connect, gateway, ("authorization", sent(account(1))))
    await ask(connect, gateway, ("authorization", "Bearer ya29.plain-token_0123456789"))
    assert went_out(upstream) == [*tokens_named(1, 2), "Bearer ya29.plain-token_0123456789"]
    assert [row.byok for row in await gateway.rows(3)] == [True, False, False]


async def test_an_account_in_a_second_line_does_not_go_out(
    open_gateway: OpenGateway, upstream: Upstream, tokens: TokenService, connect: Connect
) -> None:
    gateway = await open_gateway(served(upstream, tokens))
    for headers in (("Bearer ya29.0123456789", sent(account())), (sent(account()), "Bearer ya29.0123456789")):
        lines = [("authorization", value) for value in headers]
        assert (await ask(connect, gateway, *lines)).status == 200
    assert went_out(upstream) == tokens_named(1, 1)


async def test_a_header_of_the_operators_goes_in_its_place(
    open_gateway: OpenGateway, upstream: Upstream, tokens: TokenService, connect: Connect
) -> None:
    text = served(upstream, tokens) + 'headers = { authorization = "Bearer of-the-operator-0123" }\n'
    gateway = await open_gateway(text)
    await ask(connect, gateway, ("authorization", sent(account())))
    assert went_out(upstream) == ["Bearer of-the-operator-0123"]
    assert tokens.made == 0


async def test_a_step_with_an_account(
    open_gateway: OpenGateway, upstream: Upstream, tokens: TokenService, connect: Connect
) -> None:
    gateway = await open_gateway(served(upstream, tokens))
    step = {
        "provider": "google-vertex-ai",
        "endpoint": TAIL,
        "headers": {"Authorization": sent(account())},
        "query": {"a": 1},
    }
    answer = await ask(connect, gateway, target=f"/v1/{ACCOUNT}/gw", body=json.dumps([step]).encode())
    assert answer.status == 200
    assert went_out(upstream) == tokens_named(1)


# -- time


async def test_it_is_renewed_ahead_of_its_end_while_the_old_one_serves(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, tokens: TokenService, connect: Connect
) -> None:
    access.key("google-vertex-ai", account())
    gateway = await open_gateway(served(upstream, tokens))
    await ask(connect, gateway)
    gateway.advance(54 * MINUTE)
    await ask(connect, gateway)
    assert tokens.made == 1
    gateway.advance(1 * MINUTE)
    tokens.server.will(silence())  # who makes a new one is waited for by nobody
    await ask(connect, gateway)
    await tokens.server.request(2)
    await ask(connect, gateway)
    assert went_out(upstream) == tokens_named(1, 1, 1, 1)
    assert len(tokens.server.requests) == 2


async def test_the_new_one_is_used_when_it_is_there(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, tokens: TokenService, connect: Connect
) -> None:
    access.key("google-vertex-ai", account())
    gateway = await open_gateway(served(upstream, tokens))
    await ask(connect, gateway)
    gateway.advance(56 * MINUTE)
    await ask(connect, gateway)
    await eventually(lambda: tokens.made == 2 or None, "another token")

    async def goes_out() -> str:
        await ask(connect, gateway)
        return went_out(upstream)[-1]

    while await goes_out() != tokens_named(2)[0]:
        pass
    tokens.check(gateway.clock)


async def test_one_that_has_ended_is_not_used(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, tokens: TokenService, connect: Connect
) -> None:
    access.key("google-vertex-ai", account())
    gateway = await open_gateway(served(upstream, tokens))
    await ask(connect, gateway)
    gateway.advance(61 * MINUTE)
    await ask(connect, gateway)
    assert went_out(upstream) == tokens_named(1, 2)


async def test_a_renewal_that_fails_leaves_the_old_one(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, tokens: TokenService, connect: Connect
) -> None:
    access.key("google-vertex-ai", account())
    gateway = await open_gateway(served(upstream, tokens))
    await ask(connect, gateway)
    gateway.advance(56 * MINUTE)
    tokens.server.will(whole(b"", 503))
    assert (await ask(connect, gateway)).status == 200
    await tokens.server.request(2)
    assert (await ask(connect, gateway)).status == 200
    assert len(tokens.server.requests) == 2  # for some seconds nobody tries again
    assert went_out(upstream) == tokens_named(1, 1, 1)


# -- many at once


async def test_many_calls_at_once_make_one(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, tokens: TokenService, connect: Connect
) -> None:
    access.key("google-vertex-ai", account())
    gateway = await open_gateway(served(upstream, tokens))
    answers = await asyncio.gather(*(ask(connect, gateway) for _ in range(20)))
    assert {answer.status for answer in answers} == {200}
    assert went_out(upstream) == tokens_named(*[1] * 20)
    assert tokens.made == 1


async def test_workers_share_it(
    access: Access, serve: Serve, upstream: Upstream, tokens: TokenService, connect: Connect
) -> None:
    """And whoever comes after them; nowhere is it in the clear."""
    access.key("google-vertex-ai", account())
    text = served(upstream, tokens) + "[server]\nworkers = 2\n"
    gateway = await serve(text, folder="gateway-0")
    for _ in range(10):
        client = await connect(gateway.url)
        assert (await client.ask("POST", TARGET, body=b"{}")).status == 200
    assert tokens.made == 1
    await gateway.stop()
    assert holding(access.data, "ya29.token-") == []
    gateway = await serve(text, folder="gateway-0")
    assert (await (await connect(gateway.url)).ask("POST", TARGET, body=b"{}")).status == 200
    assert tokens.made == 1


# -- refusals


async def test_a_token_that_is_refused_is_made_anew_once(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, tokens: TokenService, connect: Connect
) -> None:
    access.key("google-vertex-ai", account())
    gateway = await open_gateway(served(upstream, tokens))
    await ask(connect, gateway)
    upstream.will(whole(b"{}", 401))
    assert (await ask(connect, gateway, body=b'{"x":1}')).status == 200
    assert went_out(upstream) == tokens_named(1, 1, 2)
    assert bytes(upstream.requests[2].body) == b'{"x":1}'
    upstream.will(whole(b'{"no":1}', 401), whole(b'{"no":2}', 401))
    answer = await ask(connect, gateway)
    assert (answer.status, answer.body) == (401, b'{"no":2}')
    assert went_out(upstream)[3:] == tokens_named(2, 3)


async def test_a_callers_token_that_is_refused_is_made_anew_once(
    open_gateway: OpenGateway, upstream: Upstream, tokens: TokenService, connect: Connect
) -> None:
    gateway = await open_gateway(served(upstream, tokens))
    upstream.will(whole(b"{}", 401))
    assert (await ask(connect, gateway, ("authorization", sent(account())))).status == 200
    assert went_out(upstream) == tokens_named(1, 2)


async def test_an_account_without_a_token_gives_way_to_the_next(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, tokens: TokenService, connect: Connect
) -> None:
    access.key("google-vertex-ai", account(0))
    access.key("google-vertex-ai", account(1))
    gateway = await open_gateway(served(upstream, tokens))
    tokens.server.will(whole(b'{"error":"invalid_grant"}', 400))
    for _ in range(2):
        assert (await ask(connect, gateway)).status == 200
    assert went_out(upstream) == tokens_named(1, 1)


@pytest.mark.parametrize(
    ("reply", "status", "said"),
    [
        (
            whole(b'{"error":"invalid_grant","error_description":"Account \\u001b[2J deleted"}', 400),
            400,
            "deleted",
        ),
        (whole(b"<html>", 403), 400, "status 403"),
        (whole(b"", 503), 502, "status 503"),
        (whole(b"", 302, (("location", "http://127.0.0.1:1/token"),)), 502, "redirect"),
        (whole(b"not json"), 502, "no access token"),
        (whole(b"[" * 5000), 502, "no access token"),
        (whole(b'{"access_token":"a\\r\\nx: y","expires_in":3600}'), 502, "no access token"),
        (whole(b'{"access_token":"ya29.0123456","expires_in":-1}'), 502, "no access token"),
        (whole(b'{"access_token":"ya29.0123456"}'), 502, "no access token"),
        (whole(b'{"access_token":"' + b"x" * 100_000 + b'","expires_in":60}'), 502, "no access token"),
        (raw(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{", Act.CLOSE), 502, "127.0.0.1"),
    ],
)
async def test_what_the_token_service_may_answer(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    tokens: TokenService,
    connect: Connect,
    reply: Reply,
    status: int,
    said: str,
) -> None:
    access.key("google-vertex-ai", account())
    gateway = await open_gateway(served(upstream, tokens))
    tokens.server.will(reply)
    answer = await ask(connect, gateway)
    code, message = (2040, NO_BYOK) if status == 400 else (2005, UNREACHED)
    description = check_error(answer, status, code, message)
    assert said in description
    assert "google-vertex-ai" in description
    assert "\x1b" not in description
    assert upstream.requests == []
    assert (await ask(connect, gateway)).status == 200  # nothing of it stays


async def test_a_token_service_that_is_down(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, tokens: TokenService, connect: Connect
) -> None:
    access.key("google-vertex-ai", account())
    gateway = await open_gateway(served(upstream, tokens))
    await tokens.server.close()
    description = check_error(await ask(connect, gateway), 502, 2005, UNREACHED)
    assert "no access token could be made" in description


async def test_a_token_service_that_is_slow(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, tokens: TokenService, connect: Connect
) -> None:
    access.key("google-vertex-ai", account())
    gateway = await open_gateway(served(upstream, tokens))
    tokens.server.will(silence())
    answer = await ask(connect, gateway, ("cf-aig-request-timeout", "30"))
    assert "30 ms" in check_error(answer, 504, 2005, UNREACHED)
    assert upstream.requests == []


# -- what callers make up


HOSTILE: dict[str, tuple[dict[str, object], str]] = {
    "token_uri elsewhere": ({"token_uri": "https://evil.example/token"}, "token_uri"),
    "token_uri beside": ({"token_uri": "https://oauth2.googleapis.com@evil.example/token"}, "token_uri"),
    "token_uri with a port": ({"token_uri": "https://oauth2.googleapis.com:1/token"}, "token_uri"),
    "token_uri in the open": ({"token_uri": "http://oauth2.googleapis.com/token"}, "token_uri"),
    "token_uri that is none": ({"token_uri": "https://["}, "token_uri"),
    "another universe": ({"universe_domain": "evil.example"}, "universe_domain"),
    "no PEM": ({"private_key": "x" * 2000}, "private_key"),
    "a bad PEM": (
        {"private_key": "-----BEGIN PRIVATE KEY-----\nMIIE" + "A" * 80 + "\n-----END PRIVATE KEY-----\n"},
        "private_key",
    ),
    "an elliptic key": ({"private_key": elliptic()}, "private_key"),
    "a large key": (
        {"private_key": f"-----BEGIN PRIVATE KEY-----\n{'A' * 6000}\n-----END PRIVATE KEY-----\n"},
        "private_key",
    ),
    "a key id of lines": ({"private_key_id": "a\r\nb"}, "private_key_id"),
    "no address": ({"client_email": ""}, "client_email missing"),
    "an address of lines": ({"client_email": "a\n@b"}, "client_email"),
    "a region that is a host": ({"region": "x.evil.example/"}, "region"),
    "a project that is a path": ({"project_id": "../x"}, "project_id"),
    "another type": ({"type": "authorized_user"}, "type"),
    "a number": ({"private_key": 7}, "service account"),
    "deep": ({"deep": json.loads("[" * 500 + "]" * 500), "client_email": ""}, "client_email missing"),
    "huge": ({"pad": "x" * 20_000}, "at most"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_an_account_that_is_none(
    open_gateway: OpenGateway, upstream: Upstream, tokens: TokenService, connect: Connect, name: str
) -> None:
    members, said = HOSTILE[name]
    gateway = await open_gateway(served(upstream, tokens))
    answer = await ask(connect, gateway, ("authorization", sent(account(**members))))
    description = check_error(answer, 400, 2040, NO_BYOK)
    assert said in description
    assert "service account" in description
    assert "evil" not in description
    assert upstream.requests == tokens.server.requests == []


async def test_strangers_that_make_many_at_once_wait_for_each_other(
    access: Access, open_gateway: OpenGateway, upstream: Upstream, tokens: TokenService, connect: Connect
) -> None:
    """And never for their turn at the cost of who has a token of the gateway, or of a stored key."""
    access.key("google-vertex-ai", account(2))
    token = access.token()
    gateway = await open_gateway(served(upstream, tokens))
    tokens.server.will(*[silence()] * 8)
    waiting = [
        asyncio.create_task(
            ask(connect, gateway, ("authorization", sent(account(private_key_id=f"k{number}"))))
        )
        for number in range(8)
    ]
    await tokens.server.request(8)
    ninth = await ask(connect, gateway, ("authorization", sent(account(private_key_id="k9"))))
    assert "too many" in check_error(ninth, 503, 9503, "Service unavailable")
    assert (await ask(connect, gateway, bearer(token), ("authorization", sent(account(1))))).status == 200
    assert (await ask(connect, gateway)).status == 200
    assert went_out(upstream) == tokens_named(1, 2)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


# -- secrets


async def test_they_are_in_no_file(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    tokens: TokenService,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever the provider and the token service echo."""
    caplog.set_level(logging.DEBUG)
    access.key("google-vertex-ai", account(0))
    gateway = await open_gateway(served(upstream, tokens))
    own = sent(account(1))
    upstream.will(whole(b"ya29.token-1"), whole(b"ya29.token-2 " + own.encode(), 403))
    await ask(connect, gateway)
    await ask(connect, gateway, ("authorization", own))
    gateway.advance(61 * MINUTE)

    def echo(body: bytes) -> bytes:
        said = json.dumps({"error": "invalid_grant", "error_description": body.decode()}).encode()
        return b"HTTP/1.1 400 Bad Request\r\ncontent-length: %d\r\n\r\n%b" % (len(said), said)

    tokens.server.will(raw(echo))
    answer = await ask(connect, gateway, ("authorization", own))
    assert answer.status == 400
    assertion = bytes(tokens.server.requests[-1].body).rpartition(b"=")[2].decode()
    rows = repr(await gateway.calls(3))
    lines = [line for number in (0, 1) for line in pem(number).split("\n")[1:3]]
    for secret in (own.split()[1], assertion, assertion.rpartition(".")[2], "ya29.token-", *lines):
        assert secret not in rows
        assert holding(gateway.data, secret) == []
        assert secret not in caplog.text
        assert secret not in answer.body.decode()


# -- models by their names


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"region": "europe-west4"}, "v1/projects/acme-1/locations/europe-west4"),
        ({}, "v1/projects/acme-1/locations/global"),
        ({"project_id": ""}, "v1"),
    ],
)
async def test_a_named_model_is_asked_in_the_place_of_the_account(
    access: Access,
    open_gateway: OpenGateway,
    upstream: Upstream,
    tokens: TokenService,
    connect: Connect,
    stored: bool,
    members: dict[str, object],
    place: str,
) -> None:
    text = account(**members)
    if stored:
        access.key("google-vertex-ai", text)
    gateway = await open_gateway(served(upstream, tokens))
    headers = [] if stored else [("authorization", sent(text))]
    target = f"/v1/{ACCOUNT}/gw/compat/chat/completions"
    for model in ("gemini-x", "meta/llama-x"):
        question = {"model": f"google-vertex-ai/{model}", "messages": [{"role": "user", "content": "hi"}]}
        await ask(connect, gateway, *headers, target=target, body=json.dumps(question).encode())
    assert [seen.target.decode() for seen in upstream.requests] == [
        f"/{place}/publishers/google/models/gemini-x:generateContent",
        f"/{place}/endpoints/openapi/chat/completions",
    ]
    assert went_out(upstream) == tokens_named(1, 1)
