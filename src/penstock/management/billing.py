"""Billing (Cloudflare 4.9): nothing is billed here, and the answers say so in the shapes that clients parse.

Nothing is stored. What would seem to protect somebody and does not, an account's spending limit, is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, NamedTuple, NoReturn

import msgspec
from msgspec import Meta

from penstock.management.endpoint import Method, endpoint, endpoints, get, post
from penstock.management.problem import invalid
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.stores.control_store import Permission

UNLIMITED: Final = 1_000_000_000.0
"""A balance that nothing is ever taken from; JSON has no infinite number."""

_BASE: Final = "/accounts/{account_id}/ai-gateway/billing"
_TAG: Final = "AI Gateway Billing"
_NO_PAYMENT: Final = "none"  # the id of the invoice that there is not
_MOST_CENTS: Final = 2**53 - 1

Milliseconds = Annotated[float, Meta(ge=0, le=2**53)]
TopupCents = Annotated[int, Meta(ge=1000, le=_MOST_CENTS)]


class InvoicePreview(msgspec.Struct, frozen=True):
    """The invoice of this month: over nothing. Times are seconds since 1970."""

    period_start: int
    """The beginning of this month."""
    period_end: int
    """Its end."""
    id: str = _NO_PAYMENT
    """Always `none`: it is no invoice yet."""
    amount_due: float = 0.0
    """Always 0."""
    amount_paid: float = 0.0
    """Always 0."""
    amount_remaining: float = 0.0
    """Always 0."""
    currency: str = "usd"
    """Always `usd`."""
    invoice_lines: tuple[str, ...] = ()
    """Always empty."""
    status: Literal["draft"] = "draft"
    """Always `draft`."""


class TopupStatus(msgspec.Struct, frozen=True):
    """How a top-up stands."""

    payment_intent_id: str
    """The one that was asked about."""
    status: Literal["completed", "pending"] = "completed"
    """Always `completed`: there was nothing to do."""


class InvoiceQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which invoices."""

    type: Literal["auto", "all", "manual"] = "all"
    """Which kind of invoices."""


class UsageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which usage; times are milliseconds since 1970."""

    value_grouping_window: Literal["day", "hour"]
    """What usage is summed up by."""
    start_time: Milliseconds | None = None
    """From when on."""
    end_time: Milliseconds | None = None
    """Until when."""


class SpendingLimitBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A limit of the account, in cents."""

    amount: Annotated[int, Meta(ge=100, le=_MOST_CENTS)]
    """The limit."""
    duration: Literal["daily", "weekly", "monthly"]
    """How long it counts."""
    strategy: Literal["fixed", "sliding"]
    """How its window moves."""


class TopupBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A top-up, in cents."""

    amount: TopupCents
    """How much to add."""
    payment_method_id: str | None = None
    """How it would be paid."""


class TopupStatusBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which top-up."""

    payment_intent_id: str
    """As the answer to the top-up named it."""


class TopupConfigBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Automatic top-ups, in cents."""

    amount: TopupCents
    """How much would be added."""
    threshold: Annotated[int, Meta(ge=500, le=_MOST_CENTS)]
    """Below which balance."""


@get(f"{_BASE}/invoice-preview", "aig-billing-get-invoice-preview", permission="read", tag=_TAG)
def invoice_preview(_resources: Resources, request: Request) -> InvoicePreview:
    """This month's invoice: over nothing."""
    now = datetime.fromtimestamp(request.now_us / 1e6, UTC)
    start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return InvoicePreview(int(start.timestamp()), int(end.timestamp()))


@post(f"{_BASE}/spending-limit", "aig-billing-create-spending-limit", permission="edit", tag=_TAG)
def create_spending_limit(_resources: Resources, _request: Request, body: SpendingLimitBody) -> NoReturn:
    """Refused: gateways have `spend_limits`.

    Refused, as Cloudflare does by now: nothing would hold anybody to it.
    """
    raise invalid("an account has no spending limit of its own: set `spend_limits` of its gateways", "body")


@post(f"{_BASE}/topup/status", "aig-billing-get-topup-status", permission="read", tag=_TAG)
def topup_status(_resources: Resources, _request: Request, body: TopupStatusBody) -> TopupStatus:
    """How a top-up stands: done."""
    return TopupStatus(body.payment_intent_id)


@post(f"{_BASE}/topup/config", "aig-billing-create-topup-config", permission="edit", tag=_TAG)
def set_topup_config(_resources: Resources, _request: Request, body: TopupConfigBody) -> TopupConfigBody:
    """Set automatic top-ups, which never happen.

    Taken note of in the answer alone: the balance never falls to any threshold.
    """
    return body


class _Constant(NamedTuple):
    """An endpoint that gives the same answer at all times, whatever is sent, if it is well formed."""

    method: Method
    path: str
    name: str
    summary: str
    answer: Mapping[str, object]
    given: Mapping[str, type[msgspec.Struct]] = {}  # its body or query


_NO_TOPUPS: Final = dict.fromkeys(("amount", "threshold", "disabledReason", "error", "lastFailedAt"))
_CONSTANTS: Final = (
    _Constant(
        "GET",
        "/credit-balance",
        "aig-billing-get-credit-balance",
        "What is left to spend: nothing is billed",
        {
            "balance": UNLIMITED,
            "has_default_payment_method": False,
            "topup_config": _NO_TOPUPS,
            "payment_method": None,
            "first_topup_success": None,
        },
    ),
    _Constant(
        "GET",
        "/invoice-history",
        "aig-billing-list-invoices",
        "Invoices: there are none",
        {"invoices": (), "pagination": {"page": 1, "per_page": 20, "total_count": 0, "has_more": False}},
        {"query": InvoiceQuery},
    ),
    _Constant(
        "GET",
        "/usage-history",
        "aig-billing-get-usage-history",
        "Billed usage: there is none",
        {"history": ()},
        {"query": UsageQuery},
    ),
    _Constant(
        "GET",
        "/spending-limit",
        "aig-billing-get-spending-limit",
        "The account's spending limit: there is none",
        {"config": dict.fromkeys(("amount", "duration", "strategy")), "enabled": False},
    ),
    _Constant(
        "DELETE",
        "/spending-limit",
        "aig-billing-delete-spending-limit",
        "Remove the account's spending limit, which there is not",
        {},
    ),
    _Constant(
        "POST",
        "/topup",
        "aig-billing-create-topup",
        "Top up a balance that needs none: nothing is charged",
        {
            "payment_intent_id": _NO_PAYMENT,
            "client_secret": None,
            "onboarding": True,
            "brand": None,
            "last4": None,
        },
        {"body": TopupBody},
    ),
    _Constant(
        "GET",
        "/topup/config",
        "aig-billing-get-topup-config",
        "Automatic top-ups: there are none",
        _NO_TOPUPS,
    ),
    _Constant(
        "DELETE",
        "/topup/config",
        "aig-billing-delete-topup-config",
        "Remove automatic top-ups, which there are not",
        {},
    ),
)


def _constant(row: _Constant) -> Callable[..., object]:
    def constant(_resources: Resources, _request: Request, **_given: object) -> object:
        return row.answer

    answer = Annotated[object, Meta(extra_json_schema={"const": row.answer})]
    constant.__annotations__ = {**row.given, "return": answer}
    permission: Permission = "read" if row.method == "GET" else "edit"
    constant.__doc__ = row.summary
    return endpoint(row.method, _BASE + row.path, row.name, permission=permission, tag=_TAG)(constant)


ENDPOINTS = endpoints(
    *map(_constant, _CONSTANTS), invoice_preview, create_spending_limit, topup_status, set_topup_config
)
