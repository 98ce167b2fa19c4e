"""Rate limits: how many requests in a window, per gateway and per virtual key (Cloudflare 3.3).

Every request that is let in is counted, a hit of the cache too. Counting is one atomic step of the counters
that all workers share; what it costs a provider is not this file's business.
"""

from __future__ import annotations

import math
from functools import lru_cache

from penstock.access.limit_counters import limit_window, rate_counter
from penstock.clock import Clock
from penstock.errors import RATE_LIMITED, UNAVAILABLE, GatewayError
from penstock.proxy.call import Call
from penstock.proxy.policies.cors import is_preflight
from penstock.stores.control_store import RateLimit as KeyLimit
from penstock.stores.control_store import Technique
from penstock.stores.counters import Claim, Counters, CountersUnavailable, Granted, Refused

_MICRO = 1_000_000


def rate_claim(key: bytes, limit: int, interval: int, technique: Technique) -> Claim:
    """What one request takes of a limit."""
    return Claim(key, 1, limit, limit_window(interval, technique))


@lru_cache(maxsize=1024)
def _of_key(token_id: str, limit: KeyLimit) -> tuple[Claim, bytes]:
    """What a call takes of a virtual key's limit, and the limit in words."""
    counter = rate_counter(token_id, limit)
    claim = Claim(counter.key, 1, counter.limit, counter.window)
    return claim, _policy(b"key", claim)


class RateLimit:
    """Admits a gateway's calls. Without a limit of its own it still holds callers to their tokens'."""

    __slots__ = ("_clock", "_counters", "_own", "_policy")

    def __init__(self, own: Claim | None, counters: Counters, clock: Clock) -> None:
        self._own = own
        self._counters = counters
        self._clock = clock
        self._policy = b"" if own is None else _policy(b"gateway", own)

    def admit(self, call: Call) -> None:
        """Counts the call. Raises `GatewayError` 429/2003 with `Retry-After` when it is one too many.

        A browser's preflight is none: who shows no token must not use up what is for those who do.
        """
        if call.head.asked_method and is_preflight(call):
            return
        own, token = self._own, call.token
        if token is None or token.rate_limit is None:
            if own is not None:
                self._take(call, (own,), (self._policy,), (b"gateway",))
            return
        theirs, policy = _of_key(token.id, token.rate_limit)
        if own is None:
            self._take(call, (theirs,), (policy,), (b"key",))
        else:
            self._take(call, (own, theirs), (self._policy, policy), (b"gateway", b"key"))

    def _take(
        self, call: Call, claims: tuple[Claim, ...], policies: tuple[bytes, ...], names: tuple[bytes, ...]
    ) -> None:
        now = self._clock.monotonic()
        try:
            outcome = self._counters.take(claims, self._clock.now_us())
        except CountersUnavailable as error:
            raise GatewayError(UNAVAILABLE, "requests cannot be counted at the moment") from error
        if isinstance(outcome, Refused):
            raise _refusal(outcome, claims[outcome.index], policies[outcome.index], names[outcome.index])
        call.own_headers += _quota(outcome, policies, names)
        call.note("rate_limit", now, _left(outcome, claims, names))


def _left(granted: Granted, claims: tuple[Claim, ...], names: tuple[bytes, ...]) -> str:
    """For the trail: `gateway 9 of 10 left`."""
    return ", ".join(
        f"{name.decode()} {left} of {claim.limit} left"
        for name, left, claim in zip(names, granted.remaining, claims, strict=True)
    )


def _quota(granted: Granted, policies: tuple[bytes, ...], names: tuple[bytes, ...]) -> bytes:
    """What is left, in the words of the IETF's draft on RateLimit header fields."""
    left = [
        b'"%b";r=%d;t=%d' % (name, remaining, _seconds(reset))
        for name, remaining, reset in zip(names, granted.remaining, granted.reset_us, strict=True)
    ]
    return b"ratelimit-policy: %b\r\nratelimit: %b\r\n" % (b", ".join(policies), b", ".join(left))


def _refusal(refused: Refused, claim: Claim, policy: bytes, name: bytes) -> GatewayError:
    seconds = max(1, _seconds(refused.retry_us))
    lines = b'retry-after: %d\r\nratelimit-policy: %b\r\nratelimit: "%b";r=0;t=%d\r\n'
    what = "this gateway" if name == b"gateway" else "this key"
    return GatewayError(
        RATE_LIMITED,
        f"{what} admits {claim.limit} requests in {claim.window.seconds} s; try again in {seconds} s",
        headers=lines % (seconds, policy, name, seconds),
    )


def _policy(name: bytes, claim: Claim) -> bytes:
    return b'"%b";q=%d;w=%d' % (name, claim.limit, claim.window.seconds)


def _seconds(microseconds: int) -> int:
    return math.ceil(microseconds / _MICRO)
