"""Opening what tells how limits stand: counters, runs, roll-ups. Each may be away, or was never there.

A worker has counters of its own; whoever comes from outside looks at theirs, and makes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import NamedTuple

from penstock.stores.counters import CounterReader, CountersUnavailable
from penstock.stores.ledger import LedgerUnavailable
from penstock.stores.opening import Stores
from penstock.stores.opening.ledger import rollups
from penstock.stores.opening.runs import has_runs, run_reader
from penstock.stores.opening.shared import counters_from_outside
from penstock.stores.rollups import Rollups
from penstock.stores.runs import RunReader, RunsUnavailable


class Readers(NamedTuple):
    """What can be read; None cannot."""

    counters: CounterReader | None
    runs: RunReader | None = None
    rollups: Rollups | None = None


@contextmanager
def limit_readers(stores: Stores, counters: CounterReader | None) -> Iterator[Readers]:
    """With a worker's own counters."""
    with ExitStack() as stack:
        sums = runs = None
        with suppress(LedgerUnavailable):
            sums = stack.enter_context(closing(rollups(stores)))
        with suppress(RunsUnavailable):
            runs = stack.enter_context(closing(run_reader(stores))) if has_runs(stores) else None
        yield Readers(counters, runs, sums)


@contextmanager
def limit_readers_from_outside(stores: Stores) -> Iterator[Readers]:
    """Beside the workers, or without any."""
    with ExitStack() as stack:
        counters = None
        with suppress(CountersUnavailable):
            counters = stack.enter_context(counters_from_outside(stores))
        yield stack.enter_context(limit_readers(stores, counters))
