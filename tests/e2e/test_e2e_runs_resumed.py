"""Streams of groups and FindAll that break off at the provider: the client gets every event, once and in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from runs_kit import BASE, JSON, KEY, comes_to_be, runs_of, told

from conftest import Connect, OpenGateway
from penstock.budget import Budget
from penstock.proxy.plan import MAX_SENDINGS
from penstock.proxy.resumption import MOST_IN_VAIN, STEADY_SECONDS
from penstock.wire.sse import MAX_EVENT_BYTES
from support.access import Access, from_here
from support.client import Answer, Broken, Client, request
from support.configuration import gateways, providers
from support.inprocess import InProcess
from support.parallel_documents import GROUP, task_group
from support.replies import Act, Reply, chunk, chunked, head, raw, sse, whole
from support.resumable_streams import (
    FINDALL_PATH,
    GROUP_PATH,
    SNAPSHOT_PATH,
    Kept,
    a_findall,
    a_group,
    candidate,
    events_in,
    heartbeat,
    last_event_id,
    state_of,
    status_of,
)
from support.upstream import Seen, Upstream
from support.waiting import eventually

EVENTS = ("content-type", "text/event-stream")
ENDS: dict[str, Callable[[bytes], Reply]] = {
    "reset": lambda data: sse(data, Act.RESET) if data else sse(Act.RESET),
    "unfinished": lambda data: _begun(data, Act.CLOSE),
    "too short": lambda data: raw(head(200, (EVENTS, ("content-length", "100000"))) + data, Act.CLOSE),
    "unsound": lambda data: _begun(data, b"no chunk\r\n", Act.CLOSE),
}


def _begun(data: bytes, *steps: object) -> Reply:
    start = head(200, (EVENTS, ("transfer-encoding", "chunked"))) + (chunk(data) if data else b"")
    return Reply((start, *steps))  # type: ignore[arg-type]


@dataclass
class Provider:
    """Answers with what follows an id; of its answers the first ones break off."""

    kept: Kept
    breaks: Iterator[Reply | int] = field(default_factory=lambda: iter(()))
    end: str = "unfinished"

    def __call__(self, seen: Seen) -> Reply:
        data = b"".join(self.kept.after(seen.target))
        broken = next(self.breaks, None)
        if broken is None:
            return sse(data) if data else sse()
        return ENDS[self.end](data[:broken]) if isinstance(broken, int) else broken


@pytest.fixture
async def gateway(open_gateway: OpenGateway, upstream: Upstream) -> InProcess:
    return await open_gateway(gateways(gw={}) + providers({"parallel": upstream.url}))


@pytest.fixture
async def client(gateway: InProcess, connect: Connect) -> Client:
    return await connect(gateway.url, limit=1 << 24)


async def streamed(client: Client, path: str, *headers: tuple[str, str]) -> Answer:
    return await client.ask("GET", BASE + path, KEY, *headers)


async def is_whole(client: Client, upstream: Upstream, path: str, provider: Provider) -> None:
    upstream.otherwise = provider
    answer = await streamed(client, path)
    assert answer.status == 200
    assert events_in(answer.body) == events_in(b"".join(provider.kept.events))


@pytest.mark.parametrize("end", ENDS)
async def test_wherever_it_breaks_off_nothing_is_missing_and_nothing_comes_twice(
    client: Client, upstream: Upstream, end: str
) -> None:
    kept = a_group(1)
    for size in range(0, len(b"".join(kept.events)), 7 if end != "unfinished" else 1):
        await is_whole(client, upstream, GROUP_PATH, Provider(kept, iter([size]), end))


@pytest.mark.parametrize(
    ("path", "kept"), [(GROUP_PATH, a_group()), (SNAPSHOT_PATH, a_group()), (FINDALL_PATH, a_findall())]
)
async def test_a_stream_may_break_off_many_times(
    client: Client, upstream: Upstream, path: str, kept: Kept
) -> None:
    longest = max(map(len, kept.events))
    for size in range(longest, 3 * longest, 29):
        await is_whole(client, upstream, path, Provider(kept, iter([size] * 4)))


async def test_what_is_asked_again_is_the_same_question_from_the_last_event_on(
    client: Client, upstream: Upstream, gateway: InProcess
) -> None:
    kept = a_group()
    upstream.otherwise = Provider(kept, iter([len(kept.events[0] + kept.events[1])]))
    path = GROUP_PATH + "?timeout=600&x=%20y&last_event_id=before"
    answer = await streamed(client, path, ("last-event-id", "before"), ("accept-encoding", "gzip, br"))
    assert len(events_in(answer.body)) == 5
    first, second = upstream.requests
    assert first.target == path.encode()
    assert second.target == GROUP_PATH.encode() + b"?x=%20y&last_event_id=e0&timeout=600"
    assert (first.header("last-event-id"), second.header("last-event-id")) == (b"before", None)
    for seen in (first, second):
        assert (seen.header("x-api-key"), seen.header("accept-encoding")) == (KEY[1].encode(), b"identity")


async def test_it_is_one_call_in_the_log_whose_trail_tells_of_it(
    client: Client, upstream: Upstream, gateway: InProcess
) -> None:
    kept = a_group()
    upstream.otherwise = Provider(kept, iter([len(kept.events[0]), 3]))
    answer = await streamed(client, GROUP_PATH)
    (call,) = await gateway.calls(1)
    bodies = await gateway.bodies()
    assert bodies is not None
    assert bodies.response == answer.body == b"".join(kept.events)
    assert (call.status_code, call.attempts, call.outcome) == (200, 3, "complete")
    said = [event.detail for event in call.trail if event.what == "resume"]
    assert [text.partition(":")[0] for text in said] == ["from begin", "from begin"]
    assert "middle of the answer" in said[0]


async def test_what_it_tells_of_runs_is_taken_up_once(
    client: Client, upstream: Upstream, gateway: InProcess
) -> None:
    kept = a_group()
    upstream.will(told(task_group(taskgroup_id=GROUP)))
    await client.ask("POST", f"{BASE}/v1/tasks/groups", KEY, JSON, body=b"{}")
    upstream.otherwise = Provider(kept, iter([len(kept.events[0] + kept.events[1]) + 9]))
    await streamed(client, GROUP_PATH)
    await comes_to_be(gateway, "inactive", GROUP)
    assert sorted(runs_of(gateway)) == sorted([GROUP, *(f"trun_{number:032x}" for number in range(3))])


async def test_a_sound_end_is_none_while_something_is_active(client: Client, upstream: Upstream) -> None:
    kept = a_group()
    size = len(kept.events[0] + kept.events[1])
    early = sse(b"".join(kept.events)[:size])
    await is_whole(client, upstream, GROUP_PATH, Provider(kept, iter([early])))
    assert len(upstream.requests) == 2


async def test_the_end_of_a_snapshot_is_its_end(client: Client, upstream: Upstream) -> None:
    upstream.otherwise = Provider(Kept(status_of("a", is_active=True), state_of("b")))
    answer = await streamed(client, SNAPSHOT_PATH)
    assert (len(events_in(answer.body)), len(upstream.requests)) == (2, 1)


async def test_a_heartbeat_is_no_place_to_go_on_from(client: Client, upstream: Upstream) -> None:
    begun = candidate("c0") + heartbeat("h1")
    upstream.will(ENDS["unfinished"](begun))
    upstream.otherwise = Provider(a_findall())
    answer = await streamed(client, FINDALL_PATH)
    expected = b"".join([begun, *a_findall().events[1:]])
    assert events_in(answer.body) == events_in(expected)
    assert last_event_id(upstream.requests[1].target) == "c0"


async def test_a_run_of_its_own_is_not_resumed(client: Client, upstream: Upstream) -> None:
    upstream.will(ENDS["unfinished"](state_of("a")))
    with pytest.raises(Broken) as broken:
        await streamed(client, "/v1/tasks/runs/trun_0123456789abcdef/events")
    assert broken.value.received == state_of("a")
    assert len(upstream.requests) == 1


async def test_after_attempts_in_vain_the_client_sees_the_end_it_had(
    client: Client, upstream: Upstream, gateway: InProcess
) -> None:
    kept = a_group()
    start = kept.events[0]
    upstream.will(ENDS["unfinished"](start + b"data: ha"))
    upstream.otherwise = lambda seen: whole(b"{}", 503)
    with pytest.raises(Broken) as broken:
        await streamed(client, GROUP_PATH)
    assert broken.value.received == start + b"data: ha"
    assert len(upstream.requests) == 1 + MOST_IN_VAIN
    assert [round(wait, 2) for wait in gateway.clock.slept] == sorted(
        round(wait, 2) for wait in gateway.clock.slept
    )
    (row,) = await gateway.rows(1)
    assert (row.status_code, row.success) == (200, False)


async def test_a_stream_that_stands_still_ends_as_it_did(client: Client, upstream: Upstream) -> None:
    upstream.otherwise = lambda seen: sse(status_of("a", is_active=True))
    answer = await streamed(client, GROUP_PATH)
    assert events_in(answer.body) == events_in(status_of("a", is_active=True))
    assert len(upstream.requests) == 1 + MOST_IN_VAIN


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422])
async def test_a_refusal_ends_it(client: Client, upstream: Upstream, status: int) -> None:
    upstream.will(sse(status_of("a", is_active=True)), whole(b"{}", status))
    answer = await streamed(client, GROUP_PATH)
    assert events_in(answer.body) == events_in(status_of("a", is_active=True))
    assert len(upstream.requests) == 2


async def test_a_provider_that_asks_for_patience_gets_it(
    client: Client, upstream: Upstream, gateway: InProcess
) -> None:
    kept = a_group()
    busy = whole(b"{}", 429, (("retry-after", "20"),))
    await is_whole(client, upstream, GROUP_PATH, Provider(kept, iter([len(kept.events[0]), busy])))
    assert gateway.clock.slept[-1] == 20


@pytest.mark.parametrize(("query", "asked"), [("?timeout=0", 1), ("?timeout=10", 6), ("?timeout=1", 3)])
async def test_nobody_is_asked_beyond_the_time_its_caller_wants(
    client: Client, upstream: Upstream, gateway: InProcess, query: str, asked: int
) -> None:
    upstream.otherwise = lambda seen: sse(status_of("a", is_active=True))
    began = gateway.clock.monotonic()
    await streamed(client, GROUP_PATH + query)
    assert gateway.clock.monotonic() - began <= float(query.partition("=")[2])
    assert len(upstream.requests) <= asked


async def test_no_more_than_an_hour_for_a_group(
    client: Client, upstream: Upstream, gateway: InProcess
) -> None:
    count = 0

    def next_one(seen: Seen) -> Reply:
        nonlocal count
        count += 1
        gateway.clock.ahead += 900
        return sse(state_of(f"e{count}", count) + status_of(f"s{count}", is_active=True))

    upstream.otherwise = next_one
    answer = await streamed(client, GROUP_PATH)
    assert (count, len(events_in(answer.body))) == (4, 8)


async def test_an_answer_in_a_content_coding_passes_as_it_is(client: Client, upstream: Upstream) -> None:
    packed = (EVENTS, ("content-encoding", "gzip"))
    upstream.will(chunked(b"\x1f\x8bhalf", Act.CLOSE, headers=packed, finished=False))
    with pytest.raises(Broken) as broken:
        await streamed(client, GROUP_PATH)
    assert (broken.value.received, len(upstream.requests)) == (b"\x1f\x8bhalf", 1)


async def test_a_client_that_leaves_ends_it(
    client: Client, upstream: Upstream, gateway: InProcess, connect: Connect
) -> None:
    never = asyncio.Event()
    kept = a_group()
    upstream.will(ENDS["unfinished"](kept.events[0]), sse(kept.events[1], never))
    await client.send(request("GET", BASE + GROUP_PATH, KEY))
    await client.head()
    got = b""
    while events_in(got) != events_in(kept.events[0] + kept.events[1]):
        got += await client.chunk()
    client.leave()
    await gateway.settled()
    await upstream.left(1)
    (row,) = await gateway.rows(1)
    assert not row.success


async def test_a_client_that_leaves_while_it_is_asked_again_ends_it_too(
    client: Client, upstream: Upstream, gateway: InProcess
) -> None:
    kept = a_group()
    upstream.will(ENDS["unfinished"](kept.events[0]), raw(asyncio.Event()))
    await client.send(request("GET", BASE + GROUP_PATH, KEY))
    await client.head()
    await upstream.request(2)
    client.leave()
    await gateway.settled()
    await upstream.left(1)
    await gateway.rows(1)


async def test_a_slow_client_holds_each_answer_back(
    gateway: InProcess, upstream: Upstream, connect: Connect
) -> None:
    events = [state_of(f"e{number}", number, "x" * 100_000) for number in range(400)]
    client = await connect(gateway.url, receive_buffer=4096, limit=4096)
    upstream.will(sse(*events[:200], Act.CLOSE, finished=False), sse(*events[200:]))
    await client.send(request("GET", BASE + GROUP_PATH, KEY))
    held = await gateway.stands_still(lambda: upstream.sent)
    assert held < len(b"".join(events[:190]))
    answer = await client.answer()
    assert events_in(answer.body) == events_in(b"".join(events))


async def test_an_old_client_gets_it_without_chunks(client: Client, upstream: Upstream) -> None:
    kept = a_group()
    upstream.otherwise = Provider(kept, iter([len(kept.events[0]) + 5]))
    await client.send(request("GET", BASE + GROUP_PATH, KEY, version="1.0"))
    answer = await client.head()
    assert answer.header("transfer-encoding") is None
    assert await client.reader.read() == b"".join(kept.events)


async def test_it_goes_on_with_the_key_that_it_began_with(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect, tmp_path: Path
) -> None:
    access = Access(tmp_path / "gateway-0" / "data")
    access.key("parallel", "pk-stored-0123456789")
    gateway = await open_gateway(gateways(gw={}) + providers({"parallel": upstream.url}))
    kept = a_group()
    upstream.otherwise = Provider(kept, iter([len(kept.events[0]) + 3, 7]))
    answer = await from_here(connect, gateway.url, BASE + GROUP_PATH, method="GET", body=None)
    assert events_in(answer.body) == events_in(b"".join(kept.events))
    assert [seen.header("x-api-key") for seen in upstream.requests] == [b"pk-stored-0123456789"] * 3
    (call,) = await gateway.calls(1)
    assert "pk-stored" not in str(call)


async def test_a_stream_that_always_goes_on_has_an_end(
    client: Client, upstream: Upstream, gateway: InProcess
) -> None:
    def next_one(seen: Seen) -> Reply:
        number = len(upstream.requests)
        return sse(candidate(f"c{number}") + heartbeat(f"h{number}"))

    upstream.otherwise = next_one
    answer = await streamed(client, FINDALL_PATH)
    assert len(upstream.requests) == 1 + MAX_SENDINGS
    assert len(events_in(answer.body)) == 2 * (1 + MAX_SENDINGS)
    (call,) = await gateway.calls(1)
    assert sum(event.what == "resume" for event in call.trail) == MAX_SENDINGS


@pytest.mark.parametrize(("seconds", "asked"), [(STEADY_SECONDS, 20), (STEADY_SECONDS - 1, MOST_IN_VAIN)])
async def test_an_answer_that_stood_for_long_was_none_in_vain(
    client: Client, upstream: Upstream, gateway: InProcess, seconds: float, asked: int
) -> None:
    gates: list[asyncio.Event] = []

    def next_one(seen: Seen) -> Reply:
        gates.append(asyncio.Event())
        return sse(heartbeat(f"h{len(gates)}", is_active=len(gates) <= 20), gates[-1])

    upstream.otherwise = next_one
    await client.send(request("GET", BASE + FINDALL_PATH, KEY))
    await client.head()
    while await client.chunk():
        gateway.clock.ahead += seconds
        gates[-1].set()
    assert len(gates) == 1 + asked


@pytest.mark.parametrize("size", [100_000, 3_000_000])
async def test_a_large_event_comes_whole(client: Client, upstream: Upstream, size: int) -> None:
    kept = Kept(state_of("a"), state_of("b", 1, "x" * size), state_of("c", 2))
    await is_whole(client, upstream, SNAPSHOT_PATH, Provider(kept, iter([size // 2, size])))


async def test_what_is_held_takes_room_and_gives_it_back(
    client: Client, upstream: Upstream, gateway: InProcess
) -> None:
    budget = gateway.parts.pipeline._resumption.budget
    free, gate = budget.free, asyncio.Event()
    large = state_of("a", 0, "x" * 2_000_000)
    upstream.will(sse(large[:1_500_000], gate, large[1_500_000:]))
    reading = asyncio.create_task(streamed(client, SNAPSHOT_PATH))
    await eventually(lambda: free - budget.free > 1_000_000 or None, "room for what is held")
    gate.set()
    assert (await reading).body == large
    assert budget.free == free


async def test_without_room_bytes_pass_as_they_come_and_nothing_is_resumed(
    client: Client, upstream: Upstream, gateway: InProcess
) -> None:
    gateway.parts.pipeline._resumption.budget = Budget(0)
    large = state_of("a", 0, "x" * 200_000)
    upstream.will(sse(large[:100_000], large[100_000:150_000], Act.CLOSE, finished=False))
    with pytest.raises(Broken) as broken:
        await streamed(client, SNAPSHOT_PATH)
    assert (broken.value.received, len(upstream.requests)) == (large[:150_000], 1)


async def test_within_what_is_too_large_to_be_held_nothing_is_resumed(
    client: Client, upstream: Upstream
) -> None:
    start = state_of("a") + b"data: " + b"x" * MAX_EVENT_BYTES
    upstream.will(sse(start, Act.CLOSE, finished=False))
    with pytest.raises(Broken) as broken:
        await streamed(client, SNAPSHOT_PATH)
    assert (broken.value.received, len(upstream.requests)) == (start, 1)
