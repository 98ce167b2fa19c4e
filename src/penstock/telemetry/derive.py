"""What a call's path and bodies tell about it: kind of request, model, tokens.

Pure, and off the hot path: the shipper asks. Reads only the fields it needs, never a whole document, and
answers None for whatever it cannot read: unknown is not zero. Prices are not known here.
"""

from __future__ import annotations

import re
import zlib
from typing import Annotated
from urllib.parse import unquote

import msgspec

from penstock.stores.ledger import Derived
from penstock.telemetry.record import CallRecord

MAX_PLAIN_BYTES = 32 * 1024 * 1024  # what a compressed body may grow to

_MAX_MODEL_CHARS = 256
_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}

# Upper bound: what JSON numbers are safe for, and what every ledger can hold.
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class _InputDetails(msgspec.Struct, gc=False):
    cached_tokens: Count | None = None


class _OutputDetails(msgspec.Struct, gc=False):
    reasoning_tokens: Count | None = None


class _Usage(msgspec.Struct, gc=False):
    """Token counts by the names of OpenAI's chat, OpenAI's responses and Anthropic's messages."""

    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    total_tokens: Count | None = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None
    cache_read_input_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = None


class _Question(msgspec.Struct, gc=False):
    model: str | None = None


class _Answer(msgspec.Struct, gc=False):
    model: str | None = None
    usage: _Usage | None = None


class _Event(msgspec.Struct, gc=False):
    """One event of a stream. Usage may be in `message` (Anthropic's first) or in `response` (OpenAI's)."""

    model: str | None = None
    usage: _Usage | None = None
    message: _Answer | None = None
    response: _Answer | None = None


class Tokens(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Cloudflare's `usage_metadata`, with one more count that has a price of its own."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    output_reasoning_tokens: int | None = None
    input_cached_tokens: int | None = None
    input_cache_write_tokens: int | None = None


_NOTHING = _Answer()
_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeError)  # deep nesting is a RecursionError
_to_question = msgspec.json.Decoder(_Question).decode
_to_answer = msgspec.json.Decoder(_Answer).decode
_to_event = msgspec.json.Decoder(_Event).decode
_to_json = msgspec.json.Encoder().encode

_TEXT, _VECTORS, _IMAGE = "text generation", "embeddings", "image generation"
_KINDS = {
    "chat/completions": ("chat", _TEXT),
    "completions": ("completion", _TEXT),
    "messages": ("messages", _TEXT),
    "responses": ("responses", _TEXT),
    "chat": ("chat", _TEXT),
    "converse": ("converse", _TEXT),
    "converse-stream": ("converse", _TEXT),
    "generateContent": ("generate content", _TEXT),
    "streamGenerateContent": ("generate content", _TEXT),
    "embeddings": ("embeddings", _VECTORS),
    "embed": ("embeddings", _VECTORS),
    "embedContent": ("embeddings", _VECTORS),
    "batchEmbedContents": ("embeddings", _VECTORS),
    "images/generations": ("images", _IMAGE),
    "images/edits": ("images", _IMAGE),
    "images/variations": ("images", _IMAGE),
    "audio/speech": ("speech", "text to speech"),
    "text-to-speech": ("speech", "text to speech"),
    "audio/transcriptions": ("transcription", "speech recognition"),
    "audio/translations": ("transcription", "speech recognition"),
    "moderations": ("moderations", "text classification"),
    "rerank": ("rerank", "reranking"),
    "images/search": ("image search", None),
    "places/search": ("place search", None),
    "search": ("search", None),
    "extract": ("extract", None),
    "tasks/runs": ("task", None),
    "tasks/groups": ("task group", None),
    "findall": ("findall", None),
    "monitors": ("monitor", None),
    "memory": ("memory", None),
    "models": ("models", None),
}
# At one place of the path the longest name wins; `models` names a collection only at the end of the path.
_KIND = re.compile(
    r"(?:^|[/:])(models(?=/?(?:$|\?))|"
    + "|".join(re.escape(name) for name in sorted(_KINDS, key=len, reverse=True) if name != "models")
    + r")(?=$|[/?:])"
)
_MODEL_IN_PATH = re.compile(
    r"(?:^|/)models/([^/:?]+):\w"  # Google: models/{model}:generateContent
    r"|(?:^|/)model/([^/?]+)/(?:invoke|converse)"  # Bedrock: model/{model}/invoke
    r"|^(@[^?]+)"  # Workers AI: @cf/meta/llama-3.1-8b-instruct
)
_MODEL_FIRST = re.compile(rb'\s*\{\s*"model"\s*:\s*("(?:[^"\\]|\\.){1,256}")')


