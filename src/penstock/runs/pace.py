"""When to look at runs that nobody else looks at: how soon first, how often then, when one is late.

Data with its source, and pure rules over it: time and chance come as arguments. Reading is free and hardly limited
(Parallel 1.10), so this is about being gentle. What a look makes of a run is in `becoming.py`.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from penstock.runs.becoming import AGAIN_US, has_ended
from penstock.runs.run import Money, Run, RunKind, SeenBy

_SECOND: Final = 1_000_000
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE


class Pace(NamedTuple):
    """Seconds. `usual` is how long such runs take at most, as a rule."""

    first: float
    every: float
    stale: float
    usual: float


# Usual latencies as Parallel documents them (2.9.8; the newest page where pages differ). The other columns are ours:
# short runs are looked at often, as somebody waits for them.
_TASKS: Final = {
    "lite": Pace(10, 10, 10 * _MINUTE, 2 * _MINUTE),
    "base": Pace(15, 15, 15 * _MINUTE, 3 * _MINUTE),
    "core": Pace(30, 30, 30 * _MINUTE, 5 * _MINUTE),
    "core2x": Pace(30, 30, 30 * _MINUTE, 10 * _MINUTE),
    "pro": Pace(60, 45, 45 * _MINUTE, 10 * _MINUTE),
    "ultra": Pace(2 * _MINUTE, 60, 90 * _MINUTE, 25 * _MINUTE),
    "ultra2x": Pace(5 * _MINUTE, 2 * _MINUTE, 3 * _HOUR, 50 * _MINUTE),
    "ultra4x": Pace(5 * _MINUTE, 2 * _MINUTE, 4 * _HOUR, 90 * _MINUTE),
    "ultra8x": Pace(5 * _MINUTE, 2 * _MINUTE, 6 * _HOUR, 2 * _HOUR),
}
_FAST: Final = {
    "lite": 20,
    "base": 50,
    "core": 100,
    "core2x": 3 * _MINUTE,
    "pro": 5 * _MINUTE,
    "ultra": 10 * _MINUTE,
    "ultra2x": 20 * _MINUTE,
    "ultra4x": 40 * _MINUTE,
    "ultra8x": 60 * _MINUTE,
}
TASKS: Final = _TASKS | {f"{name}-fast": _TASKS[name]._replace(usual=usual) for name, usual in _FAST.items()}
FINDALLS: Final = {  # minutes to hours, not published: taken for late when it is stale
    "preview": Pace(30, 30, 12 * _HOUR, 6 * _HOUR),
    "base": Pace(30, 30, 12 * _HOUR, 6 * _HOUR),
    "core": Pace(30, 45, 12 * _HOUR, 6 * _HOUR),
    "pro": Pace(30, 60, 12 * _HOUR, 6 * _HOUR),
}
GROUP: Final = Pace(30, 30, 6 * _HOUR, 2 * _HOUR)  # one look tells of all its runs
UNKNOWN: Final = Pace(60, 60, 12 * _HOUR, 6 * _HOUR)  # as slow as the slowest

_CALLERS: Final = frozenset({SeenBy.READ, SeenBy.STREAM})
_JITTER: Final = 0.2
_SLOWER: Final = 2
_MOST_DOUBLED: Final = 16
_LONGEST: Final = float(_HOUR)  # between two looks, however many have failed
_LONGEST_ASKED: Final = 24.0 * _HOUR  # as the provider asks for

_MONITOR_LEAST: Final = 10 * _MINUTE
_MONITOR_MOST: Final = 6 * _HOUR
_LOOKS_PER_EXECUTION: Final = 6
_FREQUENCY: Final = re.compile(r"([1-9][0-9]{0,3})([hdw])", re.ASCII)
_UNITS: Final = {"h": _HOUR, "d": 24 * _HOUR, "w": 7 * 24 * _HOUR}
_CADENCES: Final = {"hourly": "1h", "daily": "1d", "weekly": "1w", "every_two_weeks": "2w"}


def pace(run: Run, frequency: str = "") -> Pace:
    """How such a run is looked at; a careful default for what nobody knows. `frequency`: a monitor's own word."""
    match run.kind:
        case RunKind.TASK:
            return TASKS.get(run.product, UNKNOWN)
        case RunKind.FINDALL:
            return FINDALLS.get(run.product, UNKNOWN)
        case RunKind.GROUP:
            return GROUP
        case RunKind.MONITOR:
            every = monitor_every(frequency)
            return Pace(every, every, float("inf"), float("inf"))
        case RunKind.RESPONSE:
            return UNKNOWN


