"""The shipper brings every record into the ledger once, whatever fails when."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.calls.costing import Prices
from penstock.calls.derive import new_call
from penstock.journal import reading
from penstock.journal.record import CallRecord, frame
from penstock.journal.segments import list_segments
from penstock.shipper import shipper as module
from penstock.shipper.shipper import NoMemory, Shipped, Shipper
from penstock.shipper.skipped import DAMAGED
from penstock.stores.ledger import LedgerUnavailable, NewCall, Unstorable
from penstock.stores.sqlite.ledger.writer import FILE_NAME
from support.journal_kit import (
    FailingLedger,
    Writer,
    abandoned,
    frames,
    name,
    names,
    record,
    stored,
    unavailable,
)


class House:
    """A data directory with a shipper at work."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.journal = data / "journal"
        self.ledger = FailingLedger(data / FILE_NAME)
        self.said: list[str] = []
        self.beats: list[tuple[str, str]] = []
        self.shipper = Shipper(self.journal, self.ledger, self.said.append, beat=self._beat)

    def _beat(self, trouble: str, detail: str) -> None:
        self.beats.append((trouble, detail))

    def close(self) -> None:
        self.ledger.close()

    def ship(self) -> Shipped:
        return self.shipper.ship_once()

    def ship_all(self) -> None:
        while self.ship().more:
            pass

    @property
    def ids(self) -> list[str]:
        return stored(self.data)

    @property
    def segments(self) -> list[str]:
        return list_segments(self.journal)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with closing(House(tmp_path)) as house:
        yield house


