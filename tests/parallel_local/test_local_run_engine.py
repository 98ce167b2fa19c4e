"""The engine that carries out runs: queueing, failing, cancelling, ending and starting again, waiting."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from local_runs import BOUND, LONG, Gate, Note, Notes, Place, Told, again, at_once, leave_unfinished, started

from parallel_local.errors import ApiError
from parallel_local.runs.kind import Book, Line
from parallel_local.runs.states import ONCE
from parallel_local.runs.store import RunStore


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path, workers=1)
    with closing(place.store):
        yield place


async def test_a_run_goes_through_its_states_and_each_is_told(place: Place) -> None:
    runs = place.engine.add(Notes())
    async with started(place):
        runs.accept([Note("a")])
        assert runs.get("a").status == "queued"
        settled = await runs.settled("a", LONG)
    assert (settled.status, settled.reason) == ("completed", "done")
    assert place.told("a") == ["queued", "running", "completed"]


async def test_runs_are_accepted_all_or_none(place: Place) -> None:
    kind = Notes()
    runs = place.engine.add(kind)
    async with started(place):
        with pytest.raises(TypeError):
            runs.accept([Note("a"), Note("b", text=object())])  # type: ignore[arg-type]
        runs.accept([Note("c")])
        await runs.settled("c", LONG)
        with pytest.raises(ApiError) as refusal:
            runs.get("a")
    assert (refusal.value.status, refusal.value.message) == (404, "note not found: a")
    assert place.told("a") == []
    assert kind.begun == ["c"]


async def test_a_run_that_cannot_be_stored_does_not_end_the_worker(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = Notes()
    runs = place.engine.add(kind)
    put = place.store.put
    failed = asyncio.Event()

    def full_once(*_given: object, **_more: object) -> None:
        monkeypatch.setattr(place.store, "put", put)
        failed.set()
        raise sqlite3.OperationalError("database or disk is full")

    async with started(place):
        runs.accept([Note("a")])
        monkeypatch.setattr(place.store, "put", full_once)
        await failed.wait()
        runs.accept([Note("b")])
        assert (await runs.settled("b", LONG)).status == "completed"
    assert kind.begun == ["b"]
    assert runs.get("a").status == "queued"  # and is carried out after the next start


def test_what_cannot_be_committed_keeps_nothing_later_from_the_disk(tmp_path: Path) -> None:
    with closing(RunStore(tmp_path / "runs.db")) as store, closing(RunStore(tmp_path / "runs.db")) as other:
        # A constraint that is looked at only at the commit, which fails for want of a row.
        store._connection.executescript(
            "PRAGMA foreign_keys = ON; CREATE TABLE one (id INTEGER PRIMARY KEY);"
            "CREATE TABLE of_one (one REFERENCES one DEFERRABLE INITIALLY DEFERRED)"
        )

        def write(run_id: str) -> None:
            with store.together():
                store._connection.execute("INSERT INTO of_one VALUES (1)")
                store.put("note", run_id, Note(run_id), active=True)

        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            write("a")
        with store.together():
            store.put("note", "b", Note("b"), active=True)
        assert [note.id for note in other.active("note", Note)] == ["b"]


# -- the program ends and starts again


async def test_what_was_unfinished_is_carried_out_after_a_restart_the_oldest_first(tmp_path: Path) -> None:
    await leave_unfinished(tmp_path, Note("a", made="2"), Note("b", made="1"), Note("c", made="3"))
    kind = Notes(starts_over=True)
    async with again(tmp_path, kind) as (_, runs):
        for run_id in "abc":
            assert (await runs.settled(run_id, LONG)).status == "completed"
    assert kind.begun == ["b", "a", "c"]
    async with again(tmp_path, kind) as (place, runs):
        runs.accept([Note("d")])
        await runs.settled("d", LONG)
        assert place.told("a") == ["running", "completed"]
    assert kind.begun == ["b", "a", "c", "d"]


async def test_what_cannot_be_read_keeps_nothing_else_from_being_carried_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await leave_unfinished(tmp_path, Note("a"), Note("b"), Note("c"))
    with closing(sqlite3.connect(tmp_path / "runs.db", isolation_level=None)) as file:
        file.execute("UPDATE records SET body = '{\"id\": 1}' WHERE id = 'a'")
        file.execute("UPDATE records SET body = '{' WHERE id = 'b'")
    async with again(tmp_path, Notes()) as (_, runs):
        assert (await runs.settled("c", LONG)).status == "completed"
    assert len([line for line in caplog.messages if "cannot be read" in line]) == 2


@pytest.mark.parametrize(
    ("starts_over", "told"),
    [(True, ["running", "completed"]), (False, ["queued", "running", "half", "running", "completed"])],
)
async def test_stopping_while_working_leaves_the_run_for_the_next_start(
    tmp_path: Path, starts_over: bool, told: list[str]
) -> None:
    gate = Gate()
    left: list[str] = []

    async def half(record: Note, book: Book[Note]) -> str:
        book.save(msgspec.structs.replace(record, text="half"), [Line(record.id, Told("half"))])
        try:
            return await gate.pass_(record, book)
        finally:
            left.append(record.id)

    async with again(tmp_path, Notes(half)) as (place, runs):
        runs.accept([Note("a")])
        await gate.reached.wait()
    assert left == ["a"]
    with closing(RunStore(tmp_path / "runs.db")) as store:
        assert store.active("note", Note) == [Note("a", status="running", text="half")]
    async with again(tmp_path, Notes(starts_over=starts_over)) as (place, runs):
        settled = await runs.settled("a", LONG)
        assert place.told("a") == told
    assert (settled.status, settled.text) == ("completed", "half")


async def test_without_workers_runs_stay_queued(place: Place, tmp_path: Path) -> None:
    await leave_unfinished(tmp_path, Note("a"))
    async with again(tmp_path, Notes(), workers=0) as (_, runs):
        assert (await runs.settled("a", 0)).status == "queued"


# -- work that goes wrong


async def test_a_run_that_raises_has_failed_and_the_worker_goes_on(place: Place) -> None:
    async def picky(record: Note, _book: Book[Note]) -> str:
        if record.id == "bad":
            raise ValueError("no")
        return "done"

    runs = place.engine.add(Notes(picky))
    async with started(place):
        runs.accept([Note("bad"), Note("good")])
        bad, good = await runs.settled("bad", LONG), await runs.settled("good", LONG)
    assert (bad.status, bad.reason) == ("failed", "ValueError('no')")
    assert good.status == "completed"
    assert place.told("bad") == ["queued", "running", "failed"]


# -- cancelling


async def test_a_run_cancelled_while_queued_is_never_worked_on(place: Place) -> None:
    gate = Gate()
    kind = Notes(gate.pass_)
    runs = place.engine.add(kind)
    async with started(place):
        runs.accept([Note("first"), Note("second")])
        await gate.reached.wait()
        runs.cancel("second")
        gate.opened.set()
        runs.accept([Note("third")])
        await runs.settled("third", LONG)
        assert runs.get("second").status == "cancelled"
    assert kind.begun == ["first", "third"]
    assert place.told("second") == ["queued", "cancelled"]


@pytest.mark.parametrize("ending", ["save", "return", "raise"])
async def test_a_run_cancelled_while_working_stays_cancelled(place: Place, ending: str) -> None:
    gate = Gate()

    async def late(record: Note, book: Book[Note]) -> str:
        await gate.pass_(record, book)
        if ending == "save":
            book.save(msgspec.structs.replace(record, text="late"), [Line(record.id, Told("late"))])
        if ending == "raise":
            raise ValueError("late")
        return "late"

    runs = place.engine.add(Notes(late))
    async with started(place):
        runs.accept([Note("a")])
        await gate.reached.wait()
        runs.cancel("a")
        assert (await runs.settled("a", LONG)).status == "cancelled"
        gate.opened.set()
        runs.accept([Note("b")])
        await runs.settled("b", LONG)
        assert runs.get("a") == Note("a", status="cancelled")
    assert place.told("a") == ["queued", "running", "cancelled"]


async def test_a_finished_run_cannot_be_cancelled(place: Place) -> None:
    runs = place.engine.add(Notes())
    async with started(place):
        runs.accept([Note("a")])
        await runs.settled("a", LONG)
        with pytest.raises(ApiError) as refusal:
            runs.cancel("a")
    assert (refusal.value.status, refusal.value.message) == (409, "the run is already completed")
    assert place.told("a") == ["queued", "running", "completed"]


# -- queueing again


async def test_a_run_queued_again_while_working_is_gone_through_once_more_by_one_worker(
    tmp_path: Path,
) -> None:
    gate = Gate()
    kind = Notes(gate.pass_)
    async with again(tmp_path, kind, workers=3) as (place, runs):
        runs.accept([Note("a")])
        await gate.reached.wait()
        kind.doing = at_once
        for text in ("x", "y"):
            runs.requeue(msgspec.structs.replace(runs.get("a"), text=text), [Line("a", Told(text))])
        runs.accept([Note("b")])
        await runs.settled("b", LONG)
        assert kind.begun == ["a", "b"]
        gate.opened.set()
        settled = await runs.settled("a", LONG)
        assert place.told("a") == ["queued", "running", "x", "queued", "y", "queued", "running", "completed"]
    assert (settled.status, settled.text) == ("completed", "y")
    assert kind.begun == ["a", "b", "a"]


async def test_a_finished_run_is_queued_again_where_its_kind_allows_it(place: Place) -> None:
    often, once = place.engine.add(Notes()), place.engine.add(Notes(name="once", states=ONCE))
    async with started(place):
        for runs in (often, once):
            runs.accept([Note("a")])
            await runs.settled("a", LONG)
        often.requeue(often.get("a"))
        assert (await often.settled("a", LONG)).status == "completed"
        with pytest.raises(ApiError, match="already completed"):
            once.requeue(once.get("a"))


# -- kinds side by side


async def test_kinds_share_the_workers_and_do_not_mix(tmp_path: Path) -> None:
    gate = Gate()
    place = Place(tmp_path, workers=2)
    long_kind, quick_kind = Notes(gate.pass_, name="long", seconds=60), Notes(name="quick")
    with closing(place.store):
        long, quick = place.engine.add(long_kind), place.engine.add(quick_kind)
        async with started(place):
            long.accept([Note("a", text="long"), Note("c")])
            await gate.reached.wait()
            quick.accept([Note("a", text="quick"), Note("b")])
            assert (await quick.settled("a", LONG)).text == "quick"
            assert (await quick.settled("b", LONG)).status == "completed"
            # A worker is free, and kept so.
            assert (long.get("a").status, long.get("a").text) == ("running", "long")
            assert long.get("c").status == "queued"
            with pytest.raises(ApiError, match="not found"):
                long.get("b")
            gate.opened.set()
            assert (await long.settled("c", LONG)).status == "completed"
    assert (long_kind.begun, quick_kind.begun) == (["a", "c"], ["a", "b"])


async def test_short_runs_go_first_whichever_kind_they_are_of(place: Place) -> None:
    gate = Gate()
    order: list[str] = []

    async def noted(record: Note, _book: Book[Note]) -> str:
        order.append(record.id)
        return "done"

    first = place.engine.add(Notes(gate.pass_, name="first"))
    kinds = [place.engine.add(Notes(noted, name=str(seconds), seconds=seconds)) for seconds in (60, 1, 10)]
    async with started(place):
        first.accept([Note("first")])
        await gate.reached.wait()
        for runs, name in zip(kinds, ("long", "short", "middle"), strict=True):
            runs.accept([Note(name), Note(f"{name} too")])
        gate.opened.set()
        await kinds[0].settled("long too", LONG)
    assert order == ["short", "short too", "middle", "middle too", "long", "long too"]


# -- waiting


async def test_a_waiter_is_woken_by_each_thing_that_is_stored(place: Place) -> None:
    gate = Gate()

    async def saving(record: Note, book: Book[Note]) -> str:
        await gate.pass_(record, book)
        book.save(msgspec.structs.replace(record, text="half"))
        return "done"

    runs = place.engine.add(Notes(saving))
    async with started(place):
        runs.accept([Note("a")])
        assert await runs.changed("a", LONG)
        assert runs.get("a").status == "running"
        run, board = (
            asyncio.create_task(wait)
            for wait in (runs.changed("a", LONG), place.signals.heard("board", LONG))
        )
        await place.clock.sleepers(2)
        gate.opened.set()
        assert await run
        assert await board
        assert runs.get("a").text == "half"


async def test_a_waiter_gives_up_in_time_and_when_the_program_ends(place: Place) -> None:
    runs = place.engine.add(Notes(Gate().pass_))
    async with asyncio.timeout(BOUND):
        async with started(place):
            runs.accept([Note("a")])
            short, long = (asyncio.create_task(runs.settled("a", seconds)) for seconds in (5, LONG))
            await place.clock.sleepers(2)
            place.clock.advance(5)
            assert (await short).status == "running"
            assert not long.done()
        assert (await long).status == "running"
        assert not await runs.changed("a", LONG)
    assert runs.closing
