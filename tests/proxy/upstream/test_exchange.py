"""One use of an upstream connection, byte by byte: the head, the body pushed or held, and when it may be used again.

The transport is a stand-in, so that each cut and each loss happens at an exact byte.
"""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.proxy.upstream.exchange import HELD_BYTES, Connection, Exchange, Progress, UpstreamError

LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nX-A: b\r\n\r\nhello world"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n"
    b"5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nX-T: u\r\n\r\n"
)
INTERIM = b"HTTP/1.1 103 Early\r\nLink: c\r\n\r\n"


class Wire:
    """A transport that keeps what is done to it."""

    def __init__(self) -> None:
        self.written = b""
        self._paused = False
        self.aborted = False

    def paused(self) -> bool:
        return self._paused

    def write(self, data: bytes) -> None:
        self.written += data

    def writelines(self, pieces: list[bytes]) -> None:
        self.written += b"".join(pieces)

    def pause_reading(self) -> None:
        assert not self._paused
        self._paused = True

    def resume_reading(self) -> None:
        assert self._paused
        self._paused = False

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True


class Pool:
    """What came back."""

    def __init__(self) -> None:
        self.back: list[Connection] = []
        self.gone: list[Connection] = []

    def give_back(self, connection: Connection) -> None:
        self.back.append(connection)

    def forget(self, connection: Connection) -> None:
        self.gone.append(connection)


class Bench:
    """A connection with an exchange on it."""

    def __init__(self, *, bodiless: bool = False) -> None:
        self.wire = Wire()
        self.pool = Pool()
        self.connection = Connection(asyncio.get_running_loop(), self.pool)
        self.connection.connection_made(cast(asyncio.BaseTransport, self.wire))
        self.exchange: Exchange = self.connection.begin(bodiless=bodiless)
        self.got = b""

    def take(self, data: bytes) -> None:
        self.got += data

    def feed(self, data: bytes, *cuts: int) -> None:
        """Bytes from the provider, cut at these places."""
        ends = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
        for start, end in pairwise(ends):
            self.connection.data_received(data[start:end])

    def reusable(self) -> bool:
        """Whether the connection is kept after the exchange is closed."""
        self.exchange.close()
        assert (self.pool.back == [self.connection]) != self.wire.aborted
        return not self.wire.aborted


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.sampled_from([LENGTH, CHUNKED, INTERIM + LENGTH, INTERIM * 3 + CHUNKED]),
    st.lists(st.integers(0, 300), max_size=10),
    st.booleans(),
)
def test_any_cut_gives_the_same_answer(data: bytes, cuts: list[int], late: bool) -> None:
    async def story() -> None:
        bench = Bench()
        exchange = bench.exchange
        if late:
            bench.feed(data, *cuts)
            assert b"".join(exchange.held) == b"hello world"
            exchange.relay(bench.take)
        else:
            head, _, rest = data.rpartition(b"X-A: b\r\n\r\n")
            bench.feed(head + b"X-A: b\r\n\r\n", *cuts)
            finished = exchange.relay(bench.take)
            assert not finished.done()
            bench.feed(rest, *cuts)
            await finished
        assert exchange.head.done()
        assert (exchange.status, bench.got, exchange.complete) == (200, b"hello world", True)
        assert exchange.headers[-1] == (b"X-A", b"b")
        assert exchange.trailers == ([(b"X-T", b"u")] if CHUNKED in data else [])
        assert bench.reusable()

    asyncio.run(story())


async def test_what_nobody_takes_is_held_and_then_the_provider() -> None:
    bench = Bench()
    bench.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + bytes(HELD_BYTES))
    assert not bench.wire.paused()
    bench.feed(b"1")
    assert bench.wire.paused()
    bench.exchange.relay(bench.take)
    assert not bench.wire.paused()
    assert len(bench.got) == HELD_BYTES + 1


async def test_the_client_s_pace_is_the_provider_s() -> None:
    bench = Bench()
    bench.feed(LENGTH[:-5])
    bench.exchange.pause()
    assert bench.wire.paused()
    finished = bench.exchange.relay(bench.take)
    assert bench.wire.paused()
    bench.exchange.pause()
    bench.exchange.resume()
    bench.exchange.resume()
    assert not bench.wire.paused()
    bench.feed(LENGTH[-5:])
    await finished
    assert bench.got == b"hello world"


async def test_an_exchange_closed_while_paused_leaves_the_connection_reading() -> None:
    bench = Bench()
    bench.feed(LENGTH)
    bench.exchange.pause()
    assert bench.reusable()
    assert not bench.wire.paused()


