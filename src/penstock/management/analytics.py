"""The analytics endpoint: what calls add up to, by time and whatever they are kept by (Cloudflare 3.23).

Our own beside Cloudflare's GraphQL, which is in `graphql.py`. Questions and answers are `analytics/`'s; here is who
may ask, and of which gateways. A token of some gateways gets the sums of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from penstock.analytics.parameters import BadParameter, read_question
from penstock.analytics.report import Report, report
from penstock.management.answer import Answer, result
from penstock.management.endpoint import Ask, Endpoint
from penstock.management.problem import invalid
from penstock.management.resources import Desk
from penstock.stores.ledger import LedgerMissing
from penstock.stores.rollups import Group, Question, Unanswerable


class AnalyticsQuery(msgspec.Struct, frozen=True):
    """What to add up. Any other caller key, `metadata.NAME`, may be asked by and filtered by, too."""

    since: str = "24h"
    until: str = "now"
    bucket: Literal["all", "1m", "5m", "15m", "1h", "6h", "1d", "1w", "1mo"] = "all"
    by: str = ""
    latencies: bool = False
    gateway: str | None = None
    provider: str | None = None
    model: str | None = None
    status: str | None = None
    cached: bool | None = None
    rate_limited: bool | None = None
    error: bool | None = None
    token: str | None = None
    user: str | None = None
    team: str | None = None


def get(desk: Desk, ask: Ask) -> Answer:
    gateways = ask.caller.gateways("metadata_read", ask.account)
    try:
        question = read_question(ask.query, ask.account, ask.now_us, gateways)
        return result(report(question, answered(desk, question)))
    except BadParameter as error:
        raise invalid(str(error), "query", error.parameter) from None
    except Unanswerable as error:
        raise invalid(str(error), "query") from None


def answered(desk: Desk, question: Question) -> Sequence[Group]:
    """The groups; none as long as no call was ever stored. Raises `Unanswerable`, `LedgerUnavailable`."""
    if any(not one.values for clause in question.having for one in clause):
        return ()  # of no gateway at all
    try:
        with desk.rollups() as rollups:
            return rollups.ask(question)
    except LedgerMissing:
        return ()


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        method="GET",
        path="/accounts/{account_id}/ai-gateway/analytics",
        handler=get,
        permission="metadata_read",
        scope="some",
        name="penstock-analytics",
        summary="What calls add up to: counts, tokens, cost, latencies",
        tag="AI Gateway Analytics",
        query=AnalyticsQuery,
        result=Report,
    ),
)
