"""The journal: a record is on file before its answer goes, and a full disk costs no record that memory can hold.

The disk is made full with the limit on file sizes that the kernel keeps for a process: writes fail, or get
through in part, as they do on a real full disk. Time between retries is none.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import Connect, OpenGateway
from penstock.budget import Budget
from penstock.clock import Clock
from penstock.journal import journal as module
from penstock.journal.journal import Journal
from penstock.journal.record import Entry, read_frames
from penstock.journal.segments import DIRECTORY, is_abandoned, list_segments
from support.client import request
from support.configuration import openai
from support.journal_kit import frames, names
from support.replies import chunked, sized
from support.upstream import Upstream
from support.waiting import eventually

CHAT = "/v1/acct/gw/openai/chat/completions"
LARGE = 2**40


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Files of this process may grow to `size` bytes only."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(autouse=True)
def _no_time_between_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.0)


def journal_in(folder: Path, *, segment: int = LARGE, backlog: int = LARGE, fsync: float = 0) -> Journal:
    """A journal of the running loop."""
    return Journal(folder, Clock(), segment_bytes=segment, backlog=Budget(backlog), fsync_interval=fsync)


def data_in(folder: Path) -> bytes:
    """All segments, one after the other."""
    return b"".join((folder / name).read_bytes() for name in list_segments(folder))


def ids_in(folder: Path) -> list[str]:
    """The ids of all records; fails on anything that is no whole frame."""
    return [entry.record.id for name in list_segments(folder) for entry in _entries(folder / name)]


def _entries(path: Path) -> list[Entry]:
    return list(read_frames(path.read_bytes()))


def commit(journal: Journal, data: bytes, then: Callable[[], None]) -> None:
    """Commits a frame in pieces, as one with large bodies comes."""
    journal.commit((data[:30], data[30:90], data[90:]), then)


def nothing() -> None:
    """What is to happen after a commit."""


async def turns(count: int = 3) -> None:
    """Lets the loop go round."""
    for _ in range(count):
        await asyncio.sleep(0)


async def recovered(journal: Journal) -> None:
    """Waits until nothing is left in memory."""
    await eventually(lambda: True if journal.healthy else None, "the end of the backlog")


# -- the order of write and answer


@pytest.mark.parametrize("together", [1, 2, 5])
async def test_every_record_is_on_file_before_its_answer_goes(tmp_path: Path, together: int) -> None:
    """However many end in one turn: each with those before it, and answered in order."""
    journal = journal_in(tmp_path)
    written = frames(range(20))
    answered: list[int] = []

    def answer(number: int) -> Callable[[], None]:
        def then() -> None:
            assert data_in(tmp_path).startswith(b"".join(written[: number + 1]))
            answered.append(number)

        return then

    for number, data in enumerate(written):
        commit(journal, data, answer(number))
        if number % together == 0:
            await turns()
    await turns()
    assert answered == list(range(20))
    assert data_in(tmp_path) == b"".join(written)
    journal.close()


@pytest.mark.parametrize("relayed", [False, True])
@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_the_client_s_last_byte_waits_for_the_record(
    open_gateway: OpenGateway,
    upstream: Upstream,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    framing: str,
    relayed: bool,
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    gate = asyncio.Event()
    steps = (b"hel", gate, b"lo") if relayed else (b"hel", b"lo")
    upstream.will(sized(5, *steps) if framing == "length" else chunked(*steps))
    held: list[Callable[[], None]] = []
    monkeypatch.setattr(gateway.parts.journal, "commit", lambda frame, then: held.append(then))
    client = await connect(gateway.url)
    await client.send(request("POST", CHAT, body=b"{}"))
    await upstream.request()
    await gateway.catch_up()
    gate.set()
    await eventually(lambda: held or None, "the commit")
    await gateway.catch_up()
    seen = bytes(client.reader._buffer)  # type: ignore[attr-defined]
    assert not seen.endswith((b"lo", b"0\r\n\r\n"))
    held[0]()
    assert (await client.answer()).body == b"hello"


async def test_a_record_is_on_file_when_the_client_sees_the_end(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url))
    client = await connect(gateway.url)
    seen = []
    for _ in range(5):
        seen.append((await client.ask("POST", CHAT, body=b"{}")).header("cf-aig-log-id"))
        assert ids_in(gateway.data / DIRECTORY) == seen


# -- segments


async def test_rotation_by_size(tmp_path: Path) -> None:
    """A segment is left when it has its size; whole frames only, in order; who reads it knows it is finished."""
    written = frames(range(10))
    journal = journal_in(tmp_path, segment=len(written[0]) * 3)
    for data in written:
        commit(journal, data, nothing)
        await turns(2)
    segments = list_segments(tmp_path)
    assert len(segments) == 4
    assert [len(_entries(tmp_path / name)) for name in segments] == [3, 3, 3, 1]
    assert ids_in(tmp_path) == names(range(10))
    await eventually(lambda: True if _finished(tmp_path / segments[0]) else None, "the end of a segment")
    assert not _finished(tmp_path / segments[-1])
    journal.close()
    await eventually(lambda: all(_finished(tmp_path / name) for name in segments) or None, "the end of all")


def _finished(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return is_abandoned(descriptor)
    finally:
        os.close(descriptor)


async def test_closing_writes_what_is_pending(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    answered: list[bool] = []
    commit(journal, frames([1])[0], lambda: answered.append(True))
    journal.close()
    assert (ids_in(tmp_path), answered) == (names([1]), [True])


async def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="file"):
        journal_in(tmp_path / "file")


async def test_a_segment_that_cannot_be_opened(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The folder is gone when a new segment is due: what cannot be written waits until it is back."""
    folder = tmp_path / "journal"
    written = frames(range(3))
    journal = journal_in(folder, segment=1)
    commit(journal, written[0], nothing)
    await turns()
    folder.rename(tmp_path / "away")
    for data in written[1:]:
        commit(journal, data, nothing)
        await turns()
    assert not journal.healthy
    folder.mkdir()
    await recovered(journal)
    journal.close()
    assert ids_in(tmp_path / "away") + ids_in(folder) == names(range(3))
    assert "cannot write the journal" in caplog.text


