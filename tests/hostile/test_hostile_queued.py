"""What comes behind a request that takes its time: counted and bounded, let go when there is no room, and others notice
nothing.

In one process, on a clock that the test moves; the room is small here.
"""

from __future__ import annotations

import asyncio

import pytest
from hostile_kit import CHAT, MODELS, becomes, is_envelope, nothing_left

from conftest import Connect, OpenGateway
from penstock.proxy.downstream.other_end import OtherEnd
from penstock.proxy.room import Room
from support.client import Answer, Broken, Client, request
from support.configuration import gateways, openai, providers
from support.inprocess import InProcess
from support.replies import Reply, raw, whole
from support.upstream import Upstream

MEGABYTE = 1024 * 1024
ROOM = 4 * MEGABYTE
HEALTH = request("GET", "/healthz")
HEAD = f"GET {MODELS} HTTP/1.1\r\nHost: localhost\r\n".encode()
PARTS = {"one field": HEAD + b"X-A: " + b"a" * 60_000, "many fields": HEAD + b"a:bcdefghij\r\n" * 480}
"""Heads without an end, of some 60 kB in memory."""


def call(account: str, body: bytes = b"{}", path: str = "chat/completions") -> bytes:
    return request("POST", f"/v1/{account}/gw/openai/{path}", body=body)


def upload(account: str, size: int) -> bytes:
    """A body that is read whole; it is no JSON, so nobody has to answer it."""
    return request("POST", f"/v1/{account}/gw/compat/chat/completions", body=b"a" * size)


def room(gateway: InProcess) -> Room:
    return gateway.parts.pipeline.room


async def opened(open_gateway: OpenGateway, upstream: Upstream, *accounts: str) -> InProcess:
    text = "".join(gateways(name, gw={}) for name in accounts) + providers({"openai": upstream.url})
    return await open_gateway(f"{text}[server.limits]\nmax_memory_bytes = {ROOM}\n")


def slow(upstream: Upstream) -> asyncio.Event:
    """From now on nobody is answered before this is set, but for those who ask for models."""
    gate = asyncio.Event()

    def reply(seen: object) -> Reply:
        is_quick = getattr(seen, "method", b"") == b"GET" or b"quick" in getattr(seen, "target", b"")
        return whole(b"{}") if is_quick else raw(gate, *whole(b"{}").steps, early=True)

    upstream.otherwise = reply
    return gate


async def time_passes(gateway: InProcess, seconds: int) -> None:
    for _ in range(seconds):
        gateway.advance(1.0)
        await gateway.catch_up()


async def quick(gateway: InProcess, connect: Connect, account: str) -> Answer:
    """A small call of an account."""
    return await (await connect(gateway.url)).ask("POST", f"/v1/{account}/gw/openai/quick", body=b"{}")


async def is_read(gateway: InProcess, connect: Connect, account: str, size: int) -> bool:
    """Whether a body of an account is read whole at once."""
    client = await connect(gateway.url)
    sending = asyncio.create_task(client.send(upload(account, size)))
    answer = await client.answer()
    sending.cancel()
    return answer.status == 400  # it is no JSON


# -- a head without an end behind requests


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
async def test_a_part_of_a_head_behind_requests_is_counted_and_timed(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, part: bytes
) -> None:
    """Not while its client waits for us; from then on as any other."""
    gateway = await opened(open_gateway, upstream, "acct")
    gate = slow(upstream)
    free = room(gateway).budget.free
    client = await connect(gateway.url)
    await client.send(
        request("POST", CHAT, body=b"{}") + request("POST", CHAT, body=b"a" * 10_000) * 3 + part
    )
    await becomes(lambda: room(gateway).budget.free <= free - 90_000, "all of it counted")
    counted = free - room(gateway).budget.free
    await time_passes(gateway, 60)
    assert len(gateway.lanes) == 1, "what we do not answer is not the client's fault"
    gate.set()
    assert [(await client.answer()).status for _ in range(4)] == [200] * 4
    await becomes(lambda: room(gateway).budget.free >= free - counted + 30_000, "that only the head is left")
    await time_passes(gateway, 32)
    is_envelope(await client.answer(), 408, 9408)
    assert await client.rest() == b""
    await becomes(lambda: room(gateway).budget.free == free, "room that is back")