@pytest.mark.parametrize(
    ("data", "reusable"),
    [
        (LENGTH, True),
        (CHUNKED, True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", True),
        (LENGTH[:-1], False),
        (CHUNKED[:-1], False),
        (b"", False),
        (INTERIM, False),
        (LENGTH + b"x", False),
        (LENGTH + LENGTH, False),
        (LENGTH + INTERIM, False),
        (LENGTH + b"HTTP/1.1 2", False),
    ],
)
async def test_what_may_be_used_again(data: bytes, reusable: bool) -> None:
    bench = Bench()
    if data:
        bench.feed(data)
    assert bench.reusable() is reusable


async def test_not_while_the_request_is_still_being_sent() -> None:
    bench = Bench()
    bench.exchange.sending = True
    bench.feed(LENGTH)
    assert not bench.reusable()


async def test_bytes_for_nobody_end_the_connection() -> None:
    bench = Bench()
    bench.feed(LENGTH)
    bench.exchange.close()
    assert bench.pool.back == [bench.connection]
    bench.feed(b"x")
    assert bench.wire.aborted


async def test_a_second_exchange_starts_anew() -> None:
    bench = Bench()
    bench.feed(CHUNKED)
    first = bench.exchange
    first.close()
    second = bench.connection.begin(bodiless=False)
    bench.feed(LENGTH)
    assert (first.status, second.status) == (200, 200)
    assert second.trailers == []
    assert b"".join(second.held) == b"hello world"
    assert second.complete


async def test_a_closed_exchange_sends_nothing() -> None:
    bench = Bench()
    bench.exchange.send(b"a")
    bench.exchange.send_many([b"b", b"c"])
    bench.feed(LENGTH)
    bench.exchange.close()
    bench.exchange.close()
    bench.exchange.send(b"d")
    bench.exchange.send_many([b"e"])
    assert bench.wire.written == b"abc"
    assert bench.pool.back == [bench.connection]


# -- how far it got


@pytest.mark.parametrize(
    ("data", "progress"),
    [
        (b"", Progress.SENT),
        (b"H", Progress.ANSWERED),
        (b"HTTP/1.1 200 OK\r\n", Progress.ANSWERED),
        (b"HTTP/1.1 200 OK\r\nX-A: b\r\nX-C: ", Progress.ANSWERED),
        (INTERIM, Progress.ANSWERED),
    ],
)
@pytest.mark.parametrize("error", [None, ConnectionResetError()])
async def test_a_connection_lost_before_the_head(
    data: bytes, progress: Progress, error: Exception | None
) -> None:
    """One byte is enough to know that the provider has the request."""
    bench = Bench()
    if data:
        bench.feed(data)
    bench.connection.connection_lost(error)
    with pytest.raises(UpstreamError) as caught:
        await bench.exchange.head
    assert caught.value.progress is progress
    assert not caught.value.timeout


@pytest.mark.parametrize("relayed", [False, True])
@pytest.mark.parametrize("data", [LENGTH[:-1], CHUNKED[:-1], CHUNKED[:-20]])
async def test_a_connection_lost_in_the_answer(data: bytes, relayed: bool) -> None:
    bench = Bench()
    bench.feed(data)
    finished = bench.exchange.relay(bench.take) if relayed else None
    bench.connection.connection_lost(None)
    with pytest.raises(UpstreamError) as caught:
        await (finished or bench.exchange.relay(bench.take))
    assert caught.value.progress is Progress.ANSWERED
    assert not bench.reusable()


@pytest.mark.parametrize(("error", "sound"), [(None, True), (ConnectionResetError(), False)])
async def test_an_answer_that_ends_with_its_connection(error: Exception | None, sound: bool) -> None:
    bench = Bench()
    bench.feed(b"HTTP/1.0 200 OK\r\n\r\nhello")
    finished = bench.exchange.relay(bench.take)
    bench.connection.connection_lost(error)
    if sound:
        await finished
    else:
        with pytest.raises(UpstreamError):
            await finished
    assert bench.got == b"hello"


async def test_a_deadline_is_told_from_a_broken_line() -> None:
    bench = Bench()
    bench.exchange.broke("too slow", timeout=True)
    bench.exchange.broke("and then it broke")
    with pytest.raises(UpstreamError, match="too slow") as caught:
        await bench.exchange.head
    assert caught.value.timeout


async def test_an_answer_that_is_whole_cannot_break() -> None:
    bench = Bench()
    bench.feed(LENGTH)
    bench.connection.connection_lost(ConnectionResetError())
    await bench.exchange.relay(bench.take)
    assert bench.got == b"hello world"
