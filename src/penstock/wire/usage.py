"""Model and usage out of the answers of all vendors, whole or streamed.

Pure, and typed, partial reads: of a stream only the events with usage are looked at, of a document only the
fields that are needed. What cannot be read is unknown, never zero; nothing raises. What the vendors call
their counts is in the `usage_*` files; what they cost is not known here.
"""

from __future__ import annotations

import msgspec

from penstock.wire import (
    usage_bedrock,
    usage_google,
    usage_parallel,
    usage_replicate,
    usage_tokens,
    usage_tools,
)
from penstock.wire.content_encoding import plain
from penstock.wire.usage_counts import MOST_PARTS, MOST_USAGE_BYTES, UNREADABLE, Usage
from penstock.wire.usage_tokens import TokenUsage

__all__ = ["Answer", "Usage", "read_answer"]

_LONGEST_TEXT = 4096  # bytes of a model's name
_MAX_LOOKS = 8  # events whose usage is null are passed over, but not all of a long stream
_KEYS = (b'"usage', b'"billed_units"', b'"amazon-bedrock-invocationMetrics"')
_METRICS = (b'"metrics"', b'-invocationMetrics"')
_OWN_NAMES = (b"TokenCount", b"oken_count")
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


class _Rest(msgspec.Struct, gc=False):
    """What is looked at only where all this told nothing, or where a search is named."""

    interaction: msgspec.Raw = _ABSENT  # Google's interactions
    metadata: msgspec.Raw = _ABSENT  # Nova's last event
    metrics: msgspec.Raw = _ABSENT  # Replicate
    invocation: msgspec.Raw = msgspec.field(name="amazon-bedrock-invocationMetrics", default=_ABSENT)
    output: msgspec.Raw = _ABSENT  # OpenAI's responses: the calls of tools are in it
    candidates: msgspec.Raw = _ABSENT  # Google: so are its searches


class _Told(msgspec.Struct, gc=False):
    """What a document tells. `tokens` are kept as they are, since events of a stream may add to them."""

    model: str | None = None
    usage: Usage | None = None
    tokens: TokenUsage | None = None
    service_tier: str | None = None
    web_searches: int = 0  # that the usage object does not tell
    file_searches: int = 0

    def __bool__(self) -> bool:
        return self.usage is not None or self.tokens is not None

    def answer(self) -> Answer:
        usage = self.usage if self.tokens is None else usage_tokens.counts(self.tokens, self.service_tier)
        if usage is not None and (self.web_searches or self.file_searches):
            web = usage.web_searches or self.web_searches or None
            usage = msgspec.structs.replace(usage, web_searches=web, file_searches=self.file_searches or None)
        return Answer(self.model, None if usage == _NO_USAGE else usage)


_to_document = msgspec.json.Decoder(_Document).decode
_to_rest = msgspec.json.Decoder(_Rest).decode
_to_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode
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
        return (
            Answer()
            if data.count(b"\n") > MOST_PARTS
            else _streamed(b"data:" + data.replace(b"\n", b"\ndata:"))
        )
    if data.lstrip()[:1] == b"[":
        return _listed(data)
    document = _to_document(data)
    if document.search_id or document.extract_id or document.entity_set_id or document.candidate_set_id:
        return Answer(_text(document.model), usage_parallel.counts(data))
    told = _told(document, data)
    told = told or _inner(document.result) or told
    if not told and any(name in data for name in _OWN_NAMES):
        told.usage = _without_usage_object(data)
    return told.answer()


def _without_usage_object(data: bytes) -> Usage | None:
    try:
        return usage_bedrock.own(data) or usage_google.embedded(data)
    except UNREADABLE:
        return None


def _listed(data: bytes) -> Answer:
    """Google streams a JSON array unless asked for events; each element counts all up to it."""
    if data.count(b",") > MOST_PARTS:
        return Answer()
    for element in reversed(_to_elements(data)):
        if told := _inner(element):
            return told.answer()
    return Answer()


