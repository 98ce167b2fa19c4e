"""What a call to Parallel costs, in nano-dollars, by its price card (Parallel 3.1, 3.2).

A search is charged when it is answered; a run of a task or of FindAll when it ends, so what is known at its
creation is an estimate: every run completes, every match is found. Pure; only successful calls are charged,
and whether a call was one is for the caller to know. The prices are in `parallel_prices.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated

import msgspec

from penstock.pricing import parallel_prices as card
from penstock.pricing.bill import Bill, Charge, charge, total
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


Charges = tuple[Charge, ...]
Rule = Callable[[_Request, int | None], Charges | None]
"""From a request, and the number of results where it is known, to what is charged."""

_decode = msgspec.json.Decoder(_Request).decode
_ESTIMATE = f"{card.SOURCE}, estimate"


def parallel_cost(path_tail: str, request_body: bytes | None, usage: Usage | None = None) -> int | None:
    """The price of a call, in nano-dollars; None where the card does not say, or only the end of a run will.

    `path_tail` is all that follows `/parallel/`, with or without query. Without `usage` (before the answer)
    the price is the highest that the request allows. Reading is free: it is told by its empty body. A body
    that is not at hand (cut, in an unknown encoding) is None, and the price then unknown.
    """
    bill = parallel_bill(path_tail, request_body, usage)
    return None if bill is None else bill.nano


def parallel_bill(path_tail: str, request_body: bytes | None, usage: Usage | None = None) -> Bill | None:
    """How that price comes about. Of a run that only begins, its source says that it is an estimate."""
    rule = _rule(path_tail)
    if request_body == b"":
        return None if rule is _unknown else Bill(card.SOURCE, ())
    if rule is None or request_body is None:
        return None
    try:
        request = _decode(request_body)
    except _UNREADABLE:
        return None
    charges = rule(request, usage.results if usage else None)
    return None if charges is None else Bill(card_source(path_tail), charges)


def card_source(path_tail: str) -> str:
    """The card with its date, and whether what it says of such a call is an estimate."""
    return _ESTIMATE if _rule(path_tail) in _ESTIMATED else card.SOURCE


def _rule(path_tail: str) -> Rule | None:
    path = path_tail.lstrip("/").partition("?")[0].rstrip("/")
    return next((rule for pattern, rule in _RULES if pattern.fullmatch(path)), None)


def task_price(processor: str) -> int | None:
    """The price of one completed run of a task. A failed one is free."""
    return card.TASK.get(processor)


def monitor_price(processor: str | None) -> int | None:
    """The price of one execution of a monitor; the first comes with its creation."""
    return card.MONITOR_EXECUTION.get(processor or "lite")


def findall_price(generator: str, matches: int, enrichments: Iterable[str] = ()) -> int | None:
    """The price of a FindAll run with `matches`, and the processors of its enrichments (Parallel 2.12.4)."""
    charges = _findall_charges(generator, matches, enrichments)
    return None if charges is None else total(charges)


def _findall_charges(generator: str, matches: int, enrichments: Iterable[str] = ()) -> Charges | None:
    fixed, per_match = card.FINDALL_RUN.get(generator), card.FINDALL_MATCH.get(generator)
    enriched = _runs((processor, matches) for processor in enrichments)
    if fixed is None or per_match is None or enriched is None:
        return None
    return (charge(f"runs ({generator})", 1, fixed), charge("matches", matches, per_match), *enriched)


def _search(request: _Request, results: int | None) -> Charges | None:
    asked = request.advanced_settings.max_results if request.advanced_settings else None
    return _searched(card.SEARCH, request.mode or "advanced", asked, results)


def _search_beta(request: _Request, results: int | None) -> Charges | None:
    key = request.mode or request.processor or "one-shot"
    return _searched(card.SEARCH_BETA, key, request.max_results, results)


def _searched(prices: Mapping[str, int], key: str, asked: int | None, results: int | None) -> Charges | None:
    first = _one("requests", prices, key)
    count = min(asked or 0, card.SEARCH_AT_MOST) if results is None else results
    return first and _with_more(first, "results", count - card.SEARCH_INCLUDES, card.SEARCH_RESULT)


def _extract(request: _Request, results: int | None) -> Charges | None:
    if results is None:
        results = None if request.urls is None else len(request.urls)
    return None if results is None else (charge("URLs", results, card.EXTRACT_URL),)


def _image_search(request: _Request, _: int | None) -> Charges | None:
    return _one("requests", card.IMAGE_SEARCH, request.mode or "advanced")


def _place_search(request: _Request, _: int | None) -> Charges | None:
    return _one("requests", card.PLACE_SEARCH, request.mode or "advanced")


def _task(request: _Request, _: int | None) -> Charges | None:
    return _one("runs", card.TASK, request.processor or "")


def _task_group(request: _Request, _: int | None) -> Charges | None:
    if request.inputs is None:
        return None
    return _runs(Counter(run.processor or "" for run in request.inputs).items())


def _responses(request: _Request, _: int | None) -> Charges | None:
    effort = request.reasoning.effort if request.reasoning else None
    return _one("requests", card.RESPONSES, effort or "medium")


def _chat(request: _Request, _: int | None) -> Charges | None:
    return _one("requests", card.CHAT, (request.model or "").removeprefix("parallel/"))


def _findall(request: _Request, _: int | None) -> Charges | None:
    if request.match_limit is None:
        return None
    return _findall_charges(request.generator or "", request.match_limit)


def _entity_search(request: _Request, results: int | None) -> Charges | None:
    count = request.match_limit or 0 if results is None else results
    first = (charge("requests", 1, card.ENTITY_SEARCH),)
    return _with_more(first, "entities", count - card.ENTITY_SEARCH_INCLUDES, card.ENTITY)


def _monitor(request: _Request, _: int | None) -> Charges | None:
    return _one("executions", card.MONITOR_EXECUTION, request.processor or "lite")


def _free(_request: _Request, _: int | None) -> Charges | None:
    return ()


def _unknown(_request: _Request, _: int | None) -> Charges | None:
    return None


def _one(what: str, prices: Mapping[str, int], key: str) -> Charges | None:
    """One of something, by the word that decides its price."""
    price = prices.get(key)
    return None if price is None else (charge(f"{what} ({key})", 1, price),)


def _with_more(first: Charges, what: str, count: int, price: int) -> Charges:
    """With a line for what is above what is included."""
    return first if count <= 0 else (*first, charge(f"{what} above those included", count, price))


def _runs(processors: Iterable[tuple[str, int]]) -> Charges | None:
    """Runs of tasks, of processors that are all known."""
    charges = []
    for processor, count in processors:
        price = task_price(processor)
        if price is None:
            return None
        charges.append(charge(f"runs ({processor})", count, price))
    return tuple(charges)


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
_ESTIMATED = frozenset({_task, _task_group, _findall})
