"""What is ordered is sent once: where it may have been carried out, no attempt and no step follows."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from orders_kit import BASE, BATCH, FORM, JSON, OK, ORDERS, Asked, ask, form, opened
from recall_kit import in_flight

from conftest import Connect, OpenGateway
from support.access import Access, bearer
from support.checks import check_error
from support.client import Answer, Header
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import Act, Headers, Reply, head, raw, silence, sized, whole
from support.upstream import Upstream

FAILED = "Failed to get response from provider"
THRICE: tuple[Header, ...] = (("cf-aig-max-attempts", "3"), ("cf-aig-retry-delay", "0"))

OTHERS: dict[str, Asked] = {
    "a chat": ("openai/v1/chat/completions", b'{"model":"m"}', JSON),
    "in the foreground": ("openai/v1/responses", b'{"model":"m","background":false}', JSON),
    "messages": ("anthropic/v1/messages", b'{"model":"m"}', JSON),
    "a search": ("parallel/v1/search", b'{"objective":"x"}', JSON),
    "at once": ("grok/v1/chat/completions", b'{"model":"m"}', JSON),
    "not called back": ("deepgram/v1/listen?model=nova-3", b"RIFF", JSON),
    "a cancel": ("openai/v1/batches/b/cancel", b"", JSON),
    "a file": ("openai/v1/files", form("purpose", "batch"), FORM),
    "a chat at a provider of one's own": ("custom-own/v1/chat/completions", b'{"model":"m"}', JSON),
}  # fmt: skip
FAILURES: dict[str, Reply] = {
    "reset": raw(Act.RESET),
    "closed": raw(Act.CLOSE),
    "half a head": raw(b"HTTP/1.1 200 OK\r\nContent-", Act.CLOSE),
    "an answer without its body": sized(10, Act.CLOSE),
    "only interim answers": raw(head(103), Act.CLOSE),
    **{str(status): whole(b"", status) for status in (408, 500, 502, 503, 504, 524, 529)},
    "a wait, and no full house": whole(b"", 500, (("retry-after", "0"),)),
}


@pytest.mark.parametrize("asked", ORDERS.values(), ids=ORDERS.keys())
@pytest.mark.parametrize("failure", [raw(Act.RESET), whole(b"down", 500)], ids=["reset", "500"])
async def test_orders_are_sent_once(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, asked: Asked, failure: Reply
) -> None:
    upstream.will(failure, OK)
    answer = await ask(connect, await opened(open_gateway, upstream), asked, *THRICE)
    assert answer.status in (500, 502)
    assert len(upstream.requests) == 1


@pytest.mark.parametrize(
    ("tail", "body"),
    [
        ("openai/v1/responses", b'{"model":"m","background":true}'),
        ("azure-openai/res/openai/responses?api-version=1", b'{"model":"m","background":true}'),
        ("google-ai-studio/v1beta/interactions", b'{"model":"m","background":true}'),
        ("grok/v1/chat/completions", b'{"model":"m","deferred":true}'),
    ],
)
@pytest.mark.parametrize("coding", ["br", "gzip", "dcb"])
async def test_what_a_body_may_hide_is_taken_for_an_order(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tail: str, body: bytes, coding: str
) -> None:
    """A label that is not true: who reads the body as it is finds an order in it."""
    upstream.will(whole(b"down", 500), OK)
    gateway = await opened(open_gateway, upstream)
    answer = await ask(connect, gateway, (tail, body, JSON), ("content-encoding", coding), *THRICE)
    assert (answer.status, len(upstream.requests)) == (500, 1)


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
async def test_however_they_fail(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, failure: Reply
) -> None:
    """By the gateway's setting as by a header; the log says why there was no other attempt."""
    upstream.will(failure, OK)
    gateway = await opened(open_gateway, upstream, retry_max_attempts=3, retry_delay=0)
    assert (await ask(connect, gateway, BATCH)).status >= 400
    assert len(upstream.requests) == 1
    (call,) = await gateway.calls(1)
    assert (call.attempts, call.success) == (1, False)
    why = [event.detail for event in call.trail if event.what == "order"]
    assert why == ["may have been carried out, and is not repeated"]


@pytest.mark.parametrize("asked", OTHERS.values(), ids=OTHERS.keys())
async def test_all_else_is_sent_again(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, asked: Asked
) -> None:
    upstream.will(raw(Act.RESET), whole(b"", 500), OK)
    answer = await ask(connect, await opened(open_gateway, upstream), asked, *THRICE)
    assert (answer.status, answer.body) == (200, b'{"id":"x"}')
    assert len(upstream.requests) == 3


