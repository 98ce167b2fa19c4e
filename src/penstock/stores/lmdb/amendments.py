"""Receipts for what was counted, and which corrections were made of late: each is made once, however often it is asked.

A receipt says where an amount went, and is kept by who may want to correct it. That a correction was made is
remembered for an hour, in the transaction that makes it, for whoever dies before noting that himself. No counting here.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import islice

import lmdb
import msgspec
from msgspec.structs import replace

from penstock.stores.lmdb.environment import AnyEnvironment
from penstock.stores.lmdb.reservations import Place

DATABASE = b"amendments"
REMEMBERED_US = 3600 * 1_000_000
_MOMENT = struct.Struct("=q")

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Place]).decode


def receipt_of(places: Sequence[Place], times: Sequence[int]) -> bytes:
    """The stored form of where an amount was counted, and at what times."""
    return _encode([replace(place, time_us=at) for place, at in zip(places, times, strict=True)])


def places_in(receipt: bytes) -> list[Place]:
    """Where it was counted; nowhere, for what is no receipt."""
    try:
        return _decode(receipt)
    except msgspec.MsgspecError:
        return []


class Amendments:
    """The corrections of one environment. Takes a named database, and is made while the `WriteLock` is held."""

    def __init__(self, environment: AnyEnvironment) -> None:
        self._database = environment.open_db(DATABASE)
        self._walked_to = b""

    def is_new(self, txn: lmdb.Transaction[bytes], mark: bytes, now_us: int) -> bool:
        """Whether it was not made yet; from now on it was. `mark` is 1 to 255 bytes."""
        return txn.put(mark, _MOMENT.pack(now_us), overwrite=False, db=self._database)

    def forget(self, txn: lmdb.Transaction[bytes], now_us: int, steps: int) -> None:
        """Looks at so many, going on where it ended the last time, and forgets the old ones."""
        with txn.cursor(self._database) as cursor:
            found = list(islice(cursor, steps + 1)) if cursor.set_range(self._walked_to) else []
        for mark, value in found[:steps]:
            if not is_sound(value) or abs(now_us - int(_MOMENT.unpack(value)[0])) >= REMEMBERED_US:
                txn.delete(mark, db=self._database)
        self._walked_to = found[steps][0] if len(found) > steps else b""


def is_sound(value: bytes) -> bool:
    """Whether what is remembered of a correction is a moment."""
    return len(value) == _MOMENT.size
