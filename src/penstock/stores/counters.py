"""Counters with windows: how much of a limit is used, counted exactly by all workers together.

Nouns and one protocol; no engine here, and no notion of what is counted: an amount is a number of requests,
or of nano-dollars. Every verb is one atomic step, so that nobody can look first and act afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

import msgspec


class CountersUnavailable(Exception):
    """The counters cannot be used: no room, or a broken store. Nothing was counted."""


class Window(msgspec.Struct, frozen=True, gc=False):
    """The span a limit speaks of.

    Fixed windows are aligned to the clock and start empty; a sliding one is the trailing `seconds`
    (Cloudflare 3.3). What is remembered of a counter does not depend on its window: a limit may change its
    window and keep what was counted.
    """

    seconds: int
    sliding: bool


class Family(NamedTuple):
    """Whose counters callers make up by naming values: those of a rule, and the account that the rule belongs to."""

    account: bytes
    rule: bytes


class Claim(msgspec.Struct, frozen=True, gc=False):
    """Wants `amount` of what `limit` leaves free on the counter `key`.

    With a `family` the key is a caller's value, which has a counter of its own as long as there is room in the
    family's share. Without room for another, values are counted on counters that several of the family have together.
    """

    key: bytes
    amount: int
    limit: int
    window: Window
    family: Family | None = None


class Granted(msgspec.Struct, frozen=True, gc=False):
    """There was room in all of them. In the order of the claims."""

    remaining: tuple[int, ...]  # what each limit leaves free now
    reset_us: tuple[int, ...]  # microseconds until each window begins to give room again


class Refused(msgspec.Struct, frozen=True, gc=False):
    """There was no room in the claim `index`, and nothing was taken from any."""

    index: int
    remaining: int  # what is left, less than the claim's amount
    retry_us: int  # microseconds until the claim could be granted, if nobody else takes anything


class Reservation(NamedTuple):
    """What was set aside for a call that is under way. An opaque name and the amount."""

    id: bytes
    amount: int


class Standing(NamedTuple):
    """How a counter stands: what is used, reservations included, and when its window begins to give room again."""

    used: int
    reset_us: int  # microseconds from now


class Looked(NamedTuple):
    """A counter to look at; with a family the key is a caller's value, as in a claim. Of one of which less than `least`
    is used it need not be told how it stands: it may be told as unused.
    """

    key: bytes
    window: Window
    family: Family | None = None
    least: int = 0


class CounterReader(Protocol):
    """What shows how counters stand, as they were last written. May be asked from any thread; raises
    `CountersUnavailable`.
    """

    def standings(self, looked: Iterable[Looked], now_us: int) -> list[Standing]:
        """Of each, all at one moment. One that is not there is unused; a value without a counter of its own stands as
        the one on which it would be counted.
        """

    def of_family(self, family: Family, window: Window, least: int, most: int, now_us: int) -> list[Standing]:
        """Those of a family's counters of which `least` (above 0) or more is used, in no order. No more than `most`
        counters are looked at; whose each is cannot be told.
        """


class Counters(CounterReader, Protocol):
    """Times are wall-clock microseconds; amounts are whole numbers, zero included."""

    def take(self, claims: Sequence[Claim], now_us: int) -> Granted | Refused:
        """Counts all claims, or none of them. What was taken stays taken."""

    def reserve(
        self, claims: Sequence[Claim], now_us: int, *, partial: bool = False
    ) -> Reservation | Refused:
        """Sets the claims' amounts (all the same) aside until the call has ended; all of them, or none.

        A counter that is at its limit already refuses also a claim of nothing. `partial`: the amount is a guess,
        and where less is left, that is set aside; only where nothing is left it is refused.
        """

    def settle(
        self, reservation: Reservation, used: int, now_us: int, *, with_receipt: bool = False
    ) -> bytes:
        """Gives back what was set aside and counts what was used, now. A second time changes nothing.

        A reservation that was given back already, because its worker was taken for dead, still counts `used`. With a
        receipt, if it is asked for, what was counted can be corrected later; else, and the second time, it is empty.
        """

    def amend(self, receipt: bytes, change: int, mark: bytes, now_us: int) -> None:
        """Corrects what was counted: `change` below 0 is taken out of where it was counted, as far as that still
        counts; above 0 it is counted now. The same `mark` (1 to 255 bytes) does so once within an hour.
        """

    def used(self, key: bytes, window: Window, now_us: int) -> int:
        """How much of the counter is used now, reservations included; also of a value with a counter of its own."""

    def beat(self, now_us: int) -> None:
        """This worker is alive. To be called about once a second."""

    def reap(self, now_us: int) -> int:
        """Gives back what dead workers had set aside, and forgets counters without content; how many reservations."""


class OpenCounters(NamedTuple):
    """Counters, how to let go of them, and how to keep them in order."""

    counters: Counters
    close: Callable[[], None]
    tend: Callable[[], None]  # about once a second: sees to it that the store is the one in its place