# -- a full disk


async def test_nothing_is_lost_when_the_disk_was_full(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Answers go all the same; when there is room again, everything is written once and in order."""
    caplog.set_level(logging.WARNING)
    journal = journal_in(tmp_path)
    answered: list[int] = []
    written = frames(range(9))
    for number, data in enumerate(written[:3]):
        commit(journal, data, lambda number=number: answered.append(number))  # type: ignore[misc]
    await turns()
    with room_for(len(b"".join(written[:3]))):
        for number, data in enumerate(written[3:], 3):
            commit(journal, data, lambda number=number: answered.append(number))  # type: ignore[misc]
            await turns()
        assert not journal.healthy
        assert answered == list(range(9))
        assert ids_in(tmp_path) == names(range(3))
    await recovered(journal)
    assert ids_in(tmp_path) == names(range(9))
    assert journal.unwritten == 0
    assert "cannot write the journal" in caplog.text
    assert "can be written again" in caplog.text
    journal.close()


async def test_records_do_not_overtake_those_that_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is room again, but those in memory come first."""
    monkeypatch.setattr(module, "_RETRY_SECONDS", 1000.0)
    journal = journal_in(tmp_path)
    written = frames(range(3))
    with room_for(0):
        commit(journal, written[0], nothing)
        await turns()
    for data in written[1:]:
        commit(journal, data, nothing)
        await turns()
    assert ids_in(tmp_path) == []
    journal.close()
    assert ids_in(tmp_path) == names(range(3))


@pytest.mark.parametrize("through", [1, 10, 100])
async def test_a_frame_that_got_through_in_part_is_cut_off(tmp_path: Path, through: int) -> None:
    journal = journal_in(tmp_path)
    written = frames(range(4))
    with room_for(len(written[0] + written[1]) + through):
        for data in written:
            commit(journal, data, nothing)
        await turns()
        assert ids_in(tmp_path) == names(range(2))
        assert not journal.healthy
    await recovered(journal)
    journal.close()
    assert ids_in(tmp_path) == names(range(4))


@pytest.mark.parametrize("whole_frames", [0, 100, 512, 600, 1024, 1100])
async def test_many_records_in_one_turn_of_a_disk_that_fills(tmp_path: Path, whole_frames: int) -> None:
    """More than one system call takes: none is written twice, none is left out."""
    journal = journal_in(tmp_path)
    written = frames(range(1200))
    with room_for(len(b"".join(written[:whole_frames])) + 7):
        for data in written:
            commit(journal, data, nothing)
        await turns()
        assert ids_in(tmp_path) == names(range(whole_frames))
    await recovered(journal)
    journal.close()
    assert ids_in(tmp_path) == names(range(1200))


async def test_what_memory_cannot_hold_is_counted_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written = frames(range(6))
    journal = journal_in(tmp_path, backlog=(len(written[0]) + module.FRAME_BYTES) * 4)
    with room_for(0):
        for data in written:
            commit(journal, data, nothing)
            await turns()
        assert journal.unwritten == 2
        assert not journal.healthy
    await recovered(journal)
    assert ids_in(tmp_path) == names(range(4))
    assert caplog.text.count("could not be written and is lost") == 2
    assert "2 so far" in caplog.text
    journal.close()
    assert journal.unwritten == 2


async def test_closing_on_a_full_disk_counts_what_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = journal_in(tmp_path)
    with room_for(0):
        for data in frames(range(3)):
            commit(journal, data, nothing)
        journal.close()
    assert journal.unwritten == 3
    assert "3 calls could not be written" in caplog.text
    assert ids_in(tmp_path) == []


async def test_closing_writes_what_waited(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    with room_for(0):
        for data in frames(range(3)):
            commit(journal, data, nothing)
            await turns()
    journal.close()
    assert ids_in(tmp_path) == names(range(3))
    assert journal.unwritten == 0


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 4000)), min_size=1, max_size=8),
    st.integers(1, 3000),
    st.integers(0, 2000),
)
def test_every_record_is_written_once_or_counted(
    tmp_path_factory: pytest.TempPathFactory, plan: list[tuple[int, int]], segment: int, backlog: int
) -> None:
    """Whatever the disk does: so many records come in a turn, while files may have so many bytes."""

    async def story(folder: Path) -> tuple[Journal, int]:
        journal = journal_in(folder, segment=segment, backlog=backlog)
        count = answered = 0

        def then() -> None:
            nonlocal answered
            answered += 1

        for size, room in plan:
            with room_for(room):
                for data in frames(range(count, count + size)):
                    commit(journal, data, then)
                await turns()
            count += size
        await turns(10)
        await recovered(journal)
        journal.close()
        assert answered == count
        return journal, count

    folder = tmp_path_factory.mktemp("journal")
    journal, count = asyncio.run(story(folder))
    found = ids_in(folder)
    assert found == sorted(set(found))
    assert len(found) + journal.unwritten == count


