"""What the shipper wants to know of a call beside its record: kind of request, model, tokens.

Pure, and off the hot path. The bodies are read in `wire/usage.py` and `pricing/asked.py`; this is how the
ledger words it. Prices are looked up in `costing.py`.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from penstock.calls.costing import NoPrices, Prices, Work, by_itself, cost_of, model_of_price
from penstock.calls.order_documents import Body
from penstock.calls.orders import added_up, as_answered, news_in, tells_of_orders
from penstock.journal.record import (
    COMPLETE,
    ENDED,
    FAILURE,
    HEARD_OUT,
    CallRecord,
    Event,
    OrderNews,
    Outcome,
    failed_by,
)
from penstock.pricing.asked import place_of, told_model
from penstock.pricing.asked_units import TOLD_BY_REQUESTS, asked_units
from penstock.pricing.call_cost import is_believed
from penstock.pricing.estimated_usage import AT_LEISURE, SeenBody, estimated_usage
from penstock.providers.operation import Effect, Kind, Operation
from penstock.providers.operation_table import UNKNOWN
from penstock.providers.registry import operation_named
from penstock.providers.request_reading import Request, flagged
from penstock.stores.ledger import Derived, NewCall
from penstock.wire.content_encoding import ends, plain, undone
from penstock.wire.stream_end import End, end_of, failure_of, is_silent
from penstock.wire.usage import Answer, read_answer
from penstock.wire.usage_counts import Usage, sum_of, to_metadata, with_units

__all__ = ["derive", "new_call", "plain", "standard_model"]

_MAX_MODEL_CHARS = 256
_FIRST_ERROR = 400
_FIRST_BYTES = 8 * 1024 * 1024  # of an answer in a content coding that are looked at, if it has more
_LAST_BYTES = 262_144

_to_json = msgspec.json.Encoder().encode
NO_PRICES = NoPrices()

_TEXT, _IMAGE, _SPEECH, _HEARING = (
    "text generation",
    "image generation",
    "text to speech",
    "speech recognition",
)
_MODEL_TYPES = {
    Kind.CHAT: _TEXT,
    Kind.CLASSIFY: "text classification",
    Kind.COMPLETION: _TEXT,
    Kind.EMBEDDINGS: "embeddings",
    Kind.GENERATE: _TEXT,
    Kind.IMAGE: _IMAGE,
    Kind.IMAGE_EDIT: _IMAGE,
    Kind.INTERACTION: _TEXT,
    Kind.MESSAGES: _TEXT,
    Kind.MODERATION: "text classification",
    Kind.RERANK: "reranking",
    Kind.RESPONSES: _TEXT,
    Kind.SPEECH: _SPEECH,
    Kind.TRANSCRIPTION: _HEARING,
    Kind.TRANSLATION: _HEARING,
    Kind.VIDEO: "video generation",
}


def new_call(record: CallRecord, request: bytes, response: bytes, prices: Prices) -> NewCall:
    """A call as the ledger is to have it: with what its answer says of itself, and all that can be known of it."""
    operation = _by_name(record)
    record = _judged(record, operation, response)
    return NewCall(record, _derived(record, operation, request, response, prices), request, response)


def derive(record: CallRecord, request: bytes, response: bytes, prices: Prices = NO_PRICES) -> Derived:
    """All that can be known of one call without asking anybody but a price list."""
    return _derived(record, _by_name(record), request, response, prices)


def _derived(
    record: CallRecord, operation: Operation, request: bytes, response: bytes, prices: Prices
) -> Derived:
    """`operation` is as far as the path tells."""
    asked = _asked(record, request)
    operation = flagged(operation, asked)
    if operation.flags and (asked.is_cut or asked.body is None):
        operation = _as_answered(record, operation, response)
    answer = _answer(record, response)
    model = record.model or told_model(record.provider, operation, record.path, asked)
    model = model or answer.model or place_of(record.provider, record.path)
    is_plain = operation.settles is None and operation.effect is not Effect.ORDER
    news = None if is_plain else _news(record, operation, response)
    usage = _used(record, operation, answer.usage, request, response)
    more: list[Work] = []
    if usage is not None and usage.reported_nano_usd is not None:
        usage = _believed(record, usage)
    counted = usage if operation.counts_usage else None
    if operation.kind in TOLD_BY_REQUESTS:
        counted = with_units(counted, _units(record, operation, asked, model))
    asked_for, named = model, answer.model
    if news is not None and news.is_end:
        (told, counted), *more = _works(record, news)
        asked_for, named = (model, named) if told is None else (told, told)
    price_model = model_of_price(prices, record.provider, asked_for, named)
    if news is None:
        cost = cost_of(record, operation, request, price_model, counted, prices)
    else:
        cost = cost_of(record, operation, request, price_model, counted, prices, is_told=True, more=more)
        counted = sum_of([counted, *(one.usage for one in more)])
    usage = counted or usage
    return Derived(
        standard_model(record.provider, model or named),
        _MODEL_TYPES.get(operation.kind) if operation.effect is Effect.GENERATE else None,
        None if operation.kind is Kind.OTHER else operation.kind.value,
        counted.input_tokens if counted else None,
        counted.output_tokens if counted else None,
        _to_json(to_metadata(usage) if usage.cache_apart else usage).decode() if usage else None,
        cost.nano,
        cost.source,
        cost.custom,
        operation.name,
        standard_model(record.provider, answer.model),
        () if news is None else news.orders,
        record.provider_error,
        usage is not None and usage.is_estimated,
        (usage and usage.estimated_input_tokens) or 0,
        (usage and usage.estimated_output_tokens) or 0,
        by_itself(record) if news is not None and news.is_end else None,
    )


def _used(
    record: CallRecord, operation: Operation, told: Usage | None, request: bytes, response: bytes
) -> Usage | None:
    """What the answer tells, and what of it has to be estimated. Where bodies are not kept the worker did that."""
    is_whole = record.outcome == COMPLETE or record.whole
    if is_whole and told is not None and told.tells_both:  # as a rule
        return told
    if not 200 <= record.status < 300 or record.local or not operation.shows_tokens:
        return told
    if record.usage is not None and record.usage.is_estimated:
        return record.usage
    if record.response_cut or not record.bodies:
        return told
    return estimated_usage(
        operation,
        told,
        SeenBody(request, record.request_size, record.request_encoding),
        SeenBody(response, len(response), record.response_encoding),
        record.response_type,
        AT_LEISURE,
        is_whole=is_whole,
    )


def _works(record: CallRecord, news: OrderNews) -> list[Work]:
    """What orders have used that have ended, by models; at least one, that may have used nothing."""
    uses = [Work(model, _believed(record, usage)) for model, usage in news.uses]
    return uses or [Work(None, None)]


def _units(record: CallRecord, operation: Operation, asked: Request, model: str | None) -> Usage | None:
    """What the request tells of a call that succeeded, or the worker, where not all of the request is kept."""
    if operation.kind not in TOLD_BY_REQUESTS or not (record.outcome == COMPLETE or record.whole):
        return None
    if record.request_cut or not record.bodies:
        return record.usage
    return asked_units(operation, asked, model) if 200 <= record.status < 300 else None


def _believed(record: CallRecord, usage: Usage | None) -> Usage | None:
    """Without a price that the answer tells, where that is no word of this provider's."""
    if usage is None or usage.reported_nano_usd is None or is_believed(record.provider):
        return usage
    return replace(usage, reported_nano_usd=None)


