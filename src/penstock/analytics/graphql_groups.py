"""One dataset of the GraphQL subset: the question that a selection asks, and the groups as nodes.

Pure: a selection is names, a node is a dictionary. Which names there are stands in `graphql_schema.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import gcd
from typing import Final

import msgspec

from penstock.analytics.gateway_size import GatewaySize
from penstock.analytics.graphql_filter import BadQuery, read_filter
from penstock.analytics.graphql_schema import (
    CACHE,
    ERRORS,
    MAX_LIMIT,
    METADATA_RAW,
    MINUTES,
    MONTH,
    NUMBERS,
    TEXTS,
)
from penstock.analytics.report import total_of
from penstock.analytics.times import DAY_US, MINUTE_US, date_of, month_of, text_of
from penstock.pricing.units import to_usd
from penstock.stores.rollups import Bucket, Group, Having, Question, Sums, fits

Ask = Callable[[Question], Sequence[Group]]
"""Answers a question to the roll-ups; raises `Unanswerable`, `LedgerUnavailable`."""

Value = str | int | float
Node = dict[str, object]

_MOST_GROUPS: Final = 20_000  # before order and limit; about a third of a second
_DAY_MINUTES = DAY_US // MINUTE_US
_DIMENSIONS = {**TEXTS, **NUMBERS}
_ALWAYS: Final[Mapping[str, tuple[tuple[Having, ...], ...]]] = {
    ERRORS: ((Having("error", "eq", ("1",)),),),
    CACHE: ((Having("cached", "eq", ("1",)),),),
}


class Selection(msgspec.Struct, frozen=True):
    """What is asked of a dataset: the dimensions selected, and the arguments, as JSON has them."""

    dataset: str
    dimensions: tuple[str, ...]
    filter: Mapping[str, object]
    order: tuple[str, ...]
    limit: object


def call_groups(selection: Selection, account: str, now_us: int, ask: Ask) -> list[Node]:
    """The nodes of a dataset of calls. Raises `BadQuery`, and what `ask` raises."""
    limit = _limit(selection.limit)
    conditions = read_filter(selection.filter, account, now_us)
    if METADATA_RAW in selection.dimensions:
        raise BadQuery(
            f"{METADATA_RAW} is not kept in the sums: filter by metadataKeys_has and metadataValues_has, "
            "or look into the logs"
        )
    question = Question(
        account,
        conditions.since_us,
        conditions.until_us,
        _bucket(selection.dimensions),
        tuple(_DIMENSIONS[name] for name in selection.dimensions if name in _DIMENSIONS),
        (*conditions.having, *_ALWAYS.get(selection.dataset, ())),
        limit=_MOST_GROUPS,
    )
    found: dict[tuple[Value, ...], Sums] = {}
    for group in ask(question):
        values = _values(selection.dimensions, group)
        found[values] = total_of((found[values], group.sums)) if values in found else group.sums
    names = selection.dimensions
    return _ordered(selection, [_node(names, values, sums) for values, sums in found.items()])[:limit]


def size_groups(selection: Selection, sizes: Iterable[GatewaySize]) -> list[Node]:
    """The nodes of the dataset of sizes. Raises `BadQuery`."""
    limit = _limit(selection.limit)
    conditions = read_filter(selection.filter, "", 0)
    nodes: dict[tuple[Value, ...], int] = {}
    for size in sizes:
        if all(any(fits(size.gateway, one) for one in clause) for clause in conditions.having):
            known: dict[str, Value] = {"gateway": size.gateway, "logManagement": size.log_management}
            values = tuple(known[name] for name in selection.dimensions)
            nodes[values] = max(size.rows, nodes.get(values, 0))
    found: list[Node] = [
        {"max": {"rows": rows}, "dimensions": dict(zip(selection.dimensions, values, strict=True))}
        for values, rows in nodes.items()
    ]
    return _ordered(selection, found)[:limit]


def _limit(given: object) -> int:
    if given is None:
        return MAX_LIMIT
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= MAX_LIMIT:
        raise BadQuery(f"limit must be positive number and not greater than {MAX_LIMIT}")
    return given


def _bucket(names: Iterable[str]) -> Bucket | None:
    """The longest bucket of which all selected ones are made."""
    lengths = [MINUTES[name] for name in names if name in MINUTES]
    if MONTH in names and not lengths:
        return Bucket("month")
    if not lengths:
        return None
    length = gcd(*lengths, *([_DAY_MINUTES] if MONTH in names else []))
    if length % _DAY_MINUTES == 0:
        return Bucket("day", length // _DAY_MINUTES)
    return Bucket("hour", length // 60) if length % 60 == 0 else Bucket("minute", length)


def _values(names: Iterable[str], group: Group) -> tuple[Value, ...]:
    texts = iter(group.values)
    found: list[Value] = []
    for name in names:
        if name in TEXTS:
            found.append(next(texts))
        elif name in NUMBERS:
            found.append(int(next(texts)))
        elif name == MONTH:
            found.append(date_of(month_of(group.begins_us)))
        else:
            length = MINUTES[name] * MINUTE_US
            begin = group.begins_us // length * length
            found.append(date_of(begin) if name == "date" else text_of(begin))
    return tuple(found)


def _node(names: Sequence[str], values: Sequence[Value], sums: Sums) -> Node:
    return {
        "count": sums.requests,
        "sum": {
            "cachedRequests": sums.cached,
            "erroredRequests": sums.errors,
            "cachedTokensIn": sums.cached_tokens_in,
            "cachedTokensOut": sums.cached_tokens_out,
            "uncachedTokensIn": sums.tokens_in - sums.cached_tokens_in,
            "uncachedTokensOut": sums.tokens_out - sums.cached_tokens_out,
            "cost": to_usd(sums.cost_nano),
            "estimatedRequests": sums.estimated,
            "estimatedTokensIn": sums.estimated_tokens_in,
            "estimatedTokensOut": sums.estimated_tokens_out,
            "estimatedCost": to_usd(sums.estimated_cost_nano),
        },
        "dimensions": dict(zip(names, values, strict=True)),
    }


def _ordered(selection: Selection, nodes: list[Node]) -> list[Node]:
    """By the first of `order`, where that is alike by the second, and so on."""
    for given in reversed(selection.order):
        name, _, direction = given.rpartition("_")
        nodes.sort(key=_key(selection, given, name), reverse=direction == "DESC")
    return nodes


def _key(selection: Selection, given: str, name: str) -> Callable[[Node], Value]:
    part, _, field = name.partition("_")
    if part in ("sum", "max"):
        return lambda node: _inner(node, part, field)
    if name == "count":
        return lambda node: _number(node["count"])
    if name not in selection.dimensions:
        raise BadQuery(f"orderBy {given}: select dimensions {{ {name} }}, too")
    return lambda node: _inner(node, "dimensions", name)


def _inner(node: Node, part: str, field: str) -> Value:
    inside = node[part]
    assert isinstance(inside, dict)
    return _number(inside[field])


def _number(value: object) -> Value:
    assert isinstance(value, str | int | float)
    return value
