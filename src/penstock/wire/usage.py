"""Model and usage out of the answers of all vendors, whole or streamed, or cut in the middle.

Pure, and typed, partial reads: of a stream only the events with usage are looked at, of a document only the
fields that are needed. What cannot be read is unknown by itself, never zero; nothing raises. What the vendors call
their counts is in the `usage_*` files; what a body is made of, in `answer_pieces.py`; what they cost is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from penstock.wire import (
    usage_bedrock,
    usage_cost,
    usage_google,
    usage_media,
    usage_parallel,
    usage_replicate,
    usage_search,
    usage_tokens,
    usage_tools,
)
from penstock.wire.answer_pieces import Documents, Shape, is_lines, joined, joined_lines, shape_of, start_of
from penstock.wire.content_encoding import plain
from penstock.wire.tolerant_json import UNREADABLE, mended, read
from penstock.wire.usage_counts import MOST_PARTS, MOST_USAGE_BYTES, Usage
from penstock.wire.usage_tokens import TokenUsage

__all__ = ["Answer", "Usage", "read_answer", "read_cut_answer"]

_LONGEST_TEXT = 4096  # bytes of a model's name
_MOST_MENDED = 8 * 1024 * 1024  # bytes; of a larger document that cannot be read its ends are looked at
_AN_END = 262_144
_MAX_LOOKS = 64  # documents of a stream that are read; where usage is null they are only passed over
_MAX_NAMED = 8  # that are read for the model
_KEYS = (b'"usage', b'"billed_units"', b'"amazon-bedrock-invocationMetrics"', b'"metrics"')
_IS_TOLD = re.compile(rb'"[A-Za-z_-]++"\s*+:\s*+\{')
_MODEL = re.compile(rb'"model(?:Version)?"\s*+:\s*+"(?!")')
_METRICS = (b'"metrics"', b'-invocationMetrics"')
_EVALUATED = b'"eval_count"'  # Ollama, in its last line
_OWN_NAMES = (b"TokenCount", b"oken_count", _EVALUATED)
_OWN_MEMBERS = (
    "prompt_token_count", "generation_token_count", "prompt_eval_count", "eval_count", "inputTextTokenCount",
    "predictions",
)  # fmt: skip
_PARALLELS = ("results", "entities")
_ABSENT = msgspec.Raw()
_NOTHING: frozenset[str] = frozenset()


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
    usage_info: msgspec.Raw = _ABSENT  # Mistral's reading of documents
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
    reported: int | None = None  # nano-dollars that the provider says it charges
    odd: frozenset[str] = _NOTHING  # of the tokens what made no sense

    def __bool__(self) -> bool:
        return self.usage is not None or self.tokens is not None or self.reported is not None

    def answer(self) -> Answer:
        usage = self.usage
        if self.tokens is not None:
            usage = usage_tokens.counts(self.tokens, self.service_tier, self.odd)
        if usage is not None and (self.web_searches or self.file_searches):
            web = usage.web_searches or self.web_searches or None
            usage = msgspec.structs.replace(usage, web_searches=web, file_searches=self.file_searches or None)
        if self.reported is not None:
            usage = msgspec.structs.replace(usage or _NO_USAGE, reported_nano_usd=self.reported)
        if usage == _NO_USAGE or (usage is not None and usage.unreadable and not usage.tells_something):
            usage = None
        return Answer(self.model, usage)

    def add_first(self, first: _Told) -> None:
        """Adds what the first event of the stream told, where this one says nothing of it."""
        self.model = first.model
        if self.tokens is not None and first.tokens is not None:
            unsaid = {name for name in first.odd if getattr(self.tokens, name, None) is None}
            self.tokens = self.tokens.after(first.tokens)
            self.odd = (
                frozenset(name for name in self.odd if getattr(first.tokens, name, None) is None) | unsaid
            )


_to_document = msgspec.json.Decoder(_Document).decode
_to_rest = msgspec.json.Decoder(_Rest).decode
_to_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode
_to_text = msgspec.json.Decoder(str).decode
_WANTED = frozenset(
    field.encode_name for kind in (_Document, _Rest) for field in msgspec.structs.fields(kind)
).union(_OWN_MEMBERS, _PARALLELS, ("text", "duration", "audio_duration_secs"))
_to_tokens = msgspec.json.Decoder(TokenUsage).decode
_NO_TOKENS = TokenUsage()
_NO_USAGE = Usage()


def read_answer(content_type: str, encoding: str, body: bytes) -> Answer:
    """What a complete answer tells. Of half an answer do not ask: it would tell half the tokens.

    `content_type` and `encoding` are the values of the headers, empty where there is none. The type is asked only
    where the first bytes leave open what it is.
    """
    data = plain(body, encoding) if encoding else body
    if not data:
        return Answer()
    try:
        return _whole(data) if data[:1] == b"{" else _read(shape_of(content_type.lower(), data), data)
    except UNREADABLE:
        return Answer()


def read_cut_answer(content_type: str, head: bytes, tail: bytes) -> Answer:
    """What an answer tells by its first and its last piece, both plain; there is more between them."""
    shape = shape_of(content_type.lower(), head)
    try:
        if shape is Shape.FRAMES:
            return _framed(usage_bedrock.as_events(head, tail))
        if shape is Shape.DOCUMENT and is_lines(head):
            return _streamed(Documents(joined_lines(head, tail), events=False))
        if shape is Shape.EVENTS:
            return _streamed(Documents(joined(shape, head, tail), events=True))
        return Answer() if shape is Shape.NONE else _read(shape, joined(shape, head, tail))
    except UNREADABLE:
        return Answer()


def _read(shape: Shape, data: bytes) -> Answer:
    if shape is Shape.FRAMES:
        return _framed(usage_bedrock.as_events(data))
    if shape is Shape.EVENTS:
        return _streamed(Documents(data, events=True))
    if shape is Shape.ARRAY:
        return _listed(data)
    return _whole(data) if shape is Shape.DOCUMENT else Answer()


def _whole(data: bytes) -> Answer:
    try:
        document = _to_document(data)
    except UNREADABLE:
        if is_lines(data):
            return _streamed(Documents(data, events=False))
        data = _mended(data[start_of(data) :])
        document = _to_document(data)
    if document.search_id or document.extract_id or document.entity_set_id or document.candidate_set_id:
        return Answer(_text(document.model), usage_parallel.counts(data))
    told = _told(document, data)
    told = told or _with_model(_inner(document.result) or _first_inner(document, data), told)
    if not told:
        told.usage = _without_usage_object(data)
    return told.answer()


def _mended(data: bytes) -> bytes:
    if len(data) <= _MOST_MENDED:
        return mended(data, _WANTED)
    return mended(joined(Shape.DOCUMENT, data[:_AN_END], data[-_AN_END:]), _WANTED)


def _without_usage_object(data: bytes) -> Usage | None:
    try:
        is_own = any(name in data for name in _OWN_NAMES)
        own = usage_bedrock.own(data) or usage_google.embedded(data) if is_own else None
        return own or usage_search.counts(data) or usage_media.counts(data)
    except UNREADABLE:
        return None


def _listed(data: bytes) -> Answer:
    """Google streams a JSON array unless asked for events; each element counts all up to it."""
    data = data[start_of(data) :]
    if data.count(b",") > MOST_PARTS:
        data = joined(Shape.ARRAY, data[:_AN_END], data[-_AN_END:])
    try:
        elements = _to_elements(data)
    except UNREADABLE:
        elements = _to_elements(mended(data))
    for element in reversed(elements):
        if told := _inner(element):
            return told.answer()
    return Answer()


def _framed(events: Iterable[bytes]) -> Answer:
    return _streamed(
        Documents(b"".join(b"%b\n" % event.replace(b"\n", b" ") for event in events), events=False)
    )


def _streamed(stream: Documents) -> Answer:
    """The last event with usage counts; Anthropic tells only in the first what went in, and the model."""
    last, key = _Told(), b""
    for key in _KEYS:
        last = _last_told(stream, key) or last
        if last:
            break
    if not last and (place := stream.text.rfind(_EVALUATED)) >= 0:
        last = _Told(usage=_evaluated(stream, place))
    if last.tokens is not None and last.model is None:
        last.add_first(_told_at(stream, stream.text.find(key)))
    if last.model is None:
        last.model = _named_in(stream)
    return last.answer()


def _evaluated(stream: Documents, place: int) -> Usage | None:
    """The counts of the document around a place, by Ollama's names."""
    for data in stream.around(place):
        try:
            return usage_bedrock.own(data)
        except UNREADABLE:
            continue
    return None


