"""What is new and what has changed of runs since one last looked, whatever happens between two looks."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.cli.run_changes import RunChanges
from penstock.runs.run import Run, SeenBy
from penstock.stores.runs import ANY_RUN, Kept, Moment, RestsOn, Result, RunQuery
from support.known_runs import NOW, task

ACTIVE = RunQuery(active=True)


class Shelf:
    """Runs that a test puts down, as a reader gives them; `asked` counts single ones."""

    def __init__(self, *runs: Run) -> None:
        self.all: dict[str, Run] = {run.id: run for run in runs}
        self.asked = 0

    def put(self, *runs: Run) -> None:
        self.all |= {run.id: run for run in runs}

    def runs(self, where: RunQuery, limit: int, offset: int = 0) -> list[Run]:
        found = [run for run in self.all.values() if where.active in (None, run.is_active)]
        return sorted(found, key=lambda run: (run.created_us, run.id), reverse=True)[offset:][:limit]

    def count(self, where: RunQuery) -> int:
        return len(self.runs(where, len(self.all)))

    def states(self, where: RunQuery) -> dict[str, int]:
        return {}

    def reach(self, until_us: int | None, effort: int) -> int | None:
        return None

    def get(self, run_id: str) -> Run | None:
        self.asked += 1
        return self.all.get(run_id)

    def find(self, part: str, limit: int) -> list[str]:
        return [run_id for run_id in self.all if run_id.startswith(part)][:limit]

    def moments(self, run_id: str) -> list[Moment]:
        return []

    def result(self, run_id: str) -> Result | None:
        return None

    def results(self, where: RunQuery, limit: int, after: int = 0) -> list[Kept]:
        return []

    def rests(self, where: RunQuery, limit: int) -> list[RestsOn]:
        return []


def numbered(number: int, **changes: object) -> Run:
    at = {"created_us": NOW + number, "seen_us": NOW + number}
    return replace(task(), **{"id": f"trun_{number:04}", **at, **changes})


def ended(run: Run) -> Run:
    return replace(run, state="completed", is_active=False)


def numbers(runs: Sequence[Run]) -> list[int]:
    return [int(run.id[-4:]) for run in runs]


def test_the_newest_come_first_with_the_oldest_of_them_first() -> None:
    changes = RunChanges(Shelf(*map(numbered, range(9))), ANY_RUN)
    assert numbers(changes.first(3)) == [6, 7, 8]
    assert changes.more() == []


def test_what_is_new_and_what_changes() -> None:
    shelf = Shelf(*map(numbered, range(4)))
    changes = RunChanges(shelf, ANY_RUN)
    changes.first(1)
    shelf.put(numbered(5), replace(numbered(1), progress=50.0), numbered(4))
    assert numbers(changes.more()) == [1, 4, 5]
    shelf.put(replace(numbered(1), progress=50.0, seen_us=NOW * 2, seen_by=SeenBy.READ, modified_us=7))
    assert changes.more() == [], "somebody has only looked"


def test_what_is_no_longer_asked_for_is_told_once_more() -> None:
    shelf = Shelf(*map(numbered, range(3)))
    changes = RunChanges(shelf, ACTIVE)
    changes.first(9)
    shelf.put(ended(numbered(1)))
    assert [run.state for run in changes.more()] == ["completed"]
    shelf.put(replace(ended(numbered(1)), error="late"))
    assert changes.more() == []
    shelf.put(numbered(1))
    assert numbers(changes.more()) == [1], "it has come back"


def test_what_is_deleted_is_forgotten() -> None:
    shelf = Shelf(*map(numbered, range(3)))
    changes = RunChanges(shelf, ANY_RUN)
    changes.first(9)
    del shelf.all[numbered(1).id]
    assert changes.more() == []
    shelf.asked = 0
    assert (changes.more(), shelf.asked) == ([], 0)


def test_active_runs_are_watched_when_many_newer_ones_have_come() -> None:
    shelf = Shelf(*map(numbered, range(4)))
    changes = RunChanges(shelf, ANY_RUN, watched=4)
    changes.first(4)
    shelf.put(ended(numbered(0)), *(ended(numbered(number)) for number in range(4, 8)))
    assert numbers(changes.more()) == [4, 5, 6, 7, 0]
    shelf.put(ended(numbered(2)))
    assert numbers(changes.more()) == [2]
    shelf.asked = 0
    assert (changes.more(), shelf.asked) == ([], 2), "only those that still go on"


def test_what_only_moves_up_is_not_new() -> None:
    shelf = Shelf(*map(numbered, range(9)))
    changes = RunChanges(shelf, ACTIVE, watched=3)
    changes.first(3)
    shelf.put(ended(numbered(8)))
    assert numbers(changes.more()) == [8]
    shelf.put(replace(numbered(5), progress=1.0))
    assert numbers(changes.more()) == [5], "from then on it is watched"


STEPS = st.lists(
    st.tuples(st.integers(0, 7), st.sampled_from(["new", "progress", "end", "look"])), max_size=40
)


@given(STEPS, st.integers(4, 9), st.booleans())
def test_every_change_is_told_and_the_last_word_is_the_truth(
    steps: list[tuple[int, str]], watched: int, only_active: bool
) -> None:
    """As long as what goes on is no more than twice what is watched."""
    shelf = Shelf()
    changes = RunChanges(shelf, ACTIVE if only_active else ANY_RUN, watched)
    changes.first(9)
    told: dict[str, Run] = {}
    for number, what in steps:
        run_id = numbered(number).id
        was = shelf.all.get(run_id)
        match what:
            case "new" if was is None and all(run_id > other for other in shelf.all):
                shelf.put(numbered(number))
            case "progress" if was is not None and was.is_active:
                shelf.put(replace(was, progress=(was.progress or 0) + 1))
            case "end" if was is not None and was.is_active:
                shelf.put(ended(was))
            case "look" if was is not None:
                shelf.put(replace(was, seen_us=was.seen_us + 1))
            case _:
                continue
        news = changes.more()
        assert len(news) == (what != "look"), "one thing has happened"
        told |= {run.id: run for run in news}
        assert {run_id: plain(run) for run_id, run in told.items()} == {
            run_id: plain(run) for run_id, run in shelf.all.items()
        }


def plain(run: Run) -> Run:
    return replace(run, seen_us=0)


@pytest.mark.parametrize("count", [0, 1, 40])
def test_the_work_of_a_look_is_bounded(count: int) -> None:
    shelf = Shelf(*map(numbered, range(count)))
    changes = RunChanges(shelf, ANY_RUN, watched=5)
    changes.first(5)
    for number in range(count, count + 40):
        shelf.put(numbered(number))
        shelf.asked = 0
        changes.more()
        assert shelf.asked <= 10
