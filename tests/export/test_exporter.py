"""An exporter delivers every call at least once, in parcels whose bounds a crash does not move."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.exits.sender import TryAgain
from penstock.export.cursors import FILE_NAME, CursorFile, read_cursors
from penstock.export.delivery import Refused
from penstock.export.exporter import LONGEST_PAUSE, PAGE, Batching
from penstock.stores.ledger import Bodies, CallRow
from support.clock import FakeClock
from support.export_kit import SOON, Killed, Outlet, Store, a_clock, an_empty_store, open_exporter, run_out

store = pytest.fixture(an_empty_store)
clock = pytest.fixture(a_clock)

FULL = (False, TryAgain("down"))


async def test_it_begins_with_the_calls_to_come(store: Store, clock: FakeClock) -> None:
    store.add(3)
    outlet = Outlet()
    exporter = open_exporter(store, outlet, clock)
    await run_out(exporter, store)
    assert outlet.parcels == []
    store.add(2)
    await run_out(exporter, store)
    assert outlet.arrived == [4, 5]
    assert exporter.cursor.delivered == 2


async def test_only_calls_of_its_gateways(store: Store, clock: FakeClock) -> None:
    outlet = Outlet()
    exporter = open_exporter(store, outlet, clock, gateways=(("acct", "gw"), ("other", "gw2")))
    store.add(2)
    store.add(2, account="other")
    store.add(1, gateway="gw2")
    store.add(1, account="other", gateway="gw2")
    await run_out(exporter, store)
    assert outlet.arrived == [1, 2, 6]
    assert exporter.after == 6


async def test_calls_of_others_move_it_on_without_a_delivery(store: Store, clock: FakeClock) -> None:
    outlet = Outlet()
    exporter = open_exporter(store, outlet, clock)
    store.add(PAGE + 3, gateway="other")
    await run_out(exporter, store)
    assert (exporter.after, outlet.parcels) == (PAGE + 3, [])


async def test_what_the_outlet_wants_none_of_is_passed_over(store: Store, clock: FakeClock) -> None:
    outlet = Outlet()
    exporter = open_exporter(store, outlet, clock)
    store.add(2, provider="unwanted")
    store.add(1)
    await run_out(exporter, store)
    assert (outlet.arrived, exporter.after) == ([3], 3)


async def test_a_parcel_waits_for_its_interval_or_until_it_is_full(store: Store, clock: FakeClock) -> None:
    outlet = Outlet()
    exporter = open_exporter(store, outlet, clock, Batching(records=5, bytes=1000, interval=60.0))
    store.add(3)
    await run_out(exporter, store)
    assert outlet.parcels == []
    clock.ahead += 59
    store.add(1)
    await run_out(exporter, store)
    assert outlet.parcels == []
    clock.ahead += 1
    await run_out(exporter, store)
    assert outlet.arrived == [1, 2, 3, 4]
    store.add(12)
    await run_out(exporter, store)
    assert [len(parcel.records) for parcel in outlet.parcels] == [4, 5, 5]
    await exporter.step(store.reader, now=True)
    assert outlet.arrived == list(range(1, 17))


async def test_a_parcel_is_bounded_in_bytes(store: Store, clock: FakeClock) -> None:
    outlet = Outlet()
    exporter = open_exporter(store, outlet, clock, Batching(records=1000, bytes=3, interval=0.0))
    store.add(7)
    await run_out(exporter, store)
    assert [len(parcel.records) for parcel in outlet.parcels] == [3, 3, 1]


async def test_pauses_grow_up_to_a_minute_and_nothing_is_lost(store: Store, clock: FakeClock) -> None:
    outlet = Outlet()
    exporter = open_exporter(store, outlet, clock)
    store.add(2)
    outlet.next.extend([FULL] * 9)
    pauses = []
    while outlet.next:
        before = clock.ahead
        await run_out(exporter, store)
        tried = len(outlet.next)
        while outlet.next and len(outlet.next) == tried:
            clock.ahead += 1
            await run_out(exporter, store)
        pauses.append(clock.ahead - before)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert max(pauses) == LONGEST_PAUSE
    assert (exporter.after, exporter.cursor.failures) == (0, 9)
    store.add(1)
    clock.ahead += 60
    await run_out(exporter, store)
    assert (outlet.arrived, exporter.cursor.failures) == ([1, 2, 3], 0)


async def test_the_receiver_may_ask_for_more_time(store: Store, clock: FakeClock) -> None:
    outlet = Outlet()
    exporter = open_exporter(store, outlet, clock)
    store.add()
    outlet.next.append((False, TryAgain("busy", after=90.0)))
    await run_out(exporter, store)
    clock.ahead += 89
    await run_out(exporter, store)
    assert outlet.parcels == []
    clock.ahead += 1
    await run_out(exporter, store)
    assert outlet.arrived == [1]


async def test_what_is_refused_is_counted_said_and_passed_over(
    store: Store, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    outlet = Outlet()
    exporter = open_exporter(store, outlet, clock)
    store.add(2)
    outlet.next.append((False, Refused("status 400")))
    await run_out(exporter, store)
    store.add(1)
    await run_out(exporter, store)
    assert (outlet.arrived, exporter.cursor.refused, exporter.after) == ([3], 2, 3)
    assert "test: 2 calls are lost to it: status 400" in caplog.text


async def test_a_failure_is_said_once_and_its_end_too(
    store: Store, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    outlet = Outlet()
    exporter = open_exporter(store, outlet, clock)
    store.add()
    outlet.next.extend([FULL] * 3)
    for _ in range(4):
        await run_out(exporter, store)
        clock.ahead += 60
    assert [record.message for record in caplog.records] == [
        "test: calls wait in the ledger, delivery is tried again: down",
        "test can be delivered to again, nothing is lost",
    ]


@pytest.mark.parametrize("arrives", [False, True])
async def test_killed_within_a_delivery_it_repeats_exactly_that_parcel(
    store: Store, clock: FakeClock, arrives: bool
) -> None:
    outlet = Outlet()
    exporter = open_exporter(store, outlet, clock)
    store.add(3)
    store.add(1, gateway="other")
    outlet.next.append((arrives, Killed()))
    with pytest.raises(Killed):
        await exporter.step(store.reader)
    store.add(2)
    clock.ahead += 30
    exporter = open_exporter(store, outlet, clock)
    await run_out(exporter, store)
    bounds = [(parcel.first, parcel.last, parcel.at_us) for parcel in outlet.parcels]
    begun_us = clock.now_us() - 30_000_000
    assert bounds == [(1, 3, begun_us)] * (1 + arrives) + [(5, 6, clock.now_us())]


async def test_a_delivery_that_is_given_up_is_repeated_by_the_same_object(
    store: Store, clock: FakeClock
) -> None:
    outlet = Outlet()
    exporter = open_exporter(store, outlet, clock, Batching(records=1000, bytes=1000, interval=5.0))
    store.add(3)
    outlet.next.append((True, asyncio.CancelledError()))
    await exporter.step(store.reader)
    clock.ahead += 5
    with pytest.raises(asyncio.CancelledError):
        await exporter.step(store.reader)
    store.add(1)
    await exporter.step(store.reader, now=True)
    assert [parcel.last for parcel in outlet.parcels] == [3, 3]


async def test_a_pending_parcel_of_many_pages(store: Store, clock: FakeClock) -> None:
    outlet = Outlet()
    exporter = open_exporter(store, outlet, clock, Batching(records=PAGE * 2, bytes=10**6, interval=1000.0))
    store.add(PAGE * 3)
    outlet.next.append((False, Killed()))
    with pytest.raises(Killed):
        await run_out(exporter, store)
    exporter = open_exporter(store, outlet, clock, SOON)
    await run_out(exporter, store)
    assert (outlet.parcels[0].first, outlet.parcels[0].last) == (1, PAGE * 2)
    assert outlet.arrived == list(range(1, PAGE * 3 + 1))


async def test_what_retention_took_from_a_pending_parcel_does_not_stop_it(
    store: Store, clock: FakeClock
) -> None:
    outlet = Outlet()
    exporter = open_exporter(store, outlet, clock)
    store.add(3)
    outlet.next.append((False, Killed()))
    with pytest.raises(Killed):
        await exporter.step(store.reader)
    for row in store.rows():
        store.editor.forget_arrivals(row.arrival or 0)
    store.add(2)
    store.editor.forget_arrivals(3)
    exporter = open_exporter(store, outlet, clock)
    await run_out(exporter, store)
    assert outlet.arrived == [4, 5]


async def test_calls_that_were_given_up_are_counted_and_said(
    store: Store, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    open_exporter(store, Outlet(), clock)
    store.add(5)
    store.editor.forget_arrivals(3)
    cursors = CursorFile(store.folder / FILE_NAME)
    cursors.forgotten_until = 3
    cursors.save()
    outlet = Outlet()
    exporter = open_exporter(store, outlet, clock)
    await run_out(exporter, store)
    assert (outlet.arrived, exporter.cursor.forgotten) == ([4, 5], 3)
    assert "3 calls were not kept for it" in caplog.text


async def test_a_lost_cursor_file_means_delivering_again_not_losing(
    store: Store, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    store.add(3)
    (store.folder / FILE_NAME).write_bytes(b"{")
    outlet = Outlet()
    await run_out(open_exporter(store, outlet, clock), store)
    assert outlet.arrived == [1, 2, 3]
    assert "set aside" in caplog.text
    (aside,) = store.folder.glob(f"{FILE_NAME}.damaged-*")
    assert aside.read_bytes() == b"{"


async def test_a_ledger_that_begins_anew_is_followed_from_its_beginning(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    outlet = Outlet()
    exporter = open_exporter(store, outlet, clock)
    store.add(5)
    await run_out(exporter, store)
    (tmp_path / "new").mkdir()
    other = Store(tmp_path / "new")
    exporter.begin(other.reader.last_arrival())
    other.add(2)
    await run_out(exporter, other)
    other.close()
    assert outlet.arrived == [1, 2, 3, 4, 5, 1, 2]


def test_a_cursor_file_that_cannot_be_written_stays_as_it_was(tmp_path: Path) -> None:
    cursors = CursorFile(tmp_path / FILE_NAME)
    cursors.forgotten_until = 5
    cursors.save()
    (tmp_path / f".{FILE_NAME}.new").mkdir()
    cursors.forgotten_until = 6
    with pytest.raises(OSError, match=r"\.new"):
        cursors.save()
    assert CursorFile(tmp_path / FILE_NAME).forgotten_until == 5
    assert read_cursors(tmp_path / FILE_NAME) == {}
    assert read_cursors(tmp_path / "nothing") == {}


Outcome = st.sampled_from(["good", "lost", "again", "killed before", "killed after"])
_MEANING = {
    "good": (True, None),
    "lost": (True, TryAgain("the answer was lost")),
    "again": FULL,
    "killed before": (False, Killed()),
    "killed after": (True, Killed()),
}


@given(
    steps=st.lists(st.one_of(st.integers(1, 7), Outcome), max_size=25),
    records=st.integers(1, 6),
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_happens_each_call_arrives_and_objects_never_overlap(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int | str], records: int
) -> None:
    async def story() -> None:
        store, outlet, clock = Store(tmp_path_factory.mktemp("story")), Outlet(), FakeClock()
        batching = Batching(records, 10_000, 5.0)
        exporter, added = open_exporter(store, outlet, clock, batching), 0
        for step in [*steps, "good"]:
            if isinstance(step, int):
                store.add(step)
                added += step
            else:
                outlet.next.append(_MEANING[step])
            clock.ahead += 61
            try:
                await run_out(exporter, store)
            except Killed:
                exporter = open_exporter(store, outlet, clock, batching)
        outlet.next.clear()
        clock.ahead += 61
        await run_out(exporter, store)
        clock.ahead += 61
        await run_out(exporter, store)
        store.close()
        objects = {(one.first, one.last, one.at_us): list(one.records) for one in outlet.parcels}
        found = [int(record) for records in objects.values() for record in records]
        assert sorted(found) == list(range(1, added + 1))

    asyncio.run(story())


async def test_a_call_that_cannot_be_written_down_holds_up_nobody(
    store: Store, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    class Picky(Outlet):
        def encode(self, row: CallRow, bodies: Bodies | None) -> bytes | None:
            if row.arrival == 2:
                raise OverflowError("int too large to convert to float")
            return super().encode(row, bodies)

    outlet = Picky()
    exporter = open_exporter(store, outlet, clock)
    store.add(3)
    await run_out(exporter, store)
    assert outlet.arrived == [1, 3]
    assert (exporter.after, exporter.cursor.delivered, exporter.cursor.refused) == (3, 2, 1)
    assert f"call {store.rows()[1].id} is lost to it" in caplog.text
