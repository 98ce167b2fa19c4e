"""Who orders the same at the same time wants it twice: only what is made out of the request is shared in flight."""

from __future__ import annotations

import asyncio
import gzip

import pytest
from orders_kit import JSON, OK, ORDERS, Asked, ask, opened
from recall_kit import TTL, in_flight

from conftest import Connect, OpenGateway
from support.client import Answer, Header
from support.replies import Reply
from support.upstream import Upstream

BOTH = 2
BACKGROUND = b'{"model":"m","background":true%b}'
PADDING = b',"input":"%b"' % (b"a" * 600_000)
GZIP: Header = ("content-encoding", "gzip")
UNKNOWN_CODING: Header = ("content-encoding", "nobody-knows")
CHATS: dict[str, Asked] = {
    "a chat": ("openai/v1/chat/completions", b'{"model":"m"}', JSON),
    "in the foreground": ("openai/v1/responses", b'{"model":"m","background":false}', JSON),
    "messages": ("anthropic/v1/messages", b'{"model":"m"}', JSON),
    "a search": ("parallel/v1/search", b'{"objective":"x"}', JSON),
    "not called back": ("deepgram/v1/listen?model=nova-3", b"RIFF", JSON),
}


@pytest.fixture
def gate(upstream: Upstream) -> asyncio.Event:
    """Holds all answers back until it is set."""
    gate = asyncio.Event()
    upstream.otherwise = lambda seen: Reply((gate, *OK.steps))
    return gate


async def asked_at_once(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    gate: asyncio.Event,
    asked: Asked,
    *headers: Header,
    sent: int,
    **fields: object,
) -> list[Answer]:
    """The answers to two equal requests that are under way together, of which so many go on."""
    gateway = await opened(open_gateway, upstream, **fields)
    both = [asyncio.create_task(ask(connect, gateway, asked, *headers)) for _ in range(BOTH)]
    await in_flight(gateway, BOTH)
    await upstream.request(sent)
    gate.set()
    answers = await asyncio.gather(*both)
    assert [answer.status for answer in answers] == [200] * BOTH
    assert len(upstream.requests) == sent
    return answers


@pytest.mark.parametrize("asked", ORDERS.values(), ids=ORDERS.keys())
async def test_orders_are_not_joined(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, gate: asyncio.Event, asked: Asked
) -> None:
    answers = await asked_at_once(open_gateway, upstream, connect, gate, asked, sent=BOTH, cache_ttl=3600)
    assert [answer.header("cf-aig-cache-status") for answer in answers] == [None, None]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (BACKGROUND % PADDING, ()),
        (gzip.compress(BACKGROUND % b""), (GZIP,)),
        (gzip.compress(BACKGROUND % PADDING), (GZIP,)),
        (b'{"model":"m","\\u0062ackground":true}', ()),
        (b'\xef\xbb\xbf{"background":true}', ()),
        (b'{"background":true}', (UNKNOWN_CODING,)),
        (b'{"background":true', ()),
    ],
    ids=[
        "large",
        "packed",
        "large and packed",
        "escaped",
        "with a mark",
        "in a coding of its own",
        "broken off",
    ],
)
async def test_however_the_flag_is_written(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    gate: asyncio.Event,
    body: bytes,
    headers: tuple[Header, ...],
) -> None:
    """What may hide one is not shared either."""
    asked = ("openai/v1/responses", body, JSON)
    await asked_at_once(open_gateway, upstream, connect, gate, asked, *headers, sent=BOTH, cache_ttl=3600)


@pytest.mark.parametrize("asked", CHATS.values(), ids=CHATS.keys())
async def test_what_is_made_out_of_the_request_is_joined(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, gate: asyncio.Event, asked: Asked
) -> None:
    answers = await asked_at_once(open_gateway, upstream, connect, gate, asked, sent=1, cache_ttl=3600)
    assert sorted(answer.header("cf-aig-cache-status") or "" for answer in answers) == ["HIT", "MISS"]


async def test_nothing_is_joined_where_nothing_is_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, gate: asyncio.Event
) -> None:
    await asked_at_once(open_gateway, upstream, connect, gate, CHATS["a chat"], sent=BOTH)


@pytest.mark.parametrize("header", [TTL, ("cf-aig-cache-key", "k"), ("idempotency-key", "k")])
async def test_orders_are_joined_where_their_caller_says_so(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, gate: asyncio.Event, header: Header
) -> None:
    """Who names a time or a key for an order wants one for all that are alike, also when they come together."""
    await asked_at_once(open_gateway, upstream, connect, gate, ORDERS["a batch"], header, sent=1)
