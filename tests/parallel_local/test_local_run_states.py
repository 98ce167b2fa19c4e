"""The tables of what may happen to a run, and that whatever is done to one, its way leads through its table."""

import asyncio
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from local_runs import LONG, Note, Notes, again

from parallel_local.runs.kind import Book
from parallel_local.runs.states import AGAIN, ONCE, Happening, States
from parallel_local.wire.tasks import ACTIVE

ENDED = {"completed", "failed", "cancelled"}
Deed = Literal["save", "finish", "raise", "cancel", "queue"]


@pytest.mark.parametrize("states", [ONCE, AGAIN])
def test_active_runs_can_be_cancelled_and_ended_ones_only_queued_again(states: States) -> None:
    reached = {"queued", *states.values()}
    assert reached == ENDED | {"queued", "running"}
    assert {status for status, happening in states if happening == "cancel"} == reached & ACTIVE
    assert {happening for status, happening in states if status in ENDED} <= {"queue"}
    assert {happening for _, happening in states} <= set(get_args(Happening))
    for (_, happening), status in states.items():
        assert (status in ENDED) == (happening in {"finish", "fail", "cancel"})


async def _yield_to_worker() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def _told_after(path: Path, deeds: list[Deed]) -> list[str]:
    """What is told of a run while callers and its work do these things, and after a restart."""
    orders: asyncio.Queue[Deed] = asyncio.Queue()

    async def obey(record: Note, book: Book[Note]) -> str:
        while (deed := await orders.get()) == "save":
            book.save(msgspec.structs.replace(book.get(record.id), text="saved"))
        if deed == "raise":
            raise ValueError(deed)
        return deed

    async with again(path, Notes(obey)) as (place, runs):
        runs.accept([Note("a")])
        for deed in deeds:
            if deed == "cancel" and runs.get("a").status in ACTIVE:
                runs.cancel("a")
            elif deed == "queue":
                runs.requeue(runs.get("a"))
            elif runs.get("a").status in ACTIVE:
                orders.put_nowait(deed)
            await _yield_to_worker()
            assert place.told("a")[-1] == runs.get("a").status
    async with again(path, Notes()) as (place, runs):
        assert (await runs.settled("a", LONG)).status in ENDED
        return place.told("a")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(get_args(Deed)), max_size=12))
def test_what_is_told_of_a_run_is_a_way_through_its_table_to_an_end(deeds: list[Deed]) -> None:
    with TemporaryDirectory() as folder:
        told = asyncio.run(_told_after(Path(folder), deeds))
    assert told[0] == "queued"
    steps = {(before, after) for (before, _), after in AGAIN.items()}
    assert set(pairwise(told)) <= steps
    assert told[-1] in ENDED
