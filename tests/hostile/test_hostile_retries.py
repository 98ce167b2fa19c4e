"""Providers that fail in the worst way between two attempts, and callers that try to gain from it."""

from __future__ import annotations

import asyncio

import pytest
from hostile_kit import (
    CHAT,
    HEAD,
    Complaints,
    busy,
    free_memory,
    gateway_for,
    is_envelope,
    is_refused,
    nothing_left,
    still_serves,
)

from conftest import Connect, OpenGateway
from support.client import Broken, Header, request
from support.configuration import openai
from support.replies import Act, Reply, head, raw, sized, whole
from support.upstream import Seen, Upstream

THREE: tuple[Header, ...] = (("cf-aig-max-attempts", "3"), ("cf-aig-retry-delay", "100"))
OK = whole(b"fine")
ENDLESS = b"x" * 65_536


def endless(status: int, *, first: bytes = b"") -> Reply:
    """A failure whose body does not come, or not to its end."""
    return raw(head(status, (("transfer-encoding", "chunked"),)) + first, asyncio.Event())


@pytest.mark.parametrize("status", [408, 429, 500, 503])
@pytest.mark.parametrize("first", [b"", b"1\r\nx\r\n"], ids=["no body", "some body"])
async def test_failure_that_keeps_its_body(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int, first: bytes
) -> None:
    """Its status says all that is needed: the next attempt waits for nothing more."""
    upstream.will(endless(status, first=first), endless(status, first=first), OK)
    gateway = await gateway_for(open_gateway, upstream)
    answer = await (await connect(gateway.url)).ask("POST", CHAT, *THREE, body=b"{}")
    assert (answer.status, answer.body) == (200, b"fine")
    await upstream.left(0)
    await upstream.left(1)
    await nothing_left(gateway)


async def test_last_failure_that_keeps_its_body_is_relayed_as_it_comes(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(whole(b"", 500), Reply((head(500, (("content-length", "4"),)) + b"do", gate, b"wn")))
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, ("cf-aig-max-attempts", "2"), body=b"{}"))
    assert (await client.head()).status == 500
    assert await client.exactly(2) == b"do"
    gate.set()
    assert await client.exactly(2) == b"wn"


