"""Clients that do not read while others want the memory: who is let go, who is not, and what the others get.

In one process, on a clock that the test moves; the room is small here, so that few answers fill it.
"""

from __future__ import annotations

import asyncio

import pytest
from hostile_kit import becomes, nothing_left

from conftest import Connect, OpenGateway
from penstock.proxy.room import Room
from support.client import Broken, Client, request
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.replies import whole
from support.upstream import Upstream

ADMIN = "an-admin-token-of-some-length"
TOKEN = ("Authorization", f"Bearer {ADMIN}")
MEGABYTE = 1024 * 1024
ANSWER = 6_000_000  # more than the kernel takes of it, and less than the part of one account
ROOM = 32 * MEGABYTE  # of which one account may have three quarters: four answers
FOUR = 4


@pytest.fixture
async def gateway(open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    """Two accounts with a cache."""
    upstream.otherwise = lambda seen: whole(b"x" * (ANSWER if seen.header("x-large") else 2))
    accounts = "".join(gateways(name, gw={"cache_ttl": 86_400}) for name in ("greedy", "modest"))
    limits = f"[server.limits]\nmax_memory_bytes = {ROOM}\n"
    return await open_gateway(
        accounts + providers({"openai": upstream.url}) + limits, {"PENSTOCK_ADMIN_TOKEN": ADMIN}
    )


def room(gateway: InProcess) -> Room:
    return gateway.parts.pipeline.room


def large(account: str) -> bytes:
    return request("POST", f"/v1/{account}/gw/openai/chat/completions", ("X-Large", "1"), body=b"{}")


def upload(account: str, size: int) -> bytes:
    """A body that is read whole; it is no JSON, so nobody has to answer it."""
    return request("POST", f"/v1/{account}/gw/compat/chat/completions", body=b"a" * size)


async def kept(gateway: InProcess, connect: Connect, account: str) -> None:
    """The account's large answer is in the cache."""
    client, status = await connect(gateway.url), None
    while status != "HIT":  # it may still be being stored
        await client.send(large(account))
        status = (await client.answer()).header("cf-aig-cache-status")
    await is_idle(gateway)


async def is_idle(gateway: InProcess) -> None:
    """Waits until nothing is held for anybody: an answer may still be being stored."""
    await becomes(lambda: room(gateway).budget.free == ROOM, "a room that is empty")


async def unread(gateway: InProcess, connect: Connect, account: str, data: bytes | None = None) -> Client:
    """A client that has asked for an answer which it does not read, once the answer takes room."""
    free = room(gateway).budget.free
    client = await connect(gateway.url, receive_buffer=4096, limit=1024)
    await client.send(large(account) if data is None else data)
    await becomes(lambda: room(gateway).budget.free <= free - ANSWER, "an answer that takes room")
    await gateway.stands_still(lambda: max(lane.transport.get_write_buffer_size() for lane in gateway.lanes))
    return client


async def is_cut(client: Client) -> bool:
    """Whether the client finds its answer broken off."""
    try:
        return len((await client.answer()).body) != ANSWER
    except Broken:
        return True


async def pressing(gateway: InProcess, account: str) -> None:
    """Waits until somebody of the account waits for room."""
    await becomes(lambda: room(gateway).is_awaited(account), "somebody who waits for room")


async def time_passes(gateway: InProcess, seconds: int) -> None:
    """Second by second, and whatever follows from it has happened."""
    for _ in range(seconds):
        gateway.advance(1.0)
        await gateway.catch_up()


async def test_who_reads_nothing_is_cut_off_for_who_waits(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    """Not at once; who waits is served without having to ask again, and the log tells of those who were let go."""
    await kept(gateway, connect, "greedy")
    slow = [await unread(gateway, connect, "greedy") for _ in range(FOUR)]
    other = await connect(gateway.url)
    await other.send(large("greedy"))
    await pressing(gateway, "greedy")
    await time_passes(gateway, 4)
    assert room(gateway).is_awaited("greedy"), "they are given some seconds"
    await time_passes(gateway, 4)
    answer = await other.answer()
    assert (answer.status, len(answer.body)) == (200, ANSWER)
    assert [await is_cut(client) for client in slow] == [True] * FOUR
    await nothing_left(gateway)
    rows = await gateway.rows(2 + FOUR)
    assert [row.success for row in rows] == [True] * 2 + [False] * FOUR
    assert {row.outcome for row in rows if not row.success} == {"abandoned"}
    assert room(gateway).budget.free == ROOM


async def test_who_reads_at_a_decent_pace_is_not_cut_off(gateway: InProcess, connect: Connect) -> None:
    await kept(gateway, connect, "greedy")
    slow = [await unread(gateway, connect, "greedy") for _ in range(FOUR - 1)]
    steady = await unread(gateway, connect, "greedy")
    other = await connect(gateway.url)
    await other.send(large("greedy"))
    await pressing(gateway, "greedy")
    await steady.head()
    for _ in range(9):  # all of it would take half a minute
        await steady.skip(ANSWER // 28)
        await time_passes(gateway, 1)
    assert len((await other.answer()).body) == ANSWER
    await steady.skip(ANSWER - 9 * (ANSWER // 28))
    assert [await is_cut(client) for client in slow] == [True] * (FOUR - 1)


async def test_who_drips_is_cut_off(gateway: InProcess, connect: Connect) -> None:
    """A little now and then does not help who would keep the answer for an hour."""
    await kept(gateway, connect, "greedy")
    dripping = [await unread(gateway, connect, "greedy") for _ in range(FOUR)]
    for client in dripping:
        await client.head()
    other = await connect(gateway.url)
    await other.send(large("greedy"))
    await pressing(gateway, "greedy")
    for _ in range(9):
        for client in dripping:
            await client.skip(1000)
        await time_passes(gateway, 1)
    assert len((await other.answer()).body) == ANSWER
    for client in dripping:
        with pytest.raises(Broken):
            await client.skip(ANSWER - 9000)


async def test_while_nobody_waits_nobody_is_cut_off_before_his_time(
    gateway: InProcess, connect: Connect
) -> None:
    await kept(gateway, connect, "greedy")
    patient = [await unread(gateway, connect, "greedy") for _ in range(2)]
    await time_passes(gateway, 60)
    assert await is_cut(patient[0]) is False
    for _ in range(60):
        gateway.advance(10.0)
    await gateway.catch_up()
    assert await is_cut(patient[1]) is True


async def test_who_has_its_part_makes_no_room_for_who_wants_more(
    gateway: InProcess, connect: Connect
) -> None:
    """Whatever another account asks for."""
    for account in ("modest", "greedy"):
        await kept(gateway, connect, account)
    reading = await unread(gateway, connect, "modest")
    slow = [await unread(gateway, connect, "greedy") for _ in range(FOUR - 1)]
    asking = [await connect(gateway.url) for _ in range(3)]
    for client in asking:
        await client.send(large("greedy"))
    await pressing(gateway, "greedy")
    await time_passes(gateway, 9)
    assert [len((await client.answer()).body) for client in asking] == [ANSWER] * 3
    assert [await is_cut(client) for client in slow] == [True] * (FOUR - 1)
    assert await is_cut(reading) is False


async def test_who_has_more_than_its_part_makes_room_for_who_has_less(
    gateway: InProcess, connect: Connect
) -> None:
    await kept(gateway, connect, "greedy")
    slow = [await unread(gateway, connect, "greedy") for _ in range(FOUR)]
    room(gateway).share("").force(room(gateway).budget.free)  # what strangers have begun to send
    other = await connect(gateway.url)
    sending = asyncio.create_task(other.send(upload("modest", 5 * MEGABYTE)))
    await time_passes(gateway, 2)
    assert (await other.answer()).status == 503, "no call begins while nothing is free"
    sending.cancel()
    room(gateway).share("").force(-MEGABYTE)
    other = await connect(gateway.url)
    sending = asyncio.create_task(other.send(upload("modest", 5 * MEGABYTE)))
    await pressing(gateway, "modest")
    await time_passes(gateway, 9)
    assert (await other.answer()).status == 400, "it was read, and is no JSON"
    await sending
    assert [await is_cut(client) for client in slow] == [True] * FOUR


async def test_a_stream_that_nobody_reads_is_let_go_as_well(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    """It holds little, and its provider is held back for it."""
    await kept(gateway, connect, "greedy")
    stream = await connect(gateway.url, receive_buffer=4096, limit=1024)
    skipping = ("cf-aig-skip-cache", "true")
    await stream.send(
        request("POST", "/v1/greedy/gw/openai/chat/completions", ("X-Large", "1"), skipping, body=b"{}")
    )
    await upstream.request(2)
    await gateway.stands_still(lambda: upstream.sent)
    for _ in range(FOUR - 1):
        await unread(gateway, connect, "greedy")
    other = await connect(gateway.url)
    await other.send(large("greedy"))
    await pressing(gateway, "greedy")
    await time_passes(gateway, 9)
    assert len((await other.answer()).body) == ANSWER
    assert await is_cut(stream)


# -- answers of the management API


async def logged(gateway: InProcess, connect: Connect) -> bytes:
    """A request for the answer of a call that is in the log."""
    client = await connect(gateway.url)
    await client.send(large("greedy"))
    answer = await client.answer()
    await gateway.rows(1)
    await is_idle(gateway)
    path = f"/client/v4/accounts/greedy/ai-gateway/gateways/gw/logs/{answer.header('cf-aig-log-id')}/response"
    return request("GET", path, TOKEN)


async def test_answers_of_the_management_api_share_the_room(gateway: InProcess, connect: Connect) -> None:
    """Two of a caller at a time wait for it; who finds none is told when to come again."""
    asked = await logged(gateway, connect)
    slow = [await unread(gateway, connect, "", asked) for _ in range(FOUR)]
    more = [await connect(gateway.url, receive_buffer=4096, limit=1024) for _ in range(8)]
    for client in more:
        await client.send(asked)
    await pressing(gateway, "greedy")
    await gateway.stands_still(lambda: room(gateway).budget.free)
    assert room(gateway).budget.free >= 0
    other = await connect(gateway.url)
    assert (await other.ask("POST", "/v1/modest/gw/openai/chat/completions", body=b"{}")).status == 200
    for client in (*slow, *more):
        client.leave()
    await is_idle(gateway)


async def test_who_finds_no_room_for_such_an_answer_is_told(gateway: InProcess, connect: Connect) -> None:
    asked = await logged(gateway, connect)
    room(gateway).share("modest").force(ROOM - MEGABYTE)
    client = await connect(gateway.url)
    await client.send(asked)
    await pressing(gateway, "greedy")
    await time_passes(gateway, 11)
    answer = await client.answer()
    assert (answer.status, answer.header("retry-after")) == (503, "5")
    assert "max_memory_bytes" in answer.body.decode()


async def test_who_does_not_read_such_an_answer_makes_room(gateway: InProcess, connect: Connect) -> None:
    asked = await logged(gateway, connect)
    slow = [await unread(gateway, connect, "", asked) for _ in range(FOUR)]
    other = await connect(gateway.url)
    sending = asyncio.create_task(other.send(upload("greedy", 5 * MEGABYTE)))
    await pressing(gateway, "greedy")
    await time_passes(gateway, 9)
    assert (await other.answer()).status == 400, "it was read, and is no JSON"
    await sending
    assert [await is_cut(client) for client in slow] == [True] * FOUR


async def test_a_large_answer_of_the_management_api_is_whole(gateway: InProcess, connect: Connect) -> None:
    """For GET and HEAD, and the connection goes on."""
    asked = await logged(gateway, connect)
    client = await connect(gateway.url)
    for method in ("GET", "HEAD", "GET"):
        await client.send(asked.replace(b"GET", method.encode(), 1))
        answer = await client.answer(method)
        assert (answer.status, answer.header("content-length")) == (200, str(len(answer.body) or ANSWER))
        assert answer.body == (b"" if method == "HEAD" else b"x" * ANSWER)
    await is_idle(gateway)
