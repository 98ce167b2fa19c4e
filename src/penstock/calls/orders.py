"""Orders, and what their ends tell: which object a call has made, and what one that reads it says of its work.

Work that is ordered (a background response, a batch, a prediction) is told only by a later read, by every one of them,
and by whoever asks. So that it counts once, calls name the object: the ledger remembers which was made here, and lets
the first read count that tells its end. Pure.
"""

from __future__ import annotations

import msgspec

from penstock.journal.record import CallRecord
from penstock.pricing.rates import BATCH
from penstock.providers.operation import Bills, Effect, Kind, Operation, Settles
from penstock.providers.operation_table import segments
from penstock.stores.ledger import ToldOrder
from penstock.wire import usage_cost
from penstock.wire.content_encoding import plain
from penstock.wire.usage import Answer, read_answer
from penstock.wire.usage_counts import Count, Usage, first_known, total_of

_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeError)
_OK = 200
_JSON = "application/json"
_LONGEST_ID = 256
_MAX_LOOKS = 8  # events of a stream, from its end
_ABSENT = msgspec.Raw()

_to_text = msgspec.json.Decoder(str).decode


class _IdOf(msgspec.Struct, gc=False):
    """The names that providers have for the id of what was ordered; the first that is there is it."""

    id: msgspec.Raw = _ABSENT
    run_id: msgspec.Raw = _ABSENT  # Parallel, up to the next remark
    findall_id: msgspec.Raw = _ABSENT
    monitor_id: msgspec.Raw = _ABSENT
    request_id: msgspec.Raw = _ABSENT  # Grok, fal, Baseten, Deepgram
    generation_id: msgspec.Raw = _ABSENT  # Ideogram
    job_id: msgspec.Raw = _ABSENT  # Cohere
    adobe: msgspec.Raw = msgspec.field(name="jobId", default=_ABSENT)
    dubbing_id: msgspec.Raw = _ABSENT  # ElevenLabs, up to the next remark
    conversation_id: msgspec.Raw = _ABSENT
    bedrock: msgspec.Raw = msgspec.field(name="invocationArn", default=_ABSENT)
    name: msgspec.Raw = _ABSENT  # Google
    batch: msgspec.Raw = _ABSENT  # Cohere: an object that has the id


class _Used(msgspec.Struct, gc=False):
    """Counts of finished orders by names that only these have."""

    native_tokens_prompt: Count | None = None  # OpenRouter, up to the next remark
    native_tokens_completion: Count | None = None
    native_tokens_reasoning: Count | None = None
    native_tokens_cached: Count | None = None
    input_tokens: Count | None = None  # Cohere writes them as texts
    output_tokens: Count | None = None


def order_in(operation: Operation, record: CallRecord, response: bytes) -> ToldOrder | None:
    """The object that a call has made, or whose end it tells; None where there is none, or it cannot be read."""
    if not 200 <= record.status < 300 or record.response_cut:
        return None
    ordered = operation.effect is Effect.ORDER and operation.bills is Bills.LATER
    if not ordered and operation.settles is None:
        return None
    body = _document(plain(response, record.response_encoding))
    if not body:
        return None
    if operation.settles is None:
        made = _made(body)
        return None if made is None else ToldOrder(made, is_final=False)
    found = _named(operation.settles, record, body)
    if found is None or not _is_final(operation.settles, record, body):
        return None
    return ToldOrder(found, is_final=True)


def used_in(operation: Operation, record: CallRecord, response: bytes, answer: Answer) -> Answer:
    """What a read that tells an order's end says of its use, by the place where its operation has it.

    `answer` is what the whole of it tells. Of a batch it has the service tier of batches: that has a price of its own.
    """
    settles = operation.settles
    if settles is None or not settles.usage:
        return Answer(answer.model)
    body = _document(plain(response, record.response_encoding))
    usage = usage_at(body, settles.usage) if body else answer.usage
    if usage is not None and operation.kind is Kind.BATCH and usage.service_tier is None:
        usage = msgspec.structs.replace(usage, service_tier=BATCH)
    return Answer(answer.model, usage)


def usage_at(body: bytes, pointer: str) -> Usage | None:
    """The usage that stands at a JSON pointer of a document, by whatever names its dialect has for counts."""
    raw, name = _raw_at(body, pointer), pointer.rpartition("/")[2].encode()
    if not bytes(raw).startswith(b"{"):
        return None
    if b'"native_tokens_' not in bytes(raw):
        for form in (b'{"usage":%b}' % raw, b'{"%b":%b}' % (name, raw), b'{"meta":{"%b":%b}}' % (name, raw)):
            told = read_answer(_JSON, "", form).usage
            if told is not None:
                return told
    return _by_own_names(raw)


def _by_own_names(raw: msgspec.Raw) -> Usage | None:
    """The counts of such an object; None where it has none."""
    try:
        said = msgspec.json.decode(raw, type=_Used, strict=False)
    except _UNREADABLE:
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


def _document(body: bytes | None) -> bytes:
    """The object that an answer is; of a stream of OpenAI's responses, the response in the last event that has one."""
    body = (body or b"").strip()
    if not body or body.startswith(b"{"):
        return body
    end = len(body)
    for _ in range(_MAX_LOOKS):
        place = body.rfind(b"data:", 0, end)
        if place < 0:
            break
        event = body[place + len(b"data:") : end].partition(b"\n")[0]
        response = bytes(_raw_at(event, "/response"))
        if response.startswith(b"{"):
            return response
        end = place
    return b""


def _made(body: bytes) -> str | None:
    try:
        told = msgspec.json.decode(body, type=_IdOf)
    except _UNREADABLE:
        return None
    texts = map(_text, msgspec.structs.astuple(told))
    return next((text for text in texts if text), None) or _at(body, "/batch/id")


def _named(settles: Settles, record: CallRecord, body: bytes) -> str | None:
    if settles.id != "path":
        return _at(body, settles.id)
    parts = segments(record.path.partition("?")[0])
    return parts[-1] if parts and len(parts[-1]) <= _LONGEST_ID else None


def _is_final(settles: Settles, record: CallRecord, body: bytes) -> bool:
    if not settles.status:
        return record.status == _OK
    return _at(body, settles.status) in settles.final


def _at(body: bytes, pointer: str) -> str | None:
    """The text at a JSON pointer of a document; numbers and flags as JSON spells them."""
    raw = _raw_at(body, pointer)
    if bytes(raw)[:1] in (b"", b'"'):
        return _text(raw)
    return None if bytes(raw)[:1] in (b"{", b"[", b"n") else bytes(raw)[:_LONGEST_ID].decode()


def _raw_at(body: bytes, pointer: str) -> msgspec.Raw:
    """What stands at a JSON pointer; nothing, where there is no such place."""
    raw = msgspec.Raw(body.strip())
    for name in pointer.strip("/").split("/"):
        try:
            raw = msgspec.json.decode(raw, type=dict[str, msgspec.Raw]).get(name, _ABSENT)
        except _UNREADABLE:
            return _ABSENT
    return raw


def _text(raw: msgspec.Raw) -> str | None:
    try:
        text = _to_text(raw) if raw else None
    except _UNREADABLE:
        return None
    return text if text and len(text) <= _LONGEST_ID else None
