"""Rows and roll-ups stay true to each other, whatever is appended, deleted, annotated and priced anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.engines import LedgerEngine
from penstock.journal.record import Outcome
from penstock.metadata import MetadataValue
from penstock.stores.ledger import ANY, Condition, Move, NewCall, Note, Order, Query, Recost
from penstock.stores.rollups import Bucket, Question
from support.rollups import DAY_US, HOUR_US, MINUTE_US, START_US, model_answer, rolled, with_cost

END_US = START_US + 3 * DAY_US
COSTS = st.none() | st.sampled_from((0, 1, 2_500_000, 10**13))
TOKENS = st.none() | st.sampled_from((0, 7, 1_000_000, 2**40))


@st.composite
def new_calls(draw: st.DrawFn) -> NewCall:
    """Alike in much, so that groups have several calls; times at the edges of minutes, hours and days."""
    edge = draw(st.sampled_from((START_US, START_US + HOUR_US, START_US + DAY_US, START_US + 2 * DAY_US)))
    at_us = max(edge + draw(st.sampled_from((-1, 0, 1, MINUTE_US - 1, MINUTE_US))), START_US)
    status, outcome, code = draw(
        st.sampled_from((
            (200, Outcome.COMPLETE, None), (202, Outcome.COMPLETE, None), (200, Outcome.ABANDONED, None),
            (500, Outcome.COMPLETE, None), (429, Outcome.REFUSED, 2003), (429, Outcome.REFUSED, 2045),
            (429, Outcome.COMPLETE, None), (504, Outcome.PROVIDER_BROKE, 2005),
        ))
    )  # fmt: skip
    return rolled(
        at_us,
        model=draw(st.sampled_from((None, "openai/a", "openai/b"))),
        tokens=(draw(TOKENS), draw(TOKENS)),
        cost=draw(COSTS),
        gateway=draw(st.sampled_from(("main", "other"))),
        account=draw(st.sampled_from(("acc", "else"))),
        status=status,
        outcome=outcome,
        error_code=code,
        cached=draw(st.booleans()),
        user=draw(st.sampled_from(("", "ann", "bob"))),
        metadata=draw(st.sampled_from(({}, {"k": "v"}, {"k": 1}, {"k": "", "l": True}))),
    )


class Step(NamedTuple):
    """One change: its kind, calls to append, and numbers that choose what it is done to."""

    kind: str
    calls: list[NewCall]
    number: int
    cost: int | None


KINDS = ("append", "append", "full", "delete", "oldest", "annotate", "recost", "bodies")
STEPS = st.lists(
    st.builds(Step, st.sampled_from(KINDS), st.lists(new_calls(), max_size=6), st.integers(0, 50), COSTS),
    min_size=2,
    max_size=8,
)


class Remembered:
    """A ledger, and what should be in it: all calls that ever came with their costs, and which have a row."""

    def __init__(self, engine: LedgerEngine, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        self.writer = engine.usual(folder)  # where parts have bounds, these stay wide when calls are deleted
        self.writer.append([], Move("s", 0, 1))
        self.editor = engine.editor(folder)
        self.calls: dict[str, NewCall] = {}
        self.rows: list[str] = []
        self.position = 1

    def close(self) -> None:
        self.editor.close()
        self.writer.close()

    def take(self, step: Step) -> None:
        match step.kind:
            case "append":
                self._append(step.calls, keep=True)
            case "full":
                self._append(step.calls, keep=False)
            case "delete":
                wanted = Query(account="acc", conditions=((Condition("success", "eq", (False,)),),))
                self.editor.delete(wanted, step.number)
                self._look()
            case "oldest":
                self.editor.delete(Query(gateways=("main",)), step.number % 3, Order("created_at", False))
                self._look()
            case "annotate" if self.rows:
                chosen = self.rows[step.number % len(self.rows)]
                changed: dict[str, MetadataValue] = {"user": "somebody else", "plan": step.number}
                assert self.editor.annotate(chosen, Note(feedback=1, score=50, metadata=changed))
            case "recost" if self.rows:
                chosen = self.rows[step.number % len(self.rows)]
                assert self.editor.recost([Recost(chosen, step.cost, "new")]) == 1
                self.calls[chosen] = with_cost(self.calls[chosen], step.cost)
            case "bodies":
                self.editor.delete_bodies(END_US, step.number)

    def _append(self, calls: list[NewCall], *, keep: bool) -> None:
        numbered = [_numbered(call, len(self.calls) + index, keep=keep) for index, call in enumerate(calls)]
        self.writer.append(numbered, Move("s", self.position, self.position + 1))
        self.position += 1
        self.calls |= {call.record.id: call for call in numbered}
        self.rows += [call.record.id for call in numbered if keep]

    def _look(self) -> None:
        with closing(self.engine.reader(self.folder)) as reader:
            left = {row.id for row in reader.calls(ANY, 1000)}
        assert left <= set(self.rows)
        self.rows = [one for one in self.rows if one in left]


def _numbered(call: NewCall, number: int, *, keep: bool) -> NewCall:
    digits = f"{call.record.created_us // 1000:012x}"
    name = f"{digits[:8]}-{digits[8:]}-7000-8000-{number:012x}"
    record = msgspec.structs.replace(call.record, id=name, event_id=name)
    return call._replace(record=record, request=b"q", response=b"a", keep=keep)


def questions() -> Iterator[Question]:
    for by in ((), ("gateway", "provider", "model"), ("status", "cached", "rate_limited", "error")):
        for bucket in (None, Bucket("minute"), Bucket("hour"), Bucket("day")):
            yield Question(None, START_US, END_US, bucket, by, latencies=True)
    for key in ("user", "metadata.k", "metadata.l"):
        yield Question("acc", START_US, END_US, Bucket("day"), (key, "gateway"))


@given(STEPS)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_rows_and_rollups_are_of_the_same_calls(ledgers: LedgerEngine, steps: list[Step]) -> None:
    with TemporaryDirectory() as folder, closing(Remembered(ledgers, Path(folder))) as known:
        for step in steps:
            known.take(step)
        with closing(ledgers.rollups(known.folder)) as rollups:
            for question in questions():
                assert rollups.ask(question) == model_answer(question, list(known.calls.values()))
        _check_rows(known)


def _check_rows(known: Remembered) -> None:
    with closing(known.engine.reader(known.folder)) as reader:
        rows = {row.id: row for row in reader.calls(ANY, 1000)}
        assert sorted(rows) == sorted(known.rows)
        assert reader.count(ANY) == len(rows)
        for name in ("main", "other"):
            assert reader.count(Query(gateways=(name,))) == sum(row.gateway == name for row in rows.values())
        found = reader.extremes(ANY)
    for name, row in rows.items():
        derived = known.calls[name].derived
        wanted = (derived.cost_nano, derived.tokens_in, derived.tokens_out)
        assert (row.cost_nano, row.tokens_in, row.tokens_out) == wanted
    costs = [row.cost_nano for row in rows.values() if row.cost_nano is not None]
    assert (found.cost_nano if found else None) == ((min(costs), max(costs)) if costs else None)
    for account in ("acc", "else"):
        for gateway in ("main", "other"):
            here = [row for row in rows.values() if (row.account, row.gateway) == (account, gateway)]
            assert known.writer.stored(account, gateway) == len(here)
