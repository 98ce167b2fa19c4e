"""Filters in a chain, through the real pipeline: what they hold back, replace, end, ask for and raise."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from inspect import CORO_CLOSED, getcoroutinestate
from typing import Literal

import brotli
import pytest
import zstandard

from conftest import Connect, OpenGateway
from penstock.errors import FORBIDDEN, GatewayError
from penstock.proxy.body_filter import BodyFilter, EndAnswer, FilterMaker
from penstock.proxy.call import Call, Gateway, Route
from penstock.proxy.routing import World
from support.checks import check_error
from support.client import Answer, Broken, Client, request
from support.configuration import openai
from support.inprocess import InProcess
from support.replies import Act, Reply, Step, chunked, head, whole
from support.upstream import Upstream
from support.waiting import eventually

CHAT = "/v1/acct/gw/openai/chat/completions"
TEXT = (("content-type", "text/plain"),)
REFUSED = GatewayError(FORBIDDEN, "not this")


class Through:
    """Lets everything pass, and is what the others differ from."""

    content_type = b""

    def __init__(self, logged: Literal["before", "after"] = "before") -> None:
        self.logged = logged

    @property
    def held(self) -> int:
        return 0

    def feed(self, data: bytes) -> bytes | Awaitable[bytes]:
        return data

    def finish(self) -> bytes | Awaitable[bytes]:
        return b""


class Louder(Through):
    """Replaces what passes."""

    def feed(self, data: bytes) -> bytes:
        return data.upper()

    def finish(self) -> bytes:
        return b"!"


class HoldingBack(Through):
    """Lets nothing pass before the end."""

    def __init__(self, logged: Literal["before", "after"] = "before") -> None:
        super().__init__(logged)
        self.back = bytearray()

    @property
    def held(self) -> int:
        return len(self.back)

    def feed(self, data: bytes) -> bytes | Awaitable[bytes]:
        self.back += data
        return b""

    def finish(self) -> bytes | Awaitable[bytes]:
        return bytes(self.back)


class Silent(HoldingBack):
    """Lets nothing pass at all."""

    def finish(self) -> bytes:
        return b""


class Ending(Through):
    """Ends the answer at a word, with an event."""

    def feed(self, data: bytes) -> bytes:
        if b"bad" in data:
            raise EndAnswer(b"event: error\n\n", REFUSED)
        return data


class Failing(Through):
    """Raises at a word."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def feed(self, data: bytes) -> bytes:
        if b"bad" in data:
            raise self.error
        return data


