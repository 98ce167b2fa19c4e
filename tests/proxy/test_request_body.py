"""A request's body on its way: the same bytes and the same framing, however it comes, and nothing piles up.

Both sides are stand-ins that note what they are told; the real ones are in the hostile tests.
"""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.budget import Budget
from penstock.errors import REQUEST_TIMEOUT, GatewayError
from penstock.proxy.request_body import WAITING_BYTES, RequestBody
from penstock.proxy.room import Room
from penstock.proxy.upstream.exchange import Exchange
from support.clock import FakeClock

HEAD = b"POST / HTTP/1.1\r\n\r\n"
PIECES = st.lists(st.integers(1, 40_000), max_size=5)


class Line:
    """The provider's side: what was sent."""

    def __init__(self) -> None:
        self.sent = b""
        self.sending = False
        self.write_blocked = False
        self.source: RequestBody | None = None

    def send(self, data: bytes) -> None:
        self.sent += data

    def send_many(self, pieces: list[bytes]) -> None:
        self.sent += b"".join(pieces)


class Client:
    """The client's side: whether it is held back."""

    def __init__(self) -> None:
        self._held = False

    def hold(self, held: bool) -> None:
        self._held = held

    def held(self) -> bool:
        return self._held


def body_of(chunked: bool, length: int, limit: int = 0) -> tuple[RequestBody, Client]:
    """A body whose head has been read, and the client it comes from."""
    client = Client()
    body = RequestBody(client.hold, limit)
    body.chunked = chunked
    body.length = -1 if chunked else length
    return body, client


def send(body: RequestBody, line: Line) -> None:
    """Sends the body on this line."""
    body.send_to(cast(Exchange, line), HEAD)


def replayable(body: RequestBody) -> bool:
    """Whether it can be sent once more, now."""
    return body.replayable


def unchunked(data: bytes) -> bytes:
    """The content of a chunked body, which must be whole and sound."""
    content = b""
    while True:
        size, _, data = data.partition(b"\r\n")
        count = int(size, 16)
        if count == 0:
            assert data == b"\r\n"
            return content
        content, data = content + data[:count], data[count:]
        assert data[:2] == b"\r\n"
        data = data[2:]


@given(PIECES, st.booleans(), st.integers(0, 5), st.integers(0, 300_000))
def test_the_bytes_are_the_same_however_they_come(
    sizes: list[int], chunked: bool, early: int, kept: int
) -> None:
    """`early` pieces come before there is a connection; the record has the first `kept` bytes."""
    budget = Budget(10**6)
    pieces = [bytes([number]) * size for number, size in enumerate(sizes)]
    whole = b"".join(pieces)
    body, _ = body_of(chunked, len(whole))
    body.record(kept, budget)
    line = Line()
    for data in pieces[:early]:
        body.feed(data)
    if early >= len(pieces):
        body.end()
    send(body, line)
    for data in pieces[early:]:
        body.feed(data)
    if early < len(pieces):
        body.end()
    assert line.sent.startswith(HEAD)
    sent = line.sent.removeprefix(HEAD)
    assert (unchunked(sent) if chunked else sent) == whole
    assert not line.sending
    assert body.size == len(whole)
    assert body.recorded() == (whole[:kept], len(whole) > kept)
    assert budget.free == 10**6


def test_framing_is_what_was_declared() -> None:
    for chunked, length, line in (
        (True, -1, b"transfer-encoding: chunked\r\n"),
        (False, 5, b"content-length: 5\r\n"),
        (False, 0, b"content-length: 0\r\n"),
        (False, -1, b""),
    ):
        assert body_of(chunked, length)[0].framing() == line


def test_a_client_is_held_back_while_nobody_takes_the_body() -> None:
    body, client = body_of(False, 10**6)
    body.feed(bytes(WAITING_BYTES))
    assert not client.held()
    body.feed(b"1")
    assert client.held()
    send(body, Line())
    assert not client.held()


def test_a_client_is_held_back_while_the_provider_is_slow() -> None:
    body, client = body_of(False, 10**6)
    line = Line()
    line.write_blocked = True
    body.feed(bytes(WAITING_BYTES + 1))
    send(body, line)
    assert client.held()
    assert line.source is body
    body.resume()
    assert not client.held()
    body.pause()
    assert client.held()


@pytest.mark.parametrize("chunked", [False, True])
def test_the_limit_is_exact(chunked: bool) -> None:
    body, _ = body_of(chunked, 10, limit=10)
    line = Line()
    send(body, line)
    body.feed(bytes(10))
    sent = line.sent
    with pytest.raises(GatewayError) as caught:
        body.feed(b"1")
    assert caught.value.fault.status == 413
    assert line.sent == sent


def test_what_is_dropped_goes_nowhere() -> None:
    body, client = body_of(False, 10**6)
    body.feed(bytes(WAITING_BYTES + 1))
    body.drop()
    assert not client.held()
    body.feed(bytes(10**6))
    line = Line()
    assert line.sent == b""
    assert not client.held()


