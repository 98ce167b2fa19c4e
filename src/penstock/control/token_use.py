"""What is used of tokens: of each limit, how many runs are under way, when somebody last called with them.

Reads counters, roll-ups and runs, each of which may be away: what cannot be told is None. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from penstock.control.limit_use import LimitShown, LimitUse, limit_uses, shown_limit
from penstock.control.limits import token_limits
from penstock.stores.control_store import Token
from penstock.stores.counters import CounterReader
from penstock.stores.ledger import LedgerUnavailable
from penstock.stores.rollups import Bucket, Group, Having, Question, Rollups, Unanswerable
from penstock.stores.runs import RunReader

_HOUR_US: Final = 3_600_000_000
_DAY_US: Final = 24 * _HOUR_US
_LOOKS: Final = (
    (2 * _DAY_US, Bucket("hour")),
    (31 * _DAY_US, Bucket("day")),
    (400 * _DAY_US, Bucket("month")),
)
_FEW: Final = 200  # tokens that are asked for by name
_MOST_GROUPS: Final = 200_000


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
    limits = [(token.id, limit) for token in tokens for limit in token_limits(token)]
    found = limit_uses([limit for _, limit in limits], counters, runs, now_us)
    by_name = {(token, limit.name): use for (token, limit), use in zip(limits, found, strict=True)}
    return {one.id: _use(one.id, by_name, last.get(one.id)) for one in tokens}


def _use(token: str, by_name: Mapping[tuple[str, str], LimitUse | None], last_us: int | None) -> TokenUse:
    active = by_name.get((token, "runs"))
    return TokenUse(
        by_name.get((token, "requests")),
        by_name.get((token, "spend")),
        None if active is None else round(active.used),
        last_us,
    )


def shown_token_limits(token: Token, use: TokenUse) -> tuple[LimitShown, ...]:
    """The limits of a token as they stand."""
    active = None if use.active is None else LimitUse(use.active, token.max_active or 0, 0)
    by_name = {"requests": use.requests, "spend": use.spend, "runs": active}
    return tuple(shown_limit(limit, by_name[limit.name]) for limit in token_limits(token))


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