class Judge:
    """Says when somebody asks, and only when it is told to."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.cancelled = 0
        self.verdicts: asyncio.Queue[bytes | Exception] = asyncio.Queue()

    async def __call__(self, data: bytes) -> bytes:
        self.asked.append(data)
        try:
            verdict = await self.verdicts.get()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if isinstance(verdict, Exception):
            raise verdict
        return verdict


class Asking(HoldingBack):
    """Asks the judge about each piece, or about all of it at the end."""

    def __init__(self, judge: Judge, *, at_the_end: bool = False) -> None:
        super().__init__()
        self.judge = judge
        self.at_the_end = at_the_end

    def feed(self, data: bytes) -> bytes | Awaitable[bytes]:
        return super().feed(data) if self.at_the_end else self.judge(data)

    def finish(self) -> bytes | Awaitable[bytes]:
        return self.judge(bytes(self.back)) if self.at_the_end else b""


class Hook:
    """Puts filters on every call, and may change or refuse its body."""

    name = "tested"
    always = True

    def __init__(self, *makers: Callable[[], BodyFilter]) -> None:
        self.makers = makers
        self.bodies: list[bytes | None] = []
        self.rewritten: bytes | Exception | None = None
        self.judge: Judge | None = None

    def wants(self, _call: Call, _route: Route) -> bool:
        return True

    def rewrite(
        self, call: Call, _route: Route, body: bytes | None
    ) -> bytes | Awaitable[bytes | None] | None:
        self.bodies.append(body)
        call.filters = tuple(map(_for_any, self.makers))
        if self.judge is not None:
            return self.judge(body or b"")
        if isinstance(self.rewritten, Exception):
            raise self.rewritten
        return self.rewritten


def _for_any(make: Callable[[], BodyFilter]) -> FilterMaker:
    """A filter for whatever answer comes."""
    return lambda status, content_type, lines: make()


class Filtered:
    """A gateway whose answers go through filters."""

    def __init__(self, gateway: InProcess, upstream: Upstream, connect: Connect) -> None:
        self.gateway = gateway
        self.upstream = upstream
        self._connect = connect

    def through(self, *makers: Callable[[], BodyFilter], cache_ttl: int = 0) -> Hook:
        hook = Hook(*makers)
        pipeline = self.gateway.parts.pipeline
        changed = [
            replace(one, request_hooks=(hook,), cache_ttl=cache_ttl) for one in pipeline.world.gateways
        ]
        pipeline.world = World({_name(one): one for one in changed}, pipeline.world.registry)
        return hook

    async def send(self, method: str = "POST", body: bytes | None = b"question") -> Client:
        client = await self._connect(self.gateway.url)
        await client.send(request(method, CHAT, body=body))
        return client

    async def ask(self, method: str = "POST", body: bytes | None = b"question") -> Answer:
        return await (await self.send(method, body)).answer(method)

    async def kept(self) -> bytes:
        bodies = await self.gateway.bodies()
        assert bodies is not None
        return bodies.response


def _name(gateway: Gateway) -> tuple[str, str]:
    return gateway.account, gateway.id


@pytest.fixture
async def filtered(open_gateway: OpenGateway, upstream: Upstream, connect: Connect) -> Filtered:
    return Filtered(await open_gateway(openai(upstream.url)), upstream, connect)


def said(*pieces: bytes) -> Reply:
    return chunked(*pieces, headers=TEXT)


WAYS = pytest.mark.parametrize(
    "reply", [said(b"he", b"llo"), whole(b"hello", headers=TEXT)], ids=["as it comes", "all there"]
)


@WAYS
@pytest.mark.parametrize(
    ("makers", "seen"),
    [
        ((Through,), b"hello"),
        ((Louder,), b"HELLO!"),
        ((Louder, Through), b"HELLO!"),
        ((HoldingBack, Louder), b"HELLO!"),
        ((Louder, HoldingBack), b"HELLO!"),
        ((Silent,), b""),
        ((Silent, Louder), b"!"),
    ],
)
async def test_a_chain(
    filtered: Filtered, reply: Reply, makers: tuple[Callable[[], BodyFilter], ...], seen: bytes
) -> None:
    filtered.upstream.will(reply)
    filtered.through(*makers)
    answer = await filtered.ask()
    assert (answer.status, answer.body) == (200, seen)
    assert answer.header("content-type") == "text/plain"
    assert answer.header("transfer-encoding") == "chunked"
    assert "content-length" not in answer.names
    row = await filtered.gateway.row()
    assert (row.outcome, row.status_code) == ("complete", 200)


@WAYS
@pytest.mark.parametrize(
    ("chain", "kept"),
    [
        (("before",), b"hello"),
        (("after",), b"HELLO!"),
        (("after", "before"), b"HELLO!"),
        (("before", "after"), b"HELLO!!"),
    ],
)
async def test_what_the_log_keeps(
    filtered: Filtered, reply: Reply, chain: tuple[Literal["before", "after"], ...], kept: bytes
) -> None:
    filtered.upstream.will(reply)
    filtered.through(*(lambda one=one: Louder(one) for one in chain))
    assert (await filtered.ask()).body == b"HELLO!" + b"!" * (len(chain) - 1)
    assert await filtered.kept() == kept


@pytest.mark.parametrize("way", ["cache", "cached", "flight"])
async def test_the_log_of_a_shared_answer_keeps_what_a_filter_left(filtered: Filtered, way: str) -> None:
    gate = asyncio.Event()
    filtered.upstream.will(Reply((gate, *said(b"he", b"llo").steps)))
    filtered.through(lambda: Louder("after"), cache_ttl=60)
    clients = [await filtered.send() for _ in range(2 if way == "flight" else 1)]
    await filtered.gateway.catch_up()
    gate.set()
    assert [(await client.answer()).body for client in clients] == [b"HELLO!"] * len(clients)
    await filtered.gateway.settled()
    if way == "cached":
        assert (await filtered.ask()).body == b"HELLO!"
    assert len(filtered.upstream.requests) == 1
    if way == "cache":
        assert await filtered.kept() == b"HELLO!"
    sizes = {row.response_size for row in await filtered.gateway.calls(1 if way == "cache" else 2)}
    assert sizes == {5}


# -- the commit point


async def test_the_head_waits_for_the_first_byte(filtered: Filtered) -> None:
    gate = asyncio.Event()
    filtered.upstream.will(Reply((*said(b"he").steps[:2], gate, b"3\r\nllo\r\n0\r\n\r\n")))
    filtered.through(HoldingBack)
    client = await filtered.send()
    await filtered.upstream.request()
    await filtered.gateway.catch_up()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await client.head()
    gate.set()
    assert (await client.answer()).body == b"hello"


@pytest.mark.parametrize("reply", [said(b"bad"), whole(b"bad")], ids=["as it comes", "all there"])
async def test_before_it_an_end_is_an_error(filtered: Filtered, reply: Reply) -> None:
    filtered.upstream.will(reply)
    filtered.through(Ending)
    answer = await filtered.ask()
    assert check_error(answer, 403, 9403, "Not allowed for this key") == "not this"
    row = await filtered.gateway.row()
    assert (row.outcome, row.status_code, row.error_detail) == ("refused", 403, "not this")
    assert await filtered.kept() == answer.body


async def test_after_it_the_answer_ends_with_an_event(filtered: Filtered) -> None:
    filtered.upstream.will(said(b"good ", b"bad", b"worse"))
    filtered.through(Ending)
    answer = await filtered.ask()
    assert (answer.status, answer.body) == (200, b"good event: error\n\n")
    row = await filtered.gateway.row()
    assert (row.outcome, row.status_code, row.error_detail) == ("refused", 200, "not this")


@pytest.mark.parametrize(("error", "status"), [(REFUSED, 403), (ValueError("oh"), 500)])
async def test_a_filter_that_raises_before_it(filtered: Filtered, error: Exception, status: int) -> None:
    filtered.upstream.will(said(b"bad"))
    filtered.through(lambda: Failing(error))
    assert (await filtered.ask()).status == status


@pytest.mark.parametrize("error", [REFUSED, ValueError("oh")])
async def test_a_filter_that_raises_after_it(filtered: Filtered, error: Exception) -> None:
    filtered.upstream.will(said(b"good ", b"bad", b"worse"))
    filtered.through(lambda: Failing(error))
    client = await filtered.send()
    with pytest.raises(Broken):
        await client.answer()
    assert (await filtered.gateway.row()).outcome == "refused"


async def test_others_get_an_answer_whose_first_client_may_not(filtered: Filtered) -> None:
    gate = asyncio.Event()
    filtered.upstream.will(Reply((gate, *said(b"good ", b"bad").steps)))
    first: list[BodyFilter] = [Ending(), Through()]
    filtered.through(lambda: first.pop(0), cache_ttl=60)
    clients = [await filtered.send() for _ in range(2)]
    await filtered.gateway.catch_up()
    gate.set()
    answers = [await client.answer() for client in clients]
    assert [answer.body for answer in answers] == [b"good event: error\n\n", b"good bad"]
    assert len(filtered.upstream.requests) == 1


# -- what is held back


def _zstandard(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


@pytest.mark.parametrize("way", ["as it comes", "shared"])
@pytest.mark.parametrize(
    ("coding", "packed"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", brotli.compress), ("zstd", _zstandard)],
)
async def test_little_that_becomes_much_takes_no_more_room_than_there_is(
    filtered: Filtered, coding: str, packed: Callable[[bytes], bytes], way: str
) -> None:
    room = filtered.gateway.parts.pipeline.room
    free, least = room.budget.free, [room.budget.free]

    class Watched(HoldingBack):
        def feed(self, data: bytes) -> bytes | Awaitable[bytes]:
            least.append(room.budget.free)
            return super().feed(data)

    bomb = packed(bytes(2 * free))
    assert len(bomb) < free // 100
    filtered.upstream.will(chunked(bomb, headers=(*TEXT, ("content-encoding", coding))))
    filtered.through(Watched, cache_ttl=60 if way == "shared" else 0)
    answer = await filtered.ask()
    assert answer.status == 503
    assert "max_memory_bytes" in answer.body.decode()
    assert 0 <= min(least) < free // 2
    await filtered.gateway.settled()
    await filtered.gateway.parts.answers.close()
    assert room.budget.free == free


async def test_what_is_held_back_and_fits_goes_on_and_its_room_is_given_back(filtered: Filtered) -> None:
    room, megabyte = filtered.gateway.parts.pipeline.room, bytes(1 << 20)
    free = room.budget.free
    filtered.upstream.will(said(*[megabyte] * 8))
    filtered.through(HoldingBack)
    assert (await filtered.ask()).body == megabyte * 8
    await filtered.gateway.settled()
    assert room.budget.free == free


# -- verdicts


@WAYS
@pytest.mark.parametrize("at_the_end", [False, True])
async def test_an_answer_waits_for_its_verdicts(filtered: Filtered, reply: Reply, at_the_end: bool) -> None:
    judge = Judge()
    filtered.upstream.will(reply)
    filtered.through(lambda: Asking(judge, at_the_end=at_the_end), Louder)
    client = await filtered.send()
    await eventually(lambda: judge.asked or None, "a judge that is asked")
    for _ in range(2):
        judge.verdicts.put_nowait(b"yes ")
    answer = await client.answer()
    assert answer.body == b"YES " * len(judge.asked) + b"!"
    assert b"".join(judge.asked) == b"hello"


@pytest.mark.parametrize("begun", [False, True])
async def test_a_verdict_may_end_the_answer(filtered: Filtered, begun: bool) -> None:
    judge = Judge()
    filtered.upstream.will(said(b"good", b"bad", b"worse"))
    filtered.through(lambda: Asking(judge))
    if begun:
        judge.verdicts.put_nowait(b"good")
    judge.verdicts.put_nowait(EndAnswer(b"event: error\n\n", REFUSED))
    answer = await filtered.ask()
    if begun:
        assert (answer.status, answer.body) == (200, b"goodevent: error\n\n")
    else:
        check_error(answer, 403, 9403, "Not allowed for this key")
    assert (await filtered.gateway.row()).outcome == "refused"


async def test_a_client_that_leaves_ends_the_waiting(filtered: Filtered) -> None:
    judge = Judge()
    filtered.upstream.will(said(b"hello"))
    filtered.through(lambda: Asking(judge))
    client = await filtered.send()
    await eventually(lambda: judge.asked or None, "a judge that is asked")
    client.leave()
    await filtered.gateway.settled()
    assert judge.cancelled == 1
    assert (await filtered.gateway.row()).outcome == "abandoned"


async def test_a_call_that_ends_just_before_somebody_is_asked(filtered: Filtered) -> None:
    made: list[Coroutine[None, None, bytes]] = []
    judge = Judge()

    class Asked(Asking):
        def feed(self, data: bytes) -> Awaitable[bytes]:
            for task in filtered.gateway.state.tasks:
                task.cancel()
            made.append(judge(data))
            return made[-1]

    gate = asyncio.Event()
    head_line, *rest = said(b"hello").steps
    filtered.upstream.will(Reply((head_line, gate, *rest)))
    filtered.through(lambda: Asked(judge))
    client = await filtered.send()
    await filtered.upstream.request()
    await filtered.gateway.catch_up()
    gate.set()
    check_error(await client.answer(), 503, 9503, "Service unavailable")
    assert [getcoroutinestate(one) for one in made] == [CORO_CLOSED]
    assert judge.asked == []


async def test_the_provider_is_held_back_while_a_judge_thinks(filtered: Filtered) -> None:
    judge, megabyte = Judge(), bytes(1 << 20)
    filtered.upstream.will(said(*[megabyte] * 40))
    filtered.through(lambda: Asking(judge))
    client = await filtered.send()
    await eventually(lambda: judge.asked or None, "a judge that is asked")
    still = await filtered.gateway.stands_still(lambda: filtered.upstream.sent)
    assert still < 39 << 20
    client.leave()
    await filtered.gateway.settled()


async def test_the_first_client_asks_while_others_go_on(filtered: Filtered) -> None:
    judge, gate = Judge(), asyncio.Event()
    filtered.upstream.will(Reply((gate, *said(b"hello").steps)))
    each: list[BodyFilter] = [Asking(judge), Louder()]
    filtered.through(lambda: each.pop(0), cache_ttl=60)
    clients = [await filtered.send() for _ in range(2)]
    await filtered.gateway.catch_up()
    gate.set()
    assert (await clients[1].answer()).body == b"HELLO!"
    judge.verdicts.put_nowait(b"yes")
    assert (await clients[0].answer()).body == b"yes"


async def _two_while_the_first_is_asked_about(
    filtered: Filtered, judge: Judge, last: Step
) -> tuple[Client, Client, asyncio.Event]:
    """Two who share an answer whose end, or whatever is `last`, comes with the event."""
    start, end = asyncio.Event(), asyncio.Event()
    filtered.upstream.will(Reply((start, *said(b"hello").steps[:2], end, last)))
    each: list[BodyFilter] = [Asking(judge), Louder()]
    filtered.through(lambda: each.pop(0), cache_ttl=60)
    first, second = await filtered.send(), await filtered.send()
    await filtered.gateway.catch_up()
    start.set()
    await eventually(lambda: judge.asked or None, "a judge that is asked")
    return first, second, end


async def test_others_get_the_end_before_the_verdict_on_the_first(filtered: Filtered) -> None:
    judge = Judge()
    first, second, end = await _two_while_the_first_is_asked_about(filtered, judge, said().steps[-1])
    end.set()
    assert (await second.answer()).body == b"HELLO!"
    judge.verdicts.put_nowait(b"yes")
    assert (await first.answer()).body == b"yes"


async def test_others_get_the_end_when_the_first_leaves_before_its_verdict(filtered: Filtered) -> None:
    judge = Judge()
    first, second, end = await _two_while_the_first_is_asked_about(filtered, judge, said().steps[-1])
    first.leave()
    await eventually(lambda: judge.cancelled or None, "a judge that need not answer")
    end.set()
    assert (await second.answer()).body == b"HELLO!"
    await filtered.gateway.settled()
    assert {row.outcome for row in await filtered.gateway.rows(2)} == {"abandoned", "complete"}


async def test_others_see_a_break_before_the_verdict_on_the_first(filtered: Filtered) -> None:
    judge = Judge()
    first, second, end = await _two_while_the_first_is_asked_about(filtered, judge, Act.RESET)
    end.set()
    with pytest.raises(Broken):
        await second.answer()
    check_error(await first.answer(), 502, 2005, "Failed to get response from provider")
    await filtered.gateway.settled()
    assert judge.cancelled == 1


async def test_a_judge_that_is_cancelled_is_not_the_end_of_the_gateway(filtered: Filtered) -> None:
    verdict: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    class Deferring(Through):
        def feed(self, data: bytes) -> Awaitable[bytes]:
            verdict.get_loop().call_soon(verdict.cancel)
            return verdict

    filtered.upstream.will(said(b"hello"))
    filtered.through(Deferring)
    check_error(await filtered.ask(), 500, 9500, "Internal error")
    assert (await filtered.gateway.row()).outcome == "refused"


async def test_a_kept_answer_goes_at_the_pace_of_its_client(filtered: Filtered, connect: Connect) -> None:
    body = bytes(8 << 20)
    filtered.upstream.will(whole(body, headers=TEXT))
    filtered.through(Through, cache_ttl=60)
    assert (await filtered.ask()).body == body
    await filtered.gateway.settled()
    await filtered.gateway.parts.answers.close()
    client = await connect(filtered.gateway.url, receive_buffer=4096)
    await client.send(request("POST", CHAT, body=b"question"))
    assert (await client.head()).header("cf-aig-cache-status") == "HIT"
    lanes = filtered.gateway.lanes
    slow = await eventually(lambda: next((one for one in lanes if one.congested), None), "a slow client")
    assert slow.transport.get_write_buffer_size() < 1 << 20
    received = 0
    while received < len(body):
        received += len(await client.chunk())


# -- answers without a body


@pytest.mark.parametrize(
    ("method", "reply"),
    [
        ("HEAD", Reply((head(200, (*TEXT, ("content-length", "5"), ("etag", '"1"'))),))),
        ("POST", Reply((head(204, TEXT),))),
        ("POST", Reply((head(304, (*TEXT, ("etag", '"1"'))),))),
    ],
)
async def test_without_a_body_nothing_is_filtered(filtered: Filtered, method: str, reply: Reply) -> None:
    filtered.upstream.will(reply)
    filtered.through(Louder)
    client = await filtered.send(method, b"" if method == "POST" else None)
    found = await client.head()
    assert not {"content-length", "transfer-encoding", "etag"} & set(found.names)
    await client.send(request("GET", "/healthz"))
    assert (await client.answer()).status == 200


# -- the request's body


@pytest.mark.parametrize("waits", [False, True])
async def test_a_hook_replaces_the_body(filtered: Filtered, waits: bool) -> None:
    hook = filtered.through()
    if waits:
        hook.judge = Judge()
        hook.judge.verdicts.put_nowait(b"another")
    else:
        hook.rewritten = b"another"
    assert (await filtered.ask()).status == 200
    assert hook.bodies == [b"question"]
    (seen,) = filtered.upstream.requests
    assert (bytes(seen.body), seen.header("content-length")) == (b"another", b"7")
    bodies = await filtered.gateway.bodies()
    assert bodies is not None
    assert bodies.request == b"question"


@pytest.mark.parametrize("waits", [False, True])
async def test_a_hook_refuses_the_body(filtered: Filtered, waits: bool) -> None:
    hook = filtered.through()
    if waits:
        hook.judge = Judge()
        hook.judge.verdicts.put_nowait(REFUSED)
    else:
        hook.rewritten = REFUSED
    check_error(await filtered.ask(), 403, 9403, "Not allowed for this key")
    assert filtered.upstream.requests == []


async def test_a_chunked_body_is_whole_before_it_is_looked_at(filtered: Filtered, connect: Connect) -> None:
    hook = filtered.through()
    hook.rewritten = b"another"
    client = await connect(filtered.gateway.url)
    await client.send(request("POST", CHAT, ("Transfer-Encoding", "chunked")))
    for piece in (b"ques", b"tion"):
        await client.send_chunk(piece)
        await filtered.gateway.catch_up()
        assert hook.bodies == []
    await client.send(b"0\r\n\r\n")
    assert (await client.answer()).status == 200
    assert hook.bodies == [b"question"]
    (seen,) = filtered.upstream.requests
    assert bytes(seen.body) == b"another"
    assert seen.header("transfer-encoding") is None
