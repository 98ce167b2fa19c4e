"""A ledger of ten million calls: how long lists, single calls and a month of analytics take, and what a call weighs.

The calls are made up (`bench/ledger_rows.py`) and stored as the shipper stores them; they are read as the
management API reads them, but without HTTP.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from typing import TypeVar

from bench.failure import Failed
from bench.ledger_queries import analytics, one_filter_each
from bench.ledger_rows import ACCOUNT, GATEWAYS, NO_BODIES, Bodies, rows, texts
from bench.measure import SUBJECT, Measure, Target
from bench.session import Session
from bench.stats import median, percentile
from penstock.stores.ledger import CallRow, Move, NewCall, Query
from penstock.stores.opening import Stores
from penstock.stores.opening.ledger import ledger_reader, rollups
from penstock.stores.opening.ledger_changes import ledger_writer

Thing = TypeVar("Thing")

NAME = "ledger"
LIST = "list by one filter, first page, p95"
DEEP = "list, page 1,000, p95"
GET = "one call by its id, p95"
DETAIL = "one call with its bodies, p95"
ANALYTICS = "a month of analytics, p95"
LIMIT_MS = 150.0
BATCH = 2000
PER_PAGE = 50
DEEP_PAGE = 1000
BODY_BYTES = 1000
WITH_BODIES = 100_000
"""Calls of the second ledger, whose only use is its size and its bodies."""
STEPS = 20
"""Lines that tell how the filling goes."""


class Ledger:
    name = NAME
    summary = "lists, details and analytics over a ledger of 10,000,000 calls"
    needs = ()
    targets = tuple(Target(NAME, what, "≤", LIMIT_MS) for what in (LIST, DEEP, GET, DETAIL, ANALYTICS))

    def run(self, session: Session) -> Iterator[Measure]:
        if not session.chosen(SUBJECT):
            return
        count, home = session.options.rows, session.lab.folder(NAME)
        (home / "plain").mkdir()
        (home / "bodies").mkdir()
        plain, bodies = Stores(home / "plain"), Stores(home / "bodies")
        yield self._filled(session, plain, count, NO_BODIES, "disk per call without bodies")
        yield self._filled(
            session, bodies, min(count, WITH_BODIES), texts(BODY_BYTES), "disk per call, two bodies of 1 kB"
        )
        yield from self._lists(session, plain)
        yield from self._details(session, bodies)
        yield from self._analytics(session, plain)

    def _filled(self, session: Session, stores: Stores, count: int, filling: Bodies, what: str) -> Measure:
        begin = time.perf_counter()
        fill(stores, count, filling, session.say)
        rate = count / (time.perf_counter() - begin)
        size = sum(part.stat().st_size for part in stores.data.iterdir())
        return Measure(
            NAME, what, SUBJECT, size / count, "B", note=f"{count:,} calls, {rate:,.0f} stored a second"
        )

    def _lists(self, session: Session, stores: Stores) -> Iterator[Measure]:
        times: dict[str, list[float]] = {}
        with closing(ledger_reader(stores)) as reader:
            newest = reader.calls(Query(ACCOUNT), PER_PAGE)
            for name, where in one_filter_each(GATEWAYS[0]):
                session.say(f"{NAME}: list by {name}")
                times[name] = timed(partial(reader.calls, where, PER_PAGE), session.options.rounds)
            deep = timed(lambda: reader.calls(Query(ACCOUNT), PER_PAGE, offset=DEEP_PAGE * PER_PAGE), 10)
            gets = timed_each(lambda row: reader.get(row.id), newest)
        slowest = max(times, key=lambda name: max(times[name]))
        note = f"{len(times)} filters; slowest: {slowest}, {max(times[slowest]):.0f} ms"
        yield from both(LIST, [one for some in times.values() for one in some], note)
        yield from both(DEEP, deep)
        yield from both(GET, gets)

    def _details(self, session: Session, stores: Stores) -> Iterator[Measure]:
        session.say(f"{NAME}: single calls")
        with closing(ledger_reader(stores)) as reader:
            some = reader.calls(Query(ACCOUNT), PER_PAGE)

            def detail(row: CallRow) -> None:
                if reader.get(row.id) is None or reader.bodies(row.id) is None:
                    raise Failed("a call of the ledger is not there, or has no bodies")

            yield from both(DETAIL, timed_each(detail, some))

    def _analytics(self, session: Session, stores: Stores) -> Iterator[Measure]:
        taken: dict[str, list[float]] = {}
        with closing(rollups(stores)) as found:
            for name, question in analytics().items():
                session.say(f"{NAME}: analytics {name}")
                taken[name] = timed(partial(found.ask, question), 10)
        slowest = max(taken, key=lambda name: median(taken[name]))
        note = f"slowest: {slowest}, median {median(taken[slowest]):.0f} ms"
        yield from both(ANALYTICS, [one for some in taken.values() for one in some], note)


def fill(stores: Stores, count: int, filling: Bodies, say: Callable[[str], None]) -> None:
    """Store so many calls, as many at once as the shipper stores."""
    calls, done, told = rows(count, bodies=filling), 0, 0
    with closing(ledger_writer(stores)) as ledger:
        while batch := list[NewCall](islice(calls, BATCH)):
            ledger.append(batch, Move("made", done, done + len(batch)))
            done += len(batch)
            if done * STEPS // count > told:
                told = done * STEPS // count
                say(f"{NAME}: {done:,} of {count:,} calls stored")


def timed(ask: Callable[[], object], times: int) -> list[float]:
    """Milliseconds of each of so many questions."""
    return timed_each(lambda _: ask(), range(times))


def timed_each(ask: Callable[[Thing], object], things: Sequence[Thing]) -> list[float]:
    """Milliseconds of a question about each of some things."""
    taken = []
    for thing in things:
        begin = time.perf_counter()
        ask(thing)
        taken.append((time.perf_counter() - begin) * 1e3)
    return taken


def both(what: str, milliseconds: Sequence[float], note: str = "") -> Iterator[Measure]:
    """The 95th percentile, which has the target, and the median."""
    yield Measure(NAME, what, SUBJECT, percentile(milliseconds, 95), "ms", note=note)
    yield Measure(NAME, what.replace("p95", "p50"), SUBJECT, median(milliseconds), "ms")