REFUSALS: dict[str, tuple[int, Headers]] = {
    "429": (429, ()),
    "429, later": (429, (("retry-after", "1"),)),
    "a full house": (503, (("retry-after", "1"),)),
    "overloaded": (529, (("retry-after-ms", "20"),)),
    "told to try again": (500, (("x-should-retry", "true"),)),
    "told to, after a conflict": (409, (("x-should-retry", "true"),)),
}


@pytest.mark.parametrize(("status", "headers"), REFUSALS.values(), ids=REFUSALS.keys())
async def test_what_was_refused_was_not_carried_out(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int, headers: Headers
) -> None:
    upstream.will(whole(b"", status, headers), OK)
    assert (await ask(connect, await opened(open_gateway, upstream), BATCH, *THRICE)).status == 200
    assert len(upstream.requests) == 2


async def test_what_was_not_sent_was_not_carried_out(open_gateway: OpenGateway, connect: Connect) -> None:
    text = gateways(gw={}) + providers({"openai": "http://127.0.0.1:1"})
    gateway = await open_gateway(text)
    check_error(await ask(connect, gateway, BATCH, *THRICE), 502, 2005, FAILED)
    assert (await gateway.row()).attempts == 3


async def test_a_time_limit_says_nothing_of_what_becomes_of_it(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(silence())
    gateway = await opened(open_gateway, upstream)
    answer = await ask(connect, gateway, BATCH, *THRICE, ("cf-aig-request-timeout", "250"))
    check_error(answer, 504, 2005, FAILED)
    assert len(upstream.requests) == 1


@pytest.mark.parametrize(
    ("asked", "often"),
    [
        (("aws-bedrock/bedrock-runtime/us-east-1/async-invoke", b'{"modelId":"m","clientRequestToken":"1"}', JSON), 2),
        (("aws-bedrock/bedrock-runtime/us-east-1/async-invoke", b'{"modelId":"m","clientRequestToken":""}', JSON), 1),
        (("parallel/account/service/v1/balance/add", b'{"amount_cents":5,"idempotency_key":"12345678"}', JSON), 2),
        (("parallel/account/service/v1/balance/add", b'{"amount_cents":5}', JSON), 1),
        (("openai/v1/batches", b'{"clientRequestToken":"1","idempotency_key":"1"}', ("idempotency-key", "1")), 1),
    ],
)  # fmt: skip
async def test_a_key_that_the_provider_honours(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, asked: Asked, often: int
) -> None:
    upstream.will(raw(Act.RESET), OK)
    answer = await ask(connect, await opened(open_gateway, upstream), asked, *THRICE)
    assert (answer.status, len(upstream.requests)) == (200 if often == 2 else 502, often)


# -- stale connections


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (BATCH, 502),
        (OTHERS["a chat"], 502),
        (("parallel/v1beta/memory/retrieve", b"{}", JSON), 200),
        (("google-vertex-ai/v1/projects/p/locations/l/publishers/google/models/m:fetchPredictOperation", b"{}", JSON),
         200),
    ],
    ids=["an order", "a chat", "a read", "a poll"],
)  # fmt: skip
async def test_only_what_reads_is_sent_again_unasked(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, asked: Asked, status: int
) -> None:
    """On a pooled connection that the provider closes as soon as it is asked on it."""
    upstream.otherwise = lambda seen: raw(Act.CLOSE) if len(upstream.requests) == 1 else OK
    gateway = await opened(open_gateway, upstream)
    upstream.will(OK)
    assert (await ask(connect, gateway, OTHERS["a chat"])).status == 200
    assert (await ask(connect, gateway, asked)).status == status
    assert len(upstream.requests) == (3 if status == 200 else 2)


