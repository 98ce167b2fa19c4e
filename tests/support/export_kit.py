"""A real ledger with calls in it, an outlet that does what a test says, and servers, for the tests of exporters."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Collection, Iterator
from pathlib import Path

import msgspec

from penstock.exits.sender import Sender
from penstock.export.cursors import FILE_NAME, CursorFile
from penstock.export.delivery import Parcel
from penstock.export.exporter import Batching, Exporter
from penstock.journal.record import CallRecord
from penstock.stores.ledger import ANY, Bodies, CallRow, Derived, Move, NewCall
from penstock.stores.sqlite.ledger.editor import SqliteEditor
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.writer import FILE_NAME as LEDGER
from penstock.stores.sqlite.ledger.writer import SqliteLedger
from support.clock import FakeClock

BASE = CallRecord(
    "id", "event", 1_790_000_000_000_000, "acct", "gw", "openai", "POST", "v1/chat/completions", 200, 0, 12_345,
    9_000, 100, 200, False, False, True, "application/json", "application/json", "", "", "tests", 0, False,
    True, None, "", {}, {}, "",
)  # fmt: skip
DERIVED = Derived(
    "openai/gpt-4o", "text generation", "chat", 11, 22, '{"input_tokens":11,"output_tokens":22}', 33_000_000,
    operation="openai.chat.completions.create", answered_model="openai/gpt-4o-2024",
)  # fmt: skip
SOON = Batching(records=1000, bytes=1_000_000, interval=0.0)
HERE = (("acct", "gw"),)


def new_call(number: int, bodies: tuple[bytes, bytes] = (b"q", b"a"), **changes: object) -> NewCall:
    """The `number`-th call; each begins a second after the one before."""
    created_us = changes.pop("created_us", BASE.created_us + number * 1_000_000)
    assert isinstance(created_us, int)
    digits = f"{created_us // 1000:012x}"
    call_id = f"{digits[:8]}-{digits[8:]}-7000-8000-{number:012x}"
    own = {"id": call_id, "event_id": call_id, "created_us": created_us}
    return NewCall(msgspec.structs.replace(BASE, **{**own, **changes}), DERIVED, *bodies)


class Store:
    """A ledger. What is added arrives in that order, from number 1 on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.writer = SqliteLedger(folder / LEDGER)
        self._position = 0
        self._calls = 0
        self.append([])
        self.reader = SqliteReader(folder / LEDGER)
        self.editor = SqliteEditor(folder / LEDGER)

    def add(self, count: int = 1, bodies: tuple[bytes, bytes] = (b"q", b"a"), **changes: object) -> None:
        """Adds some calls."""
        calls = [new_call(self._calls + index + 1, bodies, **changes) for index in range(count)]
        self._calls += count
        self.append(calls)

    def append(self, calls: list[NewCall]) -> None:
        self.writer.append(calls, Move("s", self._position, self._position + 1))
        self._position += 1

    def rows(self) -> list[CallRow]:
        """All calls, in the order of arrival."""
        return self.reader.arrived(ANY, 0, 1_000_000)

    def row(self, bodies: tuple[bytes, bytes] = (b"q", b"a"), **changes: object) -> CallRow:
        """A new call as it is read."""
        self.add(1, bodies, **changes)
        return self.rows()[-1]

    def close(self) -> None:
        self.reader.close()
        self.editor.close()
        self.writer.close()


class Killed(BaseException):
    """The process ends here."""


class Outlet:
    """Takes calls by their numbers. `next_`: what the coming deliveries raise, and whether they arrive before."""

    def __init__(self) -> None:
        self.parcels: list[Parcel] = []
        self.next: deque[tuple[bool, BaseException | None]] = deque()

    @property
    def arrived(self) -> list[int]:
        """The arrival numbers of all that was delivered."""
        return [int(record) for parcel in self.parcels for record in parcel.records]

    def encode(self, row: CallRow, bodies: Bodies | None) -> bytes | None:
        return None if row.provider == "unwanted" else str(row.arrival).encode()

    async def deliver(self, parcel: Parcel) -> None:
        arrives, error = self.next.popleft() if self.next else (True, None)
        if arrives:
            self.parcels.append(parcel)
        if error is not None:
            raise error


def open_exporter(
    store: Store,
    outlet: Outlet,
    clock: FakeClock,
    batching: Batching = SOON,
    gateways: Collection[tuple[str, str]] = HERE,
) -> Exporter:
    """As a new process would."""
    cursors = CursorFile(store.folder / FILE_NAME)
    exporter = Exporter("test", gateways, outlet, batching, cursors, clock)
    exporter.begin(store.reader.last_arrival())
    cursors.save()
    return exporter


async def run_out(exporter: Exporter, store: Store) -> None:
    """Steps until there is nothing more to do at once."""
    while await exporter.step(store.reader):
        pass


# -- fixtures: `store = pytest.fixture(an_empty_store)`


def an_empty_store(tmp_path: Path) -> Iterator[Store]:
    """An empty ledger."""
    opened = Store(tmp_path)
    yield opened
    opened.close()


def a_clock() -> FakeClock:
    """It stands still."""
    return FakeClock()


async def a_sender() -> AsyncIterator[Sender]:
    """A client."""
    opened = Sender()
    yield opened
    await opened.close()
