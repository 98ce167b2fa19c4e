"""When counters may be forgotten, in order of time, so that whoever tidies up looks at none that has not ended.

An entry says when to look at a counter, no more: a counter that is used on ends later than it was entered for, and is
entered anew when it is looked at. So a call that uses a counter changes nothing here. All in the caller's transaction.
"""

from __future__ import annotations

import struct

import lmdb

from penstock.stores.lmdb.environment import AnyEnvironment

DATABASE = b"endings"
_MOMENT = struct.Struct(">Q")
_LATEST = (1 << 63) - 1


class Endings:
    """The entries of one environment. Takes one named database, and is made while the `WriteLock` is held."""

    def __init__(self, environment: AnyEnvironment) -> None:
        self.database = environment.open_db(DATABASE)

    def add(self, txn: lmdb.Transaction[bytes], name: bytes, end_us: int) -> None:
        """The counter is to be looked at then."""
        txn.put(_entry(name, end_us), b"", db=self.database)

    def remove(self, txn: lmdb.Transaction[bytes], name: bytes, end_us: int) -> bool:
        """Whether the counter was to be looked at then; it no longer is."""
        return txn.delete(_entry(name, end_us), db=self.database)

    def due(self, txn: lmdb.Transaction[bytes], now_us: int, at_most: int) -> list[bytes]:
        """The counters that are to be looked at by now, or the first of them, which are no longer entered then."""
        names: list[bytes] = []
        with txn.cursor(self.database) as cursor:
            more = cursor.first()
            while more and len(names) < at_most and _MOMENT.unpack_from(entry := cursor.key())[0] <= now_us:
                names.append(entry[_MOMENT.size :])
                more = cursor.delete() and cursor.key() != b""  # it has moved on, perhaps behind the last one
        return names


def is_sound(entry: bytes, value: bytes) -> bool:
    """Whether a stored entry is one."""
    return len(entry) > _MOMENT.size and not value


def _entry(name: bytes, end_us: int) -> bytes:
    return _MOMENT.pack(min(max(end_us, 0), _LATEST)) + name
