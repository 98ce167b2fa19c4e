"""How much room counters take that callers made up, and how much more each owner's may take.

A counter that callers made up belongs to a rule, and the rule to an account. Nobody gets more than half of what the
others beside it leave: accounts of all the room, rules of what their account may have. So one that came first cannot
take what a later one needs, two that fill up at once end up even, and one alone still has much. Only sums are kept
here; what a counter is, and where, is in `counter_table.py`. All in the caller's transaction.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from hashlib import blake2b

import lmdb

from penstock.stores.counters import Family
from penstock.stores.lmdb.environment import AnyEnvironment

DATABASE = b"shares"
_SUM = struct.Struct("=q")
_TAG = b"\1"  # no key of another counter begins with it
_TAG_VALUE = _TAG[0]
_ACCOUNT, _RULE = 9, 17  # where those parts of a name end
_MOST = 1 << 40  # bytes: more than any map has room for
_JOINT = 16  # counters for the values of a rule that have none of their own


def made_up_name(family: Family, value: bytes) -> bytes:
    """The name of a value's own counter: always 33 bytes, however long a value is."""
    return _family_name(family) + _digest(value)


def joint_name(name: bytes) -> bytes:
    """The counter for a made-up counter's value where its rule has no more room: shared with other such values."""
    return rule_of(name) + bytes((name[-1] % _JOINT,))


def is_made_up(name: bytes) -> bool:
    """Whether a counter's name is one of these."""
    return name[0] == _TAG_VALUE


def is_sound(node: bytes, value: bytes) -> bool:
    """Whether a stored sum is one."""
    return (
        len(node) in (len(_TAG), _ACCOUNT, _RULE)
        and len(value) == _SUM.size
        and 0 < _SUM.unpack(value)[0] < _MOST
    )


def _digest(value: bytes) -> bytes:
    return blake2b(value, digest_size=16).digest()


def rule_of(name: bytes) -> bytes:
    """What the names of a rule's made-up counters have in common, and none of another rule."""
    return name[:_RULE]


@lru_cache(maxsize=4096)
def _family_name(family: Family) -> bytes:
    return (
        _TAG
        + blake2b(family.account, digest_size=_ACCOUNT - 1).digest()
        + blake2b(family.rule, digest_size=_RULE - _ACCOUNT).digest()
    )


class Shares:
    """The sums of one environment, in bytes. Takes one named database, and is made while the `WriteLock` is held."""

    def __init__(self, environment: AnyEnvironment, budget: int) -> None:
        """`budget` is for all made-up counters together."""
        self._database = environment.open_db(DATABASE)
        self._budget = budget

    def has_room(self, txn: lmdb.Transaction[bytes], name: bytes, room: int) -> bool:
        """Whether a made-up counter may take so much more."""
        limit, taken = self._budget, self._sum(txn, _TAG)
        for end in (_ACCOUNT, _RULE):
            own = self._sum(txn, name[:end])
            most = (limit - (taken - own)) // 2
            if own + room > most:
                return False
            limit, taken = most, own
        return True

    def add(self, txn: lmdb.Transaction[bytes], name: bytes, room: int) -> None:
        """A made-up counter, or all of a rule's together, take so much more, or less."""
        for node in (_TAG, name[:_ACCOUNT], name[:_RULE]):
            total = self._sum(txn, node) + room
            if total > 0:
                txn.put(node, _SUM.pack(total), db=self._database)
            else:
                txn.delete(node, db=self._database)

    def names_of(self, txn: lmdb.Transaction[bytes], value: bytes) -> list[bytes]:
        """The names that a value's own counter would have, in all rules that have counters."""
        with txn.cursor(self._database) as cursor:
            rules = [node for node in cursor.iternext(keys=True, values=False) if len(node) == _RULE]
        return [rule + _digest(value) for rule in rules]

    def _sum(self, txn: lmdb.Transaction[bytes], node: bytes) -> int:
        found = txn.get(node, db=self._database)
        return 0 if found is None or len(found) != _SUM.size else int(_SUM.unpack(found)[0])
