"""Whatever comes in whichever order: what is settled is the card's price of the runs that completed, once.

A provider is modelled that does what it was sent; the ledger hears of it late, twice, out of order, or from others, and
is closed and opened in between. What calls were told to cost in the end is what their runs have cost.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.engines import RunsEngine
from penstock.pricing.parallel_card import findall_price, task_price
from penstock.runs.money import extend_charge
from penstock.runs.run import Charge, Create, Outcome, Run, RunKind, SeenBy
from penstock.stores.runs import ANY_RUN, Seen
from support.run_ledgers import create, made, of_call, run, seen

BYS = (SeenBy.READ, SeenBy.STREAM, SeenBy.POLL, SeenBy.WEBHOOK)
GROUP, FINDALL = "tgrp_1", "findall_1"
MATCHED, MORE = 3, 5


class Call(NamedTuple):
    """A request of a program, and what the provider makes of it. Of some the answer is lost on its way."""

    id: str
    runs: tuple[Run, ...]
    is_lost: bool = False


def _added(call_id: str, *names: str) -> tuple[Run, ...]:
    return tuple(of_call(run(name, product="base", parent=GROUP), call_id) for name in names)


CALLS = (
    Call("single", (of_call(run("trun_1"), "single"),)),
    Call("single-2", (of_call(run("trun_2", product="lite"), "single-2"),)),
    Call("group", (of_call(run(GROUP, RunKind.GROUP, ""), "group"),)),
    Call("added", _added("added", "trun_3", "trun_4")),
    Call("lost", _added("lost", "trun_5", "trun_6"), is_lost=True),
    Call("findall", (of_call(run(FINDALL, RunKind.FINDALL, "base", match_limit=MATCHED), "findall"),)),
    Call("extended", ()),
)
MADE = {one.id: one for call in CALLS for one in call.runs}


class State(NamedTuple):
    """How the provider has a run, in seconds of its own clock."""

    modified: int
    state: str
    is_active: bool
    matched: int | None = None


class World:
    """The provider, the ledger, and what calls were told to cost."""

    def __init__(self, engine: RunsEngine, folder: Path, ends: list[bool]) -> None:
        self._engine, self._folder = engine, folder
        self.ledger = engine.ledger(folder)
        self._now = self._modified = 0
        self._ends = dict(zip(sorted(MADE), ends, strict=True))
        self._sent: dict[str, Create] = {}
        self._provider: dict[str, list[State]] = {}
        self._charges: dict[str, Charge] = {}
        self.told: dict[str, tuple[int | None, bool]] = {}
        self.ended: list[str] = []

    def crash(self) -> None:
        self.ledger.close()
        self.ledger = self._engine.ledger(self._folder)

    def wait(self, seconds: int) -> None:
        self._now += seconds

    def send(self, call: Call) -> None:
        """A program adds to a group when it has one, and extends a run that it knows."""
        needed = {"added": "group", "lost": "group", "extended": "findall"}.get(call.id)
        if call.id in self._sent or (needed and needed not in self.told):
            return
        request = create(call.id, body=call.id.encode(), at=self._now)
        assert self.ledger.intend(request) is None
        self._sent[call.id] = request
        for one in call.runs:
            self._provider[one.id] = [self._next("queued", True)]
        if call.id == "extended":
            known = self.ledger.get(FINDALL)
            assert known is not None
            self._charges[call.id] = extend_charge(known, call.id, MORE)
            self._provider[FINDALL].append(self._next("running", True, MATCHED))

    def retry(self, call: Call) -> None:
        """The library has lost patience; nothing is sent again, but what it repeats may be answered."""
        if call.id in self._sent:
            again = create(f"{call.id}-{self._now}", body=call.id.encode(), attempt=1, at=self._now)
            found = self.ledger.intend(again)
            assert found is not None
            assert found.call_id == call.id

    def answer(self, call: Call) -> None:
        if call.id not in self._sent:
            return
        if call.is_lost:
            self.ledger.made(made(call_id=call.id, outcome=Outcome.UNKNOWN, at=self._now))
            return
        charge = self._charges.get(call.id)
        charges = [] if charge is None else [(FINDALL, charge)]
        self.ledger.made(made(*call.runs, call_id=call.id, at=self._now, charges=charges))
        estimates = [one.estimate or 0 for one in call.runs] + [one.estimate or 0 for _, one in charges]
        self.told.setdefault(call.id, (sum(estimates), not estimates or not any(estimates)))

    def advance(self, run_id: str) -> None:
        history = self._provider.get(run_id)
        if history is None or not history[-1].is_active:
            return
        last = history[-1]
        if run_id == GROUP:
            history.append(self._next("running" if last.state == "queued" else "queued", True))
        elif last.state == "queued":
            history.append(self._next("running", True, self._matched(run_id)))
        else:
            state = "completed" if run_id == FINDALL or self._ends[run_id] else "failed"
            history.append(self._next(state, False, self._matched(run_id)))

    def see(self, run_id: str, back: int, by: SeenBy) -> None:
        """How it is, or how it was: an answer that was long on its way."""
        history = self._provider.get(run_id)
        if history is None:
            return
        state = history[max(0, len(history) - 1 - back)]
        one = MADE[run_id]
        told: Seen = seen(
            run_id,
            state.state,
            kind=one.kind,
            at=self._now,
            by=by,
            is_active=state.is_active,
            modified=state.modified,
            product=one.product,
            parent=one.parent,
            matched=state.matched,
        )
        self.ended += [ended.id for ended in self.ledger.saw([told])]

    def tell(self) -> None:
        for stale in self.ledger.stale(3):
            self.told[stale.create.call_id] = (stale.nano, stale.is_final)
            self.ledger.told(stale.create.call_id, stale.version)

    def end(self) -> None:
        """All is answered, all runs end, and somebody looks a while later."""
        for call in CALLS:
            self.send(call)
            self.answer(call)
        for _ in range(3):
            for run_id in MADE:
                self.advance(run_id)
        for _ in range(2):
            self.wait(100)
            for run_id in MADE:
                self.see(run_id, 0, SeenBy.POLL)
        for _ in CALLS:
            self.tell()

    def _matched(self, run_id: str) -> int | None:
        if run_id != FINDALL:
            return None
        return MATCHED + (MORE if "extended" in self._sent else 0)

    def _next(self, state: str, is_active: bool, matched: int | None = None) -> State:
        self._modified += 1
        return State(self._modified, state, is_active, matched)

    def prices(self) -> dict[str, int | None]:
        """What each run costs by the card."""
        found: dict[str, int | None] = {}
        for run_id, one in MADE.items():
            if one.kind is RunKind.TASK:
                found[run_id] = task_price(one.product) if self._ends[run_id] else 0
            elif one.kind is RunKind.FINDALL:
                found[run_id] = findall_price("base", MATCHED + MORE)
            else:
                found[run_id] = 0
        return found


@contextmanager
def world(engine: RunsEngine, ends: list[bool]) -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        made_of = World(engine, Path(folder), ends)
        try:
            yield made_of
        finally:
            made_of.ledger.close()


STEP = st.one_of(
    st.tuples(st.sampled_from(["send", "answer", "retry"]), st.sampled_from(CALLS)),
    st.tuples(st.just("advance"), st.sampled_from(sorted(MADE))),
    st.tuples(st.just("see"), st.sampled_from(sorted(MADE)), st.integers(0, 2), st.sampled_from(BYS)),
    st.tuples(st.just("wait"), st.sampled_from([1, 30, 70])),
    st.tuples(st.sampled_from(["crash", "tell"])),
)


@settings(deadline=None, max_examples=80, suppress_health_check=list(HealthCheck))
@given(st.lists(STEP, max_size=60), st.lists(st.booleans(), min_size=len(MADE), max_size=len(MADE)))
def test_what_is_settled_is_the_price_of_what_completed(
    run_engine: RunsEngine, steps: list[tuple[str, ...]], ends: list[bool]
) -> None:
    with world(run_engine, ends) as there:
        for verb, *given_ in steps:
            getattr(there, verb)(*given_)
            there.wait(1)
        there.end()
        found = {one.id: one for one in there.ledger.runs(ANY_RUN, 99)}
        assert {run_id: one.cost for run_id, one in found.items()} == there.prices()
        _is_told(there, found)
        assert {name for name in there.ended if name != FINDALL} <= {*MADE} - {GROUP}
        assert all(there.ended.count(name) <= 1 for name in MADE if name != FINDALL), (
            "each came to its end once"
        )


def _is_told(there: World, found: dict[str, Run]) -> None:
    comes_to: dict[str, int] = {call.id: 0 for call in CALLS if not call.is_lost}
    for one in found.values():
        for charge in one.charges:
            comes_to[charge.call_id] += charge.final or 0
    assert there.told == {call_id: (nano, True) for call_id, nano in comes_to.items()}
    assert sum(comes_to.values()) == sum(one.cost or 0 for one in found.values())
    assert there.ledger.stale(9) == []
