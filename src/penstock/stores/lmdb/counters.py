"""Counters in LMDB, shared exactly by all worker processes of one machine.

Every verb is one write transaction, so that a worker killed at any moment leaves all of it or nothing. What a
counter holds and when it leaves is in `window_log.py`; which counter that is and how much room it may have, in
`counter_table.py`; what is set aside and by whom, in `reservations.py`; who is alive, in `leases.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple, TypeVar

import lmdb
from msgspec.structs import replace

from penstock.stores.counters import (
    Claim,
    CountersUnavailable,
    Granted,
    Refused,
    Reservation,
    Window,
)
from penstock.stores.lmdb import amendments, endings, leases, reservations, shares, window_log
from penstock.stores.lmdb.amendments import Amendments, places_in, receipt_of
from penstock.stores.lmdb.counter_table import DATABASE, CounterTable, plain_name
from penstock.stores.lmdb.counters_seen import SeenCounters
from penstock.stores.lmdb.environment import FAILURES, AnyEnvironment, Suspicion, suspicion_of, write_lock
from penstock.stores.lmdb.leases import Leases
from penstock.stores.lmdb.reservations import Place, Reservations
from penstock.stores.lmdb.structure import Check
from penstock.stores.lmdb.window_log import Log
from penstock.stores.lmdb.writer import Defer, Writer

FOLDER = "counters.lmdb"
MAP_BYTES = 1024 * 1024 * 1024
"""Room for about two million counters of one entry. The file grows to it only when it is needed."""
DATABASES = 7
"""How many named databases the environment must have room for."""

_STEPS = (
    256  # how much one transaction of `reap` does of each kind, so that nobody waits long for the write lock
)
_STEPS_WHEN_FULL = (
    _STEPS,
    16,
    1,
)  # in a full map even deleting needs a few pages, the fewer the less it does
_SLICES = 4  # transactions in which one `reap` forgets counters, as long as there are more to forget
_BEAT_US = 1_000_000

CHECKS: Final[Mapping[bytes, Check]] = {
    DATABASE: lambda _key, value: window_log.is_sound(value),
    endings.DATABASE: endings.is_sound,
    shares.DATABASE: shares.is_sound,
    leases.DATABASE: lambda _key, value: leases.is_sound(value),
    reservations.OPEN: lambda _key, value: reservations.is_sound(value),
    reservations.BURIED: lambda _key, value: reservations.is_sound(value),
    amendments.DATABASE: lambda _key, value: amendments.is_sound(value),
}
"""What can be asked of the values of a database, by its name."""


Made = TypeVar("Made")


class _Counted(NamedTuple):
    name: bytes
    log: Log
    time_us: int  # of the entry that the amount went into
    amount: int


class LmdbCounters(SeenCounters):
    """`Counters` of one worker in an environment of its own (`open_environment`, `DATABASES`).

    `owner` must be a name that no other worker and no earlier process ever had, 1 to 200 bytes. Like the
    environment, this must be made after a fork. Every verb raises `CountersUnavailable`, and then has changed
    nothing; `reap` may have done a part of its work.
    """

    def __init__(self, environment: AnyEnvironment, owner: bytes, defer: Defer | None = None) -> None:
        """`defer`: nobody else counts here, so that a turn's changes may be committed together."""
        self._owner = owner
        self._defer = defer
        self.use(environment)

    def use(self, environment: AnyEnvironment) -> None:
        """From now on counts in this environment, and knows nothing of the one before."""
        self.suspicion: Suspicion | None = None
        """Why the store may be damaged: what a verb has failed with."""
        self._begin = environment.begin
        self._beaten_us: int | None = None
        self._walked_to = b""
        with self._translated():
            lock = write_lock(environment)
            with lock:
                self._table = CounterTable(environment)
                self._leases = Leases(environment)
                self._reservations = Reservations(environment, self._owner)
                self._amendments = Amendments(environment)
        super().__init__(environment, self._table.database)
        self._writer = Writer(environment, lock, self._table.database, self._defer, (CountersUnavailable,))

    def take(self, claims: Sequence[Claim], now_us: int) -> Granted | Refused:
        try:
            if len(claims) == 1 and claims[0].family is None:
                return self._take_one(claims[0], now_us)
            with self._writer as txn:
                claims = self._table.placed(txn, claims, now_us)
                counted = self._count(txn, claims, 0, now_us)
                if isinstance(counted, Refused):
                    return counted
        except FAILURES as error:
            raise self._unavailable(error) from error
        # A counter may have been claimed more than once; what is left of it is left to all of them.
        pairs = list(zip(claims, counted, strict=True))
        totals = {claim.key: one.log.total for claim, one in pairs}
        return Granted(
            tuple([claim.limit - totals[claim.key] for claim in claims]),
            tuple([window_log.reset_us(one.log, claim.window, now_us) for claim, one in pairs]),
        )

    def reserve(
        self, claims: Sequence[Claim], now_us: int, *, partial: bool = False
    ) -> Reservation | Refused:
        try:
            with self._writer as txn:
                claims = self._table.placed(txn, claims, now_us)
                if partial and len(claims) > 1:
                    claims = _fitting(txn, claims, now_us)
                counted = self._count(txn, claims, 1, now_us, partial=partial)
                if isinstance(counted, Refused):
                    return counted
                amount = counted[0].amount if counted else 0
                places = [
                    Place(one.name, one.time_us, claim.window)
                    for claim, one in zip(claims, counted, strict=True)
                ]
                if self._is_due(now_us):
                    self._beat(txn, now_us)
                return Reservation(self._reservations.add(txn, amount, places), amount)
        except FAILURES as error:
            raise self._unavailable(error) from error

    def settle(
        self, reservation: Reservation, used: int, now_us: int, *, with_receipt: bool = False
    ) -> bytes:
        try:
            with self._writer as txn:
                record = self._reservations.pop(txn, reservation.id)
                if record is None:
                    return b""
                times = [self._replace(txn, one, record.amount, used, now_us) for one in record.places]
                return receipt_of(record.places, times) if with_receipt else b""
        except FAILURES as error:
            raise self._unavailable(error) from error

    def amend(self, receipt: bytes, change: int, mark: bytes, now_us: int) -> None:
        with self._translated(), self._writer as txn:
            if change and self._amendments.is_new(txn, mark, now_us):
                for place in places_in(receipt):
                    self._replace(txn, place, max(0, -change), max(0, change), now_us)

    def used(self, key: bytes, window: Window, now_us: int) -> int:
        with self._translated():
            txn = self._writer.open
            if txn is not None:
                return window_log.live(self._table.find(txn, key), window, now_us).total
            with self._begin(self._table.database) as txn:
                return window_log.live(self._table.find(txn, key), window, now_us).total

    def beat(self, now_us: int) -> None:
        if self._is_due(now_us):
            with self._translated(), self._writer as txn:
                self._beat(txn, now_us)

    def reap(self, now_us: int) -> int:
        # Apart from the rest, and first: in a full map this is what makes room for it.
        with self._translated():
            self._forget_ended(now_us)
            self._walk(now_us)
            self._in_steps(lambda txn, steps: self._amendments.forget(txn, now_us, steps))
        with self._translated(), self._writer as txn:
            self._table.look_around(txn)
            returned = self._give_back(txn, now_us)
            for owner in self._leases.long_dead(txn, now_us):
                if self._reservations.forget(txn, owner, _STEPS):
                    self._leases.forget(txn, owner)
        return returned

    def _take_one(self, claim: Claim, now_us: int) -> Granted | Refused:
        window, amount = claim.window, claim.amount
        key = plain_name(claim.key)
        with self._writer as txn:
            before = txn.get(key)
            log = window_log.live(before, window, now_us)
            if log.total + amount > claim.limit:
                return _refused(0, claim, log, amount, now_us)
            if amount:
                if before is None:
                    self._table.check_new(txn, key)
                log, _ = window_log.plus(log, amount, window, now_us)
                log = self._table.write(txn, key, before, log, window)
        return Granted((claim.limit - log.total,), (window_log.reset_us(log, window, now_us),))

    def _count(
        self,
        txn: lmdb.Transaction[bytes],
        claims: Sequence[Claim],
        least: int,
        now_us: int,
        *,
        partial: bool = False,
    ) -> list[_Counted] | Refused:
        """Counts claim after claim, each of which needs room for `least`; writes only when all have it.

        `partial`: less than is claimed will do. Several claims have been cut down to one amount before.
        """
        counted: list[_Counted] = []
        before: dict[bytes, bytes | None] = {}
        after: dict[bytes, Log] = {}
        windows: dict[bytes, Window] = {}
        for index, claim in enumerate(claims):
            key = plain_name(claim.key)
            if key in after:
                log = window_log.live(window_log.stored(after[key]), claim.window, now_us)
            else:
                before[key] = found = txn.get(key)
                log = window_log.live(found, claim.window, now_us)
            amount = claim.amount
            if partial and amount > claim.limit - log.total:
                amount = max(1, claim.limit - log.total)
            wanted = amount if amount > least else least
            if log.total + wanted > claim.limit:
                return _refused(index, claim, log, wanted, now_us)
            time = now_us
            if amount:
                if before[key] is None:
                    self._table.check_new(txn, key)
                log, time = window_log.plus(log, amount, claim.window, now_us)
                after[key] = log
                windows[key] = claim.window
            counted.append(_Counted(key, log, time, amount))
        if len(claims) > 1 and (refused := _too_much_together(claims, counted, now_us)):
            return refused
        coarser: dict[bytes, Log] = {}
        for key, log in after.items():
            written = self._table.write(txn, key, before[key], log, windows[key])
            if written is not log:
                coarser[key] = written
        if not coarser:  # as a rule
            return counted
        return [one._replace(log=coarser.get(one.name, one.log)) for one in counted]

    def _forget_ended(self, now_us: int) -> None:
        for _ in range(_SLICES):
            if self._in_steps(lambda txn, steps: self._table.forget_ended(txn, now_us, steps)) < _STEPS:
                return

    def _walk(self, now_us: int) -> None:
        start = self._walked_to
        self._walked_to = self._in_steps(lambda txn, steps: self._table.walk(txn, start, steps, now_us))

    def _in_steps(self, act: Callable[[lmdb.Transaction[bytes], int], Made]) -> Made:
        """What `act` makes of a transaction of its own, with as many steps as the map has room for."""
        for steps in _STEPS_WHEN_FULL[:-1]:
            with suppress(lmdb.MapFullError), self._writer as txn:
                return act(txn, steps)
        with self._writer as txn:
            return act(txn, _STEPS_WHEN_FULL[-1])

    def _give_back(self, txn: lmdb.Transaction[bytes], now_us: int) -> int:
        returned = 0
        for owner in self._leases.dead(txn, now_us):
            for record in self._reservations.bury(txn, owner, _STEPS - returned):
                returned += 1
                for place in record.places:
                    self._replace(txn, place, record.amount, 0, now_us)
        return returned

    def _replace(
        self, txn: lmdb.Transaction[bytes], place: Place, amount: int, used: int, now_us: int
    ) -> int:
        """Takes `amount` out of a place and counts `used` there now; the time of the entry that it went into. Never
        refused: it stops at the largest total.
        """
        before, at = txn.get(place.key), now_us
        log = window_log.live(before, place.window, now_us)
        if amount:
            log = window_log.minus(log, amount, place.time_us, place.window)
        used = min(used, window_log.LARGEST - log.total)
        if used:
            log, at = window_log.plus(log, used, place.window, now_us)
        if log.entries:
            self._table.write(txn, place.key, before, log, place.window)
        elif before is not None:
            self._table.clear(txn, place.key, before, log)
        return at

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except FAILURES as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> CountersUnavailable:
        """What is to be raised for a failure; one that damage may be behind makes the store suspect."""
        self.suspicion = suspicion_of(error) or self.suspicion
        return CountersUnavailable(str(error))

    def _is_due(self, now_us: int) -> bool:
        return self._beaten_us is None or not 0 <= now_us - self._beaten_us < _BEAT_US

    def _beat(self, txn: lmdb.Transaction[bytes], now_us: int) -> None:
        self._table.look_around(txn)
        self._leases.beat(txn, self._owner, now_us)
        self._beaten_us = now_us


