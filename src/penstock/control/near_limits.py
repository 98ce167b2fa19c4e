"""Which limits are near, or used up: of all tokens, gateways and stored keys that somebody may see, in few reads.

Counters are read all at one moment: some thousands of limits are a matter of milliseconds. Of a rule that counts values
apart the fullest are told: their counters have no names, so those that have called lately are tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial
from math import ceil
from typing import Final, Literal, NamedTuple

import msgspec

from penstock.access.limit_counters import LimitCounter
from penstock.control.catalog import Listed
from penstock.control.limit_readers import Readers
from penstock.control.limit_use import LimitShown, LimitUse, shown_limit, use_of
from penstock.control.limit_words import NEAR, level_of, standing_text
from penstock.control.limits import Limit, gateway_limits, key_limits, token_limits, value_key
from penstock.stores.control_store import ProviderKey, Token
from penstock.stores.counters import CounterReader, CountersUnavailable, Looked, Standing
from penstock.stores.ledger import LedgerUnavailable
from penstock.stores.rollups import METADATA, Having, Question, Rollups, Unanswerable
from penstock.stores.runs import RunQuery, RunReader, RunsUnavailable

Kind = Literal["gateway", "token", "key"]
CALLED: Final[Mapping[Kind, str]] = {"gateway": "gateway", "token": "token", "key": "stored key"}
"""What people call them."""

_MOST_COUNTERS: Final = 5_000  # of a rule that counts values apart
_MOST_VALUES: Final = 1_000  # that are tried as names
_LATELY_US: Final = 25 * 3_600_000_000  # within which somebody has called whose name is tried
_MOST_RUNS: Final = 1_000
_MOST_COUNTED: Final = 50  # tokens and gateways whose runs are counted


class Limited(NamedTuple):
    """What has limits."""

    kind: Kind
    id: str
    name: str
    gateway: str  # where a stored key is for one only
    limits: tuple[Limit, ...]
    listed: Listed | None = None  # the gateway itself


_Pair = tuple[Limited, Limit]
_Lately = Callable[[str, str, str], Sequence[str]]


class Near(msgspec.Struct, frozen=True):
    """A limit of which much is used. `value` is whose it is, where values are counted apart; `values` are as near, and
    with 0 it is nobody's alone.
    """

    kind: Kind
    id: str
    name: str
    gateway: str
    limit: LimitShown
    value: str = ""
    values: int = 0


def limited_gateway(listed: Listed) -> Limited:
    """A gateway."""
    return Limited("gateway", listed.id, listed.id, listed.id, gateway_limits(listed), listed)


def limited_token(token: Token) -> Limited:
    """A token."""
    return Limited("token", token.id, token.name, "", token_limits(token))


def limited_key(key: ProviderKey) -> Limited:
    """A stored key."""
    return Limited("key", key.id, f"{key.provider} ({key.alias})", key.gateway, key_limits(key))


def near_limits(limited: Iterable[Limited], readers: Readers, now_us: int) -> list[Near]:
    """Those that are near or used up, the fullest first."""
    found: list[Near] = []
    pairs = [(one, limit) for one in limited for limit in one.limits]
    with suppress(CountersUnavailable):
        found += _counted(pairs, readers, now_us)
    found += _running(pairs, readers.runs)
    return sorted(found, key=_share, reverse=True)


def near_text(near: Near, now_us: int) -> str:
    """`token ci: 82 % of $50 a day (spend), resets in 3 h`."""
    return f"{CALLED[near.kind]} {near.name}{_of_values(near)}: {standing_text(near.limit, now_us)}"


def _of_values(near: Near) -> str:
    """`, user ada and 3 more`: of values that are counted apart the fullest, where it is known."""
    if not near.values:
        return ""
    names = ", ".join(near.limit.apart)
    if not near.value:
        return f", the fullest of {near.values} for {names}" if near.values > 1 else f", one of {names}"
    more = f" and {near.values - 1} more" if near.values > 1 else ""
    return f", {names} {near.value}{more}"


def _share(near: Near) -> float:
    return 0.0 if near.limit.use is None else near.limit.use.share


# -- what is counted


def _counted(pairs: Sequence[_Pair], readers: Readers, now_us: int) -> Iterator[Near]:
    """Raises `CountersUnavailable`."""
    counters = readers.counters
    if counters is None:
        return
    plain = [
        (one, limit, limit.counter)
        for one, limit in pairs
        if limit.counter is not None and limit.family is None
    ]
    looked = [Looked(counter.key, counter.window, None, _least(counter)) for _, _, counter in plain]
    standings = counters.standings(looked, now_us)
    for (one, limit, _), its, standing in zip(plain, looked, standings, strict=True):
        if standing.used >= its.least:
            yield _near(one, limit, use_of(limit, standing, now_us))
    lately = cache(partial(_lately, readers.rollups, now_us))
    for one, limit in pairs:
        if limit.family is not None:
            yield from _values(one, limit, counters, lately, now_us)


def _least(counter: LimitCounter) -> int:
    """What must be used of it to be near."""
    return max(1, ceil(counter.limit * NEAR))


def _near(one: Limited, limit: Limit, use: LimitUse, value: str = "", values: int = 0) -> Near:
    return Near(one.kind, one.id, one.name, one.gateway, shown_limit(limit, use), value, values)


# -- runs


def _running(pairs: Sequence[_Pair], runs: RunReader | None) -> Iterator[Near]:
    """Of those tokens and gateways that have any under way, as far as the newest tell."""
    limited = [(one, limit, limit.runs) for one, limit in pairs if limit.runs is not None]
    if runs is None or not limited:
        return
    with suppress(RunsUnavailable):
        owners = {run.owner for run in runs.runs(RunQuery(active=True), _MOST_RUNS) if run.owner is not None}
        places = {owner.token for owner in owners} | {(owner.account, owner.gateway) for owner in owners}
        some = [
            found for found in limited if (found[2].token or (found[2].account, *found[2].gateways)) in places
        ]
        for one, limit, where in some[:_MOST_COUNTED]:
            use = LimitUse(runs.count(where), limit.limit, 0)
            if level_of(use) != "free":
                yield _near(one, limit, use)


# -- values that are counted apart


def _values(
    one: Limited, limit: Limit, counters: CounterReader, lately: _Lately, now_us: int
) -> Iterator[Near]:
    """The fullest of a rule's values, by name where that can be found out."""
    counter, family = limit.counter, limit.family
    if counter is None or family is None:
        return
    found = counters.of_family(family, counter.window, _least(counter), _MOST_COUNTERS, now_us)
    if found:
        most = max(found)
        fullest = ""
        if one.listed is not None and len(limit.apart) == 1:
            names = lately(one.listed.account, one.listed.id, limit.apart[0])
            fullest = _whose(one.listed, limit, counters, names, most, now_us)
        yield _near(one, limit, use_of(limit, most, now_us), fullest, len(found))


def _whose(
    listed: Listed, limit: Limit, counters: CounterReader, names: Sequence[str], most: Standing, now_us: int
) -> str:
    """Which of these has used so much; empty for none."""
    assert limit.counter is not None
    window = limit.counter.window
    keys = [value_key(listed, limit.rule, limit.apart[0], name) for name in names]
    looked = [Looked(key, window, limit.family, most.used) for key in keys]
    standings = zip(names, counters.standings(looked, now_us), strict=True)
    return next((name for name, its in standings if its.used >= most.used), "")


def _lately(rollups: Rollups | None, now_us: int, account: str, gateway: str, name: str) -> Sequence[str]:
    """Values that calls of this gateway have had, of the most money first."""
    if rollups is None:
        return []
    having = ((Having("gateway", "eq", (gateway,)),),)
    question = Question(account, now_us - _LATELY_US, now_us + 1, None, (f"{METADATA}{name}",), having)
    with suppress(LedgerUnavailable, Unanswerable):
        groups = sorted(rollups.ask(question), key=lambda group: group.sums.cost_nano, reverse=True)
        return [group.values[0] for group in groups if group.values[0]][:_MOST_VALUES]
    return []