def derive(record: CallRecord, request: bytes, response: bytes) -> Derived:
    """All that can be known of one call without asking anybody."""
    request_type, model_type = kind(record.path)
    answer = _answer(record, response)
    tokens = _tokens(answer.usage)
    model = record.model or _asked(record, request) or _model_in_path(record.path) or answer.model
    return Derived(
        standard_model(record.provider, model),
        model_type,
        request_type,
        tokens.input_tokens,
        tokens.output_tokens,
        _to_json(tokens).decode() if answer.usage is not None else None,
    )


def kind(path: str) -> tuple[str | None, str | None]:
    """Request type and model type by the path's tail."""
    match = _KIND.search(path)
    return _KINDS[match[1]] if match else (None, None)


def standard_model(provider: str, model: str | None) -> str | None:
    """`provider/model`, as Cloudflare's log has it."""
    if not model or len(model) > _MAX_MODEL_CHARS:
        return None
    return model if model.startswith(f"{provider}/") else f"{provider}/{model}"


def plain(body: bytes, encoding: str, limit: int = MAX_PLAIN_BYTES) -> bytes | None:
    """The body without its content-encoding; None where that is unknown, broken, or grows past `limit`."""
    if not encoding or encoding == "identity":
        return body
    bits = _WINDOW_BITS.get(encoding.strip().lower())
    if bits is None:
        return None
    inflater = zlib.decompressobj(bits)
    try:
        data = inflater.decompress(body, limit)
    except zlib.error:
        return None
    return None if inflater.unconsumed_tail else data


def _asked(record: CallRecord, request: bytes) -> str | None:
    """The model that the request names."""
    if not request or "json" not in record.request_type.lower():
        return None
    body = plain(request, record.request_encoding)
    if body is None:
        return None
    try:
        return _first_model(body) if record.request_cut else _to_question(body).model
    except _UNREADABLE:
        return None


def _first_model(body: bytes) -> str | None:
    """The model, where it is the first thing a cut request says: further in it would be a guess."""
    first = _MODEL_FIRST.match(body)
    return msgspec.json.decode(first[1], type=str) if first else None


def _model_in_path(path: str) -> str | None:
    match = _MODEL_IN_PATH.search(path)
    return unquote(match[match.lastindex or 0]) if match else None


def _answer(record: CallRecord, response: bytes) -> _Answer:
    """Model and usage out of a whole answer. Half an answer would tell half the tokens."""
    if not response or record.response_cut:
        return _NOTHING
    content_type = record.response_type.lower()
    streamed = "event-stream" in content_type
    if not streamed and "json" not in content_type:
        return _NOTHING
    body = plain(response, record.response_encoding)
    if body is None:
        return _NOTHING
    try:
        return _streamed(body) if streamed else _to_answer(body)
    except _UNREADABLE:
        return _NOTHING


def _streamed(body: bytes) -> _Answer:
    """The last event that has usage counts; Anthropic says only in the first what went in."""
    last = _event_at(body, body.rfind(b'"usage"'))
    if last.usage is None or last.usage.prompt_tokens is not None or last.usage.input_tokens is not None:
        return last
    first = _event_at(body, body.find(b'"usage"'))
    if first.usage is not None:
        last.usage.input_tokens = first.usage.input_tokens
        last.usage.cache_read_input_tokens = first.usage.cache_read_input_tokens
        last.usage.cache_creation_input_tokens = first.usage.cache_creation_input_tokens
    return _Answer(first.model, last.usage)


def _event_at(body: bytes, place: int) -> _Answer:
    begin = body.rfind(b"\n", 0, max(place, 0)) + 1
    end = body.find(b"\n", place)
    line = body[begin : end if end >= 0 else len(body)]
    if place < 0 or not line.startswith(b"data:"):
        return _NOTHING
    event = _to_event(line[5:])
    inner = event.message or event.response or _NOTHING
    return _Answer(event.model or inner.model, event.usage or inner.usage)


def _tokens(usage: _Usage | None) -> Tokens:
    if usage is None:
        return Tokens()
    tokens_in = usage.input_tokens if usage.prompt_tokens is None else usage.prompt_tokens
    tokens_out = usage.output_tokens if usage.completion_tokens is None else usage.completion_tokens
    total = usage.total_tokens
    if total is None and tokens_in is not None and tokens_out is not None:
        total = tokens_in + tokens_out
    given = usage.prompt_tokens_details or usage.input_tokens_details
    made = usage.completion_tokens_details or usage.output_tokens_details
    return Tokens(
        tokens_in,
        tokens_out,
        total,
        made.reasoning_tokens if made else None,
        given.cached_tokens if given else usage.cache_read_input_tokens,
        usage.cache_creation_input_tokens,
    )