def _last_told(stream: Documents, key: bytes) -> _Told | None:
    """What the last document with `key` tells that tells something."""
    end, looks = len(stream.text), 0
    for _ in range(MOST_PARTS):
        place = stream.text.rfind(key, 0, end)
        if place < 0:
            return None
        end = place
        if _IS_TOLD.match(stream.text, place) is None:
            continue
        if told := _told_at(stream, place):
            return told
        end, looks = stream.begin(place), looks + 1
        if looks == _MAX_LOOKS:
            return None
    return None


def _named_in(stream: Documents) -> str | None:
    """The model that one of the first documents names which name any."""
    place = 0
    for _ in range(_MAX_NAMED):
        found = _MODEL.search(stream.text, place)
        if found is None:
            return None
        told = _told_at(stream, found.start())
        if told.model is not None:
            return told.model
        place = found.end()
    return None


def _told_at(stream: Documents, place: int) -> _Told:
    """What the document around `place` tells, itself or an object in it."""
    best = _Told()
    for data in stream.around(place):
        try:
            document = _to_document(data)
        except UNREADABLE:
            try:
                data = mended(data, _WANTED)
                document = _to_document(data)
            except UNREADABLE:
                continue
        told = _told(document, data)
        told = told or _with_model(_first_inner(document, data), told)
        if told:
            return told
        best = best if best.model else told
    return best