def _news(record: CallRecord, operation: Operation, response: bytes) -> OrderNews | None:
    """What the answer tells of orders. One out of a store tells nothing that was not told before."""
    if record.cached or not tells_of_orders(operation):
        return None
    if record.response_cut or not record.bodies:
        return record.order_news
    lines = added_up(operation, response, record.response_encoding)
    body = _body(record, response)
    return None if body is None else news_in(operation, record.status, record.path, body, lines)


def _body(record: CallRecord, response: bytes) -> Body | None:
    """The plain answer; None where it cannot be unpacked."""
    found = ends(response, record.response_encoding, _FIRST_BYTES, _LAST_BYTES)
    is_whole = record.outcome in HEARD_OUT or record.whole
    return None if found is None else Body(record.response_type, *found, is_whole)


def _judged(record: CallRecord, operation: Operation, response: bytes) -> CallRecord:
    """The record with what the answer says of itself: a good status and all bytes do not make it sound.

    Where not all of an answer is kept the worker has said it already.
    """
    if record.outcome != COMPLETE or record.response_cut or not record.bodies or record.method == "HEAD":
        return record
    if not 200 <= record.status < 300:
        return record if record.status < _FIRST_ERROR else _with_error(record, response)
    encoding = record.response_encoding
    if not encoding and is_silent(operation.dialect, record.response_type, response):  # as a rule
        return record
    found = ends(response, encoding, _FIRST_BYTES, _LAST_BYTES) if encoding else (response, b"")
    if found is None:
        return record
    verdict = end_of(
        None if operation.name == UNKNOWN else operation.dialect,
        record.response_type,
        *found,
        reads=operation.effect not in (Effect.GENERATE, Effect.ORDER),
    )
    if verdict.end not in (End.FAILED, End.CUT):
        return record
    failed = Outcome.PROVIDER_FAILED if verdict.end is End.FAILED else Outcome.CUT_SHORT
    event = Event(FAILURE, record.duration_us, failed_by(record.status, verdict.error))
    return replace(record, outcome=int(failed), provider_error=verdict.error, trail=(*record.trail, event))


def _with_error(record: CallRecord, response: bytes) -> CallRecord:
    """A bad status tells that it failed; the type of error stands in the answer."""
    body = plain(response, record.response_encoding)
    error = failure_of(body) if body else ""
    return replace(record, provider_error=error) if error else record


def _as_answered(record: CallRecord, operation: Operation, response: bytes) -> Operation:
    """What the call was, where not its request but its answer says it."""
    body = None if record.response_cut or not record.bodies else _body(record, response)
    return operation if body is None else as_answered(operation, body)


def _by_name(record: CallRecord) -> Operation:
    """What the call was, as far as its path tells."""
    tail = record.path.partition("?")[0]
    return operation_named(record.provider, record.operation, record.method.encode(), tail)


def _asked(record: CallRecord, request: bytes) -> Request:
    body = plain(request, record.request_encoding) if request or not record.request_cut else None
    query = record.path.partition("?")[2]
    return Request(query, _no_header, record.request_type, body, is_cut=record.request_cut)


def _no_header(_name: str) -> None:
    """Headers are not kept."""


def standard_model(provider: str, model: str | None) -> str | None:
    """`provider/model`, as Cloudflare's log has it."""
    if not model or len(model) > _MAX_MODEL_CHARS:
        return None
    return model if not provider or model.startswith(f"{provider}/") else f"{provider}/{model}"


def _answer(record: CallRecord, response: bytes) -> Answer:
    """Model and usage out of a whole answer. Half an answer would tell half the tokens: of one that was not kept as a
    whole the worker has told them.
    """
    if record.response_cut or not record.bodies:
        return Answer(record.answered_model or None, record.usage)
    if record.response_encoding and record.outcome not in ENDED and not record.whole:
        body = undone(response, record.response_encoding, _FIRST_BYTES, _FIRST_BYTES).first
        return read_answer(record.response_type, "", body)
    return read_answer(record.response_type, record.response_encoding, response)
