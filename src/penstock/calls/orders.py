"""Orders, and what their ends tell: which object a call has made, and what one that reads it says of its work.

Work that is ordered (a background response, a batch, a prediction) is told only by a later read, by every one of them,
and by whoever asks. So that it counts once, calls name the object: the ledger remembers which was made here, and lets
the first read count that tells its end. The shipper asks here; where not all of an answer is kept, the worker. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from penstock.calls.order_documents import (
    ABSENT,
    Body,
    Document,
    documents,
    raw_at,
    text_of,
    texts_of,
    word_at,
)
from penstock.journal.record import OrderNews, ToldOrder
from penstock.pricing.rates import BATCH
from penstock.providers.operation import Bills, Effect, Kind, Operation, Settles
from penstock.providers.operation_table import last_name
from penstock.wire import usage_cost
from penstock.wire.answer_pieces import Shape, shape_of
from penstock.wire.content_encoding import CodingError, unpacked
from penstock.wire.result_lines import ResultLines, Uses
from penstock.wire.tolerant_json import UNREADABLE
from penstock.wire.usage import read_answer
from penstock.wire.usage_counts import Count, Usage, first_known, total_of

_OK = 200
_JSON = "application/json"
_LONGEST_ID = 256
_MOST_OBJECTS: Final = 1000  # that one request may order
_MOST_UNPACKED: Final = 512 * 1024 * 1024  # bytes of a file of results
_MOST_DIGITS = 6
_BESIDE: Final = frozenset({"request_counts", "size"})  # of what is told
_COUNT = msgspec.json.Decoder(Count).decode


class _IdOf(msgspec.Struct, gc=False):
    """The names that providers have for the id of what was ordered; the first that is there is it."""

    id: msgspec.Raw = ABSENT
    run_id: msgspec.Raw = ABSENT  # Parallel, up to the next remark
    findall_id: msgspec.Raw = ABSENT
    monitor_id: msgspec.Raw = ABSENT
    request_id: msgspec.Raw = ABSENT  # Grok, fal, Baseten, Deepgram
    generation_id: msgspec.Raw = ABSENT  # Ideogram
    job_id: msgspec.Raw = ABSENT  # Cohere
    adobe: msgspec.Raw = msgspec.field(name="jobId", default=ABSENT)
    dubbing_id: msgspec.Raw = ABSENT  # ElevenLabs, up to the next remark
    conversation_id: msgspec.Raw = ABSENT
    bedrock: msgspec.Raw = msgspec.field(name="invocationArn", default=ABSENT)
    name: msgspec.Raw = ABSENT  # Google


_MANY = "run_ids"  # Parallel's groups
_WITHIN = "/batch/id"  # Cohere: an object that has the id
_NAMES = frozenset({field.encode_name for field in msgspec.structs.fields(_IdOf)} | {_MANY, "batch"})


class _Used(msgspec.Struct, gc=False):
    """Counts of finished orders by names that only these have."""

    native_tokens_prompt: Count | None = None  # OpenRouter, up to the next remark
    native_tokens_completion: Count | None = None
    native_tokens_reasoning: Count | None = None
    native_tokens_cached: Count | None = None
    input_tokens: Count | None = None  # Cohere writes them as texts
    output_tokens: Count | None = None


def tells_of_orders(operation: Operation) -> bool:
    """Whether an answer to it may name an object, or tell its end."""
    return operation.settles is not None or _is_order(operation)


def news_in(
    operation: Operation, status: int, path: str, body: Body, lines: Uses | None = None
) -> OrderNews | None:
    """What an answer tells of orders: objects that the call has made, or whose ends it tells; None for nothing.

    `path` is the tail, with or without query; `lines` what all lines of a file of results have used.
    """
    if not 200 <= status < 300 or not tells_of_orders(operation):
        return None
    settles, path = operation.settles, path.partition("?")[0]
    if settles is None:
        found = tuple(ToldOrder(made, is_final=False) for made in _made(body))
        return OrderNews(found) if found else None
    if settles.lines:
        return _by_lines(operation, status, path, body, lines)
    if settles.each:
        return _by_events(settles, body)
    return _end(operation, settles, status, path, body)


def added_up(operation: Operation, answer: bytes, encoding: str, most: int = _MOST_UNPACKED) -> Uses | None:
    """What all lines of a file of results have used that is at hand as it came; None where that cannot be told, or
    the file has more than `most` bytes.
    """
    settles, left = operation.settles, most
    if settles is None or not settles.lines:
        return None
    reading = ResultLines(settles.lines)
    try:
        for piece in unpacked(answer, encoding):
            reading.feed(piece)
            left -= len(piece)
            if left < 0 or not reading.is_told:
                return None
    except CodingError:
        return None
    return reading.end()


def as_answered(operation: Operation, body: Body) -> Operation:
    """What a request was of which not all is at hand, where its answer says it again: a response in the background."""
    flags = [flag for flag in operation.flags if flag.becomes is Effect.ORDER]
    if not flags:
        return operation
    said = [place.removeprefix("body:").partition("=") for flag in flags for place in flag.when]
    found = documents(body, frozenset(name for name, _, _ in said))
    for flag in flags:
        places = [place.removeprefix("body:").partition("=") for place in flag.when]
        if any(_says(document, places) for document in found):
            return operation.flagged(flag)
    return operation


def _says(document: Document, places: Sequence[tuple[str, str, str]]) -> bool:
    return all(value and word_at(document.data, f"/{name}") == value for name, _, value in places)


def _is_order(operation: Operation) -> bool:
    return operation.effect is Effect.ORDER and operation.bills is Bills.LATER


# -- what was made


def _made(body: Body) -> tuple[str, ...]:
    for document in reversed(documents(body, _NAMES)):
        many = tuple(texts_of(raw_at(document.data, f"/{_MANY}"), _MOST_OBJECTS))
        if many:
            return many
        one = _name_of(document.data)
        if one is not None:
            return (one,)
    return ()


def _name_of(document: bytes) -> str | None:
    try:
        told = msgspec.json.decode(document, type=_IdOf)
    except UNREADABLE:
        return None
    texts = map(text_of, msgspec.structs.astuple(told))
    return next((text for text in texts if text), None) or word_at(document, _WITHIN)


# -- how it ended


def _by_lines(
    operation: Operation, status: int, path: str, body: Body, lines: Uses | None
) -> OrderNews | None:
    """A file of results: where not all of it was seen, nothing is told."""
    name = last_name(operation, path)
    if lines is None or status != _OK or not body.is_whole or not 0 < len(name) <= _LONGEST_ID:
        return None
    uses = tuple((model, _of_batch(usage)) for model, usage in lines)
    return OrderNews((ToldOrder(name, is_final=True),), uses)


def _by_events(settles: Settles, body: Body) -> OrderNews | None:
    """Events of several orders. What they have used they do not tell."""
    if shape_of(body.content_type.lower(), body.first) is Shape.NONE:
        return None
    ended: dict[str, None] = {}
    for document in documents(body, _wanted(settles), each=True):
        name = word_at(document.data, settles.id)
        if name is not None and word_at(document.data, settles.status) in settles.final:
            ended[name] = None
    return OrderNews(tuple(ToldOrder(name, is_final=True) for name in ended)) if ended else None


def _end(operation: Operation, settles: Settles, status: int, path: str, body: Body) -> OrderNews | None:
    found = documents(body, _wanted(settles))
    if not found:
        return None
    end = _last_word(settles, status, body, found)
    name = _named(operation, settles, path, found)
    if end is None or name is None:
        return None
    usage = usage_at(end.data, settles.usage) if settles.usage else None
    if settles.seconds and word_at(end.data, settles.status) == settles.final[0]:
        usage = _video(end.data, settles.seconds)
    if usage is None and not end.is_whole and (settles.usage or settles.results):
        return None  # what it has used, or where that is told, may stand in what is missing
    results = (word_at(end.data, settles.results) or "") if settles.results and usage is None else ""
    if usage is not None and operation.kind is Kind.BATCH:
        usage = _of_batch(_with_number(usage, end.data))
    uses = () if usage is None else ((None, usage),)
    return OrderNews((ToldOrder(name, is_final=True, results=results),), uses)


def _last_word(settles: Settles, status: int, body: Body, found: Sequence[Document]) -> Document | None:
    """The document that tells the end. In a stream, use is told by nothing else."""
    if not settles.status:
        is_told = status == _OK and (body.is_whole or found[0].is_whole)
        return found[0] if is_told else None
    for document in found:
        if word_at(document.data, settles.status) in settles.final:
            return document
        if len(found) > 1 and settles.usage and usage_at(document.data, settles.usage) is not None:
            return document
    return None


def _named(operation: Operation, settles: Settles, path: str, found: Sequence[Document]) -> str | None:
    if settles.id == "path":
        name = last_name(operation, path)
        return name if 0 < len(name) <= _LONGEST_ID else None
    texts = (word_at(document.data, settles.id) for document in found)
    return next((text for text in texts if text), None)


def _wanted(settles: Settles) -> frozenset[str]:
    """The members of a document that decide."""
    places = (settles.id, settles.status, settles.usage, settles.results, settles.seconds)
    return _BESIDE.union(place.strip("/").partition("/")[0] for place in places)


# -- what it has used


def _of_batch(usage: Usage) -> Usage:
    """With the service tier of batches: that has a price of its own."""
    return usage if usage.service_tier is not None else msgspec.structs.replace(usage, service_tier=BATCH)


def _with_number(usage: Usage, document: bytes) -> Usage:
    """With how many answers a batch has counted together; 0 where it does not say."""
    try:
        number = _COUNT(raw_at(document, "/request_counts/completed"))
    except UNREADABLE:
        number = 0
    return msgspec.structs.replace(usage, answers=number)


def usage_at(document: bytes, pointer: str) -> Usage | None:
    """The usage that stands at a JSON pointer of a document, by whatever names its dialect has for counts."""
    raw, name = raw_at(document, pointer), pointer.rpartition("/")[2].encode()
    if not bytes(raw).startswith(b"{"):
        return None
    if b'"native_tokens_' not in bytes(raw):
        for form in (b'{"usage":%b}' % raw, b'{"%b":%b}' % (name, raw), b'{"meta":{"%b":%b}}' % (name, raw)):
            told = read_answer(_JSON, "", form).usage
            if told is not None:
                return told
    return _by_own_names(raw)


def _video(document: bytes, pointer: str) -> Usage | None:
    """A video, which says how long it is and how large."""
    seconds = word_at(document, pointer)
    if seconds is None or not seconds.isdecimal() or len(seconds) > _MOST_DIGITS:
        return None
    return Usage(output_video_seconds=int(seconds), variant=word_at(document, "/size"))


def _by_own_names(raw: msgspec.Raw) -> Usage | None:
    """The counts of such an object; None where it has none."""
    try:
        said = msgspec.json.decode(raw, type=_Used, strict=False)
    except UNREADABLE:
        return None
    tokens_in = first_known(said.native_tokens_prompt, said.input_tokens)
    tokens_out = first_known(said.native_tokens_completion, said.output_tokens)
    cost = usage_cost.reported(raw)
    if tokens_in is None and tokens_out is None and cost is None:
        return None
    return Usage(
        tokens_in,
        tokens_out,
        total_of(None, tokens_in, tokens_out),
        said.native_tokens_reasoning,
        said.native_tokens_cached,
        reported_nano_usd=cost,
    )