async def test_what_has_been_answered_is_not_counted_any_more(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """The connection stays open, and holds nothing."""
    gateway = await open_gateway(openai(upstream.url))
    gate = slow(upstream)
    free = room(gateway).budget.free
    client = await connect(gateway.url)
    behind = [request("POST", CHAT, body=b"a" * 50_000), HEALTH, request("GET", MODELS)]
    await client.send(request("POST", CHAT, body=b"{}") + b"".join(behind * 3))
    await becomes(lambda: room(gateway).budget.free <= free - 150_000, "requests that count")
    gate.set()
    assert [(await client.answer()).status for _ in range(10)] == [200] * 10
    await gateway.settled()
    assert room(gateway).budget.free == free
    assert len(gateway.lanes) == 1


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
async def test_heads_of_strangers_leave_room_to_calls(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, part: bytes
) -> None:
    gateway = await opened(open_gateway, upstream, "acct")
    slow(upstream)
    strangers = [await connect(gateway.url) for _ in range(100)]
    for client in strangers:
        await client.send(part)
    await gateway.catch_up()
    assert room(gateway).budget.free >= ROOM // 5
    assert (await quick(gateway, connect, "acct")).status == 200
    assert await is_read(gateway, connect, "acct", ROOM // 6)
    refused = [client for client in strangers if has_come(client)]
    assert 20 < len(refused) < 80
    for client in refused:
        answer = await client.answer()
        is_envelope(answer, 503, 9503)
        assert answer.header("retry-after")


async def test_slow_heads_make_room_for_who_waits(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await opened(open_gateway, upstream, "acct")
    slow(upstream)
    strangers = [await connect(gateway.url) for _ in range(50)]
    for client in strangers:
        await client.send(PARTS["one field"])
    other = await connect(gateway.url)
    sending = asyncio.create_task(other.send(upload("acct", ROOM // 2)))
    await becomes(lambda: room(gateway).is_awaited("acct"), "a body that waits")
    await time_passes(gateway, 8)
    assert (await other.answer()).status == 400
    await sending
    assert [(await client.answer()).status for client in strangers] == [503] * 50


# -- requests behind others, without room


async def crowded(gateway: InProcess, connect: Connect, clients: int) -> list[Client]:
    """Clients of one account with more behind a call than there is room for."""
    found = [await connect(gateway.url) for _ in range(clients)]
    for client in found:
        client.writer.write(call("greedy"))
    await becomes(lambda: len(gateway.state.tasks) == clients, "calls that run")
    for client in found:
        client.writer.write(call("greedy", b"a" * 60_000) * 4 + PARTS["one field"])
    await gateway.stands_still(lambda: room(gateway).budget.free)
    return found


async def test_who_has_too_much_waiting_gets_its_answer_and_a_refusal(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """The other account notices nothing."""
    gateway = await opened(open_gateway, upstream, "greedy", "modest")
    gate = slow(upstream)
    clients = await crowded(gateway, connect, 60)
    assert room(gateway).budget.free >= ROOM // 5
    assert (await quick(gateway, connect, "modest")).status == 200
    assert await is_read(gateway, connect, "modest", ROOM // 6)
    gate.set()
    ends = [await statuses(client) for client in clients]
    assert {tuple(found[:1]) for found in ends} == {(200,)}
    assert sum(found == [200, 503] for found in ends) > 30
    await nothing_left(gateway)
    assert len(upstream.requests) < 60 + 1 + 4 * 30


def has_come(client: Client) -> bool:
    """Whether something of an answer is there to be read."""
    return bool(client.reader._buffer)  # type: ignore[attr-defined]


async def statuses(client: Client) -> list[int]:
    """Of all answers that come before the connection ends or a head would have to."""
    found: list[int] = []
    while len(found) < 5:
        try:
            found.append((await client.answer()).status)
        except Broken:
            break
    return found


async def test_what_waits_behind_a_long_call_makes_room(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """When it has waited for some seconds; the call goes on."""
    gateway = await opened(open_gateway, upstream, "acct")
    gate = slow(upstream)
    client = await connect(gateway.url)
    await client.send(call("acct") + call("acct", b"a" * 60_000) * 8)
    await becomes(lambda: room(gateway).budget.free <= ROOM - 400_000, "requests that count")
    other = await connect(gateway.url)
    sending = asyncio.create_task(other.send(upload("acct", ROOM * 3 // 4 - 200_000)))
    await becomes(lambda: room(gateway).is_awaited("acct"), "a body that waits")
    await time_passes(gateway, 8)
    assert (await other.answer()).status == 400
    await sending
    gate.set()
    assert await statuses(client) == [200, 503]
    assert len(upstream.requests) == 1


@pytest.mark.parametrize(
    ("how", "known"),
    [("close", True), ("reset", True), ("reset", False)],
    ids=["closed", "reset", "reset by another machine"],
)
async def test_a_client_that_is_gone_while_nothing_is_read_of_it_is_noticed(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    known: bool,
) -> None:
    """More has come than may wait, so its end is not read either. Of a machine that has much to send before its end,
    nobody can know.
    """
    if not known:
        monkeypatch.setattr(OtherEnd, "is_abandoned", lambda _: None)
    gateway = await open_gateway(openai(upstream.url))
    slow(upstream)
    client = await connect(gateway.url)
    client.writer.write(request("POST", CHAT, body=b"{}") + request("POST", CHAT, body=b"a" * 60_000) * 100)
    await upstream.request()
    await gateway.stands_still(lambda: room(gateway).budget.free)
    if how == "reset":
        client.reset()
    else:
        client.leave()

    def is_noticed() -> bool:
        gateway.sweep()
        return gateway.lanes == []

    await becomes(is_noticed, "the end of the connection")
    await upstream.left()
    await nothing_left(gateway)
    assert len(upstream.requests) == 1


async def test_a_client_that_waits_and_sends_no_more_is_not_taken_for_one_that_is_gone(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    gate = slow(upstream)
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"{}"))
    await upstream.request()
    sending = asyncio.create_task(client.send(request("POST", CHAT, body=b"a" * 60_000) * 100))
    await gateway.stands_still(lambda: room(gateway).budget.free)
    gateway.sweep()
    gate.set()
    answers = [await client.answer() for _ in range(60)]
    await sending
    client.end_sending()
    answers += [await client.answer() for _ in range(41)]
    assert {answer.status for answer in answers} == {200}
    assert await client.rest() == b""


# -- bodies that the provider does not take


async def test_uploads_that_a_provider_does_not_take_share_the_room(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """Beyond it they are refused; calls of the other account go on."""
    gateway = await opened(open_gateway, upstream, "greedy", "modest")
    quick_one, never = slow(upstream), asyncio.Event()
    quick_one.set()
    stuck = Reply((), early=True, reading=never)
    replies = upstream.otherwise
    upstream.otherwise = lambda seen: stuck if b"stuck" in seen.target else replies(seen)
    clients = [await connect(gateway.url) for _ in range(30)]
    length = ("Content-Length", "40000000")
    for client in clients:
        await client.send(request("POST", "/v1/greedy/gw/openai/stuck", length))
    await upstream.request(30)
    piece = b"a" * MEGABYTE
    sending = [asyncio.create_task(client.send(*[piece] * 30)) for client in clients]
    await becomes(lambda: sum(has_come(client) for client in clients) > 5, "uploads that are refused")
    await gateway.stands_still(lambda: room(gateway).budget.free)
    assert (await quick(gateway, connect, "modest")).status == 200
    assert await is_read(gateway, connect, "modest", ROOM // 25)
    for client in clients:
        if has_come(client):
            is_envelope(await client.answer(), 503, 9503)
    for task in sending:
        task.cancel()
