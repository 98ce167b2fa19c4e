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
from msgspec.structs import replace

from penstock.clock import Clock
from penstock.errors import SPEND_LIMITED, UNAVAILABLE, GatewayError
from penstock.metadata import MetadataValue
from penstock.pricing.answered import priced_by
from penstock.pricing.asked import asked_model
from penstock.pricing.call_cost import PARALLEL, call_cost
from penstock.pricing.custom_cost import CustomCost, parse_custom_cost
from penstock.pricing.estimate import FIRST_GUESS_TOKENS, estimate, guessed_usage
from penstock.pricing.price_book import PriceBook
from penstock.pricing.units import to_nano, to_usd
from penstock.providers.operation import LANGUAGE
from penstock.providers.operation_table import UNKNOWN
from penstock.proxy.call import Call
from penstock.proxy.call_bodies import answer_of, asked_in, part_of, request_of, streamed_tokens
from penstock.proxy.policies.recent_answers import RecentAnswers
from penstock.settings.gateways import LONGEST_WINDOW, SpendRule, Unpriced, rule_id
from penstock.stores.control_store import SpendLimit
from penstock.stores.counters import (
    Claim,
    Counters,
    CountersUnavailable,
    Family,
    Refused,
    Reservation,
    Window,
)
from penstock.wire.model_names import is_told_twice
from penstock.wire.usage import Answer

_MICRO = 1_000_000
_LEAST_PART = 4  # of a guess that does not fit
_UNPRICED = (
    "what this request costs cannot be told, and there is a limit to what it may: give it a price ([pricing]), or set "
    'unpriced = "allow" on the gateway'
)
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

    def key(self, prefix: bytes, call: Call, *, any_model: bool = False) -> bytes | None:
        """The counter this call belongs to; None when the rule is not about it. `any_model`: it may ask for any."""
        provider = "" if call.provider is None else call.provider.slug
        if self.providers and provider not in self.providers:
            return None
        if self.models and not any_model:
            model = _bare(call.model, provider)
            if model not in self.models and f"{provider}/{model}" not in self.models:
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


_Counted = tuple[bytes, Rule, Family | None]
"""A counter by its name, its rule, and whose it is where callers name it."""


