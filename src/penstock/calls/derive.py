"""What the shipper wants to know of a call beside its record: kind of request, model, tokens.

Pure, and off the hot path. The bodies are read in `wire/usage.py` and `pricing/asked.py`; this is how the
ledger words it. Prices are looked up in `costing.py`.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from penstock.calls.costing import NoPrices, Prices, cost_of, counts, model_of_price
from penstock.calls.orders import order_in, used_in
from penstock.journal.record import COMPLETE, FAILURE, CallRecord, Event, Outcome, failed_by
from penstock.pricing.asked import place_of, told_model
from penstock.pricing.call_cost import is_believed
from penstock.providers.operation import Effect, Kind, Operation
from penstock.providers.operation_table import UNKNOWN
from penstock.providers.registry import operation_named
from penstock.providers.request_reading import Request, flagged
from penstock.stores.ledger import Derived
from penstock.wire.content_encoding import ends, plain
from penstock.wire.stream_end import End, end_of, failure_of, is_silent
from penstock.wire.usage import Answer, read_answer
from penstock.wire.usage_counts import to_metadata

__all__ = ["derive", "judged", "plain", "standard_model"]

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


def derive(record: CallRecord, request: bytes, response: bytes, prices: Prices = NO_PRICES) -> Derived:
    """All that can be known of one call without asking anybody but a price list."""
    asked = _asked(record, request)
    operation = _operation(record, asked)
    answer = _answer(record, response)
    model = record.model or told_model(record.provider, operation, record.path, asked)
    model = model or answer.model or place_of(record.provider, record.path)
    usage = answer.usage
    told = order_in(operation, record, response) if record.bodies else None
    counted = usage if counts(operation) else None
    if told is not None and told.is_final:
        counted = used_in(operation, record, response, answer).usage
        usage = counted or usage
    if usage is not None and usage.reported_nano_usd is not None and not is_believed(record.provider):
        usage = msgspec.structs.replace(usage, reported_nano_usd=None)
    cost = cost_of(
        record,
        operation,
        request,
        model_of_price(prices, record.provider, model, answer.model),
        counted,
        prices,
    )
    return Derived(
        standard_model(record.provider, model),
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
        told,
        record.provider_error,
    )


def judged(record: CallRecord, response: bytes) -> CallRecord:
    """The record with what the answer says of itself: a good status and all bytes do not make it sound.

    Where not all of an answer is kept the worker has said it already.
    """
    if record.outcome != COMPLETE or record.response_cut or not record.bodies or record.method == "HEAD":
        return record
    if not 200 <= record.status < 300:
        return record if record.status < _FIRST_ERROR else _with_error(record, response)
    encoding, operation = record.response_encoding, _by_name(record)
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


def _operation(record: CallRecord, asked: Request) -> Operation:
    """What the call was, with what its request says."""
    return flagged(_by_name(record), asked)


def _by_name(record: CallRecord) -> Operation:
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
    return read_answer(record.response_type, record.response_encoding, response)
