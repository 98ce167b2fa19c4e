"""`Idempotency-Key`: what was asked once under a key is done once, and answered as often as it is asked."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from recall_kit import (
    CHAT,
    JSON,
    QUESTION,
    add_token,
    cache_status,
    caller,
    callers,
    numbering,
)

from conftest import Connect, OpenGateway
from support.canned import EVENTS
from support.checks import check_error, check_ids
from support.client import Answer, Broken, Header
from support.configuration import gateways, openai, providers
from support.inprocess import InProcess
from support.replies import Act, Reply, chunked, head, raw, sized, whole
from support.upstream import Upstream

KEY = ("Idempotency-Key", "order-1")
DAY = 24 * 3600
MEBIBYTE = bytes(range(256)) * 4096
BEFORE = "Idempotency key used before"


def replayed(answer: Answer) -> bool:
    return answer.header("idempotent-replayed") == "true"


# -- given again


async def test_a_repeat_gets_the_first_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    numbering(upstream)
    gateway = await open_gateway(openai(upstream.url))
    client = await caller(gateway, connect)
    first = await client.ask(KEY)
    gateway.clock.ahead += 90
    second = await client.ask(KEY)
    assert [replayed(first), replayed(second)] == [False, True]
    assert "idempotent-replayed" not in first.names
    assert (second.status, second.body) == (200, first.body)
    assert second.header("content-type") == "application/json"
    assert [cache_status(first), cache_status(second)] == [None, None]
    assert check_ids(first) != check_ids(second)
    seen = await upstream.only()
    assert seen.header("idempotency-key") == b"order-1"
    done, repeated = await gateway.rows(2)
    assert (done.cached, done.attempts) == (False, 1)
    assert (repeated.cached, repeated.cost, repeated.attempts) == (True, 0, 0)
    assert (repeated.status_code, repeated.outcome) == (200, "complete")


@pytest.mark.parametrize("body", [b"", b"\x00\xff\r\n", MEBIBYTE])
@pytest.mark.parametrize("status", [200, 201, 202, 302, 400, 404, 422])
async def test_whatever_says_that_it_was_done_or_never_will_be_is_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, body: bytes, status: int
) -> None:
    headers = (("Content-Type", "audio/mpeg"), ("X-A", "1"), ("X-A", "2"), ("Location", "/r/1"))
    upstream.will(whole(body, status, headers))
    client = await caller(await open_gateway(openai(upstream.url)), connect)
    first, second = [await client.ask(KEY) for _ in range(2)]
    assert replayed(second)
    for answer in (first, second):
        assert (answer.status, answer.body) == (status, body)
        assert [pair for pair in answer.headers if pair in headers] == list(headers)
    assert len(upstream.requests) == 1


async def test_an_answer_without_a_body(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """204 has no length either (RFC 9110, 8.6)."""
    upstream.will(raw(head(204)))
    client = await caller(await open_gateway(openai(upstream.url)), connect)
    first, second, third = [await client.ask(KEY) for _ in range(3)]
    assert [answer.status for answer in (first, second, third)] == [204] * 3
    assert [replayed(second), replayed(third)] == [True, True]
    assert {"content-length", "transfer-encoding"}.isdisjoint(second.names)


async def test_a_stream_is_replayed_as_a_stream(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    data = b"".join(EVENTS)
    upstream.will(chunked(data[:7], data[7:50], data[50:], headers=(("content-type", "text/event-stream"),)))
    client = await caller(await open_gateway(openai(upstream.url)), connect)
    assert (await client.ask(KEY)).body == data
    await client.send(KEY)
    answer = await client.client.head()
    assert answer.header("idempotent-replayed") == "true"
    assert answer.header("transfer-encoding") == "chunked"
    assert [await client.client.chunk() for _ in range(len(EVENTS) + 1)] == [*EVENTS, b""]


async def test_a_cookie_is_not_replayed(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(whole(b"{}", headers=(("Set-Cookie", "a=1"), *JSON)))
    client = await caller(await open_gateway(openai(upstream.url)), connect)
    assert [("set-cookie" in (await client.ask(KEY)).names) for _ in range(2)] == [True, False]


async def test_for_a_day(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    numbering(upstream)
    gateway = await open_gateway(openai(upstream.url))
    for seconds, number in ((0, 1), (DAY - 1, 1), (1, 2), (0, 2)):
        gateway.clock.ahead += seconds
        assert (await (await caller(gateway, connect)).ask(KEY)).json() == {"number": number}


async def test_for_as_long_as_configured(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    numbering(upstream)
    gateway = await open_gateway(openai(upstream.url, "[idempotency]\nttl = 60\n"))
    client = await caller(gateway, connect)
    for seconds, number in ((0, 1), (59, 1), (1, 2)):
        gateway.clock.ahead += seconds
        assert (await client.ask(KEY)).json() == {"number": number}


async def test_across_a_restart(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    numbering(upstream)
    for expected in (False, True):
        gateway = await InProcess.start(tmp_path / "same", openai(upstream.url))
        try:
            answer = await (await caller(gateway, connect)).ask(KEY)
        finally:
            await gateway.stop()
        assert (replayed(answer), answer.json()) == (expected, {"number": 1})


# -- another question, another owner


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CHAT, QUESTION + b" "),
        (CHAT, b""),
        (CHAT + "?a=1", QUESTION),
        (CHAT.replace("chat/completions", "responses"), QUESTION),
        (CHAT.replace("/openai/", "/groq/"), QUESTION),
    ],
)
async def test_another_request_under_the_key_is_refused(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, path: str, body: bytes
) -> None:
    text = gateways() + providers({"openai": upstream.url, "groq": upstream.url})
    client = await caller(await open_gateway(text), connect)
    await client.ask(KEY)
    description = check_error(await client.ask(KEY, path=path, body=body), 409, 9409, BEFORE)
    assert "order-1" not in description
    assert replayed(await client.ask(KEY))
    assert len(upstream.requests) == 1


async def test_another_request_while_the_first_is_under_way_is_refused(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(Reply((gate, *whole(b"done").steps)))
    gateway = await open_gateway(openai(upstream.url))
    first, second = await callers(gateway, connect, 2)
    await first.send(KEY)
    await upstream.request(1)
    check_error(await second.ask(KEY, body=b"other"), 409, 9409, BEFORE)
    gate.set()
    assert (await first.client.answer()).body == b"done"
    assert len(upstream.requests) == 1


async def test_the_keys_of_others_are_other_keys(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Of another vendor key, another gateway, another account, another token; also with another request."""
    numbering(upstream)
    text = gateways(gw={}, two={}) + gateways("other", gw={}) + providers({"openai": upstream.url})
    gateway = await open_gateway(text)
    tokens = [add_token(gateway, number) for number in (1, 2)]
    client = await caller(gateway, connect)
    ways: list[tuple[tuple[Header, ...], str, str]] = [
        ((), CHAT, "sk-1"),
        ((), CHAT, "sk-2"),
        ((), CHAT, ""),
        ((), CHAT.replace("/gw/", "/two/"), "sk-1"),
        ((), CHAT.replace("/acct/", "/other/"), "sk-1"),
        ((tokens[0],), CHAT, "sk-1"),
        ((tokens[1],), CHAT, "sk-1"),
        ((("Idempotency-Key", "order-2"),), CHAT, "sk-1"),
    ]
    for _ in range(2):
        for number, (headers, path, key) in enumerate(ways, 1):
            mine = headers if any(name == KEY[0] for name, _ in headers) else (KEY, *headers)
            answer = await client.ask(*mine, path=path, key=key, body=b"%d" % number)
            assert answer.json() == {"number": number}
    assert len(upstream.requests) == len(ways)


