"""What the shipper wants to know of a call beside its record: kind of request, model, tokens.

Pure, and off the hot path. The bodies are read in `wire/usage.py` and `pricing/asked.py`; this is how the
ledger words it. Prices are looked up in `costing.py`.
"""

from __future__ import annotations

import re

import msgspec

from penstock.calls.costing import NoPrices, Prices, cost_of
from penstock.journal.record import CallRecord
from penstock.pricing.asked import model_in_body, name_of
from penstock.providers.custom import model_in_some_path
from penstock.stores.ledger import Derived
from penstock.wire.content_encoding import plain
from penstock.wire.usage import Answer, Usage, read_answer
from penstock.wire.usage_counts import to_metadata

__all__ = ["derive", "kind", "plain", "standard_model"]

_MAX_MODEL_CHARS = 256

_to_json = msgspec.json.Encoder().encode
_NO_USAGE = Usage()
NO_PRICES = NoPrices()

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


def derive(record: CallRecord, request: bytes, response: bytes, prices: Prices = NO_PRICES) -> Derived:
    """All that can be known of one call without asking anybody but a price list."""
    request_type, model_type = kind(record.path)
    answer = _answer(record, response) if record.bodies else Answer(None, record.usage)
    usage = answer.usage or _NO_USAGE
    model = record.model or _model(record, request) or answer.model
    cost = cost_of(record, request, model, answer.usage, prices)
    return Derived(
        standard_model(record.provider, model),
        model_type,
        request_type,
        usage.input_tokens,
        usage.output_tokens,
        _to_json(to_metadata(usage) if usage.cache_apart else usage).decode() if answer.usage else None,
        cost.nano,
        cost.source,
        cost.custom,
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


def _model(record: CallRecord, request: bytes) -> str | None:
    """The model that was asked for; where neither body nor the provider's ways tell, by anybody's ways."""
    name = name_of(record.provider, record.path, _asked(record, request))
    return name or model_in_some_path(record.path.partition("?")[0])


def _asked(record: CallRecord, request: bytes) -> str | None:
    """The model that the request's body names."""
    if not request or "json" not in record.request_type.lower():
        return None
    body = plain(request, record.request_encoding)
    return None if body is None else model_in_body(body, is_cut=record.request_cut)


def _answer(record: CallRecord, response: bytes) -> Answer:
    """Model and usage out of a whole answer. Half an answer would tell half the tokens."""
    if record.response_cut:
        return Answer()
    return read_answer(record.response_type, record.response_encoding, response)
