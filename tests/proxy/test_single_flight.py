"""Flights: whoever joins gets every byte from the first on, each at its own pace, whatever the others do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.budget import Budget
from penstock.proxy.single_flight import MAX_KEPT_BYTES, AnswerHead, Flight, Subscriber
from penstock.proxy.upstream.exchange import Exchange

HEAD = AnswerHead(
    status=200,
    lines=b"",
    shared_lines=b"",
    length=None,
    content_type=b"text/plain",
    content_encoding=b"",
    bodiless=False,
)
PLENTY = 1 << 30
ALLOWANCE = 65536


class Provider:
    """The side of the provider: whether it may go on."""

    def __init__(self) -> None:
        self.paused = False

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False


class Client:
    """A client that takes so many pieces and then no more until it is told to; its transport says so at once."""

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.had: list[bytes] = []
        self.subscriber: Subscriber | None = None

    def is_congested(self) -> bool:
        return self.patience <= 0

    def feed(self, data: bytes) -> None:
        assert not self.is_congested(), "more than the client can take"
        self.had.append(data)
        self.patience -= 1
        if self.is_congested() and self.subscriber is not None:
            self.subscriber.pause()

    def reads(self, patience: int) -> None:
        assert self.subscriber is not None
        was = self.is_congested()
        self.patience += patience
        if was and not self.is_congested():
            self.subscriber.resume()

    @property
    def bytes(self) -> bytes:
        return b"".join(self.had)


class Trip:
    """One flight and its clients; checks after each step what must always hold."""

    def __init__(self, budget: int, *, stays: bool = False) -> None:
        self.budget = Budget(budget)
        self.free = budget
        self.flight = Flight(self.budget, b"", stays=stays)
        self.provider = Provider()
        self.clients: list[Client] = []
        self.sent: list[bytes] = []
        self.over = False
        self.flight.land(HEAD, cast(Exchange, self.provider))

    def feed(self, data: bytes) -> None:
        if not self.over:
            self.sent.append(data)
            self.flight.feed(data)

    def join(self, patience: int) -> None:
        if self.flight.kept:
            client = Client(patience)
            self.clients.append(client)
            client.subscriber = self.flight.subscribe(client, client.is_congested)

    def leave(self, number: int) -> None:
        if self.clients:
            client = self.clients.pop(number % len(self.clients))
            assert client.subscriber is not None
            self.flight.leave(client.subscriber)

    def reads(self, number: int, patience: int) -> None:
        if self.clients:
            self.clients[number % len(self.clients)].reads(patience)

    def check(self) -> None:
        whole = b"".join(self.sent)
        for client in self.clients:
            assert whole.startswith(client.bytes)
            assert client.is_congested() or client.bytes == whole
        congested = [client.is_congested() for client in self.clients]
        if congested and not self.over:
            assert self.provider.paused is (all(congested) if self.flight.kept else any(congested))
        elif not self.over:
            assert not self.provider.paused

    async def end(self, error: Exception | None) -> None:
        """The provider ends, then all read to the end: they have everything, and know how it ended."""
        for client in self.clients:
            assert client.subscriber is not None
            assert not client.subscriber.done.done()
        self.over = True
        if error is None:
            self.flight.finish([])
        else:
            self.flight.fail(error)
        self.flight.close()
        for client in self.clients:
            assert client.subscriber is not None
            assert client.subscriber.done.done() is (len(client.bytes) == sum(map(len, self.sent)))
            client.reads(PLENTY)
            assert client.bytes == b"".join(self.sent)
            assert client.subscriber.done.done()
            assert client.subscriber.done.exception() is error
        self.everybody_leaves()
        assert self.budget.free == self.free

    def everybody_leaves(self) -> None:
        """All go, one after the other."""
        for client in self.clients:
            assert client.subscriber is not None
            self.flight.leave(client.subscriber)


PATIENCE = st.integers(0, 4) | st.just(PLENTY)
WHO = st.integers(0, 9)
SIZES = st.integers(1, 300) | st.sampled_from([20_000, ALLOWANCE, ALLOWANCE + 1])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("feed"), SIZES),
        st.tuples(st.just("join"), PATIENCE),
        st.tuples(st.just("leave"), WHO),
        st.tuples(st.just("reads"), WHO, PATIENCE),
    ),
    max_size=40,
)
BUDGETS = st.sampled_from([0, 100_000, PLENTY])
ENDS = st.sampled_from([None, RuntimeError("broken")])


def in_loop(scenario: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        await scenario()

    asyncio.run(run())


def piece(number: int, size: int) -> bytes:
    """Bytes that say which piece they are."""
    return (b"%d," % number * size)[:size]


@given(STEPS, BUDGETS, ENDS)
def test_any_interleaving_gives_everybody_everything(
    steps: list[tuple[str, int] | tuple[str, int, int]], budget: int, error: Exception | None
) -> None:
    async def scenario() -> None:
        trip = Trip(budget)
        for number, (verb, first, *rest) in enumerate(steps):
            if verb == "feed":
                trip.feed(piece(number, first))
            elif verb == "join":
                trip.join(first)
            elif verb == "leave":
                trip.leave(first)
            else:
                trip.reads(first, rest[0])
            trip.check()
        await trip.end(error)

    in_loop(scenario)


@given(st.lists(SIZES, max_size=12), st.integers(0, 12), BUDGETS)
def test_what_is_kept_is_the_whole_body(sizes: list[int], join_at: int, budget: int) -> None:
    async def scenario() -> None:
        trip = Trip(budget)
        for number, size in enumerate(sizes):
            if number == join_at:
                trip.join(PLENTY)
            trip.feed(piece(number, size))
        trip.flight.finish([])
        total = sum(sizes)
        assert trip.flight.size == total
        assert trip.flight.kept is (total <= ALLOWANCE + budget)
        if trip.flight.kept:
            assert trip.flight.body() == b"".join(trip.sent)
        held = budget - trip.budget.free
        trip.flight.close()
        assert trip.budget.free == budget - (held if trip.clients else 0)
        trip.everybody_leaves()
        assert trip.budget.free == budget

    in_loop(scenario)


@given(st.integers(1, 5), st.integers(1, 20))
def test_what_is_not_kept_stays_no_longer_than_the_slowest_needs_it(readers: int, pieces: int) -> None:
    async def scenario() -> None:
        trip = Trip(0)
        for _ in range(readers):
            trip.join(PLENTY)
        trip.join(0)
        trip.feed(piece(0, ALLOWANCE + 1))
        assert not trip.flight.kept
        for number in range(pieces):
            trip.feed(piece(number, 100))
        assert len(trip.flight._pieces) == pieces + 1
        trip.reads(readers, 1)
        trip.feed(b"next")
        assert len(trip.flight._pieces) == pieces + 1
        trip.leave(readers)
        trip.feed(b"last")
        assert trip.flight._pieces == []
        trip.check()

    in_loop(scenario)


async def test_no_more_is_kept_than_an_answer_may_have() -> None:
    trip = Trip(PLENTY)
    block = bytes(1024 * 1024)
    for _ in range(MAX_KEPT_BYTES // len(block)):
        trip.feed(block)
    kept = [trip.flight.kept]
    trip.feed(b"x")
    assert [*kept, trip.flight.kept] == [True, False]
    assert trip.flight._pieces == []
    trip.flight.finish([])
    trip.flight.close()
    assert trip.budget.free == PLENTY


# -- who wants it


async def test_a_call_is_wanted_by_subscribers_and_by_who_waits() -> None:
    trip = Trip(0)
    wanted = [trip.flight.is_wanted]
    trip.flight.waiting += 1
    wanted.append(trip.flight.is_wanted)
    trip.flight.waiting -= 1
    wanted.append(trip.flight.is_wanted)
    trip.join(0)
    wanted.append(trip.flight.is_wanted)
    trip.leave(0)
    wanted.append(trip.flight.is_wanted)
    assert wanted == [False, True, False, True, False]
    assert Trip(0, stays=True).flight.is_wanted


@pytest.mark.parametrize(("stays", "ended"), [(False, 1), (True, 0)])
async def test_the_last_to_leave_ends_the_call(stays: bool, ended: int) -> None:
    trip = Trip(0, stays=stays)
    cancelled: list[int] = []
    trip.join(PLENTY)
    trip.join(PLENTY)
    trip.flight.give_up()
    trip.flight.cancel = lambda: cancelled.append(1)  # the client who began it has left
    trip.leave(0)
    trip.flight.give_up()
    assert cancelled == []
    trip.leave(0)
    trip.flight.give_up()
    assert len(cancelled) == ended
    trip.flight.finish([])
    trip.flight.give_up()
    assert len(cancelled) == ended


async def test_the_head_reaches_who_waits_and_a_failure_before_it_too() -> None:
    assert await Trip(0).flight.landing is HEAD
    broken = Flight(Budget(0), b"", stays=False)
    waiting = [asyncio.ensure_future(broken.landing) for _ in range(3)]
    broken.fail(RuntimeError("no answer"))
    for one in waiting:
        with pytest.raises(RuntimeError, match="no answer"):
            await one


async def test_a_failure_nobody_heard_of_is_no_complaint() -> None:
    """Warnings are errors here: a future whose exception nobody took would be one."""
    Flight(Budget(0), b"", stays=False).fail(RuntimeError("unheard"))


async def test_trailers_are_there_at_the_end() -> None:
    trip = Trip(0)
    trip.join(PLENTY)
    trip.flight.finish([(b"x-sum", b"1")])
    (client,) = trip.clients
    assert client.subscriber is not None
    assert client.subscriber.done.done()
    assert trip.flight.trailers == [(b"x-sum", b"1")]
