"""The SQLite ledger's writing side: calls and the shipper's position, in one transaction.

Raw `sqlite3` with `executemany`, in WAL mode. `synchronous=NORMAL`: a commit is atomic, but a power cut may
undo the latest ones, calls and position together, and the journal still has them. Only `retire`, after which
a journal file may go, waits for the disk, and for the file itself: SQLite's log beside it may be lost. Reading is in
`reader.py`, changing in `editor.py`.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from penstock.stores.ledger import (
    Appended,
    LedgerUnavailable,
    Move,
    NewCall,
    PositionMoved,
)
from penstock.stores.sqlite.ledger.blocks import USUAL, Blocks, BlockSizes
from penstock.stores.sqlite.ledger.file import FILE_NAME, opened, transaction, translated
from penstock.stores.sqlite.ledger.inserts import inserted
from penstock.stores.sqlite.ledger.names import Names
from penstock.stores.sqlite.ledger.orders import counted_once
from penstock.stores.sqlite.ledger.rows import RowMaker
from penstock.stores.sqlite.ledger.watch import LOOK_SECONDS, Watch, begun_anew
from penstock.stores.sqlite.looking import fault
from penstock.stores.sqlite.rollups.writer import RollupWriter

__all__ = ["FILE_NAME", "SqliteLedger"]

_WAIT_AGAIN_SECONDS: Final = 5.0
_NEVER: Final = float("inf")
_FORGET: Final = "DELETE FROM positions WHERE segment = ?"


class _View:
    """What a writer remembers of the file, as long as nobody else changes it and nothing fails."""

    def __init__(self, db: sqlite3.Connection, sizes: BlockSizes) -> None:
        self.names = Names(db)
        self.rows = RowMaker(self.names)
        self.blocks = Blocks(db, sizes)


class SqliteLedger:
    """The ledger in one file. Connects when first used: a ledger that cannot be opened is only late."""

    def __init__(self, path: Path, busy_seconds: float = 1.0, sizes: BlockSizes = USUAL) -> None:
        self._path = path
        self._busy_seconds = busy_seconds
        self._sizes = sizes
        self._db: sqlite3.Connection | None = None
        self._view: _View | None = None
        self._seen_version = 0
        self._watch = Watch(path)
        self._rollups = RollupWriter()
        self._wait_at = _NEVER  # from then on readers are waited for, as long as for a lock

    def positions(self) -> dict[str, int]:
        with self._translated(storing=False):
            return dict(self._connection().execute("SELECT segment, bytes FROM positions"))

    def append(self, calls: Sequence[NewCall], move: Move, forget: Sequence[str] = ()) -> Appended:
        with self._transaction() as db:
            _advance(db, move)
            db.executemany(_FORGET, [(name,) for name in forget])
            return self._store(db, calls) if calls else Appended(0, 0)

    def retire(self, segment: str) -> bool:
        """Once all of the log is in the file: of a part of it, pages are of different moments there.

        Who reads what was before is not waited for, but now and then, so that those who never pause hold up nothing.
        """
        now = os.times().elapsed
        is_due = now >= self._wait_at
        with self._translated(storing=False):
            mode = "FULL" if is_due else "PASSIVE"
            is_busy, logged, moved = self._connection().execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
            self._watch.seen()
        is_there = not is_busy and moved == logged
        if is_there:
            self._wait_at = _NEVER
        elif is_due or self._wait_at == _NEVER:
            self._wait_at = now + _WAIT_AGAIN_SECONDS
        return is_there

    def stored(self, account: str, gateway: str) -> int:
        with self._translated(storing=False):
            sql = "SELECT calls FROM places WHERE account = ? AND gateway = ?"
            row = self._connection().execute(sql, (account, gateway)).fetchone()
            return int(row[0]) if row else 0

    def fault(self) -> str:
        return fault(self._path, LOOK_SECONDS) or ""

    def begin_anew(self, why: str) -> str:
        self.close()
        return begun_anew(self._path, why)

    def close(self) -> None:
        """Let go of the file. A later verb would connect again."""
        self._view = None
        if self._db is not None:
            self._db.close()
            self._db = None

    def _store(self, db: sqlite3.Connection, calls: Sequence[NewCall]) -> Appended:
        calls = counted_once(db, calls)
        kept = [call for call in calls if call.keep]
        view = self._current_view(db)
        new = inserted(db, view.rows, kept)
        view.blocks.added([one.key for one in new])
        self._rollups.add(db, [*(one.call for one in new), *(call for call in calls if not call.keep)])
        return Appended(len(new), len(kept) - len(new))

    def _current_view(self, db: sqlite3.Connection) -> _View:
        """Asked within a transaction: from then on nobody else changes the file."""
        (version,) = db.execute("PRAGMA data_version").fetchone()
        if self._view is None or version != self._seen_version:
            self._view = _View(db, self._sizes)
            self._seen_version = version
        return self._view

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            with translated(storing=False):
                self._db = opened(self._path, self._busy_seconds)
            self._watch.seen()
        else:
            self._watch.look()
        return self._db

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._translated():
            try:
                with transaction(db := self._connection()):
                    yield db
                self._watch.seen()
            except BaseException:
                self._view = None
                raise

    @contextmanager
    def _translated(self, *, storing: bool = True) -> Iterator[None]:
        """After a failure the file is opened anew: what was remembered of it may be what is wrong."""
        try:
            with translated(storing=storing):
                yield
        except LedgerUnavailable:
            self.close()
            raise


def _advance(db: sqlite3.Connection, move: Move) -> None:
    """Compare and set: of two shippers with the same segment, only one gets through."""
    if move.start == 0:
        sql = "INSERT INTO positions (bytes, segment) SELECT ?1, ?2 WHERE ?3 = 0 ON CONFLICT DO NOTHING"
    else:
        sql = "UPDATE positions SET bytes = ?1 WHERE segment = ?2 AND bytes = ?3"
    if db.execute(sql, (move.end, move.segment, move.start)).rowcount != 1:
        raise PositionMoved(move.segment)
