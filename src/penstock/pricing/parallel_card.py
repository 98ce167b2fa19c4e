"""What a call to Parallel costs, in nano-dollars, by its price card (Parallel 3.1, 3.2).

A search is charged when it is answered; a run of a task or of FindAll when it ends, so what is known at its
creation is an estimate: every run completes, every match is found. Pure; only successful calls are charged,
and whether a call was one is for the caller to know. The prices are in `parallel_prices.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Annotated

import msgspec

from penstock.pricing import parallel_prices as card
from penstock.wire.usage import Usage

_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeError)
_MAX_UNITS = 1_000_000  # of anything one request may ask for

_Units = Annotated[int, msgspec.Meta(ge=0, le=_MAX_UNITS)]


class _Settings(msgspec.Struct, gc=False):
    max_results: _Units | None = None


class _Reasoning(msgspec.Struct, gc=False):
    effort: str | None = None


class _Run(msgspec.Struct, gc=False):
    processor: str | None = None


class _Request(msgspec.Struct, gc=False):
    """All that decides a price, of every product."""

    mode: str | None = None
    processor: str | None = None
    generator: str | None = None
    model: str | None = None
    reasoning: _Reasoning | None = None
    max_results: _Units | None = None  # v1beta
    advanced_settings: _Settings | None = None
    match_limit: _Units | None = None
    urls: list[str] | None = None
    inputs: list[_Run] | None = None


Rule = Callable[[_Request, int | None], int | None]
"""From a request, and the number of results where it is known, to a price."""

_decode = msgspec.json.Decoder(_Request).decode


def parallel_cost(path_tail: str, request_body: bytes | None, usage: Usage | None = None) -> int | None:
    """The price of a call; None where the card does not say, or only the end of a run will.

    `path_tail` is all that follows `/parallel/`, with or without query. Without `usage` (before the answer)
    the price is the highest that the request allows. Reading is free: it is told by its empty body. A body
    that is not at hand (cut, in an unknown encoding) is None, and the price then unknown.
    """
    path = path_tail.lstrip("/").partition("?")[0].rstrip("/")
    rule = next((rule for pattern, rule in _RULES if pattern.fullmatch(path)), None)
    if request_body == b"":
        return None if rule is _unknown else 0
    if rule is None or request_body is None:
        return None
    try:
        request = _decode(request_body)
    except _UNREADABLE:
        return None
    return rule(request, usage.results if usage else None)


def task_price(processor: str) -> int | None:
    """The price of one completed run of a task. A failed one is free."""
    return card.TASK.get(processor)


def monitor_price(processor: str | None) -> int | None:
    """The price of one execution of a monitor; the first comes with its creation."""
    return card.MONITOR_EXECUTION.get(processor or "lite")


def findall_price(generator: str, matches: int, enrichments: Iterable[str] = ()) -> int | None:
    """The price of a FindAll run with `matches`, and the processors of its enrichments (Parallel 2.12.4)."""
    fixed, per_match = card.FINDALL_RUN.get(generator), card.FINDALL_MATCH.get(generator)
    enriched = _sum(task_price(processor) for processor in enrichments)
    if fixed is None or per_match is None or enriched is None:
        return None
    return fixed + matches * (per_match + enriched)


def _search(request: _Request, results: int | None) -> int | None:
    asked = request.advanced_settings.max_results if request.advanced_settings else None
    return _searched(card.SEARCH.get(request.mode or "advanced"), asked, results)


def _search_beta(request: _Request, results: int | None) -> int | None:
    key = request.mode or request.processor or "one-shot"
    return _searched(card.SEARCH_BETA.get(key), request.max_results, results)


def _searched(price: int | None, asked: int | None, results: int | None) -> int | None:
    if price is None:
        return None
    count = min(asked or 0, card.SEARCH_AT_MOST) if results is None else results
    return price + max(0, count - card.SEARCH_INCLUDES) * card.SEARCH_RESULT


def _extract(request: _Request, results: int | None) -> int | None:
    if results is None:
        return None if request.urls is None else len(request.urls) * card.EXTRACT_URL
    return results * card.EXTRACT_URL


def _image_search(request: _Request, _: int | None) -> int | None:
    return card.IMAGE_SEARCH.get(request.mode or "advanced")


def _place_search(request: _Request, _: int | None) -> int | None:
    return card.PLACE_SEARCH.get(request.mode or "advanced")


def _task(request: _Request, _: int | None) -> int | None:
    return task_price(request.processor or "")


def _task_group(request: _Request, _: int | None) -> int | None:
    return None if request.inputs is None else _sum(task_price(run.processor or "") for run in request.inputs)


def _responses(request: _Request, _: int | None) -> int | None:
    effort = request.reasoning.effort if request.reasoning else None
    return card.RESPONSES.get(effort or "medium")


def _chat(request: _Request, _: int | None) -> int | None:
    return card.CHAT.get((request.model or "").removeprefix("parallel/"))


def _findall(request: _Request, _: int | None) -> int | None:
    return (
        None if request.match_limit is None else findall_price(request.generator or "", request.match_limit)
    )


def _entity_search(request: _Request, results: int | None) -> int | None:
    count = request.match_limit or 0 if results is None else results
    return card.ENTITY_SEARCH + max(0, count - card.ENTITY_SEARCH_INCLUDES) * card.ENTITY


def _monitor(request: _Request, _: int | None) -> int | None:
    return monitor_price(request.processor)


def _free(_request: _Request, _: int | None) -> int | None:
    return 0


def _unknown(_request: _Request, _: int | None) -> int | None:
    return None


def _sum(prices: Iterable[int | None]) -> int | None:
    """Of prices that are all known."""
    total = 0
    for price in prices:
        if price is None:
            return None
        total += price
    return total


_RULES: tuple[tuple[re.Pattern[str], Rule], ...] = tuple(
    (re.compile(pattern), rule)
    for pattern, rule in (
        (r"v1/search", _search),
        (r"v1beta/search", _search_beta),
        (r"(?:v1|v1beta)/extract", _extract),
        (r"v1/images/search", _image_search),
        (r"v1/places/search", _place_search),
        (r"(?:v1|v1beta)/tasks/runs", _task),
        (r"(?:v1|v1beta)/tasks/groups/[^/]+/runs", _task_group),
        (r"(?:v1|v1beta)/tasks/groups", _free),
        (r"v1/responses", _responses),
        (r"(?:(?:v1|v1beta)/)?chat/completions", _chat),
        (r"v1beta/findall/runs", _findall),
        (r"v1beta/findall/runs/[^/]+/cancel", _free),
        (r"v1beta/findall/(?:entity-search|candidates)", _entity_search),
        (r"v1/monitors", _monitor),
        (r"v1/monitors/[^/]+/(?:update|cancel)", _free),
        (r"v1/monitors/[^/]+/trigger", _unknown),  # one more execution, of a processor that is not said
    )
)