class Turns:
    """A sign to end that comes after some waits; notes how long each would have been."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.pauses: list[float] = []

    def wait(self, timeout: float) -> bool:
        self.pauses.append(timeout)
        self.left -= 1
        return self.left < 0


def test_an_empty_house(house: House) -> None:
    assert house.ship() == Shipped()


def test_a_finished_segment_is_shipped_and_goes(house: House) -> None:
    abandoned(house.journal, b"".join(frames(range(3))))
    assert house.ship() == Shipped(calls=3, bytes=len(b"".join(frames(range(3)))), removed=1)
    assert house.ids == names(range(3))
    assert house.segments == []
    assert house.ship() == Shipped()


def test_what_a_living_writer_wrote_is_shipped_and_its_segment_stays(house: House) -> None:
    writer = Writer(house.journal)
    one, two = frames([1, 2])
    writer.write(one + two[:20])
    assert (house.ship().calls, house.ship().calls) == (1, 0)
    writer.write(two[20:])
    assert house.ship().calls == 1
    assert house.segments == [writer.name]
    writer.die()
    assert house.ship().removed == 1
    assert house.ids == names([1, 2])


def test_segments_are_shipped_oldest_first(house: House) -> None:
    for seq in (2, 0, 1):
        abandoned(house.journal, frames([seq])[0], seq)
    house.ship()
    assert house.ids == names([0, 1, 2])


def test_positions_of_segments_that_are_gone_are_forgotten(house: House) -> None:
    abandoned(house.journal, frames([1])[0], seq=1)
    house.ship()
    assert len(house.ledger.positions()) == 1
    second = abandoned(house.journal, frames([2])[0], seq=2)
    house.ship()
    assert list(house.ledger.positions()) == [second.name]


def test_an_empty_segment_goes_when_its_writer_is_gone(house: House) -> None:
    writer = Writer(house.journal)
    assert house.ship().removed == 0
    writer.die()
    assert house.ship().removed == 1


def test_a_torn_tail_is_counted_and_costs_nothing_else(house: House) -> None:
    one, two = frames([1, 2])
    abandoned(house.journal, one + two[:-5])
    house.ship()
    shipped = house.ship()
    assert (shipped.torn, shipped.damaged, shipped.removed) == (1, 0, 1)
    assert house.ids == names([1])
    assert "died" in house.said[0]


def test_damage_in_the_middle_is_set_aside_and_all_else_arrives(house: House) -> None:
    parts = frames(range(5))
    parts[1] = parts[1][:30] + b"\xff\xff" + parts[1][32:]
    parts[3] = parts[3][:4] + b"\xff\xff\xff\xff" + parts[3][8:]
    path = abandoned(house.journal, b"".join(parts))
    house.ship_all()
    assert house.ids == names([0, 2, 4])
    assert house.segments == []
    copies = sorted((house.journal / DAMAGED).iterdir())
    assert [copy.read_bytes() for copy in copies] == [parts[1], parts[3]]
    assert copies[0].name == f"{path.name}.{len(parts[0])}-{len(parts[0]) + len(parts[1])}"
    assert len([line for line in house.said if line.startswith("SKIPPED")]) == 2


def test_damage_under_a_living_writer_waits_and_is_told_once(house: House) -> None:
    writer = Writer(house.journal)
    one, two, three = frames([1, 2, 3])
    writer.write(one + two[:-1] + b"?" + three)
    for _ in range(4):
        house.ship()
    assert house.ids == names([1])
    assert len(house.said) == 1
    writer.die()
    house.ship_all()
    assert house.ids == names([1, 3])


def test_a_writer_may_take_back_a_partial_frame(house: House) -> None:
    writer = Writer(house.journal)
    one, two, three = frames([1, 2, 3])
    writer.write(one + two[:-3])
    house.ship()
    writer.truncate(len(one))
    assert house.ship().calls == 0
    writer.write(three + two)
    assert house.ship().calls == 2
    writer.die()
    house.ship()
    assert house.ids == names([1, 3, 2])


def test_a_segment_that_a_power_cut_made_shorter_than_its_position_goes(house: House) -> None:
    writer = Writer(house.journal)
    one, two = frames([1, 2])
    writer.write(one + two)
    house.ship()
    writer.truncate(len(one))
    writer.die()
    assert house.ship().removed == 1
    assert house.ids == names([1, 2])


def test_a_power_cut_that_brings_a_segment_back_brings_no_call_twice(house: House) -> None:
    data = b"".join(frames(range(3)))
    abandoned(house.journal, data)
    house.ship()
    abandoned(house.journal, frames([9])[0], seq=9)
    house.ship()  # forgets the first segment's position
    abandoned(house.journal, data)
    assert house.ship().duplicates == 3
    assert house.ids == [*names(range(3)), *names([9])]
    assert "already" in house.said[0]


def test_a_segment_stays_while_a_reader_keeps_its_calls_out_of_the_file_itself(house: House) -> None:
    """All else goes on; nothing is said, for nothing is wrong."""
    house.ship()
    with closing(sqlite3.connect(house.data / FILE_NAME, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM calls").fetchone()
        segment = abandoned(house.journal, b"".join(frames(range(3))))
        assert [house.ship().removed for _ in range(3)] == [0, 0, 0]
        abandoned(house.journal, frames([3])[0], seq=1)
        house.shipper.run(Turns(2))
        assert house.segments[0] == segment.name
        assert house.ids == names(range(4))
    assert house.ship().removed == 2
    assert house.said == []
    assert house.ids == names(range(4))


@pytest.mark.parametrize("how", ["log", "copy"])
def test_a_ledger_that_has_gone_back_is_told_and_gets_its_calls_again(house: House, how: str) -> None:
    """Without the log of its latest changes, or as a copy of before; counted are the bytes that come again."""
    writer = Writer(house.journal)
    file = house.data / FILE_NAME
    parts = frames(range(6))
    writer.write(parts[0])
    house.ship()
    earlier = file.read_bytes()
    for part in parts[1:]:
        writer.write(part)
        house.ship()
    if how == "copy":
        house.ledger.close()
        file.write_bytes(earlier)
    else:
        abandoned(house.journal, frames([7])[0], seq=1)
        assert house.ship().removed == 1
        for part in frames([8, 9, 10]):
            writer.write(part)
            house.ship()
        alone = file.read_bytes()
        house.ledger.close()
        file.write_bytes(alone)
    following = Shipper(house.journal, house.ledger, house.said.append)
    for _ in range(3):
        following.ship_once()
    assert house.ids[: len(parts)] == names(range(6))
    assert set(names([7, 8, 9, 10])) <= set(house.ids) or how == "copy"
    assert len(house.ids) == len(set(house.ids))
    (said,) = house.said
    assert said.startswith("the ledger is as it was at an earlier moment")
    assert writer.name in said
    writer.die()


def test_a_ledger_that_has_all_has_not_gone_back(house: House) -> None:
    """Whatever was written down of where the shipper was."""
    writer = Writer(house.journal)
    for part in frames(range(3)):
        writer.write(part)
        house.ship()
    abandoned(house.journal, frames([7])[0], seq=1)
    for _ in range(2):
        following = Shipper(house.journal, house.ledger, house.said.append)
        following.ship_once()
    writer.die()
    Shipper(house.journal, house.ledger, house.said.append).ship_once()
    assert house.said == []


def test_a_backlog_comes_in_pieces(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_ROWS", 2)
    abandoned(house.journal, b"".join(frames(range(5))))
    steps = [house.ship() for _ in range(3)]
    assert [(step.calls, step.more, step.removed) for step in steps] == [
        (2, True, 0),
        (2, True, 0),
        (1, False, 1),
    ]
    assert house.ids == names(range(5))


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_failure_on_either_side_of_a_commit(
    house: House, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    monkeypatch.setattr(reading, "MAX_ROWS", 2)
    abandoned(house.journal, b"".join(frames(range(6))))
    house.ship()
    setattr(house.ledger, when, unavailable)
    with pytest.raises(LedgerUnavailable):
        house.ship()
    setattr(house.ledger, when, lambda: None)
    house.ship_all()
    assert house.ids == names(range(6))
    assert house.segments == []


def test_two_shippers_at_once_bring_no_call_twice(house: House) -> None:
    abandoned(house.journal, b"".join(frames(range(4))))
    with closing(House(house.data)) as rival:
        house.ledger.before = rival.ship_all
        house.ship()
        house.ledger.before = lambda: None
        house.ship()
    assert house.ids == names(range(4))


def test_a_locked_ledger_costs_no_record_and_is_told_once(house: House) -> None:
    house.ledger.positions()
    with closing(sqlite3.connect(house.data / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        abandoned(house.journal, b"".join(frames(range(4))))
        turns = Turns(5)
        house.shipper.run(turns)
        assert [line for line in house.said if "cannot be written" in line] == house.said
        assert len(house.said) == 1
        assert turns.pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6]
        other.execute("ROLLBACK")
    house.shipper.run(Turns(2))
    assert house.said[1:] == ["the ledger can be written again, nothing is lost"]
    assert house.ids == names(range(4))


RAISED = [
    Unstorable("what"), sqlite3.DatabaseError("x"), UnicodeDecodeError("utf-8", b"\x8e", 0, 1, "x"),
    OSError("x"), MemoryError(), RecursionError(), KeyError("x"), AssertionError(),
]  # fmt: skip


@pytest.mark.parametrize(
    ("verb", "error"),
    [
        pytest.param(verb, error, id=f"{verb}-{type(error).__name__}")
        for verb in ("positions", "append", "retire")
        for error in RAISED
        if verb != "append" or not isinstance(error, MemoryError)  # then another process has to go on
    ],
)
def test_whatever_a_ledger_raises_costs_no_record(
    house: House, monkeypatch: pytest.MonkeyPatch, verb: str, error: Exception
) -> None:
    def fail(*arguments: object) -> None:
        raise error

    abandoned(house.journal, b"".join(frames(range(3))))
    with monkeypatch.context() as patched:
        patched.setattr(house.ledger, verb, fail)
        turns = Turns(3)
        house.shipper.run(turns)
        assert len(house.said) == 1
        assert house.beats[-1] != ("", "")
        if verb == "positions":
            assert turns.pauses == [0.05, 0.1, 0.2, 0.4]
    house.shipper.run(Turns(2))
    assert house.beats[-1] == ("", "")
    assert house.ids == names(range(3))
    assert house.segments == []


def test_a_call_that_nothing_can_be_made_of_does_not_hold_up_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = new_call

    def fail(call: CallRecord, request: bytes, response: bytes, prices: Prices) -> NewCall:
        if call.id == name(2):
            raise RecursionError("too deep")
        return whole(call, request, response, prices)

    monkeypatch.setattr(module, "new_call", fail)
    parts = frames(range(4))
    abandoned(house.journal, b"".join(parts))
    house.ship_all()
    assert house.ids == names([0, 1, 3])
    assert [copy.read_bytes() for copy in (house.journal / DAMAGED).iterdir()] == [parts[2]]
    assert "RecursionError: too deep" in house.said[0]


@pytest.mark.parametrize("place", ["derive", "append"])
def test_where_memory_is_short_another_process_has_to_go_on(
    house: House, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Where it finds more, nothing has happened."""

    def fail(*arguments: object) -> None:
        raise MemoryError

    abandoned(house.journal, b"".join(frames(range(2))))
    with monkeypatch.context() as patched:
        patched.setattr(
            *((module, "new_call", fail) if place == "derive" else (house.ledger, "append", fail))
        )
        with pytest.raises(NoMemory, match=r"\.journal, byte 0"):
            house.shipper.run(Turns(2))
    for _ in range(3):
        Shipper(house.journal, house.ledger, house.said.append).run(Turns(2))
    assert house.ids == names(range(2))
    assert house.said == []
    assert not (house.journal / DAMAGED).exists()


