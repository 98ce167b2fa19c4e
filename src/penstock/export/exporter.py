"""One exporter: collects calls behind its cursor, hands them to its outlet, and moves the cursor when they arrived.

At least once: before a parcel goes out its bounds are on disk, after it the new cursor is. Bounded: at most one
parcel is in memory. Each failure makes the next pause longer. What is in a record is the outlet's business.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from msgspec.structs import replace

from penstock.clock import Clock
from penstock.exits.sender import TryAgain
from penstock.export.cursors import Cursor, CursorFile, Pending
from penstock.export.delivery import Outlet, Parcel, Refused
from penstock.stores.ledger import CallRow, LedgerReader, LedgerUnavailable, Query

PAGE: Final = 500
"""So many calls are read at once."""

LONGEST_PAUSE: Final = 60.0
"""Seconds between two attempts, unless the receiver asks for more time."""

_LONGEST_ASKED_PAUSE = 3600.0
_FIRST_PAUSE = 1.0

log = logging.getLogger("penstock.keeper")

Gateways = frozenset[tuple[str, str]]


class Batching(NamedTuple):
    """When a parcel is full, and how many seconds its first call waits at most."""

    records: int
    bytes: int
    interval: float


@dataclass(slots=True)
class _Building:
    """A parcel in the making: the calls from behind the cursor up to `reach`."""

    reach: int
    first: int = 0
    last: int = 0
    size: int = 0
    since: float = 0.0  # when its first call was seen, by the monotonic clock
    full: bool = False
    records: list[bytes] = field(default_factory=list)


class Exporter:
    """Calls of some gateways on their way to one outlet. `name` is what its cursor is known by."""

    def __init__(
        self,
        name: str,
        gateways: Collection[tuple[str, str]],
        outlet: Outlet,
        batching: Batching,
        cursors: CursorFile,
        clock: Clock,
    ) -> None:
        self.name = name
        self.gateways: Gateways = frozenset(gateways)
        self._where = _where(self.gateways)
        self._outlet = outlet
        self._batching = batching
        self._cursors = cursors
        self._clock = clock
        self._building: _Building | None = None
        self._not_before = 0.0

    @property
    def cursor(self) -> Cursor:
        """How far it has come."""
        found = self._cursors.get(self.name)
        assert found is not None, "begin() comes first"
        return found

    @property
    def after(self) -> int | None:
        """Arrivals up to this one are dealt with; None before it has begun."""
        cursor = self._cursors.get(self.name)
        return None if cursor is None else cursor.after

    def begin(self, last_arrival: int, since: int | None = None) -> None:
        """To be called before steps. A new exporter begins with the calls to come, or those behind an arrival that is
        known to be the last one before it was there; after a loss, with all there are.
        """
        if self._cursors.forgotten_until > last_arrival:
            self._cursors.forgotten_until = 0
        cursor = self._cursors.get(self.name)
        if cursor is None:
            first = last_arrival if since is None else min(since, last_arrival)
            self._keep(Cursor(0 if self._cursors.is_lost else first))
        elif cursor.after > last_arrival:  # the ledger is another one, or lost its last moment in a power cut
            self._cursors.put(self.name, replace(cursor, after=last_arrival, pending=None))
            self._building = None

    async def step(self, ledger: LedgerReader, *, now: bool = False) -> bool:
        """Reads one page, or delivers what is due; whether there is more to do at once.

        `now`: nothing waits for its interval. Raises `LedgerUnavailable`, `OSError` where the cursor cannot be kept.
        """
        if self._clock.monotonic() < self._not_before and not now:
            return False
        building = self._building or self._begun()
        more = not building.full and self._gather(building, ledger)
        if building.records and self._is_due(building, now):
            return await self._deliver(building)
        if not building.records:
            self._pass_over(building)
        return more

    def waiting_since_us(self, ledger: LedgerReader) -> int | None:
        """When the oldest of the calls to come next began; None when none are waiting. Raises `LedgerUnavailable`."""
        rows = ledger.arrived(self._where, self.cursor.after, PAGE)
        return min((row.created_us for row in rows), default=None)

    # -- collecting

    def _begun(self) -> _Building:
        cursor = self.cursor
        given_up = self._cursors.forgotten_until - cursor.after
        if given_up > 0:
            log.error("%s was down for too long: %d calls were not kept for it", self.name, given_up)
            cursor = replace(
                cursor,
                after=self._cursors.forgotten_until,
                forgotten=cursor.forgotten + given_up,
                pending=None,
            )
            self._cursors.put(self.name, cursor)
        self._building = _Building(cursor.after)
        return self._building

    def _gather(self, building: _Building, ledger: LedgerReader) -> bool:
        """Adds a page of calls; whether there may be another one."""
        newest = ledger.last_arrival()  # asked first: what has come by now is read below
        if newest <= building.reach:
            return False
        pending = self.cursor.pending
        rows = ledger.arrived(self._where, building.reach, PAGE)
        for row in rows:
            assert row.arrival is not None, "arrived() gives numbered calls"
            if pending is not None and row.arrival > pending.until:
                building.reach = pending.until
                break
            building.reach = row.arrival
            if (row.account, row.gateway) not in self.gateways:
                continue
            self._add(building, row.arrival, self._encoded(row, ledger))
            if pending is None and self._is_full(building):
                break
        else:
            if len(rows) < PAGE:
                building.reach = max(building.reach, newest)
        building.full = self._is_full(building) if pending is None else building.reach >= pending.until
        return building.reach < newest

    def _encoded(self, row: CallRow, ledger: LedgerReader) -> bytes | None:
        """One call that cannot be written down must not hold up the others: it is said and counted."""
        try:
            return self._outlet.encode(row, ledger.bodies(row.id))
        except LedgerUnavailable:
            raise
        except Exception:
            log.exception("%s: call %s is lost to it", self.name, row.id)
            self._cursors.put(self.name, replace(self.cursor, refused=self.cursor.refused + 1))
            return None

    def _add(self, building: _Building, arrival: int, record: bytes | None) -> None:
        if record is None:
            return
        if not building.records:
            building.first, building.since = arrival, self._clock.monotonic()
        building.last = arrival
        building.size += len(record)
        building.records.append(record)

    def _is_full(self, building: _Building) -> bool:
        return len(building.records) >= self._batching.records or building.size >= self._batching.bytes

    def _is_due(self, building: _Building, now: bool) -> bool:
        if building.full or self.cursor.pending is not None:
            return building.full
        return now or self._clock.monotonic() - building.since >= self._batching.interval

    def _pass_over(self, building: _Building) -> None:
        """Nothing of what was read is for this exporter."""
        cursor = self.cursor
        if building.reach > cursor.after:
            is_gone = cursor.pending is not None and building.reach >= cursor.pending.until
            pending = None if is_gone else cursor.pending  # retention was faster than we were
            self._cursors.put(self.name, replace(cursor, after=building.reach, pending=pending))
        if building.full:
            self._building = None

    # -- delivering

    async def _deliver(self, building: _Building) -> bool:
        cursor = self.cursor
        if cursor.pending is None:
            cursor = replace(cursor, pending=Pending(building.reach, self._clock.now_us()))
            self._keep(cursor)
        assert cursor.pending is not None
        building.full = True  # its bounds are on disk and must not change any more
        parcel = Parcel(building.first, building.last, cursor.pending.at_us, building.records)
        try:
            await self._outlet.deliver(parcel)
        except TryAgain as error:
            self._wait(cursor, error)
            return False
        except Refused as error:
            log.error("%s: %d calls are lost to it: %s", self.name, len(parcel.records), error)
            self._arrived(building, refused=len(parcel.records))
        else:
            if cursor.failures:
                log.info("%s can be delivered to again, nothing is lost", self.name)
            self._arrived(building, delivered=len(parcel.records))
        return True

    def _arrived(self, building: _Building, delivered: int = 0, refused: int = 0) -> None:
        cursor = self.cursor
        self._building = None
        self._keep(
            replace(
                cursor,
                after=building.reach,
                pending=None,
                delivered=cursor.delivered + delivered,
                refused=cursor.refused + refused,
                failures=0,
            )
        )

    def _wait(self, cursor: Cursor, error: TryAgain) -> None:
        if cursor.failures == 0:
            log.error("%s: calls wait in the ledger, delivery is tried again: %s", self.name, error)
        pause = min(_FIRST_PAUSE * 2 ** min(cursor.failures, 10), LONGEST_PAUSE)
        if error.after is not None:
            pause = max(pause, min(error.after, _LONGEST_ASKED_PAUSE))
        self._not_before = self._clock.monotonic() + pause
        failed = replace(cursor, failures=cursor.failures + 1)
        if cursor.failures == 0:
            self._keep(failed)  # so that others see it
        else:
            self._cursors.put(self.name, failed)

    def _keep(self, cursor: Cursor) -> None:
        self._cursors.put(self.name, cursor)
        self._cursors.save()


def _where(gateways: Gateways) -> Query:
    """As narrow as one query can be; pairs of account and gateway are looked at again."""
    accounts = {account for account, _ in gateways}
    names = tuple(sorted({gateway for _, gateway in gateways}))
    return Query(account=accounts.pop() if len(accounts) == 1 else None, gateways=names)
