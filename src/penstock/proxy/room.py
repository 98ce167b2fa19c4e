"""A worker's memory for what is buffered: how much there is, whose turn it is, and who has to go when it is full.

Everything that waits takes from one budget: request bodies that are read whole, kept answers on their way, what
clients do not read, captures for the log. Each account leaves a part to the others. Who needs room asks for all of it
at once, waits in order, and is refused in bounded time: nobody waits for ever for somebody who waits as well. What is
small never asks.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, MutableMapping
from typing import Any

from penstock.budget import Budget
from penstock.clock import Clock
from penstock.errors import BUSY, GatewayError

PATIENCE = 10.0  # seconds that somebody waits for room
_PRESSED = 1.0  # seconds of waiting from which on the slow have to go
_AT_ONCE = 50  # who are refused in one turn of the event loop
_IN_SCOPE = "penstock.share"
_RETRY_AFTER = b"retry-after: 5\r\n"


class Room:
    """The memory of one worker, in bytes. `budget` is all of it."""

    def __init__(self, size: int, clock: Clock) -> None:
        self.budget = Budget(size)
        self._size = size
        self._quarter = size // 4
        self._parts: list[tuple[int, Budget]] = []
        self.most = size - self._quarter  # that one request can ever have
        self.is_tight = False  # less than the reserve is free
        self._clock = clock
        self._held: dict[str, int] = {}
        self._lines: dict[str, _Line] = {}  # of accounts of whom somebody waits
        self.freed = 0  # bytes given back; to be set to 0 by who does something about it

    def part(self, size: int) -> Budget:
        """A budget for what can be done without: it takes what is free, but for a quarter of all."""
        part = Budget(size, self.budget, self._quarter)
        self._parts.append((size, part))
        return part

    @property
    def reserve(self) -> int:
        """Beyond as much of its own, an account leaves this to the others: a quarter of what the parts leave."""
        return (self._size - sum(size - part.free for size, part in self._parts)) // 4

    def share(self, account: str) -> Share:
        """What one holder of an account takes; holds nothing yet. Callers that are not known share an account."""
        return Share(self, account)

    def presses(self, account: str) -> bool:
        """Whether who holds something for this account, and does not move on, should make room: for somebody who
        waits, or because there is more than there should be. Who has its part or less need not do so for others
        who want more than theirs.
        """
        is_modest = self._held.get(account, 0) <= self.reserve
        if self.budget.free < 0 and not (is_modest and any(map(self._is_greedy, self._held.values()))):
            return True
        due = self._clock.monotonic() - _PRESSED
        for waiting, line in self._lines.items():
            if line.oldest <= due and (not is_modest or waiting == account or self._is_modest(line.first)):
                return True
        return False

    def is_over(self, account: str) -> bool:
        """Whether none is free, or little and this account holds more than its part."""
        return self.budget.free <= 0 or (self.is_tight and self._is_greedy(self._held.get(account, 0)))

    def check(self, account: str) -> None:
        """Whether another call of this account may begin; to be asked when it `is_tight`.

        Raises `GatewayError` 503.
        """
        if self.is_over(account):
            raise busy()

    def sweep(self) -> None:
        """Refuses who has waited long enough; its parts give back without telling. To be called about once a second."""
        self.is_tight = self.budget.free < self.reserve
        self._grant()
        self._refuse(self._clock.monotonic() - PATIENCE)

    # -- for shares

    def fits(self, account: str, amount: int) -> bool:
        """Whether an account can have so much more now."""
        free, reserve = self.budget.free, self.reserve
        if amount > self.most:
            return not self._held  # an answer that was kept when there was more: alone
        if amount > free:
            return False
        return self._held.get(account, 0) + amount <= reserve or amount <= free - reserve

    def is_awaited(self, account: str) -> bool:
        """Whether somebody of this account waits already."""
        return account in self._lines

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
            if self._lines:
                self._grant()

    async def wait(self, share: Share, amount: int) -> None:
        """Waits until a share could take so much, and has. Raises `GatewayError` 503."""
        line = self._lines.setdefault(share.account, _Line(share.account))
        waiter = _Waiter(share, amount, self._clock.monotonic())
        line.add(waiter)
        try:
            await waiter.granted
        finally:
            line.remove(waiter)
            self._close(line)

    def _grant(self) -> None:
        """Lets in who fits, in order; within an account nobody overtakes."""
        for line in sorted(self._lines.values(), key=_Line.rank):
            while line:
                waiter = line.first
                if not waiter.granted.done():
                    if not self.fits(line.account, waiter.amount):
                        break
                    waiter.share.force(waiter.amount)
                    waiter.granted.set_result(None)
                line.remove(waiter)
            self._close(line)

    def _refuse(self, due: float) -> None:
        """Those who have waited since then; of many, a part in each turn of the loop: each has its answer to write."""
        left = _AT_ONCE
        for line in tuple(self._lines.values()):
            while left and line and line.oldest <= due:
                left -= 1
                waiter = line.pop_oldest()
                if not waiter.granted.done():
                    waiter.granted.set_exception(busy())
            self._close(line)
        if not left:
            asyncio.get_running_loop().call_soon(self._refuse, due)

    def _close(self, line: _Line) -> None:
        """Nobody waits in it any more, perhaps."""
        if not line and self._lines.get(line.account) is line:
            del self._lines[line.account]

    def _is_greedy(self, held: int) -> bool:
        return held > self.reserve

    def _is_modest(self, waiter: _Waiter) -> bool:
        """Whether what somebody wants is within the part of its account."""
        return self._held.get(waiter.share.account, 0) + waiter.amount <= self.reserve


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


class _Line:
    """Those of one account who wait, in order. Who holds something goes first: others wait for what it holds.

    What is done for one of them takes no longer where many wait.
    """

    __slots__ = ("_empty_handed", "_holders", "account")

    def __init__(self, account: str) -> None:
        self.account = account
        self._holders: OrderedDict[_Waiter, None] = OrderedDict()
        self._empty_handed: OrderedDict[_Waiter, None] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._holders or self._empty_handed)

    def add(self, waiter: _Waiter) -> None:
        (self._holders if waiter.share.held else self._empty_handed)[waiter] = None

    def remove(self, waiter: _Waiter) -> None:
        """Where it is still there."""
        self._holders.pop(waiter, None)
        self._empty_handed.pop(waiter, None)

    @property
    def first(self) -> _Waiter:
        """Whose turn is next. The line must not be empty."""
        return next(iter(self._holders or self._empty_handed))

    def pop_oldest(self) -> _Waiter:
        waiter = min(self._heads(), key=_since)
        self.remove(waiter)
        return waiter

    @property
    def oldest(self) -> float:
        """Since when somebody waits in it, in monotonic seconds."""
        return min(map(_since, self._heads()))

    def rank(self) -> tuple[bool, float]:
        """Lines of lower rank have their turn before."""
        return not self._holders, self.oldest

    def _heads(self) -> list[_Waiter]:
        return [next(iter(part)) for part in (self._holders, self._empty_handed) if part]


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


def hold_for_answer(scope: MutableMapping[str, Any], share: Share) -> None:
    """Lets the connection of a request to an ASGI application know what the application holds for its answer."""
    scope[_IN_SCOPE] = share


def held_for_answer(scope: Mapping[str, Any]) -> Share | None:
    """What that is, if anything."""
    share = scope.get(_IN_SCOPE)
    return share if isinstance(share, Share) else None


def busy() -> GatewayError:
    """There is no room for what a call needs to hold."""
    reason = "the memory for what waits is in use by other calls; try again, or raise max_memory_bytes"
    return GatewayError(BUSY, reason, headers=_RETRY_AFTER)
