"""The analytics endpoint: what calls add up to, by time and whatever they are kept by (Cloudflare 3.23).

Our own beside Cloudflare's GraphQL, which is in `graphql.py`. Questions and answers are `analytics/`'s; here is who
may ask, and of which gateways. A token of some gateways gets the sums of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Annotated, Literal

import msgspec

from penstock.analytics.parameters import BadParameter, read_question
from penstock.analytics.report import Report, report
from penstock.management.endpoint import endpoints, get
from penstock.management.problem import invalid
from penstock.management.reading import Pairs
from penstock.management.request import Request
from penstock.management.resources import Resources
from penstock.stores.ledger import LedgerMissing
from penstock.stores.rollups import Group, Question, Unanswerable


class AnalyticsQuery(msgspec.Struct, frozen=True):
    """What to add up. Any other caller key, `metadata.NAME`, may be asked by and filtered by, too."""

    since: str = "24h"
    """From when on: a time, a date, or how long ago."""
    until: str = "now"
    """Until when; not included."""
    bucket: Literal["all", "1m", "5m", "15m", "1h", "6h", "1d", "1w", "1mo"] = "all"
    """How long each group's time is; `all` is one for the whole."""
    by: str = ""
    """Names to group by, with commas: `model,metadata.team`."""
    latencies: bool = False
    """With quantiles of the durations?"""
    gateway: str | None = None
    """Only of this gateway."""
    provider: str | None = None
    """Only of this provider."""
    model: str | None = None
    """Only of this model: `gpt-5` of any provider, or `openai/gpt-5`."""
    operation: str | None = None
    """Only of this operation, by its name: `openai.chat.completions.create`, or `unknown`."""
    status: str | None = None
    """Only with this status: `429`, or a class such as `4xx`."""
    cached: bool | None = None
    """Only from the cache, or not."""
    rate_limited: bool | None = None
    """Only those refused by a rate limit, or not."""
    error: bool | None = None
    """Only those that failed, or not."""
    token: str | None = None
    """Only with this token, by its id."""
    user: str | None = None
    """Only of this user."""
    team: str | None = None
    """Only of this team."""


@get(
    "/accounts/{account_id}/ai-gateway/analytics",
    "penstock-analytics",
    permission="metadata_read",
    scope="some",
    tag="AI Gateway Analytics",
)
def get_report(resources: Resources, request: Request, query: Annotated[Pairs, AnalyticsQuery]) -> Report:
    """What calls add up to: counts, tokens, cost, latencies."""
    gateways = request.caller.gateways("metadata_read", request.account)
    try:
        question = read_question(query, request.account, request.now_us, gateways)
        return report(question, answered(resources, question))
    except BadParameter as error:
        raise invalid(str(error), "query", error.parameter) from None
    except Unanswerable as error:
        raise invalid(str(error), "query") from None


Ask = Callable[[Question], Sequence[Group]]
"""A question to the groups that answer it. Raises `Unanswerable`, `LedgerUnavailable`."""


@contextmanager
def asking(resources: Resources) -> Iterator[Ask]:
    """For several questions, with the ledger opened once; none has an answer as long as no call was ever stored."""
    with ExitStack() as stack:
        try:
            rollups = stack.enter_context(resources.rollups())
        except LedgerMissing:
            rollups = None

        def ask(question: Question) -> Sequence[Group]:
            of_nothing = any(not one.values for clause in question.having for one in clause)
            return () if rollups is None or of_nothing else rollups.ask(question)

        yield ask


def answered(resources: Resources, question: Question) -> Sequence[Group]:
    """As `asking` does, one question."""
    with asking(resources) as ask:
        return ask(question)


ENDPOINTS = endpoints(get_report)