async def test_a_token_is_the_owner_whatever_its_vendor_key(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    token = add_token(gateway, 1)
    client = await caller(gateway, connect)
    await client.ask(KEY, token, key="sk-1")
    assert replayed(await client.ask(KEY, token, key="sk-2"))


async def test_real_keys_in_a_second_header_are_owners_too(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Two customers whose libraries both send `none` as Bearer."""
    numbering(upstream)
    client = await caller(await open_gateway(gateways() + providers({"anthropic": upstream.url})), connect)
    path = "/v1/acct/gw/anthropic/v1/messages"
    answers = [
        await client.ask(KEY, ("x-api-key", key), path=path, key="none") for key in ("sk-ant-1", "sk-ant-2")
    ]
    assert [answer.json()["number"] for answer in answers] == [1, 2]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
async def test_other_methods_take_no_notice(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, method: str
) -> None:
    client = await caller(await open_gateway(openai(upstream.url)), connect)
    body = None if method in ("GET", "HEAD") else b"{}"
    for _ in range(2):
        answer = await client.ask(KEY, method=method, body=body)
        assert (answer.status, replayed(answer)) == (200, False)
    assert [seen.header("idempotency-key") for seen in upstream.requests] == [b"order-1"] * 2


async def test_an_empty_key_is_none(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    client = await caller(await open_gateway(openai(upstream.url)), connect)
    for _ in range(2):
        assert not replayed(await client.ask(("Idempotency-Key", "")))
    assert len(upstream.requests) == 2


@pytest.mark.parametrize("key", ["k" * 8000, '"quoted"', "\xe9\xff", "a b,c"])
async def test_any_text_is_a_key(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, key: str
) -> None:
    client = await caller(await open_gateway(openai(upstream.url)), connect)
    assert [replayed(await client.ask(("Idempotency-Key", key))) for _ in range(2)] == [False, True]
    assert not replayed(await client.ask(("Idempotency-Key", key + "x")))


# -- not done yet, or not at all


@pytest.mark.parametrize("status", [401, 402, 403, 408, 409, 425, 429, 500, 502, 503, 504, 529])
async def test_a_retry_goes_through_after_what_may_pass(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int
) -> None:
    upstream.will(whole(b"not now", status))
    numbering(upstream)
    client = await caller(await open_gateway(openai(upstream.url)), connect)
    first = await client.ask(KEY)
    assert (first.status, first.body) == (status, b"not now")
    assert [(await client.ask(KEY)).json() for _ in range(2)] == [{"number": 2}] * 2


@pytest.mark.parametrize("other", [QUESTION, b"changed"])
async def test_a_failure_of_the_provider_frees_the_key(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, other: bytes
) -> None:
    upstream.will(raw(Act.CLOSE), sized(9, b"half", Act.CLOSE))
    numbering(upstream)
    gateway = await open_gateway(openai(upstream.url))
    assert (await (await caller(gateway, connect)).ask(KEY)).status == 502
    with pytest.raises(Broken):
        await (await caller(gateway, connect)).ask(KEY)
    await gateway.settled()
    answer = await (await caller(gateway, connect)).ask(KEY, body=other)
    assert (replayed(answer), answer.json()) == (False, {"number": 3})


async def test_a_refusal_of_the_gateway_frees_the_key(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    limit = {"rate_limiting_limit": 1, "rate_limiting_interval": 60}
    gateway = await open_gateway(gateways(gw=limit) + providers({"openai": upstream.url}))
    client = await caller(gateway, connect)
    await client.ask()
    assert (await client.ask(KEY)).status == 429
    gateway.clock.ahead += 60
    answer = await client.ask(KEY)
    assert (answer.status, replayed(answer)) == (200, False)
