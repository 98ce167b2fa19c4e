"""What a call to Parallel costs, in nano-dollars, by its price card (Parallel 3.1, 3.2).

A search is charged when it is answered; a run of a task or of FindAll when it ends, so what is known at its
creation is an estimate: every run completes, every match is found. Pure; only successful calls are charged,
and whether a call was one is for the caller to know. What each product goes by is in `parallel_products.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from penstock.pricing import parallel_prices as card
from penstock.pricing import parallel_products as products
from penstock.pricing.bill import Bill, total
from penstock.pricing.parallel_products import UNREADABLE, Asked, Charges, Rule
from penstock.providers.operation_table import resolved
from penstock.wire.tolerant_json import as_utf_8
from penstock.wire.usage_counts import Usage

_CARD = "parallel card "  # of any date
_UNTIL_ITS_END = ", estimate"

ESTIMATE = card.SOURCE + _UNTIL_ITS_END
"""Where a cost is from that only the end of a run will tell."""

SETTLED = card.SOURCE
"""Where one is from that it has told."""

NOTHING = f"{card.SOURCE}, nothing charged"
"""Where one is from of runs that have ended, and for which nothing is paid."""

_MOST_LOADED = 1024 * 1024  # bytes of a document that is read as Python does, all of it


def parallel_cost(path_tail: str, request_body: bytes | None, usage: Usage | None = None) -> int | None:
    """The price of a call, in nano-dollars; None where the card does not say, or only the end of a run will.

    `path_tail` is all that follows `/parallel/`, with or without query. Reading is free: it is told by its empty
    body. A body that is not at hand (cut, in an unknown encoding) is None, and the price then unknown.
    """
    bill = parallel_bill(path_tail, request_body, usage)
    return None if bill is None else bill.nano


def parallel_bill(path_tail: str, request_body: bytes | None, usage: Usage | None = None) -> Bill | None:
    """How that price comes about. Of a run that only begins, its source says that it is an estimate.

    Of a group it has the runs whose processors are on the card.
    """
    rule = _rule(path_tail)
    if request_body == b"":
        return None if rule is products.trigger else Bill(card.SOURCE, ())
    if rule is None or request_body is None:
        return None
    charges = _charges(rule, request_body, usage.results if usage else None, at_most=False)
    return None if charges is None else Bill(card_source(path_tail), charges)


def parallel_highest(path_tail: str, request_body: bytes | None) -> int | None:
    """The most that a request which does something may cost, in nano-dollars, before there is an answer.

    What it does not say, or says by a word that is not on the card, is taken for the dearest that it can be. None
    where there is no such bound: the body cannot be read, or the card leaves the price of the product open.
    """
    rule = _rule(path_tail)
    if rule is None or request_body is None:
        return None
    charges = _charges(rule, request_body or b"{}", None, at_most=True)
    return None if charges is None else total(charges)


def card_source(path_tail: str) -> str:
    """The card with its date, and whether what it says of such a call is an estimate."""
    return ESTIMATE if _rule(path_tail) in _ESTIMATED else card.SOURCE


def is_until_its_end(source: str | None) -> bool:
    """Whether a price of this source is what a run is expected to cost, whose end is not known yet."""
    return source is not None and source.startswith(_CARD) and source.endswith(_UNTIL_ITS_END)


def is_settled(path_tail: str, source: str | None) -> bool:
    """Whether a price of this source is what a run has come to: its request alone does not tell that again."""
    is_of_card = source is not None and source.startswith(_CARD)
    return is_of_card and not is_until_its_end(source) and _rule(path_tail) in _SETTLED_LATER


def task_price(processor: str) -> int | None:
    """The price of one completed run of a task. A failed one is free."""
    return card.TASK.get(processor)


def monitor_price(processor: str | None) -> int | None:
    """The price of one execution of a monitor; the first comes with its creation."""
    return card.MONITOR_EXECUTION.get(processor or "lite")


def findall_price(generator: str, matches: int, enrichments: Iterable[str] = ()) -> int | None:
    """The price of a FindAll run with `matches`, and the processors of its enrichments (Parallel 2.12.4)."""
    charges = products.found(generator, matches, enrichments, at_most=False)
    return None if charges is None else total(charges)


def _charges(rule: Rule, body: bytes, found: int | None, *, at_most: bool) -> Charges | None:
    try:
        document = as_utf_8(body)
        try:
            return rule(Asked(document, found, at_most))
        except UNREADABLE:
            return rule(Asked(_as_python_reads(document), found, at_most))
    except (*UNREADABLE, ValueError):
        return None


def _as_python_reads(document: bytes) -> bytes:
    """What `json.loads` takes beyond JSON to the letter (`NaN`, half a surrogate pair), without it.

    Raises ValueError for what is no JSON, or too large to be read so.
    """
    if len(document) > _MOST_LOADED:
        raise ValueError("too large")
    loaded = json.loads(document, parse_constant=lambda _: None)
    return json.dumps(loaded, ensure_ascii=False).encode("utf-8", "replace")


def _rule(path_tail: str) -> Rule | None:
    """By the path as Parallel reads it: percent-encoding undone, without doubled slashes and dot segments."""
    path = "/".join(resolved(path_tail))
    return next((rule for pattern, rule in _RULES if pattern.fullmatch(path)), None)


_RULES: tuple[tuple[re.Pattern[str], Rule], ...] = tuple(
    (re.compile(pattern), rule)
    for pattern, rule in (
        (r"v1/search", products.search),
        (r"v1beta/search", products.search_beta),
        (r"(?:v1|v1beta)/extract", products.extract),
        (r"v1/images/search", products.image_search),
        (r"v1/places/search", products.place_search),
        (r"(?:v1|v1beta)/tasks/runs", products.task),
        (r"(?:v1|v1beta)/tasks/groups/[^/]+/runs", products.task_group),
        (r"(?:v1|v1beta)/tasks/(?:groups|suggest|suggest-processor)", products.free),
        (r"v1/responses", products.responses),
        (r"(?:(?:v1|v1beta)/)?chat/completions", products.chat),
        (r"v1beta/findall/ingest", products.free),
        (r"v1beta/findall/runs", products.findall),
        (r"v1beta/findall/runs/[^/]+/enrich", products.enrich),
        (r"v1beta/findall/runs/[^/]+/extend", products.extend),
        (r"v1beta/findall/runs/[^/]+/cancel", products.free),
        (r"v1beta/findall/(?:entity-search|candidates)", products.entity_search),
        (r"v1/monitors", products.monitor),
        (r"v1alpha/monitors", products.monitor_alpha),
        (r"(?:v1|v1alpha)/monitors/[^/]+/trigger", products.trigger),
        (r"(?:v1|v1alpha)/monitors/[^/]+(?:/(?:update|cancel|simulate_event))?", products.free),
        (r"v1beta/memory/(?:retrieve|clear|evict)", products.free),
    )
)
_ESTIMATED = frozenset({products.task, products.task_group, products.findall, products.monitor_alpha})
_SETTLED_LATER = _ESTIMATED | {products.enrich, products.extend, products.monitor, products.trigger}
