"""Counters in memory, with every entry on a list: slow, and easy to believe.

For tests of what works with counters. They are as exact as the protocol says; `settled` and `held` tell what was
asked of them. Nothing survives, and nobody dies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from penstock.stores.counters import (
    Claim,
    Counters,
    CountersUnavailable,
    Family,
    Granted,
    Looked,
    Refused,
    Reservation,
    Standing,
    Window,
)

SECOND = 1_000_000
FIXED = Window(60, False)


@dataclass
class _Entry:
    time_us: int
    amount: int


class MemoryCounters:
    """`Counters` of one process. `broken` makes every verb fail."""

    def __init__(self) -> None:
        self.broken = False
        self.settled: list[tuple[bytes, int]] = []
        self._entries: dict[bytes, list[_Entry]] = {}
        self._aside: dict[bytes, list[tuple[bytes, _Entry]]] = {}
        self._receipts: dict[bytes, list[tuple[bytes, _Entry]]] = {}
        self._marks: set[bytes] = set()
        self._families: dict[bytes, Family | None] = {}
        self._made = 0

    @property
    def held(self) -> int:
        """How many reservations are not settled."""
        return len(self._aside)

    @property
    def keys(self) -> set[bytes]:
        """The counters in which anything was ever counted."""
        return {key for key, entries in self._entries.items() if any(entry.amount for entry in entries)}

    def take(self, claims: Sequence[Claim], now_us: int) -> Granted | Refused:
        refused = self._check(claims, 0, now_us)
        if refused is not None:
            return refused
        for claim in claims:
            self._entries.setdefault(claim.key, []).append(_Entry(now_us, claim.amount))
        return Granted(
            tuple(claim.limit - self.used(claim.key, claim.window, now_us) for claim in claims),
            tuple(self._reset(claim, now_us) for claim in claims),
        )

    def reserve(
        self, claims: Sequence[Claim], now_us: int, *, partial: bool = False
    ) -> Reservation | Refused:
        amount = claims[0].amount if claims else 0
        if partial and claims:
            free = min(claim.limit - self.used(claim.key, claim.window, now_us) for claim in claims)
            amount = min(amount, max(1, free))
            claims = [Claim(claim.key, amount, claim.limit, claim.window, claim.family) for claim in claims]
        refused = self._check(claims, 1, now_us)
        if refused is not None:
            return refused
        aside = []
        for claim in claims:
            entry = _Entry(now_us, amount)
            self._entries.setdefault(claim.key, []).append(entry)
            aside.append((claim.key, entry))
        self._made += 1
        name = b"reservation %d" % self._made
        self._aside[name] = aside
        return Reservation(name, amount)

    def settle(
        self, reservation: Reservation, used: int, now_us: int, *, with_receipt: bool = False
    ) -> bytes:
        self._work()
        self.settled.append((reservation.id, used))
        counted = []
        for key, entry in self._aside.pop(reservation.id, ()):
            entry.amount = 0
            self._entries[key].append(_Entry(now_us, used))
            counted.append((key, self._entries[key][-1]))
        if not (with_receipt and counted):
            return b""
        self._receipts[reservation.id] = counted
        return reservation.id

    def amend(self, receipt: bytes, change: int, mark: bytes, now_us: int) -> None:
        self._work()
        if not change or mark in self._marks:
            return
        self._marks.add(mark)
        for key, entry in self._receipts.get(receipt, ()):
            if change < 0:
                entry.amount = max(0, entry.amount + change)
            else:
                self._entries[key].append(_Entry(now_us, change))

    def used(self, key: bytes, window: Window, now_us: int) -> int:
        self._work()
        span = window.seconds * SECOND
        since = now_us - span + 1 if window.sliding else now_us - now_us % span
        return sum(entry.amount for entry in self._entries.get(key, ()) if entry.time_us >= since)

    def standings(self, looked: Iterable[Looked], now_us: int) -> list[Standing]:
        return [self._standing(one.key, one.window, now_us) for one in looked]

    def of_family(self, family: Family, window: Window, least: int, most: int, now_us: int) -> list[Standing]:
        keys = [key for key, whose in self._families.items() if whose == family][:most]
        return [one for key in keys if (one := self._standing(key, window, now_us)).used >= least]

    def _standing(self, key: bytes, window: Window, now_us: int) -> Standing:
        span, used = window.seconds * SECOND, self.used(key, window, now_us)
        return Standing(used, span if window.sliding else span - now_us % span)

    def beat(self, now_us: int) -> None:
        self._work()

    def reap(self, now_us: int) -> int:
        self._work()
        return 0

    def _work(self) -> None:
        if self.broken:
            raise CountersUnavailable("broken by the test")

    def _check(self, claims: Sequence[Claim], least: int, now_us: int) -> Refused | None:
        wanted: dict[bytes, int] = {}
        for index, claim in enumerate(claims):
            already = self.used(claim.key, claim.window, now_us) + wanted.get(claim.key, 0)
            amount = max(claim.amount, least)
            if already + amount > claim.limit:
                return Refused(index, max(0, claim.limit - already), self._wait(claim, amount, now_us))
            self._families[claim.key] = claim.family
            wanted[claim.key] = wanted.get(claim.key, 0) + claim.amount
        return None

    def _wait(self, claim: Claim, amount: int, now_us: int) -> int:
        """Until there is room, looked for moment by moment at which something leaves."""
        span = claim.window.seconds * SECOND
        moments = sorted(
            entry.time_us + span if claim.window.sliding else entry.time_us - entry.time_us % span + span
            for entry in self._entries.get(claim.key, ())
        )
        for moment in moments:
            if moment > now_us and self.used(claim.key, claim.window, moment) + amount <= claim.limit:
                return moment - now_us
        return span

    def _reset(self, claim: Claim, now_us: int) -> int:
        span = claim.window.seconds * SECOND
        if not claim.window.sliding:
            return span - now_us % span
        times = [entry.time_us for entry in self._entries[claim.key] if entry.time_us > now_us - span]
        return min(times, default=now_us) + span - now_us


def claim(amount: int, limit: int, window: Window = FIXED, key: bytes = b"key") -> Claim:
    return Claim(key, amount, limit, window)


def reserve(counters: Counters, amount: int, now_us: int, window: Window = FIXED) -> Reservation:
    made = counters.reserve([claim(amount, 1000, window)], now_us)
    assert isinstance(made, Reservation)
    return made


def reserve_nothing(counters: Counters, limit: int, now_us: int, window: Window) -> Reservation:
    made = counters.reserve([claim(0, limit, window)], now_us)
    assert isinstance(made, Reservation)
    return made
