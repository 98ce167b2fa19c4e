"""What is used of tokens: of each limit, how many runs are under way, when somebody last called with them.

Reads counters, roll-ups and runs, each of which may be away: what cannot be told is None. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from penstock.access.limit_counters import LimitCounter, rate_counter, spend_counter
from penstock.pricing.units import to_usd
from penstock.stores.control_store import Token
from penstock.stores.counters import CounterReader, CountersUnavailable
from penstock.stores.ledger import LedgerUnavailable
from penstock.stores.rollups import Bucket, Group, Having, Question, Rollups, Unanswerable
from penstock.stores.runs import RunQuery, RunReader, RunsUnavailable

_HOUR_US: Final = 3_600_000_000
_DAY_US: Final = 24 * _HOUR_US
_LOOKS: Final = (
    (2 * _DAY_US, Bucket("hour")),
    (31 * _DAY_US, Bucket("day")),
    (400 * _DAY_US, Bucket("month")),
)
_FEW: Final = 200  # tokens that are asked for by name
_MOST_GROUPS: Final = 200_000


class LimitUse(msgspec.Struct, frozen=True):
    """Requests or US dollars: what is used of a limit, and when its window begins to give room again."""

    used: float
    limit: float
    resets_us: int

    @property
    def left(self) -> float:
        """What may still be used."""
        return max(0.0, self.limit - self.used)


class TokenUse(msgspec.Struct, frozen=True):
    """`last_us` is when the hour began in which somebody last called; of longer ago than two days the day, than a month
    the month.
    """

    requests: LimitUse | None = None
    spend: LimitUse | None = None
    active: int | None = None
    last_us: int | None = None


def uses(
    tokens: Sequence[Token],
    counters: CounterReader | None,
    rollups: Rollups | None,
    runs: RunReader | None,
    now_us: int,
) -> Mapping[str, TokenUse]:
    """Of each token by its id."""
    last = last_calls(rollups, [one.id for one in tokens], now_us) if rollups is not None else {}
    return {
        one.id: TokenUse(
            _requests(one, counters, now_us),
            _spend(one, counters, now_us),
            _active(one, runs),
            last.get(one.id),
        )
        for one in tokens
    }


def limit_use(counters: CounterReader | None, counter: LimitCounter, now_us: int) -> LimitUse | None:
    """What is used of a counter, in its own units."""
    if counters is None:
        return None
    with suppress(CountersUnavailable):
        found = counters.standing(counter.key, counter.window, now_us)
        return LimitUse(found.used, counter.limit, now_us + found.reset_us)
    return None


def in_dollars(found: LimitUse | None) -> LimitUse | None:
    """The same, of nano-dollars."""
    if found is None:
        return None
    return LimitUse(float(to_usd(round(found.used))), float(to_usd(round(found.limit))), found.resets_us)


def last_calls(rollups: Rollups, ids: Sequence[str], now_us: int) -> Mapping[str, int]:
    """When each of these was last called with, of those that were at all in a year or so.

    Looks closely at what is near; further back only for those that it has not found yet.
    """
    latest: dict[str, int] = {}
    for back_us, bucket in _LOOKS:
        missing = tuple(one for one in ids if one not in latest)
        if not missing:
            break
        wanted = ((Having("token", "eq", missing),),) if len(missing) <= _FEW else ()
        span = (now_us - back_us, now_us + 1)
        question = Question(None, *span, bucket, ("token",), wanted, limit=_MOST_GROUPS, only=("requests",))
        with suppress(LedgerUnavailable, Unanswerable):
            _take(latest, frozenset(missing), rollups.ask(question))
    return latest


def _take(latest: dict[str, int], wanted: frozenset[str], groups: Iterable[Group]) -> None:
    for group in groups:
        token = group.values[0]
        if token in wanted:
            latest[token] = max(group.begins_us, latest.get(token, 0))


def _requests(token: Token, counters: CounterReader | None, now_us: int) -> LimitUse | None:
    if token.rate_limit is None:
        return None
    return limit_use(counters, rate_counter(token.id, token.rate_limit), now_us)


def _spend(token: Token, counters: CounterReader | None, now_us: int) -> LimitUse | None:
    if token.spend_limit is None:
        return None
    return in_dollars(limit_use(counters, spend_counter(token.id, token.spend_limit), now_us))


def _active(token: Token, runs: RunReader | None) -> int | None:
    if token.max_active is None or runs is None:
        return None
    with suppress(RunsUnavailable):
        return runs.count(RunQuery(token=token.id, active=True))
    return None
