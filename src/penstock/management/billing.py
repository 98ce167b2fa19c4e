"""Billing (Cloudflare 4.9): nothing is billed here, and the answers say so in the shapes that clients parse.

Nothing is stored. What would seem to protect somebody and does not, an account's spending limit, is refused.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from penstock.management.answer import Answer, result
from penstock.management.endpoint import Ask, Endpoint, read_body, read_query
from penstock.management.problem import invalid
from penstock.management.resources import Desk

UNLIMITED: Final = 1_000_000_000.0
"""A balance that nothing is ever taken from; JSON has no infinite number."""

_CURRENCY = "usd"
_NO_PAYMENT = "none"  # the id of the invoice that there is not
_MOST_CENTS = 2**53 - 1

TopupCents = Annotated[int, Meta(ge=1000, le=_MOST_CENTS)]


class TopupSettings(msgspec.Struct, frozen=True):
    """Automatic top-ups; there are none."""

    amount: float | None = None
    threshold: float | None = None
    disabled_reason: str | None = msgspec.field(default=None, name="disabledReason")
    error: str | None = None
    last_failed_at: float | None = msgspec.field(default=None, name="lastFailedAt")


class CreditBalance(msgspec.Struct, frozen=True):
    """What is left to spend."""

    balance: float
    has_default_payment_method: bool
    topup_config: TopupSettings
    payment_method: None = None
    first_topup_success: bool | None = None


class Invoices(msgspec.Struct, frozen=True):
    """No invoices."""

    invoices: tuple[str, ...]
    pagination: dict[str, bool | int]


class InvoicePreview(msgspec.Struct, frozen=True):
    """The invoice of this month: over nothing. Times are seconds since 1970."""

    id: str
    amount_due: float
    amount_paid: float
    amount_remaining: float
    currency: str
    invoice_lines: tuple[str, ...]
    period_start: int
    period_end: int
    status: Literal["draft"] = "draft"


class UsageHistory(msgspec.Struct, frozen=True):
    """No billed usage."""

    history: tuple[str, ...] = ()


class SpendingLimit(msgspec.Struct, frozen=True):
    """No limit of the account."""

    config: dict[str, None]
    enabled: bool = False


class Topup(msgspec.Struct, frozen=True):
    """A top-up that was not needed."""

    payment_intent_id: str = _NO_PAYMENT
    client_secret: str | None = None
    onboarding: bool = True
    brand: str | None = None
    last4: str | None = None


class TopupStatus(msgspec.Struct, frozen=True):
    """How a top-up stands."""

    payment_intent_id: str
    status: Literal["completed", "pending"] = "completed"


class InvoiceQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which invoices."""

    type: Literal["auto", "all", "manual"] = "all"


class UsageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which usage; times are milliseconds since 1970."""

    value_grouping_window: Literal["day", "hour"]
    start_time: float | None = None
    end_time: float | None = None


class SpendingLimitBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A limit of the account, in cents."""

    amount: Annotated[int, Meta(ge=100, le=_MOST_CENTS)]
    duration: Literal["daily", "weekly", "monthly"]
    strategy: Literal["fixed", "sliding"]


class TopupBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A top-up, in cents."""

    amount: TopupCents
    payment_method_id: str | None = None


class TopupStatusBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which top-up."""

    payment_intent_id: str


class TopupConfigBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Automatic top-ups, in cents."""

    amount: TopupCents
    threshold: Annotated[int, Meta(ge=500, le=_MOST_CENTS)]


def credit_balance(_desk: Desk, _ask: Ask) -> Answer:
    return result(CreditBalance(UNLIMITED, False, TopupSettings()))


def invoice_history(_desk: Desk, ask: Ask) -> Answer:
    read_query(ask, InvoiceQuery)
    return result(Invoices((), {"page": 1, "per_page": 20, "total_count": 0, "has_more": False}))


def invoice_preview(_desk: Desk, ask: Ask) -> Answer:
    now = datetime.fromtimestamp(ask.now_us / 1e6, UTC)
    start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    period = int(start.timestamp()), int(end.timestamp())
    return result(InvoicePreview(_NO_PAYMENT, 0.0, 0.0, 0.0, _CURRENCY, (), *period))


def usage_history(_desk: Desk, ask: Ask) -> Answer:
    read_query(ask, UsageQuery)
    return result(UsageHistory())


def create_spending_limit(_desk: Desk, ask: Ask) -> Answer:
    """Refused, as Cloudflare does by now: nothing would hold anybody to it."""
    read_body(ask, SpendingLimitBody)
    raise invalid("an account has no spending limit of its own: set `spend_limits` of its gateways", "body")


def get_spending_limit(_desk: Desk, _ask: Ask) -> Answer:
    return result(SpendingLimit({"amount": None, "duration": None, "strategy": None}))


def create_topup(_desk: Desk, ask: Ask) -> Answer:
    read_body(ask, TopupBody)
    return result(Topup())


def topup_status(_desk: Desk, ask: Ask) -> Answer:
    return result(TopupStatus(read_body(ask, TopupStatusBody).payment_intent_id))


def set_topup_config(_desk: Desk, ask: Ask) -> Answer:
    """Taken note of in the answer alone: the balance never falls to any threshold."""
    return result(read_body(ask, TopupConfigBody))


def get_topup_config(_desk: Desk, _ask: Ask) -> Answer:
    return result(TopupSettings())


def nothing(_desk: Desk, _ask: Ask) -> Answer:
    """There was nothing to remove."""
    return result({})


_BASE = "/accounts/{account_id}/ai-gateway/billing"
_TAG = "AI Gateway Billing"


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        method="GET",
        path=f"{_BASE}/credit-balance",
        handler=credit_balance,
        permission="read",
        scope="account",
        name="aig-billing-get-credit-balance",
        summary="What is left to spend: nothing is billed",
        tag=_TAG,
        result=CreditBalance,
    ),
    Endpoint(
        method="GET",
        path=f"{_BASE}/invoice-history",
        handler=invoice_history,
        permission="read",
        scope="account",
        name="aig-billing-list-invoices",
        summary="Invoices: there are none",
        tag=_TAG,
        query=InvoiceQuery,
        result=Invoices,
    ),
    Endpoint(
        method="GET",
        path=f"{_BASE}/invoice-preview",
        handler=invoice_preview,
        permission="read",
        scope="account",
        name="aig-billing-get-invoice-preview",
        summary="This month's invoice: over nothing",
        tag=_TAG,
        result=InvoicePreview,
    ),
    Endpoint(
        method="GET",
        path=f"{_BASE}/usage-history",
        handler=usage_history,
        permission="read",
        scope="account",
        name="aig-billing-get-usage-history",
        summary="Billed usage: there is none",
        tag=_TAG,
        query=UsageQuery,
        result=UsageHistory,
    ),
    Endpoint(
        method="POST",
        path=f"{_BASE}/spending-limit",
        handler=create_spending_limit,
        permission="edit",
        scope="account",
        name="aig-billing-create-spending-limit",
        summary="Refused: gateways have `spend_limits`",
        tag=_TAG,
        body=SpendingLimitBody,
    ),
    Endpoint(
        method="GET",
        path=f"{_BASE}/spending-limit",
        handler=get_spending_limit,
        permission="read",
        scope="account",
        name="aig-billing-get-spending-limit",
        summary="The account's spending limit: there is none",
        tag=_TAG,
        result=SpendingLimit,
    ),
    Endpoint(
        method="DELETE",
        path=f"{_BASE}/spending-limit",
        handler=nothing,
        permission="edit",
        scope="account",
        name="aig-billing-delete-spending-limit",
        summary="Remove the account's spending limit, which there is not",
        tag=_TAG,
    ),
    Endpoint(
        method="POST",
        path=f"{_BASE}/topup",
        handler=create_topup,
        permission="edit",
        scope="account",
        name="aig-billing-create-topup",
        summary="Top up a balance that needs none: nothing is charged",
        tag=_TAG,
        body=TopupBody,
        result=Topup,
    ),
    Endpoint(
        method="POST",
        path=f"{_BASE}/topup/status",
        handler=topup_status,
        permission="read",
        scope="account",
        name="aig-billing-get-topup-status",
        summary="How a top-up stands: done",
        tag=_TAG,
        body=TopupStatusBody,
        result=TopupStatus,
    ),
    Endpoint(
        method="POST",
        path=f"{_BASE}/topup/config",
        handler=set_topup_config,
        permission="edit",
        scope="account",
        name="aig-billing-create-topup-config",
        summary="Set automatic top-ups, which never happen",
        tag=_TAG,
        body=TopupConfigBody,
        result=TopupConfigBody,
    ),
    Endpoint(
        method="GET",
        path=f"{_BASE}/topup/config",
        handler=get_topup_config,
        permission="read",
        scope="account",
        name="aig-billing-get-topup-config",
        summary="Automatic top-ups: there are none",
        tag=_TAG,
        result=TopupSettings,
    ),
    Endpoint(
        method="DELETE",
        path=f"{_BASE}/topup/config",
        handler=nothing,
        permission="edit",
        scope="account",
        name="aig-billing-delete-topup-config",
        summary="Remove automatic top-ups, which there are not",
        tag=_TAG,
    ),
)
