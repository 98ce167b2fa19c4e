"""What may stand in the query of a list of logs, or of their deletion, and what it asks of the ledger (Cloudflare 4.3).

Filters are read in `encoding.py`, and checked in `control/log_filters.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

import msgspec

from penstock.control.log_filters import LOG_RULES, MAX_TEXT, moment
from penstock.management.endpoint import Ask, read_query
from penstock.management.log_filters.encoding import split_filters
from penstock.management.log_filters.filters import LogFilter, conditions
from penstock.management.problem import invalid
from penstock.stores.ledger import Condition, Operator, Order, OrderKey, Query

MAX_DELETED: Final = 10_000

Direction = Literal["asc", "desc"]

_MILLISECOND_US = 1000
_LEAST_US, _MOST_US = 0, 2**52


# Those from `start_date` on are deprecated by Cloudflare; filters say the same.
class LogListQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which logs to list, and how."""

    filters: tuple[LogFilter, ...] = ()
    page: int = 1
    per_page: int = 20
    order_by: OrderKey = "created_at"
    order_by_direction: Direction | None = None
    direction: Direction | None = None
    search: str = ""
    meta_info: bool = False
    start_date: str | None = None
    end_date: str | None = None
    success: bool | None = None
    cached: bool | None = None
    feedback: Literal[0, 1] | None = None
    provider: str | None = None
    model: str | None = None
    model_type: str | None = None
    request_content_type: str | None = None
    response_content_type: str | None = None
    min_cost: float | None = None
    max_cost: float | None = None
    min_duration: float | None = None
    max_duration: float | None = None
    min_tokens_in: float | None = None
    max_tokens_in: float | None = None
    min_tokens_out: float | None = None
    max_tokens_out: float | None = None
    min_total_tokens: float | None = None
    max_total_tokens: float | None = None


class LogDeleteQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which logs to delete: the first `limit` in this order."""

    filters: tuple[LogFilter, ...] = ()
    limit: int = MAX_DELETED
    order_by: OrderKey = "created_at"
    order_by_direction: Direction | None = None


class Listing(NamedTuple):
    """A list that was asked for."""

    asked: LogListQuery
    where: Query
    order: Order


class Deletion(NamedTuple):
    """A deletion that was asked for."""

    where: Query
    limit: int
    order: Order


_SAME: Final = (
    "success", "cached", "provider", "model", "model_type", "request_content_type", "response_content_type",
)  # fmt: skip
_RANGES: Final = {
    "cost": "cost",
    "duration": "duration",
    "tokens_in": "tokens_in",
    "tokens_out": "tokens_out",
    "total_tokens": "tokens",
}


def read_listing(ask: Ask) -> Listing:
    """What a list should hold. Raises `ManagementError` 400."""
    filters, rest = split_filters(ask.query)
    asked = read_query(msgspec.structs.replace(ask, query=tuple(rest)), LogListQuery)
    if len(asked.search) > MAX_TEXT:
        raise invalid(f"search has at most {MAX_TEXT} characters", "query", "search")
    held = [(one,) for one in conditions(filters, LOG_RULES, "query", "filters")]
    until = _time(asked.end_date, "end_date")
    where = Query(
        account=ask.account,
        gateways=(ask.gateway,),
        conditions=(*held, *_deprecated(asked)),
        since_us=_time(asked.start_date, "start_date"),
        # What is shown as the same moment belongs to it: the wire has milliseconds.
        until_us=None if until is None else until + _MILLISECOND_US,
        search=asked.search,
    )
    direction = asked.order_by_direction or asked.direction or "desc"
    return Listing(asked, where, Order(asked.order_by, direction == "desc"))


def read_deletion(ask: Ask) -> Deletion:
    """What should go: the oldest, where nothing is said of the order. Raises `ManagementError` 400."""
    filters, rest = split_filters(ask.query)
    asked = read_query(msgspec.structs.replace(ask, query=tuple(rest)), LogDeleteQuery)
    if not 1 <= asked.limit <= MAX_DELETED:
        raise invalid(f"limit must be from 1 to {MAX_DELETED}", "query", "limit")
    held = tuple((one,) for one in conditions(filters, LOG_RULES, "query", "filters"))
    where = Query(account=ask.account, gateways=(ask.gateway,), conditions=held)
    return Deletion(where, asked.limit, Order(asked.order_by, asked.order_by_direction == "desc"))


def _time(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    found = moment(text)
    if found is None:
        raise invalid(f"{name} must be a time such as 2026-01-31T12:00:00Z", "query", name)
    return min(max(int(found.timestamp() * 1_000_000), _LEAST_US), _MOST_US)


def _deprecated(asked: LogListQuery) -> Iterator[tuple[Condition, ...]]:
    """The parameters that are older than filters, as filters; in each group any one must hold."""
    for name in _SAME:
        value = getattr(asked, name)
        if value is not None:
            yield _group(name, name, "eq", value=value)
    for name, key in _RANGES.items():
        least, most = getattr(asked, f"min_{name}"), getattr(asked, f"max_{name}")
        if least is not None:
            yield _group(f"min_{name}", key, "gt", "eq", value=least)
        if most is not None:
            yield _group(f"max_{name}", key, "lt", "eq", value=most)
    if asked.feedback is not None:
        # The parameter says 0 for the thumb that is stored as -1 (6.2, C10).
        yield _group("feedback", "feedback", "eq", value=asked.feedback or -1)


def _group(name: str, key: str, *operators: Operator, value: object) -> tuple[Condition, ...]:
    given = {"key": key, "operator": operators[0], "value": [value]}
    (first,) = conditions([given], LOG_RULES, "query", name)
    return tuple(msgspec.structs.replace(first, operator=operator) for operator in operators)
