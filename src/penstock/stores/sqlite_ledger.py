"""The SQLite ledger's writing side: calls and the shipper's position, in one transaction.

Raw `sqlite3` with `executemany`, in WAL mode. `synchronous=NORMAL`: a commit is atomic, but a power cut may
undo the latest ones, calls and position together, and the journal still has them. Only `retire`, after which
a journal file may go, waits for the disk. Reading is in `sqlite_reader.py`, the tables in `sqlite_schema.py`.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from penstock.stores.ledger import Appended, LedgerUnavailable, Move, NewCall, PositionMoved, Unstorable
from penstock.stores.sqlite_migrations import migrate
from penstock.stores.sqlite_schema import MIGRATIONS
from penstock.telemetry.record import CallRecord, Outcome

FILE_NAME = "ledger.db"
PLAIN, DEFLATED = 0, 1

_COMPRESS_FROM = 4096  # bytes; below it, compressing costs more than storing both bodies and saves under 2 kB
_CHECKPOINT_PAGES = 4000
_WAL_LIMIT_BYTES = 64 * 1024 * 1024

_COLUMNS = (
    "seq, id, event_id, created_us, account, gateway, provider, model, model_type, request_type, method, "
    "path, status_code, outcome, success, cached, step, compat, authenticated, duration_us, first_byte_us, "
    "tokens_in, tokens_out, usage_metadata, cost_nano, price_source, custom_cost, attempts, stored_key, "
    "token, user, team, request_size, response_size, request_content_type, "
    "response_content_type, request_encoding, response_encoding, user_agent, metadata, controls, "
    "error_code, error_detail"
)
_MARKS = ", ".join("?" * len(_COLUMNS.split(", ")))
_INSERT_CALL = f"INSERT INTO calls ({_COLUMNS}) VALUES ({_MARKS}) ON CONFLICT (id) DO NOTHING"
_INSERT_BODIES = "INSERT INTO bodies VALUES (?, ?, ?, ?, ?, ?, ?)"
_DELETE_ORPHANS = (
    "DELETE FROM bodies WHERE seq > ? AND NOT EXISTS (SELECT 1 FROM calls WHERE calls.seq = bodies.seq)"
)

Value = str | int | bytes | None

_OUTCOMES = {int(outcome): outcome.name.lower() for outcome in Outcome}
_to_json = msgspec.json.Encoder().encode


class SqliteLedger:
    """The ledger in one file. Connects when first used: a ledger that cannot be opened is only late."""

    def __init__(self, path: Path, busy_seconds: float = 1.0) -> None:
        self._path = path
        self._busy_seconds = busy_seconds
        self._db: sqlite3.Connection | None = None

    def positions(self) -> dict[str, int]:
        with _translated():
            return dict(self._connection().execute("SELECT segment, bytes FROM positions"))

    def append(self, calls: Sequence[NewCall], move: Move, forget: Sequence[str] = ()) -> Appended:
        with self._transaction() as db:
            _advance(db, move)
            db.executemany("DELETE FROM positions WHERE segment = ?", [(name,) for name in forget])
            return _insert(db, calls) if calls else Appended(0, 0)

    def retire(self, segment: str) -> None:
        with _translated():
            self._connection().execute("PRAGMA synchronous = FULL")
        try:
            with self._transaction() as db:
                # A real change is needed: SQLite does not sync a transaction that wrote nothing.
                db.execute("UPDATE positions SET retired = retired + 1 WHERE segment = ?", (segment,))
        finally:
            with suppress(sqlite3.Error):
                self._connection().execute("PRAGMA synchronous = NORMAL")

    def close(self) -> None:
        """Let go of the file. A later verb would connect again."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            self._db = _connect(self._path, self._busy_seconds)
        return self._db

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with _translated():
            db = self._connection()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself after some errors (a full disk, for one).
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.ProgrammingError) as error:
        raise Unstorable(str(error)) from error
    except (OverflowError, UnicodeError) as error:
        raise Unstorable(str(error)) from error
    except (sqlite3.Error, OSError) as error:
        raise LedgerUnavailable(str(error)) from error


def _connect(path: Path, busy_seconds: float) -> sqlite3.Connection:
    # SQLite would make the file readable by everyone; it holds people's prompts.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    db = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        db.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
        migrate(db, MIGRATIONS)
    except BaseException:
        db.close()
        raise
    return db


def _advance(db: sqlite3.Connection, move: Move) -> None:
    """Compare and set: of two shippers with the same segment, only one gets through."""
    if move.start == 0:
        sql = "INSERT INTO positions (bytes, segment) SELECT ?1, ?2 WHERE ?3 = 0 ON CONFLICT DO NOTHING"
    else:
        sql = "UPDATE positions SET bytes = ?1 WHERE segment = ?2 AND bytes = ?3"
    if db.execute(sql, (move.end, move.segment, move.start)).rowcount != 1:
        raise PositionMoved(move.segment)


def _insert(db: sqlite3.Connection, calls: Sequence[NewCall]) -> Appended:
    (last,) = db.execute("SELECT last FROM arrivals").fetchone()
    numbered = list(enumerate(calls, last + 1))
    inserted = db.executemany(_INSERT_CALL, [_call_values(seq, call) for seq, call in numbered]).rowcount
    db.executemany(_INSERT_BODIES, [_body_values(seq, call) for seq, call in numbered if call.record.bodies])
    if inserted < len(calls):
        db.execute(_DELETE_ORPHANS, (last,))
    db.execute("UPDATE arrivals SET last = ?", (last + len(calls),))
    return Appended(inserted, len(calls) - inserted)


def _call_values(seq: int, call: NewCall) -> tuple[Value, ...]:
    record, derived = call.record, call.derived
    return (
        seq,
        record.id,
        record.event_id,
        record.created_us,
        record.account,
        record.gateway,
        record.provider,
        derived.model,
        derived.model_type,
        derived.request_type,
        record.method,
        record.path,
        record.status,
        _OUTCOMES.get(record.outcome, "unknown"),
        _succeeded(record),
        record.cached,
        record.step,
        record.compat,
        record.authenticated,
        record.duration_us,
        record.first_byte_us,
        derived.tokens_in,
        derived.tokens_out,
        derived.usage,
        derived.cost_nano,
        derived.price_source,
        derived.custom_cost,
        record.attempts,
        record.stored_key,
        record.token,
        record.user,
        record.team,
        record.request_size,
        record.response_size,
        record.request_type,
        record.response_type,
        record.request_encoding,
        record.response_encoding,
        record.user_agent,
        _json(record.metadata),
        _json(record.controls),
        record.error_code,
        record.error_detail,
    )


def _body_values(seq: int, call: NewCall) -> tuple[Value, ...]:
    record = call.record
    request_codec, request = _packed(call.request, record.request_encoding)
    response_codec, response = _packed(call.response, record.response_encoding)
    return (seq, record.request_cut, record.response_cut, request_codec, response_codec, request, response)


def _packed(body: bytes, encoding: str) -> tuple[int, bytes]:
    """Codec and bytes to store. What is content-encoded is small already."""
    if len(body) < _COMPRESS_FROM or encoding:
        return PLAIN, body
    packed = zlib.compress(body, 1)
    return (DEFLATED, packed) if len(packed) < len(body) else (PLAIN, body)


def _succeeded(record: CallRecord) -> bool:
    return 0 < record.status < 400 and record.outcome == Outcome.COMPLETE


def _json(value: dict[str, str] | dict[str, str | int | float | bool]) -> str:
    return _to_json(value).decode() if value else "{}"