def test_only_what_was_not_let_go_can_be_sent_again() -> None:
    body, _ = body_of(False, 4)
    body.feed(b"body")
    assert not replayable(body)
    body.end()
    assert replayable(body)
    first, second = Line(), Line()
    send(body, first)
    assert replayable(body)
    send(body, second)
    assert first.sent == second.sent == HEAD + b"body"
    streamed, _ = body_of(False, 4)
    send(streamed, Line())
    streamed.feed(b"body")
    streamed.end()
    assert not replayable(streamed)


def test_trailers_follow_a_chunked_body() -> None:
    body, _ = body_of(True, -1)
    line = Line()
    send(body, line)
    body.feed(b"body")
    body.trailers += [(b"x-a", b"b"), (b"host", b"evil.example")]
    body.end()
    assert line.sent == HEAD + b"4\r\nbody\r\n0\r\nx-a: b\r\n\r\n"


# -- read whole


async def test_read_whole_and_replaced() -> None:
    """The provider gets the rewritten body with its own length; the record keeps what came."""
    body, _ = body_of(True, -1)
    body.record(100, Budget(0))
    body.feed(b"orig")
    reading = asyncio.create_task(body.whole(100))
    await asyncio.sleep(0)
    assert not reading.done()
    body.feed(b"inal")
    body.trailers.append((b"x-a", b"b"))
    body.end()
    assert await reading == b"original"
    body.replace(b"rewritten")
    line = Line()
    send(body, line)
    assert (body.framing(), line.sent) == (b"content-length: 9\r\n", HEAD + b"rewritten")
    assert body.recorded() == (b"original", False)
    assert body.size == 8


@pytest.mark.parametrize("chunked", [False, True])
async def test_too_large_to_be_read_whole(chunked: bool) -> None:
    body, _ = body_of(chunked, 11)
    if chunked:
        body.feed(bytes(11))
    with pytest.raises(GatewayError) as caught:
        await body.whole(10)
    assert caught.value.fault.status == 413


async def test_a_client_is_not_held_back_while_its_body_is_read_whole() -> None:
    body, client = body_of(False, 10**6)
    body.feed(bytes(WAITING_BYTES + 1))
    assert client.held()
    reading = asyncio.create_task(body.whole(10**6))
    await asyncio.sleep(0)
    assert not client.held()
    body.feed(bytes(10**6 - WAITING_BYTES - 1))
    assert not client.held()
    body.end()
    assert len(await reading) == 10**6


async def test_a_body_that_fails_fails_whoever_reads_it() -> None:
    body, _ = body_of(False, 10)
    reading = asyncio.create_task(body.whole(10))
    await asyncio.sleep(0)
    error = GatewayError(REQUEST_TIMEOUT)
    body.fail(error)
    with pytest.raises(GatewayError) as caught:
        await reading
    assert caught.value is error
    with pytest.raises(GatewayError):
        await body.whole(10)


@given(st.lists(st.sampled_from([1, 2, 15, 700, 5000]), max_size=900), st.integers(0, 60_000))
def test_what_came_in_crumbs_is_kept_and_recorded_as_it_came(sizes: list[int], limit: int) -> None:
    body, _ = body_of(True, -1)
    body.record(limit, Budget(0))
    whole = b"".join(bytes([number % 256]) * size for number, size in enumerate(sizes))
    for number, size in enumerate(sizes):
        body.feed(bytes([number % 256]) * size)
    body.end()
    assert body.recorded() == (whole[:limit], len(whole) > limit)
    assert body.kept == whole


async def test_the_room_of_a_body_that_waited_and_left_comes_back() -> None:
    room = Room(1_000_000, FakeClock())
    others = room.share("a")
    assert others.take(700_000)
    body, client = body_of(False, 400_000)
    body.share = room.share("a")
    reading = asyncio.ensure_future(body.whole(500_000))
    await asyncio.sleep(0)
    assert client.held()
    reading.cancel()
    await asyncio.wait([reading])
    body.let_go()
    others.release()
    assert (room.budget.free, room.is_awaited("a")) == (1_000_000, False)


async def test_a_chunked_body_waits_for_room_as_it_grows() -> None:
    room = Room(2_000_000, FakeClock())
    others = room.share("a")
    assert others.take(1_200_000)
    body, client = body_of(True, -1)
    body.share = room.share("a")
    reading = asyncio.ensure_future(body.whole(1_500_000))
    await asyncio.sleep(0)
    fed = 0
    while not client.held():
        body.feed(b"a" * 50_000)
        fed += 50_000
        await asyncio.sleep(0)
        assert fed < 600_000
    others.release()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not client.held()
    body.feed(b"a" * 1000)
    body.end()
    assert await reading == b"a" * (fed + 1000)
    body.let_go()
    assert room.budget.free == 2_000_000