class SpendLimits:
    """Reserves and settles for the calls of one gateway."""

    __slots__ = ("_book", "_clock", "_counters", "_prefix", "_recent", "_rules", "_unpriced")

    def __init__(
        self,
        account: str,
        gateway: str,
        rules: Sequence[Rule],
        counters: Counters,
        book: PriceBook,
        clock: Clock,
        recent: RecentAnswers,
        unpriced: Unpriced = None,
    ) -> None:
        """`unpriced`: what becomes of calls whose price nobody knows; None: those of language models go on."""
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
        self._recent = recent
        self._unpriced = unpriced

    def reserve(self, call: Call) -> None:
        """Sets aside what the call may cost. Raises `GatewayError` 429/2045 when a limit is used up.

        What a token may spend is not for its holder to price: with a price of the caller's own, the token's limit
        goes by the book as well, and what is dearer counts there.
        """
        if not call.operation.is_work or (call.provider is not None and call.provider.is_local):
            return
        body, slug, tail = request_of(call), _slug(call), _tail(call)
        if not call.model:
            asked = asked_in(call, body)
            call.model = asked_model(slug, call.operation, tail, asked) or ""
        rules, key = self._matching(call, body or b""), _key_claim(call)
        if not rules and key is None:
            return
        if body is None and self._has_to_be_read(call):
            raise GatewayError(
                SPEND_LIMITED, "what this request costs cannot be told: its body cannot be read"
            )
        custom = _custom(call)
        estimated = self._estimate(call, slug, tail, body, custom)
        if estimated is None and not self._may_be_unpriced(call):
            raise GatewayError(SPEND_LIMITED, _UNPRICED)
        said = estimated or 0
        exact = slug == PARALLEL or (custom is not None and custom.total is not None)
        if custom is None or key is None:
            claims = rules if key is None else [*rules, key]
            call.reservation = self._set_aside(call, claims, said, partial=not exact)
            call.estimate = said
            return
        by_book = self._estimate(call, slug, tail, body, None) or 0
        is_known = slug == PARALLEL or (exact and said >= by_book)
        own = self._set_aside(call, [key], max(said, by_book), partial=not is_known)
        if rules:
            try:
                call.reservation = self._set_aside(call, rules, said, partial=not exact)
            except GatewayError:
                self._counters.settle(own, 0, self._clock.now_us())
                raise
        call.key_reservation = own
        call.estimate, call.key_estimate = said, by_book

    def _set_aside(self, call: Call, rules: list[_Counted], nano: int, *, partial: bool) -> Reservation:
        claims = [Claim(key, nano, rule.limit, rule.window, family) for key, rule, family in rules]
        outcome = self._reserved(claims, partial=False)
        if (
            isinstance(outcome, Refused) and partial
        ):  # no guess takes all that is left from those who come next
            claims = [replace(claim, amount=-(-nano // _LEAST_PART)) for claim in claims]
            outcome = self._reserved(claims, partial=True)
        if isinstance(outcome, Refused):
            raise _refusal(outcome, rules[outcome.index][1], call)
        names = ", ".join([rule.id for _, rule, _ in rules])
        call.note(
            "spend_limit", self._clock.monotonic(), f"{to_usd(outcome.amount):.9f} USD set aside of {names}"
        )
        return outcome

    def _reserved(self, claims: list[Claim], *, partial: bool) -> Reservation | Refused:
        try:
            return self._counters.reserve(claims, self._clock.now_us(), partial=partial)
        except CountersUnavailable as error:
            raise GatewayError(UNAVAILABLE, "costs cannot be counted at the moment") from error

    def _may_be_unpriced(self, call: Call) -> bool:
        operation = call.operation
        if self._unpriced is not None:
            return self._unpriced == "allow"
        if _slug(call) == PARALLEL:
            return False
        return operation.kind in LANGUAGE or operation.name == UNKNOWN

    def _matching(self, call: Call, body: bytes) -> list[_Counted]:
        """The counters of the gateway that this call belongs to, or may belong to."""
        found = []
        doubtful: bool | None = None  # the same for all rules: the body is looked at once
        for rule, family in self._rules:
            if doubtful is None and rule.models:
                doubtful = is_told_twice(body)
            key = rule.key(self._prefix, call, any_model=doubtful is True)
            if key is not None:
                found.append((key, rule, family))
        return found

    def _estimate(
        self, call: Call, slug: str, tail: str, body: bytes | None, custom: CustomCost | None
    ) -> int | None:
        """Nano-dollars; of a body that is too large to be looked at, by its size, where the path names the model."""
        model = call.model or None
        unsaid = self._recent.likely(call.gateway.account, slug, call.model) or FIRST_GUESS_TOKENS
        if body is not None:
            return estimate(self._book, slug, tail, model, body, custom, call.created_us, unsaid)
        usage = guessed_usage(tail, b"", size=max(call.body.size, call.body.length), unsaid=unsaid)
        return self._cost(call, Answer(None, usage), custom, model)

    def _has_to_be_read(self, call: Call) -> bool:
        """Whether a call may not go on with a body that is in no coding known here, or, where nothing but the body
        tells the price, too large to be looked at.
        """
        slug = _slug(call)
        return slug == PARALLEL or (call.body.kept is not None and self._book.knows(slug))

    # -- afterwards

    def settle(self, call: Call) -> None:
        """Counts what the call did cost. What was sent counts as estimated unless it is known what it did cost, or
        that it cost nothing.
        """
        reservation, own = call.reservation, call.key_reservation
        if reservation is None and own is None:
            return
        call.reservation = call.key_reservation = None
        custom, answer = _custom(call), answer_of(call)
        if answer.usage is not None and answer.usage.output_tokens is not None:
            self._recent.note(call.gateway.account, _slug(call), call.model, answer.usage.output_tokens)
        if _is_answered(call):
            call.cost = self._cost(call, answer, custom, self._model(call, answer))
        used = self._used(call, answer, custom, call.estimate, call.cost)
        now_us = self._clock.now_us()
        if reservation is not None:
            self._counters.settle(reservation, used, now_us)
        if own is not None:
            known = self._cost(call, answer, None, self._model(call, answer)) if _is_answered(call) else None
            by_book = self._used(call, answer, None, call.key_estimate, known)
            self._counters.settle(own, max(used, by_book), now_us)

    def _used(
        self,
        call: Call,
        answer: Answer,
        custom: CustomCost | None,
        estimated: int,
        by_book: int | None,
    ) -> int:
        """Nano-dollars that count; `estimated` where nobody knows, or more, if what came of the answer shows it."""
        is_answered = _is_answered(call)
        if not (is_answered or call.body.sent):
            return 0
        if custom is not None:  # prices for tokens charge nothing where none are told (Cloudflare 3.19)
            return (call.cost if is_answered else custom.total) or 0
        known = self._dearest(call, answer, by_book) if is_answered else None
        return max(estimated, self._unknown(call), self._told_so_far(call)) if known is None else known

    def _unknown(self, call: Call) -> int:
        """What was sent, and will never tell what it used."""
        body, model = request_of(call), call.model or None
        if body is None or _slug(call) == PARALLEL:
            return 0
        return estimate(self._book, _slug(call), _tail(call), model, body, None, call.created_us) or 0

    def _told_so_far(self, call: Call) -> int:
        """What an answer that is not whole, or does not say what it used, shows to have been used at least."""
        body = request_of(call)
        if not call.answer or (
            body is not None and self._book.rates(_slug(call), call.model or None) is None
        ):
            return 0
        part = part_of(call)
        told = self._cost(call, part, None, self._model(call, part))
        # Where the request was not to be read, the answer may name the model.
        model = part.model if body is None else call.model
        usage = guessed_usage(_tail(call), body or b"", streamed_tokens(call), size=call.body.size)
        return max(told or 0, self._cost(call, Answer(None, usage), None, model or None) or 0)

    def _dearest(self, call: Call, answer: Answer, asked: int | None) -> int | None:
        """By the model whose price counts, which costs `asked`, or the one that answered: the first may be the caller's
        word.
        """
        if answer.model is None or self._model(call, answer) == answer.model:
            return asked
        if answer.model == _bare(call.model, _slug(call)):
            return asked
        answered = self._cost(call, answer, None, answer.model)
        return answered if asked is None else max(asked, answered or 0)

    def _model(self, call: Call, answer: Answer) -> str | None:
        """Whose price counts, for the log as well."""
        return priced_by(self._book, _slug(call), call.model or None, answer.model)

    def _cost(self, call: Call, answer: Answer, custom: CustomCost | None, model: str | None) -> int | None:
        """Nano-dollars; None where the answer does not tell what was used, or nobody knows the price."""
        slug = _slug(call)
        body = request_of(call) if slug == PARALLEL else None  # no other price looks at it
        priced = call_cost(
            self._book,
            slug,
            _tail(call),
            model,
            body,
            answer.usage,
            custom,
            call.created_us,
        )
        return None if priced is None else priced.nano


def _is_answered(call: Call) -> bool:
    return 200 <= call.status < 300


def _slug(call: Call) -> str:
    return "" if call.provider is None else call.provider.slug


def _tail(call: Call) -> str:
    return call.path.partition("?")[0]


def _key_claim(call: Call) -> _Counted | None:
    """The counter of the caller's token."""
    token = call.token
    if token is None or token.spend_limit is None:
        return None
    return b"spend key " + token.id.encode(), _of_key(token.spend_limit), None


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
