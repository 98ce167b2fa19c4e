"""Whatever the order in which answer, events and looks come, a run is its maker's and paid once, and each event goes on
once (search-and-runs C7 4 to 9).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.engines import RUNS, RunsEngine
from penstock.runs.hook_reading import told_by
from penstock.runs.hooks import Hook
from penstock.runs.run import Money, Outcome
from penstock.stores.hooks import ANY_EVENT, Arrived
from penstock.stores.runs import OpenRunLedger
from support.parallel_documents import ended
from support.run_ledgers import CORE, NOW, OWNER, SECOND, create, made, run, seen
from support.webhooks import event

BODY = event("task_run.status", ended(run_id="trun_1"))
Step = Callable[[OpenRunLedger, int], object]


def _event(event_id: str) -> Step:
    return lambda runs, at: runs.received(
        Arrived("acct", "gw", "h1", event_id, NOW + at * SECOND, "application/json", BODY, told_by(BODY))
    )


STEPS: dict[str, Step] = {
    "answer": lambda runs, at: runs.made(made(run(), at=at)),
    "lost": lambda runs, at: runs.made(made(outcome=Outcome.UNKNOWN, answer=b"", at=at)),
    "died": lambda runs, at: runs.lost(NOW + at * SECOND),
    "event": _event("whevent_1"),
    "other event": _event("whevent_2"),
    "poll": lambda runs, at: runs.saw([seen("trun_1", at=at, product="core")]),
    "early poll": lambda runs, at: runs.saw([seen("trun_1", "running", at=at, is_active=True, modified=1)]),
    "tidy": lambda runs, at: runs.tidy_hooks(NOW + at * SECOND),
}


@pytest.mark.parametrize("engine", RUNS, ids=lambda engine: engine.name)
@given(steps=st.lists(st.sampled_from(sorted(STEPS)), max_size=12))
def test_a_run_is_its_makers_and_paid_once(engine: RunsEngine, steps: list[str]) -> None:
    with TemporaryDirectory() as folder, closing(engine.ledger(Path(folder))) as runs:
        assert runs.intend(create()) is None
        runs.hooked([Hook("h1", "acct", "gw", "https://hooks.example", "call-1", NOW)])
        told = [*steps, "event", "died", "tidy"]
        for at, step in enumerate(told, 1):
            STEPS[step](runs, at)
        found = runs.get("trun_1")
        assert found is not None
        assert (found.owner, found.call_id, found.state) == (OWNER, "call-1", "completed")
        assert (found.money, found.cost, found.revision, len(found.charges)) == (Money.SETTLED, CORE, 0, 1)
        assert {(stale.nano, stale.is_final) for stale in runs.stale(9)} <= {(CORE, True)}
        names = {"whevent_1"} | ({"whevent_2"} if "other event" in steps else set())
        events = runs.hook_events(ANY_EVENT, 99)
        assert sorted(one.id for one in events) == sorted(names)
