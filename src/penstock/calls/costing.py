"""What a call has cost, as the ledger remembers it (Cloudflare 3.19).

An answer from a store costs nothing, a call that failed neither; what cannot be told stays unknown. Prices are
looked up in `pricing/`; the large table is asked for only where tokens are to be priced.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from penstock.journal.record import COMPLETE, ENDED, CallRecord
from penstock.pricing.answered import priced_by
from penstock.pricing.bill import Bill
from penstock.pricing.call_cost import CUSTOM, LOCAL, PARALLEL, call_cost, price_source
from penstock.pricing.custom_cost import CustomCost, parse_custom_cost
from penstock.pricing.price_book import PriceBook
from penstock.providers.operation import Bills, Effect, Kind, Operation
from penstock.providers.registry import operation_named
from penstock.stores.ledger import FREE, CallRow
from penstock.wire.answer_dialect import Dialect
from penstock.wire.content_encoding import plain
from penstock.wire.usage import Usage
from penstock.wire.usage_counts import from_metadata

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


def counts(operation: Operation) -> bool:
    """Whether usage in an answer is of this call: not where stored work is read, or an order tells something else."""
    if operation.bills is Bills.NOTHING:
        return False
    return (
        operation.effect is Effect.GENERATE
        or operation.kind is Kind.OTHER
        or operation.dialect is not Dialect.NONE
    )


def model_of_price(prices: Prices, provider: str, asked: str | None, answered: str | None) -> str | None:
    """`priced_by`, which asks for the large table only where there is a choice."""
    if answered is None or asked is None or answered == asked:
        return asked or answered
    return priced_by(prices.full(), provider, asked, answered)


def cost_of(
    record: CallRecord,
    operation: Operation,
    request: bytes,
    model: str | None,
    usage: Usage | None,
    prices: Prices,
) -> Cost:
    """The cost of a call by its record, its request and what the answer says was used. `model`: by `model_of_price`."""
    if record.cached:
        return Cost(0, "cache", custom=False)
    if not (200 <= record.status < 300 and (record.outcome in ENDED or record.whole)):
        return UNKNOWN
    if usage is None and record.outcome in ENDED and record.outcome != COMPLETE:
        return UNKNOWN  # of a failure only what it tells is paid
    custom = _custom(record.controls)
    if record.local and custom is None and prices.own.override(record.provider, model) is None:
        return Cost(0, LOCAL, custom=False)
    if operation.bills is Bills.NOTHING and custom is None and usage is None:
        return Cost(0, FREE, custom=False)
    book = prices.own if usage is None or custom is not None else prices.full()
    path = record.path.partition("?")[0]
    lost = record.request_cut or not record.bodies
    if lost and record.cost is not None:
        whose = CUSTOM if custom is not None else price_source(book, record.provider, path, model, usage)
        return Cost(record.cost, whose, custom is not None)
    body = None if lost else plain(request, record.request_encoding)
    bill = call_cost(book, record.provider, path, model, body, usage, custom, record.created_us)
    return UNKNOWN if bill is None else Cost(bill.nano, bill.source, bill.source == CUSTOM)


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
    usage = None if row.usage_metadata is None else from_metadata(row.usage_metadata)
    custom = _custom(row.controls)
    book = prices.own if usage is None or custom is not None else prices.full()
    path = row.path.partition("?")[0]
    model = model_of_price(prices, row.provider, row.model, row.answered_model)
    return call_cost(book, row.provider, path, model, request, usage, custom, row.created_us)


def cost_again(row: CallRow, request: bytes | None, prices: Prices) -> Cost:
    """The cost of a stored call under today's prices. Arguments as those of `bill_again`.

    As it is stay: what the caller said, what came out of a store, what failed, and what only a request that
    was not kept could tell, or the answer of another call (an order's end).
    """
    stored = Cost(row.cost_nano, row.price_source, row.custom_cost)
    if row.cached or row.custom_cost or not _is_charged(row) or _custom(row.controls) is not None:
        return stored
    if needs_request(row, prices):
        if request is None:
            return stored
    elif row.usage_metadata is None and _is_order(row):
        return stored
    bill = bill_again(row, request, prices)
    return UNKNOWN if bill is None else Cost(bill.nano, bill.source, custom=False)


def _is_order(row: CallRow) -> bool:
    tail = row.path.partition("?")[0]
    operation = operation_named(row.provider, row.operation, row.method.encode(), tail)
    return operation.bills is Bills.LATER


def _is_charged(row: CallRow) -> bool:
    """Whether a stored call succeeded. Of one that was abandoned only its cost tells that the answer was whole."""
    return 200 <= row.status_code < 300 and (row.outcome == _COMPLETE or row.cost_nano is not None)


def _custom(controls: Mapping[str, str]) -> CustomCost | None:
    header = controls.get(_HEADER)
    return None if header is None else parse_custom_cost(header.encode("latin-1", "replace"))