async def test_large_failures(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    """What is not shown is not read either."""
    upstream.will(*[raw(head(500, (("content-length", "50000000"),)), *[ENDLESS] * 760)] * 2, OK)
    gateway = await gateway_for(open_gateway, upstream)
    free = free_memory(gateway)
    answer = await (await connect(gateway.url)).ask("POST", CHAT, *THREE, body=b"{}")
    assert (answer.status, answer.body) == (200, b"fine")
    await nothing_left(gateway)
    assert free_memory(gateway) == free
    assert upstream.sent < 40_000_000


SAYS_LATER = {
    "twice": (("retry-after", "61"), ("retry-after", "1")),
    "a very large number": (("retry-after", "9" * 4000),),
    "not ASCII": (("retry-after", "\xff\xfe"),),
    "two values": (("retry-after", "1, 2"),),
    "hexadecimal": (("retry-after", "0x10"),),
    "infinite": (("retry-after", "inf"),),
    "not a number": (("retry-after", "nan"),),
    "an exponent": (("retry-after", "1e3"),),
    "a day that is none": (("retry-after", "Mon, 99 Foo 2026 99:99:99 GMT"),),
    "before all time": (("retry-after", "Mon, 01 Jan 0001 00:00:00 GMT"),),
    "after all time": (("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT"),),
}


@pytest.mark.parametrize("headers", SAYS_LATER.values(), ids=SAYS_LATER.keys())
async def test_retry_after_of_all_sorts(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, headers: tuple[Header, ...]
) -> None:
    """Either the answer at once or another attempt within a minute; never an error of our own."""
    complaints = Complaints()
    upstream.will(whole(b"later", 503, headers), OK)
    gateway = await gateway_for(open_gateway, upstream)
    answer = await (await connect(gateway.url)).ask("POST", CHAT, *THREE, body=b"{}")
    assert (answer.status, answer.body) in ((503, b"later"), (200, b"fine"))
    assert all(0 <= wait <= 60 for wait in gateway.clock.slept)
    assert len(upstream.requests) == len(gateway.clock.slept) + 1
    complaints.none()


MANY = {
    "zero": "0",
    "six": "6",
    "negative": "-3",
    "huge": "9" * 5000,
    "with a plus": "+3",
    "in other digits": "٣".encode().decode("latin-1"),
    "a list": "3, 3",
    "a fraction": "3.0",
    "hexadecimal": "0x3",
}


@pytest.mark.parametrize("value", MANY.values(), ids=MANY.keys())
async def test_attempts_that_are_no_number(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, value: str
) -> None:
    upstream.otherwise = lambda seen: whole(b"", 503)
    gateway = await gateway_for(open_gateway, upstream)
    answer = await (await connect(gateway.url)).ask("POST", CHAT, ("cf-aig-max-attempts", value), body=b"{}")
    assert answer.status == 503
    assert len(upstream.requests) == 1


async def test_of_a_repeated_header_the_last_counts(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.otherwise = lambda seen: whole(b"", 503)
    gateway = await gateway_for(open_gateway, upstream)
    twice = (("cf-aig-max-attempts", "5"), ("CF-AIG-Max-Attempts", "2"))
    await (await connect(gateway.url)).ask("POST", CHAT, *twice, body=b"{}")
    assert len(upstream.requests) == 2


async def test_body_that_breaks_off_before_the_first_attempt(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(HEAD + b"cf-aig-max-attempts: 3\r\nContent-Length: 10\r\n\r\n12345")
    client.end_sending()
    await gateway.settled()
    await nothing_left(gateway)
    assert upstream.connections == 0
    row = await gateway.row()
    assert (row.success, row.attempts) == (False, 0)


async def test_body_that_is_not_sound(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(
        HEAD + b"cf-aig-max-attempts: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n"
    )
    await is_refused(client)
    assert upstream.connections == 0
    await still_serves(gateway, connect)


async def test_body_that_comes_too_slowly(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """It is read before anything is sent; the client's deadline holds meanwhile, not the provider's."""
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(HEAD + b"cf-aig-max-attempts: 3\r\nContent-Length: 10\r\n\r\n12345")
    await gateway.catch_up()
    gateway.advance(29)
    gateway.advance(3)
    await is_refused(client, 408, 9408)
    assert upstream.connections == 0


async def test_body_above_the_limit_of_the_server(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await gateway_for(open_gateway, upstream, max_body_bytes=1000)
    client = await connect(gateway.url)
    await client.send(HEAD + b"cf-aig-max-attempts: 3\r\nTransfer-Encoding: chunked\r\n\r\n")
    await client.send_chunk(b"x" * 2000)
    is_envelope(await client.answer(), 413, 9413)
    assert upstream.connections == 0


async def test_provider_that_answers_before_it_has_read(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Its connection is not used for the next attempt: the rest of the body still is on it."""
    body = b"x" * 5_000_000
    early = Reply(
        (head(503, (("content-length", "0"),)), asyncio.Event()), early=True, reading=asyncio.Event()
    )
    upstream.will(early, early)
    gateway = await gateway_for(open_gateway, upstream)
    answer = await (await connect(gateway.url)).ask("POST", CHAT, *THREE, body=body)
    assert (answer.status, answer.body) == (200, b"{}")
    assert [len(seen.body) for seen in upstream.requests][2] == len(body)
    assert len({seen.connection for seen in upstream.requests}) == 3
    await nothing_left(gateway)


async def test_answers_that_run_on(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    """A failure with an answer to nobody behind it: that one is nobody's."""
    smuggled = head(200, (("content-length", "4"),)) + b"evil"
    upstream.will(raw(head(503, (("content-length", "2"),)) + b"no" + smuggled), OK)
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    answer = await client.ask("POST", CHAT, *THREE, body=b"{}")
    assert (answer.status, answer.body) == (200, b"fine")
    assert [seen.connection for seen in upstream.requests] == [0, 1]
    assert (await client.ask("GET", CHAT)).body == b"{}"


async def test_head_of_all_attempts_without_end(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.otherwise = lambda seen: raw(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 40_000, asyncio.Event())
    gateway = await gateway_for(open_gateway, upstream)
    is_envelope(await (await connect(gateway.url)).ask("POST", CHAT, *THREE, body=b"{}"), 502, 2005)
    assert len(upstream.requests) == 3
    await nothing_left(gateway)


async def test_many_callers_with_attempts(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Each gets its own answer, however their attempts are mixed."""
    failed: set[bytes] = set()

    def once_down(seen: Seen) -> Reply:
        number = seen.target.rpartition(b"=")[2]
        if number in failed:
            return whole(number)
        failed.add(number)
        return raw(Act.RESET) if int(number) % 2 else whole(b"", 500)

    upstream.otherwise = once_down
    text = openai(upstream.url, "[breaker]\nconnect_failures = 0\nerror_share = 0\n")
    gateway = await open_gateway(text)
    clients = [await connect(gateway.url) for _ in range(40)]

    async def one(number: int) -> bytes:
        answer = await clients[number].ask("POST", f"{CHAT}?n={number}", *THREE, body=b"{}")
        return answer.body

    answers = await asyncio.gather(*(one(number) for number in range(40)))
    assert answers == [str(number).encode() for number in range(40)]
    rows = await gateway.rows(40)
    assert {(row.status_code, row.success) for row in rows} == {(200, True)}
    assert {row.attempts for row in rows} <= {2, 3}
    assert busy(gateway) == 0


async def test_stop_in_the_middle_of_an_attempt(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(whole(b"", 503), sized(10, b"12345", asyncio.Event()))
    gateway = await gateway_for(open_gateway, upstream)
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, *THREE, body=b"{}"))
    await client.head()
    for task in tuple(gateway.state.tasks):
        task.cancel()
    with pytest.raises(Broken):
        await client.exactly(10)
    await nothing_left(gateway)
    row = await gateway.row()
    assert (row.outcome, row.attempts) == ("shutdown", 2)
    assert len(upstream.requests) == 2
