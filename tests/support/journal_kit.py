"""Records, segments and a ledger that can fail on demand, for the tests of the shipper."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from penstock.errors import GatewayError
from penstock.journal import segments
from penstock.journal.record import CallRecord, frame
from penstock.providers.base import operations_at
from penstock.providers.operation_table import UNKNOWN
from penstock.providers.registry import as_shipped, native
from penstock.stores.ledger import ANY, Appended, LedgerUnavailable, Move, NewCall
from penstock.stores.sqlite.ledger.reader import SqliteReader
from penstock.stores.sqlite.ledger.writer import FILE_NAME, SqliteLedger

BASE = CallRecord(
    "id", "event", 1_760_000_000_000_000, "acc", "main", "openai", "POST", "chat/completions", 200, 0, 12_345,
    9_000, 100, 200, False, False, True, "application/json", "application/json", "", "", "tests", 0, False,
    True, None, "", {}, {}, "",
)  # fmt: skip


def record(number: int = 0, **changes: object) -> CallRecord:
    """The record of a call that began `number` microseconds after the others."""
    own = {"id": name(number), "created_us": BASE.created_us + number}
    made = msgspec.structs.replace(BASE, **{**own, **changes})
    return made if made.operation else msgspec.structs.replace(made, operation=_operation(made))


def _operation(made: CallRecord) -> str:
    """As the worker would note it, by the path."""
    provider = as_shipped(made.provider)
    if provider is None:
        return UNKNOWN
    try:
        location = native(provider, made.path.partition("?")[0], lambda _name: None)
    except GatewayError:
        return UNKNOWN
    found = operations_at(provider, location).get(made.method.encode())
    return UNKNOWN if found is None else found.name


def name(number: int) -> str:
    """The id of the call of `record`."""
    digits = f"{(BASE.created_us + number) // 1000:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-{number:012x}"


def frames(numbers: Iterable[int], request: bytes = b"question", response: bytes = b"answer") -> list[bytes]:
    """One whole frame for each number."""
    return [frame(record(number), request, response) for number in numbers]


def names(numbers: Iterable[int]) -> list[str]:
    """The ids of the calls of `record`."""
    return list(map(name, numbers))


class Writer:
    """A living writer of one segment."""

    def __init__(self, folder: Path, seq: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = segments.new_name(BASE.created_us, 77, seq)
        self.path = folder / self.name
        self.fd = segments.create(folder, self.name)

    def write(self, data: bytes) -> None:
        os.write(self.fd, data)

    def truncate(self, size: int) -> None:
        os.ftruncate(self.fd, size)

    def die(self) -> None:
        """As a killed process would: the lock goes, the file stays as it is."""
        os.close(self.fd)


def abandoned(folder: Path, data: bytes, seq: int = 0) -> Path:
    """A segment whose writer is gone."""
    writer = Writer(folder, seq)
    writer.write(data)
    writer.die()
    return writer.path


class FailingLedger(SqliteLedger):
    """A real ledger that calls `before` and `after` around each transaction of its own."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, busy_seconds=0)
        self.before: Callable[[], None] = _nothing
        self.after: Callable[[], None] = _nothing

    def append(self, calls: Sequence[NewCall], move: Move, forget: Sequence[str] = ()) -> Appended:
        self.before()
        appended = super().append(calls, move, forget)
        self.after()
        return appended


def _nothing() -> None:
    pass


def unavailable() -> None:
    """What a ledger does that is down."""
    raise LedgerUnavailable("down")


def stored(data: Path) -> list[str]:
    """The ids in the ledger below `data`, in the order of their arrival."""
    with closing(SqliteReader(data / FILE_NAME)) as reader:
        return [row.id for row in reader.arrived(ANY, 0, 1_000_000)]