def test_a_full_disk_costs_no_record(house: House) -> None:
    house.ledger.positions()
    house.ledger._connection().execute("PRAGMA max_page_count = 30")
    parts = [frame(record(number), os.urandom(3000), b"") for number in range(60)]
    abandoned(house.journal, b"".join(parts))
    with pytest.raises(LedgerUnavailable, match="full"):
        house.ship()
    assert house.ids == []
    house.ledger._connection().execute("PRAGMA max_page_count = 1000000")
    house.ship_all()
    assert house.ids == names(range(60))


def test_a_call_that_cannot_be_stored_does_not_hold_up_the_others(house: House) -> None:
    parts = frames(range(4))
    parts[2] = frame(record(2, duration_us=1 << 63), b"q", b"a")
    abandoned(house.journal, b"".join(parts))
    house.ship_all()
    assert house.ids == names([0, 1, 3])
    assert [copy.read_bytes() for copy in (house.journal / DAMAGED).iterdir()] == [parts[2]]
    assert "cannot be stored" in house.said[0]
    assert house.segments == []


def test_a_segment_that_cannot_be_read_does_not_hold_up_the_others(house: House) -> None:
    abandoned(house.journal, frames([1])[0], seq=1)
    bad = house.journal / list_segments(house.journal)[0].replace("-1.journal", "-0.journal")
    bad.mkdir()
    house.ship()
    house.ship()
    assert house.ids == names([1])
    assert len(house.said) == 1
    assert "cannot ship" in house.said[0]


