"""What of a store of kept answers is which account's, and how much more of it an account may have.

Where old answers make room for new ones, they are those of whoever has most: nobody whose answers take an equal part
or less loses one to what others ask. Where none may go before its time, an account gets four fifths of what the
others beside it leave, so that there is always something left for who comes later. Only sums are kept here, one for
each account, in the transaction that changes what they are of (`reply_shelf.py`).
"""

from __future__ import annotations

from itertools import takewhile
from typing import NamedTuple

import lmdb

from penstock.stores.lmdb import reply_codec as codec
from penstock.stores.lmdb.reply_codec import Holding, Totals
from penstock.stores.lmdb.reply_databases import Databases, entries_of

MARKED_BYTES = 32 * 1024 * 1024
"""What spent keys of accounts may take beside the limit, all together; part of the map's slack."""

_AFTER = codec.after(codec.BY_ACCOUNT)


class Holdings:
    """The sums of all accounts as one write transaction sees and changes them. Accounts are `codec.named`.

    `damaged` once one was read that is none: all must be counted anew.
    """

    __slots__ = ("_changed", "_db", "_read", "_txn", "damaged")

    def __init__(self, txn: lmdb.Transaction[bytes], databases: Databases) -> None:
        self._txn = txn
        self._db = databases
        self._read: dict[bytes, Holding] = {}
        self._changed = False
        self.damaged = False

    def of(self, account: bytes) -> Holding:
        """What an account has."""
        held = self._read.get(account)
        if held is None:
            held = codec.holding(self._txn.get(codec.BY_ACCOUNT + account, db=self._db.entries))
            if held is None:
                self.damaged = True
                held = Holding()
            self._read[account] = held
        return held

    def add(self, account: bytes, room: int, marked: int = 0) -> None:
        """So much more, or less; `marked` is the part of `room` that spent keys take."""
        held = self.of(account)
        held.room += room
        held.marked += marked
        self._changed = True

    def rooms(self) -> dict[bytes, int]:
        """The room of every account that has something. Reads all sums: there are as many as accounts."""
        found = dict[bytes, Holding]()
        for account, data in self._stored():
            held = codec.holding(data)
            if held is None:
                self.damaged = True
            else:
                found[account] = held
        return {account: held.room for account, held in (found | self._read).items() if held.room > 0}

    def save(self) -> None:
        """Writes what has changed. None falls below zero, whatever was damaged; of nothing there is no sum."""
        if not self._changed:
            return
        for account, held in self._read.items():
            if held.room > 0:
                self._txn.put(codec.BY_ACCOUNT + account, codec.packed_holding(held), db=self._db.entries)
            else:
                self._txn.delete(codec.BY_ACCOUNT + account, db=self._db.entries)
        self._changed = False

    def clear(self) -> None:
        """Nobody has anything, as far as is known."""
        for account, _ in self._stored():
            self._txn.delete(codec.BY_ACCOUNT + account, db=self._db.entries)
        self._read.clear()
        self._changed = self.damaged = False

    def _stored(self) -> list[tuple[bytes, bytes]]:
        with self._txn.cursor(self._db.entries) as cursor:
            found = cursor.iternext() if cursor.set_range(codec.BY_ACCOUNT) else iter(())
            return [(key[1:], value) for key, value in takewhile(lambda pair: pair[0] < _AFTER, found)]


def lacking(own: Holding, totals: Totals, room: int, limit: int) -> int:
    """By how much an account's share is too small for so much more room; its spent keys are part of it."""
    answers_of_others = totals.room - totals.marked - (own.room - own.marked)
    return own.room + room - _share(limit, answers_of_others)


def may_mark(own: Holding, totals: Totals) -> bool:
    """Whether an account may have one more spent key."""
    return own.marked < _share(MARKED_BYTES, totals.marked - own.marked)


def has_part(rooms: dict[bytes, int], account: bytes, room: int, limit: int) -> bool:
    """Whether the others, cut down to `room` where they have more, leave so much of the limit."""
    others = sum(min(room, held) for other, held in rooms.items() if other != account)
    return room + others <= limit


class Going(NamedTuple):
    """An answer that is to make room: its account, and its index entry by use."""

    account: bytes
    entry: bytes


def next_to_go(
    txn: lmdb.Transaction[bytes], databases: Databases, rooms: dict[bytes, int], account: bytes | None
) -> Going | None:
    """The least recently used answer of whoever has most: of the one who needs the room rather than of an equal.

    None once that one (`account`) would be next and has nothing. Who has most and nothing that can go, because it is
    being written, is taken from `rooms`.
    """
    while rooms:
        most = max(rooms, key=lambda one: (rooms[one], one == account))
        if found := entries_of(txn, databases, codec.BY_USE, most, 1):
            return Going(most, found[0])
        if most == account:
            return None
        del rooms[most]
    return None


def _share(limit: int, taken: int) -> int:
    return max(0, limit - taken) * 4 // 5
