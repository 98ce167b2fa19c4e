"""Identical calls at once: one call to the provider, all get the whole answer (Cloudflare 3.2, and better than it)."""

from __future__ import annotations

import asyncio
import gzip

import pytest
from recall_kit import (
    CHAT,
    QUESTION,
    TTL,
    Caller,
    add_token,
    becomes,
    cache_status,
    caching,
    caller,
    callers,
    in_flight,
    numbering,
)

from conftest import Connect, OpenGateway
from support.canned import EVENTS, stream_reply
from support.checks import check_error, check_ids
from support.client import Broken
from support.configuration import gateways, openai, providers
from support.inprocess import InProcess
from support.replies import Act, Reply, chunked, raw, silence, sized, sse, whole
from support.upstream import Upstream

MEBIBYTE = bytes(range(256)) * 4096


def later(gate: asyncio.Event, reply: Reply) -> Reply:
    """The same answer, once the gate is open."""
    return Reply((gate, *reply.steps))


async def all_ask(gateway: InProcess, connect: Connect, count: int) -> list[Caller]:
    """So many callers have asked, and wait for the head of the one call's answer."""
    found = await callers(gateway, connect, count)
    for one in found:
        await one.send()
    await in_flight(gateway, count)
    return found


# -- all get it


@pytest.mark.parametrize(
    "reply",
    [
        whole(b'{"a":1}'),
        whole(b""),
        whole(MEBIBYTE),
        chunked(b"\x00", b"\xff" * 3, b"end"),
        chunked(MEBIBYTE, MEBIBYTE),
        raw(b'HTTP/1.1 200 OK\r\n\r\n{"until":"the end"}', Act.CLOSE),
    ],
    ids=["whole", "empty", "large", "chunked", "large chunked", "until close"],
)
async def test_one_call_for_all(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, reply: Reply
) -> None:
    gate = asyncio.Event()
    upstream.will(later(gate, reply))
    gateway = await open_gateway(caching(upstream.url))
    asking = await all_ask(gateway, connect, 6)
    gate.set()
    answers = [await one.client.answer() for one in asking]
    assert [cache_status(answer) for answer in answers] == ["MISS"] + ["HIT"] * 5
    assert len({answer.body for answer in answers}) == 1
    assert answers[0].body == (await asking[0].ask()).body
    assert len({check_ids(answer) for answer in answers}) == 6
    assert len(upstream.requests) == 1
    rows = {row.id: row for row in await gateway.rows(7)}
    led, *joined = [rows[check_ids(answer)] for answer in answers]
    assert (led.cached, led.attempts) == (False, 1)
    for row in joined:
        assert (row.cached, row.cost, row.attempts, row.outcome) == (True, 0, 0, "complete")
    assert {row.response_size for row in rows.values()} == {len(answers[0].body)}


