"""The story of one stored call: who called, what happened when, what came of it, and how its cost came about.

Pure: a row, its request where the price needs it, and prices in; a story out. Its layout is the command line's.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from penstock.calls.costing import Prices, bill_again, is_of_its_run, is_sum, model_of_price, needs_request
from penstock.calls.row_operation import operation_words
from penstock.pricing.bill import Bill
from penstock.pricing.call_cost import LOCAL, is_by_estimate
from penstock.pricing.units import rate_to_usd, to_usd
from penstock.stores.ledger import CallRow
from penstock.time_text import rfc3339

_LABELS = {
    "rate_limit": "rate limit",
    "spend_limit": "spend limit",
    "key": "stored key",
    "failure": "failed",
    "wait": "waited",
    "resume": "went on",
}
_FAILURES = {
    "refused": "refused",
    "provider_broke": "failure",
    "provider_failed": "failure",
    "cut_short": "failure",
}  # how a call ended, and the word for why
_CUSTOM = "cf-aig-custom-cost"
_SKIP = "cf-aig-skip-cache"


class Moment(msgspec.Struct, frozen=True):
    """Something that happened: microseconds after the call began, a word for it, and how it went."""

    offset_us: int
    what: str
    detail: str = ""


class PriceLine(msgspec.Struct, frozen=True):
    """So many of something at a price for one, in USD."""

    what: str
    amount: int
    usd_each: str
    usd: float


class PriceStory(msgspec.Struct, frozen=True):
    """The stored cost and whose price it was; the lines that make up the cost at today's prices."""

    usd: float | None
    source: str | None
    lines: tuple[PriceLine, ...]
    today_usd: float | None
    today_source: str | None
    remark: str  # why it is unknown, or differs; empty where there is nothing to say


class Story(msgspec.Struct, frozen=True):
    """All of it. Facts are names and texts; what is not known is left out."""

    id: str
    call: tuple[tuple[str, str], ...]
    caller: tuple[tuple[str, str], ...]
    moments: tuple[Moment, ...]
    usage: dict[str, int | str]
    price: PriceStory


def explain(row: CallRow, request: bytes | None, prices: Prices) -> Story:
    """The story of `row`. `request` is its plain body, where `needs_request` says so; None: not kept."""
    return Story(
        row.id,
        _known(_call(row)),
        _known(_caller(row)),
        tuple(sorted(_moments(row), key=lambda moment: moment.offset_us)),
        row.usage_metadata or {},
        price_story(row, request, prices),
    )


def _known(facts: Iterator[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, text) for name, text in facts if text)


def _call(row: CallRow) -> Iterator[tuple[str, str]]:
    yield "began", rfc3339(row.created_us)
    yield "request", f"{row.method} {row.path}"
    yield (
        "gateway",
        f"{row.account}/{row.gateway}" + (" (one endpoint for all providers)" if row.compat else ""),
    )
    yield "provider", row.provider
    yield "model", row.model or ""
    yield "operation", operation_words(row)
    yield "step", str(row.step) if row.step else ""
    yield "event", row.event_id if row.event_id != row.id else ""
    yield "outcome", f"{row.status_code}, {row.outcome.replace('_', ' ')}"
    yield "error", f"{row.error_code or ''} {row.error_detail}".strip()
    yield "provider's error", row.provider_error
    yield "attempts", _attempts(row)
    yield "cache", _cache(row)


def _attempts(row: CallRow) -> str:
    if row.attempts:
        return str(row.attempts)
    return "" if row.cached else "none: the provider was not asked"


def _cache(row: CallRow) -> str:
    """The last word of the trail; of a call without one, what its other fields tell."""
    said = [event.detail for event in row.trail if event.what == "cache"]
    if said:
        return said[-1]
    if row.cached:
        return "HIT"
    return f"not asked: the call sent {_SKIP}" if _SKIP in row.controls else "not asked"


