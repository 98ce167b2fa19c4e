"""Orders, and what their ends tell: which object a call has made, and what one that reads it says of its work.

Work that is ordered (a background response, a batch, a prediction) is told only by a later read, by every one of them,
and by whoever asks. So that it counts once, calls name the object: the ledger remembers which was made here, and lets
the first read count that tells its end. Pure.
"""

from __future__ import annotations

import msgspec

from penstock.journal.record import CallRecord
from penstock.providers.operation import Bills, Effect, Operation, Settles
from penstock.stores.ledger import ToldOrder
from penstock.wire.content_encoding import plain

_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeError)
_MADE = Settles()
_LONGEST_ID = 256
_ABSENT = msgspec.Raw()

_to_text = msgspec.json.Decoder(str).decode


class _IdOf(msgspec.Struct, gc=False):
    id: msgspec.Raw = _ABSENT
    run_id: msgspec.Raw = _ABSENT  # Parallel
    request_id: msgspec.Raw = _ABSENT  # Grok, fal, Baseten, Deepgram
    name: msgspec.Raw = _ABSENT  # Google


def order_in(operation: Operation, record: CallRecord, response: bytes) -> ToldOrder | None:
    """The object that a call has made, or whose end it tells; None where there is none, or it cannot be read."""
    if not 200 <= record.status < 300 or record.response_cut:
        return None
    ordered = operation.effect is Effect.ORDER and operation.bills is Bills.LATER
    if not ordered and operation.settles is None:
        return None
    body = plain(response, record.response_encoding)
    if not body:
        return None
    if operation.settles is None:
        made = _made(body)
        return None if made is None else ToldOrder(made, is_final=False)
    found = _at(body, operation.settles.id)
    status = _at(body, operation.settles.status)
    if found is None or status not in operation.settles.final:
        return None
    return ToldOrder(found, is_final=True)


def _made(body: bytes) -> str | None:
    try:
        told = msgspec.json.decode(body, type=_IdOf)
    except _UNREADABLE:
        return None
    texts = map(_text, (told.id, told.run_id, told.request_id, told.name))
    return next((text for text in texts if text), None)


def _at(body: bytes | msgspec.Raw, pointer: str) -> str | None:
    """The text at a JSON pointer of a document."""
    raw: bytes | msgspec.Raw = body
    for name in pointer.strip("/").split("/"):
        try:
            raw = msgspec.json.decode(raw, type=dict[str, msgspec.Raw]).get(name, _ABSENT)
        except _UNREADABLE:
            return None
    return _text(raw)


def _text(raw: bytes | msgspec.Raw) -> str | None:
    try:
        text = _to_text(raw) if raw else None
    except _UNREADABLE:
        return None
    return text if text and len(text) <= _LONGEST_ID else None
