"""The counters of limits: how each is called, what it may come to, over which time. Pure.

Calls are counted on them by the policies of the proxy; whoever shows what is used of a limit looks at the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from penstock.pricing.units import to_nano
from penstock.settings.gateways import LONGEST_WINDOW
from penstock.stores.control_store import RateLimit, SpendLimit, Technique
from penstock.stores.counters import Family, Window

_to_json = msgspec.json.Encoder().encode


class LimitCounter(NamedTuple):
    """A counter, and the limit on it: requests, or nano-dollars."""

    key: bytes
    limit: int
    window: Window


def rate_counter(token_id: str, limit: RateLimit) -> LimitCounter:
    """What counts the requests of a token."""
    return LimitCounter(
        b"rate key " + token_id.encode(), limit.limit, limit_window(limit.interval, limit.technique)
    )


def spend_counter(token_id: str, limit: SpendLimit) -> LimitCounter:
    """What counts the money of a token."""
    return LimitCounter(
        b"spend key " + token_id.encode(), to_nano(limit.limit), limit_window(limit.window, limit.technique)
    )


def gateway_rate_key(account: str, gateway: str) -> bytes:
    """How that is called."""
    return f"rate {account}\x1f{gateway}".encode()


def gateway_rate_counter(account: str, gateway: str, limit: RateLimit) -> LimitCounter:
    """What counts the requests of a gateway."""
    return LimitCounter(
        gateway_rate_key(account, gateway), limit.limit, limit_window(limit.interval, limit.technique)
    )


def spend_prefix(account: str, gateway: str) -> bytes:
    """How the counters of a gateway's spend rules begin."""
    return f"spend {account}\x1f{gateway}".encode()


def rule_key(prefix: bytes, parts: Sequence[str]) -> bytes:
    """The counter of a spend rule: `parts` are its id, and by turns names and values that it counts apart."""
    return prefix + _to_json(parts)


def rule_family(account: str, gateway: str, rule: str) -> Family:
    """Whose the counters of a spend rule are that counts values apart."""
    return Family(account.encode(), f"{gateway}\x1f{rule}".encode())


def stored_key_counter(key_id: str, limit: int, seconds: int) -> LimitCounter:
    """What counts how often a stored key goes out."""
    return LimitCounter(b"rate stored key " + key_id.encode(), limit, limit_window(seconds, "sliding"))


def limit_window(seconds: int, technique: Technique) -> Window:
    """The span of time that a limit speaks of."""
    return Window(min(seconds, LONGEST_WINDOW), technique == "sliding")
