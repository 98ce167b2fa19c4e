"""Which limits are near, or used up: of all tokens, gateways and stored keys that somebody may see, in few reads.

Counters are read all at one moment: some thousands of limits are a matter of milliseconds. Of a rule that counts values
apart the fullest are told: their counters have no names, so those that have called lately are tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from math import ceil
from typing import Final, Literal, NamedTuple

import msgspec

from penstock.control.catalog import Listed
from penstock.control.limit_use import LimitShown, LimitUse, limit_uses, shown_limit, use_of
from penstock.control.limit_words import NEAR, level_of
from penstock.control.limits import Limit, gateway_limits, key_limits, token_limits, value_key
from penstock.stores.control_store import ProviderKey, Token
from penstock.stores.counters import CounterReader, CountersUnavailable, Looked
from penstock.stores.ledger import LedgerUnavailable
from penstock.stores.rollups import METADATA, Having, Question, Rollups, Unanswerable
from penstock.stores.runs import RunQuery, RunReader, RunsUnavailable

Kind = Literal["gateway", "token", "key"]

_MOST_COUNTERS: Final = 20_000  # of a rule that counts values apart
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


class Readers(NamedTuple):
    """What can be read; None is away, or was never there."""

    counters: CounterReader | None
    runs: RunReader | None = None
    rollups: Rollups | None = None


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
    pairs = [(one, limit) for one in limited for limit in one.limits]
    active = _with_runs(pairs, readers.runs)
    looked = [pair for pair in pairs if pair[1].runs is None or pair[1].runs in active]
    uses = limit_uses([limit for _, limit in looked], readers.counters, readers.runs, now_us)
    found = [
        Near(one.kind, one.id, one.name, one.gateway, shown_limit(limit, use))
        for (one, limit), use in zip(looked, uses, strict=True)
        if use is not None and level_of(use) != "free"
    ]
    for one, limit in pairs:
        if limit.family is not None:
            found += _values(one, limit, readers, now_us)
    return sorted(found, key=_share, reverse=True)


def _share(near: Near) -> float:
    return 0.0 if near.limit.use is None else near.limit.use.share


# -- runs


def _with_runs(pairs: Sequence[tuple[Limited, Limit]], runs: RunReader | None) -> frozenset[RunQuery]:
    """Which runs to count: of those tokens and gateways that have any under way, as far as the newest tell."""
    limited = [limit.runs for _, limit in pairs if limit.runs is not None]
    if runs is None or not limited:
        return frozenset()
    with suppress(RunsUnavailable):
        owners = {run.owner for run in runs.runs(RunQuery(active=True), _MOST_RUNS) if run.owner is not None}
        tokens = {owner.token for owner in owners}
        gateways = {(owner.account, owner.gateway) for owner in owners}
        some = (
            one
            for one in limited
            if (one.token in tokens if one.token else (one.account, *one.gateways) in gateways)
        )
        return frozenset(list(some)[:_MOST_COUNTED])
    return frozenset()


# -- values that are counted apart


def _values(one: Limited, limit: Limit, readers: Readers, now_us: int) -> Iterator[Near]:
    """The fullest of a rule's values, by name where that can be found out."""
    counters, counter, family = readers.counters, limit.counter, limit.family
    if counters is None or counter is None or family is None:
        return
    least = max(1, ceil(counter.limit * NEAR))
    with suppress(CountersUnavailable):
        found = counters.of_family(family, counter.window, least, _MOST_COUNTERS, now_us)
        if not found:
            return
        named = _named(one, limit, readers, now_us)
        use = use_of(limit, max(found), now_us)
        fullest = next((name for name, its in named.items() if its.used >= use.used), "")
        yield Near(one.kind, one.id, one.name, one.gateway, shown_limit(limit, use), fullest, len(found))


def _named(one: Limited, limit: Limit, readers: Readers, now_us: int) -> Mapping[str, LimitUse]:
    """What those have used that have called lately."""
    counters, counter = readers.counters, limit.counter
    if counters is None or counter is None or one.listed is None or len(limit.apart) != 1:
        return {}
    (name,) = limit.apart
    values = _lately(one.listed, name, readers.rollups, now_us)
    looked = [
        Looked(value_key(one.listed, limit.rule, name, text), counter.window, limit.family) for text in values
    ]
    standings = counters.standings(looked, now_us)
    return {text: use_of(limit, its, now_us) for text, its in zip(values, standings, strict=True)}


def _lately(listed: Listed, name: str, rollups: Rollups | None, now_us: int) -> list[str]:
    """Values that calls of this gateway have had, of the most money first."""
    if rollups is None:
        return []
    having = ((Having("gateway", "eq", (listed.id,)),),)
    question = Question(listed.account, now_us - _LATELY_US, now_us + 1, None, (f"{METADATA}{name}",), having)
    with suppress(LedgerUnavailable, Unanswerable):
        groups = sorted(rollups.ask(question), key=lambda group: group.sums.cost_nano, reverse=True)
        return [group.values[0] for group in groups if group.values[0]][:_MOST_VALUES]
    return []
