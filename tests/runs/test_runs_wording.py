"""Runs in words: states and what they mean, how far a run is, who has made it, how certain its cost is."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from penstock.runs.run import Money, Owner, Run, RunKind, SeenBy
from penstock.runs.wording import money, owner, progress, state, through, tone
from support.known_runs import findall, made, task

GROUP, MONITOR = made(RunKind.GROUP), made(RunKind.MONITOR, "lite")


@pytest.mark.parametrize(
    ("run", "said", "meant"),
    [
        (task(), "queued", "going"),
        (replace(task(), state="completed", is_active=False), "completed", "good"),
        (replace(task(), state="failed", is_active=False), "failed", "failed"),
        (replace(task(), state="cancelled", is_active=False), "cancelled", "stopped"),
        (replace(task(), flags=("adopted", "gone", "stale")), "queued (gone, stale)", "failed"),
        (replace(task(), state="a new word", is_active=False), "a new word", ""),
    ],
)
def test_a_state_and_what_it_means(run: Run, said: str, meant: str) -> None:
    assert (state(run), tone(run)) == (said, meant)


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (task(), "-"),
        (replace(task(), progress=41.7), "42%"),
        (replace(findall(), matched=3, generated=20), "3/20"),
        (replace(findall(), matched=3), "3/-"),
        (replace(GROUP, counts={"failed": 1, "completed": 4, "running": 5}), "4/10"),
        (replace(MONITOR, executions=2), "2x"),
    ],
)
def test_how_far_it_is(run: Run, said: str) -> None:
    assert progress(run) == said


@pytest.mark.parametrize(
    ("who", "said"),
    [
        (None, "-"),
        (Owner("a", "g"), "-"),
        (Owner("a", "g", "0123456789ab", "tok"), "tok"),
        (Owner("a", "g", "0123456789ab", "tok", "ann"), "ann"),
        (Owner("a", "g", "0123456789ab"), "key 01234567"),
    ],
)
def test_who_has_made_it(who: Owner | None, said: str) -> None:
    assert owner(replace(task(), owner=who)) == said


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (task(), "its end is still to come"),
        (replace(findall(), state="completed", is_active=False), "it has ended, and is still to be settled"),
        (replace(task(), money=Money.SETTLED), "settled"),
        (replace(task(), money=Money.VOID), "nothing is paid: it has not completed"),
        (replace(task(), money=Money.UNPRICED), "nobody knows its price"),
        (GROUP, "its runs are paid"),
        (made(RunKind.RESPONSE), "what it costs is its call's"),
        (replace(task(), money=Money.NONE), "nothing is paid for it"),
    ],
)
def test_how_certain_its_cost_is(run: Run, said: str) -> None:
    assert money(run) == said


def test_there_are_words_for_everything_that_runs_are_seen_by() -> None:
    assert len({through(by) for by in SeenBy}) == len(SeenBy)
