"""Spend limits: what calls may cost in a window, by rules of the gateway and by virtual keys (Cloudflare 3.8).

Before the call an estimate is set aside on every counter that it touches, all of them or none; afterwards the
true cost takes its place. What a call costs is worked out in `pricing/`; cached answers never come here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from msgspec.structs import replace

from penstock.access.limit_counters import rule_family, spend_prefix
from penstock.clock import Clock
from penstock.errors import SPEND_LIMITED, UNAVAILABLE, GatewayError
from penstock.pricing.answered import priced_by
from penstock.pricing.asked import asked_model
from penstock.pricing.asked_units import TOLD_BEFORE
from penstock.pricing.call_cost import PARALLEL, call_cost
from penstock.pricing.custom_cost import CustomCost, parse_custom_cost
from penstock.pricing.estimate import FIRST_GUESS_TOKENS, estimate, guessed_usage
from penstock.pricing.price_book import PriceBook
from penstock.pricing.units import to_usd
from penstock.providers.operation import LANGUAGE
from penstock.providers.operation_table import UNKNOWN
from penstock.proxy.call import Call
from penstock.proxy.call_bodies import asked_in, likely_of, request_of, streamed_tokens, used_by
from penstock.proxy.policies.recent_answers import RecentAnswers
from penstock.proxy.policies.spend_rule import Rule, bare, of_key
from penstock.proxy.policies.virtual_keys import may_set_costs
from penstock.settings.gateways import Unpriced
from penstock.stores.counters import (
    Claim,
    Counters,
    CountersUnavailable,
    Family,
    Refused,
    Reservation,
)
from penstock.wire.model_names import is_told_twice
from penstock.wire.usage import Answer
from penstock.wire.usage_counts import with_units

_MICRO = 1_000_000
_LEAST_PART = 4  # of a guess that does not fit
_UNPRICED = (
    "what this request costs cannot be told, and there is a limit to what it may: give it a price ([pricing]), or set "
    'unpriced = "allow" on the gateway'
)


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
        self._prefix = spend_prefix(account, gateway)
        # Whoever calls names the values that a rule counts apart: their counters live within a share of the room.
        families = [rule_family(account, gateway, rule.id) if rule.partitions else None for rule in rules]
        self._rules = tuple(zip(rules, families, strict=True))
        self._counters = counters
        self._book = book
        self._clock = clock
        self._recent = recent
        self._unpriced = unpriced

    def reserve(self, call: Call) -> None:
        """Sets aside what the call may cost. Raises `GatewayError` 429/2045 when a limit is used up.

        What a token may spend is not for its holder to price, unless the token may set costs: with a price of the
        caller's own, the token's limit goes by the book as well, and what is dearer counts there.
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
        exact = exact or (custom is None and self._is_told(call, body))
        if custom is None or key is None or may_set_costs(call):
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
        units = likely_of(call, body)
        if body is not None:
            return estimate(self._book, slug, tail, model, body, custom, call.created_us, unsaid, units)
        usage = guessed_usage(tail, b"", size=max(call.body.size, call.body.length), unsaid=unsaid)
        return self._cost(call, Answer(None, with_units(units, usage)), custom, model)

    def _is_told(self, call: Call, body: bytes | None) -> bool:
        """Whether the request alone tells what it costs: so many characters, or pictures."""
        units = likely_of(call, body) if call.operation.kind in TOLD_BEFORE else None
        return (
            units is not None and self._cost(call, Answer(None, units), None, call.model or None) is not None
        )

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
        custom, answer = _custom(call), used_by(call, if_whole=True)
        if not call.operation.counts_usage:  # what it tells is of something else
            answer = Answer(answer.model)
        if answer.usage is not None and answer.usage.output_tokens is not None:
            self._recent.note(call.gateway.account, _slug(call), call.model, answer.usage.output_tokens)
        is_answered, model = 200 <= call.status < 300, None
        if is_answered:
            model = self._model(call, answer)
            call.cost = self._cost(call, answer, custom, model)
        used = self._used(call, answer, custom, call.estimate, call.cost, model)
        now_us, with_receipt = self._clock.now_us(), call.ticket is not None and call.ticket.wants_receipt
        receipts = []
        if reservation is not None:
            receipts.append(self._counters.settle(reservation, used, now_us, with_receipt=with_receipt))
        if own is not None:
            known = self._cost(call, answer, None, model) if is_answered else None
            by_book = self._used(call, answer, None, call.key_estimate, known, model)
            counted = max(used, by_book)
            receipts.append(self._counters.settle(own, counted, now_us, with_receipt=with_receipt))
        if with_receipt:
            call.receipts = tuple(filter(None, receipts))

    def _used(
        self,
        call: Call,
        answer: Answer,
        custom: CustomCost | None,
        estimated: int,
        by_book: int | None,
        model: str | None,
    ) -> int:
        """Nano-dollars that count; `estimated` where nobody knows, or more, if what came of the answer shows it.

        `model` is the one whose price counts, and by which an answer costs `by_book`.
        """
        is_answered = 200 <= call.status < 300
        if not (is_answered or call.body.sent):
            return 0
        if custom is not None:  # prices for tokens charge nothing where none are told (Cloudflare 3.19)
            return (call.cost if is_answered else custom.total) or 0
        known = self._dearest(call, answer, model, by_book) if is_answered else None
        return max(estimated, self._unknown(call), self._told_so_far(call)) if known is None else known

    def _unknown(self, call: Call) -> int:
        """What was sent, and will never tell what it used."""
        body, model = request_of(call), call.model or None
        if body is None or _slug(call) == PARALLEL:
            return 0
        units, when = likely_of(call, body), call.created_us
        return estimate(self._book, _slug(call), _tail(call), model, body, None, when, units=units) or 0

    def _told_so_far(self, call: Call) -> int:
        """What an answer that is not whole, or does not say what it used, shows to have been used at least."""
        if not call.answer:
            return 0
        body, part = request_of(call), used_by(call)
        told = self._cost(call, part, None, self._model(call, part))
        if body is not None and self._book.rates(_slug(call), call.model or None) is None:
            return told or 0
        # Where the request was not to be read, the answer may name the model.
        model = part.model if body is None else call.model
        usage = guessed_usage(_tail(call), body or b"", streamed_tokens(call), size=call.body.size)
        return max(told or 0, self._cost(call, Answer(None, usage), None, model or None) or 0)

    def _dearest(self, call: Call, answer: Answer, model: str | None, asked: int | None) -> int | None:
        """By the model whose price counts, which costs `asked`, or the one that answered: the first may be the caller's
        word.
        """
        if answer.model is None or answer.model in (model, bare(call.model, _slug(call))):
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


def _slug(call: Call) -> str:
    return "" if call.provider is None else call.provider.slug


def _tail(call: Call) -> str:
    return call.path.partition("?")[0]


def _key_claim(call: Call) -> _Counted | None:
    """The counter of the caller's token."""
    token = call.token
    if token is None or token.spend_limit is None:
        return None
    name, rule = of_key(token.id, token.spend_limit)
    return name, rule, None


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
            f"{technique}) for {provider} {bare(call.model, provider)}".rstrip()
        ),
        headers=b"retry-after: %d\r\n" % seconds,
    )


def _plain(usd: float) -> str:
    """A limit as it was set: all of its digits, and no exponent."""
    text = format(Decimal(repr(usd)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
