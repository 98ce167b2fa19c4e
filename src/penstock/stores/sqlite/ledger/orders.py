"""Which objects calls have made at providers, and which of them have been counted: work that is told later, once.

Within the transaction that stores the calls. The first call that tells an object's use keeps it; to all that tell it
again, and to those that tell of what was not made through here, it is somebody else's. Where the end comes here before
the beginning, the beginning gets it: calls of several workers have no order. An object may leave it to another one to
tell, a batch to its file of results. What a caller pays for a call by a price of its own is no part of an order.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from enum import IntEnum
from typing import Final

import msgspec

from penstock.journal.record import ToldOrder
from penstock.stores.ledger import FREE, Derived, NewCall

_FIND: Final = (
    "SELECT made IS NOT NULL, settled, told FROM orders WHERE account = ? AND provider = ? AND object = ?"
)
_MAKE: Final = (
    "INSERT INTO orders (account, provider, object, made, settled) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET made = excluded.made, settled = excluded.settled, told = NULL"
)
_SETTLE: Final = "UPDATE orders SET settled = ? WHERE account = ? AND provider = ? AND object = ?"
_TELL: Final = (
    "INSERT OR IGNORE INTO orders (account, provider, object, settled, told) VALUES (?, ?, ?, 0, ?)"
)


class _Counted(IntEnum):
    """How much of an order has been counted."""

    NOTHING = 0
    ALL = 1
    COST = 2  # the call that made it has a price; what was used is still to be told


class _Used(msgspec.Struct, array_like=True):
    """What an end tells that came first. `results`: another object tells it."""

    tokens_in: int | None
    tokens_out: int | None
    cost_nano: int | None
    price_source: str | None
    results: str = ""


class _Known(msgspec.Struct):
    """What is remembered of an object."""

    is_made: bool = False
    counted: int = _Counted.NOTHING
    told: _Used | None = None


_packed = msgspec.msgpack.Encoder().encode
_unpacked = msgspec.msgpack.Decoder(_Used).decode


def counted_once(db: sqlite3.Connection, calls: Sequence[NewCall]) -> list[NewCall]:
    """The calls, those without their use whose work has been counted or is nobody's here."""
    return [_counted(db, call) if call.derived.orders else call for call in calls]


def _counted(db: sqlite3.Connection, call: NewCall) -> NewCall:
    derived, record = call.derived, call.record
    book = _Orders(db, record.account, record.provider, record.created_us)
    for order in derived.orders:
        derived = book.ended(order, derived) if order.is_final else book.made(order, derived)
    return call._replace(derived=derived)


class _Orders:
    """The objects of an account at a provider, as a call finds them."""

    def __init__(self, db: sqlite3.Connection, account: str, provider: str, now_us: int) -> None:
        self._db = db
        self._whose = account, provider
        self._now_us = now_us

    def made(self, order: ToldOrder, derived: Derived) -> Derived:
        """A call has made it, and may know already what it costs, or what it has used."""
        name, is_told = order.object_id, _tells_tokens(derived)
        known = self._find(name)
        if known.is_made:
            if not is_told:
                return derived
            if known.counted == _Counted.ALL:
                return _without_use(derived)
            self._settle(name)
            return derived
        counted = _Counted.NOTHING if derived.cost_nano is None else _Counted.COST
        counted = _Counted.ALL if is_told else counted
        return self._make(name, counted, derived)

    def ended(self, order: ToldOrder, derived: Derived) -> Derived:
        """A call has told its end."""
        name, used = order.object_id, _used(derived, order.results)
        known = self._find(name)
        if not known.is_made or known.counted == _Counted.ALL:
            if not known.is_made and used is not None:
                self._db.execute(_TELL, (*self._whose, name, _packed(used)))
            return _without_use(derived)
        if used is None:
            return derived  # another read may tell it
        self._settle(name)
        if used.results:
            return self._make(used.results, _Counted(known.counted), derived)
        return derived if known.counted == _Counted.NOTHING else _without_cost(derived)

    def _make(self, name: str, counted: _Counted, derived: Derived) -> Derived:
        """It is there from now on; what was told of it before is for the call that made it."""
        known = self._find(name)
        if known.is_made:
            return derived
        told = None if counted == _Counted.ALL else known.told
        self._db.execute(_MAKE, (*self._whose, name, self._now_us, counted if told is None else _Counted.ALL))
        if told is None:
            return derived
        if told.results:
            return self._make(told.results, counted, derived)
        if counted == _Counted.COST:
            return msgspec.structs.replace(derived, tokens_in=told.tokens_in, tokens_out=told.tokens_out)
        return msgspec.structs.replace(
            derived,
            tokens_in=told.tokens_in,
            tokens_out=told.tokens_out,
            cost_nano=told.cost_nano,
            price_source=told.price_source,
        )

    def _find(self, name: str) -> _Known:
        row = self._db.execute(_FIND, (*self._whose, name)).fetchone()
        if row is None:
            return _Known()
        return _Known(bool(row[0]), row[1], None if row[2] is None else _unpacked(row[2]))

    def _settle(self, name: str) -> None:
        self._db.execute(_SETTLE, (_Counted.ALL, *self._whose, name))


def _tells_tokens(derived: Derived) -> bool:
    return derived.tokens_in is not None or derived.tokens_out is not None


def _used(derived: Derived, results: str) -> _Used | None:
    """What a call tells of an order's work; None for nothing."""
    cost = derived.cost_nano
    if cost is not None and derived.by_itself is not None:
        cost = max(0, cost - derived.by_itself)
    if not (_tells_tokens(derived) or cost or results):
        return None
    return _Used(derived.tokens_in, derived.tokens_out, cost, derived.price_source, results)


def _without_use(derived: Derived) -> Derived:
    """What is left of a call whose work is counted elsewhere."""
    return msgspec.structs.replace(_without_cost(derived), tokens_in=None, tokens_out=None)


def _without_cost(derived: Derived) -> Derived:
    """With no more than its caller's own price for the call."""
    if derived.by_itself is not None:
        return msgspec.structs.replace(derived, cost_nano=derived.by_itself)
    return msgspec.structs.replace(derived, cost_nano=0, price_source=FREE, custom_cost=False)
