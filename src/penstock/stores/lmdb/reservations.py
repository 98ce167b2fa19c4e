"""What workers have set aside for calls under way, in LMDB: how much, where, and for whom.

A reservation of a dead worker is buried: its amount is given back and a record of nothing stays, so that a
worker that was only late still counts what it used, once. No counting here; all in the caller's transaction.
"""

from __future__ import annotations

import lmdb
import msgspec

from penstock.stores.counters import Window
from penstock.stores.lmdb.environment import AnyEnvironment

OPEN = b"reservations"
BURIED = b"buried-reservations"
_NUMBER_BYTES = 8


class Place(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One counter that a reservation went into, and the time of the entry there."""

    key: bytes
    time_us: int
    window: Window


class Record(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A reservation: the same amount in each of its places; none, once it has been given back."""

    amount: int
    places: list[Place]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Record).decode


class Reservations:
    """The reservations of all workers; makes new ones for `owner`. Takes two named databases.

    A name is the owner, its length in front, and a running number.
    """

    def __init__(self, environment: AnyEnvironment, owner: bytes) -> None:
        self._open = environment.open_db(OPEN)
        self._buried = environment.open_db(BURIED)
        self._prefix = _prefix(owner)
        self._made = 0

    def add(self, txn: lmdb.Transaction[bytes], amount: int, places: list[Place]) -> bytes:
        """Writes a reservation down; its name."""
        self._made += 1
        name = self._prefix + self._made.to_bytes(_NUMBER_BYTES, "big")
        txn.put(name, _encode(Record(amount, places)), db=self._open)
        return name

    def pop(self, txn: lmdb.Transaction[bytes], name: bytes) -> Record | None:
        """The reservation, open or buried, which is gone then. None when it is gone already, or unreadable."""
        found = txn.pop(name, db=self._open)
        if found is None:
            found = txn.pop(name, db=self._buried)
        return None if found is None else _read(found)

    def bury(self, txn: lmdb.Transaction[bytes], owner: bytes, at_most: int) -> list[Record]:
        """The owner's open reservations, or the first of them; buried then."""
        records = []
        for name, value in self._of(txn, self._open, owner, at_most):
            txn.delete(name, db=self._open)
            record = _read(value)
            if record is not None:
                txn.put(name, _encode(Record(0, record.places)), db=self._buried)
                records.append(record)
        return records

    def forget(self, txn: lmdb.Transaction[bytes], owner: bytes, at_most: int) -> bool:
        """Forgets buried reservations of the owner; whether nothing at all of it is left."""
        for name, _ in self._of(txn, self._buried, owner, at_most):
            txn.delete(name, db=self._buried)
        return not any(self._of(txn, database, owner, 1) for database in (self._open, self._buried))

    def _of(
        self, txn: lmdb.Transaction[bytes], database: lmdb._Database, owner: bytes, at_most: int
    ) -> list[tuple[bytes, bytes]]:
        prefix = _prefix(owner)
        found: list[tuple[bytes, bytes]] = []
        with txn.cursor(database) as cursor:
            more = cursor.set_range(prefix)
            while more and len(found) < at_most and cursor.key().startswith(prefix):
                found.append(cursor.item())
                more = cursor.next()
        return found


def is_sound(value: bytes) -> bool:
    """Whether a stored reservation is one that can be settled and given back."""
    record = _read(value)
    return (
        record is not None
        and record.amount >= 0
        and all(place.key and place.window.seconds > 0 for place in record.places)
    )


def _prefix(owner: bytes) -> bytes:
    return bytes((len(owner),)) + owner


def _read(value: bytes) -> Record | None:
    try:
        return _decode(value)
    except msgspec.MsgspecError:
        return None