def _streamed(body: bytes) -> Answer:
    """The last event with usage counts; Anthropic tells only in the first what went in, and the model."""
    last, key = _Told(), b""
    for key in _KEYS:
        found = _last_event(body, key)
        last = found if found or last.model is None else last
        if found:
            break
    if last.tokens is None or last.model is not None:
        return last.answer()
    first = _event_at(body, body.find(key))
    last.model = first.model
    last.tokens = last.tokens.after(first.tokens or _NO_TOKENS)
    return last.answer()


def _last_event(body: bytes, key: bytes) -> _Told:
    """What the last event around `key` tells that tells something; the last look where none does."""
    last, end = _Told(), len(body)
    for _ in range(_MAX_LOOKS):
        place = body.rfind(key, 0, end)
        if place < 0 or (last := _event_at(body, place)):
            break
        end = body.rfind(b"\n", 0, place) + 1
    return last


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
    told = _told(event, line)
    if told:
        return told
    inner = _first_inner(event, line[5:])
    inner.model = told.model or inner.model
    return inner


def _first_inner(event: _Document, data: bytes) -> _Told:
    for raw in (event.message, event.response, event.delta, event.x_groq):
        if told := _inner(raw):
            return told
    rest = _to_rest(data)
    return _inner(rest.interaction) or _inner(rest.metadata)


def _inner(raw: msgspec.Raw) -> _Told:
    """What an object inside a document tells; nothing, where it is no object."""
    try:
        return _told(_to_document(raw), bytes(raw)) if _is_object(raw) else _Told()
    except UNREADABLE:
        return _Told()


def _told(document: _Document, data: bytes) -> _Told:
    """What a document tells that was read from `data`, by its own fields."""
    told = _Told(_text(document.model) or _text(document.model_version))
    try:
        if _is_object(document.usage_metadata) and len(document.usage_metadata) <= MOST_USAGE_BYTES:
            told.usage = usage_google.counts(document.usage_metadata)
            if b'"webSearchQueries"' in data:
                found = bytes(_to_rest(_bare(data)).candidates)
                told.web_searches = usage_tools.grounding_searches(found, told.model)
        else:
            told.tokens = _tokens(document.usage) or _tokens(document.meta)
            told.service_tier = _text(document.service_tier)
            if told.tokens is None or told.tokens.names_no_end:
                _add_rare(told, document.usage, data)
            elif told.tokens.prompt_tokens is None and b'_search_call"' in data:
                found = bytes(_to_rest(_bare(data)).output)
                told.web_searches, told.file_searches = usage_tools.tool_searches(found)
    except UNREADABLE:
        pass
    return told


def _add_rare(told: _Told, usage: msgspec.Raw, data: bytes) -> None:
    """Counts by names that only one vendor has. May raise `UNREADABLE`."""
    found = None
    if _is_object(usage) and len(usage) <= MOST_USAGE_BYTES:
        found = usage_bedrock.counts(usage) or usage_google.interaction(usage)
    if found is None and any(mark in data for mark in _METRICS):
        rest = _to_rest(_bare(data))
        found = usage_bedrock.metrics(rest.invocation) if _is_object(rest.invocation) else None
        if found is None and _is_object(rest.metrics):
            found = usage_replicate.counts(rest.metrics)
    if found is not None:
        told.tokens, told.usage = None, found


def _bare(data: bytes) -> bytes:
    """The document of an event's line."""
    return data.removeprefix(b"data:")


def _tokens(raw: msgspec.Raw) -> TokenUsage | None:
    """A usage object with something in it."""
    tokens = _to_tokens(raw) if _is_object(raw) and len(raw) <= MOST_USAGE_BYTES else _NO_TOKENS
    return None if tokens == _NO_TOKENS else tokens


def _is_object(raw: msgspec.Raw) -> bool:
    return len(raw) > 0 and memoryview(raw)[0] == 0x7B


def _text(raw: msgspec.Raw) -> str | None:
    try:
        return _to_text(raw) if raw and len(raw) <= _LONGEST_TEXT else None
    except UNREADABLE:
        return None
