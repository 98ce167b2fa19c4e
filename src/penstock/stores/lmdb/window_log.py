"""The stored form of one counter: a log of times and amounts, ascending, with their total in front.

Two methods have to hold exactly (Cloudflare 3.3): a fixed window, which needs one sum and when it began, and a sliding
one, "not more than so much in any span of this length", for which one must know when each amount came. A log is both:
a fixed window is a log with one entry, a sliding one keeps an entry for each amount until it has left the longest
window that was asked of it. Which entries are live is decided when the log is read, so a counter does not depend on
the window it was counted with.

What that costs is bounded: a sliding log is exact up to `EXACT_ENTRIES`; beyond, a new amount is put at the end of its
quantum, a 128th of the window, which bounds the log to about twice as many entries. Amounts then leave up to a quantum
late and never early: a limit may admit a little less than it says, never more. Where there is no room for that many,
a log is made coarse: the same with quarters of the window, and at most `COARSE_BYTES`.

Pure: bytes and values, no engine. `total | longest window | (time, amount)*`, all i64 of this machine, microseconds.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from itertools import pairwise

import msgspec

from penstock.stores.counters import Window

EXACT_ENTRIES = 128
LARGEST = (1 << 63) - 1
"""The largest total a counter can have."""

COARSE_BYTES = 10 * 16
"""The longest stored form of a coarse log."""

_HEAD = struct.Struct("=qq")
_ENTRY = struct.Struct("=qq")
_SINGLE = struct.Struct("=qqqq")  # a head and one entry: all that a fixed window needs
_HEAD_BYTES = _HEAD.size
_ENTRY_BYTES = _ENTRY.size
_EXACT_BYTES = EXACT_ENTRIES * _ENTRY_BYTES
_COARSE_PARTS = 4  # of a window; a log reaches a window back, and another ahead where clocks disagree


class Log(msgspec.Struct, frozen=True, gc=False):
    """What is live of a counter. `total` is the sum of the amounts in `entries`."""

    total: int
    longest_us: int  # the longest window the counter was used with
    entries: bytes


_EMPTY = Log(0, 0, b"")


def span_us(window: Window) -> int:
    """The length of a window."""
    return window.seconds * 1_000_000


def live(value: bytes | None, window: Window, now_us: int) -> Log:
    """What counts now of a stored counter. One that is not there, or has an impossible length, is empty.

    Entries further ahead than the window is long were written before the clock was set back; they are taken
    as if from now, so that they leave within one window.
    """
    size = 0 if value is None else len(value)
    if value is None or size <= _HEAD_BYTES or size % _ENTRY_BYTES:
        return _EMPTY
    span = window.seconds * 1_000_000
    since = now_us - span + 1 if window.sliding else now_us - now_us % span
    total, longest, first, _ = _SINGLE.unpack_from(value)
    log = Log(total, longest, value[_HEAD_BYTES:])
    if first < since:
        log = _without_before(log, since)
        if not log.entries:
            return log
    last: int = _ENTRY.unpack_from(value, size - _ENTRY_BYTES)[0]
    return log if last <= now_us + span else _pulled_back(log, now_us)


def plus(log: Log, amount: int, window: Window, now_us: int) -> tuple[Log, int]:
    """The live log with `amount` (above 0) counted now, and the time of the entry it went into."""
    total, entries = log.total, log.entries
    span = window.seconds * 1_000_000
    longest = log.longest_us if log.longest_us > span else span
    at = now_us
    if entries:
        last, there = _ENTRY.unpack_from(entries, len(entries) - _ENTRY_BYTES)
        if last >= now_us or not window.sliding:
            merged = entries[:-_ENTRY_BYTES] + _ENTRY.pack(last, there + amount)
            return Log(total + amount, longest, merged), last
        if len(entries) >= _EXACT_BYTES:
            quantum = span // EXACT_ENTRIES
            at = (now_us // quantum + 1) * quantum
    return Log(total + amount, longest, entries + _ENTRY.pack(at, amount)), at


def minus(log: Log, amount: int, time_us: int, window: Window) -> Log:
    """The log with `amount` taken out of the entry of that time, or as much as is there, if it is there.

    Where the log was made coarse since, it is in the entry that took its place.
    """
    total, longest, entries = log.total, log.longest_us, log.entries
    numbers = memoryview(entries).cast("q")
    index = bisect_left(numbers[::2], time_us)
    start = index * _ENTRY_BYTES
    if start == len(entries):
        return log
    time, there = numbers[2 * index], numbers[2 * index + 1]
    if time != time_us and time != _coarse_us(time_us, window):
        return log
    rest = _ENTRY.pack(time, there - amount) if there > amount else b""
    kept = entries[:start] + rest + entries[start + _ENTRY_BYTES :]
    return Log(total - min(amount, there), longest, kept)


def coarse(log: Log, window: Window) -> Log:
    """The live log with fewer entries: each at the end of its quarter of the window."""
    folded: dict[int, int] = {}
    for time, amount in _ENTRY.iter_unpack(log.entries):
        at = _coarse_us(time, window)
        folded[at] = folded.get(at, 0) + amount
    return Log(log.total, log.longest_us, b"".join([_ENTRY.pack(*entry) for entry in folded.items()]))


def _coarse_us(time_us: int, window: Window) -> int:
    quarter = window.seconds * 1_000_000 // _COARSE_PARTS
    return -(-time_us // quarter) * quarter


def written(value: bytes | None) -> int:
    """The total of a stored counter as it was written: what is live of it is no more."""
    return int(_HEAD.unpack_from(value)[0]) if value is not None and len(value) > _HEAD_BYTES else 0


def stored(log: Log) -> bytes:
    """The form that `live` reads."""
    return _HEAD.pack(log.total, log.longest_us) + log.entries


def reset_us(log: Log, window: Window, now_us: int) -> int:
    """Until the window begins to give room again: it ends, or its oldest entry leaves."""
    span = window.seconds * 1_000_000
    if not window.sliding:
        return span - now_us % span
    if not log.entries:
        return span
    first: int = _ENTRY.unpack_from(log.entries)[0]
    return first + span - now_us


def leaves_us(log: Log, surplus: int, window: Window, now_us: int) -> int:
    """Until `surplus` of the live log has left it; the whole window, if there is less in it than that."""
    span = span_us(window)
    for time, amount in _ENTRY.iter_unpack(log.entries):
        surplus -= amount
        if surplus <= 0:
            begun = time if window.sliding else time - time % span
            return int(begun + span - now_us)
    return span


def is_over(value: bytes, now_us: int) -> bool:
    """Whether nothing of a stored counter can be live in any window it was used with."""
    return over_us(value) <= now_us


def over_us(value: bytes) -> int:
    """From when on nothing of a stored counter can be live; zero for an empty one, and one of an impossible length."""
    if len(value) <= _HEAD_BYTES or len(value) % _ENTRY_BYTES:
        return 0
    _, longest = _HEAD.unpack_from(value)
    last, _ = _ENTRY.unpack_from(value, len(value) - _ENTRY_BYTES)
    return int(last + longest)


def is_sound(value: bytes) -> bool:
    """Whether a stored counter is one: its total is the sum of its amounts, and its times ascend.

    One of which all was taken back has no amounts.
    """
    if len(value) < _HEAD_BYTES or len(value) % _ENTRY_BYTES:
        return False
    total, longest = _HEAD.unpack_from(value)
    numbers = struct.unpack_from(f"={(len(value) - _HEAD_BYTES) // 8}q", value, _HEAD_BYTES)
    times, amounts = numbers[::2], numbers[1::2]
    is_ascending = all(one < other for one, other in pairwise((0, *times)))
    return longest > 0 and min(amounts, default=1) > 0 and sum(amounts) == total and is_ascending


def set_right(value: bytes, now_us: int) -> bytes | None:
    """A stored counter whose times lie ahead by more than its longest window, taken as if from now; else None."""
    total, longest = _HEAD.unpack_from(value)
    last, _ = _ENTRY.unpack_from(value, len(value) - _ENTRY_BYTES)
    if last <= now_us + longest:
        return None
    return stored(_pulled_back(Log(total, longest, value[_HEAD_BYTES:]), now_us))


def _without_before(log: Log, since_us: int) -> Log:
    numbers = memoryview(log.entries).cast("q")
    gone = bisect_left(numbers[::2], since_us)
    entries = log.entries[gone * _ENTRY_BYTES :]
    # An empty log starts from nothing, whatever a damaged head said.
    total = log.total - sum(numbers[1 : 2 * gone : 2]) if entries else 0
    return Log(total, log.longest_us, entries)


def _pulled_back(log: Log, now_us: int) -> Log:
    numbers = memoryview(log.entries).cast("q")
    past = bisect_left(numbers[::2], now_us)
    ahead = sum(numbers[2 * past + 1 :: 2])
    return Log(log.total, log.longest_us, log.entries[: past * _ENTRY_BYTES] + _ENTRY.pack(now_us, ahead))