def monitor_every(frequency: str) -> float:
    """Seconds between looks at a monitor that runs so often: `1h` … `30d`, or a cadence (Parallel 2.13.1, 2.13.6).

    Its executions stay listed for long, so a few looks for each are enough.
    """
    found = _FREQUENCY.fullmatch(_CADENCES.get(frequency, frequency))
    between = int(found[1]) * _UNITS[found[2]] if found else _HOUR
    return min(max(between / _LOOKS_PER_EXECUTION, _MONITOR_LEAST), _MONITOR_MOST)


def is_followed(run: Run) -> bool:
    """Whether there is something to look for: an end, or the cost of one. Responses cannot be read again."""
    if run.kind is RunKind.RESPONSE:
        return False
    return run.is_active or (run.money is not Money.NONE and run.settled_us is None)


def next_look(
    run: Run, failures: int, now_us: int, chance: float, *, retry_after: float = 0.0, frequency: str = ""
) -> int:
    """When to look at it next, in microseconds; the first time when it is just made.

    `failures`: looks that have failed in a row; `chance`: from 0 up to 1, spreads what began together by a fifth;
    `retry_after`: seconds that the provider has asked for, which are kept whole, up to a day.
    """
    pace_ = pace(run, frequency)
    until_first = pace_.first - _age(run, now_us)
    is_first = until_first > pace_.first * _JITTER  # nobody has looked before that
    wait = until_first if is_first else pace_.every * (_SLOWER if is_stale(run, now_us) else 1)
    if failures > 0:
        wait = max(wait, min(wait * 2.0 ** min(failures, _MOST_DOUBLED), _LONGEST))
    wait *= 1 - _JITTER + 2 * _JITTER * chance
    wait = max(wait, _until_settling(run, now_us), min(max(retry_after, 0.0), _LONGEST_ASKED))
    return now_us + round(wait * _SECOND)


def rests(run: Run, now_us: int, chance: float) -> int | None:
    """Of a run that is due: when to look at it, where that is not now, in microseconds.

    One that was just made has time, one that has ended may have to wait for its second look, and one that callers look
    at is looked after.
    """
    pace_ = pace(run)
    is_new = run.seen_by is SeenBy.CREATE and _age(run, now_us) < pace_.first * (1 - _JITTER)
    if is_new or _until_settling(run, now_us) > 0:
        return next_look(run, 0, now_us, chance)
    if run.seen_by not in _CALLERS or not run.is_active or run.seen_us > now_us:
        return None
    until_us = next_look(run, 0, run.seen_us, chance)
    return until_us if until_us > now_us else None


def is_stale(run: Run, now_us: int) -> bool:
    """Whether its end is so late that it is looked at more rarely. It is never taken for failed."""
    return is_followed(run) and not has_ended(run) and _age(run, now_us) > pace(run).stale


def is_stuck(run: Run, now_us: int) -> bool:
    """Whether it has taken twice as long as its processor's usually do: somebody should know."""
    is_timed = run.kind in (RunKind.TASK, RunKind.FINDALL)
    return is_timed and run.is_active and _age(run, now_us) > 2 * pace(run).usual


def _age(run: Run, now_us: int) -> float:
    """Seconds since it began: was made, or has come back; a group, since it last had something to do."""
    has_begun_again = run.revision > 0 or run.kind is RunKind.GROUP
    begun_us = max(run.created_us, run.since_us) if has_begun_again else run.created_us
    return max(now_us - begun_us, 0) / _SECOND


def _until_settling(run: Run, now_us: int) -> float:
    """Seconds until a look at a FindAll run that has ended can settle it."""
    if run.kind is not RunKind.FINDALL or run.is_active:
        return 0.0
    return (run.since_us + AGAIN_US - now_us) / _SECOND
