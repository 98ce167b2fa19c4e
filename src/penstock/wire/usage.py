"""Model and usage out of the answers of all vendors, whole or streamed.

Pure, and typed, partial reads: of a stream only the events with usage are looked at, of a document only the
fields that are needed. What cannot be read is unknown, never zero; nothing raises. What the vendors call
their counts is in the `usage_*` files; what they cost is not known here.
"""

from __future__ import annotations

import msgspec

from penstock.wire import usage_bedrock, usage_google, usage_parallel, usage_tokens
from penstock.wire.content_encoding import plain
from penstock.wire.usage_counts import UNREADABLE, Usage
from penstock.wire.usage_tokens import TokenUsage

__all__ = ["Answer", "Usage", "read_answer"]

_MAX_LOOKS = 8  # events whose usage is null are passed over, but not all of a long stream
_WANTED = ("json", "event-stream", "amazon.eventstream")
_ABSENT = msgspec.Raw()


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What an answer tells: the model as the vendor calls it, and how much was used. None is unknown."""

    model: str | None = None
    usage: Usage | None = None


class _Document(msgspec.Struct, gc=False):
    """A whole answer, or one event. Fields stay raw: other vendors have other things under these names."""

    model: msgspec.Raw = _ABSENT
    usage: msgspec.Raw = _ABSENT
    service_tier: msgspec.Raw = _ABSENT
    model_version: msgspec.Raw = msgspec.field(name="modelVersion", default=_ABSENT)  # Google
    usage_metadata: msgspec.Raw = msgspec.field(name="usageMetadata", default=_ABSENT)
    message: msgspec.Raw = _ABSENT  # Anthropic's first event
    response: msgspec.Raw = _ABSENT  # OpenAI's responses, and Cohere v1's last event
    delta: msgspec.Raw = _ABSENT  # Cohere v2's last event
    x_groq: msgspec.Raw = _ABSENT
    result: msgspec.Raw = _ABSENT  # Workers AI
    meta: msgspec.Raw = _ABSENT  # Cohere v1
    search_id: msgspec.Raw = _ABSENT  # Parallel
    extract_id: msgspec.Raw = _ABSENT
    entity_set_id: msgspec.Raw = _ABSENT
    candidate_set_id: msgspec.Raw = _ABSENT


class _Told(msgspec.Struct, gc=False):
    """What a document tells. `tokens` are kept as they are, since events of a stream may add to them."""

    model: str | None = None
    usage: Usage | None = None
    tokens: TokenUsage | None = None
    service_tier: str | None = None

    def __bool__(self) -> bool:
        return self.usage is not None or self.tokens is not None

    def answer(self) -> Answer:
        usage = self.usage if self.tokens is None else usage_tokens.counts(self.tokens, self.service_tier)
        return Answer(self.model, None if usage == _NO_USAGE else usage)


_to_document = msgspec.json.Decoder(_Document).decode
_to_documents = msgspec.json.Decoder(list[_Document]).decode
_to_text = msgspec.json.Decoder(str).decode
_to_tokens = msgspec.json.Decoder(TokenUsage).decode
_NO_TOKENS = TokenUsage()
_NO_USAGE = Usage()


def read_answer(content_type: str, encoding: str, body: bytes) -> Answer:
    """What a complete answer tells. Of half an answer do not ask: it would tell half the tokens.

    `content_type` and `encoding` are the values of the headers, empty where there is none.
    """
    kind = content_type.lower()
    if not body or not any(wanted in kind for wanted in _WANTED):
        return Answer()
    data = plain(body, encoding)
    if data is None:
        return Answer()
    try:
        return _read(kind, data)
    except UNREADABLE:
        return Answer()


def _read(kind: str, data: bytes) -> Answer:
    if "amazon.eventstream" in kind:
        return _streamed(usage_bedrock.as_events(data))
    if "event-stream" in kind:
        return _streamed(data)
    if "stream+json" in kind or "ndjson" in kind:
        return _streamed(b"data:" + data.replace(b"\n", b"\ndata:"))
    if data.lstrip()[:1] == b"[":
        return _listed(data)
    document = _to_document(data)
    if document.search_id or document.extract_id or document.entity_set_id or document.candidate_set_id:
        return Answer(_text(document.model), usage_parallel.counts(data))
    told = _told(document)
    return (told or _inner(document.result) or told).answer()


def _listed(data: bytes) -> Answer:
    """Google streams a JSON array unless asked for events; each element counts all up to it."""
    for document in reversed(_to_documents(data)):
        if told := _told(document):
            return told.answer()
    return Answer()


def _streamed(body: bytes) -> Answer:
    """The last event with usage counts; Anthropic tells only in the first what went in, and the model."""
    key = b'"usage' if b'"usage' in body else b'"billed_units"'
    last = _Told()
    end = len(body)
    for _ in range(_MAX_LOOKS):
        place = body.rfind(key, 0, end)
        if place < 0 or (last := _event_at(body, place)):
            break
        end = body.rfind(b"\n", 0, place) + 1
    if last.tokens is None or last.model is not None:
        return last.answer()
    first = _event_at(body, body.find(key))
    last.model = first.model
    last.tokens = last.tokens.after(first.tokens or _NO_TOKENS)
    return last.answer()


def _event_at(body: bytes, place: int) -> _Told:
    """What the event around `place` tells, itself or an object in it."""
    begin = body.rfind(b"\n", 0, place) + 1
    end = body.find(b"\n", place)
    line = body[begin : end if end >= 0 else len(body)]
    if not line.startswith(b"data:"):
        return _Told()
    try:
        event = _to_document(line[5:])
    except UNREADABLE:
        return _Told()
    told = _told(event)
    inner = _first_inner(event)
    return told or _Told(told.model or inner.model, inner.usage, inner.tokens, inner.service_tier)


def _first_inner(event: _Document) -> _Told:
    for raw in (event.message, event.response, event.delta, event.x_groq):
        if told := _inner(raw):
            return told
    return _Told()


def _inner(raw: msgspec.Raw) -> _Told:
    """What an object inside a document tells; nothing, where it is no object."""
    try:
        return _told(_to_document(raw)) if _is_object(raw) else _Told()
    except UNREADABLE:
        return _Told()


def _told(document: _Document) -> _Told:
    told = _Told(_text(document.model) or _text(document.model_version))
    try:
        if _is_object(document.usage_metadata):
            told.usage = usage_google.counts(document.usage_metadata)
            return told
        told.tokens = _tokens(document.usage) or _tokens(document.meta)
        told.service_tier = _text(document.service_tier)
        if told.tokens is None and _is_object(document.usage):
            told.usage = usage_bedrock.counts(document.usage)
    except UNREADABLE:
        pass
    return told


def _tokens(raw: msgspec.Raw) -> TokenUsage | None:
    """A usage object with something in it."""
    tokens = _to_tokens(raw) if _is_object(raw) else _NO_TOKENS
    return None if tokens == _NO_TOKENS else tokens


def _is_object(raw: msgspec.Raw) -> bool:
    return len(raw) > 0 and memoryview(raw)[0] == 0x7B


def _text(raw: msgspec.Raw) -> str | None:
    try:
        return _to_text(raw) if raw else None
    except UNREADABLE:
        return None
