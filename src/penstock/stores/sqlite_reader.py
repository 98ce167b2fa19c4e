"""The SQLite ledger's reading side: listing, finding, showing.

Opens the file read-only, so that it works beside a shipper that writes. Filters become SQL in
`sqlite_filter.py`. Nothing here changes the ledger, nothing here knows how a call is shown.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from penstock.metadata import MetadataValue
from penstock.stores.ledger import Bodies, CallRow, Filter, LedgerUnavailable
from penstock.stores.sqlite_filter import Value, conditions
from penstock.stores.sqlite_ledger import DEFLATED
from penstock.stores.sqlite_migrations import check
from penstock.stores.sqlite_schema import MIGRATIONS

_SELECT = f"SELECT {', '.join(CallRow.__struct_fields__)} FROM calls"
_FLAGS = tuple(
    map(CallRow.__struct_fields__.index, ("success", "cached", "custom_cost", "compat", "authenticated"))
)
_USAGE = CallRow.__struct_fields__.index("usage_metadata")
_METADATA = CallRow.__struct_fields__.index("metadata")
_CONTROLS = CallRow.__struct_fields__.index("controls")
_AFTER_ALL_IDS = "~"  # sorts behind every character of an id

# What `sqlite3` gives for a row: its own typing has Any here, and `_call` is where that ends.
Row = tuple[Any, ...]

_to_usage = msgspec.json.Decoder(dict[str, int]).decode
_to_metadata = msgspec.json.Decoder(dict[str, MetadataValue]).decode
_to_controls = msgspec.json.Decoder(dict[str, str]).decode


class LedgerMissing(LedgerUnavailable):
    """There is no ledger in this place."""


class SqliteReader:
    """A ledger file opened for reading only."""

    def __init__(self, path: Path, busy_seconds: float = 5.0) -> None:
        if not path.exists():
            raise LedgerMissing(str(path))
        self._db = _opened(path, busy_seconds)
        try:
            found = check(self._db, len(MIGRATIONS))
        except sqlite3.Error as error:
            self.close()
            raise LedgerUnavailable(str(error)) from error
        if found < len(MIGRATIONS):
            self.close()
            raise LedgerMissing(str(path))

    def newest(self, where: Filter, limit: int, before: str | None = None) -> list[CallRow]:
        text, values = conditions(where)
        if before is not None:
            text += " AND (created_us, seq) < (SELECT created_us, seq FROM calls WHERE id = ?)"
            values.append(before)
        return self._calls(f"WHERE {text} ORDER BY created_us DESC, seq DESC LIMIT ?", [*values, limit])

    def arrived(self, where: Filter, after: int, limit: int) -> list[CallRow]:
        text, values = conditions(where)
        return self._calls(f"WHERE +({text}) AND seq > ? ORDER BY seq LIMIT ?", [*values, after, limit])

    def last_arrival(self) -> int:
        return int(self._rows("SELECT last FROM arrivals", [])[0][0])

    def count(self, where: Filter) -> int:
        text, values = conditions(where)
        return int(self._rows(f"SELECT count(*) FROM calls WHERE {text}", values)[0][0])

    def get(self, call_id: str) -> CallRow | None:
        rows = self._calls("WHERE id = ?", [call_id])
        return rows[0] if rows else None

    def find(self, part: str, limit: int) -> list[str]:
        begins: Sequence[Value] = [part, part + _AFTER_ALL_IDS, limit]
        rows = self._rows("SELECT id FROM calls WHERE id >= ? AND id < ? ORDER BY id LIMIT ?", begins)
        if not rows:
            sql = "SELECT id FROM calls WHERE substr(id, -length(?1)) = ?1 LIMIT ?2"
            rows = self._rows(sql, [part, limit])
        return [row[0] for row in rows]

    def bodies(self, call_id: str) -> Bodies | None:
        sql = (
            "SELECT request, request_codec, response, response_codec, request_cut, response_cut "
            "FROM bodies WHERE seq = (SELECT seq FROM calls WHERE id = ?)"
        )
        rows = self._rows(sql, [call_id])
        if not rows:
            return None
        request, request_codec, response, response_codec, request_cut, response_cut = rows[0]
        return Bodies(
            _unpacked(request, request_codec),
            _unpacked(response, response_codec),
            bool(request_cut),
            bool(response_cut),
        )

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _calls(self, rest: str, values: Sequence[Value]) -> list[CallRow]:
        return [_call(row) for row in self._rows(f"{_SELECT} {rest}", values)]

    def _rows(self, sql: str, values: Sequence[Value]) -> list[Row]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise LedgerUnavailable(str(error)) from error


def _opened(path: Path, busy_seconds: float) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode=ro"
    try:
        return sqlite3.connect(address, uri=True, timeout=busy_seconds, isolation_level=None)
    except sqlite3.Error as error:
        raise LedgerUnavailable(str(error)) from error


def _call(row: Row) -> CallRow:
    values = list(row)
    for flag in _FLAGS:
        values[flag] = bool(values[flag])
    usage = values[_USAGE]
    values[_USAGE] = None if usage is None else _to_usage(usage)
    values[_METADATA] = _to_metadata(values[_METADATA])
    values[_CONTROLS] = _to_controls(values[_CONTROLS])
    return CallRow(*values)


def _unpacked(body: bytes, codec: int) -> bytes:
    return zlib.decompress(body) if codec == DEFLATED else body
