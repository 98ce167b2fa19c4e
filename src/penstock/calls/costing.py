"""What a call has cost, as the ledger remembers it (Cloudflare 3.19).

An answer from a store costs nothing, a call that failed neither; what cannot be told stays unknown. Prices are
looked up in `pricing/`; the large table is asked for only where tokens are to be priced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from penstock.calls.row_operation import operation_of
from penstock.journal.record import COMPLETE, ENDED, CallRecord
from penstock.pricing.answered import is_choice, priced_by
from penstock.pricing.bill import MOST_NANO, Bill
from penstock.pricing.call_cost import CUSTOM, LOCAL, PARALLEL, call_cost, price_source
from penstock.pricing.custom_cost import CustomCost, parse_custom_cost
from penstock.pricing.parallel_card import is_settled
from penstock.pricing.price_book import PriceBook
from penstock.providers.operation import Bills, Operation
from penstock.stores.ledger import FREE, CallRow
from penstock.wire.content_encoding import plain
from penstock.wire.usage import Usage
from penstock.wire.usage_counts import from_metadata, sum_of

_HEADER = "cf-aig-custom-cost"
_FOR_NOTHING = frozenset({FREE, LOCAL})
_COMPLETE = "complete"  # as the ledger words it


class Prices(Protocol):
    """Where prices come from."""

    @property
    def own(self) -> PriceBook:
        """The operator's own prices."""

    def full(self) -> PriceBook:
        """With the language models' prices; may have to read, or to make, their table."""


class NoPrices:
    """Knows the cards that need no table."""

    own = PriceBook(None, {})

    def full(self) -> PriceBook:
        """The same."""
        return self.own


class Cost(NamedTuple):
    """Nano-dollars, None for unknown; whose price it was."""

    nano: int | None
    source: str | None
    custom: bool


UNKNOWN = Cost(None, None, custom=False)


def model_of_price(prices: Prices, provider: str, asked: str | None, answered: str | None) -> str | None:
    """`priced_by`, which asks for the large table only where there is a choice."""
    if not is_choice(provider, asked, answered):
        return asked or answered
    return priced_by(prices.full(), provider, asked, answered)


class Work(NamedTuple):
    """What a model has used: a call's own work, or a part of what it tells of an order's. None is unknown."""

    model: str | None
    usage: Usage | None


def cost_of(
    record: CallRecord,
    operation: Operation,
    request: bytes,
    model: str | None,
    usage: Usage | None,
    prices: Prices,
    *,
    is_told: bool = False,
    more: Sequence[Work] = (),
) -> Cost:
    """The cost of a call by its record, its request and what the answer says was used. `model`: by `model_of_price`.

    `is_told`: that is told of an order, which goes on whatever becomes of this call; `more` of it, by other models.
    """
    if record.cached:
        return Cost(0, "cache", custom=False)
    if not 200 <= record.status < 300:
        return UNKNOWN
    custom = _custom(record.controls)
    is_known = is_told and usage is not None
    if not (record.outcome in ENDED or record.whole or is_known):
        is_counted = usage is not None and operation.shows_tokens
        if not is_counted or (custom is not None and custom.total is None):
            return UNKNOWN  # of an answer that is left what came of it is paid, where that can be told
    if usage is None and record.outcome in ENDED and record.outcome != COMPLETE:
        return UNKNOWN  # of a failure only what it tells is paid
    if record.local and custom is None and prices.own.override(record.provider, model) is None:
        return Cost(0, LOCAL, custom=False)
    if operation.bills is Bills.NOTHING and custom is None and usage is None:
        return Cost(0, FREE, custom=False)
    book = prices.own if usage is None or custom is not None else prices.full()
    path = record.path.partition("?")[0]
    lost = record.request_cut or not record.bodies
    body = None if lost else plain(request, record.request_encoding)
    if more and custom is not None:  # which asks for no model
        usage, more = sum_of([usage, *(one.usage for one in more)]), ()
    bill = call_cost(book, record.provider, path, model, body, usage, custom, record.created_us)
    if lost and record.cost is not None:
        whose = price_source(book, record.provider, path, model, usage) if bill is None else bill.source
        return Cost(record.cost, CUSTOM if custom is not None else whose, custom is not None)
    if not more:
        return UNKNOWN if bill is None else Cost(bill.nano, bill.source, bill.source == CUSTOM)
    others = (
        call_cost(book, record.provider, path, one.model, body, one.usage, None, record.created_us)
        for one in more
    )
    return _sum([bill, *others])


