"""Which limits there are: of a token, a gateway, a stored key; each with the counter that it is counted on. Pure.

The counters are those of the proxy's policies. What is used of them is read in `limit_use.py`, told in
`limit_words.py`. What a single order may cost is no limit of this kind: nothing of it can be used.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from penstock.access.limit_counters import (
    LimitCounter,
    gateway_rate_counter,
    limit_window,
    rate_counter,
    rule_family,
    rule_key,
    spend_counter,
    spend_prefix,
    stored_key_counter,
)
from penstock.control.catalog import Listed
from penstock.pricing.units import to_nano
from penstock.settings.gateways import SpendRule, rule_id
from penstock.stores.control_store import ProviderKey, RateLimit, SpendLimit, Technique, Token
from penstock.stores.counters import Family
from penstock.stores.runs import RunQuery

Unit = Literal["requests", "USD", "runs"]


class Limit(NamedTuple):
    """One limit. With a `family` each value of the metadata `apart` has a counter of its own, beside `counter`, which
    then says only what each may come to. `runs` are those that count, where runs under way do.
    """

    name: str  # `requests`, `spend`, `runs`, `rule each-user`
    unit: Unit
    limit: float
    window: int = 0  # seconds; 0: what is under way at once
    technique: Technique = "fixed"
    counter: LimitCounter | None = None
    family: Family | None = None
    apart: tuple[str, ...] = ()
    rule: str = ""  # the id of a spend rule
    only: tuple[str, ...] = ()  # which calls it is about, in words; empty: all
    runs: RunQuery | None = None


def token_limits(token: Token) -> tuple[Limit, ...]:
    """Those of a token."""
    return _of_token(token.id, token.rate_limit, token.spend_limit, token.max_active)


def gateway_limits(listed: Listed) -> tuple[Limit, ...]:
    """Those of a gateway that are in force."""
    return tuple(_of_gateway(listed))


def key_limits(key: ProviderKey) -> tuple[Limit, ...]:
    """Those of a stored key."""
    if key.rate_limit is None:
        return ()
    counter = stored_key_counter(key.id, key.rate_limit, key.rate_limit_period)
    return (Limit("requests", "requests", key.rate_limit, key.rate_limit_period, "sliding", counter),)


def value_key(listed: Listed, rule: str, name: str, value: str) -> bytes:
    """The counter of one value of a rule that counts values apart by one name."""
    return rule_key(spend_prefix(listed.account, listed.id), [rule, name, value])


@lru_cache(maxsize=8192)
def _of_token(
    token: str, rate: RateLimit | None, spend: SpendLimit | None, most: int | None
) -> tuple[Limit, ...]:
    """There are many tokens, and few of them change: what was made of one once serves again."""
    found = []
    if rate is not None:
        counter = rate_counter(token, rate)
        found.append(Limit("requests", "requests", rate.limit, rate.interval, rate.technique, counter))
    if spend is not None:
        counter = spend_counter(token, spend)
        found.append(Limit("spend", "USD", spend.limit, spend.window, spend.technique, counter))
    if most is not None:
        found.append(Limit("runs", "runs", most, runs=RunQuery(token=token, active=True)))
    return tuple(found)


def _of_gateway(listed: Listed) -> Iterator[Limit]:
    fields, account, name = listed.fields, listed.account, listed.id
    limit, interval = fields.rate_limiting_limit, fields.rate_limiting_interval
    if limit and interval:
        rate = RateLimit(limit, interval, fields.rate_limiting_technique)
        counter = gateway_rate_counter(account, name, rate)
        yield Limit("requests", "requests", limit, interval, rate.technique, counter)
    spend = fields.spend_limits
    for index, rule in enumerate(spend.rules if spend is not None and spend.enabled else ()):
        if rule.enabled:
            yield _of_rule(listed, rule, rule_id(rule, index))
    if fields.parallel is not None and fields.parallel.max_active is not None:
        where = RunQuery(account=account, gateways=(name,), active=True)
        yield Limit("runs", "runs", fields.parallel.max_active, runs=where)


def _of_rule(listed: Listed, rule: SpendRule, name: str) -> Limit:
    apart = tuple(sorted(key for key, one in (rule.metadata or {}).items() if one.mode == "partition"))
    key = rule_key(spend_prefix(listed.account, listed.id), [name])
    counter = LimitCounter(key, to_nano(rule.limit), limit_window(rule.window, rule.technique))
    family = rule_family(listed.account, listed.id, name) if apart else None
    return Limit(
        f"rule {name}",
        "USD",
        rule.limit,
        rule.window,
        rule.technique,
        counter,
        family,
        apart,
        name,
        tuple(_only(rule)),
    )


def _only(rule: SpendRule) -> Iterator[str]:
    for which, values in (("provider", rule.provider), ("model", rule.model)):
        if values is not None:
            yield f"{which} {' or '.join(values.values)}"
    for name, one in sorted((rule.metadata or {}).items()):
        if one.values is not None:
            yield f"{name} {' or '.join(one.values)}"