def _with_model(inner: _Told, outer: _Told) -> _Told:
    inner.model = outer.model or inner.model
    return inner


def _first_inner(event: _Document, data: bytes) -> _Told:
    named = _Told()
    for raw in (event.message, event.response, event.delta, event.x_groq):
        if told := _inner(raw):
            return told
        named.model = named.model or told.model
    if b'"usage"' not in data:
        return named
    rest = _to_rest(data)
    return _inner(rest.interaction) or _inner(rest.metadata) or named


def _inner(raw: msgspec.Raw) -> _Told:
    """What an object inside a document tells; nothing, where it is no object."""
    try:
        return _told(_to_document(raw), bytes(raw)) if _is_object(raw) else _Told()
    except UNREADABLE:
        return _Told()


def _told(document: _Document, data: bytes) -> _Told:
    """What a document tells that was read from `data`, by its own fields."""
    told = _Told(_text(document.model) or _text(document.model_version))
    told.service_tier = _text(document.service_tier)
    try:
        if _is_object(document.usage_metadata) and len(document.usage_metadata) <= MOST_USAGE_BYTES:
            told.usage = usage_google.counts(document.usage_metadata)
            if b'"webSearchQueries"' in data:
                found = bytes(_to_rest(data).candidates)
                told.web_searches = usage_tools.grounding_searches(found, told.model)
            return told
        _add_tokens(told, document.usage)
        if told.tokens is None:
            _add_tokens(told, document.meta if document.meta else document.usage_info)
        if told.tokens is None or told.tokens.names_no_end:
            _add_rare(told, document.usage, data)
        elif told.tokens.prompt_tokens is None and data.find(b'_search_call"') >= 0:
            found = bytes(_to_rest(data).output)
            told.web_searches, told.file_searches = usage_tools.tool_searches(found)
    except UNREADABLE:
        pass
    return told


def _add_tokens(told: _Told, raw: msgspec.Raw) -> None:
    """The counts of a usage object with something in it. May raise `UNREADABLE`."""
    if _is_object(raw) and len(raw) <= MOST_USAGE_BYTES:
        if bytes(raw).find(b"cost") >= 0:  # `in` tries bytes as a number first, and makes an exception
            told.reported = usage_cost.reported(raw)
        try:
            tokens, odd = _to_tokens(raw), _NOTHING
        except UNREADABLE:
            tokens, odd = read(TokenUsage, raw)
        if tokens != _NO_TOKENS:
            told.tokens, told.odd = tokens, odd


def _add_rare(told: _Told, usage: msgspec.Raw, data: bytes) -> None:
    """Counts by names that only one vendor has. May raise `UNREADABLE`."""
    found = None
    if _is_object(usage) and len(usage) <= MOST_USAGE_BYTES:
        found = usage_bedrock.counts(usage) or usage_google.interaction(usage)
    if found is None and any(mark in data for mark in _METRICS):
        rest = _to_rest(data)
        found = usage_bedrock.metrics(rest.invocation) if _is_object(rest.invocation) else None
        if found is None and _is_object(rest.metrics):
            found = usage_replicate.counts(rest.metrics)
    if found is not None:
        told.tokens, told.usage = None, found


def _is_object(raw: msgspec.Raw) -> bool:
    return len(raw) > 0 and memoryview(raw)[0] == 0x7B


def _text(raw: msgspec.Raw) -> str | None:
    try:
        return (_to_text(raw) or None) if raw and len(raw) <= _LONGEST_TEXT else None
    except UNREADABLE:
        return None