def test_the_loop_rests_when_there_is_nothing_and_not_when_there_is_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_ROWS", 1)
    abandoned(house.journal, b"".join(frames(range(3))))
    turns = Turns(4)
    house.shipper.run(turns)
    assert turns.pauses == [0.05, 0.0, 0.0, 0.05, 0.05]


def test_the_loop_drains_before_it_ends(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_ROWS", 1)
    abandoned(house.journal, b"".join(frames(range(5))))
    house.shipper.run(Turns(0))
    assert house.ids == names(range(5))
    assert house.segments == []


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_pieces_written_at_any_time_arrive_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    sizes = data.draw(st.lists(st.integers(0, 3000), max_size=8))
    whole = b"".join(frame(record(number), b"q" * size, b"") for number, size in enumerate(sizes))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    shipped = data.draw(st.lists(st.booleans(), min_size=len(cuts) + 1, max_size=len(cuts) + 1))
    with closing(House(tmp_path_factory.mktemp("house"))) as house:
        writer = Writer(house.journal)
        for begin, end, ship in zip([0, *cuts], [*cuts, len(whole)], shipped, strict=True):
            writer.write(whole[begin:end])
            if ship:
                house.ship()
        writer.die()
        house.ship_all()
        assert house.ids == names(range(len(sizes)))
        assert house.segments == []


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_damage_anywhere_costs_only_what_it_hits(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    parts = frames(range(6))
    hit = data.draw(st.integers(0, 5))
    place = data.draw(st.integers(0, len(parts[hit]) - 1))
    change = data.draw(st.integers(1, 255))
    broken = bytearray(parts[hit])
    broken[place] ^= change
    parts[hit] = bytes(broken)
    with closing(House(tmp_path_factory.mktemp("house"))) as house:
        abandoned(house.journal, b"".join(parts))
        house.ship_all()
        assert house.ids == names(number for number in range(6) if number != hit)
        assert house.segments == []