async def test_who_joins_in_the_middle_gets_everything(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gates = [asyncio.Event() for _ in EVENTS]
    upstream.will(stream_reply(gates))
    gateway = await open_gateway(openai(upstream.url))
    listening: list[Caller] = []
    had: list[list[bytes]] = []
    for number, event in enumerate(EVENTS):
        one = await caller(gateway, connect)
        await one.send(TTL)
        listening.append(one)
        had.append([])
        if number:
            assert (await one.client.head()).header("cf-aig-cache-status") == "HIT"
            while b"".join(had[-1]) != b"".join(EVENTS[:number]):
                had[-1].append(await one.client.chunk())
        gates[number].set()
        if not number:
            await one.client.head()
        for other, heard in zip(listening, had, strict=True):
            heard.append(await other.client.chunk())
            assert heard[-1] == event
    for other in listening:
        assert await other.client.chunk() == b""
    assert [b"".join(heard) for heard in had] == [b"".join(EVENTS)] * len(EVENTS)
    assert len(upstream.requests) == 1
    rows = await gateway.rows(len(EVENTS))
    assert sorted(row.cached for row in rows) == [False] + [True] * (len(EVENTS) - 1)
    assert {row.outcome for row in rows} == {"complete"}


async def test_joined_over_http_1_0(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> None:
    gate = asyncio.Event()
    upstream.will(sse(EVENTS[0], gate, *EVENTS[1:]))
    gateway = await open_gateway(caching(upstream.url))
    leading, older = await callers(gateway, connect, 2)
    await leading.send()
    await leading.client.head()
    await older.client.send(Caller.question().replace(b"HTTP/1.1", b"HTTP/1.0", 1))
    head = await older.client.head()
    assert head.header("transfer-encoding") is None
    gate.set()
    assert await older.client.rest() == b"".join(EVENTS)


async def test_trailers_reach_everybody(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(later(gate, chunked(b"data", trailers=b"X-Sum: 1\r\n")))
    gateway = await open_gateway(caching(upstream.url))
    asking = await all_ask(gateway, connect, 2)
    gate.set()
    assert [(await one.client.answer()).trailers for one in asking] == [[b"X-Sum: 1"]] * 2


async def test_without_the_cache_everybody_asks(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    gate = asyncio.Event()
    upstream.will(*(later(gate, whole(b"{}")) for _ in range(3)))
    asking = await all_ask(gateway, connect, 3)
    await upstream.request(3)
    gate.set()
    assert [(await one.client.answer()).status for one in asking] == [200] * 3


async def test_calls_that_differ_do_not_join(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Another credential, another account, another body, and one that wants no cache."""
    on = {"cache_ttl": 60}
    text = gateways(gw=on) + gateways("other", gw=on) + providers({"openai": upstream.url})
    gateway = await open_gateway(text)
    gate = asyncio.Event()
    upstream.will(*(later(gate, whole(b"%d" % number)) for number in range(5)))
    asking = await callers(gateway, connect, 5)
    await asking[0].send()
    await upstream.request(1)
    await asking[1].send(key="sk-2")
    await upstream.request(2)
    await asking[2].send(path=CHAT.replace("/acct/", "/other/"))
    await upstream.request(3)
    await asking[3].send(body=QUESTION + b" ")
    await upstream.request(4)
    await asking[4].send(("cf-aig-skip-cache", "true"))
    await upstream.request(5)
    gate.set()
    assert [(await one.client.answer()).body for one in asking] == [b"0", b"1", b"2", b"3", b"4"]


async def test_who_does_not_take_gzip_does_not_join_a_packed_answer(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    packed = gzip.compress(b"x" * 1000)
    upstream.will(later(gate, whole(packed, headers=(("Content-Encoding", "gzip"),))), whole(b"plain"))
    gateway = await open_gateway(caching(upstream.url))
    first, second, third = await callers(gateway, connect, 3)
    await first.send(("Accept-Encoding", "gzip"))
    await upstream.request(1)
    await second.send()
    await third.send(("Accept-Encoding", "br, gzip"))
    await in_flight(gateway, 3)
    gate.set()
    assert (await first.client.answer()).body == packed
    assert (await third.client.answer()).body == packed
    plain = await second.client.answer()
    assert (plain.header("content-encoding"), plain.body) == (None, b"plain")


async def test_a_cookie_is_for_who_began(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(later(gate, whole(b"{}", headers=(("Set-Cookie", "session=1"),))))
    gateway = await open_gateway(caching(upstream.url))
    asking = await all_ask(gateway, connect, 2)
    gate.set()
    answers = [await one.client.answer() for one in asking]
    assert [answer.names.count("set-cookie") for answer in answers] == [1, 0]


# -- failures


@pytest.mark.parametrize(("end", "status"), [(Act.CLOSE, 502), (Act.RESET, 502)])
async def test_a_failure_is_everybodys(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, end: Act, status: int
) -> None:
    gate = asyncio.Event()
    upstream.will(raw(gate, end))
    numbering(upstream)
    gateway = await open_gateway(caching(upstream.url))
    asking = await all_ask(gateway, connect, 4)
    gate.set()
    answers = [await one.client.answer() for one in asking]
    for answer in answers:
        check_error(answer, status, 2005, "Failed to get response from provider")
    assert len({check_ids(answer) for answer in answers}) == 4
    assert len(upstream.requests) == 1
    again = await asking[0].ask()
    assert (cache_status(again), again.json()) == ("MISS", {"number": 2})
    rows = await gateway.rows(5)
    assert [row.error_code for row in rows] == [2005] * 4 + [None]
    assert [row.cached for row in rows] == [False] * 5


async def test_a_deadline_is_everybodys(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    upstream.will(silence())
    numbering(upstream)
    gateway = await open_gateway(caching(upstream.url, "[server.timeouts]\nfirst_byte = 20\n"))
    asking = await all_ask(gateway, connect, 3)
    gateway.advance(21)
    for one in asking:
        check_error(await one.client.answer(), 504, 2005, "Failed to get response from provider")
    assert (await asking[0].ask()).json() == {"number": 2}


@pytest.mark.parametrize("end", [Act.CLOSE, Act.RESET])
@pytest.mark.parametrize("length", [10, None])
async def test_an_answer_that_breaks_off_breaks_off_for_all(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, end: Act, length: int | None
) -> None:
    """Visibly, and whoever has joined may not take what follows on its connection for the rest."""
    gate = asyncio.Event()
    in_chunks = chunked(b"half", gate, end, finished=False)
    upstream.will(in_chunks if length is None else sized(length, b"half", gate, end))
    numbering(upstream)
    gateway = await open_gateway(caching(upstream.url))
    asking = await all_ask(gateway, connect, 3)
    late = await caller(gateway, connect)
    await late.send()
    assert (await late.client.head()).header("cf-aig-cache-status") == "HIT"
    gate.set()
    for one in asking:
        with pytest.raises(Broken) as caught:
            await one.client.answer()
        assert caught.value.received == b"half"
    with pytest.raises(Broken):
        await late.client.exactly(100)
    answer = await (await caller(gateway, connect)).ask()
    assert (cache_status(answer), answer.json()) == ("MISS", {"number": 2})
    rows = await gateway.rows(5)
    assert [row.outcome for row in rows] == ["provider_broke"] * 4 + ["complete"]


async def test_what_breaks_off_is_reset_for_http_1_0(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """There the end of the connection would else be the end of the answer."""
    gate = asyncio.Event()
    upstream.will(chunked(b"half", gate, Act.CLOSE, finished=False))
    gateway = await open_gateway(caching(upstream.url))
    leading, older = await callers(gateway, connect, 2)
    await leading.send()
    await leading.client.head()
    await older.client.send(Caller.question().replace(b"HTTP/1.1", b"HTTP/1.0", 1))
    await older.client.head()
    assert await older.client.exactly(4) == b"half"
    gate.set()
    with pytest.raises(Broken):
        await older.client.rest()


async def test_a_failure_after_the_first_has_left(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(raw(gate, Act.CLOSE))
    gateway = await open_gateway(caching(upstream.url))
    asking = await all_ask(gateway, connect, 3)
    asking[0].client.leave()
    await becomes(lambda: len(gateway.lanes) == 2, "two connections")
    gate.set()
    for one in asking[1:]:
        check_error(await one.client.answer(), 502, 2005, "Failed to get response from provider")
    await gateway.settled()
    assert len(upstream.requests) == 1


@pytest.mark.parametrize("status", [201, 400, 401, 404, 429, 500, 503])
async def test_error_answers_are_shared_and_not_kept(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, status: int
) -> None:
    gate = asyncio.Event()
    upstream.will(later(gate, whole(b"no", status)))
    numbering(upstream)
    gateway = await open_gateway(caching(upstream.url))
    asking = await all_ask(gateway, connect, 4)
    gate.set()
    answers = [await one.client.answer() for one in asking]
    assert [(answer.status, answer.body) for answer in answers] == [(status, b"no")] * 4
    assert {cache_status(answer) for answer in answers} == {"MISS"}
    assert len(upstream.requests) == 1
    assert (await asking[0].ask()).json() == {"number": 2}


async def test_steps_join_too_and_go_on_after_a_shared_failure(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(later(gate, whole(b"down", 503)))
    numbering(upstream)
    text = gateways(gw={"cache_ttl": 60}) + providers({"openai": upstream.url, "groq": upstream.url})
    gateway = await open_gateway(text)
    step = b'{"provider":"%b","endpoint":"chat/completions","query":{}}'
    body = b"[%b,%b]" % (step % b"openai", step % b"groq")
    asking = await callers(gateway, connect, 3)
    for one in asking:
        await one.send(path="/v1/acct/gw", body=body)
    await in_flight(gateway, 3)
    gate.set()
    answers = [await one.client.answer() for one in asking]
    assert [(answer.header("cf-aig-step"), answer.json()) for answer in answers] == [("1", {"number": 2})] * 3
    assert len(upstream.requests) == 2
    rows = await gateway.rows(6)
    assert sorted((row.step, row.status_code) for row in rows) == [(0, 503)] * 3 + [(1, 200)] * 3


async def test_a_virtual_keys_limits_hold_for_who_joins(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gate = asyncio.Event()
    upstream.will(later(gate, whole(b"{}")))
    gateway = await open_gateway(caching(upstream.url))
    bound = add_token(gateway, 1, models=("openai/gpt-4*",))
    leading, joining = await callers(gateway, connect, 2)
    await leading.send()
    await upstream.request(1)
    assert (await joining.ask(bound)).status == 403
    gate.set()
    assert (await leading.client.answer()).status == 200


async def test_what_makes_something_is_shared_with_nobody(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Who orders a run at the same time as somebody else wants one of their own, though the cache is asked for."""
    gate = asyncio.Event()
    runs = [b'{"run_id":"trun_%d","status":"queued","processor":"base"}' % number for number in range(3)]
    for run in runs:
        upstream.will(later(gate, whole(run, 202, (("content-type", "application/json"),))))
    gateway = await open_gateway(gateways(gw={}) + providers({"parallel": upstream.url}))
    asking = await callers(gateway, connect, 3)
    for number, one in enumerate(asking, 1):
        await one.send(
            TTL, path="/v1/acct/gw/parallel/v1/tasks/runs", body=b'{"input":"x","processor":"base"}'
        )
        await upstream.request(number)
    await in_flight(gateway, 3)
    gate.set()
    assert sorted([(await one.client.answer()).body for one in asking]) == runs
    rows = await gateway.rows(3)
    assert [row.attempts for row in rows] == [1] * 3
    assert all(row.cost for row in rows)