async def test_another_key_goes_out_on_a_connection_of_its_own(
    tmp_path: Path, open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Of the two that are pooled one brings the refusal, and the provider has let go of the other."""
    access = Access(tmp_path / "gateway-0" / "data")
    for key in ("sk-a-0123456789", "sk-b-0123456789"):
        access.key("openai", key)
    token = bearer(access.token())
    gateway = await opened(open_gateway, upstream, authentication=True)
    gate = asyncio.Event()
    upstream.will(Reply((gate, *OK.steps)), Reply((gate, *OK.steps)))
    both = [asyncio.create_task(ask(connect, gateway, BATCH, token)) for _ in range(2)]
    await upstream.request(2)
    gate.set()
    assert [answer.status for answer in await asyncio.gather(*both)] == [200, 200]
    refused = whole(b"", 401, (("connection", "close"),))
    upstream.otherwise = lambda seen: raw(Act.CLOSE) if seen.connection < 2 else OK
    upstream.will(refused)
    assert (await ask(connect, gateway, BATCH, token)).status == 200
    assert len(upstream.requests) == 4


# -- stored keys


@pytest.mark.parametrize(("status", "often"), [(401, 2), (402, 2), (403, 2), (429, 2), (500, 1), (504, 1)])
async def test_another_key_only_after_a_refusal(
    tmp_path: Path, open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int, often: int
) -> None:
    access = Access(tmp_path / "gateway-0" / "data")
    for key in ("sk-a-0123456789", "sk-b-0123456789"):
        access.key("openai", key)
    token = bearer(access.token())
    gateway = await opened(open_gateway, upstream, authentication=True)
    upstream.will(whole(b"", status), OK)
    answer = await ask(connect, gateway, BATCH, token)
    assert (answer.status, len(upstream.requests)) == (200 if often == 2 else status, often)


# -- steps


def step(provider: str, endpoint: str, query: object, **fields: object) -> dict[str, object]:
    return {"provider": provider, "endpoint": endpoint, "query": query, **fields}


ORDER_STEP = step("openai", "batches", {"input_file_id": "f"})
FLAGGED_STEP = step("openai", "responses", {"model": "m", "background": True})
CHAT_STEP = step("openai", "chat/completions", {"model": "m"})
UNKNOWN_STEP = step("openai", "nobody/knows", {"model": "m"})


async def ask_steps(connect: Connect, gateway: InProcess, steps: list[dict[str, object]]) -> Answer:
    return await (await connect(gateway.url)).ask("POST", BASE, JSON, body=json.dumps(steps).encode())


@pytest.mark.parametrize("first", [ORDER_STEP, FLAGGED_STEP], ids=["a batch", "in the background"])
@pytest.mark.parametrize("failure", [raw(Act.RESET), whole(b'{"error":1}', 500)], ids=["reset", "500"])
@pytest.mark.parametrize("second", [ORDER_STEP, CHAT_STEP], ids=["then a batch", "then a chat"])
async def test_no_step_follows_what_may_have_been_carried_out(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    first: dict[str, object],
    failure: Reply,
    second: dict[str, object],
) -> None:
    upstream.will(failure, OK)
    gateway = await opened(open_gateway, upstream)
    answer = await ask_steps(connect, gateway, [first, second])
    assert answer.header("cf-aig-step") == "0"
    if answer.status == 500:
        assert answer.body == b'{"error":1}'
    else:
        check_error(answer, 502, 2005, FAILED)
    assert len(upstream.requests) == 1
    (call,) = await gateway.calls(1)
    assert [event.what for event in call.trail][-1] == "order"


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422, 429])
async def test_a_step_follows_what_was_refused(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int
) -> None:
    upstream.will(whole(b"", status), OK)
    answer = await ask_steps(connect, await opened(open_gateway, upstream), [ORDER_STEP, ORDER_STEP])
    assert (answer.status, answer.header("cf-aig-step")) == (200, "1")
    assert len(upstream.requests) == 2


@pytest.mark.parametrize("first", [CHAT_STEP, UNKNOWN_STEP], ids=["a chat", "what no row knows"])
@pytest.mark.parametrize("failure", [raw(Act.RESET), whole(b"", 500)], ids=["reset", "500"])
async def test_steps_that_order_nothing_are_followed(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    first: dict[str, object],
    failure: Reply,
) -> None:
    """Also those that nobody knows: who lists steps knows what they are. They are not repeated by themselves."""
    upstream.will(failure, OK)
    config = {"maxAttempts": 1 if first is CHAT_STEP else 3, "retryDelay": 0}
    answer = await ask_steps(
        connect, await opened(open_gateway, upstream), [{**first, "config": config}, ORDER_STEP]
    )
    assert (answer.status, answer.header("cf-aig-step")) == (200, "1")
    assert len(upstream.requests) == 2


async def test_an_answer_to_an_order_that_is_no_sound_one_ends_it(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Its head says that it was carried out; what is wrong with it is found before the caller has any of it."""
    odd = raw(head(200, (("transfer-encoding", "gzip, chunked"),)) + b"0\r\n\r\n")
    upstream.will(odd, OK)
    answer = await ask_steps(connect, await opened(open_gateway, upstream), [ORDER_STEP, ORDER_STEP])
    assert (answer.status, answer.header("cf-aig-step")) == (502, "0")
    assert len(upstream.requests) == 1


async def test_who_joined_an_order_by_its_key_does_not_order_it_elsewhere(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await opened(open_gateway, upstream)
    keyed = {**ORDER_STEP, "headers": {"Idempotency-Key": "k", "content-type": "application/json"}}
    gate = asyncio.Event()
    upstream.will(Reply((gate, *whole(b"down", 500).steps)), OK)
    both = [asyncio.create_task(ask_steps(connect, gateway, [keyed, ORDER_STEP])) for _ in range(2)]
    await in_flight(gateway, 2)
    await upstream.request(1)
    gate.set()
    assert [(answer.status, answer.header("cf-aig-step")) for answer in await asyncio.gather(*both)] == [
        (500, "0"),
        (500, "0"),
    ]
    assert len(upstream.requests) == 1
