"""A log, limits and a run ledger of one folder, and what tells the first two of what the third has learned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from penstock.following.access import CountersAccess
from penstock.following.telling import Teller
from penstock.runs.run import Run
from penstock.stores.counters import Claim, Counters, OpenCounters, Reservation, Window
from penstock.stores.ledger import LedgerEditor, LedgerReader, LedgerUnavailable
from penstock.stores.lmdb import counters as lmdb_counters
from penstock.stores.lmdb.counters import LmdbCounters
from penstock.stores.lmdb.environment import open_environment
from penstock.stores.runs import RunLedger
from penstock.stores.sqlite.runs.ledger import SqliteRunLedger
from support.clock import FakeClock
from support.export_kit import DERIVED, Store, new_call
from support.run_ledgers import NOW, create, made, of_call

DAY = Window(86_400, sliding=True)
LIMIT = b"spend everything"
_PLENTY = 10**15
_MAP_BYTES = 16 * 1024 * 1024


class Books:
    """What is told, and to whom. `counters` may be replaced by what fails."""

    def __init__(self, folder: Path, counters: Counters, clock: FakeClock) -> None:
        self.log = Store(folder)
        self.runs: RunLedger = SqliteRunLedger(folder / "runs.db")
        self.counters = counters
        self.clock = clock
        self._calls = 0

    def teller(self, reader: Callable[[], LedgerReader] | None = None) -> Teller:
        """One that begins anew, as after a start."""
        access = CountersAccess(lambda: OpenCounters(self.counters, nothing, nothing))
        return Teller(reader or (lambda: self.log.reader), self._editor, access, self.clock)

    def _editor(self) -> LedgerEditor:
        return self.log.editor

    def order(self, *runs: Run, custom: bool = False, logged: bool = True, answered: bool = True) -> str:
        """A call that makes these runs, and whose estimate is counted; its id."""
        self._calls += 1
        call = new_call(self._calls)
        name, estimate = call.record.id, sum(run.estimate or 0 for run in runs)
        own = [of_call(run, name) for run in runs]
        assert self.runs.intend(create(name, body=name.encode())) is None
        receipt = count(self.counters, estimate, self.clock.now_us())
        if answered:
            told = made(*own, call_id=name)
            self.runs.made(told._replace(receipts=(receipt,), custom=custom))
        if logged:
            self.arrive(name, estimate)
        return name

    def arrive(self, name: str, estimate: int) -> None:
        """The call comes into the log, as it was expected."""
        call = new_call(int(name[-12:], 16))  # its number, see there
        self.log.append([call._replace(derived=msgspec.structs.replace(DERIVED, cost_nano=estimate))])

    def logged(self, name: str) -> tuple[int | None, str | None]:
        """What a call has cost by the log, and where that is from."""
        row = self.log.reader.get(name)
        assert row is not None
        return row.cost_nano, row.price_source

    @property
    def used(self) -> int:
        """How much of the limit is used up."""
        return self.counters.used(LIMIT, DAY, self.clock.now_us())


def count(counters: Counters, amount: int, now_us: int) -> bytes:
    """Counts an amount as limits do; the receipt."""
    held = counters.reserve([Claim(LIMIT, amount, _PLENTY, DAY)], now_us)
    assert isinstance(held, Reservation)
    return counters.settle(held, amount, now_us, with_receipt=True)


class Later(FakeClock):
    """Begins a moment after the calls of `run_ledgers` were answered."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = (NOW - super().now_us()) / 1e6 + 2


@contextmanager
def real_counters(folder: Path) -> Iterator[LmdbCounters]:
    """Counters that other processes see, too."""
    folder.mkdir(exist_ok=True)
    with open_environment(folder, _MAP_BYTES, lmdb_counters.DATABASES) as environment:
        yield LmdbCounters(environment, b"tests")


def unavailable() -> LedgerReader:
    """A log that cannot be read."""
    raise LedgerUnavailable("it is locked")


def nothing() -> None:
    """Nothing is to be done."""
