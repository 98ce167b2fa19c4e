"""What the bodies of a call that has ended tell about it, while they are still at hand.

For who cannot leave that to the shipper: a spend limit, and calls whose bodies are not kept. Pure.
"""

from __future__ import annotations

from penstock.journal.record import COMPLETE
from penstock.providers.request_reading import Request
from penstock.proxy.call import Call
from penstock.proxy.capture import Capture
from penstock.wire.content_encoding import codings, ends, plain
from penstock.wire.usage import Answer, read_answer, read_cut_answer

_MOST_UNPACKED = 8 * 1024 * 1024  # bytes; of what comes of a longer one, its first and its last are looked at
_END_UNPACKED = 262_144
_PACKED_EVENT_BYTES = 16  # of one in a coding that cannot be undone, about


def request_of(call: Call) -> bytes | None:
    """The whole request as plain bytes; None where it was not kept or cannot be unpacked.

    Unpacking is one step, and the client says how much comes of it.
    """
    body = call.body.kept
    if body is None:
        return None
    return plain(body, call.head.content_encoding.decode("latin-1"), _MOST_UNPACKED)


def asked_in(call: Call, body: bytes | None) -> Request:
    """The request as its operation reads it; `body` is plain."""
    query = call.query.decode("latin-1").removeprefix("?")
    return Request(query, call.header, call.head.content_type.decode("latin-1"), body)


def take_answer(call: Call, capture: Capture) -> None:
    """What was captured goes to the call, and the memory back, for others."""
    call.capture, call.answer_cut = None, capture.cut
    call.answer_end, call.answer_gap = capture.rest()
    try:
        call.answer = capture.release()
    except MemoryError:
        capture.drop()
        raise


def answer_of(call: Call) -> Answer:
    """Model and usage out of an answer that came to its end, though not all of it may have been kept."""
    if not call.answer or not (call.outcome == COMPLETE or call.whole):
        return Answer()
    if call.answer_cut and call.answer_gap and (not call.answer_end or _codings(call)):
        return Answer()  # the last bytes of a compressed one tell nothing
    return part_of(call)


def part_of(call: Call) -> Answer:
    """Model and usage out of as much of an answer as came: of half of one, half the tokens."""
    if call.told is None:
        call.told = _told(call)
    return call.told


def _told(call: Call) -> Answer:
    kind, first, last = call.response_type.decode("latin-1"), call.answer, b""
    if call.answer_cut:
        if not call.answer_gap:
            first += call.answer_end
        elif not _codings(call):
            last = call.answer_end
    if _codings(call):
        found = ends(first, call.response_encoding.decode("latin-1"), _MOST_UNPACKED, _END_UNPACKED)
        if found is None:
            return Answer()
        first, last = found
    if last:
        return read_cut_answer(kind, first, last)
    return read_answer(kind, "", first) if first else Answer()


def _codings(call: Call) -> bool:
    return bool(call.response_encoding) and bool(codings(call.response_encoding.decode("latin-1")))


def streamed_tokens(call: Call) -> int:
    """How many tokens a stream has brought at least: each event is one or more. 0 for what is no stream."""
    if not call.answer or b"event-stream" not in call.response_type.lower():
        return 0
    events = (_plain_answer(call) or b"").count(b"data:") or len(call.answer) // _PACKED_EVENT_BYTES
    return events * max(1, call.received) // len(call.answer)


def _plain_answer(call: Call) -> bytes | None:
    """Unpacking is one step here as well, and a provider may say how much comes of it."""
    return plain(call.answer, call.response_encoding.decode("latin-1"), _MOST_UNPACKED)
