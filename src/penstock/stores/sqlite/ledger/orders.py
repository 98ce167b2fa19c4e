"""Which objects calls have made at providers, and which of them have been counted: work that is told later, once.

Within the transaction that stores the calls. The first call that tells an object's end keeps what it has used; to all
that tell it again, and to those that tell of what was not made through here, it is somebody else's. Where the end
comes here before the beginning, the beginning gets it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from penstock.stores.ledger import FREE, Derived, NewCall

_MADE: Final = (
    "INSERT INTO orders (account, provider, object, made, settled) VALUES (?1, ?2, ?3, ?4, ?5)"
    " ON CONFLICT DO UPDATE SET made = ?4, settled = 1 WHERE made IS NULL RETURNING told"
)
_SETTLED: Final = (
    "UPDATE orders SET settled = 1 WHERE account = ? AND provider = ? AND object = ?"
    " AND made IS NOT NULL AND NOT settled"
)
_TOLD_EARLY: Final = (
    "INSERT OR IGNORE INTO orders (account, provider, object, settled, told) VALUES (?, ?, ?, 0, ?)"
)


class _Used(msgspec.Struct, array_like=True):
    """What an end tells."""

    tokens_in: int | None
    tokens_out: int | None
    cost_nano: int | None
    price_source: str | None


_packed = msgspec.msgpack.Encoder().encode
_unpacked = msgspec.msgpack.Decoder(_Used).decode
_NOTHING = _Used(None, None, 0, FREE)


def counted_once(db: sqlite3.Connection, calls: Sequence[NewCall]) -> list[NewCall]:
    """The calls, those without their use whose work has been counted or is nobody's here."""
    return [_counted(db, call) if call.derived.order else call for call in calls]


def _counted(db: sqlite3.Connection, call: NewCall) -> NewCall:
    record, derived, order = call.record, call.derived, call.derived.order
    assert order is not None
    key = record.account, record.provider, order.object_id
    used = _Used(derived.tokens_in, derived.tokens_out, derived.cost_nano, derived.price_source)
    if not order.is_final:
        has_told = derived.tokens_in is not None or derived.tokens_out is not None
        row = db.execute(_MADE, (*key, record.created_us, has_told)).fetchone()
        return call if row is None or row[0] is None else _with(call, derived, _unpacked(row[0]))
    if db.execute(_SETTLED, key).rowcount == 1:
        return call
    db.execute(_TOLD_EARLY, (*key, _packed(used)))
    return call if derived.custom_cost else _with(call, derived, _NOTHING)


def _with(call: NewCall, derived: Derived, used: _Used) -> NewCall:
    return call._replace(derived=msgspec.structs.replace(derived, **msgspec.structs.asdict(used)))
