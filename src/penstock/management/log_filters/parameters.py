"""What may stand in the query of a list of logs, or of their deletion, and what it asks of the ledger (Cloudflare 4.3).

Filters are read in `encoding.py`, and checked in `control/log_filters.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Final, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

from penstock.control.log_filters import LOG_RULES, MAX_NUMBER, MAX_TEXT, moment
from penstock.management.log_filters.encoding import split_filters
from penstock.management.log_filters.filters import LogFilter, conditions
from penstock.management.paging import Paging
from penstock.management.problem import invalid
from penstock.management.reading import Pairs, parameters
from penstock.management.request import Request
from penstock.stores.ledger import Condition, Operator, Order, OrderKey, Query

MAX_DELETED: Final = 10_000

Direction = Literal["asc", "desc"]
Number = Annotated[float, Meta(ge=-MAX_NUMBER, le=MAX_NUMBER)]

_MILLISECOND_US = 1000
_LEAST_US, _MOST_US = 0, 2**52


# Those from `start_date` on are deprecated by Cloudflare; filters say the same.
class LogListQuery(Paging, frozen=True, kw_only=True):
    """Which logs to list, and how."""

    filters: tuple[LogFilter, ...] = ()
    """All of these must hold."""
    per_page: Annotated[int, Meta(ge=1, le=50)] = 20
    """How many on a page."""
    order_by: OrderKey = "created_at"
    """What they are ordered by."""
    order_by_direction: Direction | None = None
    """In which direction."""
    direction: Direction | None = None
    """The same, as older clients call it."""
    search: Annotated[str, Meta(max_length=MAX_TEXT)] = ""
    """Text that stands somewhere in a log."""
    meta_info: bool = False
    """With the least and the most of cost, duration and tokens?"""
    start_date: str | None = None
    """From this time on. Filters say the same, as of all that follow."""
    end_date: str | None = None
    """Up to this time."""
    success: bool | None = None
    """Only those that succeeded, or not."""
    cached: bool | None = None
    """Only from the cache, or not."""
    feedback: Literal[0, 1] | None = None
    """1 for thumbs up, 0 for thumbs down."""
    provider: str | None = None
    """Only of this provider."""
    model: str | None = None
    """Only of this model."""
    model_type: str | None = None
    """Only of this kind of model."""
    request_content_type: str | None = None
    """Only with this content type of the request."""
    response_content_type: str | None = None
    """Only with this content type of the answer."""
    min_cost: Number | None = None
    """At least so many US dollars."""
    max_cost: Number | None = None
    """At most so many US dollars."""
    min_duration: Number | None = None
    """At least so many milliseconds."""
    max_duration: Number | None = None
    """At most so many milliseconds."""
    min_tokens_in: Number | None = None
    """At least so many tokens sent."""
    max_tokens_in: Number | None = None
    """At most so many tokens sent."""
    min_tokens_out: Number | None = None
    """At least so many tokens that came back."""
    max_tokens_out: Number | None = None
    """At most so many tokens that came back."""
    min_total_tokens: Number | None = None
    """At least so many tokens in all."""
    max_total_tokens: Number | None = None
    """At most so many tokens in all."""

    @classmethod
    def read(cls, given: Pairs) -> LogListQuery:
        """Raises `ManagementError` 400."""
        return _read(given, cls)


class LogDeleteQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which logs to delete: the first `limit` in this order."""

    filters: tuple[LogFilter, ...] = ()
    """All of these must hold."""
    limit: Annotated[int, Meta(ge=1, le=MAX_DELETED)] = MAX_DELETED
    """At most so many are deleted."""
    order_by: OrderKey = "created_at"
    """What comes first goes first."""
    order_by_direction: Direction | None = None
    """In which direction; left out, the oldest go first."""

    @classmethod
    def read(cls, given: Pairs) -> LogDeleteQuery:
        """Raises `ManagementError` 400."""
        return _read(given, cls)


class Asked(NamedTuple):
    """Which calls of the ledger, and in which order."""

    where: Query
    order: Order


LogQuery = TypeVar("LogQuery", LogListQuery, LogDeleteQuery)

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


def listing(query: LogListQuery, request: Request) -> Asked:
    """What a list should hold. Raises `ManagementError` 400."""
    until = _time(query.end_date, "end_date")
    where = Query(
        account=request.account,
        gateways=(request.gateway,),
        conditions=(*_held(query.filters), *_deprecated(query)),
        since_us=_time(query.start_date, "start_date"),
        # What is shown as the same moment belongs to it: the wire has milliseconds.
        until_us=None if until is None else until + _MILLISECOND_US,
        search=query.search,
    )
    direction = query.order_by_direction or query.direction or "desc"
    return Asked(where, Order(query.order_by, direction == "desc"))


def deletion(query: LogDeleteQuery, request: Request) -> Asked:
    """What should go: the oldest, where nothing is said of the order."""
    where = Query(
        account=request.account, gateways=(request.gateway,), conditions=tuple(_held(query.filters))
    )
    return Asked(where, Order(query.order_by, query.order_by_direction == "desc"))


def _read(given: Pairs, kind: type[LogQuery]) -> LogQuery:
    """A query whose filters are spelled in one of many ways, and worded by rules of their own."""
    filters, rest = split_filters(given)
    query = parameters(rest, kind)
    held = conditions(filters, LOG_RULES, "query", "filters")
    found = tuple(LogFilter(one.key, one.operator, one.values) for one in held)
    return msgspec.structs.replace(query, filters=found)


def _held(filters: Iterable[LogFilter]) -> Iterator[tuple[Condition, ...]]:
    for one in filters:
        yield (Condition(one.key, one.operator, one.value),)


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
