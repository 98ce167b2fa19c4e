"""A worker's memory for what is buffered: how much there is, whose turn it is, and who has to go when it is full.

Everything that waits takes from one budget: request bodies that are read whole, kept answers on their way, what
clients do not read, captures for the log. Each account leaves a part to the others. Who needs room asks for all of it
at once, waits in order, and is refused in bounded time: nobody waits for ever for somebody who waits as well. What is
small never asks.
"""

from __future__ import annotations

import asyncio

from penstock.budget import Budget
from penstock.clock import Clock
from penstock.errors import BUSY, GatewayError

PATIENCE = 10.0  # seconds that somebody waits for room
_PRESSED = 1.0  # seconds of waiting from which on the slow have to go
_RETRY_AFTER = b"retry-after: 5\r\n"


class Room:
    """The memory of one worker, in bytes. `budget` is all of it."""

    def __init__(self, size: int, clock: Clock) -> None:
        self.budget = Budget(size)
        self.reserve = size // 4  # beyond as much of its own, an account leaves this to the others
        self.most = size - self.reserve  # that one request can ever have
        self.is_tight = False  # less than the reserve is free
        self._clock = clock
        self._held: dict[str, int] = {}
        self._waiters: list[_Waiter] = []
        self.freed = 0  # bytes given back; to be set to 0 by who does something about it

    def part(self, size: int) -> Budget:
        """A budget for what can be done without: it takes what is free, but for the reserve."""
        return Budget(size, self.budget, self.reserve)

    def share(self, account: str) -> Share:
        """What one holder of an account takes; holds nothing yet. Callers that are not known share an account."""
        return Share(self, account)

    @property
    def pressed(self) -> bool:
        """Whether somebody waits, or there is more than there should be: who does not move on should make room."""
        if self.budget.free < 0:
            return True
        return bool(self._waiters) and self._clock.monotonic() - min(map(_since, self._waiters)) >= _PRESSED

    def check(self, account: str) -> None:
        """Whether another call of this account may begin; to be asked when it `is_tight`.

        Raises `GatewayError` 503.
        """
        if self.budget.free <= 0 or self._held.get(account, 0) > self.reserve:
            raise busy()

    def sweep(self) -> None:
        """Refuses who has waited long enough; its parts give back without telling. To be called about once a second."""
        self.is_tight = self.budget.free < self.reserve
        self._grant()
        now = self._clock.monotonic()
        for waiter in tuple(self._waiters):
            if now - waiter.since >= PATIENCE and not waiter.granted.done():
                waiter.granted.set_exception(busy())

    # -- for shares

    def fits(self, account: str, amount: int) -> bool:
        """Whether an account can have so much more now."""
        free = self.budget.free
        if amount > self.most:
            return not self._held  # an answer that was kept when there was more: alone
        if amount > free:
            return False
        return self._held.get(account, 0) + amount <= self.reserve or amount <= free - self.reserve

    def is_awaited(self, account: str) -> bool:
        """Whether somebody of this account waits already."""
        return any(waiter.share.account == account for waiter in self._waiters)

    def count(self, account: str, amount: int) -> None:
        """Takes, or with less than zero gives back."""
        self.budget.force(amount)
        self.is_tight = self.budget.free < self.reserve
        held = self._held.get(account, 0) + amount
        if held:
            self._held[account] = held
        else:
            self._held.pop(account, None)
        if amount < 0:
            self.freed -= amount
            if self._waiters:
                self._grant()

    async def wait(self, share: Share, amount: int) -> None:
        """Waits until a share could take so much, and has. Raises `GatewayError` 503."""
        waiter = _Waiter(share, amount, self._clock.monotonic())
        # Who holds something already goes first: others wait for what it holds.
        place = sum(1 for one in self._waiters if one.share.held) if share.held else len(self._waiters)
        self._waiters.insert(place, waiter)
        try:
            await waiter.granted
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def _grant(self) -> None:
        """Lets in who fits, in order; within an account nobody overtakes."""
        blocked: set[str] = set()
        for waiter in tuple(self._waiters):
            account = waiter.share.account
            if account in blocked or waiter.granted.done():
                continue
            if self.fits(account, waiter.amount):
                self._waiters.remove(waiter)
                waiter.share.force(waiter.amount)
                waiter.granted.set_result(None)
            else:
                blocked.add(account)


class Share:
    """What one holder has taken of the room, in bytes."""

    __slots__ = ("_room", "account", "held")

    def __init__(self, room: Room, account: str) -> None:
        self._room = room
        self.account = account
        self.held = 0

    def take(self, amount: int) -> bool:
        """Takes so much, if it can be had now and nobody of the account waits for it."""
        if self._room.is_awaited(self.account) or not self._room.fits(self.account, amount):
            return False
        self.force(amount)
        return True

    async def wait(self, amount: int) -> None:
        """Takes so much when it is there. Raises `GatewayError` 503 when that takes too long."""
        await self._room.wait(self, amount)

    def force(self, amount: int) -> None:
        """Takes what is there already."""
        self.held += amount
        self._room.count(self.account, amount)

    def hold(self, amount: int) -> None:
        """From now on it holds so much, whether or not there is room for it."""
        if amount != self.held:
            self.force(amount - self.held)

    def release(self) -> None:
        """Gives all of it back."""
        self.hold(0)


class _Waiter:
    """Somebody in the line."""

    __slots__ = ("amount", "granted", "share", "since")

    def __init__(self, share: Share, amount: int, since: float) -> None:
        self.share = share
        self.amount = amount
        self.since = since
        self.granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()


def _since(waiter: _Waiter) -> float:
    return waiter.since


def busy() -> GatewayError:
    """There is no room for what a call needs to hold."""
    reason = "the memory for what waits is in use by other calls; try again, or raise max_memory_bytes"
    return GatewayError(BUSY, reason, headers=_RETRY_AFTER)