def _caller(row: CallRow) -> Iterator[tuple[str, str]]:
    yield "token", row.token
    yield "user", row.user
    yield "team", row.team
    yield "authenticated", "" if row.token else "yes" if row.authenticated else "no"
    yield (
        "credentials",
        f"stored key {row.stored_key}" if row.stored_key else "" if row.cached else "the caller's",
    )
    yield "user agent", row.user_agent
    for name, value in row.metadata.items():
        yield f"metadata {name}", str(value)
    for name, text in row.controls.items():
        yield f"header {name}", text


def _moments(row: CallRow) -> Iterator[Moment]:
    """The trail between beginning and end. A call of which nothing was noted has these, its first byte, its failure."""
    yield Moment(0, "began")
    for event in row.trail:
        yield Moment(event.offset_us, _LABELS.get(event.what, event.what.replace("_", " ")), event.detail)
    if row.first_byte_us is not None:
        yield Moment(row.first_byte_us, "first byte", f"status {row.status_code}")
    failure = _FAILURES.get(row.outcome)
    if failure is not None and failure not in [event.what for event in row.trail[-1:]]:
        yield Moment(row.duration_us, _LABELS.get(failure, failure), row.error_detail)
    yield Moment(row.duration_us, "ended", row.outcome.replace("_", " "))


def price_story(row: CallRow, request: bytes | None, prices: Prices) -> PriceStory:
    """How the cost came about: recomputed by today's prices, and held against the stored one."""
    bill = bill_again(row, request, prices)
    return PriceStory(
        None if row.cost_nano is None else to_usd(row.cost_nano),
        row.price_source,
        () if bill is None else tuple(_lines(bill)),
        None if bill is None else to_usd(bill.nano),
        None if bill is None else bill.source,
        _remark(row, request, prices, bill),
    )


def _lines(bill: Bill) -> Iterator[PriceLine]:
    for charge in bill.charges:
        each = rate_to_usd(charge.rate)
        yield PriceLine(
            charge.what.replace("_", " "), charge.amount, f"{each.normalize():f}", float(each * charge.amount)
        )


def _remark(row: CallRow, request: bytes | None, prices: Prices, bill: Bill | None) -> str:
    if row.cached:
        return "an answer out of the gateway's own store costs nothing"
    if is_of_its_run(row):
        return "by what has become of its run" + ("; the lines are what was expected" if bill else "")
    if bill is None:
        why = _why_unknown(row, request, prices)
        return why if row.cost_nano is None else f"cannot be worked out again: {why}"
    if row.cost_nano is None:
        return "was unknown when the call ended, and is known today: `penstock reprice` stores it"
    if bill.nano != row.cost_nano:
        return "prices have changed since: `penstock reprice` stores today's"
    if not bill.charges:
        is_local = bill.source == LOCAL
        return "answered on this machine" if is_local else "nothing is charged for such a call"
    if is_by_estimate(bill.source):
        return "the answer did not tell all tokens: the rest is estimated from its text"
    return "an estimate: as if all of it completes" if "estimate" in bill.source else ""


def _why_unknown(row: CallRow, request: bytes | None, prices: Prices) -> str:
    if not 200 <= row.status_code < 300:
        return "a call that does not succeed is not priced"
    if row.outcome == "provider_failed" and row.cost_nano is None:
        return "the answer was an error, and did not tell what was used"
    if row.outcome != "complete" and row.cost_nano is None and not row.estimated:
        return "the answer did not come to its end, so what was used is not known"
    if _CUSTOM in row.controls:
        return "the caller's price is for tokens, and the answer told none"
    if is_sum(row):
        return "it is a sum over the lines of a file, which was not kept"
    if needs_request(row, prices):
        kept = "Parallel's price card says nothing of such a request"
        return kept if request is not None else "its price goes by the request, which was not kept"
    model = model_of_price(prices, row.provider, row.model, row.answered_model)
    if prices.full().rates(row.provider, model) is None:
        return f"no price list has {model or 'a call without a model'}"
    if row.usage_metadata is None:
        return "the answer did not tell how much was used"
    return "the answer did not tell the count of everything that has a price"
