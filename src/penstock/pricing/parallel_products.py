"""Parallel's products: which members of a request decide what it costs, and how (Parallel 3.1, 3.2).

Each product reads its own members and no others, one by one: what else stands beside them, or what it is, changes
nothing. Pure; the prices are in `parallel_prices.py`, which product a path belongs to is in `parallel_card.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from penstock.pricing import parallel_prices as card
from penstock.pricing.bill import Charge, charge

UNREADABLE: Final = (msgspec.MsgspecError, RecursionError, UnicodeError)
_MOST_COUNTED = 1_000_000  # of anything one request may ask for
_MOST_PARTS = 250_000
_ABSENT = msgspec.Raw()
_NO_COUNT = msgspec.Raw(b"false")
_ODD: Final = "\0"  # in place of a text that is none: no price is listed for it

Charges = tuple[Charge, ...]


class Asked(NamedTuple):
    """What is known of a call: the plain body of its request, and how much was found, once that is told.

    `at_most`: what is not known, or not on the card, is taken for the dearest that it can be.
    """

    body: bytes
    found: int | None = None
    at_most: bool = False


Rule = Callable[[Asked], Charges | None]
"""From what is known to what is charged; None where that cannot be told. Raises `UNREADABLE`."""


class _Search(msgspec.Struct, gc=False):
    mode: msgspec.Raw = _ABSENT
    advanced_settings: msgspec.Raw = _ABSENT


class _SearchBeta(msgspec.Struct, gc=False):
    mode: msgspec.Raw = _ABSENT
    processor: msgspec.Raw = _ABSENT
    max_results: msgspec.Raw = _ABSENT


class _Settings(msgspec.Struct, gc=False):
    max_results: msgspec.Raw = _ABSENT


class _Extract(msgspec.Struct, gc=False):
    urls: msgspec.Raw = _ABSENT


class _Mode(msgspec.Struct, gc=False):
    mode: msgspec.Raw = _ABSENT


class _Processor(msgspec.Struct, gc=False):
    processor: msgspec.Raw = _ABSENT


class _Group(msgspec.Struct, gc=False):
    inputs: msgspec.Raw = _ABSENT


class _Response(msgspec.Struct, gc=False):
    reasoning: msgspec.Raw = _ABSENT


class _Reasoning(msgspec.Struct, gc=False):
    effort: msgspec.Raw = _ABSENT


class _Chat(msgspec.Struct, gc=False):
    model: msgspec.Raw = _ABSENT


class _Findall(msgspec.Struct, gc=False):
    generator: msgspec.Raw = _ABSENT
    match_limit: msgspec.Raw = _ABSENT


class _Extend(msgspec.Struct, gc=False):
    additional_match_limit: msgspec.Raw = _ABSENT


class _EntitySearch(msgspec.Struct, gc=False):
    match_limit: msgspec.Raw = _ABSENT


_to_search = msgspec.json.Decoder(_Search).decode
_to_search_beta = msgspec.json.Decoder(_SearchBeta).decode
_to_settings = msgspec.json.Decoder(_Settings).decode
_to_extract = msgspec.json.Decoder(_Extract).decode
_to_mode = msgspec.json.Decoder(_Mode).decode
_to_processor = msgspec.json.Decoder(_Processor).decode
_to_group = msgspec.json.Decoder(_Group).decode
_to_response = msgspec.json.Decoder(_Response).decode
_to_reasoning = msgspec.json.Decoder(_Reasoning).decode
_to_chat = msgspec.json.Decoder(_Chat).decode
_to_findall = msgspec.json.Decoder(_Findall).decode
_to_extend = msgspec.json.Decoder(_Extend).decode
_to_entity_search = msgspec.json.Decoder(_EntitySearch).decode
_to_text = msgspec.json.Decoder(str).decode
_to_count = msgspec.json.Decoder(int).decode
_to_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


# -- the products


def search(asked: Asked) -> Charges | None:
    request = _to_search(asked.body)
    wanted = _ABSENT
    if _is_told(request.advanced_settings):
        try:
            wanted = _to_settings(request.advanced_settings).max_results
        except UNREADABLE:
            wanted = _NO_COUNT
    return _searched(asked, card.SEARCH, _text(request.mode) or "advanced", wanted)


def search_beta(asked: Asked) -> Charges | None:
    request = _to_search_beta(asked.body)
    word = _text(request.mode) or _text(request.processor) or "one-shot"
    return _searched(asked, card.SEARCH_BETA, word, request.max_results)


def _searched(asked: Asked, prices: Mapping[str, int], word: str, wanted: msgspec.Raw) -> Charges | None:
    first = _one("requests", prices, word, asked.at_most)
    count = asked.found
    if count is None:
        count = _bounded(wanted, 0, card.SEARCH_AT_MOST, asked.at_most)
    if first is None or count is None:
        return None
    return _with_more(first, "results", count - card.SEARCH_INCLUDES, card.SEARCH_RESULT)


def extract(asked: Asked) -> Charges | None:
    count = asked.found
    if count is None:
        urls = _items(_to_extract(asked.body).urls)
        if urls is None and not asked.at_most:
            return None
        count = card.EXTRACT_AT_MOST if urls is None else len(urls)
    return (charge("URLs", count, card.EXTRACT_URL),)


def image_search(asked: Asked) -> Charges | None:
    word = _text(_to_mode(asked.body).mode) or "advanced"
    return _one("requests", card.IMAGE_SEARCH, word, asked.at_most)


def place_search(asked: Asked) -> Charges | None:
    """The card leaves one mode open, the dearer one: nobody knows how dear this can be."""
    return _one("requests", card.PLACE_SEARCH, _text(_to_mode(asked.body).mode) or "advanced", False)


def task(asked: Asked) -> Charges | None:
    return _one("runs", card.TASK, _text(_to_processor(asked.body).processor), asked.at_most)


def task_group(asked: Asked) -> Charges | None:
    """All runs whose processor is on the card; with `at_most` the others as well."""
    inputs = _items(_to_group(asked.body).inputs)
    if inputs is None:
        return None
    words = Counter(map(_processor_of, inputs))
    lines = [_runs(word, count, asked.at_most) for word, count in words.items()]
    known = tuple(line for line in lines if line is not None)
    return known if known or not lines else None


def _processor_of(run: msgspec.Raw) -> str:
    try:
        return _text(_to_processor(run).processor)
    except UNREADABLE:
        return _ODD


def responses(asked: Asked) -> Charges | None:
    reasoning = _to_response(asked.body).reasoning
    effort = "medium"
    if _is_told(reasoning):
        try:
            effort = _text(_to_reasoning(reasoning).effort) or effort
        except UNREADABLE:
            effort = _ODD
    return _one("requests", card.RESPONSES, effort, asked.at_most)


def chat(asked: Asked) -> Charges | None:
    model = _text(_to_chat(asked.body).model).removeprefix("parallel/")
    return _one("requests", card.CHAT, model, asked.at_most)


def findall(asked: Asked) -> Charges | None:
    request = _to_findall(asked.body)
    matches = _bounded(request.match_limit, None, card.FINDALL_AT_MOST, asked.at_most)
    return None if matches is None else found(_text(request.generator), matches, (), asked.at_most)


def found(generator: str, matches: int, enrichments: Iterable[str], at_most: bool) -> Charges | None:
    """A run with so many matches, and the processors of its enrichments (Parallel 2.12.4)."""
    fixed = _price(card.FINDALL_RUN, generator, at_most)
    per_match = _price(card.FINDALL_MATCH, generator, at_most)
    enriched = tuple(_runs(processor, matches, at_most) for processor in enrichments)
    if fixed is None or per_match is None or None in enriched:
        return None
    return (
        charge(f"runs ({_shown(generator)})", 1, fixed),
        charge("matches", matches, per_match),
        *(line for line in enriched if line is not None),
    )


def enrich(asked: Asked) -> Charges | None:
    """Each match is a run of its own, and how many there are or will be is not said here: all that a run may come to,
    extended or not, are taken for granted.
    """
    if not asked.at_most:
        return None
    line = _runs(_text(_to_processor(asked.body).processor) or "core", card.FINDALL_AT_MOST, True)
    return None if line is None else (line,)


def extend(asked: Asked) -> Charges | None:
    """More matches, of a generator that is not said here, with an enrichment that was ordered elsewhere: what was
    ordered here has these matches set aside already.
    """
    if not asked.at_most:
        return None
    more = _bounded(_to_extend(asked.body).additional_match_limit, None, card.FINDALL_AT_MOST, True)
    each = max(card.FINDALL_MATCH.values()) + max(card.TASK.values())
    return (charge("matches", more or 0, each),)


def entity_search(asked: Asked) -> Charges | None:
    count = asked.found
    if count is None:
        limit = _to_entity_search(asked.body).match_limit
        count = _bounded(limit, 0, card.ENTITY_SEARCH_AT_MOST, asked.at_most)
    if count is None:
        return None
    first = (charge("requests", 1, card.ENTITY_SEARCH),)
    return _with_more(first, "entities", count - card.ENTITY_SEARCH_INCLUDES, card.ENTITY)


def monitor(asked: Asked) -> Charges | None:
    word = _text(_to_processor(asked.body).processor) or "lite"
    return _one("executions", card.MONITOR_EXECUTION, word, asked.at_most)


def monitor_alpha(asked: Asked) -> Charges | None:
    """These say nothing of a processor: as if they were of the usual one."""
    word = _ODD if asked.at_most else "lite"
    return _one("executions", card.MONITOR_EXECUTION, word, asked.at_most)


def trigger(asked: Asked) -> Charges | None:
    """One more execution, of a processor that is not said here."""
    return _one("executions", card.MONITOR_EXECUTION, _ODD, asked.at_most)


def free(_asked: Asked) -> Charges | None:
    return ()


# -- members


def _is_told(raw: msgspec.Raw) -> bool:
    return len(raw) > 0 and (len(raw) != 4 or bytes(raw) != b"null")


def _text(raw: msgspec.Raw) -> str:
    """A word; empty where there is none, and no word of the card where it is something else."""
    try:
        return _to_text(raw) if _is_told(raw) else ""
    except UNREADABLE:
        return _ODD


def _bounded(raw: msgspec.Raw, unsaid: int | None, most: int, at_most: bool) -> int | None:
    """A count, as high as there can be at most; `unsaid` where it is not there."""
    if not _is_told(raw):
        return most if unsaid is None and at_most else unsaid
    try:
        count = _to_count(raw)
    except UNREADABLE:
        count = -1
    if 0 <= count <= _MOST_COUNTED:
        return min(count, most)
    return most if at_most else None


def _items(raw: msgspec.Raw) -> list[msgspec.Raw] | None:
    try:
        return _to_items(raw) if _is_told(raw) and bytes(raw).count(b",") < _MOST_PARTS else None
    except UNREADABLE:
        return None


# -- prices


def _price(prices: Mapping[str, int], word: str, at_most: bool) -> int | None:
    price = prices.get(word)
    return max(prices.values()) if price is None and at_most else price


def _shown(word: str) -> str:
    return word if word and word != _ODD else "?"


def _one(what: str, prices: Mapping[str, int], word: str, at_most: bool) -> Charges | None:
    """One of something, by the word that decides its price."""
    price = _price(prices, word, at_most)
    return None if price is None else (charge(f"{what} ({_shown(word)})", 1, price),)


def _runs(processor: str, count: int, at_most: bool) -> Charge | None:
    """Runs of tasks."""
    price = _price(card.TASK, processor, at_most)
    return None if price is None else charge(f"runs ({_shown(processor)})", count, price)


def _with_more(first: Charges, what: str, count: int, price: int) -> Charges:
    """With a line for what is above what is included."""
    return first if count <= 0 else (*first, charge(f"{what} above those included", count, price))