def _sum(bills: Sequence[Bill | None]) -> Cost:
    """Of all of them; unknown, if one is."""
    known = [bill for bill in bills if bill is not None]
    if len(known) < len(bills):
        return UNKNOWN
    sources = ", ".join(dict.fromkeys(bill.source for bill in known))
    return Cost(min(sum(bill.nano for bill in known), MOST_NANO), sources, custom=False)


def by_itself(record: CallRecord) -> int | None:
    """Nano-dollars that a call costs whatever it tells of others' work: a price of its caller's for the request."""
    custom = _custom(record.controls)
    return None if custom is None else custom.total


def needs_request(row: CallRow, prices: Prices) -> bool:
    """Whether a stored call can be priced only with its request: Parallel's card goes by what was asked for."""
    return row.provider == PARALLEL and prices.own.override(PARALLEL, row.model) is None


def bill_again(row: CallRow, request: bytes | None, prices: Prices) -> Bill | None:
    """How the cost of a stored call comes about today; None where it cannot be told.

    `request` is its whole, plain request, where that `needs_request`; None: it was not kept.
    """
    if row.cached or not _is_charged(row):
        return None
    if row.price_source in _FOR_NOTHING:
        return Bill(row.price_source, ())
    if is_sum(row):
        return None
    usage = None if row.usage_metadata is None else from_metadata(row.usage_metadata)
    custom = _custom(row.controls)
    book = prices.own if usage is None or custom is not None else prices.full()
    path = row.path.partition("?")[0]
    model = model_of_price(prices, row.provider, row.model, row.answered_model)
    return call_cost(book, row.provider, path, model, request, usage, custom, row.created_us)


def cost_again(row: CallRow, request: bytes | None, prices: Prices) -> Cost:
    """The cost of a stored call under today's prices. Arguments as those of `bill_again`.

    As it is stay: what the caller said, what came out of a store, what failed, and what only a request that
    was not kept could tell, or the answer of another call (an order's end, a run's), or each line of a file of results.
    """
    stored = Cost(row.cost_nano, row.price_source, row.custom_cost)
    if row.cached or row.custom_cost or not _is_charged(row) or _custom(row.controls) is not None:
        return stored
    if needs_request(row, prices):
        if request is None or is_of_its_run(row):
            return stored
    elif is_sum(row) or (row.usage_metadata is None and _is_order(row)):
        return stored
    bill = bill_again(row, request, prices)
    return UNKNOWN if bill is None else Cost(bill.nano, bill.source, custom=False)


def is_of_its_run(row: CallRow) -> bool:
    """Whether the cost of a stored call is what has become of the run that it made, or ordered more of."""
    return row.provider == PARALLEL and is_settled(row.path.partition("?")[0], row.price_source)


def is_sum(row: CallRow) -> bool:
    """Whether the cost of a stored call was put together out of many, whose parts are not remembered."""
    settles = operation_of(row).settles
    return row.price_source != FREE and settles is not None and settles.lines != ""


def _is_order(row: CallRow) -> bool:
    return operation_of(row).bills is Bills.LATER


def _is_charged(row: CallRow) -> bool:
    """Whether a stored call did something that is paid. Of one that was abandoned, what was made of it tells."""
    is_paid = row.outcome == _COMPLETE or row.cost_nano is not None or row.estimated
    return 200 <= row.status_code < 300 and is_paid


def _custom(controls: Mapping[str, str]) -> CustomCost | None:
    header = controls.get(_HEADER)
    return None if header is None else parse_custom_cost(header.encode("latin-1", "replace"))
