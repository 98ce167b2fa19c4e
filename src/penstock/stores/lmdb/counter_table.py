"""All counters of an environment: which counter a claim goes to, what each takes up, and when it goes.

Counters that callers made up (a value of theirs names them) live within shares. One that there is always works. For
a value without one, and without room for one, there are a few joint counters of its rule: what such values use is
counted together, so that a limit may hold sooner than it says and never later. A log that may not grow is made
coarse instead. What a log says is in `window_log.py`; who may have how much, in `shares.py`; all in the caller's
transaction, whose own database is that of the counters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from itertools import islice

import lmdb
from msgspec.structs import replace

from penstock.stores.counters import Claim, CountersUnavailable, Window
from penstock.stores.lmdb import window_log
from penstock.stores.lmdb.endings import Endings
from penstock.stores.lmdb.environment import AnyEnvironment, Unopened
from penstock.stores.lmdb.shares import Shares, is_made_up, joint_name, made_up_name, rule_of
from penstock.stores.lmdb.window_log import Log

DATABASE = b"counters"
_LONGEST_KEY = 255
_CROWDED = "the map is full of counters: until some are forgotten, none may be added"
_SMALL_BYTES = window_log.COARSE_BYTES
_SMALL_ROOM = 384  # what a counter of that size takes up, in pages that are two thirds full, with its ending
_STEP_BYTES = 256
_FORGOTTEN_FIRST = 16  # counters that have ended, before a new one is told that there is no room


class CounterTable:
    """The counters. Takes three named databases, and is made while the `WriteLock` is held."""

    def __init__(self, environment: AnyEnvironment) -> None:
        map_bytes = 0 if isinstance(environment, Unopened) else environment.info()["map_size"]
        self.database = environment.open_db(DATABASE)
        self._endings = Endings(environment)
        self._shares = Shares(environment, map_bytes * 5 // 8)
        self._crowded_bytes = map_bytes * 3 // 4
        self._crowded = False

    def look_around(self, txn: lmdb.Transaction[bytes]) -> None:
        """A quarter of the map is kept for what must never fail: settling, reaping, the copies LMDB works on."""
        taken = 0
        for database in (self.database, self._endings.database):
            stat = txn.stat(database)
            pages = stat["leaf_pages"] + stat["branch_pages"] + stat["overflow_pages"]
            taken += pages * stat["psize"]
        self._crowded = taken > self._crowded_bytes

    # -- which counter

    def placed(self, txn: lmdb.Transaction[bytes], claims: Sequence[Claim], now_us: int) -> list[Claim]:
        """The claims, with the names of their counters for keys."""
        return [
            claim
            if claim.family is None
            else replace(claim, key=self._place(txn, claim, now_us), family=None)
            for claim in claims
        ]

    def _place(self, txn: lmdb.Transaction[bytes], claim: Claim, now_us: int) -> bytes:
        assert claim.family is not None
        name = made_up_name(claim.family, claim.key)
        if txn.get(name) is not None:
            return name
        jointly = joint_name(name)
        if not self._has_room(txn, name, now_us):
            return jointly
        # What the value used while it had no counter was counted there, with that of others: it begins with all of it.
        log = window_log.live(txn.get(jointly), claim.window, now_us)
        if log.entries:
            self.write(txn, name, None, log, claim.window)
        return name

    def _has_room(self, txn: lmdb.Transaction[bytes], name: bytes, now_us: int) -> bool:
        if self._shares.has_room(txn, name, _SMALL_ROOM):
            return True
        gone = self.forget_ended(txn, now_us, _FORGOTTEN_FIRST)
        return gone > 0 and self._shares.has_room(txn, name, _SMALL_ROOM)

    def find(self, txn: lmdb.Transaction[bytes], key: bytes) -> bytes | None:
        """The counter of a key, or of a value, whosever it is. Not for the way of a call: it asks rule after rule."""
        found = txn.get(plain_name(key))
        if found is None:
            mine = (txn.get(name) for name in self._shares.names_of(txn, key))
            found = next((value for value in mine if value is not None), None)
        return found

    # -- what it holds

    def check_new(self, txn: lmdb.Transaction[bytes], name: bytes) -> None:
        """Raises `CountersUnavailable` for a counter that must not be added. Those made up have their shares."""
        if not is_made_up(name):
            self.look_around(txn)
            if self._crowded:
                raise CountersUnavailable(_CROWDED)

    def write(
        self, txn: lmdb.Transaction[bytes], name: bytes, before: bytes | None, log: Log, window: Window
    ) -> Log:
        """Puts a log in the place of what is there; the log that is there now, which may be coarser."""
        value = window_log.stored(log)
        if before is None or (len(value) != len(before) and (self._crowded or is_made_up(name))):
            log, value = self._resized(txn, name, before, log, window)
        txn.put(name, value)
        return log

    def _resized(
        self, txn: lmdb.Transaction[bytes], name: bytes, before: bytes | None, log: Log, window: Window
    ) -> tuple[Log, bytes]:
        value = window_log.stored(log)
        made_up = is_made_up(name)
        room = 0 if before is None else _room(before)
        more = _room(value) - room
        if more > 0 and len(value) > _SMALL_BYTES:
            fits = self._shares.has_room(txn, name, more) if made_up else not self._crowded
            if not fits:
                log = window_log.coarse(log, window)
                value = window_log.stored(log)
                more = _room(value) - room
        if before is None:
            self._endings.add(txn, name, window_log.over_us(value))
        if made_up and more:
            self._shares.add(txn, name, more)
        return log, value

    def clear(self, txn: lmdb.Transaction[bytes], name: bytes, before: bytes, log: Log) -> None:
        """Nothing is left in a counter that is there. One that was made up gives back its room, if that can be told
        from when it was entered for; any other will be wanted again.
        """
        if not is_made_up(name):
            txn.put(name, window_log.stored(log))
        elif self._endings.remove(txn, name, window_log.over_us(before)):
            self._delete(txn, name, before)
        else:
            self.write(txn, name, before, log, Window(1, False))

    def _delete(self, txn: lmdb.Transaction[bytes], name: bytes, value: bytes) -> None:
        txn.delete(name)
        if is_made_up(name):
            self._shares.add(txn, name, -_room(value))

    # -- when it goes

    def forget_ended(self, txn: lmdb.Transaction[bytes], now_us: int, at_most: int) -> int:
        """Deletes counters that have ended; how many were looked at."""
        names = self._endings.due(txn, now_us, at_most)
        freed: Counter[bytes] = Counter()
        for name in names:
            value = txn.get(name)
            if value is None:
                continue
            if window_log.is_over(value, now_us):
                txn.delete(name)
                if is_made_up(name):
                    freed[rule_of(name)] += _room(value)
            else:
                self._endings.add(txn, name, window_log.over_us(value))
        for rule, room in freed.items():
            self._shares.add(txn, rule, -room)
        return len(names)

    def walk(self, txn: lmdb.Transaction[bytes], start: bytes, steps: int, now_us: int) -> bytes:
        """Looks at counters from a name on, whatever is known of their ends; where to go on the next time.

        For those of before the clock was set back, of older versions, and damaged ones.
        """
        with txn.cursor() as cursor:
            found = list(islice(cursor, steps + 1)) if cursor.set_range(start) else []
        for name, value in found[:steps]:
            if window_log.is_over(value, now_us):
                entered = self._endings.remove(txn, name, window_log.over_us(value))
                if entered or not _is_cleared(name, value):
                    self._delete(txn, name, value)
            elif (right := window_log.set_right(value, now_us)) is not None:
                if is_made_up(name):
                    self._shares.add(txn, name, _room(right) - _room(value))
                self._endings.add(txn, name, window_log.over_us(right))
                txn.put(name, right)
        return found[steps][0] if len(found) > steps else b""


def _is_cleared(name: bytes, value: bytes) -> bool:
    """Whether it was made up, and nothing is left in it: it goes when it was entered for, and its room until then."""
    return is_made_up(name) and window_log.is_sound(value) and window_log.over_us(value) == 0


def plain_name(key: bytes) -> bytes:
    """LMDB's name of a counter that nobody made up. Keys may be longer, or shorter, than what it takes."""
    return key if 0 < len(key) <= _LONGEST_KEY else b"\0" + blake2b(key, digest_size=32).digest()


def _room(value: bytes) -> int:
    """What a stored counter takes up of the map, at most."""
    steps = max(0, len(value) - _SMALL_BYTES + _STEP_BYTES - 1) // _STEP_BYTES
    return _SMALL_ROOM + 2 * steps * _STEP_BYTES