# -- syncing


def failing_fsync(descriptor: int) -> None:
    """A disk that cannot be synced."""
    raise OSError(5, "Input/output error")


@pytest.mark.parametrize("function", ["fsync", "dup"])  # no room for another descriptor, too
async def test_a_sync_that_fails_is_only_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, function: str
) -> None:
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
    monkeypatch.setattr(os, function, failing_fsync)
    written = frames(range(4))
    journal = journal_in(tmp_path, segment=len(written[0]), fsync=0.001)
    for data in written:
        commit(journal, data, nothing)
        await turns()
    await eventually(lambda: True if "cannot sync" in caplog.text else None, "the message")
    assert journal.healthy
    journal.close()
    await asyncio.get_running_loop().shutdown_default_executor()
    await turns()
    assert ids_in(tmp_path) == names(range(4))
    assert complaints == []


async def test_the_disk_is_synced_on_an_interval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = os.fsync

    def spy(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_size)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", spy)
    journal = journal_in(tmp_path, fsync=0.001)
    written = frames(range(3))
    for data in written:
        commit(journal, data, nothing)
    whole = len(b"".join(written))
    await eventually(lambda: True if whole in synced else None, "a sync of all that was written")
    journal.close()


# -- what a full disk means to callers


async def test_calls_are_refused_when_the_operator_says_so(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    """With `on_full = "refuse"`: 503 in our envelope, and the provider hears nothing. Calls without a log go on."""
    gateway = await open_gateway(openai(upstream.url, '[journal]\non_full = "refuse"\n'))
    client = await connect(gateway.url)
    assert (await client.ask("POST", CHAT, body=b"{}")).status == 200
    with room_for(0):
        assert (await client.ask("POST", CHAT, body=b"{}")).status == 200
        assert (await client.ask("GET", "/readyz")).status == 503
        refused = await client.ask("POST", CHAT, body=b"{}")
        assert (refused.status, refused.json()["internalCode"]) == (503, 9503)
        unlogged = await client.ask("POST", CHAT, ("cf-aig-collect-log", "false"), body=b"{}")
        assert unlogged.status == 200
        assert len(upstream.requests) == 3
    await recovered(gateway.parts.journal)
    assert (await client.ask("POST", CHAT, body=b"{}")).status == 200
    assert [row.status_code for row in await gateway.rows(4)] == [200, 200, 503, 200]


async def test_calls_are_served_and_counted_otherwise(
    open_gateway: OpenGateway, upstream: Upstream, connect: Connect
) -> None:
    gateway = await open_gateway(openai(upstream.url, "[journal]\nbacklog_bytes = 1\n"))
    client = await connect(gateway.url)
    with room_for(0):
        for _ in range(3):
            assert (await client.ask("POST", CHAT, body=b"{}")).status == 200
    assert gateway.parts.journal.unwritten == 3
    assert len(upstream.requests) == 3
    assert (await client.ask("GET", "/readyz")).json()["unwritten_records"] == 3