def _fitting(txn: lmdb.Transaction[bytes], claims: Sequence[Claim], now_us: int) -> list[Claim]:
    """The claims, cut down to what every counter leaves free; to one where nothing is, which will be refused."""
    claimed = Counter(claim.key for claim in claims)
    free = [
        (claim.limit - window_log.live(txn.get(plain_name(claim.key)), claim.window, now_us).total)
        // claimed[claim.key]
        for claim in claims
    ]
    most = max(1, min(free, default=1))
    return [replace(claim, amount=min(claim.amount, most)) for claim in claims]


def _too_much_together(claims: Sequence[Claim], counted: list[_Counted], now_us: int) -> Refused | None:
    """Claims on one counter may fit one after the other, and yet a later one overrun the limit of an earlier."""
    last = {claim.key: one.log for claim, one in zip(claims, counted, strict=True)}
    if len(last) < len(claims):
        for index, claim in enumerate(claims):
            if last[claim.key].total > claim.limit:
                return _refused(index, claim, last[claim.key], 0, now_us)
    return None


def _refused(index: int, claim: Claim, log: Log, wanted: int, now_us: int) -> Refused:
    """`wanted` is what was to be added to the log; it may hold the claim already."""
    remaining = claim.limit - log.total + (0 if wanted else claim.amount)
    if max(wanted, claim.amount) > claim.limit:
        retry = window_log.span_us(claim.window)
    else:
        retry = window_log.leaves_us(log, log.total + wanted - claim.limit, claim.window, now_us)
    return Refused(index, max(0, remaining), retry)
