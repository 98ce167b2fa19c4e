"""Spend limits: what calls may cost in a window, by rules of the gateway and by virtual keys (Cloudflare 3.8).

Before the call an estimate is set aside on every counter that it touches, all of them or none; afterwards the
true cost takes its place. What a call costs is worked out in `pricing/`; cached answers never come here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import msgspec

from penstock.clock import Clock
from penstock.errors import SPEND_LIMITED, UNAVAILABLE, GatewayError
from penstock.metadata import MetadataValue
from penstock.pricing.asked import asked_model
from penstock.pricing.call_cost import PARALLEL, call_cost
from penstock.pricing.custom_cost import CustomCost, parse_custom_cost
from penstock.pricing.estimate import estimate
from penstock.pricing.price_book import PriceBook
from penstock.pricing.units import to_nano, to_usd
from penstock.proxy.call import Call
from penstock.proxy.call_bodies import answer_of, request_of
from penstock.settings.gateways import LONGEST_WINDOW, SpendRule, rule_id
from penstock.stores.control_store import SpendLimit
from penstock.stores.counters import Claim, Counters, CountersUnavailable, Family, Refused, Window

_MICRO = 1_000_000
_to_json = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, compiled. `filters` and `partitions` are by metadata key."""

    id: str
    usd: float
    limit: int  # nano-dollars
    window: Window
    filters: tuple[tuple[str, frozenset[str]], ...] = ()
    partitions: tuple[str, ...] = ()
    models: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()

    def key(self, prefix: bytes, call: Call) -> bytes | None:
        """The counter this call belongs to; None when the rule is not about it."""
        provider = "" if call.provider is None else call.provider.slug
        model = _bare(call.model, provider)
        if self.providers and provider not in self.providers:
            return None
        if self.models and model not in self.models and f"{provider}/{model}" not in self.models:
            return None
        for name, values in self.filters:
            if name not in call.metadata or _text(call.metadata[name]) not in values:
                return None
        parts = [self.id]
        for name in self.partitions:
            if name not in call.metadata:
                return None
            parts += (name, _text(call.metadata[name]))
        return prefix + _to_json(parts)


def compiled(rule: SpendRule, index: int) -> Rule:
    """A rule of the settings. One without an id is known by its place."""
    metadata = rule.metadata or {}
    return Rule(
        rule_id(rule, index),
        rule.limit,
        to_nano(rule.limit),
        Window(rule.window, rule.technique == "sliding"),
        tuple(
            (name, frozenset(key.values)) for name, key in sorted(metadata.items()) if key.values is not None
        ),
        tuple(sorted(name for name, key in metadata.items() if key.mode == "partition")),
        frozenset(rule.model.values if rule.model else ()),
        frozenset(rule.provider.values if rule.provider else ()),
    )


@lru_cache(maxsize=1024)
def _of_key(limit: SpendLimit) -> Rule:
    """The rule of a virtual key."""
    window = Window(min(limit.window, LONGEST_WINDOW), limit.technique == "sliding")
    return Rule("key", limit.limit, to_nano(limit.limit), window)


class SpendLimits:
    """Reserves and settles for the calls of one gateway."""

    __slots__ = ("_book", "_clock", "_counters", "_prefix", "_rules")

    def __init__(
        self,
        account: str,
        gateway: str,
        rules: Sequence[Rule],
        counters: Counters,
        book: PriceBook,
        clock: Clock,
    ) -> None:
        self._prefix = f"spend {account}\x1f{gateway}".encode()
        # Whoever calls names the values that a rule counts apart: their counters live within a share of the room.
        families = [
            Family(account.encode(), f"{gateway}\x1f{rule.id}".encode()) if rule.partitions else None
            for rule in rules
        ]
        self._rules = tuple(zip(rules, families, strict=True))
        self._counters = counters
        self._book = book
        self._clock = clock

    def reserve(self, call: Call) -> None:
        """Sets aside what the call may cost. Raises `GatewayError` 429/2045 when a limit is used up."""
        tail = call.path.partition("?")[0]
        provider = "" if call.provider is None else call.provider.slug
        body = request_of(call)
        if not call.model:
            call.model = asked_model(provider, tail, body or b"") or ""
        rules = self._matching(call)
        if not rules:
            return
        custom = _custom(call)
        guess = None
        if body is not None:
            guess = estimate(self._book, provider, tail, call.model or None, body, custom, call.created_us)
        exact = provider == PARALLEL or (custom is not None and custom.total is not None)
        claims = [Claim(key, guess or 0, rule.limit, rule.window, family) for key, rule, family in rules]
        try:
            outcome = self._counters.reserve(claims, self._clock.now_us(), partial=not exact)
        except CountersUnavailable as error:
            raise GatewayError(UNAVAILABLE, "costs cannot be counted at the moment") from error
        if isinstance(outcome, Refused):
            raise _refusal(outcome, rules[outcome.index][1], call)
        call.reservation = outcome
        names = ", ".join(rule.id for _, rule, _ in rules)
        call.note(
            "spend_limit", self._clock.monotonic(), f"{to_usd(outcome.amount):.9f} USD set aside of {names}"
        )

    def _matching(self, call: Call) -> list[tuple[bytes, Rule, Family | None]]:
        """The counters this call belongs to, with their rules."""
        found = []
        for rule, family in self._rules:
            key = rule.key(self._prefix, call)
            if key is not None:
                found.append((key, rule, family))
        if call.token is not None and call.token.spend_limit is not None:
            found.append((b"spend key " + call.token.id.encode(), _of_key(call.token.spend_limit), None))
        return found

    def settle(self, call: Call) -> None:
        """Counts what the call did cost; what cannot be told of a call that worked is taken as estimated."""
        reservation = call.reservation
        if reservation is None:
            return
        call.reservation = None
        used = 0
        if 200 <= call.status < 300:
            custom = _custom(call)
            call.cost = self._cost(call, custom)
            used = call.cost or 0
            if call.cost is None and custom is None:
                used = reservation.amount
        self._counters.settle(reservation, used, self._clock.now_us())

    def _cost(self, call: Call, custom: CustomCost | None) -> int | None:
        """Nano-dollars; None where the answer does not tell what was used, or nobody knows the price."""
        answer = answer_of(call)
        provider = "" if call.provider is None else call.provider.slug
        priced = call_cost(
            self._book,
            provider,
            call.path.partition("?")[0],
            call.model or answer.model,
            request_of(call),
            answer.usage,
            custom,
            call.created_us,
        )
        return None if priced is None else priced.nano


def _custom(call: Call) -> CustomCost | None:
    value = call.controls.custom_cost
    return parse_custom_cost(value) if value else None


def _refusal(refused: Refused, rule: Rule, call: Call) -> GatewayError:
    technique = "sliding" if rule.window.sliding else "fixed"
    provider = "" if call.provider is None else call.provider.slug
    seconds = max(1, math.ceil(refused.retry_us / _MICRO))
    return GatewayError(
        SPEND_LIMITED,
        message=(
            f"Spend limit exceeded: rule '{rule.id}' (cost limit {_plain(rule.usd)} per {rule.window.seconds}s, "
            f"{technique}) for {provider} {_bare(call.model, provider)}".rstrip()
        ),
        headers=b"retry-after: %d\r\n" % seconds,
    )


def _bare(model: str, provider: str) -> str:
    return model.removeprefix(f"{provider}/")


def _plain(usd: float) -> str:
    """A limit as it was set: all of its digits, and no exponent."""
    text = format(Decimal(repr(usd)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _text(value: MetadataValue) -> str:
    """A metadata value as filters and counters spell it: JSON's true and false, numbers as they print."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
