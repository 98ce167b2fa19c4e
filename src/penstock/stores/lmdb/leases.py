"""Which workers are alive: a lease per worker, kept by its heartbeats in the stores' own environment.

A lease says when its owner was last heard of, and nothing else. What a dead worker leaves behind is given
back by whoever keeps it, in the same transaction in which it asks here.
"""

from __future__ import annotations

import struct

import lmdb

from penstock.stores.lmdb.environment import AnyEnvironment

ALIVE_US = 10 * 1_000_000
FORGOTTEN_US = 24 * 3600 * 1_000_000

DATABASE = b"leases"
_MOMENT = struct.Struct("=q")


class Leases:
    """The leases of one environment. Takes one of its named databases, and is made while the `WriteLock` is held.

    An owner is 1 to 255 bytes that no other worker, and no earlier life of the same one, ever used. Times are
    wall-clock microseconds. A heartbeat that lies in the future by more than a lease lasts is no sign of life
    either: it was written before the clock was set back. All verbs run in the caller's transaction.
    """

    def __init__(self, environment: AnyEnvironment) -> None:
        self._database = environment.open_db(DATABASE)

    def beat(self, txn: lmdb.Transaction[bytes], owner: bytes, now_us: int) -> None:
        """The owner is alive."""
        txn.put(owner, _MOMENT.pack(now_us), db=self._database)

    def is_alive(self, txn: lmdb.Transaction[bytes], owner: bytes, now_us: int) -> bool:
        """Whether the owner was heard of within the last ten seconds."""
        return _silence_us(txn.get(owner, db=self._database), now_us) < ALIVE_US

    def dead(self, txn: lmdb.Transaction[bytes], now_us: int) -> list[bytes]:
        """Owners of leases that have run out and are not forgotten."""
        return self._silent_for(txn, ALIVE_US, now_us)

    def long_dead(self, txn: lmdb.Transaction[bytes], now_us: int) -> list[bytes]:
        """Those of the dead that were not heard of for more than a day: nothing of theirs will come any more."""
        return self._silent_for(txn, FORGOTTEN_US, now_us)

    def forget(self, txn: lmdb.Transaction[bytes], owner: bytes) -> None:
        """There is no such lease any more; without one an owner is not alive, nor among the dead."""
        txn.delete(owner, db=self._database)

    def _silent_for(self, txn: lmdb.Transaction[bytes], span_us: int, now_us: int) -> list[bytes]:
        with txn.cursor(self._database) as cursor:
            return [owner for owner, value in cursor if _silence_us(value, now_us) >= span_us]


def is_sound(value: bytes) -> bool:
    """Whether a stored lease is one."""
    return len(value) == _MOMENT.size


def _silence_us(value: bytes | None, now_us: int) -> int:
    """How long nothing was heard of an owner. A lease that is not there, or unreadable, is older than any."""
    if value is None or not is_sound(value):
        return FORGOTTEN_US
    return abs(now_us - int(_MOMENT.unpack(value)[0]))
