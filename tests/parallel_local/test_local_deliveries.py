"""The queue of webhooks by itself: giving up, hosts that do not answer, what is stored and what is not."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import pytest
from local_clock import ManualClock
from local_hooks import SECRET, logged

from parallel_local.fetch.post import NotSent
from parallel_local.runs.deliveries import Deliveries
from parallel_local.runs.kind import Posting
from parallel_local.runs.store import RunStore


class Sender:
    """Notes what it is to send. Fails for the hosts of `failing`, and is stuck with those of `stuck`."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.failing: set[str] = set()
        self.stuck: set[str] = set()
        self.going_on = asyncio.Event()

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        self.sent.put_nowait((url, headers["webhook-id"]))
        if any(host in url for host in self.stuck):
            await self.going_on.wait()
        if any(host in url for host in self.failing):
            raise NotSent("it was answered with 500")

    async def next(self) -> str:
        async with asyncio.timeout(60):
            return (await self.sent.get())[0]


class Place:
    def __init__(self, path: Path) -> None:
        self.clock = ManualClock()
        self.sender = Sender()
        self.store = RunStore(path / "runs.db")
        self.deliveries = Deliveries(self.store, self.sender, self.clock, [SECRET])

    def post(self, url: str) -> None:
        self.deliveries.post(Posting(url, "task_run.status", "2026-11-01T12:00:00Z", {}))


@asynccontextmanager
async def place(path: Path) -> AsyncIterator[Place]:
    found = Place(path)
    with closing(found.store):
        yield found


async def test_after_two_days_it_is_given_up_with_a_line_that_names_no_path(tmp_path: Path) -> None:
    async with place(tmp_path) as here, logged("parallel_local.webhooks") as line:
        here.sender.failing.add("dead.example")
        async with here.deliveries.working():
            here.post("https://dead.example/secret-path?token=t")
            for tried in range(16):
                assert await here.sender.next() == "https://dead.example/secret-path?token=t"
                if tried < 15:
                    await here.clock.sleepers(1)
                    here.clock.advance(5 * 2**tried)
            said = await line()
        assert "(task_run.status) to dead.example was given up after 16 tries" in said
        assert "secret-path" not in said
        async with here.deliveries.working():
            here.post("https://alive.example/")
            assert await here.sender.next() == "https://alive.example/"


async def test_who_does_not_answer_holds_up_nobody_else(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        here.sender.stuck.add("slow.example")
        async with here.deliveries.working():
            for number in range(50):
                here.post(f"https://slow.example/{number}")
            here.post("https://quick.example/")
            begun = [await here.sender.next() for _ in range(5)]
            assert "https://quick.example/" in begun
            assert here.sender.sent.empty()
            here.sender.going_on.set()
            rest = [await here.sender.next() for _ in range(46)]
    assert len({*begun, *rest}) == 51


async def test_to_one_address_they_go_in_order_one_at_a_time(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        here.sender.stuck.add("slow.example")
        async with here.deliveries.working():
            for _ in range(20):
                here.post("https://slow.example/")
            here.post("https://quick.example/")
            begun = [await here.sender.sent.get() for _ in range(2)]
            assert here.sender.sent.empty()
            here.sender.going_on.set()
            begun += [await here.sender.sent.get() for _ in range(19)]
    ids = [id_ for url, id_ in begun if "slow" in url]
    assert len(ids) == 20
    assert ids == sorted(ids)  # as they were given out


async def test_what_was_not_stored_is_not_sent(tmp_path: Path) -> None:
    async with place(tmp_path) as here, here.deliveries.working():
        with suppress(RuntimeError), here.store.together():
            here.post("https://never.example/")
            raise RuntimeError("full")
        here.post("https://next.example/")
        assert await here.sender.next() == "https://next.example/"


async def test_what_was_under_way_at_the_end_comes_again_after_it(tmp_path: Path) -> None:
    async with place(tmp_path) as here:
        here.sender.stuck.add("slow.example")
        async with here.deliveries.working():
            here.post("https://slow.example/")
            first = await here.sender.sent.get()
    async with place(tmp_path) as here, here.deliveries.working():
        async with asyncio.timeout(60):
            assert await here.sender.sent.get() == first


async def test_more_than_can_wait_are_left_out_with_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parallel_local.runs.deliveries._MOST_WAITING", 3)
    async with place(tmp_path) as here, logged("parallel_local.webhooks") as line:
        for number in range(4):
            here.post(f"https://one.example/{number}")
        assert "left out: 3 wait already" in await line()
        async with here.deliveries.working():
            assert {await here.sender.next() for _ in range(3)} == {
                f"https://one.example/{number}" for number in range(3)
            }
